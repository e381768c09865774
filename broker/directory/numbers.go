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
	Kind   NumberKind
	Prefix string
	Length int
}

// Fits tells whether a number looks like this.
func (p NumberPattern) Fits(number string) bool {
	return len(number) == p.Length && strings.HasPrefix(number, p.Prefix)
}

// Overlaps tells whether a number could look like both.
func (p NumberPattern) Overlaps(other NumberPattern) bool {
	return p.Length == other.Length && (strings.HasPrefix(p.Prefix, other.Prefix) || strings.HasPrefix(other.Prefix, p.Prefix))
}

// NumberKindOf tells what a number can only be by these patterns: "" where none
// fits, or patterns of both kinds do.
func NumberKindOf(patterns []NumberPattern, number string) NumberKind {
	var kind NumberKind
	for _, pattern := range patterns {
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
