package administration

import (
	"context"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/workflow/nightly"
)

// ListNights shows what the latest nights did, and what they could not.
func (a Administration) ListNights(ctx context.Context, request gen.ListNightsRequestObject) (gen.ListNightsResponseObject, error) {
	view, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.NightList, error) {
		view := gen.NightList{Nights: []gen.Night{}, PutAside: []gen.PutAside{}}
		past, err := nightly.Past(ctx, t.Tx, t.Library(), pipeline.Size(request.Params.Limit))
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
		failures, err := nightly.Failures(ctx, t.Tx, t.Library())
		for _, failure := range failures {
			view.PutAside = append(view.PutAside, gen.PutAside{
				Step: failure.Step, ThingID: failure.Thing, Error: failure.Error, Tries: failure.Tries,
				FirstAt: views.UTC(failure.FirstAt), LastAt: views.UTC(failure.LastAt),
			})
		}
		return view, err
	})
	return gen.ListNights200JSONResponse(view), err
}
