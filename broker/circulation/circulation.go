package circulation

import (
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/rule"
)

// Policies gives the policy document that rules a desk: the branch's where it
// has one of its own, else its library's, in the version that rules on a day. A
// branch of NoID is the library as a whole.
type Policies func(library directory.Library, branch broker.ID, on broker.Date) (*policy.Document, error)

// At gives the document that rules the library as a whole at a moment.
func (p Policies) At(library directory.Library, now time.Time) (*policy.Document, error) {
	return p(library, broker.NoID, library.Today(now))
}

// ByName takes documents that do not change from a source that knows them by
// name, and passes branches over: for tests, and for a source of presets.
func ByName(named func(policy string) (*policy.Document, error)) Policies {
	return func(library directory.Library, _ broker.ID, _ broker.Date) (*policy.Document, error) {
		return named(library.Policy)
	}
}

// Circulation is the desk's use cases. It holds no state but the way to
// policies; one serves every library.
type Circulation struct{ policies Policies }

// New makes the desk's use cases over a source of policies. The source is asked
// on every act, so it should answer from memory.
func New(policies Policies) *Circulation { return &Circulation{policies: policies} }

// Rules gives the policy document that rules a desk on its business day.
func (c *Circulation) Rules(desk Desk) (*policy.Document, error) {
	return c.policies(desk.Library, desk.Branch, desk.today())
}

// Desk is where an act happens, who does it and when.
type Desk struct {
	Library directory.Library
	// Branch is the building; NoID where the library has only one.
	Branch broker.ID
	// BranchCode is the branch's own, by which a policy names it; "" where there is
	// only one, or where it is not asked.
	BranchCode string
	// Opening is the branch's calendar; nil means the library's.
	Opening *calendar.Calendar
	Actor   broker.Actor
	Now     time.Time
}

func (d Desk) calendar() *calendar.Calendar {
	if d.Opening != nil {
		return d.Opening
	}
	return d.Library.Calendar
}

func (d Desk) today() broker.Date { return d.calendar().DateOf(d.Now) }

func (d Desk) moment() policy.Moment { return policy.Moment{Now: d.Now, Calendar: d.calendar()} }

// LoanRef names a loan; Library is the one whose desk lent.
type LoanRef struct {
	Library broker.ID
	ID      broker.ID
}

// HoldRef names a hold; Library is the one that is to fill it.
type HoldRef struct {
	Library broker.ID
	ID      broker.ID
}

// RequestRef names a request of the ILL workflow; circulation only carries it.
type RequestRef struct {
	Library broker.ID
	Request broker.ID
}

// belongsTo refuses a request of another library than the patron's: loans and
// holds keep its id only, and name it by their patron's library.
func (r RequestRef) belongsTo(patron patrons.Ref) error {
	if r.Request != broker.NoID && r.Library != patron.Library {
		return broker.Invalid(broker.FieldError{
			Pointer: "/request", Code: "of_another_library",
			Message: "must be a request of the patron's library",
		})
	}
	return nil
}

// LoanStatus is where a loan stands.
type LoanStatus string

// The statuses of a loan.
const (
	LoanOpen     LoanStatus = "open"
	LoanReturned LoanStatus = "returned"
	LoanLost     LoanStatus = "lost" // not back, and no longer expected
)

// Loan is one item in one patron's hands.
type Loan struct {
	LoanRef
	Item catalog.Ref
	// Patron is the borrower; its ID is NoID once history is anonymised.
	Patron patrons.Ref
	// Request is the request it serves, of the patron's library; NoID for none.
	Request   broker.ID
	Branch    broker.ID
	StartedAt time.Time
	// DueOn is the due date, DueAt the close of business on it.
	DueOn    broker.Date
	DueAt    time.Time
	Renewals int
	Terms    costs.Terms
	Status   LoanStatus
	// ReturnedAt is when it was handed in, ReturnedOn the day that counts.
	ReturnedAt time.Time
	ReturnedOn broker.Date
	// LostOn is when it was declared lost, LostHow why.
	LostOn  broker.Date
	LostHow LostHow
	// ReferredOn is when the debt was handed on for recovery.
	ReferredOn broker.Date
	// RecalledOn is when its owner asked for it back.
	RecalledOn broker.Date
	// HandedTo is the proxy who took it for the patron, of the patron's library;
	// NoID where the patron did.
	HandedTo broker.ID
	// ClaimedAt is when the patron said that it was returned or never had, while
	// that is open; zero when nobody says so.
	ClaimedAt time.Time
}

// LostHow says what made a loan a loss.
type LostHow string

// The ways to a loss.
const (
	LostOverdue  LostHow = "overdue"  // by its age
	LostReported LostHow = "reported" // somebody said so
	LostByClaim  LostHow = "claim"    // claimed, and not found
)

// Serves names the request a loan serves, or nil.
func (l Loan) Serves() *RequestRef { return requestRef(l.Patron.Library, l.Request) }

// HoldStatus is where a hold stands.
type HoldStatus string

// The statuses of a hold.
const (
	HoldPlaced    HoldStatus = "placed" // in the queue of a title
	HoldInTransit HoldStatus = "in_transit"
	HoldOnShelf   HoldStatus = "on_hold_shelf"
	HoldFulfilled HoldStatus = "fulfilled" // lent to the patron
	HoldCancelled HoldStatus = "cancelled"
	HoldExpired   HoldStatus = "expired"  // not picked up
	HoldUnfilled  HoldStatus = "unfilled" // no copy was found
)

// Open tells whether the hold still waits for something.
func (s HoldStatus) Open() bool {
	return s == HoldPlaced || s == HoldInTransit || s == HoldOnShelf
}

// Hold keeps a place in the queue of a title, and then a copy, for a patron.
type Hold struct {
	HoldRef
	// Title is whose queue it waits in; NoID for a borrowed copy, which is
	// nobody else's.
	Title broker.ID
	// Wanted is the only copy that will do; NoID where any copy of the title does.
	Wanted broker.ID
	// Item is the copy given to it.
	Item broker.ID
	// Patron is whom it is for; their library may be another of the sharing group.
	Patron patrons.Ref
	// Class is the patron's class, where the transaction sees their library.
	Class string
	// Request is of the patron's library.
	Request broker.ID
	Pickup  broker.ID
	// Channel is how it was asked for.
	Channel rule.Channel
	// QueuedAt is when it was asked for, TurnAt what the queue goes by: the same,
	// unless staff moved it or it lost its copy.
	QueuedAt   time.Time
	TurnAt     time.Time
	PlacedAt   time.Time
	CapturedAt time.Time
	Status     HoldStatus
	// PickUpBy is the last day on the hold shelf.
	PickUpBy  broker.Date
	OnShelfAt time.Time
	ClosedAt  time.Time
	// SuspendedFrom and SuspendedUntil are the first and last day it is passed
	// by; a zero SuspendedUntil lasts until it is resumed.
	SuspendedFrom  broker.Date
	SuspendedUntil broker.Date
	// ExpiresOn is the last day it waits to be filled; zero as long as it takes.
	ExpiresOn broker.Date
	// Permitted is who else of the patron's library may take it, by the patron's
	// express permission.
	Permitted broker.ID
	// ContactAt is when the patron asked to keep it longer.
	ContactAt time.Time

	passing // what the queue found about it when it asked who is next
}

// Serves names the request a hold serves, or nil.
func (h Hold) Serves() *RequestRef { return requestRef(h.Patron.Library, h.Request) }

// Transit is an item on its way between branches.
type Transit struct {
	Library broker.ID // whose item
	ID      broker.ID
	Item    broker.ID
	// ToLibrary and ToBranch are where it goes.
	ToLibrary broker.ID
	ToBranch  broker.ID
	// Hold is what it travels for; NoID when it goes home.
	Hold      broker.ID
	SentAt    time.Time
	ArrivedAt time.Time
}

func requestRef(library, request broker.ID) *RequestRef {
	if request == broker.NoID {
		return nil
	}
	return &RequestRef{Library: library, Request: request}
}
