package ill

import (
	"cmp"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

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
	// Match is who asks, and for what.
	rule.Match
}

// MayAskLender tells whether our policy lets us ask a lender at all; routing
// adds what the lender itself does not lend.
func MayAskLender(d *policy.Document, at policy.Moment, lender Lender) policy.Decision {
	entry := d.Rules().LenderPlaces.For(lender.Match)
	a := d.Ask(at, "ask this lender", entry.Source)
	if !placeMeets(entry.Value, lender.Place) {
		a.Refuse(entry.Source, policy.Ground{
			Code: "lender_place_excluded", Message: "The library does not request from there.",
			Needed: "a lender in " + placeNames(entry.Value), Found: "a lender in " + cmp.Or(lender.Place, "an unknown place"), Override: []string{"director"},
		})
	}
	return a.Answer()
}

func placeMeets(s rule.Set, place string) bool {
	return s.Has(place) || (slices.Contains(s.Values, attributes.ContiguousStates) && inContiguous(place))
}

func placeNames(s rule.Set) string {
	return strings.ReplaceAll(s.String(), attributes.ContiguousStates, "the 48 contiguous states")
}

// Lending is what is known when another library asks us to lend.
type Lending struct {
	// Match is the copy.
	rule.Match
	// OwnHolds is how many of our own patrons wait for the title, and Copies how
	// many copies could be sent now.
	OwnHolds int `json:"own_holds,omitempty"`
	Copies   int `json:"copies,omitempty"`
}

// MayLend tells whether our own patrons' holds leave a copy to lend to another
// library.
func MayLend(d *policy.Document, at policy.Moment, lending Lending) policy.Decision {
	entry := d.Rules().OwnHoldsFirst.For(lending.Match)
	a := d.Ask(at, "lend this to another library", entry.Source)
	if lending.Copies < 1 {
		a.Refuse(entry.Source, policy.Ground{Code: "no_copy_available", Message: "No copy can be sent now.", Needed: "a copy on the shelf", Found: "none"})
	}
	if entry.Value && lending.OwnHolds > 0 && lending.Copies <= lending.OwnHolds {
		a.Refuse(entry.Source, policy.Ground{
			Code: "own_patrons_wait", Message: "Our own patrons wait for this title.",
			Needed: "more copies than own patrons waiting", Found: "own patrons wait for every copy", Override: policy.ByILL(),
		})
	}
	return a.Answer()
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
	Declined bool `json:"declined,omitempty"`
	Rush     bool `json:"rush,omitempty"`
	// Match is who asked, and for what.
	rule.Match
	// AsHold marks a copy of the shared catalogue; where that is no ILL, it is
	// never charged.
	AsHold bool `json:"as_hold,omitempty"`
}

// FeeDecision answers FeeConsent. Allowed means: may be ordered now.
type FeeDecision struct {
	policy.Decision
	Payer attributes.Payer `json:"payer"`
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
func FeeConsent(d *policy.Document, at policy.Moment, cost Cost) FeeDecision {
	at = d.Settle(at)
	match := cost.Match
	passOn := d.Rules().FeePassOn.For(match)
	a := d.Ask(at, "order at this cost", passOn.Source)
	nothing := broker.Money{Currency: d.Currency()}
	fee := FeeDecision{Payer: payer(passOn.Value, at.Place, cost.LenderPlace), PatronPays: nothing, LibraryPays: nothing}
	switch {
	case cost.AsHold && !d.Rules().GroupIsILL.For(match).Value:
		fee.Payer = attributes.PayerLibrary
	case cost.Declined:
		a.Refuse(passOn.Source, policy.Ground{
			Code: "cost_declined", Message: "The patron does not want to pay this cost.",
			Needed: "the patron's agreement", Found: "declined",
		})
	case cost.Amount == nil:
		unknownCost(a, &fee, cost, match)
	case cost.Amount.Minor < 0 || (cost.Amount.Minor > 0 && cost.Amount.Currency != d.Currency()):
		fee.NeedsStaff = true
		a.Refuse(passOn.Source, policy.Ground{
			Code: "currency_differs", Message: "The amount is not one in our currency: staff enter what it comes to.",
			Needed: "an amount in " + d.Currency(), Found: cost.Amount.String(),
		})
	case fee.Payer == attributes.PayerPatron:
		patronPays(a, &fee, cost, passOn.Source, match)
	default:
		libraryPays(a, &fee, cost, match)
	}
	fee.Decision = a.Answer()
	return fee
}

// payer tells who pays; two libraries whose places are only the same country are
// not known to be in one state.
func payer(p attributes.PassOn, here, there string) attributes.Payer {
	if here == there && strings.Contains(here, "-") {
		return p.InState
	}
	return p.OutOfState
}

// patronPays asks for the patron's agreement to this amount. Overriding the rule
// that passes the fee on makes the library bear it.
func patronPays(a *policy.Asking, fee *FeeDecision, cost Cost, passOn rule.Source, match rule.Match) {
	fee.PatronPays = a.Doc.Money(rule.Amount(cost.Amount.Minor))
	consent := a.Doc.Rules().FeeConsent.For(match)
	if cost.Amount.Minor <= max(int64(consent.Value.AskAbove), cost.Approved.Minor) {
		return
	}
	fee.NeedsApproval = true
	a.Refuse(consent.Source, policy.Ground{
		Code: "cost_not_approved", Message: "The patron agrees to the lender's fee before it is ordered.",
		Needed: "agreement to " + fee.PatronPays.String(), Found: "agreement to " + a.Doc.Money(rule.Amount(cost.Approved.Minor)).String(),
		Override: passOn.Override,
	})
}

// unknownCost lets an ordinary request go out: an offer with a price is decided
// about here again. An urgent request costs extra, so the patron first agrees to
// an upper limit.
func unknownCost(a *policy.Asking, fee *FeeDecision, cost Cost, match rule.Match) {
	rush := a.Doc.Rules().Rush.For(match)
	if cost.Rush && rush.Value.NeedsApproval && cost.Approved.Minor == 0 {
		fee.NeedsApproval = true
		a.Refuse(rush.Source, policy.Ground{
			Code: "cost_not_approved", Message: "An urgent request may cost something: the patron says how much at most.",
			Needed: "agreement to a cost", Found: "none yet",
		})
	}
}

func libraryPays(a *policy.Asking, fee *FeeDecision, cost Cost, match rule.Match) {
	fee.LibraryPays = a.Doc.Money(rule.Amount(cost.Amount.Minor))
	ceiling := a.Doc.Rules().CostCeiling.For(match)
	if !ceiling.Value.Is || cost.Amount.Minor <= int64(ceiling.Value.Value) {
		return
	}
	fee.NeedsStaff = true
	a.Refuse(ceiling.Source, policy.Ground{
		Code: "above_library_ceiling", Message: "The library would bear this fee, and it is above the ceiling.",
		Needed: "at most " + a.Doc.Money(ceiling.Value.Value).String(), Found: fee.LibraryPays.String(), Override: policy.ByILL(),
	})
}

// Article is what is known about a copy of an article.
type Article struct {
	// Match is who asks for it.
	rule.Match
	// CopiesThisYear counts those already had this calendar year from recent
	// issues of the same periodical.
	CopiesThisYear int `json:"copies_this_year"`
	// Year is when the article was published; 0 when nobody knows.
	Year int `json:"year"`
}

// CopyrightDecision answers Copyright.
type CopyrightDecision struct {
	policy.Decision
	// Declare is what to tell the lender, for example US:CCG; empty where the policy
	// has no such rule. After a no it is what to declare when somebody overrides it:
	// never that the guideline was kept.
	Declare string `json:"declare"`
}

// Copyright tells under which rule a copy of an article may be asked for: so
// many a year from the recent issues of one periodical, older ones freely. An
// article of unknown year counts as recent.
func Copyright(d *policy.Document, at policy.Moment, article Article) CopyrightDecision {
	entry := d.Rules().Copyright.For(article.Match)
	a := d.Ask(at, "ask for a copy of this article", entry.Source)
	if !entry.Value.Is {
		return CopyrightDecision{Decision: a.Answer()}
	}
	limit := entry.Value.Value
	if article.Year != 0 && a.Today.Year()-article.Year > limit.RecentYears {
		return CopyrightDecision{Decision: a.Answer(), Declare: limit.Beyond}
	}
	if article.CopiesThisYear >= limit.PerYear {
		nextYear := broker.NewDate(a.Today.Year()+1, 1, 1)
		a.Refuse(entry.Source, policy.Ground{
			Code: "copyright_limit_reached", Message: "This year's copies from recent issues of this periodical are used up.",
			Needed: rule.Plural(limit.PerYear, "copy", "copies") + " a year at most", Found: rule.Plural(article.CopiesThisYear, "copy", "copies") + " this year",
			Override: policy.ByILL(), PassesAt: a.StartOf(nextYear),
		})
		return CopyrightDecision{Decision: a.Answer(), Declare: limit.Beyond}
	}
	return CopyrightDecision{Decision: a.Answer(), Declare: limit.Within}
}
