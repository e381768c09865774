package loans_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/towntest"
)

func TestFIN29ALoanKeepsItsTerms(t *testing.T) {
	t.Parallel()
	before := towntest.OneLibrary(t, "western-district", "America/Chicago")
	patron, item := before.Patron("resident"), before.CopyOf(towntest.Of("book"))
	before.Lend(patron, item, "2026-03-02 10:00", "2026-03-23")
	after := before
	after.Policy = "westport" // whose rules say nothing about fines
	out := after.Back(returns.Return{Desk: after.At("2026-03-25 10:00"), Item: item})
	towntest.Equal(t, "still 0.10 a day", towntest.Charged(out), "0.20")
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
			library := towntest.OneLibrary(t, c.preset, "America/Chicago")
			patron := library.Patron(c.class)
			for _, kind := range c.out {
				library.Lend(patron, library.CopyOf(towntest.Of(kind)), "2026-03-02 10:00")
			}
			_, err := towntest.Act(library.Town, library.Loans.CheckOut, loans.CheckOut{Desk: library.At("2026-03-02 11:00"), Item: library.CopyOf(towntest.Of(c.next)), Patron: patron})
			if c.refused == "" {
				library.Must(err)
				return
			}
			towntest.Equal(t, c.refused, towntest.Refusal(t, err)[c.refused], true)
		})
	}
}

func TestOneLimitUnderTwoDesksAtOnce(t *testing.T) {
	t.Parallel()
	wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
	patron := wdl.Patron("resident")
	items := []catalog.Ref{wdl.CopyOf(towntest.Of("chromebook")), wdl.CopyOf(towntest.Of("chromebook"))}
	var group sync.WaitGroup
	errs := make([]error, len(items))
	for i, item := range items {
		group.Go(func() {
			_, errs[i] = towntest.Act(wdl.Town, wdl.Loans.CheckOut, loans.CheckOut{Desk: wdl.At("2026-03-02 10:00"), Item: item, Patron: patron})
		})
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		towntest.Equal(t, "the other is over the limit", towntest.Refusal(t, err)["type_limit_reached"], true)
	}
	towntest.Equal(t, "one of two", won, 1)
}

func TestStaffMayChooseADueDateButNotOneInThePast(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	in := loans.CheckOut{Desk: perth.At("2026-03-10 10:00"), Item: perth.CopyOf(towntest.Of("book")), Patron: perth.Patron("member"), Due: broker.MustDate("2026-03-09")}
	_, err := towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	towntest.Equal(t, "DUE-22", towntest.Refusal(t, err)["due_in_the_past"], true)
	in.Due = broker.MustDate("2026-03-12")
	out, err := towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	perth.Must(err)
	towntest.Equal(t, "as chosen", out.Loan.DueOn, in.Due)
}

func TestAnOverrideNeedsAReasonAndIsRecorded(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	expired := perth.Patron("member", func(p *patrons.Patron) { p.ExpiresOn = broker.MustDate("2026-01-31") })
	brief := perth.CopyOf(func(i *catalog.Item) { i.Brief = true })
	in := loans.CheckOut{Desk: perth.At("2026-03-10 10:00"), Item: brief, Patron: expired}
	_, err := towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	towntest.Equal(t, "BLK-22 a brief record is no way round a block", towntest.Refusal(t, err)["card_expired"], true)
	in.Overrides = []string{"card_expired"}
	_, err = towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	towntest.Equal(t, "no reason given", broker.IsKind(err, broker.KindInvalid), true)
	in.Reason = "renews tomorrow"
	out, err := towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	perth.Must(err)
	perth.Do(func(ctx context.Context, tx *postgres.Tx) error {
		var code, why string
		err := tx.QueryRow(ctx, `select code, reason from overrides where about_id = $1`, out.Loan.ID).Scan(&code, &why)
		towntest.Equal(t, "code", code, "card_expired")
		towntest.Equal(t, "why", why, "renews tomorrow")
		return err
	})
}

func TestAProxyTakesAnItemForThePatron(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	patron, proxy := perth.Patron("member"), perth.Patron("member")
	in := loans.CheckOut{Desk: perth.At("2026-03-10 10:00"), Item: perth.CopyOf(towntest.Of("book")), Patron: patron, HandedTo: proxy.ID}
	_, err := towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	towntest.Equal(t, "nobody the patron named", towntest.Refusal(t, err)["not_a_proxy"], true)
	perth.Do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `insert into proxies (library_id, patron_id, proxy_id, created_at) values ($1, $2, $3, $4)`, perth.Library.ID, patron.ID, proxy.ID, towntest.Founded)
		return err
	})
	out, err := towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	perth.Must(err)
	towntest.Equal(t, "on the patron's account", out.Loan.Patron, patron)
	towntest.Equal(t, "handed to", out.Loan.HandedTo, proxy.ID)
}

func TestRenewals(t *testing.T) {
	t.Parallel()
	wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
	try := func(loan loans.Loan, local string) (loans.Outcome, error) {
		return towntest.Act(wdl.Town, wdl.Loans.Renew, loans.Renew{Desk: wdl.At(local), Loan: loan.Ref})
	}
	t.Run("REN-08 REN-09 an overdue item, by balance and this fine", func(t *testing.T) {
		for charge, allowed := range map[string]bool{"4.79": true, "4.80": false} {
			patron := wdl.Patron("resident")
			loan := wdl.Lend(patron, wdl.CopyOf(towntest.Of("book")), "2026-03-02 10:00", "2026-03-23")
			wdl.Charge(patron, charge, "2026-03-24 "+map[bool]string{true: "10:00", false: "10:01"}[allowed])
			_, err := try(loan, "2026-03-25 10:00") // two days: 0.20
			if allowed {
				wdl.Must(err)
				towntest.Equal(t, "FIN-37 the fine is posted", wdl.Owes(patron), "4.99")
			} else {
				towntest.Equal(t, "5.00 with this fine", towntest.Refusal(t, err)["owes_too_much"], true)
			}
		}
	})
	t.Run("REN-10 twice and no more", func(t *testing.T) {
		loan := wdl.Lend(wdl.Patron("resident"), wdl.CopyOf(towntest.Of("book")), "2026-03-02 10:00")
		for _, day := range []string{"2026-03-10 10:00", "2026-03-11 10:00"} {
			_, err := try(loan, day)
			wdl.Must(err)
		}
		_, err := try(loan, "2026-03-12 10:00")
		towntest.Equal(t, "refused", towntest.Refusal(t, err)["renewal_limit_reached"], true)
	})
	t.Run("REN-11 the borrower's own hold does not count", func(t *testing.T) {
		patron, book := wdl.Patron("resident"), wdl.CopyOf(towntest.Of("book"))
		loan := wdl.Lend(patron, book, "2026-03-02 10:00")
		wdl.Do(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, `insert into holds (library_id, id, title_id, for_library_id, patron_id, queued_at, placed_at)
				values ($1, $2, $3, $1, $4, $5, $5)`, wdl.Library.ID, broker.NewID(), wdl.TitleOf(book), patron.ID, towntest.Founded)
			return err
		})
		_, err := try(loan, "2026-03-10 10:00")
		wdl.Must(err)
	})
	t.Run("REN-26 a hold that may not use this copy", func(t *testing.T) {
		disc := wdl.CopyOf(func(i *catalog.Item) { i.Audience = "adult" })
		loan := wdl.Lend(wdl.Patron("resident"), disc, "2026-03-02 10:00")
		other := wdl.Patron("resident")
		wdl.Do(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, `insert into holds (library_id, id, title_id, wanted_item_id, for_library_id, patron_id, queued_at, placed_at)
				values ($1, $2, $3, $4, $1, $5, $6, $6)`, wdl.Library.ID, broker.NewID(), wdl.TitleOf(disc), broker.NewID(), other.ID, towntest.Founded)
			return err
		})
		_, err := try(loan, "2026-03-10 10:00")
		wdl.Must(err)
	})
	t.Run("BLK-30 every reason at once", func(t *testing.T) {
		free, book := wdl.Patron("resident"), wdl.CopyOf(towntest.Of("book"))
		loan := wdl.Lend(free, book, "2026-03-02 10:00")
		for _, day := range []string{"2026-03-10 10:00", "2026-03-11 10:00"} {
			_, err := try(loan, day)
			wdl.Must(err)
		}
		wdl.Do(func(ctx context.Context, tx *postgres.Tx) error {
			if _, err := wdl.Loans.Recall(ctx, tx, wdl.At("2026-03-12 10:00"), loan.Ref); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `update patrons set status = 'suspended' where id = $1`, free.ID)
			return err
		})
		_, err := try(loan, "2026-03-13 10:00")
		codes := towntest.Refusal(t, err)
		towntest.Equal(t, "limit", codes["renewal_limit_reached"], true)
		towntest.Equal(t, "recall", codes["recalled"], true)
		towntest.Equal(t, "blocked", codes["blocked"], true)
	})
	t.Run("REN-19 two at the same instant with one left", func(t *testing.T) {
		loan := wdl.Lend(wdl.Patron("resident"), wdl.CopyOf(towntest.Of("book")), "2026-03-02 10:00")
		_, err := try(loan, "2026-03-10 10:00")
		wdl.Must(err)
		var group sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			group.Go(func() { _, errs[i] = try(loan, fmt.Sprintf("2026-03-1%d 10:00", i+1)) })
		}
		group.Wait()
		towntest.Equal(t, "one wins", (errs[0] == nil) != (errs[1] == nil), true)
	})
}

func TestREN23ARecallNeverExtends(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	loan := perth.Lend(perth.Patron("member"), perth.CopyOf(towntest.Of("dvd")), "2026-03-02 10:00", "2026-03-09")
	perth.Do(func(ctx context.Context, tx *postgres.Tx) error {
		out, err := perth.Loans.Recall(ctx, tx, perth.At("2026-03-07 10:00"), loan.Ref)
		perth.Must(err)
		towntest.Equal(t, "due in two days, as before", out.Loan.DueOn, broker.MustDate("2026-03-09"))
		return nil
	})
}

// Case CON-05.
func TestCON05ChargingAndAnAmnestyAtTheSameTime(t *testing.T) {
	t.Parallel()
	westchester := towntest.OneLibrary(t, "westchester", "America/Chicago")
	for range 5 {
		patron, item := westchester.Patron("resident"), westchester.CopyOf(towntest.Of("dvd"))
		westchester.Lend(patron, item, "2026-02-25 10:00", "2026-03-02")
		var group sync.WaitGroup
		errs := make([]error, 2)
		group.Go(func() {
			errs[0] = westchester.Try(func(ctx context.Context, tx *postgres.Tx) error {
				_, err := westchester.Loans.ChargeAccrued(ctx, tx, westchester.At("2026-03-05 10:00"), patron)
				return err
			})
		})
		group.Go(func() {
			_, errs[1] = towntest.Act(westchester.Town, westchester.Returns.Return, returns.Return{Desk: westchester.At("2026-03-05 10:00"), Item: item, Amnesty: true})
		})
		group.Wait()
		westchester.Must(errs[0])
		westchester.Must(errs[1])
		towntest.Equal(t, "FIN-30 nothing is left of the fine", westchester.Owes(patron), "0.00")
	}
}
