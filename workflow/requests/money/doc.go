// Package money holds the effects about what a request costs: what the patron
// agreed to and is charged, and what the borrowing library owes the lender.
// Nothing is ever changed or deleted: a charge is taken back by a new entry.
package money
