package circulation_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

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
			_, err := act(library.town, library.Circ.CheckOut, circulation.CheckOut{Desk: library.at("2026-03-02 11:00"), Item: library.copyOf(of(c.next)), Patron: patron})
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
			_, errs[i] = act(wdl.town, wdl.Circ.CheckOut, circulation.CheckOut{Desk: wdl.at("2026-03-02 10:00"), Item: item, Patron: patron})
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
	_, err := act(perth.town, perth.Circ.CheckOut, in)
	equal(t, "DUE-22", refusal(t, err)["due_in_the_past"], true)
	in.Due = broker.MustDate("2026-03-12")
	out, err := act(perth.town, perth.Circ.CheckOut, in)
	perth.must(err)
	equal(t, "as chosen", out.Loan.DueOn, in.Due)
}

func TestAnOverrideNeedsAReasonAndIsRecorded(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	expired := perth.patron("member", func(p *patrons.Patron) { p.ExpiresOn = broker.MustDate("2026-01-31") })
	brief := perth.copyOf(func(i *catalog.Item) { i.Brief = true })
	in := circulation.CheckOut{Desk: perth.at("2026-03-10 10:00"), Item: brief, Patron: expired}
	_, err := act(perth.town, perth.Circ.CheckOut, in)
	equal(t, "BLK-22 a brief record is no way round a block", refusal(t, err)["card_expired"], true)
	in.Overrides = []string{"card_expired"}
	_, err = act(perth.town, perth.Circ.CheckOut, in)
	equal(t, "no reason given", broker.IsKind(err, broker.KindInvalid), true)
	in.Reason = "renews tomorrow"
	out, err := act(perth.town, perth.Circ.CheckOut, in)
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
	_, err := act(perth.town, perth.Circ.CheckOut, in)
	equal(t, "nobody the patron named", refusal(t, err)["not_a_proxy"], true)
	perth.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `insert into proxies (library_id, patron_id, proxy_id, created_at) values ($1, $2, $3, $4)`, perth.Library.ID, patron.ID, proxy.ID, founded)
		return err
	})
	out, err := act(perth.town, perth.Circ.CheckOut, in)
	perth.must(err)
	equal(t, "on the patron's account", out.Loan.Patron, patron)
	equal(t, "handed to", out.Loan.HandedTo, proxy.ID)
}

func TestRenewals(t *testing.T) {
	t.Parallel()
	wdl := oneLibrary(t, "western-district", "America/Chicago")
	try := func(loan circulation.Loan, local string) (circulation.Outcome, error) {
		return act(wdl.town, wdl.Circ.Renew, circulation.Renew{Desk: wdl.at(local), Loan: loan.LoanRef})
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
			if _, err := wdl.Circ.Recall(ctx, tx, wdl.at("2026-03-12 10:00"), loan.LoanRef); err != nil {
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
		out, err := perth.Circ.Recall(ctx, tx, perth.at("2026-03-07 10:00"), loan.LoanRef)
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
				_, err := westchester.Circ.ChargeAccrued(ctx, tx, westchester.at("2026-03-05 10:00"), patron)
				return err
			})
		})
		group.Go(func() {
			_, errs[1] = act(westchester.town, westchester.Circ.Return, circulation.Return{Desk: westchester.at("2026-03-05 10:00"), Item: item, Amnesty: true})
		})
		group.Wait()
		westchester.must(errs[0])
		westchester.must(errs[1])
		equal(t, "FIN-30 nothing is left of the fine", westchester.owes(patron), "0.00")
	}
}
