package town

import (
	"testing"

	"afield/broker"
	"afield/broker/policy"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/requests"
)

// Shipped is a lender's message that it has sent a copy.
func Shipped(barcode, dueOn string) connectors.Message {
	return connectors.Message{Kind: connectors.KindLoaned, Due: Due(dueOn), Items: []connectors.MessageItem{{Barcode: barcode}}}
}

// Shelved is a borrowed copy on the hold shelf, with the barcode of its band.
func Shelved(t *testing.T) (tw *Town, home *House, lender *Partner, request, patron broker.ID, band string) {
	t.Helper()
	tw, home, lender, request, patron = AsksPartner(t, 0)
	lender.Says(home, connectors.Message{Kind: connectors.KindLoaned, Due: Due("2026-04-10"), Items: []connectors.MessageItem{{Barcode: "VT-1"}}})
	home.Scans("VT-1", "")
	band = "ILL-" + home.Number(request)
	home.Scans(band, "")
	home.Expects(request, workflow.OnHoldShelf)
	return tw, home, lender, request, patron, band
}

// USD is an amount in US dollars.
func USD(minor int64) broker.Money { return broker.Money{Minor: minor, Currency: "USD"} }

// LendsOut is a member library that was asked by another for the one copy it
// owns of a title.
func LendsOut(t *testing.T, lenderState string) (tw *Town, home, lender *House, ours, theirs, patron broker.ID, barcode string) {
	t.Helper()
	tw = New(t, "2026-03-02T15:00:00Z")
	home, lender = tw.Library("westport", "NY", broker.NoID), tw.Library("open-lender", lenderState, broker.NoID)
	home.LooksTo([]broker.ID{lender.Library.ID})
	barcode = lender.Owns(tw.Title("A title nobody here owns", ISBN))
	patron = home.Patron("resident")
	request, err := home.Asks(requests.Submission{Patron: patron, Citation: Citation()})
	tw.Must(err)
	return tw, home, lender, request.ID, lender.Lending(), patron, barcode
}

// ISBN is that of the book most tests ask for.
const ISBN = "9780143127741"

// Citation is the book most tests ask for.
func Citation() broker.Citation {
	return broker.Citation{Title: "A title nobody here owns", ISBN: ISBN}
}

// Invoice is a lender's invoice.
func Invoice(minor int64) connectors.Message {
	cost := USD(minor)
	return connectors.Message{Kind: connectors.KindInvoice, Cost: &cost}
}

// Borrowed is a copy from Iowa that a patron of Western District has until 10
// April.
func Borrowed(t *testing.T, own ...*policy.Document) (home *House, lender *Partner, request, patron broker.ID) {
	t.Helper()
	tw := New(t, "2026-03-02T15:00:00Z", own...)
	home = tw.Library("western-district", "IL", broker.NoID)
	lender = tw.Partner("IA", 0, tw.Title("A title nobody here owns", ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	patron = home.Patron("resident")
	submitted, err := home.Asks(requests.Submission{Patron: patron, Citation: Citation()})
	tw.Must(err)
	request = submitted.ID
	lender.Says(home, Shipped("IA-1", "2026-04-10"))
	home.Scans("IA-1", "")
	home.Does(request, workflow.EventShelve, nil)
	home.Does(request, workflow.EventCheckOut, nil)
	return home, lender, request, patron
}

// Scan is the scan of a barcode alone.
func Scan(barcode string) desk.Scan { return desk.Scan{Barcode: barcode} }

// AsksPartner is a library in New York with one partner that has the title.
func AsksPartner(t *testing.T, fee int64) (tw *Town, home *House, lender *Partner, request broker.ID, patron broker.ID) {
	t.Helper()
	tw = New(t, "2026-03-02T15:00:00Z")
	home = tw.Library("westport", "NY", broker.NoID)
	lender = tw.Partner("VT", fee, tw.Title("A title nobody here owns", ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	patron = home.Patron("resident")
	submitted, err := home.Asks(requests.Submission{Patron: patron, Citation: Citation()})
	tw.Must(err)
	return tw, home, lender, submitted.ID, patron
}

// Due is a date.
func Due(text string) broker.Date { return broker.MustDate(text) }
