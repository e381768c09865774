package desk_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
)

// submits asks as somebody: a patron online, or staff.
func (h *house) submits(actor broker.Actor, in requests.Submission) (*engine.Request, error) {
	in.Library, in.CardDigits, in.PINGiven = h.Library.ID, 14, true
	var request *engine.Request
	err := h.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		request, err = h.requests.Submit(ctx, tx, h.clock.Now(), actor, in)
		return err
	})
	h.settle()
	return request, err
}

func (h *house) online(patron broker.ID) broker.Actor {
	return broker.Actor{Kind: broker.ActorPatron, ID: patron, Library: h.Library.ID}
}

func (h *house) only(role string) broker.Actor {
	actor := h.staff()
	actor.Roles = []string{role}
	return actor
}

// actsAs does an action as somebody.
func (h *house) actsAs(actor broker.Actor, act requests.Act) error {
	act.Library = h.Library.ID
	err := h.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.desk.Act(ctx, tx, desk.At{Library: h.Library.ID, Branch: h.branch, Actor: actor, Now: h.clock.Now()}, act)
		return err
	})
	h.settle()
	return err
}

// refused fails unless an act was refused with this code, by itself or as a reason.
func refused(t *testing.T, err error, code string) {
	t.Helper()
	ours, ok := broker.AsError(err)
	if !ok || (ours.Code != code && !slices.ContainsFunc(ours.Reasons, func(r broker.Reason) bool { return r.Code == code })) {
		t.Fatalf("refused with %s, not: %v", code, err)
	}
}

// CONTU: five copies a year of one periodical's recent issues; the sixth is for
// a person to decide, and older issues do not count.
func TestTheSixthCopyOfAPeriodical(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("western-district", "IL", broker.NoID)
	home.looksTo()
	article := func(name, year string) requests.Submission {
		return requests.Submission{
			Patron: home.patron("resident"), Service: "copy",
			Citation: broker.Citation{Title: name, ISSN: "03785955", Year: year, Format: broker.FormatArticle},
		}
	}
	for _, name := range []string{"one", "two", "three", "four", "five"} {
		request, err := home.asks(article(name, "2026"))
		tw.must(err)
		if request.Copyright == nil || *request.Copyright != "US:CCG" {
			t.Fatalf("%s is within the guideline: %v", name, request.Copyright)
		}
	}
	_, err := home.asks(article("six", "2025"))
	refused(t, err, "copyright_limit_reached")
	old, err := home.asks(article("old", "2015"))
	tw.must(err)
	if *old.Copyright != "US:CCL" {
		t.Fatalf("an old issue comes under the law: %s", *old.Copyright)
	}
	anyway := article("six", "2025")
	anyway.AskAnyway = true
	stored, err := home.asks(anyway)
	tw.must(err)
	home.expects(stored.ID, workflow.NeedsReview)
	if !strings.Contains(tw.timeline(stored.ID), "copyright_limit_reached") {
		t.Fatalf("the person who decides sees why\n%s", tw.timeline(stored.ID))
	}
	tw.sound()
}

// Delaware: interlibrary loan is asked by staff. A patron's own hold that fails
// does not become one by itself; staff may make it one.
func TestAFailedHoldIsNoWayRoundTheRules(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	group := broker.NewID()
	home, other := tw.library("delaware", "DE", group), tw.library("delaware", "DE", group)
	title := tw.title("A title nobody here owns", isbn)
	lender := tw.partner("MD", 0, title)
	home.looksTo([]broker.ID{lender.id})
	other.owns(title)
	patron := home.patron("adult")
	request, err := home.submits(home.online(patron), requests.Submission{Patron: patron, Citation: citation()})
	tw.must(err)
	if !home.expects(request.ID, workflow.Requested).ByHold() {
		t.Fatal("a copy of the catalogue is a hold")
	}
	tw.until("2026-03-10T15:00:00Z")
	home.expects(request.ID, workflow.NeedsReview)
	if lender.heard(connectors.KindRequest) != 0 || !strings.Contains(tw.timeline(request.ID), "channel_not_open") {
		t.Fatalf("a person decides before anybody is asked\n%s", tw.timeline(request.ID))
	}
	home.does(request.ID, workflow.EventApproveReview, nil)
	home.expects(request.ID, workflow.Requested)
	tw.sound()
}

// Who may not pass over a rule cannot let a request go on that it refused.
func TestWhoMayPassOverARule(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("westchester", "IN", broker.NoID)
	lender := tw.partner("IN", 0, tw.title("A title nobody here owns", isbn))
	home.looksTo([]broker.ID{lender.id})
	request, err := home.asks(requests.Submission{Patron: home.patron("teacher"), Citation: citation(), AskAnyway: true})
	tw.must(err)
	home.expects(request.ID, workflow.NeedsReview)
	refused(t, home.actsAs(home.only("desk"), requests.Act{Request: request.ID, Action: workflow.EventApproveReview}), "class_may_not_ask")
	refused(t, home.actsAs(home.only("desk"), requests.Act{
		Request: request.ID, Action: workflow.EventAddLender,
		Body: map[string]json.RawMessage{"lender": json.RawMessage(`"` + lender.symbol.String() + `"`)},
	}), "class_may_not_ask")
	home.expects(request.ID, workflow.NeedsReview)
	tw.must(home.actsAs(home.only("director"), requests.Act{Request: request.ID, Action: workflow.EventApproveReview}))
	home.expects(request.ID, workflow.Requested)
	tw.sound()
}

// One person gets one copy of a title: the same ISBN is the same title, and two
// books that are known by nothing else are not.
func TestWhatIsTheSameTitle(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("western-district", "IL", broker.NoID)
	home.looksTo()
	patron := home.patron("resident")
	ask := func(c broker.Citation) error {
		_, err := home.asks(requests.Submission{Patron: patron, Citation: c})
		return err
	}
	tw.must(ask(broker.Citation{ISBN: isbn}))
	tw.must(ask(broker.Citation{ISBN: "9780306406157"}))
	refused(t, ask(broker.Citation{ISBN: isbn}), "same_title_open")
	refused(t, ask(broker.Citation{ISBN: isbn, Title: "With its title this time"}), "same_title_open")
	tw.must(ask(broker.Citation{Title: "Poems", Author: "One poet"}))
	refused(t, ask(broker.Citation{Title: "poems", Author: "one poet"}), "same_title_open")
	tw.sound()
}

// An urgent request of unknown price is approved up to an amount, once, for
// every lender that stays within it.
func TestAnUrgentRequestIsApprovedUpToAnAmount(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home, title := tw.library("western-district", "IL", broker.NoID), tw.title("A title nobody here owns", isbn)
	first, second := tw.partner("IA", 0, title), tw.partner("IA", 0, title)
	tw.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`delete from lending_terms where library_id in ($1, $2)`, first.id, second.id) // what they charge nobody knows
		return nil
	})
	home.looksTo([]broker.ID{first.id}, []broker.ID{second.id})
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation(), Rush: true})
	tw.must(err)
	home.expects(request.ID, workflow.AwaitingCostApproval)
	if err := home.acts(request.ID, workflow.EventApproveCost, nil); !broker.IsKind(err, broker.KindInvalid) {
		t.Fatalf("approving nothing in particular is no approval: %v", err)
	}
	home.does(request.ID, workflow.EventApproveCost, map[string]any{"most": usd(2000)})
	if most := first.asked().MaxCost; most == nil || *most != usd(2000) {
		t.Fatalf("the lender hears how far it may go: %v", most)
	}
	first.says(home, connectors.Message{Kind: connectors.KindUnfilled, Reason: connectors.ReasonOnLoan})
	home.expects(request.ID, workflow.Requested)
	second.says(home, conditional(1800))
	home.does(request.ID, workflow.EventAcceptConditions, nil)
	home.expects(request.ID, workflow.WillSupply)
	tw.sound()
}

// What a lender asks in another money is first what staff say it comes to.
func TestAnOfferInAnotherMoney(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 0)
	if most := lender.asked().MaxCost; most != nil {
		t.Fatalf("nobody approved anything, so nothing is promised: %v", most)
	}
	offer := conditional(0)
	offer.Cost = &broker.Money{Minor: 1000, Currency: "CAD"}
	lender.says(home, offer)
	refused(t, home.acts(request, workflow.EventAcceptConditions, nil), "currency_differs")
	home.expects(request, workflow.Conditional)
	home.does(request, workflow.EventConditional, map[string]any{"conditions": "insure it", "cost": usd(750)})
	home.does(request, workflow.EventAcceptConditions, nil)
	home.does(request, workflow.EventApproveCost, nil)
	if got := home.expects(request, workflow.WillSupply); got.ApprovedCostMinor != 750 {
		t.Fatalf("approved is 7.50 in our money, not %d cents", got.ApprovedCostMinor)
	}
	tw.sound()
}

// Two libraries of which nobody knows the state are not in the same one.
func TestNoStateIsNotTheSameState(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("westchester", "", broker.NoID) // in its state the library pays, beyond it the patron
	lender := tw.partner("", 1000, tw.title("A title nobody here owns", isbn))
	home.looksTo([]broker.ID{lender.id})
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	home.expects(request.ID, workflow.AwaitingCostApproval)
	tw.sound()
}

// What people write in words of their own may name somebody: it is a note that
// can be deleted, and never part of the timeline, which cannot.
func TestWordsOfPeopleStayOutOfTheTimeline(t *testing.T) {
	t.Parallel()
	tw, home, _, request, patron := asksPartner(t, 0)
	tw.must(home.actsAs(home.online(patron), requests.Act{
		Request: request, Action: workflow.EventCancel,
		Body: map[string]json.RawMessage{"reason": json.RawMessage(`"I am ill and stay in hospital"`)},
	}))
	home.expects(request, workflow.CancelPending)
	tw.do(func(ctx context.Context, tx *postgres.Tx) error {
		var everywhere, noted string
		err := tx.QueryRow(ctx, `select (select coalesce(string_agg(data::text, ' '), '') from request_events where request_id = $1)
				|| (select coalesce(string_agg(facts::text || detail, ' '), '') from staff_tasks where request_id = $1)
				|| (select coalesce(string_agg(payload::text, ' '), '') from messages where request_id = $1),
			(select coalesce(string_agg(text, ' '), '') from request_notes where request_id = $1)`, request).Scan(&everywhere, &noted)
		if strings.Contains(everywhere, "hospital") || !strings.Contains(noted, "hospital") {
			t.Errorf("the reason is a note and nothing else: %q in %s", noted, everywhere)
		}
		return err
	})
	tw.sound()
}

// One library whose rules cannot be read stops nobody else: the sweep goes on,
// says what failed, and the failing step is put before staff.
func TestOneFaultStopsNothingElse(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 0)
	broken := tw.library("westport", "NY", broker.NoID)
	broken.looksTo()
	stuck, err := broken.asks(requests.Submission{Patron: broken.patron("resident"), Citation: citation()})
	tw.must(err)
	late, err := broken.asks(requests.Submission{Patron: broken.patron("resident"), Citation: citation()})
	tw.must(err)
	tw.sent.answer = connectors.Delivery{Outcome: connectors.TryAgain, Detail: "connection refused"}
	home.does(request, workflow.EventCancel, nil)
	tw.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update libraries set policy = 'gone' where id = $1`, broken.Library.ID)
		tx.Queue(`delete from deadlines where request_id = $1`, stuck.ID)
		tx.Queue(`update deadlines set due_at = $2 where request_id = $1`, late.ID, tw.clock.Now())
		return nil
	})
	tw.sent.answer = connectors.Delivery{Outcome: connectors.Delivered}
	tw.clock.Set(tw.clock.Now().Add(time.Hour))
	before := lender.heard(connectors.KindCancel)
	for try := 0; lender.heard(connectors.KindCancel) == before; try++ {
		if try > 500 {
			t.Fatal("the message of another library goes out all the same")
		}
		if _, err := tw.queue.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), stuck.ID.String()) {
			t.Fatalf("the sweep says what it could not repair: %v", err)
		}
		for waiting := 1; waiting > 0; time.Sleep(5 * time.Millisecond) {
			waiting, err = tw.queue.Waiting(t.Context())
			tw.must(err)
		}
	}
	if !broken.taskOf(late.ID, "deadline_failed") {
		t.Error("staff hear of the step that could not be done")
	}
}
