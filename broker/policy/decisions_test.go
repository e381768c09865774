package policy_test

import (
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/policy/ill"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
	"afield/broker/policy/telling"
)

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	online := func(digits int, pin bool) func(*ill.Submission) {
		return func(s *ill.Submission) { s.Channel, s.CardDigits, s.PINGiven = rule.ByOnline, digits, pin }
	}
	class := func(class string) func(*ill.Submission) {
		return func(s *ill.Submission) { s.Patron.Class = class }
	}
	tests := []struct {
		name, library string
		change        func(*ill.Submission)
		want          []string // no reasons: allowed
	}{
		{"by staff", "delaware", func(*ill.Submission) {}, nil},
		{"not online", "delaware", online(14, true), []string{"channel_not_open"}},
		{"online with 14 digits and PIN", "westport", online(14, true), nil},
		{"one digit short", "westport", online(13, true), []string{"card_number_length"}},
		{"one digit long", "westport", online(15, true), []string{"card_number_length"}},
		{"no PIN", "westport", online(14, false), []string{"pin_required"}},
		{"both wrong, both said", "westport", online(9, false), []string{"card_number_length", "pin_required"}},
		{"other libraries' cards have any length", "westchester", online(9, true), nil},
		{"the state's card", "westchester", class("plac"), []string{"class_may_not_ask"}},
		{"a teacher's card", "westchester", class("teacher"), []string{"class_may_not_ask"}},
		{"a purchased card", "westchester", class("purchased"), nil},
		{"a reciprocal card that is this library's", "westchester", class("reciprocal"), nil},
		{"no card of this library", "westchester", func(s *ill.Submission) { s.Patron.NoCard = true }, []string{"no_card"}},
		{"a stopped card", "westchester", func(s *ill.Submission) { s.Patron.CardStopped = true }, []string{"card_stopped"}},
		{"a reciprocal borrower", "western-district", class("reciprocal"), []string{"class_may_not_ask"}},
		{"a purchased card has all services", "western-district", class("purchased"), nil},
		{"two active requests", "westchester", func(s *ill.Submission) { s.ActiveRequests = 2 }, nil},
		{"four active requests", "westchester", func(s *ill.Submission) { s.ActiveRequests = 4 }, []string{"ill_limit_reached"}},
		{"any number elsewhere", "western-district", func(s *ill.Submission) { s.ActiveRequests = 40 }, nil},
		{"owned here", "westchester", func(s *ill.Submission) { s.OwnedHere = true }, []string{"held_here"}},
		{"in the consortium", "western-district", func(s *ill.Submission) { s.OwnedInGroup = true }, []string{"held_in_group"}},
		{"in the state's catalogue", "delaware", func(s *ill.Submission) { s.OwnedInGroup = true }, []string{"held_in_group"}},
		{"in the local system, which is ILL there", "westport", func(s *ill.Submission) { s.OwnedInGroup = true }, nil},
		{"the same title twice", "western-district", func(s *ill.Submission) { s.SameTitle = true }, []string{"same_title_open"}},
		{"phone confirmed 365 days ago", "westport", func(s *ill.Submission) { s.Patron.PhoneConfirmed = broker.MustDate("2025-03-02") }, nil},
		{"phone confirmed 366 days ago", "westport", func(s *ill.Submission) { s.Patron.PhoneConfirmed = broker.MustDate("2025-03-01") }, []string{"phone_not_confirmed"}},
		{"no phone where none is asked", "western-district", func(s *ill.Submission) { s.Patron.HasPhone = false }, nil},
		{"everything at once", "western-district", func(s *ill.Submission) {
			s.Patron.Class, s.Patron.Owes, s.OwnedHere, s.SameTitle = "reciprocal", policy.OwedInAll(usd("5.01")), true, true
		}, []string{"class_may_not_ask", "owes_too_much", "held_here", "same_title_open"}},
	}
	for _, test := range tests {
		t.Run(test.library+": "+test.name, func(t *testing.T) {
			t.Parallel()
			request := asked(adult(broker.Money{}))
			test.change(&request)
			answer := ill.MaySubmitILL(preset(t, test.library), noon("2026-03-02"), request)
			if test.want == nil {
				mustAllow(t, answer.Decision)
				return
			}
			mustRefuse(t, answer.Decision, test.want...)
		})
	}
}

func TestAHoldInTheSharedCatalogueIsNoILL(t *testing.T) {
	t.Parallel()
	request := asked(adult(usd("0.00")))
	request.AsHold, request.OwnedInGroup, request.Patron.Class = true, true, "reciprocal"
	for _, name := range []string{"western-district", "delaware"} {
		answer := ill.MaySubmitILL(preset(t, name), noon("2026-03-02"), request)
		mustAllow(t, answer.Decision)
		mustBe(t, name+" counts as ILL", answer.CountsAsILL, false)
	}
	request.Patron.HasPhone = false
	answer := ill.MaySubmitILL(preset(t, "westport"), noon("2026-03-02"), request)
	mustRefuse(t, answer.Decision, "phone_missing")
	mustBe(t, "Westport counts it", answer.CountsAsILL, true)

	fee := usd("3.00")
	free := ill.FeeConsent(preset(t, "western-district"), noon("2026-03-02"), ill.Cost{Amount: &fee, LenderPlace: "US-IL", AsHold: true})
	mustAllow(t, free.Decision)
	mustBe(t, "patron pays", free.PatronPays, usd("0.00"))
}

func TestWhatToTellAboutTheWaitAndTheArrival(t *testing.T) {
	t.Parallel()
	waits := map[string]attributes.Wait{
		"westport":         {FromDays: 7},
		"westchester":      {FromDays: 14, ToDays: rule.Some(28)},
		"western-district": {FromDays: 7, ToDays: rule.Some(21)},
	}
	for name, want := range waits {
		mustBe(t, name+" wait", ill.ExpectedWait(preset(t, name), "", "").Value, want)
	}
	for _, name := range []string{"westport", "westchester"} {
		mustBe(t, name+" tells by", telling.ArrivalNotice(preset(t, name), "resident").Value[0], "phone")
	}
}

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
		answer := ill.MayAskLender(preset(t, test.library), noon("2026-03-02"), ill.Lender{Place: test.place})
		mustBe(t, test.library+" asks "+test.place, answer.Allowed, test.want)
	}
}

func TestTwoUnknownPlacesAreNotOneState(t *testing.T) {
	t.Parallel()
	fee, nowhere := usd("5.00"), noon("2026-03-02")
	got := ill.FeeConsent(preset(t, "open-lender"), nowhere, ill.Cost{Amount: &fee})
	mustBe(t, "two unknown places are not one state", got.Payer, attributes.PayerPatron)
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
			fee := usd(test.fee)
			got := ill.FeeConsent(preset(t, test.library), noon("2026-03-02"),
				ill.Cost{Amount: &fee, LenderPlace: test.lender, Approved: usd(test.approved)})
			mustBe(t, "allowed", got.Allowed, test.allowed)
			mustBe(t, "payer", got.Payer, test.payer)
			mustBe(t, "needs approval", got.NeedsApproval, test.needsApproval)
			mustBe(t, "needs staff", got.NeedsStaff, test.needsStaff)
			mustBe(t, "sum of both parts", got.PatronPays.Plus(got.LibraryPays), fee)
			other := got.LibraryPays
			if test.payer == attributes.PayerLibrary {
				other = got.PatronPays
			}
			mustBe(t, "the other one pays", other, usd("0.00"))
		})
	}
}

func TestOnlyDelawareMayBearAFeeItCouldPassOn(t *testing.T) {
	t.Parallel()
	fee := usd("8.00")
	for name, want := range map[string]bool{"delaware": true, "westchester": false, "western-district": false} {
		got := ill.FeeConsent(preset(t, name), noon("2026-03-02"), ill.Cost{Amount: &fee, LenderPlace: "US-OH"})
		mustBe(t, name+" may override", got.OverridableBy([]string{"ill"}), want)
	}
}

func TestAFeeInAnotherCurrencyGoesToStaff(t *testing.T) {
	t.Parallel()
	fee := usd("10.00")
	got := ill.FeeConsent(preset(t, "perth"), noon("2026-03-02"), ill.Cost{Amount: &fee, LenderPlace: "US-NY", Approved: cad("50.00")})
	mustRefuse(t, got.Decision, "currency_differs")
	mustBe(t, "needs staff", got.NeedsStaff, true)
	mustBe(t, "patron pays", got.PatronPays, cad("0.00"))
}

func TestAnUnknownCostGoesOutUnlessItIsUrgent(t *testing.T) {
	t.Parallel()
	library := preset(t, "western-district")
	mustAllow(t, ill.FeeConsent(library, noon("2026-03-02"), ill.Cost{LenderPlace: "US-OH"}).Decision)
	mustAllow(t, ill.FeeConsent(library, noon("2026-03-02"), ill.Cost{LenderPlace: "US-OH", Rush: true, Approved: usd("20.00")}).Decision)
}

func TestTheLibraryOfAMomentDecidesWhatIsInState(t *testing.T) {
	t.Parallel()
	fee, moment := usd("5.00"), noon("2026-03-02")
	moment.Place = "US-OH"
	got := ill.FeeConsent(preset(t, "westchester"), moment, ill.Cost{Amount: &fee, LenderPlace: "US-OH"})
	mustBe(t, "payer", got.Payer, attributes.PayerLibrary)
}

func TestTheShelfEndsByTheEarlierOfTwoRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, lenderDue, want string
		bound                 shelf.BoundBy
		alert                 bool
	}{
		{"no lender's date", "", "2026-03-12", shelf.BoundByShelf, false},
		{"three days to spare exactly", "2026-03-15", "2026-03-12", shelf.BoundByShelf, false},
		{"a day less", "2026-03-14", "2026-03-11", shelf.BoundByLenderDue, true},
		{"a day more", "2026-03-16", "2026-03-12", shelf.BoundByShelf, false},
		{"due before it could get home", "2026-03-03", "2026-03-02", shelf.BoundByLenderDue, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			facts := shelf.Facts{Owner: rule.OwnerILL, Arrived: broker.MustDate("2026-03-02")}
			if test.lenderDue != "" {
				facts.LenderDue = broker.MustDate(test.lenderDue)
			}
			shelf := shelf.Until(preset(t, "westport"), noon("2026-03-02"), facts)
			mustBe(t, "until", shelf.Until, broker.MustDate(test.want))
			mustBe(t, "bound by", shelf.Bound, test.bound)
			mustBe(t, "staff alert", shelf.StaffAlert, test.alert)
		})
	}
}

func TestTheShelfEndsOnAnOpenDayBeforeTheLendersDate(t *testing.T) {
	t.Parallel()
	// Three days before the 18th is a Sunday: Saturday is the last day.
	facts := shelf.Facts{Owner: rule.OwnerILL, Arrived: broker.MustDate("2026-03-09"), LenderDue: broker.MustDate("2026-03-18")}
	shelf := shelf.Until(preset(t, "westport"), at("2026-03-09", closedSundays(t)), facts)
	mustBe(t, "until", shelf.Until, broker.MustDate("2026-03-14"))
	mustBe(t, "ends", shelf.Ends, time.Date(2026, time.March, 14, 22, 0, 0, 0, time.UTC))
}

func TestRenewalIsAskedInItsWindow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, library, day string
		change             func(*lending.Renewal)
		want               []string
	}{
		{"four days before", "western-district", "2026-08-18", nil, nil},
		{"three days before", "western-district", "2026-08-19", nil, nil},
		{"two days before", "western-district", "2026-08-20", nil, []string{"renewal_window_passed"}},
		{"on the due date where the text is silent", "westport", "2026-08-22", nil, nil},
		{"a day after", "westport", "2026-08-23", nil, []string{"renewal_window_passed"}},
		{"already asked", "westport", "2026-08-01", func(r *lending.Renewal) { r.Pending = true }, []string{"renewal_pending"}},
		{"recalled and too late", "western-district", "2026-08-20", func(r *lending.Renewal) { r.Recalled = true }, []string{"recalled", "renewal_window_passed"}},
		{"second renewal counts from the date now", "western-district", "2026-08-19", func(r *lending.Renewal) { r.InitialDue = broker.MustDate("2026-07-22") }, nil},
		{"the lender may say yes for the fifth time", "westchester", "2026-08-01", func(r *lending.Renewal) { r.Renewals = 4 }, nil},
	}
	for _, test := range tests {
		t.Run(test.library+": "+test.name, func(t *testing.T) {
			t.Parallel()
			renewal := borrowedUntil("2026-08-22")
			if test.change != nil {
				test.change(&renewal)
			}
			answer := lending.MayAskRenewal(preset(t, test.library), noon(test.day), renewal)
			mustBe(t, "decided by", answer.DecidedBy, attributes.SetByLender)
			if test.want == nil {
				mustAllow(t, answer.Decision)
				return
			}
			mustRefuse(t, answer.Decision, test.want...)
		})
	}
}

func TestOwnItemsAreRenewedAsOftenAsTheirTypeSays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		library, item, age string
		renewals           int
		want               bool
	}{
		{"westchester", "book", "", 0, true},
		{"westchester", "book", "", 1, false},
		{"westchester", "book", "new", 0, false},
		{"westchester", "dvd", "", 0, false},
		{"delaware", "dvd", "", 2, true},
		{"delaware", "dvd", "", 3, false},
		{"delaware", "book", "high_demand", 0, false},
		{"western-district", "book", "", 1, true},
		{"western-district", "book", "", 2, false},
		{"western-district", "hotspot", "", 0, false},
		{"perth", "book", "", 1, true},
		{"perth", "book", "", 2, false},
	}
	for _, test := range tests {
		renewal := lending.Renewal{
			Patron: adult(broker.Money{}), Owner: rule.OwnerOwn, Item: test.item, Age: test.age,
			Due: broker.MustDate("2026-03-09"), Renewals: test.renewals,
		}
		answer := lending.MayAskRenewal(preset(t, test.library), noon("2026-03-02"), renewal)
		mustBe(t, test.library+" "+test.item+" "+test.age, answer.Allowed, test.want)
	}
}

func TestDueDatesOfOwnItems(t *testing.T) {
	t.Parallel()
	moment := at("2026-03-03", closedSundays(t))
	own := func(item, age string) rule.Match {
		return rule.Match{Owner: rule.OwnerOwn, Class: "resident", Item: item, Age: age}
	}
	tests := []struct {
		library string
		match   rule.Match
		want    string
	}{
		{"westchester", own("dvd", ""), "2026-03-09"}, // five days end on a Sunday
		{"westchester", own("book", ""), "2026-03-31"},
		{"westchester", own("book", "new"), "2026-03-17"},
		{"delaware", own("book", ""), "2026-03-24"},
		{"delaware", own("book", "high_demand"), "2026-03-17"},
		{"western-district", own("museum_pass", ""), "2026-03-06"},
		{"western-district", own("nonfiction_film", ""), "2026-03-24"},
		{"perth", own("periodical", ""), "2026-03-10"},
	}
	for _, test := range tests {
		mustBe(t, test.library+" "+test.match.Item+" "+test.match.Age, lending.DueDate(preset(t, test.library), moment, test.match).Value, broker.MustDate(test.want))
	}
}

func TestCheckOutGivesEveryReason(t *testing.T) {
	t.Parallel()
	facts := lending.Checkout{
		Patron: adult(usd("5.00")), Owner: rule.OwnerILL, Item: "book", HeldForOther: true,
		LenderDue: broker.MustDate("2026-03-01"),
	}
	answer := lending.MayCheckOut(preset(t, "westchester"), noon("2026-03-02"), facts)
	mustRefuse(t, answer, "owes_too_much", "not_lendable", "held_for_other", "lender_due_passed")
	facts.Patron, facts.HeldForOther, facts.Lendable, facts.LenderDue = adult(usd("4.99")), false, true, broker.MustDate("2026-03-02")
	mustAllow(t, lending.MayCheckOut(preset(t, "westchester"), noon("2026-03-02"), facts))
}

func TestHoldLimitAndFormats(t *testing.T) {
	t.Parallel()
	library := preset(t, "westchester")
	hold := shelf.HoldRequest{Patron: adult(usd("0.00")), Owner: rule.OwnerOwn, Format: broker.FormatBook, OpenHolds: 4}
	mustAllow(t, shelf.MayPlaceHold(library, noon("2026-03-02"), hold))
	hold.OpenHolds, hold.Format = 5, broker.FormatDVD
	mustRefuse(t, shelf.MayPlaceHold(library, noon("2026-03-02"), hold), "hold_limit_reached", "format_not_holdable")
}

func TestOwnPatronsHoldsBeforeLending(t *testing.T) {
	t.Parallel()
	lending := ill.Lending{OwnHolds: 2, Copies: 2}
	mustRefuse(t, ill.MayLend(preset(t, "westport"), noon("2026-03-02"), lending), "own_patrons_wait")
	mustAllow(t, ill.MayLend(preset(t, "open-lender"), noon("2026-03-02"), lending))
	lending.Copies = 3
	mustAllow(t, ill.MayLend(preset(t, "westport"), noon("2026-03-02"), lending))
	mustRefuse(t, ill.MayLend(preset(t, "open-lender"), noon("2026-03-02"), ill.Lending{}), "no_copy_available")
}

func TestCopiesOfArticles(t *testing.T) {
	t.Parallel()
	library, moment := preset(t, "westchester"), noon("2026-03-02")
	fourth := ill.Copyright(library, moment, ill.Article{CopiesThisYear: 4, Year: 2021})
	mustAllow(t, fourth.Decision)
	mustBe(t, "fifth copy declared", fourth.Declare, "US:CCG")
	sixth := ill.Copyright(library, moment, ill.Article{CopiesThisYear: 5, Year: 2021})
	mustRefuse(t, sixth.Decision, "copyright_limit_reached")
	mustBe(t, "passes", sixth.Reasons[0].PassesAt.Format("2006-01-02"), "2027-01-01")
	old := ill.Copyright(library, moment, ill.Article{CopiesThisYear: 5, Year: 2020})
	mustAllow(t, old.Decision)
	mustBe(t, "older article declared", old.Declare, "US:CCL")
	mustBe(t, "Perth declares", ill.Copyright(preset(t, "perth"), moment, ill.Article{CopiesThisYear: 9, Year: 2026}).Declare, "")
}

func TestLostBorrowedItems(t *testing.T) {
	t.Parallel()
	library := preset(t, "western-district")
	mustBe(t, "search from the due date", costs.SearchUntil(library, broker.MustDate("2026-03-02"), broker.Date{}).Value, broker.MustDate("2026-04-01"))
	mustBe(t, "search from an earlier report", costs.SearchUntil(library, broker.MustDate("2026-03-02"), broker.MustDate("2026-02-20")).Value, broker.MustDate("2026-03-22"))
	mustBe(t, "no such time elsewhere", costs.SearchUntil(preset(t, "perth"), broker.MustDate("2026-03-02"), broker.Date{}).Value, broker.Date{})
	mustRefuse(t, costs.MayRefundILL(library, noon("2026-03-02"), true), "no_ill_refund")
	mustRefuse(t, costs.MayRefundILL(preset(t, "perth"), noon("2026-03-02"), false), "lender_has_not_refunded")
	mustAllow(t, costs.MayRefundILL(preset(t, "perth"), noon("2026-03-02"), true))
	mustRefuse(t, costs.MayDonateInLieu(library, noon("2026-03-02")), "no_donation_in_lieu")
	if _, err := costs.LostILLCharge(preset(t, "perth"), usd("10.00")); !broker.IsKind(err, broker.KindRefused) {
		t.Errorf("an invoice in another currency gave %v, want a refusal", err)
	}
}

func TestAReturnAtHomeWarnsOfNothing(t *testing.T) {
	t.Parallel()
	if place := lending.ReturnPlaceOf(preset(t, "western-district"), true); place.Warn != nil || place.SendToBorrower {
		t.Errorf("got %+v, want no warning", place)
	}
}

func TestDeadlinesEndOnOpenDaysAtClosing(t *testing.T) {
	t.Parallel()
	library := preset(t, "westport")
	// A Saturday; Sunday is closed, so one open day ends on Monday at five.
	got := ill.DeadlineAt(library, at("2026-03-14", closedSundays(t)), ill.DeadlineReceive)
	mustBe(t, "receive by", got, time.Date(2026, time.March, 16, 22, 0, 0, 0, time.UTC))
	mustBe(t, "days to receive", ill.DeadlineSpan(library, ill.DeadlineReceive).Value, rule.Span{Days: 1, Count: calendar.OpenDays})
}

func TestEveryDeadlineHasASpan(t *testing.T) {
	t.Parallel()
	all := []ill.Deadline{
		ill.DeadlineStaff, ill.DeadlineApproval, ill.DeadlineRespond, ill.DeadlineConditional,
		ill.DeadlineRetry, ill.DeadlineShip, ill.DeadlineArrival, ill.DeadlineReceive, ill.DeadlineReturn,
		ill.DeadlineReturnArrival, ill.DeadlineReturnConfirm, ill.DeadlineInvoice, ill.DeadlineCancelAnswer,
		ill.DeadlineRenewalAnswer, ill.DeadlineAnswer, ill.DeadlinePull, ill.DeadlineLendShip,
	}
	for _, deadline := range all {
		span := ill.DeadlineSpan(preset(t, "delaware"), deadline)
		if span.Value.Days < 1 || span.Rule != "deadlines."+string(deadline) {
			t.Errorf("%s: %+v", deadline, span)
		}
	}
}

func TestADecisionExplainsItself(t *testing.T) {
	t.Parallel()
	request := asked(adult(usd("5.00")))
	request.ActiveRequests = 3
	got := ill.MaySubmitILL(preset(t, "westchester"), noon("2026-03-02"), request).Explain()
	want := strings.Join([]string{
		"No: may not ask for an interlibrary loan.",
		"- Owes 5.00 USD. [blocks.ill_request]",
		"  needed: owes less than 5.00 USD",
		"  found: owes 5.00 USD",
		"  source: Westchester Public Library, Circulation Policies (revised 12/14/2017), Interlibrary loan; blocks: Good standing is needed to ask; 5.00 or more owed ends it.",
		"  may override: ill, director",
		"- Only 3 interlibrary loan requests may be active at a time. [ill.active_limit]",
		"  needed: fewer than 3 active requests",
		"  found: 3 active requests",
		"  source: Westchester Public Library, Circulation Policies (revised 12/14/2017), Interlibrary loan: Three active requests at a time. Active until the patron hands the item back or the request ends is our reading.",
		"  may override: ill, director",
	}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAnOverrideMustCoverEveryReason(t *testing.T) {
	t.Parallel()
	request := asked(adult(usd("5.00")))
	answer := ill.MaySubmitILL(preset(t, "westchester"), noon("2026-03-02"), request)
	mustBe(t, "desk alone", answer.OverridableBy([]string{"desk"}), false)
	mustBe(t, "ill", answer.OverridableBy([]string{"desk", "ill"}), true)
	request.Patron.CardStopped = true
	answer = ill.MaySubmitILL(preset(t, "westchester"), noon("2026-03-02"), request)
	mustBe(t, "a stopped card", answer.OverridableBy([]string{"desk", "ill", "director"}), false)
	if err := answer.Err("may_not_ask"); !broker.IsKind(err, broker.KindRefused) {
		t.Errorf("got %v, want a refusal with its reasons", err)
	}
}
