package notices

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/postgres"
)

// ForgetSlice deletes up to limit notices of a library that were settled before
// an instant (zero: none), and gives how many. What tells that a stage was sent
// stays as long as its loan is out.
func ForgetSlice(ctx context.Context, tx *postgres.Tx, library broker.ID, settledBefore time.Time, limit int) (int, error) {
	if settledBefore.IsZero() {
		return 0, nil
	}
	tag, err := tx.Exec(ctx, `delete from notices n where n.library_id = $1 and n.id in (
		select n.id from notices n where n.library_id = $1 and n.status <> 'due' and n.done_at < $2
			and not exists (select 1 from loans l where l.patron_library_id = n.library_id and l.id = n.loan_id and l.status <> 'returned')
			and not exists (select 1 from requests r where r.library_id = n.library_id and r.id = n.request_id and r.closed_at is null)
		order by n.id limit $3)`, library, settledBefore, limit)
	if err != nil {
		return 0, fmt.Errorf("forget notices: %w", err)
	}
	return int(tag.RowsAffected()), nil
}
