package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"afield/broker/consortium"
	"afield/broker/postgres/pgtest"
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
		{[]string{"consortium", "check", file}, exitDone, "3 libraries, 1 groups, 1 shared catalogues"},
		{[]string{"consortium", "plan", file}, exitDone, "EXAMPLE:WEST (West Lake Library) is new"},
		{[]string{"consortium", "apply", file}, exitUsage, "missing flags: --reason"},
		{[]string{"consortium", "apply", file, "--reason", " "}, exitUsage, "must say why"},
		{[]string{"consortium", "apply", file, "--reason", "it begins"}, exitDone, "librarian at EXAMPLE:WEST"},
		{[]string{"consortium", "apply", file, "--reason", "again"}, exitDone, "Nothing to change."},
		{[]string{"consortium", "plan", file}, exitDone, "0 changes."},
		{[]string{"consortium", "export", filepath.Join(folder, "out.yaml")}, exitDone, "3 libraries"},
		{[]string{"consortium", "apply", filepath.Join(folder, "out.yaml"), "--reason", "the same"}, exitDone, "Nothing to change."},
		{[]string{"consortium", "changes"}, exitDone, "it begins"},
		{[]string{"consortium", "apply", "--undo", "nonsense", "--reason", "no"}, exitUsage, "not the id of a change"},
		{[]string{"consortium", "plan", filepath.Join(folder, "none.yaml")}, exitUsage, "no such file"},
		{[]string{"verify"}, exitDone, ", 0 broken"},
	} {
		code, out, errOut := with(c.args...)
		if code != c.code || !strings.Contains(out+errOut, c.want) {
			t.Errorf("%v ends with %d: %s%s\nwant %d and %q", c.args, code, out, errOut, c.code, c.want)
		}
	}

	write(strings.Replace(example, `fee: "5.00"`, `fee: "8.00"`, 1))
	code, out, errOut := with("consortium", "apply", file, "--reason", "dearer", "--json")
	var done consortiumApplied
	if err := json.Unmarshal([]byte(out), &done); err != nil || code != exitDone || len(done.Changes) != 1 {
		t.Fatalf("apply ends with %d: %v %s%s", code, err, out, errOut)
	}
	if code, out, errOut := with("consortium", "apply", "--undo", done.Change.String(), "--reason", "too dear"); code != exitDone || !strings.Contains(out, "fee was 8.00 and becomes 5.00") {
		t.Errorf("undo ends with %d: %s%s", code, out, errOut)
	}

	write(strings.Replace(strings.Replace(example, "kind: network", "kind: netwrok", 1), "place: US-VT", "place: Vermont", 1))
	for _, command := range [][]string{{"check"}, {"plan"}, {"apply", "--reason", "wrong"}} {
		code, out, _ := with(append(append([]string{"consortium"}, command...), file)...)
		if code != exitFailed || !strings.Contains(out, "ours.yaml:43:11: must be one of system, network") || !strings.Contains(out, "2 mistakes.") {
			t.Errorf("%v of a wrong file ends with %d: %s", command, code, out)
		}
	}
	code, out, _ = with("consortium", "check", file, "--json")
	var checked consortiumChecked
	if err := json.Unmarshal([]byte(out), &checked); err != nil || code != exitFailed || len(checked.Mistakes) != 2 || checked.Mistakes[0].Line != 43 {
		t.Errorf("check --json ends with %d: %s", code, out)
	}
	if example != consortium.Example() {
		t.Error("the example that is printed is another")
	}
}
