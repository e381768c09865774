package circulation_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

func TestCheckOutLendsForTheLibrarysPeriod(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	member, book := perth.patron("member"), perth.item("book", perth.title())
	out, err := act(perth.town, perth.Circ.CheckOut, circulation.CheckOut{Desk: perth.at("2026-03-02 10:00"), Item: book, Patron: member})
	perth.must(err)
	equal(t, "due", out.Loan.DueOn, broker.MustDate("2026-03-23"))
	equal(t, "due at the close of business", out.Loan.DueAt, time.Date(2026, 3, 23, 21, 0, 0, 0, time.UTC))
	equal(t, "item", perth.stored(book).Status, catalog.OnLoan)
	equal(t, "what next", out.NextAct, circulation.GiveToPatron)
}

// CON-01 of the given cases.
func TestCON01TwoDesksOneWinner(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	for range 20 {
		book := perth.item("book", perth.title())
		patrons := []patrons.Ref{perth.patron("member"), perth.patron("member")}
		errs := make([]error, 2)
		var desks sync.WaitGroup
		for i := range patrons {
			desks.Go(func() {
				_, errs[i] = act(perth.town, perth.Circ.CheckOut, circulation.CheckOut{Desk: perth.at("2026-03-02 10:00"), Item: book, Patron: patrons[i]})
			})
		}
		desks.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("one desk should win: %v, %v", errs[0], errs[1])
		}
		for _, err := range errs {
			if err != nil {
				wantCode(t, err, "already_on_loan")
			}
		}
	}
}

// CON-02 of the given cases.
func TestCON02DoubleClickIsOneLoanAndNoRenewal(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	member, book := perth.patron("member"), perth.item("book", perth.title())
	in := circulation.CheckOut{Desk: perth.at("2026-03-02 10:00"), Item: book, Patron: member}
	first, err := act(perth.town, perth.Circ.CheckOut, in)
	perth.must(err)
	in.Desk.Now = in.Desk.Now.Add(200 * time.Millisecond)
	second, err := act(perth.town, perth.Circ.CheckOut, in)
	perth.must(err)
	equal(t, "the same loan", second.Loan.ID, first.Loan.ID)
	equal(t, "renewals", second.Loan.Renewals, 0)
	equal(t, "replayed", second.Replayed, true)

	in.Desk = perth.at("2026-03-09 10:00")
	_, err = act(perth.town, perth.Circ.CheckOut, in)
	wantCode(t, err, "already_on_loan") // a week later it is a question, and the answer is: renew
}

func TestILL01TheLendersDueDateIsNotCappedByALocalRule(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	desk := perth.at("2026-03-02 10:00")
	item, request := perth.borrowed("book", desk)
	out, err := act(perth.town, perth.Circ.CheckOut, circulation.CheckOut{
		Desk: desk, Item: item, Patron: perth.patron("member"),
		Request: request, LenderDue: broker.MustDate("4999-12-18"),
	})
	perth.must(err)
	equal(t, "due", out.Loan.DueOn, broker.MustDate("4999-12-18"))
}

func TestILL02ALoanHasTheDueDateOfItsOwnRequest(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	desk, member := perth.at("2026-03-02 10:00"), perth.patron("member")
	first, firstRequest := perth.borrowed("book", desk)
	second, secondRequest := perth.borrowed("book", desk)
	for item, request := range map[catalog.Ref]circulation.RequestRef{first: firstRequest, second: secondRequest} {
		_, err := act(perth.town, perth.Circ.ShelveForRequest, circulation.Shelve{Desk: desk, Item: item, Patron: member, Request: request})
		perth.must(err)
	}
	out, err := act(perth.town, perth.Circ.CheckOut, circulation.CheckOut{
		Desk: desk, Item: second, Patron: member,
		Request: secondRequest, LenderDue: broker.MustDate("2026-04-10"),
	})
	perth.must(err)
	equal(t, "serves", *out.Serves, secondRequest)
	equal(t, "fulfils", out.Hold.Request, secondRequest.Request)
	equal(t, "due", out.Loan.DueOn, broker.MustDate("2026-04-10"))
}

func TestILL03TriedAgainThereIsStillOneTemporaryItem(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	desk := perth.at("2026-03-02 10:00")
	blocked := perth.patron("member", func(p *patrons.Patron) { p.ExpiresOn = broker.MustDate("2026-01-31") })
	request := circulation.RequestRef{Library: perth.Library.ID, Request: broker.NewID()}
	var ids []broker.ID
	for range 2 {
		perth.do(func(ctx context.Context, tx *postgres.Tx) error {
			item, err := perth.Circ.MakeTemporaryItem(ctx, tx, circulation.TempItem{Desk: desk, Request: request, Number: 10042})
			ids = append(ids, item.ID)
			equal(t, "barcode", item.Barcode, "ILL-10042")
			equal(t, "status", item.Status, catalog.Received)
			return err
		})
		_, err := act(perth.town, perth.Circ.CheckOut, circulation.CheckOut{
			Desk: desk, Request: request, Patron: blocked,
			Item: catalog.Ref{Library: perth.Library.ID, ID: ids[0]}, LenderDue: broker.MustDate("2026-04-10"),
		})
		refusal := wantCode(t, err, "may_not_check_out")
		equal(t, "reason", refusal.Reasons[0].Code, "card_expired")
	}
	equal(t, "one item", ids[0], ids[1])
}

func TestEveryReasonIsToldAtOnceAndStaffMayPassOverSome(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	expired := perth.patron("member", func(p *patrons.Patron) { p.ExpiresOn = broker.MustDate("2026-01-31") })
	perth.charge(expired, "20.01", "2026-02-01 10:00")
	book := perth.item("book", perth.title())
	in := circulation.CheckOut{Desk: perth.at("2026-03-02 10:00"), Item: book, Patron: expired, Overriding: circulation.Overriding{Overrides: []string{"card_expired"}, Reason: "renews it today"}}
	_, err := act(perth.town, perth.Circ.CheckOut, in)
	refusal := wantCode(t, err, "may_not_check_out")
	equal(t, "reasons left", len(refusal.Reasons), 1)
	equal(t, "what is left", refusal.Reasons[0].Code, "owes_too_much")

	in.Overrides = nil
	_, err = act(perth.town, perth.Circ.CheckOut, in)
	equal(t, "reasons without an override", len(wantCode(t, err, "may_not_check_out").Reasons), 2)

	in.Overrides = []string{"card_expired", "owes_too_much"}
	out, err := act(perth.town, perth.Circ.CheckOut, in)
	perth.must(err)
	equal(t, "passed over and told", len(out.Warnings), 2)
}

func TestPerthBlockLatchesUntilSettled(t *testing.T) {
	t.Parallel()
	perth := oneLibrary(t, "perth", "America/Toronto")
	member, book := perth.patron("member"), perth.item("book", perth.title())
	try := func() error {
		return perth.try(func(ctx context.Context, tx *postgres.Tx) error {
			in := circulation.CheckOut{Desk: perth.at("2026-03-02 10:00"), Item: book, Patron: member}
			if _, err := perth.Circ.CheckOut(ctx, tx, in); err != nil {
				return err
			}
			return errUndone
		})
	}
	perth.charge(member, "20.00", "2026-02-01 10:00")
	equal(t, "at exactly 20.00", try(), errUndone)
	perth.charge(member, "0.01", "2026-02-02 10:00")
	wantCode(t, try(), "may_not_check_out")
	perth.pay(member, "20.00", "2026-02-03 10:00")
	wantCode(t, try(), "may_not_check_out") // 0.01 left: the way out is to settle
	perth.pay(member, "0.01", "2026-02-04 10:00")
	equal(t, "settled", try(), errUndone)
}
