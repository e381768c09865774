// Package acts is what a step may do, by theme: the desk, holds, losses, accounts,
// cards, requests, rules, and the rest. Each act is a word with what it takes and
// the use case it calls; nothing here decides.
//
// To add an act, write its function and name it in the table of its theme.
//
//	did, err := acts.Do(play, step)
package acts
