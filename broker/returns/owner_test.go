package returns_test

import (
	"context"
	"strings"
	"testing"

	"afield/broker/catalog"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/broker/towntest"
)

// Two members of one sharing group: Westchester owns the item and asks shipping
// and 5.00 for processing; Western District lends it to its patron, asks
// neither, counts small damage as wear and has a price of its own for a case.
// What the owner's policy asks is charged to the patron at home, and the home
// library owes it to the owner: 20.00 + 3.00 + 5.00.
func TestTheOwnersPolicyPricesItsItemAndTheOwnerIsOwed(t *testing.T) {
	t.Parallel()
	type lent struct {
		here, owner towntest.House
		patron      patrons.Ref
		loan        loans.Loan
	}
	begin := func(t *testing.T) lent {
		here := towntest.OneLibrary(t, "western-district", "America/Chicago")
		owner := here.AddLibrary("westchester", "America/Chicago")
		patron := here.Patron("resident")
		item := owner.CopyOf(func(i *catalog.Item) {
			towntest.Priced("audiobook", owner.Money("20.00"))(i)
			i.Parts = 2
		})
		return lent{here, owner, patron, here.Lend(patron, item, "2026-03-02 10:00")}
	}
	expect := func(t *testing.T, l lent, out loans.Outcome, amount string) {
		t.Helper()
		towntest.Equal(t, "charged to the patron", towntest.Charged(out), amount)
		towntest.Equal(t, "owed at home", l.here.Owes(l.patron), amount)
		owed, invoices := l.owner.Asks(l.here)
		towntest.Equal(t, "owed to the owner", owed, amount)
		towntest.Equal(t, "invoices", len(invoices), 1)
		towntest.Equal(t, "by when", invoices[0].DueOn, invoices[0].IssuedOn.AddDays(30))
		towntest.Equal(t, "by the desk's rule", strings.HasPrefix(out.Charged[0].Clause.Document, "Western"), false)
	}
	replaced := func(l lent) returns.Loss {
		return returns.Loss{WillReplace: true, Shipping: l.owner.Money("3.00")}
	}
	t.Run("lost, and found again", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		out, err := l.here.Lose(l.loan, "2026-03-10 10:00", replaced(l))
		l.here.Must(err)
		expect(t, l, out, "28.00")
		l.here.Do(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := l.here.Returns.FoundAgain(ctx, tx, l.here.At("2026-03-11 10:00"), l.loan.Ref)
			return err
		})
		towntest.Equal(t, "nothing is owed", l.here.Owes(l.patron), "0.00")
		owed, invoices := l.owner.Asks(l.here)
		towntest.Equal(t, "to the owner", owed, "0.00")
		towntest.Equal(t, "the invoice", invoices[0].Status, ledger.InvoiceWithdrawn)
	})
	t.Run("lost, and handed in", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		_, err := l.here.Lose(l.loan, "2026-03-10 10:00", replaced(l))
		l.here.Must(err)
		l.here.Back(returns.Return{Desk: l.here.At("2026-03-12 10:00"), Item: l.loan.Item})
		towntest.Equal(t, "nothing is owed", l.here.Owes(l.patron), "0.00")
		owed, _ := l.owner.Asks(l.here)
		towntest.Equal(t, "to the owner", owed, "0.00")
	})
	t.Run("damaged beyond use", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		l.here.Back(returns.Return{Desk: l.here.At("2026-03-10 10:00"), Item: l.loan.Item})
		damage := returns.Damage{Desk: l.here.At("2026-03-10 10:05"), Loan: l.loan.Ref, Beyond: true, Loss: replaced(l)}
		out, err := towntest.Act(l.here.Town, l.here.Returns.Damage, damage)
		l.here.Must(err)
		expect(t, l, out, "28.00")
		_, err = towntest.Act(l.here.Town, l.here.Returns.Damage, damage)
		l.here.Must(err)
		towntest.Equal(t, "said again, it is the same", l.here.Owes(l.patron), "28.00")
		owed, _ := l.owner.Asks(l.here)
		towntest.Equal(t, "to the owner", owed, "28.00")
	})
	t.Run("damaged a little", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		l.here.Back(returns.Return{Desk: l.here.At("2026-03-10 10:00"), Item: l.loan.Item})
		out, err := towntest.Act(l.here.Town, l.here.Returns.Damage, returns.Damage{
			Desk: l.here.At("2026-03-10 10:05"), Loan: l.loan.Ref, Assessed: l.here.Money("2.00"),
		})
		l.here.Must(err)
		expect(t, l, out, "2.00") // wear at the desk, assessed by the owner's policy
	})
	t.Run("a part is missing", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		out := l.here.Back(returns.Return{
			Desk: l.here.At("2026-03-10 10:00"), Item: l.loan.Item, Parts: returns.Parts{Counted: 1, Missing: "case"},
		})
		expect(t, l, out, "25.00") // not the desk's 10.00 for a case: the whole set, and processing
	})
	t.Run("its own item, at the same desk", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		own := l.here.Lend(l.patron, l.here.CopyOf(towntest.Priced("audiobook", l.here.Money("20.00"))), "2026-03-02 10:00")
		out, err := l.here.Lose(own, "2026-03-10 10:00", replaced(l))
		l.here.Must(err)
		towntest.Equal(t, "charged", towntest.Charged(out), "20.00")
		_, invoices := l.owner.Asks(l.here)
		towntest.Equal(t, "invoices", len(invoices), 0)
	})
	t.Run("lent at the owner's own desk", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		there := l.owner.Lend(l.patron, l.owner.CopyOf(towntest.Priced("book", l.owner.Money("20.00"))), "2026-03-02 10:00")
		out, err := l.owner.Lose(there, "2026-03-10 10:00", replaced(l))
		l.here.Must(err)
		expect(t, l, out, "28.00")
	})
	t.Run("where the desk's policy decides itself", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		l.here.GoBy(standing.ByName(func(name string) (*policy.Document, error) {
			text, err := policy.PresetText(name)
			if err != nil {
				return nil, err
			}
			return policy.ParseUnder(name, []byte(strings.Replace(string(text), "lost.other_owner:\n    value: owner", "lost.other_owner:\n    value: library", 1)), policy.PresetText)
		}))
		out, err := l.here.Lose(l.loan, "2026-03-10 10:00", replaced(l))
		l.here.Must(err)
		towntest.Equal(t, "charged", towntest.Charged(out), "20.00")
		_, invoices := l.owner.Asks(l.here)
		towntest.Equal(t, "invoices", len(invoices), 0)
	})
}
