package policy_test

import (
	"testing"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
)

func TestAFineNeverFallsWithTimeNorPassesItsCap(t *testing.T) {
	t.Parallel()
	opening := closedSundays(t, "2026-03-17", "2026-04-03")
	libraries := []string{"westport", "westchester", "delaware", "western-district", "perth"}
	rapid.Check(t, func(t *rapid.T) {
		document := shippedByName(t, rapid.SampledFrom(libraries).Draw(t, "library"))
		item := rapid.SampledFrom([]string{"book", "dvd", "hotspot", "language"}).Draw(t, "item")
		terms := costs.ResolveTerms(document, ofType(rapid.SampledFrom([]rule.Owner{rule.OwnerOwn, rule.OwnerILL}).Draw(t, "owner"), item))
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
	opening := closedSundays(t)
	rapid.Check(t, func(t *rapid.T) {
		terms := costs.ResolveTerms(shippedByName(t, "delaware"), ofType(rule.OwnerOwn, "dvd"))
		due := broker.MustDate("2026-03-02")
		posted := costs.Posted{Charged: usd("0.00"), Adjusted: usd("0.00")}
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

func TestAPaymentIsLaidOutToTheCent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cents := func(most int64) broker.Money {
			return broker.Money{Minor: rapid.Int64Range(0, most).Draw(t, "cents"), Currency: "USD"}
		}
		owed := make([]broker.Money, rapid.IntRange(0, 6).Draw(t, "charges"))
		for i := range owed {
			owed[i] = cents(2000)
		}
		payment := cents(9000)
		how := rapid.SampledFrom([]attributes.PaymentSplit{attributes.SplitEvenly, attributes.SplitOldest}).Draw(t, "how")
		parts, left := costs.SplitPayment(how, payment, owed)
		sum := left.Minor
		for i := range parts {
			if parts[i].Minor < 0 || parts[i].Minor > owed[i].Minor {
				t.Fatalf("charge %d of %s was paid %s", i, owed[i], parts[i])
			}
			sum += parts[i].Minor
			if left.Minor > 0 && parts[i] != owed[i] {
				t.Fatalf("%s is left although %s of %s is unpaid", left, parts[i], owed[i])
			}
		}
		if sum != payment.Minor || left.Minor < 0 {
			t.Fatalf("%s came to %d cents", payment, sum)
		}
	})
}

func TestADueDateNeverFallsOnAClosedDay(t *testing.T) {
	t.Parallel()
	opening := closedSundays(t, "2026-03-17", "2026-03-23", "2026-04-03")
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"westchester", "delaware", "western-district", "perth"}).Draw(t, "library")
		day := broker.MustDate("2026-02-20").AddDays(rapid.IntRange(0, 60).Draw(t, "day"))
		item := rapid.SampledFrom([]string{"book", "dvd", "museum_pass"}).Draw(t, "item")
		moment := policy.Moment{Now: day.At(12, 0, opening.Zone()), Calendar: opening}
		for _, due := range []broker.Date{
			lending.DueDate(shippedByName(t, name), moment, own(item)).Value,
			lending.RenewalDue(shippedByName(t, name), moment, own(item), day).Value,
		} {
			if !opening.IsOpen(due) || due.Before(day) {
				t.Fatalf("%s: %s lent on %s is due on %s, when it is closed or past", name, item, day, due)
			}
		}
	})
}

// shippedByName gives a preset inside a property.
func shippedByName(t *rapid.T, name string) *policy.Document {
	documents, err := shipped()
	if err != nil || documents[name] == nil {
		t.Fatalf("no preset called %s: %v", name, err)
	}
	return documents[name]
}
