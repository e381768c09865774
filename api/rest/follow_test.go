package rest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"afield/broker/postgres"
)

// listener reads a stream of events as a browser does.
type listener struct {
	t    *testing.T
	text *bufio.Scanner
	last string // id
}

func (w *world) listen(t *testing.T, server *httptest.Server, path string, headers ...string) *listener {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(stop)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
	must(t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := server.Client().Do(request)
	must(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" || answer.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%s: %d %v", path, answer.StatusCode, answer.Header)
	}
	return &listener{t: t, text: bufio.NewScanner(answer.Body)}
}

// next gives the next event and what it names.
func (l *listener) next() (event, what, id string) {
	l.t.Helper()
	for l.text.Scan() {
		switch field, value, _ := strings.Cut(l.text.Text(), ": "); field {
		case "id":
			l.last = value
		case "event":
			event = value
		case "data":
			var said struct{ What, ID string }
			must(l.t, json.Unmarshal([]byte(value), &said))
			what, id = said.What, said.ID
		case "":
			if event != "" {
				return event, what, id
			}
		}
	}
	l.t.Fatalf("the stream ended: %v", l.text.Err())
	return "", "", ""
}

// until reads on to the event that names a thing.
func (l *listener) until(what, id string) {
	l.t.Helper()
	for {
		if _, gotWhat, gotID := l.next(); gotWhat == what && (id == "" || gotID == id) {
			return
		}
	}
}

// What changes is told by name, to the library it belongs to, and to whoever comes
// back after a while.
func TestFollowingWhatChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := httptest.NewServer(w.api)
	t.Cleanup(server.Close)
	ours := w.listen(t, server, "/v1/events", "Authorization", "Bearer "+w.staff)
	if event, what, _ := ours.next(); event != "here" || what != "" || ours.last == "" {
		t.Fatalf("the first event is %s %s with id %q", event, what, ours.last)
	}
	beginning := ours.last
	other := w.call(t, "POST", "/v1/requests", w.otherStaff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"Walden"}}`, w.neighbour))
	wants(t, other, 201, "")
	sent := w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"The Living Mountain"}}`, w.patron))
	wants(t, sent, 201, "")
	if _, what, id := ours.next(); what != "request" || id != sent.id() {
		t.Fatalf("told of %s %s, want our request %s", what, id, sent.id())
	}
	wants(t, w.call(t, "POST", "/v1/requests/"+sent.id()+"/notes", w.staff, `{"audience":"staff","text":"Rang them."}`), 201, "")
	ours.until("request", sent.id())
	title, _ := w.addTitle(t, "A rare one", "31234000000777")
	hold := w.call(t, "POST", "/v1/holds", w.me, fmt.Sprintf(`{"title_id":%q}`, title))
	wants(t, hold, 201, "")
	ours.until("hold", hold.id())
	wants(t, w.call(t, "POST", "/v1/desk/scan", w.staff, `{"barcode":"77777000009999"}`), 200, "")
	ours.until("task", "")

	// Over again from the beginning: all of it, by the header or by the query.
	for _, again := range []*listener{
		w.listen(t, server, "/v1/events", "Authorization", "Bearer "+w.staff, "Last-Event-ID", beginning),
		w.listen(t, server, "/v1/events?after="+beginning, "Authorization", "Bearer "+w.staff),
	} {
		again.until("request", sent.id())
		again.until("hold", hold.id())
		again.until("task", "")
	}
	wants(t, w.call(t, "GET", "/v1/events?after=nonsense", w.staff, ""), 400, "invalid_input")
	wants(t, w.call(t, "GET", "/v1/events", w.me, ""), 403, "forbidden")
	wants(t, w.call(t, "GET", "/v1/events", "", ""), 401, "sign_in_needed")

	// A server that stops ends its streams.
	w.live.Close()
	for ours.text.Scan() { //nolint:revive // to its end
	}
	if err := ours.text.Err(); err != nil {
		t.Errorf("the stream ended with %v", err)
	}
	wants(t, w.call(t, "GET", "/v1/events", w.staff, ""), 503, "stopping")
}

// A page that reads itself again does not keep a desk signed in, and does not take
// a message away that nobody has read.
func TestWhatAPageReadsByItselfIsNoClick(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	until := func() (ends time.Time) {
		t.Helper()
		must(t, w.db.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
			return tx.QueryRow(ctx, `select max(expires_at) from page_sessions`).Scan(&ends)
		}))
		return ends
	}
	before := until()
	b.open("/requests", "Afield-Live", "1")
	b.shows(200, "Nothing needs you")
	if after := until(); !after.Equal(before) {
		t.Errorf("the session lasts until %s, and before until %s", after, before)
	}
	b.open("/requests")
	if after := until(); !after.After(before) {
		t.Error("a click does not prolong the session")
	}
}
