package notices

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// Settled is a notice that is over, and what it was about.
type Settled struct {
	ID, Loan, Request broker.ID
}

// SettledBefore gives up to limit notices of a library that were settled before an
// instant, in the order of their ids after one. The instant may differ by the
// patron's class; where it is zero, no notice is old enough. Forget deletes those
// that nobody needs: a notice that shows that a stage was sent is needed as long as
// its loan is out or its request is open.
func SettledBefore(ctx context.Context, tx *postgres.Tx, library broker.ID, before patrons.Until[time.Time], after broker.ID, limit int) ([]Settled, error) {
	rows, err := tx.Query(ctx, `select n.id, n.loan_id, n.request_id from notices n
			left join patrons p on p.library_id = n.library_id and p.id = n.patron_id
		where n.library_id = $1 and n.status <> 'due' and n.done_at < `+before.Of("$2")+`::timestamptz
			and ($3::uuid is null or n.id > $3) order by n.id limit $4`,
		library, before, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list settled notices: %w", err)
	}
	settled, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Settled])
	if err != nil {
		return nil, fmt.Errorf("list settled notices: %w", err)
	}
	return settled, nil
}

// Forget queues deleting notices of a library.
func Forget(tx *postgres.Tx, library broker.ID, notices []broker.ID) {
	tx.Queue(`delete from notices where library_id = $1 and id = any ($2)`, library, notices)
}

// Told is a notice and what it tells of; NoID for what it does not tell of.
type Told struct {
	ID, Loan, Request, Hold broker.ID
}

// ToldOf gives up to limit notices of a library that tell of a loan, a request or
// a hold, in the order of their ids after one.
func ToldOf(ctx context.Context, tx *postgres.Tx, library, after broker.ID, limit int) ([]Told, error) {
	rows, err := tx.Query(ctx, `select id, loan_id, request_id, hold_id from notices
		where library_id = $1 and (loan_id is not null or request_id is not null or hold_id is not null)
			and ($2::uuid is null or id > $2) order by id limit $3`, library, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list what notices tell of: %w", err)
	}
	told, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Told])
	if err != nil {
		return nil, fmt.Errorf("list what notices tell of: %w", err)
	}
	return told, nil
}
