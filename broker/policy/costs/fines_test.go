package costs_test

import (
	"testing"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

func TestOverdueFines(t *testing.T) {
	t.Parallel()
	everyDay := calendar.EveryDay(nil)
	ill := func(item string) costs.LoanFacts { return policytest.OfType(rule.OwnerILL, item) }
	own := func(item string) costs.LoanFacts { return policytest.OfType(rule.OwnerOwn, item) }
	forChild := own("book")
	forChild.Audience = "child"
	due := broker.MustDate("2026-03-02")
	tests := []struct {
		name, library string
		facts         costs.LoanFacts
		days          int
		want          string
		capped        bool
	}{
		{"on the due date", "westchester", ill("book"), 0, "0.00", false},
		{"ILL one day", "westchester", ill("book"), 1, "1.00", false},
		{"ILL has no cap", "westchester", ill("book"), 400, "400.00", false},
		{"own dvd at its cap", "westchester", own("dvd"), 5, "5.00", false},
		{"own dvd a day over its cap", "westchester", own("dvd"), 6, "5.00", true},
		{"own book", "westchester", own("book"), 3, "0.15", false},
		{"language materials", "westchester", own("language"), 2, "0.50", false},
		{"ILL like own", "western-district", ill("book"), 2, "0.20", false},
		{"ILL at the cap", "western-district", ill("book"), 100, "10.00", false},
		{"ILL a day over the cap", "western-district", ill("book"), 101, "10.00", true},
		{"hotspot", "western-district", own("hotspot"), 6, "50.00", true},
		{"ILL dvd at the local rate", "delaware", ill("dvd"), 12, "10.00", true},
		{"adult material", "perth", own("book"), 28, "7.00", false},
		{"child material", "perth", forChild, 40, "2.50", true},
		{"paperback without a record", "perth", own("uncatalogued_paperback"), 100, "0.00", false},
		{"ILL when the lender told nothing", "perth", ill("book"), 9, "0.00", false},
		{"silent", "westport", ill("book"), 9, "0.00", false},
	}
	for _, test := range tests {
		t.Run(test.library+": "+test.name, func(t *testing.T) {
			t.Parallel()
			document := policytest.Preset(t, test.library)
			got := costs.OverdueFine(costs.ResolveTerms(document, test.facts), due, due.AddDays(test.days), everyDay)
			policytest.MustBe(t, "fine", got.Amount, policytest.Money(test.want, document.Currency()))
			policytest.MustBe(t, "capped", got.Capped, test.capped)
			policytest.MustBe(t, "days", got.Days, test.days)
		})
	}
}

func TestADueDateThatBecameClosedIsForgiven(t *testing.T) {
	t.Parallel()
	library := policytest.Preset(t, "delaware")
	tests := []struct{ name, due, returned, want string }{
		{"back on the next open day", "2026-01-26", "2026-01-28", "0.00"},
		{"a day later", "2026-01-26", "2026-01-29", "0.10"},
		{"overdue before the closing", "2026-01-23", "2026-01-28", "0.20"},
	}
	for _, test := range tests {
		got := policytest.Fine(t, library, policytest.OfType(rule.OwnerOwn, "book"), test.due, test.returned, policytest.ClosedSundays(t, "2026-01-26", "2026-01-27"))
		policytest.MustBe(t, test.name, got.Amount, policytest.USD(test.want))
	}
}

func TestWhichDaysCount(t *testing.T) {
	t.Parallel()
	// Due on a Saturday, back on Tuesday; Sunday is closed.
	tests := []struct {
		library string
		owner   rule.Owner
		want    int
	}{
		{"westchester", rule.OwnerILL, 3},
		{"westchester", rule.OwnerOwn, 2},
		{"delaware", rule.OwnerILL, 2},
		{"delaware", rule.OwnerOwn, 2},
		{"western-district", rule.OwnerILL, 3},
		{"western-district", rule.OwnerOwn, 3},
		{"perth", rule.OwnerILL, 3},
		{"perth", rule.OwnerOwn, 3},
	}
	for _, test := range tests {
		got := policytest.Fine(t, policytest.Preset(t, test.library), policytest.OfType(test.owner, "book"), "2026-03-07", "2026-03-10", policytest.ClosedSundays(t))
		policytest.MustBe(t, test.library+" "+string(test.owner)+" days", got.Days, test.want)
	}
}

func TestTheLendersCapIsKept(t *testing.T) {
	t.Parallel()
	most := policytest.CAD("3.00")
	facts := policytest.OfType(rule.OwnerILL, "book")
	facts.LenderFine = &costs.LenderFine{Rate: policytest.CAD("0.50"), Cap: &most}
	got := policytest.Fine(t, policytest.Preset(t, "perth"), facts, "2026-03-02", "2026-03-20", calendar.EveryDay(nil))
	policytest.MustBe(t, "fine", got.Amount, policytest.CAD("3.00"))
	for name, most := range map[string]*broker.Money{"no cap": nil, "a cap beyond the policy's": new(policytest.CAD("999999999.99"))} {
		facts.LenderFine.Cap = most
		got = policytest.Fine(t, policytest.Preset(t, "perth"), facts, "2026-03-02", "2028-03-02", calendar.EveryDay(nil))
		policytest.MustBe(t, name, got.Amount, policytest.CAD("150.00"))
	}
}

// A fine never falls as time passes and never exceeds its cap, whatever the
// calendar.
func TestAFineGrowsToItsCap(t *testing.T) {
	t.Parallel()
	opening := policytest.ClosedSundays(t, "2026-03-04", "2026-03-05")
	var all []costs.Terms
	for _, name := range policy.Presets() {
		for _, item := range []string{"book", "dvd", "hotspot"} {
			for _, owner := range []rule.Owner{rule.OwnerOwn, rule.OwnerILL} {
				all = append(all, costs.ResolveTerms(policytest.Preset(t, name), policytest.OfType(owner, item)))
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		terms := rapid.SampledFrom(all).Draw(t, "terms")
		due := broker.MustDate("2026-03-01").AddDays(rapid.IntRange(0, 30).Draw(t, "due"))
		days := rapid.IntRange(-10, 400).Draw(t, "days")
		today := costs.OverdueFine(terms, due, due.AddDays(days), opening)
		tomorrow := costs.OverdueFine(terms, due, due.AddDays(days+1), opening)
		step := tomorrow.Amount.Minor - today.Amount.Minor
		if step < 0 || step > terms.Overdue.Rate.Minor {
			t.Fatalf("from day %d to the next the fine moved by %d", days, step)
		}
		if days <= 0 && today.Amount.Minor != 0 {
			t.Fatalf("a fine of %s before anything is late", today.Amount)
		}
		if most := terms.Overdue.Cap; most != nil && today.Amount.Minor > most.Minor {
			t.Fatalf("%s is above the cap %s", today.Amount, most)
		}
	})
}

func TestAFineNeverFallsWithTimeNorPassesItsCap(t *testing.T) {
	t.Parallel()
	opening := policytest.ClosedSundays(t, "2026-03-17", "2026-04-03")
	libraries := []string{"westport", "westchester", "delaware", "western-district", "perth"}
	rapid.Check(t, func(t *rapid.T) {
		document := policytest.ShippedByName(t, rapid.SampledFrom(libraries).Draw(t, "library"))
		item := rapid.SampledFrom([]string{"book", "dvd", "hotspot", "language"}).Draw(t, "item")
		terms := costs.ResolveTerms(document, policytest.OfType(rapid.SampledFrom([]rule.Owner{rule.OwnerOwn, rule.OwnerILL}).Draw(t, "owner"), item))
		due := broker.MustDate("2026-03-01").AddDays(rapid.IntRange(0, 40).Draw(t, "due"))
		before := int64(0)
		for day := range 120 {
			fine := costs.OverdueFine(terms, due, due.AddDays(day), opening).Amount.Minor
			if fine < before {
				t.Fatalf("day %d costs %d, the day before %d", day, fine, before)
			}
			if most := terms.Overdue.Cap; most != nil && fine > most.Minor {
				t.Fatalf("day %d costs %d, above the cap %s", day, fine, most)
			}
			before = fine
		}
	})
}

func TestAccruingNightByNightComesToTheSameFine(t *testing.T) {
	t.Parallel()
	opening := policytest.ClosedSundays(t)
	rapid.Check(t, func(t *rapid.T) {
		terms := costs.ResolveTerms(policytest.ShippedByName(t, "delaware"), policytest.OfType(rule.OwnerOwn, "dvd"))
		due := broker.MustDate("2026-03-02")
		posted := costs.Posted{Charged: policytest.USD("0.00"), Adjusted: policytest.USD("0.00")}
		night := 0
		for range rapid.IntRange(1, 12).Draw(t, "runs") {
			night += rapid.IntRange(0, 4).Draw(t, "nights between") // a missed night, or a second run
			posted.Charged = posted.Charged.Plus(costs.Accrue(terms, due, due.AddDays(night), opening, posted))
		}
		if want := costs.OverdueFine(terms, due, due.AddDays(night), opening).Amount; posted.Charged != want {
			t.Fatalf("came to %s, want %s", posted.Charged, want)
		}
	})
}

// What rises by steps comes to the last step begun, and the rate for each day
// after it; its cap still holds.
func TestAFineMayRiseBySteps(t *testing.T) {
	t.Parallel()
	document := policytest.Parsed(t, `
  fines.overdue:
    - value: {set_by: library, rate: "0.00", cap: none, count: calendar, steps: [{from: 1, amount: "0.75"}, {from: 8, amount: "3.00"}, {from: 15, amount: "5.00"}]}
      clause: {section: A, says: by the week begun}
    - when: {item: computer}
      value: {set_by: library, rate: "1.00", cap: "30.00", count: calendar, steps: [{from: 1, amount: "25.00"}]}
      clause: {section: B, says: much for the first}
`)
	for _, test := range []struct{ item, returned, want string }{
		{"book", "2026-03-02", "0.00"},
		{"book", "2026-03-03", "0.75"},
		{"book", "2026-03-09", "0.75"},
		{"book", "2026-03-10", "3.00"},
		{"book", "2026-03-16", "3.00"},
		{"book", "2026-03-17", "5.00"},
		{"book", "2026-06-01", "5.00"},
		{"computer", "2026-03-03", "25.00"},
		{"computer", "2026-03-05", "27.00"},
		{"computer", "2026-03-20", "30.00"},
	} {
		fine := policytest.Fine(t, document, policytest.OfType(rule.OwnerOwn, test.item), "2026-03-02", test.returned, calendar.EveryDay(nil))
		policytest.MustBe(t, test.item+" back on "+test.returned, fine.Amount, policytest.USD(test.want))
	}
}
