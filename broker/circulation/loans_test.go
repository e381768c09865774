package circulation_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// copyOf is a copy of the library's own, on its shelf, changed as wanted.
func (h house) copyOf(change func(*catalog.Item)) catalog.Ref {
	h.count++
	item := catalog.Item{
		Library: h.Library.ID, ID: broker.NewID(), Realm: h.group, Barcode: fmt.Sprintf("4%013d", h.count),
		Title: h.title(), Branch: h.branch, Type: "book", Lendable: true,
	}
	change(&item)
	h.do(func(_ context.Context, tx *postgres.Tx) error { catalog.SaveItem(tx, item, founded); return nil })
	return item.Ref()
}

func of(kind string) func(*catalog.Item) { return func(i *catalog.Item) { i.Type = kind } }

// lend lends an item of our own and fails the test where it may not be lent.
func (h house) lend(patron patrons.Ref, item catalog.Ref, local string, due ...string) circulation.Loan {
	h.t.Helper()
	in := circulation.CheckOut{Desk: h.at(local), Item: item, Patron: patron}
	out, err := act(h.town, h.circ.CheckOut, in)
	h.must(err)
	if len(due) > 0 {
		equal(h.t, "due", out.Loan.DueOn, broker.MustDate(due[0]))
	}
	return *out.Loan
}

func (h house) back(in circulation.Return) circulation.Outcome {
	h.t.Helper()
	out, err := act(h.town, h.circ.Return, in)
	h.must(err)
	return out
}

func (h house) money(text string) broker.Money {
	h.t.Helper()
	amount, err := broker.ParseMoney(text, h.Currency)
	h.must(err)
	return amount
}

func (h house) chargeAccrued(patron patrons.Ref, local string) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.circ.ChargeAccrued(ctx, tx, h.at(local), patron)
		return err
	})
}

// payAt pays the oldest charges, in a transaction of its own.
func (h house) payAt(patron patrons.Ref, amount, local string) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.Pay(ctx, tx, ledger.Payment{
			Account: patrons.Account(h.Library, patron), Amount: h.money(amount), Method: "cash",
			Cause: "paid:" + patron.ID.String() + ":" + local, Actor: h.at(local).Actor, At: h.at(local).Now,
		})
		return err
	})
}

func refusal(t testing.TB, err error) map[string]bool {
	t.Helper()
	codes := map[string]bool{}
	ours, ok := broker.AsError(err)
	if !ok {
		t.Fatalf("want a refusal, got %v", err)
	}
	for _, reason := range ours.Reasons {
		codes[reason.Code] = true
	}
	return codes
}

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
			library := oneLibrary(t, c.preset, c.zone)
			patron, item := library.patron(c.class), library.copyOf(of(c.kind))
			library.lend(patron, item, c.lent, c.due)
			out := library.back(circulation.Return{Desk: library.at(c.back), Item: item, Drop: c.drop})
			equal(t, "counts for", out.Loan.ReturnedOn, broker.MustDate(c.counts))
			equal(t, "fine", library.owes(patron), c.fine)
		})
	}
}

func TestPerthFinesByMaterial(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
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
			patron := perth.patron("member", c.who)
			item := perth.copyOf(func(i *catalog.Item) { i.Audience = c.audience })
			perth.lend(patron, item, "2026-03-02 10:00", "2026-03-23")
			perth.back(circulation.Return{Desk: perth.at(c.back), Item: item})
			equal(t, "fine", perth.owes(patron), c.want)
		})
	}
}

func TestAReturnBringsTheFineToItsRightTotal(t *testing.T) {
	t.Parallel()
	westchester := oneLibrary(t, "westchester", "America/Chicago")
	late := func() (patrons.Ref, catalog.Ref) { // a film due on Monday 2 March, 1.00 a day
		patron, item := westchester.patron("resident"), westchester.copyOf(of("dvd"))
		westchester.lend(patron, item, "2026-02-25 10:00", "2026-03-02")
		return patron, item
	}
	t.Run("RET-08 backdated after it was paid, the difference is a credit", func(t *testing.T) {
		patron, item := late()
		westchester.chargeAccrued(patron, "2026-03-04 10:00")
		westchester.payAt(patron, "2.00", "2026-03-04 10:01")
		out := westchester.back(circulation.Return{Desk: westchester.at("2026-03-04 11:00"), Item: item, Backdate: broker.MustDate("2026-03-03")})
		equal(t, "balance", westchester.owes(patron), "-1.00")
		equal(t, "taken back", len(out.TakenBack), 1)
		equal(t, "counts for", out.Loan.ReturnedOn, broker.MustDate("2026-03-03"))
	})
	t.Run("RET-09 backdated to the due date, what was paid stands as credit", func(t *testing.T) {
		patron, item := late()
		westchester.chargeAccrued(patron, "2026-03-03 10:00")
		westchester.payAt(patron, "0.20", "2026-03-03 10:01")
		westchester.back(circulation.Return{Desk: westchester.at("2026-03-03 11:00"), Item: item, Backdate: broker.MustDate("2026-03-02")})
		equal(t, "balance", westchester.owes(patron), "-0.20")
	})
	t.Run("RET-10 RET-11 amnesty counts when backdated, too", func(t *testing.T) {
		patron, item := late()
		westchester.chargeAccrued(patron, "2026-03-04 10:00")
		out := westchester.back(circulation.Return{Desk: westchester.at("2026-03-05 11:00"), Item: item, Backdate: broker.MustDate("2026-03-04"), Amnesty: true})
		equal(t, "balance", westchester.owes(patron), "0.00")
		equal(t, "nothing charged", len(out.Charged), 0)
	})
	t.Run("RET-06 a date in the future counts as now", func(t *testing.T) {
		_, item := late()
		out := westchester.back(circulation.Return{Desk: westchester.at("2026-03-02 11:00"), Item: item, Backdate: broker.MustDate("2026-03-03")})
		equal(t, "counts for", out.Loan.ReturnedOn, broker.MustDate("2026-03-02"))
	})
	t.Run("FIN-31 charged twice the same day and again at the return, it is charged once", func(t *testing.T) {
		patron, item := late()
		westchester.chargeAccrued(patron, "2026-03-03 10:00")
		westchester.chargeAccrued(patron, "2026-03-03 10:05")
		equal(t, "once", westchester.owes(patron), "1.00")
		westchester.chargeAccrued(patron, "2026-03-04 10:00")
		equal(t, "a day more", westchester.owes(patron), "2.00")
		westchester.back(circulation.Return{Desk: westchester.at("2026-03-05 10:00"), Item: item})
		equal(t, "three days in all", westchester.owes(patron), "3.00")
	})
	t.Run("a waived fine stays waived", func(t *testing.T) {
		patron, item := late()
		westchester.chargeAccrued(patron, "2026-03-03 10:00")
		westchester.do(func(ctx context.Context, tx *postgres.Tx) error {
			open, err := ledger.OpenCharges(ctx, tx, patrons.Account(westchester.Library, patron))
			westchester.must(err)
			desk := westchester.at("2026-03-03 10:00")
			_, err = ledger.Waive(ctx, tx, ledger.Answer{Library: westchester.Library.ID, Charge: open[0].ID, Cause: "waived", Actor: desk.Actor, At: desk.Now}, open[0].Owed)
			return err
		})
		westchester.back(circulation.Return{Desk: westchester.at("2026-03-03 10:00"), Item: item})
		equal(t, "balance", westchester.owes(patron), "0.00")
	})
	t.Run("CON-04 the history of an item is kept", func(t *testing.T) {
		_, item := late()
		first := westchester.back(circulation.Return{Desk: westchester.at("2026-03-02 10:00"), Item: item})
		westchester.lend(westchester.patron("resident"), item, "2026-03-03 10:00")
		second := westchester.back(circulation.Return{Desk: westchester.at("2026-03-04 10:00"), Item: item})
		westchester.do(func(ctx context.Context, tx *postgres.Tx) error {
			for _, loan := range []*circulation.Loan{first.Loan, second.Loan} {
				kept, err := circulation.LoanByID(ctx, tx, loan.LoanRef)
				westchester.must(err)
				equal(t, "status", kept.Status, circulation.LoanReturned)
			}
			return nil
		})
	})
}

func TestFIN29ALoanKeepsItsTerms(t *testing.T) {
	t.Parallel()
	before := oneLibrary(t, "western-district", "America/Chicago")
	patron, item := before.patron("resident"), before.copyOf(of("book"))
	before.lend(patron, item, "2026-03-02 10:00", "2026-03-23")
	after := before
	after.Policy = "westport" // whose text says nothing of fines
	out := after.back(circulation.Return{Desk: after.at("2026-03-25 10:00"), Item: item})
	equal(t, "still 0.10 a day", charged(out), "0.20")
}

func TestStandingIsExactForTodayThoughNoNightRan(t *testing.T) {
	t.Parallel()
	westchester := oneLibrary(t, "westchester", "America/Chicago")
	patron := westchester.patron("resident")
	westchester.lend(patron, westchester.copyOf(of("dvd")), "2026-02-25 10:00", "2026-03-02")
	book := westchester.copyOf(of("book"))
	try := func(local string) error {
		_, err := act(westchester.town, westchester.circ.CheckOut, circulation.CheckOut{Desk: westchester.at(local), Item: book, Patron: patron})
		return err
	}
	// BLK-01 and BLK-02 by days late: 4.00 passes, 5.00 does not.
	equal(t, "BLK-02 five days late blocks", refusal(t, try("2026-03-07 10:00"))["owes_too_much"], true)
	westchester.must(try("2026-03-06 10:00"))
}

func TestCheckoutLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		preset, class string
		out           []string
		next, refused string
	}{
		"LIM-01 audio in all":                 {"westchester", "resident", []string{"music_cd", "music_cd", "music_cd", "music_cd", "music_cd", "music_cd", "audiobook", "audiobook", "audiobook", "audiobook"}, "audiobook", "group_limit_reached"},
		"two games and no more":               {"westchester", "resident", []string{"game", "game"}, "game", "type_limit_reached"},
		"LIM-05 books without end at Western": {"western-district", "resident", []string{"book", "book", "book"}, "book", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			library := oneLibrary(t, c.preset, "America/Chicago")
			patron := library.patron(c.class)
			for _, kind := range c.out {
				library.lend(patron, library.copyOf(of(kind)), "2026-03-02 10:00")
			}
			_, err := act(library.town, library.circ.CheckOut, circulation.CheckOut{Desk: library.at("2026-03-02 11:00"), Item: library.copyOf(of(c.next)), Patron: patron})
			if c.refused == "" {
				library.must(err)
				return
			}
			equal(t, c.refused, refusal(t, err)[c.refused], true)
		})
	}
}

func TestOneLimitUnderTwoDesksAtOnce(t *testing.T) {
	t.Parallel()
	wdl := oneLibrary(t, "western-district", "America/Chicago")
	patron := wdl.patron("resident")
	items := []catalog.Ref{wdl.copyOf(of("chromebook")), wdl.copyOf(of("chromebook"))}
	var group sync.WaitGroup
	errs := make([]error, len(items))
	for i, item := range items {
		group.Go(func() {
			_, errs[i] = act(wdl.town, wdl.circ.CheckOut, circulation.CheckOut{Desk: wdl.at("2026-03-02 10:00"), Item: item, Patron: patron})
		})
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		equal(t, "the other is over the limit", refusal(t, err)["type_limit_reached"], true)
	}
	equal(t, "one of two", won, 1)
}

func TestStaffMayChooseADueDateButNotOneInThePast(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	in := circulation.CheckOut{Desk: perth.at("2026-03-10 10:00"), Item: perth.copyOf(of("book")), Patron: perth.patron("member"), Due: broker.MustDate("2026-03-09")}
	_, err := act(perth.town, perth.circ.CheckOut, in)
	equal(t, "DUE-22", refusal(t, err)["due_in_the_past"], true)
	in.Due = broker.MustDate("2026-03-12")
	out, err := act(perth.town, perth.circ.CheckOut, in)
	perth.must(err)
	equal(t, "as chosen", out.Loan.DueOn, in.Due)
}

func TestAnOverrideNeedsAReasonAndIsRecorded(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	expired := perth.patron("member", func(p *patrons.Patron) { p.ExpiresOn = broker.MustDate("2026-01-31") })
	brief := perth.copyOf(func(i *catalog.Item) { i.Brief = true })
	in := circulation.CheckOut{Desk: perth.at("2026-03-10 10:00"), Item: brief, Patron: expired}
	_, err := act(perth.town, perth.circ.CheckOut, in)
	equal(t, "BLK-22 a brief record is no way round a block", refusal(t, err)["card_expired"], true)
	in.Overrides = []string{"card_expired"}
	_, err = act(perth.town, perth.circ.CheckOut, in)
	equal(t, "no reason given", broker.IsKind(err, broker.KindInvalid), true)
	in.Reason = "renews tomorrow"
	out, err := act(perth.town, perth.circ.CheckOut, in)
	perth.must(err)
	perth.do(func(ctx context.Context, tx *postgres.Tx) error {
		var code, why string
		err := tx.QueryRow(ctx, `select code, reason from overrides where about_id = $1`, out.Loan.ID).Scan(&code, &why)
		equal(t, "code", code, "card_expired")
		equal(t, "why", why, "renews tomorrow")
		return err
	})
}

func TestAProxyTakesAnItemForThePatron(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	patron, proxy := perth.patron("member"), perth.patron("member")
	in := circulation.CheckOut{Desk: perth.at("2026-03-10 10:00"), Item: perth.copyOf(of("book")), Patron: patron, HandedTo: proxy.ID}
	_, err := act(perth.town, perth.circ.CheckOut, in)
	equal(t, "nobody the patron named", refusal(t, err)["not_a_proxy"], true)
	perth.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `insert into proxies (library_id, patron_id, proxy_id, created_at) values ($1, $2, $3, $4)`, perth.Library.ID, patron.ID, proxy.ID, founded)
		return err
	})
	out, err := act(perth.town, perth.circ.CheckOut, in)
	perth.must(err)
	equal(t, "on the patron's account", out.Loan.Patron, patron)
	equal(t, "handed to", out.Loan.HandedTo, proxy.ID)
}

func TestPartsAreCounted(t *testing.T) {
	t.Parallel()
	wdl := oneLibrary(t, "western-district", "America/Chicago")
	price := wdl.money("40.00")
	set := wdl.copyOf(func(i *catalog.Item) { i.Type, i.Parts, i.Price = "audiobook", 6, &price })
	patron := wdl.patron("resident")
	out, err := act(wdl.town, wdl.circ.CheckOut, circulation.CheckOut{Desk: wdl.at("2026-03-02 10:00"), Item: set, Patron: patron})
	wdl.must(err)
	equal(t, "count at checkout", out.CountParts, 6)
	back := wdl.back(circulation.Return{Desk: wdl.at("2026-03-10 10:00"), Item: set, Parts: circulation.Parts{Counted: 5, Missing: "audiobook_disc"}})
	equal(t, "warned", back.Warnings[0].Code, "parts_missing")
	equal(t, "WDL-X5 one disc", wdl.owes(patron), "10.00")
	equal(t, "noted", wdl.stored(set).PartsMissing, "audiobook_disc")

	westchester := oneLibrary(t, "westchester", "America/Chicago")
	box := westchester.copyOf(func(i *catalog.Item) { i.Type, i.Parts, i.Price = "audiobook", 6, &price })
	reader := westchester.patron("resident")
	westchester.lend(reader, box, "2026-03-02 10:00")
	westchester.back(circulation.Return{Desk: westchester.at("2026-03-10 10:00"), Item: box, Parts: circulation.Parts{Counted: 5, Missing: "disc"}})
	equal(t, "LST-40 the whole set, with processing", westchester.owes(reader), "45.00")
}

func TestRenewals(t *testing.T) {
	t.Parallel()
	wdl := oneLibrary(t, "western-district", "America/Chicago")
	try := func(loan circulation.Loan, local string) (circulation.Outcome, error) {
		return act(wdl.town, wdl.circ.Renew, circulation.Renew{Desk: wdl.at(local), Loan: loan.LoanRef})
	}
	t.Run("REN-08 REN-09 an overdue item, by balance and this fine", func(t *testing.T) {
		for charge, allowed := range map[string]bool{"4.79": true, "4.80": false} {
			patron := wdl.patron("resident")
			loan := wdl.lend(patron, wdl.copyOf(of("book")), "2026-03-02 10:00", "2026-03-23")
			wdl.charge(patron, charge, "2026-03-24 "+map[bool]string{true: "10:00", false: "10:01"}[allowed])
			_, err := try(loan, "2026-03-25 10:00") // two days: 0.20
			if allowed {
				wdl.must(err)
				equal(t, "FIN-37 the fine is posted", wdl.owes(patron), "4.99")
			} else {
				equal(t, "5.00 with this fine", refusal(t, err)["owes_too_much"], true)
			}
		}
	})
	t.Run("REN-10 twice and no more", func(t *testing.T) {
		loan := wdl.lend(wdl.patron("resident"), wdl.copyOf(of("book")), "2026-03-02 10:00")
		for _, day := range []string{"2026-03-10 10:00", "2026-03-11 10:00"} {
			_, err := try(loan, day)
			wdl.must(err)
		}
		_, err := try(loan, "2026-03-12 10:00")
		equal(t, "refused", refusal(t, err)["renewal_limit_reached"], true)
	})
	t.Run("REN-11 the borrower's own hold does not count", func(t *testing.T) {
		patron, book := wdl.patron("resident"), wdl.copyOf(of("book"))
		loan := wdl.lend(patron, book, "2026-03-02 10:00")
		wdl.do(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, `insert into holds (library_id, id, title_id, for_library_id, patron_id, queued_at, placed_at)
				values ($1, $2, $3, $1, $4, $5, $5)`, wdl.Library.ID, broker.NewID(), wdl.titleOf(book), patron.ID, founded)
			return err
		})
		_, err := try(loan, "2026-03-10 10:00")
		wdl.must(err)
	})
	t.Run("REN-26 a hold that may not use this copy", func(t *testing.T) {
		disc := wdl.copyOf(func(i *catalog.Item) { i.Audience = "adult" })
		loan := wdl.lend(wdl.patron("resident"), disc, "2026-03-02 10:00")
		other := wdl.patron("resident")
		wdl.do(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, `insert into holds (library_id, id, title_id, wanted_item_id, for_library_id, patron_id, queued_at, placed_at)
				values ($1, $2, $3, $4, $1, $5, $6, $6)`, wdl.Library.ID, broker.NewID(), wdl.titleOf(disc), broker.NewID(), other.ID, founded)
			return err
		})
		_, err := try(loan, "2026-03-10 10:00")
		wdl.must(err)
	})
	t.Run("BLK-30 every reason at once", func(t *testing.T) {
		free, book := wdl.patron("resident"), wdl.copyOf(of("book"))
		loan := wdl.lend(free, book, "2026-03-02 10:00")
		for _, day := range []string{"2026-03-10 10:00", "2026-03-11 10:00"} {
			_, err := try(loan, day)
			wdl.must(err)
		}
		wdl.do(func(ctx context.Context, tx *postgres.Tx) error {
			if _, err := wdl.circ.Recall(ctx, tx, wdl.at("2026-03-12 10:00"), loan.LoanRef); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `update patrons set status = 'suspended' where id = $1`, free.ID)
			return err
		})
		_, err := try(loan, "2026-03-13 10:00")
		codes := refusal(t, err)
		equal(t, "limit", codes["renewal_limit_reached"], true)
		equal(t, "recall", codes["recalled"], true)
		equal(t, "blocked", codes["blocked"], true)
	})
	t.Run("REN-19 two at the same instant with one left", func(t *testing.T) {
		loan := wdl.lend(wdl.patron("resident"), wdl.copyOf(of("book")), "2026-03-02 10:00")
		_, err := try(loan, "2026-03-10 10:00")
		wdl.must(err)
		var group sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			group.Go(func() { _, errs[i] = try(loan, fmt.Sprintf("2026-03-1%d 10:00", i+1)) })
		}
		group.Wait()
		equal(t, "one wins", (errs[0] == nil) != (errs[1] == nil), true)
	})
}

func TestREN23ARecallNeverExtends(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	loan := perth.lend(perth.patron("member"), perth.copyOf(of("dvd")), "2026-03-02 10:00", "2026-03-09")
	perth.do(func(ctx context.Context, tx *postgres.Tx) error {
		out, err := perth.circ.Recall(ctx, tx, perth.at("2026-03-07 10:00"), loan.LoanRef)
		perth.must(err)
		equal(t, "due in two days, as before", out.Loan.DueOn, broker.MustDate("2026-03-09"))
		return nil
	})
}

// CON-05 of the given cases.
func TestCON05ChargingAndAnAmnestyAtTheSameTime(t *testing.T) {
	t.Parallel()
	westchester := oneLibrary(t, "westchester", "America/Chicago")
	for range 5 {
		patron, item := westchester.patron("resident"), westchester.copyOf(of("dvd"))
		westchester.lend(patron, item, "2026-02-25 10:00", "2026-03-02")
		var group sync.WaitGroup
		errs := make([]error, 2)
		group.Go(func() {
			errs[0] = westchester.try(func(ctx context.Context, tx *postgres.Tx) error {
				_, err := westchester.circ.ChargeAccrued(ctx, tx, westchester.at("2026-03-05 10:00"), patron)
				return err
			})
		})
		group.Go(func() {
			_, errs[1] = act(westchester.town, westchester.circ.Return, circulation.Return{Desk: westchester.at("2026-03-05 10:00"), Item: item, Amnesty: true})
		})
		group.Wait()
		westchester.must(errs[0])
		westchester.must(errs[1])
		equal(t, "FIN-30 nothing is left of the fine", westchester.owes(patron), "0.00")
	}
}

func TestFIN14TheLendingLibrarysCalendarCounts(t *testing.T) {
	t.Parallel()
	lender := oneLibrary(t, "delaware", "America/New_York", "2026-03-09") // a Monday
	other := lender.library("delaware", "America/New_York")
	patron, item := lender.patron("adult"), lender.copyOf(of("dvd"))
	lender.lend(patron, item, "2026-02-28 10:00", "2026-03-07")
	out := lender.back(circulation.Return{Desk: other.at("2026-03-10 10:00"), Item: item})
	equal(t, "Sunday and the closed Monday are free", charged(out), "1.00")
}
