package circulation

import (
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/policy/rule"
)

// doubleClick is how soon after a checkout the same scan again is taken for the
// same act, and not for a wish to renew.
const doubleClick = 30 * time.Second

// sameScan tells whether a checkout repeats the one that began this loan.
func sameScan(loan Loan, in CheckOut) bool {
	return loan.Status == LoanOpen && loan.Patron == in.Patron && in.Desk.Now.Sub(loan.StartedAt) < doubleClick
}

// placeable tells whether an item stands where it can be lent from, for a
// patron: on the open shelf, on the hold shelf, or just received for the very
// request it is checked out for. What is in the patron's hand is not missing.
func placeable(item catalog.Item, request RequestRef) bool {
	switch item.Status {
	case catalog.OnShelf, catalog.Missing:
		return !item.Temporary()
	case catalog.OnHoldShelf:
		return true
	case catalog.Received:
		return item.Temporary() && item.Request == request.Request
	case catalog.OnLoan, catalog.InTransit, catalog.Lost, catalog.Withdrawn, catalog.GoneHome,
		catalog.OnOrder, catalog.InProcess:
	}
	return false
}

// ownerOf says whose item it is, as a desk's policy sees it.
func ownerOf(item catalog.Item, desk Desk) rule.Owner {
	switch {
	case item.Temporary():
		return rule.OwnerILL
	case item.Library == desk.Library.ID:
		return rule.OwnerOwn
	}
	return rule.OwnerConsortium
}

// changedDue is the due date a loan gets when its lender moves it. Later is
// later. Earlier never makes a fine for days that have passed: the new date is
// today at the earliest, and a loan that is overdue already stays as overdue as
// it was.
func changedDue(current, asked, today broker.Date) broker.Date {
	earliest := current.Earlier(today)
	if asked.Before(earliest) {
		return earliest
	}
	return asked
}

// isHere tells whether a place (a library and, where it has several, a branch)
// is the desk's own.
func isHere(desk Desk, library, branch broker.ID) bool {
	return library == desk.Library.ID && (branch == broker.NoID || desk.Branch == broker.NoID || branch == desk.Branch)
}

// destination is where a free item goes from a desk.
type destination string

const (
	toHoldShelf destination = "hold shelf"        // here, for the first in the queue
	toPickup    destination = "pick-up branch"    // elsewhere, for the first in the queue
	toLender    destination = "lender"            // a borrowed copy, at its library
	toBorrower  destination = "borrowing library" // a borrowed copy, elsewhere
	toHome      destination = "home"              // to its own branch
	toShelf     destination = "shelf"             // its own, here
)

// whereTo says where an item goes that has come free at a desk. head is the
// first in the queue of its title, with NoID when nobody waits. A borrowed copy
// is never given to a local hold: it goes home.
func whereTo(desk Desk, item catalog.Item, head Hold) destination {
	switch {
	case item.Temporary() && item.Library == desk.Library.ID:
		return toLender
	case item.Temporary():
		return toBorrower
	case head.ID != broker.NoID && isHere(desk, head.Patron.Library, head.Pickup):
		return toHoldShelf
	case head.ID != broker.NoID:
		return toPickup
	case isHere(desk, item.Library, item.Branch):
		return toShelf
	}
	return toHome
}
