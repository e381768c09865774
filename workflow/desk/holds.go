package desk

import (
	"context"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests"
)

// NotFound notes that the copy for a hold is not on its shelf: the hold ends
// unfilled, the copy is missing, and the request it served looks elsewhere.
func (s *Service) NotFound(ctx context.Context, tx *postgres.Tx, at At, hold circulation.HoldRef, missing circulation.ItemRef) (Done, error) {
	desk, err := s.place(ctx, tx, at)
	if err != nil {
		return Done{}, err
	}
	outcome, err := s.circulation.FailHold(ctx, tx, desk, hold, missing)
	if err != nil {
		return Done{}, err
	}
	err = s.follow(ctx, tx, at, outcome, workflow.EventHoldNotFound, nil)
	return doneOf("not_found", outcome), err
}

// CancelHold ends a hold. One that serves a request ends with the request, so
// that the patron sees one story.
func (s *Service) CancelHold(ctx context.Context, tx *postgres.Tx, at At, ref circulation.HoldRef) (Done, error) {
	desk, err := s.place(ctx, tx, at)
	if err != nil {
		return Done{}, err
	}
	hold, err := circulation.HoldByID(ctx, tx, ref)
	if err != nil {
		return Done{}, err
	}
	if at.Actor.Kind == broker.ActorPatron && hold.Patron.ID != at.Actor.ID {
		return Done{}, broker.NotFound("hold")
	}
	if served := hold.Serves(); served != nil && hold.Status.Open() {
		tx.Widen(served.Library)
		by := workflow.ByStaff
		if at.Actor.Kind == broker.ActorPatron {
			by = workflow.ByPatron
		}
		_, err := s.requests.Fire(ctx, tx, at.Now, requests.Firing{Library: served.Library, Request: served.Request, Event: workflow.EventCancel,
			By: by, Actor: at.Actor, Cause: requests.Cause{Kind: "desk"}})
		return Done{Did: "cancelled", Message: "The request and its hold are cancelled.", Request: served.Request, Hold: &hold}, err
	}
	outcome, err := s.circulation.CancelHold(ctx, tx, desk, ref)
	if err != nil {
		return Done{}, err
	}
	err = s.follow(ctx, tx, at, outcome, "", nil)
	return doneOf("cancelled", outcome), err
}
