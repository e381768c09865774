package queue

import (
	"context"
	"encoding/json"
	"fmt"

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
	"afield/workflow/requests/items"
)

// changeHold does something with a hold of the library's own patrons, or, for
// staff, with one that the library is to fill. A patron changes only their own.
func (s *Service) changeHold(ctx context.Context, tx *postgres.Tx, at counter.At, hold broker.ID, did string,
	change func(standing.Desk, holds.Hold) (holds.Outcome, error),
) (counter.Done, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return counter.Done{}, err
	}
	found, err := holds.For(ctx, tx, at.Library, hold)
	if err != nil {
		return counter.Done{}, err
	}
	if at.Actor.Kind == broker.ActorPatron && found.Patron.ID != at.Actor.ID {
		return counter.Done{}, broker.NotFound("hold")
	}
	outcome, err := change(desk, found)
	if err != nil {
		return counter.Done{}, err
	}
	if outcome.Given != nil { // it goes onto the shelf where it is picked up now
		err = s.counter.Given(ctx, tx, at, counter.OfHold(outcome))
	}
	return counter.DoneOf(did, counter.OfHold(outcome)), err
}

// SuspendHold makes the queue pass a hold by from a day (zero: today) through
// another (zero: until it is resumed); the hold keeps its position.
func (s *Service) SuspendHold(ctx context.Context, tx *postgres.Tx, at counter.At, hold broker.ID, from, until broker.Date) (counter.Done, error) {
	return s.changeHold(ctx, tx, at, hold, "suspended", func(desk standing.Desk, found holds.Hold) (holds.Outcome, error) {
		return s.counter.Holds.Suspend(ctx, tx, desk, found.Ref, from, until)
	})
}

// ResumeHold ends a suspension.
func (s *Service) ResumeHold(ctx context.Context, tx *postgres.Tx, at counter.At, hold broker.ID) (counter.Done, error) {
	return s.changeHold(ctx, tx, at, hold, "resumed", func(desk standing.Desk, found holds.Hold) (holds.Outcome, error) {
		return s.counter.Holds.Resume(ctx, tx, desk, found.Ref)
	})
}

// MovePickup changes where a hold is picked up. One that serves a request moves
// with its request.
func (s *Service) MovePickup(ctx context.Context, tx *postgres.Tx, at counter.At, hold, branch broker.ID) (counter.Done, error) {
	found, err := holds.For(ctx, tx, at.Library, hold)
	if err != nil {
		return counter.Done{}, err
	}
	if found.Request != broker.NoID && found.Patron.Library == at.Library && branch != broker.NoID {
		return s.moveWithRequest(ctx, tx, at, found, branch)
	}
	return s.changeHold(ctx, tx, at, hold, "moved", func(desk standing.Desk, found holds.Hold) (holds.Outcome, error) {
		if err := ownBranch(ctx, tx, found.Patron.Library, branch); err != nil {
			return holds.Outcome{}, err
		}
		return s.counter.Holds.MovePickup(ctx, tx, desk, found.Ref, branch)
	})
}

func (s *Service) moveWithRequest(ctx context.Context, tx *postgres.Tx, at counter.At, hold holds.Hold, branch broker.ID) (counter.Done, error) {
	text, err := json.Marshal(branch)
	if err != nil {
		return counter.Done{}, fmt.Errorf("write a branch: %w", err)
	}
	fired, err := s.counter.Requests.Act(ctx, tx, at.Now, at.Actor, requests.Act{
		Library: at.Library, Request: hold.Request, Action: workflow.EventAmend, Body: map[string]json.RawMessage{"pickup_branch": text},
		Cause: engine.Cause{Kind: "desk"},
	})
	if err != nil {
		return counter.Done{}, err
	}
	if hold, err = holds.For(ctx, tx, at.Library, hold.ID); err != nil {
		return counter.Done{}, err
	}
	return counter.Done{Did: "moved", Message: fired.Moves[0].Label + ".", Hold: &hold, Item: hold.Item, Request: hold.Request, PickUpBy: hold.PickUpBy}, nil
}

// PermitHold notes that the patron lets another patron of the library take what
// is kept for them; NoID takes that back.
func (s *Service) PermitHold(ctx context.Context, tx *postgres.Tx, at counter.At, hold, other broker.ID) (counter.Done, error) {
	return s.changeHold(ctx, tx, at, hold, "permitted", func(desk standing.Desk, found holds.Hold) (holds.Outcome, error) {
		return s.counter.Holds.Permit(ctx, tx, desk, found.Ref, other)
	})
}

// HoldContact notes that the patron asked to keep it longer.
func (s *Service) HoldContact(ctx context.Context, tx *postgres.Tx, at counter.At, hold broker.ID) (counter.Done, error) {
	return s.changeHold(ctx, tx, at, hold, "contact_noted", func(desk standing.Desk, found holds.Hold) (holds.Outcome, error) {
		return s.counter.Holds.NoteContact(ctx, tx, desk, found.Ref)
	})
}

// ExtendHold gives something on the hold shelf more time; zero gives as much as
// the policy allows. It is for staff.
func (s *Service) ExtendHold(ctx context.Context, tx *postgres.Tx, at counter.At, hold broker.ID, until broker.Date) (counter.Done, error) {
	if at.Actor.Kind == broker.ActorPatron {
		return counter.Done{}, broker.Forbidden("Only staff can give more time on the hold shelf.")
	}
	return s.changeHold(ctx, tx, at, hold, "extended", func(desk standing.Desk, found holds.Hold) (holds.Outcome, error) {
		return s.counter.Holds.Extend(ctx, tx, desk, found.Ref, until)
	})
}

// ExpireHoldOn sets the last day a hold waits to be filled; zero takes it back.
func (s *Service) ExpireHoldOn(ctx context.Context, tx *postgres.Tx, at counter.At, hold broker.ID, day broker.Date) (counter.Done, error) {
	return s.changeHold(ctx, tx, at, hold, "changed", func(desk standing.Desk, found holds.Hold) (holds.Outcome, error) {
		return s.counter.Holds.ExpireOn(ctx, tx, desk, found.Ref, day)
	})
}

// ReorderQueue changes the order of a queue of the library.
func (s *Service) ReorderQueue(ctx context.Context, tx *postgres.Tx, at counter.At, in holds.Reorder) ([]holds.Hold, error) {
	if at.Actor.Kind == broker.ActorPatron {
		return nil, broker.Forbidden("Only staff can change the order of a queue.")
	}
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return nil, err
	}
	in.Desk, in.Library = desk, at.Library
	return s.counter.Holds.Reorder(ctx, tx, in)
}

// ClearFromShelf takes something off the hold shelf that was not picked up,
// because staff decide so or because they get to it before the nightly work.
// What serves a request ends with its request instead (the conflict
// serves_request).
func (s *Service) ClearFromShelf(ctx context.Context, tx *postgres.Tx, at counter.At, hold broker.ID) (counter.Done, error) {
	if at.Actor.Kind == broker.ActorPatron {
		return counter.Done{}, broker.Forbidden("Only staff can clear the hold shelf.")
	}
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return counter.Done{}, err
	}
	found, err := holds.For(ctx, tx, at.Library, hold)
	if err != nil {
		return counter.Done{}, err
	}
	if found.Request != broker.NoID {
		return counter.Done{}, broker.Conflict("serves_request", "That hold serves a request: end it there.")
	}
	if found.Status.Open() && found.Status != holds.OnHoldShelf {
		return counter.Done{}, broker.Conflict("not_on_hold_shelf", "That hold is not on the hold shelf: it is %s.", found.Status)
	}
	if found.Item != broker.NoID { // its copy goes to the next, whose request comes before the item
		next, err := loans.RequestsTouched(ctx, tx, catalog.Ref{Library: found.Library, ID: found.Item}, patrons.Ref{})
		if err != nil {
			return counter.Done{}, err
		}
		if err := engine.Lock(ctx, tx, next...); err != nil {
			return counter.Done{}, err
		}
	}
	outcome, err := s.counter.Holds.TakeOffShelf(ctx, tx, desk, found.Ref, holds.Expired)
	if err != nil {
		return counter.Done{}, err
	}
	return counter.DoneOf("cleared", counter.OfHold(outcome)), s.counter.Follow(ctx, tx, at, counter.OfHold(outcome), "", nil)
}

// ExpireShelf does one slice of the nightly clearing of a library's hold shelf
// and lets the requests of those who come next go on. Holds put aside are left
// out. It returns what became of each hold: it ended, or failed.
func (s *Service) ExpireShelf(ctx context.Context, tx *postgres.Tx, at counter.At, limit int, aside []broker.ID) (done []holds.Outcome, err error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return nil, err
	}
	done, err = s.counter.Holds.ExpireShelfSlice(ctx, tx, desk, limit, aside)
	if err != nil {
		return nil, err
	}
	told := make([]holds.Hold, 0, len(done))
	for _, outcome := range done {
		if outcome.Failed != nil {
			continue
		}
		if outcome.Next != nil {
			if _, err := s.counter.FireOrNote(ctx, tx, at, items.CopyGiven(outcome, *outcome.Next, at.Actor)); err != nil {
				return nil, err
			}
		}
		told = append(told, counter.HoldsOf(outcome)...)
	}
	return done, s.counter.Waiting.Tell(ctx, tx, at.Now, told)
}
