package requests_test

import (
	"testing"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/catalog"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
	"afield/workflow/requests/tasks"
)

func TestACorrectedInvoiceReplacesTheEarlierAndForgivingDropsIt(t *testing.T) {
	t.Parallel()
	tw, _, lender, _, theirs, _, barcode := town.LendsOut(t, "NY")
	lender.Does(theirs, workflow.EventAnswerYes, nil)
	patron := waits(lender, theirs)
	lender.Lost(theirs, barcode)
	waitsForNothing(t, lender, patron)
	lender.Does(theirs, workflow.EventSendInvoice, map[string]any{"cost": town.USD(2500)})
	lender.Does(theirs, workflow.EventSendInvoice, map[string]any{"cost": town.USD(2000)})
	if owed := lender.OwedByLibraries(); owed != 2000 {
		t.Fatalf("the corrected 20.00 is owed, not %d cents", owed)
	}
	lender.Does(theirs, workflow.EventForgive, nil)
	if owed := lender.OwedByLibraries(); owed != 0 {
		t.Fatalf("what is forgiven is not owed: %d cents", owed)
	}
	tw.Sound()
}

// A copy that was settled as lost and turns up is taken in, whenever that is.
func TestALostCopyThatComesHomeAfterItWasPaid(t *testing.T) {
	t.Parallel()
	tw, _, lender, _, theirs, _, barcode := town.LendsOut(t, "NY")
	lender.Lost(theirs, barcode)
	lender.Does(theirs, workflow.EventSendInvoice, map[string]any{"cost": town.USD(2000)})
	lender.Does(theirs, workflow.EventPaid, nil)
	lender.Expects(theirs, workflow.Completed)
	if done := lender.Scans(barcode, ""); done.Did != "returned_home" || done.Request != theirs {
		t.Fatalf("it is home: %+v", done)
	}
	if status := lender.ItemStatus(barcode); status != catalog.OnShelf {
		t.Fatalf("it stands on its shelf, not %s", status)
	}
	if !lender.TaskOf(theirs, "receive_return") {
		t.Fatal("staff decide whether the payment goes back")
	}
	if owed := lender.OwedByLibraries(); owed != 0 {
		t.Fatalf("what was paid stays paid: %d cents", owed)
	}
	if done := lender.Scans(barcode, ""); done.Did != "nothing" {
		t.Fatalf("a second scan finds it on its shelf: %+v", done)
	}
	tw.Sound()
}

func TestALostCopyThatComesHomeBeforeItWasPaid(t *testing.T) {
	t.Parallel()
	tw, _, lender, _, theirs, _, barcode := town.LendsOut(t, "NY")
	lender.Lost(theirs, barcode)
	lender.Does(theirs, workflow.EventSendInvoice, map[string]any{"cost": town.USD(2000)})
	lender.Scans(barcode, "")
	lender.Expects(theirs, workflow.Completed)
	if owed := lender.OwedByLibraries(); owed != 0 || lender.ItemStatus(barcode) != catalog.OnShelf {
		t.Fatalf("nothing is owed for what is home: %d cents, %s", owed, lender.ItemStatus(barcode))
	}
	lender.Does(theirs, workflow.EventSendInvoice, map[string]any{"cost": town.USD(400)}) // a torn cover
	if owed := lender.OwedByLibraries(); owed != 400 {
		t.Fatalf("damage is invoiced after the return: 4.00, not %d cents", owed)
	}
	tw.Sound()
}

// The action on an old request takes nothing from whoever has the copy now.
func TestAnOldRequestTakesNothingFromTheNextBorrower(t *testing.T) {
	t.Parallel()
	tw, _, lender, _, theirs, _, barcode := town.LendsOut(t, "NY")
	lender.Does(theirs, workflow.EventAnswerYes, nil)
	for range 3 { // pulled, shipped, home again
		lender.Scans(barcode, "")
	}
	lender.Expects(theirs, workflow.Completed)
	lender.Lends(barcode, lender.Patron("resident"))
	lender.Does(theirs, workflow.EventReceiveReturn, nil)
	if status := lender.ItemStatus(barcode); status != catalog.OnLoan {
		t.Fatalf("the patron has it still: %s", status)
	}
	tw.Sound()
}

// A copy needs no item, and costs what staff say.
func TestAMemberSuppliesACopy(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home, lender := tw.Library("westport", "NY", broker.NoID), tw.Library("open-lender", "NY", broker.NoID)
	home.LooksTo([]broker.ID{lender.Library.ID})
	patron := home.Patron("resident")
	request, err := home.Asks(requests.Submission{
		Patron: patron, Service: "copy",
		Citation: broker.Citation{Title: "An article", ISSN: "03785955", Format: broker.FormatArticle},
	})
	tw.Must(err)
	home.Does(request.ID, workflow.EventAddLender, map[string]any{"lender": lender.Symbol.String()})
	theirs := lender.Lending()
	lender.Does(theirs, workflow.EventAnswerYes, nil)
	home.Expects(request.ID, workflow.WillSupply)
	lender.Does(theirs, workflow.EventShip, map[string]any{"cost": town.USD(300)})
	lender.Expects(theirs, workflow.Completed)
	home.Expects(request.ID, workflow.Completed)
	if owed := lender.OwedByLibraries(); owed != 300 {
		t.Fatalf("the copy is billed: 3.00, not %d cents", owed)
	}
	if told := home.CostTold(request.ID); told != 300 {
		t.Fatalf("the borrower is told what it costs: %d cents", told)
	}
	tw.Sound()
}

// A borrower that accepts conditions is never answered with an error: without a
// copy staff of the lender get a task.
func TestConditionsAcceptedWhenTheCopyIsGone(t *testing.T) {
	t.Parallel()
	tw, home, lender, ours, theirs, _, barcode := town.LendsOut(t, "NY")
	lender.Does(theirs, workflow.EventAnswerConditional, map[string]any{"conditions": "use in the library only"})
	lender.Lends(barcode, lender.Patron("resident"))
	home.Does(ours, workflow.EventAcceptConditions, nil)
	home.Expects(ours, workflow.WillSupply)
	lender.Expects(theirs, workflow.ToPull)
	if !lender.TaskOf(theirs, "no_copy") {
		t.Fatal("staff hear that there is no copy to pull")
	}
	lender.Does(theirs, workflow.EventAnswerNo, map[string]any{"reason": "on_loan"})
	home.Expects(ours, workflow.NeedsReview)
	tw.Sound()
}

// A partner that accepts what we have withdrawn hears no again, not silence.
func TestAnOfferThatNoLongerStands(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	lender := tw.Library("open-lender", "NY", broker.NoID)
	lender.Owns(tw.Title("A title nobody here owns", town.ISBN))
	borrower := tw.Partner("VT", 0)
	wanted := town.Citation()
	borrower.Borrows(lender, connectors.Message{Kind: connectors.KindRequest, RequestID: "vt-1", Citation: &wanted, Service: "loan"})
	theirs := lender.Lending()
	lender.Does(theirs, workflow.EventAnswerConditional, map[string]any{"conditions": "insure it"})
	tw.Pass(6)
	lender.Expects(theirs, workflow.Unfilled)
	before := len(tw.Sent.Messages)
	borrower.Borrows(lender, connectors.Message{Kind: connectors.KindAcceptConditions, RequestID: "vt-1"})
	if told := tw.Sent.Messages[before:]; len(told) != 1 || told[0].Kind != connectors.KindUnfilled {
		t.Fatalf("the borrower hears that the offer is gone: %+v", told)
	}
	tw.Sound()
}

// The fee that staff enter at shipping counts, even when it is nothing.
func TestAFeeWaivedAtShippingIsNotPaid(t *testing.T) {
	t.Parallel()
	tw, home, lender, ours, theirs, patron, barcode := town.LendsOut(t, "VT")
	lender.Does(theirs, workflow.EventAnswerConditional, map[string]any{"conditions": "a fee", "cost": town.USD(1500)})
	home.Does(ours, workflow.EventAcceptConditions, nil)
	home.Expects(ours, workflow.AwaitingCostApproval)
	home.Does(ours, workflow.EventApproveCost, nil)
	lender.Does(theirs, workflow.EventShip, map[string]any{"barcode": barcode, "cost": town.USD(0)})
	home.Scans(barcode, "")
	home.Expects(ours, workflow.Received)
	if owed, billed := home.Owed(patron), lender.OwedByLibraries(); owed != 0 || billed != 0 {
		t.Fatalf("a waived fee costs nobody anything: the patron owes %d, the library %d cents", owed, billed)
	}
	tw.Sound()
}

// A copy is promised only once; whoever comes second is told that there is
// none.
func TestOneCopyIsPromisedOnce(t *testing.T) {
	t.Parallel()
	tw, _, lender, _, first, _, barcode := town.LendsOut(t, "NY")
	other := tw.Library("westport", "NY", broker.NoID)
	other.LooksTo([]broker.ID{lender.Library.ID})
	_, err := other.Asks(requests.Submission{Patron: other.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	second := lender.Lending()
	lender.Does(first, workflow.EventAnswerYes, nil)
	for _, form := range []map[string]any{nil, {"barcode": barcode}} {
		if err := lender.Acts(second, workflow.EventAnswerYes, form); !broker.IsKind(err, broker.KindConflict) {
			t.Fatalf("the copy is promised already: %v", err)
		}
	}
	spare := lender.Owns(tw.Title("A title nobody here owns", town.ISBN))
	lender.Does(second, workflow.EventAnswerYes, nil)
	if done := lender.Scans(spare, ""); done.Request != second {
		t.Fatalf("a copy is pulled for the request it was promised to: %+v", done)
	}
	if done := lender.Scans(barcode, ""); done.Request != first {
		t.Fatalf("and so is the other: %+v", done)
	}
	tw.Sound()
}

// A copy that a patron took meanwhile is not on its shelf, but not missing.
func TestNotFoundBecauseSomebodyHasIt(t *testing.T) {
	t.Parallel()
	tw, home, lender, ours, theirs, _, barcode := town.LendsOut(t, "NY")
	lender.Does(theirs, workflow.EventAnswerYes, nil)
	lender.Lends(barcode, lender.Patron("resident"))
	lender.Does(theirs, workflow.EventNotFound, nil)
	lender.Does(theirs, workflow.EventNotFound, nil)
	lender.Expects(theirs, workflow.Unfilled)
	home.Expects(ours, workflow.NeedsReview)
	if status := lender.ItemStatus(barcode); status != catalog.OnLoan {
		t.Fatalf("it is on loan, not %s", status)
	}
	tw.Sound()
}

// What a request does to the last copy is told to those who wait for it, as when
// the desk does it.
func TestTheLastCopyIsNotFoundForAnotherLibrary(t *testing.T) {
	t.Parallel()
	tw, _, lender, _, theirs, _, barcode := town.LendsOut(t, "NY")
	lender.Does(theirs, workflow.EventAnswerYes, nil)
	patron := waits(lender, theirs)
	lender.Does(theirs, workflow.EventNotFound, nil)
	lender.Does(theirs, workflow.EventNotFound, nil)
	lender.Expects(theirs, workflow.Unfilled)
	if status := lender.ItemStatus(barcode); status != catalog.Missing {
		t.Fatalf("it is missing, not %s", status)
	}
	waitsForNothing(t, lender, patron)
	if done := lender.Scans(barcode, ""); done.Did != "captured" || lender.OpenTasks(tasks.NoCopy) != 0 {
		t.Fatalf("it is found, and theirs: %+v", done)
	}
	tw.Sound()
}

// waits puts a patron of the lender into the queue of what a request asks for.
func waits(lender *town.House, theirs broker.ID) (patron broker.ID) {
	patron = lender.Patron("resident")
	lender.Hold(lender.Request(theirs).TitleID, patron)
	return patron
}

// waitsForNothing checks that staff and a patron know that no copy can come.
func waitsForNothing(t *testing.T, lender *town.House, patron broker.ID) {
	t.Helper()
	if open, told := lender.OpenTasks(tasks.NoCopy), lender.ToldOf(patron, "no_copy"); open != 1 || told == 0 {
		t.Fatalf("%d tasks are open, and the patron was told %d times", open, told)
	}
}
