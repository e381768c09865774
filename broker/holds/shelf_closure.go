package holds

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/policy/shelf"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// shelfSlice is how many holds are looked at at once.
const shelfSlice = 500

// LengthenShelf makes up the pick-up days that a closure takes from what waits
// on a library's hold shelf, as the policy counts them on the calendar of its
// branch: six business days stay six. The desk's library must have been read
// after the closure was entered. It never shortens the time, so an extension by
// staff stands. What serves a request is left to the request.
func (s *Service) LengthenShelf(ctx context.Context, tx *postgres.Tx, desk standing.Desk, from broker.Date) (lengthened int, err error) {
	branches, err := directory.Branches(ctx, tx, desk.Library.ID)
	if err != nil {
		return 0, err
	}
	after := broker.NoID
	for {
		page, err := collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
			where h.for_library_id = $1 and h.status = 'on_hold_shelf' and h.pick_up_by >= $2 and h.request_id is null and ($3::uuid is null or h.id > $3)
			order by h.id limit $4 for update of h`, desk.Library.ID, from, after, shelfSlice))
		if err != nil || len(page) == 0 {
			return lengthened, err
		}
		items := make([]catalog.Item, len(page))
		for i, hold := range page {
			catalog.AskItem(tx, hold.Library, hold.Item, &items[i])
		}
		if err := tx.Flush(ctx); err != nil {
			return lengthened, fmt.Errorf("read what waits on the hold shelf: %w", err)
		}
		for i, hold := range page {
			until, err := s.ShelfDate(desk, branches, hold, shelf.Facts{Match: hold.MatchOf(desk, items[i])})
			if err != nil {
				return lengthened, err
			}
			if until.After(hold.PickUpBy) {
				MoveShelfDate(tx, hold.Ref, until)
				lengthened++
			}
		}
		after = page[len(page)-1].ID
	}
}

// ShelfDate works out again the last pick-up day of something on the hold
// shelf, from the day it came there and on the calendar of the branch it waits
// at.
func (s *Service) ShelfDate(desk standing.Desk, branches []directory.Branch, hold Hold, facts shelf.Facts) (broker.Date, error) {
	at := desk.At(branches, hold.Pickup)
	document, err := s.Rules(at)
	if err != nil {
		return broker.Date{}, err
	}
	facts.Arrived = at.Calendar().DateOf(hold.OnShelfAt)
	return shelf.Until(document, at.Moment(), facts).Until, nil
}
