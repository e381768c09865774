package ill

import (
	"net/http"
	"slices"
	"time"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// step is one stage of a request's way.
type step struct {
	Name string
	// When it was reached; Past and Now tell where the request stands.
	At        time.Time
	Past, Now bool
}

// rotaLine is a lender of the request.
type rotaLine struct {
	Position int
	Name     string
	Tier     string
	Reach    int
	State    frame.State
	At       time.Time
	Now      bool
	Why      []string
	// More are the further reasons, folded away: how it was ranked.
	More []string
	Cost broker.Money
}

// event is one line of what happened.
type event struct {
	At    time.Time
	Text  string
	By    string
	Now   bool
	Moved bool
}

type note struct {
	At       time.Time
	Audience string
	Text     string
}

// volume is one volume of the request.
type volume struct {
	Label, Barcode, Where, Condition string
}

type requestPage struct {
	Lending  bool
	Number   int64
	To       string
	Title    string
	Citation broker.Citation
	// About is what is known of the title beside its name.
	About string
	Steps []step
	State frame.State
	Due   frame.Due
	// Then says what happens by itself when the deadline passes.
	Then   string
	ThenAt time.Time
	Task   []gen.Task
	Acts   []frame.Act
	Others []frame.Act
	// Theirs are what the other library may say, for staff to write down.
	Theirs     []frame.Act
	TheirsOpen bool
	Rota       []rotaLine
	Next       []rotaLine
	Over       []rotaLine
	Events     []event
	Notes      []note
	NoteText   string
	Messages   []gen.Message
	Tab        string
	Volumes    []volume
	Late       []gen.LateParcel

	Patron   *gen.Patron
	Borrower gen.LibraryRef
	Service  string
	Request  gen.Request
	Pickup   string
	Trouble  *frame.Trouble
	Today    broker.Date
	Currency string
	Zone     *time.Location
	Live     frame.Live
}

func (d Desk) request(v *frame.Visit) error {
	request, err := d.numbered(v)
	if err != nil {
		return err
	}
	return d.showRequest(v, http.StatusOK, request, "", nil)
}

// showRequest shows a request of either side. tried is an act that came back with a
// trouble.
func (d Desk) showRequest(v *frame.Visit, status int, request gen.Request, tried string, trouble *frame.Trouble) error {
	lending := request.Side == gen.RequestSideLending
	page := requestPage{
		Lending: lending, Number: request.Number, To: address(string(request.Side), request.Number), Title: v.TitleOf(request.Citation),
		Citation: request.Citation, About: v.AboutTitle(request.Citation), State: frame.StateOf(string(request.Owner), request.State, request.StateLabel),
		Due: v.Due(request.Deadline.DueAt, ""), Then: request.Deadline.ThenLabel, Task: request.Tasks, Tab: v.QueryParam("tab"),
		Borrower: request.Borrower, Request: request, Today: v.Today, Currency: v.Place.Currency, Zone: v.Now.Location(),
		Late: request.LateParcels, Pickup: v.Place.Branch(request.PickupBranchID), NoteText: v.FormValue("text"),
		Live: v.Live("request:" + request.ID.String()),
	}
	if !request.Deadline.DueAt.IsZero() {
		page.ThenAt = request.Deadline.DueAt.In(page.Zone)
	}
	// What was tried may have no form to say it beside, or is not offered any more.
	page.Trouble = trouble
	for _, act := range v.Acts(request.AvailableActions, request.Version, page.To, tried, trouble) {
		if act.Trouble != nil && act.Folds() && !trouble.Changed {
			page.Trouble = nil
		}
		if act.Name == "undo" || act.Name == "note" || act.Name == "amend" {
			page.Others = append(page.Others, act)
			continue
		}
		if act.Theirs {
			page.Theirs, page.TheirsOpen = append(page.Theirs, act), page.TheirsOpen || act.Open
			continue
		}
		page.Acts = append(page.Acts, act)
	}
	page.Rota, page.Next, page.Over = rotaOf(v, request.Rota)
	for _, item := range request.Items {
		page.Volumes = append(page.Volumes, volume{Label: item.Volume, Barcode: item.Barcode, Where: custodyOf(v, string(item.Custody)), Condition: item.Condition})
	}
	if err := d.around(v, request, &page); err != nil {
		return err
	}
	page.Steps = stepsOf(v, request, page.Events)
	place := "requests"
	if lending {
		place = "lending"
	}
	title := v.Say("Request {number}, {title}", "number", request.Number, "title", page.Title)
	return v.ShowAs(status, "request", frame.Head{Title: title, At: place}, page)
}

// around reads what stands beside a request: what happened, its notes, messages,
// and the patron.
func (d Desk) around(v *frame.Visit, request gen.Request, page *requestPage) error {
	timeline, err := frame.Ask[gen.GetTimeline200JSONResponse](v, "getTimeline", d.ops.GetTimeline,
		gen.GetTimelineRequestObject{ID: request.ID, Params: gen.GetTimelineParams{Limit: 100}})
	if err != nil {
		return err
	}
	for _, one := range timeline.Events {
		page.Events = append(page.Events, event{
			At: one.At.In(page.Zone), Text: one.Label, By: actorOf(v, string(one.Actor.Kind)), Moved: one.FromState != one.ToState,
		})
	}
	slices.Reverse(page.Events)
	if len(page.Events) > 0 {
		page.Events[0].Now = true
	}
	notes, err := frame.Ask[gen.ListNotes200JSONResponse](v, "listNotes", d.ops.ListNotes, gen.ListNotesRequestObject{ID: request.ID})
	if err != nil {
		return err
	}
	for _, one := range notes.Notes {
		page.Notes = append(page.Notes, note{At: one.At.In(page.Zone), Audience: audienceOf(v, string(one.Audience)), Text: one.Text})
	}
	if page.Tab == "messages" {
		messages, err := frame.Ask[gen.ListMessages200JSONResponse](v, "listMessages", d.ops.ListMessages,
			gen.ListMessagesRequestObject{ID: request.ID, Params: gen.ListMessagesParams{Limit: 100}})
		if err != nil {
			return err
		}
		page.Messages = messages.Messages
	}
	if page.Lending || request.PatronID == broker.NoID {
		return nil
	}
	patron, err := frame.Ask[gen.GetPatron200JSONResponse](v, "getPatron", d.ops.GetPatron, gen.GetPatronRequestObject{ID: request.PatronID})
	if broker.IsKind(err, broker.KindNotFound) {
		return nil // the record was anonymised
	}
	if err != nil {
		return err
	}
	known := gen.Patron(patron)
	page.Patron = &known
	return nil
}

func actorOf(v *frame.Visit, kind string) string {
	switch kind {
	case "staff":
		return v.Say("staff")
	case "patron":
		return v.Say("the patron")
	case "partner":
		return v.Say("the other library")
	}
	return "Afield"
}

func audienceOf(v *frame.Visit, audience string) string {
	switch audience {
	case "patron":
		return v.Say("the patron")
	case "lender":
		return v.Say("the other library")
	}
	return v.Say("staff")
}

func custodyOf(v *frame.Visit, custody string) string {
	switch custody {
	case "lender":
		return v.Say("at the lender")
	case "coming":
		return v.Say("on its way here")
	case "library":
		return v.Say("at the borrowing library")
	case "patron":
		return v.Say("with the patron")
	case "returning":
		return v.Say("on its way home")
	}
	return v.Say("nobody knows where")
}

func rotaOf(v *frame.Visit, rota gen.Rota) (tried, next, over []rotaLine) {
	for _, entry := range rota.Tried {
		tried = append(tried, rotaLineOf(v, entry))
	}
	if rota.Now.ID != broker.NoID {
		now := rotaLineOf(v, rota.Now)
		now.Now = true
		tried = append(tried, now)
	}
	for _, entry := range rota.Next {
		next = append(next, rotaLineOf(v, entry))
	}
	for _, entry := range rota.PassedOver {
		over = append(over, rotaLineOf(v, entry))
	}
	return tried, next, over
}

func rotaLineOf(v *frame.Visit, entry gen.RotaEntry) rotaLine {
	shown := rotaLine{Position: entry.Position, Name: entry.Lender.Name, Tier: entry.TierName, Reach: min(entry.Tier+1, 4), Cost: entry.Cost}
	shape, text := "stop", ""
	switch entry.Status {
	case "next":
		shape, text = "system", v.Say("Next")
	case "awaiting_approval":
		shape, text = "patron", v.Say("Waits for approval")
	case "asked":
		shape, text = "lender", v.Say("Asked")
	case "conditional":
		shape, text = "us", v.Say("Named conditions")
	case "promised":
		shape, text = "lender", v.Say("Promised it")
	case "supplied":
		shape, text = "done", v.Say("Supplied it")
	case "returned":
		shape, text = "done", v.Say("Has it back")
	case "refused":
		text = v.Say("Said no")
	case "timed_out":
		text = v.Say("Did not answer")
	case "declined":
		text = v.Say("Declined by us")
	case "retry_later":
		text = v.Say("Asked to try later")
	case "undelivered":
		text = v.Say("Could not be reached")
	case "cancelled":
		text = v.Say("Told to stop")
	case "passed_over":
		text = v.Say("Passed over")
	}
	shown.State = frame.Shaped(shape, text)
	for _, at := range []time.Time{entry.AnsweredAt, entry.AskedAt} {
		if !at.IsZero() {
			shown.At = at.In(v.Now.Location())
			break
		}
	}
	for _, reason := range entry.Why {
		shown.Why = append(shown.Why, reason.Message)
	}
	if entry.Answer != "" {
		shown.Why = append([]string{v.Say("Answered: {answer}", "answer", entry.Answer)}, shown.Why...)
	}
	if entry.Conditions != "" {
		shown.Why = append([]string{v.Say("Conditions: {conditions}", "conditions", entry.Conditions)}, shown.Why...)
	}
	if len(shown.Why) > 3 {
		shown.Why, shown.More = shown.Why[:3], shown.Why[3:]
	}
	return shown
}

// stages are the steps of a loan, with the states of each side that stand at them.
var borrowingStages = [][]string{
	{"submitted", "needs_review", "routing"},
	{"awaiting_cost_approval", "requested", "conditional", "waiting_retry", "will_supply", "cancel_pending"},
	{"shipped", "received"},
	{"on_hold_shelf"},
	{"checked_out"},
	{"return_due", "return_shipped", "return_unconfirmed", "lost_pending"},
	{"completed", "unfilled", "cancelled", "expired"},
}

var lendingStages = [][]string{
	{"requested", "conditional"},
	{"to_pull", "second_search", "to_ship"},
	{"shipped"},
	{"with_borrowing_library"},
	{"return_shipped", "lost_pending"},
	{"completed", "unfilled", "cancelled"},
}

// stepsOf says how far a request is. Each step is dated by the event that reached
// it.
func stepsOf(v *frame.Visit, request gen.Request, events []event) []step {
	stages, names := borrowingStages, []string{
		v.Say("Asked for"), v.Say("With lenders"), v.Say("On its way"), v.Say("On the hold shelf"), v.Say("With the patron"), v.Say("On its way home"), v.Say("Ended"),
	}
	if request.Side == gen.RequestSideLending {
		stages, names = lendingStages, []string{
			v.Say("To answer"), v.Say("To pull and ship"), v.Say("On its way there"), v.Say("With the borrower"), v.Say("On its way home"), v.Say("Ended"),
		}
	}
	here := slices.IndexFunc(stages, func(states []string) bool { return slices.Contains(states, request.State) })
	steps := make([]step, len(stages))
	for i := range stages {
		steps[i] = step{Name: names[i], Past: i < here, Now: i == here}
	}
	if len(steps) > 0 {
		steps[0].At = request.SubmittedAt.In(v.Now.Location())
	}
	if here > 0 && len(events) > 0 {
		for _, one := range events {
			if one.Moved {
				steps[here].At = one.At
				break
			}
		}
	}
	return steps
}

func (d Desk) act(v *frame.Visit) error {
	request, err := d.numbered(v)
	if err != nil {
		return err
	}
	action := actionOf(request, v.Param("action"))
	form, err := v.ActionForm(action)
	if err == nil {
		var done gen.ActOnRequest200JSONResponse
		done, err = frame.AskOnce[gen.ActOnRequest200JSONResponse](v, "actOnRequest", v.Key(), d.ops.ActOnRequest, gen.ActOnRequestRequestObject{
			ID: request.ID, Action: action.Name, Params: gen.ActOnRequestParams{ExpectedVersion: v.Version()}, Body: &form,
		})
		if err == nil {
			return d.done(v, gen.Request(done), action)
		}
	}
	return d.notDone(v, request, action.Name, err)
}

// notDone shows the request again, with what stands in the way beside the form.
func (d Desk) notDone(v *frame.Visit, request gen.Request, action string, err error) error {
	trouble := v.Trouble(err)
	if trouble == nil {
		return err
	}
	if again, readErr := d.again(v, request); readErr == nil {
		request = again
	}
	return d.showRequest(v, trouble.Status, request, action, trouble)
}

func (d Desk) again(v *frame.Visit, request gen.Request) (gen.Request, error) {
	if request.Side == gen.RequestSideLending {
		return d.asked(v)
	}
	return d.numbered(v)
}

// actionOf is the available action of a name. One that is not offered any more is
// still sent, so that the answer says why.
func actionOf(request gen.Request, name string) gen.AvailableAction {
	for _, action := range request.AvailableActions {
		if action.Name == name {
			return action
		}
	}
	return gen.AvailableAction{Name: name}
}

// done tells what was done, and how to take it back, and goes back to where it was
// done from.
func (d Desk) done(v *frame.Visit, request gen.Request, action gen.AvailableAction) error {
	to := address(string(request.Side), request.Number)
	toast := frame.Toast{Text: v.Say("{act}: {title}. Now: {state}.", "act", v.Say(action.Label), "title", v.TitleOf(request.Citation), "state", v.Say(request.StateLabel))}
	if action.Name != "undo" && slices.ContainsFunc(request.AvailableActions, func(a gen.AvailableAction) bool { return a.Name == "undo" }) {
		toast.Undo, toast.UndoLabel = to+"/undo", v.Say("Undo")
	}
	v.Tell(toast)
	return v.Go(v.Back(v.Field("back"), to))
}

func (d Desk) note(v *frame.Visit) error {
	request, err := d.numbered(v)
	if err != nil {
		return err
	}
	_, err = frame.AskOnce[gen.AddNote201JSONResponse](v, "addNote", v.Key(), d.ops.AddNote, gen.AddNoteRequestObject{
		ID: request.ID, Body: &gen.NewNote{Audience: gen.NewNoteAudience(v.Field("audience")), Text: v.Field("text")},
	})
	if err != nil {
		return d.notDone(v, request, "", err)
	}
	return v.Go(address(string(request.Side), request.Number) + "#notes")
}
