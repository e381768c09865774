package exchange

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
	"afield/broker/catalog/marc"
)

// longestRow bounds one row, in bytes: an unclosed quotation mark must not pull
// the rest of a huge file into memory.
const longestRow = 1 << 20

// RowError says what is wrong with a row, and what would be right.
type RowError struct {
	// Line is the line the row begins on, from 1; in a MARC file the number of
	// the record.
	Line int `json:"line"`
	// Column is the column's name; "" when the whole row is meant.
	Column  string `json:"column,omitempty"`
	Message string `json:"message"`
}

// String gives "line 12, birth_date: …".
func (e RowError) String() string {
	if e.Column == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Message)
	}
	return fmt.Sprintf("line %d, %s: %s", e.Line, e.Column, e.Message)
}

// Column is a column of a file.
type Column struct {
	Name string
	// Needed columns must be there; others may be left out, and then leave what
	// is stored as it is.
	Needed bool
	// Says tells what belongs into it, in a few words.
	Says string
}

// row is one row of a file, or one record of a MARC file.
type row struct {
	line, index int
	columns     map[string]int
	fields      []string
	record      marc.Record
	syntax      *RowError
	// What working it came to.
	errors  []RowError
	outcome outcome
}

type outcome int

const (
	unchanged outcome = iota
	isNew
	changed
)

// rowReader reads a file row by row; io.EOF at the end.
type rowReader interface {
	next() (*row, error)
	has(column string) bool
}

func notAFile(code, format string, args ...any) *broker.Error {
	return broker.Invalid(broker.FieldError{Pointer: "/file", Code: code, Message: fmt.Sprintf(format, args...)})
}

// csvFile reads CSV whose first line names the columns.
type csvFile struct {
	csv     *csv.Reader
	limit   *rowLimit
	columns map[string]int
	index   int
}

// openCSV reads the head of a file. Comma, semicolon, tab and vertical bar are
// told apart by the first line; a byte order mark is passed over.
func openCSV(source io.Reader, known []Column) (*csvFile, error) {
	limit := &rowLimit{source: source}
	limit.next()
	start := bufio.NewReaderSize(limit, 1<<16)
	mark, _ := start.Peek(3)
	switch {
	case bytes.Equal(mark, []byte("\xef\xbb\xbf")):
		_, _ = start.Discard(3)
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return nil, notAFile("not_utf8", "is in UTF-16; save it as UTF-8")
	}
	head, _ := start.Peek(1 << 16)
	reader := csv.NewReader(start)
	reader.Comma = delimiter(head)
	names, err := reader.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, notAFile("empty", "is empty; the first line must name the columns: %s", listed(known))
	case broker.IsKind(err, broker.KindInvalid):
		return nil, err
	case err != nil:
		return nil, notAFile("not_csv", "has a first line that is not CSV: %s", plainly(err))
	}
	reader.ReuseRecord = false
	file := &csvFile{csv: reader, limit: limit, columns: map[string]int{}}
	return file, file.understand(names, known)
}

// delimiter is the likeliest of the usual ones, by the first line.
func delimiter(head []byte) rune {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best, most := ',', 0
	for _, candidate := range ",;\t|" {
		if count := bytes.Count(line, []byte(string(candidate))); count > most {
			best, most = candidate, count
		}
	}
	return best
}

func (f *csvFile) understand(names []string, known []Column) error {
	var unknown []string
	for at, name := range names {
		name = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), " ", "_")
		if _, twice := f.columns[name]; twice {
			return notAFile("column_twice", "has two columns named %q", shown(name))
		}
		f.columns[name] = at
		if !slices.ContainsFunc(known, func(column Column) bool { return column.Name == name }) {
			unknown = append(unknown, fmt.Sprintf("%q", shown(name)))
		}
	}
	if unknown != nil {
		return notAFile("unknown_column", "has columns that mean nothing here: %s; right are %s", strings.Join(unknown, ", "), listed(known))
	}
	var missing []string
	for _, column := range known {
		if column.Needed && !f.has(column.Name) {
			missing = append(missing, column.Name)
		}
	}
	if missing != nil {
		return notAFile("missing_column", "lacks the columns %s; right are %s", strings.Join(missing, ", "), listed(known))
	}
	return nil
}

func listed(columns []Column) string {
	var names []string
	for _, column := range columns {
		name := column.Name
		if column.Needed {
			name += " (needed)"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func (f *csvFile) has(column string) bool { _, has := f.columns[column]; return has }

func (f *csvFile) next() (*row, error) {
	f.limit.next()
	fields, err := f.csv.Read()
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, io.EOF) || broker.IsKind(err, broker.KindInvalid):
		return nil, err
	case errors.As(err, &syntax):
		f.index++
		return &row{line: syntax.StartLine, index: f.index, syntax: &RowError{Line: syntax.StartLine, Message: plainly(err)}}, nil
	case err != nil:
		return nil, fmt.Errorf("read the file: %w", err)
	}
	f.index++
	line, _ := f.csv.FieldPos(0)
	read := &row{line: line, index: f.index, columns: f.columns, fields: fields}
	for name, at := range f.columns {
		if !utf8.ValidString(fields[at]) {
			read.syntax = &RowError{line, name, "is not valid UTF-8; save the file as UTF-8"}
		} else if strings.ContainsFunc(fields[at], func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t' }) {
			read.syntax = &RowError{line, name, "has a control character in it; take it out"}
		}
	}
	return read, nil
}

// plainly says what is wrong with a row as CSV and what would be right.
func plainly(err error) string {
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		return "has another number of fields than the first line has columns; quote fields that contain the delimiter"
	case errors.Is(err, csv.ErrBareQuote):
		return `has a quotation mark inside a field that is not quoted; write the field as "a ""word"" in quotes"`
	case errors.Is(err, csv.ErrQuote):
		return `has a quoted field that does not end where it should; close it, and double quotation marks inside it`
	}
	return err.Error()
}

// rowLimit stops a row that never ends.
type rowLimit struct {
	source io.Reader
	left   int
}

func (l *rowLimit) next() { l.left = longestRow }

func (l *rowLimit) Read(into []byte) (int, error) {
	if l.left <= 0 {
		return 0, notAFile("row_too_long", "has a row of more than %d bytes; look for a quotation mark that is never closed", longestRow)
	}
	read, err := l.source.Read(into[:min(len(into), l.left)])
	l.left -= read
	return read, err
}

// marcFile reads MARC records as rows.
type marcFile struct {
	reader marc.Reader
	index  int
}

func openMARC(source io.Reader) (*marcFile, error) {
	reader, err := marc.NewReader(source)
	if err != nil {
		return nil, notAFile("not_marc", "is no MARC file: %s", err)
	}
	return &marcFile{reader: reader}, nil
}

func (f *marcFile) has(string) bool { return true }

func (f *marcFile) next() (*row, error) {
	record, err := f.reader.Next()
	var bad *marc.BadRecord
	switch {
	case errors.Is(err, io.EOF):
		return nil, err
	case errors.As(err, &bad):
		f.index++
		return &row{line: bad.Number, index: f.index, syntax: &RowError{Line: bad.Number, Message: bad.Reason}}, nil
	case err != nil:
		return nil, notAFile("not_marc", "%s", err)
	}
	f.index++
	return &row{line: f.index, index: f.index, record: record}, nil
}

// shown keeps what a stranger wrote short in a message.
func shown(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}
