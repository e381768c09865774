package administration

import (
	"cmp"
	"context"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/broker"
	"afield/broker/directory"
	"afield/workflow/background"
)

// mostJobs bounds the list.
const mostJobs = 200

// whose is whose jobs the caller sees: the library's, or all at the consortium's
// office.
func whose(t *pipeline.Turn) broker.ID {
	if t.AtOffice() {
		return broker.NoID
	}
	return t.Library()
}

// ListJobs lists what is done in the background.
func (a Administration) ListJobs(ctx context.Context, request gen.ListJobsRequestObject) (gen.ListJobsResponseObject, error) {
	view, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.JobList, error) {
		view := gen.JobList{Jobs: []gen.Job{}}
		counts, err := a.Background.Count(ctx, t.Tx, whose(t))
		if err != nil {
			return view, err
		}
		view.Counts = gen.JobCounts{
			Look: counts[background.Look], Again: counts[background.Again], Running: counts[background.Running],
			Waiting: counts[background.Waiting], Done: counts[background.Done],
		}
		pile := cmp.Or(background.Pile(request.Params.Pile), background.Look)
		jobs, err := a.Background.List(ctx, t.Tx, whose(t), pile, mostJobs)
		if err != nil {
			return view, err
		}
		names := map[broker.ID]string{}
		for _, job := range jobs {
			if _, known := names[job.Library]; job.Library != broker.NoID && !known {
				if names[job.Library], err = libraryName(ctx, t, job.Library); err != nil {
					return view, err
				}
			}
			shown := jobView(job)
			shown.Library = names[job.Library]
			view.Jobs = append(view.Jobs, shown)
		}
		return view, nil
	})
	return gen.ListJobs200JSONResponse(view), err
}

// libraryName names a library; "" for one that is no longer there.
func libraryName(ctx context.Context, t *pipeline.Turn, library broker.ID) (string, error) {
	found, err := directory.Load(ctx, t.Tx, library)
	if broker.IsKind(err, broker.KindNotFound) {
		return "", nil
	}
	return found.Name, err
}

func jobView(job background.Job) gen.Job {
	return gen.Job{
		Number: job.ID, Kind: job.Kind, Pile: string(job.Pile), LibraryID: job.Library, MessageID: job.Message, RequestID: job.Request, LoadID: job.Load,
		Channel: job.Channel, Tries: job.Tries, MostTries: job.MostTries, Error: job.Error,
		CreatedAt: job.CreatedAt, NextAt: job.NextAt, TriedAt: job.TriedAt, Retry: job.Pile.MayRetry(),
	}
}

// RetryJob has a job done now.
func (a Administration) RetryJob(ctx context.Context, request gen.RetryJobRequestObject) (gen.RetryJobResponseObject, error) {
	view, err := pipeline.Once(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.Job, error) {
		job, err := a.Background.Retry(ctx, t.Tx, whose(t), request.Number)
		return jobView(job), err
	})
	return gen.RetryJob200JSONResponse(view), err
}

// PutJobAside takes a job that was given up off the list.
func (a Administration) PutJobAside(ctx context.Context, request gen.PutJobAsideRequestObject) (gen.PutJobAsideResponseObject, error) {
	view, err := pipeline.Once(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.Job, error) {
		job, err := a.Background.PutAside(ctx, t.Tx, whose(t), request.Number)
		return jobView(job), err
	})
	return gen.PutJobAside200JSONResponse(view), err
}
