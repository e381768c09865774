package rest_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/consortium"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// sets changes how the world's libraries are set up, and gives who is invited.
func (w *world) sets(t testing.TB, file, reason string) map[string]string {
	t.Helper()
	doors, err := access.New(w.db, access.Config{Key: bytes.Repeat([]byte("k"), 32), Cost: access.Cost{MemoryKiB: 64, Passes: 1}})
	must(t, err)
	vault, err := directory.NewVault(bytes.Repeat([]byte("v"), 32))
	must(t, err)
	tokens := map[string]string{}
	must(t, w.db.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		document := consortium.Read([]byte(file), nil)
		in, err := consortium.Load(ctx, tx, doors, document.File)
		if err != nil {
			return err
		}
		plan, wrong := consortium.NewPlan(document, in, consortium.Surroundings{Now: w.clock.Now(), Protocols: []string{"partner"}})
		if wrong != nil {
			return wrong.Error()
		}
		done, err := plan.Apply(ctx, tx, consortium.Applying{Doors: doors, Vault: vault, Actor: broker.System(broker.NoID), Reason: reason, Now: w.clock.Now()})
		for _, one := range done.Invitations {
			tokens[strings.Fields(one.Library)[0]+" "+one.Username] = one.Token
		}
		return err
	}))
	return tokens
}

// Somebody who is invited chooses a password, once, and signs in.
func TestInvitationsAreAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := w.sets(t, `libraries: [{symbols: ["ISIL:US-HOME"], staff: [{username: Director, roles: [director]}]}]`, "a director")
	token := tokens["ISIL:US-HOME director"]
	if !strings.HasPrefix(token, "afi_") {
		t.Fatalf("nobody is invited: %v", tokens)
	}
	accept := func(token, password string) answer {
		return w.call(t, "POST", "/v1/invitations/accept", "", fmt.Sprintf(`{"token":%q,"password":%q}`, token, password))
	}
	wants(t, accept("afi_unknown", "another long secret"), 404, "bad_invitation")
	wants(t, accept(token, "short"), 400, "invalid_input")
	wants(t, accept(token, "the director himself"), 400, "invalid_input") // has the name in it
	accepted := accept(token, "another long secret")
	wants(t, accepted, 201, "")
	if accepted.get("username") != "director" || !strings.Contains(accepted.text, `"symbol":"ISIL:US-HOME"`) || strings.Contains(accepted.text, "secret") {
		t.Errorf("accepted: %s", accepted.text)
	}
	wants(t, accept(token, "a third long secret"), 404, "bad_invitation")
	signed := w.signIn(t, `{"kind":"staff","library":"ISIL:US-HOME","username":"director","password":"another long secret"}`)
	wants(t, w.call(t, "GET", "/v1/me", signed, ""), 200, "")
	if log := w.log.String(); strings.Contains(log, token) || strings.Contains(log, "long secret") {
		t.Error("the log holds a token or a password")
	}
}

// Each role of each library sees of the log what is its own to see.
func TestTheLogOfChangesByRoleAndLibrary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := w.sets(t, `
groups: [{name: The network, kind: network, libraries: ["ISIL:US-HOME", "ISIL:US-AWAY"]}]
libraries:
  - {symbols: ["ISIL:US-HOME"], yearly_loans: 1000, staff: [{username: d, roles: [director]}, {username: a, roles: [admin]}, {username: k, roles: [desk, ill]}]}
  - {symbols: ["ISIL:US-AWAY"], yearly_loans: 2000, staff: [{username: d, roles: [director]}]}
`, "the first")
	w.sets(t, `libraries: [{symbols: ["ISIL:US-HOME"], yearly_loans: 1001}]`, "the second")
	signedIn := map[string]string{"patron of home": w.me, "nobody": ""}
	for who, token := range tokens {
		wants(t, w.call(t, "POST", "/v1/invitations/accept", "", fmt.Sprintf(`{"token":%q,"password":"another long secret"}`, token)), 201, "")
		library, name, _ := strings.Cut(who, " ")
		signedIn[who] = w.signIn(t, fmt.Sprintf(`{"kind":"staff","library":%q,"username":%q,"password":"another long secret"}`, library, name))
	}
	for _, c := range []struct {
		who     string
		status  int
		code    string
		sees    []string
		notSeen []string
	}{
		{"ISIL:US-HOME d", 200, "", []string{"the second", "yearly loans was 1000 and becomes 1001", "becomes 1000", "network The network is new"}, []string{"becomes 2000"}},
		{"ISIL:US-HOME a", 200, "", []string{"the second"}, []string{"becomes 2000"}},
		{"ISIL:US-AWAY d", 200, "", []string{"becomes 2000", "network The network is new"}, []string{"the second", "becomes 1000"}},
		{"ISIL:US-HOME k", 403, "forbidden", nil, nil},
		{"patron of home", 403, "forbidden", nil, nil},
		{"nobody", 401, "", nil, nil},
	} {
		got := w.call(t, "GET", "/v1/configuration/changes", signedIn[c.who], "")
		wants(t, got, c.status, c.code)
		for _, want := range c.sees {
			if !strings.Contains(got.text, want) {
				t.Errorf("%s does not see %q: %s", c.who, want, got.text)
			}
		}
		for _, other := range c.notSeen {
			if strings.Contains(got.text, other) {
				t.Errorf("%s sees %q: %s", c.who, other, got.text)
			}
		}
	}
	page := w.call(t, "GET", "/v1/configuration/changes?limit=1", signedIn["ISIL:US-HOME d"], "")
	next, more := page.get("next_cursor").(string)
	if !more || !strings.Contains(page.text, "the second") {
		t.Fatalf("the first page: %s", page.text)
	}
	if second := w.call(t, "GET", "/v1/configuration/changes?limit=1&cursor="+next, signedIn["ISIL:US-HOME d"], ""); !strings.Contains(second.text, "the first") {
		t.Errorf("the second page: %s", second.text)
	}
}
