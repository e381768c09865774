package account

import (
	"net/http"
	"slices"
	"time"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// step is one stage of the way, in words for patrons.
type step struct {
	Text      string
	At        time.Time
	Past, Now bool
}

type requestPage struct {
	gen.Request
	Heading  string
	Steps    []step
	Acts     []frame.Act
	Ask      *frame.Act
	No       *frame.Act
	Answer   broker.Date
	Usually  string
	Pickup   string
	Notes    []gen.Note
	Trouble  *frame.Trouble
	Today    broker.Date
	Currency string
}

func (a Account) find(v *frame.Visit) (gen.Request, error) {
	q, err := number(v)
	if err != nil {
		return gen.Request{}, err
	}
	page, err := frame.Ask[gen.ListRequests200JSONResponse](v, "listRequests", a.ops.ListRequests, gen.ListRequestsRequestObject{Params: gen.ListRequestsParams{Q: q, Limit: 1}})
	if err != nil {
		return gen.Request{}, err
	}
	if len(page.Requests) == 0 {
		return gen.Request{}, broker.NotFound("request")
	}
	request, err := frame.Ask[gen.GetRequest200JSONResponse](v, "getRequest", a.ops.GetRequest, gen.GetRequestRequestObject{ID: page.Requests[0].ID})
	return gen.Request(request), err
}

func (a Account) request(v *frame.Visit) error {
	request, err := a.find(v)
	if err != nil {
		return err
	}
	return a.showRequest(v, http.StatusOK, request, "", nil)
}

func (a Account) showRequest(v *frame.Visit, status int, request gen.Request, tried string, trouble *frame.Trouble) error {
	page := requestPage{
		Request: request, Heading: v.TitleOf(request.Citation), Steps: stepsOf(v, request), Today: v.Today, Currency: v.Place.Currency,
		Pickup: v.Place.Branch(request.PickupBranchID),
	}
	if !request.Deadline.DueAt.IsZero() && request.State == "awaiting_cost_approval" {
		page.Answer = broker.DateIn(request.Deadline.DueAt, v.Now.Location())
	}
	if wait := request.ExpectedWait; !wait.FromOn.IsZero() {
		page.Usually = v.Date(wait.FromOn, v.Today)
		if !wait.ToOn.IsZero() {
			page.Usually += " – " + v.Date(wait.ToOn, v.Today)
		}
	}
	for _, act := range v.Acts(request.AvailableActions, request.Version, v.Request().URL.Path, tried, trouble) {
		act.To = "/account/requests/" + v.Param("number") + "/" + act.Name
		switch act.Name {
		case "approve_cost":
			page.Ask = &act
		case "decline_cost":
			page.No = &act
		default:
			page.Acts = append(page.Acts, act)
		}
	}
	if trouble != nil && !slices.ContainsFunc(request.AvailableActions, func(one gen.AvailableAction) bool { return one.Name == tried && len(one.Form) > 0 }) {
		page.Trouble = trouble
	}
	notes, err := frame.Ask[gen.ListNotes200JSONResponse](v, "listNotes", a.ops.ListNotes, gen.ListNotesRequestObject{ID: request.ID})
	if err != nil {
		return err
	}
	page.Notes = notes.Notes
	return v.ShowAs(status, "account-request", frame.Head{Title: v.Say("Request {number}, {title}", "number", request.Number, "title", page.Heading)}, page)
}

// stepsOf tells the way in words for patrons: which libraries were asked, but never
// why one said no.
func stepsOf(v *frame.Visit, request gen.Request) []step {
	here := func(at time.Time) time.Time {
		if at.IsZero() {
			return at
		}
		return at.In(v.Now.Location())
	}
	steps := []step{{Text: v.Say("You asked"), At: here(request.SubmittedAt), Past: true}}
	for _, entry := range request.Rota.Tried {
		text := v.Say("{library} did not have it", "library", entry.Lender.Name)
		if entry.Status == "timed_out" {
			text = v.Say("{library} did not answer", "library", entry.Lender.Name)
		}
		steps = append(steps, step{Text: text, At: here(entry.AnsweredAt), Past: true})
	}
	stages := []struct {
		states []string
		text   string
	}{
		{[]string{"on_hold_shelf"}, v.Say("Ready to pick up")},
		{[]string{"checked_out"}, v.Say("You have it")},
	}
	steps = append(steps, step{Text: v.Say(request.PatronLabel), Now: true})
	ended := !request.ClosedAt.IsZero()
	past := slices.ContainsFunc([]string{"checked_out", "return_due", "return_shipped", "return_unconfirmed", "lost_pending"}, func(s string) bool { return s == request.State })
	for _, stage := range stages {
		if !ended && !past && !slices.Contains(stage.states, request.State) {
			steps = append(steps, step{Text: stage.text})
		}
	}
	return steps
}

func (a Account) act(v *frame.Visit) error {
	request, err := a.find(v)
	if err != nil {
		return err
	}
	action := gen.AvailableAction{Name: v.Param("action")}
	for _, one := range request.AvailableActions {
		if one.Name == action.Name {
			action = one
		}
	}
	form, err := v.ActionForm(action)
	if err == nil {
		var done gen.ActOnRequest200JSONResponse
		done, err = frame.AskOnce[gen.ActOnRequest200JSONResponse](v, "actOnRequest", v.Key(), a.ops.ActOnRequest, gen.ActOnRequestRequestObject{
			ID: request.ID, Action: action.Name, Params: gen.ActOnRequestParams{ExpectedVersion: v.Version()}, Body: &form,
		})
		if err == nil {
			toast := frame.Toast{Text: v.Say("Thank you. {title}: {state}.", "title", v.TitleOf(request.Citation), "state", v.Say(done.PatronLabel))}
			if action.Name != "undo" && slices.ContainsFunc(done.AvailableActions, func(one gen.AvailableAction) bool { return one.Name == "undo" }) {
				toast.Undo, toast.UndoLabel = "/account/requests/"+v.Param("number")+"/undo", v.Say("Take it back")
			}
			v.Tell(toast)
			return v.Go("/account/requests/" + v.Param("number"))
		}
	}
	trouble := v.Trouble(err)
	if trouble == nil {
		return err
	}
	if again, readErr := a.find(v); readErr == nil {
		request = again
	}
	return a.showRequest(v, trouble.Status, request, action.Name, trouble)
}
