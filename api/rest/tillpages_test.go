package rest_test

import (
	"regexp"
	"testing"
)

// A till is opened, takes a payment, is counted beside what should be in it, and
// closed for good once the difference was seen.
func TestTheTillThroughThePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	b.open("/till?tab=earlier")
	b.shows(200, "No till was closed yet")
	b.open("/till")
	b.shows(200, "No till is open here")
	b.post("/till/open", "key", "1", "float", "fifty")
	b.shows(400, "must be an amount such as 12.50", `value="fifty"`)
	for range 2 { // sent twice, it is one till
		b.post("/till/open", "key", "2", "float", "50,00")
		b.shows(200, "Open since", "$50.00", "Count and close")
	}
	// Somebody was faster: a till is open here already.
	b.post("/till/open", "key", "3", "float", "20.00")
	b.shows(409, "Count and close")
	wants(t, w.call(t, "POST", "/v1/patrons/"+w.patron.String()+"/fees", w.staff, `{"kind":"other","amount":{"minor":500,"currency":"USD"},"note":"a lost key"}`), 201, "")
	b.post("/patrons/"+w.patron.String()+"/pay", "key", "4", "amount", "2.00", "method", "cash")
	b.open("/till")
	b.shows(200, "Payment", "$2.00", "$52.00", "receipt")
	till := regexp.MustCompile(`/till/[^"]+/close`).FindString(b.page.text)
	b.post(till, "key", "5", "counted-cash", "many")
	b.shows(400, "must be an amount such as 12.50", `value="many"`)
	b.post(till, "key", "6", "counted-cash", "51.00", "note", "wrong change")
	b.shows(200, "It is off", "$1.00", "wrong change", "Yes, close the till")
	b.post(till, "key", "7", "counted-cash", "52.00")
	b.shows(200, "It agrees.")
	b.post(till, "key", "9", "counted-cash", "51.00", "note", "wrong change", "go", "1")
	b.shows(200, "The till is counted and closed.", "wrong change", "Print")
	b.post(till, "key", "10", "counted-cash", "52.00", "go", "1")
	b.shows(409, "wrong change")
	b.open("/till?tab=earlier")
	b.shows(200, "wrong change", "$1.00")
	b.open("/till")
	b.shows(200, "No till is open here")
	for _, path := range []string{"/till/none", "/till/" + w.patron.String()} {
		b.open(path)
		b.shows(404)
	}
}
