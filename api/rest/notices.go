package rest

import (
	"context"
	"encoding/json"
	"net/http"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// ListNotices lists the calls that are due, another channel's due notices, or
// all that fit a status or a patron.
func (s *Server) ListNotices(ctx context.Context, request gen.ListNoticesRequestObject) (gen.ListNoticesResponseObject, error) {
	in, this := request.Params, callOf(ctx)
	list := "notices " + string(in.Channel) + " " + string(in.Status) + " " + in.Patron.String() + " " + this.library().String()
	after, err := s.cursorID(list, in.Cursor)
	if err != nil {
		return nil, err
	}
	size := pageSize(in.Limit)
	page := gen.NoticePage{Notices: []gen.Notice{}}
	_, err = read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		calls, err := s.notices(ctx, tx, in, broker.Page{After: after, Limit: size + 1})
		if err != nil {
			return made{}, err
		}
		if len(calls) > size {
			calls = calls[:size]
			page.NextCursor = s.cursors.seal(list, calls[size-1].ID.String())
		}
		ids := make([]broker.ID, len(calls))
		for i, call := range calls {
			ids[i] = call.Patron
		}
		people, err := patrons.Contacts(ctx, tx, this.library(), ids)
		if err != nil {
			return made{}, err
		}
		for _, call := range calls {
			view := callView(call)
			view.Name = people[call.Patron].Name
			page.Notices = append(page.Notices, view)
		}
		return made{}, nil
	})
	if err != nil {
		return nil, err
	}
	return gen.ListNotices200JSONResponse(page), nil
}

// notices reads the list asked for; calls come with number and script.
func (s *Server) notices(ctx context.Context, tx *postgres.Tx, in gen.ListNoticesParams, page broker.Page) ([]notices.Call, error) {
	library, err := directory.Load(ctx, tx, callOf(ctx).library())
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
		found, err = notices.Troubled(ctx, tx, library.ID, page)
	case in.Status != "" || in.Patron != broker.NoID:
		filter := notices.Filter{Channel: channel, Status: notices.Status(in.Status), Patron: in.Patron}
		found, err = notices.List(ctx, tx, library.ID, filter, page)
	case channel != "" && channel != notices.Phone:
		found, err = notices.DueBy(ctx, tx, library.ID, channel, page, s.Clock.Now())
	default:
		document, err := s.Policies.At(library, s.Clock.Now())
		if err != nil {
			return nil, err
		}
		return notices.CallList(ctx, tx, library, document, page, s.Clock.Now())
	}
	calls := make([]notices.Call, len(found))
	for i := range found {
		calls[i].Notice = found[i]
	}
	return calls, err
}

func callView(call notices.Call) gen.Notice {
	view := noticeView(call.Notice)
	view.Phone, view.Script, view.NotBefore = call.Number, call.Script, utc(call.NotBefore)
	if call.DaysLeft != nil {
		view.DaysLeft = *call.DaysLeft
	}
	return view
}

func noticeView(notice notices.Notice) gen.Notice {
	facts, _ := json.Marshal(notice.Facts) // a struct of texts, dates and amounts
	view := gen.Notice{
		ID: notice.ID, PatronID: notice.Patron, RequestID: notice.Request, LoanID: notice.Loan,
		Kind: string(notice.Kind), Stage: notice.Stage, Channel: gen.NoticeChannel(notice.Channel), DueAt: utc(notice.DueAt),
		Status: gen.NoticeStatus(notice.Status), Outcome: string(notice.Outcome), Tries: notice.Tries, Facts: object(facts),
		LastError: notice.LastError, DoneAt: utc(notice.DoneAt), PrintedAt: utc(notice.PrintedAt),
	}
	for _, channel := range notice.NextChannels {
		view.NextChannels = append(view.NextChannels, string(channel))
	}
	return view
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

// PassOnNotice puts a notice on its next channel.
func (s *Server) PassOnNotice(ctx context.Context, request gen.PassOnNoticeRequestObject) (gen.PassOnNoticeResponseObject, error) {
	library := callOf(ctx).library()
	_, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		_, err := notices.PassOn(ctx, tx, library, request.ID, request.Body.Why, s.Clock.Now())
		return made{request.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Notice, error) {
		notice, err := notices.ByID(ctx, tx, library, request.ID)
		return noticeView(notice), err
	})
	if err != nil {
		return nil, err
	}
	return gen.PassOnNotice200JSONResponse(view), nil
}
