package rest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"afield/broker/postgres"
)

// lends lends the home library's item to its patron and gives the loan's path.
func (w *world) lends(t *testing.T, more string) string {
	t.Helper()
	lent := w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"barcode":%q,"card":%q%s}`, w.item, w.card, more))
	wants(t, lent, 201, "")
	return "/v1/loans/" + lent.id()
}

// Loans are listed, all, overdue ones or a patron's, page by page; patrons see
// their own loan and renew it.
func TestLoansAreListedAndSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	loan := w.lends(t, `,"due_on":"2026-08-06"`)
	w.addTitle(t, "Gilead", "31234000000052")
	wants(t, w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"barcode":"31234000000052","patron_id":%q,"shown":"photo_id"}`, w.second(t))), 201, "")
	count := func(query string) int {
		page := w.call(t, "GET", "/v1/loans"+query, w.staff, "")
		wants(t, page, 200, "")
		return len(page.body["loans"].([]any))
	}
	if all, own, late := count(""), count("?patron="+w.patron.String()), count("?overdue=true"); all != 2 || own != 1 || late != 0 {
		t.Errorf("%d out, %d of the patron, %d overdue", all, own, late)
	}
	page := w.call(t, "GET", "/v1/loans?limit=1", w.staff, "")
	if next, _ := page.body["next_cursor"].(string); count("?limit=1&cursor="+next) != 1 {
		t.Error("the second page is not one loan")
	}
	if mine := w.call(t, "GET", loan, w.me, ""); mine.status != 200 || mine.get("due_on") != "2026-08-06" {
		t.Errorf("my loan: %d %s", mine.status, mine.text)
	}
	wants(t, w.call(t, "POST", loan+"/renew", w.me, `{"channel":"phone"}`), 400, "invalid_input")
	wants(t, w.call(t, "POST", loan+"/lost", w.me, ""), 403, "forbidden")
	w.clock.Set(time.Date(2026, 8, 8, 15, 0, 0, 0, time.UTC))
	if late := count("?overdue=true"); late != 1 {
		t.Errorf("%d overdue on the day after", late)
	}
}

// An item comes back late from the book drop: the answer says what it cost, and
// amnesty forgives it.
func TestAReturnSaysWhatItDid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	loan := w.lends(t, `,"due_on":"2026-08-06"`)
	w.clock.Set(time.Date(2026, 8, 20, 15, 0, 0, 0, time.UTC))
	back := w.call(t, "POST", loan+"/return", w.staff, `{"amnesty":true}`, "Idempotency-Key", "r-1")
	wants(t, back, 200, "")
	if back.get("status") != "returned" || back.get("said") == nil || back.get("charged") != nil {
		t.Errorf("forgiven: %s", back.text)
	}
	if again := w.call(t, "POST", loan+"/return", w.staff, `{"amnesty":true}`, "Idempotency-Key", "r-1"); again.text != back.text {
		t.Errorf("the same key: %s", again.text)
	}
	w.lends(t, "")
	dropped := w.call(t, "POST", "/v1/desk/scan", w.staff, fmt.Sprintf(`{"barcode":%q,"mode":"book_drop"}`, w.item))
	if dropped.status != 200 || dropped.get("did") != "checked_in" {
		t.Errorf("from the book drop: %d %s", dropped.status, dropped.text)
	}
	w.sound(t)
}

// A loss is charged by the policy, explained with rule and clause, and taken back
// when the item is found.
func TestALossOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	loan := w.lends(t, "")
	wants(t, w.call(t, "POST", loan+"/lost", w.staff, ""), 409, "price_unknown")
	wants(t, w.call(t, "POST", loan+"/lost", w.staff, `{"price":{"minor":-5,"currency":"EUR"}}`), 400, "invalid_input")
	lost := w.call(t, "POST", loan+"/lost", w.staff, `{"price":{"minor":1800,"currency":"USD"}}`)
	wants(t, lost, 200, "")
	if lost.get("status") != "lost" || lost.get("lost_how") != "reported" || !strings.Contains(lost.text, `"charge_kind":"lost"`) || !strings.Contains(lost.text, `"clause":`) {
		t.Errorf("lost: %s", lost.text)
	}
	found := w.call(t, "POST", loan+"/found", w.staff, "")
	wants(t, found, 200, "")
	if found.get("status") != "open" || found.get("taken_back") == nil {
		t.Errorf("found: %s", found.text)
	}
	wants(t, w.call(t, "POST", loan+"/donate", w.staff, ""), 409, "not_lost")
	wants(t, w.call(t, "POST", loan+"/refer", w.staff, ""), 409, "not_lost")
	if damaged := w.call(t, "POST", loan+"/damaged", w.staff, `{"assessed":{"minor":300,"currency":"USD"}}`); damaged.status != 200 || damaged.get("status") != "returned" {
		t.Errorf("damaged: %d %s", damaged.status, damaged.text)
	}
	w.sound(t)
}

// A debt is referred for recovery where the policy says so, once, with its costs.
func TestADebtIsHandedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home), func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `update libraries set policy = 'westchester' where id = $1`, w.home)
		return err
	}))
	loan := w.lends(t, "")
	wants(t, w.call(t, "POST", loan+"/lost", w.staff, `{"price":{"minor":1800,"currency":"USD"}}`), 200, "")
	referred := w.call(t, "POST", loan+"/refer", w.staff, `{"expenses":{"minor":1000,"currency":"USD"}}`)
	if referred.status != 200 || !strings.Contains(referred.text, `"rule":"lost.collection"`) || referred.get("charged") == nil {
		t.Errorf("handed on: %d %s", referred.status, referred.text)
	}
	if again := w.call(t, "POST", loan+"/refer", w.staff, `{"expenses":{"minor":1000,"currency":"USD"}}`); again.status != 200 || again.get("charged") != nil {
		t.Errorf("handed on twice: %d %s", again.status, again.text)
	}
	w.sound(t)
}

// A claim is recorded, shown on the loan, and withdrawn; an item is recalled.
func TestAClaimAndARecallOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	loan := w.lends(t, "")
	wants(t, w.call(t, "POST", loan+"/claim/answer", w.staff, `{"status":"withdrawn"}`), 404, "not_found")
	claimed := w.call(t, "POST", loan+"/claim", w.staff, `{"kind":"returned","shelf_checked":true}`)
	wants(t, claimed, 200, "")
	if claimed.get("claim", "kind") != "returned" || claimed.get("claim", "status") != "open" {
		t.Errorf("claimed: %s", claimed.text)
	}
	answered := w.call(t, "POST", loan+"/claim/answer", w.staff, `{"status":"withdrawn"}`)
	if answered.status != 200 || answered.get("claim", "status") != "withdrawn" {
		t.Errorf("withdrawn: %d %s", answered.status, answered.text)
	}
	if recalled := w.call(t, "POST", loan+"/recall", w.staff, ""); recalled.status != 200 || recalled.get("recalled_on") == nil {
		t.Errorf("recalled: %d %s", recalled.status, recalled.text)
	}
}

// The answer of every scan names its act; undoing it needs a reason, happens once,
// and is listed.
func TestAnActIsUndoneOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	loan := w.lends(t, "")
	back := w.call(t, "POST", loan+"/return", w.staff, "{}")
	act, _ := back.get("act").(map[string]any)
	if act == nil || act["kind"] != "check_in" || act["undo_until"] == nil {
		t.Fatalf("taken back: %s", back.text)
	}
	path := "/v1/desk/acts/" + fmt.Sprint(act["id"]) + "/undo"
	wants(t, w.call(t, "POST", path, w.staff, `{}`), 400, "invalid_input")
	undone := w.call(t, "POST", path, w.staff, `{"reason":"the wrong copy"}`)
	if undone.status != 200 || undone.get("undone_at") == nil || undone.get("undone_why") != "the wrong copy" {
		t.Errorf("undone: %d %s", undone.status, undone.text)
	}
	if again := w.call(t, "POST", path, w.staff, `{"reason":"once more"}`); again.text != undone.text {
		t.Errorf("undone twice: %s", again.text)
	}
	if open := w.call(t, "GET", loan, w.staff, ""); open.get("status") != "open" {
		t.Errorf("the loan: %s", open.text)
	}
	if listed := w.call(t, "GET", "/v1/desk/acts", w.staff, ""); strings.Count(listed.text, `"kind":`) < 2 || !strings.Contains(listed.text, "the wrong copy") {
		t.Errorf("listed: %s", listed.text)
	}
	scanned := w.call(t, "POST", "/v1/desk/scan", w.staff, fmt.Sprintf(`{"barcode":%q}`, w.item))
	if scanned.get("act") == nil {
		t.Errorf("scanned: %s", scanned.text)
	}
	w.sound(t)
}
