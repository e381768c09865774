package loans_test

import (
	"context"
	"testing"

	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/broker/returns"
	"afield/broker/towntest"
)

// A frequent act reads everything in one round trip and writes with the commit.
// The number of statements is bounded too, so that the cost of an act stays in
// sight.
func TestCountedRoundTripsOfTheHotActs(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	patron := perth.Patron("member")
	for range 3 {
		perth.Lend(patron, perth.CopyOf(towntest.Of("book")), "2026-03-02 09:00")
	}
	item := perth.CopyOf(towntest.Of("book"))
	counted, counts := pgtest.Counted(t, perth.DB)
	run := func(what string, trips, statements int, work func(context.Context, *postgres.Tx) error) {
		t.Helper()
		counts.Reset()
		perth.Must(counted.InTx(t.Context(), postgres.ForLibraries(perth.All...), work))
		got := counts.Read()
		t.Logf("%s: %d round trips, %d statements, %d commits", what, got.RoundTrips, got.Statements, got.Commits)
		if got.RoundTrips > trips || got.Statements > statements || got.Commits != 1 {
			t.Errorf("%s: %+v, at most %d round trips, %d statements and 1 commit", what, got, trips, statements)
		}
	}
	checkOut := func(ctx context.Context, tx *postgres.Tx) error {
		_, err := perth.Loans.CheckOut(ctx, tx, loans.CheckOut{Desk: perth.At("2026-03-02 10:00"), Item: item, Patron: patron})
		return err
	}
	giveBack := func(local string, loan *loans.Loan) func(context.Context, *postgres.Tx) error {
		return func(ctx context.Context, tx *postgres.Tx) error {
			_, err := perth.Returns.Return(ctx, tx, returns.Return{Desk: perth.At(local), Item: item, Loan: loan})
			return err
		}
	}
	run("checkout", 2, 20, checkOut)
	run("return in time", 2, 14, giveBack("2026-03-03 10:00", nil))

	wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
	late := wdl.CopyOf(towntest.Of("book"))
	loan := wdl.Lend(wdl.Patron("resident"), late, "2026-03-02 10:00", "2026-03-23")
	lateDB, lateCounts := pgtest.Counted(t, wdl.DB)
	wdl.Must(lateDB.InTx(t.Context(), postgres.ForLibraries(wdl.All...), func(ctx context.Context, tx *postgres.Tx) error {
		_, err := wdl.Returns.Return(ctx, tx, returns.Return{Desk: wdl.At("2026-03-25 10:00"), Item: late, Loan: &loan})
		return err
	}))
	got := lateCounts.Read()
	t.Logf("late return of a known loan: %+v", got)
	if got.RoundTrips > 2 || got.Commits != 1 {
		t.Errorf("a late return of a known loan: %+v", got)
	}
}
