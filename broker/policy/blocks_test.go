package policy_test

import (
	"testing"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/blocks"
	"afield/broker/policy/ill"
	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

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
		patron := policytest.Adult(policytest.USD("0.00"))
		patron.Linked = []policy.LinkedAccount{{Parent: true, Owes: policy.OwedInAll(policytest.USD(parentOwes))}, {Owes: policy.OwedInAll(policytest.USD(siblingOwes))}}
		return patron
	}
	return map[string]func(t *testing.T){
		"BLK-01": func(t *testing.T) {
			policytest.MustAllow(t, policytest.Checkout(t, "westchester", policytest.Adult(policytest.USD("4.99"))))
		},
		"BLK-02": func(t *testing.T) {
			policytest.MustRefuse(t, policytest.Checkout(t, "westchester", policytest.Adult(policytest.USD("5.00"))), "owes_too_much")
		},
		"BLK-03": func(t *testing.T) {
			policytest.MustRefuse(t, policytest.Checkout(t, "delaware", policytest.Adult(policytest.USD("5.00"))), "owes_too_much")
			policytest.MustRefuse(t, blocks.MayAct(policytest.Preset(t, "delaware"), policytest.Noon("2026-03-02"), rule.ActionComputer, policytest.Adult(policytest.USD("5.00"))), "owes_too_much")
		},
		"BLK-04": func(t *testing.T) {
			policytest.MustAllow(t, policytest.Checkout(t, "delaware", policytest.Adult(policytest.USD("4.99"))))
		},
		"BLK-05": func(t *testing.T) { fourActions(t, "5.00", [4]bool{true, true, false, false}) },
		"BLK-06": func(t *testing.T) { fourActions(t, "5.01", [4]bool{false, false, false, false}) },
		"BLK-07": func(t *testing.T) {
			patron := policy.Patron{Class: "resident", Owes: policy.Owed{"overdue": policytest.USD("4.95"), "print": policytest.USD("0.25")}}
			answer := policytest.Checkout(t, "western-district", patron)
			policytest.MustRefuse(t, answer, "owes_too_much")
			policytest.MustBe(t, "found", answer.Reasons[0].Found, "owes 5.20 USD")
		},
		"BLK-08": func(t *testing.T) {
			policytest.MustAllow(t, policytest.Checkout(t, "perth", policytest.Adult(policytest.CAD("20.00"))))
		},
		"BLK-09": func(t *testing.T) {
			policytest.MustRefuse(t, policytest.Checkout(t, "perth", policytest.Adult(policytest.CAD("20.01"))), "owes_too_much")
		},
		"BLK-10": func(t *testing.T) {
			patron := policytest.Adult(policytest.CAD("10.00"))
			policytest.MustAllow(t, policytest.Checkout(t, "perth", patron)) // never crossed it
			patron.Blocks = latched
			policytest.MustRefuse(t, policytest.Checkout(t, "perth", patron), "owes_too_much")
		},
		"BLK-11": func(t *testing.T) {
			patron := policytest.Adult(policytest.CAD("0.00"))
			patron.Blocks = latched
			policytest.MustAllow(t, policytest.Checkout(t, "perth", patron))
			patron.Owes = policy.OwedInAll(policytest.CAD("0.01"))
			policytest.MustRefuse(t, policytest.Checkout(t, "perth", patron), "owes_too_much")
		},
		"BLK-12": func(t *testing.T) {
			patron := policytest.Adult(policytest.CAD("0.00"))
			patron.CardExpires = broker.MustDate("2026-03-01")
			policytest.MustRefuse(t, policytest.Checkout(t, "perth", patron), "card_expired")
		},
		"BLK-13": func(t *testing.T) {
			// The sibling sees the child's debt through the link group.
			policytest.MustRefuse(t, policytest.Checkout(t, "westchester", linked("0.00", "5.00")), "linked_account_blocked")
			policytest.MustRefuse(t, policytest.Checkout(t, "westchester", linked("5.00", "0.00")), "linked_account_blocked")
		},
		"BLK-14": func(t *testing.T) {
			policytest.MustAllow(t, policytest.Checkout(t, "westchester", linked("3.00", "3.00")))
		},
		"BLK-15": func(t *testing.T) {
			policytest.MustAllow(t, policytest.Checkout(t, "westchester", linked("0.00", "4.99")))
		},
		"BLK-23": func(t *testing.T) {
			patron := policytest.Adult(policytest.USD("0.00"))
			patron.CardExpires = broker.MustDate("2026-03-02")
			policytest.MustAllow(t, policytest.Checkout(t, "westport", patron))
		},
		"BLK-26": func(t *testing.T) {
			patron := policytest.Adult(policytest.USD("0.00"))
			patron.Blocks = []policy.Block{{Stops: []rule.Action{rule.ActionILLRequest}, Why: "interlibrary loan suspended"}}
			policytest.MustAllow(t, policytest.Checkout(t, "delaware", patron))
			policytest.MustRefuse(t, ill.MaySubmitILL(policytest.Preset(t, "delaware"), policytest.Noon("2026-03-02"), policytest.Asked(patron)).Decision, "blocked")
		},
		"BLK-27": func(t *testing.T) {
			patron := policytest.Adult(policytest.USD("0.00"))
			patron.Blocks = []policy.Block{{Until: broker.MustDate("2026-03-01")}}
			policytest.MustAllow(t, policytest.Checkout(t, "westchester", patron))
			patron.Blocks[0].Until = broker.MustDate("2026-03-02")
			answer := policytest.Checkout(t, "westchester", patron)
			policytest.MustRefuse(t, answer, "blocked")
			if passes := answer.Reasons[0].PassesAt; passes == nil || passes.Format("2006-01-02") != "2026-03-03" {
				t.Errorf("passes at %v, want the day after its last", passes)
			}
		},
		"BLK-30": func(t *testing.T) {
			renewal := lending.Renewal{
				Patron: policytest.Adult(policytest.USD("0.00")), Owner: rule.OwnerOwn, Item: "book",
				Due: broker.MustDate("2026-03-09"), Renewals: 2, Recalled: true,
			}
			renewal.Patron.Blocks = []policy.Block{{Why: "blocked by staff"}}
			answer := lending.MayAskRenewal(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), renewal)
			policytest.MustRefuse(t, answer.Decision, "renewal_limit_reached", "recalled", "blocked")
		},
	}
}

// fourActions asks Western District about checkout, ILL, renewing an overdue
// item and signing for a minor.
func fourActions(t *testing.T, owes string, want [4]bool) {
	t.Helper()
	document, patron := policytest.Preset(t, "western-district"), policytest.Adult(policytest.USD(owes))
	renewal := lending.Renewal{Patron: patron, Owner: rule.OwnerOwn, Item: "book", Due: broker.MustDate("2026-03-01")}
	got := [4]bool{
		policytest.Checkout(t, "western-district", patron).Allowed,
		ill.MaySubmitILL(document, policytest.Noon("2026-03-02"), policytest.Asked(patron)).Allowed,
		lending.MayAskRenewal(document, policytest.Noon("2026-03-02"), renewal).Allowed,
		blocks.MayAct(document, policytest.Noon("2026-03-02"), rule.ActionSignForMinor, patron).Allowed,
	}
	policytest.MustBe(t, "checkout, ill, renew overdue, sign", got, want)
}
