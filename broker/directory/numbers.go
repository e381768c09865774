package directory

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// NumberKind says what a number stands on.
type NumberKind string

// The kinds of number.
const (
	CardNumbers NumberKind = "card"
	ItemNumbers NumberKind = "item"
)

// NumberPattern says how a library's card numbers or item barcodes look: what
// they begin with, and how long they are.
type NumberPattern struct {
	Kind   NumberKind `json:"kind"`
	Prefix string     `json:"prefix"`
	Length int        `json:"length"`
}

// Fits tells whether a number looks like this.
func (p NumberPattern) Fits(number string) bool {
	return len(number) == p.Length && strings.HasPrefix(number, p.Prefix)
}

// Overlaps tells whether a number could look like both.
func (p NumberPattern) Overlaps(other NumberPattern) bool {
	return p.Length == other.Length && (strings.HasPrefix(p.Prefix, other.Prefix) || strings.HasPrefix(other.Prefix, p.Prefix))
}

// KindOf tells what a number can only be in the library's catalogue: "" where no
// pattern fits, or patterns of both kinds do.
func (l Library) KindOf(number string) NumberKind {
	var kind NumberKind
	for _, pattern := range l.Numbers {
		switch {
		case !pattern.Fits(number):
		case kind != "" && kind != pattern.Kind:
			return ""
		default:
			kind = pattern.Kind
		}
	}
	return kind
}

// NotTaken refuses a number that is to be of one kind and can only be of the other
// by the library's patterns; pointer is its field.
func (l Library) NotTaken(pointer, number string, as NumberKind) []broker.FieldError {
	is := l.KindOf(number)
	if is == "" || is == as {
		return nil
	}
	if is == CardNumbers {
		return []broker.FieldError{{Pointer: pointer, Code: "a_card", Message: "is a card number by the library's patterns, not the barcode of an item"}}
	}
	return []broker.FieldError{{Pointer: pointer, Code: "an_item", Message: "is an item's barcode by the library's patterns, not the number of a card"}}
}

// SaveNumbers replaces the number patterns of a library.
func SaveNumbers(tx *postgres.Tx, library broker.ID, patterns []NumberPattern) {
	tx.Queue(`delete from number_patterns where library_id = $1`, library)
	for position, pattern := range patterns {
		tx.Queue(`insert into number_patterns (library_id, position, kind, prefix, length) values ($1, $2, $3, $4, $5)`,
			library, position, pattern.Kind, pattern.Prefix, pattern.Length)
	}
}

// Numbers gives the number patterns of libraries, each in the order in which they
// were written.
func Numbers(ctx context.Context, tx *postgres.Tx, libraries []broker.ID) (map[broker.ID][]NumberPattern, error) {
	rows, err := tx.Query(ctx, `select library_id, kind, prefix, length from number_patterns
		where library_id = any ($1) order by library_id, position`, libraries)
	if err != nil {
		return nil, fmt.Errorf("read number patterns: %w", err)
	}
	all := map[broker.ID][]NumberPattern{}
	var library broker.ID
	var one NumberPattern
	_, err = pgx.ForEachRow(rows, []any{&library, &one.Kind, &one.Prefix, &one.Length}, func() error {
		all[library] = append(all[library], one)
		return nil
	})
	return all, err
}
