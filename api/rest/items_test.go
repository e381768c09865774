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
	lent := w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"barcode":"31234000000045","card":%q}`, w.card))
	wants(t, lent, 201, "")
	if lent.get("count_parts") != 3.0 {
		t.Errorf("its parts are to be counted: %s", lent.text)
	}
	wants(t, w.call(t, "POST", item+"/mark", w.staff, `{"as":"missing"}`), 409, "item_in_use")
	if out := w.call(t, "GET", item, w.staff, ""); out.get("loan_id") != lent.id() || out.get("due_on") != lent.get("due_on") {
		t.Errorf("out: %s", out.text)
	}
	wants(t, w.call(t, "GET", item, w.me, ""), 403, "forbidden")
}
