package rest_test

import (
	"fmt"
	"testing"
)

// A hold that no copy can fill stands in a list with its reason, and leaves it
// when a copy is bought.
func TestAHoldThatNoCopyCanFillIsListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	title, item := w.addTitle(t, "A rare one", "31234000000777")
	hold := w.call(t, "POST", "/v1/holds", w.me, fmt.Sprintf(`{"title_id":%q}`, title))
	wants(t, hold, 201, "")
	stranded := func() []any {
		t.Helper()
		page := w.call(t, "GET", "/v1/stranded-holds", w.staff, "")
		wants(t, page, 200, "")
		list, _ := page.body["holds"].([]any)
		return list
	}
	if list := stranded(); len(list) != 0 {
		t.Fatalf("listed while a copy is on the shelf: %v", list)
	}
	mark := fmt.Sprintf("/v1/items/%s/mark", item)
	wants(t, w.call(t, "POST", mark, w.staff, `{"as":"withdrawn"}`), 200, "")
	list := stranded()
	if len(list) != 1 {
		t.Fatalf("listed: %v", list)
	}
	line := list[0].(map[string]any)
	if line["id"] != hold.id() || line["reason"] != "Its copies are withdrawn." || line["no_copy_since"] == nil {
		t.Errorf("the line is %v", line)
	}
	if mine := w.call(t, "GET", "/v1/holds/"+hold.id(), w.me, ""); mine.get("status") != "placed" {
		t.Errorf("the hold is %v", mine.body)
	}
	// One is bought: there is something to wait for, and its first scan is for them.
	wants(t, w.call(t, "POST", "/v1/items", w.staff, fmt.Sprintf(`{"barcode":"31234000000778","title_id":%q,"status":"on_order"}`, title)), 201, "")
	if list := stranded(); len(list) != 0 {
		t.Fatalf("listed while a copy is on order: %v", list)
	}
	scanned := w.call(t, "POST", "/v1/desk/scan", w.staff, `{"barcode":"31234000000778"}`)
	if wants(t, scanned, 200, ""); scanned.get("did") != "captured" {
		t.Errorf("the first scan: %v", scanned.body)
	}
	wants(t, w.call(t, "POST", "/v1/items", w.staff, fmt.Sprintf(`{"barcode":"31234000000779","title_id":%q,"status":"lost"}`, title)), 400, "invalid_input")
}

// A request that stands still is listed and counted, and leaves the list when
// somebody acts.
func TestARequestThatStandsStillIsListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"Nobody has this"}}`, w.patron))
	wants(t, asked, 201, "")
	listed := func() map[string]any {
		t.Helper()
		page := w.call(t, "GET", "/v1/stuck-requests", w.staff, "")
		wants(t, page, 200, "")
		lines, _ := page.body["requests"].([]any)
		if int(page.body["count"].(float64)) != len(lines) {
			t.Fatalf("counted: %v", page.body)
		}
		if len(lines) == 0 {
			return nil
		}
		return lines[0].(map[string]any)
	}
	if line := listed(); line != nil {
		t.Fatalf("listed at once: %v", line)
	}
	w.clock.Set(w.clock.Now().AddDate(0, 2, 0)) // no sweep runs: its deadline has passed
	line := listed()
	if line == nil || line["id"] != asked.id() || line["why"] != "past_deadline" || line["words"] == "" || line["state_label"] == "" {
		t.Fatalf("the line is %v", line)
	}
	wants(t, w.call(t, "GET", "/v1/stuck-requests", w.me, ""), 403, "forbidden")
	wants(t, w.call(t, "POST", "/v1/requests/"+asked.id()+"/actions/cancel", w.staff, `{}`), 200, "")
	if line := listed(); line != nil {
		t.Fatalf("still listed: %v", line)
	}
}
