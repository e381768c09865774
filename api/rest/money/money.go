package money

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/acts"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/standing"
	"afield/workflow/desk/cashier"
	"afield/workflow/desk/counter"
)

// owesToday is what a patron owes, with what accrues as of today.
func (m Money) owesToday(ctx context.Context, t *pipeline.Turn, library directory.Library, ref patrons.Ref) (broker.Money, standing.Growing, error) {
	balances, err := ledger.BalancesOf(ctx, t.Tx, patrons.Account(library, ref))
	if err != nil {
		return broker.Money{}, standing.Growing{}, err
	}
	growing, err := m.Desk.Cashier.Growing(ctx, t.Tx, counter.At{Library: ref.Library, Now: t.Now()}, ref.ID)
	return broker.Money{Minor: balances.Total().Minor + growing.Since, Currency: library.Currency}, growing, err
}

// accountEntries is how many of the last entries an account shows.
const accountEntries = 200

// accountOf shows what a patron owes as of today, and why.
func (m Money) accountOf(ctx context.Context, t *pipeline.Turn, patron broker.ID) (gen.Account, error) {
	view := gen.Account{Charges: []gen.Charge{}, Entries: []gen.LedgerEntry{}, Accruing: []gen.Accruing{}}
	library, ref, err := t.Patron(ctx, patron)
	if err != nil {
		return view, err
	}
	owes, growing, err := m.owesToday(ctx, t, library, ref)
	if err != nil {
		return view, err
	}
	view.Owes = owes
	for _, loan := range growing.Loans {
		view.Accruing = append(view.Accruing, gen.Accruing{LoanID: loan.Loan, Amount: loan.Amount, ThroughOn: loan.Through})
	}
	open, err := ledger.OpenCharges(ctx, t.Tx, patrons.Account(library, ref))
	if err != nil {
		return view, err
	}
	for _, charge := range open {
		view.Charges = append(view.Charges, views.Charge(charge))
	}
	entries, err := ledger.Statement(ctx, t.Tx, patrons.Account(library, ref), broker.NoID, accountEntries)
	view.Entries = append(view.Entries, entryViews(entries)...)
	return view, err
}

func entryViews(entries []ledger.Entry) []gen.LedgerEntry {
	shown := make([]gen.LedgerEntry, 0, len(entries))
	for _, entry := range entries {
		shown = append(shown, gen.LedgerEntry{
			ID: entry.ID, Kind: gen.LedgerEntryKind(entry.Kind), ChargeKind: entry.ChargeKind, Amount: entry.Amount,
			AgainstID: entry.Against, Rule: entry.Rule, Note: entry.Note, LoanID: entry.Loan, RequestID: entry.Request, At: views.UTC(entry.At),
		})
	}
	return shown
}

func receiptView(r ledger.Receipt) gen.Receipt {
	return gen.Receipt{
		Number: r.Number, PatronID: r.Account.Patron, DebtorID: r.Account.Debtor, Method: r.Method, Paid: r.Paid,
		Left: r.Left, At: views.UTC(r.At), Lines: entryViews(r.Lines), Voided: r.Voided,
	}
}

// receipt reads a receipt of the caller's library.
func (m Money) receipt(ctx context.Context, t *pipeline.Turn, made numbered) (gen.Receipt, error) {
	receipt, err := ledger.ReceiptByNumber(ctx, t.Tx, t.Library(), made.Receipt)
	if err != nil {
		return gen.Receipt{}, err
	}
	view := receiptView(receipt)
	act, err := acts.OfReceipt(ctx, t.Tx, t.Library(), made.Receipt)
	view.Act = views.DeskAct(act)
	return view, err
}

// numbered is a receipt as it is remembered.
type numbered struct{ Receipt int64 }

// RecordPayment takes what a patron pays at a desk.
func (m Money) RecordPayment(ctx context.Context, request gen.RecordPaymentRequestObject) (gen.RecordPaymentResponseObject, error) {
	in := *request.Body
	if in.ChargeID != broker.NoID && len(in.Shares) > 0 {
		return nil, broker.Invalid(broker.FieldError{Pointer: "/shares", Code: "given_twice", Message: "must be left out where charge_id is given"})
	}
	account, err := pipeline.Act(ctx, m.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (numbered, error) {
		payment := cashier.Payment{
			Patron: request.ID, Amount: in.Amount, Method: in.Method, Charge: in.ChargeID, Keep: in.InAdvance, By: in.By, Note: in.Note,
		}
		for _, share := range in.Shares {
			payment.To = append(payment.To, ledger.Share{Charge: share.ChargeID, Amount: share.Amount})
		}
		receipt, err := m.Desk.Cashier.TakePayment(ctx, t.Tx, t.At(), payment)
		return numbered{receipt.Number}, err
	}, func(ctx context.Context, t *pipeline.Turn, paid numbered) (gen.Account, error) {
		account, err := m.accountOf(ctx, t, request.ID)
		if err != nil {
			return account, err
		}
		account.Receipt, err = m.receipt(ctx, t, paid)
		return account, err
	})
	return gen.RecordPayment201JSONResponse(account), err
}

// ledgerOf shows a patron's account line by line.
func (m Money) ledgerOf(ctx context.Context, t *pipeline.Turn, patron broker.ID, list pipeline.List) (gen.LedgerPage, error) {
	page := gen.LedgerPage{Lines: []gen.LedgerLine{}}
	list.Name = "ledger " + patron.String()
	lines, next, err := pipeline.Page(t, list, func(line ledger.Line) pipeline.Position { return pipeline.Identified(line.ID) },
		func(after pipeline.Position, limit int) ([]ledger.Line, error) {
			library, ref, err := t.Patron(ctx, patron)
			if err != nil {
				return nil, err
			}
			if page.Owes, _, err = m.owesToday(ctx, t, library, ref); err != nil {
				return nil, err
			}
			return ledger.History(ctx, t.Tx, patrons.Account(library, ref), after.ID(), limit)
		})
	page.NextCursor = next
	for _, line := range lines {
		page.Lines = append(page.Lines, gen.LedgerLine{
			ID: line.ID, Kind: gen.LedgerLineKind(line.Kind), ChargeKind: line.ChargeKind, Amount: line.Amount, Balance: line.Balance,
			AgainstID: line.Against, Method: line.Method, Receipt: line.Receipt, PaidBy: line.PaidBy, Rule: line.Rule, Clause: line.Clause,
			Note: line.Note, LoanID: line.Loan, RequestID: line.Request, At: views.UTC(line.At),
		})
	}
	return page, err
}

// ListPatronLedger shows a patron's account line by line.
func (m Money) ListPatronLedger(ctx context.Context, request gen.ListPatronLedgerRequestObject) (gen.ListPatronLedgerResponseObject, error) {
	page, err := pipeline.Read(ctx, m.Base, func(ctx context.Context, t *pipeline.Turn) (gen.LedgerPage, error) {
		return m.ledgerOf(ctx, t, request.ID, pipeline.List{Cursor: request.Params.Cursor, Limit: request.Params.Limit})
	})
	return gen.ListPatronLedger200JSONResponse(page), err
}

// ListMyLedger shows the signed-in patron's account line by line.
func (m Money) ListMyLedger(ctx context.Context, request gen.ListMyLedgerRequestObject) (gen.ListMyLedgerResponseObject, error) {
	page, err := pipeline.Read(ctx, m.Base, func(ctx context.Context, t *pipeline.Turn) (gen.LedgerPage, error) {
		return m.ledgerOf(ctx, t, t.Own(), pipeline.List{Cursor: request.Params.Cursor, Limit: request.Params.Limit})
	})
	return gen.ListMyLedger200JSONResponse(page), err
}

// ListPatronCharges shows a patron's charges and payments.
func (m Money) ListPatronCharges(ctx context.Context, request gen.ListPatronChargesRequestObject) (gen.ListPatronChargesResponseObject, error) {
	account, err := pipeline.Show(ctx, m.Base, request.ID, m.accountOf)
	return gen.ListPatronCharges200JSONResponse(account), err
}

// ListMyCharges shows what the signed-in patron owes.
func (m Money) ListMyCharges(ctx context.Context, _ gen.ListMyChargesRequestObject) (gen.ListMyChargesResponseObject, error) {
	account, err := pipeline.Read(ctx, m.Base, func(ctx context.Context, t *pipeline.Turn) (gen.Account, error) {
		return m.accountOf(ctx, t, t.Own())
	})
	return gen.ListMyCharges200JSONResponse(account), err
}

// AddFee charges a fee to a patron.
func (m Money) AddFee(ctx context.Context, request gen.AddFeeRequestObject) (gen.AddFeeResponseObject, error) {
	in := *request.Body
	type asked struct {
		Charge  broker.ID
		Receipt int64
	}
	view, err := pipeline.Act(ctx, m.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (asked, error) {
		charge, receipt, err := m.Desk.Cashier.AddFee(ctx, t.Tx, t.At(), cashier.Fee{
			Patron: request.ID, Kind: string(in.Kind), Pages: in.Pages, Colour: in.Colour, Country: in.Country, Amount: in.Amount,
			Note: in.Note, Loan: in.LoanID, Method: in.Method,
		})
		if err != nil || receipt == nil {
			return asked{Charge: charge.ID}, err
		}
		return asked{charge.ID, receipt.Number}, nil
	}, func(ctx context.Context, t *pipeline.Turn, done asked) (view gen.FeeDone, err error) {
		if view.Charge, err = m.charge(ctx, t, done.Charge); err != nil || done.Receipt == 0 {
			return view, err
		}
		view.Receipt, err = m.receipt(ctx, t, numbered{done.Receipt})
		return view, err
	})
	return gen.AddFee201JSONResponse(view), err
}

// charge reads one charge of the caller's library for an answer.
func (m Money) charge(ctx context.Context, t *pipeline.Turn, id broker.ID) (gen.Charge, error) {
	charge, err := ledger.ChargeByID(ctx, t.Tx, t.Library(), id)
	if err != nil {
		return gen.Charge{}, err
	}
	return views.Charge(charge), nil
}

// GiveBack gives a patron's credit back.
func (m Money) GiveBack(ctx context.Context, request gen.GiveBackRequestObject) (gen.GiveBackResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Once(ctx, m.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (gen.Given, error) {
		given, err := m.Desk.Cashier.GiveBack(ctx, t.Tx, t.At(), cashier.Refund{Patron: request.ID, Amount: in.Amount, Method: in.Method, Reason: in.Reason})
		view := gen.Given{Entries: entryViews(given.Entries)}
		if given.Voucher != nil {
			view.Voucher = voucherView(*given.Voucher)
		}
		return view, err
	})
	return gen.GiveBack201JSONResponse(view), err
}

// GetReceipt shows a receipt again.
func (m Money) GetReceipt(ctx context.Context, request gen.GetReceiptRequestObject) (gen.GetReceiptResponseObject, error) {
	view, err := pipeline.Show(ctx, m.Base, numbered{request.Number}, m.receipt)
	return gen.GetReceipt200JSONResponse(view), err
}

// VoidReceipt undoes a payment that was written by mistake.
func (m Money) VoidReceipt(ctx context.Context, request gen.VoidReceiptRequestObject) (gen.VoidReceiptResponseObject, error) {
	view, err := pipeline.Act(ctx, m.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (numbered, error) {
		_, err := m.Desk.Cashier.Void(ctx, t.Tx, t.At(), request.Number, request.Body.Reason)
		return numbered{request.Number}, err
	}, m.receipt)
	return gen.VoidReceipt200JSONResponse(view), err
}

// WaiveCharge forgives a charge, or part of it.
func (m Money) WaiveCharge(ctx context.Context, request gen.WaiveChargeRequestObject) (gen.WaiveChargeResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Change(ctx, m.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		at := t.At()
		amount := in.Amount
		if amount.Currency == "" {
			charge, err := ledger.ChargeByID(ctx, t.Tx, at.Library, request.ID)
			if err != nil {
				return broker.NoID, err
			}
			amount = charge.Owed
		}
		_, err := m.Desk.Cashier.Waive(ctx, t.Tx, at, cashier.Waiver{Charge: request.ID, Amount: amount, Reason: in.Reason})
		return request.ID, err
	}, m.charge)
	return gen.WaiveCharge200JSONResponse(view), err
}

// TakeBackCharge takes a charge back, and gives each payer their part.
func (m Money) TakeBackCharge(ctx context.Context, request gen.TakeBackChargeRequestObject) (gen.TakeBackChargeResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Once(ctx, m.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.TakenBack, error) {
		undone, err := m.Desk.Cashier.TakeBackCharge(ctx, t.Tx, t.At(), cashier.TakeBackCharge{Charge: request.ID, Method: in.Method, Reason: in.Reason})
		view := gen.TakenBack{Entries: entryViews(undone.Entries), Refunds: []gen.PaidBack{}, Cancelled: undone.Cancelled}
		for _, refund := range undone.Refunds {
			view.Refunds = append(view.Refunds, gen.PaidBack{By: refund.Source, Amount: refund.Amount})
		}
		return view, err
	})
	return gen.TakeBackCharge200JSONResponse(view), err
}

// UseCredit pays open charges with a patron's credit.
func (m Money) UseCredit(ctx context.Context, request gen.UseCreditRequestObject) (gen.UseCreditResponseObject, error) {
	view, err := pipeline.Once(ctx, m.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (gen.CreditUsed, error) {
		entries, err := m.Desk.Cashier.UseCredit(ctx, t.Tx, t.At(), cashier.UseCredit{Patron: request.ID, Note: request.Body.Note})
		return gen.CreditUsed{Entries: entryViews(entries)}, err
	})
	return gen.UseCredit201JSONResponse(view), err
}
