package desk

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/desk/counter"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/lookup"
)

// TakeBack is an item that comes back, by its loan or its barcode.
type TakeBack struct {
	Loan    broker.ID
	Barcode string
	Handed
}

// Handed is how an item came back.
type Handed struct {
	// Drop is set for an item found in the book drop.
	Drop bool
	// Backdate is the day the return counts for, where staff say.
	Backdate broker.Date
	// ScannedAt is when it was scanned, where that is entered later; zero is now.
	ScannedAt time.Time
	// Amnesty forgives the fines for lateness.
	Amnesty bool
	// InLibrary is set for a claimed item found on the library's own shelves.
	InLibrary bool
	// Parts is what staff counted, for an item of several pieces.
	Parts returns.Parts
	// Ruined is set for an item that cannot be lent again: it is given to nobody
	// who waits.
	Ruined bool
}

// TakeBack takes an item in. One named by its barcode that is on nobody's account
// is in hand all the same, and what is due with it is done: what was on its way
// has arrived, what was not here is.
func (s *Service) TakeBack(ctx context.Context, tx *postgres.Tx, at counter.At, in TakeBack) (counter.Done, error) {
	return s.counter.Acting(ctx, tx, at, func() (counter.Done, error) { return s.comeBack(ctx, tx, at, in) })
}

func (s *Service) comeBack(ctx context.Context, tx *postgres.Tx, at counter.At, in TakeBack) (counter.Done, error) {
	found, err := s.comesBack(ctx, tx, at, in)
	if err != nil {
		return counter.Done{}, err
	}
	if err := s.lockServed(ctx, tx, &found); err != nil {
		return counter.Done{}, err
	}
	if in.Loan == broker.NoID && found.loan.ID == broker.NoID {
		switch found.item.Status {
		case catalog.InTransit, catalog.Missing, catalog.Lost, catalog.OnOrder, catalog.InProcess, catalog.Withdrawn:
			if at, err = s.asOf(ctx, tx, at, &found, in.ScannedAt); err != nil {
				return counter.Done{}, err
			}
			return s.notLent(ctx, tx, at, found.desk, found.item, in.Barcode)
		case catalog.Received, catalog.OnHoldShelf:
			if done, known, err := s.elsewhere(ctx, tx, at, found); known || err != nil {
				return done, err
			}
		case catalog.OnShelf, catalog.OnLoan, catalog.GoneHome: // scanned again
		}
	}
	return s.takeIn(ctx, tx, at, found, in.Handed)
}

// elsewhere sends on a borrowed copy that is checked in at another branch than
// where it is to be picked up; known is false where nothing is to be sent on.
func (s *Service) elsewhere(ctx context.Context, tx *postgres.Tx, at counter.At, found inHand) (done counter.Done, known bool, err error) {
	if !found.item.Temporary() || found.item.Library != at.Library {
		return done, false, nil
	}
	request, err := s.counter.Requests.Load(ctx, tx, found.item.Library, found.item.Request)
	table := s.counter.Requests.Table(workflow.SideBorrowing)
	if err != nil || found.desk.IsAt(request.LibraryID, request.PickupBranchID) || !table.Takes(request.State, workflow.EventSendToPickup) {
		return done, false, err
	}
	return s.toPickup(ctx, tx, at, request, found.item)
}

// comesBack looks at what comes back, by its barcode or its loan.
func (s *Service) comesBack(ctx context.Context, tx *postgres.Tx, at counter.At, in TakeBack) (inHand, error) {
	if in.Loan == broker.NoID {
		found, err := s.look(ctx, tx, at, shown{barcode: in.Barcode})
		if err == nil && found.item.ID == broker.NoID {
			err = broker.NotFound("item")
		}
		return found, err
	}
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return inHand{}, err
	}
	loan, err := loans.ByID(ctx, tx, loans.Ref{Library: at.Library, ID: in.Loan})
	if err != nil {
		return inHand{}, err
	}
	item, err := catalog.LoadItem(ctx, tx, loan.Item.Library, loan.Item.ID, false)
	if err != nil {
		return inHand{}, err
	}
	return holding(ctx, tx, desk, item, patrons.Patron{})
}

// takeIn takes in an item that was lent: from a patron, or home from another
// library. Something in hand is always taken in, whatever its request expects.
func (s *Service) takeIn(ctx context.Context, tx *postgres.Tx, at counter.At, found inHand, handed Handed) (counter.Done, error) {
	desk, item, loan := found.desk, found.item, found.loan
	in := returns.Return{
		Desk: desk, Item: item.Ref(), Drop: handed.Drop, Backdate: handed.Backdate, ScannedAt: handed.ScannedAt, Amnesty: handed.Amnesty,
		InLibrary: handed.InLibrary, Parts: handed.Parts, Ruined: handed.Ruined,
	}
	if loan.ID != broker.NoID {
		in.Loan = &loan
	}
	if served := loan.Serves(); served != nil {
		side, err := lookup.SideOf(ctx, tx, served.Library, served.Request)
		if err != nil {
			return counter.Done{}, err
		}
		if side == workflow.SideLending {
			return s.homeAgain(ctx, tx, at, found, *served)
		}
	}
	outcome, err := s.counter.Returns.Return(ctx, tx, in)
	if err != nil {
		return counter.Done{}, err
	}
	err = s.counter.Follow(ctx, tx, at, outcome, workflow.EventReturn, nil)
	if err == nil && loan.Status == loans.Lost { // a copy that nobody expected is back
		err = s.counter.WatchItem(ctx, tx, at, outcome)
	}
	return counter.DoneOf("checked_in", outcome), err
}

// homeAgain checks in an item of ours that another library had, however long
// ago its request was settled. At another desk of the catalogue it is sent on.
func (s *Service) homeAgain(ctx context.Context, tx *postgres.Tx, at counter.At, found inHand, lending standing.RequestRef) (counter.Done, error) {
	desk, item := found.desk, found.item
	if item.Library != at.Library {
		return s.seenElsewhere(ctx, tx, at, item, lending)
	}
	known, err := s.counter.FireOrNote(ctx, tx, at, engine.Firing{
		Library: lending.Library, Request: lending.Request, Event: workflow.EventReceiveReturn, Input: workflow.Input{"item": item.ID},
		By: workflow.ByDesk, Actor: at.Actor, Cause: engine.Cause{Kind: "desk"},
	})
	if err != nil {
		return counter.Done{}, err
	}
	done := counter.Done{Did: "returned_home", Message: "Home again from the borrowing library; put it back on its shelf.", Item: item.ID, Request: lending.Request}
	if !known {
		outcome, err := s.counter.Returns.Return(ctx, tx, returns.Return{Desk: desk, Item: item.Ref()})
		if err != nil {
			return counter.Done{}, err
		}
		if err := s.counter.Follow(ctx, tx, at, outcome, "", nil); err != nil {
			return counter.Done{}, err
		}
	}
	hold, err := holds.OfItem(ctx, tx, item.Ref())
	if broker.IsKind(err, broker.KindNotFound) {
		return done, nil
	}
	if err != nil {
		return counter.Done{}, err
	}
	done.Hold, done.PickUpBy = &hold, hold.PickUpBy
	done.Message = "Home again from the borrowing library, and somebody waits for it elsewhere: send it there."
	if hold.Status == holds.OnHoldShelf {
		done.Message = "Home again from the borrowing library, and somebody waits for it: put it on the hold shelf until " + hold.PickUpBy.String() + "."
	}
	return done, nil
}

// seenElsewhere sends on an item that another library of the catalogue lent to
// a library outside, and that was handed in here. What that library had is on its
// way home; what has not reached it yet is none of this desk's business.
func (s *Service) seenElsewhere(ctx context.Context, tx *postgres.Tx, at counter.At, item catalog.Item, lending standing.RequestRef) (counter.Done, error) {
	tx.Widen(lending.Library)
	volumes, err := engine.VolumesOf(ctx, tx, lending.Library, lending.Request)
	if err != nil {
		return counter.Done{}, err
	}
	done, err := s.sendOn(ctx, tx, item, item.Library)
	if volume := volumes.OfItem(item.ID); err != nil || volume == nil || volume.Custody != workflow.InLibrary {
		return done, err
	}
	_, err = s.counter.FireOrNote(ctx, tx, at, engine.Firing{
		Library: lending.Library, Request: lending.Request, Event: workflow.EventBorrowerReturned, Input: workflow.Input{"item": item.ID},
		By: workflow.BySystem, Actor: at.Actor, Cause: engine.Cause{Kind: "desk"},
	})
	done.Message = "It was lent to another library by its owner, and is on its way home: send it on. Its owner's loan says so now."
	return done, err
}
