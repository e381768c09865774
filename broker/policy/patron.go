package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"afield/broker"
)

// Patron is what a decision may know about a person: no name, no numbers.
type Patron struct {
	// Class is a patron class of the document, for example "resident".
	Class string `json:"class"`
	// Age is the patron's age in years, none when nobody knows.
	Age Optional[int] `json:"age,omitzero"`
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

// Owed is what a patron owes by charge kind (overdue, ill_fee, lost, print …).
// All amounts are in the library's currency.
type Owed map[string]broker.Money

// OwedInAll is a balance whose kinds do not matter.
func OwedInAll(balance broker.Money) Owed { return Owed{"other": balance} }

// counted sums the kinds a threshold counts.
func (o Owed) counted(kinds Set, currency string) broker.Money {
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
	Stops []Action `json:"stops,omitempty"`
	// From and Until are its first and last day; a zero Until lasts until lifted.
	From  broker.Date `json:"from,omitzero"`
	Until broker.Date `json:"until,omitzero"`
	Why   string      `json:"why,omitempty"`
}

func (b Block) stops(action Action, today broker.Date) bool {
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

// threshold gives the rule that compares what a patron owes for one action.
func (d *Document) threshold(action Action) Rule[Optional[Threshold]] {
	switch action {
	case ActionILLRequest:
		return d.Rules().BlockILL
	case ActionHold:
		return d.Rules().BlockHold
	case ActionRenew:
		return d.Rules().BlockRenew
	case ActionRenewOverdue:
		return d.Rules().BlockRenewOverdue
	case ActionComputer:
		return d.Rules().BlockComputer
	case ActionSignForMinor:
		return d.Rules().BlockSignForMinor
	case ActionCapture:
		return d.Rules().BlockCapture
	case ActionCheckout:
	}
	return d.Rules().BlockCheckout
}

// standing checks the person: card, stored blocks, what is owed, what is long
// overdue, and linked accounts. Every decision about a person begins with it.
func (a *asking) standing(action Action, patron Patron, match Match) {
	a.card(action, patron, match)
	source := a.doc.threshold(action).For(match).Source
	for _, block := range patron.Blocks {
		if !block.stops(action, a.today) {
			continue
		}
		g := ground{
			code: "blocked", message: "A block on the account stops this.", needed: "no block",
			found: cmp.Or(block.Why, "a block"), override: []string{"director"},
		}
		if !block.Until.IsZero() {
			g.passesAt = a.startOf(block.Until.AddDays(1))
		}
		a.refuse(Source{Rule: cmp.Or(block.Rule, "blocks.stored"), From: source.From, Clause: broker.Clause{
			Document: source.Clause.Document, Section: "Blocks", Says: "A block that staff put stops what it names until it ends.",
		}}, g)
	}
	a.owing(action, patron, match)
	a.longOverdue(action, patron, match)
	a.linked(action, patron, match)
	a.guarantees(action, patron, match)
}

func (a *asking) card(action Action, patron Patron, match Match) {
	expired := a.doc.Rules().ExpiredCard.For(match)
	source, needed := expired.Source, true
	if action == ActionComputer {
		own := a.doc.Rules().OwnCardComputer.For(match)
		source, needed = own.Source, own.Value
	}
	switch {
	case !needed:
	case patron.NoCard:
		a.refuse(source, ground{
			code: "no_card", message: "There is no card of this library.",
			needed: "a valid card of this library", found: "none",
		})
	case patron.CardStopped:
		a.refuse(source, ground{
			code: "card_stopped", message: "The card is reported lost or stolen.",
			needed: "a valid card", found: "a stopped card",
		})
	}
	if !patron.CardExpires.IsZero() && patron.CardExpires.Before(a.today) && slices.Contains(expired.Value, action) {
		a.refuse(expired.Source, ground{
			code: "card_expired", message: "The card has expired.",
			needed: "a card good on " + a.today.String(), found: "expired after " + patron.CardExpires.String(), override: byDesk(),
		})
	}
}

func (a *asking) owing(action Action, patron Patron, match Match) {
	entry := a.doc.threshold(action).For(match)
	if !entry.Value.Is {
		return
	}
	threshold := entry.Value.Value
	owed := patron.Owes.counted(threshold.Counts, a.doc.Currency())
	latched := patron.latched(entry.Rule)
	if !threshold.blocks(owed.Minor, latched) {
		return
	}
	a.refuse(entry.Source, ground{
		code: "owes_too_much", message: "Owes " + owed.String() + ".",
		needed: threshold.needs(latched, a.doc.Currency()), found: "owes " + owed.String(), override: overrideFor(action),
	})
}

func overrideFor(action Action) []string {
	if action == ActionILLRequest {
		return byILL()
	}
	return byDesk()
}

// needs says what would pass, in the words of the desk.
func (t Threshold) needs(latched bool, currency string) string {
	if latched && t.LiftedWhen != nil {
		return t.LiftedWhen.needs(currency)
	}
	if t.BlockedWhen == AtLeast {
		return fmt.Sprintf("owes less than %s %s", t.Amount, currency)
	}
	return fmt.Sprintf("owes %s %s or less", t.Amount, currency)
}

func (a *asking) longOverdue(action Action, patron Patron, match Match) {
	entry := a.doc.Rules().LongOverdue.For(match)
	overlong := entry.Value.Value
	if !entry.Value.Is || !slices.Contains(overlong.Stops, action) {
		return
	}
	owed := patron.Owes.counted(Set{All: true}, a.doc.Currency())
	switch {
	case patron.DaysOverdue >= overlong.Days:
		a.refuse(entry.Source, ground{
			code: "long_overdue", message: "An item is long overdue.",
			needed: fmt.Sprintf("nothing %d days overdue or more", overlong.Days),
			found:  fmt.Sprintf("an item %d days overdue", patron.DaysOverdue), override: byDesk(),
		})
	case patron.latched(entry.Rule) && overlong.LiftedWhen != nil && !overlong.LiftedWhen.holds(owed.Minor):
		a.refuse(entry.Source, ground{
			code: "long_overdue", message: "An item was long overdue, and the account is not settled.",
			needed: overlong.LiftedWhen.needs(a.doc.Currency()), found: "owes " + owed.String(), override: byDesk(),
		})
	}
}

// latched tells whether the stored block of a rule stands.
func (p Patron) latched(rule string) bool {
	return slices.ContainsFunc(p.Blocks, func(b Block) bool { return b.Latched && b.Rule == rule })
}

// linked lets a block spread through a link group. What spreads is the block,
// never the sum: two children owing 3.00 each block nobody. Money blocks spread
// both ways, a block put by staff only from the parent to the children. The
// whole group is given, so the spread reaches siblings through the parent.
func (a *asking) linked(action Action, patron Patron, match Match) {
	entry := a.doc.Rules().LinkedCards.For(match)
	if !slices.Contains(entry.Value, action) {
		return
	}
	threshold := a.doc.threshold(action).For(match)
	for _, account := range patron.Linked {
		var found []string
		if limit := threshold.Value; limit.Is {
			owed := account.Owes.counted(limit.Value.Counts, a.doc.Currency())
			latched := slices.ContainsFunc(account.Blocks, func(b Block) bool { return b.Latched && b.Rule == threshold.Rule })
			if limit.Value.blocks(owed.Minor, latched) {
				found = append(found, "a linked account owes "+owed.String())
			}
		}
		if account.Parent && slices.ContainsFunc(account.Blocks, func(b Block) bool { return b.stops(action, a.today) }) {
			found = append(found, "the parent's account is blocked")
		}
		if found != nil {
			a.refuse(entry.Source, ground{
				code: "linked_account_blocked", message: "A linked account is blocked.",
				needed: "no blocked account among the linked cards", found: strings.Join(found, "; "), override: overrideFor(action),
			})
		}
	}
}

// guarantees blocks a guarantor by what the children owe together, where the
// library counts that way; the spread of blocks is a rule of its own.
func (a *asking) guarantees(action Action, patron Patron, match Match) {
	entry := a.doc.Rules().GuaranteeDebt.For(match)
	if !entry.Value.Is || action == ActionCapture {
		return
	}
	owed := broker.Money{Currency: a.doc.Currency()}
	for _, account := range patron.Linked {
		if !account.Parent && !account.Aside {
			owed = owed.Plus(account.Owes.counted(entry.Value.Value.Counts, a.doc.Currency()))
		}
	}
	if entry.Value.Value.blocks(owed.Minor, false) {
		a.refuse(entry.Source, ground{
			code: "guarantees_too_much", message: "Those this person answers for owe " + owed.String() + ".",
			needed: entry.Value.Value.needs(false, a.doc.Currency()), found: "they owe " + owed.String(), override: overrideFor(action),
		})
	}
}

// Latch is a stored block that a balance calls for, or no longer does.
type Latch struct {
	// Rule is the threshold's id, as Block.Rule names it.
	Rule string `json:"rule"`
	// Stops is what it stops.
	Stops []Action `json:"stops"`
	// Blocked says whether the block stands now.
	Blocked bool          `json:"blocked"`
	Clause  broker.Clause `json:"clause"`
}

// Latches works out, for each block whose way out differs from its way in,
// whether its stored block stands. Ask it in the transaction that changes a
// balance: a patron who crossed the threshold and paid down only part of it is
// otherwise forgotten.
func (d *Document) Latches(patron Patron) []Latch {
	var latches []Latch
	match := Match{Class: patron.Class}
	for _, action := range allActions() {
		entry := d.threshold(action).For(match)
		if !entry.Value.Is || entry.Value.Value.LiftedWhen == nil {
			continue
		}
		threshold, latched := entry.Value.Value, patron.latched(entry.Rule)
		owed := patron.Owes.counted(threshold.Counts, d.Currency())
		latches = append(latches, Latch{
			Rule: entry.Rule, Stops: []Action{action},
			Blocked: threshold.blocks(owed.Minor, latched), Clause: entry.Clause,
		})
	}
	if entry := d.Rules().LongOverdue.For(match); entry.Value.Is && entry.Value.Value.LiftedWhen != nil {
		overlong := entry.Value.Value
		latches = append(latches, Latch{
			Rule: entry.Rule, Stops: overlong.Stops, Clause: entry.Clause,
			Blocked: (patron.DaysOverdue >= overlong.Days || patron.latched(entry.Rule)) &&
				!overlong.LiftedWhen.holds(patron.Owes.counted(Set{All: true}, d.Currency()).Minor),
		})
	}
	return latches
}
