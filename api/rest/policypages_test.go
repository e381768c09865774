package rest_test

import (
	"strings"
	"testing"
)

// The rules as people read them, what they say to a patron with every value that
// was asked, versions with what differs, and a new version.
func TestPoliciesThroughThePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	b.open("/policies")
	b.shows(200, "Westport Library", "rules here", "/policies/western-district")
	b.open("/policies/westport?q=phone_on_file")
	b.shows(200, "One value", "ill.phone_on_file", "A patron who asks must leave a telephone number", "its own", "fresh days")
	b.open("/policies/westport?own=1")
	b.shows(200, "shelf.days")
	if strings.Contains(b.page.text, "/policies/default") {
		t.Error("what is inherited is shown as its own")
	}
	b.open("/policies/westport?q=shelf_check")
	b.shows(200, `href="/policies/default"`, "claims.shelf_check")
	b.open("/policies/westport?q=no+such+words")
	b.shows(200, "No rule has those words")
	b.open("/policies/westport?on=someday")
	b.shows(400)
	b.open("/policies/none")
	b.shows(404)

	b.open("/policies/what-if")
	b.shows(200, "Nobody was asked yet", "May the patron")
	b.post("/policies/what-if", "act", "checkout", "card", "nobody", "format", "book")
	b.shows(400, "must name one patron", `value="nobody"`)
	b.post("/policies/what-if", "act", "checkout", "card", w.card, "format", "book")
	b.shows(200, "<h2>Yes</h2>", "Every rule that was asked", "blocks.expired_card", "adult patron 1")
	b.post("/policies/what-if", "act", "renew", "card", w.card, "item", w.item)
	b.shows(400, "must be the barcode of something this patron has")
	// After the card has ended it says no, and by which rule; the other rules that
	// were asked are shown too.
	b.post("/policies/what-if", "act", "request", "card", w.card, "title", "The Living Mountain", "on", "2028-02-01")
	b.shows(200, "No, for", "blocks.expired_card", "<span>No</span>", "<span>Yes</span>")
	b.post("/policies/what-if", "act", "computer", "policy", "westport@7")
	if b.page.status < 400 {
		t.Errorf("a version that is not there answers: %s", said(b.page.text))
	}
	b.post("/policies/what-if", "act", "computer")
	b.shows(200, "blocks.computer")

	b.open("/policies/westport/draft")
	b.shows(200, "The document", "policy: westport")
	draft := "policy: westport\r\ninherits: clinton-essex-franklin\r\ntitle: Westport Library\r\ndocument: Interlibrary Loans\r\nplace: US-NY\r\nzone: America/New_York\r\ncurrency: USD\r\n\r\nattributes:\r\n  shelf.days:\r\n    value: {days: 12, count: calendar, extend: true}\r\n    clause: {section: Waiting, says: Twelve days.}\r\n"
	b.post("/policies/westport/draft", "effective", "2026-09-01", "text", draft+"  shelf.weeks: {}\r\n")
	b.shows(200, "It cannot rule as it is.", "shelf.weeks")
	b.post("/policies/westport/draft", "effective", "soon", "text", draft)
	b.shows(400, "must be a date", `value="soon"`)
	b.post("/policies/westport/draft", "effective", "2026-09-01", "text", draft)
	b.shows(200, "It reads well", "Publish it", "Twelve days.")
	key := b.value("key")
	for range 2 { // sent twice, it is one version
		b.post("/policies/westport/draft", "effective", "2026-09-01", "text", draft, "key", key, "go", "1")
		b.shows(200, "Published: westport, version 1.", "to come")
	}
	// Somebody was faster: a version begins on that day already.
	b.post("/policies/westport/draft", "effective", "2026-09-01", "text", draft, "key", "another", "go", "1")
	b.shows(409, "Twelve days.")
	b.open("/policies/compare?old=westport&new=westport@1")
	b.shows(200, "shelf.days", "Twelve days.")
	b.open("/policies/compare?old=westport&new=westport")
	b.shows(200, "Nothing differs")
	b.open("/policies/compare?old=none&new=westport")
	if b.page.status < 400 {
		t.Errorf("a policy that is not there is compared: %s", said(b.page.text))
	}
	b.post("/policies/what-if", "act", "hold", "card", w.card, "policy", "westport@1")
	b.shows(200, "Every rule that was asked")
	other := w.browser(t).asDesk()
	other.post("/policies/westport/draft", "effective", "2026-10-01", "text", draft, "key", "1", "go", "1")
	other.shows(403, "Twelve days.")
}

// A program gets every value that was asked too, by the policy it names.
func TestExplainingSaysWhatWasAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for act, rules := range map[string][]string{"checkout": {"blocks.expired_card", "blocks.checkout", "blocks.long_overdue"}, "request": {"ill.may_ask", "ill.active_limit", "ill.phone_on_file"}, "hold": {"holds.limit"}} {
		answer := w.post(t, "/v1/policies/explain", `{"act":%q,"patron_id":%q,"citation":{"title":"Walden"}}`, act, w.patron.String())
		wants(t, answer, 200, "")
		for _, rule := range rules {
			if !strings.Contains(answer.text, `"rule":"`+rule+`"`) {
				t.Errorf("%s: %s is not among what was asked: %s", act, rule, answer.text)
			}
		}
	}
	wants(t, w.post(t, "/v1/policies/explain", `{"act":"checkout","patron_id":%q,"policy":"western-district"}`, w.patron.String()), 200, "")
	wants(t, w.post(t, "/v1/policies/explain", `{"act":"checkout","patron_id":%q,"policy":"westport@9"}`, w.patron.String()), 404, "not_found")
	wants(t, w.post(t, "/v1/policies/explain", `{"act":"checkout","patron_id":%q,"policy":"westport@soon"}`, w.patron.String()), 400, "invalid_input")
}
