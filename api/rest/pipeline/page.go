package pipeline

import (
	"strconv"

	"afield/broker"
)

// List is one list as it is asked for. Name holds its filters too: a cursor of
// one list is not valid for another.
type List struct {
	Name   string
	Cursor string
	Limit  int
}

// Position is where a page of a list begins: the id or number of the last row
// before it, or "" on the first page.
type Position string

// ID is the position as an id. It was sealed by us, so it can be read.
func (p Position) ID() broker.ID {
	id, err := broker.ParseID("cursor", string(p))
	if err != nil {
		return broker.NoID
	}
	return id
}

// Number is the position as a number; 0 on the first page.
func (p Position) Number() int64 {
	number, err := strconv.ParseInt(string(p), 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// Numbered is the position of a row that a number names.
func Numbered(number int64) Position { return Position(strconv.FormatInt(number, 10)) }

// Identified is the position of a row that an id names; NoID is the first page's.
func Identified(id broker.ID) Position {
	if id == broker.NoID {
		return ""
	}
	return Position(id.String())
}

// Page reads one page of a list. It asks for one row more than the page holds, to
// know whether another page follows, and gives the cursor of that page.
func Page[Row any](t *Turn, list List, position func(Row) Position, read func(after Position, limit int) ([]Row, error)) (rows []Row, next string, err error) {
	after, err := t.After(list)
	if err != nil {
		return nil, "", err
	}
	size := Size(list.Limit)
	if rows, err = read(after, size+1); err != nil {
		return nil, "", err
	}
	if len(rows) > size {
		rows = rows[:size]
		next = t.Next(list, position(rows[size-1]))
	}
	return rows, next, nil
}

// After opens the list's cursor, for a list that Page does not fit.
func (t *Turn) After(list List) (Position, error) {
	position, err := t.base.cursors.open(list.Name, list.Cursor)
	return Position(position), err
}

// Next is the cursor of the page after a position, or "" after the last.
func (t *Turn) Next(list List, last Position) string {
	return t.base.cursors.seal(list.Name, string(last))
}
