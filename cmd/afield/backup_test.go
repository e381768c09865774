package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"afield/broker/consortium"
	"afield/broker/postgres/pgtest"
	"afield/cmd/afield/shell"
)

// A consortium is backed up while it may be in use, and put back into an empty
// database with everything in it; anything else is refused, and leaves what there
// was as it was.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	from, into := pgtest.URL(t), pgtest.EmptyURL(t)
	file := filepath.Join(folder, "all.backup")
	on := func(address string, args ...string) (int, string, string) {
		return call(t, append(args, "--database-url", address, "--secret", testSecret, "--data", folder)...)
	}
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, args := range [][]string{
		{"consortium", "apply", write("ours.yaml", consortium.Example()), "--reason", "it begins"},
		{"import", "patrons", write("patrons.csv", "card,class,name\n21001000000001,adult,Adult patron 1\n"), "--library", "EXAMPLE:EAST"},
	} {
		if code, out, errOut := on(from, args...); code != shell.ExitDone {
			t.Fatalf("%v ends with %d: %s%s", args, code, out, errOut)
		}
	}
	code, out, errOut := on(from, "backup", file, "--json")
	var made struct {
		Bytes  int64
		SHA256 string
	}
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != shell.ExitDone || made.Bytes == 0 || len(made.SHA256) != 64 {
		t.Fatalf("backup ends with %d: %v %s%s", code, err, out, errOut)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || info.Size() != made.Bytes {
		t.Errorf("the file: %v, %v", info, err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, ".*")); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
	for _, c := range []struct {
		address string
		args    []string
		code    int
		says    string
	}{
		{from, []string{"backup", file}, shell.ExitFailed, "overwrites nothing"},
		{from, []string{"restore", file}, shell.ExitFailed, "is not empty"},
		{into, []string{"restore", filepath.Join(folder, "ours.yaml")}, shell.ExitFailed, "Nothing was restored"},
		{into, []string{"restore", filepath.Join(folder, "none.backup")}, shell.ExitUsage, "no such file"},
		{from, []string{"backup", filepath.Join(folder, "none", "x")}, shell.ExitFailed, "no such file"},
		{from, []string{"backup", filepath.Join(folder, "y"), "--postgres", folder}, shell.ExitFailed, "was not found. Install it"},
		{into, []string{"restore", cut(t, file, made.Bytes/2)}, shell.ExitFailed, "Nothing was restored"},
	} {
		code, out, errOut := on(c.address, c.args...)
		if code != c.code || !strings.Contains(out+errOut, c.says) {
			t.Errorf("%v ends with %d: %s%s\nwant %d and %q", c.args, code, out, errOut, c.code, c.says)
		}
	}
	if code, out, errOut := on(into, "restore", file); code != shell.ExitDone || !strings.Contains(out, ", 0 broken.") || strings.Contains(out, "TO DO") {
		t.Fatalf("restore ends with %d: %s%s", code, out, errOut)
	}
	if code, _, errOut := on(into, "restore", file); code != shell.ExitFailed || !strings.Contains(errOut, "is not empty") {
		t.Errorf("the second time it ends with %d: %s", code, errOut)
	}
	_, before, _ := on(from, "consortium", "export")
	_, after, _ := on(into, "consortium", "export")
	if before != after || !strings.Contains(after, "EXAMPLE:EAST") {
		t.Errorf("another consortium came back:\n%s", after)
	}
	if code, out, errOut := on(into, "import", "patrons", filepath.Join(folder, "patrons.csv"), "--library", "EXAMPLE:EAST"); code != shell.ExitDone || !strings.Contains(out, "1 unchanged") {
		t.Errorf("the patron is not there: %d %s%s", code, out, errOut)
	}
}

// cut copies the beginning of a file.
func cut(t *testing.T, file string, bytes int64) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+".cut", text[:bytes], 0o600); err != nil {
		t.Fatal(err)
	}
	return file + ".cut"
}

// A secret that is not the one of the rows, or none, is said: with it nobody could
// sign in. A backup of a newer version is refused before anything is made.
func TestRestoreSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	from := pgtest.URL(t)
	file := filepath.Join(folder, "all.backup")
	ours := filepath.Join(folder, "ours.yaml")
	if err := os.WriteFile(ours, []byte(consortium.Example()), 0o600); err != nil {
		t.Fatal(err)
	}
	must := func(code int, out, errOut string) {
		t.Helper()
		if code != shell.ExitDone {
			t.Fatalf("it ends with %d: %s%s", code, out, errOut)
		}
	}
	must(call(t, "consortium", "apply", ours, "--reason", "it begins", "--database-url", from, "--secret", testSecret))
	must(call(t, "partner", "add", "EXAMPLE:FAR", "https://ill.example.org", "--name", "Far Library", "--state", "NY", "--database-url", from, "--secret", testSecret))
	must(call(t, "backup", file, "--database-url", from, "--secret", testSecret))
	other := strings.Repeat("b3RoZXJzZWNyZXRvdGhlcnNlY3JldG90aGVyc2VjcmU", 1) + "="
	code, out, errOut := call(t, "restore", file, "--database-url", pgtest.EmptyURL(t), "--secret", other)
	if code != shell.ExitFailed || !strings.Contains(out, "is not the one these rows were written with") {
		t.Errorf("with another secret it ends with %d: %s%s", code, out, errOut)
	}
	code, out, errOut = call(t, "restore", file, "--database-url", pgtest.EmptyURL(t), "--secret", "", "--data", folder)
	if code != shell.ExitDone || !strings.Contains(out, "secret is missing") {
		t.Errorf("without a secret it ends with %d: %s%s", code, out, errOut)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 2 {
		t.Errorf("it made a secret of its own: %v %v", left, err)
	}
	admin(t, from, "insert into schema_migrations (version, name, checksum) values (9999, '9999_of_tomorrow', 'x')")
	newer, empty := filepath.Join(folder, "newer.backup"), pgtest.EmptyURL(t)
	must(call(t, "backup", newer, "--database-url", from, "--secret", testSecret))
	code, out, errOut = call(t, "restore", newer, "--database-url", empty, "--secret", testSecret)
	if code != shell.ExitFailed || !strings.Contains(errOut, "newer Afield: it has 9999_of_tomorrow") {
		t.Errorf("a backup of a newer version ends with %d: %s%s", code, out, errOut)
	}
	must(call(t, "restore", file, "--database-url", empty, "--secret", testSecret)) // it was left empty
}

func admin(t *testing.T, address, sql string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // also when the test is over
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatal(err)
	}
}

// An account that owns its database and is no superuser backs it up whole, though
// row-level security holds for it too, and restores it.
func TestBackupByAnOrdinaryAccount(t *testing.T) {
	t.Parallel()
	server := pgtest.EmptyURL(t)
	owner := "afield_test_owner_" + strings.ToLower(rand.Text()[:8])
	admin(t, server, "create role "+owner+" login nosuperuser nobypassrls password 'hush'")
	admin(t, server, "grant afield_app, afield_system to "+owner)
	t.Cleanup(func() { admin(t, server, "drop role "+owner) })
	var addresses []string
	for _, name := range []string{owner + "_from", owner + "_into"} {
		admin(t, server, "create database "+name+" owner "+owner)
		t.Cleanup(func() { admin(t, server, "drop database "+name+" with (force)") })
		address, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		address.Path, address.User = "/"+name, url.UserPassword(owner, "hush")
		addresses = append(addresses, address.String())
	}
	folder := t.TempDir()
	ours, patrons, file := filepath.Join(folder, "ours.yaml"), filepath.Join(folder, "patrons.csv"), filepath.Join(folder, "all.backup")
	for name, text := range map[string]string{ours: consortium.Example(), patrons: "card,class,name\n21001000000001,adult,Adult patron 1\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		address string
		args    []string
		says    string
	}{
		{addresses[0], []string{"migrate"}, "up to date"},
		{addresses[0], []string{"consortium", "apply", ours, "--reason", "it begins"}, "changes made"},
		{addresses[0], []string{"import", "patrons", patrons, "--library", "EXAMPLE:EAST"}, "1 new"},
		{addresses[0], []string{"backup", file}, "bytes"},
		{addresses[1], []string{"restore", file}, ", 0 broken."},
		{addresses[1], []string{"import", "patrons", patrons, "--library", "EXAMPLE:EAST"}, "1 unchanged"},
	} {
		code, out, errOut := call(t, append(c.args, "--database-url", c.address, "--secret", testSecret)...)
		if code != shell.ExitDone || !strings.Contains(out+errOut, c.says) || strings.Contains(out+errOut, "hush") {
			t.Fatalf("%v ends with %d: %s%s\nwant %q", c.args, code, out, errOut, c.says)
		}
	}
}
