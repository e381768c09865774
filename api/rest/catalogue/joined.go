package catalogue

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/broker/catalog"
)

// mostJoins is how many are listed.
const mostJoins = 1000

// ListJoinedTitles lists records that were taken for a title that was there.
func (c Catalogue) ListJoinedTitles(ctx context.Context, _ gen.ListJoinedTitlesRequestObject) (gen.ListJoinedTitlesResponseObject, error) {
	view, err := pipeline.Read(ctx, c.Base, func(ctx context.Context, t *pipeline.Turn) (gen.JoinList, error) {
		view := gen.JoinList{Joined: []gen.Join{}}
		joins, err := catalog.Joins(ctx, t.Tx, t.Library(), mostJoins)
		for _, join := range joins {
			view.Joined = append(view.Joined, gen.Join{ID: join.ID, TitleID: join.Title, Key: join.Key, Said: join.Said.Title, Now: join.Now})
		}
		return view, err
	})
	return gen.ListJoinedTitles200JSONResponse(view), err
}

// SplitTitle makes such a record a title of its own again.
func (c Catalogue) SplitTitle(ctx context.Context, request gen.SplitTitleRequestObject) (gen.SplitTitleResponseObject, error) {
	view, err := pipeline.Once(ctx, c.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.TitleSplit, error) {
		library, _, err := t.SharedCatalogue(ctx)
		if err != nil {
			return gen.TitleSplit{}, err
		}
		made, err := catalog.Split(ctx, t.Tx, library.ID, request.ID, request.Body.Reason, t.Now())
		return gen.TitleSplit{TitleID: made}, err
	})
	return gen.SplitTitle200JSONResponse(view), err
}
