package desk_test

import (
	"testing"

	"afield/broker"
	"afield/workflow"
	"afield/workflow/requests"
)

const isbn = "9780143127741"

func citation() broker.Citation {
	return broker.Citation{Title: "A title nobody here owns", ISBN: isbn}
}

// One request, asked of another member, from submission to the end, with the
// same rows and jobs that a partner would see.
func TestALoanBetweenTwoMembers(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home, lender := tw.library("westport", "NY", broker.NoID), tw.library("open-lender", "NY", broker.NoID)
	home.looksTo([]broker.ID{lender.Library.ID})
	barcode := lender.owns(tw.title("A title nobody here owns", isbn))

	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	home.expects(request.ID, workflow.Requested)
	theirs := lender.lending()
	lender.expects(theirs, workflow.Requested)

	lender.does(theirs, workflow.EventAnswerYes, nil)
	home.expects(request.ID, workflow.WillSupply)
	if done := lender.scans(barcode, ""); done.Did != "pulled" {
		t.Fatalf("scanning the promised copy pulls it: %+v", done)
	}
	if done := lender.scans(barcode, ""); done.Did != "shipped" {
		t.Fatalf("scanning it again ships it: %+v", done)
	}
	home.expects(request.ID, workflow.Shipped)

	tw.pass(2)
	if done := home.scans(barcode, ""); done.Did != "received" {
		t.Fatalf("the lender's barcode receives it: %+v", done)
	}
	lender.expects(theirs, workflow.WithBorrowingLibrary)
	band := "ILL-" + home.number(request.ID)
	if done := home.scans(band, ""); done.Did != "shelved" || done.PickUpBy.IsZero() {
		t.Fatalf("the band puts it on the hold shelf: %+v", done)
	}
	if got := home.expects(request.ID, workflow.OnHoldShelf).PickUpBy.String(); got != "2026-03-14" {
		t.Fatalf("ten days from 2026-03-04 end on 2026-03-14, not %s", got)
	}
	home.does(request.ID, workflow.EventCheckOut, nil)
	lent := home.expects(request.ID, workflow.CheckedOut)
	if lent.PatronDueOn.IsZero() || lent.PatronDueOn.After(lent.LenderDueOn) {
		t.Fatalf("the patron's due date %s lies not after the lender's %s", lent.PatronDueOn, lent.LenderDueOn)
	}
	if done := home.scans(band, ""); done.Did != "checked_in" {
		t.Fatalf("scanning it again checks it in: %+v", done)
	}
	home.expects(request.ID, workflow.ReturnDue)
	if done := home.scans(band, ""); done.Did != "shipped" {
		t.Fatalf("and then it goes home: %+v", done)
	}
	lender.expects(theirs, workflow.ReturnShipped)
	if done := lender.scans(barcode, ""); done.Did != "returned_home" {
		t.Fatalf("the lender takes it back: %+v", done)
	}
	lender.expects(theirs, workflow.Completed)
	home.expects(request.ID, workflow.Completed)
	tw.sound()
}

// A copy on our own shelf is a hold, and the patron sees one request all the same.
func TestAnOwnCopyBecomesAHold(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("western-district", "IL", broker.NoID)
	home.looksTo()
	barcode := home.owns(tw.title("A title nobody here owns", isbn))
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	if got := home.expects(request.ID, workflow.Requested); !got.ByHold() {
		t.Fatal("an own copy is fulfilled by a hold")
	}
	if done := home.scans(barcode, ""); done.Did != "captured" {
		t.Fatalf("scanning the copy gives it to the hold: %+v", done)
	}
	if got := home.expects(request.ID, workflow.OnHoldShelf).PickUpBy.String(); got != "2026-03-09" {
		t.Fatalf("six open days from Monday 2 March end on Monday the 9th, not %s", got)
	}
	home.does(request.ID, workflow.EventCheckOut, nil)
	home.expects(request.ID, workflow.CheckedOut)
	home.does(request.ID, workflow.EventReturn, nil)
	home.expects(request.ID, workflow.Completed)
	tw.sound()
}

// A no and a silence cost time, never the request.
func TestARefusalAndASilenceMoveOn(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("westport", "NY", broker.NoID)
	lenders := []*house{}
	ids := [][]broker.ID{}
	title := tw.title("A title nobody here owns", isbn)
	for range 3 {
		lender := tw.library("open-lender", "NY", broker.NoID)
		lender.owns(title)
		lenders = append(lenders, lender)
		ids = append(ids, []broker.ID{lender.Library.ID})
	}
	home.looksTo(ids...)
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	lenders[0].does(lenders[0].lending(), workflow.EventAnswerNo, map[string]any{"reason": "on_loan"})
	home.expects(request.ID, workflow.Requested)
	silent := lenders[1].lending()
	lenders[1].expects(silent, workflow.Requested)
	tw.pass(5)
	home.expects(request.ID, workflow.Requested)
	lenders[1].expects(silent, workflow.Cancelled)
	lenders[2].does(lenders[2].lending(), workflow.EventAnswerNo, map[string]any{"reason": "lost"})
	home.expects(request.ID, workflow.NeedsReview)
	home.does(request.ID, workflow.EventTellPatron, map[string]any{"reason": "nobody lends it"})
	home.expects(request.ID, workflow.Unfilled)
	tw.sound()
}

// A fee is shown, approved, and passed on to the cent.
func TestAFeeIsApprovedAndPassedOnExactly(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home, lender := tw.library("westchester", "IN", broker.NoID), tw.library("open-lender", "OH", broker.NoID)
	home.looksTo([]broker.ID{lender.Library.ID})
	lender.charges(1250)
	barcode := lender.owns(tw.title("A title nobody here owns", isbn))
	patron := home.patron("resident")
	request, err := home.asks(requests.Submission{Patron: patron, Citation: citation()})
	tw.must(err)
	home.expects(request.ID, workflow.AwaitingCostApproval)
	home.does(request.ID, workflow.EventApproveCost, nil)
	home.expects(request.ID, workflow.Requested)
	theirs := lender.lending()
	lender.does(theirs, workflow.EventAnswerYes, nil)
	lender.scans(barcode, "")
	lender.scans(barcode, "")
	home.scans(barcode, "")
	home.expects(request.ID, workflow.Received)
	if owed := home.owed(patron); owed != 1250 {
		t.Fatalf("12.50 is passed on, not %d cents", owed)
	}
	tw.sound()
}
