package costs_test

import (
	"testing"

	"afield/broker"
	"afield/broker/policy/costs"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

func TestLostBorrowedItems(t *testing.T) {
	t.Parallel()
	library := policytest.Preset(t, "western-district")
	policytest.MustBe(t, "search from the due date", costs.SearchUntil(library, broker.MustDate("2026-03-02"), broker.Date{}).Value, broker.MustDate("2026-04-01"))
	policytest.MustBe(t, "search from an earlier report", costs.SearchUntil(library, broker.MustDate("2026-03-02"), broker.MustDate("2026-02-20")).Value, broker.MustDate("2026-03-22"))
	policytest.MustBe(t, "no such time elsewhere", costs.SearchUntil(policytest.Preset(t, "perth"), broker.MustDate("2026-03-02"), broker.Date{}).Value, broker.Date{})
	policytest.MustRefuse(t, costs.MayRefundILL(library, policytest.Noon("2026-03-02"), rule.Match{Owner: rule.OwnerILL}, true), "no_ill_refund")
	policytest.MustRefuse(t, costs.MayRefundILL(policytest.Preset(t, "perth"), policytest.Noon("2026-03-02"), rule.Match{Owner: rule.OwnerILL}, false), "lender_has_not_refunded")
	policytest.MustAllow(t, costs.MayRefundILL(policytest.Preset(t, "perth"), policytest.Noon("2026-03-02"), rule.Match{Owner: rule.OwnerILL}, true))
	policytest.MustRefuse(t, costs.MayDonateInLieu(library, policytest.Noon("2026-03-02"), rule.Match{Owner: rule.OwnerILL}), "no_donation_in_lieu")
	if _, err := costs.LostILLCharge(policytest.Preset(t, "perth"), policytest.USD("10.00")); !broker.IsKind(err, broker.KindRefused) {
		t.Errorf("an invoice in another currency gave %v, want a refusal", err)
	}
}
