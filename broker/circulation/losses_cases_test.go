package circulation_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/postgres"
)

func TestLossesByEachMode(t *testing.T) {
	t.Parallel()
	r := ruledTown(t)
	on := func(overdue, negative string, more ...string) house {
		return r.under(append([]string{
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
			patron := h.patron("resident")
			loan := h.lend(patron, h.item("book", h.title()), "2026-03-02 10:00", "2026-03-23")
			_, err := h.lose(loan, "2026-03-10 10:00", circulation.Loss{Price: h.money("50.00")})
			h.must(err)
			equal(t, "lost", h.owes(patron), "50.00")
			h.payAt(patron, "50.00", "2026-03-11 10:00")
			h.takenBack(loan, "2026-03-12 10:00")
			equal(t, "balance", h.owes(patron), mode.owes)
		})
	}
	t.Run("LST-15 an amnesty after a part payment", func(t *testing.T) {
		h := on("as_charged", "true")
		patron := h.patron("resident")
		loan := h.lend(patron, h.item("book", h.title()), "2026-03-02 10:00", "2026-03-23")
		h.chargeAccrued(patron, "2026-03-30 10:00")
		h.payAt(patron, "0.20", "2026-03-30 11:00")
		equal(t, "left", h.owes(patron), "0.50")
		h.back(circulation.Return{Desk: h.at("2026-03-30 12:00"), Item: loan.Item, Amnesty: true})
		equal(t, "balance", h.owes(patron), "-0.20")
	})
	t.Run("LST-16 a payment goes to the lateness that is restored", func(t *testing.T) {
		h := on("restore", "false")
		patron := h.patron("resident")
		loan := h.lend(patron, h.item("book", h.title()), "2026-03-02 10:00", "2026-03-23")
		h.chargeAccrued(patron, "2026-03-30 10:00")
		equal(t, "overdue", h.owes(patron), "0.70")
		_, err := h.lose(loan, "2026-03-30 11:00", circulation.Loss{Price: h.money("50.00"), ForgiveOverdue: true})
		h.must(err)
		equal(t, "lost", h.owes(patron), "50.00")
		h.payAt(patron, "0.10", "2026-03-31 10:00")
		h.takenBack(loan, "2026-04-01 10:00")
		equal(t, "balance", h.owes(patron), "0.60")
	})
	t.Run("LST-20 paid back until the days are over", func(t *testing.T) {
		for day, refund := range map[string]string{"2026-03-16": "42.00", "2026-03-17": "0.00"} {
			h := on("forgive", "true", "lost.refund", `{within_days: 7, last_day_counts: false, from: lost, deduct: "0.00", if_replaced: true, processing: false}`)
			patron := h.patron("resident")
			loan := h.lend(patron, h.item("book", h.title()), "2026-03-02 10:00", "2026-03-23")
			_, err := h.lose(loan, "2026-03-10 10:00", circulation.Loss{Price: h.money("42.00")})
			h.must(err)
			h.payAt(patron, "42.00", "2026-03-10 11:00")
			out := h.back(circulation.Return{Desk: h.at(day + " 10:00"), Item: loan.Item})
			equal(t, day, out.Refund.Decimal(), refund)
		}
	})
	t.Run("LST-04 by age, the policy says whether it is to be replaced; staff say so themselves", func(t *testing.T) {
		const price = "{replaced: {basis: replacement, processing: \"5.00\"}, not_replaced: {basis: price_paid, processing: \"0.00\"}"
		for byAge, want := range map[string][2]string{"true": {"27.00", "18.00"}, "false": {"18.00", "27.00"}} {
			h := on("forgive", "true", "lost.price", price+", replaced_by_age: "+byAge+"}", "lost.after", "{days: 30}")
			paid, fresh := h.money("18.00"), h.money("22.00")
			item := func() catalog.Ref {
				return h.copyOf(func(i *catalog.Item) { i.PricePaid, i.Price = &paid, &fresh })
			}
			old := h.lend(h.patron("resident"), item(), "2026-03-02 10:00", "2026-03-23")
			aged, err := act(h.town, func(ctx context.Context, tx *postgres.Tx, desk circulation.Desk) (circulation.Outcome, error) {
				outcomes, err := h.Circ.LoseByAge(ctx, tx, desk, []broker.ID{old.ID}, false)
				if err != nil || len(outcomes) == 0 {
					return circulation.Outcome{}, err
				}
				return outcomes[0], nil
			}, h.at("2026-06-01 02:00"))
			h.must(err)
			equal(t, "by age", lostFor(aged), want[0])
			told, err := h.lose(h.lend(h.patron("resident"), item(), "2026-03-02 10:00"), "2026-03-10 10:00", circulation.Loss{WillReplace: byAge == "false"})
			h.must(err)
			equal(t, "at the desk", lostFor(told), want[1])
		}
	})
}
