package ledger_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/ledger"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

func (tl till) take(p ledger.Payment) (receipt ledger.Receipt, err error) {
	if p.Account == (ledger.Account{}) {
		p.Account = tl.patron
	}
	p.Actor, p.At = tl.actor, noon
	err = tl.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		receipt, err = ledger.Pay(ctx, tx, p)
		return err
	})
	return receipt, err
}

func (tl till) void(number int64, reason string) (entries []ledger.Entry, err error) {
	err = tl.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		entries, err = ledger.VoidPayment(ctx, tx, ledger.Void{Library: tl.patron.Library, Receipt: number, Reason: reason, Actor: tl.actor, At: noon})
		return err
	})
	return entries, err
}

func (tl till) reverse(charge broker.ID, cause string) error {
	return tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.Reverse(ctx, tx, ledger.Answer{Library: tl.patron.Library, Charge: charge, Cause: cause, Actor: tl.actor, At: noon})
		return err
	})
}

func (tl till) owes(minor int64) {
	tl.t.Helper()
	if total := tl.balances(tl.patron).Total(); total != usd(minor) {
		tl.t.Errorf("owed %s, want %s", total, usd(minor))
	}
}

// sound checks that no rule of the ledger is broken.
func (tl till) sound() {
	tl.t.Helper()
	must(tl.t, tl.db.InTx(tl.t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		for _, view := range []string{
			"breach_ledger_over_credited", "breach_ledger_credit_without_charge", "breach_ledger_undone_otherwise",
			"breach_till_differs", "breach_voucher_without_refund", "breach_invoice_differs",
		} {
			var broken int
			if err := tx.QueryRow(ctx, `select count(*) from `+view).Scan(&broken); err != nil {
				return err
			}
			if broken > 0 {
				tl.t.Errorf("%s: %d", view, broken)
			}
		}
		return nil
	}))
}

func TestPAY02AnEvenSplitIsPaidAsItWasShared(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	var shares []ledger.Share
	var owed []broker.Money
	for _, amount := range []string{"3.00", "4.00", "8.00"} {
		charge, err := tl.charge(tl.patron, ledger.Overdue, amount, "fine "+amount)
		must(t, err)
		shares, owed = append(shares, ledger.Share{Charge: charge.ID}), append(owed, charge.Amount)
	}
	parts, _ := costs.SplitPayment(attributes.SplitEvenly, usd(1000), owed)
	for i := range shares {
		shares[i].Amount = parts[i]
	}
	receipt, err := tl.take(ledger.Payment{Amount: usd(1000), To: shares, Method: ledger.Cash, Cause: "slip"})
	must(t, err)
	for i, want := range []int64{300, 350, 350} {
		if got := receipt.Lines[i]; got.Against != shares[i].Charge || got.Amount != usd(-want) {
			t.Errorf("share %d is %s, want %s", i+1, got.Amount.Negated(), usd(want))
		}
	}
	tl.owes(500)
}

func TestSharesThatAPaymentCannotMake(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	charge, err := tl.charge(tl.patron, ledger.Overdue, "3.00", "fine")
	must(t, err)
	share := func(minor int64) []ledger.Share { return []ledger.Share{{Charge: charge.ID, Amount: usd(minor)}} }
	for name, c := range map[string]struct {
		payment ledger.Payment
		code    string
	}{
		"more than the charge owes":        {ledger.Payment{Amount: usd(400), To: share(301), InAdvance: true}, "more_than_owed"},
		"more than was handed over":        {ledger.Payment{Amount: usd(100), To: share(101)}, "invalid_input"},
		"less than was handed over":        {ledger.Payment{Amount: usd(101), To: share(100)}, "more_than_owed"},
		"the same charge twice":            {ledger.Payment{Amount: usd(200), To: append(share(100), share(100)...)}, "invalid_input"},
		"a charge of nobody":               {ledger.Payment{Amount: usd(1), To: []ledger.Share{{Charge: broker.NewID(), Amount: usd(1)}}}, "charge_settled"},
		"PAY-03 nothing":                   {ledger.Payment{Amount: usd(0)}, "invalid_input"},
		"PAY-03 less than nothing":         {ledger.Payment{Amount: usd(-100)}, "invalid_input"},
		"what is not given back, kept":     {ledger.Payment{Amount: usd(301), NotRefundable: true, InAdvance: true}, "not_kept_in_advance"},
		"into a till, without saying what": {ledger.Payment{Amount: usd(1), Till: broker.NewID()}, "invalid_input"},
		"into no till":                     {ledger.Payment{Amount: usd(1), Till: broker.NewID(), Method: ledger.Cash}, "not_found"},
	} {
		c.payment.Cause = name
		_, err := tl.take(c.payment)
		if ours, ok := broker.AsError(err); !ok || ours.Code != c.code {
			t.Errorf("%s: want %s, got %v", name, c.code, err)
		}
	}
	tl.owes(300)
}

func TestPAY04AFineAfterAllWasPaidOpensTheAccountAgain(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	_, err := tl.charge(tl.patron, ledger.Overdue, "1.00", "first")
	must(t, err)
	_, err = tl.pay(tl.patron, "1.00", "slip", false)
	must(t, err)
	tl.owes(0)
	second, err := tl.charge(tl.patron, ledger.Overdue, "0.30", "second")
	must(t, err)
	must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		open, err := ledger.OpenCharges(ctx, tx, tl.patron)
		if len(open) != 1 || open[0].ID != second.ID || open[0].Owed != usd(30) {
			t.Errorf("open: %+v", open)
		}
		return err
	}))
}

func TestPAY05WhatIsNotGivenBackMakesNoCredit(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	charge, err := tl.charge(tl.patron, ledger.Lost, "8.00", "lost")
	must(t, err)
	_, err = tl.take(ledger.Payment{Amount: usd(500), Method: "goods", NotRefundable: true, Cause: "goods"})
	must(t, err)
	paid, err := tl.take(ledger.Payment{Amount: usd(300), Method: ledger.Cash, Cause: "cash"})
	must(t, err)
	goods := paid.Number - 1
	must(t, tl.reverse(charge.ID, "found")) // overpaid by 8.00 now, of which 5.00 are never given back
	tl.owes(-300)
	must(t, tl.reverse(charge.ID, "found"))
	tl.owes(-300)
	_, err = tl.void(goods, "typed twice")
	wantCode(t, err, "credit_lapsed")
	_, err = tl.void(paid.Number, "typed twice")
	must(t, err)
	tl.owes(0)
	tl.sound()
}

func TestAReceiptIsPrintedAgainAsItWas(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	_, err := tl.charge(tl.patron, ledger.Overdue, "2.00", "fine")
	must(t, err)
	_, err = tl.charge(tl.patron, ledger.Print, "3.00", "pages")
	must(t, err)
	first, err := tl.take(ledger.Payment{Amount: usd(400), Method: "check", Note: "check 1234", Cause: "slip"})
	must(t, err)
	_, err = tl.charge(tl.patron, ledger.Fax, "9.00", "later")
	must(t, err)
	read := func() (again ledger.Receipt) {
		must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
			again, err = ledger.ReceiptByNumber(ctx, tx, tl.patron.Library, first.Number)
			return err
		}))
		return again
	}
	again := read()
	if again.Number != first.Number || again.Paid != usd(400) || again.Left != usd(100) || again.Method != "check" || len(again.Lines) != 2 || again.Voided {
		t.Errorf("printed again: %+v", again)
	}
	if first.Left != again.Left {
		t.Errorf("left was %s, and is %s on paper", first.Left, again.Left)
	}
	_, err = tl.void(first.Number, "")
	wantCode(t, err, "invalid_input")
	for range 2 {
		_, err = tl.void(first.Number, "another patron's check")
		must(t, err)
		tl.owes(1400)
	}
	if !read().Voided {
		t.Error("a voided payment's receipt should say so")
	}
	_, err = tl.void(first.Number+1000000, "no such")
	wantCode(t, err, "not_found")
	tl.sound()
}

func TestAVoidedPaymentCannotBeTakenBackAsCredit(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	charge, err := tl.charge(tl.patron, ledger.Lost, "20.00", "lost")
	must(t, err)
	receipt, err := tl.take(ledger.Payment{Amount: usd(2000), Method: ledger.Cash, Cause: "slip"})
	must(t, err)
	_, err = tl.void(receipt.Number, "not paid at all")
	must(t, err)
	must(t, tl.reverse(charge.ID, "found"))
	tl.owes(0)
	tl.sound()
}

// A refund's time is counted from the payment; a voided payment does not count.
func TestAVoidedPaymentOpensNoRefundWindow(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	loan := broker.NewID()
	tl.fine(loan, 300, "overdue")
	receipt, err := tl.take(ledger.Payment{Amount: usd(300), Method: ledger.Cash, Cause: "slip"})
	must(t, err)
	if at := tl.ofLoan(loan).PaidAt(); !at.Equal(noon) {
		t.Errorf("paid at %s", at)
	}
	_, err = tl.void(receipt.Number, "mistyped")
	must(t, err)
	if money := tl.ofLoan(loan); !money.PaidAt().IsZero() || !money.Paid.IsZero() {
		t.Errorf("paid %s at %s, want nothing", money.Paid, money.PaidAt())
	}
}

func TestHistoryWithARunningBalance(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	for _, cause := range []string{"a", "b", "c"} {
		_, err := tl.charge(tl.patron, ledger.Copy, "1.00", cause)
		must(t, err)
	}
	_, err := tl.pay(tl.patron, "1.50", "slip", false)
	must(t, err)
	var balances []int64
	after := broker.NoID
	for range 3 {
		must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
			page, err := ledger.History(ctx, tx, tl.patron, after, 2)
			for _, line := range page {
				balances, after = append(balances, line.Balance.Minor), line.ID
			}
			return err
		}))
	}
	want := []int64{150, 200, 300, 200, 100}
	if len(balances) != len(want) {
		t.Fatalf("balances %v, want %v", balances, want)
	}
	for i := range want {
		if balances[i] != want[i] {
			t.Fatalf("balances %v, want %v", balances, want)
		}
	}
}

// A fine that was adjusted down may be charged again: what was taken off does not
// count towards the cap.
func TestFIN08AdjustmentsMakeRoomUnderTheCap(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	loan := broker.NewID()
	tl.fine(loan, 300, "overdue")
	must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		money := ledger.LoanMoney{}
		ledger.AskLoan(tx, tl.patron, loan, ledger.Overdue, &money)
		if err := tx.Flush(ctx); err != nil {
			return err
		}
		_, err := ledger.Waive(ctx, tx, ledger.Answer{Library: tl.patron.Library, Charge: money.Open[0].ID, Cause: "kind", Actor: tl.actor, At: noon}, usd(300))
		return err
	}))
	money := tl.ofLoan(loan)
	posted := costs.Posted{Charged: money.Charged, Adjusted: money.Adjusted}
	limit := usd(300)
	opening, err := calendar.New("America/New_York", calendar.Plan{})
	must(t, err)
	terms := costs.Terms{Overdue: costs.FineTerms{Count: calendar.CalendarDays, Rate: usd(100), Cap: &limit}}
	due := broker.NewDate(2026, 3, 2)
	if more := costs.Accrue(terms, due, due.AddDays(5), opening, posted); more != usd(200) {
		t.Errorf("more to charge: %s, want 2.00 of 5 days at 1.00, three of which are done", more)
	}
}
