package standing

import (
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
)

// RequestRef names a request of the ILL workflow; it is only carried along here.
type RequestRef struct {
	Library broker.ID
	Request broker.ID
}

// BelongsTo refuses a request of any library but the patron's: loans and holds
// keep only its id, and take the library from their patron.
func (r RequestRef) BelongsTo(patron patrons.Ref) error {
	if r.Request != broker.NoID && r.Library != patron.Library {
		return broker.Invalid(broker.FieldError{
			Pointer: "/request", Code: "of_another_library",
			Message: "must be a request of the patron's library",
		})
	}
	return nil
}

// Serves names a request of a library; nil for NoID.
func Serves(library, request broker.ID) *RequestRef {
	if request == broker.NoID {
		return nil
	}
	return &RequestRef{Library: library, Request: request}
}

// NextAct is what to do next with the item in hand.
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
	// Serves names the request that the loan or hold acted on serves.
	Serves *RequestRef
	// Said tells what was done, in plain words.
	Said     []string
	Warnings []broker.Reason
	NextAct  NextAct
	// Replayed is set when this had been done before and nothing changed.
	Replayed bool
	// Failed is set by the slices of nightly work on a row that could not be
	// processed and is unchanged.
	Failed error
}

// Say adds a sentence to what is said about the act.
func (o *Outcome) Say(format string, args ...any) {
	o.Said = append(o.Said, fmt.Sprintf(format, args...))
}

// SetItem notes the item as it is after the act.
func (o *Outcome) SetItem(item catalog.Item) { o.Item = &item }
