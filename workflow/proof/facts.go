package proof

import (
	"afield/connectors"
	"afield/workflow"
)

// custody is a workflow.Custody in one byte; nowhere is that of a copy that does
// not exist for the request.
type custody uint8

const (
	nowhere custody = iota
	withLender
	coming
	inLibrary
	inHands
	goingHome
	unaccounted
)

var custodies = map[workflow.Custody]custody{
	workflow.WithLender: withLender, workflow.ComingHere: coming, workflow.InLibrary: inLibrary,
	workflow.InHands: inHands, workflow.GoingHome: goingHome, workflow.Unaccounted: unaccounted,
}

// Why a request is being cancelled.
type reason uint8

const (
	noReason reason = iota
	byPatron
	byNeedBy
	toMoveOn
)

// Where a charge stands.
type charge uint8

const (
	notCharged charge = iota
	charged
	waived // forgiven, or taken back
	settled
)

// Where a hold of the request stands, in a queue or on a shelf.
type hold uint8

const (
	noHold hold = iota
	waiting
	inTransit
	onShelf
)

// Where a loan stands.
type loan uint8

const (
	noLoan loan = iota
	openLoan
	lostLoan
	closedLoan
)

// Where the lender that a request depends on stands.
type entry uint8

const (
	noEntry entry = iota
	chosen
	asked
	offered
	promised
	supplied
	left // it is done with, or we have moved on
)

// Borrower is the borrowing side, as far as it decides what can happen next.
type Borrower struct {
	State, Previous uint8 // places of the table; Previous is none where there is none
	// Lender is who the request depends on, or depended on last: nobody, the first
	// one asked, or a later one.
	Lender uint8
	Entry  entry
	// Active: the request depends on that lender now.
	Active, ByHold, Costly, Retry bool
	// Earlier: another lender was asked before this one.
	Earlier bool

	Cancel                                            reason
	Unused, Contact, RenewalPending, Misplaced, Claim bool

	Copy custody
	// Late is what a lender sent that we had moved on from: coming once it is
	// announced, in the library, or going home.
	Late custody
	// Arrived: the copy has been here. Holder: a patron has it, or had it when it
	// was lost.
	Arrived, Holder bool
	Hold            hold
	Loan            loan

	Approved  bool
	Fee, Lost charge
	Owes      bool // a fee or an invoice of the lender is not paid
	Sent      bool // the lender we depend on, or depended on last, has sent it
	// EarlyHome: the lender says that it is home, and it is not recorded as sent.
	EarlyHome bool

	NeedBy, RenewalWait bool // deadlines beside that of the state
	TooLate             bool // the day it was needed by is over
	Task                bool
	ToldArrived         bool // or about to be told
	ToldCost            bool
	ToldEnd             bool
}

// Lender is the lending side, at the first library that was asked.
type Lender struct {
	State, Previous uint8
	There           bool // the request has reached it
	RenewalPending  bool
	Early           uint8 // what the borrower said of a copy that is not recorded as sent
	Copy            custody
	Loan            loan
	Fee, Invoice    charge
	Task            bool
}

// none is the place of a state that there is not.
const none uint8 = 255

// under is how many messages may be under way in one direction at most; World.Under
// says how many are searched.
const under = 2

// Queue is the messages under way in one direction, the oldest first, as places
// in the list of what can be said; none is empty.
type Queue [under]uint8

// Joint is both sides of a request, what is under way between them, and where
// the copy really is.
type Joint struct {
	B     Borrower
	L     Lender
	ToL   Queue
	ToB   Queue
	Where custody
}

// saying is one thing a library can say.
type saying struct {
	Kind  connectors.Kind
	Reply workflow.Reply
}

var emptyQueue = func() (q Queue) {
	for i := range q {
		q[i] = none
	}
	return q
}()

func (q Queue) len() int {
	for i, m := range q {
		if m == none {
			return i
		}
	}
	return len(q)
}

// push puts a message on its way; false where so many are on theirs already.
func (q *Queue) push(m uint8, most int) bool {
	n := q.len()
	if n >= most {
		return false
	}
	q[n] = m
	return true
}

func (q *Queue) pop() {
	q.drop(0)
}

func (q *Queue) drop(i int) {
	copy(q[i:], q[min(i+1, len(q)):])
	q[len(q)-1] = none
}

// settle leaves out of a joint state what can no longer matter, so that what
// comes to the same thing is searched once.
func (w *World) settle(j *Joint) {
	b, place := &j.B, w.rows[workflow.SideBorrowing].places[j.B.State]
	if !b.Active {
		b.Costly = false
	}
	if place.PastNeedBy || place.Ended {
		b.Retry, b.NeedBy, b.TooLate = false, false, false
	}
	if b.Arrived || place.Ended {
		b.Approved = false
	}
	if place.State != workflow.OnHoldShelf {
		b.Contact = false
	}
	if b.Loan != openLoan {
		b.Claim, b.Misplaced = false, false
	}
	b.Task, j.L.Task = false, false
	if !w.Liar { // what one side keeps to itself is searched with a liar
		b.Contact, b.Misplaced, b.Claim, b.Fee, j.L.Fee = false, false, false, notCharged, notCharged
		b.ToldArrived, b.ToldCost, b.ToldEnd = false, false, false
		if b.Late == coming { // it comes, announced or not
			b.Late = nowhere
		}
	}
}
