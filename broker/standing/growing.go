package standing

import (
	"context"
	"fmt"

	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// Growing is what a patron's overdue loans have come to today without being
// charged.
type Growing struct {
	// Loans leaves out those that have come to nothing yet.
	Loans []ledger.Accrual
	// Since is what of it no night has written down: the balances of the account
	// lack it. It is negative where less is owed today than was written down.
	Since int64
}

// GrowingOf reads what a patron's overdue loans have come to up to today, and
// changes nothing: what ChargeAccrued would charge. The transaction sees the
// patron's sharing group.
func GrowingOf(ctx context.Context, tx *postgres.Tx, desk Desk, patron patrons.Ref) (Growing, error) {
	var growing Growing
	var late []LateLoan
	AskLate(tx, patron, desk.Today(), &late)
	if err := tx.Flush(ctx); err != nil {
		return growing, fmt.Errorf("read what has accrued: %w", err)
	}
	lenders := LendersFrom(desk)
	for _, loan := range late {
		lender, err := lenders.Of(ctx, tx, loan.Library, loan.Branch)
		if err != nil {
			return growing, err
		}
		amount := loan.Accrues(lender)
		growing.Since += amount.Minor - loan.Accrued
		if amount.Minor == 0 {
			continue
		}
		growing.Loans = append(growing.Loans, ledger.Accrual{
			Account: loan.Account(), Loan: loan.ID, LoanLibrary: loan.Library,
			Amount: amount, Through: loan.Through(lender.Today(), lender.Calendar()),
		})
	}
	return growing, nil
}
