package ledger_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/postgres"
)

func (tl till) invoice(number string, kind ledger.InvoiceKind, minor int64, dueDay int) (invoice ledger.Invoice, err error) {
	err = tl.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		invoice, err = ledger.RaiseInvoice(ctx, tx, ledger.Invoice{
			Creditor: tl.library.Library, Debtor: tl.library.Debtor, Number: number, Kind: kind, Amount: usd(minor),
			IssuedOn: broker.NewDate(2026, 3, 2), DueOn: broker.NewDate(2026, 3, dueDay),
		}, "ill.postage", broker.Clause{}, tl.actor, noon)
		return err
	})
	return invoice, err
}

func (tl till) invoiceNow(id broker.ID) (invoice ledger.Invoice) {
	must(tl.t, tl.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		invoice, err = ledger.InvoiceByID(ctx, tx, tl.library.Library, id)
		return err
	}))
	return invoice
}

// asDebtor acts as the library that owes, which sees nothing of the ledger.
func (tl till) asDebtor(work func(context.Context, *postgres.Tx) error) {
	tl.t.Helper()
	must(tl.t, tl.db.InTx(tl.t.Context(), postgres.ForLibraries(tl.library.Debtor), work))
}

func TestOneCheckForAllThatIsOwedToALibrary(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	postage, err := tl.invoice("P-1", ledger.InvoicePostage, 725, 20)
	must(t, err)
	again, err := tl.invoice("P-1", ledger.InvoicePostage, 725, 20)
	must(t, err)
	if again.ID != postage.ID {
		t.Error("the same number is the same invoice")
	}
	_, err = tl.invoice("P-1", ledger.InvoicePostage, 726, 20)
	wantCode(t, err, "invoice_number_used")
	book, err := tl.invoice("", ledger.InvoiceReplacement, 2500, 31)
	must(t, err)
	var dues []ledger.Due
	tl.asDebtor(func(ctx context.Context, tx *postgres.Tx) (err error) {
		dues, err = ledger.OwedTo(ctx, tx, tl.library.Debtor)
		return err
	})
	if len(dues) != 1 || dues[0].Amount != usd(3225) || dues[0].Earliest != broker.NewDate(2026, 3, 20) || len(dues[0].Invoices) != 2 {
		t.Fatalf("due: %+v", dues)
	}
	for range 2 {
		must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
			receipt, err := ledger.PayInvoices(ctx, tx, tl.library.Library, dues[0].Invoices,
				ledger.Payment{Method: "check", Note: "check 88", Cause: "check 88", Actor: tl.actor, At: noon})
			if receipt.Paid != usd(3225) || len(receipt.Lines) != 2 {
				t.Errorf("receipt: %+v", receipt)
			}
			return err
		}))
	}
	if tl.invoiceNow(postage.ID).Status != ledger.InvoicePaid || tl.invoiceNow(book.ID).Status != ledger.InvoicePaid {
		t.Error("both are paid")
	}
	tl.asDebtor(func(ctx context.Context, tx *postgres.Tx) error {
		dues, err := ledger.OwedTo(ctx, tx, tl.library.Debtor)
		if len(dues) != 0 {
			t.Errorf("still due: %+v", dues)
		}
		return err
	})
	tl.sound()
}

func TestAnInvoiceIsLateTheDayAfter(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	invoice, err := tl.invoice("P-1", ledger.InvoicePostage, 725, 20)
	must(t, err)
	_, err = tl.invoice("P-2", ledger.InvoicePostage, 725, 25)
	must(t, err)
	for day, late := range map[int]int{20: 0, 21: 1, 25: 1, 26: 2} {
		on := broker.NewDate(2026, 3, day)
		must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
			found, err := ledger.Invoices(ctx, tx, ledger.InvoiceFilter{Creditor: tl.library.Library, LateOn: on, Limit: 10})
			if len(found) != late {
				t.Errorf("on March %d %d are late, want %d", day, len(found), late)
			}
			return err
		}))
		if invoice.Late(on) != (day > 20) {
			t.Errorf("on March %d it says late: %v", day, invoice.Late(on))
		}
	}
	must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		page, err := ledger.Invoices(ctx, tx, ledger.InvoiceFilter{Creditor: tl.library.Library, After: invoice.ID, Limit: 10})
		if len(page) != 1 || page[0].Number != "P-2" {
			t.Errorf("the second page: %+v", page)
		}
		return err
	}))
}

func TestADisputedInvoiceIsInsistedOnOrWithdrawn(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	invoice, err := tl.invoice("R-1", ledger.InvoiceReplacement, 2500, 20)
	must(t, err)
	_, err = tl.pay(tl.library, "10.00", "part", false) // the ledger leads, the invoice follows
	must(t, err)
	if now := tl.invoiceNow(invoice.ID); now.Owed != usd(1500) || now.Status != ledger.InvoiceOpen {
		t.Errorf("part paid: %+v", now)
	}
	tl.asDebtor(func(ctx context.Context, tx *postgres.Tx) error {
		return ledger.Dispute(ctx, tx, tl.library.Library, invoice.ID, "it was sent home in May", noon)
	})
	if now := tl.invoiceNow(invoice.ID); now.Status != ledger.InvoiceDisputed || now.Dispute != "it was sent home in May" {
		t.Errorf("disputed: %+v", now)
	}
	must(t, tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		return ledger.Insist(ctx, tx, tl.library.Library, invoice.ID, noon)
	}))
	withdraw := func() error {
		return tl.try(func(ctx context.Context, tx *postgres.Tx) error {
			return ledger.Withdraw(ctx, tx, ledger.Void{Library: tl.library.Library, Reason: "it was found", Actor: tl.actor, At: noon}, invoice.ID)
		})
	}
	must(t, withdraw())
	must(t, withdraw())
	if now := tl.invoiceNow(invoice.ID); now.Status != ledger.InvoiceWithdrawn || now.Owed != usd(-1000) {
		t.Errorf("withdrawn, the part that was paid stands as credit: %+v", now)
	}
	err = tl.try(func(ctx context.Context, tx *postgres.Tx) error {
		return ledger.Dispute(ctx, tx, tl.library.Library, invoice.ID, "again", noon)
	})
	wantCode(t, err, "invoice_ended")
	tl.sound()
}

func TestInvoicesThatAreNone(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	_, err := tl.invoice("P-1", "gift", 100, 20)
	wantCode(t, err, "invalid_input")
	_, err = tl.invoice("P-1", ledger.InvoicePostage, 0, 20)
	wantCode(t, err, "invalid_input")
	_, err = tl.invoice("P-1", ledger.InvoicePostage, 100, 1) // due before it was issued
	wantCode(t, err, "invalid_input")
}
