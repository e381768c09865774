// Package workflow is how an interlibrary-loan request may move: three state
// tables as plain data, and the pure questions asked of them.
//
//   - borrowing.go: the life of a request at the library whose patron asked
//   - lending.go: the life of one ask at the library that was asked
//   - brokered.go: a request we carry between two outside libraries
//
// Everything that depends on the tables is derived from them: what Fire allows,
// the buttons and forms on API and pages, GET /v1/workflow, the diagram in
// README.md, and the list of states the database accepts. The tables know
// nothing of databases, jobs or clocks: guards and effects are names here and
// are bound to code in workflow/requests when the program starts.
//
//	move, err := workflow.Borrowing.Next(workflow.Requested, workflow.EventUnfilled, holds)
//	// move.To == workflow.Routing, move.Do == [entry_refused choose_lender]
package workflow

//go:generate go run readme_gen.go
