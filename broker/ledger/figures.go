package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/figures"
	"afield/broker/postgres"
)

// ByKind adds up what was posted to a library's ledger, by kind of entry and of
// charge and by currency. It does not need to know who owed it.
func ByKind(ctx context.Context, tx *postgres.Tx, library broker.ID, zone string, q figures.Question) ([][]any, error) {
	rows, err := tx.Query(ctx, `select to_char(at at time zone $2, $5), kind, charge_kind, currency,
			count(*), sum(amount_minor)::bigint
		from ledger_entries where library_id = $1 and (at at time zone $2)::date between $3 and $4
		group by 1, 2, 3, 4 order by 1, 2, 3, 4`, library, zone, q.From, q.To, q.Pattern())
	if err != nil {
		return nil, fmt.Errorf("add up the ledger: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
}
