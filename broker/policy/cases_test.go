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
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
)

// elsewhere says where the cases of area ill are proved that no pure decision
// can answer.
var elsewhere = map[string]string{
	"ILL-02": "which request an item belongs to: workflow/desk",
	"ILL-03": "one temporary item per request: broker/circulation",
	"ILL-04": "a temporary item is never captured for a local hold: workflow/desk",
	"ILL-20": "a request cancelled while its item is on the way: workflow/requests",
}

// usd and cad read amounts.
func usd(text string) broker.Money { return money(text, "USD") }
func cad(text string) broker.Money { return money(text, "CAD") }

func money(text, currency string) broker.Money {
	amount, err := broker.ParseMoney(text, currency)
	if err != nil {
		panic(err)
	}
	return amount
}

// noon is a moment at an always open library.
func noon(date string) policy.Moment {
	return policy.Moment{Now: broker.MustDate(date).At(12, 0, time.UTC), Calendar: calendar.EveryDay(time.UTC)}
}

// at is a moment at a library with a calendar.
func at(date string, opening *calendar.Calendar) policy.Moment {
	return policy.Moment{Now: broker.MustDate(date).At(12, 0, opening.Zone()), Calendar: opening}
}

// closedSundays is open from nine to five except on Sundays and the days named.
func closedSundays(t *testing.T, closed ...string) *calendar.Calendar {
	t.Helper()
	week := calendar.Week{}
	for day := time.Monday; day <= time.Saturday; day++ {
		week[day] = calendar.MustHours("09:00-17:00")
	}
	plan := calendar.Plan{Hours: week}
	for _, day := range closed {
		plan.Closed = append(plan.Closed, calendar.Closure{From: broker.MustDate(day)})
	}
	opening, err := calendar.New("America/Chicago", plan)
	if err != nil {
		t.Fatal(err)
	}
	return opening
}

// adult is an ordinary patron of a library who owes an amount.
func adult(owes broker.Money) policy.Patron {
	return policy.Patron{Class: "resident", HasPhone: true, Owes: policy.OwedInAll(owes)}
}

// asked is an ordinary request by staff.
func asked(patron policy.Patron) ill.Submission {
	return ill.Submission{Patron: patron, Channel: rule.ByStaff, Format: broker.FormatBook}
}

// mustAllow and mustRefuse state what a decision must say.
func mustAllow(t *testing.T, answer policy.Decision) {
	t.Helper()
	if !answer.Allowed {
		t.Errorf("refused, want allowed:\n%s", answer.Explain())
	}
}

func mustRefuse(t *testing.T, answer policy.Decision, codes ...string) {
	t.Helper()
	if answer.Allowed || len(answer.Reasons) != len(codes) {
		t.Errorf("want a refusal for %v, got:\n%s", codes, answer.Explain())
	}
	for _, code := range codes {
		if !answer.Has(code) {
			t.Errorf("%s is not among the reasons:\n%s", code, answer.Explain())
		}
	}
}

func mustBe[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// fine works out an overdue fine of a loan under a preset.
func fine(t *testing.T, document *policy.Document, facts costs.LoanFacts, due, returned string, opening *calendar.Calendar) costs.Fine {
	t.Helper()
	return costs.OverdueFine(costs.ResolveTerms(document, facts), broker.MustDate(due), broker.MustDate(returned), opening)
}

func ofType(owner rule.Owner, item string) costs.LoanFacts {
	return costs.LoanFacts{Match: rule.Match{Owner: owner, Item: item, Class: "resident", Audience: "adult"}}
}

// illCases are the cases of area ill, and those of other areas that an ILL
// decision answers.
var illCases = map[string]func(t *testing.T){
	"ILL-01": func(t *testing.T) {
		for _, name := range policy.Presets() {
			due := lending.ILLDueDate(preset(t, name), noon("2026-03-01"), broker.MustDate("4999-12-18"))
			mustBe(t, name+" due", due.Due, broker.MustDate("4999-12-18"))
			if due.Ends.Before(broker.MustDate("4999-12-18").At(23, 59, time.UTC)) {
				t.Errorf("%s: due at %s, want the end of the day", name, due.Ends)
			}
		}
	},
	"ILL-06": func(t *testing.T) {
		sunday := broker.MustDate("2026-03-15")
		for _, name := range policy.Presets() {
			due := lending.ILLDueDate(preset(t, name), at("2026-03-01", closedSundays(t, "2026-03-14")), sunday)
			mustBe(t, name+" due", due.Due, broker.MustDate("2026-03-13"))
			mustBe(t, name+" moved", due.Moved, true)
		}
	},
	"ILL-07": func(t *testing.T) {
		facts := shelf.Facts{Owner: rule.OwnerILL, Arrived: broker.MustDate("2026-03-02"), LenderDue: broker.MustDate("2026-03-09")}
		waits := shelf.Until(preset(t, "westport"), noon("2026-03-02"), facts)
		mustBe(t, "until", waits.Until, broker.MustDate("2026-03-06"))
		mustBe(t, "bound by", waits.Bound, shelf.BoundByLenderDue)
		mustBe(t, "staff alert", waits.StaffAlert, true)
	},
	"ILL-09": func(t *testing.T) {
		fee := usd("12.50")
		answer := ill.FeeConsent(preset(t, "westchester"), noon("2026-03-02"), ill.Cost{Amount: &fee, LenderPlace: "US-OH", Approved: usd("12.50")})
		mustAllow(t, answer.Decision)
		mustBe(t, "patron pays", answer.PatronPays, usd("12.50"))
		mustBe(t, "library pays", answer.LibraryPays, usd("0.00"))
	},
	"ILL-10": func(t *testing.T) {
		fee := usd("15.00")
		library := preset(t, "western-district")
		offer := ill.FeeConsent(library, noon("2026-03-02"), ill.Cost{Amount: &fee, LenderPlace: "US-OH"})
		mustRefuse(t, offer.Decision, "cost_not_approved")
		mustBe(t, "needs approval", offer.NeedsApproval, true)
		declined := ill.FeeConsent(library, noon("2026-03-02"), ill.Cost{Amount: &fee, LenderPlace: "US-OH", Declined: true})
		mustRefuse(t, declined.Decision, "cost_declined")
		mustBe(t, "needs approval again", declined.NeedsApproval, false)
		mustBe(t, "patron pays", declined.PatronPays, usd("0.00"))
	},
	"ILL-11": func(t *testing.T) {
		mustRefuse(t, ill.MayAskLender(preset(t, "western-district"), noon("2026-03-02"), ill.Lender{Place: "US-HI"}), "lender_place_excluded")
	},
	"ILL-13": func(t *testing.T) {
		patron := adult(usd("0.00"))
		patron.HasPhone = false
		mustRefuse(t, ill.MaySubmitILL(preset(t, "westport"), noon("2026-03-02"), asked(patron)).Decision, "phone_missing")
	},
	"ILL-16": func(t *testing.T) {
		facts := ofType(rule.OwnerILL, "book")
		facts.LenderFine = &costs.LenderFine{Rate: cad("0.50")}
		got := fine(t, preset(t, "perth"), facts, "2026-03-02", "2026-03-06", calendar.EveryDay(nil))
		mustBe(t, "fine", got.Amount, cad("2.00"))
	},
	"ILL-17": func(t *testing.T) {
		// Due on a Friday; Saturday, Monday, Tuesday and Wednesday are open.
		got := fine(t, preset(t, "delaware"), ofType(rule.OwnerILL, "book"), "2026-03-06", "2026-03-11", closedSundays(t))
		mustBe(t, "days", got.Days, 4)
		mustBe(t, "fine", got.Amount, usd("0.40"))
	},
	"ILL-18": func(t *testing.T) {
		library := preset(t, "western-district")
		request := asked(adult(usd("0.00")))
		request.Rush = true
		mustBe(t, "needs cost approval", ill.MaySubmitILL(library, noon("2026-03-02"), request).NeedsCostApproval, true)
		mustRefuse(t, ill.FeeConsent(library, noon("2026-03-02"), ill.Cost{LenderPlace: "US-IL", Rush: true}).Decision, "cost_not_approved")
	},
	"LIM-10": func(t *testing.T) {
		request := asked(adult(usd("0.00")))
		request.ActiveRequests = 3
		mustRefuse(t, ill.MaySubmitILL(preset(t, "westchester"), noon("2026-03-02"), request).Decision, "ill_limit_reached")
	},
	"LIM-11": func(t *testing.T) {
		library := preset(t, "westchester")
		counted := map[string]bool{}
		for _, state := range ill.ActiveStates(library, "resident") {
			counted[state] = true
		}
		mustBe(t, "a returned loan counts", counted["return_due"] || counted["return_shipped"], false)
		request := asked(adult(usd("0.00")))
		request.ActiveRequests = 2
		mustAllow(t, ill.MaySubmitILL(library, noon("2026-03-02"), request).Decision)
	},
	"LIM-12": func(t *testing.T) {
		document := parsed(t, `
  ill.active_limit:
    - value: {max: none, states: [requested]}
      clause: {section: Branch, says: no limit}
    - when: {class: resident}
      value: {max: 3, states: [requested]}
      clause: {section: Category, says: three}
`)
		request := asked(adult(usd("0.00")))
		request.ActiveRequests = 3
		mustRefuse(t, ill.MaySubmitILL(document, noon("2026-03-02"), request).Decision, "ill_limit_reached")
	},
	"REN-06": func(t *testing.T) {
		answer := lending.MayAskRenewal(preset(t, "western-district"), noon("2026-08-19"), borrowedUntil("2026-08-22"))
		mustAllow(t, answer.Decision)
		mustBe(t, "decided by", answer.DecidedBy, attributes.SetByLender)
	},
	"REN-07": func(t *testing.T) {
		answer := lending.MayAskRenewal(preset(t, "western-district"), noon("2026-08-20"), borrowedUntil("2026-08-22"))
		mustRefuse(t, answer.Decision, "renewal_window_passed")
		mustBe(t, "latest", answer.Latest, broker.MustDate("2026-08-19"))
	},
	"HLD-02-2": func(t *testing.T) { lastPickUpDay(t, "2026-04-28", "2026-05-06") },
	"HLD-02-3": func(t *testing.T) { lastPickUpDay(t, "2026-04-29", "2026-05-07") },
	"HLD-02-4": func(t *testing.T) { lastPickUpDay(t, "2026-04-30", "2026-05-08") },
	"HLD-02-5": func(t *testing.T) { lastPickUpDay(t, "2026-05-01", "2026-05-09") },
	"HLD-03": func(t *testing.T) {
		library, facts := preset(t, "westport"), shelf.Facts{Owner: rule.OwnerILL, Arrived: broker.MustDate("2026-03-02")}
		mustBe(t, "last day", shelf.Until(library, noon("2026-03-02"), facts).Until, broker.MustDate("2026-03-12"))
		mustBe(t, "action", shelf.OnShelfExpiry(library, noon("2026-03-13"), facts, false).Action, attributes.ReturnToOwner)
	},
	"HLD-04": func(t *testing.T) {
		facts := shelf.Facts{Owner: rule.OwnerILL, Arrived: broker.MustDate("2026-03-05")}
		shelf := shelf.Until(preset(t, "westport"), at("2026-03-05", closedSundays(t)), facts)
		mustBe(t, "last day", shelf.Until, broker.MustDate("2026-03-16"))
	},
	"HLD-05": func(t *testing.T) {
		library := preset(t, "westport")
		facts := shelf.Facts{Owner: rule.OwnerILL, Arrived: broker.MustDate("2026-03-02"), LenderDue: broker.MustDate("2026-03-20")}
		answer := shelf.OnShelfExpiry(library, noon("2026-03-13"), facts, true)
		mustBe(t, "action", answer.Action, attributes.StaffDecision)
		mustBe(t, "decide by", answer.DecideBy, broker.MustDate("2026-03-17"))
		mustBe(t, "past that", shelf.OnShelfExpiry(library, noon("2026-03-18"), facts, true).Action, attributes.ReturnToOwner)
	},
	"LST-10": func(t *testing.T) {
		mustRefuse(t, costs.MayRefundILL(preset(t, "westchester"), noon("2026-03-02"), true), "no_ill_refund")
	},
	"LST-11": func(t *testing.T) {
		charge, err := costs.LostILLCharge(preset(t, "western-district"), usd("85.00"), usd("15.00"))
		if err != nil {
			t.Fatal(err)
		}
		mustBe(t, "charge", charge.Amount, usd("100.00"))
	},
	"RET-13": func(t *testing.T) {
		place := lending.ReturnPlaceOf(preset(t, "westport"), false)
		if place.Warn == nil || place.Warn.Code != "not_the_checkout_library" || place.Required {
			t.Errorf("got %+v, want a warning that is advice", place)
		}
		got := fine(t, preset(t, "westport"), ofType(rule.OwnerILL, "book"), "2026-03-02", "2026-03-02", calendar.EveryDay(nil))
		mustBe(t, "fine", got.Amount, usd("0.00"))
	},
	"RET-14": func(t *testing.T) {
		place := lending.ReturnPlaceOf(preset(t, "western-district"), false)
		if place.Warn == nil || place.Warn.Code != "must_return_to_borrowing_library" || !place.Required || !place.SendToBorrower {
			t.Errorf("got %+v, want an obligation to bring it here", place)
		}
		got := fine(t, preset(t, "western-district"), ofType(rule.OwnerILL, "book"), "2026-03-02", "2026-03-02", calendar.EveryDay(nil))
		mustBe(t, "fine on time", got.Amount, usd("0.00"))
	},
}

func borrowedUntil(due string) lending.Renewal {
	return lending.Renewal{
		Patron: policy.Patron{Class: "resident"}, Owner: rule.OwnerILL, Item: "book",
		Due: broker.MustDate(due), InitialDue: broker.MustDate(due),
	}
}

// lastPickUpDay checks six open days with Sundays and 4 May 2026 closed, for a
// hold and for a borrowed copy.
func lastPickUpDay(t *testing.T, available, want string) {
	t.Helper()
	for _, owner := range []rule.Owner{rule.OwnerOwn, rule.OwnerILL} {
		shelf := shelf.Until(preset(t, "western-district"), at(available, closedSundays(t, "2026-05-04")),
			shelf.Facts{Owner: owner, Arrived: broker.MustDate(available)})
		mustBe(t, string(owner)+" last day", shelf.Until, broker.MustDate(want))
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
