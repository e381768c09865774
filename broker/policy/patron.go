package policy

import (
	"cmp"
	"slices"

	"afield/broker"
	"afield/broker/policy/rule"
)

// Bearer is who stands before a desk with a patron's card.
type Bearer string

// Who may stand there.
const (
	// BearerHolder is the patron, and what is meant where nothing is said.
	BearerHolder Bearer = ""
	// BearerProxy was named by the patron to pick up for them.
	BearerProxy Bearer = "proxy"
	// BearerOther is anybody else: a neighbour, another of the family.
	BearerOther Bearer = "other"
)

// Patron is what a decision may know about a person: no name, no numbers.
type Patron struct {
	// Class is a patron class of the document, for example "resident".
	Class string `json:"class"`
	// Age is the patron's age in years, none when nobody knows.
	Age rule.Optional[int] `json:"age,omitzero"`
	// CardExpires is the last day the card is good; zero never expires.
	CardExpires broker.Date `json:"card_expires,omitzero"`
	// CardStopped is set when the card is reported lost or stolen.
	CardStopped bool `json:"card_stopped,omitempty"`
	// NoCard is set when there is no card of this library at all.
	NoCard bool `json:"no_card,omitempty"`
	Owes   Owed `json:"owes,omitempty"`
	// Blocks are the ones put and stored; thresholds are worked out from Owes.
	Blocks []Block `json:"blocks,omitempty"`
	// DaysOverdue is how late the latest item is, in calendar days.
	DaysOverdue int `json:"days_overdue,omitempty"`
	// OverdueOf is the same by whose item it is.
	OverdueOf map[rule.Owner]int `json:"overdue_of,omitempty"`
	// NotFor are material types or audiences the library keeps from this account,
	// where its policy lets it restrict materials for minors.
	NotFor []string `json:"not_for,omitempty"`
	// Linked are the other accounts of the link group, near and far.
	Linked []LinkedAccount `json:"linked,omitempty"`
	// HasPhone tells whether a number is on file; PhoneConfirmed is when it was
	// last confirmed, zero when nobody knows.
	HasPhone       bool        `json:"has_phone,omitempty"`
	PhoneConfirmed broker.Date `json:"phone_confirmed,omitzero"`
}

// KeptFrom tells whether material of a type and audience (adult when empty) is
// among what is kept from the account, as "dvd", "adult" or "adult material".
func (p Patron) KeptFrom(item, audience string) bool {
	audience = cmp.Or(audience, "adult")
	return slices.ContainsFunc(p.NotFor, func(word string) bool { return word == item || word == audience || word == audience+" material" })
}

// Owed is what a patron owes by charge kind (overdue, ill_fee, lost, print …).
// All amounts are in the library's currency.
type Owed map[string]broker.Money

// OwedInAll is a balance whose kinds do not matter.
func OwedInAll(balance broker.Money) Owed { return Owed{"other": balance} }

// Counted sums the kinds a threshold counts.
func (o Owed) Counted(kinds rule.Set, currency string) broker.Money {
	sum := broker.Money{Currency: currency}
	for kind, amount := range o {
		if kinds.Has(kind) {
			sum = sum.Plus(amount)
		}
	}
	return sum
}

// Block is a stored block.
type Block struct {
	// Latched marks a threshold that was crossed and not yet left; Rule then
	// names it. Other blocks were put by people.
	Latched bool   `json:"latched,omitempty"`
	Rule    string `json:"rule,omitempty"`
	// Stops lists what it stops; empty stops everything.
	Stops []rule.Action `json:"stops,omitempty"`
	// From and Until are its first and last day; a zero Until lasts until lifted.
	From  broker.Date `json:"from,omitzero"`
	Until broker.Date `json:"until,omitzero"`
	Why   string      `json:"why,omitempty"`
}

// StopsOn tells whether a block that staff put stops an action on a day.
func (b Block) StopsOn(action rule.Action, today broker.Date) bool {
	return !b.Latched && (len(b.Stops) == 0 || slices.Contains(b.Stops, action)) &&
		!today.Before(b.From) && (b.Until.IsZero() || !today.After(b.Until))
}

// LinkedAccount is another account of the same link group.
type LinkedAccount struct {
	// Parent is set on the responsible adult; others are children, or neither
	// where Aside is set: a sibling, or a child's other parent.
	Parent bool    `json:"parent,omitempty"`
	Aside  bool    `json:"aside,omitempty"`
	Owes   Owed    `json:"owes,omitempty"`
	Blocks []Block `json:"blocks,omitempty"`
}

// LateBy gives how many days the latest item of some owners is late; of all where
// none is named.
func (p Patron) LateBy(owners ...rule.Owner) int {
	if len(owners) == 0 {
		return p.DaysOverdue
	}
	days := 0
	for _, owner := range owners {
		days = max(days, p.OverdueOf[owner])
	}
	return days
}

// Latched tells whether the stored block of a rule stands.
func (p Patron) Latched(rule string) bool {
	return slices.ContainsFunc(p.Blocks, func(b Block) bool { return b.Latched && b.Rule == rule })
}
