// Package language reads scenarios: what their words are, what each takes, and
// what is wrong in a file, with line and column. What a step may do and what may
// be expected of it are handed to it as a Vocabulary; it plays nothing.
//
//	scenarios, err := language.Read("ours.yaml", text, vocabulary)
package language
