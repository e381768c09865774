package circulation

import (
	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// AskOpenLoans queues the question how many loans each of some patrons of a
// library has not brought back, and adds the answer to counts.
func AskOpenLoans(tx *postgres.Tx, library broker.ID, borrowers []broker.ID, counts map[broker.ID]int) {
	tx.Queue(`select patron_id, count(*)::int from loans
		where patron_library_id = $1 and patron_id = any ($2) and status <> 'returned' group by patron_id`, library, borrowers).
		Query(addTo(counts))
}

// AskOpenHolds queues the question how many holds each of some patrons of a
// library has that wait or are on the hold shelf, and adds the answer to counts.
func AskOpenHolds(tx *postgres.Tx, library broker.ID, waiting []broker.ID, counts map[broker.ID]int) {
	tx.Queue(`select patron_id, count(*)::int from holds
		where for_library_id = $1 and patron_id = any ($2) and status in ('placed', 'in_transit', 'on_hold_shelf') group by patron_id`,
		library, waiting).Query(addTo(counts))
}

func addTo(counts map[broker.ID]int) func(pgx.Rows) error {
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

// AskStillOut queues the question which loans of a library's patrons are not
// back, and marks them in out.
func AskStillOut(tx *postgres.Tx, library broker.ID, loans []broker.ID, out map[broker.ID]bool) {
	tx.Queue(`select id from loans where patron_library_id = $1 and id = any ($2) and status <> 'returned'`, library, loans).
		Query(func(rows pgx.Rows) error {
			var id broker.ID
			_, err := pgx.ForEachRow(rows, []any{&id}, func() error {
				out[id] = true
				return nil
			})
			return err
		})
}
