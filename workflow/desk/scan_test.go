package desk_test

import (
	"context"
	"testing"
	"time"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/requests"
)

// A patron takes from the open shelf the very copy that their hold waits for.
func TestThePatronIsQuickerThanTheirHold(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("western-district", "IL", broker.NoID)
	home.LooksTo()
	barcode := home.Owns(tw.Title("A title nobody here owns", town.ISBN))
	patron := home.Patron("resident")
	request, err := home.Asks(requests.Submission{Patron: patron, Citation: town.Citation()})
	tw.Must(err)
	if done := home.Lends(barcode, patron); done.Did != "checked_out" {
		t.Fatalf("it is lent: %+v", done)
	}
	home.Expects(request.ID, workflow.CheckedOut)
	home.Scans(barcode, "")
	home.Expects(request.ID, workflow.Completed)
	tw.Sound()
}

// A borrowed copy turns up after its loss was settled: it is taken in and sent
// home, whatever its request has come to.
func TestALostBorrowedCopyTurnsUpAfterAll(t *testing.T) {
	t.Parallel()
	tw, home, _, request, _, band := town.Shelved(t)
	home.Does(request, workflow.EventCheckOut, nil)
	home.Does(request, workflow.EventReportLost, nil)
	home.Does(request, workflow.EventForgive, nil)
	home.Expects(request, workflow.Completed)
	if done := home.Scans(band, ""); done.Did != "checked_in" {
		t.Fatalf("it is taken in: %+v", done)
	}
	if !home.TaskOf(request, "return") {
		t.Fatal("staff settle it with the lender")
	}
	if done := home.Scans(band, ""); done.Did != "shipped" || home.ItemStatus(band) != catalog.GoneHome {
		t.Fatalf("and it goes home: %+v", done)
	}
	tw.Sound()
}

// A copy that could not be found on the hold shelf, and is there after all, is
// lent to the patron who stands there; staff tell the lender.
func TestABorrowedCopyIsFoundWhileItsPatronStandsThere(t *testing.T) {
	t.Parallel()
	tw, home, _, request, patron, band := town.Shelved(t)
	home.Does(request, workflow.EventReportLost, nil) // from the hold shelf: it cannot be found
	home.Expects(request, workflow.LostPending)
	if done := home.Lends(band, patron); done.Did != "checked_out" {
		t.Fatalf("it is there after all, and lent: %+v", done)
	}
	home.Expects(request, workflow.CheckedOut)
	if !home.TaskOf(request, "check_out") {
		t.Fatal("staff hear that the lender believes it lost")
	}
	tw.Sound()
}

// A desk of the same catalogue does not move another library's request.
func TestAnotherLibrarysParcelIsSentOn(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	group := broker.NewID()
	near, home := tw.Library("westport", "NY", group), tw.Library("westport", "NY", group)
	lender := tw.Partner("VT", 0, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	patron := home.Patron("resident")
	request, err := home.Asks(requests.Submission{Patron: patron, Citation: town.Citation()})
	tw.Must(err)
	lender.Says(home, connectors.Message{Kind: connectors.KindLoaned, Due: town.Due("2026-04-10"), Items: []connectors.MessageItem{{Barcode: "VT-1"}}})
	home.Scans("VT-1", "")
	band := "ILL-" + home.Number(request.ID)
	if done := near.Scans(band, ""); done.Did != "sent_on" {
		t.Fatalf("it is sent where it belongs: %+v", done)
	}
	home.Expects(request.ID, workflow.Received)
	err = near.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := near.Desk.CheckOut(ctx, tx, near.At(), desk.CheckOut{Barcode: band, Card: home.Card(patron)})
		return err
	})
	if !broker.IsKind(err, broker.KindConflict) {
		t.Fatalf("it is lent at its own library's desk: %v", err)
	}
	home.Scans(band, "")
	home.Expects(request.ID, workflow.OnHoldShelf)
	tw.Sound()
}

// Only a lending library's own desk checks its copy in when it comes home.
func TestAnotherLibrarysLoanIsSentOn(t *testing.T) {
	t.Parallel()
	tw, _, lender, _, theirs, _, barcode := town.LendsOut(t, "NY")
	near := tw.Library("westport", "NY", lender.SharingGroup)
	lender.Does(theirs, workflow.EventAnswerYes, nil)
	if done := near.Scans(barcode, ""); done.Did != "sent_on" {
		t.Fatalf("another desk pulls nothing: %+v", done)
	}
	lender.Scans(barcode, "")
	lender.Scans(barcode, "")
	lender.Expects(theirs, workflow.Shipped)
	if done := near.Scans(barcode, ""); done.Did != "sent_on" {
		t.Fatalf("another desk takes nothing home: %+v", done)
	}
	lender.Expects(theirs, workflow.Shipped)
	lender.Does(theirs, workflow.EventBorrowerReceived, nil)
	if done := near.Scans(barcode, ""); done.Did != "sent_on" {
		t.Fatalf("handed in at another desk it is sent on: %+v", done)
	}
	lender.Expects(theirs, workflow.ReturnShipped) // on its way home, and no longer reminded of
	lender.Scans(barcode, "")
	lender.Expects(theirs, workflow.Completed)
	tw.Sound()
}

// Messages and deadlines lock the request and then the patron; so does a desk,
// and so they cannot deadlock.
func TestTheDeskLocksTheRequestFirst(t *testing.T) {
	t.Parallel()
	tw, home, _, request, patron, band := town.Shelved(t)
	acts := []func(context.Context, *postgres.Tx) error{
		func(ctx context.Context, tx *postgres.Tx) error {
			_, err := home.Desk.CheckOut(ctx, tx, home.At(), desk.CheckOut{Barcode: band, Patron: patron, Shown: "card"})
			return err
		},
		func(ctx context.Context, tx *postgres.Tx) error {
			_, err := home.Desk.Scan(ctx, tx, home.At(), town.Scan(band))
			return err
		},
	}
	for _, act := range acts {
		locked, done := make(chan struct{}), make(chan error, 1)
		others, runs := 0, 0
		go func() {
			done <- home.Try(func(ctx context.Context, tx *postgres.Tx) error {
				others++
				var one int
				if err := tx.QueryRow(ctx, `select 1 from requests where library_id = $1 and id = $2 for update`, home.Library.ID, request).Scan(&one); err != nil {
					return err
				}
				if others == 1 {
					close(locked)
					time.Sleep(100 * time.Millisecond) // long enough for the desk to take what it locks first
				}
				return tx.QueryRow(ctx, `select 1 from patrons where library_id = $1 and id = $2 for no key update`, home.Library.ID, patron).Scan(&one)
			})
		}()
		<-locked
		tw.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error { runs++; return act(ctx, tx) }))
		tw.Must(<-done)
		if runs != 1 || others != 1 {
			t.Fatalf("neither had to begin again: the desk ran %d times, the other %d", runs, others)
		}
		tw.Settle()
	}
	home.Expects(request, workflow.ReturnDue)
	tw.Sound()
}

// A number on a slip finds its request; another library's barcode does not, and
// an announced barcode is a barcode even where it looks like a number.
func TestWhatIsARequestNumber(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	number := home.Number(request)
	for _, stray := range []string{"0000000000" + number, "ILL-" + number + "X", "-" + number} {
		if done := home.Scans(stray, ""); done.Did != "unmatched" || done.Request != broker.NoID {
			t.Fatalf("%s is no request's number: %+v", stray, done)
		}
	}
	second, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	home.Expects(second.ID, workflow.Requested)
	// The lender of the second request announces a barcode that is also the
	// number of the first.
	lender.Says(home, connectors.Message{Kind: connectors.KindLoaned, Due: town.Due("2026-04-10"), Items: []connectors.MessageItem{{Barcode: number}}})
	if done := home.Scans(number, ""); done.Request != second.ID {
		t.Fatalf("an announced barcode goes before a number: %+v", done)
	}
	home.Expects(request, workflow.Requested)
	if done := home.Scans("ill-"+number, ""); done.Did != "received" || done.Request != request {
		t.Fatalf("the band's text means the number: %+v", done)
	}
	tw.Sound()
}

// At eight in the evening in New York it is tomorrow in UTC; a task's date is
// the library's.
func TestAStrayItemIsDueByTheLibrarysOwnClock(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-03T01:00:00Z") // 2 March, 20:00
	home := tw.Library("westport", "NY", broker.NoID)
	done := home.Scans("31110009999999", "")
	var dueOn broker.Date
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select due_on from staff_tasks where id = $1`, done.Task).Scan(&dueOn)
	})
	if dueOn != town.Due("2026-03-04") {
		t.Fatalf("two days from 2 March, not %s", dueOn)
	}
}
