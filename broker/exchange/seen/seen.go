// Package seen remembers what a long file has named, and which of its rows, in very
// little memory: sixteen bytes for a name, one bit for a row.
package seen

import (
	"cmp"
	"hash/maphash"
	"slices"
)

// Names has the line on which a file first names each of its things. It keeps
// sixteen bytes for a name, whatever the name's length: its hash, and the line.
// Two names with the same hash would be reported as a repeat; among a million
// names that happens once in some ten million files.
type Names struct {
	seed  maphash.Seed
	named []namedOn
}

type namedOn struct {
	hash uint64
	line uint32
}

// NewNames begins an index.
func NewNames() *Names { return &Names{seed: maphash.MakeSeed()} }

// Note writes down a name and its line. Lines come in order.
func (n *Names) Note(name string, line int) {
	if name != "" {
		n.named = append(n.named, namedOn{maphash.String(n.seed, name), uint32(line)})
	}
}

// Seal makes the index ready for look-ups.
func (n *Names) Seal() {
	slices.SortFunc(n.named, func(a, b namedOn) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.line, b.line))
	})
	n.named = slices.CompactFunc(n.named, func(a, b namedOn) bool { return a.hash == b.hash })
}

// Line gives where a name stands first; 0 when the file does not have it.
func (n *Names) Line(name string) int {
	hash := maphash.String(n.seed, name)
	at, found := slices.BinarySearchFunc(n.named, hash, func(one namedOn, hash uint64) int { return cmp.Compare(one.hash, hash) })
	if !found {
		return 0
	}
	return int(n.named[at].line)
}

// Rows is a set of rows by their index: one bit each.
type Rows []uint64

// Add puts a row into the set.
func (s *Rows) Add(index int) {
	for index/64 >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[index/64] |= 1 << (index % 64)
}

// Remove takes a row out that is in the set.
func (s Rows) Remove(index int) { s[index/64] &^= 1 << (index % 64) }

// Has tells whether a row is in the set.
func (s Rows) Has(index int) bool {
	return index/64 < len(s) && s[index/64]&(1<<(index%64)) != 0
}
