// Package circulation lends, takes back, keeps on the hold shelf and sends
// between branches. It owns the tables loans, claims, holds, transits
// and queue_overrides, and moves items (catalog) from place to place.
//
// It does not know the workflow of a request and never calls up: every use case
// returns an Outcome that names the request served, and workflow/desk goes on
// from there. It decides nothing that a policy decides; terms are resolved when
// a loan begins and copied onto it.
//
// All use cases work inside the caller's transaction and lock in the order
// patron, item, queue of the title, hold or loan, account. A desk act that
// touches the rows of two libraries (a shared catalogue: the item of one, the
// patron of the other) needs both in scope: the caller widens the transaction
// first, by the libraries of the sharing group.
//
// A hot act is two round trips: everything it must know is asked in one, and
// what it writes travels with the commit.
//
//	desk := circulation.Desk{Library: library, Branch: branch, Actor: actor, Now: clock.Now()}
//	outcome, err := circ.CheckOut(ctx, tx, circulation.CheckOut{Desk: desk, Item: catalog.RefOf(item), Patron: patron.Ref()})
//	outcome.Loan.DueOn, outcome.Serves
package circulation
