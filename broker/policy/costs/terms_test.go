package costs_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

func TestALoanKeepsItsTermsAsJSON(t *testing.T) {
	t.Parallel()
	for _, name := range policy.Presets() {
		document := policytest.Preset(t, name)
		facts := policytest.OfType(rule.OwnerILL, "book")
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
		policytest.MustBe(t, name+" version", back.Version, document.Version())
	}
}
