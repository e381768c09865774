package lending

import (
	"cmp"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/blocks"
	"afield/broker/policy/rule"
)

// Checkout is what is known when somebody wants to take an item.
type Checkout struct {
	Patron policy.Patron `json:"patron"`
	Owner  rule.Owner    `json:"owner"`
	Item   string        `json:"item,omitempty"`
	// Audience is the material's, Age new or high_demand.
	Audience string `json:"audience,omitempty"`
	Age      string `json:"age,omitempty"`
	// Lendable is false for a single copy that may only be used in the library.
	Lendable bool `json:"lendable"`
	// HeldForOther tells whether it waits for another person or is on its way to
	// them (OnItsWay), and Permission whether that person has expressly allowed this
	// loan.
	HeldForOther bool `json:"held_for_other,omitempty"`
	OnItsWay     bool `json:"on_its_way,omitempty"`
	Permission   bool `json:"permission,omitempty"`
	// Withdrawn is set for an item that is no longer in the collection.
	Withdrawn bool `json:"withdrawn,omitempty"`
	// GoesHome tells that a borrowed copy is to go back to its lender: it was
	// recalled, or its request has ended.
	GoesHome bool `json:"goes_home,omitempty"`
	// LenderDue is the lender's due date of a borrowed copy.
	LenderDue broker.Date `json:"lender_due,omitzero"`
	// Due is a due date that staff chose; zero follows the policy.
	Due broker.Date `json:"due,omitzero"`
	// Out is what the person has on loan already; nil is nothing.
	Out []OutItem `json:"out,omitempty"`
	// Shown is how the patron was identified at the desk: card, photo_id …, or
	// ShownNothing; empty skips the check.
	Shown string `json:"shown,omitempty"`
	// Bearer is who takes the item on the patron's card.
	Bearer policy.Bearer `json:"bearer,omitempty"`
}

func (c Checkout) match() rule.Match {
	return rule.Match{
		Owner: c.Owner, Class: c.Patron.Class, PatronAge: c.Patron.Age, Item: c.Item, Audience: c.Audience,
		Age: c.Age,
	}
}

// MayCheckOut tells whether a person may take an item now.
func MayCheckOut(d *policy.Document, at policy.Moment, c Checkout) policy.Decision {
	match := c.match()
	a := d.Ask(at, "check out", d.Rules().BlockCheckout.For(match).Source)
	blocks.CheckStanding(a, rule.ActionCheckout, c.Patron, match)
	checkIdentified(a, c.Shown, match)
	checkOwnCard(a, c.Bearer, match)
	checkLent(a, c, match)
	checkKeptFor(a, c, match)
	if c.GoesHome {
		a.Refuse(d.Rules().ILLDue.For(match).Source, policy.Ground{
			Code: "goes_home", Message: "It is to go back to its lender: scan it without a card to send it home.",
			Needed: "a borrowed item that may stay", Found: "recalled, or its request has ended",
		})
	}
	if !c.LenderDue.IsZero() && c.LenderDue.Before(a.Today) {
		a.Refuse(d.Rules().ILLDue.For(match).Source, policy.Ground{
			Code: "lender_due_passed", Message: "The lender's due date has passed: ask for a renewal or send it home.",
			Needed: "a lender's due date still to come", Found: c.LenderDue.String(), Override: policy.ByILL(),
		})
	}
	if !c.Due.IsZero() && c.Due.Before(a.Today) {
		a.Refuse(d.Rules().LoanPeriod.For(match).Source, policy.Ground{
			Code: "due_in_the_past", Message: "The due date chosen lies in the past.",
			Needed: "a due date from " + a.Today.String(), Found: c.Due.String(),
		})
	}
	checkDated(a, c, match)
	checkLimits(a, c, match)
	return a.Answer()
}

// checkDated checks that a due date was given where the library's own list does
// not set one: by the provider of electronic media, or by a lender.
func checkDated(a *policy.Asking, c Checkout, match rule.Match) {
	sets := a.Doc.Rules().PeriodSetBy.For(match)
	if !c.Due.IsZero() || sets.Value == attributes.SetByLibrary || (sets.Value == attributes.SetByLender && (!c.LenderDue.IsZero() || c.Owner == rule.OwnerILL)) {
		return
	}
	a.Refuse(sets.Source, policy.Ground{
		Code: "due_date_needed", Message: "The " + string(sets.Value) + " sets the period: enter the due date.",
		Needed: "the " + string(sets.Value) + "'s due date", Found: "none",
	})
}

// NotLendable is the ground of an item that never leaves the library.
func NotLendable() policy.Ground {
	return policy.Ground{
		Code: "not_lendable", Message: "This is for use in the library.",
		Needed: "an item that is lent", Found: "one that is not", Override: policy.ByDesk(),
	}
}

// CardDoesNotLend is the ground of a card that does not lend such an item.
func CardDoesNotLend(item, class string) policy.Ground {
	return policy.Ground{
		Code: "card_does_not_lend", Message: "This kind of card does not lend that.",
		Needed: "a card that lends " + item, Found: "a card of class " + class, Override: policy.ByDesk(),
	}
}

// checkLent checks that such an item is lent at all, and on this card.
func checkLent(a *policy.Asking, c Checkout, match rule.Match) {
	circulates := a.Doc.Rules().Circulates.For(match)
	if !c.Lendable || !circulates.Value {
		a.Refuse(circulates.Source, NotLendable())
	}
	if c.Withdrawn {
		a.Refuse(circulates.Source, policy.Ground{
			Code: "withdrawn", Message: "It is withdrawn: mark it as found to put it back into use, or put it aside.",
			Needed: "an item of the collection", Found: "one that was withdrawn", Override: policy.ByDesk(),
		})
	}
	borrows := a.Doc.Rules().CardBorrows.For(match)
	if !borrows.Value.Lends(c.Item, rule.Owner(cmp.Or(string(c.Owner), string(rule.OwnerOwn)))) {
		a.Refuse(borrows.Source, CardDoesNotLend(cmp.Or(c.Item, "this"), c.Patron.Class))
	}
	restricted := a.Doc.Rules().MinorRestriction.For(match)
	if restricted.Value && !grown(a, c.Patron) && c.Patron.KeptFrom(c.Item, c.Audience) {
		a.Refuse(restricted.Source, policy.Ground{
			Code: "not_for_minor", Message: "The library keeps this material from this account.",
			Needed: "material this account may have", Found: c.Item, Override: policy.ByDesk(),
		})
	}
}

// grown tells whether a patron is known to be no longer a minor: what is kept
// from minors is then allowed, whatever card they still have.
func grown(a *policy.Asking, patron policy.Patron) bool {
	return patron.Age.Is && patron.Age.Value >= a.Doc.Rules().Adulthood.For(rule.Match{}).Value.Age
}

func checkKeptFor(a *policy.Asking, c Checkout, match rule.Match) {
	kept := a.Doc.Rules().CheckoutForOther.For(match)
	if !c.HeldForOther {
		return
	}
	if c.Permission && kept.Value == attributes.HeldWithPermission {
		a.Note(kept.Source, policy.Ground{Code: "lent_by_permission", Message: "It is kept for somebody else, who has allowed this."})
		return
	}
	message := "It waits on the hold shelf for somebody else."
	if c.OnItsWay {
		message = "It is on its way to somebody else who waits for it: scan it without a card, and send it on."
	}
	a.Refuse(kept.Source, policy.Ground{
		Code: "held_for_other", Message: message,
		Needed: "the person it is held for, or that person's express permission", Found: "another person", Override: policy.ByDesk(),
	})
}

// LoanRulesOf tells whose rules govern a loan to a patron at another library of
// the group: those of the place that lends, or those of the patron's home.
func LoanRulesOf(d *policy.Document, m rule.Match) attributes.RulesOf {
	return d.Rules().RulesOf.For(m).Value
}

// LoanRulesVary tells whether LoanRulesOf depends on the patron.
func LoanRulesVary(d *policy.Document) bool {
	for entry := range d.Rules().RulesOf.Every() {
		if !entry.When.IsZero() {
			return true
		}
	}
	return false
}
