package holds

import (
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Outcome is what an act did with a hold, or with an item that somebody may
// wait for.
type Outcome struct {
	standing.Outcome
	// Hold is the hold acted on; in a capture or an arrival, the one served.
	Hold *Hold
	// Given is the hold that got the item by this act: after a return, an expiry
	// or a cancellation it is the next in the queue, not Hold.
	Given *Hold
	// Next names the request of Given where it is not the one in Serves: it goes
	// on as well.
	Next *standing.RequestRef
	// Transit is the transit begun or ended.
	Transit *Transit
	// Freed is what became of another copy that was kept for the patron of Hold,
	// who has been lent this one.
	Freed *Outcome
}

func (o *Outcome) setHold(hold Hold) {
	o.Hold = &hold
	o.Serves = hold.Serves()
}

// give records that an item went to a hold. Where another hold was acted on,
// the request of the one given goes into Next.
func (o *Outcome) give(hold Hold) {
	o.Given = &hold
	if o.Hold == nil || o.Hold.Ref == hold.Ref {
		o.setHold(hold)
		return
	}
	o.Next = hold.Serves()
}

func (o *Outcome) send(tx *postgres.Tx, transit Transit) {
	addTransit(tx, transit)
	o.Transit = &transit
	o.NextAct = standing.SendOn
}
