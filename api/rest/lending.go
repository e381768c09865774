package rest

import (
	"context"

	"afield/api/gen"
	"afield/workflow"
	"afield/workflow/requests"
)

// ListLending lists what other libraries ask of us.
func (s *Server) ListLending(ctx context.Context, request gen.ListLendingRequestObject) (gen.ListLendingResponseObject, error) {
	in := request.Params
	filter := requests.Filter{
		Sides: []workflow.Side{workflow.SideLending}, States: statesOf(in.State), Open: in.Open,
		OldestFirst: in.Order == gen.Oldest,
	}
	filter.Number, filter.Words = numberOrWords(in.Q)
	page, err := s.page(ctx, callOf(ctx).viewer(), filter, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return gen.ListLending200JSONResponse(page), nil
}

// GetLending shows one request on the lending side.
func (s *Server) GetLending(ctx context.Context, request gen.GetLendingRequestObject) (gen.GetLendingResponseObject, error) {
	view, err := s.look(ctx, request.ID, workflow.SideLending)
	if err != nil {
		return nil, err
	}
	return gen.GetLending200JSONResponse(view), nil
}

// ActOnLending answers, pulls, ships or takes back.
func (s *Server) ActOnLending(ctx context.Context, request gen.ActOnLendingRequestObject) (gen.ActOnLendingResponseObject, error) {
	view, err := s.act(ctx, request.ID, request.Action, request.Body, request.Params.ExpectedVersion, workflow.SideLending)
	if err != nil {
		return nil, err
	}
	return gen.ActOnLending200JSONResponse(view), nil
}
