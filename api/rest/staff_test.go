package rest_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"afield/broker/postgres"
)

// accept takes an invitation up with a password.
func (w *world) accept(t testing.TB, token, password string) answer {
	t.Helper()
	return w.call(t, "POST", "/v1/invitations/accept", "", fmt.Sprintf(`{"token":%q,"password":%q}`, token, password))
}

// staffSignIn tries to sign a staff user of home in.
func (w *world) staffSignIn(t testing.TB, username, password string) answer {
	t.Helper()
	return w.call(t, "POST", "/v1/sessions", "", fmt.Sprintf(`{"kind":"staff","library":"ISIL:US-HOME","username":%q,"password":%q}`, username, password))
}

// A director invites, changes, suspends and restores; every act is in the log with
// its reason, counts at once, and no answer or log line has a secret in it.
func TestADirectorSeesToAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	invited := done(t, w.post(t, "/v1/staff", `{"username":"Desk-2","roles":["desk"],"reason":"a second desk"}`), 201)
	if line := w.get(t, "/v1/staff"); !strings.Contains(line.text, `"status":"invited"`) || !strings.Contains(line.text, `"username":"desk-2"`) {
		t.Errorf("who is invited: %s", line.text)
	}
	wants(t, w.post(t, "/v1/staff", `{"username":"desk-2","roles":["desk"],"reason":"again"}`), 409, "username_taken")
	again := done(t, w.post(t, "/v1/staff/desk-2/reset", `{"reason":"the first was lost"}`), 201)
	wants(t, w.accept(t, invited.word("token"), "nine marmots digging"), 404, "bad_invitation")
	wants(t, w.accept(t, again.word("token"), "password123456"), 400, "invalid_input")
	wants(t, w.accept(t, again.word("token"), "nine marmots digging"), 201, "")
	session := done(t, w.staffSignIn(t, "desk-2", "nine marmots digging"), 201).word("token")
	wants(t, w.call(t, "POST", "/v1/invoices", session, `{}`), 403, "forbidden")

	changed := w.call(t, "PATCH", "/v1/staff/desk-2", w.staff, `{"roles":["desk","ill"],"reason":"helps out"}`)
	wants(t, changed, 200, "")
	if got := fmt.Sprint(changed.at("roles")); got != "[desk ill]" {
		t.Errorf("the roles are %s", got)
	}
	wants(t, w.call(t, "POST", "/v1/invoices", session, `{}`), 400, "invalid_input") // from the next call on

	reset := done(t, w.post(t, "/v1/staff/desk-2/reset", `{"reason":"forgotten"}`), 201)
	wants(t, w.call(t, "GET", "/v1/me", session, ""), 401, "bad_token")
	wants(t, w.staffSignIn(t, "desk-2", "nine marmots digging"), 401, "sign_in_failed")
	wants(t, w.accept(t, reset.word("token"), "ten marmots digging"), 201, "")
	session = done(t, w.staffSignIn(t, "desk-2", "ten marmots digging"), 201).word("token")

	wants(t, w.post(t, "/v1/staff/desk-2/suspend", `{"reason":"left"}`), 200, "")
	wants(t, w.call(t, "GET", "/v1/me", session, ""), 401, "bad_token")
	wants(t, w.staffSignIn(t, "desk-2", "ten marmots digging"), 401, "sign_in_failed")
	wants(t, w.post(t, "/v1/staff/desk-2/reset", `{"reason":"forgotten"}`), 409, "account_suspended")
	back := done(t, w.post(t, "/v1/staff/desk-2/restore", `{"reason":"came back"}`), 201)
	wants(t, w.staffSignIn(t, "desk-2", "ten marmots digging"), 401, "sign_in_failed")
	wants(t, w.accept(t, back.word("token"), "eleven marmots digging"), 201, "")
	wants(t, w.post(t, "/v1/staff/desk-2/restore", `{"reason":"again"}`), 409, "not_suspended")

	log := w.get(t, "/v1/configuration/changes").text
	for _, reason := range []string{"a second desk", "helps out", "forgotten", "left", "came back"} {
		if !strings.Contains(log, reason) {
			t.Errorf("%q is not in the log of changes: %s", reason, log)
		}
	}
	for _, secret := range []string{invited.word("token"), again.word("token"), reset.word("token"), back.word("token"), "marmots"} {
		if strings.Contains(log, secret) || strings.Contains(w.log.String(), secret) {
			t.Errorf("a secret is written down: %s", secret)
		}
	}
}

// Sessions are listed and ended; who is locked out is let in again.
func TestSessionsAndLockOuts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := done(t, w.post(t, "/v1/staff", `{"username":"desk-2","roles":["desk"],"reason":"a second desk"}`), 201).word("token")
	wants(t, w.accept(t, token, "nine marmots digging"), 201, "")
	one := done(t, w.staffSignIn(t, "desk-2", "nine marmots digging"), 201).word("token")
	other := done(t, w.staffSignIn(t, "desk-2", "nine marmots digging"), 201).word("token")
	list := w.get(t, "/v1/sessions")
	if got := strings.Count(list.text, `"username":"desk-2"`); got != 2 || strings.Count(list.text, `"this_one":true`) != 1 {
		t.Errorf("the sessions: %s", list.text)
	}
	newest := list.word("sessions", 0, "id")
	wants(t, w.call(t, "DELETE", "/v1/sessions/"+newest, w.otherStaff, ""), 404, "not_found")
	wants(t, w.call(t, "DELETE", "/v1/sessions/"+newest, w.staff, ""), 204, "")
	wants(t, w.call(t, "GET", "/v1/me", other, ""), 401, "bad_token")
	wants(t, w.call(t, "GET", "/v1/me", one, ""), 200, "")
	wants(t, w.post(t, "/v1/staff/desk-2/sign-out", `{"reason":"left open"}`), 200, "")
	wants(t, w.call(t, "GET", "/v1/me", one, ""), 401, "bad_token")

	for range 5 {
		wants(t, w.staffSignIn(t, "desk-2", "wrong and long enough"), 401, "sign_in_failed")
	}
	wants(t, w.staffSignIn(t, "desk-2", "nine marmots digging"), 429, "too_many_tries")
	if list := w.get(t, "/v1/staff"); strings.Count(list.text, "locked_until") != 1 {
		t.Errorf("who is locked out: %s", list.text)
	}
	let := w.post(t, "/v1/staff/desk-2/let-in", `{"reason":"it was the person"}`)
	if wants(t, let, 200, ""); let.get("locked_until") != nil {
		t.Errorf("still locked out: %s", let.text)
	}
	wants(t, w.staffSignIn(t, "desk-2", "nine marmots digging"), 201, "")
}

// Every route about staff, by every caller: only directors and admins of the
// library itself come in, nobody sees to their own account, and only an admin to
// an admin's.
func TestWhoSeesToWhom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := w.sets(t, `
libraries:
  - {symbols: ["ISIL:US-HOME"], staff: [{username: a, roles: [admin]}, {username: d, roles: [director]}, {username: k, roles: [desk, ill]}]}
  - {symbols: ["ISIL:US-AWAY"], staff: [{username: d, roles: [director]}]}
`, "people")
	as := map[string]string{"patron": w.me, "nobody": ""}
	for who, token := range tokens {
		wants(t, w.accept(t, token, "nine marmots digging"), 201, "")
		library, name, _ := strings.Cut(who, " ")
		as[who] = w.signIn(t, fmt.Sprintf(`{"kind":"staff","library":%q,"username":%q,"password":"nine marmots digging"}`, library, name))
	}
	reason := `{"reason":"a test"}`
	for _, c := range []struct{ route, body string }{
		{"GET /v1/staff", ""},
		{"GET /v1/sessions", ""},
		{"POST /v1/staff", `{"username":"new","roles":["desk"],"reason":"a test"}`},
		{"PATCH /v1/staff/k", `{"roles":["desk"],"reason":"a test"}`},
		{"POST /v1/staff/k/suspend", reason},
		{"POST /v1/staff/k/restore", reason},
		{"POST /v1/staff/k/reset", reason},
		{"POST /v1/staff/k/let-in", reason},
		{"POST /v1/staff/k/sign-out", reason},
	} {
		method, path, _ := strings.Cut(c.route, " ")
		for who, status := range map[string]int{"nobody": 401, "patron": 403, "ISIL:US-HOME k": 403, "ISIL:US-AWAY d": 404} {
			if !strings.Contains(path, "/k") && status == 404 {
				continue // of their own library
			}
			if got := w.call(t, method, path, as[who], c.body); got.status != status {
				t.Errorf("%s by %s: %d %s, want %d", c.route, who, got.status, got.text, status)
			}
		}
	}
	for _, c := range []struct {
		who, route, body string
		status           int
	}{
		{"d", "POST /v1/staff", `{"username":"n","roles":["admin"],"reason":"a test"}`, 403},
		{"d", "PATCH /v1/staff/k", `{"roles":["admin"],"reason":"a test"}`, 403},
		{"d", "PATCH /v1/staff/a", `{"roles":["desk"],"reason":"a test"}`, 403},
		{"d", "POST /v1/staff/a/suspend", reason, 403},
		{"d", "POST /v1/staff/a/reset", reason, 403},
		{"d", "POST /v1/staff/a/sign-out", reason, 403},
		{"d", "PATCH /v1/staff/d", `{"roles":["desk"],"reason":"a test"}`, 403},
		{"d", "POST /v1/staff/d/suspend", reason, 403},
		{"d", "POST /v1/staff/d/reset", reason, 409},
		{"a", "POST /v1/staff/a/suspend", reason, 403},
		{"a", "POST /v1/staff", `{"username":"n","roles":["admin"],"reason":"a test"}`, 201},
		{"a", "PATCH /v1/staff/d", `{"roles":["desk"],"reason":"a test"}`, 200},
		{"d", "GET /v1/staff", "", 403}, // a director no longer
		{"a", "POST /v1/staff/nobody/suspend", reason, 404},
	} {
		method, path, _ := strings.Cut(c.route, " ")
		if got := w.call(t, method, path, as["ISIL:US-HOME "+c.who], c.body); got.status != c.status {
			t.Errorf("%s by %s: %d %s, want %d", c.route, c.who, got.status, got.text, c.status)
		}
	}
}

// Somebody changes their own password with the old one: other sessions end, this
// one goes on, and what was done once may be sent again.
func TestAPasswordOfOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := done(t, w.staffSignIn(t, "ill1", password), 201).word("token")
	change := func(old, fresh string) answer {
		return w.post(t, "/v1/me/password", `{"old":%q,"new":%q}`, old, fresh)
	}
	if wrong := change("not the right one", "nine marmots digging"); wrong.word("errors", 0, "pointer") != "/old" || wrong.word("errors", 0, "code") != "wrong_secret" {
		t.Errorf("a wrong one: %s", wrong.text)
	}
	if weak := change(password, "password123456"); weak.word("errors", 0, "pointer") != "/new" || weak.word("errors", 0, "code") != "weak_password" {
		t.Errorf("a weak one: %s", weak.text)
	}
	wants(t, change(password, "nine marmots digging"), 204, "")
	wants(t, change(password, "nine marmots digging"), 204, "")
	wants(t, w.call(t, "GET", "/v1/me", w.staff, ""), 200, "")
	wants(t, w.call(t, "GET", "/v1/me", second, ""), 401, "bad_token")
	wants(t, w.staffSignIn(t, "ill1", password), 401, "sign_in_failed")
	wants(t, w.staffSignIn(t, "ill1", "nine marmots digging"), 201, "")
	wants(t, w.call(t, "POST", "/v1/me/password", w.me, `{"old":"x","new":"y"}`), 403, "forbidden")
	for range 5 {
		change("not the right one", "ten marmots digging")
	}
	wants(t, change("nine marmots digging", "ten marmots digging"), 429, "too_many_tries")
}

// A PIN is chosen at the desk or by the patron, and nobody is shown it.
func TestAPINOfOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	signIn := func(card, pin string) answer {
		return w.call(t, "POST", "/v1/sessions", "", fmt.Sprintf(`{"kind":"patron","realm":"ISIL:US-HOME","card":%q,"pin":%q}`, card, pin))
	}
	own := func(old, fresh string) answer {
		return w.call(t, "POST", "/v1/me/pin", w.me, fmt.Sprintf(`{"old":%q,"new":%q}`, old, fresh))
	}
	if weak := own(pin, "1234"); weak.word("errors", 0, "pointer") != "/new" {
		t.Errorf("a weak one: %s", weak.text)
	}
	wants(t, own("0815", "730461"), 400, "invalid_input")
	wants(t, own(pin, "730461"), 204, "")
	wants(t, signIn(w.card, pin), 401, "sign_in_failed")
	wants(t, signIn(w.card, "730461"), 201, "")

	path := "/v1/patrons/" + w.patron.String()
	for range 5 {
		signIn(w.card, "0000")
	}
	wants(t, signIn(w.card, "730461"), 429, "too_many_tries")
	if cards := w.get(t, path+"/cards"); cards.word("cards", 0, "locked_until") == "" || cards.at("cards", 0, "has_pin") != true || cards.word("cards", 0, "pin_set_at") == "" {
		t.Errorf("the cards: %s", cards.text)
	}
	wants(t, w.call(t, "POST", path+"/let-in", w.otherStaff, ""), 404, "not_found")
	wants(t, w.call(t, "POST", path+"/pin", w.otherStaff, `{"pin":"582903"}`), 404, "not_found")
	wants(t, w.call(t, "POST", path+"/pin", w.me, `{"pin":"582903"}`), 403, "forbidden")
	wants(t, w.post(t, path+"/let-in", ""), 204, "")
	wants(t, signIn(w.card, "730461"), 201, "")
	for range 5 {
		signIn(w.card, "0000")
	}
	set := w.post(t, path+"/pin", `{"pin":"582903"}`)
	if wants(t, set, 200, ""); strings.Contains(set.text, "582903") {
		t.Errorf("the PIN is shown: %s", set.text)
	}
	wants(t, signIn(w.card, "582903"), 201, "")
	wants(t, w.call(t, "GET", "/v1/me", w.me, ""), 401, "bad_token")

	body := `{"class":"adult","name":"adult patron 9","card":"21234000000045","met":["application","id"],"shown":["delivered_mail"],"pin":%q}`
	if weak := w.post(t, "/v1/patrons", body, "4000"); weak.word("errors", 0, "pointer") != "/pin" {
		t.Errorf("part of the number: %s", weak.text)
	}
	made := done(t, w.post(t, "/v1/patrons", body, "730461"), 201)
	if strings.Contains(made.text, "730461") || strings.Contains(w.log.String(), "730461") {
		t.Error("the PIN is written down")
	}
	wants(t, signIn("21234000000045", "730461"), 201, "")
}

// Patrons change what the policy leaves to them; of the rest the answer names all.
func TestPatronsChangeTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.call(t, "PATCH", "/v1/me", w.me, `{"email":"reader@example.org","notice_channel":"email","language":"fr","keep_history":true}`)
	wants(t, mine, 200, "")
	if mine.word("patron", "email") != "reader@example.org" || mine.word("patron", "language") != "fr" || mine.at("patron", "keep_history") != true {
		t.Errorf("changed: %s", mine.text)
	}
	if got := fmt.Sprint(mine.at("own_changes")); got != "[email phone notice_channel language history]" {
		t.Errorf("may change %s", got)
	}
	refused := w.call(t, "PATCH", "/v1/me", w.me, `{"address":"1 High Street","phone":"+1 555 0199"}`)
	wants(t, refused, 422, "may_not_change")
	if refused.codes() != "changed_at_the_desk" || refused.word("reasons", 0, "rule") != "patrons.own_changes" {
		t.Errorf("refused: %s", refused.text)
	}
	if after := w.call(t, "GET", "/v1/me", w.me, ""); after.word("patron", "phone") != "+1 555 0100" {
		t.Errorf("half of it was changed: %s", after.text)
	}
	wants(t, w.call(t, "PATCH", "/v1/me", w.me, `{"email":"no address"}`), 400, "invalid_input")
	wants(t, w.call(t, "PATCH", "/v1/me", w.staff, `{"email":"reader@example.org"}`), 403, "forbidden")
}

// Before a card is given, the answer says all that is missing and who may be the
// same person; nothing is kept.
func TestARegistrationIsPreviewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.rows(t)
	nothing := w.post(t, "/v1/patrons/preview", `{}`)
	wants(t, nothing, 200, "")
	for _, field := range []string{"/class", "/name", "/card"} {
		if !strings.Contains(nothing.text, fmt.Sprintf(`"pointer":%q`, field)) {
			t.Errorf("%s is not said to be missing: %s", field, nothing.text)
		}
	}
	preview := w.post(t, "/v1/patrons/preview", `{"class":"adult","name":"patron 1, Adult","phone":"1 (555) 0100","card":%q,"pin":"1234","born_on":"1990-05-01"}`, w.card)
	wants(t, preview, 200, "")
	if preview.at("may") != false || !strings.Contains(preview.text, "card_number_taken") || !strings.Contains(preview.text, "weak_pin") || preview.word("expires_on") == "" {
		t.Errorf("the form: %s", preview.text)
	}
	if preview.word("likely", 0, "patron", "id") != w.patron.String() || fmt.Sprint(preview.at("likely", 0, "why")) != "[name phone]" {
		t.Errorf("who it may be: %s", preview.text)
	}
	if !strings.Contains(preview.text, `"need":"application"`) || !strings.Contains(preview.text, "card_need_missing") || len(preview.at("accepted_id").([]any)) == 0 {
		t.Errorf("the papers: %s", preview.text)
	}
	right := w.post(t, "/v1/patrons/preview", `{"class":"adult","name":"somebody else","card":"21234000000045","pin":"730461","met":["application","id"],"shown":["delivered_mail"]}`)
	if wants(t, right, 200, ""); right.at("may") != true || fmt.Sprint(right.at("likely")) != "[]" {
		t.Errorf("nothing is missing: %s", right.text)
	}
	done(t, w.post(t, "/v1/patrons", `{"class":"adult","name":"somebody else","card":"21234000000045","pin":"730461","met":["application","id"],"shown":["delivered_mail"]}`), 201)
	wants(t, w.call(t, "POST", "/v1/patrons/preview", w.me, `{}`), 403, "forbidden")
	if other := w.call(t, "POST", "/v1/patrons/preview", w.otherStaff, `{"name":"adult patron 1","phone":"+1 555 0100"}`); strings.Contains(other.text, w.patron.String()) {
		t.Errorf("another library's patron is shown: %s", other.text)
	}
	after := w.rows(t)
	before["ledger_entries"], before["access_tokens"] = after["ledger_entries"], after["access_tokens"]
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("rows were left behind: before %v, after %v", before, after)
	}
}

// A key kept with a PIN's POST gives the PIN away to nobody who reads the table.
func TestAKeptBodyIsNoPlainHash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wants(t, w.call(t, "POST", "/v1/patrons/"+w.patron.String()+"/pin", w.staff, `{"pin":"582903"}`, "Idempotency-Key", "a-key"), 200, "")
	if w.keptHash(t, "a-key") == plainHash(`{"pin":"582903"}`) {
		t.Error("the body's hash can be searched for its PIN")
	}
}

func plainHash(body string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(body))) }

// keptHash is what is kept of the body of a POST.
func (w *world) keptHash(t *testing.T, key string) (hash string) {
	t.Helper()
	must(t, w.db.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select encode(body_hash, 'hex') from idempotency_keys where key = $1`, key).Scan(&hash)
	}))
	return hash
}
