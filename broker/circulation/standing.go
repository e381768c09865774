package circulation

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// standingFacts is what is asked about a patron in one round trip.
type standingFacts struct {
	patrons.Standing
	late []lateLoan
}

// askStanding queues every question about a patron, their loans included, and
// locks the patron.
func askStanding(tx *postgres.Tx, library directory.Library, today broker.Date, patron patrons.Ref, into *standingFacts) {
	patrons.AskStanding(tx, library, patron, &into.Standing)
	askLate(tx, patron, today, &into.late)
}

// asOfToday adds what overdue loans have come to since the last night's work,
// or since ever where no night ran, and how late the latest is. Loans that the
// patron says are back do not count as late.
func (f *standingFacts) asOfToday(ctx context.Context, tx *postgres.Tx, lenders *lenders) error {
	f.DaysOverdue = 0
	for _, late := range f.late {
		lender, err := lenders.of(ctx, tx, late.Loan)
		if err != nil {
			return err
		}
		if late.ClaimedAt.IsZero() {
			f.DaysOverdue = max(f.DaysOverdue, lender.today().DaysSince(late.DueOn))
		}
		f.Balances.ByKind[ledger.Overdue] += late.accrues(lender).Minor - late.Accrued
	}
	if f.Balances.ByKind[ledger.Overdue] == 0 {
		delete(f.Balances.ByKind, ledger.Overdue)
	}
	return nil
}

// otherLate tells whether the patron has another loan overdue than this one.
func (f *standingFacts) otherLate(loan Loan) bool {
	for _, late := range f.late {
		if late.LoanRef != loan.LoanRef && late.ClaimedAt.IsZero() {
			return true
		}
	}
	return false
}

// StandingOf gives everything about a patron that a policy may look at, fines
// to the day included, and locks the patron until the transaction ends.
// Desk.Now is business time.
func StandingOf(ctx context.Context, tx *postgres.Tx, desk Desk, patron patrons.Ref) (patrons.Standing, error) {
	var facts standingFacts
	askStanding(tx, desk.Library, desk.today(), patron, &facts)
	if err := tx.Flush(ctx); err != nil {
		return patrons.Standing{}, fmt.Errorf("read a patron's standing: %w", err)
	}
	if facts.Patron.ID == broker.NoID {
		return patrons.Standing{}, broker.NotFound("patron")
	}
	err := facts.asOfToday(ctx, tx, lendersFrom(desk))
	return facts.Standing, err
}
