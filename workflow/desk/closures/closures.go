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
	// Shelf counts the things on the hold shelf that are kept longer, Told the
	// patrons who are told of a new due date.
	Shelf, Told int
}

// Close closes a library, or one branch, for some days, and moves what was due
// then where the policy says so; things on the hold shelf get back the pick-up
// days they would lose. Closing the same days again with the same kind changes
// nothing.
func (s *Service) Close(ctx context.Context, tx *postgres.Tx, at counter.At, closure directory.Closure) (Closed, error) {
	closure.Library, closure.By, closure.PutAt = at.Library, at.Actor, at.Now
	made, replayed, err := directory.Close(ctx, tx, closure)
	if err != nil {
		return Closed{}, err
	}
	closed := Closed{Closure: made, Replayed: replayed}
	desk, err := s.counter.Desk(ctx, tx, at) // with the closure in its calendar
	if err != nil {
		return Closed{}, err
	}
	if !replayed {
		if closed.Shelf, err = s.lengthenShelf(ctx, tx, desk, made.From); err != nil {
			return Closed{}, err
		}
	}
	if closed.Moved, err = s.counter.Loans.RelieveClosure(ctx, tx, desk, made); err == nil {
		closed.Told, err = s.carryThrough(ctx, tx, at, closed.Moved.Moves)
	}
	return closed, err
}

// WouldClose tells what Close would do, by doing it and taking it back.
func (s *Service) WouldClose(ctx context.Context, tx *postgres.Tx, at counter.At, closure directory.Closure) (Closed, error) {
	closed, err := tried(ctx, tx, func() (Closed, error) { return s.Close(ctx, tx, at, closure) })
	if !closed.Replayed {
		closed.Closure.ID, closed.Moved.ID = broker.NoID, broker.NoID
	}
	return closed, err
}

// tried does something and takes it back.
func tried[R any](ctx context.Context, tx *postgres.Tx, do func() (R, error)) (R, error) {
	var none R
	inner, err := tx.Begin(ctx)
	if err != nil {
		return none, err
	}
	done, err := do()
	if err == nil {
		err = tx.Flush(ctx) // what the database would refuse is told now
	}
	if undone := inner.Rollback(ctx); err == nil {
		err = undone
	}
	return done, err
}

// carryThrough takes over the new due dates of loans into the requests they
// serve, and tells the patrons, whom it counts; of what we lent to another library,
// that library.
func (s *Service) carryThrough(ctx context.Context, tx *postgres.Tx, at counter.At, moved []loans.Loan) (int, error) {
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
				return 0, err
			}
		default:
			engine.MoveDue(tx, served.Library, served.Request, loan.DueOn, loan.DueAt)
		}
	}
	return counter.TellMoved(ctx, tx, at, moved)
}

// lengthenShelf gives things on the hold shelf back their pick-up days:
// requests are locked before holds.
func (s *Service) lengthenShelf(ctx context.Context, tx *postgres.Tx, desk standing.Desk, from broker.Date) (int, error) {
	requested, err := s.counter.Requests.LengthenShelf(ctx, tx, desk, from)
	if err != nil {
		return 0, err
	}
	held, err := s.counter.Holds.LengthenShelf(ctx, tx, desk, from)
	return requested + held, err
}

// Reopened is what came of taking a closure back.
type Reopened struct {
	Closure directory.Closure
	loans.Reversed
	// Told counts the patrons who are told of their due date.
	Told int
}

// Reopen takes a closure back, and with it the due dates it moved.
func (s *Service) Reopen(ctx context.Context, tx *postgres.Tx, at counter.At, closure broker.ID) (Reopened, error) {
	cancelled, err := directory.Reopen(ctx, tx, at.Library, closure, at.Actor, at.Now)
	reopened := Reopened{Closure: cancelled}
	if err != nil {
		return reopened, err
	}
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return reopened, err
	}
	if reopened.Reversed, err = s.counter.Loans.UndoRelief(ctx, tx, desk, cancelled); err == nil {
		reopened.Told, err = s.carryThrough(ctx, tx, at, reopened.Moves)
	}
	return reopened, err
}

// WouldReopen tells what Reopen would do, by doing it and taking it back.
func (s *Service) WouldReopen(ctx context.Context, tx *postgres.Tx, at counter.At, closure broker.ID) (Reopened, error) {
	return tried(ctx, tx, func() (Reopened, error) { return s.Reopen(ctx, tx, at, closure) })
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
		_, err = s.carryThrough(ctx, tx, at, moved.Moves)
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
		_, err = s.carryThrough(ctx, tx, at, reversed.Moves)
	}
	return reversed, err
}
