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
			document := preset(t, row.library)
			match := rule.Match{Owner: rule.OwnerOwn, Class: "resident", Item: row.item, Age: row.age, Audience: row.audience}
			terms := costs.ResolveTerms(document, costs.LoanFacts{Match: match})
			mustBe(t, "days", terms.Days, row.days)
			mustBe(t, "renewals", terms.Renewals, rule.Some(row.renewals))
			mustBe(t, "rate", terms.Overdue.Rate.Decimal(), row.rate)
			mustBe(t, "most", terms.Overdue.Cap.Decimal(), row.most)
			for _, out := range []int{row.limit - 1, row.limit, 24} {
				if row.limit == unlimited || out < 0 {
					out = 24
				}
				have := lending.OutItem{Owner: rule.OwnerOwn, Item: row.item, Age: row.age, Count: out}
				take := lending.Checkout{Patron: adult(broker.Money{}), Owner: rule.OwnerOwn, Item: row.item, Age: row.age, Lendable: true}
				if out > 0 {
					take.Out = []lending.OutItem{have}
				}
				answer := lending.MayCheckOut(document, noon("2026-03-02"), take)
				mustBe(t, fmt.Sprintf("one more with %d out", out), answer.Allowed, row.limit == unlimited || out < row.limit)
			}
		})
	}
}

func TestACheckoutPassesThreeCountersAtOnce(t *testing.T) {
	t.Parallel()
	library := preset(t, "westchester")
	ill := lending.OutItem{Owner: rule.OwnerILL, Item: "book"}
	books := lending.OutItem{Owner: rule.OwnerOwn, Item: "book", Count: 14}
	// 14 books, 9 audio items and a borrowed copy are 24 in all.
	mustAllow(t, lending.MayCheckOut(library, noon("2026-03-02"), taking("book", books, outOf("music_cd", 9), ill)))
	mustRefuse(t, lending.MayCheckOut(library, noon("2026-03-02"), taking("book", books, outOf("music_cd", 10), ill)), "total_limit_reached")
	books.Count = 15
	mustRefuse(t, lending.MayCheckOut(library, noon("2026-03-02"), taking("book", books, outOf("music_cd", 9), ill)), "type_limit_reached", "total_limit_reached")
	// A new book is another type than a general one.
	fresh := taking("book", books)
	fresh.Age = "new"
	mustAllow(t, lending.MayCheckOut(library, noon("2026-03-02"), fresh))
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
		card := accounts.MayHaveCard(preset(t, row.library), noon(today.String()), accounts.CardApplication{Class: row.class})
		name := row.library + " " + row.class
		mustBe(t, name+" without anything brought", card.Allowed, false)
		mustBe(t, name+" fee", card.Fee.Decimal(), row.fee)
		mustBe(t, name+" fee unknown", card.FeeUnknown, row.unknown)
		mustBe(t, name+" deposit", card.Deposit.Decimal(), row.deposit)
		mustBe(t, name+" expires", card.Expires.String(), row.expires)
	}
}

func TestAGuardianInGoodStandingSignsForAMinor(t *testing.T) {
	t.Parallel()
	for owes, allowed := range map[string]bool{"4.99": true, "5.00": false, "5.01": false} {
		guardian := adult(usd(owes))
		card := accounts.MayHaveCard(preset(t, "western-district"), noon("2026-03-02"), accounts.CardApplication{
			Class: "minor", Age: rule.Some(12), Guardian: &guardian,
			Met:   []attributes.CardNeed{attributes.NeedGuardianSigns, attributes.NeedGuardianID, attributes.NeedProofOfAddress},
			Shown: []string{"government_photo_id"},
		})
		mustBe(t, "owing "+owes, card.Allowed, allowed)
		mustBe(t, "liable", card.Liable, attributes.LiableGuardian)
	}
}

func TestOneCardForEachBusiness(t *testing.T) {
	t.Parallel()
	apply := accounts.CardApplication{Class: "business", Cards: 1, Met: []attributes.CardNeed{attributes.NeedOwnerApplies, attributes.NeedProofOfAddress}}
	mustRefuse(t, accounts.MayHaveCard(preset(t, "western-district"), noon("2026-03-02"), apply).Decision, "has_card")
	apply.Cards = 0
	mustAllow(t, accounts.MayHaveCard(preset(t, "western-district"), noon("2026-03-02"), apply).Decision)
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
		answer := lending.MayCheckOut(preset(t, row.library), noon("2026-03-02"), take)
		mustBe(t, row.library+" "+row.class+" "+row.item, !answer.Has("card_does_not_lend"), row.lends)
	}
	for library, item := range map[string]string{"westchester": "reference", "delaware": "computer", "perth": "reference"} {
		mustRefuse(t, lending.MayCheckOut(preset(t, library), noon("2026-03-02"), taking(item)), "not_lendable")
	}
	current := taking("periodical")
	current.Age = "new"
	mustRefuse(t, lending.MayCheckOut(preset(t, "delaware"), noon("2026-03-02"), current), "not_lendable")
	mustAllow(t, lending.MayCheckOut(preset(t, "perth"), noon("2026-03-02"), current))
}

func TestMaterialIsKeptFromAMinorOnlyWhereThePolicySaysSo(t *testing.T) {
	t.Parallel()
	take := taking("video_game")
	take.Patron.NotFor = []string{"video_game"}
	mustRefuse(t, lending.MayCheckOut(preset(t, "western-district"), noon("2026-03-02"), take), "not_for_minor")
	mustAllow(t, lending.MayCheckOut(preset(t, "westchester"), noon("2026-03-02"), take))
}

func TestWhatIsHeldIsLentToAnotherOnlyByPermission(t *testing.T) {
	t.Parallel()
	take := taking("book")
	take.HeldForOther = true
	mustRefuse(t, lending.MayCheckOut(preset(t, "perth"), noon("2026-03-02"), take), "held_for_other")
	take.Permission = true
	mustAllow(t, lending.MayCheckOut(preset(t, "perth"), noon("2026-03-02"), take))
	mustRefuse(t, lending.MayCheckOut(preset(t, "westport"), noon("2026-03-02"), take), "held_for_other")
}

func TestOtherFees(t *testing.T) {
	t.Parallel()
	western, delaware := preset(t, "western-district"), preset(t, "delaware")
	for pages, want := range map[int]string{0: "0.00", 1: "1.00", 5: "1.00", 6: "1.05", 25: "2.00"} {
		mustBe(t, fmt.Sprintf("Western District, %d pages", pages), costs.FaxFee(western, pages).Amount, usd(want))
	}
	for pages, want := range map[int]string{1: "2.00", 2: "3.00", 3: "4.00"} {
		mustBe(t, fmt.Sprintf("Delaware, %d pages", pages), costs.FaxFee(delaware, pages).Amount, usd(want))
	}
	mustBe(t, "a page in colour", costs.PrintFee(western, 1, true).Amount, usd("0.25"))
	mustBe(t, "three in black", costs.PrintFee(western, 3, false).Amount, usd("0.30"))
	mustBe(t, "Delaware in colour", costs.PrintFee(delaware, 2, true).Amount, usd("1.00"))
	mustRefuse(t, costs.MayFax(western, noon("2026-03-02"), "CA"), "fax_too_far")
	mustAllow(t, costs.MayFax(western, noon("2026-03-02"), "US"))
	mustRefuse(t, costs.MayPayBy(western, noon("2026-03-02"), "card"), "method_not_taken")
	mustAllow(t, costs.MayPayBy(western, noon("2026-03-02"), "online"))
	mustBe(t, "a lost card in Delaware", accounts.CardReplacement(delaware, noon("2026-03-02"), "resident", broker.MustDate("2026-03-01")).Amount, usd("2.00"))
}

func TestWhatElseALossMayCost(t *testing.T) {
	t.Parallel()
	western := preset(t, "western-district")
	for part, want := range map[string]string{"audiobook_disc": "10.00", "case": "10.00", "barcode": "1.00"} {
		mustCharge(t, "western-district", costs.LostItem{Match: own("audiobook"), Part: part, Replacement: usd("60.00")}, want)
	}
	if _, err := costs.LostCharges(western, costs.LostItem{Match: own("book")}); !broker.IsKind(err, broker.KindRefused) {
		t.Errorf("a loss without a price gave %v, want it left to staff", err)
	}
	mustRefuse(t, costs.MayDonate(western, noon("2026-03-02"), own("book"), false), "director_approves")
	mustAllow(t, costs.MayDonate(western, noon("2026-03-02"), own("book"), true))
	mustRefuse(t, costs.MayDonate(western, noon("2026-03-02"), rule.Match{Owner: rule.OwnerILL}, true), "no_donation_in_lieu")
	mustRefuse(t, costs.MayDonate(preset(t, "perth"), noon("2026-03-02"), own("book"), true), "no_donation_in_lieu")
	referred, expenses := costs.MayRefer(preset(t, "westchester"), noon("2026-03-02"), "resident")
	mustAllow(t, referred)
	mustBe(t, "with the expenses", expenses, true)
	charged := lending.ClaimChargedOn(preset(t, "delaware"), own("book"), broker.MustDate("2025-11-30")).Value
	mustBe(t, "a claim not found is charged on", charged, broker.MustDate("2026-02-28"))
	mustBe(t, "who prices another library's item", costs.LostSetBy(western, rule.Match{Owner: rule.OwnerConsortium}).Value, attributes.DecidedByOwner)
}

func TestDueDatesAreMovedInBulkByTheDirectorWithAReason(t *testing.T) {
	t.Parallel()
	library := preset(t, "delaware")
	mustAllow(t, lending.MayAdjustDueDates(library, noon("2026-03-02"), []string{"director"}, "snow all week"))
	mustRefuse(t, lending.MayAdjustDueDates(library, noon("2026-03-02"), []string{"desk"}, " "), "not_for_this_role", "reason_missing")
}

func TestEveryAttributeIsExplained(t *testing.T) {
	t.Parallel()
	document := preset(t, "western-district")
	for _, id := range attributes.IDs() {
		answer, err := explain.Explain(document, explain.Question{Ask: id, At: noon("2026-03-02").Now, Match: own("book")})
		if err != nil || answer.Value == "" || answer.Source.Says == "" {
			t.Errorf("%s is explained as %+v, %v", id, answer, err)
		}
	}
	for _, ask := range explain.Questions() {
		due := broker.MustDate("2026-03-01")
		if _, err := explain.Explain(document, explain.Question{
			Ask: ask, At: noon("2026-03-02").Now, Match: own("book"), Due: due, PaidOn: due,
			Owes: usd("0.00"), Paid: usd("1.00"),
		}); err != nil {
			t.Errorf("%s: %v", ask, err)
		}
	}
}

func TestALossCostsNoProcessingWhereThePolicyNamesNone(t *testing.T) {
	t.Parallel()
	for _, library := range []string{"western-district", "delaware", "perth"} {
		currency := preset(t, library).Currency()
		for _, replaced := range []bool{true, false} {
			mustCharge(t, library, costs.LostItem{
				Match: own("book"), WillReplace: replaced,
				PricePaid: money("18.00", currency), Replacement: money("22.00", currency), Shipping: money("4.00", currency),
			}, "22.00")
		}
	}
	// Delaware's system holds a list price, which comes first.
	mustCharge(t, "delaware", costs.LostItem{Match: own("book"), ListPrice: usd("25.00"), Replacement: usd("22.00")}, "25.00")
	// A lender's invoice is passed on to the cent.
	charge, err := costs.LostILLCharge(preset(t, "westchester"), usd("40.00"))
	if err != nil || charge.Amount != usd("40.00") {
		t.Errorf("an invoice of 40.00 costs the patron %s, %v", charge.Amount, err)
	}
}

func TestWhatWestportOwnsIsHeldAndNotBorrowed(t *testing.T) {
	t.Parallel()
	request := asked(adult(usd("0.00")))
	request.OwnedHere = true
	mustRefuse(t, ill.MaySubmitILL(preset(t, "westport"), noon("2026-03-02"), request).Decision, "held_here")
	request.OwnedHere, request.OwnedInGroup = false, true
	mustAllow(t, ill.MaySubmitILL(preset(t, "westport"), noon("2026-03-02"), request).Decision)
}
