package lookup

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// AskOpenOf queues a query for how many open requests each of some patrons of a
// library has, and adds the answer to counts.
func AskOpenOf(tx *postgres.Tx, library broker.ID, patrons []broker.ID, counts map[broker.ID]int) {
	tx.Queue(`select patron_id, count(*)::int from requests
		where library_id = $1 and patron_id = any ($2) and closed_at is null group by patron_id`, library, patrons).
		Query(func(rows pgx.Rows) error {
			var of broker.ID
			var count int
			_, err := pgx.ForEachRow(rows, []any{&of, &count}, func() error {
				counts[of] += count
				return nil
			})
			return err
		})
}

// AskOpen queues a query for which of some requests of a library have not
// ended, and marks them in open.
func AskOpen(tx *postgres.Tx, library broker.ID, requests []broker.ID, open map[broker.ID]bool) {
	tx.Queue(`select id from requests where library_id = $1 and id = any ($2) and closed_at is null`, library, requests).
		Query(func(rows pgx.Rows) error {
			var id broker.ID
			_, err := pgx.ForEachRow(rows, []any{&id}, func() error {
				open[id] = true
				return nil
			})
			return err
		})
}

// AskForgotten queues a query for which of some requests of a library no longer
// say who asked, and marks them in forgotten.
func AskForgotten(tx *postgres.Tx, library broker.ID, requests []broker.ID, forgotten map[broker.ID]bool) {
	tx.Queue(`select id from requests where library_id = $1 and id = any ($2) and side = 'borrowing' and patron_id is null and closed_at is not null`,
		library, requests).
		Query(func(rows pgx.Rows) error {
			var id broker.ID
			_, err := pgx.ForEachRow(rows, []any{&id}, func() error {
				forgotten[id] = true
				return nil
			})
			return err
		})
}

// Promised returns the copies of titles at libraries that open lending requests
// have chosen: they are on the shelf, but not available. The transaction must
// see the libraries.
func Promised(ctx context.Context, tx *postgres.Tx, titles, libraries []broker.ID) ([]broker.ID, error) {
	rows, err := tx.Query(ctx, `select i.id from items i join requests r on r.library_id = i.library_id and r.item_id = i.id
			where i.title_id = any ($1) and i.library_id = any ($2) and r.side = 'lending' and r.closed_at is null
		union select i.id from items i join request_items v on v.library_id = i.library_id and v.item_id = i.id
			join requests r on r.library_id = v.library_id and r.id = v.request_id
			where i.title_id = any ($1) and i.library_id = any ($2) and r.side = 'lending' and r.closed_at is null and v.custody = 'lender'`,
		titles, libraries)
	if err != nil {
		return nil, fmt.Errorf("find promised copies: %w", err)
	}
	promised, err := pgx.CollectRows(rows, pgx.RowTo[broker.ID])
	if err != nil {
		return nil, fmt.Errorf("find promised copies: %w", err)
	}
	return promised, nil
}
