// Package loans lends and renews, moves due dates, and charges what lateness
// costs, at the desk and at night. It owns the tables loans, claims,
// due_adjustments and adjusted_loans.
//
// A loan ends in the package returns. This package uses holds and never the
// other way round; it does not know the workflow of a request: a use case
// returns an Outcome that names the request served, and workflow/desk goes on
// from there. It decides nothing that a policy decides; terms are resolved when
// a loan begins and copied onto it.
//
// All use cases work inside the caller's transaction and lock in the order
// patron, item, queue of the title, hold or loan, account. An act that touches
// the rows of two libraries needs both in scope, as in holds.
//
// A frequent act takes two round trips: it reads everything in one, and what it
// writes travels with the commit.
//
//	desk := standing.Desk{Library: library, Branch: branch, Actor: actor, Now: clock.Now()}
//	outcome, err := service.CheckOut(ctx, tx, loans.CheckOut{Desk: desk, Item: item.Ref(), Patron: patron.Ref()})
//	outcome.Loan.DueOn, outcome.Serves
package loans
