package rest_test

import (
	"fmt"
	"strings"
	"testing"
)

// A brief record is made once for a barcode, found, corrected and marked.
func TestItemsAtTheDesk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.call(t, "POST", "/v1/items", w.staff, `{"barcode":"31234000000045","title":"A pamphlet","note":"Fragile."}`)
	wants(t, made, 201, "")
	if made.get("brief") != true || made.get("status") != "on_shelf" || made.get("title") != "A pamphlet" {
		t.Errorf("made: %s", made.text)
	}
	wants(t, w.call(t, "POST", "/v1/items", w.staff, `{"barcode":"31234000000045","title":"Another"}`), 409, "barcode_taken")
	wants(t, w.call(t, "POST", "/v1/items", w.staff, `{"barcode":"31234000000046"}`), 400, "invalid_input")
	item := "/v1/items/" + made.id()
	if found := w.call(t, "GET", "/v1/items?barcode=31234000000045", w.staff, ""); found.id() != made.id() {
		t.Errorf("found: %s", found.text)
	}
	changed := w.call(t, "PATCH", item, w.staff, `{"age_mark":"new","parts":3,"price":{"minor":1250,"currency":"USD"}}`)
	if changed.status != 200 || changed.get("age_mark") != "new" || changed.get("parts") != 3.0 || changed.get("note") != "Fragile." {
		t.Errorf("changed: %d %s", changed.status, changed.text)
	}
	if changed = w.call(t, "PATCH", item, w.staff, `{"age_mark":"none","note":""}`); changed.get("age_mark") != nil || changed.get("note") != nil || changed.get("parts") != 3.0 {
		t.Errorf("taken back: %s", changed.text)
	}
	wrong := w.call(t, "PATCH", item, w.staff, `{"type":"papyrus","price":{"minor":-1,"currency":"EUR"}}`)
	wants(t, wrong, 400, "invalid_input")
	for _, pointer := range []string{"/type", "/price/minor", "/price/currency"} {
		if !strings.Contains(wrong.text, `"pointer":"`+pointer+`"`) {
			t.Errorf("%s is not named: %s", pointer, wrong.text)
		}
	}
	for _, c := range []struct{ as, status string }{{"missing", "missing"}, {"found", "on_shelf"}, {"damaged", "withdrawn"}, {"found", "on_shelf"}} {
		if marked := w.call(t, "POST", item+"/mark", w.staff, fmt.Sprintf(`{"as":%q}`, c.as)); marked.status != 200 || marked.get("status") != c.status {
			t.Errorf("%s: %d %s", c.as, marked.status, marked.text)
		}
	}
	wants(t, w.call(t, "POST", item+"/mark", w.staff, `{"as":"missing"}`), 200, "")
	lent := w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"barcode":"31234000000045","card":%q}`, w.card))
	wants(t, lent, 201, "")
	if !strings.Contains(lent.text, "it is found") {
		t.Errorf("what was missing is brought to the desk: %s", lent.text)
	}
	if lent.get("count_parts") != 3.0 {
		t.Errorf("its parts are to be counted: %s", lent.text)
	}
	wants(t, w.call(t, "POST", item+"/mark", w.staff, `{"as":"missing"}`), 409, "item_in_use")
	if out := w.call(t, "GET", item, w.staff, ""); out.get("loan_id") != lent.id() || out.get("due_on") != lent.get("due_on") {
		t.Errorf("out: %s", out.text)
	}
	wants(t, w.call(t, "GET", item, w.me, ""), 403, "forbidden")
}

// A title is found by words or by ISBN, says how many copies there are, and shows
// where each is; barcodes are for staff.
func TestFindingATitle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lends(t, `,"due_on":"2026-08-06"`)
	found := w.call(t, "GET", "/v1/titles?q=living+MOUNTAIN", w.staff, "")
	wants(t, found, 200, "")
	titles, _ := found.body["titles"].([]any)
	if len(titles) != 1 {
		t.Fatalf("found: %s", found.text)
	}
	title, _ := titles[0].(map[string]any)
	if title["format"] != "book" || title["copies"] != 0.0 {
		t.Errorf("a title that only a partner has: %v", title)
	}
	if none := w.call(t, "GET", "/v1/titles?q=unheard+of", w.me, ""); none.status != 200 || !strings.Contains(none.text, `"titles":[]`) {
		t.Errorf("nothing found: %d %s", none.status, none.text)
	}
	wants(t, w.call(t, "GET", "/v1/titles", w.staff, ""), 400, "invalid_input")
	wants(t, w.call(t, "GET", "/v1/titles?q=mountain", "", ""), 401, "")

	one := "/v1/titles/" + w.ownTitle.String()
	shown := w.call(t, "GET", one, w.staff, "")
	if shown.status != 200 || shown.get("title", "copies") != 1.0 || shown.get("title", "available") != 0.0 ||
		!strings.Contains(shown.text, w.item) || !strings.Contains(shown.text, `"due_on":"2026-08-06"`) || !strings.Contains(shown.text, `"on_loan"`) {
		t.Errorf("shown to staff: %d %s", shown.status, shown.text)
	}
	if mine := w.call(t, "GET", one, w.me, ""); mine.status != 200 || strings.Contains(mine.text, w.item) {
		t.Errorf("shown to a patron: %d %s", mine.status, mine.text)
	}
	if theirs := w.call(t, "GET", one, w.otherStaff, ""); theirs.status != 200 || strings.Contains(theirs.text, `"copies":1`) {
		t.Errorf("shown to a library that shares no catalogue: %d %s", theirs.status, theirs.text)
	}
}
