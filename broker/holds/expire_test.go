package holds_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy/attributes"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/broker/towntest"
)

func TestTheNightClearsTheShelf(t *testing.T) {
	t.Parallel()
	// Six open days from Tuesday 3 March: until Tuesday 10 March.
	library := towntest.OneLibrary(t, "western-district", "America/Chicago")
	title := library.Title()
	book := library.Item("book", title)
	library.Plain(library.Patron("resident"), title, "2026-03-02 09:00")
	second := library.Plain(library.Patron("resident"), title, "2026-03-02 09:01")
	first := library.Capture("2026-03-03 10:00", book).Given
	towntest.Equal(t, "until", first.PickUpBy, broker.MustDate("2026-03-10"))
	alone, _ := library.Shelved("2026-03-03 11:00")

	towntest.Equal(t, "not on the last day", len(library.Night("2026-03-10 23:00", 10)), 0)
	done := library.Night("2026-03-11 01:00", 10)
	towntest.Equal(t, "the day after", len(done), 2)
	towntest.Equal(t, "expired", library.HoldNow(first.Ref).Status, holds.Expired)
	towntest.Equal(t, "HLD-29 given to the next", library.HoldNow(second.Ref).Item, book.ID)
	towntest.Equal(t, "nobody waits: back on the shelf", library.Stored(alone).Status, catalog.OnShelf)
	towntest.Equal(t, "a second run finds nothing", len(library.Night("2026-03-11 01:10", 10)), 0)
	library.NoBreach()
}

func TestHLD07NothingExpiresOnAClosedDayAndHLD08NothingLingers(t *testing.T) {
	t.Parallel()
	// The library is closed on Sundays; the date is set so that it ends on a
	// Saturday, and the next open day is Monday.
	library := towntest.OneLibrary(t, "western-district", "America/Chicago", "2026-03-19")
	_, saturday := library.Shelved("2026-03-03 10:00")
	_, monday := library.Shelved("2026-03-03 10:05")
	library.Do(func(_ context.Context, tx *postgres.Tx) error {
		holds.MoveShelfDate(tx, saturday.Ref, broker.MustDate("2026-03-14"))
		holds.MoveShelfDate(tx, monday.Ref, broker.MustDate("2026-03-16"))
		return nil
	})
	towntest.Equal(t, "HLD-07 not on the closed Sunday", len(library.Night("2026-03-15 01:00", 10)), 0)
	towntest.Equal(t, "but on Monday", len(library.Night("2026-03-16 01:00", 10)), 1)
	// On Tuesday and Wednesday the server was down; Thursday is closed.
	done := library.Night("2026-03-19 01:00", 10)
	towntest.Equal(t, "HLD-08 expired on the closed Thursday", len(done), 1)
	towntest.Equal(t, "the one of Monday", done[0].Hold.Ref, monday.Ref)
}

func TestHLD05AfterContactStaffDecide(t *testing.T) {
	t.Parallel()
	library := towntest.OneLibrary(t, "western-district", "America/Chicago")
	_, kept := library.Shelved("2026-03-03 10:00")
	_, other := library.Shelved("2026-03-03 10:05")
	_, err := library.Change("2026-03-09 10:00", func(ctx context.Context, tx *postgres.Tx, desk standing.Desk) (holds.Outcome, error) {
		return library.Holds.NoteContact(ctx, tx, desk, kept.Ref)
	})
	library.Must(err)
	done := library.Night("2026-03-12 01:00", 1) // the kept one comes before it and takes up no room in the slice
	towntest.Equal(t, "only the other", len(done), 1)
	towntest.Equal(t, "the other", done[0].Hold.Ref, other.Ref)
	towntest.Equal(t, "kept", library.HoldNow(kept.Ref).Status, holds.OnHoldShelf)
	var list []holds.Cleared
	library.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		list, err = library.Holds.ClearShelf(ctx, tx, library.At("2026-03-12 09:00"), library.At("2026-03-12 00:00").Now, broker.Page{Limit: 10})
		return err
	})
	if len(list) != 2 {
		t.Fatalf("to clear: %+v", list)
	}
	towntest.Equal(t, "staff decide", list[0].Action, attributes.StaffDecision)
	towntest.Equal(t, "the other goes back", list[1].NextAct, standing.PutOnShelf)

	extend := func(until string) error {
		_, err := library.Change("2026-03-12 10:00", func(ctx context.Context, tx *postgres.Tx, desk standing.Desk) (holds.Outcome, error) {
			return library.Holds.Extend(ctx, tx, desk, kept.Ref, broker.MustDate(until))
		})
		return err
	}
	towntest.WantCode(t, extend("2026-03-20"), "shelf_time_too_long")
	library.Must(extend("2026-03-19")) // six open days from Thursday
	towntest.Equal(t, "longer", library.HoldNow(kept.Ref).PickUpBy, broker.MustDate("2026-03-19"))
}

func TestHLD29TheNightSendsHomeWhatBelongsElsewhere(t *testing.T) {
	t.Parallel()
	owner := towntest.OneLibrary(t, "western-district", "America/Chicago")
	other := owner.AddLibrary("western-district", "America/Chicago")
	title := owner.Title()
	book := owner.Item("book", title)
	out, err := towntest.Act(other.Town, other.Holds.PlaceHold, holds.PlaceHold{
		Desk: other.At("2026-03-02 09:00"), Library: owner.Library.ID, Patron: other.Patron("resident"), Title: title, Pickup: other.Branch,
	})
	other.Must(err)
	owner.Capture("2026-03-02 10:00", book)
	other.Receive("2026-03-03 10:00", book)
	done := other.Night("2026-03-11 01:00", 10)
	towntest.Equal(t, "one", len(done), 1)
	towntest.Equal(t, "closed", other.HoldNow(out.Hold.Ref).Status, holds.Expired)
	towntest.Equal(t, "in transit to its owner", done[0].Transit.ToLibrary, owner.Library.ID)
	towntest.Equal(t, "not for pick-up", done[0].Transit.Hold, broker.NoID)
	owner.NoBreach()
}

func TestOneBadRowStopsNobodyElse(t *testing.T) {
	t.Parallel()
	library := towntest.OneLibrary(t, "western-district", "America/Chicago")
	var bad catalog.Ref
	for i := range 5 {
		book, _ := library.Shelved(fmt.Sprintf("2026-03-03 10:0%d", i))
		if i == 2 {
			bad = book
		}
	}
	library.Do(func(_ context.Context, tx *postgres.Tx) error {
		catalog.SetItemStatus(tx, bad.Library, bad.ID, catalog.Missing)
		return nil
	})
	done := library.Night("2026-03-11 01:00", 10)
	towntest.Equal(t, "all looked at", len(done), 5)
	failed := 0
	for _, outcome := range done {
		if outcome.Failed != nil {
			failed++
			towntest.Equal(t, "the bad one", outcome.Hold.Item, bad.ID)
		}
	}
	towntest.Equal(t, "one failed", failed, 1)
	towntest.Equal(t, "unchanged", library.Stored(bad).Status, catalog.Missing)
}

func TestAHoldThatIsNotFilledInTimeEnds(t *testing.T) {
	t.Parallel()
	library := towntest.OneLibrary(t, "western-district", "America/Chicago")
	title := library.Title()
	book := library.Item("book", title)
	until := func(in *holds.PlaceHold) { in.ExpiresOn = broker.MustDate("2026-03-10") }
	a := library.Plain(library.Patron("resident"), title, "2026-03-02 09:00", until)
	b := library.Plain(library.Patron("resident"), title, "2026-03-02 09:01")
	expire := func(day string) (ended []holds.Hold) {
		library.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
			date := broker.MustDate(day)
			ended, err = holds.ExpireUnfilledSlice(ctx, tx, library.Library.ID, date, library.Library.Zone, 10)
			return err
		})
		return ended
	}
	towntest.Equal(t, "not on the last day", len(expire("2026-03-10")), 0)
	towntest.Equal(t, "passed by the day after, though no night ran", library.Capture("2026-03-11 10:00", book).Given.Ref, b.Ref)
	ended := expire("2026-03-12")
	towntest.Equal(t, "one", len(ended), 1)
	towntest.Equal(t, "A", ended[0].Ref, a.Ref)
	towntest.Equal(t, "when its last day was over", ended[0].ClosedAt, library.At("2026-03-11 00:00").Now)
	library.NoBreach()
}

// The slice is read by the index on the date, however long the shelf is.
func TestTheSliceUsesTheIndexByDate(t *testing.T) {
	t.Parallel()
	library := towntest.OneLibrary(t, "western-district", "America/Chicago")
	_, hold := library.Shelved("2026-03-03 10:00")
	var plan string
	err := library.DB.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
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
	library.Must(err)
	if !strings.Contains(plan, "holds_on_shelf_by_date") {
		t.Errorf("the slice is not read by its index:\n%s", plan)
	}
}

// Whatever patrons and staff do with the copies of a title: the queue is served
// in order except for those who are passed over, and no copy is in two places.
func TestHoldsInAnyOrder(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	var people []patrons.Ref
	for range 8 {
		people = append(people, perth.Patron("member"))
	}
	perth.Block(people[0], "capture")
	rapid.Check(t, func(r *rapid.T) {
		title := perth.Title()
		copies := []catalog.Ref{perth.Item("book", title), perth.Item("book", title)}
		now := perth.At("2026-03-02 10:00")
		for range rapid.IntRange(4, 14).Draw(r, "acts") {
			now.Now = now.Now.Add(7 * time.Hour)
			item := rapid.SampledFrom(copies).Draw(r, "copy")
			who := rapid.SampledFrom(people).Draw(r, "who")
			err := perth.Try(func(ctx context.Context, tx *postgres.Tx) error {
				return anyAct(ctx, tx, r, perth, people, now, item, who, title)
			})
			if _, ours := broker.AsError(err); err != nil && !ours {
				r.Fatalf("a fault instead of an answer: %v", err)
			}
		}
	})
	perth.NoBreach()
}

func anyAct(ctx context.Context, tx *postgres.Tx, r *rapid.T, perth towntest.House, people []patrons.Ref, desk standing.Desk, item catalog.Ref, who patrons.Ref, title broker.ID) error {
	open, err := holds.Of(ctx, tx, who)
	if err != nil {
		return err
	}
	var own holds.Ref
	for _, hold := range open {
		if hold.Title == title {
			own = hold.Ref
		}
	}
	switch rapid.SampledFrom([]string{"place", "place one", "place", "return", "return", "lend", "lend", "capture", "capture", "cancel", "suspend", "resume", "permit", "night"}).Draw(r, "act") {
	case "place":
		_, err = perth.Holds.PlaceHold(ctx, tx, holds.PlaceHold{Desk: desk, Library: perth.Library.ID, Patron: who, Title: title})
	case "place one":
		_, err = perth.Holds.PlaceHold(ctx, tx, holds.PlaceHold{Desk: desk, Library: perth.Library.ID, Patron: who, Title: title, Item: item.ID})
	case "return":
		_, err = perth.Returns.Return(ctx, tx, returns.Return{Desk: desk, Item: item})
	case "lend":
		_, err = perth.Loans.CheckOut(ctx, tx, loans.CheckOut{Desk: desk, Item: item, Patron: who})
	case "capture":
		var out holds.Outcome
		out, err = perth.Holds.CaptureHold(ctx, tx, holds.Capture{Desk: desk, Item: item})
		if err == nil && !out.Replayed && out.Given.Patron == people[0] {
			r.Errorf("kept for a patron who is blocked")
		}
	case "cancel":
		_, err = perth.Holds.CancelHold(ctx, tx, desk, own)
	case "suspend":
		_, err = perth.Holds.Suspend(ctx, tx, desk, own, broker.Date{}, broker.Date{})
	case "resume":
		_, err = perth.Holds.Resume(ctx, tx, desk, own)
	case "permit":
		_, err = perth.Holds.Permit(ctx, tx, desk, own, rapid.SampledFrom(people).Draw(r, "other").ID)
	case "night":
		desk.Now = desk.Now.AddDate(0, 0, 40)
		_, err = perth.Holds.ExpireShelfSlice(ctx, tx, desk, 5, nil)
	}
	return err
}
