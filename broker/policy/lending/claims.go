package lending

import (
	"fmt"
	"slices"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// Claim is what is known when somebody says that they returned an item, or never
// had it.
type Claim struct {
	Patron policy.Patron `json:"patron"`
	Owner  rule.Owner    `json:"owner"`
	Item   string        `json:"item,omitempty"`
	// Audience and Age are the item's.
	Audience string `json:"audience,omitempty"`
	Age      string `json:"age,omitempty"`
	// Kind is returned or never_had.
	Kind string `json:"kind"`
	// ShelfChecked tells that staff looked on the shelves.
	ShelfChecked bool `json:"shelf_checked,omitempty"`
	// Carried counts the person's open claims, Lifetime all there ever were.
	Carried  int `json:"carried,omitempty"`
	Lifetime int `json:"lifetime,omitempty"`
	// ByGuardian tells that a guardian makes the claim, not the patron.
	ByGuardian bool `json:"by_guardian,omitempty"`
}

func (c Claim) match() rule.Match {
	return rule.Match{Owner: c.Owner, Class: c.Patron.Class, PatronAge: c.Patron.Age, Item: c.Item, Audience: c.Audience, Age: c.Age}
}

// ClaimDecision answers MayClaim.
type ClaimDecision struct {
	policy.Decision
	// DecidedBy says who decides; for another library's item the claim is pending
	// until its owner has answered.
	DecidedBy attributes.OwnerSays `json:"decided_by"`
	// Note lists what the note on the account must name.
	Note []string `json:"note"`
}

// MayClaim tells whether a claim may be recorded.
func MayClaim(d *policy.Document, at policy.Moment, c Claim) ClaimDecision {
	match, rules := c.match(), d.Rules()
	limit := rules.ClaimsLimit.For(match)
	a := d.Ask(at, "claim that it was returned or never had", limit.Source)
	if accepted := rules.ClaimsAccepted.For(match); !accepted.Value {
		a.Refuse(accepted.Source, policy.Ground{
			Code: "claim_excluded", Message: "Claims are not taken for this kind of item.",
			Needed: "an item for which claims are taken", Found: c.Item, Override: []string{"director"},
		})
	}
	if kinds := rules.ClaimsKinds.For(match); c.Kind != "" && !slices.Contains(kinds.Value, c.Kind) {
		a.Refuse(kinds.Source, policy.Ground{
			Code: "claim_kind", Message: "Such a claim is not taken.",
			Needed: rule.Joined(kinds.Value), Found: c.Kind, Override: []string{"director"},
		})
	}
	if shelf := rules.ClaimsShelf.For(match); shelf.Value && !c.ShelfChecked {
		a.Refuse(shelf.Source, policy.Ground{Code: "shelf_not_checked", Message: "Look on the shelves first.", Needed: "a look on the shelves", Found: "none yet", Override: policy.ByDesk()})
	}
	had := c.Carried
	if limit.Value.Value.Count == attributes.ClaimsLifetime {
		had = c.Lifetime
	}
	if most := limit.Value; most.Is && had >= most.Value.Max {
		a.Refuse(limit.Source, policy.Ground{
			Code: "claim_limit_reached", Message: fmt.Sprintf("%s may be claimed.", rule.Plural(most.Value.Max, "item", "items")),
			Needed: fmt.Sprintf("fewer than %s (%s)", rule.Plural(most.Value.Max, "claim", "claims"), most.Value.Count), Found: rule.Plural(had, "claim", "claims"), Override: []string{"director"},
		})
	}
	if guardian := rules.ClaimsGuardian.For(match); c.ByGuardian && (!guardian.Value.Is || !c.Patron.Age.Is || c.Patron.Age.Value >= guardian.Value.Value) {
		a.Refuse(guardian.Source, policy.Ground{
			Code: "not_for_guardian", Message: "The patron must claim in person.",
			Needed: "a patron under " + guardian.Value.String(), Found: "age " + c.Patron.Age.String(),
		})
	}
	return ClaimDecision{Decision: a.Answer(), DecidedBy: rules.ClaimsDecided.For(match).Value, Note: slices.Clone(rules.ClaimsNote.For(match).Value)}
}

// ClaimEnd says what a claimed item that turned up costs.
type ClaimEnd struct {
	// Cleared tells that nothing is owed and the patron is told so; otherwise the
	// lateness up to the return is charged.
	Cleared bool          `json:"cleared"`
	Rule    string        `json:"rule"`
	Source  broker.Clause `json:"source"`
}

// ClaimFoundBy tells what becomes of a claim whose item is found: in the library
// the record is cleared; brought by the patron it may cost its lateness.
func ClaimFoundBy(d *policy.Document, m rule.Match, inLibrary bool) ClaimEnd {
	entry := d.Rules().ClaimsFound.For(m)
	how := entry.Value.ByPatron
	if inLibrary {
		how = entry.Value.InLibrary
	}
	return ClaimEnd{Cleared: how == "cleared", Rule: entry.Rule, Source: entry.Clause}
}

// ClaimChargedOn gives the first day a claimed item that was not found is
// charged, counted from its due date; zero where staff close the claim.
func ClaimChargedOn(d *policy.Document, m rule.Match, due broker.Date) rule.Entry[broker.Date] {
	entry := d.Rules().ClaimsLost.For(m)
	answer := rule.Entry[broker.Date]{Source: entry.Source}
	if entry.Value.Is {
		answer.Value = entry.Value.Value.From(due)
	}
	return answer
}
