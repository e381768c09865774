package exchange

import (
	"cmp"
	"hash/maphash"
	"slices"
)

// nameIndex has the line on which a file first names each of its things. It keeps
// sixteen bytes for a name, whatever the name's length: its hash, and the line.
// Two names with the same hash would be reported as a repeat; among a million
// names that happens once in some ten million files.
type nameIndex struct {
	seed  maphash.Seed
	named []namedOn
}

type namedOn struct {
	hash uint64
	line uint32
}

func newNameIndex() *nameIndex { return &nameIndex{seed: maphash.MakeSeed()} }

// note writes down a name and its line. Lines come in order.
func (n *nameIndex) note(name string, line int) {
	if name != "" {
		n.named = append(n.named, namedOn{maphash.String(n.seed, name), uint32(line)})
	}
}

// seal makes the index ready for look-ups.
func (n *nameIndex) seal() {
	slices.SortFunc(n.named, func(a, b namedOn) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.line, b.line))
	})
	n.named = slices.CompactFunc(n.named, func(a, b namedOn) bool { return a.hash == b.hash })
}

// line gives where a name stands first; 0 when the file does not have it.
func (n *nameIndex) line(name string) int {
	hash := maphash.String(n.seed, name)
	at, found := slices.BinarySearchFunc(n.named, hash, func(one namedOn, hash uint64) int { return cmp.Compare(one.hash, hash) })
	if !found {
		return 0
	}
	return int(n.named[at].line)
}

// rowSet is a set of rows by their index: one bit each.
type rowSet []uint64

func (s *rowSet) add(index int) {
	for index/64 >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[index/64] |= 1 << (index % 64)
}

func (s rowSet) remove(index int) { s[index/64] &^= 1 << (index % 64) }

func (s rowSet) has(index int) bool {
	return index/64 < len(s) && s[index/64]&(1<<(index%64)) != 0
}
