package loans

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

// RequestsTouched gives the requests that an act on an item may move: the one
// it was borrowed for, the one its loan or hold serves, the first in the queue
// of its title, and what the patron at the desk (zero for none) waits for, or
// has another copy of the title kept for. Its
// caller locks the requests before the act: requests come before items in the
// order of locks.
func RequestsTouched(ctx context.Context, tx *postgres.Tx, item catalog.Ref, patron patrons.Ref) ([]standing.RequestRef, error) {
	rows, err := tx.Query(ctx, touched(`from items i where i.library_id = $1 and i.id = $2`, `select $3::uuid as library_id, $4::uuid as patron_id`),
		item.Library, item.ID, patron.Library, patron.ID)
	if err != nil {
		return nil, fmt.Errorf("read the requests of an item: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[standing.RequestRef])
}

// InHand is an item and a patron as a desk knows them before it reads anything:
// by barcode and card number in a realm, or the patron by reference (zero for
// none).
type InHand struct {
	Realm   broker.ID
	Barcode string
	Card    string
	Patron  patrons.Ref
}

// AskInHand queues reading what a desk must know of an item in hand before it
// acts: the loan it is out on (NoID for none) and the requests that the act may
// move, as RequestsTouched gives them.
func AskInHand(tx *postgres.Tx, in InHand, loan *Loan, requests *[]standing.RequestRef) {
	*loan, *requests = Loan{}, nil
	in.Barcode, in.Card = broker.Plain(in.Barcode), broker.Plain(in.Card)
	askLoan(tx, loan, `where l.status <> 'returned'
		and (l.item_library_id, l.item_id) = (select i.library_id, i.id from items i `+catalog.ByBarcode+`)`, in.Realm, in.Barcode)
	tx.Queue(touched(`from items i `+catalog.ByBarcode, `select library_id, patron_id from cards where realm_id = $1 and number = $3
			union all select $4::uuid, $5::uuid`),
		in.Realm, in.Barcode, in.Card, in.Patron.Library, in.Patron.ID).Query(func(rows pgx.Rows) (err error) {
		*requests, err = pgx.CollectRows(rows, pgx.RowToStructByPos[standing.RequestRef])
		return err
	})
}

// touched is the query for the requests that an act on an item may move, given
// the SQL that finds the item and the patrons.
func touched(item, who string) string {
	return `
		with item as (select i.library_id, i.id, i.title_id, i.request_id ` + item + `), who as (` + who + `),
		queue as (
			select h.for_library_id, h.request_id, row_number() over (order by h.turn_at, h.id) as turn,
				row_number() over (partition by h.suspended_from is null order by h.turn_at, h.id) as awake
			from holds h join item i on i.library_id = h.library_id and i.title_id = h.title_id
			where i.request_id is null and h.status = 'placed' and (h.wanted_item_id is null or h.wanted_item_id = i.id))
		select library_id, request_id from item where request_id is not null
		union select h.for_library_id, h.request_id from holds h join item i on i.title_id = h.title_id
			join who w on w.library_id = h.for_library_id and w.patron_id = h.patron_id
			where i.request_id is null and h.request_id is not null and h.status in ('placed', 'in_transit', 'on_hold_shelf')
		union select l.patron_library_id, l.request_id from loans l join item i on i.library_id = l.item_library_id and i.id = l.item_id
			where l.status <> 'returned' and l.request_id is not null
		union select h.for_library_id, h.request_id from holds h join item i on i.library_id = h.library_id and i.id = h.item_id
			where h.status in ('in_transit', 'on_hold_shelf') and h.request_id is not null
		union select q.for_library_id, q.request_id from queue q
			where q.request_id is not null and (q.turn = 1 or q.awake = 1)`
}
