package circulation_test

import (
	"testing"

	"afield/broker"
	"afield/broker/circulation"
)

func TestAChangedDueDateNeverMakesAPastFine(t *testing.T) {
	t.Parallel()
	westchester := oneLibrary(t, "westchester", "America/Chicago")
	desk := westchester.at("2026-03-02 10:00")
	item, request := westchester.borrowed("book", desk)
	patron := westchester.patron("resident")
	lent, err := act(westchester.town, westchester.Circ.CheckOut, circulation.CheckOut{
		Desk: desk, Item: item, Patron: patron,
		Request: request, LenderDue: broker.MustDate("2026-03-30"),
	})
	westchester.must(err)
	// On 20 March the lender says that it was due on the 10th.
	moved, err := act(westchester.town, westchester.Circ.ChangeDue, circulation.ChangeDue{
		Desk: westchester.at("2026-03-20 10:00"),
		Loan: lent.Loan.LoanRef, LenderDue: broker.MustDate("2026-03-10"), Why: circulation.DueCorrected,
	})
	westchester.must(err)
	equal(t, "today at the earliest", moved.Loan.DueOn, broker.MustDate("2026-03-20"))
	out, err := act(westchester.town, westchester.Circ.Return, circulation.Return{Desk: westchester.at("2026-03-20 15:00"), Item: item})
	westchester.must(err)
	equal(t, "fine", charged(out), "0.00")
}

func TestARenewalGrantedInTimeMovesTheDueDateOnce(t *testing.T) {
	t.Parallel()
	westchester := oneLibrary(t, "westchester", "America/Chicago")
	desk := westchester.at("2026-03-02 10:00")
	item, request := westchester.borrowed("book", desk)
	lent, err := act(westchester.town, westchester.Circ.CheckOut, circulation.CheckOut{
		Desk: desk, Item: item,
		Patron: westchester.patron("resident"), Request: request, LenderDue: broker.MustDate("2026-03-10"),
	})
	westchester.must(err)
	in := circulation.ChangeDue{Desk: westchester.at("2026-03-12 10:00"), Loan: lent.Loan.LoanRef, LenderDue: broker.MustDate("2026-03-24"), Why: circulation.DueRenewed}
	for range 2 { // the answer comes twice
		out, err := act(westchester.town, westchester.Circ.ChangeDue, in)
		westchester.must(err)
		equal(t, "due", out.Loan.DueOn, broker.MustDate("2026-03-24"))
		equal(t, "renewals", out.Loan.Renewals, 1)
	}
	out, err := act(westchester.town, westchester.Circ.Return, circulation.Return{Desk: westchester.at("2026-03-24 10:00"), Item: item})
	westchester.must(err)
	equal(t, "the days the answer took cost nothing", charged(out), "0.00")
}

func TestRenewingAnOverdueItemChargesFromTheOriginalDueDate(t *testing.T) {
	t.Parallel()
	wdl := oneLibrary(t, "western-district", "America/Chicago")
	patron, book := wdl.patron("resident"), wdl.item("book", wdl.title())
	lent, err := act(wdl.town, wdl.Circ.CheckOut, circulation.CheckOut{Desk: wdl.at("2026-03-02 10:00"), Item: book, Patron: patron})
	wdl.must(err)
	equal(t, "due", lent.Loan.DueOn, broker.MustDate("2026-03-23"))
	renew := circulation.Renew{Desk: wdl.at("2026-03-25 10:00"), Loan: lent.Loan.LoanRef}
	out, err := act(wdl.town, wdl.Circ.Renew, renew)
	wdl.must(err)
	equal(t, "fine so far", charged(out), "0.20")
	equal(t, "due again", out.Loan.DueOn, broker.MustDate("2026-04-15"))

	other := wdl.hold(wdl, wdl.patron("resident"), wdl.titleOf(book), "2026-03-26 10:00")
	renew.Desk = wdl.at("2026-04-01 10:00")
	_, err = act(wdl.town, wdl.Circ.Renew, renew)
	equal(t, "somebody waits", wantCode(t, err, "may_not_renew").Reasons[0].Code, "held_for_other")

	back, err := act(wdl.town, wdl.Circ.Return, circulation.Return{Desk: wdl.at("2026-04-15 10:00"), Item: book})
	wdl.must(err)
	equal(t, "in time, so nothing more", wdl.owes(patron), "0.20")
	equal(t, "given to who waits", back.Given.HoldRef, other.HoldRef)
}
