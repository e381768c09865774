package loans

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

// Of gives what a patron has out, the earliest due date first.
func Of(ctx context.Context, tx *postgres.Tx, patron patrons.Ref) ([]Loan, error) {
	return collectLoans(tx.Query(ctx, `select `+loanColumns+` from loans l
		where l.patron_library_id = $1 and l.patron_id = $2 and l.status <> 'returned' order by l.due_at, l.id`,
		patron.Library, patron.ID))
}

// ByID gives a loan.
func ByID(ctx context.Context, tx *postgres.Tx, ref Ref) (Loan, error) {
	return postgres.One(collectLoans(tx.Query(ctx, `select `+loanColumns+` from loans l where l.library_id = $1 and l.id = $2`,
		ref.Library, ref.ID)))("loan")
}

// OfItem gives the loan an item is out on; not found when it is not.
func OfItem(ctx context.Context, tx *postgres.Tx, item catalog.Ref) (Loan, error) {
	return postgres.One(collectLoans(tx.Query(ctx, `select `+loanColumns+` from loans l
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

// Filter narrows a list of loans; a zero field does not restrict it.
type Filter struct {
	// Patron is a patron of the library.
	Patron broker.ID
	// DueBefore keeps what was due before an instant.
	DueBefore time.Time
}

// List gives the loans made at a library's desks that are still out, the
// earliest due date first.
func List(ctx context.Context, tx *postgres.Tx, library broker.ID, filter Filter, page broker.Page) ([]Loan, error) {
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

// OfRequest gives the loans that served a request, in order. library is the one
// whose desk lent: on the borrowing side the borrowing library, on the lending
// side the lender.
func OfRequest(ctx context.Context, tx *postgres.Tx, library, request broker.ID) ([]Loan, error) {
	return collectLoans(tx.Query(ctx, `select `+loanColumns+` from loans l
		where l.library_id = $1 and l.request_id = $2 order by l.started_at, l.id`, library, request))
}
