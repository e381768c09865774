package csvfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"afield/broker"
)

// longestRow bounds one row, in bytes: an unclosed quotation mark must not pull
// the rest of a huge file into memory.
const longestRow = 1 << 20

// buffered is how much is read at a time, and how much of the start can be
// looked at beforehand, in bytes.
const buffered = 1 << 16

// Text is the text of a file.
type Text struct {
	*bufio.Reader
	limit *rowLimit
}

// Open looks at the first bytes of a file. The error is invalid input when it is
// in UTF-16.
func Open(source io.Reader) (*Text, error) {
	limit := &rowLimit{source: source, left: longestRow}
	text := &Text{Reader: bufio.NewReaderSize(limit, buffered), limit: limit}
	mark, _ := text.Peek(3)
	switch {
	case bytes.Equal(mark, []byte("\xef\xbb\xbf")):
		_, _ = text.Discard(3)
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return nil, Unreadable("not_utf8", "is in UTF-16; save it as UTF-8")
	}
	return text, nil
}

// Start gives the first bytes of the text, without reading on.
func (t *Text) Start() []byte {
	start, _ := t.Peek(buffered)
	return start
}

// NextRow lets the next row be as long as any may be; a longer one ends the
// reading with an error of kind invalid.
func (t *Text) NextRow() { t.limit.left = longestRow }

// Unreadable is the error that a file as a whole cannot be read; the message
// goes on from "the file".
func Unreadable(code, format string, args ...any) *broker.Error {
	return broker.Invalid(broker.FieldError{Pointer: "/file", Code: code, Message: fmt.Sprintf(format, args...)})
}

// RowError says what is wrong with a row, and what would be right.
type RowError struct {
	// Line is the line the row begins on, from 1; in a MARC file the number of
	// the record.
	Line int `json:"line"`
	// Column is the column's name; "" when the whole row is meant.
	Column string `json:"column,omitempty"`
	// Code is the problem's code, the one that the API gives for the same field;
	// "" where it has none.
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
}

// String gives "line 12, birth_date: …".
func (e RowError) String() string {
	if e.Column == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Message)
	}
	return fmt.Sprintf("line %d, %s: %s", e.Line, e.Column, e.Message)
}

// Plainly says what is wrong with a row as CSV and what would be right.
func Plainly(err error) string {
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

func (l *rowLimit) Read(into []byte) (int, error) {
	if l.left <= 0 {
		return 0, Unreadable("row_too_long", "has a row of more than %d bytes; look for a quotation mark that is never closed", longestRow)
	}
	read, err := l.source.Read(into[:min(len(into), l.left)])
	l.left -= read
	return read, err
}
