package holds

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// Moved is what went from one account to another.
type Moved struct {
	Holds int64
	// Dropped are open holds for what the other account also waits for or has on
	// loan.
	Dropped []Ref
}

// MovePatron moves the holds of one account, ended ones included, to another.
// Of two open holds for the same title one is dropped: the later one, but never
// one that was given a copy or that serves a request. Both patrons must be
// locked.
func MovePatron(ctx context.Context, tx *postgres.Tx, from, to patrons.Ref, now time.Time) (Moved, error) {
	var moved Moved
	theirs, err := Of(ctx, tx, from)
	if err != nil {
		return moved, err
	}
	ours, err := Of(ctx, tx, to)
	if err != nil {
		return moved, err
	}
	for _, hold := range duplicates(theirs, ours) {
		moved.Dropped = append(moved.Dropped, hold.Ref)
		tx.Queue(`update holds set status = 'cancelled', closed_at = $3 where library_id = $1 and id = $2 and status = 'placed'`,
			hold.Library, hold.ID, now)
	}
	tag, err := tx.Exec(ctx, `update holds set patron_id = $3 where for_library_id = $1 and patron_id = $2`, from.Library, from.ID, to.ID)
	if err != nil {
		return moved, err
	}
	moved.Holds = tag.RowsAffected()
	return moved, nil
}

// DropLent ends the waiting holds of a patron for titles they have on loan,
// since no such hold could have been placed.
func DropLent(ctx context.Context, tx *postgres.Tx, patron patrons.Ref, now time.Time) ([]Ref, error) {
	rows, err := tx.Query(ctx, `update holds h set status = 'cancelled', closed_at = $3
		where h.for_library_id = $1 and h.patron_id = $2 and h.status = 'placed' and h.request_id is null
			and exists (select from loans l join items i on i.library_id = l.item_library_id and i.id = l.item_id
				where l.patron_library_id = $1 and l.patron_id = $2 and l.status <> 'returned' and i.title_id = h.title_id
					and (h.wanted_item_id is null or h.wanted_item_id = i.id))
		returning h.library_id, h.id`, patron.Library, patron.ID, now)
	if err != nil {
		return nil, fmt.Errorf("end holds for what is lent: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Ref])
}

// duplicates finds, among the open holds of two accounts that become one, those
// for the same thing.
func duplicates(theirs, ours []Hold) []Hold {
	var dropped []Hold
	for _, one := range theirs {
		for _, other := range ours {
			if one.Title == broker.NoID || one.Title != other.Title || one.Wanted != other.Wanted {
				continue
			}
			later, earlier := one, other
			if later.QueuedAt.Before(earlier.QueuedAt) {
				later, earlier = earlier, later
			}
			switch {
			case later.droppable():
				dropped = append(dropped, later)
			case earlier.droppable():
				dropped = append(dropped, earlier)
			}
			break
		}
	}
	return dropped
}

// droppable tells whether nothing but a place in a queue is lost with a hold.
func (h Hold) droppable() bool { return h.Status == Placed && h.Serves() == nil }
