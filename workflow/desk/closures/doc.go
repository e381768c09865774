// Package closures enters closed days into a library's calendar, and moves what
// was due on them; it also moves many due dates because somebody decided so.
//
//	closed, err := desk.Closures.Close(ctx, tx, at, closure)
package closures

import "afield/workflow/desk/counter"

// Service closes libraries and moves due dates.
type Service struct {
	counter *counter.Counter
}

// New makes the room over the counter.
func New(c *counter.Counter) *Service {
	return &Service{counter: c}
}
