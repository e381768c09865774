package holds

import (
	"context"
	"time"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/holds"
)

// ListShelf lists what is on the hold shelf, what is soon to leave it, or what is
// to be taken off it now.
func (h Holds) ListShelf(ctx context.Context, request gen.ListShelfRequestObject) (gen.ListShelfResponseObject, error) {
	in := request.Params
	through, err := views.Date("through", in.Through)
	if err != nil {
		return nil, err
	}
	page, err := pipeline.Read(ctx, h.Base, func(ctx context.Context, t *pipeline.Turn) (gen.HoldPage, error) {
		page := gen.HoldPage{Holds: []gen.Hold{}}
		library, _, err := t.SharedCatalogue(ctx)
		if err != nil {
			return page, err
		}
		list := pipeline.List{
			Name:   "shelf " + string(in.Due) + " " + in.Through + " " + in.Since.UTC().Format(time.RFC3339Nano) + " " + library.ID.String(),
			Cursor: in.Cursor, Limit: in.Limit,
		}
		lines, next, err := pipeline.Page(t, list, func(line holds.Cleared) pipeline.Position { return pipeline.Identified(line.Hold.ID) },
			func(after pipeline.Position, limit int) ([]holds.Cleared, error) {
				return h.shelf(ctx, t, library, in, through, broker.Page{After: after.ID(), Limit: limit})
			})
		if err != nil {
			return page, err
		}
		page.NextCursor = next
		holds := make([]holds.Hold, len(lines))
		for i, line := range lines {
			holds[i] = line.Hold
		}
		page.Holds, err = holdViews(ctx, t, holds)
		for i := range page.Holds {
			page.Holds[i].Clearing = clearingView(lines[i])
		}
		return page, err
	})
	return gen.ListShelf200JSONResponse(page), err
}

// shelf reads the list asked for; for items to be cleared it says what to do with
// them.
func (h Holds) shelf(ctx context.Context, t *pipeline.Turn, library directory.Library, in gen.ListShelfParams, through broker.Date, page broker.Page) ([]holds.Cleared, error) {
	var held []holds.Hold
	var err error
	now := t.Now()
	switch in.Due {
	case gen.ListShelfParamsDueExpired:
		since := in.Since
		if since.IsZero() {
			since = now.Add(-24 * time.Hour)
		}
		return h.Desk.Queue.ShelfToClear(ctx, t.Tx, t.At(), since, page)
	case gen.ListShelfParamsDueExpiring:
		if through.IsZero() {
			through = library.Today(now).AddDays(1)
		}
		held, err = holds.Expiring(ctx, t.Tx, library.ID, through, page)
	default:
		held, err = holds.Shelf(ctx, t.Tx, library.ID, page)
	}
	lines := make([]holds.Cleared, len(held))
	for i, hold := range held {
		lines[i].Hold = hold
	}
	return lines, err
}

func clearingView(line holds.Cleared) gen.Clearing {
	return gen.Clearing{
		Say: line.Say, NextAct: gen.ClearingNextAct(line.NextAct), Action: string(line.Action), Clause: line.Clause, DecideBy: line.DecideBy,
	}
}

func titleKnown(ctx context.Context, t *pipeline.Turn, title broker.ID) error {
	_, err := catalog.LoadTitle(ctx, t.Tx, title)
	return err
}

// holdViews shows holds with the names of their titles.
func holdViews(ctx context.Context, t *pipeline.Turn, holds []holds.Hold) ([]gen.Hold, error) {
	var items []catalog.Ref
	var wanted []broker.ID
	for _, hold := range holds {
		if hold.Item != broker.NoID {
			items = append(items, catalog.Ref{Library: hold.Library, ID: hold.Item})
		}
		wanted = append(wanted, hold.Title)
	}
	named, err := views.ReadTitles(ctx, t.Tx, items, wanted)
	if err != nil {
		return nil, err
	}
	briefs, err := briefsOf(ctx, t, holds)
	if err != nil {
		return nil, err
	}
	shown := make([]gen.Hold, 0, len(holds))
	for _, hold := range holds {
		view := gen.Hold{
			ID: hold.ID, TitleID: hold.Title, Title: named.Titles[hold.Title].Title, Author: named.Titles[hold.Title].Author,
			ItemID: hold.Item, Barcode: named.Items[hold.Item].Barcode, PatronID: hold.Patron.ID, RequestID: hold.Request,
			LibraryID: hold.Library, PickupBranchID: hold.Pickup, Status: gen.HoldStatus(hold.Status), QueuedAt: views.UTC(hold.QueuedAt),
			OnShelfAt: views.UTC(hold.OnShelfAt), PickUpBy: hold.PickUpBy, WantedItemID: hold.Wanted, Channel: string(hold.Channel),
			SuspendedFrom: hold.SuspendedFrom, SuspendedUntil: hold.SuspendedUntil, ExpiresOn: hold.ExpiresOn,
			PermittedPatronID: hold.Permitted, ContactAt: views.UTC(hold.ContactAt),
		}
		if brief := briefs[hold.Request]; view.Title == "" {
			view.Title, view.Author = brief.Citation.Title, brief.Citation.Author
		}
		shown = append(shown, view)
	}
	return shown, nil
}
