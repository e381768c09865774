package migrations_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"afield/broker/postgres/pgtest"
	"afield/migrations"
)

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func files(t *testing.T, texts map[string]string) []migrations.File {
	t.Helper()
	folder := fstest.MapFS{}
	for name, text := range texts {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	read, err := migrations.ReadFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestTwoAtOnceApplyEverythingOnce(t *testing.T) {
	t.Parallel()
	address := pgtest.EmptyURL(t)
	var group sync.WaitGroup
	counts := make([]int, 3)
	for i := range counts {
		conn := connect(t, address)
		group.Go(func() {
			applied, err := migrations.Up(t.Context(), conn)
			if err != nil {
				t.Error(err)
			}
			counts[i] = len(applied)
		})
	}
	group.Wait()
	all, err := migrations.Files()
	if err != nil {
		t.Fatal(err)
	}
	want := len(all) + migrations.LatestRiver()
	if total := counts[0] + counts[1] + counts[2]; total != want || max(counts[0], counts[1], counts[2]) != want {
		t.Errorf("the three applied %v, want one to apply all %d", counts, want)
	}
	if pending, err := migrations.Pending(t.Context(), connect(t, address)); err != nil || len(pending) != 0 {
		t.Errorf("still pending: %v, %v", pending, err)
	}
}

func TestNewDatabaseListsEverythingAsPending(t *testing.T) {
	t.Parallel()
	pending, err := migrations.Pending(t.Context(), connect(t, pgtest.EmptyURL(t)))
	if err != nil || len(pending) < 2 || pending[0] != "river" || !strings.HasPrefix(pending[1], "0001_") {
		t.Errorf("pending are %v, %v", pending, err)
	}
}

func TestDatabaseThatDoesNotMatchIsRefused(t *testing.T) {
	t.Parallel()
	const one, two = "0001_one.sql", "0002_two.sql"
	conn := connect(t, pgtest.EmptyURL(t))
	if _, err := migrations.UpFiles(t.Context(), conn, files(t, map[string]string{one: "create table one ()", two: "create table two ()"})); err != nil {
		t.Fatal(err)
	}
	for words, texts := range map[string]map[string]string{
		"newer Afield": {one: "create table one ()"},
		"was changed":  {one: "create table one ()", two: "create table two (id int)"},
		"next number":  {one: "create table one ()", two: "create table two ()", "0000_zero.sql": "select 1"},
	} {
		_, err := migrations.UpFiles(t.Context(), conn, files(t, texts))
		var mismatch *migrations.MismatchError
		if !errors.As(err, &mismatch) || !strings.Contains(err.Error(), words) {
			t.Errorf("the error is %v; want one that says %q", err, words)
		}
	}
}

func TestFailingFileLeavesNothingAndTellsTheLine(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.EmptyURL(t))
	broken := files(t, map[string]string{
		"0001_good.sql":   "create table good ()",
		"0002_broken.sql": "create table half ();\n\ncreate tabel oops ();",
	})
	applied, err := migrations.UpFiles(t.Context(), conn, broken)
	if err == nil || !strings.Contains(err.Error(), "0002_broken: line 3") {
		t.Errorf("the error is %v; want the file and the line", err)
	}
	if len(applied) == 0 || applied[len(applied)-1] != "0001_good" {
		t.Errorf("applied are %v, want all before the broken one", applied)
	}
	var half bool
	if err := conn.QueryRow(t.Context(), "select to_regclass('half') is not null").Scan(&half); err != nil || half {
		t.Errorf("half a file was kept: %v, %v", half, err)
	}
	mended := files(t, map[string]string{"0001_good.sql": "create table good ()", "0002_broken.sql": "create table whole ()"})
	if applied, err := migrations.UpFiles(t.Context(), conn, mended); err != nil || len(applied) != 1 {
		t.Errorf("after mending: %v, %v", applied, err)
	}
}

func TestRolesMayUseNewTablesUnlessAFileTakesItBack(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.EmptyURL(t))
	_, err := migrations.UpFiles(t.Context(), conn, files(t, map[string]string{
		"0001_ledger.sql": "create table ledger (id bigint generated always as identity); revoke update, delete on ledger from afield_app",
	}))
	if err != nil {
		t.Fatal(err)
	}
	for statement, allowed := range map[string]bool{
		"insert into ledger default values":    true,
		"select from ledger":                   true,
		"delete from ledger":                   false,
		"select from river_job":                true,
		"select from schema_migrations":        true,
		"delete from schema_migrations":        false,
		"create table mine ()":                 false,
		"alter table ledger add column x text": false,
	} {
		err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), "set local role afield_app"); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), statement)
			return err
		})
		if (err == nil) != allowed {
			t.Errorf("%s: %v; allowed should be %v", statement, err, allowed)
		}
	}
}

func TestFileNamesAreChecked(t *testing.T) {
	t.Parallel()
	for name, folder := range map[string]fstest.MapFS{
		"no number":   {"one.sql": {}},
		"same number": {"0001_a.sql": {}, "0001_b.sql": {}},
		"capitals":    {"0001_One.sql": {}},
	} {
		if _, err := migrations.ReadFolder(folder); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
