package exchange

import (
	"encoding/csv"
	"strings"

	"afield/broker/csvfile"
)

// wrongRows writes the rows that were left out as they came, each with the reason
// in a column of its own, so that they can be mended and read again. Of a MARC file
// these are the copies, as rows of a file of items.
type wrongRows struct {
	csv     *csv.Writer
	columns int
}

// begin writes the first line.
func (j *job) beginWrong() error {
	if j.Errors == nil {
		return nil
	}
	j.wrong = &wrongRows{csv: csv.NewWriter(j.Errors)}
	var head []string
	switch file := j.file.(type) {
	case *csvFile:
		j.wrong.csv.Comma = file.csv.Comma
		head = file.head
	default:
		head = wrongCopyColumns
	}
	j.wrong.columns = len(head)
	if len(head) > 0 && strings.TrimSpace(head[len(head)-1]) == ReasonColumn {
		j.wrong.columns--
	}
	return j.wrong.write(head[:j.wrong.columns], ReasonColumn)
}

func (w *wrongRows) write(cells []string, reason string) error {
	line := make([]string, w.columns+1)
	copy(line[:w.columns], cells)
	line[w.columns] = reason
	return w.csv.Write(line)
}

// note writes a row with what is wrong with it.
func (j *job) note(read *row, wrong []csvfile.RowError) {
	if j.wrong == nil || len(wrong) == 0 {
		return
	}
	var reasons []string
	for _, one := range wrong {
		reason := one.Message
		if one.Column != "" {
			reason = one.Column + ": " + reason
		}
		reasons = append(reasons, reason)
	}
	// An error of writing is told when the last of it is written.
	_ = j.wrong.write(read.raw, strings.Join(reasons, "; "))
}

// wrongCopyColumns are those of a file of items that records fill.
var wrongCopyColumns = []string{
	"barcode", "title_key", "title", "author", "isbn", "oclc", "format", "form", "type", "call_number", "branch", "price", "status", "lendable", "loan_note",
}

// noteCopies writes the copies of a record that were left out.
func (j *job) noteCopies(read *row) {
	if j.wrong == nil {
		return
	}
	for i, cells := range read.copies.wrong {
		line := make([]string, len(wrongCopyColumns))
		for at, column := range wrongCopyColumns {
			line[at] = cells[column]
		}
		wrong := read.copies.left[i]
		_ = j.wrong.write(line, wrong.Column+": "+wrong.Message)
	}
}

// endWrong writes what is still held back, and gives an error of any of it.
func (j *job) endWrong() error {
	if j.wrong == nil {
		return nil
	}
	j.wrong.csv.Flush()
	return j.wrong.csv.Error()
}
