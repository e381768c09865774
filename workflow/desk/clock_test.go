package desk_test

import (
	"context"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
)

// What a lender says after its time is about its own ask, never about that of
// the lender who is asked now.
func TestALateAnswerOfOneLenderIsNotTheNextOnes(t *testing.T) {
	t.Parallel()
	for _, late := range []connectors.Message{
		{Kind: connectors.KindWillSupply},
		{Kind: connectors.KindConditional, Conditions: "use in the library only"},
		{Kind: connectors.KindUnfilled, Reason: connectors.ReasonLost},
		shipped("VT-1", "2026-04-10"),
	} {
		t.Run(string(late.Kind), func(t *testing.T) {
			t.Parallel()
			tw := newTown(t, "2026-03-02T15:00:00Z")
			home := tw.library("westport", "NY", broker.NoID)
			title := tw.title("A title nobody here owns", isbn)
			first, second := tw.partner("VT", 0, title), tw.partner("ME", 0, title)
			home.looksTo([]broker.ID{first.id}, []broker.ID{second.id})
			request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
			tw.must(err)
			late.RequestID = first.asked().RequestID
			tw.pass(5)
			if second.heard(connectors.KindRequest) != 1 {
				t.Fatalf("the first lender was silent, so the second is asked\n%s", tw.timeline(request.ID))
			}
			if answer := first.says(home, late); answer.Outcome != "noted" {
				t.Fatalf("it is noted and not acted on: %+v", answer)
			}
			home.expects(request.ID, workflow.Requested)
			if asked := second.heard(connectors.KindRequest) + second.heard(connectors.KindCancel); asked != 1 {
				t.Fatal("the second lender is asked still, and only once")
			}
			second.says(home, connectors.Message{Kind: connectors.KindWillSupply})
			home.expects(request.ID, workflow.WillSupply)
			tw.sound()
		})
	}
}

// A lender that could not be reached for a day has a day longer to answer.
func TestTheLendersTimeStartsWhenItHasTheRequest(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("westport", "NY", broker.NoID)
	lender := tw.partner("VT", 0, tw.title("A title nobody here owns", isbn))
	home.looksTo([]broker.ID{lender.id})
	tw.sent.answer = connectors.Delivery{Outcome: connectors.TryAgain, Detail: "connection refused"}
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	asked := home.deadline(request.ID, "answer")
	tw.sent.answer = connectors.Delivery{Outcome: connectors.Delivered}
	tw.until("2026-03-03T15:00:00Z")
	if confirmed := home.deadline(request.ID, "answer"); confirmed.Sub(asked) != 24*time.Hour {
		t.Fatalf("asked on the 2nd, it has until %s; reached on the 3rd, until %s", asked, confirmed)
	}
	tw.sound()
}

// The three days to answer are open days of the lender, and end when it closes.
func TestALendersTimeIsCountedOnItsOwnCalendar(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home, lender := tw.library("westport", "NY", broker.NoID), tw.library("open-lender", "NY", broker.NoID)
	home.looksTo([]broker.ID{lender.Library.ID})
	lender.owns(tw.title("A title nobody here owns", isbn))
	chicago, err := time.LoadLocation("America/Chicago")
	tw.must(err)
	lender.Zone = chicago
	lender.Plan.Closed = []calendar.Closure{{From: due("2026-03-03"), To: due("2026-03-05")}}
	tw.do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveLibrary(tx, lender.Library, tw.clock.Now())
	})
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	home.expects(request.ID, workflow.Requested)
	// Friday, Saturday and Monday; the home library would say Thursday.
	want := time.Date(2026, 3, 9, 17, 0, 0, 0, chicago)
	if got := home.deadline(request.ID, "answer"); !got.Equal(want) {
		t.Fatalf("until %s, not %s", want, got.In(chicago))
	}
	tw.sound()
}
