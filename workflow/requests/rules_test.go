package requests_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
)

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
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("western-district", "IL", broker.NoID)
	home.LooksTo()
	article := func(name, year string) requests.Submission {
		return requests.Submission{
			Patron: home.Patron("resident"), Service: "copy",
			Citation: broker.Citation{Title: name, ISSN: "03785955", Year: year, Format: broker.FormatArticle},
		}
	}
	for _, name := range []string{"one", "two", "three", "four", "five"} {
		request, err := home.Asks(article(name, "2026"))
		tw.Must(err)
		if request.Copyright == nil || *request.Copyright != "US:CCG" {
			t.Fatalf("%s is within the guideline: %v", name, request.Copyright)
		}
	}
	_, err := home.Asks(article("six", "2025"))
	refused(t, err, "copyright_limit_reached")
	old, err := home.Asks(article("old", "2015"))
	tw.Must(err)
	if *old.Copyright != "US:CCL" {
		t.Fatalf("an old issue comes under the law: %s", *old.Copyright)
	}
	anyway := article("six", "2025")
	anyway.AskAnyway = true
	stored, err := home.Asks(anyway)
	tw.Must(err)
	home.Expects(stored.ID, workflow.NeedsReview)
	if !strings.Contains(tw.Timeline(stored.ID), "copyright_limit_reached") {
		t.Fatalf("the person who decides sees why\n%s", tw.Timeline(stored.ID))
	}
	tw.Sound()
}

// Delaware: interlibrary loan is asked by staff. A patron's own hold that fails
// does not become one by itself; staff may make it one.
func TestAFailedHoldIsNoWayRoundTheRules(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	group := broker.NewID()
	home, other := tw.Library("delaware", "DE", group), tw.Library("delaware", "DE", group)
	title := tw.Title("A title nobody here owns", town.ISBN)
	lender := tw.Partner("MD", 0, title)
	home.LooksTo([]broker.ID{lender.ID})
	other.Owns(title)
	patron := home.Patron("adult")
	request, err := home.Submits(home.Online(patron), requests.Submission{Patron: patron, Citation: town.Citation()})
	tw.Must(err)
	if !home.Expects(request.ID, workflow.Requested).ByHold() {
		t.Fatal("a copy of the catalogue is a hold")
	}
	tw.Until("2026-03-10T15:00:00Z")
	home.Expects(request.ID, workflow.NeedsReview)
	if lender.Heard(connectors.KindRequest) != 0 || !strings.Contains(tw.Timeline(request.ID), "channel_not_open") {
		t.Fatalf("a person decides before anybody is asked\n%s", tw.Timeline(request.ID))
	}
	home.Does(request.ID, workflow.EventApproveReview, nil)
	home.Expects(request.ID, workflow.Requested)
	tw.Sound()
}

// Somebody who may not pass over a rule cannot let a request go on that the
// rule refused.
func TestWhoMayPassOverARule(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("westchester", "IN", broker.NoID)
	lender := tw.Partner("IN", 0, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	request, err := home.Asks(requests.Submission{Patron: home.Patron("teacher"), Citation: town.Citation(), AskAnyway: true})
	tw.Must(err)
	home.Expects(request.ID, workflow.NeedsReview)
	refused(t, home.ActsAs(home.Only("desk"), requests.Act{Request: request.ID, Action: workflow.EventApproveReview}), "class_may_not_ask")
	refused(t, home.ActsAs(home.Only("desk"), requests.Act{
		Request: request.ID, Action: workflow.EventAddLender,
		Body: map[string]json.RawMessage{"lender": json.RawMessage(`"` + lender.Symbol.String() + `"`)},
	}), "class_may_not_ask")
	home.Expects(request.ID, workflow.NeedsReview)
	tw.Must(home.ActsAs(home.Only("director"), requests.Act{Request: request.ID, Action: workflow.EventApproveReview}))
	home.Expects(request.ID, workflow.Requested)
	tw.Sound()
}

// One person gets one copy of a title: the same ISBN is the same title, and two
// books that are known by nothing else are not.
func TestWhatIsTheSameTitle(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("western-district", "IL", broker.NoID)
	home.LooksTo()
	patron := home.Patron("resident")
	ask := func(c broker.Citation) error {
		_, err := home.Asks(requests.Submission{Patron: patron, Citation: c})
		return err
	}
	tw.Must(ask(broker.Citation{ISBN: town.ISBN}))
	tw.Must(ask(broker.Citation{ISBN: "9780306406157"}))
	refused(t, ask(broker.Citation{ISBN: town.ISBN}), "same_title_open")
	refused(t, ask(broker.Citation{ISBN: town.ISBN, Title: "With its title this time"}), "same_title_open")
	tw.Must(ask(broker.Citation{Title: "Poems", Author: "One poet"}))
	refused(t, ask(broker.Citation{Title: "poems", Author: "one poet"}), "same_title_open")
	article := broker.Citation{Title: "A journal", ISSN: "10643923", Pages: "1-9", PartTitle: "An article"}
	tw.Must(ask(article))
	refused(t, ask(article), "same_title_open")
	article.PartTitle, article.Pages = "Another article", "10-19"
	tw.Must(ask(article))
	tw.Must(ask(broker.Citation{Title: "A journal", PMID: "1"}))
	tw.Must(ask(broker.Citation{Title: "A journal", PMID: "2"}))
	tw.Must(ask(broker.Citation{Title: "A journal", Volume: "3", Issue: "1"}))
	tw.Must(ask(broker.Citation{Title: "A journal", Volume: "4", Issue: "1"}))
	refused(t, ask(broker.Citation{Title: "a journal", Volume: "4", Issue: "1"}), "same_title_open")
	tw.Sound()
}

// An urgent request of unknown price is approved up to an amount, once, for
// every lender that stays within it.
func TestAnUrgentRequestIsApprovedUpToAnAmount(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home, title := tw.Library("western-district", "IL", broker.NoID), tw.Title("A title nobody here owns", town.ISBN)
	first, second := tw.Partner("IA", 0, title), tw.Partner("IA", 0, title)
	tw.Do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`delete from lending_terms where library_id in ($1, $2)`, first.ID, second.ID) // what they charge nobody knows
		return nil
	})
	home.LooksTo([]broker.ID{first.ID}, []broker.ID{second.ID})
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation(), Rush: true})
	tw.Must(err)
	home.Expects(request.ID, workflow.AwaitingCostApproval)
	if err := home.Acts(request.ID, workflow.EventApproveCost, nil); !broker.IsKind(err, broker.KindInvalid) {
		t.Fatalf("approving nothing in particular is no approval: %v", err)
	}
	home.Does(request.ID, workflow.EventApproveCost, map[string]any{"most": town.USD(2000)})
	if most := first.Asked().MaxCost; most == nil || *most != town.USD(2000) {
		t.Fatalf("the lender hears how far it may go: %v", most)
	}
	first.Says(home, connectors.Message{Kind: connectors.KindUnfilled, Reason: connectors.ReasonOnLoan})
	home.Expects(request.ID, workflow.Requested)
	second.Says(home, conditional(1800))
	home.Does(request.ID, workflow.EventAcceptConditions, nil)
	home.Expects(request.ID, workflow.WillSupply)
	tw.Sound()
}

// When a lender's price is in another currency, staff first enter what it comes
// to.
func TestAnOfferInAnotherMoney(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	if most := lender.Asked().MaxCost; most != nil {
		t.Fatalf("nobody approved anything, so nothing is promised: %v", most)
	}
	offer := conditional(0)
	offer.Cost = &broker.Money{Minor: 1000, Currency: "CAD"}
	lender.Says(home, offer)
	refused(t, home.Acts(request, workflow.EventAcceptConditions, nil), "currency_differs")
	home.Expects(request, workflow.Conditional)
	home.Does(request, workflow.EventConditional, map[string]any{"conditions": "insure it", "cost": town.USD(750)})
	home.Does(request, workflow.EventAcceptConditions, nil)
	home.Does(request, workflow.EventApproveCost, nil)
	if got := home.Expects(request, workflow.WillSupply); got.ApprovedCostMinor != 750 {
		t.Fatalf("approved is 7.50 in our money, not %d cents", got.ApprovedCostMinor)
	}
	tw.Sound()
}

// Two libraries whose states are unknown do not count as being in the same one.
func TestNoStateIsNotTheSameState(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("westchester", "", broker.NoID) // in its state the library pays, beyond it the patron
	lender := tw.Partner("", 1000, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	home.Expects(request.ID, workflow.AwaitingCostApproval)
	tw.Sound()
}

// What people write in words of their own may name somebody: it is a note that
// can be deleted, and never part of the timeline, which cannot.
func TestWordsOfPeopleStayOutOfTheTimeline(t *testing.T) {
	t.Parallel()
	tw, home, _, request, patron := town.AsksPartner(t, 0)
	tw.Must(home.ActsAs(home.Online(patron), requests.Act{
		Request: request, Action: workflow.EventCancel,
		Body: map[string]json.RawMessage{"reason": json.RawMessage(`"I am ill and stay in hospital"`)},
	}))
	home.Expects(request, workflow.CancelPending)
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
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
	tw.Sound()
}

// One library whose rules cannot be read stops nobody else: the sweep goes on,
// says what failed, and the failing step is put before staff.
func TestOneFaultStopsNothingElse(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	broken := tw.Library("westport", "NY", broker.NoID)
	broken.LooksTo()
	stuck, err := broken.Asks(requests.Submission{Patron: broken.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	late, err := broken.Asks(requests.Submission{Patron: broken.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	tw.Sent.Answer = connectors.Delivery{Outcome: connectors.TryAgain, Detail: "connection refused"}
	home.Does(request, workflow.EventCancel, nil)
	tw.Do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update libraries set policy = 'gone' where id = $1`, broken.Library.ID)
		tx.Queue(`delete from deadlines where request_id = $1`, stuck.ID)
		tx.Queue(`update deadlines set due_at = $2 where request_id = $1`, late.ID, tw.Clock.Now())
		return nil
	})
	tw.Sent.Answer = connectors.Delivery{Outcome: connectors.Delivered}
	tw.Clock.Set(tw.Clock.Now().Add(time.Hour))
	before := lender.Heard(connectors.KindCancel)
	for try := 0; lender.Heard(connectors.KindCancel) == before; try++ {
		if try > 500 {
			t.Fatal("the message of another library goes out all the same")
		}
		if _, err := tw.Queue.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), stuck.ID.String()) {
			t.Fatalf("the sweep says what it could not repair: %v", err)
		}
		for waiting := 1; waiting > 0; time.Sleep(5 * time.Millisecond) {
			waiting, err = tw.Queue.Waiting(t.Context())
			tw.Must(err)
		}
	}
	if !broken.TaskOf(late.ID, "deadline_failed") {
		t.Error("staff hear of the step that could not be done")
	}
}
