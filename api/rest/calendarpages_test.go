package rest_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// The month says what is open, closed and due; days are closed and opened again
// after a look at what that changes, and due dates move together the same way.
func TestTheCalendarThroughThePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	lent := w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"barcode":%q,"card":%q}`, w.item, w.card))
	wants(t, lent, 201, "")
	due := lent.word("due_on")
	days := w.lines(t, "/v1/calendar/days?from="+due+"&to="+due, "days")
	if len(days) != 1 || days[0].get("due") != 1.0 || days[0].get("open") != true {
		t.Fatalf("the day it is due: %v", days)
	}
	for path, code := range map[string]string{
		"/v1/calendar/days?from=2026-08-03&to=2026-08-02": "invalid_input", "/v1/calendar/days?from=2026-08-03&to=2027-08-04": "invalid_input",
	} {
		wants(t, w.get(t, path), 400, code)
	}
	wants(t, w.call(t, "GET", "/v1/calendar/days?branch_id="+w.home.String(), w.staff, ""), 404, "not_found")
	b.open("/calendar?m=" + due[:7])
	b.shows(200, "1 due", "Each week", "No day was closed beyond the ordinary week", "See what it changes")

	b.post("/calendar/close", "kind", "weather", "from", "soon", "reason", "snow")
	b.shows(400, "must be a date", `value="snow"`)
	b.post("/calendar/close", "kind", "weather", "from", due, "reason", "")
	b.shows(400, "must say why", `value="`+due+`"`)
	// Looking changes nothing, however often.
	for range 2 {
		b.post("/calendar/close", "kind", "weather", "from", due, "reason", "an ice storm")
		b.shows(200, "Would be closed:", "an ice storm", "1 loan gets a new due date", "Close it")
	}
	if stands := w.lines(t, "/v1/calendar/closures", "closures"); len(stands) != 0 {
		t.Fatalf("looking closed: %v", stands)
	}
	if loan := w.call(t, "GET", "/v1/loans/"+lent.id(), w.staff, ""); loan.word("due_on") != due {
		t.Errorf("looking moved the loan to %s", loan.word("due_on"))
	}
	key := b.value("key")
	for range 2 { // sent twice, it is one closure
		b.post("/calendar/close", "key", key, "kind", "weather", "from", due, "reason", "an ice storm", "go", "1")
		b.shows(200, "Closed: ", "1 loan has a new due date.", "Undo: open again", "weather: an ice storm")
	}
	if stands := w.lines(t, "/v1/calendar/closures", "closures"); len(stands) != 1 {
		t.Fatalf("closed: %v", stands)
	}
	moved := w.call(t, "GET", "/v1/loans/"+lent.id(), w.staff, "").word("due_on")
	if moved <= due {
		t.Errorf("it is still due on %s", moved)
	}
	// Somebody was faster: it is closed so already.
	b.post("/calendar/close", "kind", "weather", "from", due, "reason", "more ice")
	b.shows(200, "It is closed so already")
	b.open("/calendar/moves")
	b.shows(200, "an ice storm", "by a closed day")

	b.open("/calendar")
	reopen := regexp.MustCompile(`/calendar/closures/[^"]+/reopen`).FindString(b.page.text)
	b.post(reopen)
	b.shows(200, "Would be open again:", "1 loan has its old due date again", "Leave it closed")
	if loan := w.call(t, "GET", "/v1/loans/"+lent.id(), w.staff, ""); loan.word("due_on") != moved {
		t.Errorf("looking moved the loan back to %s", loan.word("due_on"))
	}
	b.post(reopen, "go", "1")
	b.shows(200, "Open again: ", "1 loan has its old due date again.")
	if loan := w.call(t, "GET", "/v1/loans/"+lent.id(), w.staff, ""); loan.word("due_on") != due {
		t.Errorf("it is due on %s, not %s again", loan.word("due_on"), due)
	}
	b.post("/calendar/closures/none/reopen")
	b.shows(404)
	other := w.browser(t)
	other.post("/staff/sign-in", "library", "ISIL:US-AWAY", "username", "ill1", "password", password)
	other.post(reopen, "go", "1")
	other.shows(404)

	b.post("/calendar/moves", "due_from", due, "due_to", due, "reason", "water")
	b.shows(400, "must be a date", `value="water"`)
	b.post("/calendar/moves", "due_from", due, "due_to", due, "new_due", "2026-09-30", "reason", "water")
	b.shows(200, "1 loan would get a new due date", "Move them")
	key = regexp.MustCompile(`name="key" value="([^"]+)"><input type="hidden" name="due_from"`).FindStringSubmatch(b.page.text)[1]
	for range 2 {
		b.post("/calendar/moves", "key", key, "due_from", due, "due_to", due, "new_due", "2026-09-30", "reason", "water", "go", "1")
		b.shows(200, "1 loan has a new due date.", "somebody’s decision")
	}
	back := regexp.MustCompile(`/calendar/moves\?take_back=[^"#]+`).FindString(b.page.text)
	b.open(back)
	b.shows(200, "Give the old dates back", "Look first")
	reverse := regexp.MustCompile(`/calendar/moves/[^"]+/reverse`).FindString(b.page.text)
	b.post(reverse, "reason", "")
	b.shows(422, "Give the old dates back")
	b.post(reverse, "reason", "dry again")
	b.shows(200, "1 loan has its old due date again", `value="dry again"`)
	b.post(reverse, "reason", "dry again", "go", "1")
	b.shows(200, "1 loan has its old due date again.", "taken back")
	b.post("/calendar/moves/none/reverse")
	b.shows(404)

	// The desk reads the calendar; whoever may not close is told, whatever is sent.
	desk := w.browser(t).asDesk()
	desk.open("/calendar")
	desk.shows(200, "The director closes days")
	if strings.Contains(desk.page.text, "Close for a day") {
		t.Error("the desk is offered to close")
	}
	desk.post("/calendar/close", "kind", "planned", "from", due, "reason", "a wish", "go", "1")
	desk.shows(403)
}
