package csvfile_test

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/csvfile"
)

// A byte order mark is passed over, UTF-16 refused, and the start can be looked
// at before the first row is read.
func TestTheFirstBytes(t *testing.T) {
	t.Parallel()
	text, err := csvfile.Open(strings.NewReader("\xef\xbb\xbfa;b\n1;2\n"))
	if err != nil {
		t.Fatal(err)
	}
	if start := string(text.Start()); start != "a;b\n1;2\n" {
		t.Errorf("starts with %q", start)
	}
	if line, _ := text.ReadString('\n'); line != "a;b\n" {
		t.Errorf("the first line is %q", line)
	}
	if _, err := csvfile.Open(strings.NewReader("\xff\xfea\x00")); !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("UTF-16 came to %v", err)
	}
}

// Many rows come to more than one may: only a single row without an end is
// stopped.
func TestARowThatNeverEndsIsStopped(t *testing.T) {
	t.Parallel()
	row := strings.Repeat("x", 1<<19) + "\n"
	for file, want := range map[string]int{strings.Repeat(row, 4): 4, row + `"` + strings.Repeat("x", 1<<22): 1} {
		text, err := csvfile.Open(strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		rows, read := csv.NewReader(text), 0
		for err == nil {
			text.NextRow()
			if _, err = rows.Read(); err == nil {
				read++
			}
		}
		if read != want || errors.Is(err, io.EOF) == broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("%d rows were read, want %d: %v", read, want, err)
		}
	}
}

// What is wrong with a row as CSV is said for the person who wrote it.
func TestFaultsInPlainWords(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"a,b\n1\n":        "has another number of fields",
		"a,b\n1,x\"y\n":   "has a quotation mark inside a field",
		"a,b\n1,\"x\"y\n": "has a quoted field that does not end where it should",
	} {
		_, err := csv.NewReader(strings.NewReader(file)).ReadAll()
		if said := csvfile.Plainly(err); !strings.HasPrefix(said, want) {
			t.Errorf("%q: %s", file, said)
		}
	}
	if said := (csvfile.RowError{Line: 12, Column: "birth_date", Message: "is no date"}).String(); said != "line 12, birth_date: is no date" {
		t.Error(said)
	}
}
