package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
)

// byMail makes the other library one that is reached by mail, asks it for a book,
// and gives the request and the token of its link.
func (w *world) byMail(t *testing.T) (request answer, token string) {
	t.Helper()
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.away), func(_ context.Context, tx *postgres.Tx) error {
		return directory.SavePeer(tx, nil, directory.Peer{Library: w.away, Protocol: directory.ProtocolEmail, BaseURL: "mailto:ill@away.example"}, w.clock.Now())
	}))
	sent := w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"The Living Mountain","isbn":"9780857861832"}}`, w.patron))
	wants(t, sent, 201, "")
	entry, err := broker.ParseID("id", fmt.Sprint(sent.get("rota", "now", "id")))
	must(t, err)
	w.allSent(t)
	return sent, w.links.Sign(connectors.Link{Library: w.home, Lender: w.away, Ask: entry, Until: w.clock.Now().Add(30 * 24 * time.Hour)})
}

func (w *world) state(t *testing.T, request answer) string {
	t.Helper()
	return fmt.Sprint(w.call(t, "GET", "/v1/requests/"+request.id(), w.staff, "").get("state"))
}

func offered(asked answer) (names []string) {
	var said struct{ Answers []struct{ Name string } }
	_ = json.Unmarshal([]byte(asked.text), &said)
	for _, one := range said.Answers {
		names = append(names, one.Name)
	}
	return names
}

// A library with nothing but a mailbox lends: condition, yes, shipped, home. Its
// answers are those of any lender, and looking answers nothing.
func TestALenderWithoutASystemAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request, token := w.byMail(t)
	path := "/v1/answers/" + token
	for range 3 {
		asked := w.call(t, "GET", path, "", "")
		wants(t, asked, 200, "")
		if asked.get("status") != "asked" || asked.get("citation", "title") != "The Living Mountain" || asked.get("answer_by") == nil {
			t.Fatalf("asked: %s", asked.text)
		}
		if got := strings.Join(offered(asked), " "); got != "yes shipped no conditional later due_changed question" {
			t.Errorf("offered: %s", got)
		}
		if strings.Contains(asked.text, "adult patron 1") || strings.Contains(asked.text, w.patron.String()) {
			t.Errorf("it shows the patron: %s", asked.text)
		}
	}
	if state := w.state(t, request); state != "requested" {
		t.Fatalf("looking made it %s", state)
	}
	wants(t, w.call(t, "POST", path, "", `{"answer":"conditional"}`), 400, "invalid_input")
	wants(t, w.call(t, "POST", path, "", `{"answer":"no"}`), 400, "invalid_input")
	wants(t, w.call(t, "POST", path, "", `{"answer":"maybe"}`), 404, "not_found")
	wants(t, w.call(t, "POST", path, "", `{"answer":"later","form":{"retry_after":"soon"}}`), 400, "invalid_input")
	wants(t, w.call(t, "POST", path, "", `{"answer":"conditional","form":{"conditions":"in the library only"}}`), 200, "")
	if state := w.state(t, request); state != "conditional" {
		t.Errorf("after the condition it is %s", state)
	}
	for range 2 { // sent twice, it counts once
		wants(t, w.call(t, "POST", path, "", `{"answer":"yes"}`), 200, "")
	}
	if state := w.state(t, request); state != "will_supply" {
		t.Errorf("after the yes it is %s", state)
	}
	messages := w.call(t, "GET", "/v1/requests/"+request.id()+"/messages", w.staff, "")
	if heard := strings.Count(messages.text, `"will_supply"`); heard != 2 { // as the kind of the message, and in what it said
		t.Errorf("the yes is named %d times: %s", heard, messages.text)
	}
	wants(t, w.call(t, "POST", path, "", `{"answer":"question","form":{"note":"Which edition?"}}`), 200, "")
	if tasks := w.call(t, "GET", "/v1/tasks", w.staff, ""); !strings.Contains(tasks.text, "note_received") {
		t.Errorf("a question is no task: %s", tasks.text)
	}
	shipped := w.call(t, "POST", path, "", `{"answer":"shipped","form":{"due":"2026-09-20","barcodes":"39999000000011"}}`)
	wants(t, shipped, 200, "")
	if shipped.get("outcome") != "acted" || shipped.get("due") != "2026-09-20" {
		t.Errorf("shipped: %s", shipped.text)
	}
	if state := w.state(t, request); state != "shipped" {
		t.Errorf("after the shipment it is %s", state)
	}
	if scanned := w.call(t, "POST", "/v1/desk/scan", w.staff, `{"barcode":"39999000000011"}`); scanned.get("did") != "received" {
		t.Errorf("its barcode is not known at the desk: %s", scanned.text)
	}
}

// A link is good for its one ask, for its time, and as long as its library is
// reached by mail.
func TestLinksThatDoNotWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request, token := w.byMail(t)
	link, err := w.links.Read(token, w.clock.Now())
	must(t, err)
	stranger := link
	stranger.Lender = w.partner
	for what, bad := range map[string]string{
		"nonsense": strings.Repeat("x", 40), "cut off": token[:len(token)-1], "another library's": w.links.Sign(stranger),
	} {
		if got := w.call(t, "GET", "/v1/answers/"+bad, "", ""); got.status != 404 {
			t.Errorf("%s: %d %s", what, got.status, got.text)
		}
		if got := w.call(t, "POST", "/v1/answers/"+bad, "", `{"answer":"yes"}`); got.status != 404 {
			t.Errorf("%s: %d %s", what, got.status, got.text)
		}
	}
	// Once another lender is asked, or nobody: noted, never acted on.
	wants(t, w.call(t, "POST", "/v1/answers/"+token, "", `{"answer":"no","form":{"reason":"on_loan"}}`), 200, "")
	after := w.state(t, request)
	late := w.call(t, "GET", "/v1/answers/"+token, "", "")
	if late.get("current") != false || strings.Join(offered(late), " ") != "shipped home question" {
		t.Errorf("moved on: %s", late.text)
	}
	if said := w.call(t, "POST", "/v1/answers/"+token, "", `{"answer":"yes"}`, "Idempotency-Key", "again"); said.get("outcome") != "noted" {
		t.Errorf("a late yes: %s", said.text)
	}
	if now := w.state(t, request); now != after {
		t.Errorf("a late yes made it %s", now)
	}
	w.clock.Set(w.clock.Now().AddDate(0, 0, 31))
	wants(t, w.call(t, "GET", "/v1/answers/"+token, "", ""), 409, "link_ended")
	wants(t, w.call(t, "POST", "/v1/answers/"+token, "", `{"answer":"yes"}`), 409, "link_ended")
	fresh := link
	fresh.Until = w.clock.Now().Add(time.Hour)
	wants(t, w.call(t, "GET", "/v1/answers/"+w.links.Sign(fresh), "", ""), 200, "")
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.away), func(_ context.Context, tx *postgres.Tx) error {
		return directory.SavePeer(tx, nil, directory.Peer{Library: w.away, Protocol: directory.ProtocolManual}, w.clock.Now())
	}))
	wants(t, w.call(t, "GET", "/v1/answers/"+w.links.Sign(fresh), "", ""), 404, "not_found")
}

// The page of the link: forms that work without scripts, an error beside its field
// with what was typed, and a page for a link that works no more.
func TestThePageOfALink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request, token := w.byMail(t)
	b := w.browser(t)
	b.open("/a/" + token)
	b.shows(200, "Can you lend this?", "The Living Mountain", "Yes, we will send it", "Please answer by")
	if strings.Contains(b.page.text, "adult patron 1") {
		t.Error("the page shows the patron")
	}
	b.post("/a/"+token+"/conditional", "key", b.value("key"), "conditions", "in the library only", "cost", "a lot")
	b.shows(400, "must be an amount such as 12.50", "in the library only")
	b.post("/a/"+token+"/conditional", "key", b.value("key"), "conditions", "in the library only", "cost", "12.50")
	b.shows(200, "your answer has been sent", "You may change it", "They are deciding about your offer")
	if state := w.state(t, request); state != "conditional" {
		t.Errorf("it is %s", state)
	}
	b.post("/a/"+token+"/no", "key", b.value("key"), "reason", "lost")
	b.shows(200, "This is no longer asked of you", "your answer has been sent")
	if strings.Contains(b.page.text, "You may change it") {
		t.Error("a no is said to be changeable")
	}
	b.post("/a/"+token+"/yes", "key", "late")
	b.shows(200, "The request has moved on meanwhile")
	b.open("/a/" + token[:60])
	b.shows(404, "This link does not work", "broken in the mail")
	w.clock.Set(w.clock.Now().AddDate(0, 0, 31))
	b.open("/a/" + token)
	b.shows(410, "This link does not work", "It has ended.")
}
