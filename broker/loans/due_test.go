package loans_test

import (
	"testing"

	"afield/broker"
	"afield/broker/loans"
	"afield/broker/returns"
	"afield/broker/towntest"
)

func TestAChangedDueDateNeverMakesAPastFine(t *testing.T) {
	t.Parallel()
	westchester := towntest.OneLibrary(t, "westchester", "America/Chicago")
	desk := westchester.At("2026-03-02 10:00")
	item, request := westchester.Borrowed("book", desk)
	patron := westchester.Patron("resident")
	lent, err := towntest.Act(westchester.Town, westchester.Loans.CheckOut, loans.CheckOut{
		Desk: desk, Item: item, Patron: patron,
		Request: request, LenderDue: broker.MustDate("2026-03-30"),
	})
	westchester.Must(err)
	// On 20 March the lender says that it was due on the 10th.
	moved, err := towntest.Act(westchester.Town, westchester.Loans.ChangeDue, loans.ChangeDue{
		Desk: westchester.At("2026-03-20 10:00"),
		Loan: lent.Loan.Ref, LenderDue: broker.MustDate("2026-03-10"), Why: loans.DueCorrected,
	})
	westchester.Must(err)
	towntest.Equal(t, "today at the earliest", moved.Loan.DueOn, broker.MustDate("2026-03-20"))
	out, err := towntest.Act(westchester.Town, westchester.Returns.Return, returns.Return{Desk: westchester.At("2026-03-20 15:00"), Item: item})
	westchester.Must(err)
	towntest.Equal(t, "fine", towntest.Charged(out), "0.00")
}

func TestARenewalGrantedInTimeMovesTheDueDateOnce(t *testing.T) {
	t.Parallel()
	westchester := towntest.OneLibrary(t, "westchester", "America/Chicago")
	desk := westchester.At("2026-03-02 10:00")
	item, request := westchester.Borrowed("book", desk)
	lent, err := towntest.Act(westchester.Town, westchester.Loans.CheckOut, loans.CheckOut{
		Desk: desk, Item: item,
		Patron: westchester.Patron("resident"), Request: request, LenderDue: broker.MustDate("2026-03-10"),
	})
	westchester.Must(err)
	in := loans.ChangeDue{Desk: westchester.At("2026-03-12 10:00"), Loan: lent.Loan.Ref, LenderDue: broker.MustDate("2026-03-24"), Why: loans.DueRenewed}
	for range 2 { // the answer comes twice
		out, err := towntest.Act(westchester.Town, westchester.Loans.ChangeDue, in)
		westchester.Must(err)
		towntest.Equal(t, "due", out.Loan.DueOn, broker.MustDate("2026-03-24"))
		towntest.Equal(t, "renewals", out.Loan.Renewals, 1)
	}
	out, err := towntest.Act(westchester.Town, westchester.Returns.Return, returns.Return{Desk: westchester.At("2026-03-24 10:00"), Item: item})
	westchester.Must(err)
	towntest.Equal(t, "the days the answer took cost nothing", towntest.Charged(out), "0.00")
}

func TestRenewingAnOverdueItemChargesFromTheOriginalDueDate(t *testing.T) {
	t.Parallel()
	wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
	patron, book := wdl.Patron("resident"), wdl.Item("book", wdl.Title())
	lent, err := towntest.Act(wdl.Town, wdl.Loans.CheckOut, loans.CheckOut{Desk: wdl.At("2026-03-02 10:00"), Item: book, Patron: patron})
	wdl.Must(err)
	towntest.Equal(t, "due", lent.Loan.DueOn, broker.MustDate("2026-03-23"))
	renew := loans.Renew{Desk: wdl.At("2026-03-25 10:00"), Loan: lent.Loan.Ref}
	out, err := towntest.Act(wdl.Town, wdl.Loans.Renew, renew)
	wdl.Must(err)
	towntest.Equal(t, "fine so far", towntest.Charged(out), "0.20")
	towntest.Equal(t, "due again", out.Loan.DueOn, broker.MustDate("2026-04-15"))

	other := wdl.Hold(wdl, wdl.Patron("resident"), wdl.TitleOf(book), "2026-03-26 10:00")
	renew.Desk = wdl.At("2026-04-01 10:00")
	_, err = towntest.Act(wdl.Town, wdl.Loans.Renew, renew)
	towntest.Equal(t, "somebody waits", towntest.WantCode(t, err, "may_not_renew").Reasons[0].Code, "held_for_other")

	back, err := towntest.Act(wdl.Town, wdl.Returns.Return, returns.Return{Desk: wdl.At("2026-04-15 10:00"), Item: book})
	wdl.Must(err)
	towntest.Equal(t, "in time, so nothing more", wdl.Owes(patron), "0.20")
	towntest.Equal(t, "given to who waits", back.Given.Ref, other.Ref)
}
