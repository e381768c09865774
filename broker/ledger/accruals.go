package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Accrual is what an overdue loan has come to that is not yet charged to the
// account: it grows each day, and becomes a charge when the item comes back, is
// renewed, declared lost or paid for. There is one for each loan.
type Accrual struct {
	Account Account
	// Loan is the loan it is for, LoanLibrary the library whose desk lent the item.
	Loan, LoanLibrary broker.ID
	// Amount is the part not yet charged; zero while the loan is within its days
	// of grace, or when everything up to Through was charged.
	Amount broker.Money
	// Through is the last day that was counted.
	Through broker.Date
}

// SetAccrual queues what a loan has come to, in place of the amount before. An
// amount of zero is kept too, for its date.
func SetAccrual(tx *postgres.Tx, a Accrual) {
	tx.Queue(`insert into accruals (library_id, loan_id, loan_library_id, patron_id, amount_minor, currency, through_on)
		values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (library_id, loan_id) do update set amount_minor = excluded.amount_minor,
			currency = excluded.currency, through_on = excluded.through_on, patron_id = excluded.patron_id`,
		a.Account.Library, a.Loan, a.LoanLibrary, a.Account.Patron, a.Amount.Minor, a.Account.Currency, a.Through)
}

// GrowAccruals stores what many loans have come to, and gives how many changed.
// One that was worked out for the same day or a later one stays as it is.
func GrowAccruals(ctx context.Context, tx *postgres.Tx, all []Accrual) (int, error) {
	libraries, loans, lent := make([]broker.ID, len(all)), make([]broker.ID, len(all)), make([]broker.ID, len(all))
	patrons, amounts := make([]broker.ID, len(all)), make([]int64, len(all))
	currencies, through := make([]string, len(all)), make([]broker.Date, len(all))
	for i, a := range all {
		libraries[i], loans[i], lent[i], patrons[i] = a.Account.Library, a.Loan, a.LoanLibrary, a.Account.Patron
		amounts[i], currencies[i], through[i] = a.Amount.Minor, a.Account.Currency, a.Through
	}
	tag, err := tx.Exec(ctx, `insert into accruals as a (library_id, loan_id, loan_library_id, patron_id, amount_minor, currency, through_on)
		select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::date[])
		on conflict (library_id, loan_id) do update set amount_minor = excluded.amount_minor, through_on = excluded.through_on
		where a.through_on < excluded.through_on`, libraries, loans, lent, patrons, amounts, currencies, through)
	if err != nil {
		return 0, fmt.Errorf("store what loans have come to: %w", err)
	}
	return int(tag.RowsAffected()), nil
}

// EndAccrual queues the end of a loan's accrual: it was charged, or nothing is
// owed for it. library is the one the money is owed to, the patron's.
func EndAccrual(tx *postgres.Tx, library, loan broker.ID) {
	tx.Queue(`delete from accruals where library_id = $1 and loan_id = $2`, library, loan)
}

// AskAccrual queues a look-up of what a loan has come to. Where nothing accrues,
// into is left at zero: its Loan is NoID.
func AskAccrual(tx *postgres.Tx, library, loan broker.ID, into *Accrual) {
	*into = Accrual{}
	tx.Queue(`select `+accrualColumns+` from accruals where library_id = $1 and loan_id = $2`, library, loan).
		Query(func(rows pgx.Rows) error {
			found, err := pgx.CollectRows(rows, scanAccrual)
			if len(found) > 0 {
				*into = found[0]
			}
			return err
		})
}

// askAccrued queues a look-up of what all loans of a patron have come to.
func askAccrued(tx *postgres.Tx, account Account, into *broker.Money) {
	*into = broker.Money{Currency: account.Currency}
	if account.Patron == broker.NoID {
		return
	}
	tx.Queue(`select coalesce(sum(amount_minor), 0)::bigint from accruals where library_id = $1 and patron_id = $2`,
		account.Library, account.Patron).QueryRow(func(row pgx.Row) error { return row.Scan(&into.Minor) })
}

const accrualColumns = `library_id, patron_id, currency, loan_id, loan_library_id, amount_minor, currency, through_on`

func scanAccrual(row pgx.CollectableRow) (a Accrual, err error) {
	err = row.Scan(&a.Account.Library, &a.Account.Patron, &a.Account.Currency, &a.Loan, &a.LoanLibrary,
		&a.Amount.Minor, &a.Amount.Currency, &a.Through)
	return a, err
}

// Growing gives the patrons of a library whose fines grow, in the order of their
// ids after one.
func Growing(ctx context.Context, tx *postgres.Tx, library, after broker.ID, limit int) ([]broker.ID, error) {
	rows, err := tx.Query(ctx, `select distinct patron_id from accruals
		where library_id = $1 and ($2::uuid is null or patron_id > $2) and amount_minor > 0 order by patron_id limit $3`, library, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list growing accounts: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[broker.ID])
}
