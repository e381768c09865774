package costs_test

import (
	"testing"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy/costs"
	"afield/broker/policy/policytest"
)

func day(text string) broker.Date { return broker.MustDate(text) }

// What is told on a day makes nobody late for days before it, and what is told
// several times in one day counts as told once.
func TestAToldDateReachesBackNoFurtherThanItsDay(t *testing.T) {
	t.Parallel()
	opening := policytest.ClosedSundays(t)
	for name, c := range map[string]struct {
		due   string
		tells [][2]string // the date, and the day it is told
		want  string
	}{
		"later":                               {"2026-03-10", [][2]string{{"2026-03-20", "2026-03-12"}}, "2026-03-20"},
		"earlier, in time":                    {"2026-03-20", [][2]string{{"2026-03-10", "2026-03-05"}}, "2026-03-10"},
		"earlier than the day it is told":     {"2026-03-20", [][2]string{{"2026-03-10", "2026-03-12"}}, "2026-03-12"},
		"the same on a closed day":            {"2026-03-20", [][2]string{{"2026-03-10", "2026-03-15"}}, "2026-03-16"},
		"overdue stays as overdue as it was":  {"2026-03-10", [][2]string{{"2026-03-05", "2026-03-20"}}, "2026-03-10"},
		"there and back in one day":           {"2026-03-10", [][2]string{{"2026-03-30", "2026-03-20"}, {"2026-03-10", "2026-03-20"}}, "2026-03-10"},
		"there, and back on a later day":      {"2026-03-10", [][2]string{{"2026-03-30", "2026-03-20"}, {"2026-03-10", "2026-03-23"}}, "2026-03-23"},
		"there, and back when it has run out": {"2026-03-10", [][2]string{{"2026-03-18", "2026-03-12"}, {"2026-03-10", "2026-03-25"}}, "2026-03-18"},
	} {
		period := costs.Period{Due: day(c.due)}
		for _, tell := range c.tells {
			period = period.Tell(day(tell[0]), day(tell[1]), opening)
		}
		policytest.MustBe(t, name, period.Due, day(c.want))
	}
}

// A renewal ends the lateness of the time before it on the day it was asked for.
func TestEachTimeOutCostsItsOwnLateness(t *testing.T) {
	t.Parallel()
	document := policytest.WithRules(t, "fines.overdue", `{set_by: library, rate: "0.10", cap: none, count: calendar}`)
	facts := costs.Facts{
		Terms: costs.ResolveTerms(document, costs.LoanFacts{Match: policytest.Own("book")}),
		Periods: []costs.Period{
			{Due: day("2026-03-10")}, {From: day("2026-03-13"), Due: day("2026-03-20")}, {From: day("2026-03-20"), Due: day("2026-03-31")},
		},
		Until: day("2026-04-02"),
	}
	for name, c := range map[string]struct {
		change func(*costs.Facts)
		want   [3]string
	}{
		"as it is":                     {func(*costs.Facts) {}, [3]string{"0.30", "0.00", "0.20"}},
		"forgiven at a renewal":        {func(f *costs.Facts) { f.RenewalForgives = true }, [3]string{"0.00", "0.00", "0.20"}},
		"forgiven at the return":       {func(f *costs.Facts) { f.Forgiven = true }, [3]string{"0.30", "0.00", "0.00"}},
		"back before it was asked for": {func(f *costs.Facts) { f.Until = day("2026-03-11") }, [3]string{"0.10", "0.00", "0.00"}},
	} {
		changed := facts
		c.change(&changed)
		for i, fine := range costs.Lateness(changed, calendar.EveryDay(nil)) {
			policytest.MustBe(t, name, fine.Amount, policytest.USD(c.want[i]))
		}
	}
}
