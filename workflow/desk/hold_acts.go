package desk

import (
	"context"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/items"
)

// changeHold does something with a hold of the library's own patrons, or, for
// staff, with one that the library is to fill. A patron changes only their own.
func (s *Service) changeHold(ctx context.Context, tx *postgres.Tx, at At, hold broker.ID, did string,
	change func(circulation.Desk, circulation.Hold) (circulation.HoldOutcome, error),
) (Done, error) {
	desk, err := s.place(ctx, tx, at)
	if err != nil {
		return Done{}, err
	}
	found, err := circulation.HoldFor(ctx, tx, at.Library, hold)
	if err != nil {
		return Done{}, err
	}
	if at.Actor.Kind == broker.ActorPatron && found.Patron.ID != at.Actor.ID {
		return Done{}, broker.NotFound("hold")
	}
	outcome, err := change(desk, found)
	if err != nil {
		return Done{}, err
	}
	return doneOf(did, ofHold(outcome)), nil
}

// SuspendHold has a hold passed by from a day (zero: today) through another
// (zero: until it is resumed); it keeps its place.
func (s *Service) SuspendHold(ctx context.Context, tx *postgres.Tx, at At, hold broker.ID, from, until broker.Date) (Done, error) {
	return s.changeHold(ctx, tx, at, hold, "suspended", func(desk circulation.Desk, found circulation.Hold) (circulation.HoldOutcome, error) {
		return s.circulation.Suspend(ctx, tx, desk, found.HoldRef, from, until)
	})
}

// ResumeHold ends a suspension.
func (s *Service) ResumeHold(ctx context.Context, tx *postgres.Tx, at At, hold broker.ID) (Done, error) {
	return s.changeHold(ctx, tx, at, hold, "resumed", func(desk circulation.Desk, found circulation.Hold) (circulation.HoldOutcome, error) {
		return s.circulation.Resume(ctx, tx, desk, found.HoldRef)
	})
}

// MovePickup changes where a hold is picked up.
func (s *Service) MovePickup(ctx context.Context, tx *postgres.Tx, at At, hold, branch broker.ID) (Done, error) {
	return s.changeHold(ctx, tx, at, hold, "moved", func(desk circulation.Desk, found circulation.Hold) (circulation.HoldOutcome, error) {
		if err := ownBranch(ctx, tx, found.Patron.Library, branch); err != nil {
			return circulation.HoldOutcome{}, err
		}
		return s.circulation.MovePickup(ctx, tx, desk, found.HoldRef, branch)
	})
}

// PermitHold notes that the patron lets another patron of the library take what
// is kept for them; NoID takes that back.
func (s *Service) PermitHold(ctx context.Context, tx *postgres.Tx, at At, hold, other broker.ID) (Done, error) {
	return s.changeHold(ctx, tx, at, hold, "permitted", func(desk circulation.Desk, found circulation.Hold) (circulation.HoldOutcome, error) {
		return s.circulation.Permit(ctx, tx, desk, found.HoldRef, other)
	})
}

// HoldContact notes that the patron asked to keep it longer.
func (s *Service) HoldContact(ctx context.Context, tx *postgres.Tx, at At, hold broker.ID) (Done, error) {
	return s.changeHold(ctx, tx, at, hold, "contact_noted", func(desk circulation.Desk, found circulation.Hold) (circulation.HoldOutcome, error) {
		return s.circulation.NoteContact(ctx, tx, desk, found.HoldRef)
	})
}

// ExtendHold gives something on the hold shelf more time; zero gives as much as
// the policy allows. It is for staff.
func (s *Service) ExtendHold(ctx context.Context, tx *postgres.Tx, at At, hold broker.ID, until broker.Date) (Done, error) {
	if at.Actor.Kind == broker.ActorPatron {
		return Done{}, broker.Forbidden("Only staff can give more time on the hold shelf.")
	}
	return s.changeHold(ctx, tx, at, hold, "extended", func(desk circulation.Desk, found circulation.Hold) (circulation.HoldOutcome, error) {
		return s.circulation.Extend(ctx, tx, desk, found.HoldRef, until)
	})
}

// ExpireHoldOn sets the last day a hold waits to be filled; zero takes it back.
func (s *Service) ExpireHoldOn(ctx context.Context, tx *postgres.Tx, at At, hold broker.ID, day broker.Date) (Done, error) {
	return s.changeHold(ctx, tx, at, hold, "changed", func(desk circulation.Desk, found circulation.Hold) (circulation.HoldOutcome, error) {
		return s.circulation.ExpireOn(ctx, tx, desk, found.HoldRef, day)
	})
}

// ReorderQueue changes the order of a queue of the library.
func (s *Service) ReorderQueue(ctx context.Context, tx *postgres.Tx, at At, in circulation.Reorder) ([]circulation.Hold, error) {
	if at.Actor.Kind == broker.ActorPatron {
		return nil, broker.Forbidden("Only staff can change the order of a queue.")
	}
	desk, err := s.place(ctx, tx, at)
	if err != nil {
		return nil, err
	}
	in.Desk, in.Library = desk, at.Library
	return s.circulation.Reorder(ctx, tx, in)
}

// ClearFromShelf takes something off the hold shelf that was not picked up: the
// staff's decision, or their hand before the night comes. What serves a request
// ends with its request instead (the conflict serves_request).
func (s *Service) ClearFromShelf(ctx context.Context, tx *postgres.Tx, at At, hold broker.ID) (Done, error) {
	if at.Actor.Kind == broker.ActorPatron {
		return Done{}, broker.Forbidden("Only staff can clear the hold shelf.")
	}
	desk, err := s.place(ctx, tx, at)
	if err != nil {
		return Done{}, err
	}
	found, err := circulation.HoldFor(ctx, tx, at.Library, hold)
	if err != nil {
		return Done{}, err
	}
	if found.Request != broker.NoID {
		return Done{}, broker.Conflict("serves_request", "That hold serves a request: end it there.")
	}
	if found.Status.Open() && found.Status != circulation.HoldOnShelf {
		return Done{}, broker.Conflict("not_on_hold_shelf", "That hold is not on the hold shelf: it is %s.", found.Status)
	}
	if found.Item != broker.NoID { // its copy goes to the next, whose request comes before the item
		next, err := circulation.RequestsTouched(ctx, tx, catalog.Ref{Library: found.Library, ID: found.Item}, patrons.Ref{})
		if err != nil {
			return Done{}, err
		}
		if err := engine.Lock(ctx, tx, next...); err != nil {
			return Done{}, err
		}
	}
	outcome, err := s.circulation.TakeOffShelf(ctx, tx, desk, found.HoldRef, circulation.HoldExpired)
	if err != nil {
		return Done{}, err
	}
	return doneOf("cleared", ofHold(outcome)), s.follow(ctx, tx, at, ofHold(outcome), "", nil)
}

// ExpireShelf does one slice of the nightly clearing of a library's hold shelf
// and lets the requests of those who come next go on. Holds put aside are left
// out. It gives how many holds
// ended and the rows that could not be worked.
func (s *Service) ExpireShelf(ctx context.Context, tx *postgres.Tx, at At, limit int, aside []broker.ID) (done []circulation.HoldOutcome, err error) {
	desk, err := s.place(ctx, tx, at)
	if err != nil {
		return nil, err
	}
	done, err = s.circulation.ExpireShelfSlice(ctx, tx, desk, limit, aside)
	if err != nil {
		return nil, err
	}
	told := make([]circulation.Hold, 0, len(done))
	for _, outcome := range done {
		if outcome.Failed != nil {
			continue
		}
		if outcome.Next != nil {
			if _, err := s.fireOrNote(ctx, tx, at, items.CopyGiven(outcome, *outcome.Next, at.Actor)); err != nil {
				return nil, err
			}
		}
		told = append(told, holdsOf(outcome)...)
	}
	return done, s.tellOfHolds(ctx, tx, at, told)
}
