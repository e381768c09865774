package circulation

import (
	"context"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/policy/shelf"
	"afield/broker/postgres"
)

// place sends an item that has come free at a desk where it belongs, and writes
// down everything that follows: status, hold, transit. head is who has it
// already or is first in the queue; one who is blocked is passed by.
func (c *Circulation) place(ctx context.Context, tx *postgres.Tx, desk Desk, item catalog.Item, head Hold, out *Outcome) error {
	if err := c.route(ctx, tx, desk, item, head, out); err != nil {
		return err
	}
	catalog.SetItemStatus(tx, out.Item.Library, out.Item.ID, out.Item.Status)
	return nil
}

// route is place but for the item's status, which the outcome has and the caller
// writes: many at once where there are many.
func (c *Circulation) route(ctx context.Context, tx *postgres.Tx, desk Desk, item catalog.Item, head Hold, out *Outcome) error {
	if head.Status == HoldPlaced {
		next, err := c.nextInLine(ctx, tx, desk, item.Ref(), head)
		if err != nil {
			return err
		}
		if head = next; head.ID != broker.NoID {
			noteJump(tx, desk, head)
		}
	}
	switch whereTo(desk, item, head) {
	case toLender:
		item.Status = catalog.Received
		out.NextAct = ShipToLender
		out.say("It goes home to its lender.")
	case toHoldShelf:
		desk, err := withOpening(ctx, tx, desk)
		if err != nil {
			return err
		}
		shelved, err := c.toShelf(desk, item, head, broker.Date{})
		if err != nil {
			return err
		}
		moveHold(tx, shelved.Hold)
		item.Status = catalog.OnHoldShelf
		out.give(shelved.Hold)
		out.Warnings = append(out.Warnings, shelved.Notes...)
		out.NextAct = PutOnHoldShelf
		out.say("Somebody waits for it: put it on the hold shelf until %s.", shelved.Hold.PickUpBy)
	case toPickup:
		head.Status, head.Item, head.CapturedAt = HoldInTransit, item.ID, desk.Now
		moveHold(tx, head)
		item.Status = catalog.InTransit
		out.give(head)
		out.send(tx, Transit{
			Library: item.Library, ID: broker.NewID(), Item: item.ID, ToLibrary: head.Patron.Library,
			ToBranch: head.Pickup, Hold: head.ID, SentAt: desk.Now,
		})
		out.say("Somebody waits for it elsewhere: send it there.")
	case toBorrower, toHome:
		item.Status = catalog.InTransit
		out.send(tx, Transit{
			Library: item.Library, ID: broker.NewID(), Item: item.ID, ToLibrary: item.Library,
			ToBranch: item.Branch, SentAt: desk.Now,
		})
		out.say("It belongs elsewhere: send it there.")
	case toShelf:
		item.Status = catalog.OnShelf
		out.NextAct = PutOnShelf
		out.say("Put it back on the shelf.")
	}
	out.setItem(item)
	return nil
}

// give notes that an item went to a hold. Where another loan or hold was acted
// on, the hold's request is the next one.
func (o *Outcome) give(hold Hold) {
	o.Given = &hold
	if o.Loan == nil && (o.Hold == nil || o.Hold.HoldRef == hold.HoldRef) {
		o.setHold(hold)
		return
	}
	o.Next = hold.Serves()
}

func (o *Outcome) send(tx *postgres.Tx, transit Transit) {
	addTransit(tx, transit)
	o.Transit = &transit
	o.NextAct = SendOn
}

// shelved is a hold that reached the hold shelf, with what staff should know.
type shelved struct {
	Hold  Hold
	Notes []broker.Reason
}

// withOpening gives the desk the calendar of its branch, by which things wait on
// its hold shelf.
func withOpening(ctx context.Context, tx *postgres.Tx, desk Desk) (Desk, error) {
	if desk.Opening != nil || desk.Branch == broker.NoID {
		return desk, nil
	}
	branches, err := directory.Branches(ctx, tx, desk.Library.ID)
	return deskOf(desk, branches, desk.Branch), err
}

// toShelf gives a hold its place on the hold shelf, for as long as the desk's
// policy says on the desk's calendar and the lender's due date allows.
func (c *Circulation) toShelf(desk Desk, item catalog.Item, hold Hold, lenderDue broker.Date) (shelved, error) {
	document, err := c.Rules(desk)
	if err != nil {
		return shelved{}, err
	}
	decision := shelf.Until(document, desk.moment(), shelf.Facts{
		Owner: ownerOf(item, desk), Class: hold.Class,
		Item: item.Type, Arrived: desk.today(), LenderDue: lenderDue,
	})
	if hold.CapturedAt.IsZero() {
		hold.CapturedAt = desk.Now
	}
	if hold.Pickup == broker.NoID {
		hold.Pickup = desk.Branch // any branch would do, and it is this one
	}
	hold.Status, hold.Item, hold.OnShelfAt, hold.PickUpBy = HoldOnShelf, item.ID, desk.Now, decision.Until
	return shelved{hold, decision.Notes}, nil
}
