package holds

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// ArrivedAt tells whether an item recorded as in transit is at the desk it was
// sent to.
func ArrivedAt(desk standing.Desk, item catalog.Item, transit Transit) bool {
	return item.Status == catalog.InTransit && transit.ID != broker.NoID && desk.IsAt(transit.ToLibrary, transit.ToBranch)
}

const transitColumns = `t.library_id, t.id, t.item_id, t.to_library_id, t.to_branch_id, t.hold_id, t.sent_at, t.arrived_at, t.from_library_id, t.from_branch_id`

// AskTransit queues the reading of the transit an item is on, and locks it.
func AskTransit(tx *postgres.Tx, item catalog.Ref, into *Transit) {
	tx.Queue(`select `+transitColumns+` from transits t where t.library_id = $1 and t.item_id = $2 and t.arrived_at is null for update`,
		item.Library, item.ID).QueryRow(func(row pgx.Row) error {
		return postgres.OrNone(scanTransit(row, into))
	})
}

func scanTransit(row pgx.Row, t *Transit, more ...any) error {
	into := []any{
		&t.Library, &t.ID, &t.Item, &t.ToLibrary, &t.ToBranch, &t.Hold, &t.SentAt, &t.ArrivedAt, &t.FromLibrary, &t.FromBranch,
	}
	err := row.Scan(append(into, more...)...)
	t.SentAt, t.ArrivedAt = t.SentAt.UTC(), t.ArrivedAt.UTC()
	return err
}

func addTransit(tx *postgres.Tx, t Transit) {
	tx.Queue(`insert into transits (library_id, id, item_id, to_library_id, to_branch_id, hold_id, sent_at, from_library_id, from_branch_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.Library, t.ID, t.Item, t.ToLibrary, t.ToBranch, t.Hold, t.SentAt, t.FromLibrary, t.FromBranch)
}

// EndTransit queues the end of a transit by its arrival.
func EndTransit(tx *postgres.Tx, t Transit, at time.Time) {
	tx.Queue(`update transits set arrived_at = $3 where library_id = $1 and id = $2`, t.Library, t.ID, at)
}

// TransitOf gives the transit an item is on; not found when it is on none.
func TransitOf(ctx context.Context, tx *postgres.Tx, item catalog.Ref) (Transit, error) {
	var found Transit
	AskTransit(tx, item, &found)
	if err := tx.Flush(ctx); err != nil {
		return found, fmt.Errorf("read a journey: %w", err)
	}
	if found.ID == broker.NoID {
		return found, broker.NotFound("journey of that item")
	}
	return found, nil
}

// Journey is a copy on its way, and for whom.
type Journey struct {
	Transit
	Barcode string
	Title   broker.ID
}

// Journeys gives the copies of a library that are on their way, or on their way
// to it, those sent first before the others: what should have arrived long ago
// stands at the top, to be looked for or marked as missing.
func Journeys(ctx context.Context, tx *postgres.Tx, library broker.ID, page broker.Page) ([]Journey, error) {
	rows, err := tx.Query(ctx, `select `+transitColumns+`, i.barcode, i.title_id
		from transits t join items i on i.library_id = t.library_id and i.id = t.item_id
		where t.arrived_at is null and (t.library_id = $1 or t.to_library_id = $1)
			and ($2::uuid is null or (t.sent_at, t.id) > (select a.sent_at, a.id from transits a where a.id = $2))
		order by t.sent_at, t.id limit $3`, library, page.After, page.Limit)
	if err != nil {
		return nil, fmt.Errorf("list what is on its way: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Journey, error) {
		var one Journey
		err := scanTransit(row, &one.Transit, &one.Barcode, &one.Title)
		return one, err
	})
}
