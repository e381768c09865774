package requests

import (
	"context"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/workflow"
	"afield/workflow/requests"
)

// ListLending lists what other libraries ask us to lend.
func (r Requests) ListLending(ctx context.Context, request gen.ListLendingRequestObject) (gen.ListLendingResponseObject, error) {
	in := request.Params
	filter := requests.Filter{
		Sides: []workflow.Side{workflow.SideLending}, States: statesOf(in.State), Open: in.Open,
		OldestFirst: in.Order == gen.Oldest,
	}
	filter.Number, filter.Words = numberOrWords(in.Q)
	page, err := pipeline.Read(ctx, r.Base, func(ctx context.Context, t *pipeline.Turn) (gen.RequestPage, error) {
		return r.page(ctx, t, t.Viewer(), filter, pipeline.List{Cursor: in.Cursor, Limit: in.Limit})
	})
	return gen.ListLending200JSONResponse(page), err
}

// GetLending shows one request on the lending side.
func (r Requests) GetLending(ctx context.Context, request gen.GetLendingRequestObject) (gen.GetLendingResponseObject, error) {
	view, err := pipeline.Show(ctx, r.Base, request.ID, r.look(workflow.SideLending))
	return gen.GetLending200JSONResponse(view), err
}

// ActOnLending answers, pulls, ships or takes back.
func (r Requests) ActOnLending(ctx context.Context, request gen.ActOnLendingRequestObject) (gen.ActOnLendingResponseObject, error) {
	view, err := r.act(ctx, request.Body, requests.Act{
		Request: request.ID, Side: workflow.SideLending, Action: workflow.Event(request.Action), ExpectVersion: request.Params.ExpectedVersion,
	})
	return gen.ActOnLending200JSONResponse(view), err
}
