package flags

import (
	"context"
	"time"

	"afield/broker"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// Effects lists the effects of this package by name.
func Effects() engine.Effects {
	return engine.Effects{
		workflow.DoFlagUnused:     setting(func(r *engine.Request) { r.ReturnUnused = true }),
		workflow.DoFlagOverdue:    setting(func(r *engine.Request) { r.Overdue = true }),
		workflow.DoFlagRecalled:   setting(func(r *engine.Request) { r.Recalled = true }),
		workflow.DoFlagRenewal:    setting(func(r *engine.Request) { r.RenewalPending = true }),
		workflow.DoCancelByPatron: cancelling(engine.CancelledByPatron),
		workflow.DoCancelByNeedBy: CancelByNeedBy,
		workflow.DoCancelToMoveOn: cancelling(engine.CancelledToMoveOn),
		workflow.DoForgetCancel:   setting(func(r *engine.Request) { r.CancelReason, r.ReturnUnused = nil, false }),
		workflow.DoKeepCancel:     KeepCancel,
		workflow.DoKeepContact:    KeepContact,
		workflow.DoRememberState:  RememberState,
		workflow.DoAmend:          Amend,
		workflow.DoSendAmended:    SendAmended,
		workflow.DoReopen:         Reopen,
	}
}

func setting(set func(*engine.Request)) engine.Effect {
	return func(_ context.Context, c *engine.Case) (engine.Wants, error) {
		set(c.Request)
		return nil, nil
	}
}

func cancelling(reason string) engine.Effect {
	return setting(func(r *engine.Request) { r.CancelReason = &reason })
}

// CancelByNeedBy gives the need-by date as why a request is cancelled, unless its
// patron had cancelled before.
func CancelByNeedBy(_ context.Context, c *engine.Case) (engine.Wants, error) {
	if reason := c.Request.CancelReason; reason == nil || *reason != engine.CancelledByPatron {
		reason := engine.CancelledByNeedBy
		c.Request.CancelReason = &reason
	}
	return nil, nil
}

// KeepCancel remembers, when a lender does not stop, that nobody waits for the
// item any more: it goes back unused. If we only wanted to move on to another
// lender, that wish is dropped.
func KeepCancel(_ context.Context, c *engine.Case) (engine.Wants, error) {
	switch {
	case c.Request.CancelReason == nil:
	case *c.Request.CancelReason == engine.CancelledToMoveOn:
		c.Request.CancelReason = nil
	default:
		c.Request.ReturnUnused = true
	}
	return nil, nil
}

// KeepContact notes that the patron was in touch.
func KeepContact(_ context.Context, c *engine.Case) (engine.Wants, error) {
	c.Request.PatronContactAt = c.Now
	return nil, nil
}

// RememberState keeps the state to go back to, should the lender not stop.
func RememberState(_ context.Context, c *engine.Case) (engine.Wants, error) {
	previous := string(c.From)
	c.Request.PreviousState = &previous
	return nil, nil
}

// Reopen forgets how an ended request went, so that it can begin again.
func Reopen(_ context.Context, c *engine.Case) (engine.Wants, error) {
	r := c.Request
	r.CancelReason, r.PreviousState = nil, nil
	r.ReturnUnused, r.Recalled, r.Overdue, r.RenewalPending = false, false, false, false
	r.PatronContactAt, r.ApprovedCostMinor = time.Time{}, 0
	r.RotaEntryID, r.Fulfilment = broker.NoID, nil
	return engine.Wants{engine.NeedByAgain{}}, nil
}
