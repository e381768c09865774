package circulation_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

func TestWhatALossCosts(t *testing.T) {
	t.Parallel()
	westchester := oneLibrary(t, "westchester", "America/Chicago")
	patron := westchester.patron("resident")
	paid, fresh := westchester.money("18.00"), westchester.money("22.00")
	item := func() catalog.Ref {
		return westchester.copyOf(func(i *catalog.Item) { i.PricePaid, i.Price = &paid, &fresh })
	}
	t.Run("LST-04 to be replaced: cost, shipping, processing", func(t *testing.T) {
		loan := westchester.lend(patron, item(), "2026-03-02 10:00")
		out, err := westchester.lose(loan, "2026-03-10 10:00", circulation.Loss{WillReplace: true, Shipping: westchester.money("4.00")})
		westchester.must(err)
		equal(t, "31.00", charged(out), "31.00")
		equal(t, "three lines", len(out.Charged), 3)
		equal(t, "how", out.Loan.LostHow, circulation.LostReported)
		again, err := westchester.lose(loan, "2026-03-11 10:00", circulation.Loss{WillReplace: true})
		westchester.must(err)
		equal(t, "LST-29 recorded once", again.Replayed, true)
		equal(t, "and charged once", westchester.owes(patron), "31.00")
	})
	t.Run("not to be replaced: what it once cost", func(t *testing.T) {
		loan := westchester.lend(westchester.patron("resident"), item(), "2026-03-02 10:00")
		out, err := westchester.lose(loan, "2026-03-10 10:00", circulation.Loss{})
		westchester.must(err)
		equal(t, "18.00", charged(out), "18.00")
	})
	t.Run("no price is known: staff enter one", func(t *testing.T) {
		loan := westchester.lend(westchester.patron("resident"), westchester.copyOf(of("book")), "2026-03-02 10:00")
		_, err := westchester.lose(loan, "2026-03-10 10:00", circulation.Loss{})
		wantCode(t, err, "price_unknown")
		out, err := westchester.lose(loan, "2026-03-10 10:00", circulation.Loss{Price: westchester.money("12.00")})
		westchester.must(err)
		equal(t, "as entered", charged(out), "12.00")
	})
}

func TestALostItemThatComesBack(t *testing.T) {
	t.Parallel()
	wdl := oneLibrary(t, "western-district", "America/Chicago")
	lost := func(price string) (patrons.Ref, catalog.Ref, circulation.Loan) {
		patron, item := wdl.patron("resident"), wdl.copyOf(priced("book", wdl.money(price)))
		loan := wdl.lend(patron, item, "2025-12-29 10:00") // due 2026-01-19
		_, err := wdl.lose(loan, "2025-12-31 10:00", circulation.Loss{})
		wdl.must(err)
		return patron, item, loan
	}
	t.Run("unpaid, it need not be paid", func(t *testing.T) {
		patron, item, _ := lost("30.00")
		equal(t, "charged", wdl.owes(patron), "30.00")
		wdl.back(circulation.Return{Desk: wdl.at("2026-01-10 10:00"), Item: item})
		equal(t, "nothing", wdl.owes(patron), "0.00")
	})
	for day, want := range map[string]string{"2026-04-01": "25.00", "2026-04-02": "0.00"} {
		t.Run("LST-06 paid, and back on "+day, func(t *testing.T) {
			patron, item, _ := lost("30.00")
			wdl.payAt(patron, "30.00", "2026-01-01 10:00")
			out := wdl.back(circulation.Return{Desk: wdl.at(day + " 10:00"), Item: item, Amnesty: true})
			equal(t, "given back", out.Refund.Decimal(), want)
		})
	}
	t.Run("LST-07 never below nothing", func(t *testing.T) {
		patron, item, _ := lost("3.00")
		wdl.payAt(patron, "3.00", "2026-01-01 10:00")
		out := wdl.back(circulation.Return{Desk: wdl.at("2026-01-10 10:00"), Item: item})
		equal(t, "given back", out.Refund.Minor, int64(0))
		equal(t, "owes", wdl.owes(patron), "0.00")
	})
	t.Run("LST-21 the overdue forgiven at the loss stays so, a new fine is worked out", func(t *testing.T) {
		patron, item := wdl.patron("resident"), wdl.copyOf(priced("book", wdl.money("99.00")))
		loan := wdl.lend(patron, item, "2026-01-05 10:00", "2026-01-26")
		wdl.chargeAccrued(patron, "2026-02-05 10:00")
		equal(t, "ten days", wdl.owes(patron), "1.00")
		_, err := wdl.lose(loan, "2026-02-05 10:00", circulation.Loss{ForgiveOverdue: true})
		wdl.must(err)
		equal(t, "the loss only", wdl.owes(patron), "99.00")
		wdl.back(circulation.Return{Desk: wdl.at("2026-02-10 10:00"), Item: item, Backdate: broker.MustDate("2026-01-31")})
		equal(t, "five days", wdl.owes(patron), "0.50")
	})
	t.Run("LST-18 LST-23 lateness is charged once", func(t *testing.T) {
		patron, item := wdl.patron("resident"), wdl.copyOf(priced("book", wdl.money("7.00")))
		loan := wdl.lend(patron, item, "2026-01-05 10:00", "2026-01-26")
		_, err := wdl.lose(loan, "2026-02-05 10:00", circulation.Loss{})
		wdl.must(err)
		equal(t, "fine and loss", wdl.owes(patron), "8.00")
		wdl.back(circulation.Return{Desk: wdl.at("2026-02-05 11:00"), Item: item})
		equal(t, "the fine alone", wdl.owes(patron), "1.00")
	})
	t.Run("LST-25 paying for the first loss leaves the second loan alone", func(t *testing.T) {
		patron, item, _ := lost("30.00")
		wdl.back(circulation.Return{Desk: wdl.at("2026-01-10 10:00"), Item: item})
		wdl.charge(patron, "2.00", "2026-01-10 11:00")
		other := wdl.patron("resident")
		second := wdl.lend(other, item, "2026-01-12 10:00")
		_, err := wdl.lose(second, "2026-01-13 10:00", circulation.Loss{})
		wdl.must(err)
		wdl.payAt(patron, "2.00", "2026-01-14 10:00")
		wdl.do(func(ctx context.Context, tx *postgres.Tx) error {
			loan, err := circulation.LoanByID(ctx, tx, second.LoanRef)
			equal(t, "still lost", loan.Status, circulation.LoanLost)
			return err
		})
		equal(t, "still owed", wdl.owes(other), "30.00")
	})
	t.Run("a like item with the director's approval", func(t *testing.T) {
		patron, _, loan := lost("30.00")
		give := func(approved bool, role string) error {
			return wdl.try(func(ctx context.Context, tx *postgres.Tx) error {
				desk := wdl.at("2026-01-10 10:00")
				desk.Actor.Roles = []string{role}
				_, err := wdl.Circ.Donate(ctx, tx, desk, loan.LoanRef, approved)
				return err
			})
		}
		equal(t, "WDL-X3 not asked", refusal(t, give(false, "director"))["director_approves"], true)
		equal(t, "WDL-X3 in the desk's word", refusal(t, give(true, "desk"))["director_approves"], true)
		wdl.must(give(true, "director"))
		equal(t, "owes", wdl.owes(patron), "0.00")
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
			library := oneLibrary(t, "westchester", "America/Chicago")
			price := library.money("22.00")
			patron, item := library.patron("resident"), library.copyOf(func(i *catalog.Item) { i.PricePaid = &price })
			loan := library.lend(patron, item, "2026-01-05 10:00")
			_, err := library.lose(loan, "2026-01-09 10:00", circulation.Loss{})
			library.must(err)
			library.payAt(patron, "22.00", "2026-01-10 10:00")
			if c.replaced {
				library.do(func(_ context.Context, tx *postgres.Tx) error {
					catalog.SetReplaced(tx, item.Library, item.ID, broker.MustDate("2026-01-20"))
					return nil
				})
			}
			out := library.back(circulation.Return{Desk: library.at(c.back), Item: item, Amnesty: true})
			equal(t, "given back", out.Refund.Decimal(), c.want)
		})
	}
}

func TestACollectionAgencyOnlyWhereThePolicyHasOne(t *testing.T) {
	t.Parallel()
	westchester, perth := oneLibrary(t, "westchester", "America/Chicago"), oneLibrary(t, "perth", "America/Toronto")
	refer := func(h house, class string) (patrons.Ref, error) {
		patron := h.patron(class)
		loan := h.lend(patron, h.copyOf(of("book")), "2026-01-05 10:00")
		_, err := h.lose(loan, "2026-01-06 10:00", circulation.Loss{Price: h.money("10.00")})
		h.must(err)
		return patron, h.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := h.Circ.Refer(ctx, tx, h.at("2026-01-07 10:00"), loan.LoanRef, h.money("8.50"))
			return err
		})
	}
	patron, err := refer(westchester, "resident")
	westchester.must(err)
	equal(t, "WCH-X6 with the expenses", westchester.owes(patron), "18.50")
	_, err = refer(perth, "member")
	equal(t, "none", refusal(t, err)["no_collection"], true)
}

func TestDamage(t *testing.T) {
	t.Parallel()
	delaware, wdl := oneLibrary(t, "delaware", "America/New_York"), oneLibrary(t, "western-district", "America/Chicago")
	damage := func(h house, class string, in circulation.Damage) (patrons.Ref, catalog.Ref) {
		patron, item := h.patron(class), h.copyOf(priced("book", h.money("20.00")))
		loan := h.lend(patron, item, "2026-01-05 10:00")
		h.back(circulation.Return{Desk: h.at("2026-01-06 10:00"), Item: item})
		in.Desk, in.Loan = h.at("2026-01-06 10:05"), loan.LoanRef
		for range 2 { // clicked twice
			_, err := act(h.town, h.Circ.Damage, in)
			h.must(err)
		}
		return patron, item
	}
	patron, _ := damage(delaware, "adult", circulation.Damage{Assessed: delaware.money("3.50")})
	equal(t, "DEL-23 as assessed", delaware.owes(patron), "3.50")
	patron, _ = damage(wdl, "resident", circulation.Damage{Assessed: wdl.money("3.50")})
	equal(t, "normal wear", wdl.owes(patron), "0.00")
	patron, item := damage(wdl, "resident", circulation.Damage{Beyond: true})
	equal(t, "as lost", wdl.owes(patron), "20.00")
	equal(t, "withdrawn", wdl.stored(item).Status, catalog.Withdrawn)
}

func TestClaims(t *testing.T) {
	t.Parallel()
	claim := func(h house, loan circulation.Loan, local string, change ...func(*circulation.MakeClaim)) (circulation.Outcome, error) {
		in := circulation.MakeClaim{Desk: h.at(local), Loan: loan.LoanRef, Kind: circulation.ClaimReturned, ShelfChecked: true}
		for _, apply := range change {
			apply(&in)
		}
		return act(h.town, h.Circ.Claim, in)
	}
	t.Run("LST-31 found in the library, the record is cleared and the patron told", func(t *testing.T) {
		t.Parallel()
		delaware := oneLibrary(t, "delaware", "America/New_York")
		patron, item := delaware.patron("adult"), delaware.copyOf(of("book"))
		loan := delaware.lend(patron, item, "2026-02-09 10:00", "2026-03-02")
		delaware.chargeAccrued(patron, "2026-03-05 10:00")
		equal(t, "so far", delaware.owes(patron), "0.30")
		_, err := claim(delaware, loan, "2026-03-05 10:00")
		delaware.must(err)
		delaware.chargeAccrued(patron, "2026-03-12 10:00")
		equal(t, "it does not grow", delaware.owes(patron), "0.30")
		out := delaware.back(circulation.Return{Desk: delaware.at("2026-03-12 10:00"), Item: item, InLibrary: true})
		equal(t, "tell the patron", out.TellPatron, true)
		equal(t, "closed as", out.Claim.Status, circulation.ClaimFoundInLibrary)
		equal(t, "cleared", delaware.owes(patron), "0.00")
	})
	t.Run("LST-32 found by the patron, it costs to the return", func(t *testing.T) {
		t.Parallel()
		delaware := oneLibrary(t, "delaware", "America/New_York")
		patron, item := delaware.patron("adult"), delaware.copyOf(of("book"))
		loan := delaware.lend(patron, item, "2026-02-09 10:00", "2026-03-02")
		_, err := claim(delaware, loan, "2026-03-04 10:00")
		delaware.must(err)
		out := delaware.back(circulation.Return{Desk: delaware.at("2026-03-10 10:00"), Item: item})
		equal(t, "closed as", out.Claim.Status, circulation.ClaimFoundByPatron)
		equal(t, "seven open days", delaware.owes(patron), "0.70")
	})
	t.Run("LST-34 LST-35 limits and kinds", func(t *testing.T) {
		t.Parallel()
		wdl := oneLibrary(t, "western-district", "America/Chicago")
		patron := wdl.patron("resident")
		for range 2 {
			item := wdl.copyOf(of("book"))
			_, err := claim(wdl, wdl.lend(patron, item, "2026-02-09 10:00"), "2026-02-10 10:00")
			wdl.must(err)
			wdl.back(circulation.Return{Desk: wdl.at("2026-02-11 10:00"), Item: item}) // lifetime: it counts on
		}
		third := wdl.lend(patron, wdl.copyOf(of("book")), "2026-02-12 10:00")
		_, err := claim(wdl, third, "2026-02-13 10:00")
		equal(t, "a third", refusal(t, err)["claim_limit_reached"], true)
		_, err = claim(wdl, third, "2026-02-13 10:00", func(in *circulation.MakeClaim) {
			in.Desk.Actor.Roles = []string{"director"}
			in.Overrides, in.Reason = []string{"claim_limit_reached"}, "the director was asked"
		})
		wdl.must(err)
		_, err = claim(wdl, wdl.lend(wdl.patron("resident"), wdl.copyOf(of("chromebook")), "2026-02-12 10:00"), "2026-02-13 10:00")
		equal(t, "not for a Chromebook", refusal(t, err)["claim_excluded"], true)
		_, err = claim(wdl, wdl.lend(wdl.patron("resident"), wdl.copyOf(of("book")), "2026-02-12 10:00"), "2026-02-13 10:00",
			func(in *circulation.MakeClaim) { in.ShelfChecked = false })
		equal(t, "look on the shelves first", refusal(t, err)["shelf_not_checked"], true)
	})
	t.Run("LST-36 the owner of the item is asked", func(t *testing.T) {
		t.Parallel()
		wdl := oneLibrary(t, "western-district", "America/Chicago")
		owner := wdl.addLibrary("western-district", "America/Chicago")
		loan := wdl.lend(wdl.patron("resident"), owner.copyOf(of("book")), "2026-02-09 10:00")
		out, err := claim(wdl, loan, "2026-02-10 10:00")
		wdl.must(err)
		equal(t, "pending", out.Claim.Status, circulation.ClaimAskedOwner)
		answer := circulation.ClaimAnswer{Desk: wdl.at("2026-02-12 10:00"), Loan: loan.LoanRef, Status: circulation.ClaimOpen}
		out, err = act(wdl.town, wdl.Circ.AnswerClaim, answer)
		wdl.must(err)
		equal(t, "the owner agrees", out.Claim.Status, circulation.ClaimOpen)
	})
	t.Run("LST-37 a guardian may claim for a minor, and the note is full", func(t *testing.T) {
		t.Parallel()
		wdl := oneLibrary(t, "western-district", "America/Chicago")
		minor := wdl.patron("resident", func(p *patrons.Patron) { p.BornOn = broker.MustDate("2010-06-01") })
		out, err := claim(wdl, wdl.lend(minor, wdl.copyOf(of("book")), "2026-02-09 10:00"), "2026-02-10 10:00",
			func(in *circulation.MakeClaim) { in.ByGuardian, in.Names = true, "guardian and staff 1" })
		wdl.must(err)
		for _, field := range []string{"title", "barcode", "names", "date"} {
			equal(t, field+" is named", out.Claim.Note[field] != "", true)
		}
	})
	t.Run("WCH-X1 three at a time, and LIM-08 a claimed item", func(t *testing.T) {
		t.Parallel()
		westchester := oneLibrary(t, "westchester", "America/Chicago")
		patron := westchester.patron("resident")
		var items []catalog.Ref
		for range 4 {
			items = append(items, westchester.copyOf(of("book")))
		}
		for i, item := range items {
			loan := westchester.lend(patron, item, "2026-02-09 10:00")
			_, err := claim(westchester, loan, "2026-02-10 10:00")
			if i < 3 {
				westchester.must(err)
				continue
			}
			equal(t, "a fourth", refusal(t, err)["claim_limit_reached"], true)
			westchester.back(circulation.Return{Desk: westchester.at("2026-02-10 11:00"), Item: items[0]})
			_, err = claim(westchester, loan, "2026-02-10 12:00")
			westchester.must(err) // carried, not ever
		}
	})
	t.Run("DEL-20 not found: charged and told", func(t *testing.T) {
		t.Parallel()
		delaware := oneLibrary(t, "delaware", "America/New_York")
		patron := delaware.patron("adult")
		loan := delaware.lend(patron, delaware.copyOf(priced("book", delaware.money("20.00"))), "2026-02-09 10:00", "2026-03-02")
		_, err := claim(delaware, loan, "2026-03-02 10:00")
		delaware.must(err)
		out, err := act(delaware.town, delaware.Circ.AnswerClaim, circulation.ClaimAnswer{
			Desk: delaware.at("2026-06-02 10:00"), Loan: loan.LoanRef, Status: circulation.ClaimCharged,
		})
		delaware.must(err)
		equal(t, "told", out.TellPatron, true)
		equal(t, "lost by", out.Loan.LostHow, circulation.LostByClaim)
		equal(t, "the price, and no fine past the claim", delaware.owes(patron), "20.00")
	})
}

func TestAnILLLossIsLeftToItsRequest(t *testing.T) {
	t.Parallel()
	wdl := oneLibrary(t, "western-district", "America/Chicago")
	desk := wdl.at("2026-03-02 10:00")
	item, request := wdl.borrowed("book", desk)
	patron := wdl.patron("resident")
	lent, err := act(wdl.town, wdl.Circ.CheckOut, circulation.CheckOut{Desk: desk, Item: item, Patron: patron, Request: request, LenderDue: broker.MustDate("2026-03-30")})
	wdl.must(err)
	out, err := wdl.lose(*lent.Loan, "2026-03-10 10:00", circulation.Loss{})
	wdl.must(err)
	equal(t, "nothing is charged here", len(out.Charged), 0)
	equal(t, "lost", out.Loan.Status, circulation.LoanLost)
}

func TestItemsAreMarked(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	item := perth.copyOf(of("book"))
	mark := func(status catalog.ItemStatus) error {
		return perth.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := perth.Circ.MarkItem(ctx, tx, perth.at("2026-03-02 10:00"), item, status)
			return err
		})
	}
	for _, status := range []catalog.ItemStatus{catalog.Missing, catalog.OnShelf, catalog.Withdrawn, catalog.OnShelf} {
		perth.must(mark(status))
		equal(t, "status", perth.stored(item).Status, status)
	}
	perth.lend(perth.patron("member"), item, "2026-03-02 11:00")
	wantCode(t, mark(catalog.Missing), "item_in_use")
}
