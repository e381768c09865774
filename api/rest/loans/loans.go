package loans

import (
	"context"
	"net/http"
	"strconv"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/acts"
	"afield/broker/catalog"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/returns"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
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
	Act        acts.Act        `json:"act,omitzero"`
}

func loanMade(library, loan broker.ID, done counter.Done) madeLoan {
	made := madeLoan{
		Library: library, ID: loan, Said: done.Message, Notes: done.Notes, Charged: postings(done.Charged),
		TakenBack: postings(done.TakenBack), Refund: done.Refund, CountParts: done.CountParts,
		Act: done.Act,
	}
	if done.Hold != nil {
		made.Hold = done.Hold.ID
	}
	return made
}

func postings(entries []ledger.Entry) []gen.Posting {
	var shown []gen.Posting
	for _, entry := range entries {
		shown = append(shown, gen.Posting{
			ID: entry.ID, Kind: string(entry.Kind), ChargeKind: entry.ChargeKind, Amount: entry.Amount, Rule: entry.Rule, Clause: entry.Clause,
		})
	}
	return shown
}

// CheckOut lends an item.
func (l Loans) CheckOut(ctx context.Context, request gen.CheckOutRequestObject) (gen.CheckOutResponseObject, error) {
	in := request.Body
	if (in.PatronID == broker.NoID) == (in.Card == "") {
		return nil, broker.Invalid(broker.FieldError{Pointer: "/patron_id", Code: "required", Message: "give either patron_id or card"})
	}
	if err := pipeline.Overriding(in.Override, in.OverrideReason); err != nil {
		return nil, err
	}
	out := desk.CheckOut{
		Barcode: in.Barcode, Card: in.Card, Patron: in.PatronID, Due: in.DueOn, HandedTo: in.HandedTo,
		Shown: in.Shown, ByOther: in.ByOther, TakeBack: in.TakeBack, ScannedAt: in.ScannedAt, Overrides: in.Override, Reason: in.OverrideReason,
	}
	if in.Brief != (gen.BriefRecord{}) {
		out.Brief = &desk.BriefRecord{Title: in.Brief.Title, Type: in.Brief.Type}
	}
	view, err := pipeline.Act(ctx, l.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (madeLoan, error) {
		done, err := l.Desk.CheckOut(ctx, t.Tx, t.At(), out)
		if err != nil {
			return madeLoan{}, err
		}
		return loanMade(done.Loan.Library, done.Loan.ID, done), nil
	}, l.loan)
	return gen.CheckOut201JSONResponse(view), err
}

// RenewLoan renews a loan, or asks the lender to.
func (l Loans) RenewLoan(ctx context.Context, request gen.RenewLoanRequestObject) (gen.RenewLoanResponseObject, error) {
	in := views.OrZero(request.Body)
	if err := pipeline.Overriding(in.Override, in.OverrideReason); err != nil {
		return nil, err
	}
	view, err := l.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn, at counter.At) (counter.Done, error) {
		if err := t.StaffOnly("/channel", in.Channel != ""); err != nil {
			return counter.Done{}, err
		}
		if err := t.StaffOnly("/given", len(in.Given) > 0); err != nil {
			return counter.Done{}, err
		}
		channel, given := rule.Channel(in.Channel), in.Given
		if t.IsPatron() {
			channel, given = rule.ByOnline, []string{lending.ShownCard} // signed in by its number
		}
		done, _, err := l.Desk.RenewAs(ctx, t.Tx, at, desk.Renewal{
			Loan: request.ID, Channel: channel, Given: given, Overrides: in.Override, Reason: in.OverrideReason,
		})
		return done, err
	})
	return gen.RenewLoan200JSONResponse(view), err
}

// act does something with a loan at the desk that made it, and reads it back.
func (l Loans) act(ctx context.Context, id broker.ID, act func(context.Context, *pipeline.Turn, counter.At) (counter.Done, error)) (gen.Loan, error) {
	return pipeline.Act(ctx, l.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (madeLoan, error) {
		library, err := deskOf(ctx, t, id)
		if err != nil {
			return madeLoan{}, err
		}
		at := t.At()
		at.Library = library
		done, err := act(ctx, t, at)
		return loanMade(library, id, done), err
	}, l.loan)
}

// deskOf gives the library whose desk made a loan. A patron may have loans at
// another library of the shared catalogue; only the patron's own are looked at.
func deskOf(ctx context.Context, t *pipeline.Turn, loan broker.ID) (broker.ID, error) {
	if !t.IsPatron() {
		return t.Library(), nil
	}
	if _, _, err := t.SharedCatalogue(ctx); err != nil {
		return broker.NoID, err
	}
	loans, err := loans.Of(ctx, t.Tx, patrons.Ref{Library: t.Library(), ID: t.Own()})
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
func (l Loans) ReturnLoan(ctx context.Context, request gen.ReturnLoanRequestObject) (gen.ReturnLoanResponseObject, error) {
	in := views.OrZero(request.Body)
	view, err := l.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn, at counter.At) (counter.Done, error) {
		if err := amounts(ctx, t, map[string]broker.Money{"/part_price": in.PartPrice}); err != nil {
			return counter.Done{}, err
		}
		return l.Desk.TakeBack(ctx, t.Tx, t.At(), desk.TakeBack{Loan: request.ID, Handed: desk.Handed{
			Drop: in.Drop, Backdate: in.Backdate, ScannedAt: in.ScannedAt, Amnesty: in.Amnesty, InLibrary: in.InLibrary,
			Parts: returns.Parts{Counted: in.PartsCounted, Missing: in.PartMissing, Obtainable: in.PartObtainable, Price: in.PartPrice},
		}})
	})
	return gen.ReturnLoan200JSONResponse(view), err
}

// amounts refuses amounts that are below zero or not in the library's currency,
// by pointer; one that was left out is not checked.
func amounts(ctx context.Context, t *pipeline.Turn, given map[string]broker.Money) error {
	library, err := t.Home(ctx)
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
		wrong = append(wrong, library.Takes(pointer+"/currency", amount)...)
	}
	if wrong == nil {
		return nil
	}
	return broker.Invalid(wrong...)
}

// GetLoan shows one loan, with what the patron claims of it.
func (l Loans) GetLoan(ctx context.Context, request gen.GetLoanRequestObject) (gen.GetLoanResponseObject, error) {
	view, err := pipeline.Read(ctx, l.Base, func(ctx context.Context, t *pipeline.Turn) (gen.Loan, error) {
		library, err := deskOf(ctx, t, request.ID)
		if err != nil {
			return gen.Loan{}, err
		}
		return l.loan(ctx, t, madeLoan{Library: library, ID: request.ID})
	})
	return gen.GetLoan200JSONResponse(view), err
}

// loan reads one loan back for an answer.
func (l Loans) loan(ctx context.Context, t *pipeline.Turn, ref madeLoan) (gen.Loan, error) {
	if _, _, err := t.SharedCatalogue(ctx); err != nil {
		return gen.Loan{}, err
	}
	loan, err := loans.ByID(ctx, t.Tx, loans.Ref{Library: ref.Library, ID: ref.ID})
	if err != nil {
		return gen.Loan{}, err
	}
	shown, err := loanViews(ctx, t, []loans.Loan{loan})
	if err != nil {
		return gen.Loan{}, err
	}
	view := shown[0]
	view.Said, view.Notes, view.Charged, view.TakenBack = ref.Said, ref.Notes, ref.Charged, ref.TakenBack
	view.Refund, view.CountParts, view.HoldID = ref.Refund, ref.CountParts, ref.Hold
	view.Act = views.DeskAct(ref.Act)
	if loan.Patron.ID == broker.NoID {
		return view, nil
	}
	claims, err := loans.ClaimsOf(ctx, t.Tx, loan.Patron)
	for _, claim := range claims { // the latest first
		if claim.Loan == loan.ID {
			view.Claim = claimView(claim)
			break
		}
	}
	return view, err
}

func claimView(claim loans.Claim) gen.LoanClaim {
	return gen.LoanClaim{
		ID: claim.ID, Kind: gen.LoanClaimKind(claim.Kind), Status: gen.LoanClaimStatus(claim.Status), ByGuardian: claim.ByGuardian,
		Note: claim.Note, ClaimedAt: views.UTC(claim.ClaimedAt), ClosedAt: views.UTC(claim.ClosedAt),
	}
}

// ListLoans lists what the library's desks have lent.
func (l Loans) ListLoans(ctx context.Context, request gen.ListLoansRequestObject) (gen.ListLoansResponseObject, error) {
	in := request.Params
	page, err := pipeline.Read(ctx, l.Base, func(ctx context.Context, t *pipeline.Turn) (gen.LoanPage, error) {
		page := gen.LoanPage{Loans: []gen.Loan{}}
		filter := loans.Filter{Patron: in.Patron}
		if in.Patron != broker.NoID {
			if _, _, err := t.Patron(ctx, in.Patron); err != nil {
				return page, err
			}
		}
		if in.Card != "" {
			patron, err := t.PatronFor(ctx, in.Patron, in.Card)
			if err != nil {
				return page, err
			}
			filter.Patron = patron
		}
		if in.Overdue {
			filter.DueBefore = t.Now()
		}
		if _, _, err := t.SharedCatalogue(ctx); err != nil {
			return page, err
		}
		list := pipeline.List{
			Name:   "loans " + filter.Patron.String() + " " + strconv.FormatBool(in.Overdue) + " " + t.Library().String(),
			Cursor: in.Cursor, Limit: in.Limit,
		}
		loans, next, err := pipeline.Page(t, list, positionOf, func(after pipeline.Position, limit int) ([]loans.Loan, error) {
			return loans.List(ctx, t.Tx, t.Library(), filter, broker.Page{After: after.ID(), Limit: limit})
		})
		if err != nil {
			return page, err
		}
		page.NextCursor = next
		page.Loans, err = loanViews(ctx, t, loans)
		return page, err
	})
	return gen.ListLoans200JSONResponse(page), err
}

func positionOf(loan loans.Loan) pipeline.Position { return pipeline.Identified(loan.ID) }

// ListPatronLoans shows what a patron has out.
func (l Loans) ListPatronLoans(ctx context.Context, request gen.ListPatronLoansRequestObject) (gen.ListPatronLoansResponseObject, error) {
	list, err := pipeline.Show(ctx, l.Base, request.ID, loansOf)
	return gen.ListPatronLoans200JSONResponse(list), err
}

// ListMyLoans shows what the signed-in patron has out.
func (l Loans) ListMyLoans(ctx context.Context, _ gen.ListMyLoansRequestObject) (gen.ListMyLoansResponseObject, error) {
	list, err := pipeline.Read(ctx, l.Base, func(ctx context.Context, t *pipeline.Turn) (gen.LoanList, error) {
		return loansOf(ctx, t, t.Own())
	})
	return gen.ListMyLoans200JSONResponse(list), err
}

func loansOf(ctx context.Context, t *pipeline.Turn, patron broker.ID) (gen.LoanList, error) {
	list := gen.LoanList{Loans: []gen.Loan{}}
	_, ref, err := t.Patron(ctx, patron)
	if err != nil {
		return list, err
	}
	if _, _, err := t.SharedCatalogue(ctx); err != nil {
		return list, err
	}
	loans, err := loans.Of(ctx, t.Tx, ref)
	if err != nil {
		return list, err
	}
	list.Loans, err = loanViews(ctx, t, loans)
	return list, err
}

// loanViews shows loans with the names of their items. A borrowed copy has the
// name of what was asked for.
func loanViews(ctx context.Context, t *pipeline.Turn, lent []loans.Loan) ([]gen.Loan, error) {
	now := t.Now()
	items, serving := make([]catalog.Ref, len(lent)), make([]views.Serving, len(lent))
	for i, loan := range lent {
		items[i], serving[i] = loan.Item, views.Serving{Library: loan.Patron.Library, Request: loan.Request}
	}
	named, err := views.ReadTitles(ctx, t.Tx, items, nil)
	if err != nil {
		return nil, err
	}
	briefs, err := views.Briefs(ctx, t.Tx, serving)
	if err != nil {
		return nil, err
	}
	shown := make([]gen.Loan, 0, len(lent))
	for _, loan := range lent {
		item, brief := named.Items[loan.Item.ID], briefs[loan.Request]
		title := named.Titles[item.Title]
		view := gen.Loan{
			ID: loan.ID, ItemID: loan.Item.ID, Barcode: item.Barcode, Title: title.Title, Author: title.Author,
			PatronID: loan.Patron.ID, RequestID: loan.Request, Status: gen.LoanStatus(loan.Status), StartedAt: views.UTC(loan.StartedAt),
			DueOn: loan.DueOn, DueAt: views.UTC(loan.DueAt), Overdue: loan.Status == loans.Open && now.After(loan.DueAt),
			Renewals: loan.Renewals, RenewalPending: brief.RenewalPending, ReturnedAt: views.UTC(loan.ReturnedAt),
			ReturnedOn: loan.ReturnedOn, LostOn: loan.LostOn, LostHow: gen.LoanLostHow(loan.LostHow), ReferredOn: loan.ReferredOn,
			RecalledOn: loan.RecalledOn, HandedToID: loan.HandedTo,
		}
		if brief.Citation.Title != "" {
			view.Title, view.Author = brief.Citation.Title, brief.Citation.Author
		}
		shown = append(shown, view)
	}
	return shown, nil
}
