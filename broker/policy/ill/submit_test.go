package ill_test

import (
	"testing"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/ill"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
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
			s.Patron.Class, s.Patron.Owes, s.OwnedHere, s.SameTitle = "reciprocal", policy.OwedInAll(policytest.USD("5.01")), true, true
		}, []string{"class_may_not_ask", "owes_too_much", "held_here", "same_title_open"}},
	}
	for _, test := range tests {
		t.Run(test.library+": "+test.name, func(t *testing.T) {
			t.Parallel()
			request := policytest.Asked(policytest.Adult(broker.Money{}))
			test.change(&request)
			answer := ill.MaySubmitILL(policytest.Preset(t, test.library), policytest.Noon("2026-03-02"), request)
			if test.want == nil {
				policytest.MustAllow(t, answer.Decision)
				return
			}
			policytest.MustRefuse(t, answer.Decision, test.want...)
		})
	}
}

func TestAHoldInTheSharedCatalogueIsNoILL(t *testing.T) {
	t.Parallel()
	request := policytest.Asked(policytest.Adult(policytest.USD("0.00")))
	request.AsHold, request.OwnedInGroup, request.Patron.Class = true, true, "reciprocal"
	for _, name := range []string{"western-district", "delaware"} {
		answer := ill.MaySubmitILL(policytest.Preset(t, name), policytest.Noon("2026-03-02"), request)
		policytest.MustAllow(t, answer.Decision)
		policytest.MustBe(t, name+" counts as ILL", answer.CountsAsILL, false)
	}
	request.Patron.HasPhone = false
	answer := ill.MaySubmitILL(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), request)
	policytest.MustRefuse(t, answer.Decision, "phone_missing")
	policytest.MustBe(t, "Westport counts it", answer.CountsAsILL, true)

	fee := policytest.USD("3.00")
	free := ill.FeeConsent(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), ill.Cost{Amount: &fee, LenderPlace: "US-IL", AsHold: true})
	policytest.MustAllow(t, free.Decision)
	policytest.MustBe(t, "patron pays", free.PatronPays, policytest.USD("0.00"))
}
