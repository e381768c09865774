package desk_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
	"afield/workflow/requests"
	"afield/workflow/town"
)

// at is the desk of another branch of a house.
func at(h *town.House, branch broker.ID) *town.House {
	other := *h
	other.Branch = branch
	return &other
}

// borrowedFor gives a library with a second branch, and a request that is picked
// up there and has been shipped by a partner.
func borrowedFor(t *testing.T) (tw *town.Town, home, two *town.House, lender *town.Partner, request, patron broker.ID) {
	t.Helper()
	tw, home, lender, request, patron = town.AsksPartner(t, 0)
	branch := broker.NewID()
	tw.Do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveBranch(tx, directory.Branch{Library: home.Library.ID, ID: branch, Code: "two", Name: "Branch Two"})
	})
	home.Does(request, workflow.EventAmend, map[string]any{"pickup_branch": "two"})
	lender.Says(home, town.Shipped("VT-1", "2026-05-10"))
	return tw, home, at(home, branch), lender, request, patron
}

// toBranch is where what is on its way goes; NoID where nothing is.
func toBranch(tw *town.Town) (branch broker.ID) {
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select (select to_branch_id from transits where arrived_at is null)`).Scan(&branch)
	})
	return branch
}

func says(t *testing.T, done counter.Done, did, words string) {
	t.Helper()
	if done.Did != did || !strings.Contains(done.Message, words) {
		t.Errorf("%s: %q, want %s with %q", done.Did, done.Message, did, words)
	}
}

// A borrowed copy that is received at one branch and picked up at another is sent
// there at once, and put on the shelf only there.
func TestABorrowedCopyGoesToWhereItIsPickedUp(t *testing.T) {
	t.Parallel()
	tw, home, two, _, request, patron := borrowedFor(t)
	says(t, home.Scans("VT-1", ""), "received", "send it there")
	home.Expects(request, workflow.Received)
	if toBranch(tw) != two.Branch {
		t.Fatal("it is on its way to where it is picked up")
	}
	band := "ILL-" + home.Number(request)
	says(t, home.Scans(band, ""), "sent_on", "Branch Two")
	home.Expects(request, workflow.Received)
	tw.Sound()
	says(t, two.Scans(band, ""), "shelved", "hold shelf until")
	two.Expects(request, workflow.OnHoldShelf)
	if toBranch(tw) != broker.NoID {
		t.Error("its journey has ended")
	}
	tw.Sound()

	// Found at the other branch all the same, it is not on its shelf.
	says(t, home.Scans(band, ""), "sent_on", "Branch Two")
	home.Expects(request, workflow.Received)
	tw.Sound()
	two.Lends(band, patron) // the patron stands where it arrives
	two.Expects(request, workflow.CheckedOut)
	tw.Sound()
}

// Checked in at the wrong branch it goes on as well, and a copy on its way is lent
// wherever its patron stands with it.
func TestABorrowedCopyCheckedInElsewhereGoesOn(t *testing.T) {
	t.Parallel()
	tw, home, two, _, request, patron := borrowedFor(t)
	two.Scans("VT-1", "")
	band := "ILL-" + home.Number(request)
	checksIn := func(h *town.House) counter.Done {
		return h.Door(func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
			return h.Desk.TakeBack(ctx, tx, h.At(), desk.TakeBack{Barcode: band})
		})
	}
	says(t, checksIn(home), "sent_on", "Branch Two")
	if toBranch(tw) != two.Branch {
		t.Error("it is on its way to where it is picked up")
	}
	says(t, checksIn(two), "shelved", "hold shelf until")
	tw.Sound()
	says(t, checksIn(home), "sent_on", "Branch Two")
	home.Expects(request, workflow.Received)
	home.Lends(band, patron)
	home.Expects(request, workflow.CheckedOut)
	tw.Sound()
}

// A pick-up place that changes after shelving moves the copy: by staff or by the
// patron, to another branch and back again.
func TestAShelvedBorrowedCopyMovesWithItsPickUpPlace(t *testing.T) {
	t.Parallel()
	tw, home, two, _, request, patron := borrowedFor(t)
	two.Scans("VT-1", "")
	band := "ILL-" + home.Number(request)
	two.Scans(band, "")
	two.Expects(request, workflow.OnHoldShelf)
	if err := home.Acts(request, workflow.EventAmend, map[string]any{"pickup_branch": "two"}); !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("it waits there already: %v", err)
	}
	patronMoves := func(branch string) {
		t.Helper()
		body := map[string]json.RawMessage{"pickup_branch": json.RawMessage(`"` + branch + `"`)}
		tw.Must(home.ActsAs(home.Online(patron), requests.Act{Request: request, Action: workflow.EventAmend, Body: body}))
	}
	patronMoves("main")
	home.Expects(request, workflow.Received)
	if toBranch(tw) != home.Branch || !home.Request(request).PickUpBy.IsZero() {
		t.Errorf("it goes to %s, picked up by %s", toBranch(tw), home.Request(request).PickUpBy)
	}
	tw.Sound()
	says(t, two.Scans(band, ""), "sent_on", "Main")

	// Back again before it has left: it stands on that shelf.
	home.Does(request, workflow.EventAmend, map[string]any{"pickup_branch": "two"})
	home.Expects(request, workflow.OnHoldShelf)
	tw.Sound()
	says(t, two.Scans(band, ""), "nothing", "hold shelf until")
	tw.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error { // by its hold: the same
		hold, err := holds.OfRequest(ctx, tx, standing.RequestRef{Library: home.Library.ID, Request: request})
		if err != nil {
			return err
		}
		done, err := home.Desk.Queue.MovePickup(ctx, tx, home.At(), hold.ID, home.Branch)
		if err == nil && (done.Hold.Status != holds.InTransit || done.Hold.Pickup != home.Branch) {
			t.Errorf("its hold is %s, picked up at %s", done.Hold.Status, done.Hold.Pickup)
		}
		return err
	}))
	home.Expects(request, workflow.Received)
	tw.Pass(1)

	// A day later it has left; asked back, it turns round on its way.
	home.Does(request, workflow.EventAmend, map[string]any{"pickup_branch": "two"})
	if toBranch(tw) != two.Branch {
		t.Error("it turns round on its way")
	}
	home.Does(request, workflow.EventAmend, map[string]any{"pickup_branch": "main"})
	says(t, home.Scans(band, ""), "shelved", "hold shelf until")
	home.Expects(request, workflow.OnHoldShelf)
	tw.Sound()
}

// What nobody waits for any more goes home from wherever it is.
func TestABorrowedCopyCancelledOnItsWayGoesHome(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]func(home *town.House, request broker.ID){
		"cancelled": func(home *town.House, request broker.ID) { home.Does(request, workflow.EventCancel, nil) },
		"lost":      func(home *town.House, request broker.ID) { home.Does(request, workflow.EventReportLost, nil) },
		"sent home": func(home *town.House, request broker.ID) {
			home.Does(request, workflow.EventCancel, nil)
			home.Does(request, workflow.EventShipReturn, nil)
		},
		"it is back": func(home *town.House, request broker.ID) {
			home.Does(request, workflow.EventCancel, nil)
			home.Scans("ILL-"+home.Number(request), "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tw, home, two, _, request, _ := borrowedFor(t)
			home.Scans("VT-1", "")
			ends(home, request)
			tw.Sound()
			if name == "cancelled" {
				says(t, two.Scans("ILL-"+home.Number(request), ""), "shipped", "Send it back")
				tw.Sound()
			}
		})
	}
}

// The receipt and the journey are one act, and are undone as one.
func TestReceivingElsewhereIsUndoneWithItsJourney(t *testing.T) {
	t.Parallel()
	tw, home, _, _, request, _ := borrowedFor(t)
	var done counter.Done
	tw.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		if done, err = home.Desk.Scan(ctx, tx, home.At(), desk.Scan{Barcode: "VT-1"}); err != nil {
			return err
		}
		_, err = home.Desk.Undo(ctx, tx, home.At(), done.Act.ID, "the wrong parcel")
		return err
	}))
	home.Expects(request, workflow.Shipped)
	if toBranch(tw) != broker.NoID {
		t.Error("nothing is on its way")
	}
	tw.Sound()
}

// A borrowed copy that is handed in at another library of the catalogue travels
// to the one that borrowed it, and goes home from there.
func TestABorrowedCopyHandedInAtAnotherLibrary(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := town.AsksPartner(t, 0)
	other := tw.Library("westchester", "NY", home.SharingGroup)
	lender.Says(home, town.Shipped("VT-1", "2026-05-10"))
	home.Scans("VT-1", "")
	band := "ILL-" + home.Number(request)
	home.Scans(band, "")
	home.Lends(band, patron)
	says(t, other.Scans(band, ""), "checked_in", "send it there")
	home.Expects(request, workflow.ReturnDue)
	if toBranch(tw) == broker.NoID {
		t.Error("it is on its way to the library that borrowed it")
	}
	tw.Sound()
	says(t, other.Scans(band, ""), "sent_on", "send it")
	says(t, home.Scans(band, ""), "shipped", "Send it back")
	tw.Sound()
}
