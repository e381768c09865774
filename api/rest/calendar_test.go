package rest_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestClosuresAndAdjustmentsOverTheAPI closes a day, lists closures, moves due
// dates with and without a dry run, and undoes both.
func TestClosuresAndAdjustmentsOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lent := w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"barcode":%q,"card":%q}`, w.item, w.card))
	due, _ := lent.get("loan", "due_on").(string)
	if due == "" {
		due, _ = lent.get("due_on").(string)
	}
	if due == "" {
		t.Fatalf("lent: %d %s", lent.status, lent.text)
	}
	body := fmt.Sprintf(`{"due_from":%q,"due_to":%q,"new_due":"2026-09-30","reason":"water in the cellar","dry_run":true}`, due, due)
	foreseen := w.call(t, "POST", "/v1/calendar/adjustments", w.staff, body)
	if foreseen.status != 200 || foreseen.get("loans") != 1.0 {
		t.Fatalf("dry run: %d %s", foreseen.status, foreseen.text)
	}
	done := w.call(t, "POST", "/v1/calendar/adjustments", w.staff, strings.Replace(body, "true", "false", 1))
	if done.get("loans") != 1.0 || done.id() == "" {
		t.Fatalf("adjusted: %d %s", done.status, done.text)
	}
	if list := w.call(t, "GET", "/v1/calendar/adjustments", w.staff, ""); !strings.Contains(list.text, "water in the cellar") {
		t.Errorf("listed: %s", list.text)
	}
	wants(t, w.call(t, "POST", "/v1/calendar/adjustments/"+done.id()+"/reverse", w.otherStaff, `{"reason":"x"}`), 404, "not_found")
	back := w.call(t, "POST", "/v1/calendar/adjustments/"+done.id()+"/reverse", w.staff, `{"reason":"dry again"}`)
	if back.status != 200 || back.get("restored") != 1.0 {
		t.Errorf("reversed: %d %s", back.status, back.text)
	}

	closed := w.call(t, "POST", "/v1/calendar/closures", w.staff, `{"from":"2026-12-24","to":"2026-12-26","reason":"holidays"}`)
	id, _ := closed.get("closure", "id").(string)
	if closed.status != 201 || closed.get("closure", "kind") != "planned" {
		t.Fatalf("closed: %d %s", closed.status, closed.text)
	}
	again := w.call(t, "POST", "/v1/calendar/closures", w.staff, `{"from":"2026-12-24","to":"2026-12-26","reason":"holidays"}`)
	if again.get("closure", "id") != id {
		t.Errorf("closing again made another: %s", again.text)
	}
	wants(t, w.call(t, "POST", "/v1/calendar/closures", w.staff, `{"from":"2026-12-24","to":"2026-12-20","reason":"x"}`), 400, "invalid_input")
	wants(t, w.call(t, "DELETE", "/v1/calendar/closures/"+id, w.otherStaff, ""), 404, "not_found")
	if gone := w.call(t, "DELETE", "/v1/calendar/closures/"+id, w.staff, ""); gone.status != 200 || gone.get("closure", "cancelled") != true {
		t.Errorf("cancelled: %d %s", gone.status, gone.text)
	}
}

// TestPoliciesArePublishedOverTheAPI publishes a version for a day to come and
// reads it back: by day, by number, compared.
func TestPoliciesArePublishedOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := "policy: our-own\ntitle: Ours\ndocument: Rules\nattributes:\n  holds.limit:\n    value: LIMIT\n    clause: {section: Holds, says: so many}\n"
	post := func(path, limit, from string) answer {
		return w.call(t, "POST", path, w.staff, fmt.Sprintf(`{"effective":%q,"text":%q}`, from, strings.Replace(text, "LIMIT", limit, 1)))
	}
	if checked := post("/v1/policies/check", "many", "2026-09-01"); checked.get("ok") != false || !strings.Contains(checked.text, "policy:6:") {
		t.Errorf("a mistake: %s", checked.text)
	}
	if checked := post("/v1/policies/check", "5", "2026-09-01"); checked.get("ok") != true || checked.get("number") != 1.0 {
		t.Errorf("checked: %s", checked.text)
	}
	wants(t, w.call(t, "GET", "/v1/policies/our-own?on=2026-09-01", "", ""), 404, "not_found")
	for from, limit := range map[string]string{"2026-09-01": "5", "2026-10-01": "7"} {
		if made := post("/v1/policies", limit, from); made.status != 201 {
			t.Fatalf("published: %d %s", made.status, made.text)
		} else if !strings.Contains(made.text, "rules no library yet: write policy: our-own") {
			t.Errorf("that it rules nobody is not said: %s", made.text)
		}
	}
	wants(t, post("/v1/policies", "9", "2026-10-01"), 409, "policy_already_published")
	wants(t, post("/v1/policies", "9", "2026-08-01"), 409, "policy_in_the_past")
	if got := w.call(t, "GET", "/v1/policies/our-own?on=2026-09-30", "", ""); got.status != 200 || !strings.Contains(got.text, `"rule":"holds.limit","value":5`) {
		t.Errorf("on the last day of September: %d %.300s", got.status, got.text)
	}
	versions := w.call(t, "GET", "/v1/policies/our-own/versions", "", "")
	if strings.Count(versions.text, `"number":`) != 2 {
		t.Errorf("versions: %s", versions.text)
	}
	diff := w.call(t, "GET", "/v1/policies/diff?old=our-own@2026-09-01&new=our-own@2026-10-01", "", "")
	if diff.status != 200 || strings.Count(diff.text, `"when"`) != 1 || !strings.Contains(diff.text, "holds.limit") {
		t.Errorf("diff: %d %s", diff.status, diff.text)
	}
	wants(t, w.call(t, "POST", "/v1/policies", w.me, `{"effective":"2026-09-01","text":"x"}`), 403, "forbidden")
}
