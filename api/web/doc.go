// Package web serves the pages: for desk staff, partners and patrons, rendered
// here, working without scripts, in light and dark, asking nothing of any other
// server. Each feature is a room of its own beside this one; frame holds what all
// of them share, words what they say, assets the style and the scripts.
//
//	frame    sign-in state, layout, errors, how a page calls an operation
//	words    English, French, Spanish
//	signin   the way in
//	ill      queue, request, new request, lending
//	desk     scan desk, hold shelf, pull list, call list
//	account  a patron's own pages
//
//	calendar        the month, closed days, moved due dates
//	administration  set-up, libraries, staff, the log of changes
//	imports         files read in, and read every night
//	partners        libraries with systems of their own
//	policies        rules, what if, versions
//
// The package itself is what stands outside of them: where / leads, and the page
// about this server.
package web
