package holds_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/broker/towntest"
)

func TestHLD01FirstRequestedFirstSupplied(t *testing.T) {
	t.Parallel()
	westport := towntest.OneLibrary(t, "westport", "America/New_York")
	title := westport.Title()
	book := westport.Item("book", title)
	place := func(queued string) holds.Hold {
		asked := westport.At(queued).Now
		out, err := towntest.Act(westport.Town, westport.Holds.PlaceHold, holds.PlaceHold{
			Desk: westport.At("2026-02-01 10:00"), Library: westport.Library.ID,
			Patron: westport.Patron("resident"), Title: title, QueuedAt: asked,
		})
		westport.Must(err)
		return *out.Hold
	}
	place("2018-01-10 09:00") // B, entered first
	a := place("2017-07-22 09:00")
	out, err := towntest.Act(westport.Town, westport.Holds.CaptureHold, holds.Capture{Desk: westport.At("2026-02-02 10:00"), Item: book})
	westport.Must(err)
	towntest.Equal(t, "for A", out.Hold.Ref, a.Ref)
}

func TestHoldShelfByEachLibrarysCalendar(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, preset, zone, arrived, lenderDue, want string
		closed                                       []string
		alert                                        bool
	}{
		{"HLD-02-2", "western-district", "America/Chicago", "2026-04-28 10:00", "", "2026-05-06", []string{"2026-05-04"}, false},
		{"HLD-02-3", "western-district", "America/Chicago", "2026-04-29 10:00", "", "2026-05-07", []string{"2026-05-04"}, false},
		{"HLD-02-4", "western-district", "America/Chicago", "2026-04-30 10:00", "", "2026-05-08", []string{"2026-05-04"}, false},
		{"HLD-02-5", "western-district", "America/Chicago", "2026-05-01 10:00", "", "2026-05-09", []string{"2026-05-04"}, false},
		{"HLD-03", "westport", "America/New_York", "2026-03-02 10:00", "", "2026-03-12", nil, false},
		{"HLD-04", "westport", "America/New_York", "2026-03-05 10:00", "", "2026-03-16", nil, false},
		{"ILL-07", "westport", "America/New_York", "2026-03-02 10:00", "2026-03-09", "2026-03-06", nil, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			library := towntest.OneLibrary(t, c.preset, c.zone, c.closed...)
			desk := library.At(c.arrived)
			item, request := library.Borrowed("book", desk)
			in := holds.Shelve{Desk: desk, Item: item, Patron: library.Patron("resident"), Request: request}
			if c.lenderDue != "" {
				in.LenderDue = broker.MustDate(c.lenderDue)
			}
			out, err := towntest.Act(library.Town, library.Holds.ShelveForRequest, in)
			library.Must(err)
			towntest.Equal(t, "last day", out.Hold.PickUpBy, broker.MustDate(c.want))
			towntest.Equal(t, "staff alert", len(out.Warnings) > 0, c.alert)
			again, err := towntest.Act(library.Town, library.Holds.ShelveForRequest, in)
			library.Must(err)
			towntest.Equal(t, "shelved once", again.Hold.Ref, out.Hold.Ref)
		})
	}
}

func TestHLD03NotPickedUpABorrowedCopyGoesHomeAndNotToTheNext(t *testing.T) {
	t.Parallel()
	westport := towntest.OneLibrary(t, "westport", "America/New_York")
	desk := westport.At("2026-03-02 10:00")
	item, request := westport.Borrowed("book", desk)
	shelved, err := towntest.Act(westport.Town, westport.Holds.ShelveForRequest, holds.Shelve{Desk: desk, Item: item, Patron: westport.Patron("resident"), Request: request})
	westport.Must(err)
	out := westport.End("2026-03-13 09:00", shelved.Hold.Ref, holds.Expired)
	towntest.Equal(t, "serves", *out.Serves, request)
	towntest.Equal(t, "item", westport.Stored(item).Status, catalog.Received)
	towntest.Equal(t, "what next", out.NextAct, standing.ShipToLender)
	towntest.Equal(t, "again", westport.End("2026-03-13 09:05", shelved.Hold.Ref, holds.Expired).Replayed, true)
}

func TestASharedCopyTravelsToItsPatronAndHome(t *testing.T) {
	t.Parallel()
	owner := towntest.OneLibrary(t, "western-district", "America/Chicago")
	other := owner.AddLibrary("western-district", "America/Chicago")
	title := owner.Title()
	book := owner.Item("book", title)
	patron := other.Patron("resident")
	hold := other.Hold(owner, patron, title, "2026-03-02 09:00")

	captured, err := towntest.Act(owner.Town, owner.Holds.CaptureHold, holds.Capture{Desk: owner.At("2026-03-02 10:00"), Item: book})
	owner.Must(err)
	towntest.Equal(t, "sent to the other library", captured.Transit.ToLibrary, other.Library.ID)
	towntest.Equal(t, "serves the other library's request", captured.Serves.Library, other.Library.ID)
	towntest.Equal(t, "only passing through", owner.Receive("2026-03-02 11:00", book).NextAct, standing.SendOn)

	arrived := other.Receive("2026-03-03 10:00", book)
	towntest.Equal(t, "on the hold shelf", arrived.Hold.Status, holds.OnHoldShelf)
	towntest.Equal(t, "until six open days later", arrived.Hold.PickUpBy, broker.MustDate("2026-03-10"))

	lent, err := towntest.Act(other.Town, other.Loans.CheckOut, loans.CheckOut{Desk: other.At("2026-03-04 10:00"), Item: book, Patron: patron})
	other.Must(err)
	towntest.Equal(t, "fulfils", lent.Hold.Ref, hold.Ref)
	towntest.Equal(t, "serves", lent.Serves.Request, hold.Request)

	back, err := towntest.Act(other.Town, other.Returns.Return, returns.Return{Desk: other.At("2026-03-27 10:00"), Item: book})
	other.Must(err)
	towntest.Equal(t, "two days late at the lending desk's rate", towntest.Charged(back), "0.20")
	towntest.Equal(t, "sent home", back.Transit.ToLibrary, owner.Library.ID)
	towntest.Equal(t, "on its shelf", owner.Receive("2026-03-28 10:00", book).Item.Status, catalog.OnShelf)
}

func TestHLD20CancelledOnTheWayItGoesToTheNextOrHome(t *testing.T) {
	t.Parallel()
	owner := towntest.OneLibrary(t, "western-district", "America/Chicago")
	other := owner.AddLibrary("western-district", "America/Chicago")
	title := owner.Title()
	book := owner.Item("book", title)
	hold := other.Hold(owner, other.Patron("resident"), title, "2026-03-02 09:00")
	_, err := towntest.Act(owner.Town, owner.Holds.CaptureHold, holds.Capture{Desk: owner.At("2026-03-02 10:00"), Item: book})
	owner.Must(err)
	_, err = towntest.Act(other.Town, func(ctx context.Context, tx *postgres.Tx, ref holds.Ref) (holds.Outcome, error) {
		return other.Holds.CancelHold(ctx, tx, other.At("2026-03-02 12:00"), ref)
	}, hold.Ref)
	other.Must(err)
	other.NoBreach() // on its way for nobody
	arrived := other.Receive("2026-03-03 10:00", book)
	towntest.Equal(t, "serves nobody", arrived.Serves, nil)
	towntest.Equal(t, "on to its owner", arrived.Transit.ToLibrary, owner.Library.ID)
}

func TestHLD29ExpiredAwayFromHomeWithNobodyWaitingItTravelsHome(t *testing.T) {
	t.Parallel()
	owner := towntest.OneLibrary(t, "western-district", "America/Chicago")
	other := owner.AddLibrary("western-district", "America/Chicago")
	title := owner.Title()
	book := owner.Item("book", title)
	hold := other.Hold(owner, other.Patron("resident"), title, "2026-03-02 09:00")
	_, err := towntest.Act(owner.Town, owner.Holds.CaptureHold, holds.Capture{Desk: owner.At("2026-03-02 10:00"), Item: book})
	owner.Must(err)
	other.Receive("2026-03-03 10:00", book)
	out := other.End("2026-03-11 09:00", hold.Ref, holds.Expired)
	towntest.Equal(t, "expired", out.Hold.Status, holds.Expired)
	towntest.Equal(t, "home", out.Transit.ToLibrary, owner.Library.ID)
	towntest.Equal(t, "not for pick-up", out.Transit.Hold, broker.NoID)
}

func TestExpiryAtHomeServesTheNextInTheQueue(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	title := perth.Title()
	book := perth.Item("book", title)
	first := perth.Hold(perth, perth.Patron("member"), title, "2026-03-02 09:00")
	second := perth.Hold(perth, perth.Patron("member"), title, "2026-03-02 09:01")
	_, err := towntest.Act(perth.Town, perth.Holds.CaptureHold, holds.Capture{Desk: perth.At("2026-03-02 10:00"), Item: book})
	perth.Must(err)
	out := perth.End("2026-04-02 10:00", first.Ref, holds.Expired)
	towntest.Equal(t, "the expired one", out.Serves.Request, first.Request)
	towntest.Equal(t, "the next one", out.Next.Request, second.Request)
	towntest.Equal(t, "given", out.Given.Ref, second.Ref)
	towntest.Equal(t, "kept", perth.Stored(book).Status, catalog.OnHoldShelf)
}

func TestHLD17LateButStillThereItMayBeTaken(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	title := perth.Title()
	book := perth.Item("book", title)
	patron := perth.Patron("member")
	perth.Hold(perth, patron, title, "2026-03-02 09:00")
	_, err := towntest.Act(perth.Town, perth.Holds.CaptureHold, holds.Capture{Desk: perth.At("2026-03-02 10:00"), Item: book})
	perth.Must(err)
	_, err = towntest.Act(perth.Town, perth.Loans.CheckOut, loans.CheckOut{Desk: perth.At("2026-03-31 10:00"), Item: book, Patron: perth.Patron("member")})
	towntest.Equal(t, "to nobody else", towntest.WantCode(t, err, "may_not_check_out").Reasons[0].Code, "held_for_other")
	out, err := towntest.Act(perth.Town, perth.Loans.CheckOut, loans.CheckOut{Desk: perth.At("2026-03-31 10:00"), Item: book, Patron: patron})
	perth.Must(err)
	towntest.Equal(t, "fulfilled", out.Hold.Status, holds.Fulfilled)
}

func TestNotFoundOnTheShelf(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	title := perth.Title()
	book := perth.Item("book", title)
	hold := perth.Hold(perth, perth.Patron("member"), title, "2026-03-02 09:00")
	var pulls []holds.Pull
	perth.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		pulls, err = holds.PullList(ctx, tx, perth.Library.ID, broker.MustDate("2026-03-02"), broker.Page{Limit: 10})
		return err
	})
	if len(pulls) != 1 || pulls[0].Item.Ref() != book || pulls[0].Hold.Ref != hold.Ref {
		t.Fatalf("pull list: %+v", pulls)
	}
	perth.Do(func(ctx context.Context, tx *postgres.Tx) error {
		out, err := perth.Holds.FailHold(ctx, tx, perth.At("2026-03-02 11:00"), hold.Ref, book)
		if err == nil {
			towntest.Equal(t, "unfilled", out.Hold.Status, holds.Unfilled)
		}
		return err
	})
	towntest.Equal(t, "missing", perth.Stored(book).Status, catalog.Missing)
}

func TestOutOfTurnNeedsAReasonAndIsKept(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	title := perth.Title()
	book := perth.Item("book", title)
	perth.Hold(perth, perth.Patron("member"), title, "2026-03-02 09:00")
	second := perth.Hold(perth, perth.Patron("member"), title, "2026-03-02 09:01")
	in := holds.Capture{Desk: perth.At("2026-03-02 10:00"), Item: book, OutOfTurn: second.Ref}
	_, err := towntest.Act(perth.Town, perth.Holds.CaptureHold, in)
	towntest.WantCode(t, err, "invalid_input")
	in.Reason = "class visit tomorrow"
	out, err := towntest.Act(perth.Town, perth.Holds.CaptureHold, in)
	perth.Must(err)
	towntest.Equal(t, "the second", out.Hold.Ref, second.Ref)
	perth.NoBreach()
}

// Whatever the order of placing, cancelling and returning, the longest waiting
// is served first, and an item is in one place.
func TestQueueOrderHolds(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	var borrowers []patrons.Ref // one for each hold: nobody may wait twice for one title
	for range 12 {
		borrowers = append(borrowers, perth.Patron("member"))
	}
	rapid.Check(t, func(r *rapid.T) {
		title := perth.Title()
		book := perth.Item("book", title)
		desk := perth.At("2026-03-02 10:00")
		var waiting []holds.Hold
		var kept holds.Hold
		asking := 0
		oldest := func() int {
			best := 0
			for i, hold := range waiting {
				if hold.QueuedAt.Before(waiting[best].QueuedAt) {
					best = i
				}
			}
			return best
		}
		serve := func(given *holds.Hold) {
			kept = holds.Hold{}
			if len(waiting) == 0 {
				if given != nil {
					r.Fatalf("given to %v though nobody waits", given.Ref)
				}
				return
			}
			want := oldest()
			if given == nil || given.Ref != waiting[want].Ref {
				r.Fatalf("given %v, want the longest waiting %v", given, waiting[want])
			}
			kept = *given
			waiting = append(waiting[:want], waiting[want+1:]...)
		}
		for range rapid.IntRange(1, 12).Draw(r, "acts") {
			desk.Now = desk.Now.Add(time.Minute)
			switch rapid.SampledFrom([]string{"place", "place", "capture", "expire", "cancel"}).Draw(r, "act") {
			case "place":
				asked := desk.Now.Add(-time.Duration(rapid.IntRange(0, 100000).Draw(r, "seconds ago")) * time.Second)
				out, err := towntest.Act(perth.Town, perth.Holds.PlaceHold, holds.PlaceHold{
					Desk: desk, Library: perth.Library.ID, Title: title,
					Patron: borrowers[asking], QueuedAt: asked,
				})
				asking++
				perth.Must(err)
				waiting = append(waiting, *out.Hold)
			case "capture":
				if kept.ID != broker.NoID || len(waiting) == 0 {
					continue
				}
				out, err := towntest.Act(perth.Town, perth.Holds.CaptureHold, holds.Capture{Desk: desk, Item: book})
				perth.Must(err)
				serve(out.Given)
			case "expire":
				if kept.ID == broker.NoID {
					continue
				}
				out, err := towntest.Act(perth.Town, func(ctx context.Context, tx *postgres.Tx, ref holds.Ref) (holds.Outcome, error) {
					return perth.Holds.TakeOffShelf(ctx, tx, desk, ref, holds.Expired)
				}, kept.Ref)
				perth.Must(err)
				serve(out.Given)
			case "cancel":
				if len(waiting) == 0 {
					continue
				}
				_, err := towntest.Act(perth.Town, func(ctx context.Context, tx *postgres.Tx, ref holds.Ref) (holds.Outcome, error) {
					return perth.Holds.CancelHold(ctx, tx, desk, ref)
				}, waiting[0].Ref)
				perth.Must(err)
				waiting = waiting[1:]
			}
		}
	})
	perth.NoBreach()
}

// Two copies that come back at once go to the first two who wait, each once.
func TestTwoCopiesReturnedAtOnceServeTheFirstTwo(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	for range 10 {
		title := perth.Title()
		copies := []catalog.Ref{perth.Item("book", title), perth.Item("book", title)}
		for _, item := range copies {
			_, err := towntest.Act(perth.Town, perth.Loans.CheckOut, loans.CheckOut{Desk: perth.At("2026-03-02 10:00"), Item: item, Patron: perth.Patron("member")})
			perth.Must(err)
		}
		first := perth.Hold(perth, perth.Patron("member"), title, "2026-03-03 09:00")
		second := perth.Hold(perth, perth.Patron("member"), title, "2026-03-03 09:01")
		perth.Hold(perth, perth.Patron("member"), title, "2026-03-03 09:02")
		given := make([]holds.Ref, len(copies))
		var desks sync.WaitGroup
		for i, item := range copies {
			desks.Go(func() {
				out, err := towntest.Act(perth.Town, perth.Returns.Return, returns.Return{Desk: perth.At("2026-03-10 10:00"), Item: item})
				if err != nil || out.Given == nil {
					t.Errorf("return: %v", err)
					return
				}
				given[i] = out.Given.Ref
			})
		}
		desks.Wait()
		if given[0] == given[1] || (given[0] != first.Ref && given[0] != second.Ref) || (given[1] != first.Ref && given[1] != second.Ref) {
			t.Fatalf("given to %v, want %v and %v", given, first.Ref, second.Ref)
		}
	}
	perth.NoBreach()
}
