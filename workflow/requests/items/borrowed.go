package items

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/connectors"
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
	for _, item := range shipped(c) {
		c.Tx.Queue(`insert into request_items (library_id, request_id, id, volume, barcode)
			select $1, $2, $3, $4, $5 where not exists (select 1 from request_items
				where library_id = $1 and request_id = $2 and barcode is not distinct from $5)`,
			c.Request.LibraryID, c.Request.ID, broker.NewID(), item.Volume, item.Barcode)
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
	c.Request.LenderFineMinor, c.Request.LenderFineMostMinor = &fine.Minor, nil
	if limited {
		c.Request.LenderFineMostMinor = &most.Minor
	}
	return nil, nil
}

func shipped(c *engine.Case) []connectors.MessageItem {
	if items, ok := c.Firing.Input["items"].([]connectors.MessageItem); ok {
		return items
	}
	if barcode := c.Firing.Input.Text("barcode"); barcode != "" {
		return []connectors.MessageItem{{Barcode: barcode}}
	}
	return nil
}

// MakeItem makes the borrowed copy a temporary item of ours.
func (r room) MakeItem(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	barcode, err := lenderBarcode(ctx, c)
	if err != nil {
		return nil, err
	}
	title := broker.NoID
	if c.Request.TitleID != broker.NoID {
		title = c.Request.TitleID
	}
	item, err := r.loans.MakeTemporaryItem(ctx, c.Tx, loans.TempItem{
		Desk: c.Desk(), Request: c.Ref(), Number: c.Request.Number, Title: title,
		Type: string(c.Request.Format), LenderBarcode: barcode,
	})
	if err != nil {
		return nil, err
	}
	c.Request.ItemID = item.ID
	c.Tx.Queue(`insert into request_items (library_id, request_id, id, barcode)
		select $1, $2, $3, nullif($4, '') where not exists (select 1 from request_items where library_id = $1 and request_id = $2)`,
		c.Request.LibraryID, c.Request.ID, broker.NewID(), barcode)
	wants, err := volumeArrived(ctx, c, item.ID)
	if err != nil {
		return nil, err
	}
	noteSupplied(c)
	return wants, nil
}

// noteSupplied records how long the copy took to arrive, for choosing lenders.
func noteSupplied(c *engine.Case) {
	if entry := c.Active(); entry != nil && !entry.AnsweredAt.IsZero() {
		routing.NoteSupplied(c.Tx, entry.LenderID, c.Now.Sub(entry.AnsweredAt).Hours()/24)
	}
}

// KeepVolume notes that another volume arrived.
func KeepVolume(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	if c.Request.ItemID == broker.NoID {
		return nil, broker.Conflict("no_item", "No item is here for this request.")
	}
	return volumeArrived(ctx, c, c.Request.ItemID)
}

// volumeArrived notes which volume is here; while others are missing, staff
// decide whether to wait or to lend what came.
func volumeArrived(ctx context.Context, c *engine.Case, item broker.ID) (wants engine.Wants, err error) {
	c.Tx.Queue(`update request_items v set item_id = $3, received_at = $4, condition = $5
		where library_id = $1 and request_id = $2 and received_at is null
		  and ($6 = '' or barcode = $6 or 1 = (select count(*) from request_items where library_id = $1 and request_id = $2))`,
		c.Request.LibraryID, c.Request.ID, item, c.Now, c.Firing.Input.Text("condition"), c.Firing.Input.Text("barcode"))
	var volumes, missing int
	err = c.Tx.QueryRow(ctx, `select count(*)::int, count(*) filter (where received_at is null)::int
		from request_items where library_id = $1 and request_id = $2`, c.Request.LibraryID, c.Request.ID).Scan(&volumes, &missing)
	if err != nil {
		return nil, fmt.Errorf("count volumes: %w", err)
	}
	if volumes > 1 {
		wants.Add(engine.Fact{Name: "volumes", Value: fmt.Sprintf("%d of %d", volumes-missing, volumes)})
	}
	if missing > 0 {
		wants.Add(engine.OpenTask{
			Kind: "volumes_missing", Detail: fmt.Sprintf("%d of %d volumes have arrived: wait for the rest, or lend what is here.", volumes-missing, volumes),
		})
	}
	return wants, nil
}

func lenderBarcode(ctx context.Context, c *engine.Case) (string, error) {
	if barcode := c.Firing.Input.Text("barcode"); barcode != "" {
		return barcode, nil
	}
	var barcode string
	err := c.Tx.QueryRow(ctx, `select coalesce(min(barcode), '') from request_items where library_id = $1 and request_id = $2`,
		c.Request.LibraryID, c.Request.ID).Scan(&barcode)
	if err != nil {
		return "", fmt.Errorf("read the lender's barcode: %w", err)
	}
	return barcode, nil
}

func itemRef(c *engine.Case) catalog.Ref {
	if c.Request.ItemID == broker.NoID {
		return catalog.Ref{}
	}
	return catalog.Ref{Library: c.Request.LibraryID, ID: c.Request.ItemID}
}

// PutOnShelf starts the shelf time: policy gives the last day, bounded by the
// lender's due date less the days the way home takes.
func (r room) PutOnShelf(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	outcome, err := r.holds.ShelveForRequest(ctx, c.Tx, holds.Shelve{
		Desk: c.Desk(), Item: itemRef(c), Patron: c.Patron(), Request: c.Ref(),
		QueuedAt: c.Request.SubmittedAt, LenderDue: c.Request.LenderDueOn,
	})
	if err != nil {
		return nil, err
	}
	c.Request.PickUpBy = outcome.Hold.PickUpBy
	wants := engine.Wants{engine.Fact{Name: "pick_up_by", Value: outcome.Hold.PickUpBy.String()}}
	if len(outcome.Warnings) > 0 {
		wants.Add(engine.Fact{Name: "warnings", Value: outcome.Warnings}, engine.OpenTask{
			Kind: "shelf_time_short", Detail: "The lender's due date leaves less than the usual time on the hold shelf; hurry, or ask the lender for longer.",
		})
	}
	return wants, nil
}

// TakeOffShelf ends the wait on the hold shelf. A borrowed copy is ready to go
// home; a copy of the shared catalogue serves the next in its queue or goes to
// its own shelf.
func (r room) TakeOffShelf(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	how := holds.Cancelled
	if c.Firing.Event == workflow.EventShelfExpired {
		how = holds.Expired
	}
	hold, err := ownHold(ctx, c)
	if err != nil || hold == nil {
		return nil, err
	}
	outcome, err := r.holds.TakeOffShelf(ctx, c.Tx, c.Desk(), hold.Ref, how)
	if err != nil {
		return nil, err
	}
	c.Request.PickUpBy = broker.Date{}
	return passOn(c, outcome), nil
}

// ownHold finds the request's open hold, wherever its copy belongs, or nil.
func ownHold(ctx context.Context, c *engine.Case) (*holds.Hold, error) {
	if entry := c.Current(); entry != nil && entry.Fulfilment == "hold" {
		c.Tx.Widen(entry.LenderID)
	}
	hold, err := holds.OfRequest(ctx, c.Tx, c.Ref())
	if broker.IsKind(err, broker.KindNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &hold, nil
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
	hold, err := ownHold(ctx, c)
	if err != nil || hold == nil {
		return nil, err
	}
	outcome, err := r.holds.CancelHold(ctx, c.Tx, c.Desk(), hold.Ref)
	if err != nil {
		return nil, err
	}
	return passOn(c, outcome), nil
}

// SendHome notes that the borrowed copy is on its way back to its lender.
func (r room) SendHome(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	if c.Request.ItemID == broker.NoID {
		return nil, nil
	}
	c.Tx.Queue(`update request_items set returned_at = $3 where library_id = $1 and request_id = $2 and returned_at is null`,
		c.Request.LibraryID, c.Request.ID, c.Now)
	_, err := r.loans.SendHome(ctx, c.Tx, c.Desk(), itemRef(c))
	return nil, err
}

// CloseLoan checks in a lost item that has come back to the desk.
func (r room) CloseLoan(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	if c.Request.ItemID == broker.NoID {
		return nil, nil
	}
	_, err := r.returns.Return(ctx, c.Tx, returns.Return{Desk: c.Desk(), Item: itemRef(c)})
	return nil, err
}

// DeclareLost makes the open loan a lost one.
func (r room) DeclareLost(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	loan, err := c.OpenLoan(ctx)
	if err != nil || loan == nil {
		return nil, err
	}
	how := loans.LostReported
	if c.Firing.Event == workflow.EventSearchEnded {
		how = loans.LostOverdue
	}
	_, err = r.returns.DeclareLost(ctx, c.Tx, returns.DeclareLost{Desk: c.Desk(), Loan: loan.Ref, Loss: returns.Loss{How: how}})
	return nil, err
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
