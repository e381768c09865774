package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"afield/broker/postgres/pgtest"
	"afield/cmd/afield/shell"
)

// call runs the program inside the test.
func call(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var outText, errText bytes.Buffer
	code = run(t.Context(), args, &outText, &errText)
	return code, outText.String(), errText.String()
}

// dataFolder can be entered by the database's account when the tests run as root.
func dataFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Chmod(filepath.Dir(folder), 0o711); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"--help", shell.ExitDone, "Examples:"},
		{"migrate --help", shell.ExitDone, "afield migrate"},
		{"doctor --help", shell.ExitDone, "afield doctor --json"},
		{"version --help", shell.ExitDone, "afield version --json"},
		{"version", shell.ExitDone, "afield "},
		{"dance", shell.ExitUsage, "unexpected argument dance"},
		{"migrate --backwards", shell.ExitUsage, "unknown flag"},
		{"migrate --database-url=postgres://user:hush@host:port/x", shell.ExitUsage, "DATABASE_URL is not"},
	} {
		code, out, errOut := call(t, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(out+errOut, c.says) || strings.Contains(out+errOut, "hush") {
			t.Errorf("afield %s ends with %d and says\n%s%s\nwant %d and %q", c.args, code, out, errOut, c.code, c.says)
		}
	}
}

// An empty variable in the environment counts as not set: the server must not
// listen on every address because a line of a file was left blank.
func TestAnEmptySettingIsNone(t *testing.T) {
	for _, name := range []string{"AFIELD_LISTEN", "AFIELD_DATA", "AFIELD_JSON", "DATABASE_URL"} {
		t.Setenv(name, "")
	}
	t.Setenv("AFIELD_SECRET", "kept")
	emptyIsUnset()
	for _, name := range []string{"AFIELD_LISTEN", "AFIELD_DATA", "AFIELD_JSON", "DATABASE_URL"} {
		if _, set := os.LookupEnv(name); set {
			t.Errorf("%s is still set", name)
		}
	}
	if os.Getenv("AFIELD_SECRET") != "kept" {
		t.Error("a setting that is given is kept")
	}
}

func TestVersionAsJSON(t *testing.T) {
	t.Parallel()
	_, out, _ := call(t, "version", "--json")
	var read shell.Build
	if err := json.Unmarshal([]byte(out), &read); err != nil || !strings.HasPrefix(read.Go, "go") {
		t.Errorf("%q: %v", out, err)
	}
}

func TestMigrateThenDoctorOnGivenDatabase(t *testing.T) {
	t.Parallel()
	address := pgtest.EmptyURL(t)
	if code, out, _ := call(t, "doctor", "--database-url", address); code != shell.ExitFailed || !strings.Contains(out, "run afield migrate") {
		t.Errorf("before migrating doctor ends with %d:\n%s", code, out)
	}
	code, out, errOut := call(t, "migrate", "--json", "--database-url", address)
	var result struct{ Applied []string }
	if err := json.Unmarshal([]byte(out), &result); err != nil || code != shell.ExitDone || len(result.Applied) == 0 {
		t.Fatalf("migrate ends with %d: %s %s (%v)", code, out, errOut, err)
	}
	code, out, errOut = call(t, "doctor", "--json", "--database-url", address)
	var found checkup
	if err := json.Unmarshal([]byte(out), &found); err != nil || code != shell.ExitDone || !found.Healthy {
		t.Errorf("after migrating doctor ends with %d: %s %s (%v)", code, out, errOut, err)
	}
}

func TestPrivateDatabase(t *testing.T) {
	t.Parallel()
	data := dataFolder(t)
	code, out, errOut := call(t, "doctor", "--data", data, "--database-url=")
	if code != shell.ExitDone || !strings.Contains(out, "no database yet") {
		t.Errorf("doctor ends with %d: %s%s", code, out, errOut)
	}
	if left, err := os.ReadDir(data); err != nil || len(left) != 0 {
		t.Errorf("doctor made %v, %v; it must change nothing", left, err)
	}
	if code, out, errOut := call(t, "migrate", "--data", data, "--database-url="); code != shell.ExitDone {
		t.Fatalf("migrate ends with %d: %s%s", code, out, errOut)
	}
	code, out, errOut = call(t, "doctor", "--data", data, "--database-url=")
	if code != shell.ExitDone || !strings.Contains(out, "none pending") {
		t.Errorf("doctor ends with %d: %s%s", code, out, errOut)
	}
}

// A data folder that cannot be made is something to do.
func TestDoctorFailsWhereNoFolderCanBeMade(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := call(t, "doctor", "--data", filepath.Join(file, "data"), "--database-url=")
	if code != shell.ExitFailed || !strings.Contains(out, "is no folder") {
		t.Errorf("doctor ends with %d: %s%s", code, out, errOut)
	}
	if code, out, errOut := call(t, "doctor", "--data", filepath.Join(filepath.Dir(file), "one", "two"), "--database-url="); code != shell.ExitDone {
		t.Errorf("in a folder that can be made it ends with %d: %s%s", code, out, errOut)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("doctor made %v, %v; it must change nothing", left, err)
	}
}

func TestDoctorShowsNoSecret(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"postgres://afield:hush@127.0.0.1:1/afield", "host=127.0.0.1 port=1 user=afield password=hush dbname=afield"} {
		code, out, errOut := call(t, "doctor", "--database-url", address)
		if code != shell.ExitFailed || strings.Contains(out+errOut, "hush") || !strings.Contains(out, "postgres://afield@127.0.0.1:1/afield") {
			t.Errorf("doctor ends with %d: %s%s", code, out, errOut)
		}
	}
}
