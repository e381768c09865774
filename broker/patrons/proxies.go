package patrons

import (
	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// AskProxy queues the question whether a patron has named somebody to pick up
// what is kept for them; the answer stands after the next flush. A proxy's last
// day counts. Only patrons of one library are proxies of each other.
func AskProxy(tx *postgres.Tx, patron, proxy Ref, today broker.Date, into *bool) {
	*into = false
	if patron.Library != proxy.Library {
		return
	}
	tx.Queue(`select exists (select 1 from proxies
			where library_id = $1 and patron_id = $2 and proxy_id = $3 and (until_on is null or until_on >= $4))`,
		patron.Library, patron.ID, proxy.ID, today).
		QueryRow(func(row pgx.Row) error { return row.Scan(into) })
}
