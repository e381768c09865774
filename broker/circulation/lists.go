package circulation

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

// LoansOf gives what a patron has out, the earliest due date first.
func LoansOf(ctx context.Context, tx *postgres.Tx, patron patrons.Ref) ([]Loan, error) {
	return collectLoans(tx.Query(ctx, `select `+loanColumns+` from loans l
		where l.patron_library_id = $1 and l.patron_id = $2 and l.status <> 'returned' order by l.due_at, l.id`,
		patron.Library, patron.ID))
}

// LoanByID gives a loan.
func LoanByID(ctx context.Context, tx *postgres.Tx, ref LoanRef) (Loan, error) {
	return one(collectLoans(tx.Query(ctx, `select `+loanColumns+` from loans l where l.library_id = $1 and l.id = $2`,
		ref.Library, ref.ID)))("loan")
}

// LoanOfItem gives the loan an item is out on; not found when it is not.
func LoanOfItem(ctx context.Context, tx *postgres.Tx, item catalog.Ref) (Loan, error) {
	return one(collectLoans(tx.Query(ctx, `select `+loanColumns+` from loans l
		where l.item_library_id = $1 and l.item_id = $2 and l.status <> 'returned'`, item.Library, item.ID)))("loan")
}

// DueDates gives when those of the items that are out are due.
func DueDates(ctx context.Context, tx *postgres.Tx, items []catalog.Ref) (map[catalog.Ref]broker.Date, error) {
	libraries, ids := make([]broker.ID, len(items)), make([]broker.ID, len(items))
	for i, item := range items {
		libraries[i], ids[i] = item.Library, item.ID
	}
	rows, err := tx.Query(ctx, `
		select l.item_library_id, l.item_id, l.due_on from loans l
		where (l.item_library_id, l.item_id) in (select * from unnest($1::uuid[], $2::uuid[])) and l.status <> 'returned'`, libraries, ids)
	if err != nil {
		return nil, fmt.Errorf("read due dates: %w", err)
	}
	due := map[catalog.Ref]broker.Date{}
	var item catalog.Ref
	var on broker.Date
	_, err = pgx.ForEachRow(rows, []any{&item.Library, &item.ID, &on}, func() error {
		due[item] = on
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read due dates: %w", err)
	}
	return due, nil
}

// LoanFilter narrows a list of loans; a zero field asks for all.
type LoanFilter struct {
	// Patron is one of the library.
	Patron broker.ID
	// DueBefore keeps what was due before an instant.
	DueBefore time.Time
}

// OpenLoans gives what a library's desks have lent and is still out, the
// earliest due date first.
func OpenLoans(ctx context.Context, tx *postgres.Tx, library broker.ID, filter LoanFilter, page broker.Page) ([]Loan, error) {
	where, args := `l.library_id = $1 and l.status = 'open'`, []any{library, page.Limit}
	with := func(condition string, value any) {
		args = append(args, value)
		where += fmt.Sprintf(" and "+condition, len(args))
	}
	if filter.Patron != broker.NoID {
		with("l.patron_library_id = $1 and l.patron_id = $%d", filter.Patron)
	}
	if !filter.DueBefore.IsZero() {
		with("l.due_at < $%d", filter.DueBefore)
	}
	if page.After != broker.NoID {
		with("(l.due_on, l.id) > (select a.due_on, a.id from loans a where a.library_id = $1 and a.id = $%d)", page.After)
	}
	return collectLoans(tx.Query(ctx, `select `+loanColumns+` from loans l where `+where+` order by l.due_on, l.id limit $2`, args...))
}

// LoansOfRequest gives the loans that served a request, in order. library is
// whose desk lent: the borrowing library on its side, the lender on the other.
func LoansOfRequest(ctx context.Context, tx *postgres.Tx, library, request broker.ID) ([]Loan, error) {
	return collectLoans(tx.Query(ctx, `select `+loanColumns+` from loans l
		where l.library_id = $1 and l.request_id = $2 order by l.started_at, l.id`, library, request))
}

// RequestsTouched gives the requests that an act on an item may move: the one it
// was borrowed for, the one its loan or hold serves, the first in the queue of
// its title, and what the patron at the desk (zero for none) waits for. Whoever
// keeps requests locks them before the act: requests come before items.
func RequestsTouched(ctx context.Context, tx *postgres.Tx, item catalog.Ref, patron patrons.Ref) ([]RequestRef, error) {
	rows, err := tx.Query(ctx, touched(`from items i where i.library_id = $1 and i.id = $2`, `select $3::uuid as library_id, $4::uuid as patron_id`),
		item.Library, item.ID, orNull(patron.Library), orNull(patron.ID))
	if err != nil {
		return nil, fmt.Errorf("read the requests of an item: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[RequestRef])
}

// InHand is an item and a patron as a desk knows them before it has looked: by
// barcode and card in a realm, the patron else by name (zero for none).
type InHand struct {
	Realm   broker.ID
	Barcode string
	Card    string
	Patron  patrons.Ref
}

// AskInHand queues what a desk must know of an item in hand before it acts: the
// loan it is out on (NoID for none) and the requests that the act may move, as
// RequestsTouched gives them.
func AskInHand(tx *postgres.Tx, in InHand, loan *Loan, requests *[]RequestRef) {
	*loan, *requests = Loan{}, nil
	askLoan(tx, loan, `where l.status <> 'returned'
		and (l.item_library_id, l.item_id) = (select i.library_id, i.id from items i `+catalog.ByBarcode+`)`, in.Realm, in.Barcode)
	tx.Queue(touched(`from items i `+catalog.ByBarcode, `select library_id, patron_id from cards where realm_id = $1 and number = $3
			union all select $4::uuid, $5::uuid`),
		in.Realm, in.Barcode, in.Card, orNull(in.Patron.Library), orNull(in.Patron.ID)).Query(func(rows pgx.Rows) (err error) {
		*requests, err = pgx.CollectRows(rows, pgx.RowToStructByPos[RequestRef])
		return err
	})
}

// touched is the query of the requests that an act on an item may move, of the
// item and the patrons that two queries find.
func touched(item, who string) string {
	return `
		with item as (select i.library_id, i.id, i.title_id, i.request_id ` + item + `), who as (` + who + `),
		queue as (
			select h.for_library_id, h.request_id, h.patron_id, row_number() over (order by h.turn_at, h.id) as turn,
				row_number() over (partition by h.suspended_from is null order by h.turn_at, h.id) as awake
			from holds h join item i on i.library_id = h.library_id and i.title_id = h.title_id
			where i.request_id is null and h.status = 'placed' and (h.wanted_item_id is null or h.wanted_item_id = i.id))
		select library_id, request_id from item where request_id is not null
		union select l.patron_library_id, l.request_id from loans l join item i on i.library_id = l.item_library_id and i.id = l.item_id
			where l.status <> 'returned' and l.request_id is not null
		union select h.for_library_id, h.request_id from holds h join item i on i.library_id = h.library_id and i.id = h.item_id
			where h.status in ('in_transit', 'on_hold_shelf') and h.request_id is not null
		union select q.for_library_id, q.request_id from queue q
			where q.request_id is not null and (q.turn = 1 or q.awake = 1
				or exists (select 1 from who w where w.library_id = q.for_library_id and w.patron_id = q.patron_id))`
}

// HoldsOf gives a patron's open holds, oldest first.
func HoldsOf(ctx context.Context, tx *postgres.Tx, patron patrons.Ref) ([]Hold, error) {
	return collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.for_library_id = $1 and h.patron_id = $2 and h.status in ('placed', 'in_transit', 'on_hold_shelf')
		order by h.queued_at, h.id`, patron.Library, patron.ID))
}

// HoldByID gives a hold.
func HoldByID(ctx context.Context, tx *postgres.Tx, ref HoldRef) (Hold, error) {
	return one(collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h where h.library_id = $1 and h.id = $2`,
		ref.Library, ref.ID)))("hold")
}

// HoldFor gives a hold by its id alone, for the library whose patron waits or
// the one that is to fill it; not found for any other.
func HoldFor(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Hold, error) {
	return one(collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.id = $2 and (h.library_id = $1 or h.for_library_id = $1)`, library, id)))("hold")
}

// HoldOfItem gives the hold an item is kept or travels for; not found when there
// is none.
func HoldOfItem(ctx context.Context, tx *postgres.Tx, item catalog.Ref) (Hold, error) {
	return one(collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.library_id = $1 and h.item_id = $2 and h.status in ('in_transit', 'on_hold_shelf')`, item.Library, item.ID)))("hold")
}

// HoldOfRequest gives the open hold of a request; not found when there is none.
func HoldOfRequest(ctx context.Context, tx *postgres.Tx, request RequestRef) (Hold, error) {
	return one(collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.for_library_id = $1 and h.request_id = $2 and h.status in ('placed', 'in_transit', 'on_hold_shelf')`,
		request.Library, request.Request)))("hold")
}

// TransitOf gives the journey an item is on; not found when it is on none.
func TransitOf(ctx context.Context, tx *postgres.Tx, item catalog.Ref) (Transit, error) {
	var found Transit
	askTransit(tx, item, &found)
	if err := tx.Flush(ctx); err != nil {
		return found, fmt.Errorf("read a journey: %w", err)
	}
	if found.ID == broker.NoID {
		return found, broker.NotFound("journey of that item")
	}
	return found, nil
}

// Queue gives who waits for a title at a library, the first in line first.
func Queue(ctx context.Context, tx *postgres.Tx, library, title broker.ID) ([]Hold, error) {
	return collectHolds(tx.Query(ctx, `select `+holdColumns+` from holds h
		where h.library_id = $1 and h.title_id = $2 and h.status = 'placed' order by h.turn_at, h.id`, library, title))
}

// Place is how many wait before a hold, itself included: 1 is next. Zero when it
// does not wait in a queue.
func Place(ctx context.Context, tx *postgres.Tx, ref HoldRef) (int, error) {
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
		order by h.pick_up_by, h.id limit $3`, library, orNull(page.After), page.Limit))
}

// Pull is a hold and a copy on the shelf that could fill it.
type Pull struct {
	Hold Hold
	Item catalog.Item
}

// PullList gives the holds that a library can fill from its shelves on a day,
// with a copy for each, the longest waiting first. Who is suspended is left
// out; a hold for one copy is named with that copy.
func PullList(ctx context.Context, tx *postgres.Tx, library broker.ID, today broker.Date, page broker.Page) ([]Pull, error) {
	rows, err := tx.Query(ctx, `
		with waiting as (
			select h.*, row_number() over (partition by h.title_id, h.wanted_item_id order by h.turn_at, h.id) as turn
			from holds h where h.library_id = $1 and h.status = 'placed'
				and (h.suspended_from is null or h.suspended_from > $4 or h.suspended_until < $4)
				and (h.expires_on is null or h.expires_on >= $4)),
		here as (
			select i.id, i.title_id, i.barcode, exists (select 1 from waiting w where w.wanted_item_id = i.id) as wanted
			from items i where i.library_id = $1 and i.status = 'on_shelf' and i.lendable and i.request_id is null
				and i.title_id in (select title_id from waiting)),
		copies as (
			select id, title_id, null::uuid as wanted_item_id, row_number() over (partition by title_id order by barcode) as turn
			from here where not wanted
			union all select id, title_id, id, 1 from here where wanted)
		select `+holdColumns+`, c.id from waiting h
		join copies c on c.title_id = h.title_id and c.turn = h.turn and c.wanted_item_id is not distinct from h.wanted_item_id
		where $2::uuid is null or (h.turn_at, h.id) > (select a.turn_at, a.id from holds a where a.library_id = $1 and a.id = $2)
		order by h.turn_at, h.id limit $3`, library, orNull(page.After), page.Limit, today)
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

// one gives the only row of a list, or not found.
func one[T any](rows []T, err error) func(what string) (T, error) {
	return func(what string) (T, error) {
		var none T
		if err != nil {
			return none, err
		}
		if len(rows) == 0 {
			return none, broker.NotFound(what)
		}
		return rows[0], nil
	}
}
