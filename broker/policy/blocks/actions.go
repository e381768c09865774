package blocks

import (
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// BlockGrounds lists the grounds on which staff may block an account.
func BlockGrounds(d *policy.Document) rule.Entry[attributes.Words] {
	return d.Rules().BlockGrounds.For(rule.Match{})
}

// ComputerUse is somebody who wants to use a public computer.
type ComputerUse struct {
	// Patron is the holder of the card that is used; nil where there is none.
	Patron *policy.Patron `json:"patron,omitempty"`
	// Bearer is who uses the computer.
	Bearer policy.Bearer `json:"bearer,omitempty"`
}

// MayUseComputer tells whether somebody may use a public computer: where it takes
// one's own card, only the holder of the card; elsewhere anybody who is not
// blocked from it.
func MayUseComputer(d *policy.Document, at policy.Moment, use ComputerUse) policy.Decision {
	nobody := policy.Patron{NoCard: true}
	patron := &nobody
	if use.Patron != nil {
		patron = use.Patron
	}
	match := rule.Match{Class: patron.Class, PatronAge: patron.Age}
	own := d.Rules().OwnCardComputer.For(match)
	a := d.Ask(at, actionWords(rule.ActionComputer), own.Source)
	CheckStanding(a, rule.ActionComputer, *patron, match)
	if own.Value && use.Bearer != policy.BearerHolder {
		a.Refuse(own.Source, policy.Ground{
			Code: "own_card_needed", Message: "Public computers take one's own card.",
			Needed: "the own card", Found: "another person's card", Override: policy.ByDesk(),
		})
	}
	return a.Answer()
}

// MayAct tells whether a person's standing allows an action about which nothing
// else need be known, such as signing for a minor's card. For a public computer
// it answers as MayUseComputer does for the card's holder.
func MayAct(d *policy.Document, at policy.Moment, action rule.Action, patron policy.Patron) policy.Decision {
	if action == rule.ActionComputer {
		return MayUseComputer(d, at, ComputerUse{Patron: &patron})
	}
	match := rule.Match{Class: patron.Class, PatronAge: patron.Age}
	a := d.Ask(at, actionWords(action), thresholdFor(d, action).For(match).Source)
	CheckStanding(a, action, patron, match)
	return a.Answer()
}

func actionWords(action rule.Action) string {
	switch action {
	case rule.ActionComputer:
		return "use a public computer"
	case rule.ActionSignForMinor:
		return "sign for a minor's card"
	case rule.ActionILLRequest:
		return "ask for an interlibrary loan"
	case rule.ActionHold:
		return "place a hold"
	case rule.ActionRenew:
		return "renew"
	case rule.ActionRenewOverdue:
		return "renew an overdue item"
	case rule.ActionCapture:
		return "have an item kept"
	case rule.ActionCheckout:
	}
	return "check out"
}
