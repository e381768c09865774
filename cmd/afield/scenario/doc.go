// Package scenario plays written scenarios through the real use cases, on a
// clock of its own and in a database that is thrown away, and says what came out
// otherwise than expected. A library tests its policy with it before the policy
// goes live.
//
//	scenario: Owing exactly the limit
//	library: westchester
//	given:
//	  patrons: {adult: {class: resident, owes: "5.00"}}
//	  items: {book: {type: book}}
//	steps:
//	  - {at: 2026-03-02T10:00, do: checkout, patron: adult, item: book, expect: {refused: [owes_too_much]}}
//
// README.md is the language. language.go lists its words, each with what it
// takes and what it does; cases and stories hold the scenarios that ship.
//
// To add a step, write its act in one of the acts files and name it in the table
// there; to add something to expect, in expect.go. Nothing here decides: every
// step is a use case of workflow/desk, workflow/requests or a room of broker.
package scenario
