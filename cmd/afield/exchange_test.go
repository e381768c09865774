package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"afield/broker/exchange"
	"afield/broker/postgres"
	"afield/cmd/afield/files"
	"afield/cmd/afield/shell"
)

// The commands check a library's files, import them and export them again.
func TestImportAndExport(t *testing.T) {
	t.Parallel()
	address, db := memberDatabase(t)
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	with := func(args ...string) (int, string, string) {
		return call(t, append(args, "--library", "ISIL:US-HERE", "--database-url", address)...)
	}
	patrons := file("patrons.csv", "card,class,email\n21234000021001,adult,\n21234000021002,adult,nowhere\n21234000021003,adult,\n")
	wrong := filepath.Join(folder, "wrong.csv")
	code, out, errOut := with("import", "patrons", patrons, "--dry-run")
	if code != shell.ExitFailed || !strings.Contains(out, "3 rows: 2 new, 0 changed, 0 unchanged, 1 wrong (dry run") || !strings.Contains(errOut, "line 3, email:") {
		t.Fatalf("a trial ends with %d: %s%s", code, out, errOut)
	}
	code, out, errOut = with("import", "patrons", patrons, "--json", "--errors", wrong)
	var result files.RowsResult
	if err := json.Unmarshal([]byte(out), &result); err != nil || code != shell.ExitFailed || result.New != 2 || len(result.Errors) != 1 || result.Errors[0].Column != "email" {
		t.Fatalf("it ends with %d: %s%s", code, out, errOut)
	}
	if text, err := os.ReadFile(wrong); err != nil || !strings.HasPrefix(string(text), "card,class,email,afield_error\n21234000021002,adult,nowhere,\"email: ") {
		t.Errorf("the list of wrong rows: %v %s", err, text)
	}
	items := file("items.csv", "barcode,title\n31001,A title\n")
	if code, out, errOut := with("import", "items", items); code != shell.ExitDone || !strings.Contains(out, "1 new") {
		t.Errorf("items end with %d: %s%s", code, out, errOut)
	}
	if code, _, errOut := with("import", "items", file("bad.csv", "barcode,titel\n")); code != shell.ExitFailed || !strings.Contains(errOut, `the file has columns that mean nothing here: "titel"`) {
		t.Errorf("a wrong head ends with %d: %s", code, errOut)
	}
	into := filepath.Join(folder, "out")
	code, out, errOut = with("export", "--out", into, "--json")
	var manifest exchange.Manifest
	if err := json.Unmarshal([]byte(out), &manifest); err != nil || code != shell.ExitDone {
		t.Fatalf("export ends with %d: %v %s", code, err, errOut)
	}
	rows := map[string]int{}
	for _, one := range manifest.Files {
		rows[one.Name] = one.Rows
	}
	for name, want := range map[string]int{"patrons.csv": 2, "items.csv": 1, "titles.mrc": 1, "request_timeline.csv": 0} {
		if got, written := rows[name]; !written || got != want {
			t.Errorf("%s: %d rows (written: %v), want %d", name, got, written, want)
		}
	}
	if code, _, errOut := with("export", "--out", into); code != shell.ExitFailed || !strings.Contains(errOut, "overwrites nothing") {
		t.Errorf("into the same folder: %d %s", code, errOut)
	}
	if code, _, errOut := with("export", "--out", into+"2", "--kind", "secrets"); code != shell.ExitUsage || !strings.Contains(errOut, "right are") {
		t.Errorf("an unknown kind: %d %s", code, errOut)
	}
	if code, out, errOut := with("import", "patrons", filepath.Join(into, "patrons.csv")); code != shell.ExitDone || !strings.Contains(out, "2 unchanged") {
		t.Errorf("what was taken out, read in again: %d %s%s", code, out, errOut)
	}
	var kept int
	err := db.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*) from import_runs where finished_at is not null`).Scan(&kept)
	})
	if err != nil || kept != 3 {
		t.Errorf("runs: %d, %v", kept, err)
	}
	theirs := file("illiad.csv", "Transaction,Status,Patron,Title\n4711,Awaiting Processing,21234000021001,A title\n4712,Finished,21234000021001,Another\n")
	mapped := file("map.yaml", "codes:\n  state: {\"Awaiting*\": needs_review}\nrequests:\n  columns: {number: transaction, state: status, card: patron, title: title}\n")
	code, out, errOut = with("import", "requests", theirs, "--map", mapped, "--secret", strings.Repeat("c2VjcmV0", 8))
	if code != shell.ExitFailed || !strings.Contains(out, "2 rows: 1 new") || !strings.Contains(errOut, "line 3, status:") {
		t.Errorf("requests end with %d: %s%s", code, out, errOut)
	}
	for _, kind := range exchange.Kinds() {
		code, out, _ := call(t, "import", kind, "--help")
		if code != shell.ExitDone || !strings.Contains(out, "afield import "+kind) {
			t.Errorf("help for %s: %d %s", kind, code, out)
		}
	}
}
