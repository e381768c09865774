package holds

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/policy/attributes"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Expiring gives what must be picked up on or before a day, the earliest first:
// whom to remind.
func Expiring(ctx context.Context, tx *postgres.Tx, library broker.ID, through broker.Date, page broker.Page) ([]Hold, error) {
	return collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.for_library_id = $1 and h.status = 'on_hold_shelf' and h.pick_up_by <= $4 and ($2::uuid is null or (h.pick_up_by, h.id) >
			(select a.pick_up_by, a.id from holds a where a.for_library_id = $1 and a.id = $2))
		order by h.pick_up_by, h.id limit $3`, library, page.After, page.Limit, through))
}

// Cleared is one thing to take from the hold shelf, and what to do with it.
type Cleared struct {
	Hold Hold
	Item catalog.Item
	// Action is the policy's, with the last day of a staff decision; empty where
	// the hold has ended already and only the item must be moved.
	Action   attributes.ExpiryAction
	DecideBy broker.Date
	Clause   broker.Clause
	// NextAct is what to do with the item in hand.
	NextAct standing.NextAct
	// Say is the same in words.
	Say string
}

// ClearShelf lists what to take from the hold shelf of a library: what is past
// its date and still waits, for staff to decide or for its request to end; and
// what has ended since a moment, by nightly work or by a cancellation, while
// its copy still stands there. What is longest past its date comes first.
func (s *Service) ClearShelf(ctx context.Context, tx *postgres.Tx, desk standing.Desk, since time.Time, page broker.Page) ([]Cleared, error) {
	holds, err := collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.for_library_id = $1 and ((h.status = 'on_hold_shelf' and h.pick_up_by < $4)
				or (h.status in ('expired', 'cancelled') and h.on_shelf_at is not null and coalesce(h.end_noted_at, h.closed_at) >= $5))
			and ($2::uuid is null or (h.pick_up_by, h.id) > (select a.pick_up_by, a.id from holds a where a.for_library_id = $1 and a.id = $2))
		order by h.pick_up_by, h.id limit $3`, desk.Library.ID, page.After, page.Limit, desk.Today(), since))
	if err != nil {
		return nil, err
	}
	branches, err := directory.Branches(ctx, tx, desk.Library.ID)
	if err != nil {
		return nil, err
	}
	list := make([]Cleared, len(holds))
	wanted := make([]bool, len(holds))
	for i, hold := range holds {
		list[i].Hold = hold
		catalog.AskItem(tx, hold.Library, hold.Item, &list[i].Item)
		tx.Queue(`select exists (select 1 from holds h join items i on i.library_id = h.library_id and i.title_id = h.title_id
			left join patrons p on p.library_id = h.for_library_id and p.id = h.patron_id where `+waitsAs("$1", "$2")+`)`,
			hold.Library, hold.Item, desk.Today()).QueryRow(func(row pgx.Row) error { return row.Scan(&wanted[i]) })
	}
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("read what to clear: %w", err)
	}
	for i := range list {
		if err := s.clearing(desk.At(branches, list[i].Hold.Pickup), &list[i], wanted[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (s *Service) clearing(desk standing.Desk, line *Cleared, somebodyWaits bool) error {
	if line.Hold.Status != OnHoldShelf {
		line.NextAct, line.Say = whereItGoes(line.Item.Status)
		return nil
	}
	document, err := s.Rules(desk)
	if err != nil {
		return err
	}
	decision, over := whenPast(document, desk, line.Hold, line.Item)
	line.Action, line.DecideBy, line.Clause = decision.Action, decision.DecideBy, decision.Source
	switch {
	case !over:
		line.NextAct, line.Say = standing.NothingMore, "Its time ends on the next open day."
	case decision.Action == attributes.StaffDecision:
		line.NextAct, line.Say = standing.NothingMore, "The patron was in touch: decide whether it waits longer."
	case line.Item.Temporary():
		line.NextAct, line.Say = standing.ShipToLender, "It goes home to its lender."
	case somebodyWaits && (decision.Action == attributes.NextInQueue || line.Item.Library == desk.Library.ID):
		line.NextAct, line.Say = standing.PutOnHoldShelf, "Somebody else waits for it: scan it."
	case desk.IsAt(line.Item.Library, line.Item.Branch):
		line.NextAct, line.Say = standing.PutOnShelf, "Put it back on the shelf."
	default:
		line.NextAct, line.Say = standing.SendOn, "Send it home."
	}
	return nil
}

// whereItGoes is what to do with a copy whose hold has ended, by where it was
// recorded to go.
func whereItGoes(status catalog.ItemStatus) (standing.NextAct, string) {
	switch status {
	case catalog.OnHoldShelf:
		return standing.PutOnHoldShelf, "It is kept for the next: give it a new slip."
	case catalog.InTransit:
		return standing.SendOn, "Send it on."
	case catalog.OnShelf:
		return standing.PutOnShelf, "Put it back on the shelf."
	case catalog.Received:
		return standing.ShipToLender, "It goes home to its lender."
	case catalog.OnLoan, catalog.Missing, catalog.Lost, catalog.Withdrawn, catalog.GoneHome, catalog.OnOrder, catalog.InProcess:
	}
	return standing.NothingMore, "It has left the shelf already."
}
