package rest

import (
	"context"
	"time"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// ListShelf lists what stands on the hold shelf, what is soon to leave it, or
// what is to be taken off it now.
func (s *Server) ListShelf(ctx context.Context, request gen.ListShelfRequestObject) (gen.ListShelfResponseObject, error) {
	in := request.Params
	through, err := dateParam("through", in.Through)
	if err != nil {
		return nil, err
	}
	list := "shelf " + string(in.Due) + " " + in.Through + " " + in.Since.UTC().Format(time.RFC3339Nano) + " " + callOf(ctx).library().String()
	after, err := s.cursorID(list, in.Cursor)
	if err != nil {
		return nil, err
	}
	size := pageSize(in.Limit)
	page := gen.HoldPage{Holds: []gen.Hold{}}
	_, err = read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		library, err := directory.Load(ctx, tx, callOf(ctx).library())
		if err != nil {
			return made{}, err
		}
		if err := shareCatalogue(ctx, tx, library); err != nil {
			return made{}, err
		}
		lines, err := s.shelf(ctx, tx, library, in, through, broker.Page{After: after, Limit: size + 1})
		if err != nil {
			return made{}, err
		}
		if len(lines) > size {
			lines = lines[:size]
			page.NextCursor = s.cursors.seal(list, lines[size-1].Hold.ID.String())
		}
		holds := make([]circulation.Hold, len(lines))
		for i, line := range lines {
			holds[i] = line.Hold
		}
		views, err := holdViews(ctx, tx, holds)
		for i := range views {
			views[i].Clearing = clearingView(lines[i])
		}
		page.Holds = append(page.Holds, views...)
		return made{}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListShelf200JSONResponse(page), nil
}

// shelf reads the list asked for; what is to be cleared says what to do with it.
func (s *Server) shelf(ctx context.Context, tx *postgres.Tx, library directory.Library, in gen.ListShelfParams, through broker.Date, page broker.Page) ([]circulation.Cleared, error) {
	var holds []circulation.Hold
	var err error
	now := s.Clock.Now()
	switch in.Due {
	case gen.ListShelfParamsDueExpired:
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return nil, err
		}
		since := in.Since
		if since.IsZero() {
			since = now.Add(-24 * time.Hour)
		}
		return s.Desk.ShelfToClear(ctx, tx, at, since, page)
	case gen.ListShelfParamsDueExpiring:
		if through.IsZero() {
			through = library.Today(now).AddDays(1)
		}
		holds, err = circulation.Expiring(ctx, tx, library.ID, through, page)
	default:
		holds, err = circulation.Shelf(ctx, tx, library.ID, page)
	}
	lines := make([]circulation.Cleared, len(holds))
	for i, hold := range holds {
		lines[i].Hold = hold
	}
	return lines, err
}

func clearingView(line circulation.Cleared) gen.Clearing {
	return gen.Clearing{
		Say: line.Say, NextAct: gen.ClearingNextAct(line.NextAct), Action: string(line.Action), Clause: line.Clause, DecideBy: line.DecideBy,
	}
}

func titleKnown(ctx context.Context, tx *postgres.Tx, title broker.ID) error {
	_, err := catalog.LoadTitle(ctx, tx, title)
	return err
}

// holdViews shows holds with what their titles are called.
func holdViews(ctx context.Context, tx *postgres.Tx, holds []circulation.Hold) ([]gen.Hold, error) {
	var items []catalog.Ref
	var wanted []broker.ID
	for _, hold := range holds {
		if hold.Item != broker.NoID {
			items = append(items, catalog.Ref{Library: hold.Library, ID: hold.Item})
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
			OnShelfAt: utc(hold.OnShelfAt), PickUpBy: hold.PickUpBy, WantedItemID: hold.Wanted, Channel: string(hold.Channel),
			SuspendedFrom: hold.SuspendedFrom, SuspendedUntil: hold.SuspendedUntil, ExpiresOn: hold.ExpiresOn,
			PermittedPatronID: hold.Permitted, ContactAt: utc(hold.ContactAt),
		}
		if brief := briefs[hold.Request]; view.Title == "" {
			view.Title, view.Author = brief.Citation.Title, brief.Citation.Author
		}
		views = append(views, view)
	}
	return views, nil
}
