package policy_test

import (
	"testing"

	"afield/broker/policy"
)

func TestAMinorsCardIsForWhoIsUnderEighteen(t *testing.T) {
	t.Parallel()
	guardian := adult(usd("4.99"))
	apply := policy.CardApplication{
		Class: "minor", Age: policy.Some(17), Guardian: &guardian,
		Met: []policy.CardNeed{policy.NeedGuardianSigns, policy.NeedGuardianID, policy.NeedProofOfAddress}, Shown: []string{"government_photo_id"},
	}
	western := preset(t, "western-district")
	mustAllow(t, western.MayHaveCard(noon("2026-03-02"), apply).Decision)
	apply.Age = policy.Some(18)
	mustRefuse(t, western.MayHaveCard(noon("2026-03-02"), apply).Decision, "not_a_minor")
	// Who has come of age meanwhile keeps the card, and may renew it.
	renewal := policy.CardApplication{Class: "minor", Age: policy.Some(18), Renewal: true, Met: []policy.CardNeed{policy.NeedID}, Shown: []string{"government_photo_id"}}
	mustAllow(t, western.MayHaveCard(noon("2026-03-02"), renewal).Decision)
}
