package rest

import (
	"context"
	"fmt"
	"net/http"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

func invoiceView(i ledger.Invoice, today broker.Date) gen.Invoice {
	return gen.Invoice{
		ID: i.ID, CreditorID: i.Creditor, DebtorID: i.Debtor, Number: i.Number, Kind: string(i.Kind), Amount: i.Amount, Owed: i.Owed,
		RequestID: i.Request, IssuedOn: i.IssuedOn, DueOn: i.DueOn, Status: gen.InvoiceStatus(i.Status), Late: i.Late(today), Dispute: i.Dispute,
	}
}

// ListInvoices lists what libraries ask of the caller's, or it of them.
func (s *Server) ListInvoices(ctx context.Context, request gen.ListInvoicesRequestObject) (gen.ListInvoicesResponseObject, error) {
	in := request.Params
	list := fmt.Sprintf("invoices %s %s %s %v", callOf(ctx).library(), in.Side, in.Status, in.Late)
	after, err := s.cursorID(list, in.Cursor)
	if err != nil {
		return nil, err
	}
	size := pageSize(in.Limit)
	page, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.InvoicePage, error) {
		page := gen.InvoicePage{Invoices: []gen.Invoice{}}
		library, err := directory.Load(ctx, tx, callOf(ctx).library())
		if err != nil {
			return page, err
		}
		today := library.Today(s.Clock.Now())
		filter := ledger.InvoiceFilter{Creditor: library.ID, Status: ledger.InvoiceStatus(in.Status), After: after, Limit: size + 1}
		if in.Side == "owed_by_us" {
			filter.Creditor, filter.Debtor = broker.NoID, library.ID
		}
		if in.Late {
			filter.LateOn = today
		}
		found, err := ledger.Invoices(ctx, tx, filter)
		if len(found) > size {
			found = found[:size]
			page.NextCursor = s.cursors.seal(list, found[size-1].ID.String())
		}
		for _, invoice := range found {
			page.Invoices = append(page.Invoices, invoiceView(invoice, today))
		}
		return page, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListInvoices200JSONResponse(page), nil
}

// SumInvoices shows what libraries owe each other in all.
func (s *Server) SumInvoices(ctx context.Context, _ gen.SumInvoicesRequestObject) (gen.SumInvoicesResponseObject, error) {
	sums, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.InvoiceSums, error) {
		sums := gen.InvoiceSums{OwedByUs: []gen.OwedByUs{}, OwedToUs: []gen.OwedToUs{}}
		library := callOf(ctx).library()
		dues, err := ledger.OwedTo(ctx, tx, library)
		if err != nil {
			return sums, err
		}
		for _, due := range dues {
			sums.OwedByUs = append(sums.OwedByUs, gen.OwedByUs{
				CreditorID: due.Creditor, Amount: due.Amount, InvoiceIds: due.Invoices, EarliestDueOn: due.Earliest,
			})
		}
		owed, err := ledger.OwedByLibraries(ctx, tx, library)
		for _, debt := range owed {
			sums.OwedToUs = append(sums.OwedToUs, gen.OwedToUs{DebtorID: debt.Debtor, Amount: debt.Balance, Since: utc(debt.Since)})
		}
		return sums, err
	})
	if err != nil {
		return nil, err
	}
	return gen.SumInvoices200JSONResponse(sums), nil
}

// invoice reads an invoice back for an answer.
func (s *Server) invoice(ctx context.Context, id broker.ID) (gen.Invoice, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Invoice, error) {
		library, err := directory.Load(ctx, tx, callOf(ctx).library())
		if err != nil {
			return gen.Invoice{}, err
		}
		invoice, err := ledger.InvoiceSeen(ctx, tx, id)
		return invoiceView(invoice, library.Today(s.Clock.Now())), err
	})
}

// onInvoice does one act on an invoice, once, and gives the invoice as it is then.
func (s *Server) onInvoice(ctx context.Context, status int, act func(context.Context, *postgres.Tx, desk.At) (broker.ID, error)) (gen.Invoice, error) {
	done, err := once(ctx, s, status, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return made{}, err
		}
		id, err := act(ctx, tx, at)
		return made{id}, err
	})
	if err != nil {
		return gen.Invoice{}, err
	}
	return s.invoice(ctx, done.ID)
}

// RaiseInvoice asks another library for money.
func (s *Server) RaiseInvoice(ctx context.Context, request gen.RaiseInvoiceRequestObject) (gen.RaiseInvoiceResponseObject, error) {
	in := *request.Body
	view, err := s.onInvoice(ctx, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx, at desk.At) (broker.ID, error) {
		invoice, err := s.Desk.RaiseInvoice(ctx, tx, at, ledger.Invoice{
			Debtor: in.DebtorID, Number: in.Number, Kind: ledger.InvoiceKind(in.Kind), Amount: in.Amount, Request: in.RequestID, DueOn: in.DueOn,
		})
		return invoice.ID, err
	})
	if err != nil {
		return nil, err
	}
	return gen.RaiseInvoice201JSONResponse(view), nil
}

// PayInvoice records one payment of another library.
func (s *Server) PayInvoice(ctx context.Context, request gen.PayInvoiceRequestObject) (gen.PayInvoiceResponseObject, error) {
	in := *request.Body
	paid, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (numbered, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return numbered{}, err
		}
		receipt, err := s.Desk.PayInvoice(ctx, tx, at, append([]broker.ID{request.ID}, in.Also...), in.Method, in.Note, "")
		return numbered{receipt.Number}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.receipt(ctx, paid.Receipt)
	if err != nil {
		return nil, err
	}
	return gen.PayInvoice200JSONResponse(view), nil
}

// DisputeInvoice says why the caller's library does not pay.
func (s *Server) DisputeInvoice(ctx context.Context, request gen.DisputeInvoiceRequestObject) (gen.DisputeInvoiceResponseObject, error) {
	view, err := s.onInvoice(ctx, http.StatusOK, func(ctx context.Context, tx *postgres.Tx, at desk.At) (broker.ID, error) {
		seen, err := ledger.InvoiceSeen(ctx, tx, request.ID)
		if err != nil {
			return broker.NoID, err
		}
		return request.ID, s.Desk.DisputeInvoice(ctx, tx, at, seen.Creditor, request.ID, request.Body.Reason)
	})
	if err != nil {
		return nil, err
	}
	return gen.DisputeInvoice200JSONResponse(view), nil
}

// InsistOnInvoice answers a dispute: the invoice stands.
func (s *Server) InsistOnInvoice(ctx context.Context, request gen.InsistOnInvoiceRequestObject) (gen.InsistOnInvoiceResponseObject, error) {
	view, err := s.onInvoice(ctx, http.StatusOK, func(ctx context.Context, tx *postgres.Tx, at desk.At) (broker.ID, error) {
		return request.ID, s.Desk.InsistOnInvoice(ctx, tx, at, request.ID)
	})
	if err != nil {
		return nil, err
	}
	return gen.InsistOnInvoice200JSONResponse(view), nil
}

// WithdrawInvoice takes back what the caller's library asked.
func (s *Server) WithdrawInvoice(ctx context.Context, request gen.WithdrawInvoiceRequestObject) (gen.WithdrawInvoiceResponseObject, error) {
	view, err := s.onInvoice(ctx, http.StatusOK, func(ctx context.Context, tx *postgres.Tx, at desk.At) (broker.ID, error) {
		return request.ID, s.Desk.WithdrawInvoice(ctx, tx, at, request.ID, request.Body.Reason)
	})
	if err != nil {
		return nil, err
	}
	return gen.WithdrawInvoice200JSONResponse(view), nil
}
