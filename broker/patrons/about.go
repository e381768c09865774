package patrons

import (
	"github.com/jackc/pgx/v5"

	"afield/broker/directory"
	"afield/broker/postgres"
)

// AskStandingUnlocked is AskStanding without the lock on the patron, for callers
// that only look at somebody on the way: others in a queue while an item is
// locked, where locking them would break the order of locks.
func AskStandingUnlocked(tx *postgres.Tx, library directory.Library, ref Ref, into *Standing) {
	tx.Queue(`select `+patronColumns+` from patrons p where p.library_id = $1 and p.id = $2`, ref.Library, ref.ID).
		QueryRow(func(row pgx.Row) error { return orNone(scanPatron(row, &into.Patron)) })
	askAccount(tx, library, ref, into)
}
