package blocks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// thresholdFor gives the rule that compares what a patron owes for one action.
func thresholdFor(d *policy.Document, action rule.Action) rule.Rule[rule.Optional[attributes.Threshold]] {
	switch action {
	case rule.ActionILLRequest:
		return d.Rules().BlockILL
	case rule.ActionHold:
		return d.Rules().BlockHold
	case rule.ActionRenew:
		return d.Rules().BlockRenew
	case rule.ActionRenewOverdue:
		return d.Rules().BlockRenewOverdue
	case rule.ActionComputer:
		return d.Rules().BlockComputer
	case rule.ActionSignForMinor:
		return d.Rules().BlockSignForMinor
	case rule.ActionCapture:
		return d.Rules().BlockCapture
	case rule.ActionCheckout:
	}
	return d.Rules().BlockCheckout
}

// CheckStanding checks the person: card, stored blocks, what is owed, what is long
// overdue, and linked accounts. Every decision about a person begins with it.
func CheckStanding(a *policy.Asking, action rule.Action, patron policy.Patron, match rule.Match) {
	match.Action = action
	checkCard(a, action, patron, match)
	source := thresholdFor(a.Doc, action).For(match).Source
	for _, block := range patron.Blocks {
		if !block.StopsOn(action, a.Today) {
			continue
		}
		g := policy.Ground{
			Code: "blocked", Message: "A block on the account stops this.", Needed: "no block",
			Found: cmp.Or(block.Why, "a block"), Override: []string{"director"},
		}
		if !block.Until.IsZero() {
			g.PassesAt = a.StartOf(block.Until.AddDays(1))
		}
		a.Refuse(rule.Source{Rule: cmp.Or(block.Rule, "blocks.stored"), From: source.From, Clause: broker.Clause{
			Document: source.Clause.Document, Section: "Blocks", Says: "A block that staff put stops what it names until it ends.",
		}}, g)
	}
	CheckOwing(a, action, patron, match)
	checkLongOverdue(a, action, patron, match)
	checkLinked(a, action, patron, match)
	checkGuarantees(a, action, patron, match)
}

func checkCard(a *policy.Asking, action rule.Action, patron policy.Patron, match rule.Match) {
	expired := a.Doc.Rules().ExpiredCard.For(match)
	source, needed := expired.Source, true
	if action == rule.ActionComputer {
		own := a.Doc.Rules().OwnCardComputer.For(match)
		source, needed = own.Source, own.Value
	}
	switch {
	case !needed:
	case patron.NoCard:
		a.Refuse(source, policy.Ground{
			Code: "no_card", Message: "There is no card of this library.",
			Needed: "a valid card of this library", Found: "none",
		})
	case patron.CardStopped:
		a.Refuse(source, policy.Ground{
			Code: "card_stopped", Message: "The card is reported lost or stolen.",
			Needed: "a valid card", Found: "a stopped card",
		})
	}
	if !patron.CardExpires.IsZero() && patron.CardExpires.Before(a.Today) && slices.Contains(expired.Value, action) {
		a.Refuse(expired.Source, policy.Ground{
			Code: "card_expired", Message: "The card has expired.",
			Needed: "a card good on " + a.Today.String(), Found: "expired after " + patron.CardExpires.String(), Override: policy.ByDesk(),
		})
	}
}

// CheckOwing refuses an action where the patron owes too much for it.
func CheckOwing(a *policy.Asking, action rule.Action, patron policy.Patron, match rule.Match) {
	entry := thresholdFor(a.Doc, action).For(match)
	if !entry.Value.Is {
		return
	}
	threshold := entry.Value.Value
	owed := patron.Owes.Counted(threshold.Counts, a.Doc.Currency())
	latched := patron.Latched(entry.Rule)
	if !threshold.Blocks(owed.Minor, latched) {
		return
	}
	a.Refuse(entry.Source, policy.Ground{
		Code: "owes_too_much", Message: "Owes " + owed.String() + ".",
		Needed: threshold.Needs(latched, a.Doc.Currency()), Found: "owes " + owed.String(), Override: overrideFor(action),
	})
}

func overrideFor(action rule.Action) []string {
	if action == rule.ActionILLRequest {
		return policy.ByILL()
	}
	return policy.ByDesk()
}

func checkLongOverdue(a *policy.Asking, action rule.Action, patron policy.Patron, match rule.Match) {
	entry := a.Doc.Rules().LongOverdue.For(match)
	overlong := entry.Value.Value
	if !entry.Value.Is || !slices.Contains(overlong.Stops, action) {
		return
	}
	owed := patron.Owes.Counted(rule.Set{All: true}, a.Doc.Currency())
	switch {
	case patron.LateBy(overlong.Owners...) >= overlong.Days:
		a.Refuse(entry.Source, policy.Ground{
			Code: "long_overdue", Message: "An item is long overdue.",
			Needed: fmt.Sprintf("nothing %d days overdue or more", overlong.Days),
			Found:  fmt.Sprintf("an item %d days overdue", patron.LateBy(overlong.Owners...)), Override: policy.ByDesk(),
		})
	case patron.Latched(entry.Rule) && overlong.LiftedWhen != nil && !overlong.LiftedWhen.Holds(owed.Minor):
		a.Refuse(entry.Source, policy.Ground{
			Code: "long_overdue", Message: "An item was long overdue, and the account is not settled.",
			Needed: overlong.LiftedWhen.Needs(a.Doc.Currency()), Found: "owes " + owed.String(), Override: policy.ByDesk(),
		})
	}
}

// checkLinked lets a block spread through a link group. What spreads is the block,
// never the sum: two children owing 3.00 each block nobody. Money blocks spread
// both ways, a block put by staff only from the parent to the children. The
// whole group is given, so the spread reaches siblings through the parent.
func checkLinked(a *policy.Asking, action rule.Action, patron policy.Patron, match rule.Match) {
	entry := a.Doc.Rules().LinkedCards.For(match)
	if !slices.Contains(entry.Value, action) {
		return
	}
	threshold := thresholdFor(a.Doc, action).For(match)
	for _, account := range patron.Linked {
		var found []string
		if limit := threshold.Value; limit.Is {
			owed := account.Owes.Counted(limit.Value.Counts, a.Doc.Currency())
			latched := slices.ContainsFunc(account.Blocks, func(b policy.Block) bool { return b.Latched && b.Rule == threshold.Rule })
			if limit.Value.Blocks(owed.Minor, latched) {
				found = append(found, "a linked account owes "+owed.String())
			}
		}
		if account.Parent && slices.ContainsFunc(account.Blocks, func(b policy.Block) bool { return b.StopsOn(action, a.Today) }) {
			found = append(found, "the parent's account is blocked")
		}
		if found != nil {
			a.Refuse(entry.Source, policy.Ground{
				Code: "linked_account_blocked", Message: "A linked account is blocked.",
				Needed: "no blocked account among the linked cards", Found: strings.Join(found, "; "), Override: overrideFor(action),
			})
		}
	}
}

// checkGuarantees blocks a guarantor by what the children owe together, where the
// library counts that way. That blocks spread is a separate rule.
func checkGuarantees(a *policy.Asking, action rule.Action, patron policy.Patron, match rule.Match) {
	entry := a.Doc.Rules().GuaranteeDebt.For(match)
	if !entry.Value.Is || action == rule.ActionCapture {
		return
	}
	owed := broker.Money{Currency: a.Doc.Currency()}
	for _, account := range patron.Linked {
		if !account.Parent && !account.Aside {
			owed = owed.Plus(account.Owes.Counted(entry.Value.Value.Counts, a.Doc.Currency()))
		}
	}
	if entry.Value.Value.Blocks(owed.Minor, false) {
		a.Refuse(entry.Source, policy.Ground{
			Code: "guarantees_too_much", Message: "Those this person answers for owe " + owed.String() + ".",
			Needed: entry.Value.Value.Needs(false, a.Doc.Currency()), Found: "they owe " + owed.String(), Override: overrideFor(action),
		})
	}
}

// Latch is a block that is stored, with whether the balance calls for it now.
type Latch struct {
	// Rule is the threshold's id, as Block.Rule names it.
	Rule string `json:"rule"`
	// Stops is what it stops.
	Stops []rule.Action `json:"stops"`
	// Blocked says whether the block stands now.
	Blocked bool          `json:"blocked"`
	Clause  broker.Clause `json:"clause"`
}

// Latching tells whether any block in a document latches, for whomever.
func Latching(d *policy.Document) bool {
	for _, action := range rule.EveryAction() {
		for entry := range thresholdFor(d, action).Every() {
			if entry.Value.Is && entry.Value.Value.LiftedWhen != nil {
				return true
			}
		}
	}
	for entry := range d.Rules().LongOverdue.Every() {
		if entry.Value.Is && entry.Value.Value.LiftedWhen != nil {
			return true
		}
	}
	return false
}

// Latches works out, for each block whose way out differs from its way in,
// whether its stored block stands. Call it in the transaction that changes a
// balance; otherwise a patron who crossed the threshold and paid only part of the
// debt would no longer be blocked.
func Latches(d *policy.Document, patron policy.Patron) []Latch {
	var latches []Latch
	match := rule.Match{Class: patron.Class, PatronAge: patron.Age}
	for _, action := range rule.EveryAction() {
		entry := thresholdFor(d, action).For(match)
		if !entry.Value.Is || entry.Value.Value.LiftedWhen == nil {
			continue
		}
		threshold, latched := entry.Value.Value, patron.Latched(entry.Rule)
		owed := patron.Owes.Counted(threshold.Counts, d.Currency())
		latches = append(latches, Latch{
			Rule: entry.Rule, Stops: []rule.Action{action},
			Blocked: threshold.Blocks(owed.Minor, latched), Clause: entry.Clause,
		})
	}
	if entry := d.Rules().LongOverdue.For(match); entry.Value.Is && entry.Value.Value.LiftedWhen != nil {
		overlong := entry.Value.Value
		latches = append(latches, Latch{
			Rule: entry.Rule, Stops: overlong.Stops, Clause: entry.Clause,
			Blocked: (patron.LateBy(overlong.Owners...) >= overlong.Days || patron.Latched(entry.Rule)) &&
				!overlong.LiftedWhen.Holds(patron.Owes.Counted(rule.Set{All: true}, d.Currency()).Minor),
		})
	}
	return latches
}
