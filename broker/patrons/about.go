package patrons

import (
	"github.com/jackc/pgx/v5"

	"afield/broker/directory"
	"afield/broker/postgres"
)

// AskStandingUnlocked is AskStanding without the lock on the patron, for those
// who only look at somebody on the way: the others in a queue while an item is
// held locked, which would take locks against their order.
func AskStandingUnlocked(tx *postgres.Tx, library directory.Library, ref Ref, into *Standing) {
	tx.Queue(`select `+patronColumns+` from patrons p where p.library_id = $1 and p.id = $2`, ref.Library, ref.ID).
		QueryRow(func(row pgx.Row) error { return orNone(scanPatron(row, &into.Patron)) })
	askAccount(tx, library, ref, into)
}
