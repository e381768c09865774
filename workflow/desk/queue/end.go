package queue

import (
	"context"
	"slices"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/desk/counter"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
)

// NotFound notes that the copy for a hold is not on its shelf, nor on the hold
// shelf: the copy is missing, and the hold keeps its place for another one. The
// request it serves looks elsewhere where no other copy is on the shelf.
func (s *Service) NotFound(ctx context.Context, tx *postgres.Tx, at counter.At, hold holds.Ref, missing catalog.Ref) (counter.Done, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return counter.Done{}, err
	}
	waiting, err := holds.ByID(ctx, tx, hold)
	if err != nil {
		return counter.Done{}, err
	}
	if served := waiting.Serves(); served != nil {
		if err := engine.Lock(ctx, tx, *served); err != nil {
			return counter.Done{}, err
		}
	}
	outcome, err := s.counter.Holds.FailHold(ctx, tx, desk, hold, missing)
	if err != nil {
		return counter.Done{}, err
	}
	if err := s.counter.NotThere(ctx, tx, at, outcome); err != nil {
		return counter.Done{}, err
	}
	return counter.DoneOf("not_found", counter.OfHold(outcome)), s.counter.WatchItem(ctx, tx, at, counter.OfHold(outcome))
}

// CopyNotFound is NotFound, called for the request that the hold serves, where
// the copy is the library's own.
func (s *Service) CopyNotFound(ctx context.Context, tx *postgres.Tx, at counter.At, act requests.Act) (engine.Fired, error) {
	if at.Actor.Kind != broker.ActorStaff {
		return engine.Fired{}, broker.Forbidden("Only staff can look on the shelf.")
	}
	if _, err := workflow.Read(nil, act.Body); err != nil {
		return engine.Fired{}, err
	}
	request, err := s.counter.Requests.Load(ctx, tx, act.Library, act.Request)
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
	request, err = s.counter.Requests.Load(ctx, tx, request.LibraryID, request.ID)
	return engine.Fired{Request: request}, err
}

// NoCopy notes that the copy for a hold cannot be found: the one kept for it, or
// the one that should be on the shelf.
func (s *Service) NoCopy(ctx context.Context, tx *postgres.Tx, at counter.At, ref holds.Ref) (counter.Done, error) {
	hold, err := holds.ByID(ctx, tx, ref)
	if err != nil {
		return counter.Done{}, err
	}
	if hold.Library != at.Library {
		return counter.Done{}, broker.NotFound("hold")
	}
	if hold.Status.Open() && hold.Item != broker.NoID {
		return s.NotFound(ctx, tx, at, ref, catalog.Ref{Library: hold.Library, ID: hold.Item})
	}
	items, err := catalog.ItemsOfTitle(ctx, tx, hold.Title, hold.Library)
	if err != nil {
		return counter.Done{}, err
	}
	for _, item := range items {
		wanted := hold.Wanted == broker.NoID || hold.Wanted == item.ID
		if wanted && item.Status == catalog.OnShelf && item.Lendable && !item.Temporary() {
			return s.NotFound(ctx, tx, at, ref, item.Ref())
		}
	}
	return counter.Done{}, broker.Conflict("no_copy_expected", "No copy is expected on the shelf; the hold waits for one to come back.")
}

// CancelHold ends a hold. One that serves a request ends with the request, so
// that the patron sees only the request.
func (s *Service) CancelHold(ctx context.Context, tx *postgres.Tx, at counter.At, ref holds.Ref) (counter.Done, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return counter.Done{}, err
	}
	hold, err := holds.ByID(ctx, tx, ref)
	if err != nil {
		return counter.Done{}, err
	}
	if at.Actor.Kind == broker.ActorPatron && hold.Patron.ID != at.Actor.ID {
		return counter.Done{}, broker.NotFound("hold")
	}
	if served := hold.Serves(); served != nil && hold.Status.Open() {
		tx.Widen(served.Library)
		by := workflow.ByStaff
		if at.Actor.Kind == broker.ActorPatron {
			by = workflow.ByPatron
		}
		_, err := s.counter.Requests.Fire(ctx, tx, at.Now, engine.Firing{
			Library: served.Library, Request: served.Request, Event: workflow.EventCancel,
			By: by, Actor: at.Actor, Cause: engine.Cause{Kind: "desk"},
		})
		return counter.Done{Did: "cancelled", Message: "The request and its hold are cancelled.", Request: served.Request, Hold: &hold}, err
	}
	if hold.Item != broker.NoID { // its copy goes to the next, whose request comes before the item
		next, err := loans.RequestsTouched(ctx, tx, catalog.Ref{Library: hold.Library, ID: hold.Item}, patrons.Ref{})
		if err != nil {
			return counter.Done{}, err
		}
		if err := engine.Lock(ctx, tx, next...); err != nil {
			return counter.Done{}, err
		}
	}
	outcome, err := s.counter.Holds.CancelHold(ctx, tx, desk, ref)
	if err != nil {
		return counter.Done{}, err
	}
	if err := s.counter.Follow(ctx, tx, at, counter.OfHold(outcome), "", nil); err != nil {
		return counter.Done{}, err
	}
	if !hold.StrandedAt.IsZero() {
		_, err = s.counter.Watch(ctx, tx, at, hold.Library, hold.Title)
	}
	return counter.DoneOf("cancelled", counter.OfHold(outcome)), err
}

// Watch looks after all queues of a library, a slice at a time, and returns how
// many holds were found that no copy can fill.
func (s *Service) Watch(ctx context.Context, tx *postgres.Tx, at counter.At) (int, error) {
	if _, err := s.counter.Desk(ctx, tx, at); err != nil { // for the sharing group
		return 0, err
	}
	return s.counter.Watch(ctx, tx, at, at.Library)
}

// ExpireUnfilled ends up to limit holds that were not filled in their time,
// tells their patrons, and returns how many.
func (s *Service) ExpireUnfilled(ctx context.Context, tx *postgres.Tx, at counter.At, limit int) (int, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return 0, err
	}
	ended, err := holds.ExpireUnfilledSlice(ctx, tx, at.Library, desk.Library.Today(at.Now), desk.Library.Zone, limit)
	if err != nil {
		return 0, err
	}
	count := len(ended)
	ended = slices.DeleteFunc(ended, func(hold holds.Hold) bool { return hold.Request != broker.NoID })
	return count, s.counter.Waiting.Tell(ctx, tx, at.Now, ended)
}
