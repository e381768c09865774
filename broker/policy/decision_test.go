package policy_test

import (
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/policy/attributes"
	"afield/broker/policy/ill"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
	"afield/broker/policy/telling"
)

func TestWhatToTellAboutTheWaitAndTheArrival(t *testing.T) {
	t.Parallel()
	waits := map[string]attributes.Wait{
		"westport":         {FromDays: 7},
		"westchester":      {FromDays: 14, ToDays: rule.Some(28)},
		"western-district": {FromDays: 7, ToDays: rule.Some(21)},
	}
	for name, want := range waits {
		policytest.MustBe(t, name+" wait", ill.ExpectedWait(policytest.Preset(t, name), rule.Match{Owner: rule.OwnerILL}).Value, want)
	}
	for _, name := range []string{"westport", "westchester"} {
		policytest.MustBe(t, name+" tells by", telling.ArrivalNotice(policytest.Preset(t, name), rule.Match{Class: "resident"}).Value[0], "phone")
	}
}

func TestADecisionExplainsItself(t *testing.T) {
	t.Parallel()
	request := policytest.Asked(policytest.Adult(policytest.USD("5.00")))
	request.ActiveRequests = 3
	got := ill.MaySubmitILL(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), request).Explain()
	want := strings.Join([]string{
		"No: may not ask for an interlibrary loan.",
		"- Owes 5.00 USD. [blocks.ill_request]",
		"  needed: owes less than 5.00 USD",
		"  found: owes 5.00 USD",
		"  source: Westchester Public Library, Circulation Policies (revised 12/14/2017), Interlibrary loan; blocks: Good standing is needed to ask; 5.00 or more owed ends it.",
		"  may override: ill, director",
		"- Only 3 interlibrary loan requests may be active at a time. [ill.active_limit]",
		"  needed: fewer than 3 active requests",
		"  found: 3 active requests",
		"  source: Westchester Public Library, Circulation Policies (revised 12/14/2017), Interlibrary loan: Three active requests at a time. Active until the patron hands the item back or the request ends is our reading.",
		"  may override: ill, director",
	}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAnOverrideMustCoverEveryReason(t *testing.T) {
	t.Parallel()
	request := policytest.Asked(policytest.Adult(policytest.USD("5.00")))
	answer := ill.MaySubmitILL(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), request)
	policytest.MustBe(t, "desk alone", answer.OverridableBy([]string{"desk"}), false)
	policytest.MustBe(t, "ill", answer.OverridableBy([]string{"desk", "ill"}), true)
	request.Patron.CardStopped = true
	answer = ill.MaySubmitILL(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), request)
	policytest.MustBe(t, "a stopped card", answer.OverridableBy([]string{"desk", "ill", "director"}), false)
	if err := answer.Err("may_not_ask"); !broker.IsKind(err, broker.KindRefused) {
		t.Errorf("got %v, want a refusal with its reasons", err)
	}
}
