package ill_test

import (
	"testing"

	"afield/broker/policy/attributes"
	"afield/broker/policy/ill"
	"afield/broker/policy/policytest"
)

func TestLenderPlaces(t *testing.T) {
	t.Parallel()
	tests := []struct {
		library, place string
		want           bool
	}{
		{"western-district", "US-IL", true},
		{"western-district", "US-ME", true},
		{"western-district", "US-DC", true},
		{"western-district", "US-HI", false},
		{"western-district", "US-AK", false},
		{"western-district", "US-PR", false},
		{"western-district", "CA-ON", false},
		{"western-district", "", false},
		{"westchester", "US-HI", true},
		{"perth", "US-NY", true},
	}
	for _, test := range tests {
		answer := ill.MayAskLender(policytest.Preset(t, test.library), policytest.Noon("2026-03-02"), ill.Lender{Place: test.place})
		policytest.MustBe(t, test.library+" asks "+test.place, answer.Allowed, test.want)
	}
}

func TestTwoUnknownPlacesAreNotOneState(t *testing.T) {
	t.Parallel()
	fee, nowhere := policytest.USD("5.00"), policytest.Noon("2026-03-02")
	got := ill.FeeConsent(policytest.Preset(t, "open-lender"), nowhere, ill.Cost{Amount: &fee})
	policytest.MustBe(t, "two unknown places are not one state", got.Payer, attributes.PayerPatron)
}

func TestWhoPaysALendersFee(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, library, lender, fee, approved string
		payer                                attributes.Payer
		allowed, needsApproval, needsStaff   bool
	}{
		{"in Indiana the library pays", "westchester", "US-IN", "12.50", "0.00", attributes.PayerLibrary, true, false, false},
		{"to the ceiling", "westchester", "US-IN", "30.00", "0.00", attributes.PayerLibrary, true, false, false},
		{"a cent above the ceiling staff decide", "westchester", "US-IN", "30.01", "0.00", attributes.PayerLibrary, false, false, true},
		{"out of state the patron agrees first", "westchester", "US-OH", "12.50", "0.00", attributes.PayerPatron, false, true, false},
		{"agreed to a cent less", "westchester", "US-OH", "12.50", "12.49", attributes.PayerPatron, false, true, false},
		{"agreed exactly", "westchester", "US-OH", "12.50", "12.50", attributes.PayerPatron, true, false, false},
		{"agreed to a cent more", "westchester", "US-OH", "12.50", "12.51", attributes.PayerPatron, true, false, false},
		{"free", "westchester", "US-OH", "0.00", "0.00", attributes.PayerPatron, true, false, false},
		{"one cent is asked about", "western-district", "US-OH", "0.01", "0.00", attributes.PayerPatron, false, true, false},
		{"in Illinois too", "western-district", "US-IL", "15.00", "0.00", attributes.PayerPatron, false, true, false},
		{"out of Delaware", "delaware", "US-PA", "8.00", "0.00", attributes.PayerPatron, false, true, false},
		{"in Delaware", "delaware", "US-DE", "8.00", "0.00", attributes.PayerLibrary, true, false, false},
	}
	for _, test := range tests {
		t.Run(test.library+": "+test.name, func(t *testing.T) {
			t.Parallel()
			fee := policytest.USD(test.fee)
			got := ill.FeeConsent(policytest.Preset(t, test.library), policytest.Noon("2026-03-02"),
				ill.Cost{Amount: &fee, LenderPlace: test.lender, Approved: policytest.USD(test.approved)})
			policytest.MustBe(t, "allowed", got.Allowed, test.allowed)
			policytest.MustBe(t, "payer", got.Payer, test.payer)
			policytest.MustBe(t, "needs approval", got.NeedsApproval, test.needsApproval)
			policytest.MustBe(t, "needs staff", got.NeedsStaff, test.needsStaff)
			policytest.MustBe(t, "sum of both parts", got.PatronPays.Plus(got.LibraryPays), fee)
			other := got.LibraryPays
			if test.payer == attributes.PayerLibrary {
				other = got.PatronPays
			}
			policytest.MustBe(t, "the other one pays", other, policytest.USD("0.00"))
		})
	}
}

func TestOnlyDelawareMayBearAFeeItCouldPassOn(t *testing.T) {
	t.Parallel()
	fee := policytest.USD("8.00")
	for name, want := range map[string]bool{"delaware": true, "westchester": false, "western-district": false} {
		got := ill.FeeConsent(policytest.Preset(t, name), policytest.Noon("2026-03-02"), ill.Cost{Amount: &fee, LenderPlace: "US-OH"})
		policytest.MustBe(t, name+" may override", got.OverridableBy([]string{"ill"}), want)
	}
}

func TestAFeeInAnotherCurrencyGoesToStaff(t *testing.T) {
	t.Parallel()
	fee := policytest.USD("10.00")
	got := ill.FeeConsent(policytest.Preset(t, "perth"), policytest.Noon("2026-03-02"), ill.Cost{Amount: &fee, LenderPlace: "US-NY", Approved: policytest.CAD("50.00")})
	policytest.MustRefuse(t, got.Decision, "currency_differs")
	policytest.MustBe(t, "needs staff", got.NeedsStaff, true)
	policytest.MustBe(t, "patron pays", got.PatronPays, policytest.CAD("0.00"))
}

func TestAnUnknownCostGoesOutUnlessItIsUrgent(t *testing.T) {
	t.Parallel()
	library := policytest.Preset(t, "western-district")
	policytest.MustAllow(t, ill.FeeConsent(library, policytest.Noon("2026-03-02"), ill.Cost{LenderPlace: "US-OH"}).Decision)
	policytest.MustAllow(t, ill.FeeConsent(library, policytest.Noon("2026-03-02"), ill.Cost{LenderPlace: "US-OH", Rush: true, Approved: policytest.USD("20.00")}).Decision)
}

func TestTheLibraryOfAMomentDecidesWhatIsInState(t *testing.T) {
	t.Parallel()
	fee, moment := policytest.USD("5.00"), policytest.Noon("2026-03-02")
	moment.Place = "US-OH"
	got := ill.FeeConsent(policytest.Preset(t, "westchester"), moment, ill.Cost{Amount: &fee, LenderPlace: "US-OH"})
	policytest.MustBe(t, "payer", got.Payer, attributes.PayerLibrary)
}

func TestOwnPatronsHoldsBeforeLending(t *testing.T) {
	t.Parallel()
	lending := ill.Lending{OwnHolds: 2, Copies: 2}
	policytest.MustRefuse(t, ill.MayLend(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), lending), "own_patrons_wait")
	policytest.MustAllow(t, ill.MayLend(policytest.Preset(t, "open-lender"), policytest.Noon("2026-03-02"), lending))
	lending.Copies = 3
	policytest.MustAllow(t, ill.MayLend(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), lending))
	policytest.MustRefuse(t, ill.MayLend(policytest.Preset(t, "open-lender"), policytest.Noon("2026-03-02"), ill.Lending{}), "no_copy_available")
}

func TestCopiesOfArticles(t *testing.T) {
	t.Parallel()
	library, moment := policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02")
	fourth := ill.Copyright(library, moment, ill.Article{CopiesThisYear: 4, Year: 2021})
	policytest.MustAllow(t, fourth.Decision)
	policytest.MustBe(t, "fifth copy declared", fourth.Declare, "US:CCG")
	sixth := ill.Copyright(library, moment, ill.Article{CopiesThisYear: 5, Year: 2021})
	policytest.MustRefuse(t, sixth.Decision, "copyright_limit_reached")
	policytest.MustBe(t, "passes", sixth.Reasons[0].PassesAt.Format("2006-01-02"), "2027-01-01")
	old := ill.Copyright(library, moment, ill.Article{CopiesThisYear: 5, Year: 2020})
	policytest.MustAllow(t, old.Decision)
	policytest.MustBe(t, "older article declared", old.Declare, "US:CCL")
	policytest.MustBe(t, "Perth declares", ill.Copyright(policytest.Preset(t, "perth"), moment, ill.Article{CopiesThisYear: 9, Year: 2026}).Declare, "")
}
