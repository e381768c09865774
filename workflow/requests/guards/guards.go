package guards

import (
	"context"

	"afield/broker/policy/attributes"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// All gives every guard but the one of package undo.
func All() engine.Guards {
	return engine.Guards{
		workflow.GuardByHold:         flag(ByHold),
		workflow.GuardCopy:           flag(Copy),
		workflow.GuardCostToApprove:  flag(CostToApprove),
		workflow.GuardOfferOpen:      flag(OfferOpen),
		workflow.GuardRetryWaiting:   flag(RetryWaiting),
		workflow.GuardReturnUnused:   flag(ReturnUnused),
		workflow.GuardPatronContact:  flag(PatronContactKeepsIt),
		workflow.GuardPatronCancels:  flag(PatronCancels),
		workflow.GuardNeedByCancels:  flag(NeedByCancels),
		workflow.GuardRenewalPending: flag(RenewalPending),
		workflow.GuardMisplaced:      flag(Misplaced),
		workflow.GuardClaimed:        Claimed,
	}
}

// flag makes a guard from a condition that needs no look at the database.
func flag(holds func(*engine.Case) bool) engine.Guard {
	return func(_ context.Context, c *engine.Case) (bool, error) { return holds(c), nil }
}

// ByHold tells whether the active lender fills it by a hold in a shared catalogue.
func ByHold(c *engine.Case) bool { return c.Request.ByHold() }

// Copy tells whether the request is for a copy, which nobody returns, and not
// for a loan.
func Copy(c *engine.Case) bool { return c.Request.Service == "copy" }

// CostToApprove tells whether a fee for the patron is above what was approved.
func CostToApprove(c *engine.Case) bool {
	entry := c.Active()
	return entry != nil && c.Consent(entry).NeedsApproval
}

// OfferOpen tells whether the lender has named conditions or a cost.
func OfferOpen(c *engine.Case) bool {
	entry := c.Active()
	return entry != nil && entry.Status == engine.EntryOffered
}

// RetryWaiting tells whether a lender said when to ask again.
func RetryWaiting(c *engine.Case) bool { return c.Rota.Retry() != nil }

// ReturnUnused tells whether it was cancelled while it was on its way.
func ReturnUnused(c *engine.Case) bool { return c.Request.ReturnUnused }

// PatronContactKeepsIt tells whether the end of the shelf time is a staff
// decision instead of an automatic return because the patron has been in touch.
func PatronContactKeepsIt(c *engine.Case) bool {
	return !c.Request.PatronContactAt.IsZero() && c.AtShelfEnd().Action == attributes.StaffDecision
}

// PatronCancels tells whether the cancel came from the patron.
func PatronCancels(c *engine.Case) bool { return cancelledBy(c, engine.CancelledByPatron) }

// NeedByCancels tells whether the cancel came from the need-by date.
func NeedByCancels(c *engine.Case) bool { return cancelledBy(c, engine.CancelledByNeedBy) }

func cancelledBy(c *engine.Case, why string) bool {
	return c.Request.CancelReason != nil && *c.Request.CancelReason == why
}

// RenewalPending tells whether the lender has not answered a renewal yet.
func RenewalPending(c *engine.Case) bool { return c.Request.RenewalPending }

// Misplaced tells whether the patron reported that it cannot be found.
func Misplaced(c *engine.Case) bool { return !c.Request.MisplacedOn.IsZero() }

// Claimed tells whether the patron says that they returned the item, or never
// had it.
func Claimed(ctx context.Context, c *engine.Case) (bool, error) {
	loan, err := c.OpenLoan(ctx)
	return loan != nil && !loan.ClaimedAt.IsZero(), err
}
