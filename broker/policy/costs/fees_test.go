package costs_test

import (
	"testing"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
)

func TestAPaymentIsLaidOutToTheCent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cents := func(most int64) broker.Money {
			return broker.Money{Minor: rapid.Int64Range(0, most).Draw(t, "cents"), Currency: "USD"}
		}
		owed := make([]broker.Money, rapid.IntRange(0, 6).Draw(t, "charges"))
		for i := range owed {
			owed[i] = cents(2000)
		}
		payment := cents(9000)
		how := rapid.SampledFrom([]attributes.PaymentSplit{attributes.SplitEvenly, attributes.SplitOldest}).Draw(t, "how")
		parts, left := costs.SplitPayment(how, payment, owed)
		sum := left.Minor
		for i := range parts {
			if parts[i].Minor < 0 || parts[i].Minor > owed[i].Minor {
				t.Fatalf("charge %d of %s was paid %s", i, owed[i], parts[i])
			}
			sum += parts[i].Minor
			if left.Minor > 0 && parts[i] != owed[i] {
				t.Fatalf("%s is left although %s of %s is unpaid", left, parts[i], owed[i])
			}
		}
		if sum != payment.Minor || left.Minor < 0 {
			t.Fatalf("%s came to %d cents", payment, sum)
		}
	})
}
