package undo

import (
	"context"

	"afield/workflow"
	"afield/workflow/messages"
	"afield/workflow/requests/engine"
)

// Effects lists the effects of this package by name.
func Effects() engine.Effects {
	return engine.Effects{workflow.DoUndoLast: Withdraw}
}

// Guards lists the guards of this package by name.
func Guards() engine.Guards {
	return engine.Guards{workflow.GuardMessageUnsent: MessageUnsent}
}

// MessageUnsent tells whether the last act of a person can be taken back: nothing
// has happened since, its message is still unclaimed, and whoever asks may take
// it back. Staff may take anybody's act back, a patron only their own.
func MessageUnsent(ctx context.Context, c *engine.Case) (bool, error) {
	act, err := c.Kept(ctx)
	if err != nil || act == nil || act.Taker != workflow.EventUndo || (c.Firing.By == workflow.ByPatron && !act.ByPatron) {
		return false, err
	}
	return messages.Unsent(ctx, c.Tx, c.Request.LibraryID, c.Request.ID, act.Version)
}

// Withdraw takes back the message of the last act; the engine puts everything
// else back as it was.
func Withdraw(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	undone := c.Request.Version - 1
	return nil, messages.Withdraw(ctx, c.Tx, c.Request.LibraryID, c.Request.ID, undone, c.Now)
}
