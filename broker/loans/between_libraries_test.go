package loans_test

import (
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/broker/towntest"
)

func TestALibraryBorrowsWithoutFines(t *testing.T) {
	t.Parallel()
	lender := towntest.OneLibrary(t, "perth", "America/Toronto")
	borrower := lender.AddLibrary("perth", "America/Toronto")
	book := lender.Item("book", lender.Title())
	request := standing.RequestRef{Library: lender.Library.ID, Request: broker.NewID()}
	in := loans.LendOut{
		Desk: lender.At("2026-03-02 10:00"), Item: book, Borrower: lender.Institution(borrower),
		Due: broker.MustDate("2026-03-30"), Request: request,
	}
	first, err := towntest.Act(lender.Town, lender.Loans.LendToLibrary, in)
	lender.Must(err)
	again, err := towntest.Act(lender.Town, lender.Loans.LendToLibrary, in)
	lender.Must(err)
	towntest.Equal(t, "the same loan", again.Loan.ID, first.Loan.ID)
	out, err := towntest.Act(lender.Town, lender.Returns.Return, returns.Return{Desk: lender.At("2026-05-04 10:00"), Item: book})
	lender.Must(err)
	towntest.Equal(t, "fine", towntest.Charged(out), "0.00")
	towntest.Equal(t, "serves", *out.Serves, request)
	towntest.Equal(t, "shelf", lender.Stored(book).Status, catalog.OnShelf)
}
