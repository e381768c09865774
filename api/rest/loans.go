package rest

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/workflow/desk"
	"afield/workflow/requests"
)

// madeLoan names a loan for the answer, with what the act said and did to the
// account. Its desk may be of another library of the shared catalogue.
type madeLoan struct {
	Library    broker.ID       `json:"library_id"`
	ID         broker.ID       `json:"id"`
	Said       string          `json:"said,omitempty"`
	Notes      []broker.Reason `json:"notes,omitempty"`
	Charged    []gen.Posting   `json:"charged,omitempty"`
	TakenBack  []gen.Posting   `json:"taken_back,omitempty"`
	Refund     broker.Money    `json:"refund,omitzero"`
	CountParts int             `json:"count_parts,omitempty"`
	Hold       broker.ID       `json:"hold_id,omitzero"`
}

func loanMade(library, loan broker.ID, done desk.Done) madeLoan {
	made := madeLoan{
		Library: library, ID: loan, Said: done.Message, Notes: done.Notes, Charged: postings(done.Charged),
		TakenBack: postings(done.TakenBack), Refund: done.Refund, CountParts: done.CountParts,
	}
	if done.Hold != nil {
		made.Hold = done.Hold.ID
	}
	return made
}

func postings(entries []ledger.Entry) []gen.Posting {
	var views []gen.Posting
	for _, entry := range entries {
		views = append(views, gen.Posting{
			ID: entry.ID, Kind: string(entry.Kind), ChargeKind: entry.ChargeKind, Amount: entry.Amount, Rule: entry.Rule, Clause: entry.Clause,
		})
	}
	return views
}

// CheckOut lends an item.
func (s *Server) CheckOut(ctx context.Context, request gen.CheckOutRequestObject) (gen.CheckOutResponseObject, error) {
	in := request.Body
	if (in.PatronID == broker.NoID) == (in.Card == "") {
		return nil, broker.Invalid(broker.FieldError{Pointer: "/patron_id", Code: "required", Message: "give either patron_id or card"})
	}
	if err := overriding(in.Override, in.OverrideReason); err != nil {
		return nil, err
	}
	out := desk.CheckOut{
		Barcode: in.Barcode, Card: in.Card, Patron: in.PatronID, Due: in.DueOn, HandedTo: in.HandedTo,
		Shown: in.Shown, ByOther: in.ByOther, Overrides: in.Override, Reason: in.OverrideReason,
	}
	if in.Brief != (gen.BriefRecord{}) {
		out.Brief = &desk.BriefRecord{Title: in.Brief.Title, Type: in.Brief.Type}
	}
	lent, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (madeLoan, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return madeLoan{}, err
		}
		done, err := s.Desk.CheckOut(ctx, tx, at, out)
		if err != nil {
			return madeLoan{}, err
		}
		return loanMade(done.Loan.Library, done.Loan.ID, done), nil
	})
	if err != nil {
		return nil, err
	}
	view, err := s.loan(ctx, lent)
	if err != nil {
		return nil, err
	}
	return gen.CheckOut201JSONResponse(view), nil
}

// RenewLoan renews a loan, or asks the lender to.
func (s *Server) RenewLoan(ctx context.Context, request gen.RenewLoanRequestObject) (gen.RenewLoanResponseObject, error) {
	in := orZero(request.Body)
	if err := overriding(in.Override, in.OverrideReason); err != nil {
		return nil, err
	}
	channel := rule.Channel(in.Channel)
	given := in.Given
	if callOf(ctx).isPatron() {
		if channel != "" {
			return nil, broker.Invalid(broker.FieldError{Pointer: "/channel", Code: "staff_only", Message: "is for staff"})
		}
		if len(given) > 0 {
			return nil, broker.Invalid(broker.FieldError{Pointer: "/given", Code: "staff_only", Message: "is for staff"})
		}
		channel, given = rule.ByOnline, []string{lending.ShownCard} // signed in by its number
	}
	view, err := s.loanAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		done, _, err := s.Desk.RenewAs(ctx, tx, at, desk.Renewal{
			Loan: request.ID, Channel: channel, Given: given, Overrides: in.Override, Reason: in.OverrideReason,
		})
		return done, err
	})
	if err != nil {
		return nil, err
	}
	return gen.RenewLoan200JSONResponse(view), nil
}

// loanAct does something with a loan at the desk that made it, and reads it back.
func (s *Server) loanAct(ctx context.Context, id broker.ID, act func(context.Context, *postgres.Tx, desk.At) (desk.Done, error)) (gen.Loan, error) {
	made, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (madeLoan, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return madeLoan{}, err
		}
		if at.Library, err = s.deskOf(ctx, tx, id); err != nil {
			return madeLoan{}, err
		}
		done, err := act(ctx, tx, at)
		return loanMade(at.Library, id, done), err
	})
	if err != nil {
		return gen.Loan{}, err
	}
	return s.loan(ctx, made)
}

// deskOf gives the library whose desk made a loan: a patron's may be another of
// the shared catalogue, and only their own loans are looked at.
func (s *Server) deskOf(ctx context.Context, tx *postgres.Tx, loan broker.ID) (broker.ID, error) {
	this := callOf(ctx)
	if !this.isPatron() {
		return this.library(), nil
	}
	library, err := directory.Load(ctx, tx, this.library())
	if err != nil {
		return broker.NoID, err
	}
	if err := shareCatalogue(ctx, tx, library); err != nil {
		return broker.NoID, err
	}
	loans, err := circulation.LoansOf(ctx, tx, patrons.Ref{Library: this.library(), ID: this.own()})
	if err != nil {
		return broker.NoID, err
	}
	for _, own := range loans {
		if own.ID == loan {
			return own.Library, nil
		}
	}
	return broker.NoID, broker.NotFound("loan")
}

// ReturnLoan takes an item back.
func (s *Server) ReturnLoan(ctx context.Context, request gen.ReturnLoanRequestObject) (gen.ReturnLoanResponseObject, error) {
	in := orZero(request.Body)
	view, err := s.loanAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		if err := s.amounts(ctx, tx, map[string]broker.Money{"/part_price": in.PartPrice}); err != nil {
			return desk.Done{}, err
		}
		return s.Desk.TakeBack(ctx, tx, at, desk.TakeBack{Loan: request.ID, Handed: desk.Handed{
			Drop: in.Drop, Backdate: in.Backdate, Amnesty: in.Amnesty, InLibrary: in.InLibrary,
			Parts: circulation.Parts{Counted: in.PartsCounted, Missing: in.PartMissing, Obtainable: in.PartObtainable, Price: in.PartPrice},
		}})
	})
	if err != nil {
		return nil, err
	}
	return gen.ReturnLoan200JSONResponse(view), nil
}

// amounts refuses what is below zero or not in the library's currency, by
// pointer; what was left out is no amount.
func (s *Server) amounts(ctx context.Context, tx *postgres.Tx, given map[string]broker.Money) error {
	library, err := directory.Load(ctx, tx, callOf(ctx).library())
	if err != nil {
		return err
	}
	var wrong []broker.FieldError
	for pointer, amount := range given {
		if amount.Currency == "" {
			continue
		}
		if amount.Minor < 0 {
			wrong = append(wrong, broker.FieldError{Pointer: pointer + "/minor", Code: "too_small", Message: "must not be below zero"})
		}
		if amount.Currency != library.Currency {
			wrong = append(wrong, broker.FieldError{Pointer: pointer + "/currency", Code: "not_our_currency", Message: "must be " + library.Currency})
		}
	}
	if wrong == nil {
		return nil
	}
	return broker.Invalid(wrong...)
}

// GetLoan shows one loan, with what the patron claims of it.
func (s *Server) GetLoan(ctx context.Context, request gen.GetLoanRequestObject) (gen.GetLoanResponseObject, error) {
	ref, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (madeLoan, error) {
		library, err := s.deskOf(ctx, tx, request.ID)
		return madeLoan{Library: library, ID: request.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.loan(ctx, ref)
	if err != nil {
		return nil, err
	}
	return gen.GetLoan200JSONResponse(view), nil
}

// loan reads one loan back for an answer.
func (s *Server) loan(ctx context.Context, ref madeLoan) (gen.Loan, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Loan, error) {
		library, err := directory.Load(ctx, tx, callOf(ctx).library())
		if err != nil {
			return gen.Loan{}, err
		}
		if err := shareCatalogue(ctx, tx, library); err != nil {
			return gen.Loan{}, err
		}
		loan, err := circulation.LoanByID(ctx, tx, circulation.LoanRef{Library: ref.Library, ID: ref.ID})
		if err != nil {
			return gen.Loan{}, err
		}
		views, err := loanViews(ctx, tx, s.Clock.Now(), []circulation.Loan{loan})
		if err != nil {
			return gen.Loan{}, err
		}
		view := views[0]
		view.Said, view.Notes, view.Charged, view.TakenBack = ref.Said, ref.Notes, ref.Charged, ref.TakenBack
		view.Refund, view.CountParts, view.HoldID = ref.Refund, ref.CountParts, ref.Hold
		if loan.Patron.ID == broker.NoID {
			return view, nil
		}
		claims, err := circulation.ClaimsOf(ctx, tx, loan.Patron)
		for _, claim := range claims { // the latest first
			if claim.Loan == loan.ID {
				view.Claim = claimView(claim)
				break
			}
		}
		return view, err
	})
}

func claimView(claim circulation.Claim) gen.LoanClaim {
	return gen.LoanClaim{
		ID: claim.ID, Kind: gen.LoanClaimKind(claim.Kind), Status: gen.LoanClaimStatus(claim.Status), ByGuardian: claim.ByGuardian,
		Note: claim.Note, ClaimedAt: utc(claim.ClaimedAt), ClosedAt: utc(claim.ClosedAt),
	}
}

// ListLoans lists what the library's desks have lent.
func (s *Server) ListLoans(ctx context.Context, request gen.ListLoansRequestObject) (gen.ListLoansResponseObject, error) {
	in, this := request.Params, callOf(ctx)
	list := "loans " + in.Patron.String() + " " + strconv.FormatBool(in.Overdue) + " " + this.library().String()
	after, err := s.cursorID(list, in.Cursor)
	if err != nil {
		return nil, err
	}
	size := pageSize(in.Limit)
	page := gen.LoanPage{Loans: []gen.Loan{}}
	_, err = read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		library, err := directory.Load(ctx, tx, this.library())
		if err != nil {
			return made{}, err
		}
		filter := circulation.LoanFilter{Patron: in.Patron}
		if in.Patron != broker.NoID {
			if _, err := patrons.ByID(ctx, tx, patrons.Ref{Library: library.ID, ID: in.Patron}); err != nil {
				return made{}, err
			}
		}
		if in.Overdue {
			filter.DueBefore = s.Clock.Now()
		}
		if err := shareCatalogue(ctx, tx, library); err != nil {
			return made{}, err
		}
		loans, err := circulation.OpenLoans(ctx, tx, library.ID, filter, broker.Page{After: after, Limit: size + 1})
		if err != nil {
			return made{}, err
		}
		if len(loans) > size {
			loans = loans[:size]
			page.NextCursor = s.cursors.seal(list, loans[size-1].ID.String())
		}
		views, err := loanViews(ctx, tx, s.Clock.Now(), loans)
		page.Loans = append(page.Loans, views...)
		return made{}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListLoans200JSONResponse(page), nil
}

// loanViews shows loans with what their items are called. A borrowed copy is
// called what was asked for.
func loanViews(ctx context.Context, tx *postgres.Tx, now time.Time, loans []circulation.Loan) ([]gen.Loan, error) {
	var items []catalog.Ref
	asked := map[broker.ID][]broker.ID{} // requests by library
	for _, loan := range loans {
		items = append(items, loan.Item)
		if loan.Request != broker.NoID {
			asked[loan.Patron.Library] = append(asked[loan.Patron.Library], loan.Request)
		}
	}
	named, err := readTitles(ctx, tx, items, nil)
	if err != nil {
		return nil, err
	}
	briefs := map[broker.ID]requests.Brief{}
	for library, ids := range asked {
		found, err := requests.Briefs(ctx, tx, library, ids)
		if err != nil {
			return nil, err
		}
		for id, brief := range found {
			briefs[id] = brief
		}
	}
	views := make([]gen.Loan, 0, len(loans))
	for _, loan := range loans {
		item, brief := named.items[loan.Item.ID], briefs[loan.Request]
		title := named.titles[item.Title]
		view := gen.Loan{
			ID: loan.ID, ItemID: loan.Item.ID, Barcode: item.Barcode, Title: title.Title, Author: title.Author,
			PatronID: loan.Patron.ID, RequestID: loan.Request, Status: gen.LoanStatus(loan.Status), StartedAt: utc(loan.StartedAt),
			DueOn: loan.DueOn, DueAt: utc(loan.DueAt), Overdue: loan.Status == circulation.LoanOpen && now.After(loan.DueAt),
			Renewals: loan.Renewals, RenewalPending: brief.RenewalPending, ReturnedAt: utc(loan.ReturnedAt),
			ReturnedOn: loan.ReturnedOn, LostOn: loan.LostOn, LostHow: gen.LoanLostHow(loan.LostHow), ReferredOn: loan.ReferredOn,
			RecalledOn: loan.RecalledOn, HandedToID: loan.HandedTo,
		}
		if brief.Citation.Title != "" {
			view.Title, view.Author = brief.Citation.Title, brief.Citation.Author
		}
		views = append(views, view)
	}
	return views, nil
}
