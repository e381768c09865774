package rest

import (
	"context"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/workflow/requests/lookup"
)

// SearchTitles finds titles by words or by ISBN, with how many copies the
// caller's library and those of its shared catalogue have.
func (s *Server) SearchTitles(ctx context.Context, request gen.SearchTitlesRequestObject) (gen.SearchTitlesResponseObject, error) {
	list := "titles " + callOf(ctx).library().String() + " " + request.Params.Q
	after, err := s.cursorID(list, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	page, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.TitlePage, error) {
		page := gen.TitlePage{Titles: []gen.Title{}}
		shared, err := sharedWithCaller(ctx, tx)
		if err != nil {
			return page, err
		}
		titles, next, err := catalog.Search(ctx, tx, request.Params.Q, after, pageSize(request.Params.Limit))
		if err != nil {
			return page, err
		}
		if next != broker.NoID {
			page.NextCursor = s.cursors.seal(list, next.String())
		}
		page.Titles, err = titleViews(ctx, tx, titles, shared)
		return page, err
	})
	if err != nil {
		return nil, err
	}
	return gen.SearchTitles200JSONResponse(page), nil
}

// GetTitle shows a title with its copies.
func (s *Server) GetTitle(ctx context.Context, request gen.GetTitleRequestObject) (gen.GetTitleResponseObject, error) {
	view, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (view gen.TitleWithCopies, err error) {
		shared, err := sharedWithCaller(ctx, tx)
		if err != nil {
			return view, err
		}
		title, err := catalog.LoadTitle(ctx, tx, request.ID)
		if err != nil {
			return view, err
		}
		titles, err := titleViews(ctx, tx, []catalog.Title{title}, shared)
		if err != nil {
			return view, err
		}
		view.Title = titles[0]
		items, err := catalog.ItemsOfTitle(ctx, tx, title.ID, shared...)
		if err != nil {
			return view, err
		}
		view.Items, err = copyViews(ctx, tx, items, shared)
		return view, err
	})
	if err != nil {
		return nil, err
	}
	return gen.GetTitle200JSONResponse(view), nil
}

// sharedWithCaller gives the libraries whose catalogue the caller's library
// shares, its own among them, and lets the transaction see their items.
func sharedWithCaller(ctx context.Context, tx *postgres.Tx) ([]broker.ID, error) {
	library, err := directory.Load(ctx, tx, callOf(ctx).library())
	if err != nil {
		return nil, err
	}
	return sharedCatalogue(ctx, tx, library)
}

// titleViews shows titles with how many copies libraries have of each.
func titleViews(ctx context.Context, tx *postgres.Tx, titles []catalog.Title, libraries []broker.ID) ([]gen.Title, error) {
	ids := make([]broker.ID, len(titles))
	for i, title := range titles {
		ids[i] = title.ID
	}
	promised, err := lookup.Promised(ctx, tx, ids, libraries)
	if err != nil {
		return nil, err
	}
	counted, err := catalog.CountCopies(ctx, tx, ids, libraries, promised)
	if err != nil {
		return nil, err
	}
	views := make([]gen.Title, len(titles))
	for i, title := range titles {
		of := counted[title.ID]
		views[i] = gen.Title{
			ID: title.ID, Title: title.Title, Author: title.Author, Format: title.Format, Isbns: title.ISBNs, Issn: title.ISSN,
			Oclc: title.OCLC, Publisher: title.Publisher, Year: title.Year,
			Copies: of.Copies, Available: of.Available, Waiting: of.Waiting,
		}
	}
	return views, nil
}

// copyViews shows copies as the caller may know of them: a barcode opens doors
// at a desk, and is for staff.
func copyViews(ctx context.Context, tx *postgres.Tx, items []catalog.Item, libraries []broker.ID) ([]gen.Copy, error) {
	refs := make([]catalog.Ref, len(items))
	for i, item := range items {
		refs[i] = item.Ref()
	}
	due, err := circulation.DueDates(ctx, tx, refs)
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
	views := make([]gen.Copy, len(items))
	for i, item := range items {
		views[i] = gen.Copy{
			ID: item.ID, Library: libraryRef(item.Library, names), Branch: branches[item.Branch], CallNumber: item.CallNumber,
			Type: item.Type, Audience: gen.CopyAudience(item.Audience), Status: gen.CopyStatus(item.Status), Lendable: item.Lendable,
			DueOn: due[refs[i]],
		}
		if !callOf(ctx).isPatron() {
			views[i].Barcode = item.Barcode
		}
	}
	return views, nil
}
