package accounts_test

import (
	"testing"

	"afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

func TestAMinorsCardIsForWhoIsUnderEighteen(t *testing.T) {
	t.Parallel()
	guardian := policytest.Adult(policytest.USD("4.99"))
	apply := accounts.CardApplication{
		Class: "minor", Age: rule.Some(17), Guardian: &guardian,
		Met: []attributes.CardNeed{attributes.NeedGuardianSigns, attributes.NeedGuardianID, attributes.NeedProofOfAddress}, Shown: []string{"government_photo_id"},
	}
	western := policytest.Preset(t, "western-district")
	policytest.MustAllow(t, accounts.MayHaveCard(western, policytest.Noon("2026-03-02"), apply).Decision)
	apply.Age = rule.Some(18)
	policytest.MustRefuse(t, accounts.MayHaveCard(western, policytest.Noon("2026-03-02"), apply).Decision, "not_a_minor")
	// Somebody who has come of age meanwhile keeps the card, and may renew it.
	renewal := accounts.CardApplication{Class: "minor", Age: rule.Some(18), Renewal: true, Met: []attributes.CardNeed{attributes.NeedID}, Shown: []string{"government_photo_id"}}
	policytest.MustAllow(t, accounts.MayHaveCard(western, policytest.Noon("2026-03-02"), renewal).Decision)
}
