package requests

import (
	"context"
	"net/http"
	"strings"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/holds"
	"afield/broker/notices"
	"afield/workflow"
	"afield/workflow/requests"
	"afield/workflow/requests/tasks"
)

// ListTasks lists what waits for a person's decision.
func (r Requests) ListTasks(ctx context.Context, request gen.ListTasksRequestObject) (gen.ListTasksResponseObject, error) {
	page, err := pipeline.Read(ctx, r.Base, func(ctx context.Context, t *pipeline.Turn) (gen.TaskPage, error) {
		list := pipeline.List{Name: "tasks " + t.Library().String(), Cursor: request.Params.Cursor, Limit: request.Params.Limit}
		tasks, next, err := pipeline.Page(t, list, func(task tasks.Task) pipeline.Position { return pipeline.Identified(task.ID) },
			func(after pipeline.Position, limit int) ([]tasks.Task, error) {
				return tasks.List(ctx, t.Tx, t.Library(), after.ID(), limit)
			})
		return gen.TaskPage{Tasks: taskViews(tasks), NextCursor: next}, err
	})
	return gen.ListTasks200JSONResponse(page), err
}

// CountWork counts the library's piles of work.
func (r Requests) CountWork(ctx context.Context, _ gen.CountWorkRequestObject) (gen.CountWorkResponseObject, error) {
	view, err := pipeline.Read(ctx, r.Base, func(ctx context.Context, t *pipeline.Turn) (gen.WorkCounts, error) {
		library, err := t.Home(ctx)
		if err != nil {
			return gen.WorkCounts{}, err
		}
		var counts gen.WorkCounts
		holds.AskPulls(t.Tx, library.ID, library.Today(t.Now()), &counts.Pulls)
		notices.AskCalls(t.Tx, library.ID, t.Now(), &counts.Calls)
		work, err := r.Base.Requests.Work(ctx, t.Tx, t.Now(), library.ID)
		counts.NeedsUs, counts.LendingNeedsUs, counts.LendingOpen = work.NeedsUs, work.LendingNeedsUs, work.LendingOpen
		counts.Stuck, counts.Tasks = work.Stuck, work.Tasks
		counts.WithLenders, counts.Arriving = work.Queues[workflow.QueueWithLenders], work.Queues[workflow.QueueArriving]
		counts.OnShelf, counts.WithPatrons = work.Queues[workflow.QueueOnShelf], work.Queues[workflow.QueueWithPatrons]
		counts.DueBack = work.Queues[workflow.QueueDueBack]
		return counts, err
	})
	return gen.CountWork200JSONResponse(view), err
}

// ListStuckRequests lists the open requests that do not get on.
func (r Requests) ListStuckRequests(ctx context.Context, request gen.ListStuckRequestsRequestObject) (gen.ListStuckRequestsResponseObject, error) {
	page, err := pipeline.Read(ctx, r.Base, func(ctx context.Context, t *pipeline.Turn) (gen.StuckRequests, error) {
		stuck, count, err := r.Base.Requests.Stuck(ctx, t.Tx, t.Now(), t.Library(), pipeline.Size(request.Params.Limit))
		page := gen.StuckRequests{Count: count, Requests: make([]gen.StuckRequest, len(stuck))}
		for i, one := range stuck {
			page.Requests[i] = gen.StuckRequest{
				ID: one.ID, Number: one.Number, Side: gen.StuckRequestSide(one.Side), State: string(one.State), StateLabel: one.Label,
				Owner: gen.StuckRequestOwner(one.Owner), Citation: one.Citation, Why: gen.StuckRequestWhy(one.Why), Words: one.Why.Words(),
				Since: views.UTCOrZero(&one.Since),
			}
		}
		return page, err
	})
	return gen.ListStuckRequests200JSONResponse(page), err
}

// CloseTask closes a task by hand.
func (r Requests) CloseTask(ctx context.Context, request gen.CloseTaskRequestObject) (gen.CloseTaskResponseObject, error) {
	note := strings.TrimSpace(views.OrZero(request.Body).Note)
	view, err := pipeline.Change(ctx, r.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		closing := requests.Closing{Library: t.Library(), Task: request.ID, Actor: t.Caller.Actor(), Note: note}
		return request.ID, requests.CloseTask(ctx, t.Tx, t.Now(), closing)
	}, func(ctx context.Context, t *pipeline.Turn, id broker.ID) (gen.Task, error) {
		task, err := tasks.ByID(ctx, t.Tx, t.Library(), id)
		if err != nil {
			return gen.Task{}, err
		}
		view := taskViews([]tasks.Task{task.Task})[0]
		view.ClosedAt, view.ClosedBy = views.UTCOrZero(task.ClosedAt), views.Actor(views.OrZero(task.ClosedBy), false)
		return view, nil
	})
	return gen.CloseTask200JSONResponse(view), err
}
