package returns_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/broker/towntest"
)

func TestLossesByEachMode(t *testing.T) {
	t.Parallel()
	r := towntest.NewRuled(t)
	on := func(overdue, negative string, more ...string) towntest.House {
		return r.Under(append([]string{
			"lost.on_return", "{overdue: " + overdue + ", cancel_unpaid: true, negative_balance: " + negative + "}",
			"fines.overdue", `{set_by: library, rate: "0.10", cap: none, count: calendar}`,
		}, more...)...)
	}
	for name, mode := range map[string]struct{ negative, owes string }{
		"LST-12 paid in full, a balance in the patron's favour": {"true", "-50.00"},
		"LST-13 paid in full, no balance below nothing":         {"false", "0.00"},
	} {
		t.Run(name, func(t *testing.T) {
			h := on("forgive", mode.negative)
			patron := h.Patron("resident")
			loan := h.Lend(patron, h.Item("book", h.Title()), "2026-03-02 10:00", "2026-03-23")
			_, err := h.Lose(loan, "2026-03-10 10:00", returns.Loss{Price: h.Money("50.00")})
			h.Must(err)
			towntest.Equal(t, "lost", h.Owes(patron), "50.00")
			h.PayAt(patron, "50.00", "2026-03-11 10:00")
			h.TakenBack(loan, "2026-03-12 10:00")
			towntest.Equal(t, "balance", h.Owes(patron), mode.owes)
		})
	}
	t.Run("LST-15 an amnesty after a part payment", func(t *testing.T) {
		h := on("as_charged", "true")
		patron := h.Patron("resident")
		loan := h.Lend(patron, h.Item("book", h.Title()), "2026-03-02 10:00", "2026-03-23")
		h.ChargeAccrued(patron, "2026-03-30 10:00")
		h.PayAt(patron, "0.20", "2026-03-30 11:00")
		towntest.Equal(t, "left", h.Owes(patron), "0.50")
		h.Back(returns.Return{Desk: h.At("2026-03-30 12:00"), Item: loan.Item, Amnesty: true})
		towntest.Equal(t, "balance", h.Owes(patron), "-0.20")
	})
	t.Run("LST-16 a payment goes to the lateness that is restored", func(t *testing.T) {
		h := on("restore", "false")
		patron := h.Patron("resident")
		loan := h.Lend(patron, h.Item("book", h.Title()), "2026-03-02 10:00", "2026-03-23")
		h.ChargeAccrued(patron, "2026-03-30 10:00")
		towntest.Equal(t, "overdue", h.Owes(patron), "0.70")
		_, err := h.Lose(loan, "2026-03-30 11:00", returns.Loss{Price: h.Money("50.00"), ForgiveOverdue: true})
		h.Must(err)
		towntest.Equal(t, "lost", h.Owes(patron), "50.00")
		h.PayAt(patron, "0.10", "2026-03-31 10:00")
		h.TakenBack(loan, "2026-04-01 10:00")
		towntest.Equal(t, "balance", h.Owes(patron), "0.60")
	})
	t.Run("LST-20 paid back until the days are over", func(t *testing.T) {
		for day, refund := range map[string]string{"2026-03-16": "42.00", "2026-03-17": "0.00"} {
			h := on("forgive", "true", "lost.refund", `{within_days: 7, last_day_counts: false, from: lost, deduct: "0.00", if_replaced: true, processing: false}`)
			patron := h.Patron("resident")
			loan := h.Lend(patron, h.Item("book", h.Title()), "2026-03-02 10:00", "2026-03-23")
			_, err := h.Lose(loan, "2026-03-10 10:00", returns.Loss{Price: h.Money("42.00")})
			h.Must(err)
			h.PayAt(patron, "42.00", "2026-03-10 11:00")
			out := h.Back(returns.Return{Desk: h.At(day + " 10:00"), Item: loan.Item})
			towntest.Equal(t, day, out.Refund.Decimal(), refund)
		}
	})
	t.Run("LST-04 by age, the policy says whether it is to be replaced; staff say so themselves", func(t *testing.T) {
		const price = "{replaced: {basis: replacement, processing: \"5.00\"}, not_replaced: {basis: price_paid, processing: \"0.00\"}"
		for byAge, want := range map[string][2]string{"true": {"27.00", "18.00"}, "false": {"18.00", "27.00"}} {
			h := on("forgive", "true", "lost.price", price+", replaced_by_age: "+byAge+"}", "lost.after", "{days: 30}")
			paid, fresh := h.Money("18.00"), h.Money("22.00")
			item := func() catalog.Ref {
				return h.CopyOf(func(i *catalog.Item) { i.PricePaid, i.Price = &paid, &fresh })
			}
			old := h.Lend(h.Patron("resident"), item(), "2026-03-02 10:00", "2026-03-23")
			aged, err := towntest.Act(h.Town, func(ctx context.Context, tx *postgres.Tx, desk standing.Desk) (loans.Outcome, error) {
				outcomes, err := h.Returns.LoseByAge(ctx, tx, desk, []broker.ID{old.ID}, false)
				if err != nil || len(outcomes) == 0 {
					return loans.Outcome{}, err
				}
				return outcomes[0], nil
			}, h.At("2026-06-01 02:00"))
			h.Must(err)
			towntest.Equal(t, "by age", towntest.LostFor(aged), want[0])
			told, err := h.Lose(h.Lend(h.Patron("resident"), item(), "2026-03-02 10:00"), "2026-03-10 10:00", returns.Loss{WillReplace: byAge == "false"})
			h.Must(err)
			towntest.Equal(t, "at the desk", towntest.LostFor(told), want[1])
		}
	})
}
