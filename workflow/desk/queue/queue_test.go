package queue_test

import (
	"context"
	"fmt"
	"testing"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/notices"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
	"afield/workflow/desk/queue"
	"afield/workflow/requests"
)

func refusedFor(t *testing.T, err error, code string) {
	t.Helper()
	ours, ok := broker.AsError(err)
	if ok && ours.Code == code {
		return
	}
	if ok {
		for _, reason := range ours.Reasons {
			if reason.Code == code {
				return
			}
		}
	}
	t.Errorf("want it refused with %s, got %v", code, err)
}

func TestWhoMayPlaceAHold(t *testing.T) {
	t.Parallel()
	t.Run("HLD-23 five at a time", func(t *testing.T) {
		t.Parallel()
		home := town.New(t, "2026-03-02T15:00:00Z").Library("westchester", "IL", broker.NoID)
		patron := home.Patron("resident")
		for range 5 {
			title, _ := home.OwnTitle(broker.FormatBook, true)
			_, err := home.PlacesHold(patron, title)
			home.Must(err)
		}
		title, _ := home.OwnTitle(broker.FormatBook, true)
		_, err := home.PlacesHold(patron, title)
		refusedFor(t, err, "hold_limit_reached")
	})
	t.Run("HLD-24 no DVD", func(t *testing.T) {
		t.Parallel()
		home := town.New(t, "2026-03-02T15:00:00Z").Library("westchester", "IL", broker.NoID)
		title, _ := home.OwnTitle("dvd", true)
		_, err := home.PlacesHold(home.Patron("resident"), title)
		refusedFor(t, err, "format_not_holdable")
		shelf, _ := home.OwnTitle(broker.FormatBook, false)
		_, err = home.PlacesHold(home.Patron("resident"), shelf)
		refusedFor(t, err, "state_not_holdable")
	})
	t.Run("HLD-35 reciprocal borrowers: what is on the shelf, not online", func(t *testing.T) {
		t.Parallel()
		home := town.New(t, "2026-03-02T15:00:00Z").Library("western-district", "IL", broker.NoID)
		out, _ := home.OwnTitle(broker.FormatBook, true)
		_, err := home.PlacesHold(home.Patron("reciprocal"), out, func(in *queue.PlaceHold) { in.Channel = rule.ByOnline })
		refusedFor(t, err, "state_not_holdable")
		refusedFor(t, err, "channel_not_open")
		here, _ := home.OwnTitle(broker.FormatBook, false)
		_, err = home.PlacesHold(home.Patron("reciprocal"), here, func(in *queue.PlaceHold) { in.Channel = rule.ByPhone })
		home.Must(err) // WDL-H1
	})
	t.Run("HLD-26 what one has requested", func(t *testing.T) {
		t.Parallel()
		home := town.New(t, "2026-03-02T15:00:00Z").Library("western-district", "IL", broker.NoID)
		home.LooksTo()
		title := home.Title("A title nobody here owns", town.ISBN)
		home.Owns(title)
		patron := home.Patron("resident")
		_, err := home.Asks(requests.Submission{Patron: patron, Citation: town.Citation()})
		home.Must(err)
		_, err = home.PlacesHold(patron, title)
		refusedFor(t, err, "already_requested")
	})
}

func TestAnOverrideOfAHoldIsKeptWithItsReason(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("westchester", "IL", broker.NoID)
	shelf, _ := home.OwnTitle(broker.FormatBook, false)
	patron := home.Patron("resident")
	over := func(reason string) (counter.Done, error) {
		return home.PlacesHold(patron, shelf, func(in *queue.PlaceHold) { in.Overrides, in.Reason = []string{"state_not_holdable"}, reason })
	}
	if _, err := over(""); !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	placed, err := over("cannot come before the evening")
	tw.Must(err)
	var reason string
	var about, who broker.ID
	home.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select reason, about_id, patron_id from overrides where library_id = $1 and code = 'state_not_holdable'`,
			home.Library.ID).Scan(&reason, &about, &who)
	})
	if reason != "cannot come before the evening" || about != placed.Hold.ID || who != patron {
		t.Errorf("the override of %s for %s: %q", about, who, reason)
	}
}

func TestAPatronChangesTheirOwnHoldOnly(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("western-district", "IL", broker.NoID)
	title, _ := home.OwnTitle(broker.FormatBook, true)
	patron := home.Patron("resident")
	placed, err := home.PlacesHold(patron, title)
	tw.Must(err)
	suspend := func(who broker.ID) error {
		_, err := home.ChangesHold(func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
			at.Actor = broker.Actor{Kind: broker.ActorPatron, ID: who, Library: home.Library.ID}
			return home.Desk.Queue.SuspendHold(ctx, tx, at, placed.Hold.ID, broker.Date{}, broker.Date{})
		})
		return err
	}
	if err := suspend(home.Patron("resident")); !broker.IsKind(err, broker.KindNotFound) {
		t.Errorf("another patron's hold: %v", err)
	}
	tw.Must(suspend(patron))
}

func TestTheShelfIsClearedAndTheNextRequestGoesOn(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("western-district", "IL", broker.NoID)
	home.LooksTo()
	title := tw.Title("A title nobody here owns", town.ISBN)
	barcode := home.Owns(title)
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	_, err = home.PlacesHold(home.Patron("resident"), title)
	tw.Must(err)
	home.Do(func(_ context.Context, tx *postgres.Tx) error { // entered late, asked for on paper before the request
		tx.Queue(`update holds set queued_at = queued_at - interval '1 day' where library_id = $1 and request_id is null`, home.Library.ID)
		return nil
	})
	captured := home.Scans(barcode, "")
	if captured.Did != "captured" || captured.Request != broker.NoID {
		t.Fatalf("captured for who asked first: %+v", captured)
	}
	var done []holds.Outcome
	home.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		holds.MoveShelfDate(tx, captured.Hold.Ref, broker.MustDate("2026-02-27"))
		done, err = home.Desk.Queue.ExpireShelf(ctx, tx, home.At(), 10, nil)
		return err
	})
	tw.Settle()
	if len(done) != 1 || done[0].Next == nil || done[0].Next.Request != request.ID {
		t.Fatalf("the copy goes to the request that waits: %+v", done)
	}
	home.Expects(request.ID, "on_hold_shelf")
	tw.Sound()
	// Had the first waited on, the copy would have passed them over, whether it is
	// still kept for the other or lent to them.
	for _, breaks := range []string{
		`update holds set status = 'placed', item_id = null, closed_at = null, pick_up_by = null, on_shelf_at = null, captured_at = null, placed_at = queued_at where request_id is null`,
		`update holds set status = 'fulfilled', closed_at = on_shelf_at where request_id is not null`,
	} {
		home.Do(func(ctx context.Context, tx *postgres.Tx) error {
			if changed, err := tx.Exec(ctx, breaks); err != nil || changed.RowsAffected() != 1 {
				t.Errorf("%d rows, %v", changed.RowsAffected(), err)
				return nil
			}
			var found int
			if err := tx.QueryRow(ctx, `select count(*) from breach_queue_order where passed_over_hold_id = $1`, done[0].Hold.ID).Scan(&found); err != nil || found != 1 {
				t.Errorf("found %d (%v) after: %s", found, err, breaks)
			}
			return nil
		})
	}
}

func TestHLD19TheScanAtAnotherBranchSendsItOn(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("western-district", "IL", broker.NoID)
	two := broker.NewID()
	home.Do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveBranch(tx, directory.Branch{Library: home.Library.ID, ID: two, Code: "two", Name: "Two"})
	})
	title, barcode := home.OwnTitle(broker.FormatBook, false)
	_, err := home.PlacesHold(home.Patron("resident"), title)
	tw.Must(err)
	home.Scans(barcode, "")
	scan := func(branch broker.ID) (done counter.Done) {
		home.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
			at := home.At()
			at.Branch = branch
			done, err = home.Desk.Scan(ctx, tx, at, desk.Scan{Barcode: barcode})
			return err
		})
		return done
	}
	if done := scan(two); done.Did != "sent_on" || done.Hold.Status != holds.InTransit {
		t.Fatalf("sent on: %+v", done)
	}
	if done := scan(home.Branch); done.Did != "shelved" || done.Hold.Status != holds.OnHoldShelf {
		t.Fatalf("on its shelf again: %+v", done)
	}
	tw.Sound()
}

func TestHLD20CancelledOnTheWayNobodyIsTold(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("western-district", "IL", broker.NoID)
	two := broker.NewID()
	home.Do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveBranch(tx, directory.Branch{Library: home.Library.ID, ID: two, Code: "two", Name: "Two"})
	})
	title, barcode := home.OwnTitle(broker.FormatBook, false)
	patron := home.Patron("resident")
	placed, err := home.PlacesHold(patron, title, func(in *queue.PlaceHold) { in.Pickup = two })
	tw.Must(err)
	home.Scans(barcode, "")
	_, err = home.ChangesHold(func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
		return home.Desk.Queue.CancelHold(ctx, tx, at, placed.Hold.Ref)
	})
	tw.Must(err)
	home.Do(func(ctx context.Context, tx *postgres.Tx) error {
		at := home.At()
		at.Branch = two
		done, err := home.Desk.Scan(ctx, tx, at, desk.Scan{Barcode: barcode})
		if err == nil && (done.Hold != nil && done.Hold.Status.Open()) {
			t.Errorf("kept for somebody: %+v", done)
		}
		return err
	})
	var told int
	home.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*)::int from notices where library_id = $1 and patron_id = $2`, home.Library.ID, patron).Scan(&told)
	})
	if told != 0 {
		t.Errorf("%d notices", told)
	}
	tw.Sound()
}

func TestOnlyWhatIsOnTheHoldShelfIsClearedAndNewsOfItEndsWithIt(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("western-district", "IL", broker.NoID)
	title, barcode := home.OwnTitle(broker.FormatBook, false)
	patron := home.Patron("resident")
	placed, err := home.PlacesHold(patron, title)
	tw.Must(err)
	clear := func() (counter.Done, error) {
		return home.ChangesHold(func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
			return home.Desk.Queue.ClearFromShelf(ctx, tx, at, placed.Hold.ID)
		})
	}
	_, err = clear()
	refusedFor(t, err, "not_on_hold_shelf")
	told := func(kind, status string) (count int) {
		home.Do(func(ctx context.Context, tx *postgres.Tx) error {
			return tx.QueryRow(ctx, `select count(*)::int from notices where patron_id = $1 and kind = $2 and status = $3`, patron, kind, status).Scan(&count)
		})
		return count
	}
	home.Do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update patrons set phone = '555-0100', email = null, notice_channel = 'phone' where id = $1`, patron)
		return nil
	})
	home.Scans(barcode, "")
	if told("arrived", "due") != 1 {
		t.Fatalf("nobody is to be called")
	}
	_, err = clear()
	tw.Must(err)
	home.Do(func(ctx context.Context, tx *postgres.Tx) error {
		calls, err := notices.CallList(ctx, tx, home.Library, home.Document(), broker.Page{Limit: 10}, home.At().Now)
		for _, call := range calls {
			if call.Kind == notices.Arrived {
				t.Errorf("somebody is called about what is gone: %+v", call.Notice)
			}
		}
		return err
	})
	if told("arrived", "cancelled") != 1 {
		t.Error("the news still stands")
	}
	tw.Sound()
}

// A copy that is not for loan is not the one a hold looks for.
func TestNoCopyPassesOverWhatIsNotLent(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("western-district", "IL", broker.NoID)
	home.LooksTo()
	title := tw.Title("A title nobody here owns", town.ISBN)
	reference, lent := home.Owns(title), home.Owns(title)
	tw.Do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update items set lendable = false where barcode = $1`, reference)
		return nil
	})
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	tw.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		hold, err := holds.OfRequest(ctx, tx, standing.RequestRef{Library: home.Library.ID, Request: request.ID})
		if err != nil {
			return err
		}
		_, err = home.Desk.Queue.NoCopy(ctx, tx, home.At(), hold.Ref)
		return err
	}))
	if got := fmt.Sprint(home.ItemStatus(reference), home.ItemStatus(lent)); got != fmt.Sprint(catalog.OnShelf, catalog.Missing) {
		t.Fatalf("the copy that is lent is missing, the other is not: %s", got)
	}
}
