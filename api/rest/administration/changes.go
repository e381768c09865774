package administration

import (
	"context"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/consortium"
)

// ListConfigurationChanges shows what was changed in how the library is set up, and
// in what it has in common with others.
func (a Administration) ListConfigurationChanges(ctx context.Context, request gen.ListConfigurationChangesRequestObject) (gen.ListConfigurationChangesResponseObject, error) {
	in := request.Params
	page, err := overview(ctx, a, func(ctx context.Context, t *pipeline.Turn) (gen.ConfigurationChangePage, error) {
		page := gen.ConfigurationChangePage{Changes: []gen.ConfigurationChange{}}
		list := pipeline.List{Name: "configuration changes", Cursor: in.Cursor, Limit: in.Limit}
		found, next, err := pipeline.Page(t, list, func(one consortium.Recorded) pipeline.Position { return pipeline.Identified(one.ID) },
			func(after pipeline.Position, limit int) ([]consortium.Recorded, error) {
				return consortium.Log(ctx, t.Tx, broker.NoID, after.ID(), limit)
			})
		page.NextCursor = next
		for _, one := range found {
			page.Changes = append(page.Changes, changeView(one))
		}
		return page, err
	})
	return gen.ListConfigurationChanges200JSONResponse(page), err
}

func changeView(one consortium.Recorded) gen.ConfigurationChange {
	view := gen.ConfigurationChange{
		ID: one.ID, ChangeID: one.Change, LibraryID: one.Library, At: views.UTC(one.At), Actor: views.Actor(one.By, false), Reason: one.Reason,
		Lines: []gen.ConfigurationLine{}, Before: one.Before, After: one.After,
	}
	for _, line := range one.Lines {
		view.Lines = append(view.Lines, lineView(line))
	}
	return view
}

func lineView(line consortium.Change) gen.ConfigurationLine {
	return gen.ConfigurationLine{Subject: line.Subject, What: line.What, Before: line.Before, After: line.After, Words: line.Words}
}
