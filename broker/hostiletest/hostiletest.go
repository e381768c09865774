// Package hostiletest measures, for tests, what it costs to read hostile text: the
// bytes that are allocated, never the time. Whoever counts must not run beside other
// tests, since what they allocate would count too.
//
//	hostiletest.Grows(t, 400, read, map[string]hostiletest.Attack{
//		"brackets": hostiletest.Repeat("", "[", ""),
//	})
package hostiletest

import (
	"runtime"
	"strings"
	"testing"
)

// slack is what reading may cost however short the text is, in bytes.
const slack = 4 << 20

// The lengths of the texts that are compared, in bytes.
const (
	short = 16 << 10
	long  = 64 << 10
)

// Attack makes a hostile text that is about so many bytes long.
type Attack func(length int) string

// Repeat makes texts of one part again and again.
func Repeat(before, part, after string) Attack {
	return func(length int) string { return before + strings.Repeat(part, length/len(part)) + after }
}

// Cost is how many bytes are allocated while something is done.
func Cost(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Within fails when reading a text costs more than so many bytes for each of its own.
func Within(t testing.TB, each int, text []byte, read func([]byte)) {
	t.Helper()
	if cost := Cost(func() { read(text) }); cost > uint64(each*len(text)+slack) {
		t.Errorf("%d bytes beginning %.60q cost %d, which is more than %d each", len(text), text, cost, each)
	}
}

// Grows fails when an attack costs more than so many bytes for each of its own, or
// when a text four times as long costs much more than four times as much.
func Grows(t testing.TB, each int, read func([]byte), attacks map[string]Attack) {
	t.Helper()
	read([]byte(" ")) // what is made once belongs to no text
	for name, attack := range attacks {
		small, large := []byte(attack(short)), []byte(attack(long))
		cost, more := Cost(func() { read(small) }), Cost(func() { read(large) })
		if more > uint64(each*len(large)+slack) {
			t.Errorf("%s: %d bytes cost %d, which is more than %d each", name, len(large), more, each)
		}
		if more > 6*cost+slack {
			t.Errorf("%s: %d bytes cost %d and %d bytes %d: it grows faster than the text", name, len(small), cost, len(large), more)
		}
	}
}
