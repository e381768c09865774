package rest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// changes posts a document of changes.
func (w *world) changes(t testing.TB, token, document, more string) answer {
	t.Helper()
	text, err := json.Marshal(document)
	must(t, err)
	return w.call(t, "POST", "/v1/configuration", token, fmt.Sprintf(`{"document":%s%s}`, text, more))
}

// A director plans, applies and takes back what is the own library's: a dry run
// changes nothing, a change is recorded, what is taken back is as it was.
func TestADirectorChangesTheOwnLibrary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	read := func() string { return done(t, w.get(t, "/v1/configuration"), 200).word("document") }
	before := read()
	if !strings.Contains(before, "ISIL:US-HOME") || strings.Contains(before, "US-AWAY") {
		t.Errorf("in force: %s", before)
	}
	if same := w.changes(t, w.staff, before, `,"reason":"nothing"`); wants200(t, same) && (same.get("change_id") != nil || fmt.Sprint(same.at("changes")) != "[]") {
		t.Errorf("posting it back changes: %s", same.text)
	}
	document := `
libraries:
  - symbols: ["ISIL:US-HOME"]
    hours: {mon: "09:00-17:00", tue: "09:00-17:00"}
    branches: [{code: main, name: Main}, {code: west, name: West}]
    lending: {fee: "5.00", paused: {from: "2026-12-01", until: "2026-12-14"}}
    policy: westport
    staff: [{username: desk-9, roles: [desk], branch: west}]
`
	wants(t, w.changes(t, w.staff, document, ``), 400, "invalid_input")
	plan := w.changes(t, w.staff, document, `,"dry_run":true`)
	wants(t, plan, 200, "")
	for _, words := range []string{"hours becomes mon 09:00-17:00", "branch west becomes West", "lending paused becomes", "desk-9 is invited as desk"} {
		if !strings.Contains(plan.text, words) {
			t.Errorf("%q is not planned: %s", words, plan.text)
		}
	}
	if after := read(); after != before {
		t.Errorf("a dry run changed it to: %s", after)
	}
	applied := w.changes(t, w.staff, document, `,"reason":"a branch in the west"`)
	wants(t, applied, 200, "")
	change := applied.word("change_id")
	if applied.word("invitations", 0, "username") != "desk-9" || applied.word("invitations", 0, "token") == "" || change == "" {
		t.Errorf("applied: %s", applied.text)
	}
	if log := w.get(t, "/v1/configuration/changes"); log.word("changes", 0, "reason") != "a branch in the west" || strings.Contains(log.text, applied.word("invitations", 0, "token")) {
		t.Errorf("the log: %s", log.text)
	}
	wants(t, w.call(t, "POST", "/v1/configuration/changes/"+change+"/undo", w.otherStaff, `{"reason":"not ours"}`), 404, "not_found")
	later := w.changes(t, w.staff, `libraries: [{symbols: ["ISIL:US-HOME"], lending: {days: 17}}]`, `,"reason":"shorter"`)
	wants(t, later, 200, "")
	wants(t, w.post(t, "/v1/staff/desk-9/reset", `{"reason":"lost"}`), 201, "") // no change of the set-up
	undo := func(change, more string) answer {
		return w.post(t, "/v1/configuration/changes/"+change+"/undo", `{"reason":"a mistake"%s}`, more)
	}
	wants(t, undo(change, ""), 409, "changed_since")
	wants(t, undo(later.word("change_id"), ""), 200, "")
	if dry := undo(change, `,"dry_run":true`); dry.status != 409 { // taking back was a change too
		t.Errorf("a dry run of an older one: %s", dry.text)
	}
	never := w.changes(t, w.staff, `libraries: [{symbols: ["ISIL:US-HOME"], yearly_loans: 4000}]`, `,"reason":"counted"`)
	wants(t, undo(never.word("change_id"), ""), 409, "nothing_to_put_back") // no file says that nothing is known
	if after := read(); strings.Contains(after, "days: 17") || !strings.Contains(after, "west") {
		t.Errorf("taken back: %s", after)
	}
}

// What was planned and what is changed are the same, or nothing is changed.
func TestAChangeIsTheOneThatWasPlanned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fee := func(amount string) string {
		return `libraries: [{symbols: ["ISIL:US-HOME"], lending: {fee: "` + amount + `"}}]`
	}
	plan := done(t, w.changes(t, w.staff, fee("5.00"), `,"dry_run":true`), 200).word("plan")
	wants(t, w.changes(t, w.staff, fee("3.00"), `,"reason":"a colleague was faster"`), 200, "")
	wants(t, w.changes(t, w.staff, fee("5.00"), `,"reason":"as planned","expected_plan":"`+plan+`"`), 409, "changed_meanwhile")
	again := done(t, w.changes(t, w.staff, fee("5.00"), `,"dry_run":true`), 200).word("plan")
	wants(t, w.changes(t, w.staff, fee("5.00"), `,"reason":"as planned","expected_plan":"`+again+`"`), 200, "")
}

func wants200(t *testing.T, got answer) bool { wants(t, got, 200, ""); return got.status == 200 }

// What is not the caller's to change is named, and nothing of the document is
// changed then; an operator changes all of it.
func TestWhoChangesWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	office := w.office(t)
	reason := `,"reason":"a test"`
	before := w.call(t, "GET", "/v1/configuration", office, "").word("document")
	for what, document := range map[string]string{
		"another library":  `libraries: [{symbols: ["ISIL:US-HOME"], yearly_loans: 10}, {symbols: ["ISIL:US-AWAY"], yearly_loans: 10}]`,
		"its status":       `libraries: [{symbols: ["ISIL:US-HOME"], yearly_loans: 10, status: suspended}]`,
		"how far it looks": `libraries: [{symbols: ["ISIL:US-HOME"], tiers: [{name: own, of: own, fulfilment: hold}]}]`,
		"its symbols":      `libraries: [{symbols: ["ISIL:US-HOME", "ISIL:US-MORE"]}]`,
		"a group":          `groups: [{name: The network, kind: network, libraries: ["ISIL:US-HOME"]}]`,
		"the consortium":   `consortium: {name: Mine, symbols: ["ISIL:US-OFFICE"]}`,
		"a new library":    `libraries: [{symbols: ["ISIL:US-NEW"], name: New, is: by hand, place: US-NY}]`,
		"an admin":         `libraries: [{symbols: ["ISIL:US-HOME"], staff: [{username: boss, roles: [admin]}]}]`,
		"their own roles":  `libraries: [{symbols: ["ISIL:US-HOME"], staff: [{username: ill1, roles: [desk]}]}]`,
	} {
		if got := w.changes(t, w.staff, document, reason); got.status != 403 {
			t.Errorf("a director changes %s: %d %s", what, got.status, got.text)
		}
		if got := w.changes(t, w.me, document, reason); got.status != 403 {
			t.Errorf("a patron changes %s: %d %s", what, got.status, got.text)
		}
		if got := w.changes(t, office, document, reason+`,"dry_run":true`); got.status != 200 || fmt.Sprint(got.at("changes")) == "[]" {
			t.Errorf("an operator does not change %s: %d %s", what, got.status, got.text)
		}
	}
	if after := w.call(t, "GET", "/v1/configuration", office, "").word("document"); after != before {
		t.Errorf("something was changed: %s", after)
	}
	wrong := w.changes(t, w.staff, `
libraries:
  - symbols: ["ISIL:US-HOME"]
    hours: {mon: late}
    colour: red
`, reason)
	wants(t, wrong, 400, "consortium_file")
	if len(wrong.at("errors").([]any)) != 2 || wrong.word("errors", 0, "pointer") != "/document" || !strings.Contains(wrong.text, `"4:18: `) {
		t.Errorf("the mistakes: %s", wrong.text)
	}

	joined := w.changes(t, office, `
libraries:
  - {symbols: ["ISIL:US-HOME"], status: suspended}
  - {symbols: ["ISIL:US-NEW"], name: New, is: partner, place: US-NY, reached: {by: partner, url: "https://new.example/ill"}}
`, reason)
	wants(t, joined, 200, "")
	if !strings.HasPrefix(joined.word("secrets", 0, "they_use"), "whsec_") {
		t.Errorf("a new partner: %s", joined.text)
	}
	wants(t, w.get(t, "/v1/me"), 401, "library_suspended")
	log := w.call(t, "GET", "/v1/configuration/changes", office, "")
	if !strings.Contains(log.text, "ISIL:US-NEW") || strings.Contains(log.text, "whsec_") {
		t.Errorf("the operator's log: %s", log.text)
	}
	wants(t, w.call(t, "POST", "/v1/configuration/changes/"+joined.word("change_id")+"/undo", office, `{"reason":"agreed"}`), 200, "")
	wants(t, w.get(t, "/v1/me"), 200, "")
}
