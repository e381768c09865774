package ledger_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

func (tl till) giveBack(minor int64, cause string, method string, from broker.ID) error {
	return tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.GiveBack(ctx, tx, ledger.Refund{
			Account: tl.patron, Amount: usd(minor), Method: method, Till: from, Reason: "found in time", Cause: cause, Actor: tl.actor, At: noon,
		})
		return err
	})
}

func (tl till) voucher(minor int64, cause string) (voucher ledger.Voucher, err error) {
	err = tl.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		voucher, err = ledger.WriteVoucher(ctx, tx, ledger.Refund{
			Account: tl.patron, Amount: usd(minor), Reason: "found in time", Cause: cause, Actor: tl.actor, At: noon,
		})
		return err
	})
	return voucher, err
}

// credit gives the patron credit, by a charge that is paid and then taken back.
func (tl till) credit(minor int64, cause string) {
	charge, err := tl.charge(tl.patron, ledger.Lost, usd(minor).Decimal(), cause)
	must(tl.t, err)
	_, err = tl.take(ledger.Payment{Amount: usd(minor), Charge: charge.ID, Method: ledger.Cash, Cause: cause + " paid"})
	must(tl.t, err)
	must(tl.t, tl.reverse(charge.ID, cause+" found"))
}

func TestARefundNeedsCredit(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	wantCode(t, tl.giveBack(1, "nothing", ledger.Cash, broker.NoID), "more_than_credit")
	tl.credit(2500, "lost")
	_, err := tl.charge(tl.patron, ledger.Overdue, "4.00", "fine")
	must(t, err)
	tl.owes(-2100)
	wantCode(t, tl.giveBack(2101, "too much", ledger.Cash, broker.NoID), "more_than_credit")
	must(t, tl.giveBack(2000, "refund", ledger.Cash, broker.NoID))
	must(t, tl.giveBack(2000, "refund", ledger.Cash, broker.NoID)) // the same again pays nothing
	tl.owes(-100)
	if kinds := tl.balances(tl.patron).ByKind; kinds[ledger.Lost] != -500 || kinds[ledger.Overdue] != 400 {
		t.Errorf("balances %v", kinds)
	}
	tl.sound()
}

func TestWhatStillAccruesIsNotGivenBack(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	tl.credit(500, "lost")
	must(t, tl.try(func(_ context.Context, tx *postgres.Tx) error {
		ledger.SetAccrual(tx, ledger.Accrual{Account: tl.patron, Loan: broker.NewID(), LoanLibrary: tl.patron.Library, Amount: usd(200), Through: broker.NewDate(2026, 3, 2)})
		return nil
	}))
	wantCode(t, tl.giveBack(301, "a", ledger.Cash, broker.NoID), "more_than_credit")
	must(t, tl.giveBack(300, "b", ledger.Cash, broker.NoID))
}

func TestAVoucherIsPaidOnce(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	tl.credit(2500, "lost")
	voucher, err := tl.voucher(2500, "give back")
	must(t, err)
	again, err := tl.voucher(2500, "give back")
	must(t, err)
	if again.Number != voucher.Number || again.ID != voucher.ID {
		t.Errorf("the same voucher: %+v and %+v", voucher, again)
	}
	tl.owes(0) // the credit is on paper now
	wantCode(t, tl.giveBack(1, "more", ledger.Cash, broker.NoID), "more_than_credit")
	pay := func() error {
		return tl.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := ledger.PayVoucher(ctx, tx, tl.patron.Library, voucher.ID, "check", broker.NoID, tl.actor, noon)
			return err
		})
	}
	must(t, pay())
	wantCode(t, pay(), "voucher_ended")
	tl.sound()
}

func TestACancelledVoucherGivesTheCreditBack(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	tl.credit(2500, "lost")
	voucher, err := tl.voucher(1000, "give back")
	must(t, err)
	cancel := func() error {
		return tl.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := ledger.CancelVoucher(ctx, tx, ledger.Void{Library: tl.patron.Library, Reason: "not wanted", Actor: tl.actor, At: noon}, voucher.ID)
			return err
		})
	}
	must(t, cancel())
	wantCode(t, cancel(), "voucher_ended")
	tl.owes(-2500)
	must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		open, err := ledger.OpenVouchers(ctx, tx, tl.patron.Library, 0, 10)
		if len(open) != 0 {
			t.Errorf("still open: %+v", open)
		}
		return err
	}))
	tl.sound()
}

func TestLST27EachWhoPaidGetsTheirPartBack(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	charge, err := tl.charge(tl.patron, ledger.Lost, "15.99", "lost")
	must(t, err)
	_, err = tl.take(ledger.Payment{Amount: usd(600), By: "transfer account", Method: "transfer", Cause: "transfer"})
	must(t, err)
	_, err = tl.take(ledger.Payment{Amount: usd(400), Method: ledger.Cash, Cause: "cash"})
	must(t, err)
	var undone ledger.Undone
	back := func() error {
		return tl.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
			undone, err = ledger.TakeBackPaid(ctx, tx, ledger.Answer{
				Library: tl.patron.Library, Charge: charge.ID, Cause: "found", Note: "returned in time", Actor: tl.actor, At: noon,
			}, ledger.Cash, broker.NoID)
			return err
		})
	}
	must(t, back())
	if undone.Cancelled != usd(599) || len(undone.Refunds) != 2 ||
		undone.Refunds[0] != (costs.PaidBy{Source: "transfer account", Amount: usd(600)}) || undone.Refunds[1] != (costs.PaidBy{Amount: usd(400)}) {
		t.Errorf("undone: %+v", undone)
	}
	tl.owes(0)
	must(t, back()) // again: nothing more
	if len(undone.Entries) != 3 {
		t.Errorf("the entries it made: %+v", undone.Entries)
	}
	tl.owes(0)
	must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		open, err := ledger.OpenCharges(ctx, tx, tl.patron)
		if len(open) != 0 {
			t.Errorf("the fee is closed: %+v", open)
		}
		return err
	}))
	tl.sound()
}

func TestAPatronWhoOwesElsewhereGetsWhatIsLeft(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	lost, err := tl.charge(tl.patron, ledger.Lost, "10.00", "lost")
	must(t, err)
	_, err = tl.take(ledger.Payment{Amount: usd(1000), Method: ledger.Cash, Cause: "cash"})
	must(t, err)
	_, err = tl.charge(tl.patron, ledger.Overdue, "3.00", "fine")
	must(t, err)
	must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		undone, err := ledger.TakeBackPaid(ctx, tx, ledger.Answer{
			Library: tl.patron.Library, Charge: lost.ID, Cause: "found", Note: "returned in time", Actor: tl.actor, At: noon,
		}, ledger.Cash, broker.NoID)
		if len(undone.Refunds) != 1 || undone.Refunds[0].Amount != usd(700) {
			t.Errorf("given back: %+v", undone.Refunds)
		}
		return err
	}))
	tl.owes(0)
	why := ledger.Answer{Cause: "level", Actor: tl.actor, At: noon}
	for range 2 {
		must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := ledger.UseCredit(ctx, tx, tl.patron, why)
			return err
		}))
	}
	if kinds := tl.balances(tl.patron).ByKind; len(kinds) != 0 {
		t.Errorf("the credit pays the fine: %v", kinds)
	}
	tl.sound()
}

func TestASmallBalanceIsWrittenOff(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	for _, cause := range []string{"a", "b"} {
		_, err := tl.charge(tl.patron, ledger.Overdue, "2.50", cause)
		must(t, err)
	}
	off := func(most int64, cause string) error {
		return tl.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := ledger.WriteOff(ctx, tx, tl.patron, usd(most), ledger.Answer{Cause: cause, Note: "purged", Actor: tl.actor, At: noon})
			return err
		})
	}
	wantCode(t, off(499, "too much"), "too_much_to_write_off")
	must(t, off(500, "purge"))
	must(t, off(500, "purge"))
	tl.owes(0)
	must(t, off(500, "again, with nothing owed"))
	tl.owes(0)
	tl.sound()
}

// Goods taken in place of money give nothing back when the charge is taken back,
// though other credit stands on the account.
func TestWhatIsNotGivenBackIsNotTakenFromOtherCredit(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	charge, err := tl.charge(tl.patron, ledger.Lost, "10.00", "lost")
	must(t, err)
	_, err = tl.take(ledger.Payment{Amount: usd(600), Method: "goods", NotRefundable: true, Cause: "goods"})
	must(t, err)
	_, err = tl.take(ledger.Payment{Amount: usd(100), Method: ledger.Cash, Cause: "cash"})
	must(t, err)
	tl.inFavour(tl.known(), 1, "somebody else's")
	must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.Pay(ctx, tx, ledger.Payment{
			Account: tl.patron, Amount: usd(800), InAdvance: true, Method: ledger.Cash, Cause: "ahead", Actor: tl.actor, At: noon,
		})
		return err
	}))
	tl.owes(-500) // 3.00 of the charge is paid by it, 5.00 stand in advance
	must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		undone, err := ledger.TakeBackPaid(ctx, tx, ledger.Answer{
			Library: tl.patron.Library, Charge: charge.ID, Cause: "mistake", Note: "never lent", Actor: tl.actor, At: noon,
		}, ledger.Cash, broker.NoID)
		if len(undone.Refunds) != 1 || undone.Refunds[0].Amount != usd(400) || undone.Cancelled != usd(0) {
			t.Errorf("given back: %+v, cancelled %s", undone.Refunds, undone.Cancelled)
		}
		return err
	}))
	tl.owes(-500)
	tl.sound()
}
