package directory

import (
	"time"

	"afield/broker"
	"afield/broker/calendar"
)

// Kind tells a library from a consortium's own row.
type Kind string

// The kinds of row in the directory.
const (
	KindLibrary Kind = "library"
	// KindConsortium owns brokered requests; it has no patrons and no shelves.
	KindConsortium Kind = "consortium"
)

// Status says whether a library takes part at all.
type Status string

// The statuses of a library.
const (
	StatusActive    Status = "active"
	StatusSuspended Status = "suspended" // for a while, by the operator
	StatusClosed    Status = "closed"    // it no longer exists
)

// Library is any library: a member that works in this Afield, or one that is only
// known.
type Library struct {
	ID   broker.ID
	Name string
	Kind Kind
	// Member tells whether its staff and patrons use this Afield.
	Member bool
	// State is two letters, or the province; Country is ISO 3166 alpha-2.
	State, Country string
	// Latitude and Longitude are degrees; nil when not known.
	Latitude, Longitude *float64
	// Zone is where its dates are read; never nil on a loaded library.
	Zone *time.Location
	// Currency is the ISO 4217 code of its money.
	Currency string
	// SharingGroup is the realm of its barcodes and card numbers; NoID for a
	// library that is not a member.
	SharingGroup broker.ID
	// Policy names its policy document; members have one.
	Policy string
	// Plan is its calendar as written; Calendar is made from it, with the closures,
	// which are kept apart, merged in. Calendar is never nil on a loaded library,
	// and is not looked at when saving.
	Plan     calendar.Plan
	Calendar *calendar.Calendar
	Status   Status
	// YearlyLoans is its yearly circulation, an indication of its size; nil when not
	// known.
	YearlyLoans *int64
	// SourceKey is its key in the directory file it came from, or "".
	SourceKey string
	// Numbers are the patterns of card numbers and barcodes in its shared catalogue.
	// They are not looked at when saving: SaveNumbers writes the library's own.
	Numbers []NumberPattern
}

// Place is the country and state as policies write them, for example US-OH; only
// the country when the state is not known.
func (l Library) Place() string {
	if l.State == "" {
		return l.Country
	}
	return l.Country + "-" + l.State
}

// Today gives the date an instant has at the library.
func (l Library) Today(now time.Time) broker.Date { return broker.DateIn(now, l.Zone) }

// Takes says what is wrong with an amount that is not in the library's currency:
// amounts are never converted. pointer says where it was in the input.
func (l Library) Takes(pointer string, amount broker.Money) []broker.FieldError {
	if amount.Currency == l.Currency {
		return nil
	}
	return []broker.FieldError{{Pointer: pointer, Code: "wrong_currency", Message: "must be in " + l.Currency + "; amounts are never converted"}}
}

// Branch is one building of a member library.
type Branch struct {
	Library broker.ID
	ID      broker.ID
	Code    string
	Name    string
	// Policy names a policy document of its own, under its library's; "" for none.
	Policy string
	// Plan is its own calendar as written; nil means the library's.
	Plan *calendar.Plan
	// Calendar is made from Plan or else the library's plan, with the closures
	// of both. It is not looked at when saving.
	Calendar *calendar.Calendar
}

// Closure is a stretch of days on which a library or one branch is shut.
type Closure struct {
	Library broker.ID
	ID      broker.ID
	Branch  broker.ID // NoID: the whole library
	calendar.Closure
	// Kind is why it is closed; empty means planned.
	Kind ClosureKind
	// By put it in the calendar at PutAt; zero where it came with the directory.
	By    broker.Actor
	PutAt time.Time
	// CancelledAt is when it was cancelled, from which time it no longer closes
	// anything; zero where it was not.
	CancelledAt time.Time
}

// ClosureKind says why a library is shut, and so what becomes of what was due.
type ClosureKind string

// The kinds of closing.
const (
	// ClosurePlanned was known before: due dates are chosen around it.
	ClosurePlanned ClosureKind = "planned"
	// ClosureWeather comes by surprise: where the policy says so, what was due then
	// is due on the next open day.
	ClosureWeather ClosureKind = "weather"
	// ClosureEmergency is decided after the fact, for days on which nobody could
	// come: those days cost no fine.
	ClosureEmergency ClosureKind = "emergency"
)

// Unforeseen tells whether no due date could have been chosen around it.
func (k ClosureKind) Unforeseen() bool { return k == ClosureWeather || k == ClosureEmergency }

// SharingGroup is the realm in which card numbers and barcodes are unique: a
// shared catalogue, or one library alone.
type SharingGroup struct {
	ID   broker.ID
	Name string
}

// GroupKind says what a group of libraries is to its members.
type GroupKind string

// The kinds of group.
const (
	GroupSystem   GroupKind = "system"
	GroupNetwork  GroupKind = "network"
	GroupState    GroupKind = "state"
	GroupPartners GroupKind = "partners"
)

// Group is a named set of libraries that a tier or lending terms can point at.
type Group struct {
	ID   broker.ID
	Name string
	Kind GroupKind
}

// TierMembers says how a tier names its libraries.
type TierMembers string

// The ways a tier names its libraries.
const (
	TierOwn          TierMembers = "own"           // the borrower's own shelves
	TierSharingGroup TierMembers = "sharing_group" // the shared catalogue
	TierGroup        TierMembers = "group"         // the libraries of Tier.Group
	TierStates       TierMembers = "states"        // libraries in Tier.States
	TierEverywhere   TierMembers = "everywhere"
)

// CostRule says what a tier's libraries charge each other.
type CostRule string

// The cost rules of a tier.
const (
	CostFree      CostRule = "free"       // nothing, by agreement
	CostLenderFee CostRule = "lender_fee" // what the lender's terms ask
)

// Fulfilment says how a request is filled from a tier.
type Fulfilment string

// The ways of filling a request.
const (
	FulfilHold  Fulfilment = "hold"  // a hold with transit in the shared catalogue
	FulfilILL   Fulfilment = "ill"   // messages to the lender
	FulfilStaff Fulfilment = "staff" // staff send it themselves: OCLC, SRCS, telephone
)

// Tier is one step outward: which libraries, under which cost rule, how many days
// each has to answer, and how a request is filled there.
type Tier struct {
	// Position orders the tiers of a library, nearest first, from 0.
	Position int
	Name     string
	Members  TierMembers
	Group    broker.ID // when Members is TierGroup
	States   []string  // when Members is TierStates
	CostRule CostRule
	// DaysToRespond is in days of the lender's calendar.
	DaysToRespond int
	Fulfilment    Fulfilment
}

// LendingTerms is what a library lends to others, for how long, at what price.
type LendingTerms struct {
	Library broker.ID
	// Known is false when the library never stated its terms: then these are the
	// usual terms, and the fee is not nothing but unknown.
	Known   bool
	Lends   bool
	Formats []broker.Format
	// LoanDays is the loan period in calendar days; Renewals how many are allowed.
	LoanDays, Renewals int
	// Fee is what it charges for one loan or copy.
	Fee broker.Money
	// FreeInState waives the fee for borrowers in its own state; FreeGroups for
	// libraries of these groups.
	FreeInState bool
	FreeGroups  []broker.ID
	// PausedFrom and PausedUntil bound a pause in lending, both days included; zero
	// means open at that end. There is no pause when both are zero.
	PausedFrom, PausedUntil broker.Date
}

// Protocol names the way a library is reached. Those of libraries with systems
// of their own are named by their connectors.
type Protocol string

// The ways that need no connector.
const (
	ProtocolMember Protocol = "member" // it works in this Afield
	ProtocolManual Protocol = "manual" // staff ask and record the answers
	// ProtocolISO18626 is the standard between systems for interlibrary loan.
	ProtocolISO18626 Protocol = "iso18626"
	// ProtocolEmail needs nothing at the other end but a mailbox.
	ProtocolEmail Protocol = "email"
)

// Editions are those of ISO 18626 that are spoken, first the one that every known
// system takes. Dialects are the vendors' systems that differ from others.
var (
	Editions = []string{"1.2", "2021"}
	Dialects = []string{"alma", "reshare", "koha"}
)

// Peer is how one library is reached. Its secrets are in the clear: keep it for a
// short time and never log it.
type Peer struct {
	Library  broker.ID
	Symbol   broker.Symbol
	Protocol Protocol
	BaseURL  string
	// OutboundSecret signs what we send; InboundSecret checks what they send.
	OutboundSecret, InboundSecret []byte
	// Paused stops sending: messages wait.
	Paused bool
	// AllowPrivateAddress lets BaseURL point to a loopback or private address.
	AllowPrivateAddress bool
	// Edition, Dialect and Account are of ISO 18626: what its system speaks, how it
	// differs from others, and the name under which it knows us. Each may be empty.
	Edition, Dialect, Account string
	// Timeout bounds one try; 100 ms to 60 s.
	Timeout time.Duration
}
