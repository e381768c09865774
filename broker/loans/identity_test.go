package loans_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/broker/towntest"
)

// A guest's card is judged by the library that issued it, whatever the desk's
// own rules are; the refusal names that library's rule and may be overridden.
func TestACardIsGoodWhereItsOwnLibrarySays(t *testing.T) {
	t.Parallel()
	town := towntest.NewRuled(t)
	stays := town.Under("cards.good_at", "[own]")
	travels := town.Under("cards.good_at", "all")
	chosen := town.Under("cards.good_at", "[own, 'DESK:NEAR']")
	town.Do(func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveSymbols(tx, travels.Library.ID, broker.NewSymbol("DESK", "NEAR"))
		return nil
	})
	lends := func(desk, card towntest.House, over ...string) error {
		at := desk.At("2026-03-10 10:00")
		_, err := towntest.Act(town.Town, town.Loans.CheckOut, loans.CheckOut{
			Desk: at, Item: desk.CopyOf(towntest.Of("book")), Patron: card.Patron("resident"),
			Overriding: standing.Overriding{Overrides: over, Reason: "sent by their own library"},
		})
		return err
	}
	town.Must(lends(stays, stays))
	town.Must(lends(stays, travels))
	town.Must(lends(travels, chosen))
	towntest.WantReason(t, lends(stays, chosen), "card_not_good_here")
	refused := towntest.WantReason(t, lends(travels, stays), "card_not_good_here")
	towntest.Equal(t, "rule", refused.Rule, "cards.good_at")
	towntest.Equal(t, "needed", refused.Needed, "a desk of own")
	towntest.Equal(t, "found", refused.Found, "DESK:NEAR")
	towntest.Equal(t, "clause", refused.Clause.Section, "A")
	towntest.Equal(t, "who may pass over it", refused.MayOverride[0], "desk")
	town.Must(lends(travels, stays, "card_not_good_here"))
}

// At home a policy may name some of the branches.
func TestACardIsGoodAtTheBranchesThatAreNamed(t *testing.T) {
	t.Parallel()
	town := towntest.NewRuled(t)
	library := town.Under("cards.good_at", "[thomas]")
	in := loans.CheckOut{Desk: library.At("2026-03-10 10:00"), Item: library.CopyOf(towntest.Of("book")), Patron: library.Patron("resident")}
	in.Desk.BranchCode = "hageman"
	_, err := towntest.Act(town.Town, town.Loans.CheckOut, in)
	towntest.Equal(t, "found", towntest.WantReason(t, err, "card_not_good_here").Found, "hageman")
	in.Desk.BranchCode = "thomas"
	_, err = towntest.Act(town.Town, town.Loans.CheckOut, in)
	town.Must(err)
}
