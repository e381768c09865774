package items

import (
	"context"
	"fmt"
	"slices"

	"afield/broker"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/policy/ill"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// KeepLoanDue records the due date of the patron's loan.
func KeepLoanDue(_ context.Context, c *engine.Case) (engine.Wants, error) {
	c.Request.PatronDueOn = c.Firing.Input.Date("due_on")
	c.Request.FirstDueOn = c.Request.PatronDueOn
	return nil, nil
}

// CheckRenewal checks a request to renew against the library's own rules: the
// window, by the rules it was lent by; the patron's standing, by today's. The
// lender decides about the rest.
func (r room) CheckRenewal(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	if c.Request.PatronID == broker.NoID {
		return nil, nil
	}
	standing, err := standing.Of(ctx, c.Tx, c.Desk(), c.Patron())
	if err != nil {
		return nil, err
	}
	asked := lending.Renewal{
		Patron: standing.Facts(c.Today()), Owner: rule.OwnerILL, Item: string(c.Request.Format), Due: c.Request.PatronDueOn,
		InitialDue: c.Request.FirstDueOn, Renewals: c.Request.Renewals, LenderRenewals: limitOf(c.Request.LenderRenewals), Recalled: c.Request.Recalled,
	}
	loan, err := c.OpenLoan(ctx)
	if err != nil {
		return nil, err
	}
	if loan != nil && loan.Terms.Lent != nil {
		asked.LentAs = *loan.Terms.Lent
		if asked.LentBy, err = loans.LentBy(r.loans.Policies, c.Desk(), *loan); err != nil {
			return nil, err
		}
	}
	decision := lending.MayAskRenewal(c.Policy, c.Moment(), asked)
	if !decision.Latest.IsZero() {
		wants.Add(engine.Fact{Name: "latest", Value: decision.Latest.String()})
	}
	left, passed, err := c.Firing.Overriding.PassOver(c.Tx, c.Desk(), rule.ActionRenew, c.Patron(), c.Request.ID, decision.Reasons)
	if err != nil {
		return nil, err
	}
	if len(left) == 0 {
		wants.Add(engine.Remark{Reasons: append(passed, decision.Notes...)})
		return wants, nil
	}
	detail := "The renewal cannot be asked."
	if !decision.Latest.IsZero() {
		detail = "The renewal had to be asked by " + decision.Latest.String() + "."
	}
	return nil, broker.Refused("renewal_refused", detail, left...)
}

// limitOf makes an optional limit; nil is none.
func limitOf(most *int) rule.Optional[int] {
	if most == nil {
		return rule.Optional[int]{}
	}
	return rule.Some(*most)
}

const renewalAnswer = "renewal_answer"

// AwaitRenewal gives the lender its time to answer a renewal.
func AwaitRenewal(_ context.Context, c *engine.Case) (engine.Wants, error) {
	return engine.Wants{engine.SetDeadline{
		Kind: renewalAnswer, Event: workflow.EventRenewalOverdue, At: ill.DeadlineAt(c.Policy, c.Moment(), ill.DeadlineRenewalAnswer),
	}}, nil
}

// ClearRenewal ends the wait for an answer. The due date counts again from
// here: if it has passed meanwhile, the loan is overdue at once and not only at
// the next reminder.
func ClearRenewal(_ context.Context, c *engine.Case) (engine.Wants, error) {
	c.Request.RenewalPending = false
	wants := engine.Wants{engine.DropDeadline{Kind: renewalAnswer}}
	if c.WithPatron() {
		wants.Add(engine.RestartDeadline{})
	}
	return wants, nil
}

// ChangeDue takes over a lender's new due date, also of a loan that was returned
// before the news came. Both dates move, the fine is worked out anew, and none
// arises for days that have passed. A renewal counts from the day on which it
// was asked for: fines wait for the answer.
func (r room) ChangeDue(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	due := c.Firing.Input.Date("due")
	if due.IsZero() || (due == c.Request.LenderDueOn && c.Firing.Event != workflow.EventDueChanged) {
		return nil, nil
	}
	if repeated, err := saidBefore(ctx, c, due); repeated || err != nil {
		return nil, err
	}
	c.Request.LenderDueOn = due
	wants := engine.Wants{engine.Fact{Name: "lender_due_on", Value: due.String()}}
	if c.Place().Deadline == workflow.DeadlinePickUpBy {
		more, err := shortenShelf(ctx, c)
		return append(wants, more...), err
	}
	lent, err := lastLoans(ctx, c)
	if err != nil || len(lent) == 0 {
		return wants, err
	}
	change := loans.ChangeDue{Desk: c.Desk(), LenderDue: due, Why: loans.DueCorrected, Said: c.Firing.Said}
	if c.Firing.Event == workflow.EventRenewalGranted {
		change.Why = loans.DueRenewed
		if change.From, err = c.RenewalAsked(ctx); err != nil {
			return nil, err
		}
		c.Request.Renewals++
	}
	for _, loan := range lent {
		change.Loan = loan.Ref
		outcome, err := r.loans.ChangeDue(ctx, c.Tx, change)
		if err != nil {
			return nil, err
		}
		c.DueMoved = c.DueMoved || (c.WithPatron() && outcome.Loan.DueOn != c.Request.PatronDueOn)
		c.Request.PatronDueOn = outcome.Loan.DueOn
		if stands := outcome.Loan.Terms.LenderDue; !stands.IsZero() {
			c.Request.LenderDueOn = stands // something else may have been said since
		}
	}
	if c.Request.Renewals == 0 {
		c.Request.FirstDueOn = c.Request.PatronDueOn // the lender had said it wrongly
	}
	wants.Add(engine.Fact{Name: "due_on", Value: c.Request.PatronDueOn.String()})
	if c.WithPatron() {
		c.Request.Overdue = false
		wants.Add(engine.RestartDeadline{})
	}
	return wants, nil
}

// lastLoans gives, for each volume of a request, the loan that is open or was
// returned last; none for a volume that is lost: what that costs is settled
// otherwise.
func lastLoans(ctx context.Context, c *engine.Case) (last []loans.Loan, err error) {
	lent, err := loans.OfRequest(ctx, c.Tx, c.Request.LibraryID, c.Request.ID)
	for i, loan := range lent { // in the order in which they began
		later := slices.ContainsFunc(lent[i+1:], func(next loans.Loan) bool { return next.Item == loan.Item && next.Status != loans.Lost })
		if loan.Status != loans.Lost && !later {
			last = append(last, loan)
		}
	}
	return last, err
}

// RecallLoan moves the due date of the patron's loan that its lender wants back
// early, as the policy says of recalls: also of one that was returned before the
// news came.
func (r room) RecallLoan(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	lent, err := lastLoans(ctx, c)
	if err != nil || len(lent) == 0 {
		return nil, err
	}
	before := c.Request.PatronDueOn
	for _, loan := range lent {
		outcome, err := r.loans.ChangeDue(ctx, c.Tx, loans.ChangeDue{Desk: c.Desk(), Loan: loan.Ref, Why: loans.DueRecalled, Said: c.Firing.Said})
		if err != nil {
			return nil, err
		}
		c.Request.PatronDueOn = outcome.Loan.DueOn
	}
	if c.Request.PatronDueOn == before {
		return nil, nil
	}
	if c.WithPatron() {
		wants.Add(engine.RestartDeadline{})
	}
	wants.Add(engine.Fact{Name: "due_on", Value: c.Request.PatronDueOn.String()})
	return wants, nil
}

// shortenShelf moves the last pick-up day when the lender's due date has become
// earlier; it never moves later by itself.
func shortenShelf(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	kept, err := ownHolds(ctx, c)
	if err != nil || len(kept) == 0 {
		return nil, err
	}
	hold := kept[0]
	until := shelf.Until(c.Policy, c.Moment(), shelf.Facts{
		Match:   c.Asked(),
		Arrived: broker.DateIn(hold.OnShelfAt, c.Library.Zone), LenderDue: c.Request.LenderDueOn,
	}).Until
	if !until.Before(c.Request.PickUpBy) {
		return nil, nil
	}
	for _, hold := range kept {
		holds.MoveShelfDate(c.Tx, hold.Ref, until)
	}
	c.Request.PickUpBy = until
	return engine.Wants{
		engine.RestartDeadline{},
		engine.Fact{Name: "pick_up_by", Value: until.String()},
		engine.OpenTask{Kind: "shelf_time_short", Detail: "The lender wants it back earlier: it leaves the hold shelf on " + until.String() + "; tell the patron."},
	}, nil
}

// AwaitDecision gives staff until the day it must start home to decide about a
// copy whose shelf time is over.
func AwaitDecision(_ context.Context, c *engine.Case) (engine.Wants, error) {
	by := c.AtShelfEnd().DecideBy
	if by.IsZero() {
		return nil, nil
	}
	return engine.Wants{engine.WaitUntil{At: by.End(c.Library.Zone)}}, nil
}

// MoveLoanDue gives a loan to a borrowing library a new due date: corrected by
// us, or renewed, which never ends on a day on which we are closed. Where closed
// days have moved the loan already, the request follows.
func (r room) MoveLoanDue(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	due := c.Firing.Input.Date("due")
	if !due.After(c.Today()) {
		return nil, broker.Invalid(broker.FieldError{Pointer: "/due", Code: "in_the_past", Message: "must be after today"})
	}
	lent, err := c.Lent(ctx, loans.Open)
	if err != nil || len(lent) == 0 {
		return nil, err
	}
	if c.Firing.Event == workflow.EventCorrectDue && c.Firing.By == workflow.BySystem {
		lent = nil
	}
	why := loans.DueCorrected
	if c.Firing.Event == workflow.EventAnswerRenewYes {
		why, due = loans.DueRenewed, c.Library.Calendar.NextOpenDay(due)
		c.Request.Renewals++
	}
	for _, loan := range lent {
		if _, err := r.loans.ChangeDue(ctx, c.Tx, loans.ChangeDue{Desk: c.LendingDesk(), Loan: loan.Ref, Due: due, Why: why}); err != nil {
			return nil, err
		}
	}
	c.Request.LenderDueOn, c.Request.Overdue = due, false
	return engine.Wants{engine.RestartDeadline{}}, nil
}

// saidBefore tells whether a lender that says again that it has shipped names the
// date it named then: a correction that came meanwhile stands.
func saidBefore(ctx context.Context, c *engine.Case, due broker.Date) (repeated bool, err error) {
	if c.Firing.Event != workflow.EventLoaned {
		return false, nil
	}
	err = c.Tx.QueryRow(ctx, `select exists (select 1 from request_events where library_id = $1 and request_id = $2 and event = $3 and data ->> 'due' = $4)`,
		c.Request.LibraryID, c.Request.ID, string(workflow.EventLoaned), due.String()).Scan(&repeated)
	if err != nil {
		return false, fmt.Errorf("look what the lender said of the due date: %w", err)
	}
	return repeated, nil
}
