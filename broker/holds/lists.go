package holds

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Of gives a patron's open holds, oldest first.
func Of(ctx context.Context, tx *postgres.Tx, patron patrons.Ref) ([]Hold, error) {
	return collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.for_library_id = $1 and h.patron_id = $2 and h.status in ('placed', 'in_transit', 'on_hold_shelf')
		order by h.queued_at, h.id`, patron.Library, patron.ID))
}

// Filter narrows a list of holds.
type Filter struct {
	// Status is one; "" are those that are open.
	Status Status
	// PickupBranch is where they are to be picked up; NoID anywhere.
	PickupBranch broker.ID
}

// List gives the holds of a library's patrons, in the order in which they were made.
func List(ctx context.Context, tx *postgres.Tx, library broker.ID, filter Filter, page broker.Page) ([]Hold, error) {
	which := []Status{filter.Status}
	if filter.Status == "" {
		which = []Status{Placed, InTransit, OnHoldShelf}
	}
	return collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.for_library_id = $1 and h.status = any ($2) and ($3::uuid is null or h.pickup_branch_id = $3) and ($4::uuid is null or h.id > $4)
		order by h.id limit $5`, library, which, filter.PickupBranch, page.After, page.Limit))
}

// ByID gives a hold.
func ByID(ctx context.Context, tx *postgres.Tx, ref Ref) (Hold, error) {
	return postgres.One(collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h where h.library_id = $1 and h.id = $2`,
		ref.Library, ref.ID)))("hold")
}

// For gives a hold by its id alone, for the library whose patron waits or
// the one that is to fill it; not found for any other.
func For(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Hold, error) {
	return postgres.One(collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.id = $2 and (h.library_id = $1 or h.for_library_id = $1)`, library, id)))("hold")
}

// OfItem gives the hold an item is kept or travels for; not found when there
// is none.
func OfItem(ctx context.Context, tx *postgres.Tx, item catalog.Ref) (Hold, error) {
	return postgres.One(collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.library_id = $1 and h.item_id = $2 and h.status in ('in_transit', 'on_hold_shelf')`, item.Library, item.ID)))("hold")
}

// OfRequest gives the open hold of a request; not found when there is none.
func OfRequest(ctx context.Context, tx *postgres.Tx, request standing.RequestRef) (Hold, error) {
	return postgres.One(collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.for_library_id = $1 and h.request_id = $2 and h.status in ('placed', 'in_transit', 'on_hold_shelf') order by h.id limit 1`,
		request.Library, request.Request)))("hold")
}

// AllOfRequest gives the open holds of a request: one, or one for each volume of
// a borrowed set that is on the hold shelf.
func AllOfRequest(ctx context.Context, tx *postgres.Tx, request standing.RequestRef) ([]Hold, error) {
	return collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.for_library_id = $1 and h.request_id = $2 and h.status in ('placed', 'in_transit', 'on_hold_shelf') order by h.id`,
		request.Library, request.Request))
}

// Queue gives the holds that wait for a title at a library, in order.
func Queue(ctx context.Context, tx *postgres.Tx, library, title broker.ID) ([]Hold, error) {
	return collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.library_id = $1 and h.title_id = $2 and h.status = 'placed' order by h.turn_at, h.id`, library, title))
}

// Position is a hold's position in its queue: 1 is next. Zero when it does not
// wait in a queue.
func Position(ctx context.Context, tx *postgres.Tx, ref Ref) (int, error) {
	var place int
	err := tx.QueryRow(ctx, `select count(*)::int from holds h join holds mine on mine.library_id = h.library_id and mine.title_id = h.title_id
		where mine.library_id = $1 and mine.id = $2 and mine.status = 'placed' and h.status = 'placed'
			and (h.turn_at, h.id) <= (mine.turn_at, mine.id)`, ref.Library, ref.ID).Scan(&place)
	if err != nil {
		return 0, fmt.Errorf("count a queue: %w", err)
	}
	return place, nil
}

// Shelf gives what waits on the hold shelf for a library's patrons, the earliest
// pick-up-by date first.
func Shelf(ctx context.Context, tx *postgres.Tx, library broker.ID, page broker.Page) ([]Hold, error) {
	return collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.for_library_id = $1 and h.status = 'on_hold_shelf' and ($2::uuid is null or (h.pick_up_by, h.id) >
			(select a.pick_up_by, a.id from holds a where a.for_library_id = $1 and a.id = $2))
		order by h.pick_up_by, h.id limit $3`, library, page.After, page.Limit))
}

// Pull is a hold and a copy on the shelf that could fill it.
type Pull struct {
	Hold Hold
	Item catalog.Item
}

// pullable pairs the holds that wait at library $1 on the day $2 with copies on its
// shelves; pulled are the pairs.
const (
	pullable = `
		with waiting as (
			select h.*, row_number() over (partition by h.title_id, h.wanted_item_id order by h.turn_at, h.id) as turn
			from holds h where h.library_id = $1 and h.status = 'placed'
				and (h.suspended_from is null or h.suspended_from > $2 or h.suspended_until < $2)
				and (h.expires_on is null or h.expires_on >= $2)),
		here as (
			select i.id, i.title_id, i.barcode, exists (select 1 from waiting w where w.wanted_item_id = i.id) as wanted
			from items i where i.library_id = $1 and i.status = 'on_shelf' and i.lendable and i.request_id is null
				and i.title_id in (select title_id from waiting)),
		copies as (
			select id, title_id, null::uuid as wanted_item_id, row_number() over (partition by title_id order by barcode) as turn
			from here where not wanted
			union all select id, title_id, id, 1 from here where wanted)`
	pulled = `from waiting h join copies c on c.title_id = h.title_id and c.turn = h.turn and c.wanted_item_id is not distinct from h.wanted_item_id`
)

// AskPulls queues how many copies the pull list of a library names on a day.
func AskPulls(tx *postgres.Tx, library broker.ID, today broker.Date, count *int) {
	tx.Queue(pullable+` select count(*)::int `+pulled, library, today).QueryRow(func(row pgx.Row) error { return row.Scan(count) })
}

// PullList gives the holds that a library can fill from its shelves on a day,
// with a copy for each, the longest waiting first. Suspended holds are left
// out; a hold for one particular copy comes with that copy.
func PullList(ctx context.Context, tx *postgres.Tx, library broker.ID, today broker.Date, page broker.Page) ([]Pull, error) {
	rows, err := tx.Query(ctx, pullable+`
		select `+holdColumns+`, c.id `+pulled+`
		where $3::uuid is null or (h.turn_at, h.id) > (select a.turn_at, a.id from holds a where a.library_id = $1 and a.id = $3)
		order by h.turn_at, h.id limit $4`, library, today, page.After, page.Limit)
	if err != nil {
		return nil, fmt.Errorf("read the pull list: %w", err)
	}
	pulls, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Pull, error) {
		var pull Pull
		err := scanHold(row, &pull.Hold, &pull.Item.ID)
		return pull, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the pull list: %w", err)
	}
	for i, pull := range pulls {
		catalog.AskItem(tx, library, pull.Item.ID, &pulls[i].Item)
	}
	return pulls, tx.Flush(ctx)
}
