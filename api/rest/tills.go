package rest

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/postgres"
)

func voucherView(v ledger.Voucher) gen.Voucher {
	view := gen.Voucher{
		ID: v.ID, Number: v.Number, PatronID: v.Patron, Amount: v.Amount, Reason: v.Reason, Status: "waiting",
		AskedAt: utc(v.AskedAt), PaidAt: utc(v.PaidAt), Method: v.Method, CancelledAt: utc(v.CancelledAt),
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
func (s *Server) ListVouchers(ctx context.Context, request gen.ListVouchersRequestObject) (gen.ListVouchersResponseObject, error) {
	list := "vouchers " + callOf(ctx).library().String()
	position, err := s.cursors.open(list, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	after, _ := strconv.ParseInt(position, 10, 64) // sealed by us, or "" for the first page
	size := pageSize(request.Params.Limit)
	page, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.VoucherPage, error) {
		page := gen.VoucherPage{Vouchers: []gen.Voucher{}}
		found, err := ledger.OpenVouchers(ctx, tx, callOf(ctx).library(), after, size+1)
		if len(found) > size {
			found = found[:size]
			page.NextCursor = s.cursors.seal(list, strconv.FormatInt(found[size-1].Number, 10))
		}
		for _, voucher := range found {
			page.Vouchers = append(page.Vouchers, voucherView(voucher))
		}
		return page, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListVouchers200JSONResponse(page), nil
}

// voucher reads a voucher of the caller's library for an answer.
func (s *Server) voucher(ctx context.Context, id broker.ID) (gen.Voucher, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Voucher, error) {
		voucher, err := ledger.VoucherByID(ctx, tx, callOf(ctx).library(), id)
		return voucherView(voucher), err
	})
}

// PayVoucher pays a voucher out.
func (s *Server) PayVoucher(ctx context.Context, request gen.PayVoucherRequestObject) (gen.PayVoucherResponseObject, error) {
	_, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return made{}, err
		}
		_, err = s.Desk.PayVoucher(ctx, tx, at, request.ID, request.Body.Method)
		return made{request.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.voucher(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	return gen.PayVoucher200JSONResponse(view), nil
}

// CancelVoucher takes a voucher back that was not paid.
func (s *Server) CancelVoucher(ctx context.Context, request gen.CancelVoucherRequestObject) (gen.CancelVoucherResponseObject, error) {
	_, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return made{}, err
		}
		_, err = s.Desk.CancelVoucher(ctx, tx, at, request.ID, request.Body.Reason)
		return made{request.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.voucher(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	return gen.CancelVoucher200JSONResponse(view), nil
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
		ID: t.ID, BranchID: t.Branch, Float: t.Float, OpenedAt: utc(t.OpenedAt), Closed: t.Closed(), ClosedAt: utc(t.ClosedAt),
		Expected: tillLines(t.Expected), Note: t.Note,
	}
	if t.Closed() {
		view.Counted, view.Difference = tillLines(t.Counted), tillLines(t.Difference())
	}
	return view
}

// till reads a till of the caller's library for an answer.
func (s *Server) till(ctx context.Context, id broker.ID) (gen.Till, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Till, error) {
		till, err := ledger.TillByID(ctx, tx, callOf(ctx).library(), id)
		if err != nil {
			return gen.Till{}, err
		}
		return tillView(till), nil
	})
}

// OpenTill opens a desk's till.
func (s *Server) OpenTill(ctx context.Context, request gen.OpenTillRequestObject) (gen.OpenTillResponseObject, error) {
	in := *request.Body
	opened, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		at, err := s.at(ctx, tx, in.BranchID)
		if err != nil {
			return made{}, err
		}
		till, err := s.Desk.OpenTill(ctx, tx, at, in.Float)
		return made{till.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.till(ctx, opened.ID)
	if err != nil {
		return nil, err
	}
	return gen.OpenTill201JSONResponse(view), nil
}

// GetTill shows a till.
func (s *Server) GetTill(ctx context.Context, request gen.GetTillRequestObject) (gen.GetTillResponseObject, error) {
	view, err := s.till(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	return gen.GetTill200JSONResponse(view), nil
}

// ListTillEntries shows what went into a till and out of it.
func (s *Server) ListTillEntries(ctx context.Context, request gen.ListTillEntriesRequestObject) (gen.ListTillEntriesResponseObject, error) {
	view, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.TillEntries, error) {
		view := gen.TillEntries{Entries: []gen.TillEntry{}}
		till, err := ledger.TillByID(ctx, tx, callOf(ctx).library(), request.ID)
		if err != nil {
			return view, err
		}
		entries, vouchers, err := ledger.InTill(ctx, tx, till.Library, till.ID)
		for _, entry := range entries {
			view.Entries = append(view.Entries, gen.TillEntry{
				Kind: gen.TillEntryKind(entry.Kind), Method: entry.Method, Amount: entry.Amount.Negated(), Receipt: entry.Receipt,
				PatronID: entry.Account.Patron, DebtorID: entry.Account.Debtor, Note: entry.Note, At: utc(entry.At),
			})
		}
		for _, voucher := range vouchers {
			view.Entries = append(view.Entries, gen.TillEntry{
				Kind: gen.TillEntryKindVoucher, Method: voucher.Method, Amount: voucher.Amount.Negated(), Receipt: voucher.Number,
				PatronID: voucher.Patron, Note: voucher.Reason, At: utc(voucher.PaidAt),
			})
		}
		slices.SortStableFunc(view.Entries, func(a, b gen.TillEntry) int { return a.At.Compare(b.At) })
		return view, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListTillEntries200JSONResponse(view), nil
}

// CloseTill counts a till and closes it for good.
func (s *Server) CloseTill(ctx context.Context, request gen.CloseTillRequestObject) (gen.CloseTillResponseObject, error) {
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
	_, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return made{}, err
		}
		_, err = s.Desk.CloseTill(ctx, tx, at, request.ID, counted, in.Note)
		return made{request.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.till(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	return gen.CloseTill200JSONResponse(view), nil
}
