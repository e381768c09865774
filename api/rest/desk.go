package rest

import (
	"context"
	"net/http"
	"slices"
	"time"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/workflow/desk"
	"afield/workflow/requests"
)

// at is the desk a call acts at: the caller's library, and the branch named or
// the staff user's own.
func (s *Server) at(ctx context.Context, tx *postgres.Tx, branch broker.ID) (desk.At, error) {
	this := callOf(ctx)
	at := desk.At{Library: this.library(), Branch: this.principal.Branch, Actor: this.principal.Actor(), Now: s.Clock.Now()}
	if branch == broker.NoID {
		return at, nil
	}
	branches, err := directory.Branches(ctx, tx, this.library())
	if err != nil {
		return at, err
	}
	if !slices.ContainsFunc(branches, func(b directory.Branch) bool { return b.ID == branch }) {
		return at, broker.Invalid(broker.FieldError{Pointer: "/branch_id", Code: "not_a_branch", Message: "must be a branch of this library"})
	}
	at.Branch = branch
	return at, nil
}

// scanned is what a scan did, as it is remembered: words of ours, ids and dates.
type scanned struct {
	Did, Message, Undo              string
	Item, Request, Loan, Hold, Task broker.ID
	DueOn, PickUpBy                 broker.Date
	Notes                           []broker.Reason
}

func scannedOf(done desk.Done) scanned {
	out := scanned{
		Did: done.Did, Message: done.Message, Undo: done.Undo, Item: done.Item, Request: done.Request, Task: done.Task,
		DueOn: done.DueOn, PickUpBy: done.PickUpBy, Notes: done.Notes,
	}
	if done.Loan != nil {
		out.Loan = done.Loan.ID
	}
	if done.Hold != nil {
		out.Hold = done.Hold.ID
	}
	return out
}

// Scan does what is due with one barcode.
func (s *Server) Scan(ctx context.Context, request gen.ScanRequestObject) (gen.ScanResponseObject, error) {
	in := request.Body
	done, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (scanned, error) {
		at, err := s.at(ctx, tx, in.BranchID)
		if err != nil {
			return scanned{}, err
		}
		done, err := s.Desk.Scan(ctx, tx, at, desk.Scan{Barcode: in.Barcode, Card: in.Card, Overrides: in.Override, Reason: in.OverrideReason})
		return scannedOf(done), err
	})
	if err != nil {
		return nil, err
	}
	return gen.Scan200JSONResponse{
		Did: done.Did, Message: done.Message, Undo: done.Undo, ItemID: done.Item, RequestID: done.Request,
		LoanID: done.Loan, HoldID: done.Hold, TaskID: done.Task, DueOn: done.DueOn, PickUpBy: done.PickUpBy, Notes: done.Notes,
	}, nil
}

// madeLoan names a loan for the answer; its desk may be of another library of
// the shared catalogue.
type madeLoan struct {
	Library broker.ID `json:"library_id"`
	ID      broker.ID `json:"id"`
}

// CheckOut lends an item.
func (s *Server) CheckOut(ctx context.Context, request gen.CheckOutRequestObject) (gen.CheckOutResponseObject, error) {
	in := request.Body
	if (in.PatronID == broker.NoID) == (in.Card == "") {
		return nil, broker.Invalid(broker.FieldError{Pointer: "/patron_id", Code: "required", Message: "give either patron_id or card"})
	}
	lent, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (madeLoan, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return madeLoan{}, err
		}
		done, err := s.Desk.CheckOut(ctx, tx, at, desk.CheckOut{Barcode: in.Barcode, Card: in.Card, Patron: in.PatronID, Overrides: in.Override, Reason: in.OverrideReason})
		if err != nil {
			return madeLoan{}, err
		}
		return madeLoan{done.Loan.Library, done.Loan.ID}, nil
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
	renewed, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (madeLoan, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return madeLoan{}, err
		}
		if at.Library, err = s.deskOf(ctx, tx, request.ID); err != nil {
			return madeLoan{}, err
		}
		_, _, err = s.Desk.Renew(ctx, tx, at, request.ID, nil)
		return madeLoan{at.Library, request.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.loan(ctx, renewed)
	if err != nil {
		return nil, err
	}
	return gen.RenewLoan200JSONResponse(view), nil
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
	returned, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (madeLoan, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return madeLoan{}, err
		}
		_, err = s.Desk.TakeBack(ctx, tx, at, desk.TakeBack{Loan: request.ID})
		return madeLoan{at.Library, request.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.loan(ctx, returned)
	if err != nil {
		return nil, err
	}
	return gen.ReturnLoan200JSONResponse(view), nil
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
		return views[0], nil
	})
}

// loanViews shows loans with what their items are called. A borrowed copy is
// called what was asked for.
func loanViews(ctx context.Context, tx *postgres.Tx, now time.Time, loans []circulation.Loan) ([]gen.Loan, error) {
	var items []circulation.ItemRef
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
		}
		if brief.Citation.Title != "" {
			view.Title, view.Author = brief.Citation.Title, brief.Citation.Author
		}
		views = append(views, view)
	}
	return views, nil
}

// madeHold names a hold for the answer.
type madeHold struct {
	ID broker.ID `json:"id"`
}

// PlaceHold puts a patron in the queue for a title.
func (s *Server) PlaceHold(ctx context.Context, request gen.PlaceHoldRequestObject) (gen.PlaceHoldResponseObject, error) {
	in := request.Body
	placed, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (madeHold, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return madeHold{}, err
		}
		patron, err := s.patronFor(ctx, tx, in.PatronID, "")
		if err != nil {
			return madeHold{}, err
		}
		library, err := directory.Load(ctx, tx, at.Library)
		if err != nil {
			return madeHold{}, err
		}
		rules, err := s.Policies.At(library, s.Clock.Now())
		if err != nil {
			return madeHold{}, err
		}
		done, err := s.Desk.PlaceHold(ctx, tx, at, desk.PlaceHold{
			Title: in.TitleID, Patron: patron, Pickup: in.PickupBranchID,
			Rules: rules, Overrides: in.Override,
		})
		if err != nil {
			return madeHold{}, err
		}
		return madeHold{done.Hold.ID}, nil
	})
	if err != nil {
		return nil, err
	}
	view, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Hold, error) {
		hold, err := circulation.HoldFor(ctx, tx, callOf(ctx).library(), placed.ID)
		if err != nil {
			return gen.Hold{}, err
		}
		views, err := holdViews(ctx, tx, []circulation.Hold{hold})
		if err != nil {
			return gen.Hold{}, err
		}
		return views[0], nil
	})
	if err != nil {
		return nil, err
	}
	return gen.PlaceHold201JSONResponse(view), nil
}

// CancelHold ends a hold.
func (s *Server) CancelHold(ctx context.Context, request gen.CancelHoldRequestObject) (gen.CancelHoldResponseObject, error) {
	_, err := once(ctx, s, http.StatusNoContent, func(ctx context.Context, tx *postgres.Tx) (madeHold, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return madeHold{}, err
		}
		hold, err := circulation.HoldFor(ctx, tx, at.Library, request.ID)
		if err != nil {
			return madeHold{}, err
		}
		_, err = s.Desk.CancelHold(ctx, tx, at, hold.HoldRef)
		return madeHold{request.ID}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.CancelHold204Response{}, nil
}

// ListShelf lists what stands on the hold shelf.
func (s *Server) ListShelf(ctx context.Context, request gen.ListShelfRequestObject) (gen.ListShelfResponseObject, error) {
	this, list := callOf(ctx), "shelf "+callOf(ctx).library().String()
	after, err := s.cursorID(list, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	size := pageSize(request.Params.Limit)
	page := gen.HoldPage{Holds: []gen.Hold{}}
	_, err = read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		library, err := directory.Load(ctx, tx, this.library())
		if err != nil {
			return made{}, err
		}
		if err := shareCatalogue(ctx, tx, library); err != nil {
			return made{}, err
		}
		holds, err := circulation.Shelf(ctx, tx, library.ID, circulation.Page{After: after, Limit: size + 1})
		if err != nil {
			return made{}, err
		}
		if len(holds) > size {
			holds = holds[:size]
			page.NextCursor = s.cursors.seal(list, holds[size-1].ID.String())
		}
		views, err := holdViews(ctx, tx, holds)
		page.Holds = append(page.Holds, views...)
		return made{}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListShelf200JSONResponse(page), nil
}

// holdViews shows holds with what their titles are called.
func holdViews(ctx context.Context, tx *postgres.Tx, holds []circulation.Hold) ([]gen.Hold, error) {
	var items []circulation.ItemRef
	var wanted []broker.ID
	for _, hold := range holds {
		if hold.Item != broker.NoID {
			items = append(items, circulation.ItemRef{Library: hold.Library, ID: hold.Item})
		}
		wanted = append(wanted, hold.Title)
	}
	named, err := readTitles(ctx, tx, items, wanted)
	if err != nil {
		return nil, err
	}
	briefs, err := briefsOf(ctx, tx, holds)
	if err != nil {
		return nil, err
	}
	views := make([]gen.Hold, 0, len(holds))
	for _, hold := range holds {
		view := gen.Hold{
			ID: hold.ID, TitleID: hold.Title, Title: named.titles[hold.Title].Title, Author: named.titles[hold.Title].Author,
			ItemID: hold.Item, Barcode: named.items[hold.Item].Barcode, PatronID: hold.Patron.ID, RequestID: hold.Request,
			LibraryID: hold.Library, PickupBranchID: hold.Pickup, Status: gen.HoldStatus(hold.Status), QueuedAt: utc(hold.QueuedAt),
			OnShelfAt: utc(hold.OnShelfAt), PickUpBy: hold.PickUpBy,
		}
		if brief := briefs[hold.Request]; view.Title == "" {
			view.Title, view.Author = brief.Citation.Title, brief.Citation.Author
		}
		views = append(views, view)
	}
	return views, nil
}
