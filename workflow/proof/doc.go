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
// seen on a database (played_test.go, compared_test.go): the shortest way to each
// row is walked there, against a lender or a borrower that a test speaks for, and
// after every step the facts, and what staff and patron are offered, must be what
// the search says. Where both sides are searched, and where a hold fills the request, nothing
// is walked. A breach is walked at once, and its timeline printed.
//
// Taking back an act is not searched: a test over every such row shows, table by
// table, that afterwards everything is as it was, so that it leads nowhere new.
package proof
