// Package desk is what stands at the desk: the scan desk, the hold shelf, the pull
// list and the call list, and the slips that go with them.
//
// The scan desk remembers, between two scans, what it is set to do, the patron who
// stands there and the last twenty scans; nothing about the patron but the id and
// the card, and that only until the patron has gone.
package desk
