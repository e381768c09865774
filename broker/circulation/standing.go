package circulation

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// standingFacts is what is asked about a patron in one round trip.
type standingFacts struct {
	patrons.Standing
	// late are the patron's loans that are past their due date, linkedLate those
	// of everybody linked to them.
	late, linkedLate []lateLoan
}

// askStanding queues every question about a patron, their loans included, and
// locks the patron.
func askStanding(tx *postgres.Tx, library directory.Library, today broker.Date, patron patrons.Ref, into *standingFacts) {
	patrons.AskStanding(tx, library, patron, &into.Standing)
	into.askLate(tx, patron, today)
}

func (f *standingFacts) askLate(tx *postgres.Tx, patron patrons.Ref, today broker.Date) {
	askLate(tx, patron, today, &f.late)
	askLateLinked(tx, patron, today, &f.linkedLate)
}

// asOfToday adds what overdue loans have come to since the last night's work,
// or since ever where no night ran, the patron's and those of everybody linked to
// them, and how late the patron's latest is. Loans that the patron says are back
// do not count as late.
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
		grow(&f.Balances, late.accrues(lender).Minor-late.Accrued)
	}
	for _, late := range f.linkedLate {
		lender, err := lenders.of(ctx, tx, late.Loan)
		if err != nil {
			return err
		}
		for i := range f.Linked {
			if f.Linked[i].Ref == late.Patron {
				grow(&f.Linked[i].Balances, late.accrues(lender).Minor-late.Accrued)
			}
		}
	}
	return nil
}

// grow adds to what is owed for lateness.
func grow(balances *ledger.Balances, minor int64) {
	if balances.ByKind == nil {
		balances.ByKind = map[string]int64{}
	}
	if balances.ByKind[ledger.Overdue] += minor; balances.ByKind[ledger.Overdue] == 0 {
		delete(balances.ByKind, ledger.Overdue)
	}
}

// latch lets the blocks that latch follow what was found to be owed today, in the
// transaction of an act that goes on: who crossed the threshold between two nights
// is blocked from then on, whatever is paid meanwhile. It reads nothing. A patron
// who is at home elsewhere is left to their own library.
func (f *standingFacts) latch(tx *postgres.Tx, desk Desk, document *policy.Document) {
	if f.Patron.Library == desk.Library.ID {
		patrons.Latch(tx, desk.Library, document, f.Standing, desk.Now)
	}
}

// UpdateLatch puts or lifts the blocks that latch, by what the patron owes today.
// Call it in the transaction that posts to the account, after the posting; and
// before an act that forgives what only grew, because nothing else remembers that
// it had come to so much. home is the patron's library and document its policy.
func UpdateLatch(ctx context.Context, tx *postgres.Tx, home directory.Library, document *policy.Document, patron patrons.Ref, now time.Time) (patrons.Latching, error) {
	return updateLatchAfter(ctx, tx, home, document, patron, 0, now)
}

// updateLatchAfter is UpdateLatch where an item was just so many days overdue, and
// is so no longer: it came back, was renewed or is lost.
func updateLatchAfter(ctx context.Context, tx *postgres.Tx, home directory.Library, document *policy.Document, patron patrons.Ref, daysOverdue int, now time.Time) (patrons.Latching, error) {
	standing, err := StandingOf(ctx, tx, Desk{Library: home, Now: now}, patron)
	if err != nil {
		return patrons.Latching{}, err
	}
	standing.DaysOverdue = max(standing.DaysOverdue, daysOverdue)
	return patrons.Latch(tx, home, document, standing, now), nil
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
// to the day included (theirs and those of who is linked to them), and locks the patron until the transaction ends.
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
