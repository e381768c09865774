package holds

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/policy/shelf"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// openHold reads a hold that has not ended, under its lock.
func openHold(ctx context.Context, tx *postgres.Tx, ref Ref) (Hold, Outcome, error) {
	hold, err := holdWithItem(ctx, tx, ref)
	if err != nil {
		return hold, Outcome{}, err
	}
	if !hold.Status.Open() {
		return hold, Outcome{}, broker.Conflict("hold_ended", "That hold is %s already.", hold.Status)
	}
	var out Outcome
	out.setHold(hold)
	return hold, out, nil
}

// Suspend has a hold passed over from one day through another (zero: until it
// is resumed); it keeps its position in the queue. A hold that has a copy
// already is the conflict hold_has_copy.
func (s *Service) Suspend(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref Ref, from, until broker.Date) (Outcome, error) {
	if from.IsZero() {
		from = desk.Today()
	}
	if !until.IsZero() && until.Before(desk.Today()) {
		return Outcome{}, broker.Invalid(broker.FieldError{Pointer: "/until", Code: "too_early", Message: "must not be in the past"})
	}
	if wrong := checkSuspension(from, until); wrong != nil {
		return Outcome{}, broker.Invalid(wrong...)
	}
	return s.suspended(ctx, tx, ref, from, until, "Suspended; it keeps its place.")
}

// Resume ends a suspension today.
func (s *Service) Resume(ctx context.Context, tx *postgres.Tx, _ standing.Desk, ref Ref) (Outcome, error) {
	return s.suspended(ctx, tx, ref, broker.Date{}, broker.Date{}, "It waits again, in its place.")
}

func (s *Service) suspended(ctx context.Context, tx *postgres.Tx, ref Ref, from, until broker.Date, said string) (Outcome, error) {
	hold, out, err := openHold(ctx, tx, ref)
	switch {
	case err != nil:
		return Outcome{}, err
	case hold.Status != Placed && !from.IsZero():
		return Outcome{}, broker.Conflict("hold_has_copy", "A copy is kept for that hold already: it is %s.", hold.Status)
	case hold.SuspendedFrom == from && hold.SuspendedUntil == until:
		out.Replayed = true
		return out, nil
	}
	tx.Queue(`update holds set suspended_from = $3, suspended_until = $4 where library_id = $1 and id = $2`, ref.Library, ref.ID, from, until)
	hold.SuspendedFrom, hold.SuspendedUntil = from, until
	out.setHold(hold)
	out.Say("%s", said)
	return out, nil
}

// MovePickup changes where a hold is picked up to another branch of the
// patron's library. A copy on the hold shelf of another branch is sent there. One
// on its way now goes to that branch; where it has not left that branch yet, it
// goes onto the hold shelf there. A hold that serves a request is, once it has a
// copy, the conflict serves_request: it moves with the request.
func (s *Service) MovePickup(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref Ref, branch broker.ID) (Outcome, error) {
	hold, out, err := openHold(ctx, tx, ref)
	switch {
	case err != nil:
		return Outcome{}, err
	case hold.Pickup == branch:
		out.Replayed = true
		return out, nil
	case hold.Request != broker.NoID && hold.Status != Placed:
		return Outcome{}, servesRequest()
	}
	return s.movePickup(ctx, tx, desk, hold, branch)
}

// MoveWithRequest is MovePickup for a hold that moves with its request.
func (s *Service) MoveWithRequest(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref Ref, branch broker.ID) (Outcome, error) {
	hold, out, err := openHold(ctx, tx, ref)
	if err != nil || hold.Pickup == branch {
		out.Replayed = true
		return out, err
	}
	return s.movePickup(ctx, tx, desk, hold, branch)
}

func (s *Service) movePickup(ctx context.Context, tx *postgres.Tx, desk standing.Desk, hold Hold, branch broker.ID) (Outcome, error) {
	var out Outcome
	shelvedAt := hold.Pickup
	hold.Pickup = branch
	if hold.Status == InTransit && branch != broker.NoID {
		err := s.redirect(ctx, tx, desk, hold, &out)
		return out, err
	}
	if hold.Status != OnHoldShelf || branch == broker.NoID {
		moveHold(tx, hold)
		out.setHold(hold)
		out.Say("It is picked up at the other branch.")
		return out, nil
	}
	item, err := catalog.LoadItem(ctx, tx, hold.Library, hold.Item, true)
	if err != nil {
		return Outcome{}, err
	}
	from := desk
	from.Branch = shelvedAt
	sendToPickup(tx, from, item, hold, &out)
	return out, nil
}

// redirect has the copy of a hold that is on its way go to the hold's new pick-up
// branch. Sent from that very branch, it stands there still if it was sent today,
// or if staff say so at that desk: then it goes onto the hold shelf.
func (s *Service) redirect(ctx context.Context, tx *postgres.Tx, desk standing.Desk, hold Hold, out *Outcome) error {
	var transit Transit
	ref := catalog.Ref{Library: hold.Library, ID: hold.Item}
	AskTransit(tx, ref, &transit)
	item, err := catalog.LoadItem(ctx, tx, ref.Library, ref.ID, true)
	if err != nil {
		return err
	}
	if !stillAt(desk, transit, hold.Patron.Library, hold.Pickup) {
		moveHold(tx, hold)
		turnTransit(tx, transit, hold.Patron.Library, hold.Pickup)
		out.setHold(hold)
		out.Say("It is picked up at the other branch, and the copy on its way goes there.")
		return nil
	}
	transit.ArrivedAt = desk.Now
	EndTransit(tx, transit, desk.Now)
	there, err := shelfOf(ctx, tx, desk, hold)
	if err != nil {
		return err
	}
	out.Transit = &transit
	out.Say("It has not left that branch.")
	return s.forward(ctx, tx, there, item, hold, out)
}

// sendToPickup sends an item that has left its hold shelf to the patron's
// pick-up branch; its hold is no longer ready there, and keeps its copy.
func sendToPickup(tx *postgres.Tx, desk standing.Desk, item catalog.Item, hold Hold, out *Outcome) {
	hold.Status, hold.OnShelfAt, hold.PickUpBy = InTransit, time.Time{}, broker.Date{}
	moveHold(tx, hold)
	out.setHold(hold)
	out.send(tx, Transit{
		Library: item.Library, ID: broker.NewID(), Item: item.ID, ToLibrary: hold.Patron.Library,
		ToBranch: hold.Pickup, Hold: hold.ID, SentAt: desk.Now, FromLibrary: desk.Library.ID, FromBranch: desk.Branch,
	})
	item.Status = catalog.InTransit
	catalog.SetItemStatus(tx, item.Library, item.ID, item.Status)
	out.SetItem(item)
	out.Say("Send it to the branch where it is picked up.")
}

// FindShelved is the scan of something that is on the hold shelf. Where its
// patron picks it up, nothing changes. At another branch it no longer counts as
// waiting: it is sent to the right one and stays with its hold. A borrowed copy
// travels by its request instead, and is the conflict serves_request there.
func (s *Service) FindShelved(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref catalog.Ref) (Outcome, error) {
	var item catalog.Item
	var kept Hold
	catalog.AskItemLocked(tx, ref.Library, ref.ID, &item)
	AskCaptured(tx, ref, &kept)
	if err := tx.Flush(ctx); err != nil {
		return Outcome{}, fmt.Errorf("read what is on the hold shelf: %w", err)
	}
	if kept.Status != OnHoldShelf {
		return Outcome{}, broker.Conflict("not_on_hold_shelf", "That item is not on the hold shelf: it is %s.", item.Status.Words())
	}
	var out Outcome
	out.setHold(kept)
	out.SetItem(item)
	if desk.IsAt(kept.Patron.Library, kept.Pickup) {
		out.Replayed, out.NextAct = true, standing.PutOnHoldShelf
		out.Say("It waits on the hold shelf until %s; scan the patron's card to lend it.", kept.PickUpBy)
		return out, nil
	}
	if item.Temporary() {
		return Outcome{}, servesRequest()
	}
	sendToPickup(tx, desk, item, kept, &out)
	return out, nil
}

func servesRequest() error {
	return broker.Conflict("serves_request", "That hold serves a request: change it on the request.")
}

// Permit notes the patron's express permission that another patron of the
// library may take what is kept or waited for (Perth, Circulation: a reserved
// item goes to nobody else without it). When that other patron borrows it, the
// hold is first in its queue again. NoID withdraws the permission.
func (s *Service) Permit(ctx context.Context, tx *postgres.Tx, _ standing.Desk, ref Ref, other broker.ID) (Outcome, error) {
	hold, out, err := openHold(ctx, tx, ref)
	switch {
	case err != nil:
		return Outcome{}, err
	case hold.Request != broker.NoID || hold.Title == broker.NoID:
		return Outcome{}, servesRequest()
	case hold.Permitted == other:
		out.Replayed = true
		return out, nil
	case other == hold.Patron.ID:
		return Outcome{}, broker.Invalid(broker.FieldError{Pointer: "/patron_id", Code: "same_patron", Message: "must be somebody else"})
	}
	if other != broker.NoID {
		if _, err := patrons.ByID(ctx, tx, patrons.Ref{Library: hold.Patron.Library, ID: other}); err != nil {
			return Outcome{}, err
		}
	}
	tx.Queue(`update holds set permitted_id = $3 where library_id = $1 and id = $2`, ref.Library, ref.ID, other)
	hold.Permitted = other
	out.setHold(hold)
	out.Say("The permission is noted.")
	return out, nil
}

// NoteContact notes that the patron asked to keep it longer. What that means
// when the shelf time ends is for the policy to say (shelf.OnShelfExpiry with
// contact).
func (s *Service) NoteContact(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref Ref) (Outcome, error) {
	hold, out, err := openHold(ctx, tx, ref)
	switch {
	case err != nil:
		return Outcome{}, err
	case hold.Status != OnHoldShelf:
		return Outcome{}, broker.Conflict("not_on_hold_shelf", "That hold is %s.", hold.Status)
	case !hold.ContactAt.IsZero():
		out.Replayed = true
		return out, nil
	}
	hold.ContactAt = desk.Now
	moveHold(tx, hold)
	out.setHold(hold)
	out.Say("The patron was in touch: it is not taken off the shelf without a decision.")
	return out, nil
}

// Extend gives something on the hold shelf more time: until a day, at most one
// shelf time of the policy from today; zero gives the most. It never shortens
// the time. A hold that serves a request is extended with the request
// (serves_request).
func (s *Service) Extend(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref Ref, until broker.Date) (Outcome, error) {
	hold, out, err := openHold(ctx, tx, ref)
	switch {
	case err != nil:
		return Outcome{}, err
	case hold.Status != OnHoldShelf:
		return Outcome{}, broker.Conflict("not_on_hold_shelf", "That hold is %s.", hold.Status)
	case hold.Request != broker.NoID:
		return Outcome{}, servesRequest()
	}
	item, err := catalog.LoadItem(ctx, tx, hold.Library, hold.Item, false)
	if err != nil {
		return Outcome{}, err
	}
	document, err := s.Rules(desk)
	if err != nil {
		return Outcome{}, err
	}
	most := shelf.Until(document, desk.Moment(), shelf.Facts{Match: hold.MatchOf(desk, item), Arrived: desk.Today()})
	if until.IsZero() {
		until = most.Until
	}
	switch {
	case until.After(most.Until):
		return Outcome{}, broker.Refused("shelf_time_too_long", "At most one more shelf time from today.", broker.Reason{
			Code: "shelf_time_too_long", Message: "It may wait until " + most.Until.String() + " at most.", Rule: most.Rule, Clause: most.Source,
			Needed: "until " + most.Until.String(), Found: "until " + until.String(),
		})
	case !until.After(hold.PickUpBy):
		out.Replayed = true
		out.Say("It waits until %s already.", hold.PickUpBy)
		return out, nil
	}
	hold.PickUpBy = until
	MoveShelfDate(tx, ref, until)
	out.setHold(hold)
	out.Say("It now waits until %s.", until)
	return out, nil
}

// ExpireOn sets the last day a hold waits to be filled; zero removes it.
func (s *Service) ExpireOn(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref Ref, day broker.Date) (Outcome, error) {
	if wrong := checkLastDay(day, desk.Today()); wrong != nil {
		return Outcome{}, broker.Invalid(wrong...)
	}
	hold, out, err := openHold(ctx, tx, ref)
	if err != nil {
		return Outcome{}, err
	}
	tx.Queue(`update holds set expires_on = $3 where library_id = $1 and id = $2`, ref.Library, ref.ID, day)
	hold.ExpiresOn = day
	out.setHold(hold)
	return out, nil
}
