package loans

import (
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/policy/costs"
	"afield/broker/policy/rule"
	"afield/broker/standing"
)

// Ref names a loan; Library is the one whose desk lent.
type Ref struct {
	Library broker.ID
	ID      broker.ID
}

// Status is where a loan stands.
type Status string

// The statuses of a loan.
const (
	Open     Status = "open"
	Returned Status = "returned"
	Lost     Status = "lost" // not back, and no longer expected
)

// Loan is one item in one patron's hands.
type Loan struct {
	Ref
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
	Status   Status
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
func (l Loan) Serves() *standing.RequestRef { return standing.Serves(l.Patron.Library, l.Request) }

// SettledElsewhere tells whether a request settles what a loss costs, with the
// lender of a borrowed copy or with the library it was lent to.
func (l Loan) SettledElsewhere() bool {
	return l.Terms.Owner == rule.OwnerILL || l.Terms.Class == "library"
}

// MatchOf is what a policy goes by for the loan of an item.
func (l Loan) MatchOf(item catalog.Item) rule.Match {
	return rule.Match{Owner: l.Terms.Owner, Class: l.Terms.Class, Item: l.Terms.Item, Audience: item.Audience, Age: item.AgeMark}
}

// Late is the loan as far as what its lateness costs goes.
func (l Loan) Late() standing.LateLoan {
	return standing.LateLoan{
		Library: l.Library, ID: l.ID, Branch: l.Branch, Patron: l.Patron, Request: l.Request, DueOn: l.DueOn, DueAt: l.DueAt,
		Renewals: l.Renewals, Terms: l.Terms, ClaimedAt: l.ClaimedAt,
	}
}

// loanOf is a late loan as far as its fine goes.
func loanOf(late standing.LateLoan) Loan {
	return Loan{
		Ref: Ref{late.Library, late.ID}, Branch: late.Branch, Patron: late.Patron, Request: late.Request, DueOn: late.DueOn, DueAt: late.DueAt,
		Renewals: late.Renewals, Terms: late.Terms, ClaimedAt: late.ClaimedAt, Status: Open,
	}
}
