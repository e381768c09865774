package exchange

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"afield/broker"
	"afield/broker/csvfile"
	"afield/broker/filemap"
)

func (r *row) wrong(column, format string, args ...any) {
	r.wrongAs("", column, format, args...)
}

// wrongAs is wrong, with the code that the API gives for the same.
func (r *row) wrongAs(code, column, format string, args ...any) {
	column = r.calls(column)
	for _, known := range r.unread {
		if known.Column == column {
			return // what could not be understood is not judged, too
		}
	}
	r.errors = append(r.errors, csvfile.RowError{Line: r.line, Column: column, Code: code, Message: fmt.Sprintf(format, args...)})
}

// calls gives the name that the file has for a column of ours.
func (r *row) calls(column string) string {
	if name := r.called[column]; name != "" {
		return name
	}
	return column
}

// judge takes over what the package that owns a thing finds wrong with it.
// columns gives the file's columns by the fields of the contract; what the file
// does not say is not judged, but for what is needed.
func (r *row) judge(columns map[string]string, wrong []broker.FieldError, needed ...string) {
	for _, problem := range wrong {
		column := columns[problem.Pointer]
		if column == "" || !r.says(column) && !slices.Contains(needed, column) {
			continue
		}
		if text := r.text(column); text != "" {
			r.wrongAs(problem.Code, column, "%q %s", shown(text), problem.Message)
		} else {
			r.wrongAs(problem.Code, column, "is empty; it %s", problem.Message)
		}
	}
}

// longestText bounds one cell, in characters.
const longestText = 10000

// text gives a cell, trimmed; "" when the column is not there.
func (r *row) text(column string) string {
	at, found := r.columns[column]
	if !found || at >= len(r.fields) {
		return ""
	}
	text := filemap.Cell(column, r.fields[at])
	if utf8.RuneCountInString(text) > longestText {
		r.wrongAs("too_long", column, "must be at most %d characters", longestText)
		return ""
	}
	return text
}

// says tells whether the file has a column.
func (r *row) says(column string) bool {
	_, found := r.columns[column]
	return found
}

// needed is text that may not be empty.
func (r *row) needed(column string) string {
	text := r.text(column)
	if text == "" {
		r.wrongAs("required", column, "is empty; it is needed")
	}
	return text
}

// oneOf reads one of some words; an empty cell gives the first.
func (r *row) oneOf(column string, words ...string) string {
	text := strings.ToLower(r.text(column))
	if text == "" {
		return words[0]
	}
	if !slices.Contains(words, text) {
		known := slices.DeleteFunc(slices.Clone(words), func(word string) bool { return word == "" })
		r.wrongAs("not_allowed", column, "%q is not known; right are %s", shown(text), strings.Join(known, ", "))
	}
	return text
}

// list reads parts separated by semicolons.
func (r *row) list(column string) []string {
	parts := []string{}
	for part := range strings.SplitSeq(r.text(column), ";") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

func (r *row) date(column string) broker.Date {
	text := r.text(column)
	if text == "" {
		return broker.Date{}
	}
	date, err := broker.ParseDate(text)
	if err != nil || date.Year() < 1800 || date.Year() > 9999 {
		r.wrongAs("wrong_form", column, "%q is not a date; write it as 2026-08-22", shown(text))
		return broker.Date{}
	}
	return date
}

// moment reads an instant: with its offset, or on the library's own clock; a
// bare date is its midnight.
func (r *row) moment(column string, zone *time.Location) time.Time {
	text := r.text(column)
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil && at.Year() >= 1800 {
			return at.UTC().Truncate(time.Microsecond)
		}
	}
	r.wrongAs("wrong_form", column, "%q is not a time; write it as 2026-08-22 14:30, or 2026-08-22T18:30:00Z", shown(text))
	return time.Time{}
}

func (r *row) count(column string, otherwise int) int {
	text := r.text(column)
	if text == "" {
		return otherwise
	}
	count, err := strconv.ParseInt(text, 10, 32)
	if err != nil || count < 0 {
		r.wrongAs("wrong_form", column, "%q is not a whole number from 0; write it as 2", shown(text))
	}
	return int(count)
}

// yesNo reads yes or no in the usual words; nil when empty.
func (r *row) yesNo(column string) *bool {
	switch text := strings.ToLower(r.text(column)); text {
	case "":
		return nil
	case "yes", "y", "true", "t", "1":
		yes := true
		return &yes
	case "no", "n", "false", "f", "0":
		no := false
		return &no
	default:
		r.wrongAs("wrong_form", column, "%q is neither yes nor no", shown(text))
		return nil
	}
}

func (r *row) yes(column string, otherwise bool) bool {
	if answer := r.yesNo(column); answer != nil {
		return *answer
	}
	return otherwise
}

// minor reads an amount such as 12.50 in the library's currency.
func (r *row) minor(column, currency string) *int64 {
	text := strings.TrimPrefix(r.text(column), "$")
	if text == "" {
		return nil
	}
	money, err := broker.ParseMoney(text, currency)
	if err != nil {
		r.wrongAs("wrong_form", column, "%q is not an amount; write it as 12.50, in %s", shown(text), currency)
		return nil
	}
	return &money.Minor
}

// price is an amount that is not below zero.
func (r *row) price(column, currency string) *int64 {
	minor := r.minor(column, currency)
	if minor != nil && *minor < 0 {
		r.wrongAs("out_of_range", column, "must not be below zero")
	}
	return minor
}

func (r *row) json(column string, into any) {
	text := r.text(column)
	if text == "" {
		return
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		r.wrong(column, "is not what an export wrote there; leave it empty")
	}
}

func orNil(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
