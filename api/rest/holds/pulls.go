package holds

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/workflow/requests"
)

// ListPulls lists the copies to fetch from the shelves.
func (h Holds) ListPulls(ctx context.Context, request gen.ListPullsRequestObject) (gen.ListPullsResponseObject, error) {
	page, err := pipeline.Read(ctx, h.Base, func(ctx context.Context, t *pipeline.Turn) (gen.PullPage, error) {
		page := gen.PullPage{}
		library, err := t.Home(ctx)
		if err != nil {
			return page, err
		}
		list := pipeline.List{Name: "pulls " + library.ID.String(), Cursor: request.Params.Cursor, Limit: request.Params.Limit}
		pulls, next, err := pipeline.Page(t, list, func(pull holds.Pull) pipeline.Position { return pipeline.Identified(pull.Hold.ID) },
			func(after pipeline.Position, limit int) ([]holds.Pull, error) {
				return holds.PullList(ctx, t.Tx, library.ID, library.Today(t.Now()), broker.Page{After: after.ID(), Limit: limit})
			})
		if err != nil {
			return page, err
		}
		page.NextCursor = next
		// The requests that holds of the shared catalogue serve belong to other
		// libraries of it.
		if _, _, err := t.SharedCatalogue(ctx); err != nil {
			return page, err
		}
		page.Pulls, err = pullViews(ctx, t, pulls)
		return page, err
	})
	return gen.ListPulls200JSONResponse(page), err
}

// pullViews shows copies to fetch, each with the hold it is for. Nobody's name is
// needed to fetch a book.
func pullViews(ctx context.Context, t *pipeline.Turn, pulls []holds.Pull) ([]gen.Pull, error) {
	var holds []holds.Hold
	var titleIDs, libraries []broker.ID
	for _, pull := range pulls {
		holds = append(holds, pull.Hold)
		titleIDs = append(titleIDs, pull.Hold.Title)
		libraries = append(libraries, pull.Hold.Library, pull.Hold.Patron.Library)
	}
	named, err := views.ReadTitles(ctx, t.Tx, nil, titleIDs)
	if err != nil {
		return nil, err
	}
	briefs, err := briefsOf(ctx, t, holds)
	if err != nil {
		return nil, err
	}
	names, err := views.LibraryNames(ctx, t.Tx, libraries)
	if err != nil {
		return nil, err
	}
	branches, err := views.Branches(ctx, t.Tx, libraries)
	if err != nil {
		return nil, err
	}
	shown := make([]gen.Pull, 0, len(pulls))
	for _, pull := range pulls {
		hold, item, title := pull.Hold, pull.Item, named.Titles[pull.Hold.Title]
		view := gen.Pull{
			ID: hold.ID, TitleID: hold.Title, Title: title.Title, Author: title.Author,
			ItemID: item.ID, Barcode: item.Barcode, CallNumber: item.CallNumber, Branch: branches[item.Branch],
			ForLibrary: views.Library(hold.Patron.Library, names), PickupBranch: branches[hold.Pickup], WaitingSince: views.UTC(hold.QueuedAt),
		}
		if brief, visible := briefs[hold.Request]; visible {
			view.RequestID, view.RequestNumber = hold.Request, brief.Number
		}
		shown = append(shown, view)
	}
	return shown, nil
}

// briefsOf reads the requests that holds serve, as far as they may be seen.
func briefsOf(ctx context.Context, t *pipeline.Turn, holds []holds.Hold) (map[broker.ID]requests.Brief, error) {
	serving := make([]views.Serving, len(holds))
	for i, hold := range holds {
		serving[i] = views.Serving{Library: hold.Patron.Library, Request: hold.Request}
	}
	return views.Briefs(ctx, t.Tx, serving)
}

// HoldNotFound notes that the copy for a hold is not on its shelf.
func (h Holds) HoldNotFound(ctx context.Context, request gen.HoldNotFoundRequestObject) (gen.HoldNotFoundResponseObject, error) {
	missing := views.OrZero(request.Body).ItemID
	view, err := pipeline.Change(ctx, h.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		hold, err := holds.ByID(ctx, t.Tx, holds.Ref{Library: t.Library(), ID: request.ID})
		if err != nil || hold.Status == holds.Unfilled {
			return request.ID, err
		}
		return request.ID, h.notFound(ctx, t, hold, missing)
	}, func(ctx context.Context, t *pipeline.Turn, id broker.ID) (gen.Hold, error) {
		hold, err := holds.ByID(ctx, t.Tx, holds.Ref{Library: t.Library(), ID: id})
		if err != nil {
			return gen.Hold{}, err
		}
		shown, err := holdViews(ctx, t, []holds.Hold{hold})
		if err != nil {
			return gen.Hold{}, err
		}
		return shown[0], nil
	})
	return gen.HoldNotFound200JSONResponse(view), err
}

// notFound is about the copy that was looked for, where the caller names it: of
// two copies the pull list gives one to each hold.
func (h Holds) notFound(ctx context.Context, t *pipeline.Turn, hold holds.Hold, missing broker.ID) error {
	if missing == broker.NoID {
		_, err := h.Desk.Queue.NoCopy(ctx, t.Tx, t.At(), hold.Ref)
		return err
	}
	item, err := catalog.LoadItem(ctx, t.Tx, t.Library(), missing, true)
	if err != nil && !broker.IsKind(err, broker.KindNotFound) {
		return err
	}
	switch {
	case err != nil || item.Title != hold.Title || item.Temporary():
		return broker.Invalid(broker.FieldError{Pointer: "/item_id", Code: "not_a_copy", Message: "must be a copy of the hold's title"})
	case item.Status != catalog.OnShelf:
		return broker.Conflict("no_copy_expected", "That copy is not expected on the shelf.")
	}
	_, err = h.Desk.Queue.NotFound(ctx, t.Tx, t.At(), hold.Ref, item.Ref())
	return err
}
