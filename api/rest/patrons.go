package rest

import (
	"context"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/desk"
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

// standing is everything about a patron that decides what they may do, as of today.
// It may be asked while the patron is signing in.
func (s *Server) standing(ctx context.Context, tx *postgres.Tx, library directory.Library, patron broker.ID) (patrons.Standing, error) {
	return s.Desk.Standing(ctx, tx, desk.At{Library: library.ID, Now: s.Clock.Now()}, patron)
}

// patronView is a patron's account, with what is owed as of today. Patrons do
// not see the staff's notes.
func (s *Server) patronView(ctx context.Context, tx *postgres.Tx, library directory.Library, id broker.ID, forPatron bool) (gen.Patron, error) {
	account, err := s.standing(ctx, tx, library, id)
	if err != nil {
		return gen.Patron{}, err
	}
	p := account.Patron
	view := gen.Patron{
		ID: p.ID, Class: p.Class, Name: p.Name, Phone: p.Phone, PhoneCheckedOn: p.PhoneCheckedOn, Email: p.Email,
		NoticeChannel: p.NoticeChannel, BranchID: p.Branch, ExpiresOn: p.ExpiresOn, Status: gen.PatronStatus(p.Status),
		BornOn: p.BornOn, Address: p.Address, Language: p.Language, HouseholdID: p.Household, HomeLibrary: p.HomeLibrary,
		KeepHistory: p.KeepHistory, NotFor: p.NotFor, RegisteredOn: p.RegisteredOn, Note: p.Note, MergedIntoID: p.MergedInto,
	}
	if forPatron {
		view.Note = ""
	} else if view.AnsweredFor, err = s.answeredFor(library, account); err != nil {
		return view, err
	}
	view.Owes = account.Balances.Total()
	for _, block := range account.Blocks {
		shown := blockView(block)
		if forPatron && block.Kind == patrons.BlockManual {
			shown.Reason, shown.Ground = "Please ask at the desk.", "" // what staff wrote is theirs
		}
		view.Blocks = append(view.Blocks, shown)
	}
	return view, nil
}

// answeredFor says who answers for what a patron borrows: for staff to know whom
// to turn to.
func (s *Server) answeredFor(library directory.Library, standing patrons.Standing) (gen.AnsweredFor, error) {
	document, err := s.Policies.At(library, s.Clock.Now())
	if err != nil {
		return gen.AnsweredFor{}, err
	}
	liable := accounts.LiableFor(document, standing.Patron.Class)
	view := gen.AnsweredFor{By: gen.AnsweredForBy(liable.Value), Rule: liable.Rule, Clause: liable.Clause}
	for _, linked := range standing.Linked {
		if liable.Value == attributes.LiableGuardian && linked.Parent {
			view.PatronIds = append(view.PatronIds, linked.Ref.ID)
		}
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
		return s.patronView(ctx, tx, library, ref.ID, false)
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
	_, err := sharedCatalogue(ctx, tx, library)
	return err
}

// sharedCatalogue is shareCatalogue, and names the libraries.
func sharedCatalogue(ctx context.Context, tx *postgres.Tx, library directory.Library) ([]broker.ID, error) {
	shared, err := directory.SharedWith(ctx, tx, library.SharingGroup)
	if err != nil {
		return nil, err
	}
	tx.Widen(shared...)
	return shared, nil
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

func readTitles(ctx context.Context, tx *postgres.Tx, items []catalog.Ref, wanted []broker.ID) (titles, error) {
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
