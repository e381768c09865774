package requests

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/policy/rule"
	"afield/workflow"
	"afield/workflow/requests"
)

// SubmitRequest stores a request and starts looking.
func (r Requests) SubmitRequest(ctx context.Context, request gen.SubmitRequestRequestObject) (gen.SubmitRequestResponseObject, error) {
	view, err := pipeline.Change(ctx, r.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		in, err := submission(ctx, t, *request.Body)
		if err != nil {
			return broker.NoID, err
		}
		stored, err := r.Requests.Submit(ctx, t.Tx, t.Now(), t.Caller.Actor(), in)
		if err != nil {
			return broker.NoID, err
		}
		return stored.ID, nil
	}, r.look(borrowingSides()...))
	return gen.SubmitRequest201JSONResponse{
		Body:    view,
		Headers: gen.SubmitRequest201ResponseHeaders{Location: "/v1/requests/" + view.ID.String()},
	}, err
}

// submission turns the body into what the use case takes. Staff name the
// patron; a patron asks for themselves and for nobody else.
func submission(ctx context.Context, t *pipeline.Turn, in gen.NewRequest) (requests.Submission, error) {
	patron, err := t.PatronFor(ctx, in.PatronID, in.Card)
	if err != nil {
		return requests.Submission{}, err
	}
	if err := t.StaffOnly("/ask_anyway", in.AskAnyway); err != nil {
		return requests.Submission{}, err
	}
	if err := t.StaffOnly("/channel", in.Channel != ""); err != nil {
		return requests.Submission{}, err
	}
	out := requests.Submission{
		Channel: rule.Channel(in.Channel),
		Library: t.Library(), Patron: patron, Citation: in.Citation, Title: in.TitleID, Service: string(in.Service),
		NeedBy: in.NeedBy, Rush: in.Rush, PickupBranch: in.PickupBranchID, AskAnyway: in.AskAnyway, Note: in.Note,
	}
	if in.MaxCost.Currency != "" {
		out.MaxCost = &in.MaxCost
	}
	if t.IsPatron() {
		out.PINGiven = true // a patron's token is only given for one
		cards, err := patrons.Cards(ctx, t.Tx, patrons.Ref{Library: t.Library(), ID: patron})
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

// borrowingSides are the sides that /v1/requests shows: all except what others
// ask us to lend.
func borrowingSides() []workflow.Side {
	return []workflow.Side{workflow.SideBorrowing, workflow.SideBrokered}
}

// look reads one request, if it is on one of these sides, for an answer.
func (r Requests) look(sides ...workflow.Side) func(context.Context, *pipeline.Turn, broker.ID) (gen.Request, error) {
	return func(ctx context.Context, t *pipeline.Turn, id broker.ID) (gen.Request, error) {
		view, err := r.Requests.Look(ctx, t.Tx, t.Now(), t.Viewer(), id, sides...)
		if err != nil {
			return gen.Request{}, err
		}
		return requestView(view, t.IsPatron()), nil
	}
}

// GetRequest shows one request.
func (r Requests) GetRequest(ctx context.Context, request gen.GetRequestRequestObject) (gen.GetRequestResponseObject, error) {
	view, err := pipeline.Show(ctx, r.Base, request.ID, r.look(borrowingSides()...))
	return gen.GetRequest200JSONResponse(view), err
}

// ActOnRequest does one of a request's available actions.
func (r Requests) ActOnRequest(ctx context.Context, request gen.ActOnRequestRequestObject) (gen.ActOnRequestResponseObject, error) {
	view, err := r.act(ctx, request.Body, requests.Act{
		Request: request.ID, Side: workflow.SideBorrowing, Action: workflow.Event(request.Action), ExpectVersion: request.Params.ExpectedVersion,
	})
	return gen.ActOnRequest200JSONResponse(view), err
}

// act does an action of the caller's library with the form that came with it.
func (r Requests) act(ctx context.Context, body *gen.ActionForm, act requests.Act) (gen.Request, error) {
	form, err := formOf(body)
	if err != nil {
		return gen.Request{}, err
	}
	return pipeline.Change(ctx, r.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		act.Library, act.Body = t.Library(), form
		_, err := r.Desk.Act(ctx, t.Tx, t.At(), act)
		return act.Request, err
	}, r.look(act.Side))
}

// formOf keeps the fields as they were written: the state table's form reads
// them.
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
func (r Requests) ListRequests(ctx context.Context, request gen.ListRequestsRequestObject) (gen.ListRequestsResponseObject, error) {
	in := request.Params
	filter := requests.Filter{
		Sides: borrowingSides(), States: statesOf(in.State), Queue: workflow.Queue(in.Queue), Open: in.Open,
		OldestFirst: in.Order == gen.Oldest,
	}
	filter.Number, filter.Words = numberOrWords(in.Q)
	page, err := pipeline.Read(ctx, r.Base, func(ctx context.Context, t *pipeline.Turn) (gen.RequestPage, error) {
		viewer := t.Viewer()
		if in.PatronID != broker.NoID {
			if t.IsPatron() && in.PatronID != viewer.Patron {
				return gen.RequestPage{}, broker.Forbidden("Patrons see their own requests only.")
			}
			viewer.Patron = in.PatronID
		}
		return r.page(ctx, t, viewer, filter, pipeline.List{Cursor: in.Cursor, Limit: in.Limit})
	})
	return gen.ListRequests200JSONResponse(page), err
}

// ListPatronRequests shows a patron's requests.
func (r Requests) ListPatronRequests(ctx context.Context, request gen.ListPatronRequestsRequestObject) (gen.ListPatronRequestsResponseObject, error) {
	page, err := pipeline.Read(ctx, r.Base, func(ctx context.Context, t *pipeline.Turn) (gen.RequestPage, error) {
		if _, _, err := t.Patron(ctx, request.ID); err != nil {
			return gen.RequestPage{}, err
		}
		return r.page(ctx, t, requests.Viewer{Library: t.Library(), Patron: request.ID}, requests.Filter{Sides: []workflow.Side{workflow.SideBorrowing}},
			pipeline.List{Cursor: request.Params.Cursor, Limit: request.Params.Limit})
	})
	return gen.ListPatronRequests200JSONResponse(page), err
}

// ListMyRequests shows what the signed-in patron asked for.
func (r Requests) ListMyRequests(ctx context.Context, request gen.ListMyRequestsRequestObject) (gen.ListMyRequestsResponseObject, error) {
	page, err := pipeline.Read(ctx, r.Base, func(ctx context.Context, t *pipeline.Turn) (gen.RequestPage, error) {
		return r.page(ctx, t, t.Viewer(), requests.Filter{Sides: []workflow.Side{workflow.SideBorrowing}},
			pipeline.List{Cursor: request.Params.Cursor, Limit: request.Params.Limit})
	})
	return gen.ListMyRequests200JSONResponse(page), err
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
func (r Requests) page(ctx context.Context, t *pipeline.Turn, viewer requests.Viewer, filter requests.Filter, list pipeline.List) (gen.RequestPage, error) {
	page := gen.RequestPage{Requests: []gen.RequestSummary{}}
	bound, err := json.Marshal([]any{"requests", viewer, filter})
	if err != nil {
		return page, fmt.Errorf("name a list: %w", err)
	}
	list.Name = string(bound)
	var names map[broker.ID]requests.Name
	found, next, err := pipeline.Page(t, list, func(line requests.Summary) pipeline.Position { return pipeline.Identified(line.ID) },
		func(after pipeline.Position, limit int) (lines []requests.Summary, err error) {
			lines, names, err = r.Requests.List(ctx, t.Tx, viewer, filter, after.ID(), limit)
			return lines, err
		})
	page.NextCursor = next
	if err != nil {
		return page, err
	}
	for _, line := range found {
		page.Requests = append(page.Requests, summaryView(line, names))
	}
	return page, nameThePatrons(ctx, t, page.Requests)
}

// nameThePatrons puts the patrons' names beside their requests, for staff.
func nameThePatrons(ctx context.Context, t *pipeline.Turn, lines []gen.RequestSummary) error {
	if t.IsPatron() || len(lines) == 0 {
		return nil
	}
	var ids []broker.ID
	for _, line := range lines {
		if line.PatronID != broker.NoID && line.Side == gen.RequestSummarySideBorrowing {
			ids = append(ids, line.PatronID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	people, err := patrons.Contacts(ctx, t.Tx, t.Library(), ids)
	for i := range lines {
		lines[i].PatronName = people[lines[i].PatronID].Name
	}
	return err
}

// GetTimeline shows what happened to a request, on either side.
func (r Requests) GetTimeline(ctx context.Context, request gen.GetTimelineRequestObject) (gen.GetTimelineResponseObject, error) {
	page, err := pipeline.Read(ctx, r.Base, func(ctx context.Context, t *pipeline.Turn) (gen.EventPage, error) {
		list := pipeline.List{Name: "timeline " + request.ID.String(), Cursor: request.Params.Cursor, Limit: request.Params.Limit}
		lines, next, err := pipeline.Page(t, list, func(line requests.EventLine) pipeline.Position { return pipeline.Numbered(line.ID) },
			func(after pipeline.Position, limit int) ([]requests.EventLine, error) {
				return requests.Timeline(ctx, t.Tx, t.Viewer(), request.ID, after.Number(), limit)
			})
		page := gen.EventPage{Events: []gen.Event{}, NextCursor: next}
		for _, line := range lines {
			page.Events = append(page.Events, eventView(line, t.IsPatron()))
		}
		return page, err
	})
	return gen.GetTimeline200JSONResponse(page), err
}
