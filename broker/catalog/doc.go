// Package catalog knows titles, the items of our members, and which libraries
// elsewhere hold what.
//
// Titles and holdings of partners are shared by design; items belong to one
// library and are seen only by transactions whose scope names it. Circulation
// moves items; this package stores them and counts what could be lent. It ranks
// nobody: workflow/routing does.
//
//	title, found, err := catalog.MatchCitation(ctx, tx, citation)
//	tx.Widen(members...) // copies of other members are counted, too
//	holders, err := catalog.Holders(ctx, tx, title, members, promised)
package catalog
