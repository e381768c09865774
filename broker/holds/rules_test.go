package holds_test

import (
	"context"
	"sync"
	"testing"
	"time"

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

func TestHLD12ThoseBehindCloseRanks(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	title := perth.Title()
	perth.Item("book", title)
	a := perth.Plain(perth.Patron("member"), title, "2026-03-02 09:00")
	b := perth.Plain(perth.Patron("member"), title, "2026-03-02 09:01")
	c := perth.Plain(perth.Patron("member"), title, "2026-03-02 09:02")
	towntest.Equal(t, "C at first", perth.Position(c.Ref), 3)
	perth.Cancel("2026-03-02 10:00", a.Ref)
	perth.Cancel("2026-03-02 10:01", b.Ref)
	towntest.Equal(t, "C is first", perth.Position(c.Ref), 1)
}

func TestHLD13ABlockedPatronIsPassedByAndKeepsThePlace(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	title := perth.Title()
	book := perth.Item("book", title)
	borrower := perth.Patron("member")
	_, err := towntest.Act(perth.Town, perth.Loans.CheckOut, loans.CheckOut{Desk: perth.At("2026-03-02 09:00"), Item: book, Patron: borrower})
	perth.Must(err)
	blocked, alsoBlocked, free := perth.Patron("member"), perth.Patron("member"), perth.Patron("member")
	a := perth.Plain(blocked, title, "2026-03-02 09:10")
	perth.Plain(alsoBlocked, title, "2026-03-02 09:11")
	c := perth.Plain(free, title, "2026-03-02 09:12")
	perth.Block(blocked, "capture")
	perth.Block(alsoBlocked) // everything
	perth.Block(free, "checkout")
	out, err := towntest.Act(perth.Town, perth.Returns.Return, returns.Return{Desk: perth.At("2026-03-04 10:00"), Item: book})
	perth.Must(err)
	towntest.Equal(t, "captured for the first who is not blocked", out.Given.Ref, c.Ref)
	towntest.Equal(t, "A keeps the place", perth.Position(a.Ref), 1)
	perth.NoBreach()
}

func TestHLD14ABlockedPatronDoesNotGetItAndTheHoldStays(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	title := perth.Title()
	book := perth.Item("book", title)
	patron := perth.Patron("member")
	hold := perth.Plain(patron, title, "2026-03-02 09:00")
	perth.Capture("2026-03-02 10:00", book)
	perth.Block(patron, "checkout")
	in := loans.CheckOut{Desk: perth.At("2026-03-03 10:00"), Item: book, Patron: patron}
	_, err := towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	towntest.Equal(t, "refused", towntest.WantCode(t, err, "may_not_check_out").Reasons[0].Code, "blocked")
	towntest.Equal(t, "still on the shelf", perth.HoldNow(hold.Ref).Status, holds.OnHoldShelf)
	in.Overrides, in.Reason, in.Desk.Actor.Roles = []string{"blocked"}, "the director was asked", []string{"director"}
	out, err := towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	perth.Must(err)
	towntest.Equal(t, "staff override", out.Hold.Status, holds.Fulfilled)
}

func TestASuspendedHoldIsPassedByAndKeepsThePlace(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	title := perth.Title()
	book, second := perth.Item("book", title), perth.Item("book", title)
	a := perth.Plain(perth.Patron("member"), title, "2026-03-02 09:00")
	b := perth.Plain(perth.Patron("member"), title, "2026-03-02 09:01")
	_, err := perth.Change("2026-03-02 09:30", func(ctx context.Context, tx *postgres.Tx, desk standing.Desk) (holds.Outcome, error) {
		return perth.Holds.Suspend(ctx, tx, desk, a.Ref, broker.MustDate("2026-03-03"), broker.MustDate("2026-03-10"))
	})
	perth.Must(err)
	towntest.Equal(t, "on the last suspended day", perth.Capture("2026-03-10 10:00", book).Given.Ref, b.Ref)
	towntest.Equal(t, "and A again the day after", perth.Capture("2026-03-11 10:00", second).Given.Ref, a.Ref)
	perth.NoBreach()
}

func TestAHoldForOneCopyWaitsForThatCopy(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	title := perth.Title()
	first, second := perth.Item("book", title), perth.Item("book", title)
	only := func(in *holds.PlaceHold) { in.Item = second.ID }
	a := perth.Plain(perth.Patron("member"), title, "2026-03-02 09:00", only)
	b := perth.Plain(perth.Patron("member"), title, "2026-03-02 09:01")
	var pulls []holds.Pull
	perth.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		pulls, err = holds.PullList(ctx, tx, perth.Library.ID, broker.MustDate("2026-03-02"), broker.Page{Limit: 10})
		return err
	})
	if len(pulls) != 2 || pulls[0].Hold.Ref != a.Ref || pulls[0].Item.ID != second.ID || pulls[1].Item.ID != first.ID {
		t.Fatalf("pull list: %+v", pulls)
	}
	towntest.Equal(t, "another copy is for the next", perth.Capture("2026-03-02 10:00", first).Given.Ref, b.Ref)
	towntest.Equal(t, "its own copy", perth.Capture("2026-03-02 10:01", second).Given.Ref, a.Ref)
	perth.NoBreach()
}

func TestHLD26WhatOneHasOrWaitsForIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	title := perth.Title()
	book := perth.Item("book", title)
	reader, waiting := perth.Patron("member"), perth.Patron("member")
	_, err := towntest.Act(perth.Town, perth.Loans.CheckOut, loans.CheckOut{Desk: perth.At("2026-03-02 09:00"), Item: book, Patron: reader})
	perth.Must(err)
	ask := func(patron patrons.Ref) error {
		_, err := towntest.Act(perth.Town, perth.Holds.PlaceHold, holds.PlaceHold{Desk: perth.At("2026-03-02 10:00"), Library: perth.Library.ID, Patron: patron, Title: title})
		return err
	}
	towntest.WantCode(t, ask(reader), "already_on_loan")
	perth.Must(ask(waiting))
	towntest.WantCode(t, ask(waiting), "already_on_hold")
}

func TestHLD19FoundAtAnotherBranchItIsSentToWhereItWaits(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	two := perth.BranchNamed("two")
	title := perth.Title()
	book := perth.Item("book", title)
	hold := perth.Plain(perth.Patron("member"), title, "2026-03-02 09:00", func(in *holds.PlaceHold) { in.Pickup = two })
	perth.Capture("2026-03-02 10:00", book)
	arrive := func(local string) holds.Outcome {
		out, err := towntest.Act(perth.Town, func(ctx context.Context, tx *postgres.Tx, desk standing.Desk) (holds.Outcome, error) {
			return perth.Holds.ReceiveTransit(ctx, tx, desk, book)
		}, perth.AtBranch(local, two))
		perth.Must(err)
		return out
	}
	towntest.Equal(t, "waits at branch 2", arrive("2026-03-03 10:00").Hold.Status, holds.OnHoldShelf)
	out, err := towntest.Act(perth.Town, func(ctx context.Context, tx *postgres.Tx, ref catalog.Ref) (holds.Outcome, error) {
		return perth.Holds.FindShelved(ctx, tx, perth.At("2026-03-04 10:00"), ref)
	}, book)
	perth.Must(err)
	towntest.Equal(t, "no longer waiting", out.Hold.Status, holds.InTransit)
	towntest.Equal(t, "keeps its copy", out.Hold.Item, book.ID)
	towntest.Equal(t, "goes to branch 2", out.Transit.ToBranch, two)
	towntest.Equal(t, "in transit", perth.Stored(book).Status, catalog.InTransit)
	towntest.Equal(t, "and waits there again", arrive("2026-03-05 10:00").Hold.Ref, hold.Ref)
	perth.NoBreach()
}

func TestHLD22CheckedOutToAnotherWithPermissionTheHoldIsFirstAgain(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	two := perth.BranchNamed("two")
	title := perth.Title()
	book := perth.Item("book", title)
	other := perth.Patron("member")
	a := perth.Plain(perth.Patron("member"), title, "2026-03-02 09:00", func(in *holds.PlaceHold) { in.Pickup = two })
	perth.Capture("2026-03-02 10:00", book)
	perth.Plain(perth.Patron("member"), title, "2026-02-01 09:00", func(in *holds.PlaceHold) {
		in.QueuedAt = perth.At("2026-01-05 09:00").Now // asked earlier, entered later
	})
	in := loans.CheckOut{Desk: perth.AtBranch("2026-03-03 10:00", two), Item: book, Patron: other}
	_, err := towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	towntest.Equal(t, "PER-5 not without permission", towntest.WantCode(t, err, "may_not_check_out").Reasons[0].Code, "held_for_other")
	_, err = perth.Change("2026-03-03 10:01", func(ctx context.Context, tx *postgres.Tx, desk standing.Desk) (holds.Outcome, error) {
		return perth.Holds.Permit(ctx, tx, desk, a.Ref, other.ID)
	})
	perth.Must(err)
	_, err = towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	perth.Must(err)
	now := perth.HoldNow(a.Ref)
	towntest.Equal(t, "not in transit", now.Status, holds.Placed)
	towntest.Equal(t, "without a copy", now.Item, broker.NoID)
	towntest.Equal(t, "the permission is used up", now.Permitted, broker.NoID)
	towntest.Equal(t, "first", perth.Position(a.Ref), 1)
	towntest.Equal(t, "on loan", perth.Stored(book).Status, catalog.OnLoan)
	perth.NoBreach() // with it: no open transit beside a loan
}

func TestHLD28AStaleOrderIsRefused(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	title := perth.Title()
	book := perth.Item("book", title)
	a := perth.Plain(perth.Patron("member"), title, "2026-03-02 09:00")
	b := perth.Plain(perth.Patron("member"), title, "2026-03-02 09:01")
	seen := holds.QueueVersion(perth.Queue(title))
	c := perth.Plain(perth.Patron("member"), title, "2026-03-02 09:02")
	reorder := func(version string, order ...holds.Hold) error {
		in := holds.Reorder{Desk: perth.At("2026-03-02 10:00"), Library: perth.Library.ID, Title: title, Version: version, Reason: "class visit tomorrow"}
		for _, hold := range order {
			in.Order = append(in.Order, hold.ID)
		}
		return perth.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := perth.Holds.Reorder(ctx, tx, in)
			return err
		})
	}
	towntest.WantCode(t, reorder(seen, b, a), "list_is_stale")
	fresh := holds.QueueVersion(perth.Queue(title))
	towntest.WantCode(t, reorder(fresh, b, a), "invalid_input")
	perth.Must(reorder(fresh, c, a, b))
	for i, hold := range perth.Queue(title) {
		towntest.Equal(t, "place", hold.Ref, []holds.Hold{c, a, b}[i].Ref)
	}
	towntest.WantCode(t, reorder(fresh, a, b, c), "list_is_stale")
	towntest.Equal(t, "served in the new order", perth.Capture("2026-03-02 11:00", book).Given.Ref, c.Ref)
	perth.NoBreach()
}

func TestCON01ACheckoutWhileAHoldIsCapturedHasOneWinner(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	for range 8 {
		title := perth.Title()
		book := perth.Item("book", title)
		perth.Plain(perth.Patron("member"), title, "2026-03-02 09:00")
		walkIn := perth.Patron("member")
		var captured, lent error
		var desks sync.WaitGroup
		desks.Go(func() {
			_, captured = towntest.Act(perth.Town, perth.Holds.CaptureHold, holds.Capture{Desk: perth.At("2026-03-02 10:00"), Item: book})
		})
		desks.Go(func() {
			_, lent = towntest.Act(perth.Town, perth.Loans.CheckOut, loans.CheckOut{Desk: perth.At("2026-03-02 10:00"), Item: book, Patron: walkIn})
		})
		desks.Wait()
		switch {
		case captured == nil && lent != nil:
			towntest.Equal(t, "the loser hears why", towntest.WantCode(t, lent, "may_not_check_out").Reasons[0].Code, "held_for_other")
		case lent == nil && captured != nil:
			towntest.WantCode(t, captured, "item_not_available")
		default:
			t.Fatalf("one winner: capture %v, checkout %v", captured, lent)
		}
	}
	perth.NoBreach()
}

// Case CON-06.
func TestCON06OneOpenJourneyForAnItem(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	two := perth.BranchNamed("two")
	title := perth.Title()
	book := perth.Item("book", title)
	perth.Plain(perth.Patron("member"), title, "2026-03-02 09:00", func(in *holds.PlaceHold) { in.Pickup = two })
	perth.Capture("2026-03-02 10:00", book)
	towntest.Equal(t, "captured again", perth.Capture("2026-03-02 10:01", book).Replayed, true)
	err := perth.Try(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into transits (library_id, id, item_id, to_library_id, sent_at) values ($1, $2, $3, $1, $4)`,
			book.Library, broker.NewID(), book.ID, time.Now())
		return nil
	})
	if err == nil {
		t.Error("a second open journey was recorded")
	}
}
