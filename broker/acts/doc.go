// Package acts keeps what was done at a desk in one act, so that exactly that act
// can be taken back while nothing has followed.
//
// Begin names the act to the database, which from then on notes every row that
// the transaction changes: which columns, what stood there before, and a hash of
// the row as the act left it. Keep records who did what and until when it can be
// undone. Followed tells which of those rows are no longer as the act left them,
// and PutBack puts them back. So an act is undone by what it did, and no act needs
// an opposite of its own; what may only be answered by something new (entries of
// an account, messages, the timeline of a request) is left to its own package.
//
// The other way would be an opposite for each act: to end the loan, to open the
// hold again, to make the transit anew. Each would have to know everything its act
// may do, for each of the states it may find.
//
// What the rows were is forgotten the night after the act can no longer be undone
// (Forget), and the act itself after ninety days.
package acts
