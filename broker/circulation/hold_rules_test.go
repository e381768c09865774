package circulation_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

func TestHLD12ThoseBehindCloseRanks(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	title := perth.title()
	perth.item("book", title)
	a := perth.plain(perth.patron("member"), title, "2026-03-02 09:00")
	b := perth.plain(perth.patron("member"), title, "2026-03-02 09:01")
	c := perth.plain(perth.patron("member"), title, "2026-03-02 09:02")
	equal(t, "C at first", perth.placeOf(c.HoldRef), 3)
	perth.cancel("2026-03-02 10:00", a.HoldRef)
	perth.cancel("2026-03-02 10:01", b.HoldRef)
	equal(t, "C is first", perth.placeOf(c.HoldRef), 1)
}

func TestHLD13ABlockedPatronIsPassedByAndKeepsThePlace(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	title := perth.title()
	book := perth.item("book", title)
	borrower := perth.patron("member")
	_, err := act(perth.town, perth.Circ.CheckOut, circulation.CheckOut{Desk: perth.at("2026-03-02 09:00"), Item: book, Patron: borrower})
	perth.must(err)
	blocked, alsoBlocked, free := perth.patron("member"), perth.patron("member"), perth.patron("member")
	a := perth.plain(blocked, title, "2026-03-02 09:10")
	perth.plain(alsoBlocked, title, "2026-03-02 09:11")
	c := perth.plain(free, title, "2026-03-02 09:12")
	perth.block(blocked, "capture")
	perth.block(alsoBlocked) // everything
	perth.block(free, "checkout")
	out, err := act(perth.town, perth.Circ.Return, circulation.Return{Desk: perth.at("2026-03-04 10:00"), Item: book})
	perth.must(err)
	equal(t, "captured for the first who is not blocked", out.Given.HoldRef, c.HoldRef)
	equal(t, "A keeps the place", perth.placeOf(a.HoldRef), 1)
	perth.noBreach()
}

func TestHLD14ABlockedPatronDoesNotGetItAndTheHoldStays(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	title := perth.title()
	book := perth.item("book", title)
	patron := perth.patron("member")
	hold := perth.plain(patron, title, "2026-03-02 09:00")
	perth.capture("2026-03-02 10:00", book)
	perth.block(patron, "checkout")
	in := circulation.CheckOut{Desk: perth.at("2026-03-03 10:00"), Item: book, Patron: patron}
	_, err := act(perth.town, perth.Circ.CheckOut, in)
	equal(t, "refused", wantCode(t, err, "may_not_check_out").Reasons[0].Code, "blocked")
	equal(t, "still on the shelf", perth.holdNow(hold.HoldRef).Status, circulation.HoldOnShelf)
	in.Overrides, in.Reason, in.Desk.Actor.Roles = []string{"blocked"}, "the director was asked", []string{"director"}
	out, err := act(perth.town, perth.Circ.CheckOut, in)
	perth.must(err)
	equal(t, "staff override", out.Hold.Status, circulation.HoldFulfilled)
}

func TestASuspendedHoldIsPassedByAndKeepsThePlace(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	title := perth.title()
	book, second := perth.item("book", title), perth.item("book", title)
	a := perth.plain(perth.patron("member"), title, "2026-03-02 09:00")
	b := perth.plain(perth.patron("member"), title, "2026-03-02 09:01")
	_, err := perth.change("2026-03-02 09:30", func(ctx context.Context, tx *postgres.Tx, desk circulation.Desk) (circulation.HoldOutcome, error) {
		return perth.Circ.Suspend(ctx, tx, desk, a.HoldRef, broker.MustDate("2026-03-03"), broker.MustDate("2026-03-10"))
	})
	perth.must(err)
	equal(t, "on the last suspended day", perth.capture("2026-03-10 10:00", book).Given.HoldRef, b.HoldRef)
	equal(t, "and A again the day after", perth.capture("2026-03-11 10:00", second).Given.HoldRef, a.HoldRef)
	perth.noBreach()
}

func TestAHoldForOneCopyWaitsForThatCopy(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	title := perth.title()
	first, second := perth.item("book", title), perth.item("book", title)
	only := func(in *circulation.PlaceHold) { in.Item = second.ID }
	a := perth.plain(perth.patron("member"), title, "2026-03-02 09:00", only)
	b := perth.plain(perth.patron("member"), title, "2026-03-02 09:01")
	var pulls []circulation.Pull
	perth.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		pulls, err = circulation.PullList(ctx, tx, perth.Library.ID, broker.MustDate("2026-03-02"), broker.Page{Limit: 10})
		return err
	})
	if len(pulls) != 2 || pulls[0].Hold.HoldRef != a.HoldRef || pulls[0].Item.ID != second.ID || pulls[1].Item.ID != first.ID {
		t.Fatalf("pull list: %+v", pulls)
	}
	equal(t, "another copy is for the next", perth.capture("2026-03-02 10:00", first).Given.HoldRef, b.HoldRef)
	equal(t, "its own copy", perth.capture("2026-03-02 10:01", second).Given.HoldRef, a.HoldRef)
	perth.noBreach()
}

func TestHLD26WhatOneHasOrWaitsForIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	title := perth.title()
	book := perth.item("book", title)
	reader, waiting := perth.patron("member"), perth.patron("member")
	_, err := act(perth.town, perth.Circ.CheckOut, circulation.CheckOut{Desk: perth.at("2026-03-02 09:00"), Item: book, Patron: reader})
	perth.must(err)
	ask := func(patron patrons.Ref) error {
		_, err := act(perth.town, perth.Circ.PlaceHold, circulation.PlaceHold{Desk: perth.at("2026-03-02 10:00"), Library: perth.Library.ID, Patron: patron, Title: title})
		return err
	}
	wantCode(t, ask(reader), "already_on_loan")
	perth.must(ask(waiting))
	wantCode(t, ask(waiting), "already_on_hold")
}

func TestHLD19FoundAtAnotherBranchItIsSentToWhereItWaits(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	two := perth.branchNamed("two")
	title := perth.title()
	book := perth.item("book", title)
	hold := perth.plain(perth.patron("member"), title, "2026-03-02 09:00", func(in *circulation.PlaceHold) { in.Pickup = two })
	perth.capture("2026-03-02 10:00", book)
	arrive := func(local string) circulation.HoldOutcome {
		out, err := act(perth.town, func(ctx context.Context, tx *postgres.Tx, desk circulation.Desk) (circulation.HoldOutcome, error) {
			return perth.Circ.ReceiveTransit(ctx, tx, desk, book)
		}, perth.atBranch(local, two))
		perth.must(err)
		return out
	}
	equal(t, "waits at branch 2", arrive("2026-03-03 10:00").Hold.Status, circulation.HoldOnShelf)
	out, err := act(perth.town, func(ctx context.Context, tx *postgres.Tx, ref catalog.Ref) (circulation.HoldOutcome, error) {
		return perth.Circ.FindShelved(ctx, tx, perth.at("2026-03-04 10:00"), ref)
	}, book)
	perth.must(err)
	equal(t, "no longer waiting", out.Hold.Status, circulation.HoldInTransit)
	equal(t, "keeps its copy", out.Hold.Item, book.ID)
	equal(t, "goes to branch 2", out.Transit.ToBranch, two)
	equal(t, "in transit", perth.stored(book).Status, catalog.InTransit)
	equal(t, "and waits there again", arrive("2026-03-05 10:00").Hold.HoldRef, hold.HoldRef)
	perth.noBreach()
}

func TestHLD22CheckedOutToAnotherWithPermissionTheHoldIsFirstAgain(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	two := perth.branchNamed("two")
	title := perth.title()
	book := perth.item("book", title)
	other := perth.patron("member")
	a := perth.plain(perth.patron("member"), title, "2026-03-02 09:00", func(in *circulation.PlaceHold) { in.Pickup = two })
	perth.capture("2026-03-02 10:00", book)
	perth.plain(perth.patron("member"), title, "2026-02-01 09:00", func(in *circulation.PlaceHold) {
		in.QueuedAt = perth.at("2026-01-05 09:00").Now // asked earlier, entered later
	})
	in := circulation.CheckOut{Desk: perth.atBranch("2026-03-03 10:00", two), Item: book, Patron: other}
	_, err := act(perth.town, perth.Circ.CheckOut, in)
	equal(t, "PER-5 not without permission", wantCode(t, err, "may_not_check_out").Reasons[0].Code, "held_for_other")
	_, err = perth.change("2026-03-03 10:01", func(ctx context.Context, tx *postgres.Tx, desk circulation.Desk) (circulation.HoldOutcome, error) {
		return perth.Circ.Permit(ctx, tx, desk, a.HoldRef, other.ID)
	})
	perth.must(err)
	_, err = act(perth.town, perth.Circ.CheckOut, in)
	perth.must(err)
	now := perth.holdNow(a.HoldRef)
	equal(t, "not in transit", now.Status, circulation.HoldPlaced)
	equal(t, "without a copy", now.Item, broker.NoID)
	equal(t, "the permission is used up", now.Permitted, broker.NoID)
	equal(t, "first", perth.placeOf(a.HoldRef), 1)
	equal(t, "on loan", perth.stored(book).Status, catalog.OnLoan)
	perth.noBreach() // with it: no open transit beside a loan
}

func TestHLD28AStaleOrderIsRefused(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	title := perth.title()
	book := perth.item("book", title)
	a := perth.plain(perth.patron("member"), title, "2026-03-02 09:00")
	b := perth.plain(perth.patron("member"), title, "2026-03-02 09:01")
	seen := circulation.QueueVersion(perth.queue(title))
	c := perth.plain(perth.patron("member"), title, "2026-03-02 09:02")
	reorder := func(version string, order ...circulation.Hold) error {
		in := circulation.Reorder{Desk: perth.at("2026-03-02 10:00"), Library: perth.Library.ID, Title: title, Version: version, Reason: "class visit tomorrow"}
		for _, hold := range order {
			in.Order = append(in.Order, hold.ID)
		}
		return perth.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := perth.Circ.Reorder(ctx, tx, in)
			return err
		})
	}
	wantCode(t, reorder(seen, b, a), "list_is_stale")
	fresh := circulation.QueueVersion(perth.queue(title))
	wantCode(t, reorder(fresh, b, a), "invalid_input")
	perth.must(reorder(fresh, c, a, b))
	for i, hold := range perth.queue(title) {
		equal(t, "place", hold.HoldRef, []circulation.Hold{c, a, b}[i].HoldRef)
	}
	wantCode(t, reorder(fresh, a, b, c), "list_is_stale")
	equal(t, "served in the new order", perth.capture("2026-03-02 11:00", book).Given.HoldRef, c.HoldRef)
	perth.noBreach()
}

func TestCON01ACheckoutWhileAHoldIsCapturedHasOneWinner(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	for range 8 {
		title := perth.title()
		book := perth.item("book", title)
		perth.plain(perth.patron("member"), title, "2026-03-02 09:00")
		walkIn := perth.patron("member")
		var captured, lent error
		var desks sync.WaitGroup
		desks.Go(func() {
			_, captured = act(perth.town, perth.Circ.CaptureHold, circulation.Capture{Desk: perth.at("2026-03-02 10:00"), Item: book})
		})
		desks.Go(func() {
			_, lent = act(perth.town, perth.Circ.CheckOut, circulation.CheckOut{Desk: perth.at("2026-03-02 10:00"), Item: book, Patron: walkIn})
		})
		desks.Wait()
		switch {
		case captured == nil && lent != nil:
			equal(t, "the loser hears why", wantCode(t, lent, "may_not_check_out").Reasons[0].Code, "held_for_other")
		case lent == nil && captured != nil:
			wantCode(t, captured, "item_not_available")
		default:
			t.Fatalf("one winner: capture %v, checkout %v", captured, lent)
		}
	}
	perth.noBreach()
}

// CON-06 of the given cases.
func TestCON06OneOpenJourneyForAnItem(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	two := perth.branchNamed("two")
	title := perth.title()
	book := perth.item("book", title)
	perth.plain(perth.patron("member"), title, "2026-03-02 09:00", func(in *circulation.PlaceHold) { in.Pickup = two })
	perth.capture("2026-03-02 10:00", book)
	equal(t, "captured again", perth.capture("2026-03-02 10:01", book).Replayed, true)
	err := perth.try(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into transits (library_id, id, item_id, to_library_id, sent_at) values ($1, $2, $3, $1, $4)`,
			book.Library, broker.NewID(), book.ID, time.Now())
		return nil
	})
	if err == nil {
		t.Error("a second open journey was recorded")
	}
}
