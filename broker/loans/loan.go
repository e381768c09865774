package loans

import (
	"cmp"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/policy"
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
	DueOn broker.Date
	DueAt time.Time
	// SetDue is the due date as it was set, before closed days moved it; zero where
	// that is DueOn. Periods are its times out since it was first changed; Times
	// gives them all.
	SetDue   broker.Date
	Periods  []costs.Period
	Renewals int
	Terms    costs.Terms
	Status   Status
	// ReturnedAt is when it was handed in, ReturnedOn the day that counts.
	ReturnedAt time.Time
	ReturnedOn broker.Date
	// FineFree tells that its return costs nothing, however late it was.
	FineFree bool
	// LostOn is when it was declared lost, LostHow why.
	LostOn  broker.Date
	LostHow LostHow
	// ReferredOn is when the debt was referred for recovery.
	ReferredOn broker.Date
	// RecalledOn is when its owner asked for it back.
	RecalledOn broker.Date
	// SeenBackOn is the day since which somebody else says that the item is home: its
	// lender, or another library's desk. Nothing accrues from then on.
	SeenBackOn broker.Date
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

// ByRule tells whether it counts as lost because it was not back by some day: had
// it been, it would never have been lost.
func (h LostHow) ByRule() bool { return h == LostOverdue || h == LostByClaim }

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
	match := l.Match()
	if l.Terms.Lent == nil {
		match.Audience, match.Age = item.Audience, item.AgeMark
	}
	return match
}

// Match is MatchOf without the item, as far as the loan knows.
func (l Loan) Match() rule.Match {
	if l.Terms.Lent != nil {
		return *l.Terms.Lent
	}
	return rule.Match{Owner: l.Terms.Owner, Class: l.Terms.Class, Item: l.Terms.Item}
}

// Times are the loan's periods, the present one last. Of a loan that never
// changed only that one is known.
func (l Loan) Times() []costs.Period {
	if len(l.Periods) > 0 {
		return slices.Clone(l.Periods)
	}
	set := l.SetDue
	if set.IsZero() {
		set = l.DueOn
	}
	return []costs.Period{{Set: set, SetAt: l.StartedAt, Due: l.DueOn}}
}

// said are the loan's periods before something more is said: each date of a
// lender is written with them, for the loan's terms know only the last.
func (l Loan) said() []costs.Period {
	times := l.Times()
	last := &times[len(times)-1]
	last.Lender = cmp.Or(last.Lender, l.Terms.LenderDue)
	last.Words = slices.Clone(last.Words)
	for i, word := range last.Words {
		if word.Recalled.IsZero() {
			last.Words[i].Lender = cmp.Or(word.Lender, l.Terms.LenderDue)
		}
	}
	return times
}

// keep gives the loan its periods, and with the last of them its due date.
func (l *Loan) keep(times []costs.Period, opening *calendar.Calendar) {
	last := times[len(times)-1]
	l.Periods, l.SetDue, l.DueOn, l.DueAt = times, last.Set, last.Due, opening.EndOfBusiness(last.Due)
}

// in is the loan as it was in one of its periods, for what is charged for that.
func (l Loan) in(times []costs.Period, nth int) Loan {
	l.DueOn, l.Renewals = times[nth].Due, l.Renewals-(len(times)-1-nth)
	return l
}

// facts are what the loan's fines depend on, by the rules it was lent by and the
// calendar of the desk that lent it.
func (l Loan) facts(lentBy *policy.Document, lender standing.Desk) costs.Facts {
	facts := costs.Facts{
		Terms: l.Terms, Periods: l.Times(), Until: lender.Today(), DueAt: l.DueAt, UntilAt: lender.Now,
		Forgiven: l.FineFree, RenewalForgives: costs.RenewalForgives(lentBy, l.Match()),
	}
	switch l.Status {
	case Returned:
		facts.Until, facts.UntilAt = l.ReturnedOn, l.ReturnedAt
		return facts
	case Lost:
		facts.Until = l.LostOn
	case Open:
	}
	facts.Until = l.Late().Through(facts.Until, lender.Calendar())
	return facts
}

// LentBy gives the rules in force at the desk that lent when the loan began: a
// loan keeps its own terms, whatever is published later. A loan that is older
// than any version known goes by today's.
func LentBy(policies standing.Policies, lender standing.Desk, loan Loan) (*policy.Document, error) {
	then := lender
	then.Now, then.Branch = loan.StartedAt, loan.Branch
	document, err := policies.Rules(then)
	if broker.IsKind(err, broker.KindNotFound) {
		return policies.Rules(lender)
	}
	return document, err
}

// Late is what of the loan is needed for working out its fine.
func (l Loan) Late() standing.LateLoan {
	return standing.LateLoan{
		Library: l.Library, ID: l.ID, Branch: l.Branch, Patron: l.Patron, Request: l.Request, DueOn: l.DueOn, DueAt: l.DueAt,
		Renewals: l.Renewals, Terms: l.Terms, ClaimedAt: l.ClaimedAt, SeenBackOn: l.SeenBackOn,
	}
}

// loanOf is what of a late loan is needed for its fine.
func loanOf(late standing.LateLoan) Loan {
	return Loan{
		Ref: Ref{late.Library, late.ID}, Branch: late.Branch, Patron: late.Patron, Request: late.Request, DueOn: late.DueOn, DueAt: late.DueAt,
		Renewals: late.Renewals, Terms: late.Terms, ClaimedAt: late.ClaimedAt, SeenBackOn: late.SeenBackOn, Status: Open,
	}
}
