package exchange

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/catalog/marc"
	"afield/broker/csvfile"
	"afield/broker/postgres"
)

// list streams a listing into a file, row by row as the database sends them.
func (e *export) list(ctx context.Context, tx *postgres.Tx, listing postgres.Listing, out io.Writer) (int, error) {
	if err := tx.Flush(ctx); err != nil {
		return 0, err
	}
	rows, err := tx.Query(ctx, listing.SQL, pgx.QueryResultFormats{pgx.TextFormatCode}, e.Library)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	write, end, err := e.form(out, rows.FieldDescriptions())
	if err != nil {
		return 0, err
	}
	count := 0
	for rows.Next() {
		if err := write(rows.RawValues()); err != nil {
			return count, err
		}
		count++
	}
	if err := rows.Err(); err != nil {
		return count, err
	}
	return count, end()
}

// form gives a function that writes one row, and one that ends the file.
func (e *export) form(out io.Writer, fields []pgconn.FieldDescription) (write func([][]byte) error, end func() error, err error) {
	if e.Format == JSON {
		return jsonForm(out, fields)
	}
	writer := csv.NewWriter(out)
	cells := make([]string, len(fields))
	for i, field := range fields {
		cells[i] = field.Name
	}
	if err := writer.Write(cells); err != nil {
		return nil, nil, err
	}
	write = func(raw [][]byte) error {
		for i, value := range raw {
			cells[i] = cellText(fields[i].DataTypeOID, value)
			if !e.Raw {
				cells[i] = csvfile.Defused(cells[i])
			}
		}
		return writer.Write(cells)
	}
	return write, func() error { writer.Flush(); return writer.Error() }, nil
}

// jsonForm writes a list of objects, one a line, in the order of the columns.
func jsonForm(out io.Writer, fields []pgconn.FieldDescription) (write func([][]byte) error, end func() error, err error) {
	before := "[\n"
	write = func(raw [][]byte) error {
		var line strings.Builder
		line.WriteString(before)
		before = ",\n"
		for i, value := range raw {
			name, err := json.Marshal(fields[i].Name)
			if err != nil {
				return err
			}
			text, err := jsonText(fields[i].DataTypeOID, value)
			if err != nil {
				return err
			}
			line.WriteByte("{,"[min(i, 1)])
			line.Write(name)
			line.WriteByte(':')
			line.Write(text)
		}
		line.WriteByte('}')
		_, err := io.WriteString(out, line.String())
		return err
	}
	end = func() error {
		if before == "[\n" {
			_, err := io.WriteString(out, "[]\n")
			return err
		}
		_, err := io.WriteString(out, "\n]\n")
		return err
	}
	return write, end, nil
}

// cellText writes a value as the importers read it.
func cellText(kind uint32, raw []byte) string {
	if raw == nil {
		return ""
	}
	switch kind {
	case pgtype.TimestamptzOID:
		return instant(string(raw))
	case pgtype.BoolOID:
		if string(raw) == "t" {
			return "yes"
		}
		return "no"
	}
	return string(raw)
}

func jsonText(kind uint32, raw []byte) ([]byte, error) {
	switch {
	case raw == nil:
		return []byte("null"), nil
	case kind == pgtype.JSONBOID || kind == pgtype.JSONOID || kind == pgtype.Int4OID || kind == pgtype.Int8OID:
		return raw, nil
	case kind == pgtype.BoolOID:
		return json.Marshal(string(raw) == "t")
	}
	// Money stays text: a JSON number may lose its last digit on the way.
	return json.Marshal(cellText(kind, raw))
}

// instant turns PostgreSQL's own form of an instant into RFC 3339 in UTC.
func instant(text string) string {
	for _, layout := range []string{"2006-01-02 15:04:05.999999-07", "2006-01-02 15:04:05.999999-07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC().Format(time.RFC3339Nano)
		}
	}
	return text // infinity
}

// pageOfTitles is how many titles are in memory at once.
const pageOfTitles = 500

// mostCopies is how many copies are put into a binary MARC record when all of
// them do not fit.
const mostCopies = 100

// titles writes the library's titles with their copies as MARC, binary or XML.
func (e *export) titles(ctx context.Context, tx *postgres.Tx, writer marc.Writer) (count int, note string, err error) {
	left, tooLong := 0, 0
	for after := broker.NoID; ; {
		titles, err := catalog.EachOwned(ctx, tx, e.Library, after, pageOfTitles)
		if err != nil {
			return count, "", err
		}
		ids := make([]broker.ID, len(titles))
		for i, title := range titles {
			ids[i] = title.ID
		}
		items, err := catalog.ItemsOfTitles(ctx, tx, e.Library, ids)
		if err != nil {
			return count, "", err
		}
		sources, err := catalog.TitleRecordsOf(ctx, tx, e.Library, ids)
		if err != nil {
			return count, "", err
		}
		for _, title := range titles {
			for i, make := range recordsOf(title, sources[title.ID]) {
				var copies []marc.Copy
				if i == 0 {
					copies = e.copies(items[title.ID])
				}
				err := writer.Write(make(copies))
				for _, fewer := range []int{mostCopies, 0} {
					if err != nil && len(copies) > fewer {
						left += len(copies) - fewer
						copies = copies[:fewer]
						err = writer.Write(make(copies))
					}
				}
				switch {
				case err == nil:
					count++
				case marc.Fits(make(nil)):
					return count, "", fmt.Errorf("title %s: %w", title.Key, err) // the disk failed, not the title
				default:
					tooLong++
				}
			}
		}
		if len(titles) < pageOfTitles {
			break
		}
		after = ids[len(ids)-1]
	}
	var notes []string
	if tooLong > 0 {
		notes = append(notes, fmt.Sprintf("%d titles are too long for a MARC record; the file of titles has them", tooLong))
	}
	if left > 0 {
		notes = append(notes, fmt.Sprintf("%d copies did not fit into their MARC records; the file of items has them", left))
	}
	note = strings.Join(notes, "; ")
	return count, note, writer.Close()
}

// recordsOf gives what makes the records of a title: the library's own as they
// came, with copies; else one of what is known here.
func recordsOf(title catalog.OwnedTitle, sources []catalog.TitleRecord) (made []func([]marc.Copy) marc.Record) {
	for _, source := range sources {
		record, err := marc.Decode(source.Record)
		if err != nil {
			continue // it was not written by us; what is known of the title goes out
		}
		made = append(made, func(copies []marc.Copy) marc.Record { return marc.Home(record, source.Key, copies) })
	}
	if made == nil {
		made = append(made, func(copies []marc.Copy) marc.Record { return marc.RecordOf(title.Key, title.Title, copies) })
	}
	return made
}

func (e *export) copies(items []catalog.Item) []marc.Copy {
	var copies []marc.Copy
	for _, item := range items {
		one := marc.Copy{
			Barcode: item.Barcode, Branch: e.branches[item.Branch], CallNumber: item.CallNumber,
			Status: string(item.Status), Type: item.Type, Audience: item.Audience,
		}
		if item.Price != nil {
			one.Price = item.Price.Decimal()
		}
		copies = append(copies, one)
	}
	return copies
}
