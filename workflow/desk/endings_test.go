package desk_test

import (
	"context"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
)

// What staff may do when there is nobody left to ask: pay more, name a library,
// wait, or tell the patron, and open it again later.
func TestWhenNobodyIsLeftToAsk(t *testing.T) {
	t.Parallel()
	tooDear := func(t *testing.T) (*town, *house, *partner, broker.ID) {
		tw := newTown(t, "2026-03-02T15:00:00Z")
		home := tw.library("westport", "NY", broker.NoID)
		lender := tw.partner("VT", 1500, tw.title("A title nobody here owns", isbn))
		home.looksTo([]broker.ID{lender.id})
		most := usd(500)
		request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation(), MaxCost: &most})
		tw.must(err)
		home.expects(request.ID, workflow.NeedsReview)
		if !home.taskOf(request.ID, "nothing_left") {
			t.Fatal("it is put before staff")
		}
		return tw, home, lender, request.ID
	}
	t.Run("raise the ceiling", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := tooDear(t)
		refused(t, home.acts(request, workflow.EventRaiseCeiling, map[string]any{"max_cost": broker.Money{Minor: 2000, Currency: "CAD"}}), "invalid_input")
		home.does(request, workflow.EventRaiseCeiling, map[string]any{"max_cost": usd(2000)})
		home.expects(request, workflow.AwaitingCostApproval)
		if home.taskOf(request, "nothing_left") {
			t.Fatal("that settles the task")
		}
		home.does(request, workflow.EventApproveCost, nil)
		home.expects(request, workflow.Requested)
		if most := lender.asked().MaxCost; most == nil || *most != usd(1500) {
			t.Fatalf("the lender may charge what was approved, not the ceiling: %v", most)
		}
		tw.sound()
	})
	t.Run("add a lender", func(t *testing.T) {
		t.Parallel()
		tw, home, _, request := tooDear(t)
		refused(t, home.acts(request, workflow.EventAddLender, map[string]any{"lender": home.symbol.String()}), "invalid_input")
		refused(t, home.acts(request, workflow.EventAddLender, map[string]any{"lender": "TEST:NOBODY"}), "not_found")
		named := tw.partner("ME", 0)
		home.does(request, workflow.EventAddLender, map[string]any{"lender": named.symbol.String(), "cost": usd(0)})
		home.expects(request, workflow.Requested)
		if named.heard(connectors.KindRequest) != 1 {
			t.Fatal("the named library is asked")
		}
		tw.sound()
	})
	t.Run("wait", func(t *testing.T) {
		t.Parallel()
		tw, home, _, request := tooDear(t)
		home.does(request, workflow.EventWait, map[string]any{"until": "2026-03-20", "note": "they get a second copy"})
		tw.until("2026-03-19T15:00:00Z")
		if home.taskOf(request, "review_overdue") {
			t.Fatal("nobody is reminded before the date")
		}
		tw.until("2026-03-20T15:00:00Z")
		home.expects(request, workflow.NeedsReview)
		if !home.taskOf(request, "review_overdue") {
			t.Fatal("on the date it is before staff again")
		}
		tw.sound()
	})
	t.Run("tell the patron and open it again", func(t *testing.T) {
		t.Parallel()
		tw, home, _, request := tooDear(t)
		home.does(request, workflow.EventTellPatron, map[string]any{"reason": "too dear everywhere"})
		home.expects(request, workflow.Unfilled)
		if home.notices(request, "unfilled") != 1 || home.tasks(request) != 0 {
			t.Fatal("the patron is told and nothing is left to do")
		}
		cheap := tw.partner("ME", 0, *home.request(request).TitleID)
		home.looksTo([]broker.ID{cheap.id})
		home.does(request, workflow.EventReopen, nil)
		home.expects(request, workflow.Requested)
		if cheap.heard(connectors.KindRequest) != 1 {
			t.Fatal("whoever has it now is asked")
		}
		tw.sound()
	})
}

// Staff name a library whose price is above what theirs pays without asking:
// they have decided, so it is asked.
func TestALenderNamedAboveTheCeiling(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("westchester", "IN", broker.NoID) // within its state the library pays
	dear := tw.partner("IN", 5000, tw.title("A title nobody here owns", isbn))
	home.looksTo([]broker.ID{dear.id})
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	home.expects(request.ID, workflow.NeedsReview)
	home.does(request.ID, workflow.EventAddLender, map[string]any{"lender": dear.symbol.String(), "cost": usd(5000)})
	home.expects(request.ID, workflow.Requested)
	tw.sound()
}

// More libraries have it than one rota holds: every one of them is asked before
// staff are.
func TestMoreLendersThanARotaHolds(t *testing.T) {
	t.Parallel()
	const many = 27
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home, title := tw.library("westport", "NY", broker.NoID), tw.title("A title nobody here owns", isbn)
	var ids []broker.ID
	for range many {
		member := tw.library("open-lender", "NY", broker.NoID)
		member.owns(title)
		ids = append(ids, member.Library.ID)
	}
	home.looksTo(ids)
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	for range many {
		home.expects(request.ID, workflow.Requested)
		tw.must(home.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := home.requests.Act(ctx, tx, tw.clock.Now(), home.staff(), requests.Act{Library: home.Library.ID, Request: request.ID, Action: workflow.EventUnfilled})
			return err
		}))
	}
	home.expects(request.ID, workflow.NeedsReview)
	tw.settle()
	tw.sound()
}

// An article: asked under its copyright rule, delivered, paid for, and done.
func TestACopyIsDelivered(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home, lender := tw.library("westport", "NY", broker.NoID), tw.partner("VT", 0)
	home.looksTo()
	patron := home.patron("resident")
	request, err := home.asks(requests.Submission{
		Patron:   patron,
		Citation: broker.Citation{Title: "An article", ISSN: "03785955", Year: "2026", Format: broker.FormatArticle},
	})
	tw.must(err)
	home.does(request.ID, workflow.EventAddLender, map[string]any{"lender": lender.symbol.String(), "cost": usd(600)})
	home.does(request.ID, workflow.EventApproveCost, nil)
	if ask := lender.asked(); ask.Service != "copy" || ask.Copyright != "US:CCG" {
		t.Fatalf("a copy, with its copyright declared: %q under %q", ask.Service, ask.Copyright)
	}
	cost := usd(600)
	lender.says(home, connectors.Message{Kind: connectors.KindCopyCompleted, Cost: &cost})
	home.expects(request.ID, workflow.Completed)
	if home.owed(patron) != 600 || home.notices(request.ID, "arrived") != 1 || home.tasks(request.ID) != 0 {
		t.Fatalf("6.00 are charged, not %d cents, and the patron is told", home.owed(patron))
	}
	tw.sound()
}

// sentBack is a borrowed copy on its way home.
func sentBack(t *testing.T) (tw *town, home *house, lender *partner, request broker.ID) {
	t.Helper()
	tw, home, lender, request, _, _ = shelved(t)
	home.does(request, workflow.EventCheckOut, nil)
	home.does(request, workflow.EventReturn, nil)
	home.does(request, workflow.EventShipReturn, nil)
	home.expects(request, workflow.ReturnShipped)
	return tw, home, lender, request
}

// A lender that does not confirm, or says it is overdue: staff hold the proof of
// shipment against it until it finds the item, or it is lost.
func TestAReturnThatIsNotConfirmed(t *testing.T) {
	t.Parallel()
	t.Run("silence, dispute, found", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := sentBack(t)
		tw.until("2026-03-25T15:00:00Z")
		home.expects(request, workflow.ReturnUnconfirmed)
		if !home.taskOf(request, "confirmation_overdue") {
			t.Fatal("staff are told")
		}
		if err := home.acts(request, workflow.EventDispute, nil); !broker.IsKind(err, broker.KindInvalid) {
			t.Fatalf("a dispute says what proves the shipment: %v", err)
		}
		home.does(request, workflow.EventDispute, map[string]any{"note": "receipt 4711 of the carrier"})
		home.expects(request, workflow.ReturnUnconfirmed)
		if strings.Contains(tw.timeline(request), "receipt 4711") {
			t.Fatal("the proof is a note")
		}
		lender.says(home, connectors.Message{Kind: connectors.KindLoanCompleted})
		home.expects(request, workflow.Completed)
		home.does(request, workflow.EventDispute, map[string]any{"note": "they billed it all the same"})
		if home.expects(request, workflow.Completed); !home.taskOf(request, "dispute") {
			t.Fatal("a dispute after the end is work for staff")
		}
		tw.sound()
	})
	t.Run("overdue, lost on the way", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := sentBack(t)
		lender.says(home, connectors.Message{Kind: connectors.KindOverdue})
		home.expects(request, workflow.ReturnUnconfirmed)
		if !home.taskOf(request, "overdue_notice") {
			t.Fatal("staff are told")
		}
		home.does(request, workflow.EventLostInTransit, map[string]any{"note": "the carrier cannot find it"})
		home.expects(request, workflow.LostPending)
		if lender.heard(connectors.KindLostByBorrower) != 1 || home.tasks(request) != 0 {
			t.Fatalf("the lender hears of it, and waiting is over: %d tasks", home.tasks(request))
		}
		tw.sound()
	})
}

// A patron sees and does what is theirs, and nothing at the desk.
func TestAPatronActsOnTheirOwn(t *testing.T) {
	t.Parallel()
	tw, home, _, request, patron := asksPartner(t, 0)
	other := home.patron("resident")
	refused(t, home.actsAs(home.online(other), requests.Act{Request: request, Action: workflow.EventCancel}), "not_found")
	refused(t, home.actsAs(home.online(patron), requests.Act{Request: request, Action: workflow.EventTryNextLender}), "forbidden")
	refused(t, home.actsAs(home.online(patron), requests.Act{Request: request, Action: workflow.EventCheckOut}), "forbidden")
	home.expects(request, workflow.Requested)
	tw.must(home.actsAs(home.online(patron), requests.Act{Request: request, Action: workflow.EventCancel}))
	home.expects(request, workflow.CancelPending)
	tw.sound()
}

// Who looked at an older version decides nothing.
func TestSomebodyWasQuicker(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 0)
	seen := home.request(request).Version
	lender.says(home, connectors.Message{Kind: connectors.KindWillSupply})
	act := requests.Act{Request: request, Action: workflow.EventTryNextLender, ExpectVersion: seen}
	refused(t, home.actsAs(home.staff(), act), "changed_meanwhile")
	home.expects(request, workflow.WillSupply)
	act.ExpectVersion = home.request(request).Version
	tw.must(home.actsAs(home.staff(), act))
	home.expects(request, workflow.CancelPending)
	tw.sound()
}

// Another library's request is not there: not to see, not to act on, not to fire
// on, whichever library is named.
func TestAnotherLibrarysRequestIsNotFound(t *testing.T) {
	t.Parallel()
	tw, home, _, request, _ := asksPartner(t, 0)
	stranger := tw.library("westport", "NY", broker.NoID)
	for _, named := range []broker.ID{stranger.Library.ID, home.Library.ID} {
		err := stranger.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := stranger.requests.Act(ctx, tx, tw.clock.Now(), stranger.staff(), requests.Act{Library: named, Request: request, Action: workflow.EventCancel})
			return err
		})
		refused(t, err, "not_found")
		err = stranger.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := stranger.requests.Fire(ctx, tx, tw.clock.Now(), engine.Firing{Library: named, Request: request, Event: workflow.EventCancel, By: workflow.ByStaff, Actor: stranger.staff()})
			return err
		})
		refused(t, err, "not_found")
		err = stranger.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := stranger.requests.Load(ctx, tx, named, request)
			return err
		})
		refused(t, err, "not_found")
	}
	home.expects(request, workflow.Requested)
	tw.sound()
}

// A library is paused while the patron thinks about its fee: staff ask it by
// hand, and it stays a library asked by hand for this request.
func TestALenderIsPausedBeforeItIsAsked(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 500)
	tw.do(func(ctx context.Context, tx *postgres.Tx) error {
		peers, err := directory.LoadPeers(ctx, tx, tw.vault, []broker.ID{lender.id})
		if err != nil {
			return err
		}
		peer := peers[lender.id]
		peer.Paused = true
		return directory.SavePeer(tx, tw.vault, peer, tw.clock.Now())
	})
	home.does(request, workflow.EventApproveCost, nil)
	home.expects(request, workflow.Requested)
	if !home.taskOf(request, "ask_by_hand") {
		t.Fatal("staff ask it")
	}
	home.does(request, workflow.EventCancel, nil)
	home.expects(request, workflow.CancelPending) // staff telephoned, so it may be on its way
	if !home.taskOf(request, "tell_by_hand_cancel") || len(tw.sent.messages) != 0 {
		t.Fatal("staff tell it to stop, and no message does")
	}
	tw.sound()
}
