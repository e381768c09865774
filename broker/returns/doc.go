// Package returns ends loans: an item is handed in, declared lost, claimed to
// be back or never borrowed, found again, or comes back damaged or without a
// part; and its account is settled by the policy of the desk that lent.
//
// It owns no table: loans keeps the rows, holds sends what came back to whoever
// waits for it. It does not know the workflow of a request: a use case returns an
// Outcome that names the request served, and workflow/desk goes on from there.
// What a lender's item costs is the lender's to say, through its request.
//
//	desk := standing.Desk{Library: library, Branch: branch, Actor: actor, Now: clock.Now()}
//	outcome, err := service.Return(ctx, tx, returns.Return{Desk: desk, Item: item.Ref()})
//	outcome.Charged, outcome.Given, outcome.NextAct
package returns
