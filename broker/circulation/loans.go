package circulation

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
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
	}
	due := changedDue(loan.DueOn, asked, in.Desk.today())
	if due == loan.DueOn {
		out.setLoan(loan)
		out.Replayed = true
		out.say("It is due on %s, as before.", due)
		return out, nil
	}
	loan.DueOn, loan.DueAt = due, in.Desk.calendar().EndOfBusiness(due)
	if in.Why == DueRenewed {
		loan.Renewals++
	}
	moveLoan(tx, loan)
	out.setLoan(loan)
	out.say("It is now due on %s.", due)
	return out, nil
}

// Renew is a patron keeping an item of our own, or of the shared catalogue,
// longer.
type Renew struct {
	Desk      Desk
	Loan      LoanRef
	Overrides []string
}

// Renew lends an item on, by the desk's policy. It refuses with every reason; a
// borrowed copy is refused with lender_decides, because the question goes to
// its lender. What an overdue loan has cost so far is charged first.
func (c *Circulation) Renew(ctx context.Context, tx *postgres.Tx, in Renew) (Outcome, error) {
	loan, err := loanLocked(ctx, tx, in.Loan)
	if err != nil {
		return Outcome{}, err
	}
	if loan.Status != LoanOpen {
		return Outcome{}, broker.Conflict("not_on_loan", "That loan is %s.", loan.Status)
	}
	if loan.Terms.Owner == policy.OwnerILL {
		return Outcome{}, broker.Refused("lender_decides", "A renewal of a borrowed item is asked of its lender, through the request.")
	}
	document, err := c.Rules(in.Desk)
	if err != nil {
		return Outcome{}, err
	}
	passed, err := c.mayRenew(ctx, tx, document, loan, in)
	if err != nil {
		return Outcome{}, err
	}
	match := policy.Match{Owner: loan.Terms.Owner, Class: loan.Terms.Class, Item: loan.Terms.Item}
	due := document.DueDate(in.Desk.moment(), match).Value
	if !due.After(loan.DueOn) {
		return Outcome{}, broker.Conflict("renewal_gains_nothing", "It is due on %s already; a renewal today would not be later.", loan.DueOn)
	}
	out := Outcome{Warnings: passed}
	if err := c.chargeOverdue(ctx, tx, in.Desk, loan, in.Desk.today(), &out); err != nil {
		return Outcome{}, err
	}
	loan.DueOn, loan.DueAt, loan.Renewals = due, in.Desk.calendar().EndOfBusiness(due), loan.Renewals+1
	moveLoan(tx, loan)
	out.setLoan(loan)
	out.say("Renewed: it is now due on %s.", due)
	return out, nil
}

func (c *Circulation) mayRenew(ctx context.Context, tx *postgres.Tx, document *policy.Document, loan Loan, in Renew) ([]broker.Reason, error) {
	var standing patrons.Standing
	var oldestDue broker.Date
	var head Hold
	askStanding(tx, in.Desk.Library, loan.Patron, &standing, &oldestDue)
	askHead(tx, in.Desk, loan.Item, &head)
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("read for a renewal: %w", err)
	}
	standing.DaysOverdue = daysOverdue(oldestDue, in.Desk.today())
	decision := document.MayAskRenewal(in.Desk.moment(), policy.Renewal{
		Patron: standing.Facts(in.Desk.today()), Owner: loan.Terms.Owner,
		Item: loan.Terms.Item, Due: loan.DueOn, Renewals: loan.Renewals,
		HeldByOther: head.ID != broker.NoID && head.Patron != loan.Patron,
	})
	reasons, passed := passOver(decision.Reasons, in.Overrides, in.Desk.Actor)
	if len(reasons) > 0 {
		return nil, broker.Refused("may_not_renew", "May not "+decision.Question+".", reasons...)
	}
	return passed, nil
}

// DeclareLost notes that an item will not come back. What it costs is for
// whoever declares it: an invoice of the lender, or the next fee schedule.
// Declared again, nothing changes.
func (c *Circulation) DeclareLost(ctx context.Context, tx *postgres.Tx, _ Desk, ref LoanRef) (Outcome, error) {
	return c.moveLost(ctx, tx, ref, LoanOpen, LoanLost, catalog.Lost, "Declared lost.")
}

// FoundAgain takes back a declaration of loss: the patron has the item after
// all, and the loan goes on as it was. An item that turns up at a desk is
// returned instead.
func (c *Circulation) FoundAgain(ctx context.Context, tx *postgres.Tx, _ Desk, ref LoanRef) (Outcome, error) {
	return c.moveLost(ctx, tx, ref, LoanLost, LoanOpen, catalog.OnLoan, "Found again, and still on loan.")
}

func (c *Circulation) moveLost(ctx context.Context, tx *postgres.Tx, ref LoanRef, from, to LoanStatus, item catalog.ItemStatus, said string) (Outcome, error) {
	loan, err := loanLocked(ctx, tx, ref)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	switch loan.Status {
	case to:
		out.Replayed = true
	case from:
		loan.Status = to
		moveLoan(tx, loan)
		catalog.SetItemStatus(tx, loan.Item.Library, loan.Item.ID, item)
	default:
		return out, broker.Conflict("not_on_loan", "That loan is %s.", loan.Status)
	}
	out.setLoan(loan)
	out.say("%s", said)
	return out, nil
}
