package loans

import (
	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// AskOpen queues counting, for each of some patrons of a library, the loans not
// brought back, and adds the answer to counts.
func AskOpen(tx *postgres.Tx, library broker.ID, borrowers []broker.ID, counts map[broker.ID]int) {
	tx.Queue(`select patron_id, count(*)::int from loans
		where patron_library_id = $1 and patron_id = any ($2) and status <> 'returned' group by patron_id`, library, borrowers).
		Query(postgres.CountInto(counts))
}

// AskStillOut queues asking which loans of a library's patrons are not back,
// and marks them in out.
func AskStillOut(tx *postgres.Tx, library broker.ID, loans []broker.ID, out map[broker.ID]bool) {
	tx.Queue(`select id from loans where patron_library_id = $1 and id = any ($2) and status <> 'returned' and patron_id is not null`, library, loans).
		Query(func(rows pgx.Rows) error {
			var id broker.ID
			_, err := pgx.ForEachRow(rows, []any{&id}, func() error {
				out[id] = true
				return nil
			})
			return err
		})
}
