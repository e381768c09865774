package circulation_test

import (
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
)

func TestALibraryBorrowsWithoutFines(t *testing.T) {
	t.Parallel()
	lender := oneLibrary(t, "perth", "America/Toronto")
	borrower := lender.addLibrary("perth", "America/Toronto")
	book := lender.item("book", lender.title())
	request := circulation.RequestRef{Library: lender.Library.ID, Request: broker.NewID()}
	in := circulation.LendOut{
		Desk: lender.at("2026-03-02 10:00"), Item: book, Borrower: lender.institution(borrower),
		Due: broker.MustDate("2026-03-30"), Request: request,
	}
	first, err := act(lender.town, lender.Circ.LendToLibrary, in)
	lender.must(err)
	again, err := act(lender.town, lender.Circ.LendToLibrary, in)
	lender.must(err)
	equal(t, "the same loan", again.Loan.ID, first.Loan.ID)
	out, err := act(lender.town, lender.Circ.Return, circulation.Return{Desk: lender.at("2026-05-04 10:00"), Item: book})
	lender.must(err)
	equal(t, "fine", charged(out), "0.00")
	equal(t, "serves", *out.Serves, request)
	equal(t, "shelf", lender.stored(book).Status, catalog.OnShelf)
}
