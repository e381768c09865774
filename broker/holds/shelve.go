package holds

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Shelve puts an item on the hold shelf for a request.
type Shelve struct {
	Desk    standing.Desk
	Item    catalog.Ref
	Patron  patrons.Ref
	Request standing.RequestRef
	// QueuedAt is when the patron asked for it; zero means now.
	QueuedAt time.Time
	// LenderDue bounds the time on the shelf; zero for none.
	LenderDue broker.Date
	// PickUpBy sets the last day outright; zero leaves it to the policy.
	PickUpBy broker.Date
}

// ShelveForRequest puts a borrowed copy, or one of our own, on the hold shelf
// for the patron of a request. The outcome's hold has the pick-up-by date, and
// a warning where the lender's due date leaves less than the usual time.
// What travelled there for the patron has arrived. Shelved again for the same
// request, nothing changes. An item that is
// elsewhere is the conflict item_not_available.
func (s *Service) ShelveForRequest(ctx context.Context, tx *postgres.Tx, in Shelve) (Outcome, error) {
	if err := in.Request.BelongsTo(in.Patron); err != nil {
		return Outcome{}, err
	}
	var patron patrons.Patron
	var item catalog.Item
	var kept Hold
	var transit Transit
	patrons.AskLocked(tx, in.Patron, &patron)
	catalog.AskItemLocked(tx, in.Item.Library, in.Item.ID, &item)
	AskCaptured(tx, in.Item, &kept)
	AskTransit(tx, in.Item, &transit)
	if err := tx.Flush(ctx); err != nil {
		return Outcome{}, fmt.Errorf("read for the hold shelf: %w", err)
	}
	var out Outcome
	theirs := kept.Patron == in.Patron && kept.Request == in.Request.Request
	travelled := kept.Status == InTransit && theirs
	switch {
	case item.ID == broker.NoID:
		return out, broker.NotFound("item")
	case patron.ID == broker.NoID:
		return out, broker.NotFound("patron")
	case kept.Status == OnHoldShelf && theirs:
		out.Replayed, out.NextAct = true, standing.PutOnHoldShelf
		out.setHold(kept)
		out.SetItem(item)
		out.Say("It is on the hold shelf already, until %s.", kept.PickUpBy)
		return out, nil
	case kept.ID != broker.NoID && !travelled:
		return out, broker.Conflict("held_for_other", "That item is already kept for somebody.")
	case !travelled && item.Status != catalog.Received && item.Status != catalog.OnShelf:
		return out, broker.Conflict("item_not_available", "That item cannot be shelved: it is %s.", item.Status.Words())
	}
	hold := Hold{
		Ref: Ref{item.Library, broker.NewID()}, Patron: in.Patron, Class: patron.Class,
		Request: in.Request.Request, Pickup: in.Desk.Branch, QueuedAt: in.QueuedAt, PlacedAt: in.Desk.Now,
	}
	if travelled {
		hold = kept
		hold.Pickup = in.Desk.Branch
		if transit.ID != broker.NoID {
			EndTransit(tx, transit, in.Desk.Now)
			out.Transit = &transit
		}
	}
	if hold.QueuedAt.IsZero() {
		hold.QueuedAt = in.Desk.Now
	}
	desk, err := in.Desk.WithOpening(ctx, tx)
	if err != nil {
		return out, err
	}
	shelved, err := s.toShelf(desk, item, hold, in.LenderDue)
	if err != nil {
		return out, err
	}
	if !in.PickUpBy.IsZero() {
		shelved.Hold.PickUpBy = in.PickUpBy
	}
	if travelled {
		moveHold(tx, shelved.Hold)
	} else {
		addHold(tx, shelved.Hold)
	}
	catalog.SetItemStatus(tx, item.Library, item.ID, catalog.OnHoldShelf)
	item.Status = catalog.OnHoldShelf
	out.setHold(shelved.Hold)
	out.SetItem(item)
	out.Warnings, out.NextAct = shelved.Notes, standing.PutOnHoldShelf
	out.Say("On the hold shelf until %s.", shelved.Hold.PickUpBy)
	return out, nil
}
