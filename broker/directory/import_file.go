package directory

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"afield/broker"
)

// longestRow bounds one row, in bytes: an unclosed quotation mark must not pull
// the rest of a huge file into memory.
const longestRow = 1 << 20

// file reads a directory file row by row.
type file struct {
	csv     *csv.Reader
	limit   *rowLimit
	form    form
	columns map[string]int
}

// openFile reads the head of a file and finds its form. An error is invalid
// input with a message for the person who wrote the file.
func openFile(source io.Reader) (*file, error) {
	limit := &rowLimit{source: source}
	limit.next()
	start := bufio.NewReader(limit)
	mark, _ := start.Peek(3)
	switch {
	case bytes.Equal(mark, []byte("\xef\xbb\xbf")):
		_, _ = start.Discard(3)
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return nil, notAFile("not_utf8", "is in UTF-16; save it as UTF-8")
	}
	reader := csv.NewReader(start)
	head, err := reader.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, notAFile("empty", "is empty; the first line must name the columns")
	case isFatal(err):
		return nil, err
	case err != nil:
		return nil, notAFile("not_csv", "has a first line that is not CSV: "+plainly(err))
	}
	reader.ReuseRecord = true
	opened := &file{csv: reader, limit: limit}
	return opened, opened.understand(head)
}

func (f *file) understand(head []string) error {
	f.columns = map[string]int{}
	for at, name := range head {
		name = strings.ToUpper(strings.TrimSpace(name))
		if _, twice := f.columns[name]; twice {
			return notAFile("column_twice", fmt.Sprintf("has two columns named %s", shown(name)))
		}
		f.columns[name] = at
	}
	var accepted []string
	for _, form := range forms() {
		accepted = append(accepted, fmt.Sprintf("%s (%s; may have %s)", form.name, strings.Join(form.needed, ", "), strings.Join(form.known, ", ")))
		if slices.ContainsFunc(form.needed, func(column string) bool { _, has := f.columns[column]; return !has }) {
			continue
		}
		for name := range f.columns {
			if form.closed && !form.reads(name) {
				return notAFile("unknown_column", fmt.Sprintf("has a column %q that means nothing here; known are %s", shown(name),
					strings.Join(slices.Concat(form.needed, form.known), ", ")))
			}
		}
		f.form = form
		return nil
	}
	return notAFile("unknown_form", "has none of the accepted sets of columns: "+strings.Join(accepted, "; or "))
}

// next reads a row. The errors of a row come back beside it; err is io.EOF at
// the end, or why nothing more can be read.
func (f *file) next() (row importedRow, wrong []RowError, err error) {
	f.limit.next()
	fields, err := f.csv.Read()
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, io.EOF) || isFatal(err):
		return row, nil, err
	case errors.As(err, &syntax):
		return row, []RowError{{Line: syntax.StartLine, Message: plainly(err)}}, nil
	case err != nil:
		return row, nil, fmt.Errorf("read the file: %w", err)
	}
	line, _ := f.csv.FieldPos(0)
	cells := &cells{line: line, columns: f.columns, fields: fields}
	for name, at := range f.columns {
		if !utf8.ValidString(fields[at]) {
			cells.wrong(name, "is not valid UTF-8; save the file as UTF-8")
		} else if f.form.reads(name) && strings.ContainsFunc(fields[at], unicode.IsControl) {
			cells.wrong(name, "has a line break or another control character in it; write it on one line")
		}
	}
	if cells.errors == nil {
		row = f.form.read(cells)
		row.line, row.currency = line, currencyOf(row.country)
	}
	slices.SortFunc(cells.errors, func(a, b RowError) int { return f.columns[a.Column] - f.columns[b.Column] })
	return row, cells.errors, nil
}

// plainly says what is wrong with a row as CSV and what would be right.
func plainly(err error) string {
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		return "has another number of fields than the first line has columns; quote fields that contain commas"
	case errors.Is(err, csv.ErrBareQuote):
		return `has a quotation mark inside a field that is not quoted; write the field as "a ""word"" in quotes"`
	case errors.Is(err, csv.ErrQuote):
		return `has a quoted field that does not end where it should; close it, and double quotation marks inside it`
	}
	return err.Error()
}

// RowError says what is wrong with a row, and what would be right.
type RowError struct {
	// Line is the line in the file the row begins on, from 1.
	Line int `json:"line"`
	// Column is the column's name; "" when the whole row is meant.
	Column  string `json:"column,omitempty"`
	Message string `json:"message"`
}

// String gives "line 12, LATITUDE: …".
func (e RowError) String() string {
	if e.Column == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Message)
	}
	return fmt.Sprintf("line %d, %s: %s", e.Line, e.Column, e.Message)
}

func notAFile(code, message string) *broker.Error {
	return broker.Invalid(broker.FieldError{Pointer: "/file", Code: code, Message: message})
}

// isFatal tells errors of ours, after which nothing more can be read.
func isFatal(err error) bool { return broker.IsKind(err, broker.KindInvalid) }

// rowLimit stops a row that never ends.
type rowLimit struct {
	source io.Reader
	left   int
}

func (l *rowLimit) next() { l.left = longestRow }

func (l *rowLimit) Read(into []byte) (int, error) {
	if l.left <= 0 {
		return 0, notAFile("row_too_long", fmt.Sprintf("has a row of more than %d bytes; look for a quotation mark that is never closed", longestRow))
	}
	read, err := l.source.Read(into[:min(len(into), l.left)])
	l.left -= read
	return read, err
}
