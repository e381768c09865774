package returns_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/towntest"
)

// An item may be lost, found and lost again; each time the money is worked out
// from what is on the account.
func TestALoanIsLostTwice(t *testing.T) {
	t.Parallel()
	wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
	late := func() (patrons.Ref, catalog.Ref, loans.Loan) {
		patron, item := wdl.Patron("resident"), wdl.CopyOf(towntest.Priced("book", wdl.Money("30.00")))
		return patron, item, wdl.Lend(patron, item, "2026-01-05 10:00", "2026-01-26")
	}
	t.Run("the lateness is forgiven each time", func(t *testing.T) {
		patron, _, loan := late()
		wdl.ChargeAccrued(patron, "2026-02-05 10:00")
		_, err := wdl.Lose(loan, "2026-02-05 10:00", returns.Loss{ForgiveOverdue: true})
		wdl.Must(err)
		wdl.FoundAgain(loan, "2026-02-05 11:00")
		wdl.ChargeAccrued(patron, "2026-02-05 12:00")
		towntest.Equal(t, "charged again the same day", wdl.Owes(patron), "1.00")
		_, err = wdl.Lose(loan, "2026-02-05 13:00", returns.Loss{ForgiveOverdue: true})
		wdl.Must(err)
		towntest.Equal(t, "the same day: the loss only", wdl.Owes(patron), "30.00")
		wdl.FoundAgain(loan, "2026-02-06 10:00")
		wdl.ChargeAccrued(patron, "2026-02-06 12:00")
		towntest.Equal(t, "eleven days", wdl.Owes(patron), "1.10")
		_, err = wdl.Lose(loan, "2026-02-07 10:00", returns.Loss{ForgiveOverdue: true})
		wdl.Must(err)
		towntest.Equal(t, "the loss only", wdl.Owes(patron), "30.00")
	})
	t.Run("paid, found, lost again and brought back", func(t *testing.T) {
		patron, item, loan := late()
		_, err := wdl.Lose(loan, "2026-01-10 10:00", returns.Loss{})
		wdl.Must(err)
		wdl.PayAt(patron, "30.00", "2026-01-11 10:00")
		wdl.FoundAgain(loan, "2026-01-12 10:00")
		towntest.Equal(t, "in the patron's favour", wdl.Owes(patron), "-30.00")
		_, err = wdl.Lose(loan, "2026-01-13 10:00", returns.Loss{})
		wdl.Must(err)
		towntest.Equal(t, "settled", wdl.Owes(patron), "0.00")
		out := wdl.Back(returns.Return{Desk: wdl.At("2026-01-14 10:00"), Item: item})
		towntest.Equal(t, "given back, less five", out.Refund.Decimal(), "25.00")
		towntest.Equal(t, "in the patron's favour", wdl.Owes(patron), "-25.00")
	})
	t.Run("part paid, it is given back in part", func(t *testing.T) {
		patron, item, loan := late()
		_, err := wdl.Lose(loan, "2026-01-10 10:00", returns.Loss{})
		wdl.Must(err)
		wdl.PayAt(patron, "12.00", "2026-01-11 11:00")
		out := wdl.Back(returns.Return{Desk: wdl.At("2026-01-14 10:00"), Item: item})
		towntest.Equal(t, "given back, less five", out.Refund.Decimal(), "7.00")
		towntest.Equal(t, "in the patron's favour", wdl.Owes(patron), "-7.00")
	})
	wdl.NoBreach()
}

// What staff waived is not charged again when the item turns up.
func TestAWaivedFineStaysWaivedWhenTheLostItemComesBack(t *testing.T) {
	t.Parallel()
	wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
	patron, item := wdl.Patron("resident"), wdl.CopyOf(towntest.Priced("book", wdl.Money("30.00")))
	loan := wdl.Lend(patron, item, "2026-01-05 10:00", "2026-01-26")
	_, err := wdl.Lose(loan, "2026-02-05 10:00", returns.Loss{})
	wdl.Must(err)
	wdl.Waive(patron, ledger.Overdue, "2026-02-05 11:00")
	towntest.Equal(t, "the loss only", wdl.Owes(patron), "30.00")
	wdl.Back(returns.Return{Desk: wdl.At("2026-02-05 12:00"), Item: item})
	towntest.Equal(t, "nothing", wdl.Owes(patron), "0.00")
}

// A lender that lets a late item be kept longer does not make its lateness
// vanish, nor leave it growing.
func TestALenderRenewsALateItem(t *testing.T) {
	t.Parallel()
	wch := towntest.OneLibrary(t, "westchester", "America/Chicago")
	lend := func() (patrons.Ref, loans.Loan) {
		patron, desk := wch.Patron("resident"), wch.At("2026-03-02 10:00")
		item, request := wch.Borrowed("book", desk)
		out, err := towntest.Act(wch.Town, wch.Loans.CheckOut, loans.CheckOut{Desk: desk, Item: item, Patron: patron, Request: request, LenderDue: broker.MustDate("2026-03-16")})
		wch.Must(err)
		return patron, *out.Loan
	}
	change := func(loan loans.Loan, local, due string, why loans.WhyDue) {
		_, err := towntest.Act(wch.Town, wch.Loans.ChangeDue, loans.ChangeDue{Desk: wch.At(local), Loan: loan.Ref, LenderDue: broker.MustDate(due), Why: why})
		wch.Must(err)
	}
	t.Run("renewed: a dollar a day until then", func(t *testing.T) {
		patron, loan := lend()
		wch.Accrue("2026-03-20 03:00", 10)
		towntest.Equal(t, "grown", wch.Owes(patron), "4.00")
		change(loan, "2026-03-20 10:00", "2026-03-30", loans.DueRenewed)
		towntest.Equal(t, "charged", wch.Owes(patron), "4.00")
		towntest.Equal(t, "grows no more", wch.Accrued(loan.Ref).Loan, broker.NoID)
		wch.PayAt(patron, "4.00", "2026-03-20 11:00")
		wch.Back(returns.Return{Desk: wch.At("2026-04-01 10:00"), Item: loan.Item})
		towntest.Equal(t, "two days more", wch.Owes(patron), "2.00")
	})
	t.Run("corrected: it was never late", func(t *testing.T) {
		patron, loan := lend()
		wch.ChargeAccrued(patron, "2026-03-20 09:00")
		change(loan, "2026-03-20 10:00", "2026-03-30", loans.DueCorrected)
		towntest.Equal(t, "taken back", wch.Owes(patron), "0.00")
		wch.Back(returns.Return{Desk: wch.At("2026-03-31 10:00"), Item: loan.Item})
		towntest.Equal(t, "one day", wch.Owes(patron), "1.00")
	})
	wch.NoBreach()
}

// A loan whose patron's account was merged into another still has one fine.
func TestAFineIsChargedOnceThoughTwoAccountsBecomeOne(t *testing.T) {
	t.Parallel()
	wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
	patron, other, item := wdl.Patron("resident"), wdl.Patron("resident"), wdl.CopyOf(towntest.Of("book"))
	loan := wdl.Lend(patron, item, "2026-01-05 10:00", "2026-01-26")
	wdl.ChargeAccrued(patron, "2026-02-05 10:00")
	wdl.PayAt(patron, "0.40", "2026-02-05 10:00")
	wdl.Do(func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := loans.MovePatron(ctx, tx, patron, other, wdl.At("2026-02-05 11:00").Now); err != nil {
			return err
		}
		return ledger.Move(ctx, tx, patrons.Account(wdl.Library, patron), patrons.Account(wdl.Library, other), ledger.Answer{
			Library: wdl.Library.ID, Cause: "merge:one:other", Note: "moved", Actor: wdl.At("2026-02-05 11:00").Actor, At: wdl.At("2026-02-05 11:00").Now,
		})
	})
	towntest.Equal(t, "moved", wdl.Owes(other), "0.60")
	towntest.Equal(t, "nothing left", wdl.Owes(patron), "0.00")
	wdl.Accrue("2026-02-07 03:00", 10)
	towntest.Equal(t, "two days more", wdl.Owes(other), "0.80")
	towntest.Equal(t, "accrued", wdl.Accrued(loan.Ref).Amount.Minor, int64(20))
	wdl.Back(returns.Return{Desk: wdl.At("2026-02-07 10:00"), Item: item})
	towntest.Equal(t, "twelve days in all", wdl.Owes(other), "0.80")
	wdl.NoBreach()
}

// Nightly work that coincides with a return at the desk leaves nothing accruing
// for it.
func TestTheNightLeavesALoanAloneThatIsJustComingBack(t *testing.T) {
	t.Parallel()
	wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
	patron, item, stays := wdl.Patron("resident"), wdl.CopyOf(towntest.Of("book")), wdl.CopyOf(towntest.Of("book"))
	loan := wdl.Lend(patron, item, "2026-01-05 10:00", "2026-01-26")
	kept := wdl.Lend(patron, stays, "2026-01-05 10:00", "2026-01-26")
	wdl.Do(func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := wdl.Returns.Return(ctx, tx, returns.Return{Desk: wdl.At("2026-02-05 10:00"), Item: item}); err != nil {
			return err
		}
		if err := tx.Flush(ctx); err != nil {
			return err
		}
		wdl.Accrue("2026-02-05 10:00", 10) // another transaction, meanwhile
		return nil
	})
	towntest.Equal(t, "nothing grows", wdl.Accrued(loan.Ref).Loan, broker.NoID)
	towntest.Equal(t, "the other one grows", wdl.Accrued(kept.Ref).Amount.Minor, int64(100))
	towntest.Equal(t, "each once", wdl.Owes(patron), "2.00")
	wdl.NoBreach()
}

// An emergency closing costs nothing for a patron who claims that the item is
// back.
func TestAClosingAddsNothingToAClaimedLoan(t *testing.T) {
	t.Parallel()
	wch := towntest.OneLibrary(t, "westchester", "America/Chicago")
	patron, desk := wch.Patron("resident"), wch.At("2026-03-02 10:00")
	item, request := wch.Borrowed("book", desk)
	out, err := towntest.Act(wch.Town, wch.Loans.CheckOut, loans.CheckOut{Desk: desk, Item: item, Patron: patron, Request: request, LenderDue: broker.MustDate("2026-03-16")})
	wch.Must(err)
	_, err = towntest.Act(wch.Town, wch.Returns.Claim, returns.MakeClaim{Desk: wch.At("2026-03-18 10:00"), Loan: out.Loan.Ref, Kind: loans.ClaimReturned, ShelfChecked: true})
	wch.Must(err)
	wch.Shut(directory.ClosureEmergency, "2026-03-17", "2026-03-17", "2026-04-02 10:00")
	wch.ChargeAccrued(patron, "2026-04-02 10:30")
	towntest.Equal(t, "one day of two", wch.Owes(patron), "1.00")
}

// Forgetting who had what forgets the proxy and the names in a claim's note too.
func TestForgettingALoanForgetsEveryName(t *testing.T) {
	t.Parallel()
	wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
	patron, item := wdl.Patron("resident", func(p *patrons.Patron) { no := false; p.KeepHistory = &no }), wdl.CopyOf(towntest.Of("book"))
	loan := wdl.Lend(patron, item, "2026-01-05 10:00")
	_, err := towntest.Act(wdl.Town, wdl.Returns.Claim, returns.MakeClaim{
		Desk: wdl.At("2026-01-10 10:00"), Loan: loan.Ref, Kind: loans.ClaimReturned, ShelfChecked: true, Names: "adult patron 1",
	})
	wdl.Must(err)
	wdl.Back(returns.Return{Desk: wdl.At("2026-01-12 10:00"), Item: item, InLibrary: true})
	wdl.Do(func(ctx context.Context, tx *postgres.Tx) error {
		after, upTo := loans.NightKey{}, loans.NightKey{On: broker.MustDate("2026-02-01")}
		now := wdl.At("2026-01-13 02:00").Now
		_, _, _, err := loans.ForgetRange(ctx, tx, wdl.Library.ID, patrons.Until[broker.Date]{}, now, now, after, upTo)
		return err
	})
	wdl.Do(func(ctx context.Context, tx *postgres.Tx) error {
		var known, named bool
		err := tx.QueryRow(ctx, `select l.patron_id is not null, c.note <> '{}' from loans l join claims c on c.loan_id = l.id where l.id = $1`, loan.ID).Scan(&known, &named)
		towntest.Equal(t, "who had it", known, false)
		towntest.Equal(t, "names in the note", named, false)
		return err
	})
}
