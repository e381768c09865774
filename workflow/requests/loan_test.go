package requests_test

import (
	"testing"

	"afield/workflow/town"

	"afield/broker"
	"afield/workflow"
	"afield/workflow/requests"
)

// One request, asked of another member, from submission to the end, with the
// same rows and jobs that a partner would see.
func TestALoanBetweenTwoMembers(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home, lender := tw.Library("westport", "NY", broker.NoID), tw.Library("open-lender", "NY", broker.NoID)
	home.LooksTo([]broker.ID{lender.Library.ID})
	barcode := lender.Owns(tw.Title("A title nobody here owns", town.ISBN))

	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	home.Expects(request.ID, workflow.Requested)
	theirs := lender.Lending()
	lender.Expects(theirs, workflow.Requested)

	lender.Does(theirs, workflow.EventAnswerYes, nil)
	home.Expects(request.ID, workflow.WillSupply)
	if done := lender.Scans(barcode, ""); done.Did != "pulled" {
		t.Fatalf("scanning the promised copy pulls it: %+v", done)
	}
	if done := lender.Scans(barcode, ""); done.Did != "shipped" {
		t.Fatalf("scanning it again ships it: %+v", done)
	}
	home.Expects(request.ID, workflow.Shipped)

	tw.Pass(2)
	if done := home.Scans(barcode, ""); done.Did != "received" {
		t.Fatalf("the lender's barcode receives it: %+v", done)
	}
	lender.Expects(theirs, workflow.WithBorrowingLibrary)
	band := "ILL-" + home.Number(request.ID)
	if done := home.Scans(band, ""); done.Did != "shelved" || done.PickUpBy.IsZero() {
		t.Fatalf("the band puts it on the hold shelf: %+v", done)
	}
	if got := home.Expects(request.ID, workflow.OnHoldShelf).PickUpBy.String(); got != "2026-03-14" {
		t.Fatalf("ten days from 2026-03-04 end on 2026-03-14, not %s", got)
	}
	home.Does(request.ID, workflow.EventCheckOut, nil)
	lent := home.Expects(request.ID, workflow.CheckedOut)
	if lent.PatronDueOn.IsZero() || lent.PatronDueOn.After(lent.LenderDueOn) {
		t.Fatalf("the patron's due date %s lies not after the lender's %s", lent.PatronDueOn, lent.LenderDueOn)
	}
	if done := home.Scans(band, ""); done.Did != "checked_in" {
		t.Fatalf("scanning it again checks it in: %+v", done)
	}
	home.Expects(request.ID, workflow.ReturnDue)
	if done := home.Scans(band, ""); done.Did != "shipped" {
		t.Fatalf("and then it goes home: %+v", done)
	}
	lender.Expects(theirs, workflow.ReturnShipped)
	if done := lender.Scans(barcode, ""); done.Did != "returned_home" {
		t.Fatalf("the lender takes it back: %+v", done)
	}
	lender.Expects(theirs, workflow.Completed)
	home.Expects(request.ID, workflow.Completed)
	tw.Sound()
}

// A copy on our own shelf is a hold, and the patron sees one request all the same.
func TestAnOwnCopyBecomesAHold(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("western-district", "IL", broker.NoID)
	home.LooksTo()
	barcode := home.Owns(tw.Title("A title nobody here owns", town.ISBN))
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	if got := home.Expects(request.ID, workflow.Requested); !got.ByHold() {
		t.Fatal("an own copy is fulfilled by a hold")
	}
	if done := home.Scans(barcode, ""); done.Did != "captured" {
		t.Fatalf("scanning the copy gives it to the hold: %+v", done)
	}
	if got := home.Expects(request.ID, workflow.OnHoldShelf).PickUpBy.String(); got != "2026-03-09" {
		t.Fatalf("six open days from Monday 2 March end on Monday the 9th, not %s", got)
	}
	home.Does(request.ID, workflow.EventCheckOut, nil)
	home.Expects(request.ID, workflow.CheckedOut)
	home.Does(request.ID, workflow.EventReturn, nil)
	home.Expects(request.ID, workflow.Completed)
	tw.Sound()
}

// A no and a silence cost time, never the request.
func TestARefusalAndASilenceMoveOn(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("westport", "NY", broker.NoID)
	lenders := []*town.House{}
	ids := [][]broker.ID{}
	title := tw.Title("A title nobody here owns", town.ISBN)
	for range 3 {
		lender := tw.Library("open-lender", "NY", broker.NoID)
		lender.Owns(title)
		lenders = append(lenders, lender)
		ids = append(ids, []broker.ID{lender.Library.ID})
	}
	home.LooksTo(ids...)
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	lenders[0].Does(lenders[0].Lending(), workflow.EventAnswerNo, map[string]any{"reason": "on_loan"})
	home.Expects(request.ID, workflow.Requested)
	silent := lenders[1].Lending()
	lenders[1].Expects(silent, workflow.Requested)
	tw.Pass(5)
	home.Expects(request.ID, workflow.Requested)
	lenders[1].Expects(silent, workflow.Cancelled)
	lenders[2].Does(lenders[2].Lending(), workflow.EventAnswerNo, map[string]any{"reason": "lost"})
	home.Expects(request.ID, workflow.NeedsReview)
	home.Does(request.ID, workflow.EventTellPatron, map[string]any{"reason": "nobody lends it"})
	home.Expects(request.ID, workflow.Unfilled)
	tw.Sound()
}

// A fee is shown, approved, and passed on to the cent.
func TestAFeeIsApprovedAndPassedOnExactly(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home, lender := tw.Library("westchester", "IN", broker.NoID), tw.Library("open-lender", "OH", broker.NoID)
	home.LooksTo([]broker.ID{lender.Library.ID})
	lender.Charges(1250)
	barcode := lender.Owns(tw.Title("A title nobody here owns", town.ISBN))
	patron := home.Patron("resident")
	request, err := home.Asks(requests.Submission{Patron: patron, Citation: town.Citation()})
	tw.Must(err)
	home.Expects(request.ID, workflow.AwaitingCostApproval)
	home.Does(request.ID, workflow.EventApproveCost, nil)
	home.Expects(request.ID, workflow.Requested)
	theirs := lender.Lending()
	lender.Does(theirs, workflow.EventAnswerYes, nil)
	lender.Scans(barcode, "")
	lender.Scans(barcode, "")
	home.Scans(barcode, "")
	home.Expects(request.ID, workflow.Received)
	if owed := home.Owed(patron); owed != 1250 {
		t.Fatalf("12.50 is passed on, not %d cents", owed)
	}
	tw.Sound()
}
