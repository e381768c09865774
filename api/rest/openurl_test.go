package rest_test

import (
	"html"
	"net/url"
	"strings"
	"testing"
)

// A link of a database lands on the new-request page, filled in: of staff, and of
// patrons, who sign in first and find it kept; nothing of the link stands on a page
// but as text.
func TestOpenURLsLandOnTheNewRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const link = "/openurl?url_ver=Z39.88-2004&rft_val_fmt=info:ofi/fmt:kev:mtx:journal&rft.genre=article&rft.atitle=On+tides&rft.jtitle=Journal+of+the+Sea&rft.aulast=Brook&rft.issn=1064-3923&rft.volume=12&rft.issue=3&rft.spage=11&rft_id=info:doi/10.1000/182&rft.colour=blue&rfr_id=info:sid/lakes&req_id=mailto:somebody@lakes.example"
	staff := w.browser(t).asStaff()
	staff.open(link)
	staff.shows(200, `name="title" value="Journal of the Sea"`, `name="part_title" value="On tides"`, `name="part_author" value="Brook"`, `name="issn" value="1064-3923"`,
		`name="volume" value="12"`, `name="issue" value="3"`, `name="pages" value="11"`, `name="doi" value="10.1000/182"`, `value="copy" checked`, "colour: blue", "Found in: lakes")
	if strings.Contains(staff.page.text, "somebody@lakes.example") {
		t.Error("what the link says of its reader is kept")
	}
	patron := w.browser(t)
	patron.open(link)
	if !strings.HasPrefix(patron.at, "/sign-in?next=") {
		t.Fatalf("without a session it ends at %s", patron.at)
	}
	patron.shows(200, "/staff/sign-in?next=")
	next := html.UnescapeString(patron.value("next"))
	patron.post("/sign-in", "library", "ISIL:US-HOME", "card", w.card, "pin", pin, "next", next)
	patron.shows(200, `name="title" value="Journal of the Sea"`, "On tides", "colour: blue", `name="doi" value="10.1000/182"`)
	form := []string{"key", "1", "go", "1", "title", "Journal of the Sea", "note", patron.at, "part_title", "On tides", "issn", "1064-3923", "service", "copy", "doi", "10.1000/182", "pages", "11"}
	form[7] = "colour: blue"
	patron.post("/account/ask", form...)
	patron.shows(200, "We have your request")
	stored := w.call(t, "GET", "/v1/requests", w.staff, "")
	if stored.word("requests", 0, "citation", "part_title") != "On tides" || stored.word("requests", 0, "citation", "doi") != "10.1000/182" {
		t.Errorf("stored is %s", stored.text)
	}
	staff.open("/openurl?sid=x&title=" + url.QueryEscape(`"><script>alert(1)</script>`) + "&x=" + url.QueryEscape(`</textarea><b onclick=a>`))
	staff.shows(200, "&lt;script&gt;")
	if strings.Contains(staff.page.text, "<script>alert") || strings.Contains(staff.page.text, "<b onclick") {
		t.Error("a link writes into the page")
	}
	staff.open("/openurl?title=" + strings.Repeat("x", 9000))
	if staff.page.status < 400 || staff.page.status >= 500 {
		t.Errorf("a link without end: %d", staff.page.status)
	}
	operator := w.browser(t).asOperator()
	operator.open(link)
	operator.shows(403)
	staff.open("/set-up")
	staff.shows(200, "/openurl</p>")
	if got := w.call(t, "GET", "/v1/setup", w.staff, ""); got.word("openurl") != "/openurl" {
		t.Errorf("the set-up says %s", got.text)
	}
}
