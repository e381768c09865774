// Package waiting looks after those who wait for a title: it finds the holds
// that no copy can fill any more, whatever took the last copy away, puts them
// before staff, and tells patrons what became of their holds.
package waiting

import "afield/broker/standing"

// Room is what looking after queues needs.
type Room struct{ policies standing.Policies }

// New makes the room of all libraries. policies must answer from memory.
func New(policies standing.Policies) Room { return Room{policies: policies} }
