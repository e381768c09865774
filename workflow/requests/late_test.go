package requests_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
	"afield/workflow/requests/late"
	"afield/workflow/town"
)

// What a lender sends that the request no longer depends on is taken in, sent
// back and seen home, and its lender hears of each step.
func TestWhatComesTooLateGoesHome(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*town.Town, *town.House, *town.Partner, broker.ID){
		"we have moved on": func(tw *town.Town, _ *town.House, _ *town.Partner, _ broker.ID) { tw.Pass(30) },
		"the request was cancelled": func(_ *town.Town, home *town.House, lender *town.Partner, request broker.ID) {
			yes := true
			home.Does(request, workflow.EventCancel, nil)
			lender.Says(home, connectors.Message{Kind: connectors.KindCancelAnswer, Yes: &yes})
			home.Expects(request, workflow.Cancelled)
		},
	}
	for name, leaves := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tw, home, lender, request, _ := town.AsksPartner(t, 0)
			leaves(tw, home, lender, request)
			lender.Says(home, town.Shipped("LATE-1", "2026-06-01"))
			if done := home.Scans("LATE-1", ""); done.Did != "received" || done.Request != request {
				t.Fatalf("scanned: %+v\n%s", done, tw.Timeline(request))
			}
			if lender.Heard(connectors.KindReceived) != 1 || lender.Heard(connectors.KindShippedReturn) != 0 {
				t.Fatalf("its lender heard %+v", tw.Sent.Messages)
			}
			if done := home.Scans("LATE-1", ""); done.Did != "shipped" {
				t.Fatalf("scanned again: %+v", done)
			}
			if lender.Heard(connectors.KindShippedReturn) != 1 || home.TaskOf(request, "late_shipment") || home.TaskOf(request, "loaned") || home.TaskOf(request, "late_arrived") {
				t.Fatalf("its lender heard %+v\n%s", tw.Sent.Messages, tw.Timeline(request))
			}
			before := home.Tasks(request)
			lender.Says(home, connectors.Message{Kind: connectors.KindLoanCompleted})
			if parcels := lateOf(home, request); home.Tasks(request) != before || len(parcels) != 1 || parcels[0].HomeAt.IsZero() {
				t.Fatalf("%d tasks, %+v\n%s", home.Tasks(request), parcels, tw.Timeline(request))
			}
			lender.Says(home, connectors.Message{Kind: connectors.KindLoanCompleted})
			if name == "we have moved on" && !home.TaskOf(request, "late_home") {
				t.Fatal("what it says of something that was never sent back is put before staff")
			}
			tw.Sound()
		})
	}
}

// A parcel that nobody announced is taken in for the request on its slip, or
// recorded on the request.
func TestWhatComesTooLateUnannounced(t *testing.T) {
	t.Parallel()
	t.Run("recorded on the request", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request, _ := town.AsksPartner(t, 0)
		tw.Pass(30)
		if done := home.Scans(home.Number(request), ""); done.Did != "unmatched" || !home.TaskOf(request, "arrived_again") {
			t.Fatalf("%+v", done)
		}
		home.Does(request, workflow.EventSendLateBack, map[string]any{"lender": lender.Symbol.String(), "barcode": "LATE-2"})
		if lender.Heard(connectors.KindShippedReturn) != 1 || home.TaskOf(request, "arrived_again") {
			t.Fatalf("its lender heard %+v", tw.Sent.Messages)
		}
		home.Wants("invalid_input", home.Acts(request, workflow.EventSendLateBack, map[string]any{"lender": "ISIL:XX-NONE"}))
		tw.Sound()
	})
	t.Run("announced after it came", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request, _ := town.AsksPartner(t, 0)
		tw.Pass(30)
		home.Does(request, workflow.EventLateArrived, nil)
		lender.Says(home, town.Shipped("LATE-3", "2026-06-01"))
		if done := home.Scans("LATE-3", ""); done.Did != "shipped" {
			t.Fatalf("%+v", done)
		}
		parcels := lateOf(home, request)
		if len(parcels) != 1 || parcels[0].Barcode != "LATE-3" || parcels[0].AnnouncedAt.IsZero() {
			t.Fatalf("what was here gets what its lender says of it: %+v", parcels)
		}
		tw.Sound()
	})
}

// While another lender's copy is awaited, what comes too late is not taken for it.
func TestWhatComesTooLateIsNotTakenForTheCopyThatIsAwaited(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("delaware", "DE", broker.NoID)
	title := tw.Title("A title nobody here owns", town.ISBN)
	first, second := tw.Partner("VT", 0, title), tw.Partner("VT", 0, title)
	home.LooksTo([]broker.ID{first.ID, second.ID})
	asked, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	request := asked.ID
	if tw.Sent.Messages[0].Lender == second.Symbol {
		first, second = second, first
	}
	tw.Pass(5)
	first.Says(home, connectors.Message{Kind: connectors.KindLoaned, RequestID: first.Asked().RequestID, Items: []connectors.MessageItem{{Barcode: "ONE"}}})
	second.Says(home, town.Shipped("TWO", "2026-06-01"))
	home.Expects(request, workflow.Shipped)
	if done := home.Scans(home.Number(request), ""); done.Did != "nothing" {
		t.Fatalf("the slip does not say which it is: %+v", done)
	}
	home.Scans("ONE", "")
	home.Expects(request, workflow.Shipped)
	home.Scans("TWO", "")
	home.Expects(request, workflow.Received)
	home.Scans("ONE", "")
	home.Expects(request, workflow.Received)
	if first.Heard(connectors.KindShippedReturn) != 1 || second.Heard(connectors.KindShippedReturn) != 0 || second.Heard(connectors.KindReceived) != 1 {
		t.Fatalf("heard %+v", tw.Sent.Messages)
	}
	tw.Sound()
}

func lateOf(h *town.House, request broker.ID) (parcels []late.Parcel) {
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		parcels, err = late.Of(ctx, tx, h.ID, request)
		return err
	}))
	return parcels
}
