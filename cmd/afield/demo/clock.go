package demo

import (
	"sync"
	"time"

	"afield/broker"
)

// Clock is business time that is moved by hand while stories are told and is
// the system's clock from then on.
type Clock struct {
	mu   sync.Mutex
	at   time.Time
	live bool
}

// NewClock starts a clock at an instant.
func NewClock(at time.Time) *Clock { return &Clock{at: at.UTC()} }

// Now gives business time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live {
		return broker.SystemClock{}.Now()
	}
	return c.at
}

// Set moves the clock forward; it never moves back.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.at) {
		c.at = at.UTC()
	}
}

// Release lets the clock run with the system's.
func (c *Clock) Release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live = true
}
