package circulation

import (
	"context"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// WhyDue says why a due date moves.
type WhyDue string

// The reasons a due date moves.
const (
	DueRenewed   WhyDue = "renewed"   // the lender granted a renewal
	DueCorrected WhyDue = "corrected" // the lender had said it wrongly
	DueRecalled  WhyDue = "recalled"  // the lender wants it back early
)

// ChangeDue moves the due date of an open loan.
type ChangeDue struct {
	Desk Desk
	Loan LoanRef
	// Due is the patron's new date; LenderDue, where given instead, is turned
	// into it.
	Due       broker.Date
	LenderDue broker.Date
	Why       WhyDue
}

// ChangeDue moves a due date. It never makes a fine for days that have passed:
// an earlier date is today at the earliest. The same date again changes
// nothing; a loan that is not open is the conflict not_on_loan.
func (c *Circulation) ChangeDue(ctx context.Context, tx *postgres.Tx, in ChangeDue) (Outcome, error) {
	loan, err := loanLocked(ctx, tx, in.Loan)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	if loan.Status != LoanOpen {
		return out, broker.Conflict("not_on_loan", "That loan is %s.", loan.Status)
	}
	asked := in.Due
	if asked.IsZero() {
		document, err := c.Rules(in.Desk)
		if err != nil {
			return out, err
		}
		asked = document.ILLDueDate(in.Desk.moment(), in.LenderDue).Due
		keepLenderDue(tx, loan.LoanRef, in.LenderDue)
	}
	due := changedDue(loan.DueOn, asked, in.Desk.today())
	if due == loan.DueOn {
		out.setLoan(loan)
		out.Replayed = true
		out.say("It is due on %s, as before.", due)
		return out, nil
	}
	loan.DueOn, loan.DueAt = due, in.Desk.calendar().EndOfBusiness(due)
	switch in.Why {
	case DueRenewed:
		loan.Renewals++
	case DueRecalled:
		loan.RecalledOn = in.Desk.today()
	case DueCorrected:
	}
	moveLoan(tx, loan)
	out.setLoan(loan)
	out.say("It is now due on %s.", due)
	return out, nil
}

// Recall asks for an item of our own back early, by the desk's policy: never
// later than it was due. A borrowed copy is recalled by its lender.
func (c *Circulation) Recall(ctx context.Context, tx *postgres.Tx, desk Desk, ref LoanRef) (Outcome, error) {
	loan, err := loanLocked(ctx, tx, ref)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	if loan.Status != LoanOpen {
		return out, broker.Conflict("not_on_loan", "That loan is %s.", loan.Status)
	}
	document, err := c.Rules(desk)
	if err != nil {
		return out, err
	}
	if loan.RecalledOn.IsZero() {
		loan.RecalledOn = desk.today()
	}
	match := policy.Match{Owner: loan.Terms.Owner, Class: loan.Terms.Class, Item: loan.Terms.Item}
	loan.DueOn = document.RecallDue(desk.moment(), match, loan.DueOn).Value
	loan.DueAt = desk.calendar().EndOfBusiness(loan.DueOn)
	moveLoan(tx, loan)
	out.setLoan(loan)
	out.TellPatron = true
	out.say("Recalled: it is due on %s.", loan.DueOn)
	return out, nil
}
