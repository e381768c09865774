package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

var noon = time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)

// till is a library with one patron, and another library that owes it.
type till struct {
	t       testing.TB
	db      *postgres.DB
	patron  ledger.Account
	library ledger.Account
	actor   broker.Actor
}

func newTill(t testing.TB) till {
	tl := till{t: t, db: pgtest.New(t)}
	library, debtor, patron, realm := broker.NewID(), broker.NewID(), broker.NewID(), broker.NewID()
	admin := pgtest.Admin(t, tl.db)
	for _, sql := range []string{
		`insert into sharing_groups (id, name) values ('` + realm.String() + `', 'realm')`,
		`insert into libraries (id, name, created_at) values ('` + library.String() + `', 'creditor', now()), ('` + debtor.String() + `', 'debtor', now())`,
		`insert into patrons (library_id, id, class, created_at) values ('` + library.String() + `', '` + patron.String() + `', 'adult', now())`,
	} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	tl.patron = ledger.OfPatron(library, patron, "USD")
	tl.library = ledger.Between(library, debtor, "USD")
	tl.actor = broker.Actor{Kind: broker.ActorStaff, ID: broker.NewID(), Library: library}
	return tl
}

func (tl till) try(work func(context.Context, *postgres.Tx) error) error {
	return tl.db.InTx(tl.t.Context(), postgres.ForLibraries(tl.patron.Library), work)
}

func (tl till) charge(a ledger.Account, kind, amount, cause string) (entry ledger.Entry, err error) {
	money, err := broker.ParseMoney(amount, "USD")
	if err != nil {
		tl.t.Fatal(err)
	}
	err = tl.try(func(_ context.Context, tx *postgres.Tx) (err error) {
		entry, err = ledger.Post(tx, ledger.Charge{Account: a, Kind: kind, Amount: money, Cause: cause, Actor: tl.actor, At: noon})
		return err
	})
	return entry, err
}

func (tl till) pay(a ledger.Account, amount, cause string, inAdvance bool) (receipt ledger.Receipt, err error) {
	money, err := broker.ParseMoney(amount, "USD")
	if err != nil {
		tl.t.Fatal(err)
	}
	err = tl.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		receipt, err = ledger.Pay(ctx, tx, ledger.Payment{Account: a, Amount: money, InAdvance: inAdvance, Cause: cause, Actor: tl.actor, At: noon})
		return err
	})
	return receipt, err
}

func (tl till) balances(a ledger.Account) (b ledger.Balances) {
	err := tl.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		b, err = ledger.BalancesOf(ctx, tx, a)
		return err
	})
	if err != nil {
		tl.t.Fatal(err)
	}
	return b
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if ours, ok := broker.AsError(err); !ok || ours.Code != code {
		t.Fatalf("want the error %s, got %v", code, err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheSameCauseChargesOnce(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	for range 3 {
		_, err := tl.charge(tl.patron, ledger.Overdue, "0.40", "overdue:loan 1")
		must(t, err)
	}
	if total := tl.balances(tl.patron).Total(); total.Decimal() != "0.40" {
		t.Errorf("owed %s, want 0.40", total)
	}
}

func TestPayOldestFirstInParts(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	oldest, err := tl.charge(tl.patron, ledger.Overdue, "2.00", "a")
	must(t, err)
	_, err = tl.charge(tl.patron, ledger.ILLFee, "12.50", "b")
	must(t, err)
	receipt, err := tl.pay(tl.patron, "5.00", "slip 1", false)
	must(t, err)
	if len(receipt.Lines) != 2 || receipt.Lines[0].Against != oldest.ID || receipt.Lines[0].Amount.Minor != -200 || receipt.Lines[1].Amount.Minor != -300 {
		t.Errorf("receipt lines: %+v", receipt.Lines)
	}
	if receipt.Paid.Decimal() != "5.00" || receipt.Left.Decimal() != "9.50" {
		t.Errorf("paid %s, left %s", receipt.Paid, receipt.Left)
	}
	if kinds := tl.balances(tl.patron).ByKind; len(kinds) != 1 || kinds[ledger.ILLFee] != 950 {
		t.Errorf("balances %v", kinds)
	}
	again, err := tl.pay(tl.patron, "5.00", "slip 1", false)
	must(t, err)
	if again.Paid != receipt.Paid || tl.balances(tl.patron).Total().Minor != 950 {
		t.Errorf("the same payment again took %s", again.Paid)
	}
}

func TestWhatATillRefuses(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	_, err := tl.charge(tl.patron, ledger.Overdue, "1.00", "a")
	must(t, err)
	for _, amount := range []string{"0.00", "-1.00"} {
		_, err := tl.pay(tl.patron, amount, "slip "+amount, false)
		wantCode(t, err, "invalid_input")
		_, err = tl.charge(tl.patron, ledger.Overdue, amount, "charge "+amount)
		wantCode(t, err, "invalid_input")
	}
	_, err = tl.pay(tl.patron, "1.01", "slip 2", false)
	wantCode(t, err, "more_than_owed")
	_, err = tl.charge(ledger.OfPatron(tl.patron.Library, tl.patron.Patron, "CAD"), ledger.Overdue, "1.00", "in dollars of another country")
	wantCode(t, err, "invalid_input")
	receipt, err := tl.pay(tl.patron, "1.01", "slip 3", true)
	must(t, err)
	if receipt.Left.Decimal() != "-0.01" {
		t.Errorf("kept in advance: left %s, want -0.01", receipt.Left)
	}
}

func TestReversingAPaidChargeLeavesCredit(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	charge, err := tl.charge(tl.patron, ledger.ILLFee, "12.50", "fee")
	must(t, err)
	_, err = tl.pay(tl.patron, "12.50", "slip", false)
	must(t, err)
	reverse := func(cause string) error {
		return tl.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := ledger.Reverse(ctx, tx, ledger.Answer{Library: tl.patron.Library, Charge: charge.ID, Cause: cause, Actor: tl.actor, At: noon})
			return err
		})
	}
	must(t, reverse("cancelled"))
	must(t, reverse("cancelled")) // the same cause again is nothing new
	wantCode(t, reverse("another cause"), "charge_taken_back")
	if total := tl.balances(tl.patron).Total(); total.Decimal() != "-12.50" {
		t.Errorf("owed %s, want -12.50", total)
	}
}

func TestTheLedgerIsAppendOnly(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	_, err := tl.charge(tl.patron, ledger.Overdue, "1.00", "a")
	must(t, err)
	for _, sql := range []string{"update ledger_entries set amount_minor = 1", "delete from ledger_entries"} {
		err := tl.try(func(ctx context.Context, tx *postgres.Tx) error { _, err := tx.Exec(ctx, sql); return err })
		if err == nil {
			t.Errorf("%s was let through", sql)
		}
	}
}

func TestWhatLibrariesOweEachOther(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	_, err := tl.charge(tl.library, ledger.Postage, "7.25", "invoice 1")
	must(t, err)
	_, err = tl.pay(tl.library, "3.00", "cheque 1", false)
	must(t, err)
	must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		owed, err := ledger.OwedByLibraries(ctx, tx, tl.library.Library)
		if len(owed) != 1 || owed[0].Debtor != tl.library.Debtor || owed[0].Balance.Decimal() != "4.25" {
			t.Errorf("owed: %+v", owed)
		}
		return err
	}))
	if total := tl.balances(tl.patron).Total(); !total.IsZero() {
		t.Errorf("a patron owes %s of it", total)
	}
}

func TestStatementByPages(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	for i := range 5 {
		_, err := tl.charge(tl.patron, "print", "0.10", fmt.Sprint("page ", i))
		must(t, err)
	}
	var causes []string
	after := broker.NoID
	for range 3 {
		must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
			page, err := ledger.Statement(ctx, tx, tl.patron, after, 2)
			for _, entry := range page {
				causes, after = append(causes, entry.Cause), entry.ID
			}
			return err
		}))
	}
	if fmt.Sprint(causes) != "[page 4 page 3 page 2 page 1 page 0]" {
		t.Errorf("pages gave %v", causes)
	}
}

// CON-07 Paying a fee while it is being taken back: either the payment comes
// first and becomes credit, or it comes second and is refused. There is no third
// outcome.
func TestCON07PayingAndTakingBackAtOnce(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	for i := range 20 {
		before := tl.balances(tl.patron).Total().Minor
		loan := broker.NewID()
		charge := tl.fine(loan, 300, fmt.Sprint("fine ", i))
		var paid error
		var desks sync.WaitGroup
		desks.Go(func() {
			paid = tl.try(func(ctx context.Context, tx *postgres.Tx) error {
				_, err := ledger.Pay(ctx, tx, ledger.Payment{
					Account: tl.patron, Charge: charge.ID, Amount: charge.Amount, InAdvance: false,
					Cause: fmt.Sprint("slip ", i), Actor: tl.actor, At: noon,
				})
				return err
			})
		})
		desks.Go(func() {
			var err error
			if i%2 == 0 {
				err = tl.takeBack(loan, 300, fmt.Sprint("back ", i)) // as a check-in with amnesty does
			} else {
				err = tl.reverse(charge.ID, fmt.Sprint("reversed ", i)) // as a cancelled fee is
			}
			if err != nil {
				t.Error(err)
			}
		})
		desks.Wait()
		want := before
		if paid == nil {
			want -= 300
		} else if !broker.IsKind(paid, broker.KindConflict) && !broker.IsKind(paid, broker.KindRefused) {
			t.Fatal(paid)
		}
		if got := tl.balances(tl.patron).Total().Minor; got != want {
			t.Fatalf("balance %d, want %d (payment: %v)", got, want, paid)
		}
		if paid == nil { // give the credit a fee to meet, so that the next round starts level
			_, err := tl.charge(tl.patron, ledger.ILLFee, "3.00", fmt.Sprint("level ", i))
			must(t, err)
		}
	}
	tl.sound()
}

// Two desks take the same fine at once: one payment is taken, the other refused,
// and no credit comes of it. The same slip sent twice at once is one payment.
func TestTwoDesksTakeTheSameFine(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	for i := range 10 {
		_, err := tl.charge(tl.patron, ledger.Overdue, "3.00", fmt.Sprint("fine ", i))
		must(t, err)
		slips := []string{fmt.Sprint("slip ", i, "a"), fmt.Sprint("slip ", i, "b")}
		if i%2 == 1 {
			slips[1] = slips[0]
		}
		errs := make([]error, len(slips))
		numbers := make([]int64, len(slips))
		var desks sync.WaitGroup
		for desk, slip := range slips {
			desks.Go(func() {
				receipt, err := tl.take(ledger.Payment{Amount: usd(300), Method: ledger.Cash, Cause: slip})
				errs[desk], numbers[desk] = err, receipt.Number
			})
		}
		desks.Wait()
		tl.owes(0)
		if slips[0] == slips[1] {
			must(t, errs[0])
			must(t, errs[1])
			if numbers[0] != numbers[1] {
				t.Fatalf("one slip, two receipts: %v", numbers)
			}
		} else if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("one of two is taken: %v", errs)
		}
	}
}
