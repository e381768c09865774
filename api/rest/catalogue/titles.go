package catalogue

import (
	"context"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/workflow/requests/lookup"
)

// SearchTitles finds titles by words or by ISBN, with how many copies the
// caller's library and those of its shared catalogue have.
func (c Catalogue) SearchTitles(ctx context.Context, request gen.SearchTitlesRequestObject) (gen.SearchTitlesResponseObject, error) {
	page, err := pipeline.Read(ctx, c.Base, func(ctx context.Context, t *pipeline.Turn) (gen.TitlePage, error) {
		page := gen.TitlePage{Titles: []gen.Title{}}
		list := pipeline.List{Name: "titles " + t.Library().String() + " " + request.Params.Q, Cursor: request.Params.Cursor}
		after, err := t.After(list)
		if err != nil {
			return page, err
		}
		library, shared, err := t.SharedCatalogue(ctx)
		if err != nil {
			return page, err
		}
		titles, next, err := catalog.Search(ctx, t.Tx, library.SharingGroup, request.Params.Q, after.ID(), pipeline.Size(request.Params.Limit))
		if err != nil {
			return page, err
		}
		page.NextCursor = t.Next(list, pipeline.Identified(next))
		page.Titles, err = titleViews(ctx, t, titles, shared)
		return page, err
	})
	return gen.SearchTitles200JSONResponse(page), err
}

// GetTitle shows a title with its copies.
func (c Catalogue) GetTitle(ctx context.Context, request gen.GetTitleRequestObject) (gen.GetTitleResponseObject, error) {
	view, err := pipeline.Read(ctx, c.Base, func(ctx context.Context, t *pipeline.Turn) (view gen.TitleWithCopies, err error) {
		_, shared, err := t.SharedCatalogue(ctx)
		if err != nil {
			return view, err
		}
		title, err := catalog.LoadTitle(ctx, t.Tx, request.ID)
		if err != nil {
			return view, err
		}
		titles, err := titleViews(ctx, t, []catalog.Title{title}, shared)
		if err != nil {
			return view, err
		}
		view.Title = titles[0]
		items, err := catalog.ItemsOfTitle(ctx, t.Tx, title.ID, shared...)
		if err != nil {
			return view, err
		}
		view.Items, err = copyViews(ctx, t, items, shared)
		return view, err
	})
	return gen.GetTitle200JSONResponse(view), err
}

// titleViews shows titles with how many copies libraries have of each.
func titleViews(ctx context.Context, t *pipeline.Turn, titles []catalog.Title, libraries []broker.ID) ([]gen.Title, error) {
	ids := make([]broker.ID, len(titles))
	for i, title := range titles {
		ids[i] = title.ID
	}
	promised, err := lookup.Promised(ctx, t.Tx, ids, libraries)
	if err != nil {
		return nil, err
	}
	counted, err := catalog.CountCopies(ctx, t.Tx, ids, libraries, promised)
	if err != nil {
		return nil, err
	}
	shown := make([]gen.Title, len(titles))
	for i, title := range titles {
		of := counted[title.ID]
		shown[i] = gen.Title{
			ID: title.ID, Title: title.Title, Author: title.Author, Format: title.Format, Isbns: title.ISBNs, Issn: title.ISSN,
			Oclc: title.OCLC, Publisher: title.Publisher, Year: title.Year,
			Copies: of.Copies, Available: of.Available, Waiting: of.Waiting,
		}
	}
	return shown, nil
}

// copyViews shows copies as far as the caller may see them: a barcode is as good
// as a key at a desk, and is for staff.
func copyViews(ctx context.Context, t *pipeline.Turn, items []catalog.Item, libraries []broker.ID) ([]gen.Copy, error) {
	refs := make([]catalog.Ref, len(items))
	for i, item := range items {
		refs[i] = item.Ref()
	}
	due, err := loans.DueDates(ctx, t.Tx, refs)
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
	shown := make([]gen.Copy, len(items))
	for i, item := range items {
		shown[i] = gen.Copy{
			ID: item.ID, Library: views.Library(item.Library, names), Branch: branches[item.Branch], CallNumber: item.CallNumber,
			Type: item.Type, Audience: gen.CopyAudience(item.Audience), Status: gen.CopyStatus(item.Status), Lendable: item.Lendable,
			DueOn: due[refs[i]],
		}
		if !t.IsPatron() {
			shown[i].Barcode = item.Barcode
		}
	}
	return shown, nil
}
