package holds

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// ForgetSlice deletes up to limit holds that ended before an instant (zero:
// none by age), or at any time where the patron wants no history; a patron's
// wish to keep their history is respected. It gives how many were deleted; 0
// means none is left.
func ForgetSlice(ctx context.Context, tx *postgres.Tx, library broker.ID, endedBefore time.Time, limit int) (int, error) {
	rows, err := tx.Query(ctx, `select h.id from holds h join patrons p on p.library_id = h.for_library_id and p.id = h.patron_id
		where h.library_id = $1 and h.status in ('fulfilled', 'cancelled', 'expired', 'unfilled')
			and case when p.keep_history is null then h.closed_at < $2 else not p.keep_history end
		order by h.id limit $3`, library, endedBefore, limit)
	if err != nil {
		return 0, fmt.Errorf("list ended holds: %w", err)
	}
	ended, err := pgx.CollectRows(rows, pgx.RowTo[broker.ID])
	if err != nil {
		return 0, fmt.Errorf("list ended holds: %w", err)
	}
	if len(ended) > 0 {
		tx.Queue(`update transits set hold_id = null where library_id = $1 and hold_id = any ($2)`, library, ended)
		tx.Queue(`delete from queue_overrides where library_id = $1 and hold_id = any ($2)`, library, ended)
		tx.Queue(`delete from holds where library_id = $1 and id = any ($2)`, library, ended)
	}
	return len(ended), nil
}
