package expect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"afield/broker"
	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
)

// promise is one word that may be expected: what it takes, and how it is
// checked.
type promise struct {
	language.Field
	check checking
}

// checking finds whether an expectation was met: what was expected and what was
// found, as printed, and whether they are the same.
type checking func(p *stage.Play, s language.Step, did stage.Result, before, after View, want any) (expected, found string, ok bool)

func expects(word string, takes language.Kind, says string, check checking) promise {
	return promise{language.Field{Word: word, Kind: takes, Says: says}, check}
}

// Fields lists the words that may be expected.
func Fields() []language.Field {
	fields := make([]language.Field, 0, 40)
	for _, promise := range promises() {
		fields = append(fields, promise.Field)
	}
	return fields
}

// same compares single values by their printed form.
func same(read func(p *stage.Play, s language.Step, did stage.Result, before, after View) string) checking {
	return func(p *stage.Play, s language.Step, did stage.Result, before, after View, want any) (string, string, bool) {
		expected, found := fmt.Sprint(want), read(p, s, did, before, after)
		return expected, found, expected == found
	}
}

// sameList compares lists regardless of order.
func sameList(read func(p *stage.Play, s language.Step, did stage.Result, before, after View) []string) checking {
	return func(p *stage.Play, s language.Step, did stage.Result, before, after View, want any) (string, string, bool) {
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

// sameAmounts compares amounts by kind; kinds whose amount is zero do not
// count.
func sameAmounts(read func(before, after View) language.Amounts) checking {
	return func(_ *stage.Play, _ language.Step, _ stage.Result, before, after View, want any) (string, string, bool) {
		clean := func(all language.Amounts) language.Amounts {
			all = maps.Clone(all)
			maps.DeleteFunc(all, func(_ string, value language.Amount) bool { return value == 0 })
			return all
		}
		expected, found := clean(want.(language.Amounts)), clean(read(before, after))
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

// Compare gives what came out differently from what a step expects. A step that
// expects no refusal must not be refused.
func Compare(p *stage.Play, s language.Step, did stage.Result, before, after View) []Difference {
	var differences []Difference
	add := func(word, expected, found string, at language.Position) {
		difference := Difference{Position: at, Step: s.Does, Word: word, Expected: expected, Found: found}
		if did.Refused() {
			difference.Why = did.Why(p.Home.Zone)
		}
		difference.Why = append(difference.Why, unknownReasons(expectedCodes(word, expected))...)
		differences = append(differences, difference)
	}
	if did.Refused() && !s.Expect.Has("refused") && !s.Expect.Has("allowed") && !s.Expect.Has("code") {
		add("allowed", "true", "false", s.Values.At)
	}
	all := promises()
	for _, word := range s.Order {
		want, read := s.Expect.Value(word)
		i := slices.IndexFunc(all, func(promise promise) bool { return promise.Word == word })
		if !read || i < 0 {
			continue
		}
		if expected, found, ok := all[i].check(p, s, did, before, after, want); !ok {
			add(word, expected, found, s.Expect.PlaceOf(word))
		}
	}
	return differences
}

// Difference is one expectation that was not met.
type Difference struct {
	language.Position
	Step     string `json:"step"`
	Word     string `json:"word"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
	// Why explains a refusal: each rule, its clause, what was needed and found.
	Why []string `json:"why,omitempty"`
}
