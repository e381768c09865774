package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/consortium"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	server "afield/cmd/afield/app"
	"afield/cmd/afield/setup"
	"afield/cmd/afield/shell"
)

// The commands of the example's head, on an empty database.
func TestConsortiumCommands(t *testing.T) {
	t.Parallel()
	address := pgtest.URL(t)
	with := func(args ...string) (int, string, string) {
		return call(t, append(args, "--database-url", address, "--secret", testSecret)...)
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "ours.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, example, _ := with("consortium", "example")
	write(example)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"consortium", "check", file}, shell.ExitDone, "3 libraries, 1 groups, 1 shared catalogues"},
		{[]string{"consortium", "plan", file}, shell.ExitDone, "EXAMPLE:WEST (West Lake Library) is new"},
		{[]string{"consortium", "apply", file}, shell.ExitUsage, "missing flags: --reason"},
		{[]string{"consortium", "apply", file, "--reason", " "}, shell.ExitUsage, "must say why"},
		{[]string{"consortium", "apply", file, "--reason", "it begins"}, shell.ExitDone, "librarian at EXAMPLE:WEST"},
		{[]string{"consortium", "apply", file, "--reason", "again"}, shell.ExitDone, "Nothing to change."},
		{[]string{"consortium", "plan", file}, shell.ExitDone, "0 changes."},
		{[]string{"consortium", "export", filepath.Join(folder, "out.yaml")}, shell.ExitDone, "3 libraries"},
		{[]string{"consortium", "apply", filepath.Join(folder, "out.yaml"), "--reason", "the same"}, shell.ExitDone, "Nothing to change."},
		{[]string{"consortium", "changes"}, shell.ExitDone, "it begins"},
		{[]string{"consortium", "apply", "--undo", "nonsense", "--reason", "no"}, shell.ExitUsage, "not the id of a change"},
		{[]string{"consortium", "plan", filepath.Join(folder, "none.yaml")}, shell.ExitUsage, "no such file"},
		{[]string{"verify"}, shell.ExitDone, ", 0 broken"},
	} {
		code, out, errOut := with(c.args...)
		if code != c.code || !strings.Contains(out+errOut, c.want) {
			t.Errorf("%v ends with %d: %s%s\nwant %d and %q", c.args, code, out, errOut, c.code, c.want)
		}
	}

	write(strings.Replace(example, `fee: "5.00"`, `fee: "8.00"`, 1))
	code, out, errOut := with("consortium", "apply", file, "--reason", "dearer", "--json")
	var done setup.Applied
	if err := json.Unmarshal([]byte(out), &done); err != nil || code != shell.ExitDone || len(done.Changes) != 1 {
		t.Fatalf("apply ends with %d: %v %s%s", code, err, out, errOut)
	}
	if code, out, errOut := with("consortium", "apply", "--undo", done.Change.String(), "--reason", "too dear"); code != shell.ExitDone || !strings.Contains(out, "fee was 8.00 and becomes 5.00") {
		t.Errorf("undo ends with %d: %s%s", code, out, errOut)
	}

	write(strings.Replace(strings.Replace(example, "kind: network", "kind: networkk", 1), "place: US-VT", "place: Vermont", 1))
	for _, command := range [][]string{{"check"}, {"plan"}, {"apply", "--reason", "wrong"}} {
		code, out, _ := with(append(append([]string{"consortium"}, command...), file)...)
		if code != shell.ExitFailed || !strings.Contains(out, "ours.yaml:43:11: must be one of system, network") || !strings.Contains(out, "2 mistakes.") {
			t.Errorf("%v of a wrong file ends with %d: %s", command, code, out)
		}
	}
	code, out, _ = with("consortium", "check", file, "--json")
	var checked setup.Checked
	if err := json.Unmarshal([]byte(out), &checked); err != nil || code != shell.ExitFailed || len(checked.Mistakes) != 2 || checked.Mistakes[0].Line != 43 {
		t.Errorf("check --json ends with %d: %s", code, out)
	}
	if example != consortium.Example() {
		t.Error("the example that is printed is another")
	}
}

// A consortium is set up by the example, from an empty database and without SQL:
// staff accept their invitations, patrons and items come in as files, and a
// request goes from one library to the other and home.
func TestARequestGoesThroughTheExample(t *testing.T) {
	t.Parallel()
	address := pgtest.URL(t)
	folder := t.TempDir()
	with := func(args ...string) string {
		t.Helper()
		code, out, errOut := call(t, append(args, "--database-url", address, "--secret", testSecret)...)
		if code != shell.ExitDone {
			t.Fatalf("afield %s ends with %d: %s%s", strings.Join(args, " "), code, out, errOut)
		}
		return out
	}
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var done setup.Applied
	if err := json.Unmarshal([]byte(with("consortium", "apply", file("ours.yaml", consortium.Example()), "--reason", "it begins", "--json")), &done); err != nil {
		t.Fatal(err)
	}
	with("import", "patrons", file("patrons.csv", "card,class,name,phone,phone_checked,branch\n21001000000001,adult,Adult patron 1,555-0100,2026-01-01,shore\n"), "--library", "EXAMPLE:EAST")
	with("import", "items", file("items.csv", "barcode,title,author,isbn,branch\n31002000000001,The Living Mountain,Shepherd,9780857861832,main\n"), "--library", "EXAMPLE:WEST")

	db, err := postgres.Open(t.Context(), postgres.Config{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	running, err := server.Start(t.Context(), server.Config{DB: db, Listen: "127.0.0.1:0", Secret: []byte("secretsecretsecretsecretsecretse"), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	net := newNetwork(running.URL())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	signIn := func(library, username string) *caller {
		t.Helper()
		for _, invitation := range done.Invitations {
			if strings.HasPrefix(invitation.Library, library) && invitation.Username == username {
				var accepted gen.InvitationAccepted
				must(net.as("").post(ctx, "/v1/invitations/accept", gen.AcceptInvitation{Token: invitation.Token, Password: storyPassword}, &accepted))
			}
		}
		var session gen.Session
		must(net.as("").post(ctx, "/v1/sessions", gen.SignIn{Kind: gen.SignInKindStaff, Library: library, Username: username, Password: storyPassword}, &session))
		return net.as(session.Token)
	}
	east, west := signIn("EXAMPLE:EAST", "director"), signIn("EXAMPLE:WEST", "librarian")

	var asked gen.Request
	citation := broker.Citation{Title: "The Living Mountain", ISBN: "9780857861832"}
	must(east.post(ctx, "/v1/requests", gen.NewRequest{Citation: citation, Card: "21001000000001"}, &asked))
	path := "/v1/requests/" + asked.ID.String()
	scan := func(at *caller, barcode, card string) gen.ScanResult {
		t.Helper()
		var result gen.ScanResult
		must(at.post(ctx, "/v1/desk/scan", gen.Scan{Barcode: barcode, Card: card}, &result))
		return result
	}
	_, err = east.until(ctx, path, "requested")
	must(err)
	// By the patterns of the file a card is never taken for an item, nor the other
	// way round, at the desk and in files.
	if done := scan(east, "21001000000099", ""); done.Did != "nothing" || done.TaskID != broker.NoID || !strings.Contains(done.Message, "the number of a card") {
		t.Errorf("a card scanned as an item: %+v", done)
	}
	if done := scan(east, "49999999999999", ""); done.Did != "unmatched" {
		t.Errorf("a number that fits nothing: %+v", done)
	}
	var nothing any
	if err := east.post(ctx, "/v1/desk/scan", gen.Scan{Barcode: "31002000000001", Card: "31002000000001"}, &nothing); err == nil || !strings.Contains(err.Error(), "an_item") {
		t.Errorf("an item shown as a card: %v", err)
	}
	if err := east.post(ctx, "/v1/items", map[string]any{"barcode": "21002000000077", "title": "A card", "type": "book"}, &nothing); err == nil || !strings.Contains(err.Error(), "a_card") {
		t.Errorf("an item with the number of a card: %v", err)
	}
	for kind, text := range map[string]string{"patrons": "card,class\n31002000000009,adult\n", "items": "barcode,title\n21001000000009,A card\n"} {
		code, out, errOut := call(t, "import", kind, file(kind+"-wrong.csv", text), "--library", "EXAMPLE:EAST", "--database-url", address, "--secret", testSecret)
		if code != shell.ExitFailed || !strings.Contains(out+errOut, "by the library's patterns") {
			t.Errorf("import %s ends with %d: %s%s", kind, code, out, errOut)
		}
	}
	// A change of the file counts at once at a desk that is open.
	with("consortium", "apply", file("changed.yaml", strings.Replace(consortium.Example(), `cards: [{prefix: "21001"`, `cards: [{prefix: "41001"`, 1)), "--reason", "other cards")
	if done := scan(east, "41001000000001", ""); done.Did != "nothing" {
		t.Errorf("after the change, a card scanned as an item: %+v", done)
	}
	scan(west, "31002000000001", "")
	scan(east, "31002000000001", "")
	_, err = east.until(ctx, path, "on_hold_shelf")
	must(err)
	scan(east, "31002000000001", "21001000000001")
	_, err = east.until(ctx, path, "checked_out")
	must(err)
	scan(east, "31002000000001", "")
	scan(west, "31002000000001", "")
	_, err = east.until(ctx, path, "completed")
	must(err)
	with("verify")
}
