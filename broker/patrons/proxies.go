package patrons

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// AskProxy queues a look-up of whether a patron has named somebody to pick up
// what is kept for them; the answer stands after the next flush. A proxy's last
// day counts. Only patrons of the same library can be each other's proxies.
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

// Proxy is somebody who may pick up what is kept for a patron.
type Proxy struct {
	Patron, Proxy Ref
	// Until is the last day; zero means until it is taken back.
	Until broker.Date
}

// SaveProxy queues naming a proxy; naming the same proxy again changes the last
// day. It refuses the patron themselves and patrons of another library.
func SaveProxy(tx *postgres.Tx, proxy Proxy, now time.Time) error {
	if proxy.Patron.ID == proxy.Proxy.ID || proxy.Patron.Library != proxy.Proxy.Library {
		return broker.Invalid(broker.FieldError{Pointer: "/proxy", Code: "not_a_proxy", Message: "must be another patron of the same library"})
	}
	tx.Queue(`insert into proxies (library_id, patron_id, proxy_id, until_on, created_at) values ($1, $2, $3, $4, $5)
		on conflict (library_id, patron_id, proxy_id) do update set until_on = excluded.until_on`,
		proxy.Patron.Library, proxy.Patron.ID, proxy.Proxy.ID, proxy.Until, now)
	return nil
}

// RemoveProxy queues removing a proxy.
func RemoveProxy(tx *postgres.Tx, patron, proxy Ref) {
	tx.Queue(`delete from proxies where library_id = $1 and patron_id = $2 and proxy_id = $3`, patron.Library, patron.ID, proxy.ID)
}

// Proxies lists the proxies a patron has named, whether or not their time is
// over.
func Proxies(ctx context.Context, tx *postgres.Tx, patron Ref) ([]Proxy, error) {
	rows, err := tx.Query(ctx, `select proxy_id, until_on from proxies where library_id = $1 and patron_id = $2 order by created_at, proxy_id`,
		patron.Library, patron.ID)
	if err != nil {
		return nil, fmt.Errorf("read proxies: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Proxy, error) {
		proxy := Proxy{Patron: patron, Proxy: Ref{Library: patron.Library}}
		err := row.Scan(&proxy.Proxy.ID, &proxy.Until)
		return proxy, err
	})
}
