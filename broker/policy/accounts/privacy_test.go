package accounts_test

import (
	"testing"
	"time"

	"afield/broker"
	"afield/broker/policy/accounts"
	"afield/broker/policy/policytest"
)

func TestHistoryIsForgottenWhenThePolicySaysSo(t *testing.T) {
	t.Parallel()
	document := policytest.Preset(t, "perth")
	at := policytest.Noon("2026-03-31")
	policytest.MustBe(t, "forgotten", accounts.ForgetReturnedBy(document, at, "resident").Value, broker.MustDate("2026-03-01"))
	at.Now = at.Now.Add(24 * time.Hour)
	policytest.MustBe(t, "a day later", accounts.ForgetReturnedBy(document, at, "resident").Value, broker.MustDate("2026-03-02"))
}
