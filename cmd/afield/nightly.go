package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/postgres"
	server "afield/cmd/afield/app"
	"afield/cmd/afield/shell"
	"afield/workflow/nightly"
)

// nightlyCommand does the nightly work on demand, or shows its results.
type nightlyCommand struct {
	Library string `arg:"" optional:"" help:"Symbol or id; every member library without it." placeholder:"LIBRARY"`
	Past    int    `help:"Show what the last so many nights came to, and what was put aside; do nothing." placeholder:"NIGHTS"`
}

// Help is shown by afield nightly --help.
func (nightlyCommand) Help() string {
	return `The server does this by itself, for each library from two o'clock in its own time. By hand it goes on with the night that is on: what is done already is not done twice, also while a server runs. Rows that could not be worked are put aside, named here and tried again the next night; the status is then 1.

Examples:
  afield nightly
  afield nightly ISIL:US-NWPTL
  afield nightly ISIL:US-NWPTL --past 7 --json`
}

// nightShown is one library's nightly run, or its past ones.
type nightShown struct {
	Library  string            `json:"library"`
	Nights   []nightly.Report  `json:"nights"`
	PutAside []nightly.Failure `json:"put_aside"`
}

// Run does the work, or shows past runs.
func (c nightlyCommand) Run(a *shell.App) error {
	return a.WithDatabase(func(opened *shell.Database) error {
		libraries, err := c.libraries(a, opened)
		if err != nil {
			return err
		}
		secret, err := shell.ServerSecret(a)
		if err != nil {
			return err
		}
		ready, release, err := server.Assemble(a.Ctx, server.Config{DB: opened.DB, Secret: secret, Version: shell.ReadBuild().Version, Log: a.Logger()})
		if err != nil {
			return err
		}
		defer release()
		var all []nightShown
		failed := 0
		for _, library := range libraries {
			one, err := c.one(a, opened, ready.Nights, library)
			if err != nil {
				return err
			}
			all = append(all, one)
			failed += len(one.PutAside)
		}
		if err := a.Print(all, func(out io.Writer) { printNights(out, all) }); err != nil {
			return err
		}
		if failed > 0 {
			return shell.ErrReported
		}
		return nil
	})
}

type namedLibrary struct {
	id   broker.ID
	name string
}

func (c nightlyCommand) libraries(a *shell.App, opened *shell.Database) (libraries []namedLibrary, err error) {
	err = opened.InTx(a.Ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		if c.Library != "" {
			library, _, err := shell.LibraryNamed(ctx, tx, c.Library)
			libraries = []namedLibrary{{library.ID, library.Name}}
			return err
		}
		libraries = nil
		members, err := nightly.Members(ctx, tx)
		for _, member := range members {
			libraries = append(libraries, namedLibrary{member.ID, member.Name})
		}
		return err
	})
	return libraries, err
}

func (c nightlyCommand) one(a *shell.App, opened *shell.Database, nights *nightly.Nights, library namedLibrary) (nightShown, error) {
	shown := nightShown{Library: library.name, Nights: []nightly.Report{}, PutAside: []nightly.Failure{}}
	if c.Past == 0 {
		report, err := nights.Run(a.Ctx, library.id, broker.SystemClock{}.Now(), time.Time{}, nightProgress(a, library.name))
		if err != nil {
			return shown, err
		}
		shown.Nights = []nightly.Report{report}
	}
	err := opened.InTx(a.Ctx, postgres.ForLibraries(library.id), func(ctx context.Context, tx *postgres.Tx) error {
		if c.Past > 0 {
			past, err := nightly.Past(ctx, tx, library.id, c.Past)
			if err != nil {
				return err
			}
			shown.Nights = append(shown.Nights, past...)
		}
		put, err := nightly.Failures(ctx, tx, library.id)
		shown.PutAside = append(shown.PutAside, put...)
		return err
	})
	return shown, err
}

// nightProgress shows on the terminal how far the nightly work is, after every
// slice.
func nightProgress(a *shell.App, name string) func(nightly.Report) {
	if a.JSON {
		return nil
	}
	return func(report nightly.Report) {
		step := report.Steps[len(report.Steps)-1]
		if step.Slices > 0 && !step.Finished {
			fmt.Fprintf(a.Err, "%s: %s, %d so far\n", name, strings.ReplaceAll(step.Step, "_", " "), step.Touched)
		}
	}
}

func printNights(out io.Writer, all []nightShown) {
	for _, library := range all {
		for _, night := range library.Nights {
			state := "goes on"
			if night.Finished {
				state = "over"
			}
			fmt.Fprintf(out, "%s, night of %s: %s\n", library.Library, night.Night, state)
			for _, step := range night.Steps {
				fmt.Fprintf(out, "  %-22s %8d changed in %d slices", strings.ReplaceAll(step.Step, "_", " "), step.Touched, step.Slices)
				if step.Failed > 0 {
					fmt.Fprintf(out, ", %d put aside", step.Failed)
				}
				fmt.Fprintln(out)
			}
		}
		if len(library.Nights) == 0 {
			fmt.Fprintf(out, "%s: no night yet\n", library.Library)
		}
		for _, put := range library.PutAside {
			fmt.Fprintf(out, "  PUT ASIDE %s %s since %s: %s\n", put.Step, put.Thing, put.FirstAt.Format("2006-01-02"), put.Error)
		}
	}
}
