package exchange

import (
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
	"afield/broker/csvfile"
	"afield/broker/filemap"
)

// Column is a column of a file.
type Column struct {
	Name string
	// Needed columns must be there; others may be left out, and then what is stored
	// stays as it is.
	Needed bool
	// Says tells in a few words what belongs in it.
	Says string
}

// row is one row of a file, or one record of a MARC file.
type row struct {
	line, index int
	columns     map[string]int
	fields      []string
	record      marc.Record
	syntax      *csvfile.RowError
	// raw are the cells as they came; called are the file's names of columns that it
	// calls otherwise than we do, and unread what could not be understood by its map.
	raw    []string
	called map[string]string
	unread []csvfile.RowError
	// What became of it.
	errors  []csvfile.RowError
	hint    *csvfile.RowError
	outcome outcome
	copies  copies
	// deleted tells of a record that its own system has deleted it.
	deleted bool
}

// copies is what became of the copies that a record names.
type copies struct {
	// in went in with their record, lost were left out with it, those of left by
	// themselves.
	in, lost int
	left     []csvfile.RowError
	// wrong are the copies that were left out as rows of a file of items.
	wrong []map[string]string
	// guessed counts codes of kinds of material that are not known here.
	guessed map[string]int
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

// csvFile reads CSV whose first line names the columns.
type csvFile struct {
	csv     *csv.Reader
	text    *csvfile.Text
	head    []string       // the first line, as it came
	columns map[string]int // ours, in the cells of a row
	layout  *layout        // of a file that is read by a map; else nil
	raw     bool
	index   int
}

// openCSV reads the head of a file. The separator (comma, semicolon, tab or
// vertical bar) is found from the first line; a byte order mark is skipped.
func openCSV(source io.Reader, known []Column, by Reading) (*csvFile, error) {
	text, err := csvfile.Open(source)
	if err != nil {
		return nil, err
	}
	reader := csv.NewReader(text)
	reader.Comma = csvfile.Delimiter(text.Start())
	names, err := reader.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, csvfile.Unreadable("empty", "is empty; the first line must name the columns: %s", listed(known))
	case broker.IsKind(err, broker.KindInvalid):
		return nil, err
	case err != nil:
		return nil, csvfile.Unreadable("not_csv", "has a first line that is not CSV: %s", csvfile.Plainly(err))
	}
	reader.ReuseRecord = false
	file := &csvFile{csv: reader, text: text, head: names, columns: map[string]int{}, raw: by.raw}
	if by.mapped == nil {
		return file, file.understand(names, known)
	}
	file.layout, err = by.layOut(names, known)
	if err == nil {
		file.columns = file.layout.columns
	}
	return file, err
}

func (f *csvFile) understand(names []string, known []Column) error {
	var unknown []string
	for at, name := range names {
		name = filemap.Normal(name)
		if _, twice := f.columns[name]; twice {
			return csvfile.Unreadable("column_twice", "has two columns named %q", shown(name))
		}
		if name == ReasonColumn {
			continue
		}
		f.columns[name] = at
		if !slices.ContainsFunc(known, func(column Column) bool { return column.Name == name }) {
			unknown = append(unknown, fmt.Sprintf("%q", shown(name)))
		}
	}
	if unknown != nil {
		return csvfile.Unreadable("unknown_column", "has columns that mean nothing here: %s; right are %s", strings.Join(unknown, ", "), listed(known))
	}
	var missing []string
	for _, column := range known {
		if column.Needed && !f.has(column.Name) {
			missing = append(missing, column.Name)
		}
	}
	if missing != nil {
		return csvfile.Unreadable("missing_column", "lacks the columns %s; right are %s", strings.Join(missing, ", "), listed(known))
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
	f.text.NextRow()
	fields, err := f.csv.Read()
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, io.EOF) || broker.IsKind(err, broker.KindInvalid):
		return nil, err
	case errors.As(err, &syntax):
		f.index++
		return &row{line: syntax.StartLine, index: f.index, raw: fields, syntax: &csvfile.RowError{Line: syntax.StartLine, Message: csvfile.Plainly(err)}}, nil
	case err != nil:
		return nil, fmt.Errorf("read the file: %w", err)
	}
	f.index++
	line, _ := f.csv.FieldPos(0)
	read := &row{line: line, index: f.index, columns: f.columns, fields: fields, raw: fields}
	if !f.raw {
		read.fields = csvfile.Armed(fields)
	}
	if f.layout != nil {
		f.layout.read(read)
	}
	for name, at := range f.columns {
		if !utf8.ValidString(read.fields[at]) {
			read.syntax = &csvfile.RowError{Line: line, Column: read.calls(name), Message: "is not valid UTF-8; save the file as UTF-8"}
		} else if strings.ContainsFunc(read.fields[at], func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t' }) {
			read.syntax = &csvfile.RowError{Line: line, Column: read.calls(name), Message: "has a control character in it; take it out"}
		}
	}
	return read, nil
}

// marcFile reads MARC records as rows.
type marcFile struct {
	reader marc.Reader
	index  int
}

func openMARC(source io.Reader) (*marcFile, error) {
	reader, err := marc.NewReader(source)
	if err != nil {
		return nil, csvfile.Unreadable("not_marc", "is no MARC file: %s", err)
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
		return &row{line: bad.Number, index: f.index, syntax: &csvfile.RowError{Line: bad.Number, Message: bad.Reason}}, nil
	case err != nil:
		return nil, csvfile.Unreadable("not_marc", "%s", err)
	}
	f.index++
	return &row{line: f.index, index: f.index, record: record, deleted: record.Leader[5] == 'd'}, nil
}

// shown shortens a stranger's text for a message.
func shown(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}
