package circulation_test

import (
	"context"
	"strings"
	"testing"

	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// Two members of one sharing group: Westchester owns the item and asks shipping
// and 5.00 for processing; Western District lends it to its patron, asks neither,
// takes small damage for wear and has a price of its own for a case. What the
// owner's policy asks is charged to the patron at home, and that library owes it
// to the owner: 20.00 + 3.00 + 5.00.
func TestTheOwnersPolicyPricesItsItemAndTheOwnerIsOwed(t *testing.T) {
	t.Parallel()
	type lent struct {
		here, owner house
		patron      patrons.Ref
		loan        circulation.Loan
	}
	begin := func(t *testing.T) lent {
		here := oneLibrary(t, "western-district", "America/Chicago")
		owner := here.addLibrary("westchester", "America/Chicago")
		patron := here.patron("resident")
		item := owner.copyOf(func(i *catalog.Item) {
			priced("audiobook", owner.money("20.00"))(i)
			i.Parts = 2
		})
		return lent{here, owner, patron, here.lend(patron, item, "2026-03-02 10:00")}
	}
	expect := func(t *testing.T, l lent, out circulation.Outcome, amount string) {
		t.Helper()
		equal(t, "charged to the patron", charged(out), amount)
		equal(t, "owed at home", l.here.owes(l.patron), amount)
		owed, invoices := l.owner.asks(l.here)
		equal(t, "owed to the owner", owed, amount)
		equal(t, "invoices", len(invoices), 1)
		equal(t, "by when", invoices[0].DueOn, invoices[0].IssuedOn.AddDays(30))
		equal(t, "by the desk's rule", strings.HasPrefix(out.Charged[0].Clause.Document, "Western"), false)
	}
	replaced := func(l lent) circulation.Loss {
		return circulation.Loss{WillReplace: true, Shipping: l.owner.money("3.00")}
	}
	t.Run("lost, and found again", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		out, err := l.here.lose(l.loan, "2026-03-10 10:00", replaced(l))
		l.here.must(err)
		expect(t, l, out, "28.00")
		l.here.do(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := l.here.Circ.FoundAgain(ctx, tx, l.here.at("2026-03-11 10:00"), l.loan.LoanRef)
			return err
		})
		equal(t, "nothing is owed", l.here.owes(l.patron), "0.00")
		owed, invoices := l.owner.asks(l.here)
		equal(t, "to the owner", owed, "0.00")
		equal(t, "the invoice", invoices[0].Status, ledger.InvoiceWithdrawn)
	})
	t.Run("lost, and handed in", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		_, err := l.here.lose(l.loan, "2026-03-10 10:00", replaced(l))
		l.here.must(err)
		l.here.back(circulation.Return{Desk: l.here.at("2026-03-12 10:00"), Item: l.loan.Item})
		equal(t, "nothing is owed", l.here.owes(l.patron), "0.00")
		owed, _ := l.owner.asks(l.here)
		equal(t, "to the owner", owed, "0.00")
	})
	t.Run("damaged beyond use", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		l.here.back(circulation.Return{Desk: l.here.at("2026-03-10 10:00"), Item: l.loan.Item})
		damage := circulation.Damage{Desk: l.here.at("2026-03-10 10:05"), Loan: l.loan.LoanRef, Beyond: true, Loss: replaced(l)}
		out, err := act(l.here.town, l.here.Circ.Damage, damage)
		l.here.must(err)
		expect(t, l, out, "28.00")
		_, err = act(l.here.town, l.here.Circ.Damage, damage)
		l.here.must(err)
		equal(t, "said again, it is the same", l.here.owes(l.patron), "28.00")
		owed, _ := l.owner.asks(l.here)
		equal(t, "to the owner", owed, "28.00")
	})
	t.Run("damaged a little", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		l.here.back(circulation.Return{Desk: l.here.at("2026-03-10 10:00"), Item: l.loan.Item})
		out, err := act(l.here.town, l.here.Circ.Damage, circulation.Damage{
			Desk: l.here.at("2026-03-10 10:05"), Loan: l.loan.LoanRef, Assessed: l.here.money("2.00"),
		})
		l.here.must(err)
		expect(t, l, out, "2.00") // wear at the desk, assessed by the owner's policy
	})
	t.Run("a part is missing", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		out := l.here.back(circulation.Return{
			Desk: l.here.at("2026-03-10 10:00"), Item: l.loan.Item, Parts: circulation.Parts{Counted: 1, Missing: "case"},
		})
		expect(t, l, out, "25.00") // not the desk's 10.00 for a case: the whole set, and processing
	})
	t.Run("its own item, at the same desk", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		own := l.here.lend(l.patron, l.here.copyOf(priced("audiobook", l.here.money("20.00"))), "2026-03-02 10:00")
		out, err := l.here.lose(own, "2026-03-10 10:00", replaced(l))
		l.here.must(err)
		equal(t, "charged", charged(out), "20.00")
		_, invoices := l.owner.asks(l.here)
		equal(t, "invoices", len(invoices), 0)
	})
	t.Run("lent at the owner's own desk", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		there := l.owner.lend(l.patron, l.owner.copyOf(priced("book", l.owner.money("20.00"))), "2026-03-02 10:00")
		out, err := l.owner.lose(there, "2026-03-10 10:00", replaced(l))
		l.here.must(err)
		expect(t, l, out, "28.00")
	})
	t.Run("where the desk's policy decides itself", func(t *testing.T) {
		t.Parallel()
		l := begin(t)
		l.here.goBy(circulation.ByName(func(name string) (*policy.Document, error) {
			text, err := policy.PresetText(name)
			if err != nil {
				return nil, err
			}
			return policy.ParseUnder(name, []byte(strings.Replace(string(text), "lost.other_owner:\n    value: owner", "lost.other_owner:\n    value: library", 1)), policy.PresetText)
		}))
		out, err := l.here.lose(l.loan, "2026-03-10 10:00", replaced(l))
		l.here.must(err)
		equal(t, "charged", charged(out), "20.00")
		_, invoices := l.owner.asks(l.here)
		equal(t, "invoices", len(invoices), 0)
	})
}
