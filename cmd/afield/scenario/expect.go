package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"afield/broker"
)

// promise is one word of what may be expected: what it takes, and how it is
// found.
type promise struct {
	field
	check checking
}

// checking finds whether an expectation was met: what was expected and what was
// found, as it is printed, and whether that is the same.
type checking func(p *play, s step, did result, before, after view, want any) (expected, found string, ok bool)

func expects(word string, takes kind, says string, check checking) promise {
	return promise{field{word: word, kind: takes, says: says}, check}
}

func expectFields() []field {
	fields := make([]field, 0, 40)
	for _, promise := range promises() {
		fields = append(fields, promise.field)
	}
	return fields
}

// same compares single values by how they are written.
func same(read func(p *play, s step, did result, before, after view) string) checking {
	return func(p *play, s step, did result, before, after view, want any) (string, string, bool) {
		expected, found := fmt.Sprint(want), read(p, s, did, before, after)
		return expected, found, expected == found
	}
}

// sameList compares lists whatever their order.
func sameList(read func(p *play, s step, did result, before, after view) []string) checking {
	return func(p *play, s step, did result, before, after view, want any) (string, string, bool) {
		var expected []string
		for _, value := range want.([]any) {
			expected = append(expected, fmt.Sprint(value))
		}
		found := slices.Clone(read(p, s, did, before, after))
		slices.Sort(expected)
		slices.Sort(found)
		return listed(expected), listed(found), slices.Equal(expected, found)
	}
}

func listed(words []string) string { return "[" + strings.Join(words, ", ") + "]" }

// sameAmounts compares amounts by kind; kinds that come to nothing do not count.
func sameAmounts(read func(before, after view) amounts) checking {
	return func(_ *play, _ step, _ result, before, after view, want any) (string, string, bool) {
		clean := func(all amounts) amounts {
			all = maps.Clone(all)
			maps.DeleteFunc(all, func(_ string, value amount) bool { return value == 0 })
			return all
		}
		expected, found := clean(want.(amounts)), clean(read(before, after))
		return expected.String(), found.String(), maps.Equal(expected, found)
	}
}

func codes(reasons []broker.Reason) []string {
	found := make([]string, 0, len(reasons))
	for _, reason := range reasons {
		if !slices.Contains(found, reason.Code) {
			found = append(found, reason.Code)
		}
	}
	return found
}

// compare gives what came out otherwise than a step expects. A step that expects
// nothing of the kind must not be refused.
func (p *play) compare(s step, did result, before, after view) []Difference {
	var differences []Difference
	add := func(word, expected, found string, at Position) {
		difference := Difference{Position: at, Step: s.does, Word: word, Expected: expected, Found: found}
		if did.refused() {
			difference.Why = did.why(p.home.Zone)
		}
		difference.Why = append(difference.Why, unknownReasons(expectedCodes(word, expected))...)
		differences = append(differences, difference)
	}
	if did.refused() && !s.expect.has("refused") && !s.expect.has("allowed") && !s.expect.has("code") {
		add("allowed", "true", "false", s.values.at)
	}
	all := promises()
	for _, word := range s.order {
		want, read := s.expect.value(word)
		i := slices.IndexFunc(all, func(promise promise) bool { return promise.word == word })
		if !read || i < 0 {
			continue
		}
		if expected, found, ok := all[i].check(p, s, did, before, after, want); !ok {
			add(word, expected, found, s.expect.placeOf(word))
		}
	}
	return differences
}

// Difference is one expectation that was not met.
type Difference struct {
	Position
	Step     string `json:"step"`
	Word     string `json:"word"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
	// Why explains a refusal: each rule, its clause, what was needed and found.
	Why []string `json:"why,omitempty"`
}
