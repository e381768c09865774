package holds_test

import (
	"context"
	"slices"
	"testing"

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

// waitingList is who waits for a title, in order, and for whom its copies are
// kept.
type waitingList struct {
	queue []patrons.Ref
	kept  map[catalog.Ref]patrons.Ref
}

func (l waitingList) waits(who patrons.Ref) bool {
	if slices.Contains(l.queue, who) {
		return true
	}
	for _, kept := range l.kept {
		if kept == who {
			return true
		}
	}
	return false
}

func readList(ctx context.Context, tx *postgres.Tx, library, title broker.ID, copies []catalog.Ref) (waitingList, error) {
	list := waitingList{kept: map[catalog.Ref]patrons.Ref{}}
	queue, err := holds.Queue(ctx, tx, library, title)
	if err != nil {
		return list, err
	}
	for _, hold := range queue {
		list.queue = append(list.queue, hold.Patron)
	}
	for _, item := range copies {
		hold, err := holds.OfItem(ctx, tx, item)
		if broker.IsKind(err, broker.KindNotFound) {
			continue
		}
		if err != nil {
			return list, err
		}
		list.kept[item] = hold.Patron
	}
	return list, nil
}

// One act of a walk.
type walked struct {
	what string
	who  patrons.Ref
	item catalog.Ref
	desk standing.Desk
}

func (w walked) do(ctx context.Context, tx *postgres.Tx, town towntest.House, filler, title, pickup broker.ID) (err error) {
	var own holds.Ref
	open, err := holds.Of(ctx, tx, w.who)
	if err != nil {
		return err
	}
	for _, hold := range open {
		if hold.Title == title {
			own = hold.Ref
		}
	}
	switch w.what {
	case "place":
		_, err = town.Holds.PlaceHold(ctx, tx, holds.PlaceHold{Desk: w.desk, Library: filler, Patron: w.who, Title: title, Pickup: pickup})
	case "lend":
		_, err = town.Loans.CheckOut(ctx, tx, loans.CheckOut{Desk: w.desk, Item: w.item, Patron: w.who})
	case "lend all the same":
		_, err = town.Loans.CheckOut(ctx, tx, loans.CheckOut{
			Desk: w.desk, Item: w.item, Patron: w.who,
			Overriding: standing.Overriding{Overrides: []string{"held_for_other"}, Reason: "the director says so"},
		})
	case "return":
		_, err = town.Returns.Return(ctx, tx, returns.Return{Desk: w.desk, Item: w.item})
	case "capture":
		_, err = town.Holds.CaptureHold(ctx, tx, holds.Capture{Desk: w.desk, Item: w.item})
	case "receive":
		_, err = town.Holds.ReceiveTransit(ctx, tx, w.desk, w.item)
	case "missing":
		_, err = town.Returns.MarkItem(ctx, tx, w.desk, w.item, catalog.Missing)
	case "found":
		_, err = town.Returns.MarkItem(ctx, tx, w.desk, w.item, catalog.OnShelf)
	case "not found":
		_, err = town.Holds.FailHold(ctx, tx, w.desk, own, w.item)
	case "cancel":
		_, err = town.Holds.CancelHold(ctx, tx, w.desk, own)
	}
	return err
}

// wrong says what an act did to the places of those who wait that it must not
// do; "" for nothing.
func (w walked) wrong(before, after waitingList) string {
	lent := w.what == "lend" || w.what == "lend all the same"
	for _, who := range append(slices.Clone(before.queue), kept(before)...) {
		ownAct := who == w.who && (lent || w.what == "cancel")
		if !ownAct && !after.waits(who) {
			return "somebody lost their place by an act of others"
		}
	}
	if keptFor, is := before.kept[w.item]; w.what == "lend" && is && keptFor != w.who {
		return "a kept copy was lent to another"
	}
	var stayed, stays []patrons.Ref
	for _, who := range before.queue {
		if slices.Contains(after.queue, who) {
			stayed = append(stayed, who)
		}
	}
	for i, who := range after.queue {
		switch {
		case slices.Contains(before.queue, who):
			stays = append(stays, who)
		case before.waits(who) && i != 0:
			return "who lost a copy is not first again"
		}
	}
	if !slices.Equal(stayed, stays) {
		return "those who wait changed places"
	}
	next := slices.DeleteFunc(slices.Clone(before.queue), func(who patrons.Ref) bool { return who == w.who && (lent || w.what == "cancel") })
	for _, who := range kept(after) {
		if !slices.Contains(kept(before), who) && (len(next) == 0 || next[0] != who) {
			return "a copy was given out of turn"
		}
	}
	return ""
}

func kept(list waitingList) (who []patrons.Ref) {
	for _, patron := range list.kept {
		who = append(who, patron)
	}
	return who
}

// Whatever happens to the copies of a title at two desks, nobody who waits loses
// the place but by an act of their own, nobody is served out of turn, and nobody
// is lent what is kept for another without a recorded decision.
func TestNobodyLosesAPlace(t *testing.T) {
	t.Parallel()
	owner := towntest.OneLibrary(t, "perth", "America/Toronto")
	other := owner.AddLibrary("perth", "America/Toronto")
	var people []patrons.Ref
	pickup := map[broker.ID]broker.ID{owner.Library.ID: owner.Branch, other.Library.ID: other.Branch}
	for range 4 {
		people = append(people, owner.Patron("member"), other.Patron("member"))
	}
	acts := []string{"place", "place", "place", "lend", "lend", "lend all the same", "return", "return", "capture", "receive", "missing", "found", "not found", "cancel"}
	done := map[string]int{}
	rapid.Check(t, func(r *rapid.T) {
		title := owner.Title()
		copies := []catalog.Ref{owner.Item("book", title), owner.Item("book", title), owner.Item("book", title)}
		desks := []standing.Desk{owner.At("2026-03-02 10:00"), other.At("2026-03-02 10:00")}
		for i := range rapid.IntRange(6, 24).Draw(r, "acts") {
			act := walked{
				what: rapid.SampledFrom(acts).Draw(r, "act"), who: rapid.SampledFrom(people).Draw(r, "who"),
				item: rapid.SampledFrom(copies).Draw(r, "copy"), desk: rapid.SampledFrom(desks).Draw(r, "desk"),
			}
			act.desk.Now = act.desk.Now.AddDate(0, 0, i)
			var before, after waitingList
			err := owner.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
				if before, err = readList(ctx, tx, owner.Library.ID, title, copies); err != nil {
					return err
				}
				if err = act.do(ctx, tx, owner, owner.Library.ID, title, pickup[act.who.Library]); err != nil {
					return err
				}
				after, err = readList(ctx, tx, owner.Library.ID, title, copies)
				return err
			})
			if _, ours := broker.AsError(err); err != nil && !ours {
				r.Fatalf("a fault instead of an answer: %v", err)
			}
			if err != nil {
				continue
			}
			done[act.what]++
			if wrong := act.wrong(before, after); wrong != "" {
				r.Fatalf("%s: %s\nbefore %v\nafter  %v", act.what, wrong, before, after)
			}
		}
	})
	for _, act := range acts {
		if done[act] == 0 {
			t.Errorf("no walk did %q", act)
		}
	}
	owner.NoBreach()
}
