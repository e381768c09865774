package holds

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// Record is a hold as it is imported from another system.
type Record struct {
	Library        broker.ID   `json:"library_id"`
	ID             broker.ID   `json:"id"`
	Title          broker.ID   `json:"title_id,omitzero"`
	Item           broker.ID   `json:"item_id,omitzero"`
	WantedItem     broker.ID   `json:"wanted_item_id,omitzero"`
	ForLibrary     broker.ID   `json:"for_library_id"`
	Patron         broker.ID   `json:"patron_id"`
	Pickup         broker.ID   `json:"pickup_branch_id,omitzero"`
	QueuedAt       time.Time   `json:"queued_at"`
	PlacedAt       time.Time   `json:"placed_at"`
	Status         Status      `json:"status"`
	CapturedAt     *time.Time  `json:"captured_at"`
	PickUpBy       broker.Date `json:"pick_up_by,omitzero"`
	OnShelfAt      *time.Time  `json:"on_shelf_at"`
	ClosedAt       *time.Time  `json:"closed_at"`
	SuspendedFrom  broker.Date `json:"suspended_from,omitzero"`
	SuspendedUntil broker.Date `json:"suspended_until,omitzero"`
	Channel        string      `json:"channel"`
}

// Hold gives the record as the hold it is.
func (r Record) Hold() Hold {
	return Hold{
		Ref: Ref{r.Library, r.ID}, Title: r.Title, Wanted: r.WantedItem, Item: r.Item, Patron: patrons.Ref{Library: r.ForLibrary, ID: r.Patron},
		Pickup: r.Pickup, Channel: rule.Channel(r.Channel), QueuedAt: r.QueuedAt, PlacedAt: r.PlacedAt, Status: r.Status,
		PickUpBy: r.PickUpBy, SuspendedFrom: r.SuspendedFrom, SuspendedUntil: r.SuspendedUntil,
	}
}

// Bring writes holds that were placed in another system, each at its position
// in the queue, and moves the copies that were given to them. A hold of the
// same patron for the same thing from the same moment is already known and
// stays as it is.
func Bring(ctx context.Context, tx *postgres.Tx, holds []Record) (postgres.Saved, error) {
	saved, err := postgres.Upsert{
		Table: "holds",
		Columns: postgres.Columns("library_id uuid", "id uuid", "title_id uuid", "item_id uuid", "wanted_item_id uuid", "for_library_id uuid",
			"patron_id uuid", "pickup_branch_id uuid", "queued_at timestamptz", "placed_at timestamptz", "status text",
			"captured_at timestamptz", "pick_up_by date", "on_shelf_at timestamptz", "closed_at timestamptz", "suspended_from date",
			"suspended_until date", "channel text"),
		Unless: `exists (select 1 from holds k where k.library_id = f.library_id and k.for_library_id = f.for_library_id
			and k.patron_id = f.patron_id and k.queued_at = f.queued_at and k.title_id is not distinct from f.title_id
			and k.wanted_item_id is not distinct from f.wanted_item_id)`,
	}.Rows(ctx, tx, holds)
	if err != nil {
		return saved, err
	}
	for _, hold := range holds {
		switch {
		case !saved.New[hold.ID]:
		case hold.Status == OnHoldShelf:
			catalog.SetItemStatus(tx, hold.Library, hold.Item, catalog.OnHoldShelf)
		case hold.Status == InTransit:
			catalog.SetItemStatus(tx, hold.Library, hold.Item, catalog.InTransit)
			addTransit(tx, Transit{
				Library: hold.Library, ID: broker.NewID(), Item: hold.Item, ToLibrary: hold.ForLibrary, ToBranch: hold.Pickup,
				Hold: hold.ID, SentAt: *hold.CapturedAt,
			})
		}
	}
	return saved, tx.Flush(ctx)
}

// Listings are the queries for the holds and transits of a library.
func Listings() []postgres.Listing {
	holds := `select ` + patrons.CardOf("h.for_library_id", "h.patron_id") + ` as card, h.patron_id as patron,
			coalesce((select min(k.key) from title_keys k where k.library_id = $1 and k.title_id = h.title_id), h.title_id::text) as title_key,
			w.barcode, i.barcode as copy, h.queued_at, h.placed_at, b.code as branch, h.status, h.captured_at, h.on_shelf_at,
			h.pick_up_by, h.closed_at, h.suspended_from, h.suspended_until, h.channel%s
		from holds h
		left join items i on i.library_id = h.library_id and i.id = h.item_id
		left join items w on w.library_id = h.library_id and w.id = h.wanted_item_id
		left join branches b on b.library_id = h.for_library_id and b.id = h.pickup_branch_id
		where h.library_id = $1 and h.request_id is %s order by h.queued_at, h.id`
	return []postgres.Listing{
		{Name: "holds", SQL: fmt.Sprintf(holds, "", "null")},
		{Name: "request_holds", SQL: fmt.Sprintf(holds, ", h.request_id as request", "not null")},
		{Name: "transits", SQL: `select t.id, i.barcode, t.to_library_id as to_library, t.to_branch_id as to_branch, t.from_library_id as from_library, t.from_branch_id as from_branch, t.hold_id as hold,
			t.sent_at as sent, t.arrived_at as arrived
			from transits t left join items i on i.library_id = t.library_id and i.id = t.item_id where t.library_id = $1 order by t.id`},
		{Name: "queue_overrides", SQL: `select hold_id as hold, reason, actor, at from queue_overrides where library_id = $1 order by at, hold_id`},
	}
}
