package outbox

import (
	"fmt"
	"time"
)

// Lease is how long, in wall time, a claimed row belongs to its worker. It is
// longer than a job may run; together with the sweep's interval it stays below a
// minute, so that a node that was killed holds nothing up for longer.
const Lease = 25 * time.Second

// Rows says which rows of its owner's table are to be sent. The table has the
// columns claimed_until (wall time, null where nobody claims the row) and
// claimed_by.
type Rows struct {
	// Waiting is the condition for a row that has neither gone out nor been given up.
	Waiting string
	// Due is the column with the business time of its next try.
	Due string
	// Fresh, where given, is the condition for a row that no clock delays. It may be
	// claimed whatever time the claimant gives: that was read before the claimant waited
	// its turn, or is another node's, and may be earlier than the row.
	Fresh string
}

// Free is the condition for a row that may be claimed; now and wall stand for
// business time and wall time in the statement.
func (r Rows) Free(now, wall string) string {
	return fmt.Sprintf("%s and %s and (claimed_until is null or claimed_until < %s)", r.Waiting, r.DueBy(now), wall)
}

// DueBy is the condition for a row whose time has come.
func (r Rows) DueBy(now string) string {
	due := fmt.Sprintf("%s <= %s", r.Due, now)
	if r.Fresh == "" {
		return due
	}
	return fmt.Sprintf("(%s or %s)", due, r.Fresh)
}

// ClaimedBy is the condition for a row that a node has claimed. A node that was
// killed releases those before it works again, so that nobody waits for the lease
// to be over.
func (r Rows) ClaimedBy(node string) string {
	return fmt.Sprintf("%s and claimed_by = %s and claimed_until is not null", r.Waiting, node)
}

// Trouble is why a try failed.
type Trouble struct {
	// Final is set when trying again is useless.
	Final bool
	// Detail is for staff; it names no patron.
	Detail string
	// RetryAfter is what the other side asked for, or 0.
	RetryAfter time.Duration
}

// Retries say how long something waits between tries, in business time, and when
// it is given up.
type Retries struct {
	// Waits come after the first try, the second and so on; the last comes after
	// every later one.
	Waits []time.Duration
	// LongestAsked bounds what the other side may ask for; 0 grants whatever it asks.
	LongestAsked time.Duration
	// Tries is the number of tries after which it is given up; 0 means never, unless
	// trouble is final.
	Tries int
}

// Next is what happens after a failed try.
type Next struct {
	GivenUp bool
	// At is when it is tried again, unless it is given up.
	At time.Time
}

// After says what happens after a try that failed; tries counts it too.
func (r Retries) After(trouble Trouble, tries int, now time.Time) Next {
	if trouble.Final || (r.Tries > 0 && tries >= r.Tries) {
		return Next{GivenUp: true}
	}
	asked := trouble.RetryAfter
	if r.LongestAsked > 0 {
		asked = min(asked, r.LongestAsked)
	}
	wait := r.Waits[min(max(tries-1, 0), len(r.Waits)-1)]
	return Next{At: now.Add(max(wait, asked))}
}
