package broker

import (
	"sync"
	"time"
)

// Clock is business time: the time that rules, dates and deadlines see. It is
// read once at the edge of a use case and passed in; a rule never reads it.
type Clock interface{ Now() time.Time }

// SystemClock is business time in production: the wall clock, in UTC.
type SystemClock struct{}

// Now gives the present instant in UTC, to the microsecond PostgreSQL keeps.
func (SystemClock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// ManualClock is business time that only moves when told to. Only the demo,
// scenarios and tests use it.
type ManualClock struct {
	mu sync.Mutex
	at time.Time
}

// NewManualClock starts a manual clock at an instant.
func NewManualClock(at time.Time) *ManualClock { return &ManualClock{at: at.UTC()} }

// Now gives the instant the clock was last set to.
func (c *ManualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Set moves the clock to an instant; it never moves back.
func (c *ManualClock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.at) {
		c.at = at.UTC()
	}
}
