package lending_test

import (
	"testing"

	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
)

func TestAReturnAtHomeWarnsOfNothing(t *testing.T) {
	t.Parallel()
	if place := lending.ReturnPlaceOf(policytest.Preset(t, "western-district"), true); place.Warn != nil || place.SendToBorrower {
		t.Errorf("got %+v, want no warning", place)
	}
}
