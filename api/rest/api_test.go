package rest_test

import (
	"fmt"
	"strings"
	"testing"
)

func wants(t *testing.T, got answer, status int, code string) {
	t.Helper()
	if got.status != status || (code != "" && got.code() != code) {
		t.Errorf("got %d %s, want %d %s: %s", got.status, got.code(), status, code, got.text)
	}
}

// A request from submission to the lender's answer, as the ILL desk works it.
func TestARequestThroughTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"The Living Mountain","isbn":"9780857861832"},"need_by":"2026-10-01"}`, w.patron)

	preview := w.call(t, "POST", "/v1/requests/preview", w.staff, body)
	wants(t, preview, 200, "")
	if preview.get("allowed") != true || preview.get("likely_lender", "id") != w.away.String() {
		t.Errorf("preview: %s", preview.text)
	}

	submitted := w.call(t, "POST", "/v1/requests", w.staff, body, "Idempotency-Key", "one")
	wants(t, submitted, 201, "")
	if submitted.get("state") != "requested" || submitted.get("rota", "now", "lender", "id") != w.away.String() ||
		submitted.header.Get("Location") != "/v1/requests/"+submitted.id() || submitted.get("deadline", "due_at") == nil {
		t.Errorf("submitted: %s", submitted.text)
	}
	again := w.call(t, "POST", "/v1/requests", w.staff, body, "Idempotency-Key", "one")
	if again.status != 201 || again.id() != submitted.id() {
		t.Errorf("sent again: %d %s", again.status, again.id())
	}
	wants(t, w.call(t, "POST", "/v1/requests", w.staff, strings.Replace(body, "Mountain", "Hill", 1), "Idempotency-Key", "one"), 422, "key_reused")

	path := "/v1/requests/" + submitted.id()
	one := w.call(t, "GET", path, w.staff, "")
	wants(t, one, 200, "")
	if !strings.Contains(one.text, `"name":"cancel"`) {
		t.Errorf("nothing can be done with it: %s", one.text)
	}
	wants(t, w.call(t, "POST", path+"/actions/cancel?expected_version=1", w.staff, "{}"), 409, "changed_meanwhile")
	wants(t, w.call(t, "POST", path+"/actions/cancel", w.staff, `{"reason":"x","unheard_of":1}`), 400, "invalid_input")
	w.allSent(t)
	cancelled := w.call(t, "POST", path+"/actions/cancel", w.staff, "", "Idempotency-Key", "two")
	wants(t, cancelled, 200, "")
	if cancelled.get("state") != "cancel_pending" {
		t.Errorf("cancelled: %s", cancelled.text)
	}
	wants(t, w.call(t, "POST", path+"/actions/cancel", w.staff, "", "Idempotency-Key", "two"), 200, "")
	timeline := w.call(t, "GET", path+"/timeline", w.staff, "")
	if strings.Count(timeline.text, `"event":"cancel"`) != 1 {
		t.Errorf("cancelled once under one key: %s", timeline.text)
	}
	log := w.call(t, "GET", path+"/messages", w.staff, "")
	if !strings.Contains(log.text, `"kind":"request"`) || !strings.Contains(log.text, `"kind":"cancel"`) {
		t.Errorf("messages: %s", log.text)
	}
	wants(t, w.call(t, "POST", path+"/notes", w.staff, `{"audience":"patron","text":"We keep looking."}`), 201, "")
	wants(t, w.call(t, "POST", path+"/notes", w.staff, `{"audience":"staff","text":"The patron is away."}`), 201, "")
	if notes := w.call(t, "GET", path+"/notes", w.me, ""); !strings.Contains(notes.text, "keep looking") || strings.Contains(notes.text, "away") {
		t.Errorf("the patron reads %s", notes.text)
	}
	if tasks := w.call(t, "GET", "/v1/tasks", w.staff, ""); tasks.status != 200 {
		t.Errorf("tasks: %s", tasks.text)
	}
}

func TestAPatronsOwnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	me := w.call(t, "GET", "/v1/me", w.me, "")
	if me.get("kind") != "patron" || me.get("patron", "id") != w.patron.String() || me.get("library", "symbol") != "ISIL:US-HOME" {
		t.Errorf("me: %s", me.text)
	}
	submitted := w.call(t, "POST", "/v1/requests", w.me, `{"citation":{"title":"The Living Mountain"}}`)
	wants(t, submitted, 201, "")
	if submitted.get("rota", "now", "lender") == nil || strings.Contains(submitted.text, `"why":[{`) {
		t.Errorf("a patron sees where it is and not the reasons: %s", submitted.text)
	}
	wants(t, w.call(t, "POST", "/v1/requests", w.me, fmt.Sprintf(`{"citation":{"title":"Walden"},"patron_id":%q}`, w.neighbour)), 400, "invalid_input")
	for _, list := range []string{"loans", "holds", "requests", "charges"} {
		wants(t, w.call(t, "GET", "/v1/me/"+list, w.me, ""), 200, "")
		wants(t, w.call(t, "GET", "/v1/me/"+list, w.staff, ""), 403, "forbidden")
	}
	wants(t, w.call(t, "GET", "/v1/requests/"+submitted.id()+"/messages", w.me, ""), 403, "forbidden")
	wants(t, w.call(t, "DELETE", "/v1/sessions", w.me, ""), 204, "")
	wants(t, w.call(t, "GET", "/v1/me", w.me, ""), 401, "bad_token")
}

func TestTheDeskLendsAndTakesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lent := w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"barcode":%q,"card":%q}`, w.item, w.card), "Idempotency-Key", "l")
	wants(t, lent, 201, "")
	if lent.get("title") != "Walden" || lent.get("due_on") == nil {
		t.Errorf("lent: %s", lent.text)
	}
	wants(t, w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"barcode":%q,"card":%q}`, w.item, w.card), "Idempotency-Key", "l"), 201, "")
	wants(t, w.call(t, "GET", "/v1/me/loans", w.me, ""), 200, "")
	if mine := w.call(t, "GET", "/v1/patrons/"+w.patron.String()+"/loans", w.staff, ""); !strings.Contains(mine.text, lent.id()) {
		t.Errorf("loans: %s", mine.text)
	}
	explained := w.call(t, "POST", "/v1/policies/explain", w.staff, fmt.Sprintf(`{"act":"renew","patron_id":%q,"loan_id":%q}`, w.patron, lent.id()))
	wants(t, explained, 200, "")
	wants(t, w.call(t, "POST", "/v1/loans/"+lent.id()+"/return", w.staff, ""), 200, "")
	scanned := w.call(t, "POST", "/v1/desk/scan", w.staff, fmt.Sprintf(`{"barcode":%q}`, w.item))
	if scanned.status != 200 || scanned.get("did") != "nothing" {
		t.Errorf("scanned: %s", scanned.text)
	}
	stray := w.call(t, "POST", "/v1/desk/scan", w.staff, `{"barcode":"nobody-knows-this"}`, "Idempotency-Key", "s")
	if stray.get("did") != "unmatched" || stray.get("task_id") == nil {
		t.Errorf("a stray barcode: %s", stray.text)
	}
	same := w.call(t, "POST", "/v1/desk/scan", w.staff, `{"barcode":"nobody-knows-this"}`, "Idempotency-Key", "s")
	if same.text != stray.text {
		t.Errorf("scanned again: %s, first %s", same.text, stray.text)
	}
	hold := w.call(t, "POST", "/v1/holds", w.me, fmt.Sprintf(`{"title_id":%q}`, w.ownTitle))
	wants(t, hold, 201, "")
	wants(t, w.call(t, "POST", "/v1/holds", w.me, fmt.Sprintf(`{"title_id":%q}`, w.title)), 409, "not_in_catalogue")
	captured := w.call(t, "POST", "/v1/desk/scan", w.staff, fmt.Sprintf(`{"barcode":%q}`, w.item))
	if captured.get("did") != "captured" {
		t.Errorf("captured: %s", captured.text)
	}
	if shelf := w.call(t, "GET", "/v1/shelf", w.staff, ""); !strings.Contains(shelf.text, hold.id()) {
		t.Errorf("shelf: %s", shelf.text)
	}
	wants(t, w.call(t, "DELETE", "/v1/holds/"+hold.id(), w.otherStaff, ""), 404, "not_found")
	wants(t, w.call(t, "DELETE", "/v1/holds/"+hold.id(), w.me, ""), 204, "")
}

func TestPayments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/v1/patrons/" + w.patron.String() + "/payments"
	wants(t, w.call(t, "POST", path, w.staff, `{"amount":{"minor":500,"currency":"USD"}}`), 422, "more_than_owed")
	paid := w.call(t, "POST", path, w.staff, `{"amount":{"minor":500,"currency":"USD"},"in_advance":true}`, "Idempotency-Key", "p")
	wants(t, paid, 201, "")
	again := w.call(t, "POST", path, w.staff, `{"amount":{"minor":500,"currency":"USD"},"in_advance":true}`, "Idempotency-Key", "p")
	if again.get("owes", "minor") != float64(-500) {
		t.Errorf("paid twice: %s", again.text)
	}
	wants(t, w.call(t, "POST", path, w.staff, `{"amount":{"minor":500,"currency":"CAD"},"in_advance":true}`), 400, "")
}

func TestRulesAreOpenToAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{
		"/v1/libraries", "/v1/libraries?q=ISIL:US-AWAY", "/v1/libraries?member=true&limit=1",
		"/v1/libraries/" + w.away.String(), "/v1/policies", "/v1/workflow",
	} {
		wants(t, w.call(t, "GET", path, "", ""), 200, "")
	}
	if one := w.call(t, "GET", "/v1/libraries?q=isil:us-away", "", ""); strings.Count(one.text, `"member":`) != 1 {
		t.Errorf("by symbol: %s", one.text)
	}
	if text := w.call(t, "GET", "/v1/libraries/"+w.partner.String(), "", "").text; strings.Contains(text, "partner.example") {
		t.Errorf("how a partner is reached is nobody's business: %s", text)
	}
	all := map[string]bool{}
	for cursor := ""; ; {
		page := w.call(t, "GET", "/v1/libraries?limit=1"+cursor, "", "")
		for _, library := range page.body["libraries"].([]any) {
			all[library.(map[string]any)["id"].(string)] = true
		}
		next, more := page.body["next_cursor"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
		wants(t, w.call(t, "GET", "/v1/libraries?member=false"+cursor, "", ""), 400, "invalid_input")
	}
	if len(all) != 3 {
		t.Errorf("page by page: %d libraries", len(all))
	}
}

// Another library's rows are answered as if they did not exist, on every route
// that names one.
func TestOtherLibrariesRowsAreNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	submitted := w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"The Living Mountain"}}`, w.patron))
	// The hold comes first: nobody may wait for what they have on loan.
	hold := w.call(t, "POST", "/v1/holds", w.me, fmt.Sprintf(`{"title_id":%q}`, w.ownTitle))
	wants(t, hold, 201, "")
	lent := w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"barcode":%q,"card":%q}`, w.item, w.card))
	stray := w.call(t, "POST", "/v1/desk/scan", w.staff, `{"barcode":"nobody-knows-this"}`)
	request, loan, patron := "/v1/requests/"+submitted.id(), "/v1/loans/"+lent.id(), "/v1/patrons/"+w.patron.String()
	item := "/v1/items/" + lent.get("item_id").(string)
	for _, c := range []struct{ method, path, body string }{
		{"GET", request, ""},
		{"GET", request + "/timeline", ""},
		{"GET", request + "/messages", ""},
		{"GET", request + "/notes", ""},
		{"POST", request + "/notes", `{"audience":"staff","text":"x"}`},
		{"POST", request + "/actions/cancel", "{}"},
		{"GET", strings.Replace(request, "requests", "lending", 1), ""},
		{"POST", strings.Replace(request, "requests", "lending", 1) + "/actions/answer_yes", "{}"},
		{"POST", "/v1/holds/" + hold.id() + "/not-found", ""},
		{"DELETE", "/v1/holds/" + hold.id(), ""},
		{"POST", "/v1/tasks/" + stray.get("task_id").(string) + "/close", `{"note":"x"}`},
		{"POST", loan + "/renew", ""},
		{"POST", loan + "/return", ""},
		{"GET", loan, ""},
		{"GET", "/v1/loans?patron=" + w.patron.String(), ""},
		{"POST", loan + "/claim", `{"kind":"returned"}`},
		{"POST", loan + "/claim/answer", `{"status":"withdrawn"}`},
		{"POST", loan + "/lost", ""},
		{"POST", loan + "/found", ""},
		{"POST", loan + "/damaged", ""},
		{"POST", loan + "/donate", ""},
		{"POST", loan + "/refer", ""},
		{"POST", loan + "/recall", ""},
		{"GET", "/v1/holds/" + hold.id(), ""},
		{"GET", "/v1/holds/" + hold.id() + "/slip", ""},
		{"POST", "/v1/holds/" + hold.id() + "/suspend", ""},
		{"POST", "/v1/holds/" + hold.id() + "/resume", ""},
		{"POST", "/v1/holds/" + hold.id() + "/permit", ""},
		{"POST", "/v1/holds/" + hold.id() + "/contact", ""},
		{"POST", "/v1/holds/" + hold.id() + "/extend", ""},
		{"POST", "/v1/holds/" + hold.id() + "/expiry", ""},
		{"POST", "/v1/holds/" + hold.id() + "/clear", ""},
		{"GET", "/v1/items?barcode=" + w.item, ""},
		{"GET", item, ""},
		{"PATCH", item, `{"note":"x"}`},
		{"POST", item + "/mark", `{"as":"missing"}`},
		{"GET", patron, ""},
		{"GET", patron + "/loans", ""},
		{"GET", patron + "/holds", ""},
		{"GET", patron + "/requests", ""},
		{"GET", patron + "/charges", ""},
		{"POST", patron + "/payments", `{"amount":{"minor":1,"currency":"USD"}}`},
		{"POST", "/v1/requests", fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"x"}}`, w.patron)},
		{"POST", "/v1/requests", fmt.Sprintf(`{"card":%q,"citation":{"title":"x"}}`, w.card)},
		{"POST", "/v1/requests/preview", fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"x"}}`, w.patron)},
		{"POST", "/v1/policies/explain", fmt.Sprintf(`{"act":"checkout","patron_id":%q}`, w.patron)},
		{"POST", "/v1/loans", fmt.Sprintf(`{"barcode":%q,"card":%q}`, w.item, w.card)},
	} {
		wants(t, w.call(t, c.method, c.path, w.otherStaff, c.body), 404, "not_found")
	}
	if list := w.call(t, "GET", "/v1/requests", w.otherStaff, ""); strings.Contains(list.text, submitted.id()) {
		t.Errorf("another library lists it: %s", list.text)
	}
	if list := w.call(t, "GET", "/v1/requests?patron_id="+w.patron.String(), w.otherStaff, ""); strings.Contains(list.text, submitted.id()) {
		t.Errorf("another library finds it by patron: %s", list.text)
	}
}

func TestListsOfRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		wants(t, w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"Unheard of %d"}}`, w.patron, i)), 201, "")
	}
	seen := map[string]bool{}
	cursor := ""
	for pages := 0; pages < 10; pages++ {
		page := w.call(t, "GET", "/v1/requests?limit=2&order=oldest"+cursor, w.staff, "")
		for _, line := range page.body["requests"].([]any) {
			seen[line.(map[string]any)["id"].(string)] = true
		}
		next, more := page.body["next_cursor"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
	}
	if len(seen) != 5 {
		t.Errorf("page by page: %d requests", len(seen))
	}
	for query, want := range map[string]int{
		"q=unheard+3": 1, "q=heard": 5, "open=true": 5, "open=false": 0, "queue=ended": 0,
		"queue=needs_me": 0, "state=routing": 5, "state=completed&state=routing": 5, "q=%25": 0,
	} {
		page := w.call(t, "GET", "/v1/requests?"+query, w.staff, "")
		if list, _ := page.body["requests"].([]any); page.status != 200 || len(list) != want {
			t.Errorf("%s: %d requests, want %d", query, len(list), want)
		}
	}
}
