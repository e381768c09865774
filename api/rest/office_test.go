package rest_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// office makes the consortium's office with an operator, and signs them in.
func (w *world) office(t testing.TB) string {
	t.Helper()
	doors, err := access.New(w.db, access.Config{Key: bytes.Repeat([]byte("k"), 32), Cost: access.Cost{MemoryKiB: 64, Passes: 1}})
	must(t, err)
	must(t, w.db.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		id := broker.NewID()
		err := directory.SaveLibrary(tx, directory.Library{ID: id, Name: "The office", Kind: directory.KindConsortium, Country: "US", State: "NY", Zone: time.UTC, Currency: "USD"}, w.clock.Now())
		if err != nil {
			return err
		}
		directory.SaveSymbols(tx, id, broker.NewSymbol("ISIL", "US-OFFICE"))
		_, err = doors.CreateStaff(ctx, tx, access.NewStaff{Library: id, Username: "operator", Password: password, Roles: []string{access.RoleAdmin}})
		return err
	}))
	return w.signIn(t, `{"kind":"staff","library":"ISIL:US-OFFICE","username":"operator","password":"`+password+`"}`)
}

// An operator sees to the staff of every library and to those of the office, and
// to nothing that is a library's own.
func TestOperatorsSeeToStaffAndToNoPatrons(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	office := w.office(t)
	as := func(method, path, body string) answer { return w.call(t, method, path, office, body) }
	if me := as("GET", "/v1/me", ""); me.at("office") != true {
		t.Errorf("who I am: %s", me.text)
	}
	for _, route := range []string{"GET /v1/patrons?q=adult", "GET /v1/patrons/" + w.patron.String(), "GET /v1/requests", "GET /v1/tasks", "POST /v1/desk/scan", "GET /v1/me/loans"} {
		method, path, _ := strings.Cut(route, " ")
		wants(t, as(method, path, ""), 403, "forbidden")
	}
	invited := as("POST", "/v1/staff?library=ISIL:US-AWAY", `{"username":"chief","roles":["director"],"reason":"the first director"}`)
	wants(t, invited, 201, "")
	wants(t, w.accept(t, invited.word("token"), "nine marmots digging"), 201, "")
	chief := w.signIn(t, `{"kind":"staff","library":"ISIL:US-AWAY","username":"chief","password":"nine marmots digging"}`)
	if list := w.call(t, "GET", "/v1/staff", chief, ""); !strings.Contains(list.text, `"username":"chief"`) || strings.Contains(list.text, "operator") {
		t.Errorf("the director's colleagues: %s", list.text)
	}
	wants(t, w.call(t, "GET", "/v1/staff?library=ISIL:US-HOME", chief, ""), 400, "invalid_input")
	wants(t, as("POST", "/v1/staff/chief/reset?library=ISIL:US-AWAY", `{"reason":"forgotten"}`), 201, "")
	wants(t, w.call(t, "GET", "/v1/me", chief, ""), 401, "bad_token")
	wants(t, as("POST", "/v1/staff/chief/reset?library=ISIL:US-NONE", `{"reason":"forgotten"}`), 400, "invalid_input")
	wants(t, as("POST", "/v1/staff/chief/reset", `{"reason":"forgotten"}`), 404, "not_found")
	if log := w.call(t, "GET", "/v1/configuration/changes", w.otherStaff, ""); !strings.Contains(log.text, "forgotten") || !strings.Contains(log.text, "the first director") {
		t.Errorf("the library's log: %s", log.text)
	}

	wants(t, as("POST", "/v1/staff", `{"username":"second","roles":["desk"],"reason":"help"}`), 400, "invalid_input")
	second := as("POST", "/v1/staff", `{"username":"second","roles":["admin"],"reason":"help"}`)
	wants(t, second, 201, "")
	wants(t, w.accept(t, second.word("token"), "nine marmots digging"), 201, "")
	wants(t, as("POST", "/v1/staff/operator/suspend", `{"reason":"a test"}`), 403, "forbidden")
	wants(t, as("POST", "/v1/staff/second/suspend", `{"reason":"a test"}`), 200, "")
	wants(t, w.call(t, "POST", "/v1/sessions", "", `{"kind":"staff","library":"ISIL:US-OFFICE","username":"second","password":"nine marmots digging"}`), 401, "sign_in_failed")
	wants(t, as("POST", "/v1/staff/second/restore", `{"reason":"a test"}`), 201, "")
	if list := as("GET", "/v1/staff", ""); strings.Count(list.text, `"username"`) != 2 {
		t.Errorf("the office's own: %s", list.text)
	}
}

// A suspended library's staff are signed out and told why, its patrons are not;
// once it has left, nobody comes in.
func TestStaffOfASuspendedLibraryAreToldSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	staff := `{"kind":"staff","library":"ISIL:US-HOME","username":"ill1","password":%q}`
	patron := `{"kind":"patron","realm":"ISIL:US-HOME","card":"` + w.card + `","pin":"` + pin + `"}`
	signIn := func(body string) answer { return w.call(t, "POST", "/v1/sessions", "", body) }
	status := func(as string) {
		w.sets(t, `libraries: [{symbols: ["ISIL:US-HOME"], status: `+as+`}]`, "a test")
	}
	status("suspended")
	wants(t, w.get(t, "/v1/me"), 401, "library_suspended")
	wants(t, signIn(fmt.Sprintf(staff, password)), 401, "library_suspended")
	wants(t, signIn(fmt.Sprintf(staff, "not the right one")), 401, "sign_in_failed")
	wants(t, w.call(t, "GET", "/v1/me", w.me, ""), 200, "")
	wants(t, signIn(patron), 201, "")
	wants(t, w.call(t, "GET", "/v1/me", w.otherStaff, ""), 200, "")
	status("closed")
	wants(t, w.call(t, "GET", "/v1/me", w.me, ""), 401, "library_closed")
	wants(t, signIn(patron), 401, "library_closed")
	wants(t, signIn(fmt.Sprintf(staff, password)), 401, "library_closed")
	status("active")
	wants(t, w.get(t, "/v1/me"), 200, "")
	wants(t, signIn(fmt.Sprintf(staff, password)), 201, "")
}

// The steps of a set-up are counted for the caller's own library, or for all.
func TestHowFarTheSetUpHasCome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := done(t, w.get(t, "/v1/setup"), 200)
	step := func(a answer, name string) (found answer) {
		steps, _ := a.at("steps").([]any)
		for _, one := range steps {
			if one, _ := one.(map[string]any); one["step"] == name {
				return answer{body: one}
			}
		}
		t.Fatalf("no step %s: %s", name, a.text)
		return answer{}
	}
	for name, want := range map[string]string{"library": "1 member library", "tiers": "2 steps outward", "patrons": "1 patron", "items": "1 item", "staff": "1 director, 0 others"} {
		if got := step(own, name); got.at("done") != true || got.word("there") != want {
			t.Errorf("%s: %v", name, got.body)
		}
	}
	if got := step(own, "branch"); got.at("done") != false || got.word("missing") != "missing at US-HOME" || got.word("next") == "" {
		t.Errorf("branch: %v", got.body)
	}
	whole := w.call(t, "GET", "/v1/setup", w.office(t), "")
	wants(t, whole, 200, "")
	if got := step(whole, "library").word("there"); got != "2 member libraries" {
		t.Errorf("of all: %s", got)
	}
	if got := step(whole, "operator").word("there"); got != "1 operator of The office" {
		t.Errorf("operators: %s", got)
	}
	wants(t, w.call(t, "GET", "/v1/setup", w.me, ""), 403, "forbidden")
}
