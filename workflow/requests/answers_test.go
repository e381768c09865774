package requests_test

import (
	"slices"
	"testing"
	"time"

	"afield/workflow/town"

	"afield/broker"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
)

// offers sets up a request whose lender asks 15.00 for it and whose patron is
// asked to approve that.
func offers(t *testing.T) (tw *town.Town, home *town.House, lender *town.Partner, request broker.ID) {
	t.Helper()
	tw, home, lender, request, _ = town.AsksPartner(t, 0)
	lender.Says(home, conditional(1500))
	home.Does(request, workflow.EventAcceptConditions, nil)
	home.Expects(request, workflow.AwaitingCostApproval)
	return tw, home, lender, request
}

func conditional(minor int64) connectors.Message {
	cost := town.USD(minor)
	return connectors.Message{Kind: connectors.KindConditional, Conditions: "insure it", Cost: &cost}
}

func answered(kind connectors.Kind, yes bool) connectors.Message {
	return connectors.Message{Kind: kind, Yes: &yes}
}

// A lender may change its mind while the patron thinks about the cost: what it
// says last is what counts.
func TestTheLenderSpeaksWhileThePatronDecides(t *testing.T) {
	t.Parallel()
	t.Run("it withdraws", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := offers(t)
		if answer := lender.Says(home, connectors.Message{Kind: connectors.KindUnfilled, Reason: connectors.ReasonOnLoan}); answer.Outcome != "acted" {
			t.Fatalf("a no counts at once: %+v", answer)
		}
		home.Expects(request, workflow.NeedsReview)
		if err := home.Acts(request, workflow.EventApproveCost, nil); !broker.IsKind(err, broker.KindConflict) || lender.Heard(connectors.KindAcceptConditions) != 0 {
			t.Fatalf("nobody can accept what is gone: %v", err)
		}
		tw.Sound()
	})
	t.Run("it wants more", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := offers(t)
		lender.Says(home, conditional(2500))
		home.Expects(request, workflow.Conditional)
		home.Does(request, workflow.EventAcceptConditions, nil)
		home.Does(request, workflow.EventApproveCost, nil)
		if got := home.Expects(request, workflow.WillSupply); got.ApprovedCostMinor != 2500 {
			t.Fatalf("25.00 is what was asked and approved, not %d cents", got.ApprovedCostMinor)
		}
		tw.Sound()
	})
	t.Run("it says later", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := offers(t)
		lender.Says(home, connectors.Message{Kind: connectors.KindRetryLater, RetryAfter: town.Due("2026-03-20")})
		home.Expects(request, workflow.WaitingRetry)
		tw.Sound()
	})
	t.Run("it promises", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := offers(t)
		lender.Says(home, connectors.Message{Kind: connectors.KindWillSupply})
		home.Expects(request, workflow.AwaitingCostApproval) // the cost is still the patron's to approve
		home.Does(request, workflow.EventApproveCost, nil)
		home.Expects(request, workflow.WillSupply)
		tw.Sound()
	})
}

// A lender does not stop after the patron has cancelled: what it sends goes
// back unused, and if it says no the request ends instead of going to the next
// lender.
func TestACancelThatIsRefusedIsRemembered(t *testing.T) {
	t.Parallel()
	t.Run("then it ships", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request, patron := town.AsksPartner(t, 900)
		home.Does(request, workflow.EventApproveCost, nil)
		home.Does(request, workflow.EventCancel, nil)
		lender.Says(home, answered(connectors.KindCancelAnswer, false))
		lender.Says(home, town.Shipped("VT-1", "2026-04-10"))
		home.Scans("VT-1", "")
		home.Expects(request, workflow.ReturnDue)
		if home.Notices(request, "arrived") != 0 || home.Owed(patron) != 0 {
			t.Fatalf("nobody is told of an arrival, and nobody pays for it: %d cents", home.Owed(patron))
		}
		tw.Sound()
	})
	t.Run("then it cannot", func(t *testing.T) {
		t.Parallel()
		tw := town.New(t, "2026-03-02T15:00:00Z")
		home, title := tw.Library("westport", "NY", broker.NoID), tw.Title("A title nobody here owns", town.ISBN)
		first, second := tw.Partner("VT", 0, title), tw.Partner("VT", 0, title)
		home.LooksTo([]broker.ID{first.ID}, []broker.ID{second.ID})
		request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
		tw.Must(err)
		home.Does(request.ID, workflow.EventCancel, nil)
		first.Says(home, answered(connectors.KindCancelAnswer, false))
		home.Expects(request.ID, workflow.Requested)
		first.Says(home, connectors.Message{Kind: connectors.KindUnfilled, Reason: connectors.ReasonOnLoan})
		home.Expects(request.ID, workflow.Cancelled)
		if second.Heard(connectors.KindRequest) != 0 {
			t.Fatal("nobody is asked for what nobody wants")
		}
		tw.Sound()
	})
}

// What we say about one request reaches the other library in the order in
// which it was said, however often the first message has to be tried.
func TestMessagesOfOneRequestKeepTheirOrder(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	lender, borrower := tw.Library("open-lender", "NY", broker.NoID), tw.Partner("VT", 0)
	barcode := lender.Owns(tw.Title("A title nobody here owns", town.ISBN))
	cited := town.Citation()
	borrower.Borrows(lender, connectors.Message{Kind: connectors.KindRequest, RequestID: "vt-1", Citation: &cited, Service: "loan"})
	tw.Sent.Answer = connectors.Delivery{Outcome: connectors.TryAgain, Detail: "connection refused"}
	theirs := lender.Lending()
	lender.Does(theirs, workflow.EventAnswerYes, nil)
	for range 6 { // so that the first is only tried again in half an hour
		tw.Clock.Set(tw.Clock.Now().Add(30 * time.Minute))
		tw.Settle()
	}
	lender.Does(theirs, workflow.EventShip, map[string]any{"barcode": barcode})
	borrower.Borrows(lender, connectors.Message{Kind: connectors.KindCancel, RequestID: "vt-1"})
	tw.Sent.Messages, tw.Sent.Answer = nil, connectors.Delivery{Outcome: connectors.Delivered}
	tw.Settle()
	if len(tw.Sent.Messages) != 0 {
		t.Fatalf("nothing overtakes what waits for its next try: %v", tw.Sent.Messages[0].Kind)
	}
	tw.Pass(1)
	said := []connectors.Kind{}
	for _, m := range tw.Sent.Messages {
		said = append(said, m.Kind)
	}
	if want := []connectors.Kind{connectors.KindWillSupply, connectors.KindLoaned, connectors.KindCancelAnswer}; !slices.Equal(said, want) {
		t.Fatalf("said in the order %v, not %v", want, said)
	}
	tw.Sound()
}

// Undoing a cancel puts back the question it had withdrawn, and only that one.
func TestUndoOfACancelKeepsTheQuestion(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 500)
	tw.Sent.Answer = connectors.Delivery{Outcome: connectors.TryAgain, Detail: "connection refused"}
	// The patron approves, thinks again, and approves: two questions were written, one stands.
	tw.Must(home.Together(request, workflow.EventApproveCost, workflow.EventUndo, workflow.EventApproveCost))
	tw.Must(home.Together(request, workflow.EventCancel, workflow.EventUndo))
	home.Expects(request, workflow.Requested)
	tw.Sent.Answer = connectors.Delivery{Outcome: connectors.Delivered}
	tw.Pass(1)
	ids := map[string]bool{}
	for _, m := range tw.Sent.Messages {
		ids[m.ID] = true
	}
	if len(ids) != 1 || lender.Heard(connectors.KindRequest) < 2 {
		t.Fatalf("the one question that stood is asked after all: %d messages in %d tries", len(ids), len(tw.Sent.Messages))
	}
	lender.Says(home, connectors.Message{Kind: connectors.KindWillSupply})
	home.Expects(request, workflow.WillSupply)
	tw.Sound()
}

// A cancel finds the question that stands, not one that was undone before it.
func TestACancelAfterAnUndoneQuestion(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 500)
	tw.Must(home.Together(request, workflow.EventApproveCost, workflow.EventUndo, workflow.EventApproveCost, workflow.EventCancel))
	home.Expects(request, workflow.Cancelled)
	if asked := lender.Heard(connectors.KindRequest); asked != 0 {
		t.Fatalf("the lender never hears of it, but did %d times", asked)
	}
	tw.Sound()
}

// The need-by date ends a request also while a lender is asked to stop.
func TestTheNeedByDateWhileALenderStops(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home, title := tw.Library("westport", "NY", broker.NoID), tw.Title("A title nobody here owns", town.ISBN)
	first, second := tw.Partner("VT", 0, title), tw.Partner("VT", 0, title)
	home.LooksTo([]broker.ID{first.ID}, []broker.ID{second.ID})
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation(), NeedBy: town.Due("2026-03-03")})
	tw.Must(err)
	home.Does(request.ID, workflow.EventTryNextLender, nil)
	tw.Pass(2)
	home.Expects(request.ID, workflow.CancelPending)
	first.Says(home, answered(connectors.KindCancelAnswer, true))
	home.Expects(request.ID, workflow.Expired)
	if second.Heard(connectors.KindRequest) != 0 {
		t.Fatal("nobody is asked after the date")
	}
	tw.Sound()
}

// Taking a receipt back puts the need-by date back in force.
func TestUndoPutsTheNeedByDateBack(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("westport", "NY", broker.NoID)
	lender := tw.Partner("VT", 0, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation(), NeedBy: town.Due("2026-03-20")})
	tw.Must(err)
	before := home.Deadline(request.ID, "need_by")
	tw.Must(home.Together(request.ID, workflow.EventReceive, workflow.EventUndo))
	home.Expects(request.ID, workflow.Requested)
	if after := home.Deadline(request.ID, "need_by"); after.IsZero() || !after.Equal(before) {
		t.Fatalf("needed by %s again, not %s", before, after)
	}
	tw.Sound()
}

// A lender that says "later" with a date in the past is not asked again at
// once, nor for ever.
func TestALenderThatKeepsSayingLater(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	for round := 1; round <= 4; round++ {
		if asked := lender.Heard(connectors.KindRequest); asked != round {
			t.Fatalf("asked %d times in round %d", asked, round)
		}
		lender.Says(home, connectors.Message{Kind: connectors.KindRetryLater, RetryAfter: town.Due("2026-03-01")})
		if round == 4 {
			break
		}
		home.Expects(request, workflow.WaitingRetry)
		if next := home.Deadline(request, "retry"); next.Before(tw.Clock.Now().Add(12 * time.Hour)) {
			t.Fatalf("asked again on another day, not at %s", next)
		}
		tw.Clock.Set(tw.Clock.Now().AddDate(0, 0, 8))
		tw.Settle()
		home.Expects(request, workflow.Requested)
	}
	home.Expects(request, workflow.NeedsReview)
	tw.Sound()
}

// What no message carries becomes a staff task, which stays open until a person
// has done it.
func TestALibraryReachedByHandIsTold(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home, lender := tw.Library("westport", "NY", broker.NoID), tw.Partner("VT", 0)
	lender.ByHand()
	home.LooksTo()
	byHand := func() broker.ID {
		request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
		tw.Must(err)
		home.Does(request.ID, workflow.EventAddLender, map[string]any{"lender": lender.Symbol.String()})
		home.Expects(request.ID, workflow.Requested)
		return request.ID
	}
	has := func(request broker.ID, kind string) {
		t.Helper()
		if !home.TaskOf(request, kind) {
			t.Fatalf("no task %s\n%s", kind, tw.Timeline(request))
		}
	}
	cancelled, silent, lent := byHand(), byHand(), byHand()
	has(cancelled, "ask_by_hand")
	home.Does(cancelled, workflow.EventCancel, nil)
	has(cancelled, "tell_by_hand_cancel")

	home.Does(lent, workflow.EventLoaned, map[string]any{"due": "2026-04-10", "barcode": "VT-1"})
	home.Scans("VT-1", "")
	home.Does(lent, workflow.EventShelve, nil)
	home.Does(lent, workflow.EventCheckOut, nil)
	home.Does(lent, workflow.EventRenew, nil)
	has(lent, "tell_by_hand_renew")
	home.Does(lent, workflow.EventRenewalGranted, map[string]any{"due": "2026-05-08"})
	has(lent, "tell_by_hand_renew")
	home.Does(lent, workflow.EventReturn, nil)
	home.Does(lent, workflow.EventShipReturn, nil)
	has(lent, "tell_by_hand_shipped_return")

	tw.Clock.Set(tw.Clock.Now().AddDate(0, 0, 8))
	tw.Settle()
	home.Expects(silent, workflow.NeedsReview)
	has(silent, "tell_by_hand_cancel")
	tw.Sound()
}
