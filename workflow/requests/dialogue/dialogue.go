package dialogue

import (
	"context"
	"fmt"
	"slices"

	"afield/broker/policy/costs"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/messages"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/items"
)

// Effects lists the effects of this package by name.
func Effects() engine.Effects {
	return engine.Effects{
		// what a borrower says
		workflow.DoSendCancel:   SendCancel,
		workflow.DoSendAccept:   saying(workflow.DoSendAccept),
		workflow.DoSendReject:   saying(workflow.DoSendReject),
		workflow.DoSendReceived: saying(workflow.DoSendReceived),
		workflow.DoSendRenew:    saying(workflow.DoSendRenew),
		workflow.DoSendReturned: saying(workflow.DoSendReturned),
		workflow.DoSendLost:     saying(workflow.DoSendLost),
		workflow.DoSendPaid:     saying(workflow.DoSendPaid),

		// what a lender says
		workflow.DoSayWillSupply:    saying(workflow.DoSayWillSupply),
		workflow.DoSayUnfilled:      SayUnfilled,
		workflow.DoSayConditional:   SayConditional,
		workflow.DoSayRetry:         SayRetry,
		workflow.DoSayLoaned:        SayLoaned,
		workflow.DoSayCopyCompleted: SayCopyCompleted,
		workflow.DoSayCancelYes:     answering(workflow.DoSayCancelYes),
		workflow.DoSayCancelNo:      answering(workflow.DoSayCancelNo),
		workflow.DoSayRenewYes:      answering(workflow.DoSayRenewYes),
		workflow.DoSayRenewNo:       answering(workflow.DoSayRenewNo),
		workflow.DoSayOverdue:       saying(workflow.DoSayOverdue),
		workflow.DoSayRecalled:      saying(workflow.DoSayRecalled),
		workflow.DoSayDueChanged:    SayDueChanged,
		workflow.DoSayCompleted:     saying(workflow.DoSayCompleted),
		workflow.DoSayInvoice:       SayInvoice,
		workflow.DoSayForgiven:      saying(workflow.DoSayForgiven),
		workflow.DoSettleRenewal:    SettleRenewal,

		// both
		workflow.DoHearEarly: HearEarly,
	}
}

func say(message connectors.Message) engine.Wants {
	return engine.Wants{engine.Say{Message: message}}
}

// saying makes an effect that sends a message without further details.
func saying(effect workflow.Effect) engine.Effect {
	return func(context.Context, *engine.Case) (engine.Wants, error) {
		return say(workflow.Says[effect].Message()), nil
	}
}

// answering makes an effect that answers yes, by a date, or no, for a reason.
func answering(effect workflow.Effect) engine.Effect {
	return func(_ context.Context, c *engine.Case) (engine.Wants, error) {
		message := workflow.Says[effect].Message()
		message.Reason = c.Firing.Input.Text("reason")
		if *message.Yes {
			message.Due = c.Firing.Input.Date("due")
		}
		return say(message), nil
	}
}

// SendCancel asks the lender to stop. A request that never reached it is taken
// out of the outbox instead, so that it cannot arrive after all.
func SendCancel(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	if entry := c.Current(); entry != nil && entry.Fulfilment == "ill" {
		mayHaveIt, err := messages.WithdrawAsk(ctx, c.Tx, c.Request.LibraryID, c.Request.ID, entry.ID, c.Now)
		if err != nil {
			return nil, err
		}
		if !mayHaveIt && c.Table.Takes(c.Request.State, workflow.EventCancelAgreed) {
			return engine.Wants{engine.Then{Event: workflow.EventCancelAgreed, Data: map[string]any{"never_delivered": true}}}, nil
		}
		if !mayHaveIt {
			return nil, nil
		}
	}
	reason := "no_answer"
	if c.Request.CancelReason != nil {
		reason = *c.Request.CancelReason
	}
	return say(connectors.Message{Kind: connectors.KindCancel, Reason: reason}), nil
}

// SayUnfilled says no, and why.
func SayUnfilled(_ context.Context, c *engine.Case) (engine.Wants, error) {
	reason := c.Firing.Input.Text("reason")
	if reason == "" {
		reason = connectors.ReasonOther
	}
	if c.Firing.Event == workflow.EventNotFound {
		reason = connectors.ReasonNotOnShelf
	}
	return say(connectors.Message{Kind: connectors.KindUnfilled, Reason: reason}), nil
}

// SayConditional names our conditions and our cost.
func SayConditional(_ context.Context, c *engine.Case) (engine.Wants, error) {
	message := connectors.Message{Kind: connectors.KindConditional, Conditions: c.Firing.Input.Text("conditions")}
	if cost, given := c.Firing.Input.Money("cost"); given {
		message.Cost = &cost
	}
	return say(message), nil
}

// SayRetry says when to ask again.
func SayRetry(_ context.Context, c *engine.Case) (engine.Wants, error) {
	return say(connectors.Message{Kind: connectors.KindRetryLater, RetryAfter: c.Firing.Input.Date("retry_after"), Reason: c.Firing.Input.Text("reason")}), nil
}

// SayLoaned says that it is on its way, and on what terms.
func SayLoaned(_ context.Context, c *engine.Case) (engine.Wants, error) {
	message := connectors.Message{Kind: connectors.KindLoaned, Due: c.Request.LenderDueOn, Items: items.Sent(c)}
	nameCost(c, &message)
	if fine := costs.LibraryFine(c.Policy, string(c.Request.Format)); fine != nil {
		message.Fine, message.FineMost = &fine.Rate, fine.Cap
	}
	return say(message), nil
}

// SayCopyCompleted says that a copy was delivered, and what it costs where we
// know.
func SayCopyCompleted(_ context.Context, c *engine.Case) (engine.Wants, error) {
	message := connectors.Message{Kind: connectors.KindCopyCompleted}
	nameCost(c, &message)
	return say(message), nil
}

func nameCost(c *engine.Case, message *connectors.Message) {
	if c.Request.OfferedCostMinor != nil {
		cost := c.Request.Money(*c.Request.OfferedCostMinor)
		message.Cost = &cost
	}
}

// SayDueChanged gives the new due date.
func SayDueChanged(_ context.Context, c *engine.Case) (engine.Wants, error) {
	return say(connectors.Message{Kind: connectors.KindDueChanged, Due: c.Request.LenderDueOn}), nil
}

// SayInvoice sends an invoice.
func SayInvoice(_ context.Context, c *engine.Case) (engine.Wants, error) {
	cost, given := c.Firing.Input.Money("cost")
	if !given {
		return nil, fmt.Errorf("an invoice without an amount")
	}
	return say(connectors.Message{Kind: connectors.KindInvoice, Cost: &cost}), nil
}

// SettleRenewal answers no to a renewal that was asked for what comes home, or is
// lost, before anybody answered.
func SettleRenewal(_ context.Context, c *engine.Case) (engine.Wants, error) {
	if !c.Request.RenewalPending {
		return nil, nil
	}
	c.Request.RenewalPending = false
	message := workflow.Says[workflow.DoSettleRenewal].Message()
	message.Reason = connectors.ReasonOther
	return say(message), nil
}

// early lists, for each side, what the other library may say of a copy before we
// have recorded the step it is about, in the order in which it happens, and the
// events after which an earlier word is about something else.
var early = map[workflow.Side]struct{ words, after []workflow.Event }{
	workflow.SideBorrowing: {
		words: []workflow.Event{workflow.EventLenderConfirms},
		after: []workflow.Event{workflow.EventReceive, workflow.EventStillOut, workflow.EventReopen},
	},
	workflow.SideLending: {
		words: []workflow.Event{workflow.EventBorrowerReceived, workflow.EventBorrowerReturned, workflow.EventBorrowerLost},
	},
}

// HearEarly takes up again what the other library said too early: the copy is at
// home that we record as sent only now, or has arrived there.
func HearEarly(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	known := early[c.Request.Side]
	last, err := c.Happened(ctx, slices.Concat(known.words, known.after)...)
	if err != nil {
		return nil, err
	}
	since := 0
	for _, event := range known.after {
		since = max(since, last[event])
	}
	for _, word := range known.words {
		if last[word] > since {
			wants.Add(engine.Then{Event: word, Data: map[string]any{"said_before": last[word]}})
		}
	}
	return wants, nil
}
