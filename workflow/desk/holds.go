package desk

import (
	"context"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
)

// NotFound notes that the copy for a hold is not on its shelf: the hold ends
// unfilled, the copy is missing, and the request it served looks elsewhere.
func (s *Service) NotFound(ctx context.Context, tx *postgres.Tx, at At, hold holds.Ref, missing catalog.Ref) (Done, error) {
	desk, err := s.deskAt(ctx, tx, at)
	if err != nil {
		return Done{}, err
	}
	waiting, err := holds.ByID(ctx, tx, hold)
	if err != nil {
		return Done{}, err
	}
	if served := waiting.Serves(); served != nil {
		if err := engine.Lock(ctx, tx, *served); err != nil {
			return Done{}, err
		}
	}
	outcome, err := s.holds.FailHold(ctx, tx, desk, hold, missing)
	if err != nil {
		return Done{}, err
	}
	err = s.follow(ctx, tx, at, ofHold(outcome), workflow.EventHoldNotFound, nil)
	return doneOf("not_found", ofHold(outcome)), err
}

// copyNotFound is NotFound, called for the request that the hold serves, where
// the copy is the library's own.
func (s *Service) copyNotFound(ctx context.Context, tx *postgres.Tx, at At, act requests.Act) (engine.Fired, error) {
	if at.Actor.Kind != broker.ActorStaff {
		return engine.Fired{}, broker.Forbidden("Only staff can look on the shelf.")
	}
	if _, err := workflow.Read(nil, act.Body); err != nil {
		return engine.Fired{}, err
	}
	request, err := s.requests.Load(ctx, tx, act.Library, act.Request)
	if err != nil {
		return engine.Fired{}, err
	}
	hold, err := holds.OfRequest(ctx, tx, standing.RequestRef{Library: act.Library, Request: act.Request})
	if err != nil {
		return engine.Fired{}, err
	}
	if hold.Library != at.Library {
		return engine.Fired{}, broker.Conflict("not_your_shelf", "The copy belongs to another library; its staff say whether it is there.")
	}
	if _, err := s.NoCopy(ctx, tx, at, hold.Ref); err != nil {
		return engine.Fired{}, err
	}
	request, err = s.requests.Load(ctx, tx, request.LibraryID, request.ID)
	return engine.Fired{Request: request}, err
}

// NoCopy notes that no copy for a hold can be found: the copy that should be on
// the shelf is missing, and the request the hold served looks elsewhere.
func (s *Service) NoCopy(ctx context.Context, tx *postgres.Tx, at At, ref holds.Ref) (Done, error) {
	hold, err := holds.ByID(ctx, tx, ref)
	if err != nil {
		return Done{}, err
	}
	if hold.Library != at.Library {
		return Done{}, broker.NotFound("hold")
	}
	items, err := catalog.ItemsOfTitle(ctx, tx, hold.Title, hold.Library)
	if err != nil {
		return Done{}, err
	}
	for _, item := range items {
		if item.Status == catalog.OnShelf && item.Lendable && !item.Temporary() {
			return s.NotFound(ctx, tx, at, ref, item.Ref())
		}
	}
	return Done{}, broker.Conflict("no_copy_expected", "No copy is expected on the shelf; the hold waits for one to come back.")
}

// CancelHold ends a hold. One that serves a request ends with the request, so
// that the patron sees only the request.
func (s *Service) CancelHold(ctx context.Context, tx *postgres.Tx, at At, ref holds.Ref) (Done, error) {
	desk, err := s.deskAt(ctx, tx, at)
	if err != nil {
		return Done{}, err
	}
	hold, err := holds.ByID(ctx, tx, ref)
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
		_, err := s.requests.Fire(ctx, tx, at.Now, engine.Firing{
			Library: served.Library, Request: served.Request, Event: workflow.EventCancel,
			By: by, Actor: at.Actor, Cause: engine.Cause{Kind: "desk"},
		})
		return Done{Did: "cancelled", Message: "The request and its hold are cancelled.", Request: served.Request, Hold: &hold}, err
	}
	if hold.Item != broker.NoID { // its copy goes to the next, whose request comes before the item
		next, err := loans.RequestsTouched(ctx, tx, catalog.Ref{Library: hold.Library, ID: hold.Item}, patrons.Ref{})
		if err != nil {
			return Done{}, err
		}
		if err := engine.Lock(ctx, tx, next...); err != nil {
			return Done{}, err
		}
	}
	outcome, err := s.holds.CancelHold(ctx, tx, desk, ref)
	if err != nil {
		return Done{}, err
	}
	err = s.follow(ctx, tx, at, ofHold(outcome), "", nil)
	return doneOf("cancelled", ofHold(outcome)), err
}
