package loans_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/broker/towntest"
)

// The statement that accrues fines at night gives the same as the rule by which
// a return at the desk is charged, for every library and kind of item, day
// after day, whatever was charged and waived meanwhile.
func TestNightlyFinesAreTheDesksFines(t *testing.T) {
	t.Parallel()
	kinds := map[string][]string{
		"westchester":      {"book", "dvd", "language"},
		"delaware":         {"book", "dvd"},
		"western-district": {"book", "chromebook", "film"},
		"perth":            {"book", "dvd"},
	}
	zones := map[string]string{"perth": "America/Toronto", "delaware": "America/New_York"}
	for library, items := range kinds {
		t.Run(library, func(t *testing.T) {
			t.Parallel()
			zone := zones[library]
			if zone == "" {
				zone = "America/Chicago"
			}
			h := towntest.OneLibrary(t, library, zone, "2026-04-08", "2026-04-09")
			patron := h.Patron("resident")
			var lent []loans.Loan
			for i, kind := range items {
				out, err := towntest.Act(h.Town, h.Loans.CheckOut, loans.CheckOut{
					Desk: h.At("2026-03-0" + string(rune('2'+i)) + " 10:00"), Item: h.Item(kind, h.Title()), Patron: patron,
				})
				h.Must(err)
				lent = append(lent, *out.Loan)
			}
			// What else was charged for a loan is no part of its fine.
			h.Do(func(_ context.Context, tx *postgres.Tx) error {
				_, err := ledger.Post(tx, ledger.Charge{
					Account: ledger.OfPatron(patron.Library, patron.ID, h.Library.Currency), Kind: ledger.Damage,
					Amount: broker.Money{Minor: 300, Currency: h.Library.Currency}, Cause: "damage:" + lent[1].ID.String(), Loan: lent[1].ID, At: towntest.Founded,
				})
				return err
			})
			charged := map[broker.ID]int64{}
			for _, day := range []string{"2026-03-20", "2026-04-04", "2026-04-10", "2026-04-10", "2026-05-30", "2026-09-01"} {
				h.Accrue(day+" 02:00", 2)
				for _, loan := range lent {
					want := costs.OverdueFine(loan.Terms, loan.DueOn, broker.MustDate(day), h.Library.Calendar).Amount.Minor - charged[loan.ID]
					got := h.Accrued(loan.Ref)
					towntest.Equal(t, day+" "+loan.Terms.Item, got.Amount.Minor, want)
				}
				if day != "2026-04-04" {
					continue
				}
				// The first loan's fine is charged in part, as before a payment.
				if first := lent[0]; h.Accrued(first.Ref).Amount.Minor > 0 {
					charged[first.ID] = h.Post(first, patron)
				}
			}
			if touched := h.Accrue("2026-09-01 23:00", 2); touched != 0 {
				t.Errorf("a second run on the same day changed %d", touched)
			}
		})
	}
}
