package policy_test

import (
	"fmt"
	"testing"

	"afield/broker"
	"afield/broker/policy"
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
			match := policy.Match{Owner: policy.OwnerOwn, Class: "resident", Item: row.item, Age: row.age, Audience: row.audience}
			terms := document.ResolveTerms(policy.LoanFacts{Match: match})
			mustBe(t, "days", terms.Days, row.days)
			mustBe(t, "renewals", terms.Renewals, policy.Some(row.renewals))
			mustBe(t, "rate", terms.Overdue.Rate.Decimal(), row.rate)
			mustBe(t, "most", terms.Overdue.Cap.Decimal(), row.most)
			for _, out := range []int{row.limit - 1, row.limit, 24} {
				if row.limit == unlimited || out < 0 {
					out = 24
				}
				have := policy.OutItem{Owner: policy.OwnerOwn, Item: row.item, Age: row.age, Count: out}
				take := policy.Checkout{Patron: adult(broker.Money{}), Owner: policy.OwnerOwn, Item: row.item, Age: row.age, Lendable: true}
				if out > 0 {
					take.Out = []policy.OutItem{have}
				}
				answer := document.MayCheckOut(noon("2026-03-02"), take)
				mustBe(t, fmt.Sprintf("one more with %d out", out), answer.Allowed, row.limit == unlimited || out < row.limit)
			}
		})
	}
}

func TestACheckoutPassesThreeCountersAtOnce(t *testing.T) {
	t.Parallel()
	library := preset(t, "westchester")
	ill := policy.OutItem{Owner: policy.OwnerILL, Item: "book"}
	books := policy.OutItem{Owner: policy.OwnerOwn, Item: "book", Count: 14}
	// 14 books, 9 audio items and a borrowed copy are 24 in all.
	mustAllow(t, library.MayCheckOut(noon("2026-03-02"), taking("book", books, outOf("music_cd", 9), ill)))
	mustRefuse(t, library.MayCheckOut(noon("2026-03-02"), taking("book", books, outOf("music_cd", 10), ill)), "total_limit_reached")
	books.Count = 15
	mustRefuse(t, library.MayCheckOut(noon("2026-03-02"), taking("book", books, outOf("music_cd", 9), ill)), "type_limit_reached", "total_limit_reached")
	// A new book is another type than a general one.
	fresh := taking("book", books)
	fresh.Age = "new"
	mustAllow(t, library.MayCheckOut(noon("2026-03-02"), fresh))
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
		card := preset(t, row.library).MayHaveCard(noon(today.String()), policy.CardApplication{Class: row.class})
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
		card := preset(t, "western-district").MayHaveCard(noon("2026-03-02"), policy.CardApplication{
			Class: "minor", Age: policy.Some(12), Guardian: &guardian,
			Met:   []policy.CardNeed{policy.NeedGuardianSigns, policy.NeedGuardianID, policy.NeedProofOfAddress},
			Shown: []string{"government_photo_id"},
		})
		mustBe(t, "owing "+owes, card.Allowed, allowed)
		mustBe(t, "liable", card.Liable, policy.LiableGuardian)
	}
}

func TestOneCardForEachBusiness(t *testing.T) {
	t.Parallel()
	apply := policy.CardApplication{Class: "business", Cards: 1, Met: []policy.CardNeed{policy.NeedOwnerApplies, policy.NeedProofOfAddress}}
	mustRefuse(t, preset(t, "western-district").MayHaveCard(noon("2026-03-02"), apply).Decision, "has_card")
	apply.Cards = 0
	mustAllow(t, preset(t, "western-district").MayHaveCard(noon("2026-03-02"), apply).Decision)
}

func TestWhatACardLends(t *testing.T) {
	t.Parallel()
	rows := []struct {
		library, class, item string
		owner                policy.Owner
		lends                bool
	}{
		{"westchester", "plac", "book", policy.OwnerOwn, true},
		{"westchester", "plac", "dvd", policy.OwnerOwn, false},
		{"westchester", "teacher", "audiobook", policy.OwnerOwn, false},
		{"westchester", "purchased", "dvd", policy.OwnerOwn, true},
		{"westchester", "reciprocal", "book", policy.OwnerILL, true},
		{"westchester", "reciprocal", "book", policy.OwnerConsortium, false},
		{"western-district", "reciprocal", "emedia", policy.OwnerOwn, false},
		{"western-district", "reciprocal", "book", policy.OwnerConsortium, true},
		{"western-district", "resident", "emedia", policy.OwnerOwn, true},
	}
	for _, row := range rows {
		take := taking(row.item)
		take.Patron.Class, take.Owner = row.class, row.owner
		answer := preset(t, row.library).MayCheckOut(noon("2026-03-02"), take)
		mustBe(t, row.library+" "+row.class+" "+row.item, !answer.Has("card_does_not_lend"), row.lends)
	}
	for library, item := range map[string]string{"westchester": "reference", "delaware": "computer", "perth": "reference"} {
		mustRefuse(t, preset(t, library).MayCheckOut(noon("2026-03-02"), taking(item)), "not_lendable")
	}
	current := taking("periodical")
	current.Age = "new"
	mustRefuse(t, preset(t, "delaware").MayCheckOut(noon("2026-03-02"), current), "not_lendable")
	mustAllow(t, preset(t, "perth").MayCheckOut(noon("2026-03-02"), current))
}

func TestMaterialIsKeptFromAMinorOnlyWhereThePolicySaysSo(t *testing.T) {
	t.Parallel()
	take := taking("video_game")
	take.Patron.NotFor = []string{"video_game"}
	mustRefuse(t, preset(t, "western-district").MayCheckOut(noon("2026-03-02"), take), "not_for_minor")
	mustAllow(t, preset(t, "westchester").MayCheckOut(noon("2026-03-02"), take))
}

func TestWhatIsHeldIsLentToAnotherOnlyByPermission(t *testing.T) {
	t.Parallel()
	take := taking("book")
	take.HeldForOther = true
	mustRefuse(t, preset(t, "perth").MayCheckOut(noon("2026-03-02"), take), "held_for_other")
	take.Permission = true
	mustAllow(t, preset(t, "perth").MayCheckOut(noon("2026-03-02"), take))
	mustRefuse(t, preset(t, "westport").MayCheckOut(noon("2026-03-02"), take), "held_for_other")
}

func TestOtherFees(t *testing.T) {
	t.Parallel()
	western, delaware := preset(t, "western-district"), preset(t, "delaware")
	for pages, want := range map[int]string{0: "0.00", 1: "1.00", 5: "1.00", 6: "1.05", 25: "2.00"} {
		mustBe(t, fmt.Sprintf("Western District, %d pages", pages), western.FaxFee(pages).Amount, usd(want))
	}
	for pages, want := range map[int]string{1: "2.00", 2: "3.00", 3: "4.00"} {
		mustBe(t, fmt.Sprintf("Delaware, %d pages", pages), delaware.FaxFee(pages).Amount, usd(want))
	}
	mustBe(t, "a page in colour", western.PrintFee(1, true).Amount, usd("0.25"))
	mustBe(t, "three in black", western.PrintFee(3, false).Amount, usd("0.30"))
	mustBe(t, "Delaware in colour", delaware.PrintFee(2, true).Amount, usd("1.00"))
	mustRefuse(t, western.MayFax(noon("2026-03-02"), "CA"), "fax_too_far")
	mustAllow(t, western.MayFax(noon("2026-03-02"), "US"))
	mustRefuse(t, western.MayPayBy(noon("2026-03-02"), "card"), "method_not_taken")
	mustAllow(t, western.MayPayBy(noon("2026-03-02"), "online"))
	mustBe(t, "a lost card in Delaware", delaware.CardReplacement(noon("2026-03-02"), "resident", broker.MustDate("2026-03-01")).Amount, usd("2.00"))
}

func TestWhatElseALossMayCost(t *testing.T) {
	t.Parallel()
	western := preset(t, "western-district")
	for part, want := range map[string]string{"audiobook_disc": "10.00", "case": "10.00", "barcode": "1.00"} {
		mustCharge(t, "western-district", policy.LostItem{Match: own("audiobook"), Part: part, Replacement: usd("60.00")}, want)
	}
	if _, err := western.LostCharges(policy.LostItem{Match: own("book")}); !broker.IsKind(err, broker.KindRefused) {
		t.Errorf("a loss without a price gave %v, want it left to staff", err)
	}
	mustRefuse(t, western.MayDonate(noon("2026-03-02"), own("book"), false), "director_approves")
	mustAllow(t, western.MayDonate(noon("2026-03-02"), own("book"), true))
	mustRefuse(t, western.MayDonate(noon("2026-03-02"), policy.Match{Owner: policy.OwnerILL}, true), "no_donation_in_lieu")
	mustRefuse(t, preset(t, "perth").MayDonate(noon("2026-03-02"), own("book"), true), "no_donation_in_lieu")
	referred, expenses := preset(t, "westchester").MayRefer(noon("2026-03-02"), "resident")
	mustAllow(t, referred)
	mustBe(t, "with the expenses", expenses, true)
	charged := preset(t, "delaware").ClaimChargedOn(own("book"), broker.MustDate("2025-11-30")).Value
	mustBe(t, "a claim not found is charged on", charged, broker.MustDate("2026-02-28"))
	mustBe(t, "who prices another library's item", western.LostSetBy(policy.Match{Owner: policy.OwnerConsortium}).Value, policy.DecidedByOwner)
}

func TestDueDatesAreMovedInBulkByTheDirectorWithAReason(t *testing.T) {
	t.Parallel()
	library := preset(t, "delaware")
	mustAllow(t, library.MayAdjustDueDates(noon("2026-03-02"), []string{"director"}, "snow all week"))
	mustRefuse(t, library.MayAdjustDueDates(noon("2026-03-02"), []string{"desk"}, " "), "not_for_this_role", "reason_missing")
}

func TestEveryAttributeIsExplained(t *testing.T) {
	t.Parallel()
	document := preset(t, "western-district")
	for _, id := range policy.AttributeIDs() {
		answer, err := document.Explain(policy.Question{Ask: id, At: noon("2026-03-02").Now, Match: own("book")})
		if err != nil || answer.Value == "" || answer.Source.Says == "" {
			t.Errorf("%s is explained as %+v, %v", id, answer, err)
		}
	}
	for _, ask := range policy.Questions() {
		due := broker.MustDate("2026-03-01")
		if _, err := document.Explain(policy.Question{
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
			mustCharge(t, library, policy.LostItem{
				Match: own("book"), WillReplace: replaced,
				PricePaid: money("18.00", currency), Replacement: money("22.00", currency), Shipping: money("4.00", currency),
			}, "22.00")
		}
	}
	// Delaware's system holds a list price, which comes first.
	mustCharge(t, "delaware", policy.LostItem{Match: own("book"), ListPrice: usd("25.00"), Replacement: usd("22.00")}, "25.00")
	// A lender's invoice is passed on to the cent.
	charge, err := preset(t, "westchester").LostILLCharge(usd("40.00"))
	if err != nil || charge.Amount != usd("40.00") {
		t.Errorf("an invoice of 40.00 costs the patron %s, %v", charge.Amount, err)
	}
}

func TestWhatWestportOwnsIsHeldAndNotBorrowed(t *testing.T) {
	t.Parallel()
	request := asked(adult(usd("0.00")))
	request.OwnedHere = true
	mustRefuse(t, preset(t, "westport").MaySubmitILL(noon("2026-03-02"), request).Decision, "held_here")
	request.OwnedHere, request.OwnedInGroup = false, true
	mustAllow(t, preset(t, "westport").MaySubmitILL(noon("2026-03-02"), request).Decision)
}
