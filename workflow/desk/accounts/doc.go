// Package accounts is what is done with whole accounts of patrons at a desk:
// merging two, deleting one, taking a card back. It asks what is still open in
// every room that knows, and forgets in all of them.
//
//	merged, err := desk.Accounts.MergePatrons(ctx, tx, document, at, from, to)
package accounts

import "afield/workflow/desk/counter"

// Service does what concerns patrons' accounts.
type Service struct {
	counter *counter.Counter
}

// New makes the room over the counter.
func New(c *counter.Counter) *Service {
	return &Service{counter: c}
}
