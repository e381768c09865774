package loans

import (
	"context"
	"fmt"
	"strconv"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/policy/costs"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// TempItem describes a copy that arrived from a lender.
type TempItem struct {
	Desk standing.Desk
	// Request is the request it arrived for, of the desk's library; Number is
	// what slips and barcode show.
	Request standing.RequestRef
	Number  int64
	// Volume counts the volumes of the request from 1; 0 is 1, the only one.
	Volume int
	// Title is the title it was matched to, where there is one.
	Title broker.ID
	// Type is the material type; empty means book.
	Type          string
	LenderBarcode string
}

// MakeTemporaryItem makes a borrowed volume an item of the library, with the
// barcode of its band (Band), received and not yet shelved. Made again, it is the
// same item; a copy that comes after the first went home replaces it.
func (c *Service) MakeTemporaryItem(ctx context.Context, tx *postgres.Tx, in TempItem) (catalog.Item, error) {
	band := Band(in.Number, in.Volume)
	item, err := catalog.ItemByBarcode(ctx, tx, in.Desk.Library.SharingGroup, band, true)
	switch {
	case broker.IsKind(err, broker.KindNotFound):
		item = catalog.Item{
			Library: in.Desk.Library.ID, ID: broker.NewID(), Realm: in.Desk.Library.SharingGroup,
			Barcode: band, Title: in.Title, Branch: in.Desk.Branch, Type: in.Type,
			Status: catalog.Received, Lendable: true, Request: in.Request.Request, LenderBarcode: in.LenderBarcode,
		}
		catalog.SaveItem(tx, item, in.Desk.Now)
		return item, nil
	case err != nil:
		return item, err
	case item.Request != in.Request.Request:
		return item, broker.Conflict("band_in_use", "The band %s is on another item; look what it is.", band)
	}
	if item.Status == catalog.GoneHome {
		item.Status, item.LenderBarcode = catalog.Received, in.LenderBarcode
		catalog.SaveItem(tx, item, in.Desk.Now)
		catalog.SetItemStatus(tx, item.Library, item.ID, item.Status)
	}
	return item, nil
}

// Band is the barcode on the band around a borrowed copy: ILL-10452, and
// ILL-10452-2 around the second volume of the same request.
func Band(number int64, volume int) string {
	band := "ILL-" + strconv.FormatInt(number, 10)
	if volume > 1 {
		band += "-" + strconv.Itoa(volume)
	}
	return band
}

// SendHome notes that a borrowed copy was shipped back to its lender. One that
// is still on loan or on the hold shelf is a conflict. Done again, nothing
// changes.
func (c *Service) SendHome(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref catalog.Ref) (Outcome, error) {
	item, err := catalog.LoadItem(ctx, tx, ref.Library, ref.ID, true)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	out.Serves = standing.Serves(item.Library, item.Request)
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
	out.SetItem(item)
	out.Say("On its way home to its lender.")
	return out, nil
}

// LendOut is the lending side's loan to a borrowing library.
type LendOut struct {
	// Desk is the lender's; Borrower its institutional patron (patrons.Institution).
	Desk     standing.Desk
	Item     catalog.Ref
	Borrower patrons.Ref
	// Due is the date the lender sets.
	Due     broker.Date
	Request standing.RequestRef
}

// LendToLibrary lends an item to another library. No policy for patrons applies
// and no fine accrues; lateness is a matter between the libraries. If it is
// already lent for the same request, nothing changes; out on another loan it is
// the conflict already_on_loan, and where it cannot be lent from
// item_not_available. returns.Return takes it back.
func (c *Service) LendToLibrary(ctx context.Context, tx *postgres.Tx, in LendOut) (Outcome, error) {
	if err := in.Request.BelongsTo(in.Borrower); err != nil {
		return Outcome{}, err
	}
	var patron patrons.Patron
	var item catalog.Item
	var open Loan
	patrons.AskLocked(tx, in.Borrower, &patron)
	catalog.AskItemLocked(tx, in.Item.Library, in.Item.ID, &item)
	AskOutOn(tx, in.Item, &open)
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
		out.Replayed, out.NextAct = true, standing.ShipToBorrower
		out.SetLoan(open)
		out.SetItem(item)
		out.Say("Already lent for that request, until %s.", open.DueOn)
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
		Ref: Ref{in.Desk.Library.ID, broker.NewID()}, Item: in.Item, Patron: in.Borrower,
		Request: in.Request.Request, Branch: in.Desk.Branch, StartedAt: in.Desk.Now, DueOn: in.Due,
		DueAt: in.Desk.Calendar().EndOfBusiness(in.Due), Status: Open,
		Terms: withoutFine(costs.ResolveTerms(document, costs.LoanFacts{Match: rule.Match{
			Owner: rule.OwnerOwn,
			Class: patron.Class, Item: item.Type, Audience: item.Audience, Age: item.AgeMark,
		}})),
	}
	addLoan(tx, loan)
	catalog.SetItemStatus(tx, item.Library, item.ID, catalog.OnLoan)
	item.Status = catalog.OnLoan
	out.SetLoan(loan)
	out.SetItem(item)
	out.NextAct = standing.ShipToBorrower
	out.Say("Lent to the other library until %s.", loan.DueOn)
	return out, nil
}

// withoutFine are the terms between libraries, where lateness costs no fine.
func withoutFine(terms costs.Terms) costs.Terms {
	terms.Overdue.Rate.Minor, terms.Overdue.Cap, terms.Overdue.Steps = 0, nil, nil
	return terms
}
