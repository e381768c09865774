package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"afield/broker/postgres/pgtest"
	"afield/cmd/afield/demo"
)

func TestDemoEndsWithZeroWhenAllCameOutAsTold(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	for range 2 { // each in a database of its own, so the second comes out the same
		code, out, errOut := call(t, "demo", "--exit", "--only", "e", "--json", "--database-url", url)
		var report demo.Report
		if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitDone || !report.Passed || len(report.Stories) != 1 {
			t.Fatalf("ended with %d: %v\n%s%s", code, err, out, errOut)
		}
	}
}

func TestDemoEndsWithOneWhenNot(t *testing.T) {
	t.Parallel()
	ended := &app{ctx: t.Context(), out: io.Discard, err: io.Discard}
	if code := ended.finish(demoError(demo.ErrNotAsTold)); code != exitFailed {
		t.Errorf("a story not as told ends with %d", code)
	}
	if code := ended.finish(demoError(errors.New("the stage broke down"))); code != exitFailed {
		t.Errorf("a broken stage ends with %d", code)
	}
}

func TestDemoWithAStoryThatIsNone(t *testing.T) {
	t.Parallel()
	code, _, errOut := call(t, "demo", "--exit", "--only", "zebra", "--database-url", pgtest.URL(t))
	if code != exitUsage || !strings.Contains(errOut, "no such story") {
		t.Errorf("ended with %d: %s", code, errOut)
	}
}

func TestAnotherDatabaseOfTheSameServer(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"postgres://user:hush@host:5432/afield?sslmode=disable": "postgres://user:hush@host:5432/other?sslmode=disable",
		"postgres:///afield?host=%2Frun%2Fpg&dbname=x":          "postgres:///other?host=%2Frun%2Fpg",
		"host=/run/pg dbname=afield":                            "host=/run/pg dbname=afield dbname=other",
	} {
		if got, err := withDatabaseName(given, "other"); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", given, got, err, want)
		}
	}
}
