package circulation

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/policy/costs"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// TempItem describes a copy that arrived from a lender.
type TempItem struct {
	Desk Desk
	// Request is the request it arrived for, of the desk's library; Number is
	// what slips and barcode show.
	Request RequestRef
	Number  int64
	// Title is the matched title, where one is known.
	Title broker.ID
	// Type is the material type; empty means book.
	Type          string
	LenderBarcode string
}

// MakeTemporaryItem gives a borrowed copy a place among the library's items,
// with the barcode ILL-<number>, received and not yet shelved. There is one for
// each request: made again, it is the same one; a second copy after the first
// went home takes its place.
func (c *Circulation) MakeTemporaryItem(ctx context.Context, tx *postgres.Tx, in TempItem) (catalog.Item, error) {
	item, err := catalog.ItemOfRequest(ctx, tx, in.Request.Library, in.Request.Request, true)
	switch {
	case broker.IsKind(err, broker.KindNotFound):
		item = catalog.Item{
			Library: in.Desk.Library.ID, ID: broker.NewID(), Realm: in.Desk.Library.SharingGroup,
			Barcode: TemporaryBarcode(in.Number), Title: in.Title, Branch: in.Desk.Branch, Type: in.Type,
			Status: catalog.Received, Lendable: true, Request: in.Request.Request, LenderBarcode: in.LenderBarcode,
		}
		catalog.SaveItem(tx, item, in.Desk.Now)
		return item, nil
	case err != nil:
		return item, err
	}
	if item.Status == catalog.GoneHome {
		item.Status, item.LenderBarcode = catalog.Received, in.LenderBarcode
		catalog.SaveItem(tx, item, in.Desk.Now)
		catalog.SetItemStatus(tx, item.Library, item.ID, item.Status)
	}
	return item, nil
}

// TemporaryBarcode is the barcode on the band around a borrowed copy.
func TemporaryBarcode(number int64) string { return "ILL-" + strconv.FormatInt(number, 10) }

// Shelve puts an item on the hold shelf for a request.
type Shelve struct {
	Desk    Desk
	Item    catalog.Ref
	Patron  patrons.Ref
	Request RequestRef
	// QueuedAt is when it was asked for; zero means now.
	QueuedAt time.Time
	// LenderDue bounds the time on the shelf; zero for none.
	LenderDue broker.Date
	// PickUpBy sets the last day outright; zero leaves it to the policy.
	PickUpBy broker.Date
}

// ShelveForRequest puts a borrowed copy, or one of our own, on the hold shelf
// for the patron of a request. The outcome's hold has the pick-up-by date, its
// warnings say where the lender's due date leaves less than the usual time.
// Shelved again for the same request, it stays as it is. An item that is
// elsewhere is the conflict item_not_available.
func (c *Circulation) ShelveForRequest(ctx context.Context, tx *postgres.Tx, in Shelve) (Outcome, error) {
	if err := in.Request.belongsTo(in.Patron); err != nil {
		return Outcome{}, err
	}
	var patron patrons.Patron
	var item catalog.Item
	var kept Hold
	patrons.AskLocked(tx, in.Patron, &patron)
	catalog.AskItemLocked(tx, in.Item.Library, in.Item.ID, &item)
	askCaptured(tx, in.Item, &kept)
	if err := tx.Flush(ctx); err != nil {
		return Outcome{}, fmt.Errorf("read for the hold shelf: %w", err)
	}
	var out Outcome
	switch {
	case item.ID == broker.NoID:
		return out, broker.NotFound("item")
	case patron.ID == broker.NoID:
		return out, broker.NotFound("patron")
	case kept.Status == HoldOnShelf && kept.Patron == in.Patron && kept.Request == in.Request.Request:
		out.Replayed, out.NextAct = true, PutOnHoldShelf
		out.setHold(kept)
		out.setItem(item)
		out.say("It is on the hold shelf already, until %s.", kept.PickUpBy)
		return out, nil
	case kept.ID != broker.NoID:
		return out, broker.Conflict("held_for_other", "That item is already kept for somebody.")
	case item.Status != catalog.Received && item.Status != catalog.OnShelf:
		return out, broker.Conflict("item_not_available", "That item cannot be shelved: it is %s.", item.Status.Words())
	}
	hold := Hold{
		HoldRef: HoldRef{item.Library, broker.NewID()}, Patron: in.Patron, Class: patron.Class,
		Request: in.Request.Request, Pickup: in.Desk.Branch, QueuedAt: in.QueuedAt, PlacedAt: in.Desk.Now,
	}
	if hold.QueuedAt.IsZero() {
		hold.QueuedAt = in.Desk.Now
	}
	desk, err := withOpening(ctx, tx, in.Desk)
	if err != nil {
		return out, err
	}
	shelved, err := c.toShelf(desk, item, hold, in.LenderDue)
	if err != nil {
		return out, err
	}
	if !in.PickUpBy.IsZero() {
		shelved.Hold.PickUpBy = in.PickUpBy
	}
	addHold(tx, shelved.Hold)
	catalog.SetItemStatus(tx, item.Library, item.ID, catalog.OnHoldShelf)
	item.Status = catalog.OnHoldShelf
	out.setHold(shelved.Hold)
	out.setItem(item)
	out.Warnings, out.NextAct = shelved.Notes, PutOnHoldShelf
	out.say("On the hold shelf until %s.", shelved.Hold.PickUpBy)
	return out, nil
}

// SendHome notes that a borrowed copy was shipped back to its lender. One that
// is still on loan or on the hold shelf is a conflict. Sent again, nothing
// changes.
func (c *Circulation) SendHome(ctx context.Context, tx *postgres.Tx, desk Desk, ref catalog.Ref) (Outcome, error) {
	item, err := catalog.LoadItem(ctx, tx, ref.Library, ref.ID, true)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	out.Serves = requestRef(item.Library, item.Request)
	switch {
	case !item.Temporary():
		return out, broker.Conflict("not_borrowed", "That item is the library's own.")
	case item.Status == catalog.GoneHome:
		out.Replayed = true
	case item.Status == catalog.OnLoan || item.Status == catalog.OnHoldShelf:
		return out, broker.Conflict("item_not_available", "That item cannot be shipped: it is %s.", item.Status.Words())
	default:
		catalog.SetItemStatus(tx, item.Library, item.ID, catalog.GoneHome)
		item.Status = catalog.GoneHome
	}
	out.setItem(item)
	out.say("On its way home to its lender.")
	return out, nil
}

// LendOut is the lending side's loan to a borrowing library.
type LendOut struct {
	// Desk is the lender's; Borrower its institutional patron (patrons.Institution).
	Desk     Desk
	Item     catalog.Ref
	Borrower patrons.Ref
	// Due is the date the lender sets.
	Due     broker.Date
	Request RequestRef
}

// LendToLibrary lends an item to another library. No patron's policy applies and
// no fine accrues; overdue is a matter between the libraries. Lent already for
// the same request, it stays as it is; out otherwise is the conflict
// already_on_loan, elsewhere item_not_available. Return takes it back.
func (c *Circulation) LendToLibrary(ctx context.Context, tx *postgres.Tx, in LendOut) (Outcome, error) {
	if err := in.Request.belongsTo(in.Borrower); err != nil {
		return Outcome{}, err
	}
	var patron patrons.Patron
	var item catalog.Item
	var open Loan
	patrons.AskLocked(tx, in.Borrower, &patron)
	catalog.AskItemLocked(tx, in.Item.Library, in.Item.ID, &item)
	askOpenLoan(tx, in.Item, &open)
	if err := tx.Flush(ctx); err != nil {
		return Outcome{}, fmt.Errorf("read for a loan to a library: %w", err)
	}
	var out Outcome
	switch {
	case item.ID == broker.NoID:
		return out, broker.NotFound("item")
	case patron.ID == broker.NoID || patron.Institution == broker.NoID:
		return out, broker.NotFound("borrowing library")
	case open.ID != broker.NoID && open.Request == in.Request.Request && open.Patron == in.Borrower:
		out.Replayed, out.NextAct = true, ShipToBorrower
		out.setLoan(open)
		out.setItem(item)
		out.say("Already lent for that request, until %s.", open.DueOn)
		return out, nil
	case open.ID != broker.NoID:
		return out, broker.Conflict("already_on_loan", "That item is already on loan.")
	case item.Status != catalog.OnShelf || item.Temporary():
		return out, broker.Conflict("item_not_available", "That item cannot be lent: it is %s.", item.Status.Words())
	}
	document, err := c.Rules(in.Desk)
	if err != nil {
		return out, err
	}
	loan := Loan{
		LoanRef: LoanRef{in.Desk.Library.ID, broker.NewID()}, Item: in.Item, Patron: in.Borrower,
		Request: in.Request.Request, Branch: in.Desk.Branch, StartedAt: in.Desk.Now, DueOn: in.Due,
		DueAt: in.Desk.calendar().EndOfBusiness(in.Due), Status: LoanOpen,
		Terms: withoutFine(costs.ResolveTerms(document, costs.LoanFacts{Match: rule.Match{
			Owner: rule.OwnerOwn,
			Class: patron.Class, Item: item.Type, Audience: item.Audience,
		}})),
	}
	addLoan(tx, loan)
	catalog.SetItemStatus(tx, item.Library, item.ID, catalog.OnLoan)
	item.Status = catalog.OnLoan
	out.setLoan(loan)
	out.setItem(item)
	out.NextAct = ShipToBorrower
	out.say("Lent to the other library until %s.", loan.DueOn)
	return out, nil
}

// withoutFine are the terms between libraries: what lateness costs is not a fine.
func withoutFine(terms costs.Terms) costs.Terms {
	terms.Overdue.Rate.Minor, terms.Overdue.Cap = 0, nil
	return terms
}
