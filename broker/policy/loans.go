package policy

import (
	"cmp"
	"slices"

	"afield/broker"
)

// Checkout is what is known when somebody wants to take an item.
type Checkout struct {
	Patron Patron `json:"patron"`
	Owner  Owner  `json:"owner"`
	Item   string `json:"item,omitempty"`
	// Audience is the material's, Age new or high_demand.
	Audience string `json:"audience,omitempty"`
	Age      string `json:"age,omitempty"`
	// Lendable is false for a single copy that is used in the house.
	Lendable bool `json:"lendable"`
	// HeldForOther tells whether it waits for another person, and Permission
	// whether that person has expressly allowed this loan.
	HeldForOther bool `json:"held_for_other,omitempty"`
	Permission   bool `json:"permission,omitempty"`
	// LenderDue is the lender's due date of a borrowed copy.
	LenderDue broker.Date `json:"lender_due,omitzero"`
	// Due is a due date that staff chose; zero follows the policy.
	Due broker.Date `json:"due,omitzero"`
	// Out is what the person has on loan already; nil is nothing.
	Out []OutItem `json:"out,omitempty"`
	// Shown is what told the desk who the patron is: card, photo_id …, or
	// ShownNothing; empty asks no question of it.
	Shown string `json:"shown,omitempty"`
	// Bearer is who takes the item on the patron's card.
	Bearer Bearer `json:"bearer,omitempty"`
}

func (c Checkout) match() Match {
	return Match{
		Owner: c.Owner, Class: c.Patron.Class, PatronAge: c.Patron.Age, Item: c.Item, Audience: c.Audience,
		Age: c.Age, Action: ActionCheckout,
	}
}

// MayCheckOut tells whether a person may take an item now.
func (d *Document) MayCheckOut(at Moment, c Checkout) Decision {
	match := c.match()
	a := d.ask(at, "check out", d.Rules().BlockCheckout.For(match).Source)
	a.standing(ActionCheckout, c.Patron, match)
	a.identified(c.Shown, match)
	a.ownCard(c.Bearer, match)
	a.lent(c, match)
	a.keptFor(c, match)
	if !c.LenderDue.IsZero() && c.LenderDue.Before(a.today) {
		a.refuse(d.Rules().ILLDue.For(match).Source, ground{
			code: "lender_due_passed", message: "The lender's due date has passed: ask for a renewal or send it home.",
			needed: "a lender's due date still to come", found: c.LenderDue.String(), override: byILL(),
		})
	}
	if !c.Due.IsZero() && c.Due.Before(a.today) {
		a.refuse(d.Rules().LoanPeriod.For(match).Source, ground{
			code: "due_in_the_past", message: "The due date chosen lies in the past.",
			needed: "a due date from " + a.today.String(), found: c.Due.String(),
		})
	}
	a.dated(c, match)
	a.limits(c, match)
	return a.answer()
}

// dated checks that somebody has said when it is due where the library's own
// list does not: the provider of electronic media, or a lender.
func (a *asking) dated(c Checkout, match Match) {
	sets := a.doc.Rules().PeriodSetBy.For(match)
	if !c.Due.IsZero() || sets.Value == SetByLibrary || (sets.Value == SetByLender && (!c.LenderDue.IsZero() || c.Owner == OwnerILL)) {
		return
	}
	a.refuse(sets.Source, ground{
		code: "due_date_needed", message: "The " + string(sets.Value) + " sets the period: enter the due date.",
		needed: "the " + string(sets.Value) + "'s due date", found: "none",
	})
}

func notLendable() ground {
	return ground{
		code: "not_lendable", message: "This is for use in the library.",
		needed: "an item that is lent", found: "one that is not", override: byDesk(),
	}
}

func cardDoesNotLend(item, class string) ground {
	return ground{
		code: "card_does_not_lend", message: "This kind of card does not lend that.",
		needed: "a card that lends " + item, found: "a card of class " + class, override: byDesk(),
	}
}

// lent checks that this is lent at all, and on this card.
func (a *asking) lent(c Checkout, match Match) {
	circulates := a.doc.Rules().Circulates.For(match)
	if !c.Lendable || !circulates.Value {
		a.refuse(circulates.Source, notLendable())
	}
	borrows := a.doc.Rules().CardBorrows.For(match)
	if !borrows.Value.lends(c.Item, Owner(cmp.Or(string(c.Owner), string(OwnerOwn)))) {
		a.refuse(borrows.Source, cardDoesNotLend(cmp.Or(c.Item, "this"), c.Patron.Class))
	}
	restricted := a.doc.Rules().MinorRestriction.For(match)
	if restricted.Value && !a.grown(c.Patron) && (slices.Contains(c.Patron.NotFor, c.Item) || slices.Contains(c.Patron.NotFor, cmp.Or(c.Audience, "adult")+" material")) {
		a.refuse(restricted.Source, ground{
			code: "not_for_minor", message: "The library keeps this material from this account.",
			needed: "material this account may have", found: c.Item, override: byDesk(),
		})
	}
}

// grown tells that a patron is known to be a minor no longer: what is kept from
// minors is then not kept from them, whatever card they still have.
func (a *asking) grown(patron Patron) bool {
	return patron.Age.Is && patron.Age.Value >= a.doc.Rules().Adulthood.For(Match{}).Value.Age
}

func (a *asking) keptFor(c Checkout, match Match) {
	kept := a.doc.Rules().CheckoutForOther.For(match)
	if !c.HeldForOther {
		return
	}
	if c.Permission && kept.Value == HeldWithPermission {
		a.note(kept.Source, ground{code: "lent_by_permission", message: "It is kept for somebody else, who has allowed this."})
		return
	}
	a.refuse(kept.Source, ground{
		code: "held_for_other", message: "It waits on the hold shelf for somebody else.",
		needed: "the person it is held for, or that person's express permission", found: "another person", override: byDesk(),
	})
}

// LoanRulesOf tells whose rules govern a loan to a patron at another library of
// the group: those of the place that lends, or those of the patron's home.
func (d *Document) LoanRulesOf() RulesOf { return d.Rules().RulesOf.For(Match{}).Value }

// MayAct tells whether a person's standing allows an action that has no further
// facts, such as signing for a minor's card. Of a public computer it asks as
// MayUseComputer does of the card's holder.
func (d *Document) MayAct(at Moment, action Action, patron Patron) Decision {
	if action == ActionComputer {
		return d.MayUseComputer(at, ComputerUse{Patron: &patron})
	}
	match := Match{Class: patron.Class, PatronAge: patron.Age, Action: action}
	a := d.ask(at, actionWords(action), d.threshold(action).For(match).Source)
	a.standing(action, patron, match)
	return a.answer()
}

func actionWords(action Action) string {
	switch action {
	case ActionComputer:
		return "use a public computer"
	case ActionSignForMinor:
		return "sign for a minor's card"
	case ActionILLRequest:
		return "ask for an interlibrary loan"
	case ActionHold:
		return "place a hold"
	case ActionRenew:
		return "renew"
	case ActionRenewOverdue:
		return "renew an overdue item"
	case ActionCapture:
		return "have an item kept"
	case ActionCheckout:
	}
	return "check out"
}
