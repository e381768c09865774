package desk_test

import (
	"context"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// partner is a library outside this Afield; the postbox gets what it is sent.
type partner struct {
	*town
	id     broker.ID
	symbol broker.Symbol
	count  int
}

func (tw *town) partner(state string, fee int64, titles ...broker.ID) *partner {
	tw.t.Helper()
	tw.count++
	p := &partner{town: tw, id: broker.NewID(), symbol: broker.NewSymbol("PARTNER", broker.NewID().String()[28:])}
	tw.do(func(_ context.Context, tx *postgres.Tx) error {
		if err := directory.SaveLibrary(tx, directory.Library{ID: p.id, Name: "Partner " + state, State: state, Currency: "USD", Zone: time.UTC}, tw.clock.Now()); err != nil {
			return err
		}
		directory.SaveSymbols(tx, p.id, p.symbol)
		directory.SaveTerms(tx, directory.LendingTerms{Library: p.id, Known: true, Lends: true, LoanDays: 28, Fee: broker.Money{Minor: fee, Currency: "USD"}})
		for _, title := range titles {
			tx.Queue(`insert into partner_holdings (title_id, library_id, copies, lends, seen_at) values ($1, $2, 1, true, $3)`, title, p.id, tw.clock.Now())
		}
		return directory.SavePeer(tx, tw.vault, directory.Peer{
			Library: p.id, Protocol: "partner", BaseURL: "http://127.0.0.1:1",
			OutboundSecret: directory.NewSecret(), InboundSecret: directory.NewSecret(), AllowPrivateAddress: true, Timeout: time.Second,
		}, tw.clock.Now())
	})
	return p
}

// says gives Afield one message of the partner about the request it was asked
// last, or the one named.
func (p *partner) says(home *house, m connectors.Message) messages.Answer {
	p.t.Helper()
	answer, err := p.tries(home, m)
	p.must(err)
	return answer
}

func (p *partner) tries(home *house, m connectors.Message) (answer messages.Answer, err error) {
	p.count++
	if m.ID == "" {
		m.ID = broker.NewID().String()
	}
	if m.RequestID == "" {
		m.RequestID = p.asked().RequestID
	}
	m.Borrower, m.Lender, m.SentAt = home.symbol, p.symbol, p.clock.Now()
	err = p.db.InTx(p.t.Context(), postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) (err error) {
		answer, err = p.requests.Receive(ctx, tx, p.clock.Now(), requests.Incoming{Peer: p.id, Message: m, Hash: []byte(m.ID)})
		return err
	})
	p.settle()
	return answer, err
}

func (p *partner) asked() connectors.Message {
	p.t.Helper()
	for i := len(p.sent.messages) - 1; i >= 0; i-- {
		if m := p.sent.messages[i]; m.Kind == connectors.KindRequest && m.Lender == p.symbol {
			return m
		}
	}
	p.t.Fatal("the partner was asked nothing")
	return connectors.Message{}
}

func (p *partner) heard(kind connectors.Kind) int {
	count := 0
	for _, m := range p.sent.messages {
		if m.Kind == kind && m.Lender == p.symbol {
			count++
		}
	}
	return count
}

// asksPartner is a library in New York with one partner that has the title.
func asksPartner(t *testing.T, fee int64) (tw *town, home *house, lender *partner, request broker.ID, patron broker.ID) {
	t.Helper()
	tw = newTown(t, "2026-03-02T15:00:00Z")
	home = tw.library("westport", "NY", broker.NoID)
	lender = tw.partner("VT", fee, tw.title("A title nobody here owns", isbn))
	home.looksTo([]broker.ID{lender.id})
	patron = home.patron("resident")
	submitted, err := home.asks(requests.Submission{Patron: patron, Citation: citation()})
	tw.must(err)
	return tw, home, lender, submitted.ID, patron
}

func due(text string) broker.Date { return broker.MustDate(text) }

// ILL-20: the patron cancels while the lender ships; the parcel goes back
// unused and nobody is told it arrived.
func TestACancelThatCrossesAShipment(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 0)
	home.expects(request, workflow.Requested)
	home.does(request, workflow.EventCancel, map[string]any{"reason": "found another"})
	home.expects(request, workflow.CancelPending)
	lender.says(home, connectors.Message{Kind: connectors.KindLoaned, Due: due("2026-04-10"), Items: []connectors.MessageItem{{Barcode: "VT-1"}}})
	if got := home.expects(request, workflow.Shipped); !got.ReturnUnused {
		t.Fatal("what crosses a cancel goes back unused")
	}
	no := false
	lender.says(home, connectors.Message{Kind: connectors.KindCancelAnswer, Yes: &no})
	home.scans("VT-1", "")
	home.expects(request, workflow.ReturnDue)
	if told := home.notices(request, "arrived"); told != 0 {
		t.Fatalf("nobody is told of an arrival, got %d notices", told)
	}
	home.does(request, workflow.EventShipReturn, nil)
	lender.says(home, connectors.Message{Kind: connectors.KindLoanCompleted})
	home.expects(request, workflow.Completed)
	tw.sound()
}

// The same message any number of times, and late ones from a lender we left,
// change nothing more than once.
func TestRepeatedAndLateMessages(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 0)
	ask := lender.asked()
	message := connectors.Message{ID: "vt-7", Kind: connectors.KindWillSupply}
	first := lender.says(home, message)
	version := home.expects(request, workflow.WillSupply).Version
	again := lender.says(home, message)
	if first.Status != "accepted" || again.Status != "duplicate" || home.request(request).Version != version {
		t.Fatalf("a replay gets the first answer and changes nothing: %+v then %+v", first, again)
	}
	lender.says(home, connectors.Message{Kind: connectors.KindUnfilled, Reason: connectors.ReasonLost})
	home.expects(request, workflow.NeedsReview)
	late := lender.says(home, connectors.Message{Kind: connectors.KindLoaned, RequestID: ask.RequestID, Due: due("2026-04-10")})
	if late.Outcome != "noted" {
		t.Fatalf("a shipment after the refusal is noted: %+v", late)
	}
	home.expects(request, workflow.NeedsReview)
	if home.tasks(request) < 2 {
		t.Fatal("staff are told of the late shipment")
	}
	stranger := tw.partner("ME", 0)
	_, err := stranger.tries(home, connectors.Message{Kind: connectors.KindWillSupply, RequestID: ask.RequestID})
	if !broker.IsKind(err, broker.KindNotFound) {
		t.Fatalf("a third library knows nothing of the request: %v", err)
	}
	tw.sound()
}

func TestAConditionIsAcceptedThroughTheCost(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := asksPartner(t, 0)
	lender.says(home, connectors.Message{Kind: connectors.KindConditional, Conditions: "use in the library only", Cost: &broker.Money{Minor: 800, Currency: "USD"}})
	home.expects(request, workflow.Conditional)
	home.does(request, workflow.EventAcceptConditions, nil)
	home.expects(request, workflow.AwaitingCostApproval)
	home.does(request, workflow.EventApproveCost, nil)
	home.expects(request, workflow.WillSupply)
	if lender.heard(connectors.KindAcceptConditions) != 1 {
		t.Fatal("the lender hears of the yes once")
	}
	lender.says(home, connectors.Message{Kind: connectors.KindLoaned, Due: due("2026-04-10"), Cost: &broker.Money{Minor: 900, Currency: "USD"}, Items: []connectors.MessageItem{{Barcode: "VT-2"}}})
	home.scans("VT-2", "")
	if owed := home.owed(patron); owed != 800 {
		t.Fatalf("never more than was approved: 8.00, not %d cents", owed)
	}
	if home.tasks(request) == 0 {
		t.Fatal("the dearer invoice is put before staff")
	}
	tw.sound()
}

// A partner that is away loses nothing: the same message goes again until it
// is taken, and counts once.
func TestAPartnerDeadForADay(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("westport", "NY", broker.NoID)
	lender := tw.partner("VT", 0, tw.title("A title nobody here owns", isbn))
	home.looksTo([]broker.ID{lender.id})
	tw.sent.answer = connectors.Delivery{Outcome: connectors.TryAgain, Detail: "connection refused"}
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	for range 24 {
		tw.clock.Set(tw.clock.Now().Add(time.Hour))
		tw.settle()
	}
	if home.tasks(request.ID) == 0 {
		t.Fatal("after a day of failing, staff are told")
	}
	tw.sent.answer = connectors.Delivery{Outcome: connectors.Delivered}
	tw.pass(1)
	home.expects(request.ID, workflow.Requested)
	ids := map[string]bool{}
	for _, m := range tw.sent.messages {
		ids[m.ID] = true
	}
	if len(ids) != 1 || len(tw.sent.messages) < 5 {
		t.Fatalf("one message, tried often: %d ids in %d tries", len(ids), len(tw.sent.messages))
	}
	tw.sound()
}

func TestUndoWithdrawsAMessageThatHasNotGoneOut(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 0)
	lender.says(home, connectors.Message{Kind: connectors.KindConditional, Conditions: "insure it"})
	// The worker cannot get it while this transaction holds the row: accept and
	// undo in one breath.
	tw.must(home.try(func(ctx context.Context, tx *postgres.Tx) error {
		for _, action := range []workflow.Event{workflow.EventAcceptConditions, workflow.EventUndo} {
			if _, err := home.desk.Act(ctx, tx, home.at(), requests.Act{Library: home.Library.ID, Request: request, Action: action}); err != nil {
				return err
			}
		}
		return nil
	}))
	tw.settle()
	home.expects(request, workflow.Conditional)
	if lender.heard(connectors.KindAcceptConditions) != 0 {
		t.Fatal("what was undone is never sent")
	}
	home.does(request, workflow.EventAcceptConditions, nil)
	if err := home.acts(request, workflow.EventUndo, nil); !broker.IsKind(err, broker.KindConflict) {
		t.Fatalf("what was sent cannot be undone: %v", err)
	}
	tw.sound()
}

func TestAskingAgainWhenTheLenderSaid(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 0)
	first := lender.asked()
	lender.says(home, connectors.Message{Kind: connectors.KindRetryLater, RetryAfter: due("2026-03-09"), Reason: "on_loan"})
	home.expects(request, workflow.WaitingRetry)
	tw.pass(8)
	home.expects(request, workflow.Requested)
	second := lender.asked()
	if second.RequestID == first.RequestID || second.PreviousRequestID != first.RequestID {
		t.Fatalf("the second ask is new and names the first: %q then %q", first.RequestID, second.RequestID)
	}
	tw.sound()
}

func TestTheNeedByDateEndsIt(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("westport", "NY", broker.NoID)
	lender := tw.partner("VT", 0, tw.title("A title nobody here owns", isbn))
	home.looksTo([]broker.ID{lender.id})
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation(), NeedBy: due("2026-03-04")})
	tw.must(err)
	tw.pass(3)
	home.expects(request.ID, workflow.CancelPending)
	yes := true
	lender.says(home, connectors.Message{Kind: connectors.KindCancelAnswer, Yes: &yes})
	home.expects(request.ID, workflow.Expired)
	home.does(request.ID, workflow.EventReopen, nil)
	tw.sound()
}

// Ten days on the shelf, then home to its owner; a word from the patron makes
// it a decision of staff (WPT, hold shelf).
func TestTenDaysOnTheShelf(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 0)
	lender.says(home, connectors.Message{Kind: connectors.KindLoaned, Due: due("2026-04-20"), Items: []connectors.MessageItem{{Barcode: "VT-3"}}})
	home.scans("VT-3", "")
	home.does(request, workflow.EventShelve, nil)
	tw.pass(10)
	home.expects(request, workflow.OnHoldShelf)
	tw.pass(1)
	home.expects(request, workflow.ReturnDue)
	tw.sound()
}

func TestContactMakesTheShelfAStaffDecision(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 0)
	lender.says(home, connectors.Message{Kind: connectors.KindLoaned, Due: due("2026-04-20"), Items: []connectors.MessageItem{{Barcode: "VT-4"}}})
	home.scans("VT-4", "")
	home.does(request, workflow.EventShelve, nil)
	tw.pass(8)
	home.does(request, workflow.EventPatronContact, map[string]any{"note": "comes on Saturday week"})
	tw.pass(4)
	home.expects(request, workflow.OnHoldShelf)
	if home.tasks(request) == 0 {
		t.Fatal("staff decide, so staff have a task")
	}
	tw.pass(40)
	home.expects(request, workflow.ReturnDue)
	tw.sound()
}

func TestARenewalIsTheLendersToDecide(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-08-03T15:00:00Z")
	home := tw.library("western-district", "IL", broker.NoID)
	lender := tw.partner("IA", 0, tw.title("A title nobody here owns", isbn))
	home.looksTo([]broker.ID{lender.id})
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	lender.says(home, connectors.Message{Kind: connectors.KindLoaned, Due: due("2026-08-22"), Items: []connectors.MessageItem{{Barcode: "IA-1"}}})
	home.scans("IA-1", "")
	home.does(request.ID, workflow.EventShelve, nil)
	home.does(request.ID, workflow.EventCheckOut, nil)
	tw.pass(16) // 19 August, the last day to ask
	home.does(request.ID, workflow.EventRenew, nil)
	yes := true
	lender.says(home, connectors.Message{Kind: connectors.KindRenewAnswer, Yes: &yes, Due: due("2026-09-19")})
	if got := home.expects(request.ID, workflow.CheckedOut); got.LenderDueOn != due("2026-09-19") || got.PatronDueOn != due("2026-09-19") || got.RenewalPending {
		t.Fatalf("both dates move: %s and %s", got.LenderDueOn, got.PatronDueOn)
	}
	tw.pass(29) // 17 September: two days before
	err = home.acts(request.ID, workflow.EventRenew, nil)
	if ours, ok := broker.AsError(err); !ok || ours.Code != "renewal_refused" || len(ours.Reasons) == 0 {
		t.Fatalf("asked too late it is refused with the latest date: %v", err)
	}
	tw.sound()
}

// LST-11: a lost borrowed item costs the patron what the lender asks, exactly.
func TestALostItemCostsTheLendersInvoice(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := asksPartner(t, 0)
	lender.says(home, connectors.Message{Kind: connectors.KindLoaned, Due: due("2026-04-20"), Items: []connectors.MessageItem{{Barcode: "VT-5"}}})
	home.scans("VT-5", "")
	home.does(request, workflow.EventShelve, nil)
	home.does(request, workflow.EventCheckOut, nil)
	home.does(request, workflow.EventReportLost, map[string]any{"note": "left on a train"})
	home.expects(request, workflow.LostPending)
	invoice := connectors.Message{Kind: connectors.KindInvoice, Cost: &broker.Money{Minor: 10000, Currency: "USD"}}
	lender.says(home, invoice)
	lender.says(home, invoice) // a second copy under another id
	if owed := home.owed(patron); owed != 10000 {
		t.Fatalf("100.00 once, not %d cents", owed)
	}
	home.does(request, workflow.EventPay, nil)
	home.expects(request, workflow.Completed)
	if lender.heard(connectors.KindPaid) != 1 {
		t.Fatal("the lender hears that it was paid")
	}
	tw.sound()
}

// A request that never reached its lender is withdrawn, not followed by a
// cancel that might overtake it.
func TestWhatNeverReachedALenderNeverWill(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("westport", "NY", broker.NoID)
	lender := tw.partner("VT", 0, tw.title("A title nobody here owns", isbn))
	home.looksTo([]broker.ID{lender.id})
	tw.sent.answer = connectors.Delivery{Outcome: connectors.TryAgain, Detail: "connection refused"}
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	home.does(request.ID, workflow.EventCancel, nil)
	home.expects(request.ID, workflow.CancelPending) // a try was made: the lender may have it
	tw.sent.answer = connectors.Delivery{Outcome: connectors.Refused, Status: 404, Detail: "no such request"}
	tw.pass(1)
	home.expects(request.ID, workflow.Cancelled)
	if tries := lender.heard(connectors.KindRequest); tries != 1 {
		t.Fatalf("the request is not sent again once it is withdrawn, but was %d times", tries)
	}
	tw.sound()
}

// A work in two volumes: the first that comes says that one is missing, the
// second completes it.
func TestVolumesThatComeOneByOne(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 0)
	lender.says(home, connectors.Message{
		Kind: connectors.KindLoaned, Due: due("2026-04-20"),
		Items: []connectors.MessageItem{{Barcode: "VT-8", Volume: "1"}, {Barcode: "VT-9", Volume: "2"}},
	})
	home.scans("VT-8", "")
	home.expects(request, workflow.Received)
	if home.tasks(request) != 1 {
		t.Fatal("staff hear that a volume is missing")
	}
	if done := home.scans("VT-9", ""); done.Did != "received" {
		t.Fatalf("the second volume is received too: %+v", done)
	}
	home.expects(request, workflow.Received)
	if done := home.scans("VT-9", ""); done.Did != "unmatched" {
		t.Fatalf("once more is one too many: %+v", done)
	}
	tw.sound()
}
