package circulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

const loanColumns = `l.library_id, l.id, l.item_library_id, l.item_id, l.patron_library_id, l.patron_id, l.request_id, l.branch_id,
	l.started_at, l.due_on, l.due_at, l.renewals, l.terms, l.status, l.returned_at, l.returned_on`

func scanLoan(row pgx.Row, l *Loan) error {
	var returnedAt *time.Time
	err := row.Scan(&l.Library, &l.ID, &l.Item.Library, &l.Item.ID, &l.Patron.Library, &l.Patron.ID, &l.Request, &l.Branch,
		&l.StartedAt, &l.DueOn, &l.DueAt, &l.Renewals, &l.Terms, &l.Status, &returnedAt, &l.ReturnedOn)
	l.StartedAt, l.DueAt, l.ReturnedAt = l.StartedAt.UTC(), l.DueAt.UTC(), timeOrZero(returnedAt)
	return err
}

// askLoan queues the reading of one loan; nothing found leaves its id at NoID.
func askLoan(tx *postgres.Tx, into *Loan, rest string, args ...any) {
	tx.Queue(`select `+loanColumns+` from loans l `+rest, args...).
		QueryRow(func(row pgx.Row) error { return orNone(scanLoan(row, into)) })
}

// askOpenLoan asks for the loan an item is out on, and locks it.
func askOpenLoan(tx *postgres.Tx, item ItemRef, into *Loan) {
	askLoan(tx, into, `where l.item_library_id = $1 and l.item_id = $2 and l.status <> 'returned' for update`, item.Library, item.ID)
}

// askLastLoan asks for the latest loan of an item that has ended.
func askLastLoan(tx *postgres.Tx, item ItemRef, into *Loan) {
	askLoan(tx, into, `where l.item_library_id = $1 and l.item_id = $2 and l.status = 'returned'
		order by l.returned_at desc limit 1`, item.Library, item.ID)
}

// lockBorrower locks the patron who has an item, before the item itself.
func lockBorrower(tx *postgres.Tx, item ItemRef) {
	tx.Queue(`select 1 from patrons p join loans l on l.patron_library_id = p.library_id and l.patron_id = p.id
		where l.item_library_id = $1 and l.item_id = $2 and l.status <> 'returned' for no key update of p`, item.Library, item.ID)
}

// loanLocked reads a loan under its lock, after its patron and item were locked.
func loanLocked(ctx context.Context, tx *postgres.Tx, ref LoanRef) (Loan, error) {
	var loan Loan
	tx.Queue(`select 1 from patrons p join loans l on l.patron_library_id = p.library_id and l.patron_id = p.id
		where l.library_id = $1 and l.id = $2 for no key update of p`, ref.Library, ref.ID)
	tx.Queue(`select 1 from items i join loans l on l.item_library_id = i.library_id and l.item_id = i.id
		where l.library_id = $1 and l.id = $2 for update of i`, ref.Library, ref.ID)
	askLoan(tx, &loan, `where l.library_id = $1 and l.id = $2 for update`, ref.Library, ref.ID)
	if err := tx.Flush(ctx); err != nil {
		return loan, fmt.Errorf("read a loan: %w", err)
	}
	if loan.ID == broker.NoID {
		return loan, broker.NotFound("loan")
	}
	return loan, nil
}

func addLoan(tx *postgres.Tx, l Loan) {
	tx.Queue(`insert into loans (library_id, id, item_library_id, item_id, patron_library_id, patron_id, request_id, branch_id,
			started_at, due_on, due_at, renewals, terms, status)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'open')`,
		l.Library, l.ID, l.Item.Library, l.Item.ID, l.Patron.Library, l.Patron.ID, orNull(l.Request), orNull(l.Branch),
		l.StartedAt, l.DueOn, l.DueAt, l.Renewals, l.Terms)
}

// moveLoan queues a loan as it is now.
func moveLoan(tx *postgres.Tx, l Loan) {
	tx.Queue(`update loans set due_on = $3, due_at = $4, renewals = $5, status = $6, returned_at = $7, returned_on = $8
		where library_id = $1 and id = $2`,
		l.Library, l.ID, l.DueOn, l.DueAt, l.Renewals, l.Status, timeOrNull(l.ReturnedAt), l.ReturnedOn)
}

// askOldestDue asks how long a patron's latest item is overdue: the earliest
// due date of their open loans; the zero Date when there is none.
func askOldestDue(tx *postgres.Tx, patron patrons.Ref, into *broker.Date) {
	tx.Queue(`select min(due_on) from loans where patron_library_id = $1 and patron_id = $2 and status = 'open'`,
		patron.Library, patron.ID).QueryRow(func(row pgx.Row) error { return row.Scan(into) })
}

func collectLoans(rows pgx.Rows, err error) ([]Loan, error) {
	if err != nil {
		return nil, fmt.Errorf("read loans: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Loan, error) {
		var loan Loan
		err := scanLoan(row, &loan)
		return loan, err
	})
}

// orNone lets a queued reading that finds nothing leave its target zero.
func orNone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

func orNull(id broker.ID) *broker.ID {
	if id == broker.NoID {
		return nil
	}
	return &id
}

func timeOrNull(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

func timeOrZero(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.UTC()
}
