package circulation_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

// The statement that accrues a night's fines says the same as the rule that a
// return at the desk is charged by, for every library and kind of item, day
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
			h := oneLibrary(t, library, zone, "2026-04-08", "2026-04-09")
			patron := h.patron("resident")
			var loans []circulation.Loan
			for i, kind := range items {
				out, err := act(h.town, h.Circ.CheckOut, circulation.CheckOut{
					Desk: h.at("2026-03-0" + string(rune('2'+i)) + " 10:00"), Item: h.item(kind, h.title()), Patron: patron,
				})
				h.must(err)
				loans = append(loans, *out.Loan)
			}
			// What else a loan was charged for is no part of its fine.
			h.do(func(_ context.Context, tx *postgres.Tx) error {
				_, err := ledger.Post(tx, ledger.Charge{
					Account: ledger.OfPatron(patron.Library, patron.ID, h.Library.Currency), Kind: ledger.Damage,
					Amount: broker.Money{Minor: 300, Currency: h.Library.Currency}, Cause: "damage:" + loans[1].ID.String(), Loan: loans[1].ID, At: founded,
				})
				return err
			})
			charged := map[broker.ID]int64{}
			for _, day := range []string{"2026-03-20", "2026-04-04", "2026-04-10", "2026-04-10", "2026-05-30", "2026-09-01"} {
				h.accrue(day+" 02:00", 2)
				for _, loan := range loans {
					want := costs.OverdueFine(loan.Terms, loan.DueOn, broker.MustDate(day), h.Library.Calendar).Amount.Minor - charged[loan.ID]
					got := h.accrued(loan.LoanRef)
					equal(t, day+" "+loan.Terms.Item, got.Amount.Minor, want)
				}
				if day != "2026-04-04" {
					continue
				}
				// The first loan's fine is charged in part, as before a payment.
				if first := loans[0]; h.accrued(first.LoanRef).Amount.Minor > 0 {
					charged[first.ID] = h.post(first, patron)
				}
			}
			if touched := h.accrue("2026-09-01 23:00", 2); touched != 0 {
				t.Errorf("a second run on the same day changed %d", touched)
			}
		})
	}
}
