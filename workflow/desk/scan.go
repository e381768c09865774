package desk

import (
	"context"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/policy/lending"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/desk/counter"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/items"
	"afield/workflow/requests/lookup"
)

// Scan is one barcode, with the patron at the desk if there is one.
type Scan struct {
	Barcode   string
	Card      string
	Overrides []string
	// Reason is why a rule is passed over.
	Reason string
	// TakeBack takes what is still on another account back before it is lent.
	TakeBack bool
	// Handed is how it came back: Drop is the book-drop mode.
	Handed
}

// Scan looks a barcode up and does what is due with that item. A barcode that
// fits nothing becomes a task for staff, and an item that another library of
// the catalogue must deal with is sent there; neither is an error.
func (s *Service) Scan(ctx context.Context, tx *postgres.Tx, at counter.At, in Scan) (counter.Done, error) {
	return s.counter.Acting(ctx, tx, at, func() (counter.Done, error) { return s.scan(ctx, tx, at, in) })
}

func (s *Service) scan(ctx context.Context, tx *postgres.Tx, at counter.At, in Scan) (counter.Done, error) {
	found, err := s.look(ctx, tx, at, shown{barcode: in.Barcode, card: in.Card})
	if err != nil {
		return counter.Done{}, err
	}
	if found.item.ID == broker.NoID {
		if at, err = s.asOf(ctx, tx, at, &found, in.ScannedAt); err != nil {
			return counter.Done{}, err
		}
		return s.parcel(ctx, tx, at, found.desk, in)
	}
	if in.Card != "" {
		if _, err := found.borrower(in.Card); err != nil {
			return counter.Done{}, err
		}
		return s.lend(ctx, tx, at, found, CheckOut{Shown: lending.ShownCard, TakeBack: in.TakeBack, ScannedAt: in.ScannedAt, Overrides: in.Overrides, Reason: in.Reason})
	}
	if err := s.lockServed(ctx, tx, &found); err != nil {
		return counter.Done{}, err
	}
	if found.loan.ID != broker.NoID || found.item.Status == catalog.OnLoan {
		return s.takeIn(ctx, tx, at, found, in.Handed)
	}
	if at, err = s.asOf(ctx, tx, at, &found, in.ScannedAt); err != nil {
		return counter.Done{}, err
	}
	return s.notLent(ctx, tx, at, found.desk, found.item, in.Barcode)
}

// notLent does what is due with an item in hand that is on nobody's account, by
// where it was recorded to stand.
func (s *Service) notLent(ctx context.Context, tx *postgres.Tx, at counter.At, desk standing.Desk, item catalog.Item, barcode string) (counter.Done, error) {
	switch {
	case item.Status == catalog.InTransit && item.Temporary() && item.Library == at.Library:
		return s.borrowedItem(ctx, tx, at, desk, item)
	case item.Status == catalog.InTransit:
		return s.arrived(ctx, tx, at, desk, item)
	}
	switch item.Status {
	case catalog.OnHoldShelf:
		return s.waits(ctx, tx, at, desk, item)
	case catalog.Received, catalog.OnShelf, catalog.Missing, catalog.GoneHome, catalog.Withdrawn,
		catalog.OnOrder, catalog.InProcess, catalog.Lost, catalog.OnLoan, catalog.InTransit:
	}
	if item.Library != at.Library {
		return s.sendOn(ctx, tx, item, item.Library)
	}
	switch item.Status {
	case catalog.Received:
		return s.borrowedItem(ctx, tx, at, desk, item)
	case catalog.GoneHome:
		return s.again(ctx, tx, at, item.Library, item.Request, barcode)
	case catalog.Withdrawn:
		return counter.Done{
			Did: "nothing", Item: item.ID, Notes: item.NeedsPerson(),
			Message: "That item is withdrawn: put it aside, or mark it as found to put it back into use.",
		}, nil
	case catalog.OnShelf, catalog.Missing, catalog.OnOrder, catalog.InProcess, catalog.Lost,
		catalog.InTransit, catalog.OnLoan, catalog.OnHoldShelf:
	}
	if item.Temporary() && item.Status == catalog.Lost {
		return s.foundAgain(ctx, tx, at, item)
	}
	if item.Temporary() { // never received: whatever its request has come to
		return s.again(ctx, tx, at, item.Library, item.Request, barcode)
	}
	return s.fromShelf(ctx, tx, at, desk, item)
}

// waits reports an item on the hold shelf; at the wrong branch it is sent to
// the right one.
func (s *Service) waits(ctx context.Context, tx *postgres.Tx, at counter.At, desk standing.Desk, item catalog.Item) (counter.Done, error) {
	hold, err := holds.OfItem(ctx, tx, item.Ref())
	if err != nil {
		return counter.Done{}, err
	}
	if hold.Patron.Library != at.Library {
		return s.sendOn(ctx, tx, item, hold.Patron.Library)
	}
	if item.Temporary() && !desk.IsAt(hold.Patron.Library, hold.Pickup) {
		return s.borrowedItem(ctx, tx, at, desk, item)
	}
	outcome, err := s.counter.Holds.FindShelved(ctx, tx, desk, item.Ref())
	if err != nil {
		return counter.Done{}, err
	}
	if outcome.NextAct != standing.SendOn {
		return counter.DoneOf("nothing", counter.OfHold(outcome)), nil
	}
	return counter.DoneOf("sent_on", counter.OfHold(outcome)), s.counter.Given(ctx, tx, at, counter.OfHold(outcome))
}

// sendOn says where to send an item that another library of the catalogue must
// deal with. Nothing is recorded: that library's own scan does it.
func (s *Service) sendOn(ctx context.Context, tx *postgres.Tx, item catalog.Item, to broker.ID) (counter.Done, error) {
	library, err := directory.Load(ctx, tx, to)
	if err != nil {
		return counter.Done{}, err
	}
	return counter.Done{Did: "sent_on", Item: item.ID, Message: "It belongs to " + library.Name + ": send it there, to be scanned at its desk. Nothing was recorded here."}, nil
}

// arrived checks in an item that travelled between branches.
func (s *Service) arrived(ctx context.Context, tx *postgres.Tx, at counter.At, desk standing.Desk, item catalog.Item) (counter.Done, error) {
	outcome, err := s.counter.Holds.ReceiveTransit(ctx, tx, desk, item.Ref())
	if err != nil {
		return counter.Done{}, err
	}
	if outcome.NextAct == standing.SendOn {
		return counter.DoneOf("sent_on", counter.OfHold(outcome)), nil
	}
	did := "checked_in"
	if outcome.Given != nil && outcome.Given.Status == holds.OnHoldShelf {
		did = "shelved"
	}
	if outcome.Next == nil && outcome.Given != nil {
		err = s.counter.Given(ctx, tx, at, counter.OfHold(outcome))
	} else {
		err = s.counter.Follow(ctx, tx, at, counter.OfHold(outcome), "", nil)
	}
	return counter.DoneOf(did, counter.OfHold(outcome)), err
}

// borrowedItem takes the next step for a borrowed copy in hand: onto the hold
// shelf where it is picked up, on its way there from another branch, or home.
func (s *Service) borrowedItem(ctx context.Context, tx *postgres.Tx, at counter.At, desk standing.Desk, item catalog.Item) (counter.Done, error) {
	request, err := s.counter.Requests.Load(ctx, tx, item.Library, item.Request)
	if err != nil {
		return counter.Done{}, err
	}
	table, this := s.counter.Requests.Table(request.Side), workflow.Input{"item": item.ID}
	if !desk.IsAt(request.LibraryID, request.PickupBranchID) && table.Takes(request.State, workflow.EventSendToPickup) {
		done, known, err := s.toPickup(ctx, tx, at, request, item)
		if known || err != nil {
			return done, err
		}
	}
	if item.Status == catalog.InTransit { // here, whether it is shelved now or goes home
		if item, err = holds.Arrive(ctx, tx, desk, item.Ref()); err != nil {
			return counter.Done{}, err
		}
	}
	switch {
	case table.Takes(request.State, workflow.EventShelve):
		fired, err := s.counter.Fire(ctx, tx, at, item.Library, item.Request, workflow.EventShelve, this)
		switch {
		case counter.NotExpected(err):
			return waitsForTheRest(ctx, tx, request, item)
		case err != nil:
			return counter.Done{}, err
		}
		return counter.Done{
			Did: "shelved", Message: "Put it on the hold shelf until " + fired.Request.PickUpBy.String() + ".", Item: item.ID,
			Request: item.Request, PickUpBy: fired.Request.PickUpBy, Undo: string(workflow.EventUnshelve),
		}, nil
	case table.Takes(request.State, workflow.EventShipReturn):
		return s.sendsBack(ctx, tx, at, request, this)
	}
	return waitsForTheRest(ctx, tx, request, item)
}

// toPickup sends a borrowed volume in hand to the branch where its patron picks
// it up; known is false where nothing is to be picked up any more.
func (s *Service) toPickup(ctx context.Context, tx *postgres.Tx, at counter.At, request *engine.Request, item catalog.Item) (done counter.Done, known bool, err error) {
	branches, err := directory.Branches(ctx, tx, request.LibraryID)
	if err != nil {
		return counter.Done{}, false, err
	}
	where := "another branch"
	for _, branch := range branches {
		if branch.ID == request.PickupBranchID {
			where = branch.Name
		}
	}
	done = counter.Done{Did: "sent_on", Item: item.ID, Request: request.ID, Message: "It is to be picked up at " + where + ": send it there."}
	if item.Status == catalog.InTransit {
		transit, err := holds.TransitOf(ctx, tx, item.Ref())
		if err != nil || transit.ToBranch == request.PickupBranchID {
			done.Replayed = true
			return done, true, err
		}
	}
	_, err = s.counter.Fire(ctx, tx, at, request.LibraryID, request.ID, workflow.EventSendToPickup, workflow.Input{"item": item.ID, "from": at.Branch})
	if counter.NotExpected(err) {
		return counter.Done{}, false, nil
	}
	return done, true, err
}

// foundAgain takes in a borrowed volume that the library or the post had lost,
// whether its request waits for that or has ended.
func (s *Service) foundAgain(ctx context.Context, tx *postgres.Tx, at counter.At, item catalog.Item) (counter.Done, error) {
	request, err := s.counter.Requests.Load(ctx, tx, item.Library, item.Request)
	if err != nil {
		return counter.Done{}, err
	}
	event := workflow.EventFound
	if !request.ClosedAt.IsZero() {
		event = workflow.EventReturn
	}
	known, err := s.counter.FireOrNote(ctx, tx, at, engine.Firing{
		Library: item.Library, Request: item.Request, Event: event, Input: workflow.Input{"item": item.ID},
		By: workflow.ByDesk, Actor: at.Actor, Cause: engine.Cause{Kind: "desk"},
	})
	done := counter.Done{Did: "checked_in", Item: item.ID, Request: item.Request, Message: "Found again: scan it once more to send it back to its lender."}
	if !known {
		done.Message = "It was lost, and its request has moved on: put it aside, a task is open."
	}
	return done, err
}

// sendsBack sends a borrowed volume home, and says what is still missing of it.
func (s *Service) sendsBack(ctx context.Context, tx *postgres.Tx, at counter.At, request *engine.Request, this workflow.Input) (counter.Done, error) {
	fired, err := s.counter.Fire(ctx, tx, at, request.LibraryID, request.ID, workflow.EventShipReturn, this)
	if err != nil {
		return counter.Done{}, err
	}
	item, _ := this["item"].(broker.ID)
	done := counter.Done{Did: "shipped", Message: "Send it back to its lender.", Item: item, Request: request.ID}
	if fired.Request.State != request.State {
		done.Undo = string(workflow.EventUndo)
	}
	if !request.ClosedAt.IsZero() { // it turned up after its request was settled
		done.Message = "Its request has ended: send it back to its lender, and settle it with them."
	}
	volumes, err := engine.VolumesOf(ctx, tx, request.LibraryID, request.ID)
	if rest := volumes.In(workflow.InLibrary); err == nil && len(rest) > 0 {
		done.Message = "Send it back to its lender, together with " + items.Names(rest) + ": scan that, too."
	}
	return done, err
}

// waitsForTheRest answers the scan of a borrowed volume with which nothing is
// due: mostly the patron has another one of the same request, and they go home
// together.
func waitsForTheRest(ctx context.Context, tx *postgres.Tx, request *engine.Request, item catalog.Item) (counter.Done, error) {
	volumes, err := engine.VolumesOf(ctx, tx, request.LibraryID, request.ID)
	if err != nil {
		return counter.Done{}, err
	}
	message := "Nothing is due with that item; its request is " + string(request.State) + "."
	if out := volumes.In(workflow.InHands); len(out) > 0 {
		message = "Keep it until the patron brings " + items.Names(out) + ": they go back together."
	}
	return counter.Done{Did: "nothing", Message: message, Item: item.ID, Request: item.Request}, nil
}

// fromShelf finds who wants a copy that nobody had: another library that was
// promised it, or the first in the queue. A copy that was missing, lost, on order
// or being made ready is here now.
func (s *Service) fromShelf(ctx context.Context, tx *postgres.Tx, at counter.At, desk standing.Desk, item catalog.Item) (counter.Done, error) {
	was := item.Status
	if err := s.found(ctx, tx, at, &item); err != nil {
		return counter.Done{}, err
	}
	barcode := workflow.Input{"barcode": item.Barcode}
	table := s.counter.Requests.Table(workflow.SideLending)
	lending, err := lookup.ToShip(ctx, tx, table, item.Library, item.ID)
	if err != nil {
		return counter.Done{}, err
	}
	if lending != broker.NoID {
		if _, err := s.counter.Fire(ctx, tx, at, item.Library, lending, workflow.EventShip, barcode); err != nil {
			return counter.Done{}, err
		}
		return counter.Done{Did: "shipped", Message: "Send it to the borrowing library.", Item: item.ID, Request: lending}, nil
	}
	lending, err = lookup.ToPull(ctx, tx, table, item.Library, item.ID, item.Title, item.Lendable)
	if err != nil {
		return counter.Done{}, err
	}
	if lending != broker.NoID {
		fired, err := s.counter.Fire(ctx, tx, at, item.Library, lending, workflow.EventFoundOnShelf, barcode)
		if err != nil {
			return counter.Done{}, err
		}
		message := "Found for another library; scan it again when it is packed."
		if fired.Request.Service == "copy" {
			message = "Found for another library: make the copy, put this back on its shelf, and note on the request when the copy is delivered."
		}
		return counter.Done{Did: "pulled", Message: message, Item: item.ID, Request: lending}, nil
	}
	outcome, err := s.counter.Holds.CaptureHold(ctx, tx, holds.Capture{Desk: desk, Item: item.Ref()})
	if ours, ok := broker.AsError(err); ok && (ours.Code == "nobody_waits" || !item.Lendable) {
		return s.nobodyWaits(ctx, tx, desk, item, was)
	}
	if err != nil {
		return counter.Done{}, err
	}
	done := counter.DoneOf("captured", counter.OfHold(outcome))
	done.Message = turnedUp(was) + done.Message
	return done, s.counter.Given(ctx, tx, at, counter.OfHold(outcome))
}

// nobodyWaits says where a copy in hand goes that nobody wants: to its shelf, or
// home to its branch.
func (s *Service) nobodyWaits(ctx context.Context, tx *postgres.Tx, desk standing.Desk, item catalog.Item, was catalog.ItemStatus) (counter.Done, error) {
	if desk.IsAt(item.Library, item.Branch) {
		message := turnedUp(was) + "Nobody waits for it; put it on its shelf."
		return counter.Done{Did: "nothing", Message: message, Item: item.ID, Notes: item.NeedsPerson()}, nil
	}
	outcome, err := s.counter.Holds.Forward(ctx, tx, desk, item, holds.Hold{})
	if err != nil {
		return counter.Done{}, err
	}
	done := counter.DoneOf("sent_on", counter.OfHold(outcome))
	done.Message = turnedUp(was) + done.Message
	return done, nil
}

// found puts an item of ours that turned up back on its shelf. Those who had
// nothing to wait for have something again.
func (s *Service) found(ctx context.Context, tx *postgres.Tx, at counter.At, item *catalog.Item) error {
	now, err := catalog.LoadItem(ctx, tx, item.Library, item.ID, true)
	if err != nil {
		return err
	}
	switch now.Status {
	case catalog.Missing, catalog.Lost, catalog.OnOrder, catalog.InProcess:
		now.Status = catalog.OnShelf
		catalog.SetItemStatus(tx, item.Library, item.ID, now.Status)
	case catalog.OnShelf, catalog.OnHoldShelf, catalog.OnLoan, catalog.InTransit, catalog.Received, catalog.Withdrawn, catalog.GoneHome:
	}
	stood := item.Status == now.Status
	if *item = now; stood || now.Title == broker.NoID {
		return nil
	}
	_, err = s.counter.Watch(ctx, tx, at, now.Library, now.Title)
	return err
}

// turnedUp says that a copy in hand was recorded not to be here.
func turnedUp(was catalog.ItemStatus) string {
	switch was {
	case catalog.Missing, catalog.Lost:
		return "It was marked " + was.Words() + "; it is found. "
	case catalog.OnOrder, catalog.InProcess:
		return "It was " + was.Words() + "; it is here. "
	case catalog.OnShelf, catalog.OnHoldShelf, catalog.OnLoan, catalog.InTransit, catalog.Received, catalog.Withdrawn, catalog.GoneHome:
	}
	return ""
}
