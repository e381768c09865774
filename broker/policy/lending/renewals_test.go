package lending_test

import (
	"testing"

	"afield/broker"
	"afield/broker/policy/attributes"
	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

func TestRenewalIsAskedInItsWindow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, library, day string
		change             func(*lending.Renewal)
		want               []string
	}{
		{"four days before", "western-district", "2026-08-18", nil, nil},
		{"three days before", "western-district", "2026-08-19", nil, nil},
		{"two days before", "western-district", "2026-08-20", nil, []string{"renewal_window_passed"}},
		{"on the due date where the text is silent", "westport", "2026-08-22", nil, nil},
		{"a day after", "westport", "2026-08-23", nil, []string{"renewal_window_passed"}},
		{"already asked", "westport", "2026-08-01", func(r *lending.Renewal) { r.Pending = true }, []string{"renewal_pending"}},
		{"recalled and too late", "western-district", "2026-08-20", func(r *lending.Renewal) { r.Recalled = true }, []string{"recalled", "renewal_window_passed"}},
		{"second renewal counts from the date now", "western-district", "2026-08-19", func(r *lending.Renewal) { r.InitialDue = broker.MustDate("2026-07-22") }, nil},
		{"the lender may say yes for the fifth time", "westchester", "2026-08-01", func(r *lending.Renewal) { r.Renewals = 4 }, nil},
	}
	for _, test := range tests {
		t.Run(test.library+": "+test.name, func(t *testing.T) {
			t.Parallel()
			renewal := policytest.BorrowedUntil("2026-08-22")
			if test.change != nil {
				test.change(&renewal)
			}
			answer := lending.MayAskRenewal(policytest.Preset(t, test.library), policytest.Noon(test.day), renewal)
			policytest.MustBe(t, "decided by", answer.DecidedBy, attributes.SetByLender)
			if test.want == nil {
				policytest.MustAllow(t, answer.Decision)
				return
			}
			policytest.MustRefuse(t, answer.Decision, test.want...)
		})
	}
}

func TestOwnItemsAreRenewedAsOftenAsTheirTypeSays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		library, item, age string
		renewals           int
		want               bool
	}{
		{"westchester", "book", "", 0, true},
		{"westchester", "book", "", 1, false},
		{"westchester", "book", "new", 0, false},
		{"westchester", "dvd", "", 0, false},
		{"delaware", "dvd", "", 2, true},
		{"delaware", "dvd", "", 3, false},
		{"delaware", "book", "high_demand", 0, false},
		{"western-district", "book", "", 1, true},
		{"western-district", "book", "", 2, false},
		{"western-district", "hotspot", "", 0, false},
		{"perth", "book", "", 1, true},
		{"perth", "book", "", 2, false},
	}
	for _, test := range tests {
		renewal := lending.Renewal{
			Patron: policytest.Adult(broker.Money{}), Owner: rule.OwnerOwn, Item: test.item, Age: test.age,
			Due: broker.MustDate("2026-03-09"), Renewals: test.renewals,
		}
		answer := lending.MayAskRenewal(policytest.Preset(t, test.library), policytest.Noon("2026-03-02"), renewal)
		policytest.MustBe(t, test.library+" "+test.item+" "+test.age, answer.Allowed, test.want)
	}
}

// The night looks for loans to be renewed by themselves as far ahead as any rule
// asks, and not at all where none does.
func TestHowFarAheadTheNightLooksForRenewals(t *testing.T) {
	t.Parallel()
	if days, has := lending.AutoRenewAtMost(policytest.WithRules(t, "loans.auto_renew_days", "none")); has || days != 0 {
		t.Errorf("nothing is renewed by itself, and it looks %d days ahead (%v)", days, has)
	}
	if days, has := lending.AutoRenewAtMost(policytest.WithRules(t, "loans.auto_renew_days", "0")); !has || days != 0 {
		t.Errorf("renewed on the day: it looks %d days ahead (%v)", days, has)
	}
	if days, has := lending.AutoRenewAtMost(policytest.WithRules(t, "loans.auto_renew_days", "3")); !has || days != 3 {
		t.Errorf("renewed three days before: it looks %d days ahead (%v)", days, has)
	}
}
