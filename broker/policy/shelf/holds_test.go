package shelf_test

import (
	"testing"

	"afield/broker"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
)

func TestHoldLimitAndFormats(t *testing.T) {
	t.Parallel()
	library := policytest.Preset(t, "westchester")
	hold := shelf.HoldRequest{Patron: policytest.Adult(policytest.USD("0.00")), Owner: rule.OwnerOwn, Format: broker.FormatBook, OpenHolds: 4}
	policytest.MustAllow(t, shelf.MayPlaceHold(library, policytest.Noon("2026-03-02"), hold))
	hold.OpenHolds, hold.Format = 5, broker.FormatDVD
	policytest.MustRefuse(t, shelf.MayPlaceHold(library, policytest.Noon("2026-03-02"), hold), "hold_limit_reached", "format_not_holdable")
}
