// Package holds keeps the queues for titles, the hold shelf, and the transits
// between branches. It owns the tables holds, transits and queue_overrides, and
// moves items (catalog) from place to place.
//
// It does not know loans, nor the workflow of a request: a use case returns an
// Outcome that names the request served, and workflow/desk goes on from there.
// It decides nothing that a policy decides.
//
// All use cases work inside the caller's transaction and lock in the order
// patron, item, queue of the title, hold, account. An act that touches the rows
// of two libraries (a shared catalogue: the item of one, the patron of the other)
// needs both in scope: the caller widens the transaction first, by the libraries
// of the sharing group.
//
//	desk := standing.Desk{Library: library, Branch: branch, Actor: actor, Now: clock.Now()}
//	outcome, err := service.CaptureHold(ctx, tx, holds.Capture{Desk: desk, Item: item.Ref()})
//	outcome.Given.PickUpBy, outcome.Serves
package holds
