package returns_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/towntest"
)

func TestReturnsCountForTheDayThePolicySays(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, preset, zone, class, kind, lent, due, back, counts, fine string
		drop                                                           bool
	}{
		{"RET-01 found before opening counts for the evening before", "delaware", "America/New_York", "adult", "dvd", "2026-02-27 10:00", "2026-03-06", "2026-03-07 07:30", "2026-03-06", "0.00", true},
		{"RET-02 at the desk after opening", "delaware", "America/New_York", "adult", "dvd", "2026-02-27 10:00", "2026-03-06", "2026-03-07 09:05", "2026-03-07", "1.00", false},
		{"RET-03 the drop is checked in the next day", "westchester", "America/Chicago", "resident", "book", "2026-02-06 10:00", "2026-03-06", "2026-03-07 09:30", "2026-03-07", "0.05", true},
		{"RET-05 over a Sunday", "delaware", "America/New_York", "adult", "dvd", "2026-02-28 10:00", "2026-03-07", "2026-03-09 08:00", "2026-03-07", "0.00", true},
		{"FIN-19 open days only", "delaware", "America/New_York", "adult", "book", "2026-02-14 10:00", "2026-03-07", "2026-03-10 10:00", "2026-03-10", "0.20", false},
		{"FIN-20 ten at most", "delaware", "America/New_York", "adult", "dvd", "2026-02-28 10:00", "2026-03-07", "2026-03-21 10:00", "2026-03-21", "10.00", false},
		{"FIN-17 a late film", "westchester", "America/Chicago", "resident", "dvd", "2026-02-25 10:00", "2026-03-02", "2026-03-10 10:00", "2026-03-10", "5.00", false},
		{"DUE-21 due on a Sunday is due on Monday", "westchester", "America/Chicago", "resident", "dvd", "2026-03-03 10:00", "2026-03-09", "2026-03-09 10:00", "2026-03-09", "0.00", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			library := towntest.OneLibrary(t, c.preset, c.zone)
			patron, item := library.Patron(c.class), library.CopyOf(towntest.Of(c.kind))
			library.Lend(patron, item, c.lent, c.due)
			out := library.Back(returns.Return{Desk: library.At(c.back), Item: item, Drop: c.drop})
			towntest.Equal(t, "counts for", out.Loan.ReturnedOn, broker.MustDate(c.counts))
			towntest.Equal(t, "fine", library.Owes(patron), c.fine)
		})
	}
}

func TestPerthFinesByMaterial(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	adult := func(p *patrons.Patron) { p.BornOn = broker.MustDate("1986-01-01") }
	child := func(p *patrons.Patron) { p.BornOn = broker.MustDate("2017-01-01") }
	for name, c := range map[string]struct {
		who      func(*patrons.Patron)
		audience string
		back     string
		want     string
	}{
		"FIN-23 a child's book borrowed by an adult": {adult, "child", "2026-05-12 10:00", "2.50"},
		"FIN-24 an adults' book borrowed by a child": {child, "adult", "2026-04-30 10:00", "7.00"},
	} {
		t.Run(name, func(t *testing.T) {
			patron := perth.Patron("member", c.who)
			item := perth.CopyOf(func(i *catalog.Item) { i.Audience = c.audience })
			perth.Lend(patron, item, "2026-03-02 10:00", "2026-03-23")
			perth.Back(returns.Return{Desk: perth.At(c.back), Item: item})
			towntest.Equal(t, "fine", perth.Owes(patron), c.want)
		})
	}
}

func TestAReturnBringsTheFineToItsRightTotal(t *testing.T) {
	t.Parallel()
	westchester := towntest.OneLibrary(t, "westchester", "America/Chicago")
	late := func() (patrons.Ref, catalog.Ref) { // a film due on Monday 2 March, 1.00 a day
		patron, item := westchester.Patron("resident"), westchester.CopyOf(towntest.Of("dvd"))
		westchester.Lend(patron, item, "2026-02-25 10:00", "2026-03-02")
		return patron, item
	}
	t.Run("RET-08 backdated after it was paid, the difference is a credit", func(t *testing.T) {
		patron, item := late()
		westchester.ChargeAccrued(patron, "2026-03-04 10:00")
		westchester.PayAt(patron, "2.00", "2026-03-04 10:01")
		out := westchester.Back(returns.Return{Desk: westchester.At("2026-03-04 11:00"), Item: item, Backdate: broker.MustDate("2026-03-03")})
		towntest.Equal(t, "balance", westchester.Owes(patron), "-1.00")
		towntest.Equal(t, "taken back", len(out.TakenBack), 1)
		towntest.Equal(t, "counts for", out.Loan.ReturnedOn, broker.MustDate("2026-03-03"))
	})
	t.Run("RET-09 backdated to the due date, what was paid stands as credit", func(t *testing.T) {
		patron, item := late()
		westchester.ChargeAccrued(patron, "2026-03-03 10:00")
		westchester.PayAt(patron, "0.20", "2026-03-03 10:01")
		westchester.Back(returns.Return{Desk: westchester.At("2026-03-03 11:00"), Item: item, Backdate: broker.MustDate("2026-03-02")})
		towntest.Equal(t, "balance", westchester.Owes(patron), "-0.20")
	})
	t.Run("RET-10 RET-11 amnesty counts when backdated, too", func(t *testing.T) {
		patron, item := late()
		westchester.ChargeAccrued(patron, "2026-03-04 10:00")
		out := westchester.Back(returns.Return{Desk: westchester.At("2026-03-05 11:00"), Item: item, Backdate: broker.MustDate("2026-03-04"), Amnesty: true})
		towntest.Equal(t, "balance", westchester.Owes(patron), "0.00")
		towntest.Equal(t, "nothing charged", len(out.Charged), 0)
	})
	t.Run("RET-06 a date in the future counts as now", func(t *testing.T) {
		_, item := late()
		out := westchester.Back(returns.Return{Desk: westchester.At("2026-03-02 11:00"), Item: item, Backdate: broker.MustDate("2026-03-03")})
		towntest.Equal(t, "counts for", out.Loan.ReturnedOn, broker.MustDate("2026-03-02"))
	})
	t.Run("FIN-31 charged twice the same day and again at the return, it is charged once", func(t *testing.T) {
		patron, item := late()
		westchester.ChargeAccrued(patron, "2026-03-03 10:00")
		westchester.ChargeAccrued(patron, "2026-03-03 10:05")
		towntest.Equal(t, "once", westchester.Owes(patron), "1.00")
		westchester.ChargeAccrued(patron, "2026-03-04 10:00")
		towntest.Equal(t, "a day more", westchester.Owes(patron), "2.00")
		westchester.Back(returns.Return{Desk: westchester.At("2026-03-05 10:00"), Item: item})
		towntest.Equal(t, "three days in all", westchester.Owes(patron), "3.00")
	})
	t.Run("a waived fine stays waived", func(t *testing.T) {
		patron, item := late()
		westchester.ChargeAccrued(patron, "2026-03-03 10:00")
		westchester.Do(func(ctx context.Context, tx *postgres.Tx) error {
			open, err := ledger.OpenCharges(ctx, tx, patrons.Account(westchester.Library, patron))
			westchester.Must(err)
			desk := westchester.At("2026-03-03 10:00")
			_, err = ledger.Waive(ctx, tx, ledger.Answer{Library: westchester.Library.ID, Charge: open[0].ID, Cause: "waived", Actor: desk.Actor, At: desk.Now}, open[0].Owed)
			return err
		})
		westchester.Back(returns.Return{Desk: westchester.At("2026-03-03 10:00"), Item: item})
		towntest.Equal(t, "balance", westchester.Owes(patron), "0.00")
	})
	t.Run("CON-04 the history of an item is kept", func(t *testing.T) {
		_, item := late()
		first := westchester.Back(returns.Return{Desk: westchester.At("2026-03-02 10:00"), Item: item})
		westchester.Lend(westchester.Patron("resident"), item, "2026-03-03 10:00")
		second := westchester.Back(returns.Return{Desk: westchester.At("2026-03-04 10:00"), Item: item})
		westchester.Do(func(ctx context.Context, tx *postgres.Tx) error {
			for _, loan := range []*loans.Loan{first.Loan, second.Loan} {
				kept, err := loans.ByID(ctx, tx, loan.Ref)
				westchester.Must(err)
				towntest.Equal(t, "status", kept.Status, loans.Returned)
			}
			return nil
		})
	})
}

func TestPartsAreCounted(t *testing.T) {
	t.Parallel()
	wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
	price := wdl.Money("40.00")
	set := wdl.CopyOf(func(i *catalog.Item) { i.Type, i.Parts, i.Price = "audiobook", 6, &price })
	patron := wdl.Patron("resident")
	out, err := towntest.Act(wdl.Town, wdl.Loans.CheckOut, loans.CheckOut{Desk: wdl.At("2026-03-02 10:00"), Item: set, Patron: patron})
	wdl.Must(err)
	towntest.Equal(t, "count at checkout", out.CountParts, 6)
	back := wdl.Back(returns.Return{Desk: wdl.At("2026-03-10 10:00"), Item: set, Parts: returns.Parts{Counted: 5, Missing: "audiobook_disc"}})
	towntest.Equal(t, "warned", back.Warnings[0].Code, "parts_missing")
	towntest.Equal(t, "WDL-X5 one disc", wdl.Owes(patron), "10.00")
	towntest.Equal(t, "noted", wdl.Stored(set).PartsMissing, "audiobook_disc")

	westchester := towntest.OneLibrary(t, "westchester", "America/Chicago")
	box := westchester.CopyOf(func(i *catalog.Item) { i.Type, i.Parts, i.Price = "audiobook", 6, &price })
	reader := westchester.Patron("resident")
	westchester.Lend(reader, box, "2026-03-02 10:00")
	westchester.Back(returns.Return{Desk: westchester.At("2026-03-10 10:00"), Item: box, Parts: returns.Parts{Counted: 5, Missing: "disc"}})
	towntest.Equal(t, "LST-40 the whole set, with processing", westchester.Owes(reader), "45.00")
}

func TestFIN14TheLendingLibrarysCalendarCounts(t *testing.T) {
	t.Parallel()
	lender := towntest.OneLibrary(t, "delaware", "America/New_York", "2026-03-09") // a Monday
	other := lender.AddLibrary("delaware", "America/New_York")
	patron, item := lender.Patron("adult"), lender.CopyOf(towntest.Of("dvd"))
	lender.Lend(patron, item, "2026-02-28 10:00", "2026-03-07")
	out := lender.Back(returns.Return{Desk: other.At("2026-03-10 10:00"), Item: item})
	towntest.Equal(t, "Sunday and the closed Monday are free", towntest.Charged(out), "1.00")
}
