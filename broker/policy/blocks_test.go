package policy_test

import (
	"testing"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/blocks"
	"afield/broker/policy/ill"
	"afield/broker/policy/lending"
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
			document := preset(t, test.library)
			for i, step := range []int64{-1, 0, 1} {
				owes := money(test.amount, document.Currency())
				owes.Minor += step
				answer := blocks.MayAct(document, noon("2026-03-02"), test.action, adult(owes))
				if answer.Allowed != test.want[i] {
					t.Errorf("owing %s: allowed is %t, want %t\n%s", owes, answer.Allowed, test.want[i], answer.Explain())
				}
			}
		})
	}
}

// checkout asks whether a patron may take a book of the library's own.
func checkout(t *testing.T, library string, patron policy.Patron) policy.Decision {
	t.Helper()
	return lending.MayCheckOut(preset(t, library), noon("2026-03-02"), lending.Checkout{Patron: patron, Owner: rule.OwnerOwn, Item: "book", Lendable: true})
}

func TestBlockCases(t *testing.T) {
	t.Parallel()
	for id, check := range blockCases() {
		t.Run(id, func(t *testing.T) { t.Parallel(); check(t) })
	}
}

// blockCases are the cases of area blocks that a decision about one patron
// answers.
func blockCases() map[string]func(t *testing.T) {
	latched := []policy.Block{{Latched: true, Rule: "blocks.checkout"}}
	linked := func(parentOwes, siblingOwes string) policy.Patron {
		patron := adult(usd("0.00"))
		patron.Linked = []policy.LinkedAccount{{Parent: true, Owes: policy.OwedInAll(usd(parentOwes))}, {Owes: policy.OwedInAll(usd(siblingOwes))}}
		return patron
	}
	return map[string]func(t *testing.T){
		"BLK-01": func(t *testing.T) { mustAllow(t, checkout(t, "westchester", adult(usd("4.99")))) },
		"BLK-02": func(t *testing.T) { mustRefuse(t, checkout(t, "westchester", adult(usd("5.00"))), "owes_too_much") },
		"BLK-03": func(t *testing.T) {
			mustRefuse(t, checkout(t, "delaware", adult(usd("5.00"))), "owes_too_much")
			mustRefuse(t, blocks.MayAct(preset(t, "delaware"), noon("2026-03-02"), rule.ActionComputer, adult(usd("5.00"))), "owes_too_much")
		},
		"BLK-04": func(t *testing.T) { mustAllow(t, checkout(t, "delaware", adult(usd("4.99")))) },
		"BLK-05": func(t *testing.T) { fourActions(t, "5.00", [4]bool{true, true, false, false}) },
		"BLK-06": func(t *testing.T) { fourActions(t, "5.01", [4]bool{false, false, false, false}) },
		"BLK-07": func(t *testing.T) {
			patron := policy.Patron{Class: "resident", Owes: policy.Owed{"overdue": usd("4.95"), "print": usd("0.25")}}
			answer := checkout(t, "western-district", patron)
			mustRefuse(t, answer, "owes_too_much")
			mustBe(t, "found", answer.Reasons[0].Found, "owes 5.20 USD")
		},
		"BLK-08": func(t *testing.T) { mustAllow(t, checkout(t, "perth", adult(cad("20.00")))) },
		"BLK-09": func(t *testing.T) { mustRefuse(t, checkout(t, "perth", adult(cad("20.01"))), "owes_too_much") },
		"BLK-10": func(t *testing.T) {
			patron := adult(cad("10.00"))
			mustAllow(t, checkout(t, "perth", patron)) // never crossed it
			patron.Blocks = latched
			mustRefuse(t, checkout(t, "perth", patron), "owes_too_much")
		},
		"BLK-11": func(t *testing.T) {
			patron := adult(cad("0.00"))
			patron.Blocks = latched
			mustAllow(t, checkout(t, "perth", patron))
			patron.Owes = policy.OwedInAll(cad("0.01"))
			mustRefuse(t, checkout(t, "perth", patron), "owes_too_much")
		},
		"BLK-12": func(t *testing.T) {
			patron := adult(cad("0.00"))
			patron.CardExpires = broker.MustDate("2026-03-01")
			mustRefuse(t, checkout(t, "perth", patron), "card_expired")
		},
		"BLK-13": func(t *testing.T) {
			// The sibling sees the child's debt through the link group.
			mustRefuse(t, checkout(t, "westchester", linked("0.00", "5.00")), "linked_account_blocked")
			mustRefuse(t, checkout(t, "westchester", linked("5.00", "0.00")), "linked_account_blocked")
		},
		"BLK-14": func(t *testing.T) { mustAllow(t, checkout(t, "westchester", linked("3.00", "3.00"))) },
		"BLK-15": func(t *testing.T) { mustAllow(t, checkout(t, "westchester", linked("0.00", "4.99"))) },
		"BLK-23": func(t *testing.T) {
			patron := adult(usd("0.00"))
			patron.CardExpires = broker.MustDate("2026-03-02")
			mustAllow(t, checkout(t, "westport", patron))
		},
		"BLK-26": func(t *testing.T) {
			patron := adult(usd("0.00"))
			patron.Blocks = []policy.Block{{Stops: []rule.Action{rule.ActionILLRequest}, Why: "interlibrary loan suspended"}}
			mustAllow(t, checkout(t, "delaware", patron))
			mustRefuse(t, ill.MaySubmitILL(preset(t, "delaware"), noon("2026-03-02"), asked(patron)).Decision, "blocked")
		},
		"BLK-27": func(t *testing.T) {
			patron := adult(usd("0.00"))
			patron.Blocks = []policy.Block{{Until: broker.MustDate("2026-03-01")}}
			mustAllow(t, checkout(t, "westchester", patron))
			patron.Blocks[0].Until = broker.MustDate("2026-03-02")
			answer := checkout(t, "westchester", patron)
			mustRefuse(t, answer, "blocked")
			if passes := answer.Reasons[0].PassesAt; passes == nil || passes.Format("2006-01-02") != "2026-03-03" {
				t.Errorf("passes at %v, want the day after its last", passes)
			}
		},
		"BLK-30": func(t *testing.T) {
			renewal := lending.Renewal{
				Patron: adult(usd("0.00")), Owner: rule.OwnerOwn, Item: "book",
				Due: broker.MustDate("2026-03-09"), Renewals: 2, Recalled: true,
			}
			renewal.Patron.Blocks = []policy.Block{{Why: "blocked by staff"}}
			answer := lending.MayAskRenewal(preset(t, "western-district"), noon("2026-03-02"), renewal)
			mustRefuse(t, answer.Decision, "renewal_limit_reached", "recalled", "blocked")
		},
	}
}

// fourActions asks Western District about checkout, ILL, renewing an overdue
// item and signing for a minor.
func fourActions(t *testing.T, owes string, want [4]bool) {
	t.Helper()
	document, patron := preset(t, "western-district"), adult(usd(owes))
	renewal := lending.Renewal{Patron: patron, Owner: rule.OwnerOwn, Item: "book", Due: broker.MustDate("2026-03-01")}
	got := [4]bool{
		checkout(t, "western-district", patron).Allowed,
		ill.MaySubmitILL(document, noon("2026-03-02"), asked(patron)).Allowed,
		lending.MayAskRenewal(document, noon("2026-03-02"), renewal).Allowed,
		blocks.MayAct(document, noon("2026-03-02"), rule.ActionSignForMinor, patron).Allowed,
	}
	mustBe(t, "checkout, ill, renew overdue, sign", got, want)
}

func TestALatchFollowsTheBalance(t *testing.T) {
	t.Parallel()
	document := preset(t, "perth")
	standing := func(rule, owes string, latched bool) bool {
		patron := adult(cad(owes))
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
		mustBe(t, rule+" at 20.00 before", standing(rule, "20.00", false), false)
		mustBe(t, rule+" at 20.01", standing(rule, "20.01", false), true)
		mustBe(t, rule+" paid down to 20.00", standing(rule, "20.00", true), true)
		mustBe(t, rule+" paid down to 0.01", standing(rule, "0.01", true), true)
		mustBe(t, rule+" settled", standing(rule, "0.00", true), false)
	}
	mustBe(t, "latches of a library without a way out of its own", len(blocks.Latches(preset(t, "westchester"), adult(usd("9.00")))), 0)
}

func TestLongOverdueBlocksFromItsDayOn(t *testing.T) {
	t.Parallel()
	patron := adult(cad("0.00"))
	patron.DaysOverdue = 29
	mustAllow(t, checkout(t, "perth", patron))
	patron.DaysOverdue = 30
	mustRefuse(t, checkout(t, "perth", patron), "long_overdue")
}

func TestPER3WhatWasLongOverdueBlocksUntilTheAccountIsCleared(t *testing.T) {
	t.Parallel()
	perth := preset(t, "perth")
	stands := func(daysOverdue int, owes string, latched bool) bool {
		patron := adult(cad(owes))
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
	mustBe(t, "29 days late", stands(29, "7.00", false), false)
	mustBe(t, "30 days late", stands(30, "7.00", false), true)
	mustBe(t, "30 days late, and nothing owed", stands(30, "0.00", false), false)
	mustBe(t, "back, a cent owed", stands(0, "0.01", true), true)
	mustBe(t, "back, settled", stands(0, "0.00", true), false)

	patron := adult(cad("0.01"))
	patron.Blocks = []policy.Block{{Latched: true, Rule: "blocks.long_overdue"}}
	mustRefuse(t, checkout(t, "perth", patron), "long_overdue")
	patron.Owes = policy.OwedInAll(cad("0.00"))
	mustAllow(t, checkout(t, "perth", patron))
}

func TestOnlyTheNamedKindsOfChargeCount(t *testing.T) {
	t.Parallel()
	document := parsed(t, `
  blocks.checkout:
    value: {blocked_when: ">=", amount: "5.00", counts: [overdue, lost]}
    clause: {section: A, says: fines and lost items}
`)
	patron := policy.Patron{Owes: policy.Owed{"overdue": usd("4.99"), "print": usd("10.00")}}
	mustAllow(t, blocks.MayAct(document, noon("2026-03-02"), rule.ActionCheckout, patron))
	patron.Owes["lost"] = usd("0.01")
	mustRefuse(t, blocks.MayAct(document, noon("2026-03-02"), rule.ActionCheckout, patron), "owes_too_much")
}

func TestABlockOfTheParentReachesTheChildrenAndNotTheOtherWay(t *testing.T) {
	t.Parallel()
	blocked := []policy.Block{{Why: "false registration"}}
	child := adult(usd("0.00"))
	child.Linked = []policy.LinkedAccount{{Parent: true, Blocks: blocked}}
	mustRefuse(t, checkout(t, "westchester", child), "linked_account_blocked")
	parent := adult(usd("0.00"))
	parent.Linked = []policy.LinkedAccount{{Blocks: blocked}}
	mustAllow(t, checkout(t, "westchester", parent))
}
