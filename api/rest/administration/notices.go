package administration

import (
	"context"
	"encoding/json"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/notices"
	"afield/broker/patrons"
)

// ListNotices lists the calls that are due, the due notices of another channel,
// or all that match a status or a patron.
func (a Administration) ListNotices(ctx context.Context, request gen.ListNoticesRequestObject) (gen.ListNoticesResponseObject, error) {
	in := request.Params
	page, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.NoticePage, error) {
		page := gen.NoticePage{Notices: []gen.Notice{}}
		list := pipeline.List{
			Name:   "notices " + string(in.Channel) + " " + string(in.Status) + " " + in.Patron.String() + " " + t.Library().String(),
			Cursor: in.Cursor, Limit: in.Limit,
		}
		calls, next, err := pipeline.Page(t, list, func(call notices.Call) pipeline.Position { return pipeline.Identified(call.ID) },
			func(after pipeline.Position, limit int) ([]notices.Call, error) {
				return a.notices(ctx, t, in, broker.Page{After: after.ID(), Limit: limit})
			})
		if err != nil {
			return page, err
		}
		page.NextCursor = next
		ids := make([]broker.ID, len(calls))
		for i, call := range calls {
			ids[i] = call.Patron
		}
		people, err := patrons.Contacts(ctx, t.Tx, t.Library(), ids)
		for _, call := range calls {
			view := callView(call)
			view.Name = people[call.Patron].Name
			page.Notices = append(page.Notices, view)
		}
		return page, err
	})
	return gen.ListNotices200JSONResponse(page), err
}

// notices reads the list asked for; calls come with number and script.
func (a Administration) notices(ctx context.Context, t *pipeline.Turn, in gen.ListNoticesParams, page broker.Page) ([]notices.Call, error) {
	library, err := t.Home(ctx)
	if err != nil {
		return nil, err
	}
	channel := notices.Channel(in.Channel)
	var found []notices.Notice
	switch {
	case in.Status == gen.ListNoticesParamsStatusTroubled:
		if channel != "" || in.Patron != broker.NoID {
			return nil, broker.Invalid(broker.FieldError{Pointer: "query:status", Code: "alone", Message: "troubled goes with no other filter"})
		}
		found, err = notices.Troubled(ctx, t.Tx, library.ID, page)
	case in.Status != "" || in.Patron != broker.NoID:
		filter := notices.Filter{Channel: channel, Status: notices.Status(in.Status), Patron: in.Patron}
		found, err = notices.List(ctx, t.Tx, library.ID, filter, page)
	case channel != "" && channel != notices.Phone:
		found, err = notices.DueBy(ctx, t.Tx, library.ID, channel, page, t.Now())
	default:
		document, err := a.Policies.At(library, t.Now())
		if err != nil {
			return nil, err
		}
		return notices.CallList(ctx, t.Tx, library, document, page, t.Now())
	}
	calls := make([]notices.Call, len(found))
	for i := range found {
		calls[i].Notice = found[i]
	}
	return calls, err
}

func callView(call notices.Call) gen.Notice {
	view := noticeView(call.Notice)
	view.Phone, view.Script, view.NotBefore = call.Number, call.Script, views.UTC(call.NotBefore)
	if call.DaysLeft != nil {
		view.DaysLeft = *call.DaysLeft
	}
	return view
}

func noticeView(notice notices.Notice) gen.Notice {
	facts, _ := json.Marshal(notice.Facts) // a struct of texts, dates and amounts
	view := gen.Notice{
		ID: notice.ID, PatronID: notice.Patron, RequestID: notice.Request, LoanID: notice.Loan,
		Kind: string(notice.Kind), Stage: notice.Stage, Channel: gen.NoticeChannel(notice.Channel), DueAt: views.UTC(notice.DueAt),
		Status: gen.NoticeStatus(notice.Status), Outcome: string(notice.Outcome), Tries: notice.Tries, Facts: views.Object(facts),
		LastError: notice.LastError, DoneAt: views.UTC(notice.DoneAt), PrintedAt: views.UTC(notice.PrintedAt),
	}
	for _, channel := range notice.NextChannels {
		view.NextChannels = append(view.NextChannels, string(channel))
	}
	return view
}

// noticeByID reads one notice of the caller's library for an answer.
func noticeByID(ctx context.Context, t *pipeline.Turn, id broker.ID) (gen.Notice, error) {
	notice, err := notices.ByID(ctx, t.Tx, t.Library(), id)
	return noticeView(notice), err
}

// RecordNoticeOutcome records the outcome of a call.
func (a Administration) RecordNoticeOutcome(ctx context.Context, request gen.RecordNoticeOutcomeRequestObject) (gen.RecordNoticeOutcomeResponseObject, error) {
	view, err := pipeline.Change(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		library, document, err := t.Rules(ctx)
		if err != nil {
			return broker.NoID, err
		}
		_, err = notices.Record(ctx, t.Tx, library, document, request.ID, notices.Outcome(request.Body.Outcome), t.Caller.Actor(), t.Now())
		return request.ID, err
	}, noticeByID)
	return gen.RecordNoticeOutcome200JSONResponse(view), err
}

// PassOnNotice moves a notice to its next channel.
func (a Administration) PassOnNotice(ctx context.Context, request gen.PassOnNoticeRequestObject) (gen.PassOnNoticeResponseObject, error) {
	view, err := pipeline.Change(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		_, err := notices.PassOn(ctx, t.Tx, t.Library(), request.ID, request.Body.Why, t.Now())
		return request.ID, err
	}, noticeByID)
	return gen.PassOnNotice200JSONResponse(view), err
}
