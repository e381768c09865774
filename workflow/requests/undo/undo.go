package undo

import (
	"context"

	"afield/workflow"
	"afield/workflow/messages"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/money"
)

// Effects lists the effects of this package by name.
func Effects() engine.Effects {
	return engine.Effects{workflow.DoUndoLast: Last}
}

// Guards lists the guards of this package by name.
func Guards() engine.Guards {
	return engine.Guards{workflow.GuardMessageUnsent: MessageUnsent}
}

// MessageUnsent tells whether the last act of a person can be taken back: nothing
// has happened since, and its message is still unclaimed.
func MessageUnsent(ctx context.Context, c *engine.Case) (bool, error) {
	act, err := c.LastAct(ctx)
	if err != nil || act.Undo.Kind != workflow.UndoUntilSent || act.Version != c.Request.Version {
		return false, err
	}
	return messages.Unsent(ctx, c.Tx, c.Request.LibraryID, c.Request.ID, act.Version)
}

// Last takes the last act of a person back.
func Last(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	act, err := c.LastAct(ctx)
	if err != nil {
		return nil, err
	}
	if err := messages.Withdraw(ctx, c.Tx, c.Request.LibraryID, c.Request.ID, act.Version, c.Now); err != nil {
		return nil, err
	}
	c.MoveBack(act.Version)
	entryAsBefore(c, act.From)
	if c.From == workflow.Received && act.From != workflow.Received {
		if act.From != workflow.Shipped {
			c.Request.ForgetTerms() // staff had entered them
		}
		if wants, err = money.ReverseFee(ctx, c); err != nil {
			return nil, err
		}
	}
	if c.From == workflow.CheckedOut {
		c.Request.RenewalPending = false
	}
	if c.From == workflow.ReturnShipped {
		if entry := c.Current(); entry != nil {
			entry.Status, entry.Active = engine.EntrySupplied, true
			entry.Touch()
		}
	}
	if c.From == workflow.CancelPending {
		c.Request.CancelReason = nil
		again, err := askAfterAll(ctx, c)
		if err != nil {
			return nil, err
		}
		wants.Add(again...)
	}
	wants.Add(engine.PutBack{State: act.From}, engine.NeedByAgain{}, engine.RestartDeadline{}, engine.Fact{Name: "undone_version", Value: act.Version})
	return wants, nil
}

// entryAsBefore gives the active lender's entry the status it had in a state.
func entryAsBefore(c *engine.Case, state workflow.State) {
	entry := c.Active()
	if entry == nil {
		return
	}
	entry.Touch()
	switch state {
	case workflow.Requested:
		entry.Status = engine.EntryAsked
	case workflow.Conditional:
		entry.Status = engine.EntryOffered
	case workflow.AwaitingCostApproval:
		entry.Status = engine.EntryApproval
		if entry.Conditions != "" || entry.Answer == "conditional" {
			entry.Status = engine.EntryOffered
		}
		c.Request.ApprovedCostMinor = 0
	}
}

// askAfterAll puts the request to the lender back into the outbox, when undoing
// a cancel finds that it had been withdrawn.
func askAfterAll(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	entry := c.Active()
	if entry == nil || entry.Fulfilment != "ill" {
		return nil, nil
	}
	ref, restored, err := messages.RestoreAsk(ctx, c.Tx, c.Request.LibraryID, c.Request.ID, entry.ID, c.Now)
	if err != nil || !restored {
		return nil, err
	}
	lender, err := c.Lender(ctx, ref.Peer)
	if err != nil {
		return nil, err
	}
	ref.Protocol = lender.Protocol
	return engine.Wants{engine.Send{Ref: ref}}, nil
}
