package accounts

import (
	"cmp"
	"slices"
	"strings"

	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// checkPapers checks that the paper shown to get a card is one the library takes
// (cards.accepted_id), wherever a need asks for proof of identity.
func checkPapers(a *policy.Asking, c CardApplication, needs attributes.CardNeeds, match rule.Match) {
	entry := a.Doc.Rules().CardIDs.For(match)
	asks := func(need attributes.CardNeed) bool {
		return (need == attributes.NeedID || need == attributes.NeedGuardianID) && slices.Contains(c.Met, need)
	}
	takes := func(paper string) bool { return slices.Contains(entry.Value, paper) }
	switch {
	case len(entry.Value) == 0 || !slices.ContainsFunc(needs, asks) || slices.ContainsFunc(c.Shown, takes):
	case len(c.Shown) == 0:
		a.Refuse(entry.Source, policy.Ground{
			Code: "id_not_named", Message: "Say which paper was shown.",
			Needed: rule.Joined(entry.Value), Found: "no paper named", Override: policy.ByDesk(),
		})
	default:
		a.Refuse(entry.Source, policy.Ground{
			Code: "id_not_accepted", Message: "That paper does not tell who somebody is here.",
			Needed: rule.Joined(entry.Value), Found: strings.Join(c.Shown, ", "), Override: policy.ByDesk(),
		})
	}
}

// AtOwn is the word in cards.good_at for every desk of the library that issued
// the card; a branch is named by its code, another library by its symbol.
const AtOwn = "own"

// MayUseCardAt tells whether a card of this library is honoured at a desk.
// places are the words that name the desk: AtOwn and the branch's code at the
// card's own library, the symbols of another one.
func MayUseCardAt(d *policy.Document, at policy.Moment, m rule.Match, places ...string) policy.Decision {
	entry := d.Rules().CardGoodAt.For(m)
	a := d.Ask(at, "use the card here", entry.Source)
	if !slices.ContainsFunc(places, entry.Value.Has) && !entry.Value.All {
		here := slices.DeleteFunc(slices.Clone(places), func(place string) bool { return place == AtOwn })
		a.Refuse(entry.Source, policy.Ground{
			Code: "card_not_good_here", Message: "The card is not good at this desk.",
			Needed: "a desk of " + entry.Value.String(), Found: cmp.Or(strings.Join(here, ", "), "another desk"), Override: policy.ByDesk(),
		})
	}
	return a.Answer()
}
