package items

import (
	"context"
	"slices"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/policy/costs"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/requests/engine"
	"afield/workflow/routing"
)

// KeepShipment records what the lender sent: due date, cost, terms, barcodes. A
// due date that is known before the lender says it has shipped is a correction
// that overtook the shipment, and stands.
func KeepShipment(_ context.Context, c *engine.Case) (engine.Wants, error) {
	due := c.Firing.Input.Date("due")
	if corrected := c.Firing.By == workflow.ByLender && !c.Request.LenderDueOn.IsZero(); !due.IsZero() && !corrected {
		c.Request.LenderDueOn = due
	}
	if cost, given := c.Firing.Input.Money("cost"); given {
		if entry := c.Active(); entry != nil {
			entry.CostKnown, entry.CostMinor, entry.Currency = true, cost.Minor, cost.Currency
			entry.Touch()
		}
	}
	wants, err := keepTerms(c)
	if err != nil {
		return nil, err
	}
	if c.Request.Service != "copy" {
		keepVolumes(c)
	}
	return wants, nil
}

// keepTerms notes what the lender asks besides its due date and its fee. A fine
// in another currency is put before staff, who enter what it comes to; it is
// never converted.
func keepTerms(c *engine.Case) (engine.Wants, error) {
	if renewals, given := c.Firing.Input.Count("renewals"); given {
		c.Request.LenderRenewals = &renewals
	}
	fine, given := c.Firing.Input.Money("fine")
	most, limited := c.Firing.Input.Money("fine_most")
	if !given && limited {
		return nil, broker.Invalid(broker.FieldError{Pointer: "/fine", Code: "required", Message: "is needed where fine_most is given"})
	}
	if !given {
		return nil, nil
	}
	wrong := c.Library.Takes("/fine", fine)
	if limited {
		wrong = append(wrong, c.Library.Takes("/fine_most", most)...)
	}
	if wrong != nil && c.Firing.By == workflow.ByLender {
		return engine.Wants{engine.OpenTask{
			Kind:   "lender_fine_in_other_currency",
			Detail: "The lender asks " + fine.String() + " for a late day: enter on receipt what that comes to in " + c.Library.Currency + ".",
		}}, nil
	}
	if wrong != nil {
		return nil, broker.Invalid(wrong...)
	}
	if bound, above := costs.Above(c.Policy, fine, costs.LenderFineMost(c.Policy)); above && c.Firing.By == workflow.ByLender {
		return engine.Wants{engine.OpenTask{
			Kind: "lender_fine_above_policy",
			Detail: "The lender asks " + fine.String() + " for a late day, and our policy takes at most " + bound.String() +
				" by its word alone. It was not taken: ask the lender, and enter on receipt what holds.",
		}}, nil
	}
	c.Request.LenderFineMinor, c.Request.LenderFineMostMinor = &fine.Minor, nil
	if limited {
		c.Request.LenderFineMostMinor = &most.Minor
	}
	return nil, nil
}

// MakeItem makes the borrowed volume that arrived a temporary item of ours.
func (r room) MakeItem(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	volume := arriving(c)
	c.About(volume)
	item, err := r.loans.MakeTemporaryItem(ctx, c.Tx, loans.TempItem{
		Desk: c.Desk(), Request: c.Ref(), Number: c.Request.Number, Volume: 1 + slices.Index(c.Volumes, volume), Title: c.Request.TitleID,
		Type: string(c.Request.Format), LenderBarcode: textOf(volume.Barcode),
	})
	if err != nil {
		return nil, err
	}
	volume.ItemID, volume.Condition = item.ID, c.Firing.Input.Text("condition")
	volume.Touch()
	if c.Request.ItemID == broker.NoID {
		c.Request.ItemID = item.ID
	}
	noteSupplied(c)
	return volumesHere(c), nil
}

// noteSupplied records how long the copy took to arrive, for choosing lenders.
func noteSupplied(c *engine.Case) {
	if entry := c.Active(); entry != nil && !entry.AnsweredAt.IsZero() {
		c.Counted(routing.NoteSupplied(c.Tx, entry.LenderID, c.Now.Sub(entry.AnsweredAt).Hours()/24, !entry.AskedAt.IsZero()))
	}
}

// PutOnShelf starts the shelf time of the volumes that are here: policy gives
// the last day, bounded by the lender's due date less the days the way home
// takes.
func (r room) PutOnShelf(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	for _, volume := range toShelve(c) {
		outcome, err := r.holds.ShelveForRequest(ctx, c.Tx, toShelf(c, c.Desk(), refOf(volume)))
		if err != nil {
			return nil, err
		}
		if c.Request.PickUpBy.IsZero() { // another volume waits no longer than the first
			c.Request.PickUpBy = outcome.Hold.PickUpBy
			wants.Add(engine.Fact{Name: "pick_up_by", Value: outcome.Hold.PickUpBy.String()})
		}
		if len(outcome.Warnings) > 0 {
			wants.Add(engine.Fact{Name: "warnings", Value: outcome.Warnings}, engine.OpenTask{
				Kind: "shelf_time_short", Detail: "The lender's due date leaves less than the usual time on the hold shelf; hurry, or ask the lender for longer.",
			})
		}
	}
	return wants, nil
}

// TakeOffShelf ends the wait on the hold shelf. A borrowed copy is ready to go
// home; a copy of the shared catalogue serves the next in its queue or goes to
// its own shelf.
func (r room) TakeOffShelf(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	how := holds.Cancelled
	if c.Firing.Event == workflow.EventShelfExpired {
		how = holds.Expired
	}
	kept, err := ownHolds(ctx, c)
	if err != nil || len(kept) == 0 {
		return nil, err
	}
	for _, hold := range kept {
		outcome, err := r.holds.TakeOffShelf(ctx, c.Tx, c.Desk(), hold.Ref, how)
		if err != nil {
			return nil, err
		}
		wants.Add(passOn(c, outcome)...)
	}
	c.Request.PickUpBy = broker.Date{}
	return wants, nil
}

// ownHolds finds the request's open holds, wherever their copies belong.
func ownHolds(ctx context.Context, c *engine.Case) ([]holds.Hold, error) {
	if entry := c.Current(); entry != nil && entry.Fulfilment == "hold" {
		c.Tx.Widen(entry.LenderID)
	}
	return holds.AllOfRequest(ctx, c.Tx, c.Ref())
}

// passOn tells the next in a queue that the copy just freed is theirs.
func passOn(c *engine.Case, outcome holds.Outcome) engine.Wants {
	if outcome.Next == nil {
		return nil
	}
	return engine.Wants{engine.Elsewhere{Firing: CopyGiven(outcome, *outcome.Next, c.Firing.Actor)}}
}

// CopyGiven is the event of a request whose hold was given a copy: onto the
// hold shelf, or on its way there.
func CopyGiven(outcome holds.Outcome, request standing.RequestRef, actor broker.Actor) engine.Firing {
	firing := engine.Firing{
		Library: request.Library, Request: request.Request, Event: workflow.EventHoldOnShelf,
		By: workflow.BySystem, Actor: actor, Cause: engine.Cause{Kind: "desk"}, Data: map[string]any{},
	}
	if outcome.Transit != nil && outcome.Transit.ArrivedAt.IsZero() {
		firing.Event = workflow.EventHoldInTransit
	}
	if outcome.Given != nil {
		firing.Input = workflow.Input{"pick_up_by": outcome.Given.PickUpBy}
	}
	return firing
}

// KeepPickUpDate takes over the pick-up date that circulation gave a hold.
func KeepPickUpDate(_ context.Context, c *engine.Case) (engine.Wants, error) {
	c.Request.PickUpBy = c.Firing.Input.Date("pick_up_by")
	noteSupplied(c)
	return nil, nil
}

// CancelHold takes the patron out of the queue of a shared catalogue.
func (r room) CancelHold(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	kept, err := ownHolds(ctx, c)
	if err != nil || len(kept) == 0 {
		return nil, err
	}
	outcome, err := r.holds.CancelHold(ctx, c.Tx, c.Desk(), kept[0].Ref)
	if err != nil {
		return nil, err
	}
	return passOn(c, outcome), nil
}

// MovePickup moves the pick-up place of the hold that fills the request, as the
// request now has it. Its copy goes there, or stands there already.
func (r room) MovePickup(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	kept, err := ownHolds(ctx, c)
	if err != nil || len(kept) == 0 || c.Firing.Input.Text("pickup_branch") == "" {
		return nil, err
	}
	desk := c.Desk()
	desk.Branch = broker.NoID // where whoever asks for it stands is not known
	outcome, err := r.holds.MoveWithRequest(ctx, c.Tx, desk, kept[0].Ref, c.Request.PickupBranchID)
	switch {
	case err != nil:
		return nil, err
	case outcome.Hold.Status == holds.OnHoldShelf:
		return engine.Wants{engine.Elsewhere{Firing: CopyGiven(outcome, c.Ref(), c.Firing.Actor)}}, nil
	case outcome.Hold.Status == holds.InTransit:
		c.Request.PickUpBy = broker.Date{}
	}
	return nil, nil
}

// SendToPickup has borrowed volumes travel to the branch where the patron picks
// them up: the one that the event names, from the branch where it is in hand. Else
// the pick-up place has changed: what waits on the hold shelf leaves it and
// travels, and what travels goes there now, or stands there already.
func (r room) SendToPickup(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	desk := c.Desk()
	desk.Branch = broker.NoID // where whoever asks for it stands is not known
	if item, named := c.Firing.Input["item"].(broker.ID); named {
		desk.Branch, _ = c.Firing.Input["from"].(broker.ID)
		if volume := c.Volumes.OfItem(item); volume != nil {
			_, err = r.holds.Travel(ctx, c.Tx, toShelf(c, desk, refOf(volume)), c.Request.PickupBranchID)
		}
	} else {
		wants, err = r.moveAll(ctx, c, desk)
	}
	if c.Request.State == workflow.Received {
		c.Request.PickUpBy = broker.Date{}
	}
	return wants, err
}

// moveAll moves everything that is kept or on its way for the request.
func (r room) moveAll(ctx context.Context, c *engine.Case, desk standing.Desk) (wants engine.Wants, err error) {
	kept, err := ownHolds(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, hold := range kept {
		if hold.Status == holds.OnHoldShelf {
			desk.Branch = hold.Pickup
			if _, err := r.holds.Travel(ctx, c.Tx, toShelf(c, desk, catalog.Ref{Library: hold.Library, ID: hold.Item}), c.Request.PickupBranchID); err != nil {
				return nil, err
			}
			continue
		}
		arrived, err := r.holds.Redirect(ctx, c.Tx, desk, hold, c.Request.PickupBranchID)
		if err != nil {
			return nil, err
		}
		if arrived {
			wants.Add(engine.Elsewhere{Firing: engine.Firing{
				Library: c.Request.LibraryID, Request: c.Request.ID, Event: workflow.EventShelve, Input: workflow.Input{"item": hold.Item},
				By: workflow.BySystem, Actor: c.Firing.Actor, Cause: engine.Cause{Kind: "rule", ID: string(c.Firing.Event)},
			}})
		}
	}
	return wants, nil
}

// toShelf is a volume of the request that is to wait, or to travel, for its patron.
func toShelf(c *engine.Case, desk standing.Desk, item catalog.Ref) holds.Shelve {
	return holds.Shelve{
		Desk: desk, Item: item, Patron: c.Patron(), Request: c.Ref(),
		QueuedAt: c.Request.SubmittedAt, LenderDue: c.Request.LenderDueOn,
	}
}

// SendHome notes that the borrowed volumes in hand are on their way back to
// their lender.
func (r room) SendHome(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	for _, volume := range c.AtHand() {
		if volume.ItemID == broker.NoID {
			continue
		}
		if _, err := r.loans.SendHome(ctx, c.Tx, c.Desk(), refOf(volume)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// ItemHome notes that the borrowed volumes in hand are with their lender, though
// nobody here sent them: the patron handed them in there.
func ItemHome(_ context.Context, c *engine.Case) (engine.Wants, error) {
	for _, volume := range append(c.AtHand(), c.Volumes.In(workflow.WithLender)...) {
		if volume.ItemID != broker.NoID {
			catalog.SetItemStatus(c.Tx, volume.LibraryID, volume.ItemID, catalog.GoneHome)
		}
	}
	return nil, nil
}

// CloseLoan checks in what is still on somebody's account though it has come
// back, to us or to its lender.
func (r room) CloseLoan(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	lent, err := c.Lent(ctx, loans.Open, loans.Lost)
	if err != nil {
		return nil, err
	}
	for _, loan := range lent {
		if _, err := r.returns.Return(ctx, c.Tx, returns.Return{Desk: c.Desk(), Item: loan.Item}); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// SeenHome stops the meter of the loans whose lender says that it has the copy:
// nothing accrues and nobody is reminded from today on, until staff have looked.
func SeenHome(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	lent, err := c.Lent(ctx, loans.Open)
	if err != nil {
		return nil, err
	}
	for _, loan := range lent {
		loans.SeenBack(c.Tx, loan.Ref, c.Today())
	}
	return nil, nil
}

// NotHome lets the meter run again: what the lender said was wrong.
func NotHome(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	lent, err := c.Lent(ctx, loans.Open)
	if err != nil {
		return nil, err
	}
	for _, loan := range lent {
		loans.NotBack(c.Tx, loan.Ref)
	}
	return engine.Wants{engine.RestartDeadline{}}, nil
}

// DeclareLost makes the open loans lost ones.
func (r room) DeclareLost(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	lent, err := c.Lent(ctx, loans.Open)
	if err != nil {
		return nil, err
	}
	how := loans.LostReported
	if c.Firing.Event == workflow.EventSearchEnded {
		how = loans.LostOverdue
	}
	for _, loan := range lent {
		outcome, err := r.returns.DeclareLost(ctx, c.Tx, returns.DeclareLost{Desk: c.Desk(), Loan: loan.Ref, Loss: returns.Loss{How: how}})
		if err != nil {
			return nil, err
		}
		if err := r.watchLoan(ctx, c, outcome, &wants); err != nil {
			return nil, err
		}
	}
	return wants, nil
}

// KeepMisplaced notes that the patron cannot find it: the time to search begins.
func KeepMisplaced(_ context.Context, c *engine.Case) (engine.Wants, error) {
	c.Request.MisplacedOn = c.Today()
	wants := engine.Wants{c.SearchDeadline()}
	if on := c.LostOn(); !on.IsZero() {
		wants.Add(engine.Fact{Name: "lost_on", Value: on.String()})
	}
	return wants, nil
}

// ForgetMisplaced ends the search: the copy was found.
func ForgetMisplaced(_ context.Context, c *engine.Case) (engine.Wants, error) {
	c.Request.MisplacedOn = broker.Date{}
	return engine.Wants{c.SearchDeadline()}, nil
}
