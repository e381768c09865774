// Package cutover takes in the interlibrary-loan requests that are under way when a
// library leaves another system, so that they go on here: with the state they had,
// their lender, its due date and barcode.
//
// A request is not written down in its state. It is stored, and then moved to that
// state by the rows of the workflow's table, so that everything that belongs there is
// there too: a place in the rota, the borrowed copy, its loan, a deadline. What has
// been said and done already is not said or done again: no lender is asked, no patron
// is told, no fee is charged. Staff deal with the lender by hand, as they did, since it
// knows the request by another number.
package cutover
