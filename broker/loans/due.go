package loans

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
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

// ChangeDue moves the due date of an open loan.
type ChangeDue struct {
	Desk standing.Desk
	Loan Ref
	// Due is the patron's new date; LenderDue may be given instead, and the
	// patron's date follows from it.
	Due       broker.Date
	LenderDue broker.Date
	Why       WhyDue
}

// ChangeDue moves a due date. It never makes a fine for days that have passed:
// a new date is never before today. The same date again changes nothing; a loan
// that is not open is the conflict not_on_loan.
func (c *Service) ChangeDue(ctx context.Context, tx *postgres.Tx, in ChangeDue) (Outcome, error) {
	loan, err := Locked(ctx, tx, in.Loan)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	if loan.Status != Open {
		return out, broker.Conflict("not_on_loan", "That loan is %s.", loan.Status)
	}
	asked := in.Due
	if asked.IsZero() {
		document, err := c.Rules(in.Desk)
		if err != nil {
			return out, err
		}
		asked = lending.ILLDueDate(document, in.Desk.Moment(), in.LenderDue).Due
		keepLenderDue(tx, loan.Ref, in.LenderDue)
	}
	due := changedDue(loan.DueOn, asked, in.Desk.Today())
	if due == loan.DueOn {
		out.SetLoan(loan)
		out.Replayed = true
		out.Say("It is due on %s, as before.", due)
		return out, nil
	}
	if due.After(loan.DueOn) && in.Desk.Today().After(loan.DueOn) {
		if err := c.settleLate(ctx, tx, in, loan, due, &out); err != nil {
			return out, err
		}
	}
	late := 0
	switch in.Why {
	case DueRenewed:
		late = in.Desk.Today().DaysSince(loan.DueOn)
		loan.Renewals++
	case DueRecalled:
		loan.RecalledOn = in.Desk.Today()
	case DueCorrected:
	}
	loan.DueOn, loan.DueAt = due, in.Desk.Calendar().EndOfBusiness(due)
	Save(tx, loan)
	out.SetLoan(loan)
	out.Say("It is now due on %s.", due)
	return out, LatchLate(ctx, tx, c.Policies, in.Desk, loan, late, out)
}

// settleLate settles the fine of a late loan when its due date moves to a later
// day: a lender's renewal leaves the fine up to today as the policy says, a
// corrected date leaves the fine for lateness by that date.
func (c *Service) settleLate(ctx context.Context, tx *postgres.Tx, in ChangeDue, loan Loan, due broker.Date, out *Outcome) error {
	if loan.Patron.ID == broker.NoID || loan.Terms.Overdue.Rate.Minor == 0 {
		return nil
	}
	lender, err := standing.LendersFrom(in.Desk).Of(ctx, tx, loan.Library, loan.Branch)
	if err != nil {
		return err
	}
	if err := c.LatchAfter(ctx, tx, in.Desk, loan.Patron, loan.Terms.Class, 0); err != nil { // some of what had accrued may be forgiven
		return err
	}
	var money ledger.LoanMoney
	AskFine(tx, loan, &money)
	if err := tx.Flush(ctx); err != nil {
		return fmt.Errorf("read what a late loan was charged: %w", err)
	}
	ledger.EndAccrual(tx, loan.Patron.Library, loan.ID) // if it is still late, it is worked out again
	opening := lender.Calendar()
	s := Settling{Desk: in.Desk, Loan: loan, Through: loan.Late().Through(lender.Today(), opening), Opening: opening, Money: money}
	if in.Why == DueRenewed {
		document, err := c.Rules(lender)
		if err != nil {
			return err
		}
		match := rule.Match{Owner: loan.Terms.Owner, Class: loan.Terms.Class, Item: loan.Terms.Item}
		s.Why, s.Last = ledger.CorrectedAtRenewal, true
		s.Fine = costs.FineAtRenewal(document, lender.Moment(), match, loan.Terms, loan.DueOn)
		s.Forgiven = s.Fine.Amount.Minor == 0
		return s.Settle(tx, out)
	}
	s.Why, s.Fine = ledger.CorrectedDueDate, costs.OverdueFine(loan.Terms, due, s.Through, opening)
	s.Money = money.OfPeriod(loan.Period())
	charged := s.Money.Charged.Minor - s.Money.Corrected().Minor
	if over := s.over(s.Money, charged); over > 0 {
		return s.takeBack(tx, s.Money, over, out)
	}
	return nil
}

// Recall asks for an item of our own back early, by the desk's policy; the new
// date is never later than the old. A borrowed copy is recalled by its lender.
func (c *Service) Recall(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref Ref) (Outcome, error) {
	loan, err := Locked(ctx, tx, ref)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	if loan.Status != Open {
		return out, broker.Conflict("not_on_loan", "That loan is %s.", loan.Status)
	}
	document, err := c.Rules(desk)
	if err != nil {
		return out, err
	}
	if loan.RecalledOn.IsZero() {
		loan.RecalledOn = desk.Today()
	}
	match := rule.Match{Owner: loan.Terms.Owner, Class: loan.Terms.Class, Item: loan.Terms.Item}
	loan.DueOn = lending.RecallDue(document, desk.Moment(), match, loan.DueOn).Value
	loan.DueAt = desk.Calendar().EndOfBusiness(loan.DueOn)
	Save(tx, loan)
	out.SetLoan(loan)
	out.TellPatron = true
	out.Say("Recalled: it is due on %s.", loan.DueOn)
	return out, nil
}

// changedDue is the due date a loan gets when its lender moves it. A later date
// is taken as it is. An earlier one never makes a fine for days that have
// passed: the new date is today at the earliest, and a loan that is already
// overdue stays as overdue as it was.
func changedDue(current, asked, today broker.Date) broker.Date {
	earliest := current.Earlier(today)
	if asked.Before(earliest) {
		return earliest
	}
	return asked
}
