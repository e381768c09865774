package rest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/postgres"
	"afield/workflow/requests/tasks"
)

// A stray item is dealt with by hand, and so is its task.
func TestATaskIsClosedByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stray := w.call(t, "POST", "/v1/desk/scan", w.staff, `{"barcode":"nobody-knows-this"}`)
	id, _ := stray.get("task_id").(string)
	path := "/v1/tasks/" + id + "/close"
	wants(t, w.call(t, "POST", path, w.otherStaff, ""), 404, "not_found")
	wants(t, w.call(t, "POST", path, w.me, ""), 403, "forbidden")
	wants(t, w.call(t, "POST", path, w.staff, `{"note":"   "}`), 400, "invalid_input")
	wants(t, w.call(t, "POST", "/v1/tasks/"+broker.NewID().String()+"/close", w.staff, ""), 404, "not_found")
	if open := w.call(t, "GET", "/v1/tasks", w.staff, ""); !strings.Contains(open.text, id) || strings.Contains(open.text, "closed_at") {
		t.Errorf("still open: %s", open.text)
	}

	closed := w.call(t, "POST", path, w.staff, `{"note":"A gift; put to the donations."}`, "Idempotency-Key", "c")
	wants(t, closed, 200, "")
	if closed.get("closed_at") == nil || closed.get("closed_by", "kind") != "staff" || closed.get("closed_by", "id") == nil ||
		closed.get("facts", "note") != "A gift; put to the donations." || closed.get("facts", "barcode") != "nobody-knows-this" {
		t.Errorf("closed: %s", closed.text)
	}
	w.clock.Set(w.clock.Now().Add(time.Hour))
	for _, again := range []answer{
		w.call(t, "POST", path, w.staff, `{"note":"A gift; put to the donations."}`, "Idempotency-Key", "c"),
		w.call(t, "POST", path, w.staff, `{"note":"Another word."}`), w.call(t, "POST", path, w.staff, ""),
	} {
		if again.status != 200 || again.text != closed.text {
			t.Errorf("closed again: %d %s", again.status, again.text)
		}
	}
	if open := w.call(t, "GET", "/v1/tasks", w.staff, ""); strings.Contains(open.text, id) {
		t.Errorf("still listed: %s", open.text)
	}
}

// Closing a request's task by hand does not move the request: it keeps its state,
// its owner and its deadline. The staff's note is written once, however many
// close the task at the same time.
func TestClosingATaskMovesNoRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	submitted := w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"The Living Mountain"}}`, w.patron))
	wants(t, submitted, 201, "")
	request, err := broker.ParseID("id", submitted.id())
	must(t, err)
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home), func(_ context.Context, tx *postgres.Tx) error {
		tasks.Open(tx, w.home, request, "trouble", "Something went wrong.", w.clock.Now())
		return nil
	}))
	path := "/v1/requests/" + submitted.id()
	before := w.call(t, "GET", path, w.staff, "")
	tasks, _ := before.body["tasks"].([]any)
	if len(tasks) != 1 {
		t.Fatalf("the request's tasks: %s", before.text)
	}
	door := "/v1/tasks/" + tasks[0].(map[string]any)["id"].(string) + "/close"
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			got := w.call(t, "POST", door, w.staff, `{"note":"Settled on the telephone."}`)
			if got.status != 200 || got.get("request_number") != submitted.get("number") || got.get("closed_at") == nil {
				t.Errorf("closed: %d %s", got.status, got.text)
			}
		})
	}
	group.Wait()
	after := w.call(t, "GET", path, w.staff, "")
	for _, what := range []string{"state", "version", "owner"} {
		if after.get(what) != before.get(what) {
			t.Errorf("%s was %v and is %v", what, before.get(what), after.get(what))
		}
	}
	if after.get("deadline", "due_at") == nil || after.get("deadline", "due_at") != before.get("deadline", "due_at") || len(after.body["tasks"].([]any)) != 0 {
		t.Errorf("after: %s", after.text)
	}
	notes := w.call(t, "GET", path+"/notes", w.staff, "")
	if strings.Count(notes.text, "Settled on the telephone.") != 1 || !strings.Contains(notes.text, `"audience":"staff"`) {
		t.Errorf("notes: %s", notes.text)
	}
	if mine := w.call(t, "GET", path+"/notes", w.me, ""); strings.Contains(mine.text, "telephone") {
		t.Errorf("the patron reads %s", mine.text)
	}
	w.sound(t)
}
