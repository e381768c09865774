// Package queue is what is done with holds at a desk: placing, changing and
// ending them, clearing the hold shelf, and the slips that are printed. What
// follows for requests and patrons happens in the same transaction.
//
//	done, err := desk.Queue.PlaceHold(ctx, tx, at, queue.PlaceHold{Title: title, Patron: patron, Rules: rules})
package queue

import "afield/workflow/desk/counter"

// Service does what is done with holds at a desk.
type Service struct {
	counter *counter.Counter
}

// New makes the room over the counter.
func New(c *counter.Counter) *Service {
	return &Service{counter: c}
}
