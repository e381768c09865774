// Package catalog knows titles, the items of our members, and which libraries
// elsewhere hold what.
//
// A title is of one catalogue: libraries that share none have titles of their own,
// which are found together by their numbers (Editions), and as one work where any
// edition will do. Within a catalogue a number alone makes no two records one title;
// what was taken for one can be parted again (Joins, Split). Titles and holdings of
// partners are seen by all; items belong to one library and are seen only by
// transactions whose scope names it. Circulation
// moves items; this package stores them and counts what could be lent. It ranks
// nobody: workflow/routing does.
//
//	title, found, err := catalog.MatchCitation(ctx, tx, citation)
//	tx.Widen(members...) // copies of other members are counted, too
//	holders, err := catalog.Holders(ctx, tx, title, members, promised)
package catalog
