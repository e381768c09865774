package requests_test

import (
	"context"
	"testing"
	"time"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
	"afield/workflow/requests/tasks"
)

// ILL-20: the patron cancels while the lender ships; the parcel goes back
// unused and nobody is told it arrived.
func TestACancelThatCrossesAShipment(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	home.Expects(request, workflow.Requested)
	home.Does(request, workflow.EventCancel, map[string]any{"reason": "found another"})
	home.Expects(request, workflow.CancelPending)
	lender.Says(home, connectors.Message{Kind: connectors.KindLoaned, Due: town.Due("2026-04-10"), Items: []connectors.MessageItem{{Barcode: "VT-1"}}})
	if got := home.Expects(request, workflow.Shipped); !got.ReturnUnused {
		t.Fatal("what crosses a cancel goes back unused")
	}
	no := false
	lender.Says(home, connectors.Message{Kind: connectors.KindCancelAnswer, Yes: &no})
	home.Scans("VT-1", "")
	home.Expects(request, workflow.ReturnDue)
	if told := home.Notices(request, "arrived"); told != 0 {
		t.Fatalf("nobody is told of an arrival, got %d notices", told)
	}
	home.Does(request, workflow.EventShipReturn, nil)
	lender.Says(home, connectors.Message{Kind: connectors.KindLoanCompleted})
	home.Expects(request, workflow.Completed)
	tw.Sound()
}

// The same message any number of times, and late ones from a lender we left,
// change nothing more than once.
func TestRepeatedAndLateMessages(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	ask := lender.Asked()
	message := connectors.Message{ID: "vt-7", Kind: connectors.KindWillSupply}
	first := lender.Says(home, message)
	version := home.Expects(request, workflow.WillSupply).Version
	again := lender.Says(home, message)
	if first.Status != "accepted" || again.Status != "duplicate" || home.Request(request).Version != version {
		t.Fatalf("a replay gets the first answer and changes nothing: %+v then %+v", first, again)
	}
	lender.Says(home, connectors.Message{Kind: connectors.KindUnfilled, Reason: connectors.ReasonLost})
	home.Expects(request, workflow.NeedsReview)
	late := lender.Says(home, connectors.Message{Kind: connectors.KindLoaned, RequestID: ask.RequestID, Due: town.Due("2026-04-10")})
	if late.Outcome != "noted" {
		t.Fatalf("a shipment after the refusal is noted: %+v", late)
	}
	home.Expects(request, workflow.NeedsReview)
	if home.Tasks(request) < 2 {
		t.Fatal("staff are told of the late shipment")
	}
	stranger := tw.Partner("ME", 0)
	_, err := stranger.Tries(home, connectors.Message{Kind: connectors.KindWillSupply, RequestID: ask.RequestID})
	if !broker.IsKind(err, broker.KindNotFound) {
		t.Fatalf("a third library knows nothing of the request: %v", err)
	}
	tw.Sound()
}

func TestAConditionIsAcceptedThroughTheCost(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := town.AsksPartner(t, 0)
	lender.Says(home, connectors.Message{Kind: connectors.KindConditional, Conditions: "use in the library only", Cost: &broker.Money{Minor: 800, Currency: "USD"}})
	home.Expects(request, workflow.Conditional)
	home.Does(request, workflow.EventAcceptConditions, nil)
	home.Expects(request, workflow.AwaitingCostApproval)
	home.Does(request, workflow.EventApproveCost, nil)
	home.Expects(request, workflow.WillSupply)
	if lender.Heard(connectors.KindAcceptConditions) != 1 {
		t.Fatal("the lender hears of the yes once")
	}
	lender.Says(home, connectors.Message{Kind: connectors.KindLoaned, Due: town.Due("2026-04-10"), Cost: &broker.Money{Minor: 900, Currency: "USD"}, Items: []connectors.MessageItem{{Barcode: "VT-2"}}})
	home.Scans("VT-2", "")
	if owed := home.Owed(patron); owed != 800 {
		t.Fatalf("never more than was approved: 8.00, not %d cents", owed)
	}
	if home.Tasks(request) == 0 {
		t.Fatal("the dearer invoice is put before staff")
	}
	tw.Sound()
}

// A partner that is away loses nothing: the same message goes again until it
// is taken, and counts once.
func TestAPartnerDeadForADay(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("westport", "NY", broker.NoID)
	lender := tw.Partner("VT", 0, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	tw.Sent.Answer = connectors.Delivery{Outcome: connectors.TryAgain, Detail: "connection refused"}
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	for range 24 {
		tw.Clock.Set(tw.Clock.Now().Add(time.Hour))
		tw.Settle()
	}
	if home.Tasks(request.ID) == 0 {
		t.Fatal("after a day of failing, staff are told")
	}
	tw.Sent.Answer = connectors.Delivery{Outcome: connectors.Delivered}
	tw.Pass(1)
	home.Expects(request.ID, workflow.Requested)
	ids := map[string]bool{}
	for _, m := range tw.Sent.Messages {
		ids[m.ID] = true
	}
	if len(ids) != 1 || len(tw.Sent.Messages) < 5 {
		t.Fatalf("one message, tried often: %d ids in %d tries", len(ids), len(tw.Sent.Messages))
	}
	tw.Sound()
}

func TestUndoWithdrawsAMessageThatHasNotGoneOut(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	lender.Says(home, connectors.Message{Kind: connectors.KindConditional, Conditions: "insure it"})
	// The worker cannot get it while this transaction holds the row: accept and
	// undo in one breath.
	tw.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		for _, action := range []workflow.Event{workflow.EventAcceptConditions, workflow.EventUndo} {
			if _, err := home.Desk.Act(ctx, tx, home.At(), requests.Act{Library: home.Library.ID, Request: request, Action: action}); err != nil {
				return err
			}
		}
		return nil
	}))
	tw.Settle()
	home.Expects(request, workflow.Conditional)
	if lender.Heard(connectors.KindAcceptConditions) != 0 {
		t.Fatal("what was undone is never sent")
	}
	home.Does(request, workflow.EventAcceptConditions, nil)
	if err := home.Acts(request, workflow.EventUndo, nil); !broker.IsKind(err, broker.KindConflict) {
		t.Fatalf("what was sent cannot be undone: %v", err)
	}
	tw.Sound()
}

func TestAskingAgainWhenTheLenderSaid(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	first := lender.Asked()
	lender.Says(home, connectors.Message{Kind: connectors.KindRetryLater, RetryAfter: town.Due("2026-03-09"), Reason: "on_loan"})
	home.Expects(request, workflow.WaitingRetry)
	tw.Pass(8)
	home.Expects(request, workflow.Requested)
	second := lender.Asked()
	if second.RequestID == first.RequestID || second.PreviousRequestID != first.RequestID {
		t.Fatalf("the second ask is new and names the first: %q then %q", first.RequestID, second.RequestID)
	}
	tw.Sound()
}

func TestTheNeedByDateEndsIt(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("westport", "NY", broker.NoID)
	lender := tw.Partner("VT", 0, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation(), NeedBy: town.Due("2026-03-04")})
	tw.Must(err)
	tw.Pass(3)
	home.Expects(request.ID, workflow.CancelPending)
	yes := true
	lender.Says(home, connectors.Message{Kind: connectors.KindCancelAnswer, Yes: &yes})
	home.Expects(request.ID, workflow.Expired)
	home.Does(request.ID, workflow.EventReopen, nil)
	tw.Sound()
}

// Ten days on the shelf, then home to its owner; a word from the patron makes
// it a decision of staff (WPT, hold shelf).
func TestTenDaysOnTheShelf(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	lender.Says(home, connectors.Message{Kind: connectors.KindLoaned, Due: town.Due("2026-04-20"), Items: []connectors.MessageItem{{Barcode: "VT-3"}}})
	home.Scans("VT-3", "")
	home.Does(request, workflow.EventShelve, nil)
	tw.Pass(10)
	home.Expects(request, workflow.OnHoldShelf)
	tw.Pass(1)
	home.Expects(request, workflow.ReturnDue)
	tw.Sound()
}

func TestContactMakesTheShelfAStaffDecision(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	lender.Says(home, connectors.Message{Kind: connectors.KindLoaned, Due: town.Due("2026-04-20"), Items: []connectors.MessageItem{{Barcode: "VT-4"}}})
	home.Scans("VT-4", "")
	home.Does(request, workflow.EventShelve, nil)
	tw.Pass(8)
	home.Does(request, workflow.EventPatronContact, map[string]any{"note": "comes on Saturday week"})
	tw.Pass(4)
	home.Expects(request, workflow.OnHoldShelf)
	if home.Tasks(request) == 0 {
		t.Fatal("staff decide, so staff have a task")
	}
	tw.Pass(40)
	home.Expects(request, workflow.ReturnDue)
	tw.Sound()
}

func TestARenewalIsTheLendersToDecide(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-08-03T15:00:00Z")
	home := tw.Library("western-district", "IL", broker.NoID)
	lender := tw.Partner("IA", 0, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	lender.Says(home, connectors.Message{Kind: connectors.KindLoaned, Due: town.Due("2026-08-22"), Items: []connectors.MessageItem{{Barcode: "IA-1"}}})
	home.Scans("IA-1", "")
	home.Does(request.ID, workflow.EventShelve, nil)
	home.Does(request.ID, workflow.EventCheckOut, nil)
	tw.Pass(16) // 19 August, the last day to ask
	home.Does(request.ID, workflow.EventRenew, nil)
	yes := true
	lender.Says(home, connectors.Message{Kind: connectors.KindRenewAnswer, Yes: &yes, Due: town.Due("2026-09-19")})
	if got := home.Expects(request.ID, workflow.CheckedOut); got.LenderDueOn != town.Due("2026-09-19") || got.PatronDueOn != town.Due("2026-09-19") || got.RenewalPending {
		t.Fatalf("both dates move: %s and %s", got.LenderDueOn, got.PatronDueOn)
	}
	tw.Pass(29) // 17 September: two days before
	err = home.Acts(request.ID, workflow.EventRenew, nil)
	if ours, ok := broker.AsError(err); !ok || ours.Code != "renewal_refused" || len(ours.Reasons) == 0 {
		t.Fatalf("asked too late it is refused with the latest date: %v", err)
	}
	tw.Sound()
}

// LST-11: a lost borrowed item costs the patron what the lender asks, exactly.
func TestALostItemCostsTheLendersInvoice(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := town.AsksPartner(t, 0)
	lender.Says(home, connectors.Message{Kind: connectors.KindLoaned, Due: town.Due("2026-04-20"), Items: []connectors.MessageItem{{Barcode: "VT-5"}}})
	home.Scans("VT-5", "")
	home.Does(request, workflow.EventShelve, nil)
	home.Does(request, workflow.EventCheckOut, nil)
	home.Does(request, workflow.EventReportLost, map[string]any{"note": "left on a train"})
	home.Expects(request, workflow.LostPending)
	invoice := connectors.Message{Kind: connectors.KindInvoice, Cost: &broker.Money{Minor: 10000, Currency: "USD"}}
	lender.Says(home, invoice)
	lender.Says(home, invoice) // a second copy under another id
	if owed := home.Owed(patron); owed != 10000 {
		t.Fatalf("100.00 once, not %d cents", owed)
	}
	home.Does(request, workflow.EventPay, nil)
	home.Expects(request, workflow.Completed)
	if lender.Heard(connectors.KindPaid) != 1 {
		t.Fatal("the lender hears that it was paid")
	}
	tw.Sound()
}

// What a lender sets beyond what the policy takes of it charges nobody: both figures
// are put before staff, who charge what is right.
func TestWhatALenderSetsBeyondThePolicyIsATask(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := town.AsksPartner(t, 0)
	lender.Says(home, connectors.Message{
		Kind: connectors.KindLoaned, Due: town.Due("2026-04-20"), Items: []connectors.MessageItem{{Barcode: "VT-5"}},
		Fine: &broker.Money{Minor: 99999999999, Currency: "USD"},
	})
	if got := home.Request(request); got.LenderFineMinor != nil || !home.TaskOf(request, "lender_fine_above_policy") {
		t.Errorf("the fine is taken: %v", got.LenderFineMinor)
	}
	home.Scans("VT-5", "")
	home.Does(request, workflow.EventShelve, nil)
	home.Does(request, workflow.EventCheckOut, nil)
	home.Does(request, workflow.EventReportLost, map[string]any{"note": "left on a train"})
	lender.Says(home, town.Invoice(99999999999))
	if owed := home.Owed(patron); owed != 0 || !home.TaskOf(request, tasks.InvoiceAbovePolicy) {
		t.Fatalf("%d cents are owed by the invoice alone", owed)
	}
	home.Does(request, workflow.EventInvoice, map[string]any{"cost": town.USD(17500)})
	if owed := home.Owed(patron); owed != 17500 || home.TaskOf(request, tasks.InvoiceAbovePolicy) {
		t.Fatalf("%d cents are owed, and the task is open: %v", owed, home.TaskOf(request, tasks.InvoiceAbovePolicy))
	}
	lender.Says(home, town.Invoice(15000)) // corrected, and within the policy
	if owed := home.Owed(patron); owed != 15000 {
		t.Fatalf("%d cents are owed by the corrected invoice", owed)
	}
	tw.Sound()
}

// A request that never reached its lender is withdrawn, not followed by a
// cancel that might overtake it.
func TestWhatNeverReachedALenderNeverWill(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("westport", "NY", broker.NoID)
	lender := tw.Partner("VT", 0, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	tw.Sent.Answer = connectors.Delivery{Outcome: connectors.TryAgain, Detail: "connection refused"}
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	home.Does(request.ID, workflow.EventCancel, nil)
	home.Expects(request.ID, workflow.CancelPending) // a try was made: the lender may have it
	tw.Sent.Answer = connectors.Delivery{Outcome: connectors.Refused, Status: 404, Detail: "no such request"}
	tw.Pass(1)
	home.Expects(request.ID, workflow.Cancelled)
	if tries := lender.Heard(connectors.KindRequest); tries != 1 {
		t.Fatalf("the request is not sent again once it is withdrawn, but was %d times", tries)
	}
	tw.Sound()
}

// A work in two volumes: the first that comes says that one is missing, the
// second completes it.
func TestVolumesThatComeOneByOne(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	lender.Says(home, connectors.Message{
		Kind: connectors.KindLoaned, Due: town.Due("2026-04-20"),
		Items: []connectors.MessageItem{{Barcode: "VT-8", Volume: "1"}, {Barcode: "VT-9", Volume: "2"}},
	})
	home.Scans("VT-8", "")
	home.Expects(request, workflow.Received)
	if home.Tasks(request) != 1 {
		t.Fatal("staff hear that a volume is missing")
	}
	if done := home.Scans("VT-9", ""); done.Did != "received" {
		t.Fatalf("the second volume is received too: %+v", done)
	}
	home.Expects(request, workflow.Received)
	if done := home.Scans("VT-9", ""); done.Did != "shelved" {
		t.Fatalf("the second is an item of its own, to be shelved: %+v", done)
	}
	tw.Sound()
}
