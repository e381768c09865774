package returns_test

import (
	"context"
	"fmt"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/towntest"
)

// What counts as lost by a rule does so from the day of the rule. A return comes
// out the same whether the night of that day came before it, or not at all; and
// so it does where staff say only after that night that it was back earlier.
func TestAReturnIsSettledAsIfTheNightHadRun(t *testing.T) {
	t.Parallel()
	r := towntest.NewRuled(t)
	for _, overdue := range []string{"as_charged", "restore", "charge_new", "forgive"} {
		for _, cancel := range []string{"true", "false"} {
			h := r.Under(
				"lost.on_return", "{overdue: "+overdue+", cancel_unpaid: "+cancel+", negative_balance: true}",
				"lost.after", "{days: 10}", "claims.charged_after", "{days: 10}",
				"fines.overdue", `{set_by: library, rate: "0.10", cap: none, count: calendar}`,
			)
			for _, claimed := range []bool{false, true} {
				for _, back := range []struct{ at, day string }{
					{"2026-04-01 10:00", ""},           // the day before it would be lost
					{"2026-04-02 10:00", ""},           // that day
					{"2026-04-09 10:00", ""},           // a week later
					{"2026-04-09 10:00", "2026-04-01"}, // and back since the day before
					{"2026-04-09 10:00", "2026-04-03"},
				} {
					said := fmt.Sprintf("overdue %s, cancel_unpaid %s, claimed %t, back %s %s", overdue, cancel, claimed, back.at, back.day)
					first := ""
					for _, nights := range [][]string{nil, {"2026-04-02 02:30"}, {"2026-04-05 02:30"}} {
						if len(nights) > 0 && nights[0] > back.at {
							continue
						}
						came := comesBackAfter(h, nights, claimed, back.at, back.day)
						if first == "" {
							first = came
						}
						if came != first {
							t.Errorf("%s, after the nights %v:\ngot  %s\nwant %s", said, nights, came, first)
						}
					}
				}
			}
		}
	}
	r.NoBreach()
}

// comesBackAfter lends a book that is due on 23 March, and tells how its account
// stands once it is back.
func comesBackAfter(h towntest.House, nights []string, claimed bool, at, day string) string {
	patron, item := h.Patron("resident"), h.CopyOf(towntest.Priced("book", h.Money("20.00")))
	loan := h.Lend(patron, item, "2026-03-02 10:00", "2026-03-23")
	if claimed {
		_, err := towntest.Act(h.Town, h.Returns.Claim, returns.MakeClaim{
			Desk: h.At("2026-03-25 10:00"), Loan: loan.Ref, Kind: loans.ClaimReturned, ShelfChecked: true,
		})
		h.Must(err)
	}
	for _, night := range nights {
		h.Do(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := h.Returns.LoseByAge(ctx, tx, h.At(night), []broker.ID{loan.ID}, claimed)
			return err
		})
	}
	in := returns.Return{Desk: h.At(at), Item: item}
	if day != "" {
		in.Backdate = broker.MustDate(day)
	}
	h.Back(in)
	loan = h.Loan(loan.Ref)
	return fmt.Sprintf("owes %s, %s on %s, lost on %s, item %s", h.Owes(patron), loan.Status, loan.ReturnedOn, loan.LostOn, h.Stored(item).Status)
}

// Where nobody knows the price the night asks for it and changes nothing, and so
// does a return: the item was late.
func TestAReturnWithoutAPriceIsLate(t *testing.T) {
	t.Parallel()
	h := towntest.NewRuled(t).Under("lost.after", "{days: 10}", "fines.overdue", `{set_by: library, rate: "0.10", cap: none, count: calendar}`)
	patron, item := h.Patron("resident"), h.CopyOf(towntest.Of("book"))
	loan := h.Lend(patron, item, "2026-03-02 10:00", "2026-03-23")
	h.Back(returns.Return{Desk: h.At("2026-04-09 10:00"), Item: item})
	towntest.Equal(t, "owes", h.Owes(patron), "1.70")
	towntest.Equal(t, "never lost", h.Loan(loan.Ref).LostOn, broker.Date{})
	towntest.Equal(t, "on its shelf", h.Stored(item).Status, catalog.OnShelf)
}
