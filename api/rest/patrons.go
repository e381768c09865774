package rest

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests"
)

// ours gives the caller's library and one of its patrons; another library's
// patron is not found.
func (s *Server) ours(ctx context.Context, tx *postgres.Tx, patron broker.ID) (directory.Library, patrons.Ref, error) {
	library, err := directory.Load(ctx, tx, callOf(ctx).library())
	if err != nil {
		return library, patrons.Ref{}, err
	}
	ref := patrons.Ref{Library: library.ID, ID: patron}
	_, err = patrons.ByID(ctx, tx, ref)
	return library, ref, err
}

// patronView is a patron's account. Patrons do not see the staff's note.
func patronView(ctx context.Context, tx *postgres.Tx, library directory.Library, id broker.ID, forPatron bool) (gen.Patron, error) {
	account, err := patrons.View(ctx, tx, library, patrons.Ref{Library: library.ID, ID: id})
	if err != nil {
		return gen.Patron{}, err
	}
	p := account.Patron
	view := gen.Patron{
		ID: p.ID, Class: p.Class, Name: p.Name, Phone: p.Phone, PhoneCheckedOn: p.PhoneCheckedOn, Email: p.Email,
		NoticeChannel: p.NoticeChannel, BranchID: p.Branch, ExpiresOn: p.ExpiresOn, Status: gen.PatronStatus(p.Status), Owes: account.Owes,
	}
	if view.Owes.Currency == "" {
		view.Owes.Currency = library.Currency
	}
	for _, block := range account.Blocks {
		shown := gen.Block{
			ID: block.ID, Kind: string(block.Kind), Stops: append([]string{}, block.Stops...), Reason: block.Reason,
			Rule: block.Rule, FromOn: block.From, UntilOn: block.Until,
		}
		if forPatron && block.Kind == patrons.BlockManual {
			shown.Reason = "Please ask at the desk." // what staff wrote is theirs
		}
		view.Blocks = append(view.Blocks, shown)
	}
	return view, nil
}

// GetPatron shows a patron.
func (s *Server) GetPatron(ctx context.Context, request gen.GetPatronRequestObject) (gen.GetPatronResponseObject, error) {
	view, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Patron, error) {
		library, ref, err := s.ours(ctx, tx, request.ID)
		if err != nil {
			return gen.Patron{}, err
		}
		return patronView(ctx, tx, library, ref.ID, false)
	})
	if err != nil {
		return nil, err
	}
	return gen.GetPatron200JSONResponse(view), nil
}

func (s *Server) loansOf(ctx context.Context, patron broker.ID) (gen.LoanList, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.LoanList, error) {
		list := gen.LoanList{Loans: []gen.Loan{}}
		library, ref, err := s.ours(ctx, tx, patron)
		if err != nil {
			return list, err
		}
		if err := shareCatalogue(ctx, tx, library); err != nil {
			return list, err
		}
		loans, err := circulation.LoansOf(ctx, tx, ref)
		if err != nil {
			return list, err
		}
		views, err := loanViews(ctx, tx, s.Clock.Now(), loans)
		list.Loans = append(list.Loans, views...)
		return list, err
	})
}

// shareCatalogue lets a transaction see the items that libraries of the same
// shared catalogue have lent each other: their holdings are no secret among
// them. Only what the caller's own loans and holds point at is shown.
func shareCatalogue(ctx context.Context, tx *postgres.Tx, library directory.Library) error {
	shared, err := directory.SharedWith(ctx, tx, library.SharingGroup)
	if err != nil {
		return err
	}
	tx.Widen(shared...)
	return nil
}

func (s *Server) holdsOf(ctx context.Context, patron broker.ID) (gen.HoldList, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.HoldList, error) {
		list := gen.HoldList{Holds: []gen.Hold{}}
		library, ref, err := s.ours(ctx, tx, patron)
		if err != nil {
			return list, err
		}
		if err := shareCatalogue(ctx, tx, library); err != nil {
			return list, err
		}
		holds, err := circulation.HoldsOf(ctx, tx, ref)
		if err != nil {
			return list, err
		}
		views, err := holdViews(ctx, tx, holds)
		list.Holds = append(list.Holds, views...)
		return list, err
	})
}

// accountEntries is how many of the last entries an account shows.
const accountEntries = 200

func (s *Server) accountOf(ctx context.Context, patron broker.ID) (gen.Account, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Account, error) {
		library, ref, err := s.ours(ctx, tx, patron)
		if err != nil {
			return gen.Account{}, err
		}
		account := patrons.Account(library, ref)
		balances, err := ledger.BalancesOf(ctx, tx, account)
		if err != nil {
			return gen.Account{}, err
		}
		open, err := ledger.OpenCharges(ctx, tx, account)
		if err != nil {
			return gen.Account{}, err
		}
		entries, err := ledger.Statement(ctx, tx, account, broker.NoID, accountEntries)
		if err != nil {
			return gen.Account{}, err
		}
		return accountView(library, balances, open, entries), nil
	})
}

func accountView(library directory.Library, balances ledger.Balances, open []ledger.Open, entries []ledger.Entry) gen.Account {
	view := gen.Account{Owes: balances.Total(), Charges: []gen.Charge{}, Entries: []gen.LedgerEntry{}}
	if view.Owes.Currency == "" {
		view.Owes.Currency = library.Currency
	}
	for _, charge := range open {
		view.Charges = append(view.Charges, gen.Charge{
			ID: charge.ID, Kind: charge.ChargeKind, Amount: charge.Amount, Owed: charge.Owed,
			Rule: charge.Rule, Clause: charge.Clause, Note: charge.Note, LoanID: charge.Loan, RequestID: charge.Request, At: utc(charge.At),
		})
	}
	for _, entry := range entries {
		view.Entries = append(view.Entries, gen.LedgerEntry{
			ID: entry.ID, Kind: gen.LedgerEntryKind(entry.Kind),
			ChargeKind: entry.ChargeKind, Amount: entry.Amount, AgainstID: entry.Against, Rule: entry.Rule, Note: entry.Note,
			LoanID: entry.Loan, RequestID: entry.Request, At: utc(entry.At),
		})
	}
	return view
}

// ListPatronLoans shows what a patron has out.
func (s *Server) ListPatronLoans(ctx context.Context, request gen.ListPatronLoansRequestObject) (gen.ListPatronLoansResponseObject, error) {
	list, err := s.loansOf(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	return gen.ListPatronLoans200JSONResponse(list), nil
}

// ListPatronHolds shows what a patron waits for.
func (s *Server) ListPatronHolds(ctx context.Context, request gen.ListPatronHoldsRequestObject) (gen.ListPatronHoldsResponseObject, error) {
	list, err := s.holdsOf(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	return gen.ListPatronHolds200JSONResponse(list), nil
}

// ListPatronRequests shows a patron's requests.
func (s *Server) ListPatronRequests(ctx context.Context, request gen.ListPatronRequestsRequestObject) (gen.ListPatronRequestsResponseObject, error) {
	_, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		_, _, err := s.ours(ctx, tx, request.ID)
		return made{}, err
	})
	if err != nil {
		return nil, err
	}
	page, err := s.page(ctx, requests.Viewer{Library: callOf(ctx).library(), Patron: request.ID},
		requests.Filter{Sides: []workflow.Side{workflow.SideBorrowing}}, request.Params.Cursor, request.Params.Limit)
	if err != nil {
		return nil, err
	}
	return gen.ListPatronRequests200JSONResponse(page), nil
}

// ListPatronCharges shows a patron's charges and payments.
func (s *Server) ListPatronCharges(ctx context.Context, request gen.ListPatronChargesRequestObject) (gen.ListPatronChargesResponseObject, error) {
	account, err := s.accountOf(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	return gen.ListPatronCharges200JSONResponse(account), nil
}

// RecordPayment records what a patron paid.
func (s *Server) RecordPayment(ctx context.Context, request gen.RecordPaymentRequestObject) (gen.RecordPaymentResponseObject, error) {
	in := request.Body
	_, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		library, ref, err := s.ours(ctx, tx, request.ID)
		if err != nil {
			return made{}, err
		}
		id := broker.NewID()
		_, err = ledger.Pay(ctx, tx, ledger.Payment{
			Account: patrons.Account(library, ref), Amount: in.Amount, Charge: in.ChargeID,
			InAdvance: in.InAdvance, Cause: "payment:" + id.String(), Note: in.Note, Actor: callOf(ctx).principal.Actor(), At: s.Clock.Now(),
		})
		if err != nil {
			return made{}, err
		}
		return made{id}, s.afterPayment(ctx, tx, library, ref)
	})
	if err != nil {
		return nil, err
	}
	account, err := s.accountOf(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	return gen.RecordPayment201JSONResponse(account), nil
}

// afterPayment lifts a block that latched, once its way out is reached.
func (s *Server) afterPayment(ctx context.Context, tx *postgres.Tx, library directory.Library, ref patrons.Ref) error {
	document, err := s.Policies.At(library, s.Clock.Now())
	if err != nil {
		return err
	}
	_, err = patrons.UpdateLatch(ctx, tx, library, document, ref, s.Clock.Now())
	return err
}

// ListMyLoans, ListMyHolds, ListMyRequests and ListMyCharges are a patron's own
// account.
func (s *Server) ListMyLoans(ctx context.Context, _ gen.ListMyLoansRequestObject) (gen.ListMyLoansResponseObject, error) {
	list, err := s.loansOf(ctx, callOf(ctx).own())
	if err != nil {
		return nil, err
	}
	return gen.ListMyLoans200JSONResponse(list), nil
}

// ListMyHolds shows what the signed-in patron waits for.
func (s *Server) ListMyHolds(ctx context.Context, _ gen.ListMyHoldsRequestObject) (gen.ListMyHoldsResponseObject, error) {
	list, err := s.holdsOf(ctx, callOf(ctx).own())
	if err != nil {
		return nil, err
	}
	return gen.ListMyHolds200JSONResponse(list), nil
}

// ListMyRequests shows what the signed-in patron asked for.
func (s *Server) ListMyRequests(ctx context.Context, request gen.ListMyRequestsRequestObject) (gen.ListMyRequestsResponseObject, error) {
	page, err := s.page(ctx, callOf(ctx).viewer(), requests.Filter{Sides: []workflow.Side{workflow.SideBorrowing}},
		request.Params.Cursor, request.Params.Limit)
	if err != nil {
		return nil, err
	}
	return gen.ListMyRequests200JSONResponse(page), nil
}

// ListMyCharges shows what the signed-in patron owes.
func (s *Server) ListMyCharges(ctx context.Context, _ gen.ListMyChargesRequestObject) (gen.ListMyChargesResponseObject, error) {
	account, err := s.accountOf(ctx, callOf(ctx).own())
	if err != nil {
		return nil, err
	}
	return gen.ListMyCharges200JSONResponse(account), nil
}

// titles reads what items and titles are called, for lists of loans and holds.
type titles struct {
	items  map[broker.ID]catalog.Item
	titles map[broker.ID]catalog.Title
}

func readTitles(ctx context.Context, tx *postgres.Tx, items []circulation.ItemRef, wanted []broker.ID) (titles, error) {
	found := titles{items: map[broker.ID]catalog.Item{}, titles: map[broker.ID]catalog.Title{}}
	list := make([]catalog.Item, len(items))
	for i, ref := range items {
		catalog.AskItem(tx, ref.Library, ref.ID, &list[i])
	}
	if err := tx.Flush(ctx); err != nil {
		return found, err
	}
	for _, item := range list {
		if item.ID != broker.NoID {
			found.items[item.ID] = item
			wanted = append(wanted, item.Title)
		}
	}
	for _, id := range wanted {
		if _, known := found.titles[id]; known || id == broker.NoID {
			continue
		}
		title, err := catalog.LoadTitle(ctx, tx, id)
		if err != nil && !broker.IsKind(err, broker.KindNotFound) {
			return found, err
		}
		found.titles[id] = title
	}
	return found, nil
}
