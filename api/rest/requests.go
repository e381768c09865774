package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests"
)

// made is what a POST remembers of what it made: an id and nothing else.
type made struct {
	ID broker.ID `json:"id"`
}

// viewer is who looks at requests.
func (c *call) viewer() requests.Viewer {
	return requests.Viewer{Library: c.library(), Patron: c.own()}
}

// SubmitRequest stores a request and starts looking.
func (s *Server) SubmitRequest(ctx context.Context, request gen.SubmitRequestRequestObject) (gen.SubmitRequestResponseObject, error) {
	stored, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		in, err := s.submission(ctx, tx, *request.Body)
		if err != nil {
			return made{}, err
		}
		stored, err := s.Requests.Submit(ctx, tx, s.Clock.Now(), callOf(ctx).principal.Actor(), in)
		if err != nil {
			return made{}, err
		}
		return made{stored.ID}, nil
	})
	if err != nil {
		return nil, err
	}
	view, err := s.look(ctx, stored.ID, borrowingSides()...)
	if err != nil {
		return nil, err
	}
	return gen.SubmitRequest201JSONResponse{
		Body:    view,
		Headers: gen.SubmitRequest201ResponseHeaders{Location: "/v1/requests/" + stored.ID.String()},
	}, nil
}

// submission turns the body into what the use case takes. Staff name the
// patron; a patron asks for themselves and for nobody else.
func (s *Server) submission(ctx context.Context, tx *postgres.Tx, in gen.NewRequest) (requests.Submission, error) {
	this := callOf(ctx)
	patron, err := s.patronFor(ctx, tx, in.PatronID, in.Card)
	if err != nil {
		return requests.Submission{}, err
	}
	if this.isPatron() && in.AskAnyway {
		return requests.Submission{}, broker.Invalid(broker.FieldError{Pointer: "/ask_anyway", Code: "staff_only", Message: "is for staff"})
	}
	if this.isPatron() && in.Channel != "" {
		return requests.Submission{}, broker.Invalid(broker.FieldError{Pointer: "/channel", Code: "staff_only", Message: "is for staff"})
	}
	out := requests.Submission{
		Channel: rule.Channel(in.Channel),
		Library: this.library(), Patron: patron, Citation: in.Citation, Title: in.TitleID, Service: string(in.Service),
		NeedBy: in.NeedBy, Rush: in.Rush, PickupBranch: in.PickupBranchID, AskAnyway: in.AskAnyway, Note: in.Note,
	}
	if in.MaxCost.Currency != "" {
		out.MaxCost = &in.MaxCost
	}
	if this.isPatron() {
		out.PINGiven = true // a patron's token is only given for one
		cards, err := patrons.Cards(ctx, tx, patrons.Ref{Library: this.library(), ID: patron})
		if err != nil {
			return requests.Submission{}, err
		}
		for _, card := range cards {
			if card.Status == patrons.CardActive {
				out.CardDigits = len(card.Number)
			}
		}
	}
	return out, nil
}

// patronFor gives whom an act is for: the signed-in patron, or whom staff name
// by id or card. Another library's patron is not found.
func (s *Server) patronFor(ctx context.Context, tx *postgres.Tx, id broker.ID, card string) (broker.ID, error) {
	this := callOf(ctx)
	invalid := func(pointer, code, message string) (broker.ID, error) {
		return broker.NoID, broker.Invalid(broker.FieldError{Pointer: pointer, Code: code, Message: message})
	}
	switch {
	case this.isPatron():
		if card != "" || (id != broker.NoID && id != this.principal.ID) {
			return invalid("/patron_id", "not_yours", "must be left out: patrons act for themselves")
		}
		return this.principal.ID, nil
	case id != broker.NoID && card != "":
		return invalid("/card", "given_twice", "must be left out where patron_id is given")
	case id != broker.NoID:
		return id, nil
	case card == "":
		return invalid("/patron_id", "required", "is required: whose is it? give patron_id or card")
	}
	library, err := directory.Load(ctx, tx, this.library())
	if err != nil {
		return broker.NoID, err
	}
	patron, _, err := patrons.ByCard(ctx, tx, library.SharingGroup, strings.TrimSpace(card))
	if err != nil {
		return broker.NoID, err
	}
	if patron.Library != this.library() {
		return broker.NoID, broker.NotFound("patron")
	}
	return patron.ID, nil
}

// borrowingSides are what /v1/requests shows: all but what others ask of us.
func borrowingSides() []workflow.Side {
	return []workflow.Side{workflow.SideBorrowing, workflow.SideBrokered}
}

func (s *Server) look(ctx context.Context, id broker.ID, sides ...workflow.Side) (gen.Request, error) {
	this := callOf(ctx)
	view, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (requests.View, error) {
		return s.Requests.Look(ctx, tx, s.Clock.Now(), this.viewer(), id, sides...)
	})
	if err != nil {
		return gen.Request{}, err
	}
	return requestView(view, this.isPatron()), nil
}

// GetRequest shows one request.
func (s *Server) GetRequest(ctx context.Context, request gen.GetRequestRequestObject) (gen.GetRequestResponseObject, error) {
	view, err := s.look(ctx, request.ID, borrowingSides()...)
	if err != nil {
		return nil, err
	}
	return gen.GetRequest200JSONResponse(view), nil
}

// ActOnRequest does one of a request's available actions.
func (s *Server) ActOnRequest(ctx context.Context, request gen.ActOnRequestRequestObject) (gen.ActOnRequestResponseObject, error) {
	view, err := s.act(ctx, request.ID, request.Action, request.Body, request.Params.ExpectedVersion, workflow.SideBorrowing)
	if err != nil {
		return nil, err
	}
	return gen.ActOnRequest200JSONResponse(view), nil
}

func (s *Server) act(ctx context.Context, id broker.ID, action string, body *gen.ActionForm, version int, side workflow.Side) (gen.Request, error) {
	form, err := formOf(body)
	if err != nil {
		return gen.Request{}, err
	}
	_, err = once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return made{}, err
		}
		_, err = s.Desk.Act(ctx, tx, at, requests.Act{
			Library: callOf(ctx).library(), Request: id, Side: side, Action: workflow.Event(action), Body: form, ExpectVersion: version,
		})
		return made{id}, err
	})
	if err != nil {
		return gen.Request{}, err
	}
	return s.look(ctx, id, side)
}

// formOf keeps the fields as they were written: the table's form reads them.
func formOf(body *gen.ActionForm) (map[string]json.RawMessage, error) {
	form := map[string]json.RawMessage{}
	if body == nil {
		return form, nil
	}
	for name, value := range *body {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("read a form: %w", err)
		}
		form[name] = raw
	}
	return form, nil
}

// ListRequests searches requests.
func (s *Server) ListRequests(ctx context.Context, request gen.ListRequestsRequestObject) (gen.ListRequestsResponseObject, error) {
	in := request.Params
	viewer := callOf(ctx).viewer()
	if in.PatronID != broker.NoID {
		if callOf(ctx).isPatron() && in.PatronID != viewer.Patron {
			return nil, broker.Forbidden("Patrons see their own requests only.")
		}
		viewer.Patron = in.PatronID
	}
	filter := requests.Filter{
		Sides: borrowingSides(), States: statesOf(in.State), Queue: requests.Queue(in.Queue), Open: in.Open,
		OldestFirst: in.Order == gen.Oldest,
	}
	filter.Number, filter.Words = numberOrWords(in.Q)
	page, err := s.page(ctx, viewer, filter, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return gen.ListRequests200JSONResponse(page), nil
}

func statesOf(names []string) []workflow.State {
	var states []workflow.State
	for _, name := range names {
		states = append(states, workflow.State(name))
	}
	return states
}

// numberOrWords tells a request number from words to search for.
func numberOrWords(q string) (int64, string) {
	if number, err := strconv.ParseInt(strings.TrimPrefix(strings.TrimSpace(q), "#"), 10, 64); err == nil && number > 0 && number < 1_000_000_000 {
		return number, ""
	}
	return 0, q
}

// page gives one page of a list of requests. The cursor is bound to the viewer
// and the filters.
func (s *Server) page(ctx context.Context, viewer requests.Viewer, filter requests.Filter, cursor string, limit int) (gen.RequestPage, error) {
	bound, err := json.Marshal([]any{"requests", viewer, filter})
	if err != nil {
		return gen.RequestPage{}, fmt.Errorf("name a list: %w", err)
	}
	after, err := s.cursorID(string(bound), cursor)
	if err != nil {
		return gen.RequestPage{}, err
	}
	size := pageSize(limit)
	page := gen.RequestPage{Requests: []gen.RequestSummary{}}
	_, err = read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		list, names, err := s.Requests.List(ctx, tx, viewer, filter, after, size+1)
		if err != nil {
			return made{}, err
		}
		if len(list) > size {
			list = list[:size]
			page.NextCursor = s.cursors.seal(string(bound), list[size-1].ID.String())
		}
		for _, line := range list {
			page.Requests = append(page.Requests, summaryView(line, names))
		}
		return made{}, nil
	})
	return page, err
}

func (s *Server) cursorID(list, cursor string) (broker.ID, error) {
	position, err := s.cursors.open(list, cursor)
	if err != nil || position == "" {
		return broker.NoID, err
	}
	return broker.ParseID("cursor", position)
}

// GetTimeline shows what happened to a request, on either side.
func (s *Server) GetTimeline(ctx context.Context, request gen.GetTimelineRequestObject) (gen.GetTimelineResponseObject, error) {
	this, list := callOf(ctx), "timeline "+request.ID.String()
	position, err := s.cursors.open(list, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	after, _ := strconv.ParseInt(position, 10, 64) // ours, and signed; "" is the beginning
	size := pageSize(request.Params.Limit)
	lines, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) ([]requests.EventLine, error) {
		return requests.Timeline(ctx, tx, this.viewer(), request.ID, after, size+1)
	})
	if err != nil {
		return nil, err
	}
	page := gen.EventPage{Events: []gen.Event{}}
	if len(lines) > size {
		lines = lines[:size]
		page.NextCursor = s.cursors.seal(list, strconv.FormatInt(lines[size-1].ID, 10))
	}
	for _, line := range lines {
		page.Events = append(page.Events, eventView(line, this.isPatron()))
	}
	return gen.GetTimeline200JSONResponse(page), nil
}
