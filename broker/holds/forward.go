package holds

import (
	"context"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/policy/shelf"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Forward sends an item that has become free at a desk to where it belongs: to
// who waits for it, to its shelf, home, or to its lender. head is the first in
// its queue, as AskHead found it.
func (s *Service) Forward(ctx context.Context, tx *postgres.Tx, desk standing.Desk, item catalog.Item, head Hold) (Outcome, error) {
	var out Outcome
	err := s.forward(ctx, tx, desk, item, head, &out)
	return out, err
}

// forward sends on an item that has become free, and writes everything that
// follows: status, hold, transit. head is the hold that has it already or is
// first in the queue; a blocked patron is passed over.
func (s *Service) forward(ctx context.Context, tx *postgres.Tx, desk standing.Desk, item catalog.Item, head Hold, out *Outcome) error {
	if err := s.direct(ctx, tx, desk, item, head, out); err != nil {
		return err
	}
	catalog.SetItemStatus(tx, out.Item.Library, out.Item.ID, out.Item.Status)
	return nil
}

// direct is forward without writing the item's status: it is in the outcome,
// for the caller to write, many at once where there are many.
func (s *Service) direct(ctx context.Context, tx *postgres.Tx, desk standing.Desk, item catalog.Item, head Hold, out *Outcome) error {
	if head.Status == Placed {
		next, err := s.nextInLine(ctx, tx, desk, item, head)
		if err != nil {
			return err
		}
		if head = next; head.ID != broker.NoID {
			noteJump(tx, desk, head)
		}
	}
	out.Warnings = append(out.Warnings, item.NeedsPerson()...)
	switch whereTo(desk, item, head) {
	case toLender:
		item.Status = catalog.Received
		out.NextAct = standing.ShipToLender
		out.Say("It goes home to its lender.")
	case toHoldShelf:
		desk, err := desk.WithOpening(ctx, tx)
		if err != nil {
			return err
		}
		shelved, err := s.toShelf(desk, item, head, broker.Date{})
		if err != nil {
			return err
		}
		moveHold(tx, shelved.Hold)
		item.Status = catalog.OnHoldShelf
		out.give(shelved.Hold)
		out.Warnings = append(out.Warnings, shelved.Notes...)
		out.NextAct = standing.PutOnHoldShelf
		out.Say("Somebody waits for it: put it on the hold shelf until %s.", shelved.Hold.PickUpBy)
	case toPickup:
		head.Status, head.Item, head.CapturedAt = InTransit, item.ID, desk.Now
		moveHold(tx, head)
		item.Status = catalog.InTransit
		out.give(head)
		out.send(tx, Transit{
			Library: item.Library, ID: broker.NewID(), Item: item.ID, ToLibrary: head.Patron.Library,
			ToBranch: head.Pickup, Hold: head.ID, SentAt: desk.Now, FromLibrary: desk.Library.ID, FromBranch: desk.Branch,
		})
		out.Say("Somebody waits for it elsewhere: send it there.")
	case toBorrower, toHome:
		item.Status = catalog.InTransit
		out.send(tx, Transit{
			Library: item.Library, ID: broker.NewID(), Item: item.ID, ToLibrary: item.Library,
			ToBranch: item.Branch, SentAt: desk.Now, FromLibrary: desk.Library.ID, FromBranch: desk.Branch,
		})
		out.Say("It belongs elsewhere: send it there.")
	case toShelf:
		item.Status = catalog.OnShelf
		out.NextAct = standing.PutOnShelf
		out.Say("Put it back on the shelf.")
	}
	out.SetItem(item)
	return nil
}

// shelved is a hold that reached the hold shelf, with what staff should know.
type shelved struct {
	Hold  Hold
	Notes []broker.Reason
}

// toShelf puts a hold on the hold shelf, for as long as the desk's policy says,
// by the desk's calendar, and the lender's due date allows.
func (s *Service) toShelf(desk standing.Desk, item catalog.Item, hold Hold, lenderDue broker.Date) (shelved, error) {
	document, err := s.Rules(desk)
	if err != nil {
		return shelved{}, err
	}
	decision := shelf.Until(document, desk.Moment(), shelf.Facts{Match: hold.MatchOf(desk, item), Arrived: desk.Today(), LenderDue: lenderDue})
	if hold.CapturedAt.IsZero() {
		hold.CapturedAt = desk.Now
	}
	if hold.Pickup == broker.NoID {
		hold.Pickup = desk.Branch // any branch would do, and it is this one
	}
	hold.Status, hold.Item, hold.OnShelfAt, hold.PickUpBy = OnHoldShelf, item.ID, desk.Now, decision.Until
	return shelved{hold, decision.Notes}, nil
}

// destination is where a free item goes from a desk.
type destination string

const (
	toHoldShelf destination = "hold shelf"        // here, for the first in the queue
	toPickup    destination = "pick-up branch"    // elsewhere, for the first in the queue
	toLender    destination = "lender"            // a borrowed copy, at its library
	toBorrower  destination = "borrowing library" // a borrowed copy, elsewhere
	toHome      destination = "home"              // to its own branch
	toShelf     destination = "shelf"             // its own, here
)

// whereTo says where an item that has become free at a desk goes. head is the
// first in the queue of its title; its id is NoID when nobody waits. A borrowed
// copy is never given to a local hold: it goes home.
func whereTo(desk standing.Desk, item catalog.Item, head Hold) destination {
	switch {
	case item.Temporary() && item.Library == desk.Library.ID:
		return toLender
	case item.Temporary():
		return toBorrower
	case head.ID != broker.NoID && desk.IsAt(head.Patron.Library, head.Pickup):
		return toHoldShelf
	case head.ID != broker.NoID:
		return toPickup
	case desk.IsAt(item.Library, item.Branch):
		return toShelf
	}
	return toHome
}
