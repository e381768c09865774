package ledger_test

import (
	"slices"
	"testing"

	"afield/broker/ledger"
	"afield/broker/policy/attributes"
)

// Every kind of charge that somebody may owe can be counted by a policy.
func TestAPolicyKnowsTheKindsOfCharge(t *testing.T) {
	t.Parallel()
	known := attributes.ChargeKinds()
	for _, kind := range []string{
		ledger.Overdue, ledger.ILLFee, ledger.Lost, ledger.Damage, ledger.Processing, ledger.Postage, ledger.Print, ledger.Copy,
		ledger.Fax, ledger.Card, ledger.Deposit, ledger.Collection, ledger.Other,
	} {
		if !slices.Contains(known, kind) {
			t.Errorf("no policy can count %s", kind)
		}
	}
}
