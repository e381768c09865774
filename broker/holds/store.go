package holds

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

const holdColumns = `h.library_id, h.id, h.title_id, h.item_id, h.for_library_id, h.patron_id,
	coalesce((select p.class from patrons p where p.library_id = h.for_library_id and p.id = h.patron_id), ''),
	(select p.born_on from patrons p where p.library_id = h.for_library_id and p.id = h.patron_id),
	h.request_id, h.pickup_branch_id, h.queued_at, h.placed_at, h.captured_at, h.status, h.pick_up_by, h.on_shelf_at, h.closed_at,
	h.wanted_item_id, h.channel, h.turn_at, h.suspended_from, h.suspended_until, h.expires_on, h.permitted_id, h.contact_at, h.stranded_at`

func scanHold(row pgx.Row, h *Hold, more ...any) error {
	into := []any{
		&h.Library, &h.ID, &h.Title, &h.Item, &h.Patron.Library, &h.Patron.ID, &h.Class, &h.BornOn, &h.Request, &h.Pickup,
		&h.QueuedAt, &h.PlacedAt, &h.CapturedAt, &h.Status, &h.PickUpBy, &h.OnShelfAt, &h.ClosedAt,
		&h.Wanted, &h.Channel, &h.TurnAt, &h.SuspendedFrom, &h.SuspendedUntil, &h.ExpiresOn, &h.Permitted, &h.ContactAt, &h.StrandedAt,
	}
	err := row.Scan(append(into, more...)...)
	h.QueuedAt, h.PlacedAt, h.TurnAt, h.CapturedAt = h.QueuedAt.UTC(), h.PlacedAt.UTC(), h.TurnAt.UTC(), h.CapturedAt.UTC()
	h.OnShelfAt, h.ClosedAt, h.ContactAt, h.StrandedAt = h.OnShelfAt.UTC(), h.ClosedAt.UTC(), h.ContactAt.UTC(), h.StrandedAt.UTC()
	return err
}

// askHold queues the reading of one hold; its id stays NoID where there is
// none.
func askHold(tx *postgres.Tx, into *Hold, rest string, args ...any) {
	tx.Queue(`select `+holdColumns+` from holds h `+rest, args...).
		QueryRow(func(row pgx.Row) error { return postgres.OrNone(scanHold(row, into)) })
}

// AskCaptured queues the reading of the hold an item is kept or travels for,
// and locks it.
func AskCaptured(tx *postgres.Tx, item catalog.Ref, into *Hold) {
	askHold(tx, into, `where h.library_id = $1 and h.item_id = $2 and h.status in ('in_transit', 'on_hold_shelf') for update of h`,
		item.Library, item.ID)
}

// AskOwn queues the reading of the patron's own open hold that an item would
// fill, and locks it: whatever its status, whichever copy is kept for it and
// whichever library of the group was to fill it, since the queue is for the
// title. The one this very item is kept for comes first.
func AskOwn(tx *postgres.Tx, item catalog.Ref, patron patrons.Ref, into *Hold) {
	askHold(tx, into, `join items i on i.title_id = h.title_id
		where i.library_id = $1 and i.id = $2 and i.request_id is null and h.status in ('placed', 'in_transit', 'on_hold_shelf')
			and (h.wanted_item_id is null or h.wanted_item_id = i.id)
			and h.for_library_id = $3 and h.patron_id = $4
		order by (h.library_id, h.item_id) is not distinct from (i.library_id, i.id) desc, h.library_id = i.library_id desc, h.turn_at, h.id
		limit 1 for update of h`,
		item.Library, item.ID, patron.Library, patron.ID)
}

// AskItemAndKept queues the reading of an item, and locks it and the copy that is
// kept for a patron's own hold on the same title, in the common order of locks:
// lending the one frees the other.
func AskItemAndKept(tx *postgres.Tx, item catalog.Ref, patron patrons.Ref, into *catalog.Item) {
	catalog.AskItemLockedWith(tx, item, `select h.library_id, h.item_id from holds h
		where h.for_library_id = $3 and h.patron_id = $4 and h.status in ('in_transit', 'on_hold_shelf')
			and h.title_id = (select lent.title_id from items lent where lent.library_id = $1 and lent.id = $2)`,
		into, patron.Library, patron.ID)
}

// Fulfil queues the end of a hold by the loan of an item, and gives the hold as
// it then is. A copy that was kept for it and is not the one lent is let go by
// Free.
func Fulfil(tx *postgres.Tx, hold Hold, item catalog.Ref, at time.Time) Hold {
	hold.Status, hold.Item, hold.ClosedAt = Fulfilled, item.ID, at
	if hold.Library != item.Library {
		hold.Item = broker.NoID // lent from another library's shelf
	}
	moveHold(tx, hold)
	return hold
}

// GiveUp queues the end of a hold whose copy somebody else takes and that no
// other copy can fill: a borrowed one. A zero hold is none.
func GiveUp(tx *postgres.Tx, hold Hold, at time.Time) {
	if hold.ID == broker.NoID {
		return
	}
	hold.Status, hold.ClosedAt = Cancelled, at
	moveHold(tx, hold)
}

// lockQueue lets one act at a time change the queue of a title.
func lockQueue(tx *postgres.Tx, library, title broker.ID) {
	tx.Queue(`select pg_advisory_xact_lock(hashtextextended('queue:' || $1::uuid || $2::uuid, 0))`, library, title)
}

func addHold(tx *postgres.Tx, h Hold) {
	tx.Queue(`insert into holds (library_id, id, title_id, item_id, for_library_id, patron_id, request_id, pickup_branch_id,
			queued_at, placed_at, captured_at, status, pick_up_by, on_shelf_at,
			wanted_item_id, channel, suspended_from, suspended_until, expires_on)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, coalesce(nullif($16, ''), 'staff'), $17, $18, $19)`,
		h.Library, h.ID, h.Title, h.Item, h.Patron.Library, h.Patron.ID, h.Request, h.Pickup,
		h.QueuedAt, h.PlacedAt, h.CapturedAt, h.Status, h.PickUpBy, h.OnShelfAt,
		h.Wanted, string(h.Channel), h.SuspendedFrom, h.SuspendedUntil, h.ExpiresOn)
}

// moveHold queues the writing of a hold as it is now.
func moveHold(tx *postgres.Tx, h Hold) {
	tx.Queue(`update holds set item_id = $3, captured_at = $4, status = $5, pick_up_by = $6, on_shelf_at = $7, closed_at = $8,
			pickup_branch_id = $9, contact_at = $10
		where library_id = $1 and id = $2`,
		h.Library, h.ID, h.Item, h.CapturedAt, h.Status, h.PickUpBy, h.OnShelfAt, h.ClosedAt,
		h.Pickup, h.ContactAt)
}

func addOverride(tx *postgres.Tx, hold Ref, reason string, actor broker.Actor, at time.Time) {
	tx.Queue(`insert into queue_overrides (library_id, hold_id, reason, actor, at) values ($1, $2, $3, $4, $5)
		on conflict (library_id, hold_id) do update set reason = queue_overrides.reason || '; ' || excluded.reason,
			actor = excluded.actor, at = excluded.at`,
		hold.Library, hold.ID, reason, actor, at)
}

func collectHolds(rows pgx.Rows, err error) ([]Hold, error) {
	if err != nil {
		return nil, fmt.Errorf("read holds: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Hold, error) {
		var hold Hold
		err := scanHold(row, &hold)
		return hold, err
	})
}

// holdWithItem reads a hold under its lock, after its item was locked.
func holdWithItem(ctx context.Context, tx *postgres.Tx, ref Ref) (Hold, error) {
	var hold Hold
	tx.Queue(`select 1 from items i join holds h on h.library_id = i.library_id and h.item_id = i.id
		where h.library_id = $1 and h.id = $2 for update of i`, ref.Library, ref.ID)
	tx.Queue(`select pg_advisory_xact_lock(hashtextextended('queue:' || library_id || title_id, 0)) from holds
		where library_id = $1 and id = $2 and title_id is not null`, ref.Library, ref.ID)
	askHold(tx, &hold, `where h.library_id = $1 and h.id = $2 for update of h`, ref.Library, ref.ID)
	if err := tx.Flush(ctx); err != nil {
		return hold, fmt.Errorf("read a hold: %w", err)
	}
	if hold.ID == broker.NoID {
		return hold, broker.NotFound("hold")
	}
	return hold, nil
}

// AskPermission asks whether the patron an item is kept for has allowed another
// to take it: by a permission on the hold, or as their proxy.
func AskPermission(tx *postgres.Tx, item catalog.Ref, patron patrons.Ref, today broker.Date, into *bool) {
	tx.Queue(`select exists (select 1 from holds h
			where h.library_id = $1 and h.item_id = $2 and h.status in ('in_transit', 'on_hold_shelf') and h.for_library_id = $3
				and (h.permitted_id = $4 or exists (select 1 from proxies p where p.library_id = h.for_library_id
					and p.patron_id = h.patron_id and p.proxy_id = $4 and (p.until_on is null or p.until_on >= $5))))`,
		item.Library, item.ID, patron.Library, patron.ID, today).QueryRow(func(row pgx.Row) error { return row.Scan(into) })
}

// MoveShelfDate queues another last pick-up day for something on the hold
// shelf: the lender wants it back earlier, or staff gave more time.
func MoveShelfDate(tx *postgres.Tx, hold Ref, until broker.Date) {
	tx.Queue(`update holds set pick_up_by = $3 where library_id = $1 and id = $2 and status = 'on_hold_shelf'`, hold.Library, hold.ID, until)
}

// AskOpen queues counting, for each of some patrons of a library, the holds
// that wait or are on the hold shelf, and adds the answer to counts.
func AskOpen(tx *postgres.Tx, library broker.ID, waiting []broker.ID, counts map[broker.ID]int) {
	tx.Queue(`select patron_id, count(*)::int from holds
		where for_library_id = $1 and patron_id = any ($2) and status in ('placed', 'in_transit', 'on_hold_shelf') group by patron_id`,
		library, waiting).Query(postgres.CountInto(counts))
}
