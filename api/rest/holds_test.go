package rest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// waitsFor places a hold of a patron and gives its id.
func (w *world) waitsFor(t *testing.T, token, body string) string {
	t.Helper()
	hold := w.call(t, "POST", "/v1/holds", token, body)
	wants(t, hold, 201, "")
	return hold.id()
}

// A patron suspends and resumes their own hold; what only staff may do is
// refused.
func TestHoldsOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hold := "/v1/holds/" + w.waitsFor(t, w.me, fmt.Sprintf(`{"title_id":%q}`, w.ownTitle))
	other := "/v1/holds/" + w.waitsFor(t, w.staff, fmt.Sprintf(`{"title_id":%q,"patron_id":%q,"channel":"phone"}`, w.ownTitle, w.second(t)))
	if one := w.call(t, "GET", hold, w.me, ""); one.get("place") != 1.0 || one.get("channel") != "online" {
		t.Errorf("my hold: %s", one.text)
	}
	if one := w.call(t, "GET", other, w.staff, ""); one.get("place") != 2.0 || one.get("channel") != "phone" {
		t.Errorf("the other's: %s", one.text)
	}
	suspended := w.call(t, "POST", hold+"/suspend", w.me, `{"from":"2026-08-10","until":"2026-08-24"}`, "Idempotency-Key", "s-1")
	wants(t, suspended, 200, "")
	if suspended.get("suspended_until") != "2026-08-24" || suspended.get("said") == nil {
		t.Errorf("suspended: %s", suspended.text)
	}
	if again := w.call(t, "POST", hold+"/suspend", w.me, `{"from":"2026-08-10","until":"2026-08-24"}`, "Idempotency-Key", "s-1"); again.text != suspended.text {
		t.Errorf("the same key: %s", again.text)
	}
	wants(t, w.call(t, "POST", hold+"/suspend", w.me, `{"from":"2026-08-24","until":"2026-08-10"}`), 400, "invalid_input")
	if resumed := w.call(t, "POST", hold+"/resume", w.me, ""); resumed.status != 200 || resumed.get("suspended_from") != nil {
		t.Errorf("resumed: %d %s", resumed.status, resumed.text)
	}
	for _, c := range []struct{ method, path, body string }{
		{"GET", other, ""}, {"POST", other + "/suspend", ""}, {"POST", other + "/resume", ""}, {"DELETE", other, ""},
	} {
		wants(t, w.call(t, c.method, c.path, w.me, c.body), 404, "not_found")
	}
	for _, act := range []string{"permit", "contact", "extend", "expiry", "clear"} {
		wants(t, w.call(t, "POST", hold+"/"+act, w.me, ""), 403, "forbidden")
	}
	wants(t, w.call(t, "POST", "/v1/holds", w.me, fmt.Sprintf(`{"title_id":%q,"channel":"phone"}`, w.ownTitle)), 400, "invalid_input")
}

// A refused hold is explained with its rule; overriding it needs a reason in
// words.
func TestAHoldRefusedAndPassedOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wants(t, w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"barcode":%q,"card":%q}`, w.item, w.card)), 201, "")
	ask := fmt.Sprintf(`{"title_id":%q,"patron_id":%q`, w.ownTitle, w.patron)
	refused := w.call(t, "POST", "/v1/holds", w.staff, ask+`}`)
	wants(t, refused, 422, "may_not_place_hold")
	for _, part := range []string{`"rule":"ill.one_copy_per_person"`, `"clause":`, `"needed":`, `"found":`, `"may_override":`} {
		if !strings.Contains(refused.text, part) {
			t.Errorf("%s is not told: %s", part, refused.text)
		}
	}
	unsaid := w.call(t, "POST", "/v1/holds", w.staff, ask+`,"override":["same_title_open"]}`)
	wants(t, unsaid, 400, "invalid_input")
	if !strings.Contains(unsaid.text, `"pointer":"/override_reason"`) {
		t.Errorf("what is missing: %s", unsaid.text)
	}
}

// A hold for one copy is filled by that copy and by no other; for pick-up at
// another branch, the copy travels there with a slip.
func TestAHoldForOneCopyAtAnotherBranch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	main := directory.Branch{Library: w.home, ID: broker.NewID(), Code: "MAIN", Name: "Main library"}
	branch := directory.Branch{Library: w.home, ID: broker.NewID(), Code: "EAST", Name: "East branch"}
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home), func(_ context.Context, tx *postgres.Tx) error {
		return errors.Join(directory.SaveBranch(tx, main), directory.SaveBranch(tx, branch))
	}))
	wanted := w.addCopy(t, w.ownTitle, "31234000000077", "818 THO 2")
	hold := w.waitsFor(t, w.staff, fmt.Sprintf(`{"title_id":%q,"item_id":%q,"patron_id":%q,"pickup_branch_id":%q}`, w.ownTitle, wanted, w.patron, branch.ID))
	if other := w.call(t, "POST", "/v1/desk/scan", w.staff, fmt.Sprintf(`{"barcode":%q,"branch_id":%q}`, w.item, main.ID)); other.get("hold_id") != nil {
		t.Fatalf("another copy fills it: %s", other.text)
	}
	if sent := w.call(t, "POST", "/v1/desk/scan", w.staff, fmt.Sprintf(`{"barcode":"31234000000077","branch_id":%q}`, main.ID)); sent.get("hold_id") != hold || !strings.Contains(sent.text, "send it there") {
		t.Fatalf("the wanted copy: %s", sent.text)
	}
	slip := w.call(t, "GET", "/v1/holds/"+hold+"/slip", w.staff, "")
	if slip.status != 200 || slip.get("kind") != "transit" || slip.get("transit", "branch") != branch.Name || slip.get("transit", "barcode") != "31234000000077" {
		t.Errorf("the slip of the journey: %d %s", slip.status, slip.text)
	}
	// It does not arrive: it stays in the list of journeys until it is marked, and
	// whoever waits for it then waits for a copy that cannot come.
	journeys := w.lines(t, "/v1/journeys", "journeys")
	if len(journeys) != 1 || journeys[0].get("barcode") != "31234000000077" || journeys[0].get("why") != "hold" ||
		journeys[0].get("from_branch", "name") != main.Name || journeys[0].get("to_branch", "name") != branch.Name {
		t.Fatalf("on its way: %v", journeys)
	}
	w.clock.Set(w.clock.Now().AddDate(0, 0, 30))
	if later := w.lines(t, "/v1/journeys", "journeys"); len(later) != 1 || later[0].get("sent_at") != journeys[0].get("sent_at") {
		t.Errorf("a month later: %v", later)
	}
	if theirs := w.call(t, "GET", "/v1/journeys", w.otherStaff, ""); len(theirs.body["journeys"].([]any)) != 0 {
		t.Errorf("another library sees it: %s", theirs.text)
	}
	wants(t, w.call(t, "GET", "/v1/journeys", w.me, ""), 403, "forbidden")
	wants(t, w.call(t, "POST", "/v1/items/"+wanted.String()+"/mark", w.staff, `{"as":"missing"}`), 200, "")
	if left := w.lines(t, "/v1/journeys", "journeys"); len(left) != 0 {
		t.Errorf("marked as missing, and still on its way: %v", left)
	}
	if waits := w.lines(t, "/v1/stranded-holds", "holds"); len(waits) != 1 || waits[0].id() != hold || waits[0].get("reason") != "Its copies are missing." {
		t.Errorf("who waits for it: %v", waits)
	}
	// It turns up, sets out again, and arrives.
	wants(t, w.call(t, "POST", "/v1/desk/scan", w.staff, fmt.Sprintf(`{"barcode":"31234000000077","branch_id":%q}`, main.ID)), 200, "")
	if again, waits := w.lines(t, "/v1/journeys", "journeys"), w.lines(t, "/v1/stranded-holds", "holds"); len(again) != 1 || len(waits) != 0 {
		t.Errorf("found: %v is on its way, %v waits for nothing", again, waits)
	}
	arrived := w.call(t, "POST", "/v1/desk/scan", w.staff, fmt.Sprintf(`{"barcode":"31234000000077","branch_id":%q}`, branch.ID))
	if arrived.status != 200 || arrived.get("hold_id") != hold {
		t.Errorf("arrived: %d %s", arrived.status, arrived.text)
	}
	if left := w.lines(t, "/v1/journeys", "journeys"); len(left) != 0 {
		t.Errorf("arrived, and still on its way: %v", left)
	}
	if slip = w.call(t, "GET", "/v1/holds/"+hold+"/slip", w.staff, ""); slip.get("kind") != "hold" || slip.get("hold", "branch") != branch.Name {
		t.Errorf("the slip on the shelf: %d %s", slip.status, slip.text)
	}
	w.sound(t)
}

// The order of a queue changes if the list it was based on is current, and not
// with a stale one.
func TestTheOrderOfAQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.waitsFor(t, w.me, fmt.Sprintf(`{"title_id":%q}`, w.ownTitle))
	second := w.waitsFor(t, w.staff, fmt.Sprintf(`{"title_id":%q,"patron_id":%q}`, w.ownTitle, w.second(t)))
	path := "/v1/titles/" + w.ownTitle.String() + "/queue"
	queue := w.call(t, "GET", path, w.staff, "")
	wants(t, queue, 200, "")
	order := fmt.Sprintf(`{"order":[%q,%q],"version":%q,"reason":"needed for a course"}`, second, first, queue.get("version"))
	changed := w.call(t, "PUT", path, w.staff, order)
	wants(t, changed, 200, "")
	if holds := changed.body["holds"].([]any); holds[0].(map[string]any)["id"] != second {
		t.Errorf("the new order: %s", changed.text)
	}
	wants(t, w.call(t, "PUT", path, w.staff, order), 409, "list_is_stale")
	wants(t, w.call(t, "GET", path, w.me, ""), 403, "forbidden")
	if theirs := w.call(t, "GET", path, w.otherStaff, ""); strings.Contains(theirs.text, first) {
		t.Errorf("another library sees the queue: %s", theirs.text)
	}
	w.sound(t)
}

// A captured item gets a slip without a name, may be extended, may be lent to
// somebody else with permission, and is cleared.
func TestTheHoldShelf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.waitsFor(t, w.me, fmt.Sprintf(`{"title_id":%q}`, w.ownTitle))
	hold := "/v1/holds/" + id
	wants(t, w.call(t, "GET", hold+"/slip", w.staff, ""), 409, "nothing_to_print")
	scanned := w.call(t, "POST", "/v1/desk/scan", w.staff, fmt.Sprintf(`{"barcode":%q}`, w.item))
	if scanned.get("hold_id") != id {
		t.Fatalf("captured: %s", scanned.text)
	}
	slip := w.call(t, "GET", hold+"/slip", w.staff, "")
	wants(t, slip, 200, "")
	if slip.get("kind") != "hold" || slip.get("hold", "barcode") != w.item || strings.Contains(slip.text, "adult patron") || strings.Contains(slip.text, w.card) {
		t.Errorf("the slip: %s", slip.text)
	}
	wants(t, w.call(t, "POST", hold+"/suspend", w.me, ""), 409, "hold_has_copy")
	if kept := w.call(t, "POST", hold+"/contact", w.staff, ""); kept.status != 200 || kept.get("contact_at") == nil {
		t.Errorf("contact: %d %s", kept.status, kept.text)
	}
	permitted := w.call(t, "POST", hold+"/permit", w.staff, fmt.Sprintf(`{"patron_id":%q}`, w.second(t)))
	if permitted.status != 200 || permitted.get("permitted_patron_id") == nil {
		t.Errorf("permitted: %d %s", permitted.status, permitted.text)
	}
	refused := w.call(t, "POST", hold+"/extend", w.staff, `{"until":"2027-08-01"}`)
	wants(t, refused, 422, "shelf_time_too_long")
	if !strings.Contains(refused.text, `"reasons"`) {
		t.Errorf("extended too far: %s", refused.text)
	}
	wants(t, w.call(t, "POST", hold+"/pickup", w.staff, fmt.Sprintf(`{"branch_id":%q}`, w.home)), 400, "invalid_input")
	if soon := w.call(t, "GET", "/v1/shelf?due=expiring&through=2026-12-31", w.staff, ""); !strings.Contains(soon.text, id) {
		t.Errorf("expiring: %s", soon.text)
	}
	if over := w.call(t, "GET", "/v1/shelf?due=expired", w.staff, ""); over.status != 200 || strings.Contains(over.text, id) {
		t.Errorf("expired already: %s", over.text)
	}
	cleared := w.call(t, "POST", hold+"/clear", w.staff, "")
	if cleared.status != 200 || cleared.get("status") != "expired" || cleared.get("said") == nil {
		t.Errorf("cleared: %d %s", cleared.status, cleared.text)
	}
	wants(t, w.call(t, "POST", hold+"/expiry", w.staff, `{"expires_on":"2026-12-31"}`), 409, "hold_ended")
	if over := w.call(t, "GET", "/v1/shelf?due=expired", w.staff, ""); !strings.Contains(over.text, `"clearing":{`) {
		t.Errorf("what was cleared: %s", over.text)
	}
	w.sound(t)
}
