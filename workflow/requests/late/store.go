package late

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Parcel is one thing that a lender has sent too late.
type Parcel struct {
	LibraryID broker.ID `db:"library_id"`
	ID        broker.ID `db:"id"`
	RequestID broker.ID `db:"request_id"`
	// EntryID is the lender's place in the rota, LenderID the lender.
	EntryID  broker.ID `db:"entry_id"`
	LenderID broker.ID `db:"lender_id"`
	// Barcode is the lender's, Volume what it calls the volume; empty where it
	// named none.
	Barcode string `db:"barcode"`
	Volume  string `db:"volume"`
	// When its lender said that it is on its way, when it came here, when it went
	// back, and when its lender said that it has it. Zero for what has not happened.
	AnnouncedAt time.Time `db:"announced_at"`
	ArrivedAt   time.Time `db:"arrived_at"`
	SentAt      time.Time `db:"sent_at"`
	HomeAt      time.Time `db:"home_at"`
}

const columns = `p.library_id, p.id, p.request_id, p.entry_id, e.lender_id, p.barcode, p.volume, p.announced_at, p.arrived_at, p.sent_at, p.home_at`

const ofLenders = ` from late_parcels p join rota_entries e on e.library_id = p.library_id and e.id = p.entry_id `

// Ask queues reading what came too late for a request, the first one first.
func Ask(tx *postgres.Tx, library, request broker.ID, into *[]Parcel) {
	tx.Queue(`select `+columns+ofLenders+`where p.library_id = $1 and p.request_id = $2 order by p.id`, library, request).
		Query(func(rows pgx.Rows) (err error) {
			*into, err = pgx.CollectRows(rows, pgx.RowToStructByName[Parcel])
			return err
		})
}

// Of gives what came too late for a request, the first one first.
func Of(ctx context.Context, tx *postgres.Tx, library, request broker.ID) (parcels []Parcel, err error) {
	Ask(tx, library, request, &parcels)
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("read what came too late: %w", err)
	}
	return parcels, nil
}

// Scanned gives the parcels that are not on their way back and that a scan may
// mean: those with this barcode of their lender's, or those of the request with
// this number.
func Scanned(ctx context.Context, tx *postgres.Tx, library broker.ID, barcode string, number int64) ([]Parcel, error) {
	rows, err := tx.Query(ctx, `select `+columns+ofLenders+`join requests r on r.library_id = p.library_id and r.id = p.request_id
		where p.library_id = $1 and p.sent_at is null and (p.barcode = $2 or ($3 > 0 and r.number = $3)) order by p.barcode = $2 desc, p.id`,
		library, barcode, number)
	if err != nil {
		return nil, fmt.Errorf("look for what came too late: %w", err)
	}
	parcels, err := pgx.CollectRows(rows, pgx.RowToStructByName[Parcel])
	if err != nil {
		return nil, fmt.Errorf("look for what came too late: %w", err)
	}
	return parcels, nil
}

func (p Parcel) save(tx *postgres.Tx) {
	tx.Queue(`insert into late_parcels (library_id, id, request_id, entry_id, barcode, volume, announced_at, arrived_at, sent_at, home_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (library_id, id) do update set barcode = excluded.barcode, volume = excluded.volume, announced_at = excluded.announced_at,
			arrived_at = excluded.arrived_at, sent_at = excluded.sent_at, home_at = excluded.home_at`,
		p.LibraryID, p.ID, p.RequestID, p.EntryID, p.Barcode, p.Volume, p.AnnouncedAt, p.ArrivedAt, p.SentAt, p.HomeAt)
}
