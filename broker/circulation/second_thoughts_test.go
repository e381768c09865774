package circulation_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// An item may be lost, found and lost again; each time the money is worked out
// from what stands.
func TestALoanIsLostTwice(t *testing.T) {
	t.Parallel()
	wdl := oneLibrary(t, "western-district", "America/Chicago")
	late := func() (patrons.Ref, catalog.Ref, circulation.Loan) {
		patron, item := wdl.patron("resident"), wdl.copyOf(priced("book", wdl.money("30.00")))
		return patron, item, wdl.lend(patron, item, "2026-01-05 10:00", "2026-01-26")
	}
	t.Run("the lateness is forgiven each time", func(t *testing.T) {
		patron, _, loan := late()
		wdl.chargeAccrued(patron, "2026-02-05 10:00")
		_, err := wdl.lose(loan, "2026-02-05 10:00", circulation.Loss{ForgiveOverdue: true})
		wdl.must(err)
		wdl.foundAgain(loan, "2026-02-05 11:00")
		wdl.chargeAccrued(patron, "2026-02-05 12:00")
		equal(t, "charged again the same day", wdl.owes(patron), "1.00")
		_, err = wdl.lose(loan, "2026-02-05 13:00", circulation.Loss{ForgiveOverdue: true})
		wdl.must(err)
		equal(t, "the same day: the loss only", wdl.owes(patron), "30.00")
		wdl.foundAgain(loan, "2026-02-06 10:00")
		wdl.chargeAccrued(patron, "2026-02-06 12:00")
		equal(t, "eleven days", wdl.owes(patron), "1.10")
		_, err = wdl.lose(loan, "2026-02-07 10:00", circulation.Loss{ForgiveOverdue: true})
		wdl.must(err)
		equal(t, "the loss only", wdl.owes(patron), "30.00")
	})
	t.Run("paid, found, lost again and brought back", func(t *testing.T) {
		patron, item, loan := late()
		_, err := wdl.lose(loan, "2026-01-10 10:00", circulation.Loss{})
		wdl.must(err)
		wdl.payAt(patron, "30.00", "2026-01-11 10:00")
		wdl.foundAgain(loan, "2026-01-12 10:00")
		equal(t, "in the patron's favour", wdl.owes(patron), "-30.00")
		_, err = wdl.lose(loan, "2026-01-13 10:00", circulation.Loss{})
		wdl.must(err)
		equal(t, "settled", wdl.owes(patron), "0.00")
		out := wdl.back(circulation.Return{Desk: wdl.at("2026-01-14 10:00"), Item: item})
		equal(t, "given back, less five", out.Refund.Decimal(), "25.00")
		equal(t, "in the patron's favour", wdl.owes(patron), "-25.00")
	})
	t.Run("part paid, it is given back in part", func(t *testing.T) {
		patron, item, loan := late()
		_, err := wdl.lose(loan, "2026-01-10 10:00", circulation.Loss{})
		wdl.must(err)
		wdl.payAt(patron, "12.00", "2026-01-11 11:00")
		out := wdl.back(circulation.Return{Desk: wdl.at("2026-01-14 10:00"), Item: item})
		equal(t, "given back, less five", out.Refund.Decimal(), "7.00")
		equal(t, "in the patron's favour", wdl.owes(patron), "-7.00")
	})
	wdl.noBreach()
}

// What staff waived is not asked again because the item turns up.
func TestAWaivedFineStaysWaivedWhenTheLostItemComesBack(t *testing.T) {
	t.Parallel()
	wdl := oneLibrary(t, "western-district", "America/Chicago")
	patron, item := wdl.patron("resident"), wdl.copyOf(priced("book", wdl.money("30.00")))
	loan := wdl.lend(patron, item, "2026-01-05 10:00", "2026-01-26")
	_, err := wdl.lose(loan, "2026-02-05 10:00", circulation.Loss{})
	wdl.must(err)
	wdl.waive(patron, ledger.Overdue, "2026-02-05 11:00")
	equal(t, "the loss only", wdl.owes(patron), "30.00")
	wdl.back(circulation.Return{Desk: wdl.at("2026-02-05 12:00"), Item: item})
	equal(t, "nothing", wdl.owes(patron), "0.00")
}

// A lender that lets a late item be kept longer does not make its lateness
// vanish, nor leave it growing.
func TestALenderRenewsALateItem(t *testing.T) {
	t.Parallel()
	wch := oneLibrary(t, "westchester", "America/Chicago")
	lend := func() (patrons.Ref, circulation.Loan) {
		patron, desk := wch.patron("resident"), wch.at("2026-03-02 10:00")
		item, request := wch.borrowed("book", desk)
		out, err := act(wch.town, wch.Circ.CheckOut, circulation.CheckOut{Desk: desk, Item: item, Patron: patron, Request: request, LenderDue: broker.MustDate("2026-03-16")})
		wch.must(err)
		return patron, *out.Loan
	}
	change := func(loan circulation.Loan, local, due string, why circulation.WhyDue) {
		_, err := act(wch.town, wch.Circ.ChangeDue, circulation.ChangeDue{Desk: wch.at(local), Loan: loan.LoanRef, LenderDue: broker.MustDate(due), Why: why})
		wch.must(err)
	}
	t.Run("renewed: a dollar a day until then", func(t *testing.T) {
		patron, loan := lend()
		wch.accrue("2026-03-20 03:00", 10)
		equal(t, "grown", wch.owes(patron), "4.00")
		change(loan, "2026-03-20 10:00", "2026-03-30", circulation.DueRenewed)
		equal(t, "charged", wch.owes(patron), "4.00")
		equal(t, "grows no more", wch.accrued(loan.LoanRef).Loan, broker.NoID)
		wch.payAt(patron, "4.00", "2026-03-20 11:00")
		wch.back(circulation.Return{Desk: wch.at("2026-04-01 10:00"), Item: loan.Item})
		equal(t, "two days more", wch.owes(patron), "2.00")
	})
	t.Run("corrected: it was never late", func(t *testing.T) {
		patron, loan := lend()
		wch.chargeAccrued(patron, "2026-03-20 09:00")
		change(loan, "2026-03-20 10:00", "2026-03-30", circulation.DueCorrected)
		equal(t, "taken back", wch.owes(patron), "0.00")
		wch.back(circulation.Return{Desk: wch.at("2026-03-31 10:00"), Item: loan.Item})
		equal(t, "one day", wch.owes(patron), "1.00")
	})
	wch.noBreach()
}

// A loan whose patron's account went into another still has one fine.
func TestAFineIsChargedOnceThoughTwoAccountsBecomeOne(t *testing.T) {
	t.Parallel()
	wdl := oneLibrary(t, "western-district", "America/Chicago")
	patron, other, item := wdl.patron("resident"), wdl.patron("resident"), wdl.copyOf(of("book"))
	loan := wdl.lend(patron, item, "2026-01-05 10:00", "2026-01-26")
	wdl.chargeAccrued(patron, "2026-02-05 10:00")
	wdl.payAt(patron, "0.40", "2026-02-05 10:00")
	wdl.do(func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := circulation.MovePatron(ctx, tx, patron, other, wdl.at("2026-02-05 11:00").Now); err != nil {
			return err
		}
		return ledger.Move(ctx, tx, patrons.Account(wdl.Library, patron), patrons.Account(wdl.Library, other), ledger.Answer{
			Library: wdl.Library.ID, Cause: "merge:one:other", Note: "moved", Actor: wdl.at("2026-02-05 11:00").Actor, At: wdl.at("2026-02-05 11:00").Now,
		})
	})
	equal(t, "moved", wdl.owes(other), "0.60")
	equal(t, "nothing left", wdl.owes(patron), "0.00")
	wdl.accrue("2026-02-07 03:00", 10)
	equal(t, "two days more", wdl.owes(other), "0.80")
	equal(t, "accrued", wdl.accrued(loan.LoanRef).Amount.Minor, int64(20))
	wdl.back(circulation.Return{Desk: wdl.at("2026-02-07 10:00"), Item: item})
	equal(t, "twelve days in all", wdl.owes(other), "0.80")
	wdl.noBreach()
}

// A night that meets a return at the desk leaves nothing growing for it.
func TestTheNightLeavesALoanAloneThatIsJustComingBack(t *testing.T) {
	t.Parallel()
	wdl := oneLibrary(t, "western-district", "America/Chicago")
	patron, item, stays := wdl.patron("resident"), wdl.copyOf(of("book")), wdl.copyOf(of("book"))
	loan := wdl.lend(patron, item, "2026-01-05 10:00", "2026-01-26")
	kept := wdl.lend(patron, stays, "2026-01-05 10:00", "2026-01-26")
	wdl.do(func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := wdl.Circ.Return(ctx, tx, circulation.Return{Desk: wdl.at("2026-02-05 10:00"), Item: item}); err != nil {
			return err
		}
		if err := tx.Flush(ctx); err != nil {
			return err
		}
		wdl.accrue("2026-02-05 10:00", 10) // another transaction, meanwhile
		return nil
	})
	equal(t, "nothing grows", wdl.accrued(loan.LoanRef).Loan, broker.NoID)
	equal(t, "the other one grows", wdl.accrued(kept.LoanRef).Amount.Minor, int64(100))
	equal(t, "each once", wdl.owes(patron), "2.00")
	wdl.noBreach()
}

// An emergency closing costs a patron nothing who says that the item is back.
func TestAClosingAddsNothingToAClaimedLoan(t *testing.T) {
	t.Parallel()
	wch := oneLibrary(t, "westchester", "America/Chicago")
	patron, desk := wch.patron("resident"), wch.at("2026-03-02 10:00")
	item, request := wch.borrowed("book", desk)
	out, err := act(wch.town, wch.Circ.CheckOut, circulation.CheckOut{Desk: desk, Item: item, Patron: patron, Request: request, LenderDue: broker.MustDate("2026-03-16")})
	wch.must(err)
	_, err = act(wch.town, wch.Circ.Claim, circulation.MakeClaim{Desk: wch.at("2026-03-18 10:00"), Loan: out.Loan.LoanRef, Kind: circulation.ClaimReturned, ShelfChecked: true})
	wch.must(err)
	wch.shut(directory.ClosureEmergency, "2026-03-17", "2026-03-17", "2026-04-02 10:00")
	equal(t, "one day of two", wch.owes(patron), "1.00")
}

// Forgetting who had what forgets the proxy and the names in a claim's note too.
func TestForgettingALoanForgetsEveryName(t *testing.T) {
	t.Parallel()
	wdl := oneLibrary(t, "western-district", "America/Chicago")
	patron, item := wdl.patron("resident", func(p *patrons.Patron) { no := false; p.KeepHistory = &no }), wdl.copyOf(of("book"))
	loan := wdl.lend(patron, item, "2026-01-05 10:00")
	_, err := act(wdl.town, wdl.Circ.Claim, circulation.MakeClaim{
		Desk: wdl.at("2026-01-10 10:00"), Loan: loan.LoanRef, Kind: circulation.ClaimReturned, ShelfChecked: true, Names: "adult patron 1",
	})
	wdl.must(err)
	wdl.back(circulation.Return{Desk: wdl.at("2026-01-12 10:00"), Item: item, InLibrary: true})
	wdl.do(func(ctx context.Context, tx *postgres.Tx) error {
		after, upTo := circulation.NightKey{}, circulation.NightKey{On: broker.MustDate("2026-02-01")}
		_, err := circulation.ForgetRange(ctx, tx, wdl.Library.ID, broker.Date{}, wdl.at("2026-01-13 02:00").Now, after, upTo)
		return err
	})
	wdl.do(func(ctx context.Context, tx *postgres.Tx) error {
		var known, named bool
		err := tx.QueryRow(ctx, `select l.patron_id is not null, c.note <> '{}' from loans l join claims c on c.loan_id = l.id where l.id = $1`, loan.ID).Scan(&known, &named)
		equal(t, "who had it", known, false)
		equal(t, "names in the note", named, false)
		return err
	})
}
