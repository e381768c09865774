package lookup

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
	"afield/workflow"
)

// ToShip finds the open lending request for which an item was taken from its
// shelf and is to be sent; NoID where there is none. lending is the table.
func ToShip(ctx context.Context, tx *postgres.Tx, lending *workflow.Table, library, item broker.ID) (broker.ID, error) {
	return oneID(tx.QueryRow(ctx, `select id from requests
		where library_id = $1 and side = 'lending' and closed_at is null and state = any ($3) and not state = any ($4)
			and (item_id = $2 or exists (select 1 from request_items v where v.library_id = $1 and v.request_id = requests.id and v.item_id = $2))
		order by submitted_at, id limit 1`, library, item, lending.Taking(workflow.EventShip), lending.Taking(workflow.EventFoundOnShelf)))
}

// ToPull finds the open lending request that an item on its shelf is for: the
// one that was given this very copy, or else, where the item may be lent, the one
// that has waited longest for its title. NoID where there is none.
func ToPull(ctx context.Context, tx *postgres.Tx, lending *workflow.Table, library, item, title broker.ID, lendable bool) (broker.ID, error) {
	return oneID(tx.QueryRow(ctx, `select id from requests
		where library_id = $1 and side = 'lending' and closed_at is null and state = any ($5)
			and (item_id = $2 or (title_id = $3 and $4))
		order by item_id = $2 desc nulls last, submitted_at, id limit 1`, library, item, title, lendable, lending.Taking(workflow.EventFoundOnShelf)))
}

func oneID(row pgx.Row) (id broker.ID, err error) {
	err = row.Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return broker.NoID, nil
	}
	if err != nil {
		return broker.NoID, fmt.Errorf("look for a lending request: %w", err)
	}
	return id, nil
}

// Parcel is the request that something from a lender was sent for.
type Parcel struct {
	Request broker.ID
	State   workflow.State
	// Announced means that the lender named this barcode, and Expected that a
	// volume of the request which it fits has not arrived yet.
	Announced, Expected bool
}

// ParcelOf finds the borrowing request of a parcel by the lender's barcode as
// announced, or by the number of the request on its slip. found is false where
// nothing fits.
func ParcelOf(ctx context.Context, tx *postgres.Tx, borrowing *workflow.Table, library broker.ID, barcode string, number int64) (parcel Parcel, found bool, err error) {
	err = tx.QueryRow(ctx, `
		with announced as (
			select request_id, bool_or(item_id is null) as expected from request_items where library_id = $1 and barcode = $2 group by 1)
		select r.id, r.state, a.request_id is not null, coalesce(a.expected, exists (
			select 1 from request_items v where v.library_id = r.library_id and v.request_id = r.id and v.item_id is null))
		from requests r left join announced a on a.request_id = r.id
		where r.library_id = $1 and r.side = 'borrowing' and coalesce(r.fulfilment, '') <> 'hold'
			and (r.number = $3 or r.id in (select request_id from announced))
		order by r.closed_at is null desc, a.request_id is not null desc, r.state = any ($4) desc, r.submitted_at limit 1`,
		library, barcode, number, borrowing.Taking(workflow.EventReceive),
	).Scan(&parcel.Request, &parcel.State, &parcel.Announced, &parcel.Expected)
	if errors.Is(err, pgx.ErrNoRows) {
		return Parcel{}, false, nil
	}
	if err != nil {
		return Parcel{}, false, fmt.Errorf("match a parcel: %w", err)
	}
	return parcel, true, nil
}

// SideOf tells which side of a loan a request is; empty where there is no such
// request.
func SideOf(ctx context.Context, tx *postgres.Tx, library, request broker.ID) (side workflow.Side, err error) {
	err = tx.QueryRow(ctx, `select side from requests where library_id = $1 and id = $2`, library, request).Scan(&side)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look at the request of a loan: %w", err)
	}
	return side, nil
}

// AsksFor tells whether a patron waits for a title through a request, or has it
// by one.
func AsksFor(ctx context.Context, tx *postgres.Tx, library, patron, title broker.ID) (found bool, err error) {
	err = tx.QueryRow(ctx, `select exists (select 1 from requests where library_id = $1 and patron_id = $2 and title_id = $3
		and side = 'borrowing' and closed_at is null and state = any ($4))`,
		library, patron, title, workflow.Borrowing.States(func(p workflow.Place) bool { return p.Serves })).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("look for a request of the title: %w", err)
	}
	return found, nil
}

// Numbered finds a library's request by its number; not found where it has none.
func Numbered(ctx context.Context, tx *postgres.Tx, library broker.ID, number int64) (broker.ID, error) {
	id, err := oneID(tx.QueryRow(ctx, `select id from requests where library_id = $1 and number = $2`, library, number))
	if err == nil && id == broker.NoID {
		err = broker.NotFound("request")
	}
	return id, err
}
