package scenario

import (
	"fmt"
	"io"

	"afield/cmd/afield/scenario/acts"
	"afield/cmd/afield/scenario/expect"
	"afield/cmd/afield/scenario/language"
)

// Word is one word of the language, as --words and README.md describe it.
type Word struct {
	// Part is where it belongs: scenario, given, patrons, do: checkout, expect …
	Part string `json:"part"`
	// Word is the word, and Takes is what is written after it.
	Word  string `json:"word"`
	Takes string `json:"takes"`
	Must  bool   `json:"must,omitempty"`
	Says  string `json:"says"`
}

// Words lists the whole language in the order of README.md.
func Words() []Word {
	var words []Word
	add := func(part string, fields []language.Field) {
		for _, field := range fields {
			words = append(words, Word{part, field.Word, field.Kind.Written, field.Must, field.Says})
		}
	}
	for _, part := range language.Parts() {
		add(part.Name, part.Fields)
	}
	for _, act := range acts.Words() {
		words = append(words, Word{Part: "do", Word: act.Word, Says: act.Says})
		add("do: "+act.Word, act.Fields)
	}
	add("expect", expect.Fields())
	for _, reason := range expect.Reasons() {
		words = append(words, Word{Part: "codes of refused, notes and code", Word: reason.Code, Says: reason.Says})
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
