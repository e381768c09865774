package desk_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/notices"
	"afield/broker/policy"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/workflow/desk"
	"afield/workflow/requests"
)

// placesHold places a hold at the library's desk, by its own policy.
func (h *house) placesHold(patron, title broker.ID, change ...func(*desk.PlaceHold)) (done desk.Done, err error) {
	h.t.Helper()
	rules, err := policy.Preset(h.Policy)
	h.must(err)
	in := desk.PlaceHold{Title: title, Patron: patron, Rules: rules}
	for _, apply := range change {
		apply(&in)
	}
	err = h.try(func(ctx context.Context, tx *postgres.Tx) error {
		done, err = h.desk.PlaceHold(ctx, tx, h.at(), in)
		return err
	})
	h.settle()
	return done, err
}

// ownTitle is a title of a format with one copy of the library's, lent or not.
func (h *house) ownTitle(format broker.Format, lent bool) (title broker.ID, barcode string) {
	h.t.Helper()
	h.count++
	barcode = h.owns(broker.NoID)
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		id, err := catalog.SaveTitle(ctx, tx, catalog.Title{ID: broker.NewID(), Title: "Own title " + barcode, Format: format}, h.clock.Now())
		title = id
		tx.Queue(`update items set title_id = $2, type = $3 where barcode = $1`, barcode, id, string(format))
		return err
	})
	if lent {
		h.lends(barcode, h.patron("resident"))
	}
	return title, barcode
}

// changesHold does one of the changes of a hold.
func (h *house) changesHold(use func(context.Context, *postgres.Tx, desk.At) (desk.Done, error)) (done desk.Done, err error) {
	err = h.try(func(ctx context.Context, tx *postgres.Tx) error {
		done, err = use(ctx, tx, h.at())
		return err
	})
	h.settle()
	return done, err
}

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
		home := newTown(t, "2026-03-02T15:00:00Z").library("westchester", "IL", broker.NoID)
		patron := home.patron("resident")
		for range 5 {
			title, _ := home.ownTitle(broker.FormatBook, true)
			_, err := home.placesHold(patron, title)
			home.must(err)
		}
		title, _ := home.ownTitle(broker.FormatBook, true)
		_, err := home.placesHold(patron, title)
		refusedFor(t, err, "hold_limit_reached")
	})
	t.Run("HLD-24 no DVD", func(t *testing.T) {
		t.Parallel()
		home := newTown(t, "2026-03-02T15:00:00Z").library("westchester", "IL", broker.NoID)
		title, _ := home.ownTitle("dvd", true)
		_, err := home.placesHold(home.patron("resident"), title)
		refusedFor(t, err, "format_not_holdable")
		shelf, _ := home.ownTitle(broker.FormatBook, false)
		_, err = home.placesHold(home.patron("resident"), shelf)
		refusedFor(t, err, "state_not_holdable")
	})
	t.Run("HLD-35 reciprocal borrowers: what is on the shelf, not online", func(t *testing.T) {
		t.Parallel()
		home := newTown(t, "2026-03-02T15:00:00Z").library("western-district", "IL", broker.NoID)
		out, _ := home.ownTitle(broker.FormatBook, true)
		_, err := home.placesHold(home.patron("reciprocal"), out, func(in *desk.PlaceHold) { in.Channel = rule.ByOnline })
		refusedFor(t, err, "state_not_holdable")
		refusedFor(t, err, "channel_not_open")
		here, _ := home.ownTitle(broker.FormatBook, false)
		_, err = home.placesHold(home.patron("reciprocal"), here, func(in *desk.PlaceHold) { in.Channel = rule.ByPhone })
		home.must(err) // WDL-H1
	})
	t.Run("HLD-26 what one has requested", func(t *testing.T) {
		t.Parallel()
		home := newTown(t, "2026-03-02T15:00:00Z").library("western-district", "IL", broker.NoID)
		home.looksTo()
		title := home.title("A title nobody here owns", isbn)
		home.owns(title)
		patron := home.patron("resident")
		_, err := home.asks(requests.Submission{Patron: patron, Citation: citation()})
		home.must(err)
		_, err = home.placesHold(patron, title)
		refusedFor(t, err, "already_requested")
	})
}

func TestAnOverrideOfAHoldIsKeptWithItsReason(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("westchester", "IL", broker.NoID)
	shelf, _ := home.ownTitle(broker.FormatBook, false)
	patron := home.patron("resident")
	over := func(reason string) (desk.Done, error) {
		return home.placesHold(patron, shelf, func(in *desk.PlaceHold) { in.Overrides, in.Reason = []string{"state_not_holdable"}, reason })
	}
	if _, err := over(""); !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	placed, err := over("cannot come before the evening")
	tw.must(err)
	var reason string
	var about, who broker.ID
	home.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select reason, about_id, patron_id from overrides where library_id = $1 and code = 'state_not_holdable'`,
			home.Library.ID).Scan(&reason, &about, &who)
	})
	if reason != "cannot come before the evening" || about != placed.Hold.ID || who != patron {
		t.Errorf("the override of %s for %s: %q", about, who, reason)
	}
}

func TestAPatronChangesTheirOwnHoldOnly(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("western-district", "IL", broker.NoID)
	title, _ := home.ownTitle(broker.FormatBook, true)
	patron := home.patron("resident")
	placed, err := home.placesHold(patron, title)
	tw.must(err)
	suspend := func(who broker.ID) error {
		_, err := home.changesHold(func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
			at.Actor = broker.Actor{Kind: broker.ActorPatron, ID: who, Library: home.Library.ID}
			return home.desk.SuspendHold(ctx, tx, at, placed.Hold.ID, broker.Date{}, broker.Date{})
		})
		return err
	}
	if err := suspend(home.patron("resident")); !broker.IsKind(err, broker.KindNotFound) {
		t.Errorf("another patron's hold: %v", err)
	}
	tw.must(suspend(patron))
}

func TestTheShelfIsClearedAndTheNextRequestGoesOn(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("western-district", "IL", broker.NoID)
	home.looksTo()
	title := tw.title("A title nobody here owns", isbn)
	barcode := home.owns(title)
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	_, err = home.placesHold(home.patron("resident"), title)
	tw.must(err)
	home.do(func(_ context.Context, tx *postgres.Tx) error { // entered late, asked for on paper before the request
		tx.Queue(`update holds set queued_at = queued_at - interval '1 day' where library_id = $1 and request_id is null`, home.Library.ID)
		return nil
	})
	captured := home.scans(barcode, "")
	if captured.Did != "captured" || captured.Request != broker.NoID {
		t.Fatalf("captured for who asked first: %+v", captured)
	}
	var done []circulation.Outcome
	home.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		circulation.MoveShelfDate(tx, captured.Hold.HoldRef, broker.MustDate("2026-02-27"))
		done, err = home.desk.ExpireShelf(ctx, tx, home.at(), 10, nil)
		return err
	})
	tw.settle()
	if len(done) != 1 || done[0].Next == nil || done[0].Next.Request != request.ID {
		t.Fatalf("the copy goes to the request that waits: %+v", done)
	}
	home.expects(request.ID, "on_hold_shelf")
	tw.sound()
}

func TestHLD19TheScanAtAnotherBranchSendsItOn(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("western-district", "IL", broker.NoID)
	two := broker.NewID()
	home.do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveBranch(tx, directory.Branch{Library: home.Library.ID, ID: two, Code: "two", Name: "Two"})
	})
	title, barcode := home.ownTitle(broker.FormatBook, false)
	_, err := home.placesHold(home.patron("resident"), title)
	tw.must(err)
	home.scans(barcode, "")
	scan := func(branch broker.ID) (done desk.Done) {
		home.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
			at := home.at()
			at.Branch = branch
			done, err = home.desk.Scan(ctx, tx, at, desk.Scan{Barcode: barcode})
			return err
		})
		return done
	}
	if done := scan(two); done.Did != "sent_on" || done.Hold.Status != circulation.HoldInTransit {
		t.Fatalf("sent on: %+v", done)
	}
	if done := scan(home.branch); done.Did != "shelved" || done.Hold.Status != circulation.HoldOnShelf {
		t.Fatalf("on its shelf again: %+v", done)
	}
	tw.sound()
}

func TestHLD20CancelledOnTheWayNobodyIsTold(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("western-district", "IL", broker.NoID)
	two := broker.NewID()
	home.do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveBranch(tx, directory.Branch{Library: home.Library.ID, ID: two, Code: "two", Name: "Two"})
	})
	title, barcode := home.ownTitle(broker.FormatBook, false)
	patron := home.patron("resident")
	placed, err := home.placesHold(patron, title, func(in *desk.PlaceHold) { in.Pickup = two })
	tw.must(err)
	home.scans(barcode, "")
	_, err = home.changesHold(func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return home.desk.CancelHold(ctx, tx, at, placed.Hold.HoldRef)
	})
	tw.must(err)
	home.do(func(ctx context.Context, tx *postgres.Tx) error {
		at := home.at()
		at.Branch = two
		done, err := home.desk.Scan(ctx, tx, at, desk.Scan{Barcode: barcode})
		if err == nil && (done.Hold != nil && done.Hold.Status.Open()) {
			t.Errorf("kept for somebody: %+v", done)
		}
		return err
	})
	var told int
	home.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*)::int from notices where library_id = $1 and patron_id = $2`, home.Library.ID, patron).Scan(&told)
	})
	if told != 0 {
		t.Errorf("%d notices", told)
	}
	tw.sound()
}

func TestOnlyWhatIsOnTheHoldShelfIsClearedAndNewsOfItEndsWithIt(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("western-district", "IL", broker.NoID)
	title, barcode := home.ownTitle(broker.FormatBook, false)
	patron := home.patron("resident")
	placed, err := home.placesHold(patron, title)
	tw.must(err)
	clear := func() (desk.Done, error) {
		return home.changesHold(func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
			return home.desk.ClearFromShelf(ctx, tx, at, placed.Hold.ID)
		})
	}
	_, err = clear()
	refusedFor(t, err, "not_on_hold_shelf")
	told := func(kind, status string) (count int) {
		home.do(func(ctx context.Context, tx *postgres.Tx) error {
			return tx.QueryRow(ctx, `select count(*)::int from notices where patron_id = $1 and kind = $2 and status = $3`, patron, kind, status).Scan(&count)
		})
		return count
	}
	home.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update patrons set phone = '555-0100', email = null, notice_channel = 'phone' where id = $1`, patron)
		return nil
	})
	home.scans(barcode, "")
	if told("arrived", "due") != 1 {
		t.Fatalf("nobody is to be called")
	}
	_, err = clear()
	tw.must(err)
	home.do(func(ctx context.Context, tx *postgres.Tx) error {
		calls, err := notices.CallList(ctx, tx, home.Library, home.document(), broker.Page{Limit: 10}, home.at().Now)
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
	tw.sound()
}
