// Package items holds the effects on the copy itself: on the borrowing side what
// a lender sent, its way over the hold shelf to the patron and home again; on the
// lending side the copy of ours that is chosen, lent and taken back. Loans, holds
// and transits are circulation's; this room says when.
package items
