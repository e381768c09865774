package desk_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/requests"
)

func usd(minor int64) broker.Money { return broker.Money{Minor: minor, Currency: "USD"} }

// lendsOut is a member library that was asked by another for the one copy it
// owns of a title.
func lendsOut(t *testing.T, lenderState string) (tw *town, home, lender *house, ours, theirs, patron broker.ID, barcode string) {
	t.Helper()
	tw = newTown(t, "2026-03-02T15:00:00Z")
	home, lender = tw.library("westport", "NY", broker.NoID), tw.library("open-lender", lenderState, broker.NoID)
	home.looksTo([]broker.ID{lender.Library.ID})
	barcode = lender.owns(tw.title("A title nobody here owns", isbn))
	patron = home.patron("resident")
	request, err := home.asks(requests.Submission{Patron: patron, Citation: citation()})
	tw.must(err)
	return tw, home, lender, request.ID, lender.lending(), patron, barcode
}

// owedByLibraries is what other libraries owe this one, in cents.
func (h *house) owedByLibraries() (minor int64) {
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select coalesce(sum(amount_minor), 0)::bigint from ledger_entries where library_id = $1 and debtor_library_id is not null`, h.Library.ID).Scan(&minor)
	})
	return minor
}

func (h *house) itemStatus(barcode string) (status catalog.ItemStatus) {
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		item, err := catalog.ItemByBarcode(ctx, tx, h.SharingGroup, barcode, false)
		status = item.Status
		return err
	})
	return status
}

func (h *house) taskOf(request broker.ID, kind string) (open bool) {
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select exists (select 1 from staff_tasks where library_id = $1 and request_id = $2 and kind = $3 and closed_at is null)`,
			h.Library.ID, request, kind).Scan(&open)
	})
	return open
}

// lost ships a copy and has the borrower report it lost.
func (h *house) lost(theirs broker.ID, barcode string) {
	h.does(theirs, workflow.EventAnswerYes, nil)
	h.scans(barcode, "")
	h.scans(barcode, "")
	h.does(theirs, workflow.EventBorrowerLost, nil)
	h.expects(theirs, workflow.LostPending)
}

func TestACorrectedInvoiceReplacesTheEarlierAndForgivingDropsIt(t *testing.T) {
	t.Parallel()
	tw, _, lender, _, theirs, _, barcode := lendsOut(t, "NY")
	lender.lost(theirs, barcode)
	lender.does(theirs, workflow.EventSendInvoice, map[string]any{"cost": usd(2500)})
	lender.does(theirs, workflow.EventSendInvoice, map[string]any{"cost": usd(2000)})
	if owed := lender.owedByLibraries(); owed != 2000 {
		t.Fatalf("the corrected 20.00 is owed, not %d cents", owed)
	}
	lender.does(theirs, workflow.EventForgive, nil)
	if owed := lender.owedByLibraries(); owed != 0 {
		t.Fatalf("what is forgiven is not owed: %d cents", owed)
	}
	tw.sound()
}

// A copy that was settled as lost and turns up is taken in, whenever that is.
func TestALostCopyThatComesHomeAfterItWasPaid(t *testing.T) {
	t.Parallel()
	tw, _, lender, _, theirs, _, barcode := lendsOut(t, "NY")
	lender.lost(theirs, barcode)
	lender.does(theirs, workflow.EventSendInvoice, map[string]any{"cost": usd(2000)})
	lender.does(theirs, workflow.EventPaid, nil)
	lender.expects(theirs, workflow.Completed)
	if done := lender.scans(barcode, ""); done.Did != "returned_home" || done.Request != theirs {
		t.Fatalf("it is home: %+v", done)
	}
	if status := lender.itemStatus(barcode); status != catalog.OnShelf {
		t.Fatalf("it stands on its shelf, not %s", status)
	}
	if !lender.taskOf(theirs, "receive_return") {
		t.Fatal("staff decide whether the payment goes back")
	}
	if owed := lender.owedByLibraries(); owed != 0 {
		t.Fatalf("what was paid stays paid: %d cents", owed)
	}
	if done := lender.scans(barcode, ""); done.Did != "nothing" {
		t.Fatalf("a second scan finds it on its shelf: %+v", done)
	}
	tw.sound()
}

func TestALostCopyThatComesHomeBeforeItWasPaid(t *testing.T) {
	t.Parallel()
	tw, _, lender, _, theirs, _, barcode := lendsOut(t, "NY")
	lender.lost(theirs, barcode)
	lender.does(theirs, workflow.EventSendInvoice, map[string]any{"cost": usd(2000)})
	lender.scans(barcode, "")
	lender.expects(theirs, workflow.Completed)
	if owed := lender.owedByLibraries(); owed != 0 || lender.itemStatus(barcode) != catalog.OnShelf {
		t.Fatalf("nothing is owed for what is home: %d cents, %s", owed, lender.itemStatus(barcode))
	}
	lender.does(theirs, workflow.EventSendInvoice, map[string]any{"cost": usd(400)}) // a torn cover
	if owed := lender.owedByLibraries(); owed != 400 {
		t.Fatalf("damage is invoiced after the return: 4.00, not %d cents", owed)
	}
	tw.sound()
}

// The action on an old request takes nothing from whoever has the copy now.
func TestAnOldRequestTakesNothingFromTheNextBorrower(t *testing.T) {
	t.Parallel()
	tw, _, lender, _, theirs, _, barcode := lendsOut(t, "NY")
	lender.does(theirs, workflow.EventAnswerYes, nil)
	for range 3 { // pulled, shipped, home again
		lender.scans(barcode, "")
	}
	lender.expects(theirs, workflow.Completed)
	lender.lends(barcode, lender.patron("resident"))
	lender.does(theirs, workflow.EventReceiveReturn, nil)
	if status := lender.itemStatus(barcode); status != catalog.OnLoan {
		t.Fatalf("the patron has it still: %s", status)
	}
	tw.sound()
}

// A copy needs no item, and costs what staff say.
func TestAMemberSuppliesACopy(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home, lender := tw.library("westport", "NY", broker.NoID), tw.library("open-lender", "NY", broker.NoID)
	home.looksTo([]broker.ID{lender.Library.ID})
	patron := home.patron("resident")
	request, err := home.asks(requests.Submission{
		Patron: patron, Service: "copy",
		Citation: broker.Citation{Title: "An article", ISSN: "12345678", Format: broker.FormatArticle},
	})
	tw.must(err)
	home.does(request.ID, workflow.EventAddLender, map[string]any{"lender": lender.symbol.String()})
	theirs := lender.lending()
	lender.does(theirs, workflow.EventAnswerYes, nil)
	home.expects(request.ID, workflow.WillSupply)
	lender.does(theirs, workflow.EventShip, map[string]any{"cost": usd(300)})
	lender.expects(theirs, workflow.Completed)
	home.expects(request.ID, workflow.Completed)
	if owed := lender.owedByLibraries(); owed != 300 {
		t.Fatalf("the copy is billed: 3.00, not %d cents", owed)
	}
	if told := home.costTold(request.ID); told != 300 {
		t.Fatalf("the borrower is told what it costs: %d cents", told)
	}
	tw.sound()
}

// costTold is what a request's lender says it costs.
func (h *house) costTold(request broker.ID) (minor int64) {
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select cost_minor from rota_entries where library_id = $1 and request_id = $2 order by position desc limit 1`,
			h.Library.ID, request).Scan(&minor)
	})
	return minor
}

// A borrower that accepts conditions is never answered with an error: without a
// copy staff of the lender get a task.
func TestConditionsAcceptedWhenTheCopyIsGone(t *testing.T) {
	t.Parallel()
	tw, home, lender, ours, theirs, _, barcode := lendsOut(t, "NY")
	lender.does(theirs, workflow.EventAnswerConditional, map[string]any{"conditions": "use in the library only"})
	lender.lends(barcode, lender.patron("resident"))
	home.does(ours, workflow.EventAcceptConditions, nil)
	home.expects(ours, workflow.WillSupply)
	lender.expects(theirs, workflow.ToPull)
	if !lender.taskOf(theirs, "no_copy") {
		t.Fatal("staff hear that there is no copy to pull")
	}
	lender.does(theirs, workflow.EventAnswerNo, map[string]any{"reason": "on_loan"})
	home.expects(ours, workflow.NeedsReview)
	tw.sound()
}

// A partner that accepts what we have withdrawn hears no again, not silence.
func TestAnOfferThatNoLongerStands(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	lender := tw.library("open-lender", "NY", broker.NoID)
	lender.owns(tw.title("A title nobody here owns", isbn))
	borrower := tw.partner("VT", 0)
	wanted := citation()
	borrower.borrows(lender, connectors.Message{Kind: connectors.KindRequest, RequestID: "vt-1", Citation: &wanted, Service: "loan"})
	theirs := lender.lending()
	lender.does(theirs, workflow.EventAnswerConditional, map[string]any{"conditions": "insure it"})
	tw.pass(6)
	lender.expects(theirs, workflow.Unfilled)
	before := len(tw.sent.messages)
	borrower.borrows(lender, connectors.Message{Kind: connectors.KindAcceptConditions, RequestID: "vt-1"})
	if told := tw.sent.messages[before:]; len(told) != 1 || told[0].Kind != connectors.KindUnfilled {
		t.Fatalf("the borrower hears that the offer is gone: %+v", told)
	}
	tw.sound()
}

// borrows gives a member one message of the partner as a borrower.
func (p *partner) borrows(lender *house, m connectors.Message) {
	p.t.Helper()
	m.ID, m.Borrower, m.Lender, m.SentAt = broker.NewID().String(), p.symbol, lender.symbol, p.clock.Now()
	p.must(p.db.InTx(p.t.Context(), postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.requests.Receive(ctx, tx, p.clock.Now(), requests.Incoming{Peer: p.id, Message: m, Hash: []byte(m.ID)})
		return err
	}))
	p.settle()
}

// What staff give at shipping counts, be it nothing.
func TestAFeeWaivedAtShippingIsNotPaid(t *testing.T) {
	t.Parallel()
	tw, home, lender, ours, theirs, patron, barcode := lendsOut(t, "VT")
	lender.does(theirs, workflow.EventAnswerConditional, map[string]any{"conditions": "a fee", "cost": usd(1500)})
	home.does(ours, workflow.EventAcceptConditions, nil)
	home.expects(ours, workflow.AwaitingCostApproval)
	home.does(ours, workflow.EventApproveCost, nil)
	lender.does(theirs, workflow.EventShip, map[string]any{"barcode": barcode, "cost": usd(0)})
	home.scans(barcode, "")
	home.expects(ours, workflow.Received)
	if owed, billed := home.owed(patron), lender.owedByLibraries(); owed != 0 || billed != 0 {
		t.Fatalf("a waived fee costs nobody anything: the patron owes %d, the library %d cents", owed, billed)
	}
	tw.sound()
}

// One copy is promised once; who comes second hears that there is none.
func TestOneCopyIsPromisedOnce(t *testing.T) {
	t.Parallel()
	tw, _, lender, _, first, _, barcode := lendsOut(t, "NY")
	other := tw.library("westport", "NY", broker.NoID)
	other.looksTo([]broker.ID{lender.Library.ID})
	_, err := other.asks(requests.Submission{Patron: other.patron("resident"), Citation: citation()})
	tw.must(err)
	second := lender.lending()
	lender.does(first, workflow.EventAnswerYes, nil)
	for _, form := range []map[string]any{nil, {"barcode": barcode}} {
		if err := lender.acts(second, workflow.EventAnswerYes, form); !broker.IsKind(err, broker.KindConflict) {
			t.Fatalf("the copy is promised already: %v", err)
		}
	}
	spare := lender.owns(tw.title("A title nobody here owns", isbn))
	lender.does(second, workflow.EventAnswerYes, nil)
	if done := lender.scans(spare, ""); done.Request != second {
		t.Fatalf("a copy is pulled for the request it was promised to: %+v", done)
	}
	if done := lender.scans(barcode, ""); done.Request != first {
		t.Fatalf("and so is the other: %+v", done)
	}
	tw.sound()
}

// A copy that a patron took meanwhile is not on its shelf, but not missing.
func TestNotFoundBecauseSomebodyHasIt(t *testing.T) {
	t.Parallel()
	tw, home, lender, ours, theirs, _, barcode := lendsOut(t, "NY")
	lender.does(theirs, workflow.EventAnswerYes, nil)
	lender.lends(barcode, lender.patron("resident"))
	lender.does(theirs, workflow.EventNotFound, nil)
	lender.does(theirs, workflow.EventNotFound, nil)
	lender.expects(theirs, workflow.Unfilled)
	home.expects(ours, workflow.NeedsReview)
	if status := lender.itemStatus(barcode); status != catalog.OnLoan {
		t.Fatalf("it is on loan, not %s", status)
	}
	tw.sound()
}

// lends checks a copy out to a patron.
func (h *house) lends(barcode string, patron broker.ID) desk.Done {
	h.t.Helper()
	var done desk.Done
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = h.desk.CheckOut(ctx, tx, h.at(), desk.CheckOut{Barcode: barcode, Patron: patron, Shown: "card"})
		return err
	}))
	h.settle()
	return done
}
