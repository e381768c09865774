package views

import (
	"context"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/workflow/requests"
)

// LibraryNames reads the names of libraries.
func LibraryNames(ctx context.Context, tx *postgres.Tx, ids []broker.ID) (map[broker.ID]requests.Name, error) {
	libraries, err := directory.LoadMany(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	symbols, err := directory.SymbolsOf(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	names := map[broker.ID]requests.Name{}
	for id, library := range libraries {
		name := requests.Name{Name: library.Name}
		if of := symbols[id]; len(of) > 0 {
			name.Symbol = of[0]
		}
		names[id] = name
	}
	return names, nil
}

// Branches reads the branches of libraries, by id.
func Branches(ctx context.Context, tx *postgres.Tx, libraries []broker.ID) (map[broker.ID]gen.Branch, error) {
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

// Titles holds the names of items and titles, for lists of loans and holds.
type Titles struct {
	Items  map[broker.ID]catalog.Item
	Titles map[broker.ID]catalog.Title
}

// ReadTitles reads items with their titles, and the titles wanted besides.
func ReadTitles(ctx context.Context, tx *postgres.Tx, items []catalog.Ref, wanted []broker.ID) (Titles, error) {
	found := Titles{Items: map[broker.ID]catalog.Item{}, Titles: map[broker.ID]catalog.Title{}}
	list := make([]catalog.Item, len(items))
	for i, ref := range items {
		catalog.AskItem(tx, ref.Library, ref.ID, &list[i])
	}
	if err := tx.Flush(ctx); err != nil {
		return found, err
	}
	for _, item := range list {
		if item.ID != broker.NoID {
			found.Items[item.ID] = item
			wanted = append(wanted, item.Title)
		}
	}
	for _, id := range wanted {
		if _, known := found.Titles[id]; known || id == broker.NoID {
			continue
		}
		title, err := catalog.LoadTitle(ctx, tx, id)
		if err != nil && !broker.IsKind(err, broker.KindNotFound) {
			return found, err
		}
		found.Titles[id] = title
	}
	return found, nil
}

// Serving names the request that a loan or hold serves, and its library.
type Serving struct{ Library, Request broker.ID }

// Briefs reads requests in brief, as far as they may be seen.
func Briefs(ctx context.Context, tx *postgres.Tx, serving []Serving) (map[broker.ID]requests.Brief, error) {
	asked := map[broker.ID][]broker.ID{} // requests by library
	for _, of := range serving {
		if of.Request != broker.NoID {
			asked[of.Library] = append(asked[of.Library], of.Request)
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
