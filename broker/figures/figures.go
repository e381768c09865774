// Package figures knows what a library counts of its work, over which days and by
// which steps, and how the counts are written down. It reads no database: those
// who own the tables count.
package figures

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/csvfile"
)

// Figure is one thing that is counted.
type Figure string

// The figures.
const (
	FillRate    Figure = "fill_rate"
	Turnaround  Figure = "turnaround"
	Partners    Figure = "partners"
	Cost        Figure = "cost"
	Circulation Figure = "circulation"
	Demand      Figure = "demand"
	Money       Figure = "money"
	Annual      Figure = "annual"
)

// Names lists the figures.
func Names() []string {
	return []string{string(FillRate), string(Turnaround), string(Partners), string(Cost), string(Circulation), string(Demand), string(Money), string(Annual)}
}

// Steps are the lengths by which figures are divided.
func Steps() []string { return []string{"day", "month", "year"} }

// longest bounds a question by days: ten years would be 3,653 rows a figure.
const longest = 3660

// Question is what is asked: a figure, from a day to a day, by day, month or year.
type Question struct {
	Figure Figure
	By     string
	// From and To are the first and the last day, on the library's calendar.
	From, To broker.Date
}

// Ask fills in what was left out, the year so far by month, and says everything
// that is wrong with the rest. today is the library's.
func Ask(figure, by, from, to string, today broker.Date) (Question, error) {
	q := Question{Figure: Figure(figure), By: by, From: broker.NewDate(today.Year(), 1, 1), To: today}
	var wrong []broker.FieldError
	add := func(where, message string) {
		wrong = append(wrong, broker.FieldError{Pointer: "query:" + where, Code: "invalid", Message: message})
	}
	if !slices.Contains(Names(), figure) {
		add("figure", "must be one of "+strings.Join(Names(), ", "))
	}
	if q.By == "" {
		q.By = "month"
	}
	if q.Figure == Annual {
		q.By = "year"
	}
	if !slices.Contains(Steps(), q.By) {
		add("by", "must be one of "+strings.Join(Steps(), ", "))
	}
	read := func(where, text string, into *broker.Date) {
		if text == "" {
			return
		}
		date, err := broker.ParseDate(text)
		if err != nil {
			add(where, "must be a day such as 2026-08-22")
			return
		}
		*into = date
	}
	read("to", to, &q.To)
	if to != "" && from == "" {
		q.From = broker.NewDate(q.To.Year(), 1, 1)
	}
	read("from", from, &q.From)
	switch {
	case wrong != nil:
	case q.To.Before(q.From):
		add("to", "lies before from")
	case q.To.DaysSince(q.From) > longest:
		add("from", fmt.Sprintf("lies more than %d days before to", longest))
	}
	if wrong != nil {
		return q, broker.Invalid(wrong...)
	}
	return q, nil
}

// Pattern is how the database writes a step: 2026-08-22, 2026-08 or 2026.
func (q Question) Pattern() string {
	return map[string]string{"day": "YYYY-MM-DD", "month": "YYYY-MM", "year": "YYYY"}[q.By]
}

// Table is the answer: rows of cells, each a text, a number or nothing.
type Table struct {
	Question
	Columns []string
	Rows    [][]any
}

// Objects gives each row as an object, by the names of the columns.
func (t Table) Objects() []map[string]any {
	objects := []map[string]any{}
	for _, row := range t.Rows {
		object := map[string]any{}
		for i, name := range t.Columns {
			object[name] = row[i]
		}
		objects = append(objects, object)
	}
	return objects
}

// CSV writes the table with its columns' names in the first line; nothing is an
// empty cell. A text that a spreadsheet would take for a formula is told apart by
// an apostrophe.
func (t Table) CSV(out io.Writer) error {
	writer := csv.NewWriter(out)
	_ = writer.Write(t.Columns) // Error below has it
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			switch cell := cell.(type) {
			case nil:
			case string:
				cells[i] = csvfile.Defused(cell)
			default:
				cells[i] = fmt.Sprint(cell)
			}
		}
		_ = writer.Write(cells)
	}
	writer.Flush()
	return writer.Error()
}

// Share is how much part is of whole in percent, to one decimal; nothing where
// there is no whole.
func Share(part, whole int64) any {
	if whole == 0 {
		return nil
	}
	return tenth(100 * float64(part) / float64(whole))
}

// Ratio is how often one goes into the other, to two decimals; nothing where
// there is no other.
func Ratio(one, other int64) any {
	if other == 0 {
		return nil
	}
	return math.Round(100*float64(one)/float64(other)) / 100
}

// Spread gives the middle and the ninetieth percentile of durations, in hours to
// one decimal: the smallest duration that at least half, or nine in ten, do not
// pass. Nothing for none.
func Spread(hours []float64) (median, p90 any) {
	if len(hours) == 0 {
		return nil, nil
	}
	sorted := slices.Sorted(slices.Values(hours))
	at := func(share float64) float64 {
		return tenth(sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)])
	}
	return at(0.5), at(0.9)
}

func tenth(number float64) float64 { return math.Round(10*number) / 10 }
