package requests

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// TakenOver is a request that began in the system a library has left.
type TakenOver struct {
	Submission
	// Number is its number there; a library has it once.
	Number string
	// AskedAt is when the patron asked; zero is now.
	AskedAt time.Time
}

// TakeOver stores a request that began in another system, for staff to go on with
// (needs_review). No rule is asked whether it may be made: it was made. A day it was
// needed by that has passed is left out. It gives nil where the library has a request
// of that number already; two at once of one number are kept apart by the database.
func (s *Service) TakeOver(ctx context.Context, tx *postgres.Tx, now time.Time, in TakenOver) (*engine.Request, error) {
	var known bool
	err := tx.QueryRow(ctx, `select exists (select 1 from requests where library_id = $1 and external_number = $2)`, in.Library, in.Number).Scan(&known)
	if err != nil {
		return nil, fmt.Errorf("look for a request by its earlier number: %w", err)
	}
	if known {
		return nil, nil //nolint:nilnil // it is here already
	}
	library, err := s.library(ctx, tx, in.Library)
	if err != nil {
		return nil, err
	}
	doc, err := s.policies.At(library.Library, now)
	if err != nil {
		return nil, err
	}
	if in.NeedBy.Before(library.Today(now)) {
		in.NeedBy = broker.Date{} // it would end the request at once
	}
	actor := broker.System(in.Library)
	request, _, err := s.prepare(ctx, tx, now, actor, library, doc, in.Submission)
	if err != nil {
		return nil, err
	}
	request.ExternalNumber, request.ILLChecked = &in.Number, true
	if !in.AskedAt.IsZero() {
		request.SubmittedAt = in.AskedAt
	}
	facts := map[string]any{"format": request.Format, "service": request.Service, "earlier_number": in.Number}
	cause := engine.Cause{Kind: "file", ID: in.Number}
	if err := s.engine.Begin(ctx, tx, now, request, actor, cause, facts); err != nil {
		return nil, err
	}
	fired, err := s.Fire(ctx, tx, now, engine.Firing{
		Library: in.Library, Request: request.ID, Event: workflow.EventNeedsPerson, By: workflow.BySystem, Actor: actor, Cause: cause,
		Data: map[string]any{"reasons": []broker.Reason{{
			Code: "began_elsewhere", Rule: "requests.cut_over", Message: "It began in another system, as number " + in.Number + ".",
		}}},
	})
	if err != nil {
		return nil, err
	}
	if in.Note != "" {
		if _, err := engine.AddNote(tx, in.Library, request.ID, string(ToStaff), in.Note, actor, now); err != nil {
			return nil, err
		}
	}
	return fired[0].Request, nil
}
