package holds

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/blocks"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// passing is what the queue knew of a hold when it named it as the next.
type passing struct {
	// passedBy tells that somebody before it was passed over: suspended, expired
	// but not yet ended, or barred from this kind of material.
	passedBy bool
	// askPolicy tells that something is on the patron's account, so that the
	// policy must say whether a copy may be kept for them.
	askPolicy bool
}

// waitsAs is the SQL condition that the copy i could fill a hold h today ($3):
// a hold for its title, for any copy or this one, neither suspended nor expired.
func waitsAs(library, item string) string {
	return `i.library_id = ` + library + ` and i.id = ` + item + waits
}

const waits = ` and i.request_id is null and i.lendable and h.status = 'placed'
	and (h.wanted_item_id is null or h.wanted_item_id = i.id)
	and (h.suspended_from is null or h.suspended_from > $3 or h.suspended_until < $3)
	and (h.expires_on is null or h.expires_on >= $3)`

// passingColumns tells cheaply whether anybody was passed over, and whether
// there is anything on the patron's account for which a policy could stop a
// capture, or keep this kind of material from them.
const passingColumns = `exists (select 1 from holds e where e.library_id = h.library_id and e.title_id = h.title_id and e.status = 'placed'
		and (e.wanted_item_id is null or e.wanted_item_id = i.id) and (e.turn_at, e.id) < (h.turn_at, h.id)),
	coalesce(p.status <> 'active' or p.expires_on < $3 or p.not_for <> '{}', false)
		or exists (select 1 from blocks b where b.library_id = h.for_library_id and b.patron_id = h.patron_id and b.lifted_at is null)
		or exists (select 1 from patron_links k where k.library_id = h.for_library_id and (k.parent_id = h.patron_id or k.child_id = h.patron_id))
		or exists (select 1 from loans l where l.patron_library_id = h.for_library_id and l.patron_id = h.patron_id
			and l.status = 'open' and l.due_on < $3 and l.seen_back_on is null)
		or coalesce((select sum(e.amount_minor) from ledger_entries e
			where e.library_id = h.for_library_id and e.patron_id = h.patron_id), 0) > 0`

// AskHead asks who is first in the queue of an item's title, and lets nobody
// else look until the transaction ends: two copies that come back at once go to
// the first two, each once. Borrowed copies have no queue. nextInLine finds out
// who is blocked, before the item is placed.
func AskHead(tx *postgres.Tx, desk standing.Desk, item catalog.Ref, into *Hold) {
	tx.Queue(`select pg_advisory_xact_lock(hashtextextended('queue:' || library_id || title_id, 0)) from items
		where library_id = $1 and id = $2 and title_id is not null and request_id is null`, item.Library, item.ID)
	askWaiting(tx, desk, item, Hold{}, into)
}

// waitersPage is how many of those who wait are looked at in one round trip,
// where the first may be given nothing.
const waitersPage = 50

// askWaiting asks for the first that a copy could fill, after the one named.
func askWaiting(tx *postgres.Tx, desk standing.Desk, item catalog.Ref, after Hold, into *Hold) {
	askPage(tx, desk, item, after, 1, func(page []Hold) {
		if len(page) > 0 {
			*into = page[0]
		}
	})
}

// askPage asks for the next holds that a copy could fill, after the one named.
func askPage(tx *postgres.Tx, desk standing.Desk, item catalog.Ref, after Hold, limit int, into func([]Hold)) {
	tx.Queue(`select `+holdColumns+`, `+passingColumns+`
		from holds h join items i on i.library_id = h.library_id and i.title_id = h.title_id
		left join patrons p on p.library_id = h.for_library_id and p.id = h.patron_id
		where `+waitsAs("$1", "$2")+` and ($4::timestamptz is null or (h.turn_at, h.id) > ($4, $5::uuid))
		order by h.turn_at, h.id limit $6 for update of h`,
		item.Library, item.ID, desk.Today(), after.TurnAt, after.ID, limit).
		Query(func(rows pgx.Rows) error {
			page, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Hold, error) {
				var found Hold
				err := scanHold(row, &found, &found.passedBy, &found.askPolicy)
				return found, err
			})
			into(page)
			return err
		})
}

// nextInLine gives the hold that gets an item, beginning with the head of its
// queue, however many after it may be given nothing. A patron whom the policy of
// their library blocks, or keeps from this kind of material, is passed over and
// keeps their position. The hold's id is NoID when nobody is left.
func (s *Service) nextInLine(ctx context.Context, tx *postgres.Tx, desk standing.Desk, item catalog.Item, head Hold) (Hold, error) {
	for page := []Hold{head}; len(page) > 0 && page[0].ID != broker.NoID; {
		next, err := s.firstServed(ctx, tx, desk, item, page)
		if err != nil || next.ID != broker.NoID {
			return next, err
		}
		last := page[len(page)-1]
		page = nil
		askPage(tx, desk, item.Ref(), last, waitersPage, func(found []Hold) { page = found })
		if err := tx.Flush(ctx); err != nil {
			return Hold{}, fmt.Errorf("read who is next: %w", err)
		}
	}
	return Hold{}, nil
}

// firstServed gives the first of some holds in their order that may be given an
// item. The accounts of those before it are read in one round trip.
func (s *Service) firstServed(ctx context.Context, tx *postgres.Tx, desk standing.Desk, item catalog.Item, page []Hold) (Hold, error) {
	asked := page
	if clear := slices.IndexFunc(page, func(hold Hold) bool { return !hold.askPolicy }); clear >= 0 {
		asked = page[:clear]
	}
	homes := map[broker.ID]home{}
	accounts := make([]standing.Facts, len(asked))
	for i, hold := range asked {
		at, found := homes[hold.Patron.Library]
		if !found {
			var err error
			if at.desk, at.document, err = s.RulesOf(ctx, tx, desk, hold.Patron.Library); err != nil {
				return Hold{}, err
			}
			homes[hold.Patron.Library] = at
		}
		patrons.AskStandingUnlocked(tx, at.desk.Library, hold.Patron, &accounts[i].Standing)
		accounts[i].AskLate(tx, hold.Patron, at.desk.Today())
	}
	if err := tx.Flush(ctx); err != nil {
		return Hold{}, fmt.Errorf("read who waits: %w", err)
	}
	for i, hold := range asked {
		served, err := homes[hold.Patron.Library].mayKeep(ctx, tx, item, &accounts[i])
		if err != nil {
			return Hold{}, err
		}
		if hold.askPolicy = !served; served {
			return hold, nil
		}
	}
	if len(asked) < len(page) {
		return page[len(asked)], nil
	}
	return Hold{}, nil
}

// home is the library of somebody who waits, with its rules.
type home struct {
	desk     standing.Desk
	document *policy.Document
}

// mayKeep asks the policy of a patron's own library whether an item may be kept
// for them. A lost card, or none yet, stops no capture: the card is asked for
// when the item is picked up.
func (h home) mayKeep(ctx context.Context, tx *postgres.Tx, item catalog.Item, known *standing.Facts) (bool, error) {
	if known.Patron.ID == broker.NoID {
		return true, nil
	}
	if err := known.AsOfToday(ctx, tx, standing.LendersFrom(h.desk)); err != nil {
		return false, err
	}
	facts := known.Facts(h.desk.Today())
	facts.NoCard, facts.CardStopped = false, false
	return blocks.MayAct(h.document, h.desk.Moment(), rule.ActionCapture, facts).Allowed &&
		(len(facts.NotFor) == 0 || couldUse(h.document, h.desk, facts, item)), nil
}

// noteJump records why a hold was served before one that was placed earlier.
func noteJump(tx *postgres.Tx, desk standing.Desk, served Hold) {
	if served.passedBy {
		addOverride(tx, served.Ref, "those before it are suspended, blocked or kept from this kind", desk.Actor, desk.Now)
	}
}

// BackInLine puts a hold that lost its copy first in its queue again; the write
// is queued. The hold's row must be locked.
func BackInLine(tx *postgres.Tx, desk standing.Desk, hold Hold) {
	lockQueue(tx, hold.Library, hold.Title)
	tx.Queue(`update holds h set status = 'placed', item_id = null, captured_at = null, on_shelf_at = null, pick_up_by = null,
			permitted_id = null, contact_at = null, placed_at = $3,
			moved_at = coalesce((select min(f.turn_at) - interval '1 microsecond' from holds f
				where f.library_id = h.library_id and f.title_id = h.title_id and f.status = 'placed' and f.turn_at <= h.turn_at), h.moved_at)
		where h.library_id = $1 and h.id = $2`, hold.Library, hold.ID, desk.Now)
}
