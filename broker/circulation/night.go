package circulation

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// NightKey is where nightly work stands in an ordered run through rows: by a
// date, and by id within it. The zero key stands before everything.
type NightKey struct {
	On broker.Date
	ID broker.ID
}

// nightKeys runs a query that selects date and id in that order.
func nightKeys(ctx context.Context, tx *postgres.Tx, what, sql string, args ...any) ([]NightKey, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", what, err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowToStructByPos[NightKey])
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", what, err)
	}
	return keys, nil
}
