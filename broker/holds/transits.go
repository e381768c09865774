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
		err := row.Scan(&into.Library, &into.ID, &into.Item, &into.ToLibrary, &into.ToBranch, &into.Hold, &into.SentAt, &into.ArrivedAt,
			&into.FromLibrary, &into.FromBranch)
		into.SentAt, into.ArrivedAt = into.SentAt.UTC(), into.ArrivedAt.UTC()
		return postgres.OrNone(err)
	})
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
