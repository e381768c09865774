package holds

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// PlaceHold asks for a copy of a title from one library's shelves.
type PlaceHold struct {
	Desk standing.Desk
	// ID is the hold's own id, where something was written about it before; NoID
	// makes one.
	ID broker.ID
	// Library is the one that is to fill it; the patron's may be another of the
	// sharing group.
	Library broker.ID
	Patron  patrons.Ref
	Title   broker.ID
	// Item is the only copy that will do, the library's own and of the title; NoID
	// where any will do.
	Item    broker.ID
	Request standing.RequestRef
	// Pickup is the branch of the patron's library; NoID for any.
	Pickup broker.ID
	// Channel is how it was asked for; empty means at the desk.
	Channel rule.Channel
	// QueuedAt is when the patron asked, which may be long before this; the queue
	// is ordered by it. Zero means now.
	QueuedAt time.Time
	// ExpiresOn is the last day it waits to be filled; zero means as long as it
	// takes.
	ExpiresOn broker.Date
}

// placeFacts is what must be known before a hold joins a queue.
type placeFacts struct {
	patron patrons.Patron
	wanted catalog.Item
	before Hold        // the request's open hold
	same   Hold        // the patron's own open hold for the same
	dueOn  broker.Date // when the patron has it on loan
}

func askPlaceHold(tx *postgres.Tx, in PlaceHold, facts *placeFacts) {
	patrons.AskLocked(tx, in.Patron, &facts.patron)
	if in.Request.Request != broker.NoID {
		askHold(tx, &facts.before, `where h.for_library_id = $1 and h.request_id = $2 and h.status in ('placed', 'in_transit', 'on_hold_shelf')`,
			in.Patron.Library, in.Request.Request)
		return // whether a request may ask twice is decided where it is made
	}
	askHold(tx, &facts.same, `where h.for_library_id = $1 and h.patron_id = $2 and h.status in ('placed', 'in_transit', 'on_hold_shelf')
		and h.title_id = $3 and ($4::uuid is null or h.wanted_item_id is null or h.wanted_item_id = $4) limit 1`,
		in.Patron.Library, in.Patron.ID, in.Title, in.Item)
	tx.Queue(`select l.due_on from loans l join items i on i.library_id = l.item_library_id and i.id = l.item_id
		where l.patron_library_id = $1 and l.patron_id = $2 and l.status <> 'returned'
			and i.title_id = $3 and ($4::uuid is null or i.id = $4) limit 1`,
		in.Patron.Library, in.Patron.ID, in.Title, in.Item).
		QueryRow(func(row pgx.Row) error { return postgres.OrNone(row.Scan(&facts.dueOn)) })
	if in.Item != broker.NoID {
		catalog.AskItem(tx, in.Library, in.Item, &facts.wanted)
	}
}

// PlaceHold puts a patron in the queue of a title, for any copy of it or for
// one. Placed again for the same request, it is the same hold. A title the
// patron already has on loan is the conflict already_on_loan, one they already
// wait for the conflict already_on_hold. Whether the patron may place a hold is
// decided before this (shelf.MayPlaceHold, or the checks of a request).
func (s *Service) PlaceHold(ctx context.Context, tx *postgres.Tx, in PlaceHold) (Outcome, error) {
	var out Outcome
	hold := Hold{
		Ref: Ref{in.Library, in.ID}, Title: in.Title, Wanted: in.Item, Patron: in.Patron, Request: in.Request.Request, Pickup: in.Pickup,
		Channel: in.Channel, QueuedAt: in.QueuedAt, PlacedAt: in.Desk.Now, Status: Placed, ExpiresOn: in.ExpiresOn,
	}
	if hold.ID == broker.NoID {
		hold.ID = broker.NewID()
	}
	if hold.QueuedAt.IsZero() {
		hold.QueuedAt = in.Desk.Now
	}
	hold.TurnAt = hold.QueuedAt
	if wrong := Check(hold, in.Desk.Now, in.Desk.Today()); wrong != nil {
		return out, broker.Invalid(wrong...)
	}
	if err := in.Request.BelongsTo(in.Patron); err != nil {
		return out, err
	}
	var facts placeFacts
	askPlaceHold(tx, in, &facts)
	if err := tx.Flush(ctx); err != nil {
		return out, fmt.Errorf("read for a hold: %w", err)
	}
	if facts.before.ID != broker.NoID {
		out.Replayed = true
		out.setHold(facts.before)
		out.Say("There is a hold for that request already.")
		return out, nil
	}
	if err := facts.refuse(in); err != nil {
		return out, err
	}
	hold.Class = facts.patron.Class
	lockQueue(tx, in.Library, in.Title)
	addHold(tx, hold)
	out.setHold(hold)
	out.Say("The hold is placed.")
	return out, nil
}

func (f placeFacts) refuse(in PlaceHold) error {
	switch {
	case f.patron.ID == broker.NoID:
		return broker.NotFound("patron")
	case !f.dueOn.IsZero():
		return broker.Conflict("already_on_loan", "This patron has it on loan, until %s.", f.dueOn)
	case f.same.ID != broker.NoID:
		return broker.Conflict("already_on_hold", "This patron waits for it already.")
	case in.Item != broker.NoID:
		return CheckWanted(in.Title, f.wanted)
	}
	return nil
}

// Facts is what a policy needs to know about the patron and the copies to
// decide on a hold.
type Facts struct {
	OpenHolds int
	// SameTitle tells that the patron has the title on loan or waits for it.
	SameTitle bool
	// State is that of the copy soonest to be had: available, on_loan,
	// in_processing or on_order; empty where there is none.
	State string
	// Type, Audience and Age are what the policy may look at in the copies, and in
	// the copy asked for.
	Type, Audience, Age string
}

// FactsOf reads the facts for shelf.MayPlaceHold. library is the one that is to
// fill the hold, item the only copy wanted or NoID.
func FactsOf(ctx context.Context, tx *postgres.Tx, patron patrons.Ref, library, title, item broker.ID) (Facts, error) {
	var facts Facts
	err := tx.QueryRow(ctx, `
		select (select count(*)::int from holds h where h.for_library_id = $1 and h.patron_id = $2
				and h.status in ('placed', 'in_transit', 'on_hold_shelf')),
			exists (select 1 from holds h where h.for_library_id = $1 and h.patron_id = $2 and h.title_id = $4
				and h.status in ('placed', 'in_transit', 'on_hold_shelf'))
			or exists (select 1 from loans l join items i on i.library_id = l.item_library_id and i.id = l.item_id
				where l.patron_library_id = $1 and l.patron_id = $2 and l.status <> 'returned' and i.title_id = $4),
			coalesce(best.state, ''), coalesce(best.type, ''), coalesce(best.audience, ''), coalesce(best.age_mark, '')
		from (select 1) nothing
		left join lateral (
			select i.type, i.audience, i.age_mark, case i.status when 'on_shelf' then 'available' when 'in_processing' then 'in_processing'
					when 'on_order' then 'on_order' else 'on_loan' end as state
			from items i where i.library_id = $3 and i.title_id = $4 and ($5::uuid is null or i.id = $5)
				and i.lendable and i.request_id is null and i.status not in ('withdrawn', 'lost', 'missing', 'gone_home')
			order by i.status = 'on_shelf' desc, i.status = 'in_processing', i.status = 'on_order', i.barcode limit 1) best on true`,
		patron.Library, patron.ID, library, title, item).Scan(&facts.OpenHolds, &facts.SameTitle, &facts.State, &facts.Type, &facts.Audience, &facts.Age)
	if err != nil {
		return facts, fmt.Errorf("read the facts for a hold: %w", err)
	}
	return facts, nil
}
