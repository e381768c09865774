package circulation_test

import (
	"context"
	"errors"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

// errUndone rolls a trial back.
var errUndone = errors.New("only a trial")

// returnedLate lends a borrowed copy and takes it back, and gives the outcome.
func (h house) returnedLate(kind, class, due, back string, lenderFine *costs.LenderFine) (circulation.Outcome, circulation.Return) {
	h.t.Helper()
	desk := h.at("2026-03-02 10:00")
	item, request := h.borrowed(kind, desk)
	_, err := act(h.town, h.circ.CheckOut, circulation.CheckOut{
		Desk: desk, Item: item, Patron: h.patron(class), Request: request,
		Due: broker.MustDate(due), LenderDue: broker.MustDate(due), LenderFine: lenderFine,
	})
	h.must(err)
	in := circulation.Return{Desk: h.at(back), Item: item}
	out, err := act(h.town, h.circ.Return, in)
	h.must(err)
	return out, in
}

func charged(out circulation.Outcome) string {
	sum := broker.Money{}
	for _, entry := range out.Charged {
		sum = sum.Plus(entry.Amount)
	}
	return sum.Decimal()
}

func TestFinesThroughRealReturns(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, preset, zone, class, due, back string
		lenderFine                           *costs.LenderFine
		want                                 string
	}{
		{
			"ILL-16 the lender's 0.50 a day, four days late", "perth", "America/Toronto", "member", "2026-03-10", "2026-03-14 10:00",
			&costs.LenderFine{Rate: broker.Money{Minor: 50, Currency: "CAD"}}, "2.00",
		},
		{"ILL-17 four open days late at the local rate", "delaware", "America/New_York", "adult", "2026-03-06", "2026-03-11 10:00", nil, "0.40"},
		{"WCH ILL: 1.00 a day and no maximum", "westchester", "America/Chicago", "resident", "2026-03-10", "2026-03-20 10:00", nil, "10.00"},
		{"WCH ILL: one day late", "westchester", "America/Chicago", "resident", "2026-03-10", "2026-03-11 09:30", nil, "1.00"},
		{"on the due date itself", "westchester", "America/Chicago", "resident", "2026-03-10", "2026-03-10 16:59", nil, "0.00"},
		{"PER: a lender that told no fine", "perth", "America/Toronto", "member", "2026-03-10", "2026-03-14 10:00", nil, "0.00"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			library := oneLibrary(t, c.preset, c.zone)
			out, again := library.returnedLate("book", c.class, c.due, c.back, c.lenderFine)
			equal(t, "fine", charged(out), c.want)
			equal(t, "owed", library.owes(out.Loan.Patron), c.want)
			if c.want != "0.00" {
				equal(t, "the charge names its loan", out.Charged[0].Loan, out.Loan.ID)
				equal(t, "and its rule", out.Charged[0].Rule, "fines.overdue")
			}
			second, err := act(library.town, library.circ.Return, again)
			library.must(err)
			equal(t, "second scan replayed", second.Replayed, true)
			equal(t, "second scan charges nothing", library.owes(out.Loan.Patron), c.want)
		})
	}
}

func TestTZ01DueDateIsTheLibrarysDate(t *testing.T) {
	t.Parallel()
	westchester := oneLibrary(t, "westchester", "America/Chicago")
	// 23:30 in Chicago on the due date is already the next day in UTC.
	out, _ := westchester.returnedLate("book", "resident", "2026-06-01", "2026-06-01 23:30", nil)
	equal(t, "fine", charged(out), "0.00")
	equal(t, "the day that counts", out.Loan.ReturnedOn, broker.MustDate("2026-06-01"))
}

func TestILL04ABorrowedCopyIsNeverCapturedForALocalHold(t *testing.T) {
	t.Parallel()
	westport := oneLibrary(t, "westport", "America/New_York")
	title := westport.title()
	westport.hold(westport, westport.patron("resident"), title, "2026-02-01 10:00")
	desk := westport.at("2026-03-02 10:00")
	request := circulation.RequestRef{Library: westport.Library.ID, Request: broker.NewID()}
	var item catalog.Item
	westport.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		item, err = westport.circ.MakeTemporaryItem(ctx, tx, circulation.TempItem{Desk: desk, Request: request, Number: 10001, Title: title})
		return err
	})
	ref := item.Ref()
	_, err := act(westport.town, westport.circ.CheckOut, circulation.CheckOut{
		Desk: desk, Item: ref, Patron: westport.patron("resident"),
		Request: request, LenderDue: broker.MustDate("2026-03-30"),
	})
	westport.must(err)
	out, err := act(westport.town, westport.circ.Return, circulation.Return{Desk: westport.at("2026-03-20 10:00"), Item: ref})
	westport.must(err)
	equal(t, "given to nobody", out.Given, nil)
	equal(t, "item", westport.stored(ref).Status, catalog.Received)
	equal(t, "what next", out.NextAct, circulation.ShipToLender)
	equal(t, "serves", *out.Serves, request)

	home, err := act(westport.town, func(ctx context.Context, tx *postgres.Tx, ref catalog.Ref) (circulation.Outcome, error) {
		return westport.circ.SendHome(ctx, tx, westport.at("2026-03-20 11:00"), ref)
	}, ref)
	westport.must(err)
	equal(t, "gone home", home.Item.Status, catalog.GoneHome)
}

func TestRET13And14HandedInElsewhereClosesTheLoanWithAWarning(t *testing.T) {
	t.Parallel()
	for preset, warning := range map[string]string{"westport": "not_the_checkout_library", "western-district": "must_return_to_borrowing_library"} {
		t.Run(preset, func(t *testing.T) {
			t.Parallel()
			here := oneLibrary(t, preset, "America/New_York")
			elsewhere := here.library(preset, "America/New_York")
			desk := here.at("2026-03-02 10:00")
			item, request := here.borrowed("book", desk)
			_, err := act(here.town, here.circ.CheckOut, circulation.CheckOut{
				Desk: desk, Item: item, Patron: here.patron("resident"),
				Request: request, LenderDue: broker.MustDate("2026-03-16"),
			})
			here.must(err)
			out, err := act(here.town, here.circ.Return, circulation.Return{Desk: elsewhere.at("2026-03-16 10:00"), Item: item})
			here.must(err)
			equal(t, "closed", out.Loan.Status, circulation.LoanReturned)
			equal(t, "no fine", charged(out), "0.00")
			equal(t, "warning", out.Warnings[0].Code, warning)
			equal(t, "sent to the library that borrowed it", out.Transit.ToLibrary, here.Library.ID)

			back, err := act(here.town, func(ctx context.Context, tx *postgres.Tx, ref catalog.Ref) (circulation.Outcome, error) {
				return here.circ.ReceiveTransit(ctx, tx, here.at("2026-03-18 10:00"), ref)
			}, item)
			here.must(err)
			equal(t, "received", back.Item.Status, catalog.Received)
			equal(t, "what next", back.NextAct, circulation.ShipToLender)
		})
	}
}

func TestAChangedDueDateNeverMakesAPastFine(t *testing.T) {
	t.Parallel()
	westchester := oneLibrary(t, "westchester", "America/Chicago")
	desk := westchester.at("2026-03-02 10:00")
	item, request := westchester.borrowed("book", desk)
	patron := westchester.patron("resident")
	lent, err := act(westchester.town, westchester.circ.CheckOut, circulation.CheckOut{
		Desk: desk, Item: item, Patron: patron,
		Request: request, LenderDue: broker.MustDate("2026-03-30"),
	})
	westchester.must(err)
	// On 20 March the lender says that it was due on the 10th.
	moved, err := act(westchester.town, westchester.circ.ChangeDue, circulation.ChangeDue{
		Desk: westchester.at("2026-03-20 10:00"),
		Loan: lent.Loan.LoanRef, LenderDue: broker.MustDate("2026-03-10"), Why: circulation.DueCorrected,
	})
	westchester.must(err)
	equal(t, "today at the earliest", moved.Loan.DueOn, broker.MustDate("2026-03-20"))
	out, err := act(westchester.town, westchester.circ.Return, circulation.Return{Desk: westchester.at("2026-03-20 15:00"), Item: item})
	westchester.must(err)
	equal(t, "fine", charged(out), "0.00")
}

func TestARenewalGrantedInTimeMovesTheDueDateOnce(t *testing.T) {
	t.Parallel()
	westchester := oneLibrary(t, "westchester", "America/Chicago")
	desk := westchester.at("2026-03-02 10:00")
	item, request := westchester.borrowed("book", desk)
	lent, err := act(westchester.town, westchester.circ.CheckOut, circulation.CheckOut{
		Desk: desk, Item: item,
		Patron: westchester.patron("resident"), Request: request, LenderDue: broker.MustDate("2026-03-10"),
	})
	westchester.must(err)
	in := circulation.ChangeDue{Desk: westchester.at("2026-03-12 10:00"), Loan: lent.Loan.LoanRef, LenderDue: broker.MustDate("2026-03-24"), Why: circulation.DueRenewed}
	for range 2 { // the answer comes twice
		out, err := act(westchester.town, westchester.circ.ChangeDue, in)
		westchester.must(err)
		equal(t, "due", out.Loan.DueOn, broker.MustDate("2026-03-24"))
		equal(t, "renewals", out.Loan.Renewals, 1)
	}
	out, err := act(westchester.town, westchester.circ.Return, circulation.Return{Desk: westchester.at("2026-03-24 10:00"), Item: item})
	westchester.must(err)
	equal(t, "the days the answer took cost nothing", charged(out), "0.00")
}

func TestLostAndFoundAgain(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	book := perth.item("book", perth.title())
	lent, err := act(perth.town, perth.circ.CheckOut, circulation.CheckOut{Desk: perth.at("2026-03-02 10:00"), Item: book, Patron: perth.patron("member")})
	perth.must(err)
	lose := func() circulation.Outcome {
		out, err := act(perth.town, perth.circ.DeclareLost, circulation.DeclareLost{
			Desk: perth.at("2026-03-10 10:00"), Loan: lent.Loan.LoanRef, Loss: circulation.Loss{Price: broker.Money{Minor: 2000, Currency: "CAD"}},
		})
		perth.must(err)
		return out
	}
	find := func(ctx context.Context, tx *postgres.Tx, ref circulation.LoanRef) (circulation.Outcome, error) {
		return perth.circ.FoundAgain(ctx, tx, perth.at("2026-03-10 10:00"), ref)
	}
	lose()
	equal(t, "lost", perth.stored(book).Status, catalog.Lost)
	equal(t, "again", lose().Replayed, true)
	equal(t, "charged once", perth.owes(lent.Loan.Patron), "20.00")
	_, err = act(perth.town, find, lent.Loan.LoanRef)
	perth.must(err)
	equal(t, "nothing is owed for it", perth.owes(lent.Loan.Patron), "0.00")
	equal(t, "with the patron after all", perth.stored(book).Status, catalog.OnLoan)
	lose()
	equal(t, "lost again the same day", perth.owes(lent.Loan.Patron), "20.00")
	out, err := act(perth.town, perth.circ.Return, circulation.Return{Desk: perth.at("2026-03-11 10:00"), Item: book})
	perth.must(err)
	equal(t, "a lost item that is handed in is returned", out.Loan.Status, circulation.LoanReturned)
	equal(t, "shelf", perth.stored(book).Status, catalog.OnShelf)
}

func TestALibraryBorrowsWithoutFines(t *testing.T) {
	t.Parallel()
	lender := oneLibrary(t, "perth", "America/Toronto")
	borrower := lender.library("perth", "America/Toronto")
	book := lender.item("book", lender.title())
	request := circulation.RequestRef{Library: lender.Library.ID, Request: broker.NewID()}
	in := circulation.LendOut{
		Desk: lender.at("2026-03-02 10:00"), Item: book, Borrower: lender.institution(borrower),
		Due: broker.MustDate("2026-03-30"), Request: request,
	}
	first, err := act(lender.town, lender.circ.LendToLibrary, in)
	lender.must(err)
	again, err := act(lender.town, lender.circ.LendToLibrary, in)
	lender.must(err)
	equal(t, "the same loan", again.Loan.ID, first.Loan.ID)
	out, err := act(lender.town, lender.circ.Return, circulation.Return{Desk: lender.at("2026-05-04 10:00"), Item: book})
	lender.must(err)
	equal(t, "fine", charged(out), "0.00")
	equal(t, "serves", *out.Serves, request)
	equal(t, "shelf", lender.stored(book).Status, catalog.OnShelf)
}

func TestRenewingAnOverdueItemChargesFromTheOriginalDueDate(t *testing.T) {
	t.Parallel()
	wdl := oneLibrary(t, "western-district", "America/Chicago")
	patron, book := wdl.patron("resident"), wdl.item("book", wdl.title())
	lent, err := act(wdl.town, wdl.circ.CheckOut, circulation.CheckOut{Desk: wdl.at("2026-03-02 10:00"), Item: book, Patron: patron})
	wdl.must(err)
	equal(t, "due", lent.Loan.DueOn, broker.MustDate("2026-03-23"))
	renew := circulation.Renew{Desk: wdl.at("2026-03-25 10:00"), Loan: lent.Loan.LoanRef}
	out, err := act(wdl.town, wdl.circ.Renew, renew)
	wdl.must(err)
	equal(t, "fine so far", charged(out), "0.20")
	equal(t, "due again", out.Loan.DueOn, broker.MustDate("2026-04-15"))

	other := wdl.hold(wdl, wdl.patron("resident"), wdl.titleOf(book), "2026-03-26 10:00")
	renew.Desk = wdl.at("2026-04-01 10:00")
	_, err = act(wdl.town, wdl.circ.Renew, renew)
	equal(t, "somebody waits", wantCode(t, err, "may_not_renew").Reasons[0].Code, "held_for_other")

	back, err := act(wdl.town, wdl.circ.Return, circulation.Return{Desk: wdl.at("2026-04-15 10:00"), Item: book})
	wdl.must(err)
	equal(t, "in time, so nothing more", wdl.owes(patron), "0.20")
	equal(t, "given to who waits", back.Given.HoldRef, other.HoldRef)
}

func TestPaymentsStayInTheLedger(t *testing.T) {
	t.Parallel()
	westchester := oneLibrary(t, "westchester", "America/Chicago")
	out, _ := westchester.returnedLate("book", "resident", "2026-03-10", "2026-03-14 10:00", nil)
	westchester.pay(out.Loan.Patron, "1.50", "2026-03-14 11:00")
	equal(t, "left", westchester.owes(out.Loan.Patron), "2.50")
	westchester.do(func(ctx context.Context, tx *postgres.Tx) error {
		entries, err := ledger.OfRequest(ctx, tx, westchester.Library.ID, out.Serves.Request)
		equal(t, "the request's money", len(entries), 2)
		return err
	})
}
