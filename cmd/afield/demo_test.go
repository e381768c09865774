package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"afield/broker/postgres/pgtest"
	"afield/cmd/afield/demo"
	"afield/cmd/afield/shell"
)

func TestDemoEndsWithZeroWhenAllCameOutAsTold(t *testing.T) {
	t.Parallel()
	code, out, errOut := call(t, "demo", "--exit", "--only", "e", "--json", "--database-url", pgtest.URL(t))
	var report demo.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != shell.ExitDone || !report.Passed || len(report.Stories) != 1 {
		t.Fatalf("ended with %d: %v\n%s%s", code, err, out, errOut)
	}
}

func TestDemoEndsWithOneWhenNot(t *testing.T) {
	t.Parallel()
	ended := &shell.App{Ctx: t.Context(), Out: io.Discard, Err: io.Discard}
	if code := ended.Finish(demoError(demo.ErrNotAsTold)); code != shell.ExitFailed {
		t.Errorf("a story not as told ends with %d", code)
	}
	if code := ended.Finish(demoError(errors.New("the stage broke down"))); code != shell.ExitFailed {
		t.Errorf("a broken stage ends with %d", code)
	}
}

func TestDemoWithAStoryThatIsNone(t *testing.T) {
	t.Parallel()
	code, _, errOut := call(t, "demo", "--exit", "--only", "zebra", "--database-url", pgtest.URL(t))
	if code != shell.ExitUsage || !strings.Contains(errOut, "no such story") {
		t.Errorf("ended with %d: %s", code, errOut)
	}
}
