package policy_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
)

func TestOverdueFines(t *testing.T) {
	t.Parallel()
	everyDay := calendar.EveryDay(nil)
	ill := func(item string) costs.LoanFacts { return ofType(rule.OwnerILL, item) }
	own := func(item string) costs.LoanFacts { return ofType(rule.OwnerOwn, item) }
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
			document := preset(t, test.library)
			got := costs.OverdueFine(costs.ResolveTerms(document, test.facts), due, due.AddDays(test.days), everyDay)
			mustBe(t, "fine", got.Amount, money(test.want, document.Currency()))
			mustBe(t, "capped", got.Capped, test.capped)
			mustBe(t, "days", got.Days, test.days)
		})
	}
}

func TestADueDateThatBecameClosedIsForgiven(t *testing.T) {
	t.Parallel()
	library := preset(t, "delaware")
	tests := []struct{ name, due, returned, want string }{
		{"back on the next open day", "2026-01-26", "2026-01-28", "0.00"},
		{"a day later", "2026-01-26", "2026-01-29", "0.10"},
		{"overdue before the closing", "2026-01-23", "2026-01-28", "0.20"},
	}
	for _, test := range tests {
		got := fine(t, library, ofType(rule.OwnerOwn, "book"), test.due, test.returned, closedSundays(t, "2026-01-26", "2026-01-27"))
		mustBe(t, test.name, got.Amount, usd(test.want))
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
		got := fine(t, preset(t, test.library), ofType(test.owner, "book"), "2026-03-07", "2026-03-10", closedSundays(t))
		mustBe(t, test.library+" "+string(test.owner)+" days", got.Days, test.want)
	}
}

func TestTheLendersCapIsKept(t *testing.T) {
	t.Parallel()
	most := cad("3.00")
	facts := ofType(rule.OwnerILL, "book")
	facts.LenderFine = &costs.LenderFine{Rate: cad("0.50"), Cap: &most}
	got := fine(t, preset(t, "perth"), facts, "2026-03-02", "2026-03-20", calendar.EveryDay(nil))
	mustBe(t, "fine", got.Amount, cad("3.00"))
}

func TestALoanKeepsItsTermsAsJSON(t *testing.T) {
	t.Parallel()
	for _, name := range policy.Presets() {
		document := preset(t, name)
		facts := ofType(rule.OwnerILL, "book")
		facts.LenderDue = broker.MustDate("2026-08-22")
		terms := costs.ResolveTerms(document, facts)
		text, err := json.Marshal(terms)
		if err != nil {
			t.Fatal(err)
		}
		var back costs.Terms
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(terms, back, cmp.Comparer(func(a, b broker.Date) bool { return a == b })); diff != "" {
			t.Errorf("%s: terms changed on the way:\n%s", name, diff)
		}
		mustBe(t, name+" version", back.Version, document.Version())
	}
}

// A fine never falls as time passes and never exceeds its cap, whatever the
// calendar.
func TestAFineGrowsToItsCap(t *testing.T) {
	t.Parallel()
	opening := closedSundays(t, "2026-03-04", "2026-03-05")
	var all []costs.Terms
	for _, name := range policy.Presets() {
		for _, item := range []string{"book", "dvd", "hotspot"} {
			for _, owner := range []rule.Owner{rule.OwnerOwn, rule.OwnerILL} {
				all = append(all, costs.ResolveTerms(preset(t, name), ofType(owner, item)))
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

// The hold shelf never keeps a borrowed copy past the lender's date less the
// way back, never ends before arrival, and ends on an open day when it arrived
// on one.
func TestTheShelfNeverOutlastsTheLender(t *testing.T) {
	t.Parallel()
	opening := closedSundays(t, "2026-03-04", "2026-03-05")
	var all []*policy.Document
	for _, name := range policy.Presets() {
		all = append(all, preset(t, name))
	}
	rapid.Check(t, func(t *rapid.T) {
		document := rapid.SampledFrom(all).Draw(t, "document")
		arrived := opening.NextOpenDay(broker.MustDate("2026-03-01").AddDays(rapid.IntRange(0, 60).Draw(t, "arrived")))
		due := arrived.AddDays(rapid.IntRange(0, 40).Draw(t, "due"))
		shelf := shelf.Until(document, at(arrived.String(), opening), shelf.Facts{Owner: rule.OwnerILL, Arrived: arrived, LenderDue: due})
		if shelf.Until.Before(arrived) || !opening.IsOpen(shelf.Until) {
			t.Fatalf("arrived %s, due %s: shelf ends %s", arrived, due, shelf.Until)
		}
		if shelf.Until.After(arrived) && due.DaysSince(shelf.Until) < 3 {
			t.Fatalf("arrived %s, due %s: shelf ends %s, too late to get home", arrived, due, shelf.Until)
		}
		patronDue := lending.ILLDueDate(document, at(arrived.String(), opening), due).Due
		if patronDue.After(due) || !opening.IsOpen(patronDue) {
			t.Fatalf("lender's date %s became %s", due, patronDue)
		}
	})
}
