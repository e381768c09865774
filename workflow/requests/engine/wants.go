package engine

import (
	"time"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/messages"
)

// Want is one thing an effect wants done. The engine carries it out in the
// transaction of the row.
type Want interface{ want() }

// Wants are things an effect wants done, in this order.
type Wants []Want

// Add puts more at the end.
func (w *Wants) Add(more ...Want) { *w = append(*w, more...) }

// Then is an event of the same request that follows by itself, brought by the
// system.
type Then struct {
	Event workflow.Event
	// Data goes into the timeline as it is; never patron data.
	Data map[string]any
}

// Elsewhere is an event of another request, fired after this one is stored.
type Elsewhere struct{ Firing Firing }

// Fact goes into the timeline under a name; never patron data.
type Fact struct {
	Name  string
	Value any
}

// Remark is what whoever brought the event should know.
type Remark struct{ Reasons []broker.Reason }

// Say is a message to the library at the other end: from a borrower to the
// lender it depends on, from a lender to the borrower. A library without a
// system gets a task for staff to tell it by hand instead.
type Say struct {
	Message connectors.Message
	// To is another lender of the rota; nil is the one the request depends on.
	To *RotaEntry
}

// Send hands over a message that is in the outbox already.
type Send struct{ Ref messages.Ref }

// LookUp asks partners' own systems what they have; a job does it.
type LookUp struct{}

// OpenTask puts something before staff, with the actions that settle it. One
// task of a kind is open for a request at a time.
type OpenTask struct{ Kind, Detail string }

// CloseTasks ends every task that waited for the request to move on.
type CloseTasks struct{}

// Notify gives a patron a notice.
type Notify struct {
	Patron  patrons.Patron
	Message notices.Message
}

// DropNotices withdraws what was not given to the patron yet.
type DropNotices struct{}

// Charge posts a charge.
type Charge struct{ Charge ledger.Charge }

// Reverse takes a charge back by a new entry; one that is reversed already stays
// as it is.
type Reverse struct{ Answer ledger.Answer }

// Waive forgives part of a charge.
type Waive struct {
	Answer ledger.Answer
	Amount broker.Money
}

// Pay records a payment.
type Pay struct{ Payment ledger.Payment }

// SetDeadline sets a deadline beside the state's own.
type SetDeadline struct {
	Kind  workflow.DeadlineKind
	Event workflow.Event
	At    time.Time
}

// DropDeadline takes a deadline beside the state's own away.
type DropDeadline struct{ Kind workflow.DeadlineKind }

// RestartDeadline starts the state's own deadline again.
type RestartDeadline struct{}

// WaitUntil makes the state's own deadline this moment.
type WaitUntil struct{ At time.Time }

// NeedByAgain sets the deadline of the need-by date again, where that date
// still lies ahead and still matters.
type NeedByAgain struct{}

func (Then) want()            {}
func (Elsewhere) want()       {}
func (Fact) want()            {}
func (Remark) want()          {}
func (Say) want()             {}
func (Send) want()            {}
func (LookUp) want()          {}
func (OpenTask) want()        {}
func (CloseTasks) want()      {}
func (Notify) want()          {}
func (DropNotices) want()     {}
func (Charge) want()          {}
func (Reverse) want()         {}
func (Waive) want()           {}
func (Pay) want()             {}
func (SetDeadline) want()     {}
func (DropDeadline) want()    {}
func (RestartDeadline) want() {}
func (WaitUntil) want()       {}
func (NeedByAgain) want()     {}
