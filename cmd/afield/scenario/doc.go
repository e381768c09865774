// Package scenario plays written scenarios through the real use cases, on a
// clock of its own and in a database that is thrown away, and says what came
// out differently from what was expected. A library tests its policy with it
// before the policy goes live.
//
//	scenario: Owing exactly the limit
//	library: westchester
//	given:
//	  patrons: {adult: {class: resident, owes: "5.00"}}
//	  items: {book: {type: book}}
//	steps:
//	  - {at: 2026-03-02T10:00, do: checkout, patron: adult, item: book, expect: {refused: [owes_too_much]}}
//
// README.md describes the language; cases and stories hold the scenarios that
// ship. The packages: language reads a file, stage sets things up, acts does
// the steps, expect compares; this one finds the files, plays them and reports
// how they came out. Nothing here decides: every step is a use case of
// workflow/desk, workflow/requests or a package of broker.
package scenario
