package cashier_test

import (
	"context"
	"testing"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/postgres"
	"afield/workflow/desk/cashier"
	"afield/workflow/desk/counter"
)

func TestADayAtTheTill(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	h := tw.Library("western-district", "US-IL", broker.NoID)
	patron := h.Patron("adult")
	var till ledger.Till
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		till, err = h.Desk.Cashier.OpenTill(ctx, tx, h.At(), h.Money(5000))
		return err
	}))
	for range 2 { // a double click
		printed, _, err := h.Fee(cashier.Fee{Patron: patron, Kind: ledger.Print, Pages: 7, Colour: true, Key: "pages"})
		h.Must(err)
		if printed.Amount != h.Money(175) || printed.Rule != "fees.print" || printed.Clause == (broker.Clause{}) {
			t.Errorf("seven colour pages: %+v", printed)
		}
	}
	for what, fee := range map[string]cashier.Fee{
		"another patron": {Patron: h.Patron("adult"), Kind: ledger.Print, Pages: 7, Colour: true, Key: "pages"},
		"other pages":    {Patron: patron, Kind: ledger.Print, Pages: 8, Colour: true, Key: "pages"},
		"another kind":   {Patron: patron, Kind: ledger.Copy, Pages: 7, Colour: true, Key: "pages"},
	} {
		if _, _, err := h.Fee(fee); !broker.IsKind(err, broker.KindConflict) {
			t.Errorf("the key of seven printed pages taken for %s: %v", what, err)
		}
	}
	faxed, receipt, err := h.Fee(cashier.Fee{Patron: patron, Kind: ledger.Fax, Pages: 6, Country: "US", Method: ledger.Cash})
	h.Must(err)
	if faxed.Amount != h.Money(105) || receipt == nil || receipt.Left != h.Money(175) {
		t.Errorf("six pages faxed and paid at once: %+v, %+v", faxed, receipt)
	}
	_, _, err = h.Fee(cashier.Fee{Patron: patron, Kind: ledger.Fax, Pages: 1, Country: "CA"})
	h.Wants("may_not_fax", err)
	_, _, err = h.Fee(cashier.Fee{Patron: patron, Kind: ledger.Damage, Amount: h.Money(300)})
	h.Wants("invalid_input", err) // what for?
	_, err = h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(100), Method: "card"})
	h.Wants("may_not_pay_so", err)
	_, err = h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(100)})
	h.Wants("invalid_input", err) // by what, at an open till?
	_, err = h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(176), Method: ledger.Cash})
	h.Wants("more_than_owed", err)
	for range 2 {
		paid, err := h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(175), Method: "check", Note: "check 12", Key: "slip"})
		h.Must(err)
		if paid.Left != h.Money(0) || paid.Number == 0 {
			t.Errorf("paid: %+v", paid)
		}
	}
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		closed, err := h.Desk.Cashier.CloseTill(ctx, tx, h.At(), broker.NoID, map[string]int64{ledger.Cash: 5105, "check": 175}, "")
		if err == nil && (closed.ID != till.ID || len(closed.Difference()) != 0) {
			t.Errorf("closed: %+v, differs %v", closed, closed.Difference())
		}
		return err
	}))
}

func TestOnlyTheDirectorForgivesAndGivesBack(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	h := tw.Library("western-district", "US-IL", broker.NoID)
	patron := h.Patron("adult")
	charge, receipt, err := h.Fee(cashier.Fee{Patron: patron, Kind: ledger.Damage, Amount: h.Money(1000), Note: "torn cover", Method: ledger.Cash})
	h.Must(err)
	other, _, err := h.Fee(cashier.Fee{Patron: patron, Kind: ledger.Other, Amount: h.Money(200), Note: "a bag"})
	h.Must(err)
	for name, act := range map[string]func(context.Context, *postgres.Tx, counter.At) error{
		"waive": func(ctx context.Context, tx *postgres.Tx, at counter.At) error {
			_, err := h.Desk.Cashier.Waive(ctx, tx, at, cashier.Waiver{Charge: other.ID, Amount: h.Money(100), Reason: "half is enough", Key: "w"})
			return err
		},
		"void": func(ctx context.Context, tx *postgres.Tx, at counter.At) error {
			_, err := h.Desk.Cashier.Void(ctx, tx, at, receipt.Number, "it was a check that did not clear")
			return err
		},
		"give back": func(ctx context.Context, tx *postgres.Tx, at counter.At) error {
			_, err := h.Desk.Cashier.GiveBack(ctx, tx, at, cashier.Refund{Patron: patron, Amount: h.Money(1), Method: cashier.ByVoucher, Reason: "found"})
			if ours, ok := broker.AsError(err); ok && ours.Code == "more_than_credit" {
				return nil // nothing to give, but it was theirs to try
			}
			return err
		},
	} {
		err := h.Try(func(ctx context.Context, tx *postgres.Tx) error { return act(ctx, tx, h.At()) })
		if !broker.IsKind(err, broker.KindForbidden) {
			t.Errorf("%s at the desk: %v", name, err)
		}
		h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) error { return act(ctx, tx, h.Director()) }))
	}
	if owed := h.Owed(patron); owed != 1000+100 {
		t.Errorf("owed %d cents: the torn cover of %s again, and half the bag", owed, charge.Amount)
	}
	own := h.Director()
	own.Actor = broker.Actor{Kind: broker.ActorPatron, ID: patron, Library: h.Library.ID}
	err = h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.Desk.Cashier.TakePayment(ctx, tx, own, cashier.Payment{Patron: patron, Amount: h.Money(1), Method: ledger.Cash})
		return err
	})
	if !broker.IsKind(err, broker.KindForbidden) {
		t.Errorf("a patron at the till: %v", err)
	}
}

func TestCreditIsGivenBackOnPaper(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	h := tw.Library("western-district", "US-IL", broker.NoID)
	patron := h.Patron("adult")
	_, err := h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(500), Method: ledger.Cash, Keep: true})
	h.Must(err)
	var voucher *ledger.Voucher
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		given, err := h.Desk.Cashier.GiveBack(ctx, tx, h.Director(), cashier.Refund{Patron: patron, Amount: h.Money(500), Method: cashier.ByVoucher, Reason: "moved away"})
		voucher = given.Voucher
		return err
	}))
	if voucher == nil || voucher.Number == 0 || h.Owed(patron) != 0 {
		t.Fatalf("voucher %+v, owed %d", voucher, h.Owed(patron))
	}
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.Desk.Cashier.CancelVoucher(ctx, tx, h.Director(), voucher.ID, "stays after all")
		return err
	}))
	if owed := h.Owed(patron); owed != -500 {
		t.Errorf("owed %d, want the credit back", owed)
	}
	err = h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.Desk.Cashier.PayVoucher(ctx, tx, h.Director(), voucher.ID, ledger.Cash)
		return err
	})
	h.Wants("voucher_ended", err)
}

// Whoever wants a voucher for a charge that is taken back gets it for the
// credit that is left: nothing counts as given back on paper that was never
// written.
func TestAChargeIsNotTakenBackOnPaper(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	h := tw.Library("western-district", "US-IL", broker.NoID)
	patron := h.Patron("adult")
	charge, _, err := h.Fee(cashier.Fee{Patron: patron, Kind: ledger.Other, Amount: h.Money(200), Note: "a bag", Method: ledger.Cash})
	h.Must(err)
	takeBack := func(method string) error {
		return h.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := h.Desk.Cashier.TakeBackCharge(ctx, tx, h.Director(), cashier.TakeBackCharge{Charge: charge.ID, Method: method, Reason: "charged twice"})
			return err
		})
	}
	h.Wants("invalid_input", takeBack(cashier.ByVoucher))
	h.Must(takeBack(""))
	if owed := h.Owed(patron); owed != -200 {
		t.Errorf("owed %d, want the credit for which a voucher can be written", owed)
	}
}

// Perth blocks above 20.00 until everything is settled.
func TestABlockThatLatchesFollowsTheTill(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	h := tw.Library("perth", "ON", broker.NoID)
	patron := h.Patron("adult")
	_, _, err := h.Fee(cashier.Fee{Patron: patron, Kind: ledger.Other, Amount: h.Money(2001), Note: "a lamp"})
	h.Must(err)
	if !h.Blocked(patron) {
		t.Error("20.01 should block")
	}
	paid, err := h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(2000), Method: ledger.Cash})
	h.Must(err)
	if !h.Blocked(patron) {
		t.Error("a cent is still owed, so the block stays")
	}
	_, err = h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(1), Method: ledger.Cash})
	h.Must(err)
	if h.Blocked(patron) {
		t.Error("all is settled, so the block goes")
	}
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.Desk.Cashier.Void(ctx, tx, h.Director(), paid.Number, "not paid")
		return err
	}))
	if h.Blocked(patron) {
		t.Error("20.00 does not block")
	}
}

// A fine that still grows is charged as far as it has come, paid, and goes on.
func TestAGrowingFineIsChargedBeforeItIsPaid(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	h := tw.Library("westchester", "US-PA", broker.NoID)
	patron := h.Patron("adult")
	due := h.Lends(h.Owns(tw.Title("A late book", "9780306406157")), patron).DueOn
	tw.Clock.Set(due.AddDays(7).At(11, 0, h.Zone))
	_, err := h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(1), Method: ledger.Cash})
	h.Must(err)
	first := h.Owed(patron) + 1
	if first <= 1 {
		t.Fatalf("a week late costs %d cents", first)
	}
	paid, err := h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(first - 1), Method: ledger.Cash})
	h.Must(err)
	if !paid.Left.IsZero() {
		t.Errorf("left %s", paid.Left)
	}
	_, err = h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(1), Method: ledger.Cash})
	h.Wants("more_than_owed", err) // nothing is added the same day
	tw.Clock.Set(due.AddDays(14).At(11, 0, h.Zone))
	_, err = h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(first), Method: ledger.Cash})
	h.Must(err)
	if owed := h.Owed(patron); owed != 0 {
		t.Errorf("the second week costs as much as the first: %d cents are left", owed)
	}
}

func TestLibrariesAskMoneyOfEachOther(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	creditor := tw.Library("western-district", "US-IL", broker.NoID)
	debtor := tw.Library("westchester", "US-PA", broker.NoID)
	var invoice ledger.Invoice
	raise := func(at counter.At, number string) error {
		return creditor.Try(func(ctx context.Context, tx *postgres.Tx) error {
			raised, err := creditor.Desk.Cashier.RaiseInvoice(ctx, tx, at, ledger.Invoice{
				Debtor: debtor.Library.ID, Number: number, Kind: ledger.InvoicePostage, Amount: creditor.Money(725),
			})
			if err == nil {
				invoice = raised
			}
			return err
		})
	}
	creditor.Must(raise(creditor.At(), "P-1"))
	if invoice.DueOn != broker.NewDate(2026, 4, 1) {
		t.Errorf("due on %s, thirty days after it was written", invoice.DueOn)
	}
	clerk := creditor.At()
	clerk.Actor.Roles = []string{"desk"}
	if err := raise(clerk, "P-2"); !broker.IsKind(err, broker.KindForbidden) {
		t.Errorf("at the circulation desk: %v", err)
	}
	dispute := func(h *town.House) error {
		return h.Try(func(ctx context.Context, tx *postgres.Tx) error {
			return h.Desk.Cashier.DisputeInvoice(ctx, tx, h.At(), creditor.Library.ID, invoice.ID, "sent by van")
		})
	}
	creditor.Wants("not_found", dispute(creditor)) // nobody disputes their own
	debtor.Must(dispute(debtor))
	creditor.Must(creditor.Try(func(ctx context.Context, tx *postgres.Tx) error {
		if err := creditor.Desk.Cashier.InsistOnInvoice(ctx, tx, creditor.At(), invoice.ID); err != nil {
			return err
		}
		receipt, err := creditor.Desk.Cashier.PayInvoice(ctx, tx, creditor.At(), []broker.ID{invoice.ID}, "check", "check 9", "check 9")
		if receipt.Paid != creditor.Money(725) {
			t.Errorf("paid: %+v", receipt)
		}
		return err
	}))
	debtor.Must(debtor.Try(func(ctx context.Context, tx *postgres.Tx) error {
		due, err := ledger.OwedTo(ctx, tx, debtor.Library.ID)
		if len(due) != 0 {
			t.Errorf("still owed: %+v", due)
		}
		return err
	}))
}
