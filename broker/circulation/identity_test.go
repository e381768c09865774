package circulation_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// A guest's card is judged by the library it is from, whatever the desk's own
// rules are; the refusal names that library's rule and may be passed over.
func TestACardIsGoodWhereItsOwnLibrarySays(t *testing.T) {
	t.Parallel()
	town := ruledTown(t)
	stays := town.under("cards.good_at", "[own]")
	travels := town.under("cards.good_at", "all")
	chosen := town.under("cards.good_at", "[own, 'DESK:NEAR']")
	town.do(func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveSymbols(tx, travels.Library.ID, broker.NewSymbol("DESK", "NEAR"))
		return nil
	})
	lends := func(desk, card house, over ...string) error {
		at := desk.at("2026-03-10 10:00")
		_, err := act(town.town, town.Circ.CheckOut, circulation.CheckOut{
			Desk: at, Item: desk.copyOf(of("book")), Patron: card.patron("resident"),
			Overriding: circulation.Overriding{Overrides: over, Reason: "sent by their own library"},
		})
		return err
	}
	town.must(lends(stays, stays))
	town.must(lends(stays, travels))
	town.must(lends(travels, chosen))
	wantReason(t, lends(stays, chosen), "card_not_good_here")
	refused := wantReason(t, lends(travels, stays), "card_not_good_here")
	equal(t, "rule", refused.Rule, "cards.good_at")
	equal(t, "needed", refused.Needed, "a desk of own")
	equal(t, "found", refused.Found, "DESK:NEAR")
	equal(t, "clause", refused.Clause.Section, "A")
	equal(t, "who may pass over it", refused.MayOverride[0], "desk")
	town.must(lends(travels, stays, "card_not_good_here"))
}

// At home a policy may name some of the branches.
func TestACardIsGoodAtTheBranchesThatAreNamed(t *testing.T) {
	t.Parallel()
	town := ruledTown(t)
	library := town.under("cards.good_at", "[thomas]")
	in := circulation.CheckOut{Desk: library.at("2026-03-10 10:00"), Item: library.copyOf(of("book")), Patron: library.patron("resident")}
	in.Desk.BranchCode = "hageman"
	_, err := act(town.town, town.Circ.CheckOut, in)
	equal(t, "found", wantReason(t, err, "card_not_good_here").Found, "hageman")
	in.Desk.BranchCode = "thomas"
	_, err = act(town.town, town.Circ.CheckOut, in)
	town.must(err)
}
