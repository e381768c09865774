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

// ForgetSlice deletes up to limit holds that ended before an instant (zero:
// none by age), or at any time where the patron wants no history; a patron's
// wish to keep their history is respected. It gives those of them that ended
// since another instant, and who waited for what: nothing where none is left.
func ForgetSlice(ctx context.Context, tx *postgres.Tx, library broker.ID, endedBefore patrons.Until[time.Time], since time.Time, limit int) (recent []broker.ID, had []patrons.Had, err error) {
	rows, err := tx.Query(ctx, `select h.id, h.closed_at >= $4, p.library_id, p.id, h.title_id, i.library_id, i.id from holds h join patrons p on p.library_id = h.for_library_id and p.id = h.patron_id
		left join items i on i.library_id = h.library_id and i.id = coalesce(h.item_id, h.wanted_item_id)
		where h.library_id = $1 and h.status in ('fulfilled', 'cancelled', 'expired', 'unfilled')
			and case when p.keep_history is null then h.closed_at < `+endedBefore.Of("$2")+`::timestamptz else not p.keep_history end
		order by h.id limit $3`, library, endedBefore, limit, since)
	if err != nil {
		return nil, nil, fmt.Errorf("list ended holds: %w", err)
	}
	var ended []broker.ID
	var hold broker.ID
	var late bool
	var one patrons.Had
	_, err = pgx.ForEachRow(rows, []any{&hold, &late, &one.Patron.Library, &one.Patron.ID, &one.Title, &one.Item.Library, &one.Item.ID}, func() error {
		had = append(had, one)
		if ended = append(ended, hold); late {
			recent = append(recent, hold)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list ended holds: %w", err)
	}
	if len(ended) > 0 {
		tx.Queue(`update transits set hold_id = null where library_id = $1 and hold_id = any ($2)`, library, ended)
		tx.Queue(`delete from queue_overrides where library_id = $1 and hold_id = any ($2)`, library, ended)
		tx.Queue(`delete from holds where library_id = $1 and id = any ($2)`, library, ended)
	}
	return recent, had, nil
}

// AskKnown queues asking which of some ids name holds that some libraries are to
// fill, or were, and that are not deleted; it marks them in known.
func AskKnown(tx *postgres.Tx, libraries, ids []broker.ID, known map[broker.ID]bool) {
	tx.Queue(`select id from holds where library_id = any ($1) and id = any ($2)`, libraries, ids).
		Query(func(rows pgx.Rows) error {
			var id broker.ID
			_, err := pgx.ForEachRow(rows, []any{&id}, func() error {
				known[id] = true
				return nil
			})
			return err
		})
}
