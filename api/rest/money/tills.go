package money

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/ledger"
)

func voucherView(v ledger.Voucher) gen.Voucher {
	view := gen.Voucher{
		ID: v.ID, Number: v.Number, PatronID: v.Patron, Amount: v.Amount, Reason: v.Reason, Status: "waiting",
		AskedAt: views.UTC(v.AskedAt), PaidAt: views.UTC(v.PaidAt), Method: v.Method, CancelledAt: views.UTC(v.CancelledAt),
	}
	switch {
	case !v.CancelledAt.IsZero():
		view.Status = "cancelled"
	case !v.PaidAt.IsZero():
		view.Status = "paid"
	}
	return view
}

// ListVouchers lists refunds that wait to be paid.
func (m Money) ListVouchers(ctx context.Context, request gen.ListVouchersRequestObject) (gen.ListVouchersResponseObject, error) {
	page, err := pipeline.Read(ctx, m.Base, func(ctx context.Context, t *pipeline.Turn) (gen.VoucherPage, error) {
		list := pipeline.List{Name: "vouchers " + t.Library().String(), Cursor: request.Params.Cursor, Limit: request.Params.Limit}
		found, next, err := pipeline.Page(t, list, func(v ledger.Voucher) pipeline.Position { return pipeline.Numbered(v.Number) },
			func(after pipeline.Position, limit int) ([]ledger.Voucher, error) {
				return ledger.OpenVouchers(ctx, t.Tx, t.Library(), after.Number(), limit)
			})
		page := gen.VoucherPage{Vouchers: []gen.Voucher{}, NextCursor: next}
		for _, voucher := range found {
			page.Vouchers = append(page.Vouchers, voucherView(voucher))
		}
		return page, err
	})
	return gen.ListVouchers200JSONResponse(page), err
}

// voucher reads a voucher of the caller's library for an answer.
func (m Money) voucher(ctx context.Context, t *pipeline.Turn, id broker.ID) (gen.Voucher, error) {
	voucher, err := ledger.VoucherByID(ctx, t.Tx, t.Library(), id)
	return voucherView(voucher), err
}

// PayVoucher pays a voucher out.
func (m Money) PayVoucher(ctx context.Context, request gen.PayVoucherRequestObject) (gen.PayVoucherResponseObject, error) {
	view, err := pipeline.Change(ctx, m.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		_, err := m.Desk.Cashier.PayVoucher(ctx, t.Tx, t.At(), request.ID, request.Body.Method)
		return request.ID, err
	}, m.voucher)
	return gen.PayVoucher200JSONResponse(view), err
}

// CancelVoucher cancels a voucher that was not paid.
func (m Money) CancelVoucher(ctx context.Context, request gen.CancelVoucherRequestObject) (gen.CancelVoucherResponseObject, error) {
	view, err := pipeline.Change(ctx, m.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		_, err := m.Desk.Cashier.CancelVoucher(ctx, t.Tx, t.At(), request.ID, request.Body.Reason)
		return request.ID, err
	}, m.voucher)
	return gen.CancelVoucher200JSONResponse(view), err
}

func tillLines(amounts map[string]int64) []gen.TillLine {
	lines := make([]gen.TillLine, 0, len(amounts))
	for _, method := range slices.Sorted(maps.Keys(amounts)) {
		lines = append(lines, gen.TillLine{Method: method, Minor: amounts[method]})
	}
	return lines
}

func tillView(t ledger.Till) gen.Till {
	view := gen.Till{
		ID: t.ID, BranchID: t.Branch, Float: t.Float, OpenedAt: views.UTC(t.OpenedAt), Closed: t.Closed(), ClosedAt: views.UTC(t.ClosedAt),
		Expected: tillLines(t.Expected), Note: t.Note,
	}
	if t.Closed() {
		view.Counted, view.Difference = tillLines(t.Counted), tillLines(t.Difference())
	}
	return view
}

// till reads a till of the caller's library for an answer.
func (m Money) till(ctx context.Context, t *pipeline.Turn, id broker.ID) (gen.Till, error) {
	till, err := ledger.TillByID(ctx, t.Tx, t.Library(), id)
	if err != nil {
		return gen.Till{}, err
	}
	return tillView(till), nil
}

// ListTills lists the library's tills.
func (m Money) ListTills(ctx context.Context, request gen.ListTillsRequestObject) (gen.ListTillsResponseObject, error) {
	in := request.Params
	page, err := pipeline.Read(ctx, m.Base, func(ctx context.Context, t *pipeline.Turn) (gen.TillPage, error) {
		page := gen.TillPage{Tills: []gen.Till{}}
		list := pipeline.List{
			Name:   "tills " + in.BranchID.String() + " " + strconv.FormatBool(in.Closed) + " " + t.Library().String(),
			Cursor: in.Cursor, Limit: in.Limit,
		}
		tills, next, err := pipeline.Page(t, list, func(till ledger.Till) pipeline.Position { return pipeline.Identified(till.ID) },
			func(after pipeline.Position, limit int) ([]ledger.Till, error) {
				return ledger.Tills(ctx, t.Tx, t.Library(), in.BranchID, in.Closed, broker.Page{After: after.ID(), Limit: limit})
			})
		page.NextCursor = next
		for _, till := range tills {
			page.Tills = append(page.Tills, tillView(till))
		}
		return page, err
	})
	return gen.ListTills200JSONResponse(page), err
}

// OpenTill opens a desk's till.
func (m Money) OpenTill(ctx context.Context, request gen.OpenTillRequestObject) (gen.OpenTillResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Change(ctx, m.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		at, err := t.AtBranch(ctx, in.BranchID)
		if err != nil {
			return broker.NoID, err
		}
		till, err := m.Desk.Cashier.OpenTill(ctx, t.Tx, at, in.Float)
		return till.ID, err
	}, m.till)
	return gen.OpenTill201JSONResponse(view), err
}

// GetTill shows a till.
func (m Money) GetTill(ctx context.Context, request gen.GetTillRequestObject) (gen.GetTillResponseObject, error) {
	view, err := pipeline.Show(ctx, m.Base, request.ID, m.till)
	return gen.GetTill200JSONResponse(view), err
}

// ListTillEntries shows what went into a till and out of it.
func (m Money) ListTillEntries(ctx context.Context, request gen.ListTillEntriesRequestObject) (gen.ListTillEntriesResponseObject, error) {
	view, err := pipeline.Read(ctx, m.Base, func(ctx context.Context, t *pipeline.Turn) (gen.TillEntries, error) {
		view := gen.TillEntries{Entries: []gen.TillEntry{}}
		till, err := ledger.TillByID(ctx, t.Tx, t.Library(), request.ID)
		if err != nil {
			return view, err
		}
		entries, vouchers, err := ledger.InTill(ctx, t.Tx, till.Library, till.ID)
		for _, entry := range entries {
			view.Entries = append(view.Entries, gen.TillEntry{
				Kind: gen.TillEntryKind(entry.Kind), Method: entry.Method, Amount: entry.Amount.Negated(), Receipt: entry.Receipt,
				PatronID: entry.Account.Patron, DebtorID: entry.Account.Debtor, Note: entry.Note, At: views.UTC(entry.At),
			})
		}
		for _, voucher := range vouchers {
			view.Entries = append(view.Entries, gen.TillEntry{
				Kind: gen.TillEntryKindVoucher, Method: voucher.Method, Amount: voucher.Amount.Negated(), Receipt: voucher.Number,
				PatronID: voucher.Patron, Note: voucher.Reason, At: views.UTC(voucher.PaidAt),
			})
		}
		slices.SortStableFunc(view.Entries, func(a, b gen.TillEntry) int { return a.At.Compare(b.At) })
		return view, err
	})
	return gen.ListTillEntries200JSONResponse(view), err
}

// CloseTill counts a till and closes it for good.
func (m Money) CloseTill(ctx context.Context, request gen.CloseTillRequestObject) (gen.CloseTillResponseObject, error) {
	in := *request.Body
	counted := map[string]int64{}
	for i, line := range in.Counted {
		if _, twice := counted[line.Method]; twice {
			return nil, broker.Invalid(broker.FieldError{
				Pointer: "/counted/" + strconv.Itoa(i) + "/method", Code: "given_twice", Message: "must be counted once",
			})
		}
		counted[line.Method] = line.Minor
	}
	view, err := pipeline.Change(ctx, m.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		_, err := m.Desk.Cashier.CloseTill(ctx, t.Tx, t.At(), request.ID, counted, in.Note)
		return request.ID, err
	}, m.till)
	return gen.CloseTill200JSONResponse(view), err
}
