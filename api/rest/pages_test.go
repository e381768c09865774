package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"afield/broker"
)

// browser is somebody with a browser and no scripts: cookies, links and forms.
type browser struct {
	w       *world
	t       testing.TB
	cookies map[string]*http.Cookie
	// page is the last page, at its address.
	page answer
	at   string
	// away lets the time of each call be over before it begins, as where the
	// database does not answer.
	away bool
}

func (w *world) browser(t testing.TB) *browser {
	return &browser{w: w, t: t, cookies: map[string]*http.Cookie{}}
}

// send makes one call and follows redirects, as a browser does.
func (b *browser) send(method, address string, form url.Values, headers ...string) answer {
	b.t.Helper()
	for range 5 {
		request := httptest.NewRequest(method, address, strings.NewReader(form.Encode()))
		if method == http.MethodPost {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Sec-Fetch-Site", "same-origin")
		}
		for i := 0; i+1 < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		for _, cookie := range b.cookies {
			request.AddCookie(cookie)
		}
		if b.away {
			ctx, cancel := context.WithDeadline(b.t.Context(), time.Unix(0, 0))
			defer cancel()
			request = request.WithContext(ctx)
		}
		recorder := httptest.NewRecorder()
		b.w.api.ServeHTTP(recorder, request)
		for _, cookie := range recorder.Result().Cookies() {
			b.cookies[cookie.Name] = cookie
		}
		b.page, b.at = answer{status: recorder.Code, header: recorder.Header(), text: recorder.Body.String()}, address
		if b.page.status != http.StatusSeeOther {
			return b.page
		}
		method, form = http.MethodGet, nil
		address, _, _ = strings.Cut(b.page.header.Get("Location"), "#")
	}
	b.t.Fatalf("%s leads in a circle", address)
	return b.page
}

func (b *browser) open(address string, headers ...string) answer {
	b.t.Helper()
	return b.send(http.MethodGet, address, nil, headers...)
}

func (b *browser) post(address string, fields ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.send(http.MethodPost, address, form)
}

// shows fails unless the page has the status and every text.
func (b *browser) shows(status int, texts ...string) {
	b.t.Helper()
	if b.page.status != status {
		b.t.Fatalf("%s: %d, want %d: %s", b.at, b.page.status, status, said(b.page.text))
	}
	for _, text := range texts {
		if !strings.Contains(b.page.text, text) {
			b.t.Errorf("%s lacks %q: %s", b.at, text, said(b.page.text))
		}
	}
}

var tags = regexp.MustCompile(`(?s)<head>.*?</head>|<nav class="side".*?</nav>|<svg.*?</svg>|<[^>]*>`)

// said is what a page says.
func said(page string) string {
	return strings.Join(strings.Fields(tags.ReplaceAllString(page, " ")), " ")
}

// value reads a hidden field of the page.
func (b *browser) value(name string) string {
	b.t.Helper()
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(b.page.text)
	if found == nil {
		b.t.Fatalf("%s has no field %s", b.at, name)
	}
	return found[1]
}

func (b *browser) asStaff() *browser {
	b.t.Helper()
	b.post("/staff/sign-in", "library", "ISIL:US-HOME", "username", "ill1", "password", password)
	if b.page.status != 200 {
		b.t.Fatalf("sign in: %d %s", b.page.status, said(b.page.text))
	}
	return b
}

func (b *browser) asPatron() *browser {
	b.t.Helper()
	b.post("/sign-in", "library", "ISIL:US-HOME", "card", b.w.card, "pin", pin)
	if b.page.status != 200 || b.at != "/account" {
		b.t.Fatalf("sign in: %d at %s %s", b.page.status, b.at, said(b.page.text))
	}
	return b
}

func TestEveryPageHasItsVisitors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sent := w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"The Living Mountain","isbn":"9780857861832"}}`, w.patron))
	wants(t, sent, 201, "")
	other := w.call(t, "POST", "/v1/requests", w.otherStaff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"Walden"}}`, w.neighbour))
	wants(t, other, 201, "")
	number, foreign := fmt.Sprint(sent.body["number"]), fmt.Sprint(other.body["number"])
	staff, patron, nobody, desk, office := w.browser(t).asStaff(), w.browser(t).asPatron(), w.browser(t), w.browser(t).asDesk(), w.browser(t).asOperator()
	for path, may := range map[string]string{
		"/sign-in": "anyone", "/staff/sign-in": "anyone", "/about": "anyone",
		"/requests": "staff", "/requests?queue=stuck": "staff", "/requests?queue=ended": "staff", "/requests?q=nothing": "staff", "/requests/new": "staff",
		"/requests/" + number: "staff", "/requests/" + number + "?tab=messages": "staff", "/lending": "staff", "/lending?show=ended": "staff",
		"/desk": "staff", "/staff/desk": "staff", "/shelf": "staff", "/shelf?tab=expired": "staff", "/shelf?tab=expiring": "staff", "/pulls": "staff", "/calls": "staff", "/till": "staff", "/till?tab=earlier": "staff", "/calendar": "staff", "/calendar?m=2026-12": "staff", "/calendar/moves": "staff",
		"/patrons": "staff", "/patrons?q=adult": "staff", "/patrons/new": "staff", "/patrons/" + w.patron.String(): "staff", "/patrons/" + w.patron.String() + "?edit=1": "staff", "/patrons/" + w.patron.String() + "/merge": "staff",
		"/catalogue": "staff", "/catalogue?q=walden": "staff", "/titles/" + w.ownTitle.String(): "staff", "/find": "staff", "/find?q=walden": "staff", "/help": "staff",
		"/invitation": "anyone", "/set-up": "directors", "/libraries": "directors", "/libraries?t=others": "directors", "/libraries/ISIL:US-HOME": "directors", "/libraries/ISIL:US-HOME?edit=hours": "directors",
		"/libraries/ISIL:US-HOME?edit=tiers": "directors", "/libraries/document": "directors", "/libraries/new": "office", "/staff": "directors", "/staff?add=1": "directors", "/staff?who=ill1": "directors", "/partners": "director", "/partners/" + w.partner.String(): "director", "/imports": "director", "/loads": "director", "/changes": "directors", "/jobs": "directors", "/jobs?pile=done": "directors",
		"/policies": "all", "/policies/westport": "all", "/policies/westport?q=loans&own=1": "all", "/policies/westport?q=nothing+at+all": "all", "/policies/westport/versions": "all",
		"/policies/compare?old=westport&new=westport@0": "all", "/policies/what-if": "staff", "/policies/westport/draft": "staff",
		"/account": "patron", "/account/ask": "patron", "/account/money": "patron", "/account/requests/" + number: "patron",
	} {
		for who, b := range map[string]*browser{"staff": staff, "desk": desk, "office": office, "patron": patron, "anyone": nobody} {
			b.open(path)
			admitted := may == "anyone" || may == who || may == "staff" && who == "desk" || may == "director" && who == "staff" || may == "directors" && (who == "staff" || who == "office") || may == "all" && (who == "staff" || who == "desk" || who == "office") ||
				who == "office" && (strings.HasPrefix(path, "/find") || path == "/help")
			if works := who == "staff" || who == "desk" || who == "office"; works && !admitted && may != "patron" {
				if b.page.status != 403 {
					t.Errorf("%s for %s: %d %s", path, who, b.page.status, said(b.page.text))
				}
				continue
			}
			asked := strings.HasSuffix(strings.Split(b.at, "?")[0], "sign-in")
			switch {
			case b.page.status != 200:
				t.Errorf("%s for %s: %d %s", path, who, b.page.status, said(b.page.text))
			case admitted == asked && may != "anyone":
				t.Errorf("%s for %s ends at %s", path, who, b.at)
			}
			policy := b.page.header.Get("Content-Security-Policy")
			if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") || b.page.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %q, cached %q", path, policy, b.page.header.Get("Cache-Control"))
			}
			if regexp.MustCompile(`(?i)<style|\son[a-z]+=|\sstyle=|<script(?:>| [^>]*src="http)`).MatchString(b.page.text) {
				t.Errorf("%s has inline script or style", path)
			}
			if strings.Count(b.page.text, "<h1") != 1 || !strings.Contains(b.page.text, `<html lang="en"`) {
				t.Errorf("%s has %d headings of the first order", path, strings.Count(b.page.text, "<h1"))
			}
		}
	}
	// What is another library's, or another patron's, is not there.
	for _, path := range []string{"/requests/" + foreign, "/lending/" + foreign, "/patrons/" + w.neighbour.String(), "/patrons/" + w.neighbour.String() + "/merge", "/patrons/" + w.patron.String() + "/merge?into=" + w.neighbour.String(), "/titles/" + broker.NewID().String(), "/calendar?branch=" + w.away.String(), "/calendar/moves?take_back=" + w.away.String(), "/partners/" + w.away.String(), "/partners/none", "/requests/none", "/patrons/none", "/policies/none", "/policies/none/versions"} {
		staff.open(path)
		staff.shows(404)
	}
	patron.open("/account/requests/" + foreign)
	patron.shows(404)
	// An address with nothing at it is a page for a browser, a problem for a program.
	for _, b := range []*browser{staff, patron, nobody} {
		b.open("/nowhere/at/all", "Accept", "text/html")
		b.shows(404, "There is nothing here")
	}
	if answer := w.call(t, "GET", "/nowhere/at/all", "", ""); answer.status != 404 || answer.code() != "no_such_route" {
		t.Errorf("a program gets %d %s", answer.status, answer.text)
	}
}

// The languages of the reader: chosen, or asked for by the browser.
func TestPagesSpeakTheReadersLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.open("/sign-in", "Accept-Language", "fr-CA,fr;q=0.9,en;q=0.5")
	b.shows(200, `<html lang="fr"`)
	b.open("/sign-in", "Accept-Language", "de, sv;q=0.8")
	b.shows(200, `<html lang="en"`, "Card number")
	b.post("/look", "lang", "es", "back", "/staff/sign-in")
	b.shows(200, `<html lang="es"`)
	b.asStaff().open("/desk")
	b.shows(200, `<html lang="es"`)
	b.post("/look", "theme", "dark", "back", "https://elsewhere.example/")
	b.shows(200, `data-theme="dark"`)
	if b.at != "/requests" {
		t.Errorf("led to %s", b.at)
	}
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.open("/requests?queue=arriving")
	b.shows(200, "Staff sign-in")
	before := b.cookies["afield"]
	b.post("/staff/sign-in", "library", "ISIL:US-HOME", "username", "ill1", "password", "not the right one", "next", "/requests?queue=arriving")
	b.shows(401, "You are not signed in", `value="ill1"`)
	if strings.Contains(b.page.text, "not the right one") {
		t.Error("the password is given back")
	}
	b.post("/staff/sign-in", "library", "ISIL:US-HOME", "username", "ill1", "password", password, "next", "/requests?queue=arriving")
	b.shows(200)
	after := b.cookies["afield"]
	if after == nil || (before != nil && before.Value == after.Value) || !after.HttpOnly || after.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie before sign-in was %v, after it %v", before, after)
	}
	// A sign-in page leads back to a page here, never elsewhere.
	other := w.browser(t)
	other.post("/staff/sign-in", "library", "ISIL:US-HOME", "username", "ill1", "password", password, "next", "//elsewhere.example/")
	other.shows(200)
	if strings.Contains(other.at, "elsewhere") {
		t.Errorf("led to %s", other.at)
	}
	// Whoever signs in at a computer where somebody did not sign out finds nothing of
	// theirs: no patron at the desk, no scans.
	b.post("/desk", "key", "1", "barcode", w.card)
	b.shows(200, "Card read", "adult patron 1")
	b.post("/staff/sign-in", "library", "ISIL:US-AWAY", "username", "ill1", "password", password, "next", "/desk")
	b.open("/desk")
	b.shows(200, "No patron here", "Scan a card or an item.", "US-AWAY")
	b.asStaff()
	// A session ends with its token, by whatever door that was revoked.
	stolen := b.cookies["afield"].Value
	b.post("/sign-out")
	thief := w.browser(t)
	thief.cookies["afield"] = &http.Cookie{Name: "afield", Value: stolen}
	thief.open("/requests")
	thief.shows(200, "Staff sign-in")
}

// Where somebody guesses a password from the same network, the computer at which its
// owner has signed in before lets them in all the same, and no other does.
func TestAKnownComputerLetsItsPeopleIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known := w.browser(t).asPatron()
	known.post("/sign-out")
	known.asStaff() // it is known to both
	known.post("/sign-out")
	for range 5 {
		wants(t, w.staffSignIn(t, "ill1", "wrong and long enough"), 401, "sign_in_failed")
		wants(t, w.call(t, "POST", "/v1/sessions", "", `{"kind":"patron","realm":"ISIL:US-HOME","card":"`+w.card+`","pin":"0000"}`), 401, "sign_in_failed")
	}
	other := w.browser(t)
	other.post("/staff/sign-in", "library", "ISIL:US-HOME", "username", "ill1", "password", password)
	other.shows(429)
	other.post("/sign-in", "library", "ISIL:US-HOME", "card", w.card, "pin", pin)
	other.shows(429)
	known.asStaff().post("/sign-out")
	known.asPatron()
	if kept := known.cookies["afield_devices"]; kept == nil || !kept.HttpOnly || strings.Contains(kept.Value, w.card) {
		t.Errorf("the computer keeps %v", kept)
	}
}

// A form of another site is refused, whatever cookies come with it.
func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	b.send(http.MethodPost, "/desk", url.Values{"barcode": {w.item}}, "Sec-Fetch-Site", "cross-site", "Origin", "https://elsewhere.example")
	b.shows(403)
	item := w.call(t, "GET", "/v1/items?barcode="+w.item, w.staff, "")
	if item.body["status"] != "on_shelf" {
		t.Errorf("the item is %v", item.body["status"])
	}
}

// A request from the form to the lender's answer, without scripts.
func TestARequestThroughThePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	b.open("/requests")
	b.shows(200, "Nothing needs you")
	b.open("/requests/new")
	b.post("/requests/new", "key", b.value("key"), "title", "The Living Mountain")
	b.shows(400, "must name one patron", `value="The Living Mountain"`)
	b.post("/requests/new", "card", w.card, "title", "The Living Mountain", "isbn", "9780857861832", "preview", "1")
	b.shows(200, "May be requested.", "US-AWAY")
	key := b.value("key")
	for range 2 { // sent twice, it is one request
		b.post("/requests/new", "key", key, "card", w.card, "title", "The Living Mountain", "isbn", "9780857861832")
		b.shows(200, "Asked a lender", "adult patron 1", "Submitted: The Living Mountain")
	}
	page := b.at
	if again := w.lines(t, "/v1/requests", "requests"); len(again) != 1 {
		t.Fatalf("%d requests were stored", len(again))
	}
	b.open("/requests?queue=with_lenders")
	b.shows(200, "The Living Mountain", "US-AWAY")
	b.open(page)
	stale := b.value("version")
	// An amount that is none is told beside the form, and the rest of it is kept.
	b.post(page+"/conditional", "version", stale, "cost", "a lot", "conditions", "in the library only")
	b.shows(400, "must be an amount such as 12.50", "in the library only")
	b.post(page+"/conditional", "version", stale, "cost", "12,50", "conditions", "in the library only")
	b.shows(200, "The lender named conditions", "12.50")
	// Somebody was faster: nothing is done, the page shows it as it is.
	b.post(page+"/decline_conditions", "version", stale)
	b.shows(409, "This changed while you looked at it.")
	b.open("/requests")
	b.shows(200, "Decide", "The Living Mountain")
	b.open(page)
	b.post(page+"/notes", "audience", "patron", "text", "We have found a library.")
	b.shows(200, "We have found a library.")

	patron := w.browser(t).asPatron()
	patron.open("/account")
	patron.shows(200, "The Living Mountain")
	number := strings.TrimPrefix(page, "/requests/")
	patron.open("/account/requests/" + number)
	patron.shows(200, "We have found a library.", "Where it is")
	if strings.Contains(patron.page.text, "in the library only") {
		t.Error("the patron sees what the lender wrote to staff")
	}
	patron.open("/account/requests/" + number)
	version := patron.value("version")
	patron.post("/account/requests/"+number+"/cancel", "version", version)
	patron.shows(200, "Thank you.")
}

// The scan desk remembers mode, patron and the last scans; a refusal neither
// swallows the next scan nor gives it to the wrong patron.
func TestTheScanDesk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	b.open("/desk")
	b.shows(200, "Scan a card or an item.", "No patron here")
	b.post("/desk", "key", "1", "barcode", w.item, "mode", "out")
	b.shows(200, "Scan a card first")
	b.post("/desk", "key", "2", "barcode", w.card, "mode", "normal")
	b.shows(200, "Card read", "adult patron 1")
	b.post("/desk", "key", "3", "barcode", w.item)
	b.shows(200, "Checked out", "Walden", "Undo", "one lent")
	b.post("/desk", "key", "3", "barcode", w.item) // the same form again
	b.shows(200, "Checked out")
	b.post("/desk", "key", "4", "barcode", "99999000000099")
	b.shows(200, "adult patron 1")
	b.post("/desk", "key", "5", "barcode", w.item, "mode", "in")
	b.shows(200, "Checked in", "one returned")
	// Taken back, it is lent as before.
	act := regexp.MustCompile(`name="act" value="([^"]+)"`).FindStringSubmatch(b.page.text)
	if act == nil {
		t.Fatal("nothing can be taken back")
	}
	b.post("/desk/undo", "key", "6", "act", act[1])
	b.shows(200, "Taken back")
	if item := w.call(t, "GET", "/v1/items?barcode="+w.item, w.staff, ""); item.body["status"] != "on_loan" {
		t.Errorf("the item is %v", item.body["status"])
	}
	b.post("/desk/end")
	b.shows(200, "No patron here")
	if strings.Contains(b.page.text, "adult patron 1") || strings.Contains(b.page.text, w.card) {
		t.Error("the patron's name or card stays on the screen")
	}
	b.open("/patrons/" + w.patron.String())
	b.shows(200, "Walden")
	renew := regexp.MustCompile(`/patrons/[^"]+/renew`).FindString(b.page.text)
	b.post(renew, "key", "7")
	if b.page.status != 409 || !strings.Contains(b.page.text, "Not renewed.") {
		t.Errorf("renew: %d %s", b.page.status, said(b.page.text))
	}
}

// A wrong amount, a refused renewal, a weak PIN: each is told beside its form.
func TestAPatronsRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	record := "/patrons/" + w.patron.String()
	wants(t, w.call(t, "POST", "/v1/patrons/"+w.patron.String()+"/fees", w.staff, `{"kind":"other","amount":{"minor":500,"currency":"USD"},"note":"a lost key"}`), 201, "")
	b.open(record)
	b.shows(200, "$5.00", "a lost key")
	b.post(record+"/pay", "key", "1", "amount", "five", "method", "cash")
	b.shows(400, "must be an amount such as 12.50", `value="five"`)
	b.post(record+"/pay", "key", "2", "amount", "2.00", "method", "cash")
	b.shows(200, "$2.00 taken. Left: $3.00.")
	b.post(record+"/pin", "pin", "1234")
	if b.page.status != 400 || strings.Contains(b.page.text, `value="1234"`) {
		t.Errorf("a weak PIN: %d %s", b.page.status, said(b.page.text))
	}
	b.post(record+"/change", "edit", "1", "name", "", "phone", "+1 555 0177")
	b.shows(400, "555 0177")
	b.post(record+"/change", "edit", "1", "name", "adult patron 1", "phone", "+1 555 0177", "born_on", "1980-02-30")
	b.shows(400, `value="1980-02-30"`)
	b.post(record+"/change", "edit", "1", "name", "adult patron 1", "phone", "+1 555 0177", "born_on", "1980-02-03", "language", "fr", "keep_history", "yes")
	b.shows(200, "Changed.", "555 0177")
	b.open(record + "?edit=1")
	b.shows(200, `value="1980-02-03"`, `<option value="fr" selected>`, `<option value="yes" selected>`)
	b.open("/patrons?q=nobody+here")
	b.shows(200, "Nobody found")
	b.post("/patrons/new", "card", "21234000000029", "class", "adult", "name", "adult patron 2")
	b.shows(200, "What would happen")
}

// Whoever gets a second card by mistake has one account in the end: who looks alike
// is shown, both are compared, staff say which stays, and a second click does nothing.
func TestTwoAccountsBecomeOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	record := "/patrons/" + w.patron.String()
	b.post(record+"/change", "edit", "1", "name", "adult patron 1", "phone", "+1 555 0177")
	twin := w.call(t, "POST", "/v1/patrons", w.staff, `{"class":"adult","name":"adult patron 1","card":"21234000000029","phone":"+1 555 0177","met":["application","id","proof_of_address"],"shown":["government_photo_id"]}`)
	wants(t, twin, 201, "")
	_, made, _ := strings.Cut(twin.text, `"patron":`)
	second := regexp.MustCompile(`"id":"([^"]+)"`).FindStringSubmatch(made)[1]
	wants(t, w.call(t, "POST", "/v1/patrons/"+second+"/fees", w.staff, `{"kind":"other","amount":{"minor":500,"currency":"USD"},"note":"a lost key"}`), 201, "")
	b.open("/patrons/" + second + "/merge")
	b.shows(200, "Perhaps the same person", "into="+w.patron.String())
	b.open("/patrons/" + second + "/merge?q=nobody+at+all")
	b.shows(200, "No patron of this library has that name")
	b.open("/patrons/" + second + "/merge?into=" + w.patron.String())
	b.shows(200, "$5.00", "21234000000029", w.card, "This cannot be undone.")
	b.post("/patrons/"+second+"/merge", "key", "1", "into", w.patron.String())
	b.shows(400, "say which account stays", "21234000000029")
	for range 2 {
		b.post("/patrons/"+second+"/merge", "key", "2", "into", w.patron.String(), "keep", "other")
		b.shows(200, "One account now", "$5.00", "21234000000029")
		if b.at != record {
			t.Errorf("leads to %s", b.at)
		}
	}
}

// A title, a hold on it, and what was asked for elsewhere.
func TestTheCatalogueThroughThePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	b.open("/catalogue?q=no+such+title")
	b.shows(200, "We do not have it")
	b.open("/catalogue?q=" + w.item) // a barcode leads to its title
	b.shows(200, "Walden", "On the shelf", "Nobody waits for it.")
	title := b.at
	b.post(title+"/hold", "key", "1", "card", "no card")
	if b.page.status < 400 || !strings.Contains(b.page.text, `value="no card"`) {
		t.Errorf("a hold without a card: %d %s", b.page.status, said(b.page.text))
	}
	b.post(title+"/hold", "key", "2", "card", w.card)
	b.shows(200, "The hold is placed")
	b.open("/pulls")
	b.shows(200, "Walden", w.item)
	patron := w.browser(t).asPatron()
	patron.shows(200, "Walden", "I no longer want it")
	cancel := regexp.MustCompile(`/account/holds/[^"]+/cancel`).FindString(patron.page.text)
	patron.post(cancel)
	patron.shows(200, "You are no longer waiting for it.")
	patron.open("/account/ask")
	patron.post("/account/ask", "title", "The Living Mountain")
	patron.shows(200, "Ask for it")
	patron.post("/account/ask", "key", "3", "title", "The Living Mountain", "go", "1")
	patron.shows(200, "We have your request for The Living Mountain.")
}

// While the database does not answer every page says so, that nothing was changed,
// and the number of the call.
func TestPagesSayWhenTheServerIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	staff, patron := w.browser(t).asStaff(), w.browser(t).asPatron()
	staff.away, patron.away = true, true
	for _, path := range []string{
		"/requests", "/requests/10001", "/lending", "/desk", "/shelf", "/pulls", "/calls", "/patrons?q=a", "/catalogue?q=a",
		"/libraries", "/libraries/ISIL:US-HOME", "/libraries/document", "/staff", "/changes", "/jobs", "/imports", "/loads", "/partners", "/set-up", "/till", "/till?tab=earlier", "/calendar", "/calendar/moves", "/policies/what-if", "/policies/westport/versions",
	} {
		staff.open(path)
		staff.shows(503, "Afield is away for a moment", "Nothing was changed")
	}
	staff.post("/staff", "username", "desk-2", "role", "desk", "reason", "a test")
	staff.shows(503, "Afield is away for a moment")
	for _, path := range []string{"/account", "/account/money", "/account/requests/10001"} {
		patron.open(path)
		patron.shows(503, "Afield is away for a moment")
	}
	staff.away = false
	staff.open("/staff")
	if staff.shows(200, "ill1"); strings.Contains(staff.page.text, "desk-2") {
		t.Error("something was changed")
	}
}
