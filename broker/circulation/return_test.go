package circulation_test

import (
	"context"
	"errors"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

// errUndone rolls a trial back.
var errUndone = errors.New("only a trial")

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
			second, err := act(library.town, library.Circ.Return, again)
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
		item, err = westport.Circ.MakeTemporaryItem(ctx, tx, circulation.TempItem{Desk: desk, Request: request, Number: 10001, Title: title})
		return err
	})
	ref := item.Ref()
	_, err := act(westport.town, westport.Circ.CheckOut, circulation.CheckOut{
		Desk: desk, Item: ref, Patron: westport.patron("resident"),
		Request: request, LenderDue: broker.MustDate("2026-03-30"),
	})
	westport.must(err)
	out, err := act(westport.town, westport.Circ.Return, circulation.Return{Desk: westport.at("2026-03-20 10:00"), Item: ref})
	westport.must(err)
	equal(t, "given to nobody", out.Given, nil)
	equal(t, "item", westport.stored(ref).Status, catalog.Received)
	equal(t, "what next", out.NextAct, circulation.ShipToLender)
	equal(t, "serves", *out.Serves, request)

	home, err := act(westport.town, func(ctx context.Context, tx *postgres.Tx, ref catalog.Ref) (circulation.Outcome, error) {
		return westport.Circ.SendHome(ctx, tx, westport.at("2026-03-20 11:00"), ref)
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
			elsewhere := here.addLibrary(preset, "America/New_York")
			desk := here.at("2026-03-02 10:00")
			item, request := here.borrowed("book", desk)
			_, err := act(here.town, here.Circ.CheckOut, circulation.CheckOut{
				Desk: desk, Item: item, Patron: here.patron("resident"),
				Request: request, LenderDue: broker.MustDate("2026-03-16"),
			})
			here.must(err)
			out, err := act(here.town, here.Circ.Return, circulation.Return{Desk: elsewhere.at("2026-03-16 10:00"), Item: item})
			here.must(err)
			equal(t, "closed", out.Loan.Status, circulation.LoanReturned)
			equal(t, "no fine", charged(out), "0.00")
			equal(t, "warning", out.Warnings[0].Code, warning)
			equal(t, "sent to the library that borrowed it", out.Transit.ToLibrary, here.Library.ID)

			back, err := act(here.town, func(ctx context.Context, tx *postgres.Tx, ref catalog.Ref) (circulation.HoldOutcome, error) {
				return here.Circ.ReceiveTransit(ctx, tx, here.at("2026-03-18 10:00"), ref)
			}, item)
			here.must(err)
			equal(t, "received", back.Item.Status, catalog.Received)
			equal(t, "what next", back.NextAct, circulation.ShipToLender)
		})
	}
}

func TestLostAndFoundAgain(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	book := perth.item("book", perth.title())
	lent, err := act(perth.town, perth.Circ.CheckOut, circulation.CheckOut{Desk: perth.at("2026-03-02 10:00"), Item: book, Patron: perth.patron("member")})
	perth.must(err)
	lose := func() circulation.Outcome {
		out, err := act(perth.town, perth.Circ.DeclareLost, circulation.DeclareLost{
			Desk: perth.at("2026-03-10 10:00"), Loan: lent.Loan.LoanRef, Loss: circulation.Loss{Price: broker.Money{Minor: 2000, Currency: "CAD"}},
		})
		perth.must(err)
		return out
	}
	find := func(ctx context.Context, tx *postgres.Tx, ref circulation.LoanRef) (circulation.Outcome, error) {
		return perth.Circ.FoundAgain(ctx, tx, perth.at("2026-03-10 10:00"), ref)
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
	out, err := act(perth.town, perth.Circ.Return, circulation.Return{Desk: perth.at("2026-03-11 10:00"), Item: book})
	perth.must(err)
	equal(t, "a lost item that is handed in is returned", out.Loan.Status, circulation.LoanReturned)
	equal(t, "shelf", perth.stored(book).Status, catalog.OnShelf)
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

// Where the policy says so, lateness costs nothing until an overdue notice has
// reached the patron; a notice of something else does not count.
func TestLatenessIsExcusedUntilANoticeTellsOfIt(t *testing.T) {
	t.Parallel()
	r := ruledTown(t)
	const fine = `{set_by: library, rate: "0.10", count: calendar}`
	excusing := r.under("fines.overdue", fine, "fines.notice_excuses", "true")
	strict := r.under("fines.overdue", fine)
	for name, c := range map[string]struct {
		at   house
		told notices.Kind
		want string
	}{
		"not told":                      {excusing, "", "0.00"},
		"told of something else":        {excusing, notices.Recalled, "0.00"},
		"told":                          {excusing, notices.Overdue, "0.50"},
		"not told, and no excuse":       {strict, "", "0.50"},
		"told, where it is the same":    {strict, notices.Overdue, "0.50"},
		"told of something else, there": {strict, notices.Recalled, "0.50"},
	} {
		t.Run(name, func(*testing.T) {
			h := c.at
			patron := h.patron("resident")
			loan := h.lend(patron, h.copyOf(of("book")), "2026-03-02 10:00")
			back := loan.DueOn.AddDays(5).String() + " 10:00"
			if c.told != "" {
				h.do(func(ctx context.Context, tx *postgres.Tx) error {
					told, err := patrons.ByID(ctx, tx, patron)
					notices.Make(tx, told, notices.Message{
						Kind: c.told, Loan: loan.ID, Channels: []notices.Channel{notices.Account}, Only: true, Cause: name,
					}, h.at(back).Now)
					return err
				})
			}
			out := h.back(circulation.Return{Desk: h.at(back), Item: loan.Item})
			equal(t, name+": fine", charged(out), c.want)
			equal(t, name+": owed", h.owes(patron), c.want)
		})
	}
}
