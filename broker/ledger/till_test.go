package ledger_test

import (
	"context"
	"sync"
	"testing"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/postgres"
)

func (tl till) open(branch broker.ID, float int64) (drawer ledger.Till, err error) {
	err = tl.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		drawer, err = ledger.OpenTill{Library: tl.patron.Library, Branch: branch, Float: usd(float), Actor: tl.actor, At: noon}.Open(ctx, tx)
		return err
	})
	return drawer, err
}

func (tl till) close(drawer ledger.Till, counted map[string]int64) (closed ledger.Till, err error) {
	err = tl.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		closed, err = ledger.CloseTill{Library: tl.patron.Library, Till: drawer.ID, Counted: counted, Actor: tl.actor, At: noon}.Close(ctx, tx)
		return err
	})
	return closed, err
}

func TestATillIsCountedAndClosed(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	drawer, err := tl.open(broker.NoID, 5000)
	must(t, err)
	_, err = tl.open(broker.NoID, 0)
	wantCode(t, err, "till_open")
	_, err = tl.charge(tl.patron, ledger.Lost, "30.00", "lost")
	must(t, err)
	_, err = tl.take(ledger.Payment{Amount: usd(2000), Method: ledger.Cash, Till: drawer.ID, Cause: "cash"})
	must(t, err)
	_, err = tl.take(ledger.Payment{Amount: usd(700), Method: "check", Till: drawer.ID, Cause: "check"})
	must(t, err)
	wrong, err := tl.take(ledger.Payment{Amount: usd(300), Method: ledger.Cash, Till: drawer.ID, Cause: "wrong"})
	must(t, err)
	_, err = tl.void(wrong.Number, "typed twice")
	must(t, err)
	tl.credit(1000, "found")
	_, err = tl.pay(tl.patron, "3.00", "by post", true)
	must(t, err)
	must(t, tl.giveBack(400, "refund", ledger.Cash, drawer.ID))
	voucher, err := tl.voucher(100, "voucher")
	must(t, err)
	must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.PayVoucher(ctx, tx, tl.patron.Library, voucher.ID, ledger.Cash, drawer.ID, tl.actor, noon)
		return err
	}))
	closed, err := tl.close(drawer, map[string]int64{ledger.Cash: 6490, "check": 700})
	must(t, err)
	if closed.Expected[ledger.Cash] != 5000+2000-400-100 || closed.Expected["check"] != 700 {
		t.Errorf("expected %v", closed.Expected)
	}
	if differs := closed.Difference(); len(differs) != 1 || differs[ledger.Cash] != -10 {
		t.Errorf("ten cents are missing: %v", differs)
	}
	must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		entries, _, err := ledger.InTill(ctx, tx, tl.patron.Library, drawer.ID)
		if len(entries) != 5 {
			t.Errorf("%d entries in the till, want 3 payments, a void and a refund", len(entries))
		}
		again, err2 := ledger.TillByID(ctx, tx, tl.patron.Library, drawer.ID)
		if !again.Closed() || again.Expected[ledger.Cash] != 6500 || again.Counted[ledger.Cash] != 6490 {
			t.Errorf("read again: %+v", again)
		}
		must(t, err2)
		return err
	}))
	tl.sound()
}

func TestAClosedTillIsNeverChanged(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	drawer, err := tl.open(broker.NoID, 0)
	must(t, err)
	_, err = tl.charge(tl.patron, ledger.Print, "2.00", "pages")
	must(t, err)
	receipt, err := tl.take(ledger.Payment{Amount: usd(100), Method: ledger.Cash, Till: drawer.ID, Cause: "cash"})
	must(t, err)
	for range 2 { // a double click
		_, err = tl.close(drawer, map[string]int64{ledger.Cash: 100})
		must(t, err)
	}
	_, err = tl.close(drawer, map[string]int64{ledger.Cash: 99})
	wantCode(t, err, "till_closed")
	_, err = tl.take(ledger.Payment{Amount: usd(100), Method: ledger.Cash, Till: drawer.ID, Cause: "late"})
	wantCode(t, err, "till_closed")
	err = tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `update tills set note = 'x'`)
		return err
	})
	if err == nil {
		t.Error("the database let a closed till be changed")
	}
	_, err = tl.void(receipt.Number, "another patron's") // the books are put right, the count stays
	must(t, err)
	tl.owes(200)
	tl.sound()
	_, err = tl.open(broker.NoID, 100)
	must(t, err)
}

// A payment while the till is being closed is either counted in it or refused.
func TestPayingWhileTheTillIsClosed(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	_, err := tl.charge(tl.patron, ledger.Print, "99.00", "pages")
	must(t, err)
	for range 10 {
		drawer, err := tl.open(broker.NoID, 0)
		must(t, err)
		var paid error
		var closed ledger.Till
		var desks sync.WaitGroup
		desks.Go(func() {
			_, paid = tl.take(ledger.Payment{Amount: usd(100), Method: ledger.Cash, Till: drawer.ID, Cause: drawer.ID.String()})
		})
		desks.Go(func() {
			var err error
			if closed, err = tl.close(drawer, nil); err != nil {
				t.Error(err)
			}
		})
		desks.Wait()
		if paid != nil {
			wantCode(t, paid, "till_closed")
		}
		if (paid == nil) != (closed.Expected[ledger.Cash] == 100) {
			t.Fatalf("payment: %v, expected %v", paid, closed.Expected)
		}
	}
	tl.sound()
}
