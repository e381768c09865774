package rest

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/workflow/desk"
	"afield/workflow/requests"
)

// ListPulls lists the copies to fetch from the shelves.
func (s *Server) ListPulls(ctx context.Context, request gen.ListPullsRequestObject) (gen.ListPullsResponseObject, error) {
	this, list := callOf(ctx), "pulls "+callOf(ctx).library().String()
	after, err := s.cursorID(list, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	size := pageSize(request.Params.Limit)
	page, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.PullPage, error) {
		page := gen.PullPage{}
		library, err := directory.Load(ctx, tx, this.library())
		if err != nil {
			return page, err
		}
		pulls, err := circulation.PullList(ctx, tx, library.ID, library.Today(s.Clock.Now()), broker.Page{After: after, Limit: size + 1})
		if err != nil {
			return page, err
		}
		if len(pulls) > size {
			pulls = pulls[:size]
			page.NextCursor = s.cursors.seal(list, pulls[size-1].Hold.ID.String())
		}
		// The requests that holds of the shared catalogue serve are their libraries'.
		if err := shareCatalogue(ctx, tx, library); err != nil {
			return page, err
		}
		page.Pulls, err = pullViews(ctx, tx, pulls)
		return page, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListPulls200JSONResponse(page), nil
}

// pullViews shows copies to fetch, each with whom it is for. Nobody's name is
// needed to fetch a book.
func pullViews(ctx context.Context, tx *postgres.Tx, pulls []circulation.Pull) ([]gen.Pull, error) {
	var holds []circulation.Hold
	var titleIDs, libraries []broker.ID
	for _, pull := range pulls {
		holds = append(holds, pull.Hold)
		titleIDs = append(titleIDs, pull.Hold.Title)
		libraries = append(libraries, pull.Hold.Library, pull.Hold.Patron.Library)
	}
	named, err := readTitles(ctx, tx, nil, titleIDs)
	if err != nil {
		return nil, err
	}
	briefs, err := briefsOf(ctx, tx, holds)
	if err != nil {
		return nil, err
	}
	names, err := libraryNames(ctx, tx, libraries)
	if err != nil {
		return nil, err
	}
	branches, err := branchesOf(ctx, tx, libraries)
	if err != nil {
		return nil, err
	}
	views := make([]gen.Pull, 0, len(pulls))
	for _, pull := range pulls {
		hold, item, title := pull.Hold, pull.Item, named.titles[pull.Hold.Title]
		view := gen.Pull{
			ID: hold.ID, TitleID: hold.Title, Title: title.Title, Author: title.Author,
			ItemID: item.ID, Barcode: item.Barcode, CallNumber: item.CallNumber, Branch: branches[item.Branch],
			ForLibrary: libraryRef(hold.Patron.Library, names), PickupBranch: branches[hold.Pickup], WaitingSince: utc(hold.QueuedAt),
		}
		if brief, visible := briefs[hold.Request]; visible {
			view.RequestID, view.RequestNumber = hold.Request, brief.Number
		}
		views = append(views, view)
	}
	return views, nil
}

// branchesOf reads the branches of libraries, by id.
func branchesOf(ctx context.Context, tx *postgres.Tx, libraries []broker.ID) (map[broker.ID]gen.Branch, error) {
	found, asked := map[broker.ID]gen.Branch{}, map[broker.ID]bool{}
	for _, library := range libraries {
		if asked[library] {
			continue
		}
		asked[library] = true
		branches, err := directory.Branches(ctx, tx, library)
		if err != nil {
			return nil, err
		}
		for _, branch := range branches {
			found[branch.ID] = gen.Branch{ID: branch.ID, Code: branch.Code, Name: branch.Name}
		}
	}
	return found, nil
}

// briefsOf reads the requests that holds serve, as far as they may be seen.
func briefsOf(ctx context.Context, tx *postgres.Tx, holds []circulation.Hold) (map[broker.ID]requests.Brief, error) {
	asked := map[broker.ID][]broker.ID{} // requests by library
	for _, hold := range holds {
		if hold.Request != broker.NoID {
			asked[hold.Patron.Library] = append(asked[hold.Patron.Library], hold.Request)
		}
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
	return briefs, nil
}

// HoldNotFound notes that the copy for a hold is not on its shelf.
func (s *Server) HoldNotFound(ctx context.Context, request gen.HoldNotFoundRequestObject) (gen.HoldNotFoundResponseObject, error) {
	var missing broker.ID
	if request.Body != nil {
		missing = request.Body.ItemID
	}
	_, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (madeHold, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return madeHold{}, err
		}
		hold, err := circulation.HoldByID(ctx, tx, circulation.HoldRef{Library: at.Library, ID: request.ID})
		if err != nil || hold.Status == circulation.HoldUnfilled {
			return madeHold{ID: request.ID}, err
		}
		return madeHold{ID: request.ID}, s.notFound(ctx, tx, at, hold, missing)
	})
	if err != nil {
		return nil, err
	}
	view, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Hold, error) {
		hold, err := circulation.HoldByID(ctx, tx, circulation.HoldRef{Library: callOf(ctx).library(), ID: request.ID})
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
	return gen.HoldNotFound200JSONResponse(view), nil
}

// notFound is said of the copy that was looked for, where the caller names it:
// of two copies the pull list gives one to each hold.
func (s *Server) notFound(ctx context.Context, tx *postgres.Tx, at desk.At, hold circulation.Hold, missing broker.ID) error {
	if missing == broker.NoID {
		_, err := s.Desk.NoCopy(ctx, tx, at, hold.HoldRef)
		return err
	}
	item, err := catalog.LoadItem(ctx, tx, at.Library, missing, true)
	if err != nil && !broker.IsKind(err, broker.KindNotFound) {
		return err
	}
	switch {
	case err != nil || item.Title != hold.Title || item.Temporary():
		return broker.Invalid(broker.FieldError{Pointer: "/item_id", Code: "not_a_copy", Message: "must be a copy of the hold's title"})
	case item.Status != catalog.OnShelf:
		return broker.Conflict("no_copy_expected", "That copy is not expected on the shelf.")
	}
	_, err = s.Desk.NotFound(ctx, tx, at, hold.HoldRef, item.Ref())
	return err
}
