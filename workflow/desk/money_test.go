package desk_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

// director stands at the desk with the director's role.
func (h *house) director() desk.At {
	at := h.at()
	at.Actor.Roles = []string{"desk", "director"}
	return at
}

func (h *house) money(minor int64) broker.Money {
	return broker.Money{Minor: minor, Currency: h.Currency}
}

func (h *house) fee(in desk.Fee) (entry ledger.Entry, receipt *ledger.Receipt, err error) {
	err = h.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		entry, receipt, err = h.desk.AddFee(ctx, tx, h.at(), in)
		return err
	})
	return entry, receipt, err
}

func (h *house) takes(in desk.Payment) (receipt ledger.Receipt, err error) {
	err = h.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		receipt, err = h.desk.TakePayment(ctx, tx, h.at(), in)
		return err
	})
	return receipt, err
}

func (h *house) blocked(patron broker.ID) (blocked bool) {
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) error {
		standing, err := patrons.StandingOf(ctx, tx, h.Library, patrons.Ref{Library: h.Library.ID, ID: patron})
		blocked = len(standing.Blocks) > 0
		return err
	}))
	return blocked
}

func (h *house) wants(code string, err error) {
	h.t.Helper()
	if ours, ok := broker.AsError(err); !ok || ours.Code != code {
		h.t.Errorf("want %s, got %v", code, err)
	}
}

func TestADayAtTheTill(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	h := tw.library("western-district", "US-IL", broker.NoID)
	patron := h.patron("adult")
	var till ledger.Till
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		till, err = h.desk.OpenTill(ctx, tx, h.at(), h.money(5000))
		return err
	}))
	for range 2 { // a double click
		printed, _, err := h.fee(desk.Fee{Patron: patron, Kind: ledger.Print, Pages: 7, Colour: true, Key: "pages"})
		h.must(err)
		if printed.Amount != h.money(175) || printed.Rule != "fees.print" || printed.Clause == (broker.Clause{}) {
			t.Errorf("seven colour pages: %+v", printed)
		}
	}
	for what, fee := range map[string]desk.Fee{
		"another patron": {Patron: h.patron("adult"), Kind: ledger.Print, Pages: 7, Colour: true, Key: "pages"},
		"other pages":    {Patron: patron, Kind: ledger.Print, Pages: 8, Colour: true, Key: "pages"},
		"another kind":   {Patron: patron, Kind: ledger.Copy, Pages: 7, Colour: true, Key: "pages"},
	} {
		if _, _, err := h.fee(fee); !broker.IsKind(err, broker.KindConflict) {
			t.Errorf("the key of seven printed pages taken for %s: %v", what, err)
		}
	}
	faxed, receipt, err := h.fee(desk.Fee{Patron: patron, Kind: ledger.Fax, Pages: 6, Country: "US", Method: ledger.Cash})
	h.must(err)
	if faxed.Amount != h.money(105) || receipt == nil || receipt.Left != h.money(175) {
		t.Errorf("six pages faxed and paid at once: %+v, %+v", faxed, receipt)
	}
	_, _, err = h.fee(desk.Fee{Patron: patron, Kind: ledger.Fax, Pages: 1, Country: "CA"})
	h.wants("may_not_fax", err)
	_, _, err = h.fee(desk.Fee{Patron: patron, Kind: ledger.Damage, Amount: h.money(300)})
	h.wants("invalid_input", err) // what for?
	_, err = h.takes(desk.Payment{Patron: patron, Amount: h.money(100), Method: "card"})
	h.wants("may_not_pay_so", err)
	_, err = h.takes(desk.Payment{Patron: patron, Amount: h.money(100)})
	h.wants("invalid_input", err) // by what, at an open till?
	_, err = h.takes(desk.Payment{Patron: patron, Amount: h.money(176), Method: ledger.Cash})
	h.wants("more_than_owed", err)
	for range 2 {
		paid, err := h.takes(desk.Payment{Patron: patron, Amount: h.money(175), Method: "check", Note: "check 12", Key: "slip"})
		h.must(err)
		if paid.Left != h.money(0) || paid.Number == 0 {
			t.Errorf("paid: %+v", paid)
		}
	}
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) error {
		closed, err := h.desk.CloseTill(ctx, tx, h.at(), broker.NoID, map[string]int64{ledger.Cash: 5105, "check": 175}, "")
		if err == nil && (closed.ID != till.ID || len(closed.Difference()) != 0) {
			t.Errorf("closed: %+v, differs %v", closed, closed.Difference())
		}
		return err
	}))
}

func TestOnlyTheDirectorForgivesAndGivesBack(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	h := tw.library("western-district", "US-IL", broker.NoID)
	patron := h.patron("adult")
	charge, receipt, err := h.fee(desk.Fee{Patron: patron, Kind: ledger.Damage, Amount: h.money(1000), Note: "torn cover", Method: ledger.Cash})
	h.must(err)
	other, _, err := h.fee(desk.Fee{Patron: patron, Kind: ledger.Other, Amount: h.money(200), Note: "a bag"})
	h.must(err)
	for name, act := range map[string]func(context.Context, *postgres.Tx, desk.At) error{
		"waive": func(ctx context.Context, tx *postgres.Tx, at desk.At) error {
			_, err := h.desk.Waive(ctx, tx, at, desk.Waiver{Charge: other.ID, Amount: h.money(100), Reason: "half is enough", Key: "w"})
			return err
		},
		"void": func(ctx context.Context, tx *postgres.Tx, at desk.At) error {
			_, err := h.desk.Void(ctx, tx, at, receipt.Number, "it was a check that did not clear")
			return err
		},
		"give back": func(ctx context.Context, tx *postgres.Tx, at desk.At) error {
			_, err := h.desk.GiveBack(ctx, tx, at, desk.Refund{Patron: patron, Amount: h.money(1), Method: desk.ByVoucher, Reason: "found"})
			if ours, ok := broker.AsError(err); ok && ours.Code == "more_than_credit" {
				return nil // nothing to give, but it was theirs to try
			}
			return err
		},
	} {
		err := h.try(func(ctx context.Context, tx *postgres.Tx) error { return act(ctx, tx, h.at()) })
		if !broker.IsKind(err, broker.KindForbidden) {
			t.Errorf("%s at the desk: %v", name, err)
		}
		h.must(h.try(func(ctx context.Context, tx *postgres.Tx) error { return act(ctx, tx, h.director()) }))
	}
	if owed := h.owed(patron); owed != 1000+100 {
		t.Errorf("owed %d cents: the torn cover of %s again, and half the bag", owed, charge.Amount)
	}
	own := h.director()
	own.Actor = broker.Actor{Kind: broker.ActorPatron, ID: patron, Library: h.Library.ID}
	err = h.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.desk.TakePayment(ctx, tx, own, desk.Payment{Patron: patron, Amount: h.money(1), Method: ledger.Cash})
		return err
	})
	if !broker.IsKind(err, broker.KindForbidden) {
		t.Errorf("a patron at the till: %v", err)
	}
}

func TestCreditIsGivenBackOnPaper(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	h := tw.library("western-district", "US-IL", broker.NoID)
	patron := h.patron("adult")
	_, err := h.takes(desk.Payment{Patron: patron, Amount: h.money(500), Method: ledger.Cash, Keep: true})
	h.must(err)
	var voucher *ledger.Voucher
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) error {
		given, err := h.desk.GiveBack(ctx, tx, h.director(), desk.Refund{Patron: patron, Amount: h.money(500), Method: desk.ByVoucher, Reason: "moved away"})
		voucher = given.Voucher
		return err
	}))
	if voucher == nil || voucher.Number == 0 || h.owed(patron) != 0 {
		t.Fatalf("voucher %+v, owed %d", voucher, h.owed(patron))
	}
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.desk.CancelVoucher(ctx, tx, h.director(), voucher.ID, "stays after all")
		return err
	}))
	if owed := h.owed(patron); owed != -500 {
		t.Errorf("owed %d, want the credit back", owed)
	}
	err = h.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.desk.PayVoucher(ctx, tx, h.director(), voucher.ID, ledger.Cash)
		return err
	})
	h.wants("voucher_ended", err)
}

// Who wants a voucher for a charge that is taken back gets it for the credit that
// is left: nothing counts as given back on paper that was never written.
func TestAChargeIsNotTakenBackOnPaper(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	h := tw.library("western-district", "US-IL", broker.NoID)
	patron := h.patron("adult")
	charge, _, err := h.fee(desk.Fee{Patron: patron, Kind: ledger.Other, Amount: h.money(200), Note: "a bag", Method: ledger.Cash})
	h.must(err)
	takeBack := func(method string) error {
		return h.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := h.desk.TakeBackCharge(ctx, tx, h.director(), desk.TakeBackCharge{Charge: charge.ID, Method: method, Reason: "charged twice"})
			return err
		})
	}
	h.wants("invalid_input", takeBack(desk.ByVoucher))
	h.must(takeBack(""))
	if owed := h.owed(patron); owed != -200 {
		t.Errorf("owed %d, want the credit for which a voucher can be written", owed)
	}
}

// Perth blocks above 20.00 until everything is settled.
func TestABlockThatLatchesFollowsTheTill(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	h := tw.library("perth", "ON", broker.NoID)
	patron := h.patron("adult")
	_, _, err := h.fee(desk.Fee{Patron: patron, Kind: ledger.Other, Amount: h.money(2001), Note: "a lamp"})
	h.must(err)
	if !h.blocked(patron) {
		t.Error("20.01 should block")
	}
	paid, err := h.takes(desk.Payment{Patron: patron, Amount: h.money(2000), Method: ledger.Cash})
	h.must(err)
	if !h.blocked(patron) {
		t.Error("a cent is still owed, so the block stays")
	}
	_, err = h.takes(desk.Payment{Patron: patron, Amount: h.money(1), Method: ledger.Cash})
	h.must(err)
	if h.blocked(patron) {
		t.Error("all is settled, so the block goes")
	}
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.desk.Void(ctx, tx, h.director(), paid.Number, "not paid")
		return err
	}))
	if h.blocked(patron) {
		t.Error("20.00 does not block")
	}
}

// A fine that still grows is charged as far as it has come, paid, and goes on.
func TestAGrowingFineIsChargedBeforeItIsPaid(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	h := tw.library("westchester", "US-PA", broker.NoID)
	patron := h.patron("adult")
	due := h.lends(h.owns(tw.title("A late book", "9780306406157")), patron).DueOn
	tw.clock.Set(due.AddDays(7).At(11, 0, h.Zone))
	_, err := h.takes(desk.Payment{Patron: patron, Amount: h.money(1), Method: ledger.Cash})
	h.must(err)
	first := h.owed(patron) + 1
	if first <= 1 {
		t.Fatalf("a week late costs %d cents", first)
	}
	paid, err := h.takes(desk.Payment{Patron: patron, Amount: h.money(first - 1), Method: ledger.Cash})
	h.must(err)
	if !paid.Left.IsZero() {
		t.Errorf("left %s", paid.Left)
	}
	_, err = h.takes(desk.Payment{Patron: patron, Amount: h.money(1), Method: ledger.Cash})
	h.wants("more_than_owed", err) // nothing is added the same day
	tw.clock.Set(due.AddDays(14).At(11, 0, h.Zone))
	_, err = h.takes(desk.Payment{Patron: patron, Amount: h.money(first), Method: ledger.Cash})
	h.must(err)
	if owed := h.owed(patron); owed != 0 {
		t.Errorf("the second week costs as much as the first: %d cents are left", owed)
	}
}

func TestLibrariesAskMoneyOfEachOther(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	creditor := tw.library("western-district", "US-IL", broker.NoID)
	debtor := tw.library("westchester", "US-PA", broker.NoID)
	var invoice ledger.Invoice
	raise := func(at desk.At, number string) error {
		return creditor.try(func(ctx context.Context, tx *postgres.Tx) error {
			raised, err := creditor.desk.RaiseInvoice(ctx, tx, at, ledger.Invoice{
				Debtor: debtor.Library.ID, Number: number, Kind: ledger.InvoicePostage, Amount: creditor.money(725),
			})
			if err == nil {
				invoice = raised
			}
			return err
		})
	}
	creditor.must(raise(creditor.at(), "P-1"))
	if invoice.DueOn != broker.NewDate(2026, 4, 1) {
		t.Errorf("due on %s, thirty days after it was written", invoice.DueOn)
	}
	clerk := creditor.at()
	clerk.Actor.Roles = []string{"desk"}
	if err := raise(clerk, "P-2"); !broker.IsKind(err, broker.KindForbidden) {
		t.Errorf("at the circulation desk: %v", err)
	}
	dispute := func(h *house) error {
		return h.try(func(ctx context.Context, tx *postgres.Tx) error {
			return h.desk.DisputeInvoice(ctx, tx, h.at(), creditor.Library.ID, invoice.ID, "sent by van")
		})
	}
	creditor.wants("not_found", dispute(creditor)) // nobody disputes their own
	debtor.must(dispute(debtor))
	creditor.must(creditor.try(func(ctx context.Context, tx *postgres.Tx) error {
		if err := creditor.desk.InsistOnInvoice(ctx, tx, creditor.at(), invoice.ID); err != nil {
			return err
		}
		receipt, err := creditor.desk.PayInvoice(ctx, tx, creditor.at(), []broker.ID{invoice.ID}, "check", "check 9", "check 9")
		if receipt.Paid != creditor.money(725) {
			t.Errorf("paid: %+v", receipt)
		}
		return err
	}))
	debtor.must(debtor.try(func(ctx context.Context, tx *postgres.Tx) error {
		due, err := ledger.OwedTo(ctx, tx, debtor.Library.ID)
		if len(due) != 0 {
			t.Errorf("still owed: %+v", due)
		}
		return err
	}))
}
