package requests

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/patrons"
	"afield/broker/policy/ill"
	"afield/workflow"
)

// Effects of the lending side on our own items.

// chooseItem picks the copy to send: the one scanned, the one chosen before, or
// any that is free. A copy made for the borrower needs none. A borrower who
// accepts our conditions was promised something, so that is never refused here:
// staff get a task instead.
func (st *step) chooseItem(ctx context.Context) error {
	if st.request.Service == "copy" {
		return nil
	}
	if barcode := st.firing.Input.Text("barcode"); barcode != "" {
		return st.chooseScanned(ctx, barcode)
	}
	err := st.chooseAny(ctx)
	if ours, ok := broker.AsError(err); ok && st.firing.Event == workflow.EventConditionsTaken {
		return st.task(ours.Code, "The borrower accepts, but no copy could be set aside: "+ours.Detail)
	}
	return err
}

// chooseScanned takes the very copy that staff have in hand.
func (st *step) chooseScanned(ctx context.Context, barcode string) error {
	item, err := catalog.ItemByBarcode(ctx, st.tx, st.library.SharingGroup, barcode, true)
	if err != nil {
		return err
	}
	if item.Library != st.request.LibraryID || item.Temporary() {
		return broker.Conflict("not_our_item", "Item %s is not ours to lend.", barcode)
	}
	switch item.Status {
	case catalog.OnShelf:
	case catalog.Missing: // it is in hand, so it is not
		catalog.SetItemStatus(st.tx, item.Library, item.ID, catalog.OnShelf)
	default:
		return broker.Conflict("item_not_available", "Item %s is not here to be lent: it is %s.", barcode, strings.ReplaceAll(string(item.Status), "_", " "))
	}
	promised, err := st.promisedElsewhere(ctx, item.ID)
	if err != nil {
		return err
	}
	if promised {
		return broker.Conflict("promised_elsewhere", "Item %s is promised to another library; scan another copy.", barcode)
	}
	st.request.ItemID = &item.ID
	return nil
}

// chooseAny keeps the copy chosen before while it is on its shelf, or else takes
// the first that is free.
func (st *step) chooseAny(ctx context.Context) error {
	if st.request.ItemID != nil {
		item, err := catalog.LoadItem(ctx, st.tx, st.request.LibraryID, *st.request.ItemID, true)
		if err != nil || item.Status == catalog.OnShelf {
			return err
		}
		st.request.ItemID = nil
	}
	if err := st.matchTitle(ctx); err != nil {
		return err
	}
	if st.request.TitleID == nil {
		return broker.Conflict("no_copy", "No title of ours matches; scan the copy to send.")
	}
	items, err := catalog.ItemsOfTitle(ctx, st.tx, *st.request.TitleID, st.request.LibraryID)
	if err != nil {
		return err
	}
	free, err := st.notPromised(ctx, items)
	if err != nil {
		return err
	}
	for i, candidate := range free {
		if ok, err := st.isFree(ctx, candidate); err != nil {
			return err
		} else if !ok {
			continue
		}
		if err := st.ownPatronsFirst(ctx, len(free)-i); err != nil {
			return err
		}
		st.request.ItemID = &candidate
		return nil
	}
	return broker.Conflict("no_copy", "No copy is free on the shelf now; answer no, or scan the copy to send.")
}

// notPromised gives the copies on the shelf that may be lent and that no other
// lending request was given.
func (st *step) notPromised(ctx context.Context, items []catalog.Item) ([]broker.ID, error) {
	rows, err := st.tx.Query(ctx, `select item_id from requests where library_id = $1 and side = 'lending' and closed_at is null
		and id <> $2 and item_id in (select id from items where library_id = $1 and title_id = $3)`,
		st.request.LibraryID, st.request.ID, st.request.TitleID)
	if err != nil {
		return nil, fmt.Errorf("look which copies are promised: %w", err)
	}
	promised, err := pgx.CollectRows(rows, pgx.RowTo[broker.ID])
	if err != nil {
		return nil, fmt.Errorf("look which copies are promised: %w", err)
	}
	var free []broker.ID
	for _, item := range items {
		if item.Status == catalog.OnShelf && item.Lendable && !slices.Contains(promised, item.ID) {
			free = append(free, item.ID)
		}
	}
	return free, nil
}

// isFree looks at a copy under its lock, so that of two yeses at once only one
// gets it.
func (st *step) isFree(ctx context.Context, id broker.ID) (bool, error) {
	item, err := catalog.LoadItem(ctx, st.tx, st.request.LibraryID, id, true)
	if err != nil || item.Status != catalog.OnShelf {
		return false, err
	}
	promised, err := st.promisedElsewhere(ctx, id)
	return !promised, err
}

// promisedElsewhere tells whether another open lending request was given a copy.
func (st *step) promisedElsewhere(ctx context.Context, item broker.ID) (promised bool, err error) {
	err = st.tx.QueryRow(ctx, `select exists (select 1 from requests where library_id = $1 and side = 'lending' and closed_at is null
		and item_id = $2 and id <> $3)`, st.request.LibraryID, item, st.request.ID).Scan(&promised)
	if err != nil {
		return false, fmt.Errorf("look whether a copy is promised: %w", err)
	}
	return promised, nil
}

// ownPatronsFirst holds a yes to the lender's policy: our own patrons who wait
// come first, unless somebody who may passes over that.
func (st *step) ownPatronsFirst(ctx context.Context, copies int) error {
	waiting, err := circulation.Queue(ctx, st.tx, st.request.LibraryID, *st.request.TitleID)
	if err != nil {
		return err
	}
	decision := ill.MayLend(st.doc, st.moment(), ill.Lending{OwnHolds: len(waiting), Copies: copies})
	if decision.Allowed || decision.OverridableBy(st.firing.Actor.Roles) {
		return nil
	}
	return decision.Err("own_patrons_wait")
}

func (st *step) releaseItem(context.Context) error {
	st.request.ItemID = nil
	return nil
}

// itemMissing marks the copy that was searched for as missing. One that is not
// on its shelf because somebody has it is only let go.
func (st *step) itemMissing(ctx context.Context) error {
	if st.request.ItemID == nil {
		return nil
	}
	item, err := catalog.LoadItem(ctx, st.tx, st.request.LibraryID, *st.request.ItemID, true)
	if err != nil {
		return err
	}
	if item.Status == catalog.OnShelf {
		catalog.SetItemStatus(st.tx, item.Library, item.ID, catalog.Missing)
	}
	st.request.ItemID = nil
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
	return nil
}

func (st *step) lendingDesk() circulation.Desk {
	return circulation.Desk{Library: st.library.Library, Actor: st.firing.Actor, Now: st.now}
}

// takeItemBack closes the loan to the borrowing library, lost or not. Where the
// loan is closed, or the copy is out for somebody else by now, nothing is.
func (st *step) takeItemBack(ctx context.Context) error {
	if st.request.ItemID == nil {
		return nil
	}
	loan, err := circulation.LoanOfItem(ctx, st.tx, st.itemRef())
	if broker.IsKind(err, broker.KindNotFound) || (err == nil && loan.Request != st.request.ID) {
		return nil
	}
	if err != nil {
		return err
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
	if st.firing.Event == workflow.EventAnswerRenewYes {
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
