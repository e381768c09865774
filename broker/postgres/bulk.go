package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"afield/broker"
)

// Column is a column that Upsert writes.
type Column struct {
	Name, Type string
	// As is the SQL that makes its value from the row given, called f; empty takes
	// the value as it is.
	As string
}

// Columns reads a list such as "id uuid, name text, phone text = nullif(f.phone, ”)".
func Columns(list ...string) []Column {
	columns := make([]Column, len(list))
	for i, text := range list {
		declared, as, _ := strings.Cut(text, " = ")
		name, kind, _ := strings.Cut(declared, " ")
		columns[i] = Column{Name: name, Type: kind, As: as}
	}
	return columns
}

// Upsert writes many rows of one table in one statement. The table's key is
// library_id and id.
type Upsert struct {
	Table   string
	Columns []Column
	// Update names the columns to update in a row that already exists; none leaves
	// such a row alone.
	Update []string
	// Set is SQL for further columns of such a row, where the new value is not
	// simply taken over. The new row is called excluded, the old one by the
	// table's name.
	Set map[string]string
	// Unless is a condition on the row given, called f, under which it is skipped.
	Unless string
}

// Saved has the ids of the rows that are new, and of those that changed.
type Saved struct{ New, Changed map[broker.ID]bool }

// Has tells whether a row was written at all.
func (s Saved) Has(id broker.ID) bool { return s.New[id] || s.Changed[id] }

// Rows writes rows, given as a list that encodes as JSON with the columns'
// names. A row that exists and would not change is left alone.
func (u Upsert) Rows(ctx context.Context, tx *Tx, rows any) (Saved, error) {
	saved := Saved{New: map[broker.ID]bool{}, Changed: map[broker.ID]bool{}}
	text, err := json.Marshal(rows)
	if err != nil {
		return saved, fmt.Errorf("write rows of %s: %w", u.Table, err)
	}
	if string(text) == "null" || string(text) == "[]" {
		return saved, nil
	}
	written, err := tx.Query(ctx, u.sql(), text)
	if err != nil {
		return saved, fmt.Errorf("write rows of %s: %w", u.Table, Mapped(err))
	}
	var id broker.ID
	var isNew bool
	_, err = pgx.ForEachRow(written, []any{&id, &isNew}, func() error {
		if isNew {
			saved.New[id] = true
		} else {
			saved.Changed[id] = true
		}
		return nil
	})
	if err != nil {
		return saved, fmt.Errorf("write rows of %s: %w", u.Table, Mapped(err))
	}
	return saved, nil
}

func (u Upsert) sql() string {
	var names, types, values []string
	for _, column := range u.Columns {
		names, types = append(names, column.Name), append(types, column.Name+" "+column.Type)
		if column.As == "" {
			column.As = "f." + column.Name
		}
		values = append(values, column.As)
	}
	sql := `insert into ` + u.Table + ` (` + strings.Join(names, ", ") + `) select ` + strings.Join(values, ", ") +
		` from jsonb_to_recordset($1) as f(` + strings.Join(types, ", ") + `)`
	if u.Unless != "" {
		sql += ` where not (` + u.Unless + `)`
	}
	var set, before, after []string
	for _, name := range u.Update {
		if !slices.Contains(names, name) {
			continue
		}
		value := "excluded." + name
		if special := u.Set[name]; special != "" {
			value = special
		}
		set = append(set, name+" = "+value)
		before, after = append(before, u.Table+"."+name), append(after, value)
	}
	if set == nil {
		return sql + ` on conflict (library_id, id) do nothing returning id, true`
	}
	return sql + ` on conflict (library_id, id) do update set ` + strings.Join(set, ", ") +
		` where (` + strings.Join(before, ", ") + `) is distinct from (` + strings.Join(after, ", ") + `) returning id, xmax = 0`
}
