package circulation_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/patrons"
	"afield/broker/policy/attributes"
	"afield/broker/postgres"
)

func TestTheNightClearsTheShelf(t *testing.T) {
	t.Parallel()
	// Six open days from Tuesday 3 March: until Tuesday 10 March.
	library := oneLibrary(t, "western-district", "America/Chicago")
	title := library.title()
	book := library.item("book", title)
	library.plain(library.patron("resident"), title, "2026-03-02 09:00")
	second := library.plain(library.patron("resident"), title, "2026-03-02 09:01")
	first := library.capture("2026-03-03 10:00", book).Given
	equal(t, "until", first.PickUpBy, broker.MustDate("2026-03-10"))
	alone, _ := library.shelved("2026-03-03 11:00")

	equal(t, "not on the last day", len(library.night("2026-03-10 23:00", 10)), 0)
	done := library.night("2026-03-11 01:00", 10)
	equal(t, "the day after", len(done), 2)
	equal(t, "expired", library.holdNow(first.HoldRef).Status, circulation.HoldExpired)
	equal(t, "HLD-29 given to the next", library.holdNow(second.HoldRef).Item, book.ID)
	equal(t, "nobody waits: back on the shelf", library.stored(alone).Status, catalog.OnShelf)
	equal(t, "a second run finds nothing", len(library.night("2026-03-11 01:10", 10)), 0)
	library.noBreach()
}

func TestHLD07NothingExpiresOnAClosedDayAndHLD08NothingLingers(t *testing.T) {
	t.Parallel()
	// The library is closed on Sundays; the date is set so that it ends on a
	// Saturday, and the next open day is Monday.
	library := oneLibrary(t, "western-district", "America/Chicago", "2026-03-19")
	_, saturday := library.shelved("2026-03-03 10:00")
	_, monday := library.shelved("2026-03-03 10:05")
	library.do(func(_ context.Context, tx *postgres.Tx) error {
		circulation.MoveShelfDate(tx, saturday.HoldRef, broker.MustDate("2026-03-14"))
		circulation.MoveShelfDate(tx, monday.HoldRef, broker.MustDate("2026-03-16"))
		return nil
	})
	equal(t, "HLD-07 not on the closed Sunday", len(library.night("2026-03-15 01:00", 10)), 0)
	equal(t, "but on Monday", len(library.night("2026-03-16 01:00", 10)), 1)
	// Tuesday and Wednesday the machine stood still; Thursday is closed.
	done := library.night("2026-03-19 01:00", 10)
	equal(t, "HLD-08 expired on the closed Thursday", len(done), 1)
	equal(t, "the one of Monday", done[0].Hold.HoldRef, monday.HoldRef)
}

func TestHLD05AfterContactStaffDecide(t *testing.T) {
	t.Parallel()
	library := oneLibrary(t, "western-district", "America/Chicago")
	_, kept := library.shelved("2026-03-03 10:00")
	_, other := library.shelved("2026-03-03 10:05")
	_, err := library.change("2026-03-09 10:00", func(ctx context.Context, tx *postgres.Tx, desk circulation.Desk) (circulation.HoldOutcome, error) {
		return library.Circ.NoteContact(ctx, tx, desk, kept.HoldRef)
	})
	library.must(err)
	done := library.night("2026-03-12 01:00", 1) // the kept one stands before it and takes no place of the slice
	equal(t, "only the other", len(done), 1)
	equal(t, "the other", done[0].Hold.HoldRef, other.HoldRef)
	equal(t, "kept", library.holdNow(kept.HoldRef).Status, circulation.HoldOnShelf)
	var list []circulation.Cleared
	library.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		list, err = library.Circ.ClearShelf(ctx, tx, library.at("2026-03-12 09:00"), library.at("2026-03-12 00:00").Now, broker.Page{Limit: 10})
		return err
	})
	if len(list) != 2 {
		t.Fatalf("to clear: %+v", list)
	}
	equal(t, "staff decide", list[0].Action, attributes.StaffDecision)
	equal(t, "the other goes back", list[1].NextAct, circulation.PutOnShelf)

	extend := func(until string) error {
		_, err := library.change("2026-03-12 10:00", func(ctx context.Context, tx *postgres.Tx, desk circulation.Desk) (circulation.HoldOutcome, error) {
			return library.Circ.Extend(ctx, tx, desk, kept.HoldRef, broker.MustDate(until))
		})
		return err
	}
	wantCode(t, extend("2026-03-20"), "shelf_time_too_long")
	library.must(extend("2026-03-19")) // six open days from Thursday
	equal(t, "longer", library.holdNow(kept.HoldRef).PickUpBy, broker.MustDate("2026-03-19"))
}

func TestHLD29TheNightSendsHomeWhatBelongsElsewhere(t *testing.T) {
	t.Parallel()
	owner := oneLibrary(t, "western-district", "America/Chicago")
	other := owner.addLibrary("western-district", "America/Chicago")
	title := owner.title()
	book := owner.item("book", title)
	out, err := act(other.town, other.Circ.PlaceHold, circulation.PlaceHold{
		Desk: other.at("2026-03-02 09:00"), Library: owner.Library.ID, Patron: other.patron("resident"), Title: title, Pickup: other.branch,
	})
	other.must(err)
	owner.capture("2026-03-02 10:00", book)
	other.receive("2026-03-03 10:00", book)
	done := other.night("2026-03-11 01:00", 10)
	equal(t, "one", len(done), 1)
	equal(t, "closed", other.holdNow(out.Hold.HoldRef).Status, circulation.HoldExpired)
	equal(t, "in transit to its owner", done[0].Transit.ToLibrary, owner.Library.ID)
	equal(t, "not for pick-up", done[0].Transit.Hold, broker.NoID)
	owner.noBreach()
}

func TestOneBadRowStopsNobodyElse(t *testing.T) {
	t.Parallel()
	library := oneLibrary(t, "western-district", "America/Chicago")
	var bad catalog.Ref
	for i := range 5 {
		book, _ := library.shelved(fmt.Sprintf("2026-03-03 10:0%d", i))
		if i == 2 {
			bad = book
		}
	}
	library.do(func(_ context.Context, tx *postgres.Tx) error {
		catalog.SetItemStatus(tx, bad.Library, bad.ID, catalog.Missing)
		return nil
	})
	done := library.night("2026-03-11 01:00", 10)
	equal(t, "all looked at", len(done), 5)
	failed := 0
	for _, outcome := range done {
		if outcome.Failed != nil {
			failed++
			equal(t, "the bad one", outcome.Hold.Item, bad.ID)
		}
	}
	equal(t, "one failed", failed, 1)
	equal(t, "unchanged", library.stored(bad).Status, catalog.Missing)
}

func TestAHoldThatIsNotFilledInTimeEnds(t *testing.T) {
	t.Parallel()
	library := oneLibrary(t, "western-district", "America/Chicago")
	title := library.title()
	book := library.item("book", title)
	until := func(in *circulation.PlaceHold) { in.ExpiresOn = broker.MustDate("2026-03-10") }
	a := library.plain(library.patron("resident"), title, "2026-03-02 09:00", until)
	b := library.plain(library.patron("resident"), title, "2026-03-02 09:01")
	expire := func(day string) (ended []circulation.Hold) {
		library.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
			date := broker.MustDate(day)
			ended, err = circulation.ExpireUnfilledSlice(ctx, tx, library.Library.ID, date, library.at(day+" 01:00").Now, 10)
			return err
		})
		return ended
	}
	equal(t, "not on the last day", len(expire("2026-03-10")), 0)
	equal(t, "passed by the day after, though no night ran", library.capture("2026-03-11 10:00", book).Given.HoldRef, b.HoldRef)
	ended := expire("2026-03-12")
	equal(t, "one", len(ended), 1)
	equal(t, "A", ended[0].HoldRef, a.HoldRef)
	library.noBreach()
}

// The slice is read by the index on the date, however long the shelf is.
func TestTheSliceUsesTheIndexByDate(t *testing.T) {
	t.Parallel()
	library := oneLibrary(t, "western-district", "America/Chicago")
	_, hold := library.shelved("2026-03-03 10:00")
	var plan string
	err := library.db.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into holds (library_id, id, title_id, item_id, for_library_id, patron_id, queued_at, placed_at, status, pick_up_by, closed_at)
			select library_id, gen_random_uuid(), title_id, null, for_library_id, patron_id, queued_at, placed_at, 'fulfilled', pick_up_by, placed_at
			from holds, generate_series(1, 5000) where id = $1`, hold.ID)
		rows, err := tx.Query(ctx, `explain select h.id from holds h where h.for_library_id = $1 and h.status = 'on_hold_shelf' and h.pick_up_by < $2
			and h.request_id is null order by h.pick_up_by, h.id limit 50`, library.Library.ID, broker.MustDate("2026-03-20"))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				return err
			}
			plan += line + "\n"
		}
		return rows.Err()
	})
	library.must(err)
	if !strings.Contains(plan, "holds_on_shelf_by_date") {
		t.Errorf("the slice is not read by its index:\n%s", plan)
	}
}

// Whatever patrons and staff do with the copies of a title: the queue is served
// in order but for those who are passed by, and no copy is in two places.
func TestHoldsInAnyOrder(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	var people []patrons.Ref
	for range 8 {
		people = append(people, perth.patron("member"))
	}
	perth.block(people[0], "capture")
	rapid.Check(t, func(r *rapid.T) {
		title := perth.title()
		copies := []catalog.Ref{perth.item("book", title), perth.item("book", title)}
		now := perth.at("2026-03-02 10:00")
		for range rapid.IntRange(4, 14).Draw(r, "acts") {
			now.Now = now.Now.Add(7 * time.Hour)
			item := rapid.SampledFrom(copies).Draw(r, "copy")
			who := rapid.SampledFrom(people).Draw(r, "who")
			err := perth.try(func(ctx context.Context, tx *postgres.Tx) error {
				return anyAct(ctx, tx, r, perth, people, now, item, who, title)
			})
			if _, ours := broker.AsError(err); err != nil && !ours {
				r.Fatalf("a fault instead of an answer: %v", err)
			}
		}
	})
	perth.noBreach()
}

func anyAct(ctx context.Context, tx *postgres.Tx, r *rapid.T, perth house, people []patrons.Ref, desk circulation.Desk, item catalog.Ref, who patrons.Ref, title broker.ID) error {
	open, err := circulation.HoldsOf(ctx, tx, who)
	if err != nil {
		return err
	}
	var own circulation.HoldRef
	for _, hold := range open {
		if hold.Title == title {
			own = hold.HoldRef
		}
	}
	switch rapid.SampledFrom([]string{"place", "place one", "place", "return", "return", "lend", "lend", "capture", "capture", "cancel", "suspend", "resume", "permit", "night"}).Draw(r, "act") {
	case "place":
		_, err = perth.Circ.PlaceHold(ctx, tx, circulation.PlaceHold{Desk: desk, Library: perth.Library.ID, Patron: who, Title: title})
	case "place one":
		_, err = perth.Circ.PlaceHold(ctx, tx, circulation.PlaceHold{Desk: desk, Library: perth.Library.ID, Patron: who, Title: title, Item: item.ID})
	case "return":
		_, err = perth.Circ.Return(ctx, tx, circulation.Return{Desk: desk, Item: item})
	case "lend":
		_, err = perth.Circ.CheckOut(ctx, tx, circulation.CheckOut{Desk: desk, Item: item, Patron: who})
	case "capture":
		var out circulation.HoldOutcome
		out, err = perth.Circ.CaptureHold(ctx, tx, circulation.Capture{Desk: desk, Item: item})
		if err == nil && !out.Replayed && out.Given.Patron == people[0] {
			r.Errorf("kept for a patron who is blocked")
		}
	case "cancel":
		_, err = perth.Circ.CancelHold(ctx, tx, desk, own)
	case "suspend":
		_, err = perth.Circ.Suspend(ctx, tx, desk, own, broker.Date{}, broker.Date{})
	case "resume":
		_, err = perth.Circ.Resume(ctx, tx, desk, own)
	case "permit":
		_, err = perth.Circ.Permit(ctx, tx, desk, own, rapid.SampledFrom(people).Draw(r, "other").ID)
	case "night":
		desk.Now = desk.Now.AddDate(0, 0, 40)
		_, err = perth.Circ.ExpireShelfSlice(ctx, tx, desk, 5, nil)
	}
	return err
}
