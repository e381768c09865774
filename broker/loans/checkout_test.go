package loans_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/broker/towntest"
)

// errUndone rolls a trial back.
var errUndone = errors.New("only a trial")

func TestCheckOutLendsForTheLibrarysPeriod(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	member, book := perth.Patron("member"), perth.Item("book", perth.Title())
	out, err := towntest.Act(perth.Town, perth.Loans.CheckOut, loans.CheckOut{Desk: perth.At("2026-03-02 10:00"), Item: book, Patron: member})
	perth.Must(err)
	towntest.Equal(t, "due", out.Loan.DueOn, broker.MustDate("2026-03-23"))
	towntest.Equal(t, "due at the close of business", out.Loan.DueAt, time.Date(2026, 3, 23, 21, 0, 0, 0, time.UTC))
	towntest.Equal(t, "item", perth.Stored(book).Status, catalog.OnLoan)
	towntest.Equal(t, "what next", out.NextAct, standing.GiveToPatron)
}

// Case CON-01.
func TestCON01TwoDesksOneWinner(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	for range 20 {
		book := perth.Item("book", perth.Title())
		patrons := []patrons.Ref{perth.Patron("member"), perth.Patron("member")}
		errs := make([]error, 2)
		var desks sync.WaitGroup
		for i := range patrons {
			desks.Go(func() {
				_, errs[i] = towntest.Act(perth.Town, perth.Loans.CheckOut, loans.CheckOut{Desk: perth.At("2026-03-02 10:00"), Item: book, Patron: patrons[i]})
			})
		}
		desks.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("one desk should win: %v, %v", errs[0], errs[1])
		}
		for _, err := range errs {
			if err != nil {
				towntest.WantCode(t, err, "already_on_loan")
			}
		}
	}
}

// Case CON-02.
func TestCON02DoubleClickIsOneLoanAndNoRenewal(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	member, book := perth.Patron("member"), perth.Item("book", perth.Title())
	in := loans.CheckOut{Desk: perth.At("2026-03-02 10:00"), Item: book, Patron: member}
	first, err := towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	perth.Must(err)
	in.Desk.Now = in.Desk.Now.Add(200 * time.Millisecond)
	second, err := towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	perth.Must(err)
	towntest.Equal(t, "the same loan", second.Loan.ID, first.Loan.ID)
	towntest.Equal(t, "renewals", second.Loan.Renewals, 0)
	towntest.Equal(t, "replayed", second.Replayed, true)

	in.Desk = perth.At("2026-03-09 10:00")
	_, err = towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	towntest.WantCode(t, err, "already_on_loan") // a week later it is no repeat: the patron may want to renew
}

func TestILL01TheLendersDueDateIsNotCappedByALocalRule(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	desk := perth.At("2026-03-02 10:00")
	item, request := perth.Borrowed("book", desk)
	out, err := towntest.Act(perth.Town, perth.Loans.CheckOut, loans.CheckOut{
		Desk: desk, Item: item, Patron: perth.Patron("member"),
		Request: request, LenderDue: broker.MustDate("4999-12-18"),
	})
	perth.Must(err)
	towntest.Equal(t, "due", out.Loan.DueOn, broker.MustDate("4999-12-18"))
}

func TestILL02ALoanHasTheDueDateOfItsOwnRequest(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	desk, member := perth.At("2026-03-02 10:00"), perth.Patron("member")
	first, firstRequest := perth.Borrowed("book", desk)
	second, secondRequest := perth.Borrowed("book", desk)
	for item, request := range map[catalog.Ref]standing.RequestRef{first: firstRequest, second: secondRequest} {
		_, err := towntest.Act(perth.Town, perth.Holds.ShelveForRequest, holds.Shelve{Desk: desk, Item: item, Patron: member, Request: request})
		perth.Must(err)
	}
	out, err := towntest.Act(perth.Town, perth.Loans.CheckOut, loans.CheckOut{
		Desk: desk, Item: second, Patron: member,
		Request: secondRequest, LenderDue: broker.MustDate("2026-04-10"),
	})
	perth.Must(err)
	towntest.Equal(t, "serves", *out.Serves, secondRequest)
	towntest.Equal(t, "fulfils", out.Hold.Request, secondRequest.Request)
	towntest.Equal(t, "due", out.Loan.DueOn, broker.MustDate("2026-04-10"))
}

func TestILL03TriedAgainThereIsStillOneTemporaryItem(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	desk := perth.At("2026-03-02 10:00")
	blocked := perth.Patron("member", func(p *patrons.Patron) { p.ExpiresOn = broker.MustDate("2026-01-31") })
	request := standing.RequestRef{Library: perth.Library.ID, Request: broker.NewID()}
	var ids []broker.ID
	for range 2 {
		perth.Do(func(ctx context.Context, tx *postgres.Tx) error {
			item, err := perth.Loans.MakeTemporaryItem(ctx, tx, loans.TempItem{Desk: desk, Request: request, Number: 10042})
			ids = append(ids, item.ID)
			towntest.Equal(t, "barcode", item.Barcode, "ILL-10042")
			towntest.Equal(t, "status", item.Status, catalog.Received)
			return err
		})
		_, err := towntest.Act(perth.Town, perth.Loans.CheckOut, loans.CheckOut{
			Desk: desk, Request: request, Patron: blocked,
			Item: catalog.Ref{Library: perth.Library.ID, ID: ids[0]}, LenderDue: broker.MustDate("2026-04-10"),
		})
		refusal := towntest.WantCode(t, err, "may_not_check_out")
		towntest.Equal(t, "reason", refusal.Reasons[0].Code, "card_expired")
	}
	towntest.Equal(t, "one item", ids[0], ids[1])
}

func TestEveryReasonIsToldAtOnceAndStaffMayPassOverSome(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	expired := perth.Patron("member", func(p *patrons.Patron) { p.ExpiresOn = broker.MustDate("2026-01-31") })
	perth.Charge(expired, "20.01", "2026-02-01 10:00")
	book := perth.Item("book", perth.Title())
	in := loans.CheckOut{Desk: perth.At("2026-03-02 10:00"), Item: book, Patron: expired, Overriding: standing.Overriding{Overrides: []string{"card_expired"}, Reason: "renews it today"}}
	_, err := towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	refusal := towntest.WantCode(t, err, "may_not_check_out")
	towntest.Equal(t, "reasons left", len(refusal.Reasons), 1)
	towntest.Equal(t, "what is left", refusal.Reasons[0].Code, "owes_too_much")

	in.Overrides = nil
	_, err = towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	towntest.Equal(t, "reasons without an override", len(towntest.WantCode(t, err, "may_not_check_out").Reasons), 2)

	in.Overrides = []string{"card_expired", "owes_too_much"}
	out, err := towntest.Act(perth.Town, perth.Loans.CheckOut, in)
	perth.Must(err)
	towntest.Equal(t, "passed over and told", len(out.Warnings), 2)
}

func TestPerthBlockLatchesUntilSettled(t *testing.T) {
	t.Parallel()
	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
	member, book := perth.Patron("member"), perth.Item("book", perth.Title())
	try := func() error {
		return perth.Try(func(ctx context.Context, tx *postgres.Tx) error {
			in := loans.CheckOut{Desk: perth.At("2026-03-02 10:00"), Item: book, Patron: member}
			if _, err := perth.Loans.CheckOut(ctx, tx, in); err != nil {
				return err
			}
			return errUndone
		})
	}
	perth.Charge(member, "20.00", "2026-02-01 10:00")
	towntest.Equal(t, "at exactly 20.00", try(), errUndone)
	perth.Charge(member, "0.01", "2026-02-02 10:00")
	towntest.WantCode(t, try(), "may_not_check_out")
	perth.Pay(member, "20.00", "2026-02-03 10:00")
	towntest.WantCode(t, try(), "may_not_check_out") // 0.01 left: the block ends only at nothing
	perth.Pay(member, "0.01", "2026-02-04 10:00")
	towntest.Equal(t, "settled", try(), errUndone)
}
