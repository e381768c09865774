// Package standing says how a patron stands at a desk, and by whose rules. It
// has the Desk (where an act happens, who does it and when); the Policies,
// which give the document in force at a desk; a patron's late loans with what
// they have cost so far; what staff override, and why; and what every act's
// Outcome has in common.
//
// It owns no table, and of loans it only reads what is late. It lends nothing,
// keeps nothing on a hold shelf, and knows neither holds nor loans as such: the
// packages for those import this one.
//
//	desk := standing.Desk{Library: library, Branch: branch, Actor: actor, Now: clock.Now()}
//	document, err := policies.Rules(desk)
//	known, err := standing.Of(ctx, tx, desk, patron.Ref())
//	known.Balances, known.DaysOverdue
package standing
