package lending

import (
	"cmp"
	"slices"
	"strings"

	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// RenewedBy gives how somebody who asks for a renewal may be identified.
func RenewedBy(d *policy.Document, m rule.Match) rule.Entry[attributes.Words] {
	return d.Rules().RenewalIdentity.For(m)
}

// What may be shown at a desk besides the papers a policy names.
const (
	// ShownCard is the patron's card, read by its number.
	ShownCard = "card"
	// ShownNothing says that staff know the patron only by name. An empty word is
	// something else: it skips the check.
	ShownNothing = "nothing"
)

// checkIdentified checks what a patron showed to borrow (cards.identification).
func checkIdentified(a *policy.Asking, shown string, match rule.Match) {
	entry := a.Doc.Rules().CardShown.For(match)
	if shown == "" || len(entry.Value) == 0 || slices.Contains(entry.Value, shown) {
		return
	}
	a.Refuse(entry.Source, policy.Ground{
		Code: "not_identified", Message: "Whoever borrows shows who they are.",
		Needed: rule.Joined(entry.Value), Found: shown, Override: policy.ByDesk(),
	})
}

// checkOwnCard checks that whoever brings the card is its holder or was named by the
// holder, where cards are for nobody else (cards.transferable).
func checkOwnCard(a *policy.Asking, bearer policy.Bearer, match rule.Match) {
	entry := a.Doc.Rules().CardTransferable.For(match)
	if bearer != policy.BearerOther || entry.Value {
		return
	}
	a.Refuse(entry.Source, policy.Ground{
		Code: "not_a_proxy", Message: "A card is used by its holder, or by somebody the holder has named.",
		Needed: "the holder, or a person the holder named", Found: "another person", Override: policy.ByDesk(),
	})
}

// checkRenewedBy checks how somebody who asks for a renewal was identified, at a
// desk or on the telephone (loans.renewal_identity).
func checkRenewedBy(a *policy.Asking, r Renewal) {
	entry := a.Doc.Rules().RenewalIdentity.For(r.match())
	given := func(word string) bool { return slices.Contains(entry.Value, word) }
	if r.Channel == "" || len(entry.Value) == 0 || slices.ContainsFunc(r.Given, given) {
		return
	}
	a.Refuse(entry.Source, policy.Ground{
		Code: "not_identified", Message: "Who asks for a renewal tells who they are.",
		Needed: rule.Joined(entry.Value), Found: cmp.Or(strings.Join(r.Given, ", "), ShownNothing), Override: policy.ByDesk(),
	})
}

// MaySpeakFor tells whether the person who asks for a renewal was identified. It
// is part of MayAskRenewal for the library's own items; a borrowed copy's renewal
// goes to its lender, and only this is checked before.
func MaySpeakFor(d *policy.Document, at policy.Moment, r Renewal) policy.Decision {
	a := d.Ask(at, "renew", d.Rules().RenewalIdentity.For(r.match()).Source)
	checkRenewedBy(a, r)
	return a.Answer()
}
