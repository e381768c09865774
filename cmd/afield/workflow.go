package main

import (
	"fmt"
	"io"

	"afield/cmd/afield/shell"
	"afield/workflow"
)

// workflowCommand prints the state tables.
type workflowCommand struct {
	Side string `arg:"" optional:"" enum:"borrowing,lending,brokered,all" default:"all" help:"borrowing, lending, brokered or all."`
}

// Help is shown by afield workflow --help.
func (workflowCommand) Help() string {
	return `Prints the state tables as Mermaid diagrams, or whole with --json: states, events, guards, effects, forms and undo.

Examples:
  afield workflow borrowing
  afield workflow --json | jq '.[].states[].label'`
}

// Run prints them.
func (c workflowCommand) Run(a *shell.App) error {
	described := []workflow.Description{}
	for _, table := range workflow.Tables() {
		if c.Side == "all" || string(table.Side) == c.Side {
			described = append(described, table.Describe())
		}
	}
	return a.Print(described, func(out io.Writer) {
		for _, table := range workflow.Tables() {
			if c.Side == "all" || string(table.Side) == c.Side {
				fmt.Fprintf(out, "%%%% %s\n%s\n", table.Side, table.Mermaid())
			}
		}
	})
}
