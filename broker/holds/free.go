package holds

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Free lets go of the copy that was kept for a hold, which has ended in another
// way: its patron was lent another copy. hold is as it was before it ended. A
// copy on the hold shelf goes to the next in the queue, home, or to its shelf;
// one on its way travels on for nobody in particular.
func (s *Service) Free(ctx context.Context, tx *postgres.Tx, desk standing.Desk, hold Hold) (Outcome, error) {
	var out Outcome
	err := s.letGo(ctx, tx, desk, hold, &out)
	return out, err
}

// letGo is Free for an outcome that tells of the hold already.
func (s *Service) letGo(ctx context.Context, tx *postgres.Tx, desk standing.Desk, hold Hold, out *Outcome) error {
	switch hold.Status {
	case OnHoldShelf:
		return s.clearShelf(ctx, tx, desk, hold, out)
	case InTransit:
		travelForNobody(tx, hold)
		out.Say("It is on its way: whoever is next gets it where it arrives.")
	case Placed, Fulfilled, Cancelled, Expired, Unfilled:
	}
	return nil
}

// travelForNobody queues that the copy of a hold travels on without it.
func travelForNobody(tx *postgres.Tx, hold Hold) {
	tx.Queue(`update transits set hold_id = null where library_id = $1 and hold_id = $2 and arrived_at is null`, hold.Library, hold.ID)
}

// shelfOf is the desk of the hold shelf on which a hold's copy stands.
func shelfOf(ctx context.Context, tx *postgres.Tx, desk standing.Desk, hold Hold) (standing.Desk, error) {
	return standing.LendersFrom(desk).Of(ctx, tx, hold.Patron.Library, hold.Pickup)
}

// Remove notes that a copy of the library's own is not where it should be
// (Missing), is not lent any more (Withdrawn) or is being made ready (InProcess),
// wherever it was recorded to stand. Its journey ends. Whoever it was kept for is
// first in the queue again, and is the outcome's hold; a hold that serves a
// request ends unfilled where no other copy is on the shelf, so that the request
// can look elsewhere. A copy on loan, or borrowed from a lender, is the conflict item_in_use; its
// caller knows whether a loan is behind one that is lost.
func (s *Service) Remove(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref catalog.Ref, as catalog.ItemStatus) (Outcome, error) {
	var item catalog.Item
	var kept Hold
	var transit Transit
	catalog.AskItemLocked(tx, ref.Library, ref.ID, &item)
	tx.Queue(`select pg_advisory_xact_lock(hashtextextended('queue:' || library_id || title_id, 0)) from items
		where library_id = $1 and id = $2 and title_id is not null and request_id is null`, ref.Library, ref.ID)
	AskCaptured(tx, ref, &kept)
	AskTransit(tx, ref, &transit)
	if err := tx.Flush(ctx); err != nil {
		return Outcome{}, fmt.Errorf("read a copy that is not there: %w", err)
	}
	var out Outcome
	switch {
	case item.ID == broker.NoID:
		return out, broker.NotFound("item")
	case item.Temporary():
		return out, broker.Conflict("item_in_use", "That item is borrowed: say what became of it on its request.")
	case item.Status == catalog.OnLoan:
		return out, broker.Conflict("item_in_use", "That item is on loan: take it back, or declare the loan lost.")
	}
	out.Replayed = item.Status == as
	if transit.ID != broker.NoID {
		transit.ArrivedAt = desk.Now
		EndTransit(tx, transit, desk.Now)
		out.Transit = &transit
		out.Say("Its journey has ended.")
	}
	catalog.SetItemStatus(tx, item.Library, item.ID, as)
	item.Status = as
	out.SetItem(item)
	out.Say("It is %s.", as.Words())
	if kept.ID == broker.NoID {
		return out, nil
	}
	err := s.waitOn(ctx, tx, desk, kept, &out)
	return out, err
}

// waitOn has a hold go on waiting whose copy is not there: first in its queue,
// with the word where another copy should be. A request that could only wait
// looks elsewhere instead: its hold is unfilled.
func (s *Service) waitOn(ctx context.Context, tx *postgres.Tx, desk standing.Desk, hold Hold, out *Outcome) error {
	another, err := onShelfFor(ctx, tx, hold)
	if err != nil {
		return err
	}
	if hold.Request != broker.NoID && another.ID == broker.NoID {
		hold.Status, hold.ClosedAt = Unfilled, desk.Now
		moveHold(tx, hold)
		out.setHold(hold)
		out.Say("The hold is unfilled; its request looks elsewhere.")
		return nil
	}
	if hold.Status != Placed {
		BackInLine(tx, desk, hold)
		if hold, err = holdWithItem(ctx, tx, hold.Ref); err != nil {
			return err
		}
	}
	out.setHold(hold)
	if another.ID == broker.NoID {
		out.Say("Whoever waits for it keeps the first place.")
		return nil
	}
	out.Say("Whoever waits for it keeps the first place, and another copy should be on the shelf: %s.", whereOf(another))
	return nil
}

// whereOf is where staff look for a copy: its barcode, and its call number.
func whereOf(item catalog.Item) string {
	if item.CallNumber == "" {
		return item.Barcode
	}
	return item.Barcode + ", " + item.CallNumber
}

// onShelfFor finds a copy on the shelf that could fill a hold; its id is NoID
// where there is none.
func onShelfFor(ctx context.Context, tx *postgres.Tx, hold Hold) (item catalog.Item, err error) {
	copy := catalog.Ref{Library: hold.Library}
	tx.Queue(`select i.id from items i where i.library_id = $1 and i.title_id = $2 and i.status = 'on_shelf' and i.lendable and i.request_id is null
			and ($3::uuid is null or i.id = $3)
		order by i.barcode limit 1`, hold.Library, hold.Title, hold.Wanted).
		QueryRow(func(row pgx.Row) error { return postgres.OrNone(row.Scan(&copy.ID)) })
	if err = tx.Flush(ctx); err != nil {
		return item, fmt.Errorf("look for another copy: %w", err)
	}
	if copy.ID == broker.NoID {
		return item, nil
	}
	return catalog.LoadItem(ctx, tx, copy.Library, copy.ID, false)
}
