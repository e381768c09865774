package scenario

import (
	"fmt"
	"io"
)

// Word is one word of the language, as --words and README.md tell it.
type Word struct {
	// Part is where it belongs: scenario, given, patrons, do: checkout, expect …
	Part string `json:"part"`
	// Word is the word, and Takes what is written after it.
	Word  string `json:"word"`
	Takes string `json:"takes"`
	Must  bool   `json:"must,omitempty"`
	Says  string `json:"says"`
}

// Words lists the whole language in the order of README.md.
func Words() []Word {
	var words []Word
	add := func(part string, fields []field) {
		for _, field := range fields {
			words = append(words, Word{part, field.word, field.kind.written, field.must, field.says})
		}
	}
	add("scenario", documentFields())
	add("given", givenFields())
	add("branches", branchFields())
	add("libraries", libraryFields())
	add("patrons", patronFields())
	add("items", itemFields())
	add("loans", loanFields())
	add("holds", holdFields())
	add("steps", everyStep())
	for _, act := range actWords() {
		words = append(words, Word{Part: "do", Word: act.Word, Says: act.Says})
		add("do: "+act.Word, act.Fields)
	}
	add("expect", expectFields())
	for _, reason := range reasons() {
		words = append(words, Word{Part: "codes of refused, notes and code", Word: reason.code, Says: reason.says})
	}
	return words
}

// PrintWords writes the language for people.
func PrintWords(out io.Writer) {
	part := ""
	for _, word := range Words() {
		if word.Part != part {
			fmt.Fprintf(out, "\n%s\n", word.Part)
			part = word.Part
		}
		must := ""
		if word.Must {
			must = " (needed)"
		}
		takes := ""
		if word.Takes != "" {
			takes = ": " + word.Takes
		}
		fmt.Fprintf(out, "  %s%s%s\n      %s\n", word.Word, takes, must, word.Says)
	}
}
