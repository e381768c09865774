package holds

import (
	"afield/broker"
	"afield/broker/postgres"
)

// AskOpen queues counting, for each of some patrons of a library, the holds
// that wait or are on the hold shelf, and adds the answer to counts.
func AskOpen(tx *postgres.Tx, library broker.ID, waiting []broker.ID, counts map[broker.ID]int) {
	tx.Queue(`select patron_id, count(*)::int from holds
		where for_library_id = $1 and patron_id = any ($2) and status in ('placed', 'in_transit', 'on_hold_shelf') group by patron_id`,
		library, waiting).Query(postgres.CountInto(counts))
}
