package rest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"afield/api/rest"
	"afield/broker"
	"afield/connectors"
	"afield/connectors/partner"
	"afield/connectors/wire"
)

func TestTheServerTellsAboutItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/healthz", "/readyz", "/openapi.json"} {
		wants(t, w.call(t, "GET", path, "", ""), 200, "")
	}
	w.call(t, "GET", "/v1/requests/"+broker.NewID().String(), w.staff, "")
	wants(t, w.call(t, "GET", "/metrics", w.staff, ""), 404, "no_such_route") // it has a listener of its own
	recorder := httptest.NewRecorder()
	rest.Watch(w.metrics).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if metrics := recorder.Body.String(); !strings.Contains(metrics, `route="/v1/requests/:id"`) || regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}`).MatchString(metrics) {
		t.Errorf("metrics go by route and never by path: %s", metrics)
	}
	if got := w.call(t, "GET", "/v1/me", w.me, ""); got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Content-Type-Options") != "nosniff" ||
		got.header.Get("Content-Security-Policy") == "" || got.header.Get("X-Request-Id") == "" {
		t.Errorf("headers: %v", got.header)
	}
}

// The documentation page loads everything from this server.
func TestTheDocumentationAsksNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.call(t, "GET", "/docs", "", "")
	if page.status != 200 || !strings.Contains(page.text, "/openapi.json") {
		t.Fatalf("%d %.300s", page.status, page.text)
	}
	loads := regexp.MustCompile(`(?:src|href)\s*=\s*"([^"]+)"`).FindAllStringSubmatch(page.text, -1)
	if len(loads) == 0 {
		t.Fatal("the page loads nothing")
	}
	for _, load := range loads {
		if strings.Contains(load[1], "//") {
			t.Errorf("the page asks %s", load[1])
			continue
		}
		if strings.HasPrefix(load[1], "data:") {
			continue
		}
		if asset := w.call(t, "GET", load[1], "", ""); asset.status != 200 || asset.text == "" {
			t.Errorf("%s: %d", load[1], asset.status)
		}
	}
	if text := strings.ReplaceAll(page.text, `startsWith("https://") && !url.startsWith("http://")`, ""); regexp.MustCompile(`https?://`).MatchString(text) {
		t.Errorf("the page names another host: %s", regexp.MustCompile(`.{0,60}https?://.{0,60}`).FindString(text))
	}
	if !strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'self'") {
		t.Error("the page may ask other servers")
	}
}

// What is written to the log holds no names, cards, titles, tokens, ids of
// people or addresses.
func TestTheLogHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wants(t, w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"card":%q,"citation":{"title":"The Living Mountain"}}`, w.card)), 201, "")
	w.call(t, "GET", "/v1/patrons/"+w.patron.String(), w.staff, "")
	w.call(t, "GET", "/v1/requests?q=Living+Mountain", w.staff, "")
	const wrong = "7030614288"
	w.call(t, "POST", "/v1/sessions", "", `{"kind":"patron","realm":"ISIL:US-HOME","card":"`+w.card+`","pin":"`+wrong+`"}`)
	w.call(t, "GET", "/v1/nowhere/"+w.card, w.staff, "")
	log := w.log.String()
	if !strings.Contains(log, "route=/v1/patrons/:id") {
		t.Errorf("calls are not logged: %s", log)
	}
	for _, secret := range []string{w.card, pin, wrong, "Mountain", "adult patron", w.patron.String(), w.staff, w.me, password, "192.0.2.1", "nowhere"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestTooManyTriesToSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var last answer
	for range 6 {
		last = w.call(t, "POST", "/v1/sessions", "", `{"kind":"patron","realm":"ISIL:US-HOME","card":"2999","pin":"9999"}`)
	}
	if last.status != 429 || last.header.Get("Retry-After") == "" || last.code() != "too_many_tries" {
		t.Errorf("%d %s", last.status, last.text)
	}
	got := w.call(t, "POST", "/v1/sessions", "", `{"kind":"staff","card":"1"}`)
	wants(t, got, 400, "invalid_input")
	if strings.Count(got.text, `"code":"required"`) != 3 {
		t.Errorf("all that is missing at once: %s", got.text)
	}
}

// Ten callers with one key at once: one request comes of it, and each caller is
// told so or told to ask again.
func TestOneKeyManyCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	ids := map[string]bool{}
	for range 10 {
		group.Add(1)
		go func() {
			defer group.Done()
			got := w.call(t, "POST", "/v1/requests", w.me, `{"citation":{"title":"The Living Mountain"}}`, "Idempotency-Key", "same")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case got.status == 201:
				ids[got.id()] = true
			case got.status != 409 || got.code() != "in_flight":
				t.Errorf("%d %s", got.status, got.text)
			}
		}()
	}
	group.Wait()
	if count := w.rows(t)["requests"]; count != 1 || len(ids) != 1 {
		t.Errorf("%d requests stored, %d told of", count, len(ids))
	}
}

// partnerSays signs a message as the partner and sends it.
func (w *world) partnerSays(t *testing.T, door string, message connectors.Message, secret []byte) answer {
	t.Helper()
	body, err := partner.Encode(message)
	must(t, err)
	header, err := wire.Sign(secret, message.ID, time.Now(), body)
	must(t, err)
	header.Set(wire.HeaderLibrary, "ISIL:US-PARTNER")
	return w.send(t, place{method: http.MethodPost}, "/v1/partner/"+door, "", body, header)
}

func (w *world) ask(id string) connectors.Message {
	return connectors.Message{
		ID: id, Kind: connectors.KindRequest, RequestID: "ask-1", Borrower: broker.NewSymbol("ISIL", "US-PARTNER"),
		Lender: broker.NewSymbol("ISIL", "US-AWAY"), SentAt: w.clock.Now(), Service: "loan",
		Citation: &broker.Citation{Title: "The Living Mountain", ISBN: "9780857861832"},
	}
}

// A partner asks one of our libraries, which finds it in its lending inbox and
// answers; a replay changes nothing.
func TestAPartnerAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.partnerSays(t, "requests", w.ask("m-1"), w.secret)
	if first.status != 200 || !strings.Contains(first.text, `"status":"accepted"`) {
		t.Fatalf("%d %s", first.status, first.text)
	}
	again := w.partnerSays(t, "requests", w.ask("m-1"), w.secret)
	if again.status != 200 || !strings.Contains(again.text, `"status":"duplicate"`) {
		t.Errorf("sent again: %d %s", again.status, again.text)
	}
	other := w.ask("m-1")
	other.Citation.Title = "Another"
	wants(t, w.partnerSays(t, "requests", other, w.secret), 409, "message_id_reused")

	inbox := w.call(t, "GET", "/v1/lending", w.otherStaff, "")
	list, _ := inbox.body["requests"].([]any)
	if len(list) != 1 {
		t.Fatalf("the lending inbox: %s", inbox.text)
	}
	path := "/v1/lending/" + list[0].(map[string]any)["id"].(string)
	one := w.call(t, "GET", path, w.otherStaff, "")
	if one.get("borrower", "symbol") != "ISIL:US-PARTNER" || one.get("borrower_request_id") != "ask-1" {
		t.Errorf("one: %s", one.text)
	}
	wants(t, w.call(t, "GET", strings.Replace(path, "lending", "requests", 1), w.otherStaff, ""), 404, "not_found")
	note := connectors.Message{
		ID: "m-note", Kind: connectors.KindNote, RequestID: "ask-1", Borrower: broker.NewSymbol("ISIL", "US-PARTNER"), Lender: broker.NewSymbol("ISIL", "US-AWAY"),
		SentAt: w.clock.Now(), Note: "Any edition will do.",
	}
	if noted := w.partnerSays(t, "messages", note, w.secret); noted.status != 200 || !strings.Contains(noted.text, `"status":"accepted"`) {
		t.Errorf("a borrower's note: %d %s", noted.status, noted.text)
	}
	if notes := w.call(t, "GET", strings.Replace(path, "lending", "requests", 1)+"/notes", w.otherStaff, ""); !strings.Contains(notes.text, "Any edition will do.") {
		t.Errorf("the lender's staff read: %s", notes.text)
	}
	if tasks := w.call(t, "GET", "/v1/tasks", w.otherStaff, ""); !strings.Contains(tasks.text, `"kind":"note_received"`) {
		t.Errorf("the lender's tasks: %s", tasks.text)
	}
	actions, _ := one.body["available_actions"].([]any)
	if len(actions) == 0 {
		t.Fatalf("nothing to answer with: %s", one.text)
	}
	wants(t, w.call(t, "POST", path+"/actions/"+actions[0].(map[string]any)["name"].(string), w.otherStaff, `{"no_such":1}`), 400, "invalid_input")
	wants(t, w.call(t, "GET", path, w.staff, ""), 404, "not_found")
}

func TestThePartnersDoorIsGuarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wants(t, w.partnerSays(t, "requests", w.ask("m-1"), bytes.Repeat([]byte("x"), 32)), 401, "signature_invalid")
	wants(t, w.partnerSays(t, "messages", w.ask("m-1"), w.secret), 400, "invalid_input")
	forged := w.ask("m-1")
	forged.Borrower = broker.NewSymbol("ISIL", "US-HOME")
	wants(t, w.partnerSays(t, "requests", forged, w.secret), 403, "forbidden")
	unknown := w.ask("m-1")
	unknown.Lender = broker.NewSymbol("ISIL", "US-NOWHERE")
	wants(t, w.partnerSays(t, "requests", unknown, w.secret), 404, "not_found")
	// It may speak only about requests it has a part in.
	submitted := w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"The Living Mountain"}}`, w.patron))
	entry, _ := submitted.get("rota", "now", "id").(string)
	before := w.rows(t)
	wants(t, w.partnerSays(t, "messages", connectors.Message{
		ID: "m-2", Kind: connectors.KindLoaned, RequestID: entry,
		Borrower: broker.NewSymbol("ISIL", "US-HOME"), Lender: broker.NewSymbol("ISIL", "US-PARTNER"), SentAt: w.clock.Now(),
		Due: broker.MustDate("2026-09-14"),
	}, w.secret), 404, "not_found")

	body, err := partner.Encode(w.ask("m-3"))
	must(t, err)
	old, err := wire.Sign(w.secret, "m-3", time.Now().Add(-time.Hour), body)
	must(t, err)
	old.Set(wire.HeaderLibrary, "ISIL:US-PARTNER")
	door := place{method: http.MethodPost}
	wants(t, w.send(t, door, "/v1/partner/requests", "", body, old), 401, "message_too_old")
	unsigned := http.Header{}
	unsigned.Set(wire.HeaderLibrary, "ISIL:US-PARTNER")
	wants(t, w.send(t, door, "/v1/partner/requests", "", body, unsigned), 401, "signature_missing")
	wants(t, w.send(t, door, "/v1/partner/requests", "", body, nil), 401, "caller_missing")
	nobody := http.Header{}
	nobody.Set(wire.HeaderLibrary, "ISIL:US-NOBODY")
	wants(t, w.send(t, door, "/v1/partner/requests", "", body, nobody), 401, "signature_invalid")
	member := http.Header{}
	member.Set(wire.HeaderLibrary, "ISIL:US-HOME")
	wants(t, w.send(t, door, "/v1/partner/requests", "", body, member), 401, "signature_invalid")
	// A signed message that is wrong is answered with what is wrong, and leaves
	// nothing behind.
	wrong := bytes.Replace(body, []byte(`"service":"loan"`), []byte(`"service":"gift"`), 1)
	header, err := wire.Sign(w.secret, "m-3", time.Now(), wrong)
	must(t, err)
	header.Set(wire.HeaderLibrary, "ISIL:US-PARTNER")
	got := w.send(t, door, "/v1/partner/requests", "", wrong, header)
	wants(t, got, 400, "invalid_input")
	if !strings.Contains(got.text, `"pointer":"/service"`) {
		t.Errorf("the field is named: %s", got.text)
	}
	if after := w.rows(t); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("rows were left behind: before %v, after %v", before, after)
	}
}

// The program's own server settings do not wait for slow callers for ever.
func TestServerLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := httptest.NewServer(w.api)
	defer server.Close()
	// A body that says nothing of its size is cut off at the limit too.
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/sessions", &endless{left: 3 << 20})
	must(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := server.Client().Do(request)
	if err != nil {
		return // the server may hang up before all is sent
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("an endless body: %d", response.StatusCode)
	}
}

type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range p[:n] {
		p[i] = ' '
	}
	e.left -= n
	return n, nil
}
