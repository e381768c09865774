package policy

import (
	"fmt"
	"slices"

	"afield/broker"
)

// Claim is what is known when somebody says that an item was returned, or never
// had.
type Claim struct {
	Patron Patron `json:"patron"`
	Owner  Owner  `json:"owner"`
	Item   string `json:"item,omitempty"`
	// Kind is returned or never_had.
	Kind string `json:"kind"`
	// ShelfChecked tells that staff looked on the shelves.
	ShelfChecked bool `json:"shelf_checked,omitempty"`
	// Carried counts the person's open claims, Lifetime all there ever were.
	Carried  int `json:"carried,omitempty"`
	Lifetime int `json:"lifetime,omitempty"`
	// ByGuardian tells that not the patron but a guardian says so.
	ByGuardian bool `json:"by_guardian,omitempty"`
}

func (c Claim) match() Match {
	return Match{Owner: c.Owner, Class: c.Patron.Class, PatronAge: c.Patron.Age, Item: c.Item}
}

// ClaimDecision answers MayClaim.
type ClaimDecision struct {
	Decision
	// DecidedBy says who decides; for another library's item the claim is pending
	// until its owner has answered.
	DecidedBy OwnerSays `json:"decided_by"`
	// Note lists what the note on the account must name.
	Note []string `json:"note"`
}

// MayClaim tells whether a claim may be recorded.
func (d *Document) MayClaim(at Moment, c Claim) ClaimDecision {
	match, rules := c.match(), d.Rules()
	limit := rules.ClaimsLimit.For(match)
	a := d.ask(at, "claim that it was returned or never had", limit.Source)
	if accepted := rules.ClaimsAccepted.For(match); !accepted.Value {
		a.refuse(accepted.Source, ground{
			code: "claim_excluded", message: "Claims are not taken for this kind of item.",
			needed: "an item for which claims are taken", found: c.Item, override: []string{"director"},
		})
	}
	if kinds := rules.ClaimsKinds.For(match); c.Kind != "" && !slices.Contains(kinds.Value, c.Kind) {
		a.refuse(kinds.Source, ground{
			code: "claim_kind", message: "Such a claim is not taken.",
			needed: joined(kinds.Value), found: c.Kind, override: []string{"director"},
		})
	}
	if shelf := rules.ClaimsShelf.For(match); shelf.Value && !c.ShelfChecked {
		a.refuse(shelf.Source, ground{code: "shelf_not_checked", message: "Look on the shelves first.", needed: "a look on the shelves", found: "none yet", override: byDesk()})
	}
	had := c.Carried
	if limit.Value.Value.Count == ClaimsLifetime {
		had = c.Lifetime
	}
	if most := limit.Value; most.Is && had >= most.Value.Max {
		a.refuse(limit.Source, ground{
			code: "claim_limit_reached", message: fmt.Sprintf("%s may be claimed.", plural(most.Value.Max, "item", "items")),
			needed: fmt.Sprintf("fewer than %s (%s)", plural(most.Value.Max, "claim", "claims"), most.Value.Count), found: plural(had, "claim", "claims"), override: []string{"director"},
		})
	}
	if guardian := rules.ClaimsGuardian.For(match); c.ByGuardian && (!guardian.Value.Is || !c.Patron.Age.Is || c.Patron.Age.Value >= guardian.Value.Value) {
		a.refuse(guardian.Source, ground{
			code: "not_for_guardian", message: "The patron must claim in person.",
			needed: "a patron under " + guardian.Value.String(), found: "age " + c.Patron.Age.String(),
		})
	}
	return ClaimDecision{Decision: a.answer(), DecidedBy: rules.ClaimsDecided.For(match).Value, Note: slices.Clone(rules.ClaimsNote.For(match).Value)}
}

// ClaimEnd says what a claimed item that turned up costs.
type ClaimEnd struct {
	// Cleared tells that nothing is owed and the patron is told so; else the
	// lateness to the return is charged.
	Cleared bool          `json:"cleared"`
	Rule    string        `json:"rule"`
	Source  broker.Clause `json:"source"`
}

// ClaimFoundBy tells what becomes of a claim whose item is found: in the library
// the record is cleared; brought by the patron it may cost its lateness.
func (d *Document) ClaimFoundBy(m Match, inLibrary bool) ClaimEnd {
	entry := d.Rules().ClaimsFound.For(m)
	how := entry.Value.ByPatron
	if inLibrary {
		how = entry.Value.InLibrary
	}
	return ClaimEnd{Cleared: how == "cleared", Rule: entry.Rule, Source: entry.Clause}
}

// ClaimChargedOn gives the first day a claimed item that was not found is
// charged, counted from its due date; zero where staff close the claim.
func (d *Document) ClaimChargedOn(m Match, due broker.Date) Entry[broker.Date] {
	entry := d.Rules().ClaimsLost.For(m)
	answer := Entry[broker.Date]{Source: entry.Source}
	if entry.Value.Is {
		answer.Value = entry.Value.Value.from(due)
	}
	return answer
}
