package loans

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/holds"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// TakenOver counts what went from one account to another.
type TakenOver struct {
	Loans int64
	holds.Moved
}

// MovePatron moves everything that one account has or had to another: loans,
// holds and claims, ended ones included. Open holds for what the other account
// also waits for or has on loan are dropped. The transaction must see the whole
// sharing group, and both patrons must be locked.
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

// ForgetPatrons queues the removal of some of a library's patrons from loans
// and claims that have ended, when their accounts are deleted.
func ForgetPatrons(tx *postgres.Tx, library broker.ID, ids []broker.ID, now time.Time) {
	tx.Queue(`update loans set patron_id = null, handed_to_id = null, anonymised_at = $3
		where patron_library_id = $1 and patron_id = any ($2) and status = 'returned'`, library, ids, now)
	tx.Queue(`update claims c set `+claimForgets+` where c.patron_library_id = $1 and c.patron_id = any ($2) and c.closed_at is not null`,
		library, ids, broker.NoID)
}
