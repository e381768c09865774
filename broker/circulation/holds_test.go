package circulation_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

func TestHLD01FirstRequestedFirstSupplied(t *testing.T) {
	t.Parallel()
	westport := oneLibrary(t, "westport", "America/New_York")
	title := westport.title()
	book := westport.item("book", title)
	place := func(queued string) circulation.Hold {
		asked := westport.at(queued).Now
		out, err := act(westport.town, westport.Circ.PlaceHold, circulation.PlaceHold{
			Desk: westport.at("2026-02-01 10:00"), Library: westport.Library.ID,
			Patron: westport.patron("resident"), Title: title, QueuedAt: asked,
		})
		westport.must(err)
		return *out.Hold
	}
	place("2018-01-10 09:00") // B, entered first
	a := place("2017-07-22 09:00")
	out, err := act(westport.town, westport.Circ.CaptureHold, circulation.Capture{Desk: westport.at("2026-02-02 10:00"), Item: book})
	westport.must(err)
	equal(t, "for A", out.Hold.HoldRef, a.HoldRef)
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
			library := oneLibrary(t, c.preset, c.zone, c.closed...)
			desk := library.at(c.arrived)
			item, request := library.borrowed("book", desk)
			in := circulation.Shelve{Desk: desk, Item: item, Patron: library.patron("resident"), Request: request}
			if c.lenderDue != "" {
				in.LenderDue = broker.MustDate(c.lenderDue)
			}
			out, err := act(library.town, library.Circ.ShelveForRequest, in)
			library.must(err)
			equal(t, "last day", out.Hold.PickUpBy, broker.MustDate(c.want))
			equal(t, "staff alert", len(out.Warnings) > 0, c.alert)
			again, err := act(library.town, library.Circ.ShelveForRequest, in)
			library.must(err)
			equal(t, "shelved once", again.Hold.HoldRef, out.Hold.HoldRef)
		})
	}
}

func TestHLD03NotPickedUpABorrowedCopyGoesHomeAndNotToTheNext(t *testing.T) {
	t.Parallel()
	westport := oneLibrary(t, "westport", "America/New_York")
	desk := westport.at("2026-03-02 10:00")
	item, request := westport.borrowed("book", desk)
	shelved, err := act(westport.town, westport.Circ.ShelveForRequest, circulation.Shelve{Desk: desk, Item: item, Patron: westport.patron("resident"), Request: request})
	westport.must(err)
	out := westport.end("2026-03-13 09:00", shelved.Hold.HoldRef, circulation.HoldExpired)
	equal(t, "serves", *out.Serves, request)
	equal(t, "item", westport.stored(item).Status, catalog.Received)
	equal(t, "what next", out.NextAct, circulation.ShipToLender)
	equal(t, "again", westport.end("2026-03-13 09:05", shelved.Hold.HoldRef, circulation.HoldExpired).Replayed, true)
}

func TestASharedCopyTravelsToItsPatronAndHome(t *testing.T) {
	t.Parallel()
	owner := oneLibrary(t, "western-district", "America/Chicago")
	other := owner.addLibrary("western-district", "America/Chicago")
	title := owner.title()
	book := owner.item("book", title)
	patron := other.patron("resident")
	hold := other.hold(owner, patron, title, "2026-03-02 09:00")

	captured, err := act(owner.town, owner.Circ.CaptureHold, circulation.Capture{Desk: owner.at("2026-03-02 10:00"), Item: book})
	owner.must(err)
	equal(t, "sent to the other library", captured.Transit.ToLibrary, other.Library.ID)
	equal(t, "serves the other library's request", captured.Serves.Library, other.Library.ID)
	equal(t, "only passing through", owner.receive("2026-03-02 11:00", book).NextAct, circulation.SendOn)

	arrived := other.receive("2026-03-03 10:00", book)
	equal(t, "on the hold shelf", arrived.Hold.Status, circulation.HoldOnShelf)
	equal(t, "until six open days later", arrived.Hold.PickUpBy, broker.MustDate("2026-03-10"))

	lent, err := act(other.town, other.Circ.CheckOut, circulation.CheckOut{Desk: other.at("2026-03-04 10:00"), Item: book, Patron: patron})
	other.must(err)
	equal(t, "fulfils", lent.Hold.HoldRef, hold.HoldRef)
	equal(t, "serves", lent.Serves.Request, hold.Request)

	back, err := act(other.town, other.Circ.Return, circulation.Return{Desk: other.at("2026-03-27 10:00"), Item: book})
	other.must(err)
	equal(t, "two days late at the lending desk's rate", charged(back), "0.20")
	equal(t, "sent home", back.Transit.ToLibrary, owner.Library.ID)
	equal(t, "on its shelf", owner.receive("2026-03-28 10:00", book).Item.Status, catalog.OnShelf)
}

func TestHLD20CancelledOnTheWayItGoesToTheNextOrHome(t *testing.T) {
	t.Parallel()
	owner := oneLibrary(t, "western-district", "America/Chicago")
	other := owner.addLibrary("western-district", "America/Chicago")
	title := owner.title()
	book := owner.item("book", title)
	hold := other.hold(owner, other.patron("resident"), title, "2026-03-02 09:00")
	_, err := act(owner.town, owner.Circ.CaptureHold, circulation.Capture{Desk: owner.at("2026-03-02 10:00"), Item: book})
	owner.must(err)
	_, err = act(other.town, func(ctx context.Context, tx *postgres.Tx, ref circulation.HoldRef) (circulation.HoldOutcome, error) {
		return other.Circ.CancelHold(ctx, tx, other.at("2026-03-02 12:00"), ref)
	}, hold.HoldRef)
	other.must(err)
	arrived := other.receive("2026-03-03 10:00", book)
	equal(t, "serves nobody", arrived.Serves, nil)
	equal(t, "on to its owner", arrived.Transit.ToLibrary, owner.Library.ID)
}

func TestHLD29ExpiredAwayFromHomeWithNobodyWaitingItTravelsHome(t *testing.T) {
	t.Parallel()
	owner := oneLibrary(t, "western-district", "America/Chicago")
	other := owner.addLibrary("western-district", "America/Chicago")
	title := owner.title()
	book := owner.item("book", title)
	hold := other.hold(owner, other.patron("resident"), title, "2026-03-02 09:00")
	_, err := act(owner.town, owner.Circ.CaptureHold, circulation.Capture{Desk: owner.at("2026-03-02 10:00"), Item: book})
	owner.must(err)
	other.receive("2026-03-03 10:00", book)
	out := other.end("2026-03-11 09:00", hold.HoldRef, circulation.HoldExpired)
	equal(t, "expired", out.Hold.Status, circulation.HoldExpired)
	equal(t, "home", out.Transit.ToLibrary, owner.Library.ID)
	equal(t, "not for pick-up", out.Transit.Hold, broker.NoID)
}

func TestExpiryAtHomeServesTheNextInTheQueue(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	title := perth.title()
	book := perth.item("book", title)
	first := perth.hold(perth, perth.patron("member"), title, "2026-03-02 09:00")
	second := perth.hold(perth, perth.patron("member"), title, "2026-03-02 09:01")
	_, err := act(perth.town, perth.Circ.CaptureHold, circulation.Capture{Desk: perth.at("2026-03-02 10:00"), Item: book})
	perth.must(err)
	out := perth.end("2026-04-02 10:00", first.HoldRef, circulation.HoldExpired)
	equal(t, "the expired one", out.Serves.Request, first.Request)
	equal(t, "the next one", out.Next.Request, second.Request)
	equal(t, "given", out.Given.HoldRef, second.HoldRef)
	equal(t, "kept", perth.stored(book).Status, catalog.OnHoldShelf)
}

func TestHLD17LateButStillThereItMayBeTaken(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	title := perth.title()
	book := perth.item("book", title)
	patron := perth.patron("member")
	perth.hold(perth, patron, title, "2026-03-02 09:00")
	_, err := act(perth.town, perth.Circ.CaptureHold, circulation.Capture{Desk: perth.at("2026-03-02 10:00"), Item: book})
	perth.must(err)
	_, err = act(perth.town, perth.Circ.CheckOut, circulation.CheckOut{Desk: perth.at("2026-03-31 10:00"), Item: book, Patron: perth.patron("member")})
	equal(t, "to nobody else", wantCode(t, err, "may_not_check_out").Reasons[0].Code, "held_for_other")
	out, err := act(perth.town, perth.Circ.CheckOut, circulation.CheckOut{Desk: perth.at("2026-03-31 10:00"), Item: book, Patron: patron})
	perth.must(err)
	equal(t, "fulfilled", out.Hold.Status, circulation.HoldFulfilled)
}

func TestNotFoundOnTheShelf(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	title := perth.title()
	book := perth.item("book", title)
	hold := perth.hold(perth, perth.patron("member"), title, "2026-03-02 09:00")
	var pulls []circulation.Pull
	perth.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		pulls, err = circulation.PullList(ctx, tx, perth.Library.ID, broker.MustDate("2026-03-02"), broker.Page{Limit: 10})
		return err
	})
	if len(pulls) != 1 || pulls[0].Item.Ref() != book || pulls[0].Hold.HoldRef != hold.HoldRef {
		t.Fatalf("pull list: %+v", pulls)
	}
	perth.do(func(ctx context.Context, tx *postgres.Tx) error {
		out, err := perth.Circ.FailHold(ctx, tx, perth.at("2026-03-02 11:00"), hold.HoldRef, book)
		if err == nil {
			equal(t, "unfilled", out.Hold.Status, circulation.HoldUnfilled)
		}
		return err
	})
	equal(t, "missing", perth.stored(book).Status, catalog.Missing)
}

func TestOutOfTurnNeedsAReasonAndIsKept(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	title := perth.title()
	book := perth.item("book", title)
	perth.hold(perth, perth.patron("member"), title, "2026-03-02 09:00")
	second := perth.hold(perth, perth.patron("member"), title, "2026-03-02 09:01")
	in := circulation.Capture{Desk: perth.at("2026-03-02 10:00"), Item: book, OutOfTurn: second.HoldRef}
	_, err := act(perth.town, perth.Circ.CaptureHold, in)
	wantCode(t, err, "invalid_input")
	in.Reason = "class visit tomorrow"
	out, err := act(perth.town, perth.Circ.CaptureHold, in)
	perth.must(err)
	equal(t, "the second", out.Hold.HoldRef, second.HoldRef)
	perth.noBreach()
}

// Whatever the order of placing, cancelling and returning, the longest waiting
// is served first, and an item is in one place.
func TestQueueOrderHolds(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	var borrowers []patrons.Ref // one for each hold: nobody waits twice for one title
	for range 12 {
		borrowers = append(borrowers, perth.patron("member"))
	}
	rapid.Check(t, func(r *rapid.T) {
		title := perth.title()
		book := perth.item("book", title)
		desk := perth.at("2026-03-02 10:00")
		var waiting []circulation.Hold
		var kept circulation.Hold
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
		serve := func(given *circulation.Hold) {
			kept = circulation.Hold{}
			if len(waiting) == 0 {
				if given != nil {
					r.Fatalf("given to %v though nobody waits", given.HoldRef)
				}
				return
			}
			want := oldest()
			if given == nil || given.HoldRef != waiting[want].HoldRef {
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
				out, err := act(perth.town, perth.Circ.PlaceHold, circulation.PlaceHold{
					Desk: desk, Library: perth.Library.ID, Title: title,
					Patron: borrowers[asking], QueuedAt: asked,
				})
				asking++
				perth.must(err)
				waiting = append(waiting, *out.Hold)
			case "capture":
				if kept.ID != broker.NoID || len(waiting) == 0 {
					continue
				}
				out, err := act(perth.town, perth.Circ.CaptureHold, circulation.Capture{Desk: desk, Item: book})
				perth.must(err)
				serve(out.Given)
			case "expire":
				if kept.ID == broker.NoID {
					continue
				}
				out, err := act(perth.town, func(ctx context.Context, tx *postgres.Tx, ref circulation.HoldRef) (circulation.HoldOutcome, error) {
					return perth.Circ.TakeOffShelf(ctx, tx, desk, ref, circulation.HoldExpired)
				}, kept.HoldRef)
				perth.must(err)
				serve(out.Given)
			case "cancel":
				if len(waiting) == 0 {
					continue
				}
				_, err := act(perth.town, func(ctx context.Context, tx *postgres.Tx, ref circulation.HoldRef) (circulation.HoldOutcome, error) {
					return perth.Circ.CancelHold(ctx, tx, desk, ref)
				}, waiting[0].HoldRef)
				perth.must(err)
				waiting = waiting[1:]
			}
		}
	})
	perth.noBreach()
}

// Two copies that come back at once go to the first two who wait, each once.
func TestTwoCopiesReturnedAtOnceServeTheFirstTwo(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	for range 10 {
		title := perth.title()
		copies := []catalog.Ref{perth.item("book", title), perth.item("book", title)}
		for _, item := range copies {
			_, err := act(perth.town, perth.Circ.CheckOut, circulation.CheckOut{Desk: perth.at("2026-03-02 10:00"), Item: item, Patron: perth.patron("member")})
			perth.must(err)
		}
		first := perth.hold(perth, perth.patron("member"), title, "2026-03-03 09:00")
		second := perth.hold(perth, perth.patron("member"), title, "2026-03-03 09:01")
		perth.hold(perth, perth.patron("member"), title, "2026-03-03 09:02")
		given := make([]circulation.HoldRef, len(copies))
		var desks sync.WaitGroup
		for i, item := range copies {
			desks.Go(func() {
				out, err := act(perth.town, perth.Circ.Return, circulation.Return{Desk: perth.at("2026-03-10 10:00"), Item: item})
				if err != nil || out.Given == nil {
					t.Errorf("return: %v", err)
					return
				}
				given[i] = out.Given.HoldRef
			})
		}
		desks.Wait()
		if given[0] == given[1] || (given[0] != first.HoldRef && given[0] != second.HoldRef) || (given[1] != first.HoldRef && given[1] != second.HoldRef) {
			t.Fatalf("given to %v, want %v and %v", given, first.HoldRef, second.HoldRef)
		}
	}
	perth.noBreach()
}
