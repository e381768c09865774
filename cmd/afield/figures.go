package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"afield/broker"
	"afield/broker/figures"
	"afield/broker/postgres"
	"afield/cmd/afield/shell"
	"afield/workflow/requests/tallies"
)

// figuresCommand counts a library's work.
type figuresCommand struct {
	Figure  string `arg:"" help:"fill_rate, turnaround, partners, cost, circulation, demand, money or annual." placeholder:"FIGURE"`
	Library string `help:"Whose: symbol or id." required:"" placeholder:"LIBRARY"`
	By      string `help:"day, month or year." placeholder:"STEP"`
	From    string `help:"The first day; the first of the year when left out." placeholder:"DATE"`
	To      string `help:"The last day; today when left out." placeholder:"DATE"`
	CSV     bool   `name:"csv" help:"Print CSV."`
}

// Help is shown by afield figures --help.
func (figuresCommand) Help() string {
	return `Counts what a library did, on its own calendar, by day, month or year. Nothing tells who a patron was, and history that was anonymised counts the same.

  fill_rate    requests made, filled, not filled; ours and those we were asked
  turnaround   hours to answer, to ship, to arrive and to the patron: the median, and what nine in ten do not pass
  partners     borrowed from and lent to each library, and their ratio
  cost         what lenders asked for what they sent, and what of it was passed on
  circulation  loans and renewals by type and branch
  demand       what was asked for again and again
  money        charges, payments, waivers and refunds by kind
  annual       interlibrary loans provided and received, as states ask

Examples:
  afield figures annual --library ISIL:US-NWPTL --from 2025-01-01
  afield figures turnaround --library ISIL:US-NWPTL --by month --json
  afield figures money --library ISIL:US-NWPTL --from 2026-07-01 --to 2026-07-31 --by day --csv > july.csv`
}

// figuresShown is what the command prints as JSON.
type figuresShown struct {
	Figure  figures.Figure   `json:"figure"`
	By      string           `json:"by"`
	From    broker.Date      `json:"from"`
	To      broker.Date      `json:"to"`
	Columns []string         `json:"columns"`
	Rows    []map[string]any `json:"rows"`
}

// Run counts and prints.
func (c figuresCommand) Run(a *shell.App) (err error) {
	db, library, err := a.OpenLibrary(c.Library)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	question, err := figures.Ask(c.Figure, c.By, c.From, c.To, library.Today(broker.SystemClock{}.Now()))
	if err != nil {
		return fmt.Errorf("%w: %w", shell.ErrUsage, err)
	}
	var table figures.Table
	err = db.InTx(a.Ctx, postgres.ForLibraries(library.ID).Snapshot(), func(ctx context.Context, tx *postgres.Tx) error {
		table, err = tallies.Of(ctx, tx, library, question)
		return err
	})
	if err != nil {
		return err
	}
	if c.CSV && !a.JSON {
		return table.CSV(a.Out)
	}
	return a.Print(figuresShown{question.Figure, question.By, question.From, question.To, table.Columns, table.Objects()}, func(out io.Writer) { printTable(out, table) })
}

func printTable(out io.Writer, table figures.Table) {
	lines := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, name := range table.Columns {
		fmt.Fprint(lines, name, "\t")
	}
	fmt.Fprintln(lines)
	for _, row := range table.Rows {
		for _, cell := range row {
			if cell == nil {
				cell = "-"
			}
			fmt.Fprint(lines, cell, "\t")
		}
		fmt.Fprintln(lines)
	}
	_ = lines.Flush() // as the lines of every other command, it is printed as far as it goes
	fmt.Fprintf(out, "%d rows, %s to %s.\n", len(table.Rows), table.From, table.To)
}
