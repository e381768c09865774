package main

import (
	"fmt"
	"io"

	"afield/cmd/afield/shell"
)

// migrateCommand brings the database up to this version and ends.
type migrateCommand struct{}

// Help is shown by afield migrate --help.
func (migrateCommand) Help() string {
	return `Makes the database where there is none, and applies what is new, under a lock: two of these at once are safe.

Examples:
  afield migrate
  DATABASE_URL=postgres://afield:secret@db.example.org/afield afield migrate --json`
}

// Run applies what is pending.
func (migrateCommand) Run(a *shell.App) error {
	opened, err := shell.OpenDatabase(a.Ctx, a, true)
	if err != nil {
		return err
	}
	result := struct {
		Applied []string `json:"applied"`
	}{Applied: append([]string{}, opened.Applied...)}
	if err := opened.Close(); err != nil {
		return err
	}
	return a.Print(result, func(out io.Writer) {
		for _, name := range result.Applied {
			fmt.Fprintln(out, "applied", name)
		}
		fmt.Fprintf(out, "The database is up to date; %d migrations applied.\n", len(result.Applied))
	})
}
