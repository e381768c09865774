package exchange

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/catalog/marc"
	"afield/broker/csvfile"
	"afield/broker/filemap"
	"afield/broker/postgres"
)

func marcKind() kind {
	return kind{
		name:  MARC,
		names: namesInRecord,
		save: func(ctx context.Context, tx *postgres.Tx, j *job, rows []*row) error {
			wanted := make([]wantedTitle, len(rows))
			found := make([]inRecord, len(rows))
			var pieces []piece
			for i, read := range rows {
				wanted[i] = wantedTitle{read: read, key: j.holdings.Key(read.record), title: marc.TitleOf(read.record)}
				wanted[i].title.Realm = j.library.SharingGroup
				if wanted[i].title.Title == "" {
					read.wrong("245", "is empty; a record needs a title in 245 $a")
				}
				found[i] = j.copiesIn(read, wanted[i].title.Format)
				found[i].title = wanted[i]
				pieces = append(pieces, found[i].pieces...)
			}
			if err := j.saveItems(ctx, tx, rows, wanted, pieces); err != nil {
				return err
			}
			for _, one := range found {
				j.settleCopies(one)
			}
			return j.saveRecords(ctx, tx, wanted, found)
		},
	}
}

// wrongCopy is what is wrong with a copy, told with the field of its record.
func (j *job) wrongCopy(one marc.Copy, wrong []csvfile.RowError) csvfile.RowError {
	told := csvfile.RowError{
		Line: wrong[0].Line, Column: j.holdings.Where(one.Tag, wrong[0].Column), Code: wrong[0].Code,
		Message: calledCopy(one) + ": " + wrong[0].Message,
	}
	for _, also := range wrong[1:] {
		told.Message += "; " + j.holdings.Where(one.Tag, also.Column) + ": " + also.Message
	}
	return told
}

// saveRecords keeps the records as they came, but for the copies that are items
// now.
func (j *job) saveRecords(ctx context.Context, tx *postgres.Tx, wanted []wantedTitle, found []inRecord) error {
	var sources []catalog.TitleRecord
	rows := map[broker.ID]*row{}
	for i, want := range wanted {
		if want.read.errors != nil {
			continue
		}
		var in []marc.Copy
		for at, piece := range found[i].pieces {
			if piece.as.errors == nil {
				in = append(in, found[i].copies[at])
			}
		}
		record, err := marc.Encode(marc.Without(want.read.record, in))
		if err != nil {
			return broker.Invalid(broker.FieldError{Pointer: "/record", Code: "wrong_form", Message: err.Error()})
		}
		key := cmp.Or(want.key, want.id.String())
		source := catalog.TitleRecord{Library: j.Library, ID: catalog.TitleRecordID(j.Library, key), Title: want.id, Key: key, Record: record}
		sources, rows[source.ID] = append(sources, source), want.read
	}
	saved, err := catalog.SaveTitleRecords(ctx, tx, sources)
	for id, read := range rows {
		if saved.Changed[id] && read.outcome == unchanged {
			read.outcome = changed
		}
	}
	return err
}

// namesInRecord gives a record's number.
func namesInRecord(read *row) []string {
	var names []string
	if key := marc.KeyOf(read.record); key != "" {
		names = append(names, "control number "+key)
	}
	return names
}

// barcodesIn gives the barcodes of a record's copies, in whichever way they are
// written: how the file does it is known only when all of it was looked at, unless
// it was said.
func (j *job) barcodesIn(record marc.Record) []string {
	ways := []marc.Holdings{j.holdings}
	if j.holdings.Name == "" {
		ways = ways[:0]
		for _, name := range marc.Ways() {
			way, _ := marc.Way(name)
			ways = append(ways, way)
		}
	}
	var names []string
	for _, way := range ways {
		for _, one := range way.Copies(record) {
			if one.Barcode != "" && !slices.Contains(names, "barcode "+one.Barcode) {
				names = append(names, "barcode "+one.Barcode)
			}
		}
	}
	return names
}

// inRecord is what a record says of copies.
type inRecord struct {
	read   *row
	title  wantedTitle
	copies []marc.Copy // of pieces
	pieces []piece
	left   []csvfile.RowError
	lacks  []marc.Copy // of left
}

// copiesIn reads the copies of a record. What is wrong with a copy costs that copy
// and neither the title nor the other copies.
func (j *job) copiesIn(read *row, format broker.Format) inRecord {
	in := inRecord{read: read}
	seen := map[string]bool{}
	for _, one := range slices.Concat(j.holdings.Copies(read.record), j.holdings.Elsewhere(read.record)) {
		if one.Lacks != "" {
			in.lacks = append(in.lacks, one)
			in.left = append(in.left, csvfile.RowError{Line: read.line, Column: one.Tag, Code: "no_copy", Message: calledCopy(one) + " " + one.Lacks})
			continue
		}
		as, columns := j.rowOf(read, one, format)
		made := piece{read: read, as: as, record: j.item(as), columns: columns}
		if before := j.first.Line("barcode " + one.Barcode); before < read.line || seen[one.Barcode] {
			as.errors = nil
			as.wrongAs("repeated", "barcode", "was in record %d already; keep it in one of them", before)
		}
		seen[one.Barcode] = true
		in.copies, in.pieces = append(in.copies, one), append(in.pieces, made)
	}
	return in
}

// calledCopy is what a copy can be told by.
func calledCopy(one marc.Copy) string {
	if one.Barcode != "" {
		return "copy " + shown(one.Barcode)
	}
	if told := strings.Trim(strings.Join([]string{one.Branch, one.CallNumber}, ", "), ", "); told != "" {
		return "the copy at " + shown(told)
	}
	return "a copy"
}

// rowOf makes of a copy a row such as a file of items has, and gives the columns of
// the table about which it says something.
func (j *job) rowOf(read *row, one marc.Copy, format broker.Format) (as *row, columns []string) {
	cells := one.Cells()
	as = &row{line: read.line, columns: map[string]int{}}
	cells["price"] = filemap.Amount(one.Price, j.library.Currency)
	for column, otherwise := range map[string]func(string) string{
		"branch": j.branchCalled, "status": marc.StatusOf, "type": func(code string) string { return j.typeCalled(read, one.Tag, code, format) },
	} {
		code := cells[column]
		if table := j.codes(column); table != nil && code != "" {
			meaning, known := table.Of(code)
			if !known {
				as.unread = append(as.unread, unmapped(read.line, column, column, code))
			}
			cells[column] = meaning
			continue
		}
		cells[column] = otherwise(code)
	}
	as.errors = slices.Clone(as.unread)
	said := map[string]string{
		"branch": "branch_id", "call_number": "call_number", "price": "price_minor", "status": "status", "type": "type",
		"audience": "audience", "parts": "parts", "loan_note": "loan_note",
	}
	columns = []string{"title_id"}
	told := one.Cells()
	for name, text := range cells {
		if text != "" && told[name] != "" && said[name] != "" {
			columns = append(columns, said[name])
		}
	}
	if one.Stays {
		cells["lendable"] = "no"
	}
	if one.Stays || j.holdings.SaysUse() {
		columns = append(columns, "lendable")
	}
	slices.Sort(columns)
	for name, text := range cells {
		as.columns[name] = len(as.fields)
		as.fields = append(as.fields, text)
	}
	return as, columns
}

// codes is the table of a map for a column of items; nil where there is none.
func (j *job) codes(column string) filemap.Table {
	if j.Map == nil {
		return nil
	}
	return j.Map.For(Items).Codes[column]
}

// branchCalled finds the branch that a code means, whatever the case of its letters.
func (j *job) branchCalled(code string) string {
	if _, known := j.branches[code]; known {
		return code
	}
	for ours := range j.branches {
		if strings.EqualFold(ours, code) {
			return ours
		}
	}
	return code
}

// typeCalled finds the kind of material that a code means: one of the library's
// own, or one that means the same in other systems. For another code it is that of
// the title, which is said.
func (j *job) typeCalled(read *row, tag, code string, format broker.Format) string {
	known := j.document.Items()
	for _, name := range []string{code, strings.ToLower(code), marc.KindOf(code)} {
		if slices.Contains(known, name) {
			return name
		}
	}
	if code != "" {
		if read.copies.guessed == nil {
			read.copies.guessed = map[string]int{}
		}
		read.copies.guessed[j.holdings.Where(tag, "type")+" "+shown(code)]++
	}
	return string(format)
}

// settleCopies notes on a record what became of its copies.
func (j *job) settleCopies(in inRecord) {
	left, wrong := in.left, []map[string]string{}
	for _, one := range in.lacks {
		wrong = append(wrong, in.asItem(one))
	}
	for i, piece := range in.pieces {
		switch {
		case piece.as.errors != nil:
			left, wrong = append(left, j.wrongCopy(in.copies[i], piece.as.errors)), append(wrong, in.asItem(in.copies[i]))
		case in.read.errors != nil:
			wrong = append(wrong, in.asItem(in.copies[i]))
			left = append(left, csvfile.RowError{
				Line: in.read.line, Column: in.copies[i].Tag, Code: "no_title",
				Message: fmt.Sprintf("copy %s is left out with its record", shown(in.copies[i].Barcode)),
			})
		default:
			in.read.copies.in++
		}
	}
	in.read.copies.left, in.read.copies.wrong = left, wrong
}

// asItem is a copy as a row of a file of items.
func (in inRecord) asItem(one marc.Copy) map[string]string {
	cells, title := one.Cells(), in.title
	cells["title_key"], cells["title"], cells["author"], cells["format"] = title.key, title.title.Title, title.title.Author, string(title.title.Format)
	cells["form"], cells["isbn"], cells["oclc"] = title.title.Form, strings.Join(title.title.ISBNs, ";"), title.title.OCLC
	if one.Stays {
		cells["lendable"] = "no"
	}
	return cells
}
