package policy_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/policy/ill"
	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
)

// elsewhere names, for the cases of area ill that no pure decision can answer,
// the package whose tests prove them.
var elsewhere = map[string]string{
	"ILL-02": "which request an item belongs to: workflow/desk",
	"ILL-03": "one temporary item per request: broker/loans",
	"ILL-04": "a temporary item is never captured for a local hold: workflow/desk",
	"ILL-20": "a request cancelled while its item is on the way: workflow/requests",
}

// illCases are the cases of area ill, and those of other areas that an ILL
// decision answers.
var illCases = map[string]func(t *testing.T){
	"ILL-01": func(t *testing.T) {
		for _, name := range policy.Presets() {
			due := lending.ILLDueDate(policytest.Preset(t, name), policytest.Noon("2026-03-01"), rule.Match{Owner: rule.OwnerILL}, broker.MustDate("4999-12-18"))
			policytest.MustBe(t, name+" due", due.Due, broker.MustDate("4999-12-18"))
			if due.Ends.Before(broker.MustDate("4999-12-18").At(23, 59, time.UTC)) {
				t.Errorf("%s: due at %s, want the end of the day", name, due.Ends)
			}
		}
	},
	"ILL-06": func(t *testing.T) {
		sunday := broker.MustDate("2026-03-15")
		for _, name := range policy.Presets() {
			due := lending.ILLDueDate(policytest.Preset(t, name), policytest.At("2026-03-01", policytest.ClosedSundays(t, "2026-03-14")), rule.Match{Owner: rule.OwnerILL}, sunday)
			policytest.MustBe(t, name+" due", due.Due, broker.MustDate("2026-03-13"))
			policytest.MustBe(t, name+" moved", due.Moved, true)
		}
	},
	"ILL-07": func(t *testing.T) {
		facts := shelf.Facts{Match: rule.Match{Owner: rule.OwnerILL}, Arrived: broker.MustDate("2026-03-02"), LenderDue: broker.MustDate("2026-03-09")}
		waits := shelf.Until(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), facts)
		policytest.MustBe(t, "until", waits.Until, broker.MustDate("2026-03-06"))
		policytest.MustBe(t, "bound by", waits.Bound, shelf.BoundByLenderDue)
		policytest.MustBe(t, "staff alert", waits.StaffAlert, true)
	},
	"ILL-09": func(t *testing.T) {
		fee := policytest.USD("12.50")
		answer := ill.FeeConsent(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), ill.Cost{Amount: &fee, LenderPlace: "US-OH", Approved: policytest.USD("12.50")})
		policytest.MustAllow(t, answer.Decision)
		policytest.MustBe(t, "patron pays", answer.PatronPays, policytest.USD("12.50"))
		policytest.MustBe(t, "library pays", answer.LibraryPays, policytest.USD("0.00"))
	},
	"ILL-10": func(t *testing.T) {
		fee := policytest.USD("15.00")
		library := policytest.Preset(t, "western-district")
		offer := ill.FeeConsent(library, policytest.Noon("2026-03-02"), ill.Cost{Amount: &fee, LenderPlace: "US-OH"})
		policytest.MustRefuse(t, offer.Decision, "cost_not_approved")
		policytest.MustBe(t, "needs approval", offer.NeedsApproval, true)
		declined := ill.FeeConsent(library, policytest.Noon("2026-03-02"), ill.Cost{Amount: &fee, LenderPlace: "US-OH", Declined: true})
		policytest.MustRefuse(t, declined.Decision, "cost_declined")
		policytest.MustBe(t, "needs approval again", declined.NeedsApproval, false)
		policytest.MustBe(t, "patron pays", declined.PatronPays, policytest.USD("0.00"))
	},
	"ILL-11": func(t *testing.T) {
		policytest.MustRefuse(t, ill.MayAskLender(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), ill.Lender{Place: "US-HI"}), "lender_place_excluded")
	},
	"ILL-13": func(t *testing.T) {
		patron := policytest.Adult(policytest.USD("0.00"))
		patron.HasPhone = false
		policytest.MustRefuse(t, ill.MaySubmitILL(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), policytest.Asked(patron)).Decision, "phone_missing")
	},
	"ILL-16": func(t *testing.T) {
		facts := policytest.OfType(rule.OwnerILL, "book")
		facts.LenderFine = &costs.LenderFine{Rate: policytest.CAD("0.50")}
		got := policytest.Fine(t, policytest.Preset(t, "perth"), facts, "2026-03-02", "2026-03-06", calendar.EveryDay(nil))
		policytest.MustBe(t, "fine", got.Amount, policytest.CAD("2.00"))
	},
	"ILL-17": func(t *testing.T) {
		// Due on a Friday; Saturday, Monday, Tuesday and Wednesday are open.
		got := policytest.Fine(t, policytest.Preset(t, "delaware"), policytest.OfType(rule.OwnerILL, "book"), "2026-03-06", "2026-03-11", policytest.ClosedSundays(t))
		policytest.MustBe(t, "days", got.Days, 4)
		policytest.MustBe(t, "fine", got.Amount, policytest.USD("0.40"))
	},
	"ILL-18": func(t *testing.T) {
		library := policytest.Preset(t, "western-district")
		request := policytest.Asked(policytest.Adult(policytest.USD("0.00")))
		request.Rush = true
		policytest.MustBe(t, "needs cost approval", ill.MaySubmitILL(library, policytest.Noon("2026-03-02"), request).NeedsCostApproval, true)
		policytest.MustRefuse(t, ill.FeeConsent(library, policytest.Noon("2026-03-02"), ill.Cost{LenderPlace: "US-IL", Rush: true}).Decision, "cost_not_approved")
	},
	"LIM-10": func(t *testing.T) {
		request := policytest.Asked(policytest.Adult(policytest.USD("0.00")))
		request.ActiveRequests = 3
		policytest.MustRefuse(t, ill.MaySubmitILL(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), request).Decision, "ill_limit_reached")
	},
	"LIM-11": func(t *testing.T) {
		library := policytest.Preset(t, "westchester")
		counted := map[string]bool{}
		for _, state := range ill.ActiveStates(library, rule.Match{Owner: rule.OwnerILL, Class: "resident"}) {
			counted[state] = true
		}
		policytest.MustBe(t, "a returned loan counts", counted["return_due"] || counted["return_shipped"], false)
		request := policytest.Asked(policytest.Adult(policytest.USD("0.00")))
		request.ActiveRequests = 2
		policytest.MustAllow(t, ill.MaySubmitILL(library, policytest.Noon("2026-03-02"), request).Decision)
	},
	"LIM-12": func(t *testing.T) {
		document := policytest.Parsed(t, `
  ill.active_limit:
    - value: {max: none, states: [requested]}
      clause: {section: Branch, says: no limit}
    - when: {class: resident}
      value: {max: 3, states: [requested]}
      clause: {section: Category, says: three}
`)
		request := policytest.Asked(policytest.Adult(policytest.USD("0.00")))
		request.ActiveRequests = 3
		policytest.MustRefuse(t, ill.MaySubmitILL(document, policytest.Noon("2026-03-02"), request).Decision, "ill_limit_reached")
	},
	"REN-06": func(t *testing.T) {
		answer := lending.MayAskRenewal(policytest.Preset(t, "western-district"), policytest.Noon("2026-08-19"), policytest.BorrowedUntil("2026-08-22"))
		policytest.MustAllow(t, answer.Decision)
		policytest.MustBe(t, "decided by", answer.DecidedBy, attributes.SetByLender)
	},
	"REN-07": func(t *testing.T) {
		answer := lending.MayAskRenewal(policytest.Preset(t, "western-district"), policytest.Noon("2026-08-20"), policytest.BorrowedUntil("2026-08-22"))
		policytest.MustRefuse(t, answer.Decision, "renewal_window_passed")
		policytest.MustBe(t, "latest", answer.Latest, broker.MustDate("2026-08-19"))
	},
	"HLD-02-2": func(t *testing.T) { lastPickUpDay(t, "2026-04-28", "2026-05-06") },
	"HLD-02-3": func(t *testing.T) { lastPickUpDay(t, "2026-04-29", "2026-05-07") },
	"HLD-02-4": func(t *testing.T) { lastPickUpDay(t, "2026-04-30", "2026-05-08") },
	"HLD-02-5": func(t *testing.T) { lastPickUpDay(t, "2026-05-01", "2026-05-09") },
	"HLD-03": func(t *testing.T) {
		library, facts := policytest.Preset(t, "westport"), shelf.Facts{Match: rule.Match{Owner: rule.OwnerILL}, Arrived: broker.MustDate("2026-03-02")}
		policytest.MustBe(t, "last day", shelf.Until(library, policytest.Noon("2026-03-02"), facts).Until, broker.MustDate("2026-03-12"))
		policytest.MustBe(t, "action", shelf.OnShelfExpiry(library, policytest.Noon("2026-03-13"), facts, false).Action, attributes.ReturnToOwner)
	},
	"HLD-04": func(t *testing.T) {
		facts := shelf.Facts{Match: rule.Match{Owner: rule.OwnerILL}, Arrived: broker.MustDate("2026-03-05")}
		shelf := shelf.Until(policytest.Preset(t, "westport"), policytest.At("2026-03-05", policytest.ClosedSundays(t)), facts)
		policytest.MustBe(t, "last day", shelf.Until, broker.MustDate("2026-03-16"))
	},
	"HLD-05": func(t *testing.T) {
		library := policytest.Preset(t, "westport")
		facts := shelf.Facts{Match: rule.Match{Owner: rule.OwnerILL}, Arrived: broker.MustDate("2026-03-02"), LenderDue: broker.MustDate("2026-03-20")}
		answer := shelf.OnShelfExpiry(library, policytest.Noon("2026-03-13"), facts, true)
		policytest.MustBe(t, "action", answer.Action, attributes.StaffDecision)
		policytest.MustBe(t, "decide by", answer.DecideBy, broker.MustDate("2026-03-17"))
		policytest.MustBe(t, "past that", shelf.OnShelfExpiry(library, policytest.Noon("2026-03-18"), facts, true).Action, attributes.ReturnToOwner)
	},
	"LST-10": func(t *testing.T) {
		policytest.MustRefuse(t, costs.MayRefundILL(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), rule.Match{Owner: rule.OwnerILL}, true), "no_ill_refund")
	},
	"LST-11": func(t *testing.T) {
		charge, err := costs.LostILLCharge(policytest.Preset(t, "western-district"), policytest.USD("85.00"), policytest.USD("15.00"))
		if err != nil {
			t.Fatal(err)
		}
		policytest.MustBe(t, "charge", charge.Amount, policytest.USD("100.00"))
	},
	"RET-13": func(t *testing.T) {
		place := lending.ReturnPlaceOf(policytest.Preset(t, "westport"), false)
		if place.Warn == nil || place.Warn.Code != "not_the_checkout_library" || place.Required {
			t.Errorf("got %+v, want a warning that is advice", place)
		}
		got := policytest.Fine(t, policytest.Preset(t, "westport"), policytest.OfType(rule.OwnerILL, "book"), "2026-03-02", "2026-03-02", calendar.EveryDay(nil))
		policytest.MustBe(t, "fine", got.Amount, policytest.USD("0.00"))
	},
	"RET-14": func(t *testing.T) {
		place := lending.ReturnPlaceOf(policytest.Preset(t, "western-district"), false)
		if place.Warn == nil || place.Warn.Code != "must_return_to_borrowing_library" || !place.Required || !place.SendToBorrower {
			t.Errorf("got %+v, want an obligation to bring it here", place)
		}
		got := policytest.Fine(t, policytest.Preset(t, "western-district"), policytest.OfType(rule.OwnerILL, "book"), "2026-03-02", "2026-03-02", calendar.EveryDay(nil))
		policytest.MustBe(t, "fine on time", got.Amount, policytest.USD("0.00"))
	},
}

// lastPickUpDay checks six open days with Sundays and 4 May 2026 closed, for a
// hold and for a borrowed copy.
func lastPickUpDay(t *testing.T, available, want string) {
	t.Helper()
	for _, owner := range []rule.Owner{rule.OwnerOwn, rule.OwnerILL} {
		shelf := shelf.Until(policytest.Preset(t, "western-district"), policytest.At(available, policytest.ClosedSundays(t, "2026-05-04")),
			shelf.Facts{Match: rule.Match{Owner: owner}, Arrived: broker.MustDate(available)})
		policytest.MustBe(t, string(owner)+" last day", shelf.Until, broker.MustDate(want))
	}
}

func TestILLCases(t *testing.T) {
	t.Parallel()
	for id, check := range illCases {
		t.Run(id, func(t *testing.T) { t.Parallel(); check(t) })
	}
}

func TestEveryILLCaseIsCovered(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "policies", "cases.yaml"))
	if err != nil {
		t.Skip("../shared/policies/cases.yaml is not here; the cases themselves are tested from our own table")
	}
	var given struct {
		Cases []struct{ ID, Area string }
	}
	if err := yaml.Unmarshal(text, &given); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, one := range given.Cases {
		if one.Area != "ill" {
			continue
		}
		found++
		if illCases[one.ID] == nil && elsewhere[one.ID] == "" {
			t.Errorf("case %s of area ill has no test", one.ID)
		}
	}
	if found == 0 {
		t.Error("no case of area ill was found: has the file changed its shape?")
	}
}
