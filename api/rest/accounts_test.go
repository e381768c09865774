package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"afield/broker"
)

// at finds a value in an answer whose path goes through lists: "charges", 0, "id".
func (a answer) at(path ...any) any {
	var value any = a.body
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

func (a answer) word(path ...any) string { text, _ := a.at(path...).(string); return text }

func (a answer) minor(path ...any) int {
	number, _ := a.at(append(path, "minor")...).(float64)
	return int(number)
}

// codes lists the reasons of a refusal.
func (a answer) codes() string {
	var codes []string
	reasons, _ := a.body["reasons"].([]any)
	for i := range reasons {
		codes = append(codes, a.word("reasons", i, "code"))
	}
	return strings.Join(codes, " ")
}

func (w *world) post(t testing.TB, path, body string, args ...any) answer {
	t.Helper()
	return w.call(t, "POST", path, w.staff, fmt.Sprintf(body, args...))
}

func (w *world) get(t testing.TB, path string) answer {
	t.Helper()
	return w.call(t, "GET", path, w.staff, "")
}

// done fails the test unless the answer is that of an act that succeeded.
func done(t testing.TB, got answer, status int) answer {
	t.Helper()
	if got.status != status {
		t.Fatalf("got %d, want %d: %s", got.status, status, got.text)
	}
	return got
}

// A patron registers, moves, loses a card and finds another; a refusal names
// everything that is missing.
func TestAPatronIsRegisteredAndKeptOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refused := w.call(t, "POST", "/v1/patrons", w.otherStaff, `{"class":"resident","name":"somebody","card":"29999000000099"}`)
	wants(t, refused, 422, "may_not_have_card")
	if refused.codes() == "" || refused.word("reasons", 0, "clause", "document") == "" {
		t.Errorf("no reasons with clauses: %s", refused.text)
	}
	fresh := done(t, w.post(t, "/v1/patrons", `{"class":"adult","name":"adult patron 2","card":"21234000000029","phone":"+1 555 0102",
		"met":["application","id","proof_of_address"],"shown":["government_photo_id"]}`), 201)
	id := fresh.word("patron", "id")
	again := w.call(t, "POST", "/v1/patrons", w.staff, `{"class":"adult","name":"somebody","card":"21234000000029","met":["application","id","proof_of_address"],"shown":["government_photo_id"]}`)
	wants(t, again, 409, "card_number_taken")

	for _, query := range []string{"q=adult+patron+2", "card=21234000000029", "q=555+0102"} {
		if found := w.get(t, "/v1/patrons?"+query); query != "q=555+0102" && (found.word("patrons", 0, "id") != id || found.at("patrons", 1) != nil) {
			t.Errorf("%s finds %s", query, found.text)
		}
	}
	page := done(t, w.get(t, "/v1/patrons?q=adult&limit=1"), 200)
	next := done(t, w.get(t, "/v1/patrons?q=adult&limit=1&cursor="+page.word("next_cursor")), 200)
	if page.word("patrons", 0, "name") != "adult patron 1" || next.word("patrons", 0, "name") != "adult patron 2" {
		t.Errorf("pages: %s then %s", page.text, next.text)
	}
	if other := w.call(t, "GET", "/v1/patrons?card=21234000000029", w.otherStaff, ""); other.at("patrons", 0) != nil {
		t.Errorf("another library finds %s", other.text)
	}

	changed := done(t, w.call(t, "PATCH", "/v1/patrons/"+id, w.staff, `{"phone":"+1 555 0199","language":"fr","keep_history":true}`), 200)
	if changed.word("phone") != "+1 555 0199" || changed.word("phone_checked_on") != "2026-08-03" || changed.word("language") != "fr" ||
		changed.at("keep_history") != true || changed.word("name") != "adult patron 2" {
		t.Errorf("changed: %s", changed.text)
	}
	wants(t, w.call(t, "PATCH", "/v1/patrons/"+id, w.otherStaff, `{"language":"fr"}`), 404, "not_found")
	wants(t, w.call(t, "PATCH", "/v1/patrons/"+id, w.me, `{"language":"fr"}`), 403, "forbidden")
	wants(t, w.call(t, "PATCH", "/v1/patrons/"+id, w.staff, `{"not_for":["dvd"]}`), 422, "may_not_restrict")

	card := fresh.word("card", "id")
	path := "/v1/patrons/" + id
	lost := done(t, w.post(t, path+"/cards/report", `{"card_id":%q,"as":"lost"}`, card), 200)
	if lost.word("status") != "lost" || lost.word("stopped_on") != "2026-08-03" {
		t.Errorf("lost: %s", lost.text)
	}
	replaced := done(t, w.post(t, path+"/cards/replace", `{"card_id":%q,"number":"21234000000030"}`, card), 200)
	wants(t, w.post(t, path+"/cards/report", `{"card_id":%q,"as":"stolen"}`, card), 409, "card_ended")
	if list := w.get(t, path+"/cards"); list.word("cards", 0, "status") != "active" || list.word("cards", 1, "status") != "replaced" {
		t.Errorf("cards: %s", list.text)
	}
	w.post(t, path+"/payments", `{"amount":{"minor":10000,"currency":"USD"},"in_advance":true}`)
	if renewed := w.post(t, path+"/cards/renew", `{"met":["id","application","proof_of_address"],"shown":["government_photo_id"],"until":"2029-01-31"}`); renewed.word("patron", "expires_on") != "2029-01-31" {
		t.Errorf("renewed: %s", renewed.text)
	}
	wants(t, w.post(t, path+"/class", `{"class":"nobody knows"}`), 400, "invalid_input")
	back := done(t, w.post(t, path+"/cards/surrender", `{"card_id":%q}`, replaced.word("card", "id")), 200)
	if back.word("card", "status") != "surrendered" {
		t.Errorf("surrendered: %s", back.text)
	}
	for _, private := range []string{"adult patron 2", "21234000000029", "555 0199"} {
		if strings.Contains(w.log.String(), private) {
			t.Errorf("the log says %q", private)
		}
	}
}

// Blocks, links and proxies: added, read and removed, by those who may.
func TestBlocksLinksAndProxiesOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	child := done(t, w.post(t, "/v1/patrons", `{"class":"adult","name":"adult patron 2","card":"21234000000029","met":["application","id","proof_of_address"],"shown":["government_photo_id"]}`), 201).word("patron", "id")
	path := "/v1/patrons/" + w.patron.String()

	block := done(t, w.post(t, path+"/blocks", `{"kind":"suspended","ground":"conduct","reason":"shouted","until_on":"2026-09-30"}`), 201)
	if list := w.get(t, path+"/blocks"); list.word("blocks", 0, "id") != block.id() || block.word("from_on") != "2026-08-03" {
		t.Errorf("blocks: %s", list.text)
	}
	if lent := w.post(t, "/v1/loans", `{"barcode":%q,"card":%q}`, w.item, w.card); lent.status != 422 || lent.codes() == "" {
		t.Errorf("lent to somebody suspended: %d %s", lent.status, lent.text)
	}
	wants(t, w.post(t, path+"/blocks", `{"kind":"manual","ground":"other","reason":"x","from_on":"2026-09-02","until_on":"2026-09-01"}`), 400, "invalid_input")
	wants(t, w.call(t, "DELETE", "/v1/patrons/"+child+"/blocks/"+block.id(), w.staff, ""), 404, "not_found") // another's
	wants(t, w.call(t, "DELETE", path+"/blocks/"+block.id(), w.otherStaff, ""), 404, "not_found")
	wants(t, w.call(t, "DELETE", path+"/blocks/"+block.id(), w.staff, ""), 204, "")
	wants(t, w.call(t, "DELETE", path+"/blocks/"+block.id(), w.staff, ""), 404, "not_found")

	wants(t, w.post(t, path+"/links", `{"patron_id":%q,"as":"child"}`, child), 204, "")
	if list := w.get(t, "/v1/patrons/"+child+"/links"); list.word("links", 0, "patron_id") != w.patron.String() || list.word("links", 0, "as") != "parent" {
		t.Errorf("links: %s", list.text)
	}
	wants(t, w.post(t, path+"/links", `{"patron_id":%q,"as":"child"}`, w.patron), 400, "invalid_input")
	wants(t, w.post(t, "/v1/patrons/"+child+"/links", `{"patron_id":%q,"as":"child"}`, w.patron), 409, "links_in_a_circle")
	wants(t, w.post(t, path+"/links", `{"patron_id":%q,"as":"child"}`, w.neighbour), 404, "not_found")
	wants(t, w.call(t, "DELETE", path+"/links/"+child, w.staff, ""), 204, "")
	if list := w.get(t, path+"/links"); list.at("links", 0) != nil {
		t.Errorf("links: %s", list.text)
	}

	wants(t, w.post(t, path+"/proxies", `{"patron_id":%q,"until_on":"2026-12-31"}`, child), 204, "")
	if list := w.get(t, path+"/proxies"); list.word("proxies", 0, "patron_id") != child || list.word("proxies", 0, "until_on") != "2026-12-31" {
		t.Errorf("proxies: %s", list.text)
	}
	wants(t, w.post(t, path+"/proxies", `{"patron_id":%q}`, w.patron), 400, "invalid_input")
	wants(t, w.post(t, path+"/proxies", `{"patron_id":%q}`, w.neighbour), 404, "not_found")
	wants(t, w.call(t, "DELETE", path+"/proxies/"+child, w.staff, ""), 204, "")
	wants(t, w.call(t, "GET", path+"/proxies", w.otherStaff, ""), 404, "not_found")
}

// Two accounts of one person become one: loans and debts go over, to the cent.
func TestAccountsAreMergedOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := done(t, w.post(t, "/v1/patrons", `{"class":"adult","name":"somebody","card":"21234000000029","met":["application","id","proof_of_address"],"shown":["government_photo_id"]}`), 201).word("patron", "id")
	done(t, w.post(t, "/v1/loans", `{"barcode":%q,"card":%q}`, w.item, w.card), 201)
	done(t, w.post(t, "/v1/patrons/"+w.patron.String()+"/fees", `{"kind":"other","amount":{"minor":333,"currency":"USD"},"note":"a bag"}`), 201)
	path := "/v1/patrons/" + w.patron.String() + "/merge"
	wants(t, w.post(t, path, `{"into_id":%q}`, broker.NewID()), 404, "not_found")
	merged := done(t, w.post(t, path, `{"into_id":%q}`, other), 200)
	if merged.at("loans") != 1.0 || merged.minor("patron", "owes") != 333 {
		t.Errorf("merged: %s", merged.text)
	}
	if left := w.get(t, "/v1/patrons/"+w.patron.String()); left.word("merged_into_id") != other || left.word("status") != "closed" ||
		strings.Contains(left.text, "adult patron 1") || strings.Contains(left.text, "555 0100") {
		t.Errorf("what is left of the account that went: %s", left.text)
	}
	if kept := w.get(t, "/v1/patrons/"+other); kept.word("name") != "somebody" || kept.word("phone") != "+1 555 0100" || kept.at("merged_into_id") != nil {
		t.Errorf("what the other took over: %s", kept.text)
	}
	wants(t, w.call(t, "GET", "/v1/me", w.me, ""), 401, "")
	if again := w.post(t, path, `{"into_id":%q}`, other); again.at("again") != true {
		t.Errorf("again: %s", again.text)
	}
	wants(t, w.post(t, "/v1/patrons/"+other+"/merge", `{"into_id":%q}`, w.patron), 409, "account_gone")
	wants(t, w.call(t, "POST", path, w.otherStaff, fmt.Sprintf(`{"into_id":%q}`, other)), 404, "not_found")
}

// A request for a patron's record is kept whatever comes of it, and nothing is
// told without the paper.
func TestDisclosuresOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := done(t, w.call(t, "POST", "/v1/disclosures", w.otherStaff, `{"by":"other","asked_by":"county police","about":"what is out"}`), 201)
	if asked.word("status") == "approved" || asked.word("reasons", 0, "code") == "" {
		t.Errorf("asked without a paper: %s", asked.text)
	}
	review := done(t, w.call(t, "POST", "/v1/disclosures", w.otherStaff, fmt.Sprintf(`{"by":"other","patron_id":%q,"asked_by":"county police","paper":"subpoena"}`, w.neighbour)), 201)
	list := done(t, w.call(t, "GET", "/v1/disclosures", w.otherStaff, ""), 200)
	if list.word("disclosures", 0, "id") != asked.id() || list.word("disclosures", 1, "id") != review.id() {
		t.Errorf("listed: %s", list.text)
	}
	if open := w.call(t, "GET", "/v1/disclosures?in_review=true", w.otherStaff, ""); review.word("status") == "in_review" && !strings.Contains(open.text, review.id()) {
		t.Errorf("in review: %s", open.text)
	}
	decide := w.call(t, "POST", "/v1/disclosures/"+review.id()+"/decide", w.otherStaff, `{"approve":false,"note":"the Board declined"}`)
	if review.word("status") == "in_review" && decide.word("status") != "declined" {
		t.Errorf("decided: %d %s", decide.status, decide.text)
	}
	wants(t, w.call(t, "POST", "/v1/disclosures/"+review.id()+"/decide", w.otherStaff, `{"approve":true,"note":"after all"}`), 409, "decided_already")
	wants(t, w.post(t, "/v1/disclosures/"+asked.id()+"/decide", `{"approve":false,"note":"x"}`), 404, "not_found")
	wants(t, w.post(t, "/v1/disclosures", `{"by":"other","patron_id":%q,"asked_by":"x"}`, w.neighbour), 404, "not_found")
}
