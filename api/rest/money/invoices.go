package money

import (
	"context"
	"fmt"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/ledger"
)

func invoiceView(i ledger.Invoice, today broker.Date) gen.Invoice {
	return gen.Invoice{
		ID: i.ID, CreditorID: i.Creditor, DebtorID: i.Debtor, Number: i.Number, Kind: string(i.Kind), Amount: i.Amount, Owed: i.Owed,
		RequestID: i.Request, IssuedOn: i.IssuedOn, DueOn: i.DueOn, Status: gen.InvoiceStatus(i.Status), Late: i.Late(today), Dispute: i.Dispute,
	}
}

// ListInvoices lists the invoices of the caller's library to others, or theirs to
// it.
func (m Money) ListInvoices(ctx context.Context, request gen.ListInvoicesRequestObject) (gen.ListInvoicesResponseObject, error) {
	in := request.Params
	page, err := pipeline.Read(ctx, m.Base, func(ctx context.Context, t *pipeline.Turn) (gen.InvoicePage, error) {
		page := gen.InvoicePage{Invoices: []gen.Invoice{}}
		library, err := t.Home(ctx)
		if err != nil {
			return page, err
		}
		today := library.Today(t.Now())
		filter := ledger.InvoiceFilter{Creditor: library.ID, Status: ledger.InvoiceStatus(in.Status)}
		if in.Side == "owed_by_us" {
			filter.Creditor, filter.Debtor = broker.NoID, library.ID
		}
		if in.Late {
			filter.LateOn = today
		}
		list := pipeline.List{
			Name:   fmt.Sprintf("invoices %s %s %s %v", library.ID, in.Side, in.Status, in.Late),
			Cursor: in.Cursor, Limit: in.Limit,
		}
		found, next, err := pipeline.Page(t, list, func(i ledger.Invoice) pipeline.Position { return pipeline.Identified(i.ID) },
			func(after pipeline.Position, limit int) ([]ledger.Invoice, error) {
				filter.After, filter.Limit = after.ID(), limit
				return ledger.Invoices(ctx, t.Tx, filter)
			})
		page.NextCursor = next
		for _, invoice := range found {
			page.Invoices = append(page.Invoices, invoiceView(invoice, today))
		}
		return page, err
	})
	return gen.ListInvoices200JSONResponse(page), err
}

// SumInvoices shows what libraries owe each other in all.
func (m Money) SumInvoices(ctx context.Context, _ gen.SumInvoicesRequestObject) (gen.SumInvoicesResponseObject, error) {
	sums, err := pipeline.Read(ctx, m.Base, func(ctx context.Context, t *pipeline.Turn) (gen.InvoiceSums, error) {
		sums := gen.InvoiceSums{OwedByUs: []gen.OwedByUs{}, OwedToUs: []gen.OwedToUs{}}
		library := t.Library()
		dues, err := ledger.OwedTo(ctx, t.Tx, library)
		if err != nil {
			return sums, err
		}
		for _, due := range dues {
			sums.OwedByUs = append(sums.OwedByUs, gen.OwedByUs{
				CreditorID: due.Creditor, Amount: due.Amount, InvoiceIds: due.Invoices, EarliestDueOn: due.Earliest,
			})
		}
		owed, err := ledger.OwedByLibraries(ctx, t.Tx, library)
		for _, debt := range owed {
			sums.OwedToUs = append(sums.OwedToUs, gen.OwedToUs{DebtorID: debt.Debtor, Amount: debt.Balance, Since: views.UTC(debt.Since)})
		}
		return sums, err
	})
	return gen.SumInvoices200JSONResponse(sums), err
}

// invoice reads an invoice back for an answer.
func (m Money) invoice(ctx context.Context, t *pipeline.Turn, id broker.ID) (gen.Invoice, error) {
	library, err := t.Home(ctx)
	if err != nil {
		return gen.Invoice{}, err
	}
	invoice, err := ledger.InvoiceSeen(ctx, t.Tx, id)
	return invoiceView(invoice, library.Today(t.Now())), err
}

// RaiseInvoice raises an invoice to another library.
func (m Money) RaiseInvoice(ctx context.Context, request gen.RaiseInvoiceRequestObject) (gen.RaiseInvoiceResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Change(ctx, m.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		invoice, err := m.Desk.Cashier.RaiseInvoice(ctx, t.Tx, t.At(), ledger.Invoice{
			Debtor: in.DebtorID, Number: in.Number, Kind: ledger.InvoiceKind(in.Kind), Amount: in.Amount, Request: in.RequestID, DueOn: in.DueOn,
		})
		return invoice.ID, err
	}, m.invoice)
	return gen.RaiseInvoice201JSONResponse(view), err
}

// PayInvoice records one payment of another library.
func (m Money) PayInvoice(ctx context.Context, request gen.PayInvoiceRequestObject) (gen.PayInvoiceResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Act(ctx, m.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (numbered, error) {
		receipt, err := m.Desk.Cashier.PayInvoice(ctx, t.Tx, t.At(), append([]broker.ID{request.ID}, in.Also...), in.Method, in.Note, "")
		return numbered{receipt.Number}, err
	}, m.receipt)
	return gen.PayInvoice200JSONResponse(view), err
}

// DisputeInvoice records why the caller's library does not pay.
func (m Money) DisputeInvoice(ctx context.Context, request gen.DisputeInvoiceRequestObject) (gen.DisputeInvoiceResponseObject, error) {
	view, err := pipeline.Change(ctx, m.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		seen, err := ledger.InvoiceSeen(ctx, t.Tx, request.ID)
		if err != nil {
			return broker.NoID, err
		}
		return request.ID, m.Desk.Cashier.DisputeInvoice(ctx, t.Tx, t.At(), seen.Creditor, request.ID, request.Body.Reason)
	}, m.invoice)
	return gen.DisputeInvoice200JSONResponse(view), err
}

// InsistOnInvoice answers a dispute: the invoice stands.
func (m Money) InsistOnInvoice(ctx context.Context, request gen.InsistOnInvoiceRequestObject) (gen.InsistOnInvoiceResponseObject, error) {
	view, err := pipeline.Change(ctx, m.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		return request.ID, m.Desk.Cashier.InsistOnInvoice(ctx, t.Tx, t.At(), request.ID)
	}, m.invoice)
	return gen.InsistOnInvoice200JSONResponse(view), err
}

// WithdrawInvoice withdraws an invoice of the caller's library.
func (m Money) WithdrawInvoice(ctx context.Context, request gen.WithdrawInvoiceRequestObject) (gen.WithdrawInvoiceResponseObject, error) {
	view, err := pipeline.Change(ctx, m.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		return request.ID, m.Desk.Cashier.WithdrawInvoice(ctx, t.Tx, t.At(), request.ID, request.Body.Reason)
	}, m.invoice)
	return gen.WithdrawInvoice200JSONResponse(view), err
}
