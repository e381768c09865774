package desk_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
)

// offers is a request whose lender offered it for 15.00 and whose patron is
// asked about that.
func offers(t *testing.T) (tw *town, home *house, lender *partner, request broker.ID) {
	t.Helper()
	tw, home, lender, request, _ = asksPartner(t, 0)
	lender.says(home, conditional(1500))
	home.does(request, workflow.EventAcceptConditions, nil)
	home.expects(request, workflow.AwaitingCostApproval)
	return tw, home, lender, request
}

func conditional(minor int64) connectors.Message {
	cost := usd(minor)
	return connectors.Message{Kind: connectors.KindConditional, Conditions: "insure it", Cost: &cost}
}

func shipped(barcode, dueOn string) connectors.Message {
	return connectors.Message{Kind: connectors.KindLoaned, Due: due(dueOn), Items: []connectors.MessageItem{{Barcode: barcode}}}
}

func answered(kind connectors.Kind, yes bool) connectors.Message {
	return connectors.Message{Kind: kind, Yes: &yes}
}

// together does several acts in one breath, before a worker can claim a message.
func (h *house) together(request broker.ID, actions ...workflow.Event) error {
	err := h.try(func(ctx context.Context, tx *postgres.Tx) error {
		for _, action := range actions {
			if _, err := h.desk.Act(ctx, tx, h.at(), requests.Act{Library: h.Library.ID, Request: request, Action: action}); err != nil {
				return fmt.Errorf("%s: %w", action, err)
			}
		}
		return nil
	})
	h.settle()
	return err
}

// deadline gives when a kind of deadline of a request passes; zero for none.
func (h *house) deadline(request broker.ID, kind string) (dueAt time.Time) {
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		var found *time.Time
		err := tx.QueryRow(ctx, `select max(due_at) from deadlines where request_id = $1 and kind = $2`, request, kind).Scan(&found)
		if found != nil {
			dueAt = *found
		}
		return err
	})
	return dueAt
}

// byHand makes a library one that no message reaches.
func (p *partner) byHand() {
	p.do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SavePeer(tx, p.vault, directory.Peer{Library: p.id, Protocol: directory.ProtocolManual, Timeout: time.Second}, p.clock.Now())
	})
}

// A lender may change its mind while the patron thinks about the cost: what it
// says last is what counts.
func TestTheLenderSpeaksWhileThePatronDecides(t *testing.T) {
	t.Parallel()
	t.Run("it withdraws", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := offers(t)
		if answer := lender.says(home, connectors.Message{Kind: connectors.KindUnfilled, Reason: connectors.ReasonOnLoan}); answer.Outcome != "acted" {
			t.Fatalf("a no counts at once: %+v", answer)
		}
		home.expects(request, workflow.NeedsReview)
		if err := home.acts(request, workflow.EventApproveCost, nil); !broker.IsKind(err, broker.KindConflict) || lender.heard(connectors.KindAcceptConditions) != 0 {
			t.Fatalf("nobody can accept what is gone: %v", err)
		}
		tw.sound()
	})
	t.Run("it wants more", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := offers(t)
		lender.says(home, conditional(2500))
		home.expects(request, workflow.Conditional)
		home.does(request, workflow.EventAcceptConditions, nil)
		home.does(request, workflow.EventApproveCost, nil)
		if got := home.expects(request, workflow.WillSupply); got.ApprovedCostMinor != 2500 {
			t.Fatalf("25.00 is what was asked and approved, not %d cents", got.ApprovedCostMinor)
		}
		tw.sound()
	})
	t.Run("it says later", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := offers(t)
		lender.says(home, connectors.Message{Kind: connectors.KindRetryLater, RetryAfter: due("2026-03-20")})
		home.expects(request, workflow.WaitingRetry)
		tw.sound()
	})
	t.Run("it promises", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := offers(t)
		lender.says(home, connectors.Message{Kind: connectors.KindWillSupply})
		home.expects(request, workflow.AwaitingCostApproval) // the cost is still the patron's to approve
		home.does(request, workflow.EventApproveCost, nil)
		home.expects(request, workflow.WillSupply)
		tw.sound()
	})
}

// A lender that does not stop after the patron cancelled: what it sends goes
// back unused, and its no ends the request instead of asking the next.
func TestACancelThatIsRefusedIsRemembered(t *testing.T) {
	t.Parallel()
	t.Run("then it ships", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request, patron := asksPartner(t, 900)
		home.does(request, workflow.EventApproveCost, nil)
		home.does(request, workflow.EventCancel, nil)
		lender.says(home, answered(connectors.KindCancelAnswer, false))
		lender.says(home, shipped("VT-1", "2026-04-10"))
		home.scans("VT-1", "")
		home.expects(request, workflow.ReturnDue)
		if home.notices(request, "arrived") != 0 || home.owed(patron) != 0 {
			t.Fatalf("nobody is told of an arrival, and nobody pays for it: %d cents", home.owed(patron))
		}
		tw.sound()
	})
	t.Run("then it cannot", func(t *testing.T) {
		t.Parallel()
		tw := newTown(t, "2026-03-02T15:00:00Z")
		home, title := tw.library("westport", "NY", broker.NoID), tw.title("A title nobody here owns", isbn)
		first, second := tw.partner("VT", 0, title), tw.partner("VT", 0, title)
		home.looksTo([]broker.ID{first.id}, []broker.ID{second.id})
		request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
		tw.must(err)
		home.does(request.ID, workflow.EventCancel, nil)
		first.says(home, answered(connectors.KindCancelAnswer, false))
		home.expects(request.ID, workflow.Requested)
		first.says(home, connectors.Message{Kind: connectors.KindUnfilled, Reason: connectors.ReasonOnLoan})
		home.expects(request.ID, workflow.Cancelled)
		if second.heard(connectors.KindRequest) != 0 {
			t.Fatal("nobody is asked for what nobody wants")
		}
		tw.sound()
	})
}

// What we say about one request reaches the other library in the order in
// which it was said, however often the first message has to be tried.
func TestMessagesOfOneRequestKeepTheirOrder(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	lender, borrower := tw.library("open-lender", "NY", broker.NoID), tw.partner("VT", 0)
	barcode := lender.owns(tw.title("A title nobody here owns", isbn))
	cited := citation()
	borrower.borrows(lender, connectors.Message{Kind: connectors.KindRequest, RequestID: "vt-1", Citation: &cited, Service: "loan"})
	tw.sent.answer = connectors.Delivery{Outcome: connectors.TryAgain, Detail: "connection refused"}
	theirs := lender.lending()
	lender.does(theirs, workflow.EventAnswerYes, nil)
	for range 6 { // so that the first is only tried again in half an hour
		tw.clock.Set(tw.clock.Now().Add(30 * time.Minute))
		tw.settle()
	}
	lender.does(theirs, workflow.EventShip, map[string]any{"barcode": barcode})
	borrower.borrows(lender, connectors.Message{Kind: connectors.KindCancel, RequestID: "vt-1"})
	tw.sent.messages, tw.sent.answer = nil, connectors.Delivery{Outcome: connectors.Delivered}
	tw.settle()
	if len(tw.sent.messages) != 0 {
		t.Fatalf("nothing overtakes what waits for its next try: %v", tw.sent.messages[0].Kind)
	}
	tw.pass(1)
	said := []connectors.Kind{}
	for _, m := range tw.sent.messages {
		said = append(said, m.Kind)
	}
	if want := []connectors.Kind{connectors.KindWillSupply, connectors.KindLoaned, connectors.KindCancelAnswer}; !slices.Equal(said, want) {
		t.Fatalf("said in the order %v, not %v", want, said)
	}
	tw.sound()
}

// Undoing a cancel puts back the question it had withdrawn, and only that one.
func TestUndoOfACancelKeepsTheQuestion(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 500)
	tw.sent.answer = connectors.Delivery{Outcome: connectors.TryAgain, Detail: "connection refused"}
	// The patron approves, thinks again, and approves: two questions were written, one stands.
	tw.must(home.together(request, workflow.EventApproveCost, workflow.EventUndo, workflow.EventApproveCost))
	tw.must(home.together(request, workflow.EventCancel, workflow.EventUndo))
	home.expects(request, workflow.Requested)
	tw.sent.answer = connectors.Delivery{Outcome: connectors.Delivered}
	tw.pass(1)
	ids := map[string]bool{}
	for _, m := range tw.sent.messages {
		ids[m.ID] = true
	}
	if len(ids) != 1 || lender.heard(connectors.KindRequest) < 2 {
		t.Fatalf("the one question that stood is asked after all: %d messages in %d tries", len(ids), len(tw.sent.messages))
	}
	lender.says(home, connectors.Message{Kind: connectors.KindWillSupply})
	home.expects(request, workflow.WillSupply)
	tw.sound()
}

// A cancel finds the question that stands, not one that was undone before it.
func TestACancelAfterAnUndoneQuestion(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 500)
	tw.must(home.together(request, workflow.EventApproveCost, workflow.EventUndo, workflow.EventApproveCost, workflow.EventCancel))
	home.expects(request, workflow.Cancelled)
	if asked := lender.heard(connectors.KindRequest); asked != 0 {
		t.Fatalf("the lender never hears of it, but did %d times", asked)
	}
	tw.sound()
}

// The need-by date ends a request also while a lender is asked to stop.
func TestTheNeedByDateWhileALenderStops(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home, title := tw.library("westport", "NY", broker.NoID), tw.title("A title nobody here owns", isbn)
	first, second := tw.partner("VT", 0, title), tw.partner("VT", 0, title)
	home.looksTo([]broker.ID{first.id}, []broker.ID{second.id})
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation(), NeedBy: due("2026-03-03")})
	tw.must(err)
	home.does(request.ID, workflow.EventTryNextLender, nil)
	tw.pass(2)
	home.expects(request.ID, workflow.CancelPending)
	first.says(home, answered(connectors.KindCancelAnswer, true))
	home.expects(request.ID, workflow.Expired)
	if second.heard(connectors.KindRequest) != 0 {
		t.Fatal("nobody is asked after the date")
	}
	tw.sound()
}

// Taking a receipt back puts the need-by date back in force.
func TestUndoPutsTheNeedByDateBack(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("westport", "NY", broker.NoID)
	lender := tw.partner("VT", 0, tw.title("A title nobody here owns", isbn))
	home.looksTo([]broker.ID{lender.id})
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation(), NeedBy: due("2026-03-20")})
	tw.must(err)
	before := home.deadline(request.ID, "need_by")
	tw.must(home.together(request.ID, workflow.EventReceive, workflow.EventUndo))
	home.expects(request.ID, workflow.Requested)
	if after := home.deadline(request.ID, "need_by"); after.IsZero() || !after.Equal(before) {
		t.Fatalf("needed by %s again, not %s", before, after)
	}
	tw.sound()
}

// "Later" with a date that lies behind us is not "now", and not for ever.
func TestALenderThatKeepsSayingLater(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 0)
	for round := 1; round <= 4; round++ {
		if asked := lender.heard(connectors.KindRequest); asked != round {
			t.Fatalf("asked %d times in round %d", asked, round)
		}
		lender.says(home, connectors.Message{Kind: connectors.KindRetryLater, RetryAfter: due("2026-03-01")})
		if round == 4 {
			break
		}
		home.expects(request, workflow.WaitingRetry)
		if next := home.deadline(request, "retry"); next.Before(tw.clock.Now().Add(12 * time.Hour)) {
			t.Fatalf("asked again on another day, not at %s", next)
		}
		tw.clock.Set(tw.clock.Now().AddDate(0, 0, 8))
		tw.settle()
		home.expects(request, workflow.Requested)
	}
	home.expects(request, workflow.NeedsReview)
	tw.sound()
}

// What no message carries is put before staff, and stays there until a person
// has done it.
func TestALibraryReachedByHandIsTold(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home, lender := tw.library("westport", "NY", broker.NoID), tw.partner("VT", 0)
	lender.byHand()
	home.looksTo()
	byHand := func() broker.ID {
		request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
		tw.must(err)
		home.does(request.ID, workflow.EventAddLender, map[string]any{"lender": lender.symbol.String()})
		home.expects(request.ID, workflow.Requested)
		return request.ID
	}
	has := func(request broker.ID, kind string) {
		t.Helper()
		if !home.taskOf(request, kind) {
			t.Fatalf("no task %s\n%s", kind, tw.timeline(request))
		}
	}
	cancelled, silent, lent := byHand(), byHand(), byHand()
	has(cancelled, "ask_by_hand")
	home.does(cancelled, workflow.EventCancel, nil)
	has(cancelled, "tell_by_hand_cancel")

	home.does(lent, workflow.EventLoaned, map[string]any{"due": "2026-04-10", "barcode": "VT-1"})
	home.scans("VT-1", "")
	home.does(lent, workflow.EventShelve, nil)
	home.does(lent, workflow.EventCheckOut, nil)
	home.does(lent, workflow.EventRenew, nil)
	has(lent, "tell_by_hand_renew")
	home.does(lent, workflow.EventRenewalGranted, map[string]any{"due": "2026-05-08"})
	has(lent, "tell_by_hand_renew")
	home.does(lent, workflow.EventReturn, nil)
	home.does(lent, workflow.EventShipReturn, nil)
	has(lent, "tell_by_hand_shipped_return")

	tw.clock.Set(tw.clock.Now().AddDate(0, 0, 8))
	tw.settle()
	home.expects(silent, workflow.NeedsReview)
	has(silent, "tell_by_hand_cancel")
	tw.sound()
}
