package lending_test

import (
	"slices"
	"testing"

	"afield/broker"
	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

func TestCheckOutGivesEveryReason(t *testing.T) {
	t.Parallel()
	facts := lending.Checkout{
		Patron: policytest.Adult(policytest.USD("5.00")), Owner: rule.OwnerILL, Item: "book", HeldForOther: true,
		LenderDue: broker.MustDate("2026-03-01"),
	}
	answer := lending.MayCheckOut(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), facts)
	policytest.MustRefuse(t, answer, "owes_too_much", "not_lendable", "held_for_other", "lender_due_passed")
	facts.Patron, facts.HeldForOther, facts.Lendable, facts.LenderDue = policytest.Adult(policytest.USD("4.99")), false, true, broker.MustDate("2026-03-02")
	policytest.MustAllow(t, lending.MayCheckOut(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), facts))
}

// Where the library sets no period of its own, a due date must be entered, unless
// the one who sets it has said it.
func TestWhoeverSetsThePeriodHasSaidTheDueDate(t *testing.T) {
	t.Parallel()
	due := broker.MustDate("2026-03-20")
	for _, test := range []struct {
		set, needed string
		facts       lending.Checkout
	}{
		{"library", "", lending.Checkout{Owner: rule.OwnerOwn}},
		{"provider", "due_date_needed", lending.Checkout{Owner: rule.OwnerOwn}},
		{"provider", "", lending.Checkout{Owner: rule.OwnerOwn, Due: due}},
		{"provider", "due_date_needed", lending.Checkout{Owner: rule.OwnerILL, LenderDue: due}},
		{"lender", "due_date_needed", lending.Checkout{Owner: rule.OwnerOwn}},
		{"lender", "", lending.Checkout{Owner: rule.OwnerOwn, LenderDue: due}},
		{"lender", "", lending.Checkout{Owner: rule.OwnerOwn, Due: due}},
		{"lender", "", lending.Checkout{Owner: rule.OwnerILL, LenderDue: due}},
		{"lender", "", lending.Checkout{Owner: rule.OwnerILL}},
	} {
		test.facts.Patron, test.facts.Item, test.facts.Lendable = policytest.Adult(policytest.USD("0.00")), "book", true
		document := policytest.WithRules(t, "loans.period_set_by", test.set)
		answer := lending.MayCheckOut(document, policytest.Noon("2026-03-02"), test.facts)
		if asked := slices.ContainsFunc(answer.Reasons, func(r broker.Reason) bool { return r.Code == "due_date_needed" }); asked != (test.needed != "") {
			t.Errorf("set by the %s, %+v: %v", test.set, test.facts, answer.Reasons)
		}
	}
}
