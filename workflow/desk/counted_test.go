package desk_test

import (
	"context"
	"testing"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
)

// The counts of round trips at the desk: what is shown is looked up in one,
// facts and locks are a second, and the writes travel with the commit.
func TestCountedRoundTripsAtTheDoor(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	group := broker.NewID()
	wdl, neighbour := tw.Library("western-district", "IA", group), tw.Library("western-district", "IA", group)
	card := wdl.Card(wdl.Patron("resident"))
	title := tw.Title("A plain book", "9780306406157")
	first, second, third, theirs := wdl.Owns(title), wdl.Owns(title), wdl.Owns(title), neighbour.Owns(title)
	wdl.Scans(first, card)
	counted, counts := pgtest.Counted(t, tw.DB)
	run := func(what string, trips int, work func(context.Context, *postgres.Tx) (counter.Done, error)) {
		t.Helper()
		counts.Reset()
		var done counter.Done
		tw.Must(counted.InTx(t.Context(), postgres.ForLibraries(wdl.Library.ID), func(ctx context.Context, tx *postgres.Tx) (err error) {
			done, err = work(ctx, tx)
			return err
		}))
		got := counts.Read()
		t.Logf("%s: %d round trips, %d statements, %d commits", what, got.RoundTrips, got.Statements, got.Commits)
		if got.RoundTrips > trips || got.Commits != 1 || got.Statements > 30 {
			t.Errorf("%s (%s): %+v, at most %d round trips, 30 statements and 1 commit", what, done.Message, got, trips)
		}
	}
	checkOut := func(barcode string) func(context.Context, *postgres.Tx) (counter.Done, error) {
		return func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
			return wdl.Desk.CheckOut(ctx, tx, wdl.At(), desk.CheckOut{Barcode: barcode, Card: card})
		}
	}
	scanned := func(barcode, card string) func(context.Context, *postgres.Tx) (counter.Done, error) {
		return func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
			return wdl.Desk.Scan(ctx, tx, wdl.At(), desk.Scan{Barcode: barcode, Card: card})
		}
	}
	takeBack := func(barcode string) func(context.Context, *postgres.Tx) (counter.Done, error) {
		return func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
			return wdl.Desk.TakeBack(ctx, tx, wdl.At(), desk.TakeBack{Barcode: barcode})
		}
	}
	run("checkout by card and barcode", 3, checkOut(second))
	run("checkout by scans", 3, scanned(third, card))
	run("checkout of a neighbour's copy", 3, checkOut(theirs))
	tw.Clock.Set(tw.Clock.Now().AddDate(0, 0, 1))
	run("return by barcode", 3, takeBack(second))
	run("return by a scan", 3, scanned(third, ""))
	tw.Clock.Set(tw.Clock.Now().AddDate(0, 0, 60))
	run("late return by barcode", 3, takeBack(first))
}

// What a desk keeps in memory about its library is never stale: a closure
// counts at once, whether this program entered it or another.
func TestADeskNoticesWhatChangesAtItsLibrary(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	wdl := tw.Library("western-district", "IA", broker.NoID)
	title := tw.Title("A plain book", "9780306406157")
	patron := wdl.Patron("resident")
	card := wdl.Card(patron)
	dueOn := wdl.Scans(wdl.Owns(title), card).DueOn
	closure := directory.Closure{Library: wdl.Library.ID, Closure: calendar.Closure{From: dueOn, To: dueOn, Reason: "inventory"}, By: wdl.Staff(), PutAt: tw.Clock.Now()}
	tw.Do(func(ctx context.Context, tx *postgres.Tx) (err error) { // not by the desk
		closure, _, err = directory.Close(ctx, tx, closure)
		return err
	})
	if got := wdl.Scans(wdl.Owns(title), card).DueOn; !got.After(dueOn) {
		t.Errorf("due on %s, a day that was closed meanwhile", got)
	}
	tw.Must(wdl.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := wdl.Desk.Closures.Reopen(ctx, tx, wdl.At(), closure.ID)
		return err
	}))
	if got := wdl.Scans(wdl.Owns(title), card).DueOn; got != dueOn {
		t.Errorf("due on %s, and not %s, which is open again", got, dueOn)
	}
	// A closure that is taken back by the end of its transaction never was.
	err := wdl.Try(func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := wdl.Desk.Closures.Close(ctx, tx, wdl.At(), directory.Closure{Closure: closure.Closure}); err != nil {
			return err
		}
		return broker.Conflict("thought_again", "Not after all.")
	})
	if !broker.IsKind(err, broker.KindConflict) {
		t.Fatal(err)
	}
	if got := wdl.Scans(wdl.Owns(title), card).DueOn; got != dueOn {
		t.Errorf("due on %s, by a closure that was never kept; %s is open", got, dueOn)
	}
	// A new library in the sharing group is known at once.
	neighbour := tw.Library("western-district", "IA", wdl.SharingGroup)
	barcode := neighbour.Owns(title)
	var found loans.Loan
	done := wdl.Scans(barcode, card)
	if done.Loan != nil {
		found = *done.Loan
	}
	if found.Item.Library != neighbour.Library.ID {
		t.Errorf("the copy of a library that joined just now is not lent: %+v", done)
	}
}
