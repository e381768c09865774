package standing

import (
	"context"
	"fmt"

	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// Growing is what a patron's overdue loans have accrued up to today without
// being charged.
type Growing struct {
	// Loans leaves out those that have accrued nothing yet.
	Loans []ledger.Accrual
	// Since is the part that no nightly run has recorded, so that the account's
	// balances lack it. It is negative where less is owed today than was recorded.
	Since int64
}

// GrowingOf reads what a patron's overdue loans have accrued up to today, which
// is what loans.ChargeAccrued would charge, and changes nothing. The
// transaction must see the patron's sharing group.
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
