package exchange

import (
	"fmt"
	"strings"

	"afield/broker/csvfile"
	"afield/broker/filemap"
)

// ReasonColumn is the column in which a file of wrong rows says what is wrong with
// each. A file that has it is read without it.
const ReasonColumn = "afield_error"

// Reading is how cells are to be understood.
type Reading struct {
	kind     string
	mapped   *filemap.Map
	raw      bool
	currency string
}

// layout is where the cells of our columns come from in a file that is read by a
// map.
type layout struct {
	Reading
	filemap.Kind
	columns map[string]int
	called  map[string]string
	sources []sourced
}

// sourced is one of our columns and the places of the file's cells that make it;
// none where the map says it for all rows.
type sourced struct {
	column string
	from   []int
}

// layOut finds our columns in the first line of a file.
func (by Reading) layOut(names []string, known []Column) (*layout, error) {
	l := &layout{Reading: by, Kind: by.mapped.For(by.kind), columns: map[string]int{}, called: map[string]string{}}
	theirs, used := map[string]int{}, map[string]bool{ReasonColumn: true}
	for at, name := range names {
		name = filemap.Normal(name)
		if _, twice := theirs[name]; twice {
			return nil, csvfile.Unreadable("column_twice", "has two columns named %q", shown(name))
		}
		theirs[name] = at
	}
	var missing []string
	for _, column := range known {
		from, called, there := l.find(column.Name, theirs)
		switch _, said := l.Otherwise[column.Name]; {
		case there:
			for _, at := range from {
				used[filemap.Normal(names[at])] = true
			}
			if called != column.Name {
				l.called[column.Name] = called
			}
		case said:
		default:
			if column.Needed {
				missing = append(missing, l.wanted(column.Name))
			}
			continue
		}
		l.columns[column.Name] = len(l.sources)
		l.sources = append(l.sources, sourced{column.Name, from})
	}
	var unknown []string
	for _, name := range names {
		if name = filemap.Normal(name); !used[name] && !l.IgnoreRest {
			unknown = append(unknown, fmt.Sprintf("%q", shown(name)))
		}
	}
	if unknown != nil {
		return nil, csvfile.Unreadable("unknown_column", "has columns that the map does not name: %s; name them, or say rest: ignore", strings.Join(unknown, ", "))
	}
	if missing != nil {
		return nil, csvfile.Unreadable("missing_column", "lacks what the map needs: %s; it has %s", strings.Join(missing, "; "), strings.Join(names, ", "))
	}
	return l, nil
}

// find gives the places of a column of ours, and what the file calls it.
func (l *layout) find(column string, theirs map[string]int) (from []int, called string, found bool) {
	source, named := l.Columns[column]
	if !named && !l.IgnoreRest {
		source = filemap.Source{{column}}
	}
	for _, parts := range source {
		from = nil
		for _, part := range parts {
			if at, has := theirs[part]; has {
				from = append(from, at)
			}
		}
		if len(from) == len(parts) {
			return from, strings.Join(parts, " + "), true
		}
	}
	return nil, "", false
}

// wanted says where a column should come from.
func (l *layout) wanted(column string) string {
	var choices []string
	for _, parts := range l.Columns[column] {
		choices = append(choices, strings.Join(parts, " + "))
	}
	return column + " (" + orElse(strings.Join(choices, " or "), column) + ")"
}

// read makes the cells of our columns.
func (l *layout) read(r *row) {
	cells := make([]string, len(l.sources))
	r.called = l.called
	for i, source := range l.sources {
		cells[i] = l.cell(r, source)
	}
	r.fields = cells
}

func (l *layout) cell(r *row, source sourced) string {
	var parts []string
	for _, at := range source.from {
		if text := strings.TrimSpace(r.fields[at]); text != "" {
			parts = append(parts, text)
		}
	}
	text := strings.Join(parts, " ")
	if table := l.Codes[source.column]; table != nil && text != "" {
		meaning, known := table.Of(text)
		if !known {
			r.unread = append(r.unread, unmapped(r.line, r.calls(source.column), source.column, text))
			return text
		}
		text = meaning
	}
	if text == "" {
		text = l.Otherwise[source.column]
	}
	switch form := forms[source.column]; form {
	case isDate, isMoment:
		return l.date(r, source.column, text, form)
	case isAmount:
		return filemap.Amount(text, l.currency)
	default:
		return text
	}
}

// unmapped is the error of a code that a table does not have.
func unmapped(line int, called, column, code string) csvfile.RowError {
	return csvfile.RowError{
		Line: line, Column: called, Code: "unmapped",
		Message: fmt.Sprintf("%q has no meaning in the map; add it there under codes, %s", shown(code), column),
	}
}

// The forms of cells that systems write otherwise than we do.
const (
	isDate = iota + 1
	isMoment
	isAmount
)

var forms = map[string]int{
	"birth_date": isDate, "phone_checked": isDate, "expires": isDate, "household_paid_until": isDate, "registered": isDate, "last_active": isDate,
	"replaced": isDate, "damaged": isDate, "due": isDate, "returned_on": isDate, "lost_on": isDate, "referred_on": isDate, "pick_up_by": isDate,
	"suspended_from": isDate, "suspended_until": isDate, "lender_due": isDate, "needed_by": isDate,
	"created": isMoment, "started": isMoment, "returned": isMoment, "queued_at": isMoment, "placed_at": isMoment, "date": isMoment, "submitted": isMoment,
	"price": isAmount, "price_paid": isAmount, "list_price": isAmount,
}

// date writes a date as we do.
func (l *layout) date(r *row, column, text string, form int) string {
	written, err := l.mapped.Date(text, form == isDate)
	if err != nil {
		r.unread = append(r.unread, csvfile.RowError{Line: r.line, Column: r.calls(column), Code: "wrong_form", Message: err.Error()})
		return text
	}
	return written
}
