package policy

import (
	"cmp"
	"slices"
	"strings"

	"afield/broker"
)

// contiguous is the word in ill.lender_places for the 48 contiguous states.
const contiguous = "US-48"

// outsideContiguous are the places of the US that are not among the contiguous
// states. The District of Columbia is no state, yet lies among them: we read the
// policy as meaning the mainland, so it is inside.
var outsideContiguous = [...]string{"US-AK", "US-HI", "US-PR", "US-GU", "US-VI", "US-AS", "US-MP", "US-UM"}

// inContiguous tells whether a place lies among the 48 contiguous states.
func inContiguous(place string) bool {
	return strings.HasPrefix(place, "US-") && len(place) == 5 && !slices.Contains(outsideContiguous[:], place)
}

// Lender is what the borrowing side's policy looks at in a lender.
type Lender struct {
	// Place is its state or province, for example US-OH.
	Place string `json:"place"`
	// Class is the patron's class, where a rule depends on it.
	Class string `json:"class,omitempty"`
}

// MayAskLender tells whether our policy lets us ask a lender at all; routing
// adds what the lender itself does not lend.
func (d *Document) MayAskLender(at Moment, lender Lender) Decision {
	entry := d.Rules().LenderPlaces.For(Match{Owner: OwnerILL, Class: lender.Class})
	a := d.ask(at, "ask this lender", entry.Source)
	if !entry.Value.placeMeets(lender.Place) {
		a.refuse(entry.Source, ground{
			code: "lender_place_excluded", message: "The library does not request from there.",
			needed: "a lender in " + entry.Value.placeNames(), found: "a lender in " + cmp.Or(lender.Place, "an unknown place"), override: []string{"director"},
		})
	}
	return a.answer()
}

func (s Set) placeMeets(place string) bool {
	return s.Has(place) || (slices.Contains(s.Values, contiguous) && inContiguous(place))
}

func (s Set) placeNames() string {
	return strings.ReplaceAll(s.String(), contiguous, "the 48 contiguous states")
}

// Lending is what is known when another library asks us to lend.
type Lending struct {
	// OwnHolds is how many of our own patrons wait for the title, and Copies how
	// many copies could be sent now.
	OwnHolds int `json:"own_holds,omitempty"`
	Copies   int `json:"copies,omitempty"`
}

// MayLend tells whether our own patrons' holds leave a copy to lend to another
// library.
func (d *Document) MayLend(at Moment, lending Lending) Decision {
	entry := d.Rules().OwnHoldsFirst.For(Match{Owner: OwnerOwn})
	a := d.ask(at, "lend this to another library", entry.Source)
	if lending.Copies < 1 {
		a.refuse(entry.Source, ground{code: "no_copy_available", message: "No copy can be sent now.", needed: "a copy on the shelf", found: "none"})
	}
	if entry.Value && lending.OwnHolds > 0 && lending.Copies <= lending.OwnHolds {
		a.refuse(entry.Source, ground{
			code: "own_patrons_wait", message: "Our own patrons wait for this title.",
			needed: "more copies than own patrons waiting", found: "own patrons wait for every copy", override: byILL(),
		})
	}
	return a.answer()
}

// Cost is what is known about the price of an offer.
type Cost struct {
	// Amount is what the lender asks; nil while nobody knows.
	Amount *broker.Money `json:"amount,omitempty"`
	// LenderPlace is the lender's state or province, for example US-OH.
	LenderPlace string `json:"lender_place"`
	// Approved is the most the patron has agreed to pay, zero for nothing yet.
	Approved broker.Money `json:"approved,omitzero"`
	// Declined is set when the patron said no to this cost.
	Declined bool   `json:"declined,omitempty"`
	Rush     bool   `json:"rush,omitempty"`
	Class    string `json:"class,omitempty"`
	// AsHold marks a copy of the shared catalogue; where that is no ILL, it is
	// never charged.
	AsHold bool `json:"as_hold,omitempty"`
}

// FeeDecision answers FeeConsent. Allowed means: may be ordered now.
type FeeDecision struct {
	Decision
	Payer Payer `json:"payer"`
	// PatronPays and LibraryPays are exact; their sum is the lender's fee.
	PatronPays  broker.Money `json:"patron_pays"`
	LibraryPays broker.Money `json:"library_pays"`
	// NeedsApproval is true when the patron must decide first.
	NeedsApproval bool `json:"needs_approval"`
	// NeedsStaff is true when staff must decide or enter an amount first.
	NeedsStaff bool `json:"needs_staff"`
}

// FeeConsent tells who pays a lender's fee and whether it may be ordered now. A
// fee is passed on exactly: no cent more, no cent less. An offer dearer than
// what the patron approved is asked about again.
func (d *Document) FeeConsent(at Moment, cost Cost) FeeDecision {
	at = d.settle(at)
	match := Match{Owner: OwnerILL, Class: cost.Class}
	passOn := d.Rules().FeePassOn.For(match)
	a := d.ask(at, "order at this cost", passOn.Source)
	nothing := broker.Money{Currency: d.Currency()}
	fee := FeeDecision{Payer: passOn.Value.payer(at.Place, cost.LenderPlace), PatronPays: nothing, LibraryPays: nothing}
	switch {
	case cost.AsHold && !d.Rules().GroupIsILL.For(match).Value:
		fee.Payer = PayerLibrary
	case cost.Declined:
		a.refuse(passOn.Source, ground{
			code: "cost_declined", message: "The patron does not want to pay this cost.",
			needed: "the patron's agreement", found: "declined",
		})
	case cost.Amount == nil:
		a.unknownCost(&fee, cost, match)
	case cost.Amount.Minor < 0 || (cost.Amount.Minor > 0 && cost.Amount.Currency != d.Currency()):
		fee.NeedsStaff = true
		a.refuse(passOn.Source, ground{
			code: "currency_differs", message: "The amount is not one in our currency: staff enter what it comes to.",
			needed: "an amount in " + d.Currency(), found: cost.Amount.String(),
		})
	case fee.Payer == PayerPatron:
		a.patronPays(&fee, cost, passOn.Source, match)
	default:
		a.libraryPays(&fee, cost, match)
	}
	fee.Decision = a.answer()
	return fee
}

// payer tells who pays; a country alone is not a state in which both could be.
func (p PassOn) payer(here, there string) Payer {
	if here == there && strings.Contains(here, "-") {
		return p.InState
	}
	return p.OutOfState
}

// patronPays needs the patron's agreement to this amount. Whoever may override
// the passing on lets the library bear it.
func (a *asking) patronPays(fee *FeeDecision, cost Cost, passOn Source, match Match) {
	fee.PatronPays = a.doc.Money(Amount(cost.Amount.Minor))
	consent := a.doc.Rules().FeeConsent.For(match)
	if cost.Amount.Minor <= max(int64(consent.Value.AskAbove), cost.Approved.Minor) {
		return
	}
	fee.NeedsApproval = true
	a.refuse(consent.Source, ground{
		code: "cost_not_approved", message: "The patron agrees to the lender's fee before it is ordered.",
		needed: "agreement to " + fee.PatronPays.String(), found: "agreement to " + a.doc.Money(Amount(cost.Approved.Minor)).String(),
		override: passOn.Override,
	})
}

// unknownCost lets an ordinary request go out: an offer with a price comes back
// here. An urgent one is charged for being urgent, so the patron agrees first
// to a most.
func (a *asking) unknownCost(fee *FeeDecision, cost Cost, match Match) {
	rush := a.doc.Rules().Rush.For(match)
	if cost.Rush && rush.Value.NeedsApproval && cost.Approved.Minor == 0 {
		fee.NeedsApproval = true
		a.refuse(rush.Source, ground{
			code: "cost_not_approved", message: "An urgent request may cost something: the patron says how much at most.",
			needed: "agreement to a cost", found: "none yet",
		})
	}
}

func (a *asking) libraryPays(fee *FeeDecision, cost Cost, match Match) {
	fee.LibraryPays = a.doc.Money(Amount(cost.Amount.Minor))
	ceiling := a.doc.Rules().CostCeiling.For(match)
	if !ceiling.Value.Is || cost.Amount.Minor <= int64(ceiling.Value.Value) {
		return
	}
	fee.NeedsStaff = true
	a.refuse(ceiling.Source, ground{
		code: "above_library_ceiling", message: "The library would bear this fee, and it is above the ceiling.",
		needed: "at most " + a.doc.Money(ceiling.Value.Value).String(), found: fee.LibraryPays.String(), override: byILL(),
	})
}

// Article is what is known about a copy of an article.
type Article struct {
	// CopiesThisYear counts those already had this calendar year from recent
	// issues of the same periodical.
	CopiesThisYear int `json:"copies_this_year"`
	// Year is when the article was published; 0 when nobody knows.
	Year int `json:"year"`
}

// CopyrightDecision answers Copyright.
type CopyrightDecision struct {
	Decision
	// Declare is what to tell the lender, for example US:CCG; empty where the
	// policy has no such rule. After a no it is what to say when somebody passes
	// over it: never that the guideline was kept.
	Declare string `json:"declare"`
}

// Copyright tells under which rule a copy of an article may be asked for: so
// many a year from the recent issues of one periodical, older ones freely. An
// article of unknown year counts as recent.
func (d *Document) Copyright(at Moment, article Article) CopyrightDecision {
	entry := d.Rules().Copyright.For(Match{Owner: OwnerILL, Item: string(broker.FormatArticle)})
	a := d.ask(at, "ask for a copy of this article", entry.Source)
	if !entry.Value.Is {
		return CopyrightDecision{Decision: a.answer()}
	}
	limit := entry.Value.Value
	if article.Year != 0 && a.today.Year()-article.Year > limit.RecentYears {
		return CopyrightDecision{Decision: a.answer(), Declare: limit.Beyond}
	}
	if article.CopiesThisYear >= limit.PerYear {
		nextYear := broker.NewDate(a.today.Year()+1, 1, 1)
		a.refuse(entry.Source, ground{
			code: "copyright_limit_reached", message: "This year's copies from recent issues of this periodical are used up.",
			needed: plural(limit.PerYear, "copy", "copies") + " a year at most", found: plural(article.CopiesThisYear, "copy", "copies") + " this year",
			override: byILL(), passesAt: a.startOf(nextYear),
		})
		return CopyrightDecision{Decision: a.answer(), Declare: limit.Beyond}
	}
	return CopyrightDecision{Decision: a.answer(), Declare: limit.Within}
}
