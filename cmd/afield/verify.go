package main

import (
	"errors"
	"fmt"
	"io"

	"afield/broker/postgres"
	"afield/cmd/afield/shell"
)

// verifyCommand checks the invariants, which must always hold.
type verifyCommand struct{}

// Help is shown by afield verify --help.
func (verifyCommand) Help() string {
	return `Reads every invariant of the database (requests, items, loans, ledger, queues, messages, tenancy) and prints the rows that break one. Ends with status 1 when there are any.

Examples:
  afield verify
  afield verify --json | jq '.[] | select(.count > 0)'`
}

// Run checks and reports.
func (verifyCommand) Run(a *shell.App) error {
	opened, err := shell.OpenDatabase(a.Ctx, a, false)
	if err != nil {
		return err
	}
	checked, err := opened.Invariants(a.Ctx)
	if err = errors.Join(err, opened.Close()); err != nil {
		return err
	}
	broken := 0
	for _, invariant := range checked {
		if invariant.Count > 0 {
			broken++
		}
	}
	err = a.Print(checked, func(out io.Writer) { printInvariants(out, checked, broken) })
	if err == nil && broken > 0 {
		return shell.ErrReported
	}
	return err
}

func printInvariants(out io.Writer, checked []postgres.Invariant, broken int) {
	for _, invariant := range checked {
		if invariant.Count == 0 {
			fmt.Fprintf(out, "ok      %s\n", invariant.Rule)
			continue
		}
		fmt.Fprintf(out, "BROKEN  %s (%d rows in %s)\n", invariant.Rule, invariant.Count, invariant.View)
		for _, row := range invariant.Rows {
			fmt.Fprintf(out, "        %s\n", row)
		}
	}
	fmt.Fprintf(out, "%d invariants checked, %d broken.\n", len(checked), broken)
}
