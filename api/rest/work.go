package rest

import (
	"context"
	"net/http"
	"strings"

	"afield/api/gen"
	"afield/broker/postgres"
	"afield/workflow/requests"
)

// ListTasks lists what waits for a person's decision.
func (s *Server) ListTasks(ctx context.Context, request gen.ListTasksRequestObject) (gen.ListTasksResponseObject, error) {
	this, list := callOf(ctx), "tasks "+callOf(ctx).library().String()
	after, err := s.cursorID(list, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	size := pageSize(request.Params.Limit)
	tasks, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) ([]requests.Task, error) {
		return requests.Tasks(ctx, tx, this.library(), after, size+1)
	})
	if err != nil {
		return nil, err
	}
	page := gen.TaskPage{}
	if len(tasks) > size {
		tasks = tasks[:size]
		page.NextCursor = s.cursors.seal(list, tasks[size-1].ID.String())
	}
	page.Tasks = taskViews(tasks)
	return gen.ListTasks200JSONResponse(page), nil
}

// CloseTask closes a task by hand.
func (s *Server) CloseTask(ctx context.Context, request gen.CloseTaskRequestObject) (gen.CloseTaskResponseObject, error) {
	this := callOf(ctx)
	closing := requests.Closing{Library: this.library(), Task: request.ID, Actor: this.principal.Actor()}
	if request.Body != nil {
		closing.Note = strings.TrimSpace(request.Body.Note)
	}
	_, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		return made{request.ID}, requests.CloseTask(ctx, tx, s.Clock.Now(), closing)
	})
	if err != nil {
		return nil, err
	}
	task, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (requests.HandledTask, error) {
		return requests.TaskByID(ctx, tx, this.library(), request.ID)
	})
	if err != nil {
		return nil, err
	}
	view := taskViews([]requests.Task{task.Task})[0]
	view.ClosedAt, view.ClosedBy = utcOrZero(task.ClosedAt), actorView(orZero(task.ClosedBy), false)
	return gen.CloseTask200JSONResponse(view), nil
}
