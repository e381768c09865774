package returns_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/broker/towntest"
)

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
			library := towntest.OneLibrary(t, c.preset, c.zone)
			out, again := library.ReturnedLate("book", c.class, c.due, c.back, c.lenderFine)
			towntest.Equal(t, "fine", towntest.Charged(out), c.want)
			towntest.Equal(t, "owed", library.Owes(out.Loan.Patron), c.want)
			if c.want != "0.00" {
				towntest.Equal(t, "the charge names its loan", out.Charged[0].Loan, out.Loan.ID)
				towntest.Equal(t, "and its rule", out.Charged[0].Rule, "fines.overdue")
			}
			second, err := towntest.Act(library.Town, library.Returns.Return, again)
			library.Must(err)
			towntest.Equal(t, "second scan replayed", second.Replayed, true)
			towntest.Equal(t, "second scan charges nothing", library.Owes(out.Loan.Patron), c.want)
		})
	}
}

func TestTZ01DueDateIsTheLibrarysDate(t *testing.T) {
	t.Parallel()
	westchester := towntest.OneLibrary(t, "westchester", "America/Chicago")
	// 23:30 in Chicago on the due date is already the next day in UTC.
	out, _ := westchester.ReturnedLate("book", "resident", "2026-06-01", "2026-06-01 23:30", nil)
	towntest.Equal(t, "fine", towntest.Charged(out), "0.00")
	towntest.Equal(t, "the day that counts", out.Loan.ReturnedOn, broker.MustDate("2026-06-01"))
}

func TestILL04ABorrowedCopyIsNeverCapturedForALocalHold(t *testing.T) {
	t.Parallel()
	westport := towntest.OneLibrary(t, "westport", "America/New_York")
	title := westport.Title()
	westport.Hold(westport, westport.Patron("resident"), title, "2026-02-01 10:00")
	desk := westport.At("2026-03-02 10:00")
	request := standing.RequestRef{Library: westport.Library.ID, Request: broker.NewID()}
	var item catalog.Item
	westport.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		item, err = westport.Loans.MakeTemporaryItem(ctx, tx, loans.TempItem{Desk: desk, Request: request, Number: 10001, Title: title})
		return err
	})
	ref := item.Ref()
	_, err := towntest.Act(westport.Town, westport.Loans.CheckOut, loans.CheckOut{
		Desk: desk, Item: ref, Patron: westport.Patron("resident"),
		Request: request, LenderDue: broker.MustDate("2026-03-30"),
	})
	westport.Must(err)
	out, err := towntest.Act(westport.Town, westport.Returns.Return, returns.Return{Desk: westport.At("2026-03-20 10:00"), Item: ref})
	westport.Must(err)
	towntest.Equal(t, "given to nobody", out.Given, nil)
	towntest.Equal(t, "item", westport.Stored(ref).Status, catalog.Received)
	towntest.Equal(t, "what next", out.NextAct, standing.ShipToLender)
	towntest.Equal(t, "serves", *out.Serves, request)

	home, err := towntest.Act(westport.Town, func(ctx context.Context, tx *postgres.Tx, ref catalog.Ref) (loans.Outcome, error) {
		return westport.Loans.SendHome(ctx, tx, westport.At("2026-03-20 11:00"), ref)
	}, ref)
	westport.Must(err)
	towntest.Equal(t, "gone home", home.Item.Status, catalog.GoneHome)
}

func TestRET13And14HandedInElsewhereClosesTheLoanWithAWarning(t *testing.T) {
	t.Parallel()
	for preset, warning := range map[string]string{"westport": "not_the_checkout_library", "western-district": "must_return_to_borrowing_library"} {
		t.Run(preset, func(t *testing.T) {
			t.Parallel()
			here := towntest.OneLibrary(t, preset, "America/New_York")
			elsewhere := here.AddLibrary(preset, "America/New_York")
			desk := here.At("2026-03-02 10:00")
			item, request := here.Borrowed("book", desk)
			_, err := towntest.Act(here.Town, here.Loans.CheckOut, loans.CheckOut{
				Desk: desk, Item: item, Patron: here.Patron("resident"),
				Request: request, LenderDue: broker.MustDate("2026-03-16"),
			})
			here.Must(err)
			out, err := towntest.Act(here.Town, here.Returns.Return, returns.Return{Desk: elsewhere.At("2026-03-16 10:00"), Item: item})
			here.Must(err)
			towntest.Equal(t, "closed", out.Loan.Status, loans.Returned)
			towntest.Equal(t, "no fine", towntest.Charged(out), "0.00")
			towntest.Equal(t, "warning", out.Warnings[0].Code, warning)
			towntest.Equal(t, "sent to the library that borrowed it", out.Transit.ToLibrary, here.Library.ID)

			back, err := towntest.Act(here.Town, func(ctx context.Context, tx *postgres.Tx, ref catalog.Ref) (holds.Outcome, error) {
				return here.Holds.ReceiveTransit(ctx, tx, here.At("2026-03-18 10:00"), ref)
			}, item)
			here.Must(err)
			towntest.Equal(t, "received", back.Item.Status, catalog.Received)
			towntest.Equal(t, "what next", back.NextAct, standing.ShipToLender)
		})
	}
}

func TestLostAndFoundAgain(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	book := perth.Item("book", perth.Title())
	lent, err := towntest.Act(perth.Town, perth.Loans.CheckOut, loans.CheckOut{Desk: perth.At("2026-03-02 10:00"), Item: book, Patron: perth.Patron("member")})
	perth.Must(err)
	lose := func() loans.Outcome {
		out, err := towntest.Act(perth.Town, perth.Returns.DeclareLost, returns.DeclareLost{
			Desk: perth.At("2026-03-10 10:00"), Loan: lent.Loan.Ref, Loss: returns.Loss{Price: broker.Money{Minor: 2000, Currency: "CAD"}},
		})
		perth.Must(err)
		return out
	}
	find := func(ctx context.Context, tx *postgres.Tx, ref loans.Ref) (loans.Outcome, error) {
		return perth.Returns.FoundAgain(ctx, tx, perth.At("2026-03-10 10:00"), ref)
	}
	lose()
	towntest.Equal(t, "lost", perth.Stored(book).Status, catalog.Lost)
	towntest.Equal(t, "again", lose().Replayed, true)
	towntest.Equal(t, "charged once", perth.Owes(lent.Loan.Patron), "20.00")
	_, err = towntest.Act(perth.Town, find, lent.Loan.Ref)
	perth.Must(err)
	towntest.Equal(t, "nothing is owed for it", perth.Owes(lent.Loan.Patron), "0.00")
	towntest.Equal(t, "with the patron after all", perth.Stored(book).Status, catalog.OnLoan)
	lose()
	towntest.Equal(t, "lost again the same day", perth.Owes(lent.Loan.Patron), "20.00")
	out, err := towntest.Act(perth.Town, perth.Returns.Return, returns.Return{Desk: perth.At("2026-03-11 10:00"), Item: book})
	perth.Must(err)
	towntest.Equal(t, "a lost item that is handed in is returned", out.Loan.Status, loans.Returned)
	towntest.Equal(t, "shelf", perth.Stored(book).Status, catalog.OnShelf)
}

func TestPaymentsStayInTheLedger(t *testing.T) {
	t.Parallel()
	westchester := towntest.OneLibrary(t, "westchester", "America/Chicago")
	out, _ := westchester.ReturnedLate("book", "resident", "2026-03-10", "2026-03-14 10:00", nil)
	westchester.Pay(out.Loan.Patron, "1.50", "2026-03-14 11:00")
	towntest.Equal(t, "left", westchester.Owes(out.Loan.Patron), "2.50")
	westchester.Do(func(ctx context.Context, tx *postgres.Tx) error {
		entries, err := ledger.OfRequest(ctx, tx, westchester.Library.ID, out.Serves.Request)
		towntest.Equal(t, "the request's money", len(entries), 2)
		return err
	})
}

// Where the policy says so, lateness costs nothing until an overdue notice has
// reached the patron; a notice about something else does not count.
func TestLatenessIsExcusedUntilANoticeTellsOfIt(t *testing.T) {
	t.Parallel()
	r := towntest.NewRuled(t)
	const fine = `{set_by: library, rate: "0.10", cap: none, count: calendar}`
	excusing := r.Under("fines.overdue", fine, "fines.notice_excuses", "true")
	strict := r.Under("fines.overdue", fine)
	for name, c := range map[string]struct {
		at   towntest.House
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
			patron := h.Patron("resident")
			loan := h.Lend(patron, h.CopyOf(towntest.Of("book")), "2026-03-02 10:00")
			back := loan.DueOn.AddDays(5).String() + " 10:00"
			if c.told != "" {
				h.Do(func(ctx context.Context, tx *postgres.Tx) error {
					told, err := patrons.ByID(ctx, tx, patron)
					notices.Make(tx, told, notices.Message{
						Kind: c.told, Loan: loan.ID, Channels: []notices.Channel{notices.Account}, Only: true, Cause: name,
					}, h.At(back).Now)
					return err
				})
			}
			out := h.Back(returns.Return{Desk: h.At(back), Item: loan.Item})
			towntest.Equal(t, name+": fine", towntest.Charged(out), c.want)
			towntest.Equal(t, name+": owed", h.Owes(patron), c.want)
		})
	}
}
