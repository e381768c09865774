package circulation

import (
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/ledger"
)

// NextAct is what somebody should do with the item in their hand.
type NextAct string

// What to do next with an item.
const (
	GiveToPatron   NextAct = "give_to_patron"
	PutOnHoldShelf NextAct = "put_on_hold_shelf"
	PutOnShelf     NextAct = "put_on_shelf"
	SendOn         NextAct = "send_on"        // to the branch of the transit
	ShipToLender   NextAct = "ship_to_lender" // a borrowed copy goes home
	ShipToBorrower NextAct = "ship_to_borrower"
	NothingMore    NextAct = ""
)

// Outcome is what an act did, for whoever asked for it and for the workflow.
type Outcome struct {
	// Item is as it is after the act.
	Item *catalog.Item
	Loan *Loan
	// Hold is the hold acted on; in a capture or an arrival, the one served.
	Hold *Hold
	// Given is the hold that got the item by this act: after a return, an expiry
	// or a cancellation it is the next in the queue, and not Hold.
	Given *Hold
	// Transit is the journey begun or ended.
	Transit *Transit
	// Serves names the request that the loan or hold acted on serves.
	Serves *RequestRef
	// Next names the request of Given where that is another than Serves: it goes
	// on as well.
	Next *RequestRef
	// Said tells what was done, in plain words.
	Said     []string
	Warnings []broker.Reason
	// Charged are the charges posted.
	Charged []ledger.Entry
	// TakenBack are the reversals of what had been charged too much.
	TakenBack []ledger.Entry
	// Refund is what was paid and is to be given back; zero for nothing.
	Refund broker.Money
	// CountParts is how many pieces staff are to count; 0 where there is one.
	CountParts int
	// Claim is the claim the act opened or closed.
	Claim *Claim
	// TellPatron tells that the patron is to be told what was found.
	TellPatron bool
	NextAct    NextAct
	// Replayed is set when this had been done before and nothing changed.
	Replayed bool
	// Failed is set by the slices of nightly work, on a row that could not be
	// worked and is unchanged.
	Failed error
}

func (o *Outcome) say(format string, args ...any) {
	o.Said = append(o.Said, fmt.Sprintf(format, args...))
}

func (o *Outcome) setLoan(loan Loan) {
	o.Loan = &loan
	o.Serves = loan.Serves()
}

func (o *Outcome) setHold(hold Hold) {
	o.Hold = &hold
	o.Serves = hold.Serves()
}

// lookAt says what staff should look at with an item in hand: how many pieces
// belong to it, and the note on it.
func (o *Outcome) lookAt(item catalog.Item) {
	if item.Parts > 1 {
		o.CountParts = item.Parts
		o.say("Count its parts: %d.", item.Parts)
	}
	if item.PartsMissing != "" {
		o.say("Missing of it: %s.", item.PartsMissing)
	}
	if item.LoanNote != "" {
		o.say("%s", item.LoanNote)
	}
}

func (o *Outcome) setItem(item catalog.Item) { o.Item = &item }
