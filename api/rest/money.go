package rest

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

// growing is what a patron's overdue loans have come to today without being
// charged. It may be asked while the patron is signing in.
func (s *Server) growing(ctx context.Context, tx *postgres.Tx, patron patrons.Ref) (circulation.Growing, error) {
	return s.Desk.Growing(ctx, tx, desk.At{Library: patron.Library, Now: s.Clock.Now()}, patron.ID)
}

// owesToday is what a patron owes, with what accrues as of today.
func (s *Server) owesToday(ctx context.Context, tx *postgres.Tx, library directory.Library, ref patrons.Ref) (broker.Money, circulation.Growing, error) {
	balances, err := ledger.BalancesOf(ctx, tx, patrons.Account(library, ref))
	if err != nil {
		return broker.Money{}, circulation.Growing{}, err
	}
	growing, err := s.growing(ctx, tx, ref)
	return broker.Money{Minor: balances.Total().Minor + growing.Since, Currency: library.Currency}, growing, err
}

// accountEntries is how many of the last entries an account shows.
const accountEntries = 200

// accountOf shows what a patron owes as of today, and why.
func (s *Server) accountOf(ctx context.Context, patron broker.ID) (gen.Account, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Account, error) {
		view := gen.Account{Charges: []gen.Charge{}, Entries: []gen.LedgerEntry{}, Accruing: []gen.Accruing{}}
		library, ref, err := s.ours(ctx, tx, patron)
		if err != nil {
			return view, err
		}
		owes, growing, err := s.owesToday(ctx, tx, library, ref)
		if err != nil {
			return view, err
		}
		view.Owes = owes
		for _, loan := range growing.Loans {
			view.Accruing = append(view.Accruing, gen.Accruing{LoanID: loan.Loan, Amount: loan.Amount, ThroughOn: loan.Through})
		}
		open, err := ledger.OpenCharges(ctx, tx, patrons.Account(library, ref))
		if err != nil {
			return view, err
		}
		for _, charge := range open {
			view.Charges = append(view.Charges, chargeView(charge))
		}
		entries, err := ledger.Statement(ctx, tx, patrons.Account(library, ref), broker.NoID, accountEntries)
		view.Entries = append(view.Entries, entryViews(entries)...)
		return view, err
	})
}

func chargeView(charge ledger.Open) gen.Charge {
	return gen.Charge{
		ID: charge.ID, Kind: charge.ChargeKind, Amount: charge.Amount, Owed: charge.Owed, Rule: charge.Rule,
		Clause: charge.Clause, Note: charge.Note, LoanID: charge.Loan, RequestID: charge.Request, At: utc(charge.At),
	}
}

func entryViews(entries []ledger.Entry) []gen.LedgerEntry {
	views := make([]gen.LedgerEntry, 0, len(entries))
	for _, entry := range entries {
		views = append(views, gen.LedgerEntry{
			ID: entry.ID, Kind: gen.LedgerEntryKind(entry.Kind), ChargeKind: entry.ChargeKind, Amount: entry.Amount,
			AgainstID: entry.Against, Rule: entry.Rule, Note: entry.Note, LoanID: entry.Loan, RequestID: entry.Request, At: utc(entry.At),
		})
	}
	return views
}

func receiptView(r ledger.Receipt) gen.Receipt {
	return gen.Receipt{
		Number: r.Number, PatronID: r.Account.Patron, DebtorID: r.Account.Debtor, Method: r.Method, Paid: r.Paid,
		Left: r.Left, At: utc(r.At), Lines: entryViews(r.Lines), Voided: r.Voided,
	}
}

// receipt reads a receipt of the caller's library.
func (s *Server) receipt(ctx context.Context, number int64) (gen.Receipt, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Receipt, error) {
		receipt, err := ledger.ReceiptByNumber(ctx, tx, callOf(ctx).library(), number)
		if err != nil {
			return gen.Receipt{}, err
		}
		return receiptView(receipt), nil
	})
}

// numbered is a receipt as it is remembered.
type numbered struct{ Receipt int64 }

// RecordPayment takes what a patron pays at a desk.
func (s *Server) RecordPayment(ctx context.Context, request gen.RecordPaymentRequestObject) (gen.RecordPaymentResponseObject, error) {
	in := *request.Body
	if in.ChargeID != broker.NoID && len(in.Shares) > 0 {
		return nil, broker.Invalid(broker.FieldError{Pointer: "/shares", Code: "given_twice", Message: "must be left out where charge_id is given"})
	}
	paid, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (numbered, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return numbered{}, err
		}
		payment := desk.Payment{
			Patron: request.ID, Amount: in.Amount, Method: in.Method, Charge: in.ChargeID, Keep: in.InAdvance, By: in.By, Note: in.Note,
		}
		for _, share := range in.Shares {
			payment.To = append(payment.To, ledger.Share{Charge: share.ChargeID, Amount: share.Amount})
		}
		receipt, err := s.Desk.TakePayment(ctx, tx, at, payment)
		return numbered{receipt.Number}, err
	})
	if err != nil {
		return nil, err
	}
	account, err := s.accountOf(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	if account.Receipt, err = s.receipt(ctx, paid.Receipt); err != nil {
		return nil, err
	}
	return gen.RecordPayment201JSONResponse(account), nil
}

// ledgerOf shows a patron's account line by line.
func (s *Server) ledgerOf(ctx context.Context, patron broker.ID, cursor string, limit int) (gen.LedgerPage, error) {
	list := "ledger " + patron.String()
	after, err := s.cursorID(list, cursor)
	if err != nil {
		return gen.LedgerPage{}, err
	}
	size := pageSize(limit)
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.LedgerPage, error) {
		page := gen.LedgerPage{Lines: []gen.LedgerLine{}}
		library, ref, err := s.ours(ctx, tx, patron)
		if err != nil {
			return page, err
		}
		if page.Owes, _, err = s.owesToday(ctx, tx, library, ref); err != nil {
			return page, err
		}
		lines, err := ledger.History(ctx, tx, patrons.Account(library, ref), after, size+1)
		if len(lines) > size {
			lines = lines[:size]
			page.NextCursor = s.cursors.seal(list, lines[size-1].ID.String())
		}
		for _, line := range lines {
			page.Lines = append(page.Lines, gen.LedgerLine{
				ID: line.ID, Kind: gen.LedgerLineKind(line.Kind), ChargeKind: line.ChargeKind, Amount: line.Amount, Balance: line.Balance,
				AgainstID: line.Against, Method: line.Method, Receipt: line.Receipt, PaidBy: line.PaidBy, Rule: line.Rule, Clause: line.Clause,
				Note: line.Note, LoanID: line.Loan, RequestID: line.Request, At: utc(line.At),
			})
		}
		return page, err
	})
}

// ListPatronLedger shows a patron's account line by line.
func (s *Server) ListPatronLedger(ctx context.Context, request gen.ListPatronLedgerRequestObject) (gen.ListPatronLedgerResponseObject, error) {
	page, err := s.ledgerOf(ctx, request.ID, request.Params.Cursor, request.Params.Limit)
	if err != nil {
		return nil, err
	}
	return gen.ListPatronLedger200JSONResponse(page), nil
}

// ListMyLedger shows the signed-in patron's account line by line.
func (s *Server) ListMyLedger(ctx context.Context, request gen.ListMyLedgerRequestObject) (gen.ListMyLedgerResponseObject, error) {
	page, err := s.ledgerOf(ctx, callOf(ctx).own(), request.Params.Cursor, request.Params.Limit)
	if err != nil {
		return nil, err
	}
	return gen.ListMyLedger200JSONResponse(page), nil
}

// AddFee asks a fee of a patron.
func (s *Server) AddFee(ctx context.Context, request gen.AddFeeRequestObject) (gen.AddFeeResponseObject, error) {
	in := *request.Body
	type asked struct {
		Charge  broker.ID
		Receipt int64
	}
	done, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (asked, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return asked{}, err
		}
		charge, receipt, err := s.Desk.AddFee(ctx, tx, at, desk.Fee{
			Patron: request.ID, Kind: string(in.Kind), Pages: in.Pages, Colour: in.Colour, Country: in.Country, Amount: in.Amount,
			Note: in.Note, Loan: in.LoanID, Method: in.Method,
		})
		if err != nil || receipt == nil {
			return asked{Charge: charge.ID}, err
		}
		return asked{charge.ID, receipt.Number}, nil
	})
	if err != nil {
		return nil, err
	}
	var view gen.FeeDone
	if view.Charge, err = s.charge(ctx, done.Charge); err != nil {
		return nil, err
	}
	if done.Receipt != 0 {
		if view.Receipt, err = s.receipt(ctx, done.Receipt); err != nil {
			return nil, err
		}
	}
	return gen.AddFee201JSONResponse(view), nil
}

// charge reads one charge of the caller's library for an answer.
func (s *Server) charge(ctx context.Context, id broker.ID) (gen.Charge, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Charge, error) {
		charge, err := ledger.ChargeByID(ctx, tx, callOf(ctx).library(), id)
		if err != nil {
			return gen.Charge{}, err
		}
		return chargeView(charge), nil
	})
}

// GiveBack gives a patron's credit back.
func (s *Server) GiveBack(ctx context.Context, request gen.GiveBackRequestObject) (gen.GiveBackResponseObject, error) {
	in := *request.Body
	view, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (gen.Given, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return gen.Given{}, err
		}
		given, err := s.Desk.GiveBack(ctx, tx, at, desk.Refund{Patron: request.ID, Amount: in.Amount, Method: in.Method, Reason: in.Reason})
		view := gen.Given{Entries: entryViews(given.Entries)}
		if given.Voucher != nil {
			view.Voucher = voucherView(*given.Voucher)
		}
		return view, err
	})
	if err != nil {
		return nil, err
	}
	return gen.GiveBack201JSONResponse(view), nil
}

// GetReceipt shows a receipt again.
func (s *Server) GetReceipt(ctx context.Context, request gen.GetReceiptRequestObject) (gen.GetReceiptResponseObject, error) {
	view, err := s.receipt(ctx, request.Number)
	if err != nil {
		return nil, err
	}
	return gen.GetReceipt200JSONResponse(view), nil
}

// VoidReceipt undoes a payment that was written by mistake.
func (s *Server) VoidReceipt(ctx context.Context, request gen.VoidReceiptRequestObject) (gen.VoidReceiptResponseObject, error) {
	_, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (numbered, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return numbered{}, err
		}
		_, err = s.Desk.Void(ctx, tx, at, request.Number, request.Body.Reason)
		return numbered{request.Number}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.receipt(ctx, request.Number)
	if err != nil {
		return nil, err
	}
	return gen.VoidReceipt200JSONResponse(view), nil
}

// WaiveCharge forgives a charge, or part of it.
func (s *Server) WaiveCharge(ctx context.Context, request gen.WaiveChargeRequestObject) (gen.WaiveChargeResponseObject, error) {
	in := *request.Body
	_, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return made{}, err
		}
		amount := in.Amount
		if amount.Currency == "" {
			charge, err := ledger.ChargeByID(ctx, tx, at.Library, request.ID)
			if err != nil {
				return made{}, err
			}
			amount = charge.Owed
		}
		_, err = s.Desk.Waive(ctx, tx, at, desk.Waiver{Charge: request.ID, Amount: amount, Reason: in.Reason})
		return made{request.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.charge(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	return gen.WaiveCharge200JSONResponse(view), nil
}

// TakeBackCharge takes a charge back, and gives each who paid their part.
func (s *Server) TakeBackCharge(ctx context.Context, request gen.TakeBackChargeRequestObject) (gen.TakeBackChargeResponseObject, error) {
	in := *request.Body
	view, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (gen.TakenBack, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return gen.TakenBack{}, err
		}
		undone, err := s.Desk.TakeBackCharge(ctx, tx, at, desk.TakeBackCharge{Charge: request.ID, Method: in.Method, Reason: in.Reason})
		view := gen.TakenBack{Entries: entryViews(undone.Entries), Refunds: []gen.PaidBack{}, Cancelled: undone.Cancelled}
		for _, refund := range undone.Refunds {
			view.Refunds = append(view.Refunds, gen.PaidBack{By: refund.Source, Amount: refund.Amount})
		}
		return view, err
	})
	if err != nil {
		return nil, err
	}
	return gen.TakeBackCharge200JSONResponse(view), nil
}

// UseCredit pays what is open with a patron's credit.
func (s *Server) UseCredit(ctx context.Context, request gen.UseCreditRequestObject) (gen.UseCreditResponseObject, error) {
	view, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (gen.CreditUsed, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return gen.CreditUsed{}, err
		}
		entries, err := s.Desk.UseCredit(ctx, tx, at, desk.UseCredit{Patron: request.ID, Note: request.Body.Note})
		return gen.CreditUsed{Entries: entryViews(entries)}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.UseCredit201JSONResponse(view), nil
}
