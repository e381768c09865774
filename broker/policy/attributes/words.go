package attributes

import (
	"afield/broker/policy/rule"
)

// Liable is who answers for what a card borrows.
type Liable string

// Who answers.
const (
	LiableCardholder Liable = "cardholder"
	LiableGuardian   Liable = "guardian"
	LiableBusiness   Liable = "business"
)

// Check implements rule.Checked.
func (l Liable) Check() error {
	return rule.Among("liable", l, LiableCardholder, LiableGuardian, LiableBusiness)
}

// RulesOf says whose rules govern a loan made at another library of the group.
type RulesOf string

// Whose they are.
const (
	RulesOfLocation RulesOf = "location" // where it was lent
	RulesOfHome     RulesOf = "home"     // of the patron's library
)

// Check implements rule.Checked.
func (r RulesOf) Check() error { return rule.Among("rules_of", r, RulesOfLocation, RulesOfHome) }

// HeldForOther says whether an item kept for one person may be lent to another.
type HeldForOther string

// The answers.
const (
	HeldNever          HeldForOther = "never"
	HeldWithPermission HeldForOther = "with_permission" // of the person it is kept for
)

// Check implements rule.Checked.
func (h HeldForOther) Check() error {
	return rule.Among("held_for_other", h, HeldNever, HeldWithPermission)
}

// OnOtherAccount says what happens when an item is to be lent that is still on
// somebody's account: it is in hand, so that account is wrong.
type OnOtherAccount string

// The answers.
const (
	AskFirst     OnOtherAccount = "ask"       // staff say that it is to be taken back first
	TakeBackThen OnOtherAccount = "take_back" // it is taken back and lent at once
)

// Check implements rule.Checked.
func (o OnOtherAccount) Check() error {
	return rule.Among("on_other_account", o, AskFirst, TakeBackThen)
}

// OwnerSays says who decides about an item: we, or the library that owns it.
type OwnerSays string

// Who decides.
const (
	DecidedHere    OwnerSays = "library"
	DecidedByOwner OwnerSays = "owner"
)

// Check implements rule.Checked.
func (o OwnerSays) Check() error { return rule.Among("decided_by", o, DecidedHere, DecidedByOwner) }
