// Package cashier is where money changes hands at a desk: payments, waivers,
// refunds, fees, tills, and the invoices between libraries. It brings fines and
// blocks up to date before and after.
//
//	receipt, err := desk.Cashier.TakePayment(ctx, tx, at, cashier.Payment{Patron: patron, Amount: five, Method: ledger.Cash})
package cashier

import "afield/workflow/desk/counter"

// Service handles money at a desk.
type Service struct {
	counter *counter.Counter
}

// New makes the room over the counter.
func New(c *counter.Counter) *Service {
	return &Service{counter: c}
}
