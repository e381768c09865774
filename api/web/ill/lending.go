package ill

import (
	"net/http"
	"net/url"
	"slices"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

type lendingPage struct {
	Tabs    []tab
	Open    bool
	Q       string
	Lines   []line
	More    string
	Today   broker.Date
	Live    frame.Live
	Trouble *frame.Trouble
}

// lending lists what others ask of us, those first that wait for us.
func (d Desk) lending(v *frame.Visit) error {
	open := v.QueryParam("show") != "ended"
	page := lendingPage{Open: open, Q: v.QueryParam("q"), Today: v.Today, Live: v.Live("request"), Tabs: []tab{
		{Name: v.Say("Open"), To: "/lending", Here: open, Count: v.Counts().LendingOpen, Known: true},
		{Name: v.Say("Ended"), To: "/lending?show=ended", Here: !open},
	}}
	params := gen.ListLendingParams{Q: page.Q, Cursor: v.QueryParam("cursor"), Limit: 50, Open: &open}
	if open {
		params.Order = gen.Oldest
	}
	found, err := frame.Ask[gen.ListLending200JSONResponse](v, "listLending", d.ops.ListLending, gen.ListLendingRequestObject{Params: params})
	if page.Trouble = v.Trouble(err); err != nil && page.Trouble == nil {
		return err
	}
	var ours, theirs []line
	for _, request := range found.Requests {
		if request.Owner == gen.RequestSummaryOwnerStaff {
			ours = append(ours, lineOf(v, request))
		} else {
			theirs = append(theirs, lineOf(v, request))
		}
	}
	page.Lines = slices.Concat(ours, theirs)
	if found.NextCursor != "" {
		query := url.Values{"q": {page.Q}, "cursor": {found.NextCursor}}
		if !open {
			query.Set("show", "ended")
		}
		page.More = "/lending?" + query.Encode()
	}
	return v.Show("lending", frame.Head{Title: v.Say("Lending"), At: "lending"}, page)
}

func (d Desk) lendingRequest(v *frame.Visit) error {
	request, err := d.asked(v)
	if err != nil {
		return err
	}
	return d.showRequest(v, http.StatusOK, request, "", nil)
}

func (d Desk) actOnLending(v *frame.Visit) error {
	request, err := d.asked(v)
	if err != nil {
		return err
	}
	action := actionOf(request, v.Param("action"))
	form, err := v.ActionForm(action)
	if err == nil {
		var done gen.ActOnLending200JSONResponse
		done, err = frame.AskOnce[gen.ActOnLending200JSONResponse](v, "actOnLending", v.Key(), d.ops.ActOnLending, gen.ActOnLendingRequestObject{
			ID: request.ID, Action: action.Name, Params: gen.ActOnLendingParams{ExpectedVersion: v.Version()}, Body: &form,
		})
		if err == nil {
			return d.done(v, gen.Request(done), action)
		}
	}
	return d.notDone(v, request, action.Name, err)
}
