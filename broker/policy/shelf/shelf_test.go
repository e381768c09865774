package shelf_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
)

func TestTheShelfEndsByTheEarlierOfTwoRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, lenderDue, want string
		bound                 shelf.BoundBy
		alert                 bool
	}{
		{"no lender's date", "", "2026-03-12", shelf.BoundByShelf, false},
		{"three days to spare exactly", "2026-03-15", "2026-03-12", shelf.BoundByShelf, false},
		{"a day less", "2026-03-14", "2026-03-11", shelf.BoundByLenderDue, true},
		{"a day more", "2026-03-16", "2026-03-12", shelf.BoundByShelf, false},
		{"due before it could get home", "2026-03-03", "2026-03-02", shelf.BoundByLenderDue, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			facts := shelf.Facts{Match: rule.Match{Owner: rule.OwnerILL}, Arrived: broker.MustDate("2026-03-02")}
			if test.lenderDue != "" {
				facts.LenderDue = broker.MustDate(test.lenderDue)
			}
			shelf := shelf.Until(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), facts)
			policytest.MustBe(t, "until", shelf.Until, broker.MustDate(test.want))
			policytest.MustBe(t, "bound by", shelf.Bound, test.bound)
			policytest.MustBe(t, "staff alert", shelf.StaffAlert, test.alert)
		})
	}
}

func TestTheShelfEndsOnAnOpenDayBeforeTheLendersDate(t *testing.T) {
	t.Parallel()
	// Three days before the 18th is a Sunday: Saturday is the last day.
	facts := shelf.Facts{Match: rule.Match{Owner: rule.OwnerILL}, Arrived: broker.MustDate("2026-03-09"), LenderDue: broker.MustDate("2026-03-18")}
	shelf := shelf.Until(policytest.Preset(t, "westport"), policytest.At("2026-03-09", policytest.ClosedSundays(t)), facts)
	policytest.MustBe(t, "until", shelf.Until, broker.MustDate("2026-03-14"))
	policytest.MustBe(t, "ends", shelf.Ends, time.Date(2026, time.March, 14, 22, 0, 0, 0, time.UTC))
}

// The hold shelf never keeps a borrowed copy past the lender's date less the
// way back, never ends before arrival, and ends on an open day when it arrived
// on one.
func TestTheShelfNeverOutlastsTheLender(t *testing.T) {
	t.Parallel()
	opening := policytest.ClosedSundays(t, "2026-03-04", "2026-03-05")
	var all []*policy.Document
	for _, name := range policy.Presets() {
		all = append(all, policytest.Preset(t, name))
	}
	rapid.Check(t, func(t *rapid.T) {
		document := rapid.SampledFrom(all).Draw(t, "document")
		arrived := opening.NextOpenDay(broker.MustDate("2026-03-01").AddDays(rapid.IntRange(0, 60).Draw(t, "arrived")))
		due := arrived.AddDays(rapid.IntRange(0, 40).Draw(t, "due"))
		shelf := shelf.Until(document, policytest.At(arrived.String(), opening), shelf.Facts{Match: rule.Match{Owner: rule.OwnerILL}, Arrived: arrived, LenderDue: due})
		if shelf.Until.Before(arrived) || !opening.IsOpen(shelf.Until) {
			t.Fatalf("arrived %s, due %s: shelf ends %s", arrived, due, shelf.Until)
		}
		if shelf.Until.After(arrived) && due.DaysSince(shelf.Until) < 3 {
			t.Fatalf("arrived %s, due %s: shelf ends %s, too late to get home", arrived, due, shelf.Until)
		}
		patronDue := lending.ILLDueDate(document, policytest.At(arrived.String(), opening), rule.Match{Owner: rule.OwnerILL}, due).Due
		if patronDue.After(due) || !opening.IsOpen(patronDue) {
			t.Fatalf("lender's date %s became %s", due, patronDue)
		}
	})
}
