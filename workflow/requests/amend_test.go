package requests_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
	"afield/workflow/town"
)

// What was asked for is changed while it still matters, and the lender is told.
func TestARequestIsChangedAfterItWasAsked(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	home.Does(request, workflow.EventAmend, map[string]any{"need_by": "2026-04-30", "edition": "third"})
	now := home.Request(request)
	if now.NeedBy.String() != "2026-04-30" || now.Citation.Edition != "third" {
		t.Fatalf("needed by %s, edition %q", now.NeedBy, now.Citation.Edition)
	}
	if end := home.Deadline(request, "need_by"); end.Format("2006-01-02") != "2026-05-01" { // midnight in New York
		t.Errorf("the request ends at %s", end)
	}
	if lender.Heard(connectors.KindNote) != 1 {
		t.Fatal("the lender is told")
	}
	for field, form := range map[string]map[string]any{
		"need_by":       {"need_by": "2020-01-01"},
		"pickup_branch": {"pickup_branch": "nowhere"},
		"nothing":       {},
	} {
		if err := home.Acts(request, workflow.EventAmend, form); !broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("%s: %v", field, err)
		}
	}
	lender.Says(home, town.Shipped("VT-1", "2026-04-10"))
	if err := home.Acts(request, workflow.EventAmend, map[string]any{"need_by": "2026-05-30"}); err == nil {
		t.Error("it is on its way: the date no longer matters")
	}
	tw.Sound()
}

// A request that a hold in the shared catalogue fills moves with its hold: where
// it is picked up changes for both, and the copy goes there.
func TestTheHoldOfARequestMovesWithIt(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	group := broker.NewID()
	home, other := tw.Library("western-district", "IL", group), tw.Library("western-district", "IL", group)
	home.LooksTo()
	barcode := other.Owns(tw.Title("A title nobody here owns", town.ISBN))
	patron, two := home.Patron("resident"), broker.NewID()
	tw.Do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveBranch(tx, directory.Branch{Library: home.Library.ID, ID: two, Code: "two", Name: "Two"})
	})
	request, err := home.Asks(requests.Submission{Patron: patron, Citation: town.Citation()})
	tw.Must(err)
	if !home.Expects(request.ID, workflow.Requested).ByHold() {
		t.Fatal("a copy of the catalogue is a hold")
	}
	home.Does(request.ID, workflow.EventAmend, map[string]any{"pickup_branch": "two"})
	var pickup broker.ID
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select pickup_branch_id from holds where request_id = $1`, request.ID).Scan(&pickup)
	})
	if pickup != two || home.Request(request.ID).PickupBranchID != two {
		t.Errorf("the hold is picked up at %s, the request at %s, not at %s", pickup, home.Request(request.ID).PickupBranchID, two)
	}
	other.Scans(barcode, "")
	home.Expects(request.ID, workflow.Shipped)
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select to_branch_id from transits where arrived_at is null`).Scan(&pickup)
	})
	if pickup != two {
		t.Errorf("the copy goes to %s", pickup)
	}

	// On its way, and on the hold shelf, it still moves with the request.
	onItsWayTo := func(want broker.ID) {
		t.Helper()
		var to broker.ID
		tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
			return tx.QueryRow(ctx, `select (select to_branch_id from transits where arrived_at is null)`).Scan(&to)
		})
		if to != want {
			t.Errorf("the copy goes to %s, not to %s", to, want)
		}
	}
	home.Does(request.ID, workflow.EventAmend, map[string]any{"pickup_branch": "main"})
	onItsWayTo(home.Branch)
	home.Scans(barcode, "")
	home.Expects(request.ID, workflow.OnHoldShelf)
	home.Does(request.ID, workflow.EventAmend, map[string]any{"pickup_branch": "two"})
	home.Expects(request.ID, workflow.Shipped)
	onItsWayTo(two)
	tw.Sound()
	home.Does(request.ID, workflow.EventAmend, map[string]any{"pickup_branch": "main"}) // it has not left
	if home.Expects(request.ID, workflow.OnHoldShelf).PickUpBy.IsZero() {
		t.Error("it waits there again, until a day")
	}
	onItsWayTo(broker.NoID)
	there := *home
	there.Branch = two
	if done := there.Scans(barcode, ""); done.Did != "sent_on" {
		t.Errorf("found on a shelf where it does not belong: %s, %q", done.Did, done.Message)
	}
	home.Expects(request.ID, workflow.Shipped)
	onItsWayTo(home.Branch)
	home.Scans(barcode, "")
	home.Expects(request.ID, workflow.OnHoldShelf)
	tw.Sound()
}
