package directory

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
	"afield/broker/csvfile"
)

// file reads a directory file row by row.
type file struct {
	csv     *csv.Reader
	text    *csvfile.Text
	form    form
	columns map[string]int
}

// openFile reads the head of a file and finds its form. An error is invalid
// input with a message for the person who wrote the file.
func openFile(source io.Reader) (*file, error) {
	text, err := csvfile.Open(source)
	if err != nil {
		return nil, err
	}
	reader := csv.NewReader(text)
	head, err := reader.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, csvfile.Unreadable("empty", "is empty; the first line must name the columns")
	case isFatal(err):
		return nil, err
	case err != nil:
		return nil, csvfile.Unreadable("not_csv", "has a first line that is not CSV: %s", csvfile.Plainly(err))
	}
	reader.ReuseRecord = true
	opened := &file{csv: reader, text: text}
	return opened, opened.understand(head)
}

func (f *file) understand(head []string) error {
	f.columns = map[string]int{}
	for at, name := range head {
		name = strings.ToUpper(strings.TrimSpace(name))
		if _, twice := f.columns[name]; twice {
			return csvfile.Unreadable("column_twice", "has two columns named %s", shown(name))
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
				return csvfile.Unreadable("unknown_column", "has a column %q that means nothing here; known are %s", shown(name),
					strings.Join(slices.Concat(form.needed, form.known), ", "))
			}
		}
		f.form = form
		return nil
	}
	return csvfile.Unreadable("unknown_form", "has none of the accepted sets of columns: %s", strings.Join(accepted, "; or "))
}

// next reads a row. The errors of a row come back beside it; err is io.EOF at
// the end, or why nothing more can be read.
func (f *file) next() (row importedRow, wrong []csvfile.RowError, err error) {
	f.text.NextRow()
	fields, err := f.csv.Read()
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, io.EOF) || isFatal(err):
		return row, nil, err
	case errors.As(err, &syntax):
		return row, []csvfile.RowError{{Line: syntax.StartLine, Message: csvfile.Plainly(err)}}, nil
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
		} else if wrong := broker.CheckSigns("", fields[at]); f.form.reads(name) && wrong != nil {
			cells.wrong(name, "%s", wrong[0].Message)
		}
	}
	if cells.errors == nil {
		row = f.form.read(cells)
		row.line, row.currency = line, CurrencyOf(row.country)
	}
	slices.SortFunc(cells.errors, func(a, b csvfile.RowError) int { return f.columns[a.Column] - f.columns[b.Column] })
	return row, cells.errors, nil
}

// isFatal tells whether an error is our own, after which nothing more can be
// read.
func isFatal(err error) bool { return broker.IsKind(err, broker.KindInvalid) }
