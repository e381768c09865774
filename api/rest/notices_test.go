package rest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// toTell makes a notice to the patron by one channel and gives its id.
func (w *world) toTell(t *testing.T, channel notices.Channel, cause string) broker.ID {
	t.Helper()
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home), func(_ context.Context, tx *postgres.Tx) error {
		notices.Make(tx, patrons.Patron{Library: w.home, ID: w.patron}, notices.Message{
			Kind: notices.Overdue, Channels: []notices.Channel{channel}, Only: true, Cause: cause,
			Facts: notices.Facts{Title: "Walden", DueOn: broker.MustDate("2026-07-20")},
		}, w.clock.Now())
		return nil
	}))
	var id broker.ID
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home), func(ctx context.Context, tx *postgres.Tx) error {
		// A patron without an address cannot be written to; what counts here is the
		// channel.
		if _, err := tx.Exec(ctx, `update notices set channel = $1, status = 'due', outcome = '', done_at = null where cause = $2`, string(channel), cause); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select id from notices where cause = $1`, cause).Scan(&id)
	}))
	return id
}

// Letters are laid out, marked once printed, and printed again by the notices
// they contain.
func TestLettersOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.toTell(t, notices.Letter, "letter-1")
	letters := w.call(t, "GET", "/v1/notices/letters", w.staff, "")
	wants(t, letters, 200, "")
	if !strings.Contains(letters.text, id.String()) || !strings.Contains(letters.text, `"addressed":false`) {
		t.Errorf("to print: %s", letters.text)
	}
	body := fmt.Sprintf(`{"notices":[%q]}`, id)
	wants(t, w.call(t, "POST", "/v1/notices/letters/printed", w.otherStaff, body), 404, "not_found")
	if marked := w.call(t, "POST", "/v1/notices/letters/printed", w.staff, body); marked.status != 200 || marked.get("marked") != 1.0 {
		t.Errorf("marked: %d %s", marked.status, marked.text)
	}
	if left := w.call(t, "GET", "/v1/notices/letters", w.staff, ""); strings.Contains(left.text, id.String()) {
		t.Errorf("still to print: %s", left.text)
	}
	if again := w.call(t, "GET", "/v1/notices/letters?again="+id.String(), w.staff, ""); !strings.Contains(again.text, `"printed_at"`) {
		t.Errorf("again: %s", again.text)
	}
	if done := w.call(t, "GET", "/v1/notices?status=done&channel=letter", w.staff, ""); !strings.Contains(done.text, id.String()) {
		t.Errorf("done: %s", done.text)
	}
	if failed := w.call(t, "GET", "/v1/notices?status=failed", w.staff, ""); failed.status != 200 || strings.Contains(failed.text, id.String()) {
		t.Errorf("failed: %s", failed.text)
	}
	wants(t, w.call(t, "GET", "/v1/notices?status=troubled&channel=letter", w.staff, ""), 400, "invalid_input")
	if theirs := w.call(t, "GET", "/v1/notices?patron="+w.patron.String(), w.otherStaff, ""); strings.Contains(theirs.text, id.String()) {
		t.Errorf("another library lists it: %s", theirs.text)
	}
}

// A letter that cannot be posted goes to the next channel: here there is none,
// and it is left where staff see it.
func TestANoticeIsPassedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	notice := "/v1/notices/" + w.toTell(t, notices.Letter, "letter-2").String()
	wants(t, w.call(t, "POST", notice+"/pass-on", w.otherStaff, `{"why":"x"}`), 404, "not_found")
	wants(t, w.call(t, "POST", notice+"/pass-on", w.staff, `{}`), 400, "invalid_input")
	passed := w.call(t, "POST", notice+"/pass-on", w.staff, `{"why":"no address on file"}`)
	wants(t, passed, 200, "")
	if passed.get("channel") == "letter" && passed.get("status") == "due" {
		t.Errorf("passed on: %s", passed.text)
	}
	if left := w.call(t, "GET", "/v1/notices/letters", w.staff, ""); strings.Contains(left.text, "Walden") {
		t.Errorf("still to print: %s", left.text)
	}
	if troubled := w.call(t, "GET", "/v1/notices?status=troubled", w.staff, ""); !strings.Contains(troubled.text, passed.id()) {
		t.Errorf("troubled: %s", troubled.text)
	}
}

// A library saves a text of its own, previews it, and goes back to the built-in
// one.
func TestNoticeTextsOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/v1/notices/templates/arrived/email/en"
	builtIn := w.call(t, "GET", path, w.staff, "")
	wants(t, builtIn, 200, "")
	if builtIn.get("own") != false || builtIn.get("body") == "" {
		t.Errorf("built in: %s", builtIn.text)
	}
	saved := w.call(t, "PUT", path, w.staff, `{"subject":"It is here","body":"Come and get it."}`)
	if saved.status != 200 || saved.get("own") != true || saved.get("body") != "Come and get it." {
		t.Errorf("saved: %d %s", saved.status, saved.text)
	}
	if list := w.call(t, "GET", "/v1/notices/templates", w.staff, ""); !strings.Contains(list.text, "Come and get it.") {
		t.Errorf("listed: %s", list.text)
	}
	if theirs := w.call(t, "GET", path, w.otherStaff, ""); theirs.get("own") != false {
		t.Errorf("another library's: %s", theirs.text)
	}
	ask := `{"kind":"arrived","channel":"email","language":"en"`
	if shown := w.call(t, "POST", "/v1/notices/preview", w.staff, ask+`}`); shown.status != 200 || !strings.Contains(shown.text, "Come and get it.") {
		t.Errorf("how it reads: %d %s", shown.status, shown.text)
	}
	wants(t, w.call(t, "POST", "/v1/notices/preview", w.staff, ask+`,"draft":{"subject":"x","body":"{nonsense}"}}`), 400, "invalid_input")
	wants(t, w.call(t, "PUT", path, w.me, `{"subject":"x","body":"y"}`), 403, "forbidden")
	wants(t, w.call(t, "GET", "/v1/notices/templates/nonsense/email/en", w.staff, ""), 400, "invalid_input")
	wants(t, w.call(t, "DELETE", path, w.staff, ""), 204, "")
	wants(t, w.call(t, "DELETE", path, w.staff, ""), 404, "not_found")
}
