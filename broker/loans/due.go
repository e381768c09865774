package loans

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// WhyDue says why a due date moves.
type WhyDue string

// The reasons a due date moves.
const (
	DueRenewed   WhyDue = "renewed"   // the lender granted a renewal
	DueCorrected WhyDue = "corrected" // the lender had given a wrong date
	DueRecalled  WhyDue = "recalled"  // the lender wants it back early
)

// ChangeDue moves the due date of a loan.
type ChangeDue struct {
	Desk standing.Desk
	Loan Ref
	// Due is the patron's new date; LenderDue may be given instead, and the
	// patron's date follows from it. A recall may give neither: the policy says by
	// when.
	Due       broker.Date
	LenderDue broker.Date
	Why       WhyDue
	// From is the day from which a renewal counts, the day on which it was asked
	// for; zero means today.
	From broker.Date
	// Said is when the lender said so; zero means now. What was said before what is
	// known already changes nothing about that, and what was said before the loan
	// began counts from its beginning.
	Said time.Time
}

// ChangeDue takes over a new due date of a loan that is open, or of one that was
// returned before the news came, and brings what its lateness costs to what it
// comes to by that date. It never makes a fine for days that have passed. The
// same date again changes nothing; a loan that is lost is the conflict
// not_on_loan.
func (c *Service) ChangeDue(ctx context.Context, tx *postgres.Tx, in ChangeDue) (Outcome, error) {
	loan, err := Locked(ctx, tx, in.Loan)
	if err != nil {
		return Outcome{}, err
	}
	if loan.Status == Lost {
		return Outcome{}, broker.Conflict("not_on_loan", "That loan is %s.", loan.Status)
	}
	lender, err := standing.LendersFrom(in.Desk).Of(ctx, tx, loan.Library, loan.Branch)
	if err != nil {
		return Outcome{}, err
	}
	lentBy, err := LentBy(c.Policies, lender, loan)
	if err != nil {
		return Outcome{}, err
	}
	before := loan
	in.apply(&loan, lentBy, lender)
	var out Outcome
	if loan.Renewals == before.Renewals && !timesDiffer(before, loan) {
		if loan.Terms.LenderDue != before.Terms.LenderDue {
			keepLenderDue(tx, loan.Ref, loan.Terms.LenderDue)
		}
		if in.Why == DueRecalled && loan.RecalledOn.IsZero() {
			loan.RecalledOn = lender.Today()
		}
		Save(tx, loan) // what was said is kept, whatever it comes to
		out.SetLoan(loan)
		out.Replayed = true
		out.Say("It is due on %s, as before.", before.DueOn)
		return out, nil
	}
	late := 0
	switch in.Why {
	case DueRenewed:
		late = in.from(lender).DaysSince(before.DueOn)
	case DueRecalled:
		if loan.RecalledOn.IsZero() {
			loan.RecalledOn = lender.Today()
		}
	case DueCorrected:
	}
	return out, c.changed(ctx, tx, in, resettled{loan: loan, lender: lender, lentBy: lentBy}, before, late, &out)
}

// changed stores a loan with its new due date, and what follows from it.
func (c *Service) changed(ctx context.Context, tx *postgres.Tx, in ChangeDue, r resettled, before Loan, late int, out *Outcome) error {
	loan, known := r.loan, r.loan.Patron.ID != broker.NoID
	r.why = ledger.CorrectedDueDate
	if in.Why == DueRenewed {
		r.why = ledger.CorrectedAtRenewal
	}
	if known && before.DueOn.Before(r.lender.Today()) { // some of what had accrued may be forgiven
		if err := c.LatchAfter(ctx, tx, in.Desk, loan.Patron, standing.Late{}); err != nil {
			return err
		}
	}
	if known {
		AskFine(tx, loan, &r.money)
		if err := tx.Flush(ctx); err != nil {
			return fmt.Errorf("read what a loan was charged: %w", err)
		}
	}
	if loan.Terms.LenderDue != before.Terms.LenderDue {
		keepLenderDue(tx, loan.Ref, loan.Terms.LenderDue)
	}
	Save(tx, loan)
	out.SetLoan(loan)
	out.Say("It is now due on %s.", loan.DueOn)
	if err := r.resettle(tx, in.Desk, out); err != nil {
		return err
	}
	return LatchLate(ctx, tx, c.Policies, in.Desk, loan, late, *out)
}

// from is the day from which a renewal counts.
func (in ChangeDue) from(lender standing.Desk) broker.Date {
	if in.From.IsZero() {
		return lender.Today()
	}
	return in.From
}

// apply gives a loan the new date: a renewal begins a period, anything else
// changes the period that it was said in.
func (in ChangeDue) apply(loan *Loan, lentBy *policy.Document, lender standing.Desk) {
	known, today := loan.said(), lender.Today()
	var times []costs.Period
	word := costs.Word{At: in.Said, Set: cmp.Or(in.Due, in.LenderDue), Lender: in.LenderDue}
	switch {
	case in.Said.IsZero():
		word.At = in.Desk.Now
	case in.Said.Before(loan.StartedAt):
		word.At = loan.StartedAt // on its way while the item was lent by what was known
	}
	switch {
	case in.Why == DueRenewed:
		last := known[len(known)-1]
		if word.Set == last.Set && len(last.Words) == 0 {
			return // said again
		}
		stood := last.Due // when the day began
		if last.Told == today && !last.Before.IsZero() {
			stood = last.Before
		}
		times = costs.Renew(known, in.from(lender), stood, word)
		loan.Renewals++
	case in.Why == DueRecalled && word.Set.IsZero():
		word.Recalled = lending.RecallDue(lentBy, lender.Moment(), loan.Match(), broker.Date{}).Value
		times = costs.Say(known, word)
	default:
		times = costs.Say(known, word)
	}
	loan.Terms.LenderDue = cmp.Or(times[len(times)-1].Lender, loan.Terms.LenderDue)
	for i, period := range times {
		if i < len(known) && period.Set == known[i].Set && period.Lender == known[i].Lender && period.Recalled == known[i].Recalled {
			continue
		}
		due := settledDue(*loan, lentBy, lender, period)
		if period.SetAt.Equal(word.At) && !in.Due.IsZero() {
			due = in.Due // a date agreed on stands, open or closed
		}
		if in.Why == DueRecalled {
			due = due.Earlier(period.Due)
		}
		times[i] = period.Tell(due, today, lender.Calendar())
	}
	loan.keep(times, lender.Calendar())
}

// settledDue is the due date that comes of the date that was set for a period, by
// the loan's own rules and the calendar as it is known now.
func settledDue(loan Loan, lentBy *policy.Document, lender standing.Desk, period costs.Period) broker.Date {
	if loan.Terms.Class == "library" {
		return lender.Calendar().NextOpenDay(period.Set) // between libraries the date is agreed
	}
	due := lending.SettledDue(lentBy, lender.Moment(), loan.Match(), period.Set, cmp.Or(period.Lender, loan.Terms.LenderDue)).Value
	if !period.Recalled.IsZero() {
		due = due.Earlier(period.Recalled)
	}
	return due
}

// timesDiffer tells whether any due date of two states of a loan differs.
func timesDiffer(a, b Loan) bool {
	return !slices.EqualFunc(a.Times(), b.Times(), func(a, b costs.Period) bool { return a.Due == b.Due })
}

// Recall asks for an item back early, by the loan's own rules; the new date is
// never later than the old.
func (c *Service) Recall(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref Ref) (Outcome, error) {
	loan, err := Locked(ctx, tx, ref)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	if loan.Status != Open {
		return out, broker.Conflict("not_on_loan", "That loan is %s.", loan.Status)
	}
	lender, err := standing.LendersFrom(desk).Of(ctx, tx, loan.Library, loan.Branch)
	if err != nil {
		return out, err
	}
	document, err := LentBy(c.Policies, lender, loan)
	if err != nil {
		return out, err
	}
	if loan.RecalledOn.IsZero() {
		loan.RecalledOn = lender.Today()
	}
	times := loan.said()
	if times[len(times)-1].Recalled.IsZero() {
		by := lending.RecallDue(document, lender.Moment(), loan.Match(), broker.Date{}).Value
		times = costs.Say(times, costs.Word{At: desk.Now, Recalled: by})
		last := &times[len(times)-1]
		if due := loan.DueOn.Earlier(by); due != loan.DueOn {
			*last = last.Tell(due, lender.Today(), lender.Calendar())
		}
		loan.keep(times, lender.Calendar())
	}
	Save(tx, loan)
	out.SetLoan(loan)
	out.TellPatron = true
	out.Say("Recalled: it is due on %s.", loan.DueOn)
	return out, nil
}
