package holds

import (
	"context"
	"strings"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/holds"
)

// ListStrandedHolds lists the holds that no copy can fill.
func (h Holds) ListStrandedHolds(ctx context.Context, request gen.ListStrandedHoldsRequestObject) (gen.ListStrandedHoldsResponseObject, error) {
	page, err := pipeline.Read(ctx, h.Base, func(ctx context.Context, t *pipeline.Turn) (gen.StrandedPage, error) {
		page := gen.StrandedPage{}
		library, _, err := t.SharedCatalogue(ctx)
		if err != nil {
			return page, err
		}
		list := pipeline.List{Name: "stranded " + library.ID.String(), Cursor: request.Params.Cursor, Limit: request.Params.Limit}
		stranded, next, err := pipeline.Page(t, list, func(one holds.Stranded) pipeline.Position { return pipeline.Identified(one.Hold.ID) },
			func(after pipeline.Position, limit int) ([]holds.Stranded, error) {
				return holds.StrandedList(ctx, t.Tx, library.ID, broker.Page{After: after.ID(), Limit: limit})
			})
		if err != nil {
			return page, err
		}
		page.NextCursor = next
		page.Holds, err = strandedViews(ctx, t, stranded)
		return page, err
	})
	return gen.ListStrandedHolds200JSONResponse(page), err
}

func strandedViews(ctx context.Context, t *pipeline.Turn, stranded []holds.Stranded) ([]gen.StrandedHold, error) {
	var titleIDs, libraries []broker.ID
	for _, one := range stranded {
		titleIDs, libraries = append(titleIDs, one.Hold.Title), append(libraries, one.Hold.Patron.Library)
	}
	named, err := views.ReadTitles(ctx, t.Tx, nil, titleIDs)
	if err != nil {
		return nil, err
	}
	names, err := views.LibraryNames(ctx, t.Tx, libraries)
	if err != nil {
		return nil, err
	}
	shown := make([]gen.StrandedHold, 0, len(stranded))
	for _, one := range stranded {
		title := named.Titles[one.Hold.Title]
		view := gen.StrandedHold{
			ID: one.Hold.ID, TitleID: one.Hold.Title, Title: title.Title, Author: title.Author,
			ForLibrary: views.Library(one.Hold.Patron.Library, names), WaitingSince: views.UTC(one.Hold.QueuedAt),
			NoCopySince: views.UTC(one.Hold.StrandedAt), Copies: []gen.StrandedHoldCopies{}, Reason: whyStranded(one.Copies),
		}
		for _, word := range one.Copies {
			view.Copies = append(view.Copies, gen.StrandedHoldCopies(word))
		}
		shown = append(shown, view)
	}
	return shown, nil
}

// whyStranded says what became of the copies of a title.
func whyStranded(copies []string) string {
	if len(copies) == 0 {
		return "The library has no copy of it."
	}
	words := make([]string, len(copies))
	for i, word := range copies {
		words[i] = strings.ReplaceAll(word, "_", " ")
	}
	last := len(words) - 1
	if last == 0 {
		return "Its copies are " + words[0] + "."
	}
	return "Its copies are " + strings.Join(words[:last], ", ") + " or " + words[last] + "."
}

// ListJourneys lists the copies on their way.
func (h Holds) ListJourneys(ctx context.Context, request gen.ListJourneysRequestObject) (gen.ListJourneysResponseObject, error) {
	page, err := pipeline.Read(ctx, h.Base, func(ctx context.Context, t *pipeline.Turn) (gen.JourneyPage, error) {
		page := gen.JourneyPage{}
		library, _, err := t.SharedCatalogue(ctx)
		if err != nil {
			return page, err
		}
		list := pipeline.List{Name: "journeys " + library.ID.String(), Cursor: request.Params.Cursor, Limit: request.Params.Limit}
		journeys, next, err := pipeline.Page(t, list, func(one holds.Journey) pipeline.Position { return pipeline.Identified(one.ID) },
			func(after pipeline.Position, limit int) ([]holds.Journey, error) {
				return holds.Journeys(ctx, t.Tx, library.ID, broker.Page{After: after.ID(), Limit: limit})
			})
		if err != nil {
			return page, err
		}
		page.NextCursor = next
		page.Journeys, err = journeyViews(ctx, t, journeys)
		return page, err
	})
	return gen.ListJourneys200JSONResponse(page), err
}

func journeyViews(ctx context.Context, t *pipeline.Turn, journeys []holds.Journey) ([]gen.Journey, error) {
	var titleIDs, libraries []broker.ID
	for _, one := range journeys {
		titleIDs, libraries = append(titleIDs, one.Title), append(libraries, one.ToLibrary, one.FromLibrary)
	}
	named, err := views.ReadTitles(ctx, t.Tx, nil, titleIDs)
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
	shown := make([]gen.Journey, 0, len(journeys))
	for _, one := range journeys {
		view := gen.Journey{
			ID: one.ID, ItemID: one.Item, Barcode: one.Barcode, Title: named.Titles[one.Title].Title, FromBranch: branches[one.FromBranch],
			ToLibrary: views.Library(one.ToLibrary, names), ToBranch: branches[one.ToBranch], Why: gen.JourneyWhyHome, SentAt: views.UTC(one.SentAt),
		}
		if one.Hold != broker.NoID {
			view.Why = gen.JourneyWhyHold
		}
		shown = append(shown, view)
	}
	return shown, nil
}
