package items

import (
	"context"
	"fmt"
	"slices"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy/ill"
	"afield/broker/policy/rule"
	"afield/broker/returns"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// ChooseItem picks the copy to send: the one scanned, the one chosen before, or
// any that is free. A copy made for the borrower needs none. A borrower who
// accepts our conditions was promised something, so that is never refused here:
// staff get a task instead.
func ChooseItem(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	if c.Request.Service == "copy" {
		return nil, nil
	}
	if barcode := c.Firing.Input.Text("barcode"); barcode != "" {
		return nil, chooseScanned(ctx, c, barcode)
	}
	err := chooseAny(ctx, c)
	if ours, ok := broker.AsError(err); ok && c.Firing.Event == workflow.EventConditionsTaken {
		return engine.Wants{engine.OpenTask{Kind: ours.Code, Detail: "The borrower accepts, but no copy could be set aside: " + ours.Detail}}, nil
	}
	return nil, err
}

// chooseScanned takes the very copy that staff have in hand. One that was added
// as another volume of the same request goes with the rest.
func chooseScanned(ctx context.Context, c *engine.Case, barcode string) error {
	item, err := scanned(ctx, c, barcode)
	if err != nil {
		return err
	}
	if c.Volumes.OfItem(item.ID) != nil && c.Request.ItemID != broker.NoID {
		return nil
	}
	c.Request.ItemID = item.ID
	return nil
}

// scanned finds a copy of ours that may be sent: it is here, and promised to
// nobody else.
func scanned(ctx context.Context, c *engine.Case, barcode string) (catalog.Item, error) {
	item, err := catalog.ItemByBarcode(ctx, c.Tx, c.Library.SharingGroup, barcode, true)
	if err != nil {
		return item, err
	}
	if item.Library != c.Request.LibraryID || item.Temporary() {
		return item, broker.Conflict("not_our_item", "Item %s is not ours to lend.", barcode)
	}
	switch item.Status {
	case catalog.OnShelf:
	case catalog.Missing, catalog.OnOrder, catalog.InProcess: // it is in hand, so it is here
		catalog.SetItemStatus(c.Tx, item.Library, item.ID, catalog.OnShelf)
	default:
		return item, broker.Conflict("item_not_available", "Item %s is not here to be lent: it is %s.", barcode, item.Status.Words())
	}
	promised, err := c.Promised(ctx, item.ID)
	if err == nil && len(promised) > 0 {
		err = broker.Conflict("promised_elsewhere", "Item %s is promised to another library; scan another copy.", barcode)
	}
	return item, err
}

// AddVolume promises another item of ours with the one that was chosen: a set of
// several volumes is sent, and comes home, as one loan.
func AddVolume(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	item, err := scanned(ctx, c, c.Firing.Input.Text("barcode"))
	if err != nil {
		return nil, err
	}
	if c.Request.ItemID == item.ID || c.Volumes.OfItem(item.ID) != nil {
		return nil, broker.Conflict("volume_there", "Item %s is part of it already.", item.Barcode)
	}
	if c.Request.ItemID == broker.NoID {
		c.Request.ItemID = item.ID
	}
	c.NewVolume(c.Firing.Input.Text("volume"), item.Barcode).ItemID = item.ID
	return engine.Wants{engine.Fact{Name: "barcode", Value: item.Barcode}}, nil
}

// chooseAny keeps the copy chosen before while it is on its shelf, or else takes
// the first that is free.
func chooseAny(ctx context.Context, c *engine.Case) error {
	if c.Request.ItemID != broker.NoID {
		item, err := catalog.LoadItem(ctx, c.Tx, c.Request.LibraryID, c.Request.ItemID, true)
		if err != nil || item.Status == catalog.OnShelf {
			return err
		}
		c.Request.ItemID = broker.NoID
	}
	if err := c.MatchTitle(ctx); err != nil {
		return err
	}
	if c.Request.TitleID == broker.NoID {
		return broker.Conflict("no_copy", "No title of ours matches; scan the copy to send.")
	}
	items, err := catalog.ItemsOfTitle(ctx, c.Tx, c.Request.TitleID, c.Request.LibraryID)
	if err != nil {
		return err
	}
	free, err := notPromised(ctx, c, items)
	if err != nil {
		return err
	}
	for i, candidate := range free {
		if ok, err := isFree(ctx, c, candidate); err != nil {
			return err
		} else if !ok {
			continue
		}
		copied := slices.IndexFunc(items, func(item catalog.Item) bool { return item.ID == candidate })
		if err := ownPatronsFirst(ctx, c, items[copied], len(free)-i); err != nil {
			return err
		}
		c.Request.ItemID = candidate
		return nil
	}
	return broker.Conflict("no_copy", "No copy is free on the shelf now; answer no, or scan the copy to send.")
}

// notPromised gives the copies on the shelf that may be lent and that no other
// lending request was given.
func notPromised(ctx context.Context, c *engine.Case, items []catalog.Item) (free []broker.ID, err error) {
	for _, item := range items {
		if item.Status == catalog.OnShelf && item.Lendable {
			free = append(free, item.ID)
		}
	}
	promised, err := c.Promised(ctx, free...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(free, func(item broker.ID) bool { return slices.Contains(promised, item) }), nil
}

// isFree checks a copy under its lock, so that of two requests accepted at once
// only one gets it.
func isFree(ctx context.Context, c *engine.Case, id broker.ID) (bool, error) {
	item, err := catalog.LoadItem(ctx, c.Tx, c.Request.LibraryID, id, true)
	if err != nil || item.Status != catalog.OnShelf {
		return false, err
	}
	promised, err := c.Promised(ctx, id)
	return len(promised) == 0, err
}

// ownPatronsFirst checks a yes against the lender's policy: our own patrons who
// wait come first, unless somebody with the right to do so passes over that.
func ownPatronsFirst(ctx context.Context, c *engine.Case, item catalog.Item, copies int) error {
	waiting, err := holds.Queue(ctx, c.Tx, c.Request.LibraryID, c.Request.TitleID)
	if err != nil {
		return err
	}
	decision := ill.MayLend(c.Policy, c.Moment(), ill.Lending{Match: rule.Match{Owner: rule.OwnerOwn, Item: item.Type, Audience: item.Audience, Age: item.AgeMark}, OwnHolds: len(waiting), Copies: copies})
	if decision.Allowed || decision.OverridableBy(c.Firing.Actor.Roles) {
		return nil
	}
	return decision.Err("own_patrons_wait")
}

// ReleaseItem lets the chosen copies go.
func ReleaseItem(_ context.Context, c *engine.Case) (engine.Wants, error) {
	for _, volume := range c.Volumes {
		c.ForgetVolume(volume)
	}
	c.Request.ItemID = broker.NoID
	return nil, nil
}

// ItemMissing marks the copy that was searched for as missing. One that is not
// on its shelf because somebody has it is only let go.
func (r room) ItemMissing(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	if c.Request.ItemID == broker.NoID {
		return nil, nil
	}
	item, err := catalog.LoadItem(ctx, c.Tx, c.Request.LibraryID, c.Request.ItemID, true)
	if err != nil {
		return nil, err
	}
	c.Request.ItemID = broker.NoID
	if item.Status != catalog.OnShelf {
		return nil, nil
	}
	catalog.SetItemStatus(c.Tx, item.Library, item.ID, catalog.Missing)
	return r.watch(ctx, c, item)
}

// LendItem lends the volumes to the borrowing library as an institutional patron,
// for as long as our lending terms say unless staff set a date.
func (r room) LendItem(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	borrower, err := c.Lender(ctx, c.Request.BorrowerLibraryID)
	if err != nil {
		return nil, err
	}
	due := c.Firing.Input.Date("due")
	if due.IsZero() {
		due = c.Library.Calendar.NextOpenDay(c.Today().AddDays(c.Library.Terms.LoanDays))
	}
	if !due.After(c.Today()) {
		return nil, broker.Invalid(broker.FieldError{Pointer: "/due", Code: "in_the_past", Message: "must be after today"})
	}
	institution, err := patrons.Institution(ctx, c.Tx, c.Library.Library, borrower.Library, c.Now)
	if err != nil {
		return nil, err
	}
	if err := chosenVolume(ctx, c); err != nil {
		return nil, err
	}
	for _, volume := range c.Volumes {
		_, err = r.loans.LendToLibrary(ctx, c.Tx, loans.LendOut{
			Desk: c.LendingDesk(), Item: refOf(volume), Borrower: institution.Ref(), Due: due, Request: c.Ref(),
		})
		if err != nil {
			return nil, err
		}
	}
	c.Request.LenderDueOn = due
	return engine.Wants{engine.Fact{Name: "due", Value: due.String()}}, nil
}

// chosenVolume makes the copy that was chosen a volume of the request, beside
// those that were added.
func chosenVolume(ctx context.Context, c *engine.Case) error {
	if c.Request.ItemID == broker.NoID {
		return fmt.Errorf("request %d: nothing was chosen to send", c.Request.Number)
	}
	if c.Volumes.OfItem(c.Request.ItemID) != nil {
		return nil
	}
	item, err := catalog.LoadItem(ctx, c.Tx, c.Request.LibraryID, c.Request.ItemID, false)
	if err != nil {
		return err
	}
	c.NewVolume("", item.Barcode).ItemID = item.ID
	return nil
}

// TakeItemBack closes the loan of each volume in hand to the borrowing library,
// lost or not. It does nothing where the loan is closed already, or the copy is
// out to somebody else by now.
func (r room) TakeItemBack(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	lent, err := c.Lent(ctx, loans.Open, loans.Lost)
	if err != nil {
		return nil, err
	}
	for _, loan := range lent {
		outcome, err := r.returns.Return(ctx, c.Tx, returns.Return{Desk: c.LendingDesk(), Item: loan.Item})
		if err != nil {
			return nil, err
		}
		wants.Add(passOn(c, outcome.Outcome)...)
		if loan.Status == loans.Lost {
			if err := r.watchLoan(ctx, c, outcome, &wants); err != nil {
				return nil, err
			}
		}
	}
	return wants, nil
}

// Sent lists the volumes that were sent, as the borrower is told of them.
func Sent(c *engine.Case) []connectors.MessageItem {
	items := make([]connectors.MessageItem, len(c.Volumes))
	for i, volume := range c.Volumes {
		items[i] = connectors.MessageItem{Volume: volume.Label, Barcode: textOf(volume.Barcode)}
	}
	return items
}
