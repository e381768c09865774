package closures

import (
	"context"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/desk/counter"
	"afield/workflow/requests/engine"
)

// Closed is what came of entering a closure into the calendar.
type Closed struct {
	Closure  directory.Closure
	Replayed bool
	// Moved is what happened to things due on its days.
	Moved loans.Moved
}

// Close closes a library, or one branch, for some days, and moves what was due
// then where the policy says so; things on the hold shelf get back the pick-up
// days they would lose. Closing the same days again with the same kind changes
// nothing. With dryRun it only tells what would move.
func (s *Service) Close(ctx context.Context, tx *postgres.Tx, at counter.At, closure directory.Closure, dryRun bool) (Closed, error) {
	closure.Library, closure.By, closure.PutAt = at.Library, at.Actor, at.Now
	made, replayed, err := directory.Close(ctx, tx, closure)
	if err != nil {
		return Closed{}, err
	}
	desk, err := s.counter.Desk(ctx, tx, at) // with the closure in its calendar
	if err != nil {
		return Closed{}, err
	}
	if !dryRun && !replayed {
		if err := s.lengthenShelf(ctx, tx, desk, made.From); err != nil {
			return Closed{}, err
		}
	}
	moved, err := s.counter.Loans.RelieveClosure(ctx, tx, desk, made, dryRun)
	if err == nil && !dryRun {
		err = s.carryThrough(ctx, tx, at, moved.Moves)
	}
	return Closed{Closure: made, Replayed: replayed, Moved: moved}, err
}

// carryThrough takes over the new due dates of loans into the requests they
// serve, and tells the patrons; of what we lent to another library, that library.
func (s *Service) carryThrough(ctx context.Context, tx *postgres.Tx, at counter.At, moved []loans.Loan) error {
	told := map[standing.RequestRef]bool{}
	for _, loan := range moved {
		served := loan.Serves()
		switch {
		case served == nil || told[*served]:
		case loan.Terms.Class == patrons.ClassLibrary:
			told[*served] = true // all its volumes are due on one day
			_, err := s.counter.FireOrNote(ctx, tx, at, engine.Firing{
				Library: served.Library, Request: served.Request, Event: workflow.EventCorrectDue, Input: workflow.Input{"due": loan.DueOn},
				By: workflow.BySystem, Actor: at.Actor, Cause: engine.Cause{Kind: "desk"},
			})
			if err != nil {
				return err
			}
		default:
			engine.MoveDue(tx, served.Library, served.Request, loan.DueOn, loan.DueAt)
		}
	}
	return counter.TellMoved(ctx, tx, at, moved)
}

// lengthenShelf gives things on the hold shelf back their pick-up days:
// requests are locked before holds.
func (s *Service) lengthenShelf(ctx context.Context, tx *postgres.Tx, desk standing.Desk, from broker.Date) error {
	if err := s.counter.Requests.LengthenShelf(ctx, tx, desk, from); err != nil {
		return err
	}
	_, err := s.counter.Holds.LengthenShelf(ctx, tx, desk, from)
	return err
}

// Reopen takes a closure back, and with it the due dates it moved.
func (s *Service) Reopen(ctx context.Context, tx *postgres.Tx, at counter.At, closure broker.ID) (directory.Closure, loans.Reversed, error) {
	cancelled, err := directory.Reopen(ctx, tx, at.Library, closure, at.Actor, at.Now)
	if err != nil {
		return cancelled, loans.Reversed{}, err
	}
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return cancelled, loans.Reversed{}, err
	}
	reversed, err := s.counter.Loans.UndoRelief(ctx, tx, desk, cancelled)
	if err == nil {
		err = s.carryThrough(ctx, tx, at, reversed.Moves)
	}
	return cancelled, reversed, err
}

// AdjustDueDates moves many due dates at once because somebody decided so.
func (s *Service) AdjustDueDates(ctx context.Context, tx *postgres.Tx, at counter.At, in loans.AdjustDueDates) (loans.Moved, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return loans.Moved{}, err
	}
	in.Desk = desk
	moved, err := s.counter.Loans.AdjustDueDates(ctx, tx, in)
	if err == nil && !in.DryRun {
		err = s.carryThrough(ctx, tx, at, moved.Moves)
	}
	return moved, err
}

// ReverseAdjustment gives the loans of an adjustment their old dates back.
func (s *Service) ReverseAdjustment(ctx context.Context, tx *postgres.Tx, at counter.At, adjustment broker.ID, reason string, dryRun bool) (loans.Reversed, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return loans.Reversed{}, err
	}
	reversed, err := s.counter.Loans.ReverseAdjustment(ctx, tx, desk, adjustment, reason, dryRun)
	if err == nil && !dryRun {
		err = s.carryThrough(ctx, tx, at, reversed.Moves)
	}
	return reversed, err
}
