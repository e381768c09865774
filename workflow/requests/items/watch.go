package items

import (
	"context"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// watch looks after the queue of a copy of ours that an effect took away for
// good or brought back, as the desk does after its own acts.
func (r room) watch(ctx context.Context, c *engine.Case, item catalog.Item) (wants engine.Wants, err error) {
	if item.Temporary() || item.Title == broker.NoID {
		return nil, nil
	}
	_, served, err := r.waiting.Watch(ctx, c.Tx, c.Now, item.Library, item.Title)
	for _, hold := range served {
		wants.Add(engine.Elsewhere{Firing: NoCopyFor(hold, c.Firing.Actor)})
	}
	return wants, err
}

// watchLoan is watch for the item of a loan that was lost or has come back.
func (r room) watchLoan(ctx context.Context, c *engine.Case, outcome loans.Outcome, wants *engine.Wants) error {
	if outcome.Replayed || outcome.Item == nil {
		return nil
	}
	more, err := r.watch(ctx, c, *outcome.Item)
	wants.Add(more...)
	return err
}

// NoCopyFor is the event of a request whose hold no copy can fill any more: it
// looks elsewhere.
func NoCopyFor(hold holds.Hold, actor broker.Actor) engine.Firing {
	return engine.Firing{
		Library: hold.Patron.Library, Request: hold.Request, Event: workflow.EventHoldNotFound,
		By: workflow.ByDesk, Actor: actor, Cause: engine.Cause{Kind: "desk"},
	}
}
