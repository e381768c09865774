package holds

import (
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/policy/accounts"
	"afield/broker/policy/rule"
	"afield/broker/standing"
)

// Ref names a hold; Library is the one that is to fill it.
type Ref struct {
	Library broker.ID
	ID      broker.ID
}

// Status is the status of a hold.
type Status string

// The statuses of a hold.
const (
	Placed      Status = "placed" // in the queue of a title
	InTransit   Status = "in_transit"
	OnHoldShelf Status = "on_hold_shelf"
	Fulfilled   Status = "fulfilled" // lent to the patron
	Cancelled   Status = "cancelled"
	Expired     Status = "expired"  // not picked up
	Unfilled    Status = "unfilled" // no copy was found
)

// Open tells whether the hold still waits for something.
func (s Status) Open() bool {
	return s == Placed || s == InTransit || s == OnHoldShelf
}

// Hold keeps a place in the queue of a title, and then a copy, for a patron.
type Hold struct {
	Ref
	// Title is the title whose queue it waits in; NoID for a borrowed copy, which
	// has no queue.
	Title broker.ID
	// Wanted is the only copy that will do; NoID where any copy of the title does.
	Wanted broker.ID
	// Item is the copy given to it.
	Item broker.ID
	// Patron is whom it is for; their library may be another of the sharing group.
	Patron patrons.Ref
	// Class is the patron's class and BornOn their birthday, where the transaction
	// sees their library.
	Class  string
	BornOn broker.Date
	// Request is of the patron's library.
	Request broker.ID
	Pickup  broker.ID
	// Channel is how it was asked for.
	Channel rule.Channel
	// QueuedAt is when it was asked for, TurnAt what the queue is ordered by: the
	// same, unless staff moved it or it lost its copy.
	QueuedAt   time.Time
	TurnAt     time.Time
	PlacedAt   time.Time
	CapturedAt time.Time
	Status     Status
	// PickUpBy is the last day on the hold shelf.
	PickUpBy  broker.Date
	OnShelfAt time.Time
	ClosedAt  time.Time
	// SuspendedFrom and SuspendedUntil are the first and last day it is passed
	// over; with a zero SuspendedUntil, until it is resumed.
	SuspendedFrom  broker.Date
	SuspendedUntil broker.Date
	// ExpiresOn is the last day it waits to be filled; zero means as long as it
	// takes.
	ExpiresOn broker.Date
	// Permitted is who else of the patron's library may take it, by the patron's
	// express permission.
	Permitted broker.ID
	// StrandedAt is since when no copy can ever fill it; zero while one can.
	StrandedAt time.Time
	// ContactAt is when the patron asked to keep it longer.
	ContactAt time.Time

	passing // what was found about it when the queue was asked who is next
}

// MatchOf is what a policy's entries are matched against for an item that is
// kept for the hold.
func (h Hold) MatchOf(desk standing.Desk, item catalog.Item) rule.Match {
	return rule.Match{
		Owner: desk.OwnerOf(item), Class: h.Class, PatronAge: accounts.Years(h.BornOn, desk.Today()),
		Item: item.Type, Audience: item.Audience, Age: item.AgeMark,
	}
}

// Serves names the request a hold serves, or nil.
func (h Hold) Serves() *standing.RequestRef { return standing.Serves(h.Patron.Library, h.Request) }

// Transit is an item on its way between branches.
type Transit struct {
	Library broker.ID // whose item
	ID      broker.ID
	Item    broker.ID
	// FromLibrary and FromBranch are the desk that sent it; NoID where that is not
	// known.
	FromLibrary, FromBranch broker.ID
	// ToLibrary and ToBranch are where it goes.
	ToLibrary broker.ID
	ToBranch  broker.ID
	// Hold is what it travels for; NoID when it goes home, or when the hold has
	// ended on the way.
	Hold      broker.ID
	SentAt    time.Time
	ArrivedAt time.Time
}
