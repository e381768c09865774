package requests

import (
	"context"
	"fmt"
	"slices"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/patrons"
	"afield/broker/policy"
)

// Effects of the lending side on our own items.

// chooseItem picks the copy to send: the one scanned, the one chosen before, or
// any on the shelf.
func (st *step) chooseItem(ctx context.Context) error {
	if barcode := st.firing.Input.Text("barcode"); barcode != "" {
		item, err := catalog.ItemByBarcode(ctx, st.tx, st.library.SharingGroup, barcode, true)
		if err != nil {
			return err
		}
		if item.Library != st.request.LibraryID || item.Temporary() {
			return broker.Conflict("not_our_item", "Item %s is not ours to lend.", barcode)
		}
		st.request.ItemID = &item.ID
		return nil
	}
	if st.request.ItemID != nil {
		return nil
	}
	if err := st.matchTitle(ctx); err != nil {
		return err
	}
	if st.request.TitleID == nil {
		return broker.Conflict("no_copy", "No title of ours matches; scan the copy to send.")
	}
	items, err := catalog.ItemsOfTitle(ctx, st.tx, st.request.LibraryID, *st.request.TitleID)
	if err != nil {
		return err
	}
	items = slices.DeleteFunc(items, func(i catalog.Item) bool { return i.Status != catalog.OnShelf || !i.Lendable || i.Temporary() })
	if len(items) > 0 {
		st.request.ItemID = &items[0].ID
		return st.ownPatronsFirst(ctx, len(items))
	}
	return broker.Conflict("no_copy", "No copy is on the shelf now; answer no, or scan the copy to send.")
}

// ownPatronsFirst holds a yes to the lender's policy: our own patrons who wait
// come first, unless somebody who may passes over that.
func (st *step) ownPatronsFirst(ctx context.Context, copies int) error {
	waiting, err := circulation.Queue(ctx, st.tx, st.request.LibraryID, *st.request.TitleID)
	if err != nil {
		return err
	}
	decision := st.doc.MayLend(st.moment(), policy.Lending{OwnHolds: len(waiting), Copies: copies})
	if decision.Allowed || decision.OverridableBy(st.firing.Actor.Roles) {
		return nil
	}
	return decision.Err("own_patrons_wait")
}

func (st *step) releaseItem(context.Context) error {
	st.request.ItemID = nil
	return nil
}

func (st *step) itemMissing(context.Context) error {
	if st.request.ItemID != nil {
		catalog.SetItemStatus(st.tx, st.request.LibraryID, *st.request.ItemID, catalog.Missing)
		st.request.ItemID = nil
	}
	return nil
}

func (st *step) chosenBarcode(ctx context.Context) (string, error) {
	if st.request.ItemID == nil {
		return "", fmt.Errorf("request %d: nothing was chosen to send", st.request.Number)
	}
	item, err := catalog.LoadItem(ctx, st.tx, st.request.LibraryID, *st.request.ItemID, false)
	return item.Barcode, err
}

// lendItem lends the copy to the borrowing library as an institutional patron,
// for as long as our lending terms say unless staff set a date.
func (st *step) lendItem(ctx context.Context) error {
	borrower, err := st.service.library(ctx, st.tx, *st.request.BorrowerLibraryID)
	if err != nil {
		return err
	}
	due := st.firing.Input.Date("due")
	today := st.library.Today(st.now)
	if due.IsZero() {
		due = today.AddDays(st.library.Terms.LoanDays)
	}
	if !due.After(today) {
		return broker.Invalid(broker.FieldError{Pointer: "/due", Code: "in_the_past", Message: "must be after today"})
	}
	institution, err := patrons.Institution(ctx, st.tx, st.library.Library, borrower.Library, st.now)
	if err != nil {
		return err
	}
	_, err = st.service.circulation.LendToLibrary(ctx, st.tx, circulation.LendOut{
		Desk: st.lendingDesk(), Item: st.itemRef(), Borrower: institution.Ref(), Due: due, Request: st.ref(),
	})
	if err != nil {
		return err
	}
	st.request.LenderDueOn = due
	st.data["due"] = due.String()
	if st.request.OfferedCostMinor == nil {
		st.usualFee(borrower.ID)
	}
	return nil
}

// usualFee is what our terms ask of this borrower, when nothing was offered.
func (st *step) usualFee(broker.ID) {
	borrower := st.others[*st.request.BorrowerLibraryID]
	if _, given := st.firing.Input.Money("cost"); given || borrower == nil {
		return
	}
	if free, _ := st.library.Terms.FreeFor(st.library.Library, borrower.Library, borrower.Groups); free {
		return
	}
	fee := st.library.Terms.Fee.Minor
	st.request.OfferedCostMinor = &fee
}

func (st *step) lendingDesk() circulation.Desk {
	return circulation.Desk{Library: st.library.Library, Actor: st.firing.Actor, Now: st.now}
}

// takeItemBack closes the loan to the borrowing library.
func (st *step) takeItemBack(ctx context.Context) error {
	if st.request.ItemID == nil {
		return nil
	}
	outcome, err := st.service.circulation.Return(ctx, st.tx, circulation.Return{Desk: st.lendingDesk(), Item: st.itemRef()})
	if err != nil {
		return err
	}
	st.passOn(outcome)
	return nil
}

func (st *step) moveLoanDue(ctx context.Context) error {
	due := st.firing.Input.Date("due")
	if !due.After(st.library.Today(st.now)) {
		return broker.Invalid(broker.FieldError{Pointer: "/due", Code: "in_the_past", Message: "must be after today"})
	}
	loan, err := st.openLoan(ctx)
	if err != nil || loan == nil {
		return err
	}
	why := circulation.DueCorrected
	if st.firing.Event == "answer_renewal_yes" {
		why = circulation.DueRenewed
		st.request.Renewals++
	}
	if _, err := st.service.circulation.ChangeDue(ctx, st.tx, circulation.ChangeDue{Desk: st.lendingDesk(), Loan: loan.LoanRef, Due: due, Why: why}); err != nil {
		return err
	}
	st.request.LenderDueOn, st.request.Overdue = due, false
	st.resetDeadline = true
	return nil
}
