package loans

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/figures"
	"afield/broker/postgres"
)

// Circulation counts the loans that began at a library's desks, by the type of the
// item and by branch. It does not need to know whose they were.
func Circulation(ctx context.Context, tx *postgres.Tx, library broker.ID, zone string, q figures.Question) ([][]any, error) {
	return cells(tx.Query(ctx, `select to_char(l.started_at at time zone $2, $5), coalesce(l.terms->>'item', ''),
			coalesce(b.code, ''), count(*), sum(l.renewals)::bigint
		from loans l left join branches b on b.library_id = l.library_id and b.id = l.branch_id
		where l.library_id = $1 and (l.started_at at time zone $2)::date between $3 and $4
		group by 1, 2, 3 order by 1, 2, 3`, library, zone, q.From, q.To, q.Pattern()))
}

// Across counts the loans of a shared catalogue between a library and the others:
// for each other library, what our desks lent of theirs, and theirs of ours.
func Across(ctx context.Context, tx *postgres.Tx, library broker.ID, zone string, q figures.Question) ([][]any, error) {
	return cells(tx.Query(ctx, `select to_char(l.started_at at time zone $2, $5),
			case when l.library_id = $1 then l.item_library_id else l.library_id end::text,
			count(*) filter (where l.library_id = $1), count(*) filter (where l.library_id <> $1)
		from loans l
		where (l.library_id = $1) <> (l.item_library_id = $1) and (l.started_at at time zone $2)::date between $3 and $4
		group by 1, 2`, library, zone, q.From, q.To, q.Pattern()))
}

func cells(rows pgx.Rows, err error) ([][]any, error) {
	if err != nil {
		return nil, fmt.Errorf("count loans: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
}
