package desk_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/requests"
)

// shelved is a borrowed copy on the hold shelf, with its band.
func shelved(t *testing.T) (tw *town, home *house, lender *partner, request, patron broker.ID, band string) {
	t.Helper()
	tw, home, lender, request, patron = asksPartner(t, 0)
	lender.says(home, connectors.Message{Kind: connectors.KindLoaned, Due: due("2026-04-10"), Items: []connectors.MessageItem{{Barcode: "VT-1"}}})
	home.scans("VT-1", "")
	band = "ILL-" + home.number(request)
	home.scans(band, "")
	home.expects(request, workflow.OnHoldShelf)
	return tw, home, lender, request, patron, band
}

// A patron takes from the open shelf the very copy their hold waits for.
func TestThePatronIsQuickerThanTheirHold(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("western-district", "IL", broker.NoID)
	home.looksTo()
	barcode := home.owns(tw.title("A title nobody here owns", isbn))
	patron := home.patron("resident")
	request, err := home.asks(requests.Submission{Patron: patron, Citation: citation()})
	tw.must(err)
	if done := home.lends(barcode, patron); done.Did != "checked_out" {
		t.Fatalf("it is lent: %+v", done)
	}
	home.expects(request.ID, workflow.CheckedOut)
	home.scans(barcode, "")
	home.expects(request.ID, workflow.Completed)
	tw.sound()
}

// A borrowed copy turns up after its loss was settled: it is taken in and sent
// home, whatever its request has come to.
func TestALostBorrowedCopyTurnsUpAfterAll(t *testing.T) {
	t.Parallel()
	tw, home, _, request, _, band := shelved(t)
	home.does(request, workflow.EventCheckOut, nil)
	home.does(request, workflow.EventReportLost, nil)
	home.does(request, workflow.EventForgive, nil)
	home.expects(request, workflow.Completed)
	if done := home.scans(band, ""); done.Did != "checked_in" {
		t.Fatalf("it is taken in: %+v", done)
	}
	if !home.taskOf(request, "return") {
		t.Fatal("staff settle it with the lender")
	}
	if done := home.scans(band, ""); done.Did != "shipped" || home.itemStatus(band) != catalog.GoneHome {
		t.Fatalf("and it goes home: %+v", done)
	}
	tw.sound()
}

// What a request does not expect is done all the same, and put before staff.
func TestAPhysicalActIsNeverUndoneByItsRequest(t *testing.T) {
	t.Parallel()
	tw, home, _, request, patron, band := shelved(t)
	home.does(request, workflow.EventReportLost, nil) // from the hold shelf: it cannot be found
	home.expects(request, workflow.LostPending)
	if done := home.lends(band, patron); done.Did != "checked_out" {
		t.Fatalf("it is there after all, and lent: %+v", done)
	}
	if !home.taskOf(request, "desk_differs") {
		t.Fatal("staff hear that the request says otherwise")
	}
	tw.sound()
}

// A desk of the same catalogue does not move another library's request.
func TestAnotherLibrarysParcelIsSentOn(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	group := broker.NewID()
	near, home := tw.library("westport", "NY", group), tw.library("westport", "NY", group)
	lender := tw.partner("VT", 0, tw.title("A title nobody here owns", isbn))
	home.looksTo([]broker.ID{lender.id})
	patron := home.patron("resident")
	request, err := home.asks(requests.Submission{Patron: patron, Citation: citation()})
	tw.must(err)
	lender.says(home, connectors.Message{Kind: connectors.KindLoaned, Due: due("2026-04-10"), Items: []connectors.MessageItem{{Barcode: "VT-1"}}})
	home.scans("VT-1", "")
	band := "ILL-" + home.number(request.ID)
	if done := near.scans(band, ""); done.Did != "sent_on" {
		t.Fatalf("it is sent where it belongs: %+v", done)
	}
	home.expects(request.ID, workflow.Received)
	err = near.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := near.desk.CheckOut(ctx, tx, near.at(), desk.CheckOut{Barcode: band, Card: home.card(patron)})
		return err
	})
	if !broker.IsKind(err, broker.KindConflict) {
		t.Fatalf("it is lent at its own library's desk: %v", err)
	}
	home.scans(band, "")
	home.expects(request.ID, workflow.OnHoldShelf)
	tw.sound()
}

func (h *house) card(patron broker.ID) (number string) {
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select number from cards where library_id = $1 and patron_id = $2`, h.Library.ID, patron).Scan(&number)
	})
	return number
}

// A lending library's copy is taken home by its own desk only.
func TestAnotherLibrarysLoanIsSentOn(t *testing.T) {
	t.Parallel()
	tw, _, lender, _, theirs, _, barcode := lendsOut(t, "NY")
	near := tw.library("westport", "NY", lender.SharingGroup)
	lender.does(theirs, workflow.EventAnswerYes, nil)
	if done := near.scans(barcode, ""); done.Did != "sent_on" {
		t.Fatalf("another desk pulls nothing: %+v", done)
	}
	lender.scans(barcode, "")
	lender.scans(barcode, "")
	lender.expects(theirs, workflow.Shipped)
	if done := near.scans(barcode, ""); done.Did != "sent_on" {
		t.Fatalf("another desk takes nothing home: %+v", done)
	}
	lender.expects(theirs, workflow.Shipped)
	lender.scans(barcode, "")
	lender.expects(theirs, workflow.Completed)
	tw.sound()
}

// A message or a deadline locks the request and then the patron; so does a desk,
// and neither waits for the other crosswise.
func TestTheDeskLocksTheRequestFirst(t *testing.T) {
	t.Parallel()
	tw, home, _, request, patron, band := shelved(t)
	acts := []func(context.Context, *postgres.Tx) error{
		func(ctx context.Context, tx *postgres.Tx) error {
			_, err := home.desk.CheckOut(ctx, tx, home.at(), desk.CheckOut{Barcode: band, Patron: patron, Shown: "card"})
			return err
		},
		func(ctx context.Context, tx *postgres.Tx) error {
			_, err := home.desk.Scan(ctx, tx, home.at(), scan(band))
			return err
		},
	}
	for _, act := range acts {
		locked, done := make(chan struct{}), make(chan error, 1)
		others, runs := 0, 0
		go func() {
			done <- home.try(func(ctx context.Context, tx *postgres.Tx) error {
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
		tw.must(home.try(func(ctx context.Context, tx *postgres.Tx) error { runs++; return act(ctx, tx) }))
		tw.must(<-done)
		if runs != 1 || others != 1 {
			t.Fatalf("neither had to begin again: the desk ran %d times, the other %d", runs, others)
		}
		tw.settle()
	}
	home.expects(request, workflow.ReturnDue)
	tw.sound()
}

// A number on a slip finds its request; another library's barcode does not, and
// an announced barcode is one even where it looks like a number.
func TestWhatIsARequestNumber(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := asksPartner(t, 0)
	number := home.number(request)
	for _, stray := range []string{"0000000000" + number, "ILL-" + number + "X", "-" + number} {
		if done := home.scans(stray, ""); done.Did != "unmatched" || done.Request != broker.NoID {
			t.Fatalf("%s is no request's number: %+v", stray, done)
		}
	}
	second, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	home.expects(second.ID, workflow.Requested)
	// The lender of the second request announces a barcode that is also the
	// number of the first.
	lender.says(home, connectors.Message{Kind: connectors.KindLoaned, Due: due("2026-04-10"), Items: []connectors.MessageItem{{Barcode: number}}})
	if done := home.scans(number, ""); done.Request != second.ID {
		t.Fatalf("an announced barcode goes before a number: %+v", done)
	}
	home.expects(request, workflow.Requested)
	if done := home.scans("ill-"+number, ""); done.Did != "received" || done.Request != request {
		t.Fatalf("the band's text means the number: %+v", done)
	}
	tw.sound()
}

// At eight in the evening in New York it is tomorrow in UTC; a task's date is
// the library's.
func TestAStrayItemIsDueByTheLibrarysOwnClock(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-03T01:00:00Z") // 2 March, 20:00
	home := tw.library("westport", "NY", broker.NoID)
	done := home.scans("31110009999999", "")
	var dueOn broker.Date
	tw.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select due_on from staff_tasks where id = $1`, done.Task).Scan(&dueOn)
	})
	if dueOn != due("2026-03-04") {
		t.Fatalf("two days from 2 March, not %s", dueOn)
	}
}

// A copy that is not for loan is not the one a hold looks for.
func TestNoCopyPassesOverWhatIsNotLent(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("western-district", "IL", broker.NoID)
	home.looksTo()
	title := tw.title("A title nobody here owns", isbn)
	reference, lent := home.owns(title), home.owns(title)
	tw.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update items set lendable = false where barcode = $1`, reference)
		return nil
	})
	request, err := home.asks(requests.Submission{Patron: home.patron("resident"), Citation: citation()})
	tw.must(err)
	tw.must(home.try(func(ctx context.Context, tx *postgres.Tx) error {
		hold, err := circulation.HoldOfRequest(ctx, tx, circulation.RequestRef{Library: home.Library.ID, Request: request.ID})
		if err != nil {
			return err
		}
		_, err = home.desk.NoCopy(ctx, tx, home.at(), hold.HoldRef)
		return err
	}))
	if got := fmt.Sprint(home.itemStatus(reference), home.itemStatus(lent)); got != fmt.Sprint(catalog.OnShelf, catalog.Missing) {
		t.Fatalf("the copy that is lent is missing, the other is not: %s", got)
	}
}
