// Package items holds the effects on the copy itself: on the borrowing side
// what a lender sent, its way over the hold shelf to the patron and home again;
// on the lending side our copy that is chosen, lent and taken back. How loans,
// holds and returns work is in broker/loans, holds and returns; this package
// says when.
package items
