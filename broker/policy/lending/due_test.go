package lending_test

import (
	"testing"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

func TestDueDatesOfOwnItems(t *testing.T) {
	t.Parallel()
	moment := policytest.At("2026-03-03", policytest.ClosedSundays(t))
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
		policytest.MustBe(t, test.library+" "+test.match.Item+" "+test.match.Age, lending.DueDate(policytest.Preset(t, test.library), moment, test.match).Value, broker.MustDate(test.want))
	}
}

func TestADueDateNeverFallsOnAClosedDay(t *testing.T) {
	t.Parallel()
	opening := policytest.ClosedSundays(t, "2026-03-17", "2026-03-23", "2026-04-03")
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"westchester", "delaware", "western-district", "perth"}).Draw(t, "library")
		day := broker.MustDate("2026-02-20").AddDays(rapid.IntRange(0, 60).Draw(t, "day"))
		item := rapid.SampledFrom([]string{"book", "dvd", "museum_pass"}).Draw(t, "item")
		moment := policy.Moment{Now: day.At(12, 0, opening.Zone()), Calendar: opening}
		for _, due := range []broker.Date{
			lending.DueDate(policytest.ShippedByName(t, name), moment, policytest.Own(item)).Value,
			lending.RenewalDue(policytest.ShippedByName(t, name), moment, policytest.Own(item), day).Value,
		} {
			if !opening.IsOpen(due) || due.Before(day) {
				t.Fatalf("%s: %s lent on %s is due on %s, when it is closed or past", name, item, day, due)
			}
		}
	})
}

// A borrowed copy is due by its lender's date. What was set for before that moves
// as the library's own dates do, what was set for the day itself only as the
// lender's date leaves it.
func TestABorrowedCopyThatIsDueBeforeItsLendersDate(t *testing.T) {
	t.Parallel()
	document := policytest.WithRules(t, "ill.due", "{days_before: 0, closed_day: keep}", "loans.period", "{days: 21, closed_day: next_open}")
	moment := policytest.At("2026-03-03", policytest.ClosedSundays(t)) // 15 and 22 March are Sundays
	borrowed := rule.Match{Owner: rule.OwnerILL, Item: "book"}
	for _, test := range []struct{ set, lender, want string }{
		{"2026-03-15", "2026-03-20", "2026-03-16"},
		{"2026-03-14", "2026-03-20", "2026-03-14"},
		{"2026-03-22", "2026-03-22", "2026-03-22"},
		{"2026-03-24", "2026-03-22", "2026-03-22"},
		{"2026-03-15", "", "2026-03-15"},
	} {
		var lender broker.Date
		if test.lender != "" {
			lender = broker.MustDate(test.lender)
		}
		due := lending.SettledDue(document, moment, borrowed, broker.MustDate(test.set), lender).Value
		policytest.MustBe(t, test.set+", and "+test.lender+" for the lender", due, broker.MustDate(test.want))
	}
}
