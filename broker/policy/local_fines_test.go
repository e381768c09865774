package policy_test

import (
	"testing"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

// perDay is a document with one rate a day, counted as asked, and other rules.
func perDay(t *testing.T, rate, count string, rules ...string) costs.Terms {
	t.Helper()
	rules = append(rules, "fines.overdue", `{set_by: library, rate: "`+rate+`", cap: none, count: `+count+`}`)
	return costs.ResolveTerms(policytest.WithRules(t, rules...), costs.LoanFacts{Match: policytest.Own("book")})
}

// lateBy works out a fine for so many days late at an always open library.
func lateBy(terms costs.Terms, days int) costs.Fine {
	due := broker.MustDate("2026-03-02")
	return costs.OverdueFine(terms, due, due.AddDays(days), calendar.EveryDay(nil))
}

func priced(t *testing.T, price string) costs.Terms {
	t.Helper()
	document := policytest.WithRules(t, "fines.price_cap", "true", "lost.default_price", `"6.00"`,
		"fines.overdue", `{set_by: library, rate: "1.00", cap: none, count: calendar}`)
	return costs.ResolveTerms(document, costs.LoanFacts{Match: policytest.Own("book"), Price: policytest.USD(price)})
}

// fineCases are the cases of area fines.
var fineCases = map[string]func(t *testing.T){
	"FIN-02": func(t *testing.T) {
		policytest.MustBe(t, "fine", lateBy(priced(t, "5.00"), 29).Amount, policytest.USD("5.00"))
	},
	"FIN-03": func(t *testing.T) {
		policytest.MustBe(t, "fine", lateBy(priced(t, "0.00"), 29).Amount, policytest.USD("6.00"))
	},
	"FIN-04": func(t *testing.T) {
		due, back := broker.MustDate("2026-03-02"), broker.MustDate("2026-03-15")
		terms := perDay(t, "0.10", "open")
		policytest.MustBe(t, "with a closure", costs.OverdueFine(terms, due, back, policytest.OpenOn(t, nil, "2026-03-09")).Days, 12)
		policytest.MustBe(t, "without", costs.OverdueFine(terms, due, back, policytest.OpenOn(t, nil)).Days, 13)
	},
	"FIN-05": func(t *testing.T) {
		got := costs.OverdueFine(perDay(t, "0.10", "open"), broker.MustDate("2026-06-29"), broker.MustDate("2026-07-02"), policytest.OpenOn(t, nil, "2026-07-01"))
		policytest.MustBe(t, "days", got.Days, 2)
	},
	"FIN-07": func(t *testing.T) { policytest.MustBe(t, "cents", policytest.USD("2.30").Minor, 230) },
	"FIN-08": func(t *testing.T) {
		terms := costs.ResolveTerms(policytest.WithRules(t, "fines.overdue", `{set_by: library, rate: "0.10", cap: "3.00", count: calendar}`), costs.LoanFacts{})
		due := broker.MustDate("2026-03-02")
		more := func(days int, charged, adjusted string) broker.Money {
			return costs.Accrue(terms, due, due.AddDays(days), calendar.EveryDay(nil), costs.Posted{Charged: policytest.USD(charged), Adjusted: policytest.USD(adjusted)})
		}
		policytest.MustBe(t, "at the cap", more(40, "3.00", "0.00"), policytest.USD("0.00"))
		policytest.MustBe(t, "adjusted down", more(40, "3.00", "3.00"), policytest.USD("1.00"))
		policytest.MustBe(t, "never above the cap again", more(90, "3.00", "3.00"), policytest.USD("3.00"))
	},
	"FIN-09": graceMinutes("5", 10, "0.10", "always 10 once exceeded"),
	"FIN-10": graceMinutes("12", 10, "0.00", "within the grace"),
	"FIN-11": func(t *testing.T) {
		exceeded := perDay(t, "0.10", "calendar", "fines.grace", "{days: 3, mode: until_exceeded}")
		free := perDay(t, "0.10", "calendar", "fines.grace", "{days: 3, mode: always_free}")
		policytest.MustBe(t, "until exceeded", lateBy(exceeded, 5).Amount, policytest.USD("0.50"))
		policytest.MustBe(t, "always free", lateBy(free, 5).Amount, policytest.USD("0.20"))
		for _, terms := range []costs.Terms{exceeded, free} {
			policytest.MustBe(t, "on its last day", lateBy(terms, 3).Amount, policytest.USD("0.00"))
		}
		policytest.MustBe(t, "a day more, until exceeded", lateBy(exceeded, 4).Amount, policytest.USD("0.40"))
		policytest.MustBe(t, "a day more, always free", lateBy(free, 4).Amount, policytest.USD("0.10"))
	},
	"FIN-13": func(t *testing.T) {
		terms := costs.ResolveTerms(policytest.WithRules(t, "fines.overdue", `{set_by: library, rate: "0.50", cap: none, count: calendar, per: hour}`), costs.LoanFacts{})
		due := time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC)
		for minutes, want := range map[int]string{0: "0.00", 1: "0.50", 60: "0.50", 61: "1.00"} {
			got := costs.OverdueFineAt(terms, due, due.Add(time.Duration(minutes)*time.Minute), calendar.EveryDay(nil))
			policytest.MustBe(t, "fine", got.Amount, policytest.USD(want))
		}
	},
	"FIN-16": func(t *testing.T) {
		week := calendar.Week{}
		for day := time.Sunday; day <= time.Saturday; day++ {
			week[day] = calendar.MustHours("00:00-23:59")
		}
		opening, err := calendar.New("America/New_York", calendar.Plan{Hours: week, Closed: []calendar.Closure{{From: broker.MustDate("2020-04-09")}}})
		if err != nil {
			t.Fatal(err)
		}
		minutes := opening.OpenMinutes(time.Date(2020, 4, 8, 14, 0, 0, 0, time.UTC), time.Date(2020, 4, 10, 15, 0, 0, 0, time.UTC))
		policytest.MustBe(t, "open minutes", minutes, 1499)
	},
	"FIN-17": func(t *testing.T) {
		got := lateBy(costs.ResolveTerms(policytest.Preset(t, "westchester"), policytest.OfType(rule.OwnerOwn, "dvd")), 7)
		policytest.MustBe(t, "fine", got.Amount, policytest.USD("5.00"))
		policytest.MustRefuse(t, policytest.Checkout(t, "westchester", policytest.Adult(got.Amount)), "owes_too_much")
	},
	"FIN-19": func(t *testing.T) {
		got := policytest.Fine(t, policytest.Preset(t, "delaware"), policytest.OfType(rule.OwnerOwn, "book"), "2026-03-07", "2026-03-10", policytest.ClosedSundays(t))
		policytest.MustBe(t, "fine", got.Amount, policytest.USD("0.20"))
	},
	"FIN-20": func(t *testing.T) {
		terms := costs.ResolveTerms(policytest.Preset(t, "delaware"), policytest.OfType(rule.OwnerOwn, "dvd"))
		policytest.MustBe(t, "fine", lateBy(terms, 12).Amount, policytest.USD("10.00"))
		policytest.MustBe(t, "a day under the cap", lateBy(terms, 9).Amount, policytest.USD("9.00"))
	},
	"FIN-23": func(t *testing.T) {
		facts := policytest.OfType(rule.OwnerOwn, "book")
		facts.Audience, facts.PatronAge = "child", rule.Some(40)
		policytest.MustBe(t, "fine", lateBy(costs.ResolveTerms(policytest.Preset(t, "perth"), facts), 40).Amount, policytest.CAD("2.50"))
	},
	"FIN-24": func(t *testing.T) {
		facts := policytest.OfType(rule.OwnerOwn, "book")
		facts.PatronAge = rule.Some(9)
		policytest.MustBe(t, "fine", lateBy(costs.ResolveTerms(policytest.Preset(t, "perth"), facts), 28).Amount, policytest.CAD("7.00"))
	},
	"FIN-25": func(t *testing.T) {
		policytest.MustBe(t, "fine", lateBy(costs.ResolveTerms(policytest.Preset(t, "perth"), policytest.OfType(rule.OwnerOwn, "uncatalogued_paperback")), 100).Amount, policytest.CAD("0.00"))
	},
	"FIN-26": func(t *testing.T) {
		document := policytest.Preset(t, "perth")
		moment := policy.Moment{Now: time.Date(2026, 5, 4, 23, 59, 0, 0, time.UTC), Calendar: calendar.EveryDay(nil)}
		back := lending.EffectiveReturn(document, moment, lending.HandedIn{})
		policytest.MustBe(t, "fine", costs.FineAtReturn(costs.ResolveTerms(document, policytest.OfType(rule.OwnerOwn, "book")), broker.MustDate("2026-05-04"), back, moment).Amount, policytest.CAD("0.00"))
		moment.Now = moment.Now.Add(time.Minute)
		back = lending.EffectiveReturn(document, moment, lending.HandedIn{})
		policytest.MustBe(t, "a day later", costs.FineAtReturn(costs.ResolveTerms(document, policytest.OfType(rule.OwnerOwn, "book")), broker.MustDate("2026-05-04"), back, moment).Amount, policytest.CAD("0.25"))
	},
	"FIN-29": func(t *testing.T) {
		terms := perDay(t, "0.10", "calendar")
		later := perDay(t, "0.00", "calendar")
		policytest.MustBe(t, "its own terms", lateBy(terms, 4).Amount, policytest.USD("0.40"))
		policytest.MustBe(t, "a loan made later", lateBy(later, 4).Amount, policytest.USD("0.00"))
	},
	"FIN-31": func(t *testing.T) {
		terms, due := perDay(t, "0.10", "calendar"), broker.MustDate("2026-03-02")
		first := costs.Accrue(terms, due, due.AddDays(3), calendar.EveryDay(nil), costs.Posted{Charged: policytest.USD("0.00"), Adjusted: policytest.USD("0.00")})
		policytest.MustBe(t, "first run", first, policytest.USD("0.30"))
		policytest.MustBe(t, "second run", costs.Accrue(terms, due, due.AddDays(3), calendar.EveryDay(nil), costs.Posted{Charged: first, Adjusted: policytest.USD("0.00")}), policytest.USD("0.00"))
	},
	"FIN-33": func(t *testing.T) {
		got := costs.OverdueFine(perDay(t, "0.10", "open"), broker.MustDate("2019-11-05"), broker.MustDate("2019-11-06"), policytest.OpenOn(t, nil, "2019-11-06"))
		policytest.MustBe(t, "days", got.Days, 0)
	},
	"FIN-34": func(t *testing.T) {
		got := costs.OverdueFine(perDay(t, "0.10", "open"), broker.MustDate("2019-11-06"), broker.MustDate("2019-11-07"), policytest.OpenOn(t, nil, "2019-11-06"))
		policytest.MustBe(t, "days", got.Days, 0)
	},
	"FIN-35": func(t *testing.T) {
		opening, err := calendar.New("America/New_York", calendar.Plan{})
		if err != nil {
			t.Fatal(err)
		}
		from := broker.MustDate("2016-03-09").At(2, 29, opening.Zone())
		policytest.MustBe(t, "days", opening.CountDays(opening.DateOf(from), broker.MustDate("2017-01-01"), calendar.CalendarDays), 298)
	},
	"FIN-37": func(t *testing.T) {
		policytest.MustBe(t, "fine", renewedLate(policytest.Preset(t, "western-district"), "2026-08-01", "2026-08-06").Amount, policytest.USD("0.50"))
	},
	"FIN-38": func(t *testing.T) {
		// A recall is no part of the terms of a fine: the ordinary rate applies.
		policytest.MustBe(t, "fine", lateBy(perDay(t, "0.10", "calendar"), 3).Amount, policytest.USD("0.30"))
	},
}

// graceMinutes checks a grace in minutes on a loan by the hour at 0.10 an hour:
// ten minutes late is an hour begun, or nothing.
func graceMinutes(grace string, late int, want, why string) func(t *testing.T) {
	return func(t *testing.T) {
		terms := costs.ResolveTerms(policytest.WithRules(t, "fines.grace", "{minutes: "+grace+", mode: until_exceeded}",
			"fines.overdue", `{set_by: library, rate: "0.10", cap: none, count: calendar, per: hour}`), costs.LoanFacts{})
		due := time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC)
		got := costs.OverdueFineAt(terms, due, due.Add(time.Duration(late)*time.Minute), calendar.EveryDay(nil))
		policytest.MustBe(t, why, got.Amount, policytest.USD(want))
	}
}

// moneyCases are the cases of area money.
var moneyCases = map[string]func(t *testing.T){
	"PAY-02": func(t *testing.T) {
		parts, left := costs.SplitPayment(attributes.SplitEvenly, policytest.USD("10.00"), []broker.Money{policytest.USD("3.00"), policytest.USD("4.00"), policytest.USD("8.00")})
		for i, want := range []string{"3.00", "3.50", "3.50"} {
			policytest.MustBe(t, "part", parts[i], policytest.USD(want))
		}
		policytest.MustBe(t, "left over", left, policytest.USD("0.00"))
	},
	"PAY-06": func(t *testing.T) {
		card := accounts.MayHaveCard(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), accounts.CardApplication{
			Class: "temporary", Shown: []string{"drivers_licence"},
			Met: []attributes.CardNeed{attributes.NeedBothResidences, attributes.NeedID, attributes.NeedPayment},
		})
		policytest.MustAllow(t, card.Decision)
		policytest.MustBe(t, "deposit", card.Deposit, policytest.USD("10.00"))
		net, full := accounts.DepositBack(card.Deposit, policytest.USD("3.00"))
		policytest.MustBe(t, "net of the debt", net, policytest.USD("7.00"))
		policytest.MustBe(t, "in full", full, policytest.USD("10.00"))
	},
	"PAY-07": func(t *testing.T) {
		library := policytest.Preset(t, "westchester")
		first := broker.MustDate("2026-02-01")
		policytest.MustBe(t, "first", accounts.CardReplacement(library, policytest.Noon("2026-02-01"), rule.Match{Class: "resident"}).Amount, policytest.USD("1.00"))
		policytest.MustBe(t, "second", accounts.CardReplacement(library, policytest.Noon("2026-11-30"), rule.Match{Class: "resident"}, first).Amount, policytest.USD("5.00"))
		policytest.MustBe(t, "last day of the year", accounts.CardReplacement(library, policytest.Noon("2027-01-31"), rule.Match{Class: "resident"}, first).Amount, policytest.USD("5.00"))
		policytest.MustBe(t, "a year later", accounts.CardReplacement(library, policytest.Noon("2027-02-01"), rule.Match{Class: "resident"}, first).Amount, policytest.USD("1.00"))
	},
}
