package returns_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/towntest"
)

func TestWhatALossCosts(t *testing.T) {
	t.Parallel()
	westchester := towntest.OneLibrary(t, "westchester", "America/Chicago")
	patron := westchester.Patron("resident")
	paid, fresh := westchester.Money("18.00"), westchester.Money("22.00")
	item := func() catalog.Ref {
		return westchester.CopyOf(func(i *catalog.Item) { i.PricePaid, i.Price = &paid, &fresh })
	}
	t.Run("LST-04 to be replaced: cost, shipping, processing", func(t *testing.T) {
		loan := westchester.Lend(patron, item(), "2026-03-02 10:00")
		out, err := westchester.Lose(loan, "2026-03-10 10:00", returns.Loss{WillReplace: true, Shipping: westchester.Money("4.00")})
		westchester.Must(err)
		towntest.Equal(t, "31.00", towntest.Charged(out), "31.00")
		towntest.Equal(t, "three lines", len(out.Charged), 3)
		towntest.Equal(t, "how", out.Loan.LostHow, loans.LostReported)
		again, err := westchester.Lose(loan, "2026-03-11 10:00", returns.Loss{WillReplace: true})
		westchester.Must(err)
		towntest.Equal(t, "LST-29 recorded once", again.Replayed, true)
		towntest.Equal(t, "and charged once", westchester.Owes(patron), "31.00")
	})
	t.Run("not to be replaced: what it once cost", func(t *testing.T) {
		loan := westchester.Lend(westchester.Patron("resident"), item(), "2026-03-02 10:00")
		out, err := westchester.Lose(loan, "2026-03-10 10:00", returns.Loss{})
		westchester.Must(err)
		towntest.Equal(t, "18.00", towntest.Charged(out), "18.00")
	})
	t.Run("no price is known: staff enter one", func(t *testing.T) {
		loan := westchester.Lend(westchester.Patron("resident"), westchester.CopyOf(towntest.Of("book")), "2026-03-02 10:00")
		_, err := westchester.Lose(loan, "2026-03-10 10:00", returns.Loss{})
		towntest.WantCode(t, err, "price_unknown")
		out, err := westchester.Lose(loan, "2026-03-10 10:00", returns.Loss{Price: westchester.Money("12.00")})
		westchester.Must(err)
		towntest.Equal(t, "as entered", towntest.Charged(out), "12.00")
	})
}

func TestALostItemThatComesBack(t *testing.T) {
	t.Parallel()
	wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
	lost := func(price string) (patrons.Ref, catalog.Ref, loans.Loan) {
		patron, item := wdl.Patron("resident"), wdl.CopyOf(towntest.Priced("book", wdl.Money(price)))
		loan := wdl.Lend(patron, item, "2025-12-29 10:00") // due 2026-01-19
		_, err := wdl.Lose(loan, "2025-12-31 10:00", returns.Loss{})
		wdl.Must(err)
		return patron, item, loan
	}
	t.Run("unpaid, it need not be paid", func(t *testing.T) {
		patron, item, _ := lost("30.00")
		towntest.Equal(t, "charged", wdl.Owes(patron), "30.00")
		wdl.Back(returns.Return{Desk: wdl.At("2026-01-10 10:00"), Item: item})
		towntest.Equal(t, "nothing", wdl.Owes(patron), "0.00")
	})
	for day, want := range map[string]string{"2026-04-01": "25.00", "2026-04-02": "0.00"} {
		t.Run("LST-06 paid, and back on "+day, func(t *testing.T) {
			patron, item, _ := lost("30.00")
			wdl.PayAt(patron, "30.00", "2026-01-01 10:00")
			out := wdl.Back(returns.Return{Desk: wdl.At(day + " 10:00"), Item: item, Amnesty: true})
			towntest.Equal(t, "given back", out.Refund.Decimal(), want)
		})
	}
	t.Run("LST-07 never below nothing", func(t *testing.T) {
		patron, item, _ := lost("3.00")
		wdl.PayAt(patron, "3.00", "2026-01-01 10:00")
		out := wdl.Back(returns.Return{Desk: wdl.At("2026-01-10 10:00"), Item: item})
		towntest.Equal(t, "given back", out.Refund.Minor, int64(0))
		towntest.Equal(t, "owes", wdl.Owes(patron), "0.00")
	})
	t.Run("LST-21 the overdue forgiven at the loss stays so, a new fine is worked out", func(t *testing.T) {
		patron, item := wdl.Patron("resident"), wdl.CopyOf(towntest.Priced("book", wdl.Money("99.00")))
		loan := wdl.Lend(patron, item, "2026-01-05 10:00", "2026-01-26")
		wdl.ChargeAccrued(patron, "2026-02-05 10:00")
		towntest.Equal(t, "ten days", wdl.Owes(patron), "1.00")
		_, err := wdl.Lose(loan, "2026-02-05 10:00", returns.Loss{ForgiveOverdue: true})
		wdl.Must(err)
		towntest.Equal(t, "the loss only", wdl.Owes(patron), "99.00")
		wdl.Back(returns.Return{Desk: wdl.At("2026-02-10 10:00"), Item: item, Backdate: broker.MustDate("2026-01-31")})
		towntest.Equal(t, "five days", wdl.Owes(patron), "0.50")
	})
	t.Run("LST-18 LST-23 lateness is charged once", func(t *testing.T) {
		patron, item := wdl.Patron("resident"), wdl.CopyOf(towntest.Priced("book", wdl.Money("7.00")))
		loan := wdl.Lend(patron, item, "2026-01-05 10:00", "2026-01-26")
		_, err := wdl.Lose(loan, "2026-02-05 10:00", returns.Loss{})
		wdl.Must(err)
		towntest.Equal(t, "fine and loss", wdl.Owes(patron), "8.00")
		wdl.Back(returns.Return{Desk: wdl.At("2026-02-05 11:00"), Item: item})
		towntest.Equal(t, "the fine alone", wdl.Owes(patron), "1.00")
	})
	t.Run("LST-25 paying for the first loss leaves the second loan alone", func(t *testing.T) {
		patron, item, _ := lost("30.00")
		wdl.Back(returns.Return{Desk: wdl.At("2026-01-10 10:00"), Item: item})
		wdl.Charge(patron, "2.00", "2026-01-10 11:00")
		other := wdl.Patron("resident")
		second := wdl.Lend(other, item, "2026-01-12 10:00")
		_, err := wdl.Lose(second, "2026-01-13 10:00", returns.Loss{})
		wdl.Must(err)
		wdl.PayAt(patron, "2.00", "2026-01-14 10:00")
		wdl.Do(func(ctx context.Context, tx *postgres.Tx) error {
			loan, err := loans.ByID(ctx, tx, second.Ref)
			towntest.Equal(t, "still lost", loan.Status, loans.Lost)
			return err
		})
		towntest.Equal(t, "still owed", wdl.Owes(other), "30.00")
	})
	t.Run("a like item with the director's approval", func(t *testing.T) {
		patron, _, loan := lost("30.00")
		give := func(approved bool, role string) error {
			return wdl.Try(func(ctx context.Context, tx *postgres.Tx) error {
				desk := wdl.At("2026-01-10 10:00")
				desk.Actor.Roles = []string{role}
				_, err := wdl.Returns.Donate(ctx, tx, desk, loan.Ref, approved)
				return err
			})
		}
		towntest.Equal(t, "WDL-X3 not asked", towntest.Refusal(t, give(false, "director"))["director_approves"], true)
		towntest.Equal(t, "WDL-X3 in the desk's word", towntest.Refusal(t, give(true, "desk"))["director_approves"], true)
		wdl.Must(give(true, "director"))
		towntest.Equal(t, "owes", wdl.Owes(patron), "0.00")
	})
}

func TestWestchesterRefundsWhatWasNotReplaced(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		replaced bool
		back     string
		want     string
	}{
		"LST-08 within six months":  {false, "2026-06-30 10:00", "22.00"},
		"LST-09 but a new one came": {true, "2026-02-10 10:00", "0.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			library := towntest.OneLibrary(t, "westchester", "America/Chicago")
			price := library.Money("22.00")
			patron, item := library.Patron("resident"), library.CopyOf(func(i *catalog.Item) { i.PricePaid = &price })
			loan := library.Lend(patron, item, "2026-01-05 10:00")
			_, err := library.Lose(loan, "2026-01-09 10:00", returns.Loss{})
			library.Must(err)
			library.PayAt(patron, "22.00", "2026-01-10 10:00")
			if c.replaced {
				library.Do(func(_ context.Context, tx *postgres.Tx) error {
					catalog.SetReplaced(tx, item.Library, item.ID, broker.MustDate("2026-01-20"))
					return nil
				})
			}
			out := library.Back(returns.Return{Desk: library.At(c.back), Item: item, Amnesty: true})
			towntest.Equal(t, "given back", out.Refund.Decimal(), c.want)
		})
	}
}

func TestACollectionAgencyOnlyWhereThePolicyHasOne(t *testing.T) {
	t.Parallel()
	westchester, perth := towntest.OneLibrary(t, "westchester", "America/Chicago"), towntest.OneLibrary(t, "perth", "America/Toronto")
	refer := func(h towntest.House, class string) (patrons.Ref, error) {
		patron := h.Patron(class)
		loan := h.Lend(patron, h.CopyOf(towntest.Of("book")), "2026-01-05 10:00")
		_, err := h.Lose(loan, "2026-01-06 10:00", returns.Loss{Price: h.Money("10.00")})
		h.Must(err)
		return patron, h.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := h.Returns.Refer(ctx, tx, h.At("2026-01-07 10:00"), loan.Ref, h.Money("8.50"))
			return err
		})
	}
	patron, err := refer(westchester, "resident")
	westchester.Must(err)
	towntest.Equal(t, "WCH-X6 with the expenses", westchester.Owes(patron), "18.50")
	_, err = refer(perth, "member")
	towntest.Equal(t, "none", towntest.Refusal(t, err)["no_collection"], true)
}

func TestDamage(t *testing.T) {
	t.Parallel()
	delaware, wdl := towntest.OneLibrary(t, "delaware", "America/New_York"), towntest.OneLibrary(t, "western-district", "America/Chicago")
	damage := func(h towntest.House, class string, in returns.Damage) (patrons.Ref, catalog.Ref) {
		patron, item := h.Patron(class), h.CopyOf(towntest.Priced("book", h.Money("20.00")))
		loan := h.Lend(patron, item, "2026-01-05 10:00")
		h.Back(returns.Return{Desk: h.At("2026-01-06 10:00"), Item: item})
		in.Desk, in.Loan = h.At("2026-01-06 10:05"), loan.Ref
		for range 2 { // clicked twice
			_, err := towntest.Act(h.Town, h.Returns.Damage, in)
			h.Must(err)
		}
		return patron, item
	}
	patron, _ := damage(delaware, "adult", returns.Damage{Assessed: delaware.Money("3.50")})
	towntest.Equal(t, "DEL-23 as assessed", delaware.Owes(patron), "3.50")
	patron, _ = damage(wdl, "resident", returns.Damage{Assessed: wdl.Money("3.50")})
	towntest.Equal(t, "normal wear", wdl.Owes(patron), "0.00")
	patron, item := damage(wdl, "resident", returns.Damage{Beyond: true})
	towntest.Equal(t, "as lost", wdl.Owes(patron), "20.00")
	towntest.Equal(t, "withdrawn", wdl.Stored(item).Status, catalog.Withdrawn)
}

func TestClaims(t *testing.T) {
	t.Parallel()
	claim := func(h towntest.House, loan loans.Loan, local string, change ...func(*returns.MakeClaim)) (loans.Outcome, error) {
		in := returns.MakeClaim{Desk: h.At(local), Loan: loan.Ref, Kind: loans.ClaimReturned, ShelfChecked: true}
		for _, apply := range change {
			apply(&in)
		}
		return towntest.Act(h.Town, h.Returns.Claim, in)
	}
	t.Run("LST-31 found in the library, the record is cleared and the patron told", func(t *testing.T) {
		t.Parallel()
		delaware := towntest.OneLibrary(t, "delaware", "America/New_York")
		patron, item := delaware.Patron("adult"), delaware.CopyOf(towntest.Of("book"))
		loan := delaware.Lend(patron, item, "2026-02-09 10:00", "2026-03-02")
		delaware.ChargeAccrued(patron, "2026-03-05 10:00")
		towntest.Equal(t, "so far", delaware.Owes(patron), "0.30")
		_, err := claim(delaware, loan, "2026-03-05 10:00")
		delaware.Must(err)
		delaware.ChargeAccrued(patron, "2026-03-12 10:00")
		towntest.Equal(t, "it does not grow", delaware.Owes(patron), "0.30")
		out := delaware.Back(returns.Return{Desk: delaware.At("2026-03-12 10:00"), Item: item, InLibrary: true})
		towntest.Equal(t, "tell the patron", out.TellPatron, true)
		towntest.Equal(t, "closed as", out.Claim.Status, loans.ClaimFoundInLibrary)
		towntest.Equal(t, "cleared", delaware.Owes(patron), "0.00")
	})
	t.Run("LST-32 found by the patron, it costs to the return", func(t *testing.T) {
		t.Parallel()
		delaware := towntest.OneLibrary(t, "delaware", "America/New_York")
		patron, item := delaware.Patron("adult"), delaware.CopyOf(towntest.Of("book"))
		loan := delaware.Lend(patron, item, "2026-02-09 10:00", "2026-03-02")
		_, err := claim(delaware, loan, "2026-03-04 10:00")
		delaware.Must(err)
		out := delaware.Back(returns.Return{Desk: delaware.At("2026-03-10 10:00"), Item: item})
		towntest.Equal(t, "closed as", out.Claim.Status, loans.ClaimFoundByPatron)
		towntest.Equal(t, "seven open days", delaware.Owes(patron), "0.70")
	})
	t.Run("LST-34 LST-35 limits and kinds", func(t *testing.T) {
		t.Parallel()
		wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
		patron := wdl.Patron("resident")
		for range 2 {
			item := wdl.CopyOf(towntest.Of("book"))
			_, err := claim(wdl, wdl.Lend(patron, item, "2026-02-09 10:00"), "2026-02-10 10:00")
			wdl.Must(err)
			wdl.Back(returns.Return{Desk: wdl.At("2026-02-11 10:00"), Item: item}) // the count is for a lifetime: it goes on
		}
		third := wdl.Lend(patron, wdl.CopyOf(towntest.Of("book")), "2026-02-12 10:00")
		_, err := claim(wdl, third, "2026-02-13 10:00")
		towntest.Equal(t, "a third", towntest.Refusal(t, err)["claim_limit_reached"], true)
		_, err = claim(wdl, third, "2026-02-13 10:00", func(in *returns.MakeClaim) {
			in.Desk.Actor.Roles = []string{"director"}
			in.Overrides, in.Reason = []string{"claim_limit_reached"}, "the director was asked"
		})
		wdl.Must(err)
		_, err = claim(wdl, wdl.Lend(wdl.Patron("resident"), wdl.CopyOf(towntest.Of("chromebook")), "2026-02-12 10:00"), "2026-02-13 10:00")
		towntest.Equal(t, "not for a Chromebook", towntest.Refusal(t, err)["claim_excluded"], true)
		_, err = claim(wdl, wdl.Lend(wdl.Patron("resident"), wdl.CopyOf(towntest.Of("book")), "2026-02-12 10:00"), "2026-02-13 10:00",
			func(in *returns.MakeClaim) { in.ShelfChecked = false })
		towntest.Equal(t, "look on the shelves first", towntest.Refusal(t, err)["shelf_not_checked"], true)
	})
	t.Run("LST-36 the owner of the item is asked", func(t *testing.T) {
		t.Parallel()
		wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
		owner := wdl.AddLibrary("western-district", "America/Chicago")
		loan := wdl.Lend(wdl.Patron("resident"), owner.CopyOf(towntest.Of("book")), "2026-02-09 10:00")
		out, err := claim(wdl, loan, "2026-02-10 10:00")
		wdl.Must(err)
		towntest.Equal(t, "pending", out.Claim.Status, loans.ClaimAskedOwner)
		answer := returns.ClaimAnswer{Desk: wdl.At("2026-02-12 10:00"), Loan: loan.Ref, Status: loans.ClaimOpen}
		out, err = towntest.Act(wdl.Town, wdl.Returns.AnswerClaim, answer)
		wdl.Must(err)
		towntest.Equal(t, "the owner agrees", out.Claim.Status, loans.ClaimOpen)
	})
	t.Run("LST-37 a guardian may claim for a minor, and the note is full", func(t *testing.T) {
		t.Parallel()
		wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
		minor := wdl.Patron("resident", func(p *patrons.Patron) { p.BornOn = broker.MustDate("2010-06-01") })
		out, err := claim(wdl, wdl.Lend(minor, wdl.CopyOf(towntest.Of("book")), "2026-02-09 10:00"), "2026-02-10 10:00",
			func(in *returns.MakeClaim) { in.ByGuardian, in.Names = true, "guardian and staff 1" })
		wdl.Must(err)
		for _, field := range []string{"title", "barcode", "names", "date"} {
			towntest.Equal(t, field+" is named", out.Claim.Note[field] != "", true)
		}
	})
	t.Run("WCH-X1 three at a time, and LIM-08 a claimed item", func(t *testing.T) {
		t.Parallel()
		westchester := towntest.OneLibrary(t, "westchester", "America/Chicago")
		patron := westchester.Patron("resident")
		var items []catalog.Ref
		for range 4 {
			items = append(items, westchester.CopyOf(towntest.Of("book")))
		}
		for i, item := range items {
			loan := westchester.Lend(patron, item, "2026-02-09 10:00")
			_, err := claim(westchester, loan, "2026-02-10 10:00")
			if i < 3 {
				westchester.Must(err)
				continue
			}
			towntest.Equal(t, "a fourth", towntest.Refusal(t, err)["claim_limit_reached"], true)
			westchester.Back(returns.Return{Desk: westchester.At("2026-02-10 11:00"), Item: items[0]})
			_, err = claim(westchester, loan, "2026-02-10 12:00")
			westchester.Must(err) // the limit counts open claims, not all that were ever made
		}
	})
	t.Run("DEL-20 not found: charged and told", func(t *testing.T) {
		t.Parallel()
		delaware := towntest.OneLibrary(t, "delaware", "America/New_York")
		patron := delaware.Patron("adult")
		loan := delaware.Lend(patron, delaware.CopyOf(towntest.Priced("book", delaware.Money("20.00"))), "2026-02-09 10:00", "2026-03-02")
		_, err := claim(delaware, loan, "2026-03-02 10:00")
		delaware.Must(err)
		out, err := towntest.Act(delaware.Town, delaware.Returns.AnswerClaim, returns.ClaimAnswer{
			Desk: delaware.At("2026-06-02 10:00"), Loan: loan.Ref, Status: loans.ClaimCharged,
		})
		delaware.Must(err)
		towntest.Equal(t, "told", out.TellPatron, true)
		towntest.Equal(t, "lost by", out.Loan.LostHow, loans.LostByClaim)
		towntest.Equal(t, "the price, and no fine past the claim", delaware.Owes(patron), "20.00")
	})
}

func TestAnILLLossIsLeftToItsRequest(t *testing.T) {
	t.Parallel()
	wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
	desk := wdl.At("2026-03-02 10:00")
	item, request := wdl.Borrowed("book", desk)
	patron := wdl.Patron("resident")
	lent, err := towntest.Act(wdl.Town, wdl.Loans.CheckOut, loans.CheckOut{Desk: desk, Item: item, Patron: patron, Request: request, LenderDue: broker.MustDate("2026-03-30")})
	wdl.Must(err)
	out, err := wdl.Lose(*lent.Loan, "2026-03-10 10:00", returns.Loss{})
	wdl.Must(err)
	towntest.Equal(t, "nothing is charged here", len(out.Charged), 0)
	towntest.Equal(t, "lost", out.Loan.Status, loans.Lost)
}

func TestItemsAreMarked(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	item := perth.CopyOf(towntest.Of("book"))
	mark := func(status catalog.ItemStatus) error {
		return perth.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := perth.Returns.MarkItem(ctx, tx, perth.At("2026-03-02 10:00"), item, status)
			return err
		})
	}
	for _, status := range []catalog.ItemStatus{catalog.Missing, catalog.OnShelf, catalog.Withdrawn, catalog.OnShelf} {
		perth.Must(mark(status))
		towntest.Equal(t, "status", perth.Stored(item).Status, status)
	}
	perth.Lend(perth.Patron("member"), item, "2026-03-02 11:00")
	towntest.WantCode(t, mark(catalog.Missing), "item_in_use")
}
