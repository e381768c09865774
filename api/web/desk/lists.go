package desk

import (
	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

type pullsPage struct {
	Pulls   []pullLine
	Lending []pullLine
	More    string
	Today   broker.Date
	Live    frame.Live
	Trouble *frame.Trouble
}

type pullLine struct {
	gen.Pull
	To    string
	Since broker.Date
	// Act is the form by which a copy that is not there is told.
	Act string
}

// pulls lists the copies to fetch: for holds, and for what we promised to lend.
func (d Desk) pulls(v *frame.Visit) error { return d.showPulls(v, nil) }

func (d Desk) showPulls(v *frame.Visit, trouble *frame.Trouble) error {
	page := pullsPage{Today: v.Today, Live: v.Live("hold", "request"), Trouble: trouble}
	pulls, err := frame.Ask[gen.ListPulls200JSONResponse](v, "listPulls", d.ops.ListPulls,
		gen.ListPullsRequestObject{Params: gen.ListPullsParams{Cursor: v.QueryParam("cursor"), Limit: 100}})
	if err != nil {
		return err
	}
	for _, pull := range pulls.Pulls {
		page.Pulls = append(page.Pulls, pullLine{
			Pull: pull, To: pull.ForLibrary.Name + ", " + pull.PickupBranch.Name, Since: broker.DateIn(pull.WaitingSince, v.Now.Location()),
			Act: "/pulls/" + pull.ID.String() + "/not-found",
		})
	}
	if pulls.NextCursor != "" {
		page.More = "/pulls?cursor=" + pulls.NextCursor
	}
	lending, err := frame.Ask[gen.ListLending200JSONResponse](v, "listLending", d.ops.ListLending,
		gen.ListLendingRequestObject{Params: gen.ListLendingParams{State: []string{"to_pull", "second_search", "to_ship"}, Order: gen.Oldest, Limit: 100}})
	if err != nil {
		return err
	}
	for _, one := range lending.Requests {
		page.Lending = append(page.Lending, pullLine{
			Pull: gen.Pull{Title: v.TitleOf(one.Citation), Author: v.AboutTitle(one.Citation), RequestNumber: one.Number, ForLibrary: one.Borrower},
			To:   one.StateLabel, Since: broker.DateIn(one.SubmittedAt, v.Now.Location()),
		})
	}
	return v.ShowWith(trouble, "pulls", frame.Head{Title: v.Say("Pull list"), At: "pulls"}, page)
}

func (d Desk) notFound(v *frame.Visit) error {
	id, err := broker.ParseID("hold", v.Param("hold"))
	if err != nil {
		return broker.NotFound("hold")
	}
	item, _ := broker.ParseID("item", v.Field("item"))
	hold, err := frame.AskOnce[gen.HoldNotFound200JSONResponse](v, "holdNotFound", v.Key(), d.ops.HoldNotFound,
		gen.HoldNotFoundRequestObject{ID: id, Body: &gen.NotFoundCopy{ItemID: item}})
	if err == nil {
		return v.Done("/pulls", v.Say("{title}: noted as not on the shelf. {what}", "title", hold.Title, "what", hold.Said))
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return d.showPulls(v, trouble) })
}

type callsPage struct {
	Calls   []callLine
	Today   broker.Date
	Live    frame.Live
	Trouble *frame.Trouble
}

type callLine struct {
	gen.Notice
	What string
	Days string
}

// calls lists the telephone calls that are due.
func (d Desk) calls(v *frame.Visit) error { return d.showCalls(v, nil) }

func (d Desk) showCalls(v *frame.Visit, trouble *frame.Trouble) error {
	page := callsPage{Today: v.Today, Live: v.Live("hold", "request", "task"), Trouble: trouble}
	due, err := frame.Ask[gen.ListNotices200JSONResponse](v, "listNotices", d.ops.ListNotices,
		gen.ListNoticesRequestObject{Params: gen.ListNoticesParams{Channel: "phone", Status: "due", Limit: 100}})
	if err != nil {
		return err
	}
	for _, notice := range due.Notices {
		shown := callLine{Notice: notice, What: kindOf(v, notice.Kind)}
		if notice.DaysLeft > 0 {
			shown.Days = v.Count(notice.DaysLeft, "one day left", "{n} days left")
		}
		page.Calls = append(page.Calls, shown)
	}
	return v.ShowWith(trouble, "calls", frame.Head{Title: v.Say("Call list"), At: "calls"}, page)
}

func kindOf(v *frame.Visit, kind string) string {
	switch kind {
	case "arrived":
		return v.Say("Something is ready")
	case "shelf_expiring":
		return v.Say("Something waits not much longer")
	case "expired":
		return v.Say("Something is no longer kept")
	case "cost_approval":
		return v.Say("A cost to decide")
	case "unfilled":
		return v.Say("A request could not be filled")
	case "cancelled":
		return v.Say("A request was cancelled")
	case "due_soon":
		return v.Say("Something is due soon")
	case "overdue":
		return v.Say("Something is overdue")
	case "lost":
		return v.Say("Something counts as lost")
	case "recalled":
		return v.Say("Something is wanted back")
	case "due_changed":
		return v.Say("A due date has changed")
	}
	return v.Say("News of a request")
}

func (d Desk) called(v *frame.Visit) error {
	id, err := broker.ParseID("call", v.Param("call"))
	if err != nil {
		return broker.NotFound("call")
	}
	_, err = frame.AskOnce[gen.RecordNoticeOutcome200JSONResponse](v, "recordNoticeOutcome", v.Key(), d.ops.RecordNoticeOutcome,
		gen.RecordNoticeOutcomeRequestObject{ID: id, Body: &gen.NoticeOutcome{Outcome: gen.NoticeOutcomeOutcome(v.Field("outcome"))}})
	if err == nil {
		return v.Done("/calls", v.Say("Noted. The next call is on top."))
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return d.showCalls(v, trouble) })
}
