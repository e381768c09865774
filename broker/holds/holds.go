package holds

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Capture gives a copy on the shelf to a hold.
type Capture struct {
	// Desk is where the copy was scanned: a library that owns it.
	Desk standing.Desk
	Item catalog.Ref
	// OutOfTurn names a hold to serve before the first in the queue; Reason says
	// why, and is recorded. Zero serves the first.
	OutOfTurn Ref
	Reason    string
}

// CaptureHold gives a copy to the first in the queue of its title. It goes onto
// the hold shelf if it is to be picked up here, else it is sent there. Serving
// another out of turn needs a reason. It is a conflict when nobody waits, or
// the copy is not here to be given (nobody_waits, item_not_available); one that
// was missing, on order or being made ready is in hand, and so it is. Captured
// again, the copy stays with the hold that has it.
func (s *Service) CaptureHold(ctx context.Context, tx *postgres.Tx, in Capture) (Outcome, error) {
	var item catalog.Item
	var kept, head, asked Hold
	catalog.AskItemLocked(tx, in.Item.Library, in.Item.ID, &item)
	AskCaptured(tx, in.Item, &kept)
	AskHead(tx, in.Desk, in.Item, &head)
	askHold(tx, &asked, `where h.library_id = $1 and h.id = $2 for update of h`, in.OutOfTurn.Library, in.OutOfTurn.ID)
	if err := tx.Flush(ctx); err != nil {
		return Outcome{}, fmt.Errorf("read for a capture: %w", err)
	}
	var out Outcome
	switch {
	case item.ID == broker.NoID:
		return out, broker.NotFound("item")
	case kept.ID != broker.NoID:
		out.Replayed = true
		out.setHold(kept)
		out.SetItem(item)
		out.Say("It is kept for somebody already.")
		return out, nil
	case !item.Status.Loose() || !item.Lendable:
		return out, broker.Conflict("item_not_available", "That item cannot be captured: it is %s.", item.Status.Words())
	case head.ID == broker.NoID:
		return out, broker.Conflict("nobody_waits", "Nobody waits for that title here.")
	}
	if in.OutOfTurn.ID != broker.NoID && in.OutOfTurn != head.Ref {
		if err := outOfTurn(tx, in, item, asked); err != nil {
			return out, err
		}
		head = asked
	}
	next, err := s.nextInLine(ctx, tx, in.Desk, item, head)
	if err != nil {
		return out, err
	}
	if next.ID == broker.NoID {
		return out, broker.Conflict("nobody_waits", "Nobody waits for that title here who may have it now.")
	}
	err = s.forward(ctx, tx, in.Desk, item, next, &out)
	return out, err
}

func outOfTurn(tx *postgres.Tx, in Capture, item catalog.Item, asked Hold) error {
	switch {
	case asked.ID == broker.NoID || asked.Library != item.Library || asked.Title != item.Title:
		return broker.NotFound("hold for that title")
	case asked.Status != Placed:
		return broker.Conflict("hold_not_waiting", "That hold does not wait any more.")
	case in.Reason == "":
		return broker.Invalid(broker.FieldError{
			Pointer: "/reason", Code: "required",
			Message: "giving a copy out of turn needs a reason; others asked first",
		})
	}
	addOverride(tx, asked.Ref, in.Reason, in.Desk.Actor, in.Desk.Now)
	return nil
}

// CancelHold ends a hold that is no longer wanted, whatever its status. A copy
// on the hold shelf goes on to the next; one on its way is placed when it
// arrives. Cancelled again, nothing changes; a hold that ended otherwise is the
// conflict hold_ended.
func (s *Service) CancelHold(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref Ref) (Outcome, error) {
	return s.endHold(ctx, tx, desk, ref, Cancelled, "The hold is cancelled.")
}

// TakeOffShelf ends the hold of something on the hold shelf: nobody picked it
// up in time (Expired), or it was cancelled or recalled (Cancelled). A borrowed
// copy goes back to the status received, to go home, and is never offered to
// another patron; one of our own goes to the next in the queue, home, or to the
// shelf. Done again, nothing changes.
func (s *Service) TakeOffShelf(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref Ref, as Status) (Outcome, error) {
	if as != Expired && as != Cancelled {
		return Outcome{}, broker.Invalid(broker.FieldError{Pointer: "/as", Code: "not_an_end", Message: "must be expired or cancelled"})
	}
	return s.endHold(ctx, tx, desk, ref, as, "Taken off the hold shelf.")
}

func (s *Service) endHold(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref Ref, as Status, said string) (Outcome, error) {
	hold, err := holdWithItem(ctx, tx, ref)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	out.setHold(hold)
	if hold.Status == as {
		out.Replayed = true
		return out, nil
	}
	if !hold.Status.Open() {
		return Outcome{}, broker.Conflict("hold_ended", "That hold is %s already.", hold.Status)
	}
	before := hold
	hold.Status, hold.ClosedAt = as, desk.Now
	moveHold(tx, hold)
	out.setHold(hold)
	out.Say("%s", said)
	err = s.letGo(ctx, tx, desk, before, &out)
	return out, err
}

// clearShelf sends on the item of a hold that has ended, from the hold shelf on
// which it stands.
func (s *Service) clearShelf(ctx context.Context, tx *postgres.Tx, desk standing.Desk, hold Hold, out *Outcome) error {
	var item catalog.Item
	var head Hold
	ref := catalog.Ref{Library: hold.Library, ID: hold.Item}
	catalog.AskItemLocked(tx, ref.Library, ref.ID, &item)
	AskHead(tx, desk, ref, &head)
	if err := tx.Flush(ctx); err != nil {
		return fmt.Errorf("read what was on the hold shelf: %w", err)
	}
	desk, err := shelfOf(ctx, tx, desk, hold)
	if err != nil {
		return err
	}
	document, err := s.Rules(desk)
	if err != nil {
		return err
	}
	facts := shelf.Facts{Match: hold.MatchOf(desk, item)}
	if facts.Owner == rule.OwnerConsortium && shelf.OnShelfExpiry(document, desk.Moment(), facts, false).Action == attributes.ReturnToOwner {
		head = Hold{} // its owner decides who is next
	}
	return s.forward(ctx, tx, desk, item, head, out)
}

// FailHold notes that the copy for a hold was not where it should be, on its
// own shelf or on the hold shelf: it is missing, and the hold keeps its place
// for another copy. Where it serves a request and no other copy is on the
// shelf, it ends unfilled, so that the request can look elsewhere. A hold that
// has another copy, or has ended, is the conflict hold_not_waiting.
func (s *Service) FailHold(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref Ref, missing catalog.Ref) (Outcome, error) {
	item, err := catalog.LoadItem(ctx, tx, missing.Library, missing.ID, true)
	if err != nil {
		return Outcome{}, err
	}
	hold, err := holdWithItem(ctx, tx, ref)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	out.setHold(hold)
	switch {
	case hold.Status == Unfilled:
		out.Replayed = true
		out.SetItem(item)
		return out, nil
	case hold.Status != Placed && hold.Status.Open() && hold.Item == item.ID:
		return s.Remove(ctx, tx, desk, missing, catalog.Missing)
	case hold.Status != Placed:
		return Outcome{}, broker.Conflict("hold_not_waiting", "That hold is %s.", hold.Status)
	}
	if item.Status == catalog.OnShelf && item.Library == hold.Library && item.Title == hold.Title {
		catalog.SetItemStatus(tx, item.Library, item.ID, catalog.Missing)
		item.Status = catalog.Missing
	}
	out.SetItem(item)
	out.Say("Not found: it is %s.", item.Status.Words())
	err = s.waitOn(ctx, tx, desk, hold, &out)
	return out, err
}

// ReceiveTransit notes that a travelling item has arrived at a desk: for a hold
// it goes onto the hold shelf here; otherwise it goes where any item that has
// become free goes. A hold that is picked up here now, wherever its copy was
// sent, is shelved here. A copy that travels for nobody while somebody waits for
// it is theirs at any desk. Else, if this is not where it was sent, it is sent
// on. An item that is not in transit is the conflict not_in_transit.
func (s *Service) ReceiveTransit(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref catalog.Ref) (Outcome, error) {
	var item catalog.Item
	var transit Transit
	var kept, head Hold
	catalog.AskItemLocked(tx, ref.Library, ref.ID, &item)
	AskTransit(tx, ref, &transit)
	AskCaptured(tx, ref, &kept)
	AskHead(tx, desk, ref, &head)
	if err := tx.Flush(ctx); err != nil {
		return Outcome{}, fmt.Errorf("read an arrival: %w", err)
	}
	var out Outcome
	switch {
	case item.ID == broker.NoID:
		return out, broker.NotFound("item")
	case transit.ID == broker.NoID:
		return out, broker.Conflict("not_in_transit", "That item was not on its way: it is %s.", item.Status.Words())
	case kept.ID == broker.NoID && head.ID != broker.NoID && !item.Temporary():
	case kept.Status == InTransit && desk.IsAt(kept.Patron.Library, kept.Pickup):
	case !desk.IsAt(transit.ToLibrary, transit.ToBranch):
		out.Transit, out.NextAct = &transit, standing.SendOn
		out.SetItem(item)
		if kept.ID != broker.NoID {
			out.setHold(kept)
		}
		out.Say("It is on its way to another branch: send it on.")
		return out, nil
	}
	transit.ArrivedAt = desk.Now
	EndTransit(tx, transit, desk.Now)
	out.Transit = &transit
	out.Say("Arrived.")
	if kept.Status == InTransit {
		head = kept
	}
	if err := s.forward(ctx, tx, desk, item, head, &out); err != nil {
		return Outcome{}, err
	}
	return out, nil
}
