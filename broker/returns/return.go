package returns

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Return is an item handed in at a desk.
type Return struct {
	Desk standing.Desk
	Item catalog.Ref
	// Loan is the loan it is out on, where the caller has looked that up: it saves
	// a round trip. It need not be right.
	Loan *loans.Loan
	// Drop is set for an item found in the book drop.
	Drop bool
	// Backdate is the day it counts as returned, where staff give one; a day in
	// the future counts as now.
	Backdate broker.Date
	// ScannedAt is when it was scanned, where that is entered later; zero is now.
	ScannedAt time.Time
	// Amnesty forgives what the lateness cost.
	Amnesty bool
	// InLibrary is set for a claimed item that was found on the library's own
	// shelves: the claim was right.
	InLibrary bool
	// Parts is what staff counted of an item with several pieces.
	Parts Parts
	// Ruined is set for an item that cannot be lent again: it goes to nobody who
	// waits.
	Ruined bool
}

type returnFacts struct {
	item  catalog.Item
	open  loans.Loan
	head  holds.Hold
	claim loans.Claim
	money loanMoney
}

// Return takes an item back. It closes the loan on the day that the lending
// desk's policy counts (scanned today, found in the book drop, or backdated),
// brings the fine to its right total on the loan's own terms, and sends the
// item on: a borrowed copy home to its lender, never to a local hold; one of
// our own to the next in the queue, home, or to the shelf. Handed in somewhere
// other than where it was borrowed, it is returned all the same, with a
// warning. If the loan was lost, the charge is settled as the policy says.
// Scanned again, nothing changes and nothing is charged twice.
func (c *Service) Return(ctx context.Context, tx *postgres.Tx, in Return) (loans.Outcome, error) {
	facts, err := readReturn(ctx, tx, in)
	if err != nil {
		return loans.Outcome{}, err
	}
	if facts.item.ID == broker.NoID {
		return loans.Outcome{}, broker.NotFound("item")
	}
	if facts.open.ID == broker.NoID {
		return notOut(ctx, tx, facts.item)
	}
	return c.close(ctx, tx, in, facts)
}

// readReturn reads everything in one round trip. What is on the account for the
// loan is read with it where the caller knows the loan; else afterwards, and
// only where lateness or a loss may have cost something.
func readReturn(ctx context.Context, tx *postgres.Tx, in Return) (returnFacts, error) {
	var facts returnFacts
	loans.LockBorrower(tx, in.Item)
	catalog.AskItemLocked(tx, in.Item.Library, in.Item.ID, &facts.item)
	loans.AskOutOn(tx, in.Item, &facts.open)
	loans.AskOpenClaim(tx, in.Item, &facts.claim)
	holds.AskHead(tx, in.Desk, in.Item, &facts.head)
	charged := false
	loans.AskWhetherCharged(tx, in.Item, &charged)
	known := in.Loan != nil && in.Loan.Patron.ID != broker.NoID
	if known {
		askLoanMoney(tx, *in.Loan, &facts.money)
	}
	if err := tx.Flush(ctx); err != nil {
		return facts, fmt.Errorf("read for a return: %w", err)
	}
	known = known && in.Loan.Ref == facts.open.Ref && in.Loan.Patron == facts.open.Patron && in.Loan.Status == facts.open.Status
	late := charged || facts.open.Status == loans.Lost || in.Desk.Today().After(facts.open.DueOn)
	if known || !late || facts.open.ID == broker.NoID {
		return facts, nil
	}
	askLoanMoney(tx, facts.open, &facts.money)
	if err := tx.Flush(ctx); err != nil {
		return facts, fmt.Errorf("read what a loan cost: %w", err)
	}
	return facts, nil
}

// notOut answers the scan of an item that nobody has: the second scan of a
// return, or a stray.
func notOut(ctx context.Context, tx *postgres.Tx, item catalog.Item) (loans.Outcome, error) {
	var last loans.Loan
	loans.AskLast(tx, item.Ref(), &last)
	if err := tx.Flush(ctx); err != nil {
		return loans.Outcome{}, fmt.Errorf("read the last loan: %w", err)
	}
	var out loans.Outcome
	out.Replayed = true
	out.SetItem(item)
	if item.Temporary() && item.Status == catalog.Received {
		out.NextAct = standing.ShipToLender
	}
	if last.ID == broker.NoID {
		out.Say("It was not on loan: it is %s.", item.Status.Words())
		return out, nil
	}
	out.SetLoan(last)
	out.Say("It was returned already, on %s: it is %s.", last.ReturnedOn, item.Status.Words())
	return out, nil
}

func (c *Service) close(ctx context.Context, tx *postgres.Tx, in Return, facts returnFacts) (loans.Outcome, error) {
	loan := facts.open
	lenders := standing.LendersFrom(in.Desk)
	lender, err := lenders.Of(ctx, tx, loan.Library, loan.Branch)
	if err != nil {
		return loans.Outcome{}, err
	}
	document, err := c.Rules(lender)
	if err != nil {
		return loans.Outcome{}, err
	}
	if !in.ScannedAt.IsZero() {
		match := rule.Match{Owner: loan.Terms.Owner, Item: loan.Terms.Item}
		if err := lending.ScannedAt(document, lender.Moment(), match, in.ScannedAt, loan.StartedAt); err != nil {
			return loans.Outcome{}, err
		}
		lender.Now = in.ScannedAt
	}
	lentBy, err := loans.LentBy(c.Policies, lender, loan)
	if err != nil {
		return loans.Outcome{}, err
	}
	if err := c.checkPart(ctx, tx, lender, loan, facts.item, in.Parts.Missing); err != nil {
		return loans.Outcome{}, err
	}
	var out loans.Outcome
	if seen := loan.SeenBackOn; !seen.IsZero() && (in.Backdate.IsZero() || seen.Before(in.Backdate)) {
		in.Backdate = seen // whoever saw it home said so on that day
	}
	handed := lending.HandedIn{Match: loan.MatchOf(facts.item), Drop: in.Drop, Backdate: in.Backdate}
	day := lending.EffectiveReturn(document, lender.Moment(), handed).On.Later(lender.Calendar().DateOf(loan.StartedAt))
	if err := c.loseFirst(ctx, tx, in, lender, day, &facts, &out); err != nil {
		return loans.Outcome{}, err
	}
	loan = facts.open
	cleared := c.endClaim(tx, in, lentBy, facts, &out)
	if handed.NotTold, err = notTold(ctx, tx, lender, document, loan, handed.Match); err != nil {
		return loans.Outcome{}, err
	}
	handed.Amnesty = in.Amnesty || cleared
	counts := lending.EffectiveReturn(document, lender.Moment(), handed)
	if in.Amnesty { // records what had accrued before it is forgiven
		if err := c.LatchAfter(ctx, tx, in.Desk, loan.Patron, standing.Late{}); err != nil {
			return loans.Outcome{}, err
		}
	}
	loan.Status, loan.ReturnedAt, loan.ReturnedOn = loans.Returned, lender.Now, day
	counts.On, loan.FineFree = day, counts.FineFree
	if loan.LostHow.ByRule() && day.Before(loan.LostOn) {
		loan.LostOn, loan.LostHow = broker.Date{}, "" // it was back before
	}
	loans.Save(tx, loan)
	out.SetLoan(loan)
	out.Say("Returned on %s.", loan.ReturnedOn)
	if handed.NotTold {
		out.Say("No overdue notice reached the patron, which excuses the lateness.")
	}
	warnPlace(document, in.Desk, facts.item, loan, &out)
	facts.item = in.Parts.look(tx, facts.item, &out)
	next := facts.head
	if in.Ruined {
		next = holds.Hold{}
	}
	sent, err := c.holds.Forward(ctx, tx, in.Desk, facts.item, next)
	if err != nil {
		return loans.Outcome{}, err
	}
	out.Follow(sent)
	if loan.Patron.ID == broker.NoID {
		return out, nil // anonymised since it was lost: no account to settle
	}
	patrons.TouchActive(tx, loan.Patron, in.Desk.Today())
	err = c.settleReturn(ctx, tx, returned{in: in, lender: lender, lentBy: lentBy, facts: facts, loan: loan, counts: counts, cleared: cleared}, &out)
	return out, err
}

// notTold tells whether a late loan is excused because no notice was sent about
// it. It reads notices only where the policy allows that excuse.
func notTold(ctx context.Context, tx *postgres.Tx, lender standing.Desk, document *policy.Document, loan loans.Loan, match rule.Match) (bool, error) {
	if !lender.Today().After(loan.DueOn) || !lending.NoticeExcuses(document, match) {
		return false, nil
	}
	told, err := notices.ToldOverdue(ctx, tx, loan.Patron.Library, loan.ID, loan.Request)
	return !told, err
}

// returned is a loan that was just closed, with all that settling its account
// depends on.
type returned struct {
	in     Return
	lender standing.Desk
	lentBy *policy.Document
	facts  returnFacts
	loan   loans.Loan
	counts lending.ReturnDecision
	// cleared tells that the patron's claim was right: nothing is owed for the
	// loan.
	cleared bool
}

// daysLate is how late the item was: not at all where a claim was right.
func (r returned) daysLate() int {
	if r.cleared || !r.facts.open.ClaimedAt.IsZero() {
		return 0
	}
	return r.loan.ReturnedOn.DaysSince(r.loan.DueOn)
}

// settleReturn brings what is charged for a closed loan to the right amount.
func (c *Service) settleReturn(ctx context.Context, tx *postgres.Tx, r returned, out *loans.Outcome) error {
	s := loans.Settling{
		Desk: r.in.Desk, Loan: r.loan, Through: r.counts.On, Forgiven: r.counts.FineFree, Opening: r.lender.Calendar(),
		Fine: costs.FineAtReturn(r.loan.Terms, r.loan.DueOn, r.counts, r.lender.Moment()),
		Why:  ledger.CorrectedAtReturn, Last: true, Money: r.facts.money.overdue,
	}
	if r.loan.Terms.Overdue.Per == attributes.PerHour && !r.counts.FineFree {
		s.Fine = costs.OverdueFineAt(r.loan.Terms, r.loan.DueAt, r.lender.Now, r.lender.Calendar())
	}
	var err error
	switch {
	case !r.loan.LostOn.IsZero():
		err = r.settleLost(tx, s, out)
	case r.facts.open.Status == loans.Lost:
		err = r.neverLost(tx, s, out)
	default:
		err = s.Settle(tx, out)
	}
	if err == nil && r.loan.Renewals > 0 {
		err = loans.SettleEarlier(tx, r.in.Desk, r.lender, r.lentBy, r.loan, r.facts.money.overdue, out)
	}
	if err == nil {
		err = c.chargePart(ctx, tx, r, out)
	}
	if err != nil {
		return err
	}
	if r.facts.money.overdue.Accrued.Loan != broker.NoID {
		ledger.EndAccrual(tx, r.loan.Patron.Library, r.loan.ID)
	}
	return loans.LatchLate(ctx, tx, c.Policies, r.in.Desk, r.loan, r.daysLate(), *out)
}

// warnPlace tells what the borrowing library's policy says about an
// interlibrary loan returned somewhere else: advice or obligation, never a
// refusal.
func warnPlace(document *policy.Document, desk standing.Desk, item catalog.Item, loan loans.Loan, out *loans.Outcome) {
	if !item.Temporary() {
		return
	}
	if warning := lending.ReturnPlaceOf(document, loan.Library == desk.Library.ID).Warn; warning != nil {
		out.Warnings = append(out.Warnings, *warning)
	}
}
