package requests_test

import (
	"context"
	"testing"
	"time"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
)

// A late answer from one lender is about its own rota entry, never about that
// of the lender being asked now.
func TestALateAnswerOfOneLenderIsNotTheNextOnes(t *testing.T) {
	t.Parallel()
	for _, late := range []connectors.Message{
		{Kind: connectors.KindWillSupply},
		{Kind: connectors.KindConditional, Conditions: "use in the library only"},
		{Kind: connectors.KindUnfilled, Reason: connectors.ReasonLost},
		town.Shipped("VT-1", "2026-04-10"),
	} {
		t.Run(string(late.Kind), func(t *testing.T) {
			t.Parallel()
			tw := town.New(t, "2026-03-02T15:00:00Z")
			home := tw.Library("westport", "NY", broker.NoID)
			title := tw.Title("A title nobody here owns", town.ISBN)
			first, second := tw.Partner("VT", 0, title), tw.Partner("ME", 0, title)
			home.LooksTo([]broker.ID{first.ID}, []broker.ID{second.ID})
			request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
			tw.Must(err)
			late.RequestID = first.Asked().RequestID
			tw.Pass(5)
			if second.Heard(connectors.KindRequest) != 1 {
				t.Fatalf("the first lender was silent, so the second is asked\n%s", tw.Timeline(request.ID))
			}
			if answer := first.Says(home, late); answer.Outcome != "noted" {
				t.Fatalf("it is noted and not acted on: %+v", answer)
			}
			home.Expects(request.ID, workflow.Requested)
			if asked := second.Heard(connectors.KindRequest) + second.Heard(connectors.KindCancel); asked != 1 {
				t.Fatal("the second lender is asked still, and only once")
			}
			second.Says(home, connectors.Message{Kind: connectors.KindWillSupply})
			home.Expects(request.ID, workflow.WillSupply)
			tw.Sound()
		})
	}
}

// A lender that could not be reached for a day has a day longer to answer.
func TestTheLendersTimeStartsWhenItHasTheRequest(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("westport", "NY", broker.NoID)
	lender := tw.Partner("VT", 0, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	tw.Sent.Answer = connectors.Delivery{Outcome: connectors.TryAgain, Detail: "connection refused"}
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	asked := home.Deadline(request.ID, "answer")
	tw.Sent.Answer = connectors.Delivery{Outcome: connectors.Delivered}
	tw.Until("2026-03-03T15:00:00Z")
	if confirmed := home.Deadline(request.ID, "answer"); confirmed.Sub(asked) != 24*time.Hour {
		t.Fatalf("asked on the 2nd, it has until %s; reached on the 3rd, until %s", asked, confirmed)
	}
	tw.Sound()
}

// The three days to answer are open days of the lender, and end when it closes.
func TestALendersTimeIsCountedOnItsOwnCalendar(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home, lender := tw.Library("westport", "NY", broker.NoID), tw.Library("open-lender", "NY", broker.NoID)
	home.LooksTo([]broker.ID{lender.Library.ID})
	lender.Owns(tw.Title("A title nobody here owns", town.ISBN))
	chicago, err := time.LoadLocation("America/Chicago")
	tw.Must(err)
	lender.Zone = chicago
	lender.Plan.Closed = []calendar.Closure{{From: town.Due("2026-03-03"), To: town.Due("2026-03-05")}}
	tw.Do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveLibrary(tx, lender.Library, tw.Clock.Now())
	})
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	home.Expects(request.ID, workflow.Requested)
	// Friday, Saturday and Monday; the home library would say Thursday.
	want := time.Date(2026, 3, 9, 17, 0, 0, 0, chicago)
	if got := home.Deadline(request.ID, "answer"); !got.Equal(want) {
		t.Fatalf("until %s, not %s", want, got.In(chicago))
	}
	tw.Sound()
}
