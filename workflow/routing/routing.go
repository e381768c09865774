package routing

import (
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
)

// Services that can be asked for.
const (
	ServiceLoan = "loan"
	ServiceCopy = "copy" // a copy to keep: not returned
)

// Query is what is asked, by whom and within which limits.
type Query struct {
	// Request seeds the fair choice among equals, so that two requests do not
	// fall on the same lender; it never prefers anyone by itself.
	Request broker.ID
	// Borrower is who borrows, BorrowerGroups the groups it belongs to and
	// Tiers how far it looks, in order.
	Borrower       directory.Library
	BorrowerGroups []broker.ID
	Tiers          []directory.Tier
	// FromTier is the position of the first tier to look at: those before it
	// were used up.
	FromTier int
	// Format is the kind of item; empty means book. Service is ServiceLoan (also
	// when empty) or ServiceCopy.
	Format  broker.Format
	Service string
	// AnyEdition looks for all editions of the work.
	AnyEdition bool
	// Now is business time. NeedBy is the borrower's date, or zero.
	Now    time.Time
	NeedBy broker.Date
	// Ceiling is the most the patron agreed to pay; nil when nothing was said.
	// It is compared with what would be passed on, never with the library's own
	// cost.
	Ceiling *broker.Money
	// PassedOn says what part of a lender's price the borrower's policy passes
	// on to the patron; nil passes on all of it.
	PassedOn func(lender directory.Library, asks broker.Money) broker.Money
	// MayAsk gives every reason why the borrower's policy forbids asking a
	// lender, for example one outside the 48 contiguous states; nil allows all.
	MayAsk func(lender directory.Library) []broker.Reason
	// Asked are lenders asked for this request already, and what came of it in
	// a few words, for example "refused". They are not asked again.
	Asked map[broker.ID]string
	// Most is how many entries, and how many lenders passed over, come out at
	// most; 0 means all. When those are used up, rank again with Asked.
	Most int
	// Weights are how much each factor counts; nil means UsualWeights.
	Weights *Weights
}

// Candidate is a library that may have what is asked, with all facts about it.
type Candidate struct {
	directory.Lender
	// Holder is what its items or a stored holding say; nil when only a live
	// look-up found it.
	Holder *catalog.Holder
	// Live is what it answered just now; nil when it was not asked.
	Live *Live
	// Figures are how it answered in the past.
	Figures Figures
	// Balance is how many more loans it made to the borrower than it got back,
	// as of now (half of it forgotten every ninety days).
	Balance float64
}

// Figures are counts of how a lender answered all borrowers.
type Figures struct {
	Asked, Filled, Refused, Silent, Supplied int64
	// AnswerHours is summed over answers (filled and refused); SupplyDays over
	// Supplied (those that arrived).
	AnswerHours, SupplyDays float64
	// Open is how many requests it has in hand now.
	Open int
}

// Rota is every candidate, once: in the order to ask, or passed over.
type Rota struct {
	Entries    []Entry
	PassedOver []PassedOver
	// EntriesLeft and PassedOverLeft count what Query.Most left out.
	EntriesLeft, PassedOverLeft int
}

// Entry is one lender to ask.
type Entry struct {
	Lender broker.ID
	Symbol broker.Symbol
	Name   string
	// Tier is the tier's position, TierName its name.
	Tier     int
	TierName string
	// Fulfilment is the tier's, or staff where only a person can go on.
	Fulfilment directory.Fulfilment
	Protocol   directory.Protocol
	// Cost is what the lender asks and PatronCost the part passed on to the
	// patron. CostKnown is false when the lender never said what it asks (both
	// are then zero) or asks in another currency (PatronCost is then zero):
	// neither may be read as free.
	Cost, PatronCost broker.Money
	CostKnown        bool
	// DaysToRespond is in days of the lender's calendar.
	DaysToRespond int
	// ExpectedDays is the measured time from asking to arrival.
	ExpectedDays float64
	// Score is what it was ranked by within its tier, lower is better: 0 to 100
	// and a little over for late or uncertain ones.
	Score float64
	// Why lists each factor in plain words, the weightiest first.
	Why []broker.Reason
}

// PassedOver is one lender that is not asked, with every reason.
type PassedOver struct {
	Lender broker.ID
	Symbol broker.Symbol
	Name   string
	// Tier is the position of the tier it would be in, or -1 for none.
	Tier     int
	TierName string
	// Fulfilment is the tier's, or staff when it is in none.
	Fulfilment directory.Fulfilment
	// Reasons is never empty.
	Reasons []broker.Reason
}
