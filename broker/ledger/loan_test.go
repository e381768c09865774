package ledger_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/postgres"
)

func usd(minor int64) broker.Money { return broker.Money{Minor: minor, Currency: "USD"} }

func (tl till) fine(loan broker.ID, minor int64, cause string) (charge ledger.Entry) {
	must(tl.t, tl.try(func(_ context.Context, tx *postgres.Tx) (err error) {
		charge, err = ledger.Post(tx, ledger.Charge{
			Account: tl.patron, Kind: ledger.Overdue, Amount: usd(minor), Loan: loan, Cause: cause, Actor: tl.actor, At: noon,
		})
		return err
	}))
	return charge
}

func (tl till) ofLoan(loan broker.ID) (money ledger.LoanMoney) {
	must(tl.t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		ledger.AskLoan(tx, tl.patron, loan, ledger.Overdue, &money)
		return tx.Flush(ctx)
	}))
	return money
}

func (tl till) takeBack(loan broker.ID, minor int64, cause string) error {
	return tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		var money ledger.LoanMoney
		ledger.AskLoan(tx, tl.patron, loan, ledger.Overdue, &money)
		if err := tx.Flush(ctx); err != nil {
			return err
		}
		_, err := ledger.TakeBack(tx, money, usd(minor), ledger.Answer{Cause: cause, Note: "handed in earlier", Actor: tl.actor, At: noon})
		return err
	})
}

func TestWhatAccruesIsOwedButNotYetCharged(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	loan := broker.NewID()
	set := func(minor int64, day int) {
		must(t, tl.try(func(_ context.Context, tx *postgres.Tx) error {
			ledger.SetAccrual(tx, ledger.Accrual{
				Account: tl.patron, Loan: loan, LoanLibrary: tl.patron.Library, Amount: usd(minor), Through: broker.NewDate(2026, 3, day),
			})
			return nil
		}))
	}
	set(25, 2)
	set(50, 3) // the next night replaces it
	if kinds := tl.balances(tl.patron).ByKind; kinds[ledger.Overdue] != 50 || len(kinds) != 1 {
		t.Errorf("balances %v, want 0.50 overdue", kinds)
	}
	money := tl.ofLoan(loan)
	if money.Accrued.Amount != usd(50) || money.Accrued.Through != broker.NewDate(2026, 3, 3) || !money.Charged.IsZero() {
		t.Errorf("of the loan: %+v", money)
	}
	_, err := tl.pay(tl.patron, "0.50", "slip", false)
	wantCode(t, err, "more_than_owed") // it is charged first, then paid
	set(0, 3)
	if money := tl.ofLoan(loan); money.Accrued.Loan != loan || !tl.balances(tl.patron).Total().IsZero() {
		t.Errorf("nothing more to charge, but the date stays: %+v", money.Accrued)
	}
	must(t, tl.try(func(_ context.Context, tx *postgres.Tx) error {
		ledger.EndAccrual(tx, tl.patron.Library, loan)
		return nil
	}))
	if money := tl.ofLoan(loan); money.Accrued.Loan != broker.NoID {
		t.Errorf("still accruing: %+v", money.Accrued)
	}
}

func TestTakeBackPartOfALoansCharges(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	loan, other := broker.NewID(), broker.NewID()
	tl.fine(loan, 100, "a")
	tl.fine(loan, 50, "b")
	tl.fine(other, 300, "c")
	must(t, tl.takeBack(loan, 70, "backdated"))
	must(t, tl.takeBack(loan, 70, "backdated")) // the same again is nothing new
	money := tl.ofLoan(loan)
	if money.Charged != usd(150) || money.Adjusted != usd(70) || money.Stands() != usd(80) {
		t.Errorf("of the loan: %+v", money)
	}
	if len(money.Open) != 1 || money.Open[0].Cause != "a" || money.Open[0].Owed != usd(80) {
		t.Errorf("newest first, so the older is left with 0.80: %+v", money.Open)
	}
	wantCode(t, tl.takeBack(loan, 81, "too much"), "more_than_charged")
	if total := tl.balances(tl.patron).Total(); total != usd(380) {
		t.Errorf("owed %s", total)
	}
}

func TestReturnsCountedEarlierThanCharged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                      string
		charged, paid, back, owed int64
	}{
		{"RET-08 one of two days taken back, both paid", 200, 200, 100, -100},
		{"RET-09 all taken back, part was paid", 25, 20, 25, -20},
		{"RET-10 all forgiven, nothing was paid", 100, 0, 100, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tl := newTill(t)
			loan := broker.NewID()
			tl.fine(loan, c.charged, "overdue")
			if c.paid > 0 {
				_, err := tl.pay(tl.patron, usd(c.paid).Decimal(), "slip", false)
				must(t, err)
			}
			must(t, tl.takeBack(loan, c.back, "backdated"))
			if total := tl.balances(tl.patron).Total(); total != usd(c.owed) {
				t.Errorf("balance %s, want %s", total, usd(c.owed))
			}
			if money := tl.ofLoan(loan); money.Paid != usd(c.paid) || money.Stands() != usd(c.charged-c.back) {
				t.Errorf("of the loan: %+v", money)
			}
		})
	}
}
