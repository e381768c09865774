package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// mostRows is how many rows of one breach are shown at most.
const mostRows = 20

// Invariant is one thing that must always be true, and the rows that break it.
type Invariant struct {
	// View is the view that is empty while the invariant holds; Rule says it in
	// words.
	View string `json:"view"`
	Rule string `json:"rule"`
	// Count is how many rows break it; Rows are the first of them.
	Count int64             `json:"count"`
	Rows  []json.RawMessage `json:"rows,omitempty"`
}

// Invariants checks every invariant of the database: each view whose name
// begins with breach_, over all libraries, in one snapshot.
func (db *DB) Invariants(ctx context.Context) (found []Invariant, err error) {
	err = db.InTx(ctx, Everywhere(), func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Exec(ctx, "set transaction isolation level repeatable read read only"); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `select c.relname, coalesce(obj_description(c.oid, 'pg_class'), '') from pg_class c
			where c.relkind = 'v' and c.relname like 'breach\_%' and pg_table_is_visible(c.oid) order by 1`)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (one Invariant, err error) {
			return one, row.Scan(&one.View, &one.Rule)
		})
		if err != nil {
			return err
		}
		for i := range found {
			name := pgx.Identifier{found[i].View}.Sanitize()
			err := tx.QueryRow(ctx, `select (select count(*) from `+name+`),
				(select coalesce(json_agg(r), '[]') from (select * from `+name+` limit $1) r)`, mostRows).Scan(&found[i].Count, &found[i].Rows)
			if err != nil {
				return fmt.Errorf("%s: %w", found[i].View, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("check the invariants: %w", err)
	}
	return found, nil
}
