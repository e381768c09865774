package lending_test

import (
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
