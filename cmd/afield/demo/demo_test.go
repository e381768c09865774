package demo

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"afield/broker/postgres/pgtest"
)

var secret = bytes.Repeat([]byte("demo test secret"), 2)

// run plays the demo in a database of its own.
func run(t *testing.T, change func(*Config)) (Report, string, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	var out bytes.Buffer
	config := Config{DB: pgtest.New(t), Secret: secret, Exit: true, Out: &out, Progress: io.Discard, Version: "test"}
	if change != nil {
		change(&config)
	}
	report, err := Run(ctx, config)
	return report, out.String(), err
}

func TestEveryStoryComesOutAsTold(t *testing.T) {
	t.Parallel()
	report, text, err := run(t, nil)
	if err != nil || !report.Passed {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(report.Stories) != len(stories()) {
		t.Errorf("%d stories were told, there are %d", len(report.Stories), len(stories()))
	}
	for _, told := range report.Stories {
		if told.Checked == 0 || len(told.Lines) == 0 {
			t.Errorf("story (%s) has %d facts and %d lines", told.ID, told.Checked, len(told.Lines))
		}
	}
	if testing.Verbose() {
		t.Log(text)
	}
}
