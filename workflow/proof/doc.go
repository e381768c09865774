// Package proof searches everything that can happen to a request: the borrowing
// and the lending side together, as the tables have them, with messages under
// way, deadlines that pass, people who act, parcels that go astray, and another
// library that says anything at any time. It finds every joint state there is
// and says where a promise of Afield would be broken, with the shortest way to
// it.
//
// The tables are the product's own. What a guard asks and what an effect does is
// put here in terms of a few facts (facts.go, guards.go, effects.go); a name
// without a meaning fails the test. That the meanings are those of the product is
// seen in workflow/requests, where what was found is played on a database and a
// random walk checks the same promises; no test compares them row by row.
//
// Taking back an act is not searched: a test over every such row shows, table by
// table, that afterwards everything is as it was, so that it leads nowhere new.
package proof
