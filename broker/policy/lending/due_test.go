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
