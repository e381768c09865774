package policy

// Liable is who answers for what a card borrows.
type Liable string

// Who answers.
const (
	LiableCardholder Liable = "cardholder"
	LiableGuardian   Liable = "guardian"
	LiableBusiness   Liable = "business"
)

func (l Liable) Check() error {
	return oneOf("liable", l, LiableCardholder, LiableGuardian, LiableBusiness)
}

// RulesOf says whose rules govern a loan made at another library of the group.
type RulesOf string

// Whose they are.
const (
	RulesOfLocation RulesOf = "location" // where it was lent
	RulesOfHome     RulesOf = "home"     // of the patron's library
)

func (r RulesOf) Check() error { return oneOf("rules_of", r, RulesOfLocation, RulesOfHome) }

// HeldForOther says whether an item kept for one person may be lent to another.
type HeldForOther string

// The answers.
const (
	HeldNever          HeldForOther = "never"
	HeldWithPermission HeldForOther = "with_permission" // of the person it is kept for
)

func (h HeldForOther) Check() error {
	return oneOf("held_for_other", h, HeldNever, HeldWithPermission)
}

// OwnerSays says who decides about an item: we, or the library that owns it.
type OwnerSays string

// Who decides.
const (
	DecidedHere    OwnerSays = "library"
	DecidedByOwner OwnerSays = "owner"
)

func (o OwnerSays) Check() error { return oneOf("decided_by", o, DecidedHere, DecidedByOwner) }
