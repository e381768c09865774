package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	server "afield/cmd/afield/app"
	"afield/cmd/afield/setup"
	"afield/cmd/afield/shell"
)

// memberDatabase is a database with one member library in it.
func memberDatabase(t *testing.T) (address string, db *postgres.DB) {
	t.Helper()
	address = pgtest.URL(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	err = db.InTx(t.Context(), postgres.ForLibraries(), func(_ context.Context, tx *postgres.Tx) error {
		group := directory.SharingGroup{ID: broker.NewID(), Name: "one library alone"}
		directory.SaveSharingGroup(tx, group)
		library := directory.Library{
			ID: broker.NewID(), Name: "Member library", Kind: directory.KindLibrary, Member: true, Country: "US", State: "NY",
			Zone: time.UTC, Currency: "USD", SharingGroup: group.ID, Policy: "westport", Status: directory.StatusActive,
		}
		if err := directory.SaveLibrary(tx, library, time.Now()); err != nil {
			return err
		}
		directory.SaveSymbols(tx, library.ID, broker.NewSymbol("ISIL", "US-HERE"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return address, db
}

const testSecret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U=" // 32 bytes

// A user made by the command signs in at the server that has the same secret;
// a disabled one does not.
func TestStaffUsers(t *testing.T) {
	t.Parallel()
	address, db := memberDatabase(t)
	with := func(args ...string) (int, string, string) {
		return call(t, append(args, "--json", "--database-url", address, "--secret", testSecret)...)
	}
	code, out, errOut := with("user", "add", "isil:us-here", "Desk1", "--role", "ill")
	var made setup.MadeSecret
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != shell.ExitDone || made.Password == "" {
		t.Fatalf("add ends with %d: %s%s", code, out, errOut)
	}
	doors, _, err := server.Doors(db, []byte("secretsecretsecretsecretsecretse"))
	if err != nil {
		t.Fatal(err)
	}
	signIn := func() error {
		_, err := doors.SignInStaff(t.Context(), access.StaffSignIn{Library: "ISIL:US-HERE", Username: "desk1", Password: made.Password})
		return err
	}
	if err := signIn(); err != nil {
		t.Errorf("the new user: %v", err)
	}
	if code, _, errOut := with("user", "add", "ISIL:US-HERE", "desk1"); code != shell.ExitFailed || !strings.Contains(errOut, "already") {
		t.Errorf("the same again ends with %d: %s", code, errOut)
	}
	if code, _, _ := with("user", "add", "ISIL:US-NOWHERE", "desk1"); code != shell.ExitFailed {
		t.Errorf("at no library: %d", code)
	}
	if code, _, _ := with("user", "add", "nonsense", "desk1"); code != shell.ExitUsage {
		t.Errorf("a name that is no symbol: %d", code)
	}
	if code, out, _ := with("user", "list", "ISIL:US-HERE"); code != shell.ExitDone || !strings.Contains(out, "desk1") || strings.Contains(out, "argon2") {
		t.Errorf("list: %d %s", code, out)
	}
	if code, _, errOut := with("user", "disable", "ISIL:US-HERE", "desk1"); code != shell.ExitDone || signIn() == nil {
		t.Errorf("disabled with %d and still signs in: %s", code, errOut)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	address, db := memberDatabase(t)
	with := func(args ...string) (int, string, string) {
		return call(t, append(args, "--json", "--database-url", address, "--secret", testSecret)...)
	}
	code, out, errOut := with("token", "add", "ISIL:US-HERE", "--label", "catalogue sync", "--role", "ill", "--days", "30")
	var made setup.MadeToken
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != shell.ExitDone || !strings.HasPrefix(made.Token, "af_") {
		t.Fatalf("add ends with %d: %s%s", code, out, errOut)
	}
	doors, _, err := server.Doors(db, []byte("secretsecretsecretsecretsecretse"))
	if err != nil {
		t.Fatal(err)
	}
	if principal, err := doors.Authenticate(t.Context(), made.Token); err != nil || !principal.Holds(access.RoleILL) {
		t.Errorf("the new token: %+v, %v", principal, err)
	}
	if code, out, _ := with("token", "list", "ISIL:US-HERE"); code != shell.ExitDone || !strings.Contains(out, made.ID.String()) || strings.Contains(out, made.Token) {
		t.Errorf("list: %d %s", code, out)
	}
	if code, _, errOut := with("token", "revoke", "ISIL:US-HERE", made.ID.String()); code != shell.ExitDone {
		t.Errorf("revoke: %d %s", code, errOut)
	}
	if _, err := doors.Authenticate(t.Context(), made.Token); err == nil {
		t.Error("a revoked token is still good")
	}
	if code, _, errOut := with("token", "add", "ISIL:US-HERE", "--label", "x", "--role", "king"); code == shell.ExitDone {
		t.Errorf("a role nobody has: %d %s", code, errOut)
	}
}

func TestPartners(t *testing.T) {
	t.Parallel()
	address, _ := memberDatabase(t)
	with := func(args ...string) (int, string, string) {
		return call(t, append(args, "--json", "--database-url", address, "--secret", testSecret)...)
	}
	code, out, errOut := with("partner", "add", "ISIL:US-AWAY", "https://ill.example.org", "--name", "Library elsewhere", "--state", "VT")
	var made setup.MadePartner
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != shell.ExitDone || made.TheyUse == made.WeUse || !strings.HasPrefix(made.WeUse, "whsec_") {
		t.Fatalf("add ends with %d: %s%s", code, out, errOut)
	}
	for _, c := range []struct {
		args string
		code int
	}{
		{"partner add ISIL:US-AWAY https://ill.example.org", shell.ExitFailed}, // is a partner already
		{"partner add ISIL:US-AWAY https://ill.example.org --replace", shell.ExitDone},
		{"partner add ISIL:US-HERE https://ill.example.org", shell.ExitFailed}, // a member
		{"partner add ISIL:US-AWAY http://ill.example.org", shell.ExitUsage},
		{"partner add ISIL:US-AWAY https://ill.example.org --replace --dialect alma", shell.ExitUsage}, // is for ISO 18626
		{"partner add ISIL:US-AWAY https://ill.example.org --replace --iso18626 1999", shell.ExitUsage},
		{"partner add ISIL:US-AWAY https://ill.example.org/iso --replace --iso18626 2021 --dialect alma --account us", shell.ExitDone},
		{"partner pause ISIL:US-AWAY", shell.ExitDone},
		{"partner add ISIL:US-AWAY https://ill.example.org --replace", shell.ExitDone}, // and partner REST again
		{"partner add ISIL:US-NEW https://ill.example.org", shell.ExitUsage},           // no name
		{"partner pause ISIL:US-AWAY", shell.ExitDone},
		{"partner pause ISIL:US-HERE", shell.ExitFailed},
	} {
		if code, out, errOut := with(strings.Fields(c.args)...); code != c.code {
			t.Errorf("afield %s ends with %d, want %d: %s%s", c.args, code, c.code, out, errOut)
		}
	}
	if code, out, _ := with("consortium", "changes"); code != shell.ExitDone || !strings.Contains(out, "its secrets are replaced") || !strings.Contains(out, "paused with afield partner pause") {
		t.Errorf("changes: %d %s", code, out)
	}
	code, out, _ = with("partner", "list")
	if code != shell.ExitDone || !strings.Contains(out, `"paused": true`) || strings.Contains(out, "whsec_") {
		t.Errorf("list: %d %s", code, out)
	}
}
