package rest

import (
	"context"

	"afield/api/gen"
	"afield/broker/postgres"
	"afield/workflow/nightly"
)

// ListNights shows what the latest nights did, and what they could not.
func (s *Server) ListNights(ctx context.Context, request gen.ListNightsRequestObject) (gen.ListNightsResponseObject, error) {
	view, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.NightList, error) {
		view := gen.NightList{Nights: []gen.Night{}, PutAside: []gen.PutAside{}}
		past, err := nightly.Past(ctx, tx, callOf(ctx).library(), pageSize(request.Params.Limit))
		if err != nil {
			return view, err
		}
		for _, report := range past {
			night := gen.Night{Night: report.Night, Finished: report.Finished, Steps: []gen.NightStep{}}
			for _, step := range report.Steps {
				night.Steps = append(night.Steps, gen.NightStep{
					Step: step.Step, Touched: step.Touched, Slices: step.Slices, PutAside: step.Failed, Finished: step.Finished,
				})
			}
			view.Nights = append(view.Nights, night)
		}
		failures, err := nightly.Failures(ctx, tx, callOf(ctx).library())
		for _, failure := range failures {
			view.PutAside = append(view.PutAside, gen.PutAside{
				Step: failure.Step, ThingID: failure.Thing, Error: failure.Error, Tries: failure.Tries,
				FirstAt: utc(failure.FirstAt), LastAt: utc(failure.LastAt),
			})
		}
		return view, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListNights200JSONResponse(view), nil
}
