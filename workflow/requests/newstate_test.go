package requests_test

import (
	"context"
	"slices"
	"testing"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/workflow"
	"afield/workflow/requests"
)

// atCustoms is a state that no table has, and customsStopped the event that
// leads there.
const (
	atCustoms      workflow.State = "at_customs"
	customsStopped workflow.Event = "customs_stopped"
)

// withCustoms is the borrowing table with one state more, between the lender's
// shipment and our receipt. From there on everything goes as from Shipped.
func withCustoms() *workflow.Table {
	table := *workflow.Borrowing
	table.Places = append(slices.Clone(table.Places), workflow.Place{
		State: atCustoms, Label: "Held at customs", Patron: "It is held up at customs",
		Owner: workflow.OwnerStaff, Queue: workflow.QueueArriving, Deadline: workflow.DeadlineArrival, Then: workflow.EventArrivalOverdue,
		Coming: true, PastNeedBy: true,
	})
	table.Transitions = []workflow.Transition{{
		From: []workflow.State{workflow.Shipped}, On: customsStopped, To: atCustoms, By: []workflow.Party{workflow.ByStaff}, Label: "Stopped at customs",
	}}
	for _, row := range workflow.Borrowing.Transitions {
		if slices.Contains(row.From, workflow.Shipped) {
			row.From = append(slices.Clone(row.From), atCustoms)
		}
		table.Transitions = append(table.Transitions, row)
	}
	return &table
}

// A new state is an entry of its table and a migration, and nothing else: its
// words, its queue, its deadline, what it says of the need-by date and of the
// wait all follow from there.
func TestANewStateIsItsTableAndAMigration(t *testing.T) {
	t.Parallel()
	table := withCustoms()
	tw := town.NewOn(t, "2026-03-02T15:00:00Z", []*workflow.Table{table, workflow.Lending, workflow.Brokered})
	if _, err := pgtest.Admin(t, tw.DB).Exec(t.Context(), `alter table requests drop constraint requests_state_known`); err != nil {
		t.Fatal(err) // the migration
	}
	home := tw.Library("westport", "NY", broker.NoID)
	lender := tw.Partner("VT", 0, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	submitted, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation(), NeedBy: town.Due("2026-03-20")})
	tw.Must(err)
	request := submitted.ID
	lender.Says(home, town.Shipped("VT-1", "2026-04-20"))
	home.Does(request, customsStopped, nil)
	if now := home.Expects(request, atCustoms); now.Owner != workflow.OwnerStaff {
		t.Errorf("the next thing is for %s to do", now.Owner)
	}
	if !home.Deadline(request, "need_by").IsZero() || home.Deadline(request, "arrival").IsZero() {
		t.Error("the need-by date is past, and the arrival is waited for")
	}
	viewer := requests.Viewer{Library: home.Library.ID}
	tw.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		for queue, lies := range map[workflow.Queue]bool{
			workflow.QueueArriving: true, workflow.QueueNeedsMe: true, workflow.QueueWithLenders: false, workflow.QueueEnded: false,
		} {
			list, _, err := home.Requests.List(ctx, tx, viewer, requests.Filter{Sides: []workflow.Side{workflow.SideBorrowing}, Queue: queue}, broker.NoID, 10)
			if err != nil {
				return err
			}
			if (len(list) == 1) != lies {
				t.Errorf("%d requests in the queue %s", len(list), queue)
			}
			if lies && list[0].Label != "Held at customs" {
				t.Errorf("a list calls it %q", list[0].Label)
			}
		}
		view, err := home.Requests.Look(ctx, tx, tw.Clock.Now(), viewer, request, workflow.SideBorrowing)
		if err == nil && (view.Label != "Held at customs" || view.Wait == nil || view.Deadline == nil || view.Deadline.Kind != "arrival") {
			t.Errorf("%q, wait %v, deadline %v", view.Label, view.Wait, view.Deadline)
		}
		return err
	}))
	told := table.Describe().States[len(table.Places)-1]
	if told.Label != "Held at customs" || told.Patron != "It is held up at customs" || told.Queue != workflow.QueueArriving || told.Deadline != workflow.DeadlineArrival {
		t.Errorf("described as %+v", told)
	}
	tw.Until("2026-04-15T15:00:00Z") // long past its deadline
	if !home.TaskOf(request, string(workflow.EventArrivalOverdue)) {
		t.Error("its deadline passed, and staff hear nothing")
	}
	home.Does(request, workflow.EventReceive, nil)
	home.Expects(request, workflow.Received)
	tw.Sound()
}

// A kind of deadline that nobody times stops the start.
func TestAMisspeltDeadlineStopsTheStart(t *testing.T) {
	t.Parallel()
	table := withCustoms()
	table.Places[len(table.Places)-1].Deadline = "arrivals"
	if _, err := requests.New(requests.Config{Tables: []*workflow.Table{table, workflow.Lending}}); err == nil {
		t.Fatal("it starts all the same")
	}
}
