package policy

import (
	"cmp"
	"slices"
	"strings"
)

// Bearer is who stands before a desk with a patron's card.
type Bearer string

// Who may stand there.
const (
	// BearerHolder is the patron, and what is meant where nothing is said.
	BearerHolder Bearer = ""
	// BearerProxy was named by the patron to pick up for them.
	BearerProxy Bearer = "proxy"
	// BearerOther is anybody else: a neighbour, another of the family.
	BearerOther Bearer = "other"
)

// What may be shown at a desk besides the papers a policy names.
const (
	// ShownCard is the patron's card, read by its number.
	ShownCard = "card"
	// ShownNothing says that staff know the patron only by name. It is not the
	// same as an empty word, which asks no question.
	ShownNothing = "nothing"
)

// identified checks what a patron showed to borrow (cards.identification).
func (a *asking) identified(shown string, match Match) {
	entry := a.doc.Rules().CardShown.For(match)
	if shown == "" || len(entry.Value) == 0 || slices.Contains(entry.Value, shown) {
		return
	}
	a.refuse(entry.Source, ground{
		code: "not_identified", message: "Whoever borrows shows who they are.",
		needed: joined(entry.Value), found: shown, override: byDesk(),
	})
}

// ownCard checks that whoever brings the card is its holder or was named by the
// holder, where cards are for nobody else (cards.transferable).
func (a *asking) ownCard(bearer Bearer, match Match) {
	entry := a.doc.Rules().CardTransferable.For(match)
	if bearer != BearerOther || entry.Value {
		return
	}
	a.refuse(entry.Source, ground{
		code: "not_a_proxy", message: "A card is used by its holder, or by somebody the holder has named.",
		needed: "the holder, or a person the holder named", found: "another person", override: byDesk(),
	})
}

// papers checks that what was shown to get a card is a paper the library takes
// (cards.accepted_id), wherever a need asks who somebody is.
func (a *asking) papers(c CardApplication, needs CardNeeds, match Match) {
	entry := a.doc.Rules().CardIDs.For(match)
	asks := func(need CardNeed) bool {
		return (need == NeedID || need == NeedGuardianID) && slices.Contains(c.Met, need)
	}
	takes := func(paper string) bool { return slices.Contains(entry.Value, paper) }
	switch {
	case len(entry.Value) == 0 || !slices.ContainsFunc(needs, asks) || slices.ContainsFunc(c.Shown, takes):
	case len(c.Shown) == 0:
		a.refuse(entry.Source, ground{
			code: "id_not_named", message: "Say which paper was shown.",
			needed: joined(entry.Value), found: "no paper named", override: byDesk(),
		})
	default:
		a.refuse(entry.Source, ground{
			code: "id_not_accepted", message: "That paper does not tell who somebody is here.",
			needed: joined(entry.Value), found: strings.Join(c.Shown, ", "), override: byDesk(),
		})
	}
}

// AtOwn is the word of cards.good_at for every desk of the library whose card it
// is; a branch is named by its code, another library by its symbol.
const AtOwn = "own"

// MayUseCardAt tells whether a card of this library is honoured at a desk.
// places are the words that name the desk: AtOwn and the branch's code at the
// card's own library, the symbols of another one.
func (d *Document) MayUseCardAt(at Moment, class string, places ...string) Decision {
	entry := d.Rules().CardGoodAt.For(Match{Class: class})
	a := d.ask(at, "use the card here", entry.Source)
	if !slices.ContainsFunc(places, entry.Value.Has) && !entry.Value.All {
		here := slices.DeleteFunc(slices.Clone(places), func(place string) bool { return place == AtOwn })
		a.refuse(entry.Source, ground{
			code: "card_not_good_here", message: "The card is not good at this desk.",
			needed: "a desk of " + entry.Value.String(), found: cmp.Or(strings.Join(here, ", "), "another desk"), override: byDesk(),
		})
	}
	return a.answer()
}

// renewedBy checks what told a desk or a voice on the telephone who asks for a
// renewal (loans.renewal_identity).
func (a *asking) renewedBy(r Renewal) {
	entry := a.doc.Rules().RenewalIdentity.For(r.match())
	given := func(word string) bool { return slices.Contains(entry.Value, word) }
	if r.Channel == "" || len(entry.Value) == 0 || slices.ContainsFunc(r.Given, given) {
		return
	}
	a.refuse(entry.Source, ground{
		code: "not_identified", message: "Who asks for a renewal tells who they are.",
		needed: joined(entry.Value), found: cmp.Or(strings.Join(r.Given, ", "), ShownNothing), override: byDesk(),
	})
}

// MaySpeakFor tells whether whoever asks for a renewal has told who they are. It
// is part of MayAskRenewal for the library's own items; a borrowed copy's renewal
// goes to its lender, and only this is asked before.
func (d *Document) MaySpeakFor(at Moment, r Renewal) Decision {
	a := d.ask(at, "renew", d.Rules().RenewalIdentity.For(r.match()).Source)
	a.renewedBy(r)
	return a.answer()
}

// ComputerUse is somebody who wants to use a public computer.
type ComputerUse struct {
	// Patron is whose card is used; nil for nobody's.
	Patron *Patron `json:"patron,omitempty"`
	// Bearer is who uses it.
	Bearer Bearer `json:"bearer,omitempty"`
}

// MayUseComputer tells whether somebody may use a public computer: where it takes
// one's own card, only its holder, and else anybody who is not blocked from it.
func (d *Document) MayUseComputer(at Moment, use ComputerUse) Decision {
	nobody := Patron{NoCard: true}
	patron := &nobody
	if use.Patron != nil {
		patron = use.Patron
	}
	match := Match{Class: patron.Class, PatronAge: patron.Age, Action: ActionComputer}
	own := d.Rules().OwnCardComputer.For(match)
	a := d.ask(at, actionWords(ActionComputer), own.Source)
	a.standing(ActionComputer, *patron, match)
	if own.Value && use.Bearer != BearerHolder {
		a.refuse(own.Source, ground{
			code: "own_card_needed", message: "Public computers take one's own card.",
			needed: "the own card", found: "another person's card", override: byDesk(),
		})
	}
	return a.answer()
}
