package blocks_test

import (
	"testing"

	"afield/broker/policy"
	"afield/broker/policy/blocks"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

// TestEveryOperatorAtItsThreshold walks each library's thresholds a cent below,
// at, and a cent above the amount.
func TestEveryOperatorAtItsThreshold(t *testing.T) {
	t.Parallel()
	// What may be done when owing the amount less a cent, exactly, and a cent more.
	type steps [3]bool
	below, atMost, always := steps{true, false, false}, steps{true, true, false}, steps{true, true, true}
	tests := []struct {
		library, amount string
		action          rule.Action
		want            steps
	}{
		{"westchester", "5.00", rule.ActionCheckout, below},
		{"westchester", "5.00", rule.ActionILLRequest, below},
		{"westchester", "5.00", rule.ActionHold, below},
		{"westchester", "5.00", rule.ActionSignForMinor, below},
		{"delaware", "5.00", rule.ActionCheckout, below},
		{"delaware", "5.00", rule.ActionComputer, below},
		{"delaware", "5.00", rule.ActionILLRequest, below},
		{"western-district", "5.00", rule.ActionCheckout, atMost},
		{"western-district", "5.00", rule.ActionILLRequest, atMost},
		{"western-district", "5.00", rule.ActionRenewOverdue, below},
		{"western-district", "5.00", rule.ActionSignForMinor, below},
		{"perth", "20.00", rule.ActionCheckout, atMost},
		{"perth", "20.00", rule.ActionILLRequest, atMost},
		{"westport", "5.00", rule.ActionCheckout, always},
		{"westport", "5.00", rule.ActionILLRequest, always},
	}
	for _, test := range tests {
		t.Run(test.library+" "+string(test.action), func(t *testing.T) {
			t.Parallel()
			document := policytest.Preset(t, test.library)
			for i, step := range []int64{-1, 0, 1} {
				owes := policytest.Money(test.amount, document.Currency())
				owes.Minor += step
				answer := blocks.MayAct(document, policytest.Noon("2026-03-02"), test.action, policytest.Adult(owes))
				if answer.Allowed != test.want[i] {
					t.Errorf("owing %s: allowed is %t, want %t\n%s", owes, answer.Allowed, test.want[i], answer.Explain())
				}
			}
		})
	}
}

func TestALatchFollowsTheBalance(t *testing.T) {
	t.Parallel()
	document := policytest.Preset(t, "perth")
	standing := func(rule, owes string, latched bool) bool {
		patron := policytest.Adult(policytest.CAD(owes))
		if latched {
			patron.Blocks = []policy.Block{{Latched: true, Rule: rule}}
		}
		for _, latch := range blocks.Latches(document, patron) {
			if latch.Rule == rule {
				return latch.Blocked
			}
		}
		t.Errorf("Perth's %s has no latch", rule)
		return false
	}
	for _, rule := range []string{"blocks.checkout", "blocks.ill_request"} {
		policytest.MustBe(t, rule+" at 20.00 before", standing(rule, "20.00", false), false)
		policytest.MustBe(t, rule+" at 20.01", standing(rule, "20.01", false), true)
		policytest.MustBe(t, rule+" paid down to 20.00", standing(rule, "20.00", true), true)
		policytest.MustBe(t, rule+" paid down to 0.01", standing(rule, "0.01", true), true)
		policytest.MustBe(t, rule+" settled", standing(rule, "0.00", true), false)
	}
	policytest.MustBe(t, "latches of a library without a way out of its own", len(blocks.Latches(policytest.Preset(t, "westchester"), policytest.Adult(policytest.USD("9.00")))), 0)
}

func TestLongOverdueBlocksFromItsDayOn(t *testing.T) {
	t.Parallel()
	patron := policytest.Adult(policytest.CAD("0.00"))
	patron.DaysOverdue = 29
	policytest.MustAllow(t, policytest.Checkout(t, "perth", patron))
	patron.DaysOverdue = 30
	policytest.MustRefuse(t, policytest.Checkout(t, "perth", patron), "long_overdue")
}

func TestPER3WhatWasLongOverdueBlocksUntilTheAccountIsCleared(t *testing.T) {
	t.Parallel()
	perth := policytest.Preset(t, "perth")
	stands := func(daysOverdue int, owes string, latched bool) bool {
		patron := policytest.Adult(policytest.CAD(owes))
		patron.DaysOverdue = daysOverdue
		if latched {
			patron.Blocks = []policy.Block{{Latched: true, Rule: "blocks.long_overdue"}}
		}
		for _, latch := range blocks.Latches(perth, patron) {
			if latch.Rule == "blocks.long_overdue" {
				return latch.Blocked
			}
		}
		t.Fatal("the rule latches nothing")
		return false
	}
	policytest.MustBe(t, "29 days late", stands(29, "7.00", false), false)
	policytest.MustBe(t, "30 days late", stands(30, "7.00", false), true)
	policytest.MustBe(t, "30 days late, and nothing owed", stands(30, "0.00", false), false)
	policytest.MustBe(t, "back, a cent owed", stands(0, "0.01", true), true)
	policytest.MustBe(t, "back, settled", stands(0, "0.00", true), false)

	patron := policytest.Adult(policytest.CAD("0.01"))
	patron.Blocks = []policy.Block{{Latched: true, Rule: "blocks.long_overdue"}}
	policytest.MustRefuse(t, policytest.Checkout(t, "perth", patron), "long_overdue")
	patron.Owes = policy.OwedInAll(policytest.CAD("0.00"))
	policytest.MustAllow(t, policytest.Checkout(t, "perth", patron))
}

func TestOnlyTheNamedKindsOfChargeCount(t *testing.T) {
	t.Parallel()
	document := policytest.Parsed(t, `
  blocks.checkout:
    value: {blocked_when: ">=", amount: "5.00", counts: [overdue, lost]}
    clause: {section: A, says: fines and lost items}
`)
	patron := policy.Patron{Owes: policy.Owed{"overdue": policytest.USD("4.99"), "print": policytest.USD("10.00")}}
	policytest.MustAllow(t, blocks.MayAct(document, policytest.Noon("2026-03-02"), rule.ActionCheckout, patron))
	patron.Owes["lost"] = policytest.USD("0.01")
	policytest.MustRefuse(t, blocks.MayAct(document, policytest.Noon("2026-03-02"), rule.ActionCheckout, patron), "owes_too_much")
}

func TestABlockOfTheParentReachesTheChildrenAndNotTheOtherWay(t *testing.T) {
	t.Parallel()
	blocked := []policy.Block{{Why: "false registration"}}
	child := policytest.Adult(policytest.USD("0.00"))
	child.Linked = []policy.LinkedAccount{{Parent: true, Blocks: blocked}}
	policytest.MustRefuse(t, policytest.Checkout(t, "westchester", child), "linked_account_blocked")
	parent := policytest.Adult(policytest.USD("0.00"))
	parent.Linked = []policy.LinkedAccount{{Blocks: blocked}}
	policytest.MustAllow(t, policytest.Checkout(t, "westchester", parent))
}

func TestOnlyTheNamedOwnersItemsCountAsLate(t *testing.T) {
	t.Parallel()
	document := policytest.Parsed(t, `
  blocks.long_overdue:
    value: {days: 1, stops: [hold], owners: [ill]}
    clause: {section: A, says: borrowed copies alone}
`)
	patron := policytest.Adult(policytest.USD("0.00"))
	patron.DaysOverdue, patron.OverdueOf = 9, map[rule.Owner]int{rule.OwnerOwn: 9}
	policytest.MustAllow(t, blocks.MayAct(document, policytest.Noon("2026-03-02"), rule.ActionHold, patron))
	patron.OverdueOf[rule.OwnerILL] = 1
	policytest.MustRefuse(t, blocks.MayAct(document, policytest.Noon("2026-03-02"), rule.ActionHold, patron), "long_overdue")
}
