package requests_test

import (
	"context"
	"strings"
	"testing"

	"afield/workflow/town"

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
	tooDear := func(t *testing.T) (*town.Town, *town.House, *town.Partner, broker.ID) {
		tw := town.New(t, "2026-03-02T15:00:00Z")
		home := tw.Library("westport", "NY", broker.NoID)
		lender := tw.Partner("VT", 1500, tw.Title("A title nobody here owns", town.ISBN))
		home.LooksTo([]broker.ID{lender.ID})
		most := town.USD(500)
		request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation(), MaxCost: &most})
		tw.Must(err)
		home.Expects(request.ID, workflow.NeedsReview)
		if !home.TaskOf(request.ID, "nothing_left") {
			t.Fatal("it is put before staff")
		}
		return tw, home, lender, request.ID
	}
	t.Run("raise the ceiling", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := tooDear(t)
		refused(t, home.Acts(request, workflow.EventRaiseCeiling, map[string]any{"max_cost": broker.Money{Minor: 2000, Currency: "CAD"}}), "invalid_input")
		home.Does(request, workflow.EventRaiseCeiling, map[string]any{"max_cost": town.USD(2000)})
		home.Expects(request, workflow.AwaitingCostApproval)
		if home.TaskOf(request, "nothing_left") {
			t.Fatal("that settles the task")
		}
		home.Does(request, workflow.EventApproveCost, nil)
		home.Expects(request, workflow.Requested)
		if most := lender.Asked().MaxCost; most == nil || *most != town.USD(1500) {
			t.Fatalf("the lender may charge what was approved, not the ceiling: %v", most)
		}
		tw.Sound()
	})
	t.Run("add a lender", func(t *testing.T) {
		t.Parallel()
		tw, home, _, request := tooDear(t)
		refused(t, home.Acts(request, workflow.EventAddLender, map[string]any{"lender": home.Symbol.String()}), "invalid_input")
		refused(t, home.Acts(request, workflow.EventAddLender, map[string]any{"lender": "TEST:NOBODY"}), "not_found")
		named := tw.Partner("ME", 0)
		home.Does(request, workflow.EventAddLender, map[string]any{"lender": named.Symbol.String(), "cost": town.USD(0)})
		home.Expects(request, workflow.Requested)
		if named.Heard(connectors.KindRequest) != 1 {
			t.Fatal("the named library is asked")
		}
		tw.Sound()
	})
	t.Run("wait", func(t *testing.T) {
		t.Parallel()
		tw, home, _, request := tooDear(t)
		home.Does(request, workflow.EventWait, map[string]any{"until": "2026-03-20", "note": "they get a second copy"})
		tw.Until("2026-03-19T15:00:00Z")
		if home.TaskOf(request, "review_overdue") {
			t.Fatal("nobody is reminded before the date")
		}
		tw.Until("2026-03-20T15:00:00Z")
		home.Expects(request, workflow.NeedsReview)
		if !home.TaskOf(request, "review_overdue") {
			t.Fatal("on the date it is before staff again")
		}
		tw.Sound()
	})
	t.Run("tell the patron and open it again", func(t *testing.T) {
		t.Parallel()
		tw, home, _, request := tooDear(t)
		home.Does(request, workflow.EventTellPatron, map[string]any{"reason": "too dear everywhere"})
		home.Expects(request, workflow.Unfilled)
		if home.Notices(request, "unfilled") != 1 || home.Tasks(request) != 0 {
			t.Fatal("the patron is told and nothing is left to do")
		}
		cheap := tw.Partner("ME", 0, home.Request(request).TitleID)
		home.LooksTo([]broker.ID{cheap.ID})
		home.Does(request, workflow.EventReopen, nil)
		home.Expects(request, workflow.Requested)
		if cheap.Heard(connectors.KindRequest) != 1 {
			t.Fatal("whoever has it now is asked")
		}
		tw.Sound()
	})
}

// Staff name a library whose price is above what theirs pays without asking:
// they have decided, so it is asked.
func TestALenderNamedAboveTheCeiling(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("westchester", "IN", broker.NoID) // within its state the library pays
	dear := tw.Partner("IN", 5000, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{dear.ID})
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	home.Expects(request.ID, workflow.NeedsReview)
	home.Does(request.ID, workflow.EventAddLender, map[string]any{"lender": dear.Symbol.String(), "cost": town.USD(5000)})
	home.Expects(request.ID, workflow.Requested)
	tw.Sound()
}

// More libraries have it than one rota holds: every one of them is asked before
// staff are.
func TestMoreLendersThanARotaHolds(t *testing.T) {
	t.Parallel()
	const many = 27
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home, title := tw.Library("westport", "NY", broker.NoID), tw.Title("A title nobody here owns", town.ISBN)
	var ids []broker.ID
	for range many {
		member := tw.Library("open-lender", "NY", broker.NoID)
		member.Owns(title)
		ids = append(ids, member.Library.ID)
	}
	home.LooksTo(ids)
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	for range many {
		home.Expects(request.ID, workflow.Requested)
		tw.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := home.Requests.Act(ctx, tx, tw.Clock.Now(), home.Staff(), requests.Act{Library: home.Library.ID, Request: request.ID, Action: workflow.EventUnfilled})
			return err
		}))
	}
	home.Expects(request.ID, workflow.NeedsReview)
	tw.Settle()
	tw.Sound()
}

// An article: asked under its copyright rule, delivered, paid for, and done.
func TestACopyIsDelivered(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home, lender := tw.Library("westport", "NY", broker.NoID), tw.Partner("VT", 0)
	home.LooksTo()
	patron := home.Patron("resident")
	request, err := home.Asks(requests.Submission{
		Patron:   patron,
		Citation: broker.Citation{Title: "An article", ISSN: "03785955", Year: "2026", Format: broker.FormatArticle},
	})
	tw.Must(err)
	home.Does(request.ID, workflow.EventAddLender, map[string]any{"lender": lender.Symbol.String(), "cost": town.USD(600)})
	home.Does(request.ID, workflow.EventApproveCost, nil)
	if ask := lender.Asked(); ask.Service != "copy" || ask.Copyright != "US:CCG" {
		t.Fatalf("a copy, with its copyright declared: %q under %q", ask.Service, ask.Copyright)
	}
	cost := town.USD(600)
	lender.Says(home, connectors.Message{Kind: connectors.KindCopyCompleted, Cost: &cost})
	home.Expects(request.ID, workflow.Completed)
	if home.Owed(patron) != 600 || home.Notices(request.ID, "arrived") != 1 || home.Tasks(request.ID) != 0 {
		t.Fatalf("6.00 are charged, not %d cents, and the patron is told", home.Owed(patron))
	}
	tw.Sound()
}

// sentBack is a borrowed copy on its way home.
func sentBack(t *testing.T) (tw *town.Town, home *town.House, lender *town.Partner, request broker.ID) {
	t.Helper()
	tw, home, lender, request, _, _ = town.Shelved(t)
	home.Does(request, workflow.EventCheckOut, nil)
	home.Does(request, workflow.EventReturn, nil)
	home.Does(request, workflow.EventShipReturn, nil)
	home.Expects(request, workflow.ReturnShipped)
	return tw, home, lender, request
}

// A lender does not confirm a return, or says that the item is overdue: staff
// answer with the proof of shipment until the lender finds the item, or it is
// lost.
func TestAReturnThatIsNotConfirmed(t *testing.T) {
	t.Parallel()
	t.Run("silence, dispute, found", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := sentBack(t)
		tw.Until("2026-03-25T15:00:00Z")
		home.Expects(request, workflow.ReturnUnconfirmed)
		if !home.TaskOf(request, "confirmation_overdue") {
			t.Fatal("staff are told")
		}
		if err := home.Acts(request, workflow.EventDispute, nil); !broker.IsKind(err, broker.KindInvalid) {
			t.Fatalf("a dispute says what proves the shipment: %v", err)
		}
		home.Does(request, workflow.EventDispute, map[string]any{"note": "receipt 4711 of the carrier"})
		home.Expects(request, workflow.ReturnUnconfirmed)
		if strings.Contains(tw.Timeline(request), "receipt 4711") {
			t.Fatal("the proof is a note")
		}
		lender.Says(home, connectors.Message{Kind: connectors.KindLoanCompleted})
		home.Expects(request, workflow.Completed)
		home.Does(request, workflow.EventDispute, map[string]any{"note": "they billed it all the same"})
		if home.Expects(request, workflow.Completed); !home.TaskOf(request, "dispute") {
			t.Fatal("a dispute after the end is work for staff")
		}
		tw.Sound()
	})
	t.Run("overdue, lost on the way", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request := sentBack(t)
		lender.Says(home, connectors.Message{Kind: connectors.KindOverdue})
		home.Expects(request, workflow.ReturnUnconfirmed)
		if !home.TaskOf(request, "overdue_notice") {
			t.Fatal("staff are told")
		}
		home.Does(request, workflow.EventLostInTransit, map[string]any{"note": "the carrier cannot find it"})
		home.Expects(request, workflow.LostPending)
		if lender.Heard(connectors.KindLostByBorrower) != 1 || home.Tasks(request) != 0 {
			t.Fatalf("the lender hears of it, and waiting is over: %d tasks", home.Tasks(request))
		}
		tw.Sound()
	})
}

// A patron sees and acts on their own requests, and cannot act as the desk.
func TestAPatronActsOnTheirOwn(t *testing.T) {
	t.Parallel()
	tw, home, _, request, patron := town.AsksPartner(t, 0)
	other := home.Patron("resident")
	refused(t, home.ActsAs(home.Online(other), requests.Act{Request: request, Action: workflow.EventCancel}), "not_found")
	refused(t, home.ActsAs(home.Online(patron), requests.Act{Request: request, Action: workflow.EventTryNextLender}), "forbidden")
	refused(t, home.ActsAs(home.Online(patron), requests.Act{Request: request, Action: workflow.EventCheckOut}), "forbidden")
	home.Expects(request, workflow.Requested)
	tw.Must(home.ActsAs(home.Online(patron), requests.Act{Request: request, Action: workflow.EventCancel}))
	home.Expects(request, workflow.CancelPending)
	tw.Sound()
}

// An act by somebody who saw an older version is refused.
func TestSomebodyWasQuicker(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	seen := home.Request(request).Version
	lender.Says(home, connectors.Message{Kind: connectors.KindWillSupply})
	act := requests.Act{Request: request, Action: workflow.EventTryNextLender, ExpectVersion: seen}
	refused(t, home.ActsAs(home.Staff(), act), "changed_meanwhile")
	home.Expects(request, workflow.WillSupply)
	act.ExpectVersion = home.Request(request).Version
	tw.Must(home.ActsAs(home.Staff(), act))
	home.Expects(request, workflow.CancelPending)
	tw.Sound()
}

// Another library's request cannot be seen, acted on or fired on, whichever
// library is named.
func TestAnotherLibrarysRequestIsNotFound(t *testing.T) {
	t.Parallel()
	tw, home, _, request, _ := town.AsksPartner(t, 0)
	stranger := tw.Library("westport", "NY", broker.NoID)
	for _, named := range []broker.ID{stranger.Library.ID, home.Library.ID} {
		err := stranger.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := stranger.Requests.Act(ctx, tx, tw.Clock.Now(), stranger.Staff(), requests.Act{Library: named, Request: request, Action: workflow.EventCancel})
			return err
		})
		refused(t, err, "not_found")
		err = stranger.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := stranger.Requests.Fire(ctx, tx, tw.Clock.Now(), engine.Firing{Library: named, Request: request, Event: workflow.EventCancel, By: workflow.ByStaff, Actor: stranger.Staff()})
			return err
		})
		refused(t, err, "not_found")
		err = stranger.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := stranger.Requests.Load(ctx, tx, named, request)
			return err
		})
		refused(t, err, "not_found")
	}
	home.Expects(request, workflow.Requested)
	tw.Sound()
}

// A library is paused while the patron thinks about its fee: staff ask it by
// hand, and it stays a library asked by hand for this request.
func TestALenderIsPausedBeforeItIsAsked(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 500)
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
		peers, err := directory.LoadPeers(ctx, tx, tw.Vault, []broker.ID{lender.ID})
		if err != nil {
			return err
		}
		peer := peers[lender.ID]
		peer.Paused = true
		return directory.SavePeer(tx, tw.Vault, peer, tw.Clock.Now())
	})
	home.Does(request, workflow.EventApproveCost, nil)
	home.Expects(request, workflow.Requested)
	if !home.TaskOf(request, "ask_by_hand") {
		t.Fatal("staff ask it")
	}
	home.Does(request, workflow.EventCancel, nil)
	home.Expects(request, workflow.CancelPending) // staff telephoned, so it may be on its way
	if !home.TaskOf(request, "tell_by_hand_cancel") || len(tw.Sent.Messages) != 0 {
		t.Fatal("staff tell it to stop, and no message does")
	}
	tw.Sound()
}
