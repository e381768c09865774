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

// Status is the status of a loan.
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
	// ReferredOn is when the debt was referred for recovery.
	ReferredOn broker.Date
	// RecalledOn is when its owner asked for it back.
	RecalledOn broker.Date
	// HandedTo is the proxy who took it for the patron, of the patron's library;
	// NoID where the patron did.
	HandedTo broker.ID
	// ClaimedAt is when the patron claimed that it was returned or never borrowed,
	// while that claim is open; zero where there is none.
	ClaimedAt time.Time
}

// LostHow says why a loan was declared lost.
type LostHow string

// The reasons a loan is declared lost.
const (
	LostOverdue  LostHow = "overdue"  // because it was overdue for so long
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

// MatchOf is what a policy's entries are matched against for the loan of an
// item.
func (l Loan) MatchOf(item catalog.Item) rule.Match {
	return rule.Match{Owner: l.Terms.Owner, Class: l.Terms.Class, Item: l.Terms.Item, Audience: item.Audience, Age: item.AgeMark}
}

// Late is what of the loan is needed for working out its fine.
func (l Loan) Late() standing.LateLoan {
	return standing.LateLoan{
		Library: l.Library, ID: l.ID, Branch: l.Branch, Patron: l.Patron, Request: l.Request, DueOn: l.DueOn, DueAt: l.DueAt,
		Renewals: l.Renewals, Terms: l.Terms, ClaimedAt: l.ClaimedAt,
	}
}

// loanOf is what of a late loan is needed for its fine.
func loanOf(late standing.LateLoan) Loan {
	return Loan{
		Ref: Ref{late.Library, late.ID}, Branch: late.Branch, Patron: late.Patron, Request: late.Request, DueOn: late.DueOn, DueAt: late.DueAt,
		Renewals: late.Renewals, Terms: late.Terms, ClaimedAt: late.ClaimedAt, Status: Open,
	}
}
