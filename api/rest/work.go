package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/notices"
	"afield/broker/patrons"
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

// ListNotices lists the calls that are due, or another channel's notices.
func (s *Server) ListNotices(ctx context.Context, request gen.ListNoticesRequestObject) (gen.ListNoticesResponseObject, error) {
	channel := notices.Channel(request.Params.Channel)
	if channel == "" {
		channel = notices.Phone
	}
	this := callOf(ctx)
	list := "notices " + string(channel) + " " + this.library().String()
	after, err := s.cursorID(list, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	size := pageSize(request.Params.Limit)
	page := gen.NoticePage{Notices: []gen.Notice{}}
	_, err = read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		calls, err := s.due(ctx, tx, channel, notices.Page{After: after, Limit: size + 1})
		if err != nil {
			return made{}, err
		}
		if len(calls) > size {
			calls = calls[:size]
			page.NextCursor = s.cursors.seal(list, calls[size-1].ID.String())
		}
		for _, call := range calls {
			view := callView(call)
			if patron, err := patrons.ByID(ctx, tx, patrons.Ref{Library: this.library(), ID: call.Patron}); err == nil {
				view.Name = patron.Name
			} else if !broker.IsKind(err, broker.KindNotFound) {
				return made{}, err
			}
			page.Notices = append(page.Notices, view)
		}
		return made{}, nil
	})
	if err != nil {
		return nil, err
	}
	return gen.ListNotices200JSONResponse(page), nil
}

// due gives the due notices of a channel; calls with number and script.
func (s *Server) due(ctx context.Context, tx *postgres.Tx, channel notices.Channel, page notices.Page) ([]notices.Call, error) {
	library, err := directory.Load(ctx, tx, callOf(ctx).library())
	if err != nil {
		return nil, err
	}
	if channel == notices.Phone {
		document, err := s.Policies.At(library, s.Clock.Now())
		if err != nil {
			return nil, err
		}
		return notices.CallList(ctx, tx, library, document, page, s.Clock.Now())
	}
	due, err := notices.DueBy(ctx, tx, library.ID, channel, page, s.Clock.Now())
	calls := make([]notices.Call, len(due))
	for i := range due {
		calls[i].Notice = due[i]
	}
	return calls, err
}

func callView(call notices.Call) gen.Notice {
	view := noticeView(call.Notice)
	view.Phone, view.Script = call.Number, call.Script
	if call.DaysLeft != nil {
		view.DaysLeft = *call.DaysLeft
	}
	return view
}

func noticeView(notice notices.Notice) gen.Notice {
	facts, _ := json.Marshal(notice.Facts) // a struct of texts, dates and amounts
	return gen.Notice{
		ID: notice.ID, PatronID: notice.Patron, RequestID: notice.Request, LoanID: notice.Loan,
		Kind: string(notice.Kind), Channel: gen.NoticeChannel(notice.Channel), DueAt: utc(notice.DueAt),
		Status: gen.NoticeStatus(notice.Status), Outcome: string(notice.Outcome), Tries: notice.Tries, Facts: object(facts),
	}
}

// RecordNoticeOutcome records what came of a call.
func (s *Server) RecordNoticeOutcome(ctx context.Context, request gen.RecordNoticeOutcomeRequestObject) (gen.RecordNoticeOutcomeResponseObject, error) {
	this := callOf(ctx)
	_, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		library, err := directory.Load(ctx, tx, this.library())
		if err != nil {
			return made{}, err
		}
		document, err := s.Policies.At(library, s.Clock.Now())
		if err != nil {
			return made{}, err
		}
		_, err = notices.Record(ctx, tx, library, document, request.ID, notices.Outcome(request.Body.Outcome), this.principal.Actor(), s.Clock.Now())
		return made{request.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Notice, error) {
		notice, err := notices.ByID(ctx, tx, this.library(), request.ID)
		return noticeView(notice), err
	})
	if err != nil {
		return nil, err
	}
	return gen.RecordNoticeOutcome200JSONResponse(view), nil
}
