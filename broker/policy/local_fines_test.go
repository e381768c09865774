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
	"afield/broker/policy/rule"
)

// perDay is a document with one rate a day, counted as asked, and other rules.
func perDay(t *testing.T, rate, count string, rules ...string) costs.Terms {
	t.Helper()
	rules = append(rules, "fines.overdue", `{set_by: library, rate: "`+rate+`", cap: none, count: `+count+`}`)
	return costs.ResolveTerms(withRules(t, rules...), costs.LoanFacts{Match: own("book")})
}

// lateBy works out a fine for so many days late at an always open library.
func lateBy(terms costs.Terms, days int) costs.Fine {
	due := broker.MustDate("2026-03-02")
	return costs.OverdueFine(terms, due, due.AddDays(days), calendar.EveryDay(nil))
}

func priced(t *testing.T, price string) costs.Terms {
	t.Helper()
	document := withRules(t, "fines.price_cap", "true", "lost.default_price", `"6.00"`,
		"fines.overdue", `{set_by: library, rate: "1.00", cap: none, count: calendar}`)
	return costs.ResolveTerms(document, costs.LoanFacts{Match: own("book"), Price: usd(price)})
}

// fineCases are the cases of area fines.
var fineCases = map[string]func(t *testing.T){
	"FIN-02": func(t *testing.T) { mustBe(t, "fine", lateBy(priced(t, "5.00"), 29).Amount, usd("5.00")) },
	"FIN-03": func(t *testing.T) { mustBe(t, "fine", lateBy(priced(t, "0.00"), 29).Amount, usd("6.00")) },
	"FIN-04": func(t *testing.T) {
		due, back := broker.MustDate("2026-03-02"), broker.MustDate("2026-03-15")
		terms := perDay(t, "0.10", "open")
		mustBe(t, "with a closure", costs.OverdueFine(terms, due, back, openOn(t, nil, "2026-03-09")).Days, 12)
		mustBe(t, "without", costs.OverdueFine(terms, due, back, openOn(t, nil)).Days, 13)
	},
	"FIN-05": func(t *testing.T) {
		got := costs.OverdueFine(perDay(t, "0.10", "open"), broker.MustDate("2026-06-29"), broker.MustDate("2026-07-02"), openOn(t, nil, "2026-07-01"))
		mustBe(t, "days", got.Days, 2)
	},
	"FIN-07": func(t *testing.T) { mustBe(t, "cents", usd("2.30").Minor, 230) },
	"FIN-08": func(t *testing.T) {
		terms := costs.ResolveTerms(withRules(t, "fines.overdue", `{set_by: library, rate: "0.10", cap: "3.00", count: calendar}`), costs.LoanFacts{})
		due := broker.MustDate("2026-03-02")
		more := func(days int, charged, adjusted string) broker.Money {
			return costs.Accrue(terms, due, due.AddDays(days), calendar.EveryDay(nil), costs.Posted{Charged: usd(charged), Adjusted: usd(adjusted)})
		}
		mustBe(t, "at the cap", more(40, "3.00", "0.00"), usd("0.00"))
		mustBe(t, "adjusted down", more(40, "3.00", "3.00"), usd("1.00"))
		mustBe(t, "never above the cap again", more(90, "3.00", "3.00"), usd("3.00"))
	},
	"FIN-09": graceMinutes("5", 10, "0.10", "always 10 once exceeded"),
	"FIN-10": graceMinutes("12", 10, "0.00", "within the grace"),
	"FIN-11": func(t *testing.T) {
		exceeded := perDay(t, "0.10", "calendar", "fines.grace", "{days: 3, mode: until_exceeded}")
		free := perDay(t, "0.10", "calendar", "fines.grace", "{days: 3, mode: always_free}")
		mustBe(t, "until exceeded", lateBy(exceeded, 5).Amount, usd("0.50"))
		mustBe(t, "always free", lateBy(free, 5).Amount, usd("0.20"))
		for _, terms := range []costs.Terms{exceeded, free} {
			mustBe(t, "on its last day", lateBy(terms, 3).Amount, usd("0.00"))
		}
		mustBe(t, "a day more, until exceeded", lateBy(exceeded, 4).Amount, usd("0.40"))
		mustBe(t, "a day more, always free", lateBy(free, 4).Amount, usd("0.10"))
	},
	"FIN-13": func(t *testing.T) {
		terms := costs.ResolveTerms(withRules(t, "fines.overdue", `{set_by: library, rate: "0.50", cap: none, count: calendar, per: hour}`), costs.LoanFacts{})
		due := time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC)
		for minutes, want := range map[int]string{0: "0.00", 1: "0.50", 60: "0.50", 61: "1.00"} {
			got := costs.OverdueFineAt(terms, due, due.Add(time.Duration(minutes)*time.Minute), calendar.EveryDay(nil))
			mustBe(t, "fine", got.Amount, usd(want))
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
		mustBe(t, "open minutes", minutes, 1499)
	},
	"FIN-17": func(t *testing.T) {
		got := lateBy(costs.ResolveTerms(preset(t, "westchester"), ofType(rule.OwnerOwn, "dvd")), 7)
		mustBe(t, "fine", got.Amount, usd("5.00"))
		mustRefuse(t, checkout(t, "westchester", adult(got.Amount)), "owes_too_much")
	},
	"FIN-19": func(t *testing.T) {
		got := fine(t, preset(t, "delaware"), ofType(rule.OwnerOwn, "book"), "2026-03-07", "2026-03-10", closedSundays(t))
		mustBe(t, "fine", got.Amount, usd("0.20"))
	},
	"FIN-20": func(t *testing.T) {
		terms := costs.ResolveTerms(preset(t, "delaware"), ofType(rule.OwnerOwn, "dvd"))
		mustBe(t, "fine", lateBy(terms, 12).Amount, usd("10.00"))
		mustBe(t, "a day under the cap", lateBy(terms, 9).Amount, usd("9.00"))
	},
	"FIN-23": func(t *testing.T) {
		facts := ofType(rule.OwnerOwn, "book")
		facts.Audience, facts.PatronAge = "child", rule.Some(40)
		mustBe(t, "fine", lateBy(costs.ResolveTerms(preset(t, "perth"), facts), 40).Amount, cad("2.50"))
	},
	"FIN-24": func(t *testing.T) {
		facts := ofType(rule.OwnerOwn, "book")
		facts.PatronAge = rule.Some(9)
		mustBe(t, "fine", lateBy(costs.ResolveTerms(preset(t, "perth"), facts), 28).Amount, cad("7.00"))
	},
	"FIN-25": func(t *testing.T) {
		mustBe(t, "fine", lateBy(costs.ResolveTerms(preset(t, "perth"), ofType(rule.OwnerOwn, "uncatalogued_paperback")), 100).Amount, cad("0.00"))
	},
	"FIN-26": func(t *testing.T) {
		document := preset(t, "perth")
		moment := policy.Moment{Now: time.Date(2026, 5, 4, 23, 59, 0, 0, time.UTC), Calendar: calendar.EveryDay(nil)}
		back := lending.EffectiveReturn(document, moment, lending.HandedIn{})
		mustBe(t, "fine", costs.FineAtReturn(costs.ResolveTerms(document, ofType(rule.OwnerOwn, "book")), broker.MustDate("2026-05-04"), back, moment).Amount, cad("0.00"))
		moment.Now = moment.Now.Add(time.Minute)
		back = lending.EffectiveReturn(document, moment, lending.HandedIn{})
		mustBe(t, "a day later", costs.FineAtReturn(costs.ResolveTerms(document, ofType(rule.OwnerOwn, "book")), broker.MustDate("2026-05-04"), back, moment).Amount, cad("0.25"))
	},
	"FIN-29": func(t *testing.T) {
		terms := perDay(t, "0.10", "calendar")
		later := perDay(t, "0.00", "calendar")
		mustBe(t, "its own terms", lateBy(terms, 4).Amount, usd("0.40"))
		mustBe(t, "a loan made later", lateBy(later, 4).Amount, usd("0.00"))
	},
	"FIN-31": func(t *testing.T) {
		terms, due := perDay(t, "0.10", "calendar"), broker.MustDate("2026-03-02")
		first := costs.Accrue(terms, due, due.AddDays(3), calendar.EveryDay(nil), costs.Posted{Charged: usd("0.00"), Adjusted: usd("0.00")})
		mustBe(t, "first run", first, usd("0.30"))
		mustBe(t, "second run", costs.Accrue(terms, due, due.AddDays(3), calendar.EveryDay(nil), costs.Posted{Charged: first, Adjusted: usd("0.00")}), usd("0.00"))
	},
	"FIN-33": func(t *testing.T) {
		got := costs.OverdueFine(perDay(t, "0.10", "open"), broker.MustDate("2019-11-05"), broker.MustDate("2019-11-06"), openOn(t, nil, "2019-11-06"))
		mustBe(t, "days", got.Days, 0)
	},
	"FIN-34": func(t *testing.T) {
		got := costs.OverdueFine(perDay(t, "0.10", "open"), broker.MustDate("2019-11-06"), broker.MustDate("2019-11-07"), openOn(t, nil, "2019-11-06"))
		mustBe(t, "days", got.Days, 0)
	},
	"FIN-35": func(t *testing.T) {
		opening, err := calendar.New("America/New_York", calendar.Plan{})
		if err != nil {
			t.Fatal(err)
		}
		from := broker.MustDate("2016-03-09").At(2, 29, opening.Zone())
		mustBe(t, "days", opening.CountDays(opening.DateOf(from), broker.MustDate("2017-01-01"), calendar.CalendarDays), 298)
	},
	"FIN-37": func(t *testing.T) {
		document := preset(t, "western-district")
		got := costs.FineAtRenewal(document, noon("2026-08-06"), own("book"), costs.ResolveTerms(document, ofType(rule.OwnerOwn, "book")), broker.MustDate("2026-08-01"))
		mustBe(t, "fine", got.Amount, usd("0.50"))
	},
	"FIN-38": func(t *testing.T) {
		// A recall is no part of the terms of a fine: the ordinary rate applies.
		mustBe(t, "fine", lateBy(perDay(t, "0.10", "calendar"), 3).Amount, usd("0.30"))
	},
}

// graceMinutes checks a grace in minutes on a loan by the hour at 0.10 an hour:
// ten minutes late is an hour begun, or nothing.
func graceMinutes(grace string, late int, want, why string) func(t *testing.T) {
	return func(t *testing.T) {
		terms := costs.ResolveTerms(withRules(t, "fines.grace", "{minutes: "+grace+", mode: until_exceeded}",
			"fines.overdue", `{set_by: library, rate: "0.10", cap: none, count: calendar, per: hour}`), costs.LoanFacts{})
		due := time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC)
		got := costs.OverdueFineAt(terms, due, due.Add(time.Duration(late)*time.Minute), calendar.EveryDay(nil))
		mustBe(t, why, got.Amount, usd(want))
	}
}

// moneyCases are the cases of area money.
var moneyCases = map[string]func(t *testing.T){
	"PAY-02": func(t *testing.T) {
		parts, left := costs.SplitPayment(attributes.SplitEvenly, usd("10.00"), []broker.Money{usd("3.00"), usd("4.00"), usd("8.00")})
		for i, want := range []string{"3.00", "3.50", "3.50"} {
			mustBe(t, "part", parts[i], usd(want))
		}
		mustBe(t, "left over", left, usd("0.00"))
	},
	"PAY-06": func(t *testing.T) {
		card := accounts.MayHaveCard(preset(t, "westchester"), noon("2026-03-02"), accounts.CardApplication{
			Class: "temporary", Shown: []string{"drivers_licence"},
			Met: []attributes.CardNeed{attributes.NeedBothResidences, attributes.NeedID, attributes.NeedPayment},
		})
		mustAllow(t, card.Decision)
		mustBe(t, "deposit", card.Deposit, usd("10.00"))
		net, full := accounts.DepositBack(card.Deposit, usd("3.00"))
		mustBe(t, "net of the debt", net, usd("7.00"))
		mustBe(t, "in full", full, usd("10.00"))
	},
	"PAY-07": func(t *testing.T) {
		library := preset(t, "westchester")
		first := broker.MustDate("2026-02-01")
		mustBe(t, "first", accounts.CardReplacement(library, noon("2026-02-01"), "resident").Amount, usd("1.00"))
		mustBe(t, "second", accounts.CardReplacement(library, noon("2026-11-30"), "resident", first).Amount, usd("5.00"))
		mustBe(t, "last day of the year", accounts.CardReplacement(library, noon("2027-01-31"), "resident", first).Amount, usd("5.00"))
		mustBe(t, "a year later", accounts.CardReplacement(library, noon("2027-02-01"), "resident", first).Amount, usd("1.00"))
	},
}
