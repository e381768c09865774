// Package town is for tests: a few libraries over a database of their own, with
// the whole workflow running on a clock that the test moves. A House is a member
// library, a Partner one outside that the test speaks for.
//
//	tw := town.New(t, "2026-03-02T15:00:00Z")
//	home := tw.Library("westport", "NY", broker.NoID)
//	lender := tw.Partner("VT", 0, tw.Title("A title nobody here owns", town.ISBN))
//	home.LooksTo([]broker.ID{lender.ID})
//
// Nothing but tests may import it.
package town
