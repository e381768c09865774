package policy_test

import (
	"fmt"
	"testing"

	"afield/broker"
	"afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/policy/explain"
	"afield/broker/policy/ill"
	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

// TestEveryRowOfTheLoanTables holds the presets to the written tables: period,
// renewals, limit, daily fine and the most for one item.
func TestEveryRowOfTheLoanTables(t *testing.T) {
	t.Parallel()
	const unlimited = -1
	rows := []struct {
		library, item, age, audience string
		days, renewals, limit        int
		rate, most                   string
	}{
		{"westchester", "book", "new", "", 14, 0, 5, "0.05", "5.00"},
		{"westchester", "book", "", "", 28, 1, 15, "0.05", "5.00"},
		{"westchester", "periodical", "", "", 14, 1, 15, "0.05", "5.00"},
		{"westchester", "toy", "", "", 7, 1, 2, "0.05", "5.00"},
		{"westchester", "board_game", "", "", 7, 1, 2, "0.05", "5.00"},
		{"westchester", "dvd", "", "", 5, 0, 5, "1.00", "5.00"},
		{"westchester", "music_cd", "", "", 14, 1, 10, "0.05", "5.00"},
		{"westchester", "audiobook", "", "", 14, 1, 10, "0.05", "5.00"},
		{"westchester", "language", "", "", 14, 1, 2, "0.25", "5.00"},
		{"westchester", "usb_drive", "", "", 7, 1, 2, "0.25", "5.00"},
		{"westchester", "video_game", "", "", 7, 0, 2, "1.00", "5.00"},
		{"delaware", "book", "", "", 21, 3, unlimited, "0.10", "10.00"},
		{"delaware", "dvd", "", "", 7, 3, unlimited, "1.00", "10.00"},
		{"delaware", "other", "", "", 21, 3, unlimited, "0.10", "10.00"},
		{"delaware", "book", "high_demand", "", 14, 0, unlimited, "0.10", "10.00"},
		{"western-district", "museum_pass", "", "", 3, 0, 1, "0.10", "10.00"},
		{"western-district", "film", "", "", 7, 2, 8, "0.10", "10.00"},
		{"western-district", "tv_show", "", "", 7, 2, 8, "0.10", "10.00"},
		{"western-district", "nonfiction_film", "", "", 21, 2, 8, "0.10", "10.00"},
		{"western-district", "video_game", "", "", 7, 0, 1, "0.10", "10.00"},
		{"western-district", "chromebook", "", "", 7, 0, 1, "10.00", "50.00"},
		{"western-district", "hotspot", "", "", 7, 0, 1, "10.00", "50.00"},
		{"western-district", "book", "", "", 21, 2, unlimited, "0.10", "10.00"},
		{"western-district", "periodical", "", "", 21, 2, unlimited, "0.10", "10.00"},
		{"western-district", "puzzle", "", "", 21, 2, unlimited, "0.10", "10.00"},
		{"perth", "book", "", "", 21, 2, unlimited, "0.25", "7.00"},
		{"perth", "ereader", "", "", 21, 2, unlimited, "0.25", "7.00"},
		{"perth", "dvd", "", "", 7, 2, unlimited, "0.25", "7.00"},
		{"perth", "video_game", "", "", 7, 2, unlimited, "0.25", "7.00"},
		{"perth", "periodical", "", "", 7, 2, unlimited, "0.25", "7.00"},
		{"perth", "book", "", "teen", 21, 2, unlimited, "0.10", "2.50"},
		{"perth", "dvd", "", "child", 7, 2, unlimited, "0.10", "2.50"},
	}
	for _, row := range rows {
		t.Run(row.library+" "+row.item+" "+row.age+row.audience, func(t *testing.T) {
			t.Parallel()
			document := policytest.Preset(t, row.library)
			match := rule.Match{Owner: rule.OwnerOwn, Class: "resident", Item: row.item, Age: row.age, Audience: row.audience}
			terms := costs.ResolveTerms(document, costs.LoanFacts{Match: match})
			policytest.MustBe(t, "days", terms.Days, row.days)
			policytest.MustBe(t, "renewals", terms.Renewals, rule.Some(row.renewals))
			policytest.MustBe(t, "rate", terms.Overdue.Rate.Decimal(), row.rate)
			policytest.MustBe(t, "most", terms.Overdue.Cap.Decimal(), row.most)
			for _, out := range []int{row.limit - 1, row.limit, 24} {
				if row.limit == unlimited || out < 0 {
					out = 24
				}
				have := lending.OutItem{Owner: rule.OwnerOwn, Item: row.item, Age: row.age, Count: out}
				take := lending.Checkout{Patron: policytest.Adult(broker.Money{}), Owner: rule.OwnerOwn, Item: row.item, Age: row.age, Lendable: true}
				if out > 0 {
					take.Out = []lending.OutItem{have}
				}
				answer := lending.MayCheckOut(document, policytest.Noon("2026-03-02"), take)
				policytest.MustBe(t, fmt.Sprintf("one more with %d out", out), answer.Allowed, row.limit == unlimited || out < row.limit)
			}
		})
	}
}

func TestACheckoutPassesThreeCountersAtOnce(t *testing.T) {
	t.Parallel()
	library := policytest.Preset(t, "westchester")
	ill := lending.OutItem{Owner: rule.OwnerILL, Item: "book"}
	books := lending.OutItem{Owner: rule.OwnerOwn, Item: "book", Count: 14}
	// 14 books, 9 audio items and a borrowed copy are 24 in all.
	policytest.MustAllow(t, lending.MayCheckOut(library, policytest.Noon("2026-03-02"), taking("book", books, outOf("music_cd", 9), ill)))
	policytest.MustRefuse(t, lending.MayCheckOut(library, policytest.Noon("2026-03-02"), taking("book", books, outOf("music_cd", 10), ill)), "total_limit_reached")
	books.Count = 15
	policytest.MustRefuse(t, lending.MayCheckOut(library, policytest.Noon("2026-03-02"), taking("book", books, outOf("music_cd", 9), ill)), "type_limit_reached", "total_limit_reached")
	// A new book is another type than a general one.
	fresh := taking("book", books)
	fresh.Age = "new"
	policytest.MustAllow(t, lending.MayCheckOut(library, policytest.Noon("2026-03-02"), fresh))
}

func TestCardsOfEveryKind(t *testing.T) {
	t.Parallel()
	today := broker.MustDate("2026-03-02")
	rows := []struct {
		library, class, fee, deposit, expires string
		unknown                               bool
	}{
		{"westchester", "resident", "0.00", "0.00", "2029-03-02", false},
		{"westchester", "resident_minor", "0.00", "0.00", "2029-03-02", false},
		{"westchester", "business", "0.00", "0.00", "2029-03-02", false},
		{"westchester", "reciprocal", "0.00", "0.00", "2029-03-02", false},
		{"westchester", "purchased", "175.00", "0.00", "2027-03-02", false},
		{"westchester", "plac", "0.00", "0.00", "2027-03-02", true},
		{"westchester", "teacher", "1.00", "0.00", "2027-03-02", false},
		{"westchester", "temporary", "0.00", "10.00", "2026-09-02", false},
		{"western-district", "resident", "0.00", "0.00", "2029-03-02", false},
		{"western-district", "minor", "0.00", "0.00", "2029-03-02", false},
		{"western-district", "purchased", "125.00", "0.00", "2027-03-02", false},
		{"western-district", "business", "0.00", "0.00", "2029-03-02", false},
		{"western-district", "reciprocal", "0.00", "0.00", "2027-03-02", false},
	}
	for _, row := range rows {
		card := accounts.MayHaveCard(policytest.Preset(t, row.library), policytest.Noon(today.String()), accounts.CardApplication{Class: row.class})
		name := row.library + " " + row.class
		policytest.MustBe(t, name+" without anything brought", card.Allowed, false)
		policytest.MustBe(t, name+" fee", card.Fee.Decimal(), row.fee)
		policytest.MustBe(t, name+" fee unknown", card.FeeUnknown, row.unknown)
		policytest.MustBe(t, name+" deposit", card.Deposit.Decimal(), row.deposit)
		policytest.MustBe(t, name+" expires", card.Expires.String(), row.expires)
	}
}

func TestAGuardianInGoodStandingSignsForAMinor(t *testing.T) {
	t.Parallel()
	for owes, allowed := range map[string]bool{"4.99": true, "5.00": false, "5.01": false} {
		guardian := policytest.Adult(policytest.USD(owes))
		card := accounts.MayHaveCard(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), accounts.CardApplication{
			Class: "minor", Age: rule.Some(12), Guardian: &guardian,
			Met:   []attributes.CardNeed{attributes.NeedGuardianSigns, attributes.NeedGuardianID, attributes.NeedProofOfAddress},
			Shown: []string{"government_photo_id"},
		})
		policytest.MustBe(t, "owing "+owes, card.Allowed, allowed)
		policytest.MustBe(t, "liable", card.Liable, attributes.LiableGuardian)
	}
}

func TestOneCardForEachBusiness(t *testing.T) {
	t.Parallel()
	apply := accounts.CardApplication{Class: "business", Cards: 1, Met: []attributes.CardNeed{attributes.NeedOwnerApplies, attributes.NeedProofOfAddress}}
	policytest.MustRefuse(t, accounts.MayHaveCard(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), apply).Decision, "has_card")
	apply.Cards = 0
	policytest.MustAllow(t, accounts.MayHaveCard(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), apply).Decision)
}

func TestWhatACardLends(t *testing.T) {
	t.Parallel()
	rows := []struct {
		library, class, item string
		owner                rule.Owner
		lends                bool
	}{
		{"westchester", "plac", "book", rule.OwnerOwn, true},
		{"westchester", "plac", "dvd", rule.OwnerOwn, false},
		{"westchester", "teacher", "audiobook", rule.OwnerOwn, false},
		{"westchester", "purchased", "dvd", rule.OwnerOwn, true},
		{"westchester", "reciprocal", "book", rule.OwnerILL, true},
		{"westchester", "reciprocal", "book", rule.OwnerConsortium, false},
		{"western-district", "reciprocal", "emedia", rule.OwnerOwn, false},
		{"western-district", "reciprocal", "book", rule.OwnerConsortium, true},
		{"western-district", "resident", "emedia", rule.OwnerOwn, true},
	}
	for _, row := range rows {
		take := taking(row.item)
		take.Patron.Class, take.Owner = row.class, row.owner
		answer := lending.MayCheckOut(policytest.Preset(t, row.library), policytest.Noon("2026-03-02"), take)
		policytest.MustBe(t, row.library+" "+row.class+" "+row.item, !answer.Has("card_does_not_lend"), row.lends)
	}
	for library, item := range map[string]string{"westchester": "reference", "delaware": "computer", "perth": "reference"} {
		policytest.MustRefuse(t, lending.MayCheckOut(policytest.Preset(t, library), policytest.Noon("2026-03-02"), taking(item)), "not_lendable")
	}
	current := taking("periodical")
	current.Age = "new"
	policytest.MustRefuse(t, lending.MayCheckOut(policytest.Preset(t, "delaware"), policytest.Noon("2026-03-02"), current), "not_lendable")
	policytest.MustAllow(t, lending.MayCheckOut(policytest.Preset(t, "perth"), policytest.Noon("2026-03-02"), current))
}

func TestMaterialIsKeptFromAMinorOnlyWhereThePolicySaysSo(t *testing.T) {
	t.Parallel()
	take := taking("video_game")
	take.Patron.NotFor = []string{"video_game"}
	policytest.MustRefuse(t, lending.MayCheckOut(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), take), "not_for_minor")
	policytest.MustAllow(t, lending.MayCheckOut(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), take))
}

func TestWhatIsHeldIsLentToAnotherOnlyByPermission(t *testing.T) {
	t.Parallel()
	take := taking("book")
	take.HeldForOther = true
	policytest.MustRefuse(t, lending.MayCheckOut(policytest.Preset(t, "perth"), policytest.Noon("2026-03-02"), take), "held_for_other")
	take.Permission = true
	policytest.MustAllow(t, lending.MayCheckOut(policytest.Preset(t, "perth"), policytest.Noon("2026-03-02"), take))
	policytest.MustRefuse(t, lending.MayCheckOut(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), take), "held_for_other")
}

func TestOtherFees(t *testing.T) {
	t.Parallel()
	western, delaware := policytest.Preset(t, "western-district"), policytest.Preset(t, "delaware")
	for pages, want := range map[int]string{0: "0.00", 1: "1.00", 5: "1.00", 6: "1.05", 25: "2.00"} {
		policytest.MustBe(t, fmt.Sprintf("Western District, %d pages", pages), costs.FaxFee(western, rule.Match{}, pages).Amount, policytest.USD(want))
	}
	for pages, want := range map[int]string{1: "2.00", 2: "3.00", 3: "4.00"} {
		policytest.MustBe(t, fmt.Sprintf("Delaware, %d pages", pages), costs.FaxFee(delaware, rule.Match{}, pages).Amount, policytest.USD(want))
	}
	policytest.MustBe(t, "a page in colour", costs.PrintFee(western, rule.Match{}, 1, true).Amount, policytest.USD("0.25"))
	policytest.MustBe(t, "three in black", costs.PrintFee(western, rule.Match{}, 3, false).Amount, policytest.USD("0.30"))
	policytest.MustBe(t, "Delaware in colour", costs.PrintFee(delaware, rule.Match{}, 2, true).Amount, policytest.USD("1.00"))
	policytest.MustRefuse(t, costs.MayFax(western, policytest.Noon("2026-03-02"), rule.Match{}, "CA"), "fax_too_far")
	policytest.MustAllow(t, costs.MayFax(western, policytest.Noon("2026-03-02"), rule.Match{}, "US"))
	policytest.MustRefuse(t, costs.MayPayBy(western, policytest.Noon("2026-03-02"), rule.Match{}, "card"), "method_not_taken")
	policytest.MustAllow(t, costs.MayPayBy(western, policytest.Noon("2026-03-02"), rule.Match{}, "online"))
	policytest.MustBe(t, "a lost card in Delaware", accounts.CardReplacement(delaware, policytest.Noon("2026-03-02"), rule.Match{Class: "resident"}, broker.MustDate("2026-03-01")).Amount, policytest.USD("2.00"))
}

func TestWhatElseALossMayCost(t *testing.T) {
	t.Parallel()
	western := policytest.Preset(t, "western-district")
	for part, want := range map[string]string{"audiobook_disc": "10.00", "case": "10.00", "barcode": "1.00"} {
		mustCharge(t, "western-district", costs.LostItem{Match: policytest.Own("audiobook"), Part: part, Replacement: policytest.USD("60.00")}, want)
	}
	if _, err := costs.LostCharges(western, costs.LostItem{Match: policytest.Own("book")}); !broker.IsKind(err, broker.KindRefused) {
		t.Errorf("a loss without a price gave %v, want it left to staff", err)
	}
	policytest.MustRefuse(t, costs.MayDonate(western, policytest.Noon("2026-03-02"), policytest.Own("book"), false), "director_approves")
	policytest.MustAllow(t, costs.MayDonate(western, policytest.Noon("2026-03-02"), policytest.Own("book"), true))
	policytest.MustRefuse(t, costs.MayDonate(western, policytest.Noon("2026-03-02"), rule.Match{Owner: rule.OwnerILL}, true), "no_donation_in_lieu")
	policytest.MustRefuse(t, costs.MayDonate(policytest.Preset(t, "perth"), policytest.Noon("2026-03-02"), policytest.Own("book"), true), "no_donation_in_lieu")
	referred, expenses := costs.MayRefer(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), "resident")
	policytest.MustAllow(t, referred)
	policytest.MustBe(t, "with the expenses", expenses, true)
	charged := lending.ClaimChargedOn(policytest.Preset(t, "delaware"), policytest.Own("book"), broker.MustDate("2025-11-30")).Value
	policytest.MustBe(t, "a claim not found is charged on", charged, broker.MustDate("2026-02-28"))
	policytest.MustBe(t, "who prices another library's item", costs.LostSetBy(western, rule.Match{Owner: rule.OwnerConsortium}).Value, attributes.DecidedByOwner)
}

func TestDueDatesAreMovedInBulkByTheDirectorWithAReason(t *testing.T) {
	t.Parallel()
	library := policytest.Preset(t, "delaware")
	policytest.MustAllow(t, lending.MayAdjustDueDates(library, policytest.Noon("2026-03-02"), []string{"director"}, "snow all week"))
	policytest.MustRefuse(t, lending.MayAdjustDueDates(library, policytest.Noon("2026-03-02"), []string{"desk"}, " "), "not_for_this_role", "reason_missing")
}

func TestEveryAttributeIsExplained(t *testing.T) {
	t.Parallel()
	document := policytest.Preset(t, "western-district")
	for _, id := range attributes.IDs() {
		answer, err := explain.Explain(document, explain.Question{Ask: id, At: policytest.Noon("2026-03-02").Now, Match: policytest.Own("book")})
		if err != nil || answer.Value == "" || answer.Source.Says == "" {
			t.Errorf("%s is explained as %+v, %v", id, answer, err)
		}
	}
	for _, ask := range explain.Questions() {
		due := broker.MustDate("2026-03-01")
		if _, err := explain.Explain(document, explain.Question{
			Ask: ask, At: policytest.Noon("2026-03-02").Now, Match: policytest.Own("book"), Due: due, PaidOn: due,
			Owes: policytest.USD("0.00"), Paid: policytest.USD("1.00"),
		}); err != nil {
			t.Errorf("%s: %v", ask, err)
		}
	}
}

func TestALossCostsNoProcessingWhereThePolicyNamesNone(t *testing.T) {
	t.Parallel()
	for _, library := range []string{"western-district", "delaware", "perth"} {
		currency := policytest.Preset(t, library).Currency()
		for _, replaced := range []bool{true, false} {
			mustCharge(t, library, costs.LostItem{
				Match: policytest.Own("book"), WillReplace: replaced,
				PricePaid: policytest.Money("18.00", currency), Replacement: policytest.Money("22.00", currency), Shipping: policytest.Money("4.00", currency),
			}, "22.00")
		}
	}
	// Delaware's system holds a list price, which comes first.
	mustCharge(t, "delaware", costs.LostItem{Match: policytest.Own("book"), ListPrice: policytest.USD("25.00"), Replacement: policytest.USD("22.00")}, "25.00")
	// A lender's invoice is passed on to the cent.
	charge, err := costs.LostILLCharge(policytest.Preset(t, "westchester"), policytest.USD("40.00"))
	if err != nil || charge.Amount != policytest.USD("40.00") {
		t.Errorf("an invoice of 40.00 costs the patron %s, %v", charge.Amount, err)
	}
}

func TestWhatWestportOwnsIsHeldAndNotBorrowed(t *testing.T) {
	t.Parallel()
	request := policytest.Asked(policytest.Adult(policytest.USD("0.00")))
	request.OwnedHere = true
	policytest.MustRefuse(t, ill.MaySubmitILL(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), request).Decision, "held_here")
	request.OwnedHere, request.OwnedInGroup = false, true
	policytest.MustAllow(t, ill.MaySubmitILL(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), request).Decision)
}
