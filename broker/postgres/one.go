package postgres

import (
	"github.com/jackc/pgx/v5"

	"afield/broker"
)

// One gives the only row of a list, or not found.
func One[T any](rows []T, err error) func(what string) (T, error) {
	return func(what string) (T, error) {
		var none T
		if err != nil {
			return none, err
		}
		if len(rows) == 0 {
			return none, broker.NotFound(what)
		}
		return rows[0], nil
	}
}

// CountInto adds rows of an id and a count to counts.
func CountInto(counts map[broker.ID]int) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var of broker.ID
		var count int
		_, err := pgx.ForEachRow(rows, []any{&of, &count}, func() error {
			counts[of] += count
			return nil
		})
		return err
	}
}
