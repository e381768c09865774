package standing

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/blocks"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// Facts is everything read about a patron in one round trip.
type Facts struct {
	patrons.Standing
	// Late are the patron's loans past their due date, LinkedLate those of
	// everybody linked to the patron.
	Late, LinkedLate []LateLoan
}

// Ask queues every question about a patron, their loans included, and
// locks the patron.
func Ask(tx *postgres.Tx, library directory.Library, today broker.Date, patron patrons.Ref, into *Facts) {
	patrons.AskStanding(tx, library, patron, &into.Standing)
	into.AskLate(tx, patron, today)
}

// AskLate queues the question about the patron's loans that are late, and those of
// everybody linked to them.
func (f *Facts) AskLate(tx *postgres.Tx, patron patrons.Ref, today broker.Date) {
	AskLate(tx, patron, today, &f.Late)
	askLateLinked(tx, patron, today, &f.LinkedLate)
}

// AsOfToday adds what the overdue loans of the patron and of everybody linked
// to them have accrued since the last nightly run (or in all, where none ran),
// and how late the patron's latest loan is. Loans that the patron says are back
// do not count as late.
func (f *Facts) AsOfToday(ctx context.Context, tx *postgres.Tx, lenders *Lenders) error {
	f.DaysOverdue, f.OverdueOf = 0, map[rule.Owner]int{}
	for _, late := range f.Late {
		lender, err := lenders.Of(ctx, tx, late.Library, late.Branch)
		if err != nil {
			return err
		}
		if !late.Stopped() {
			days := lender.Today().DaysSince(late.DueOn)
			f.DaysOverdue = max(f.DaysOverdue, days)
			f.OverdueOf[late.Terms.Owner] = max(f.OverdueOf[late.Terms.Owner], days)
		}
		grow(&f.Balances, late.Accrues(lender).Minor-late.Accrued)
	}
	for _, late := range f.LinkedLate {
		lender, err := lenders.Of(ctx, tx, late.Library, late.Branch)
		if err != nil {
			return err
		}
		for i := range f.Linked {
			if f.Linked[i].Ref == late.Patron {
				grow(&f.Linked[i].Balances, late.Accrues(lender).Minor-late.Accrued)
			}
		}
	}
	return nil
}

// grow adds an amount to what is owed for lateness.
func grow(balances *ledger.Balances, minor int64) {
	if balances.ByKind == nil {
		balances.ByKind = map[string]int64{}
	}
	if balances.ByKind[ledger.Overdue] += minor; balances.ByKind[ledger.Overdue] == 0 {
		delete(balances.ByKind, ledger.Overdue)
	}
}

// Latch updates the latching blocks by what was found to be owed today, in the
// transaction of an act that goes ahead: whoever crossed the threshold between
// two nights is blocked from then on, whatever is paid meanwhile. It reads
// nothing. A patron of another home library is left to that library.
func (f *Facts) Latch(tx *postgres.Tx, desk Desk, document *policy.Document) {
	if f.Patron.Library == desk.Library.ID {
		patrons.Latch(tx, desk.Library, document, f.Standing, desk.Now)
	}
}

// UpdateLatch sets or lifts the latching blocks by what the patron owes today.
// Call it in the transaction that posts to the account, after the posting; and
// before an act that forgives what accrued but was never charged, because
// nothing else records that it had reached that amount. home is the patron's
// library and document its policy.
func UpdateLatch(ctx context.Context, tx *postgres.Tx, home directory.Library, document *policy.Document, patron patrons.Ref, now time.Time) (patrons.Latching, error) {
	return updateLatchAfter(ctx, tx, home, document, patron, Late{}, now)
}

// Late is a loan that was late until just now: by whose item it is, and for how many
// days. The zero Late stands for none.
type Late struct {
	Owner rule.Owner
	Days  int
}

// updateLatchAfter is UpdateLatch for a patron who until just now had an item
// overdue: it came back, was renewed or is lost.
func updateLatchAfter(ctx context.Context, tx *postgres.Tx, home directory.Library, document *policy.Document, patron patrons.Ref, late Late, now time.Time) (patrons.Latching, error) {
	standing, err := Of(ctx, tx, Desk{Library: home, Now: now}, patron)
	if err != nil {
		return patrons.Latching{}, err
	}
	standing.DaysOverdue = max(standing.DaysOverdue, late.Days)
	if late.Days > 0 {
		if standing.OverdueOf == nil {
			standing.OverdueOf = map[rule.Owner]int{}
		}
		standing.OverdueOf[late.Owner] = max(standing.OverdueOf[late.Owner], late.Days)
	}
	return patrons.Latch(tx, home, document, standing, now), nil
}

// LatchAfter is UpdateLatch at a desk, for a patron who had a loan late until now. It reads nothing where no block in the policy of their
// home library latches, or where nobody had the item.
func (p Policies) LatchAfter(ctx context.Context, tx *postgres.Tx, desk Desk, patron patrons.Ref, late Late) error {
	if patron.ID == broker.NoID {
		return nil
	}
	home, document, err := p.RulesOf(ctx, tx, desk, patron.Library)
	if err != nil || !blocks.Latching(document) {
		return err
	}
	_, err = updateLatchAfter(ctx, tx, home.Library, document, patron, late, desk.Now)
	return err
}

// OtherLate tells whether the patron has an overdue loan other than this one.
func (f *Facts) OtherLate(library, loan broker.ID) bool {
	for _, late := range f.Late {
		if (late.Library != library || late.ID != loan) && late.ClaimedAt.IsZero() {
			return true
		}
	}
	return false
}

// Of gives everything about a patron that a policy may look at, with fines up
// to today (theirs and those of everybody linked to them), and locks the patron
// until the transaction ends. Desk.Now is business time.
func Of(ctx context.Context, tx *postgres.Tx, desk Desk, patron patrons.Ref) (patrons.Standing, error) {
	var facts Facts
	Ask(tx, desk.Library, desk.Today(), patron, &facts)
	if err := tx.Flush(ctx); err != nil {
		return patrons.Standing{}, fmt.Errorf("read a patron's standing: %w", err)
	}
	if facts.Patron.ID == broker.NoID {
		return patrons.Standing{}, broker.NotFound("patron")
	}
	err := facts.AsOfToday(ctx, tx, LendersFrom(desk))
	return facts.Standing, err
}
