package loans

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/holds"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// TakenOver is what went from one account to another.
type TakenOver struct {
	Loans int64
	holds.Moved
}

// MovePatron gives another account everything that one has or had: loans, holds
// and claims, the ended ones too. Open holds that the other account had too, or
// whose title it has on loan, are dropped. The transaction sees the whole sharing
// group, and both patrons are locked.
func MovePatron(ctx context.Context, tx *postgres.Tx, from, to patrons.Ref, now time.Time) (TakenOver, error) {
	var moved TakenOver
	var err error
	if moved.Moved, err = holds.MovePatron(ctx, tx, from, to, now); err != nil {
		return moved, err
	}
	tag, err := tx.Exec(ctx, `update loans set patron_id = $3 where patron_library_id = $1 and patron_id = $2`, from.Library, from.ID, to.ID)
	if err != nil {
		return moved, err
	}
	needless, err := holds.DropLent(ctx, tx, to, now)
	if err != nil {
		return moved, err
	}
	moved.Dropped = append(moved.Dropped, needless...)
	tx.Queue(`update claims set patron_id = $3 where patron_library_id = $1 and patron_id = $2`, from.Library, from.ID, to.ID)
	moved.Loans = tag.RowsAffected()
	return moved, nil
}

// ForgetPatrons queues the removal of a library's patrons from loans and claims
// that are over, when their accounts go.
func ForgetPatrons(tx *postgres.Tx, library broker.ID, ids []broker.ID, now time.Time) {
	tx.Queue(`update loans set patron_id = null, handed_to_id = null, anonymised_at = $3
		where patron_library_id = $1 and patron_id = any ($2) and status = 'returned'`, library, ids, now)
	tx.Queue(`update claims set patron_id = null, note = '{}' where patron_library_id = $1 and patron_id = any ($2) and closed_at is not null`,
		library, ids)
}
