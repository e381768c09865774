package files

import (
	"context"
	"errors"
	"fmt"
	"io"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/cmd/afield/shell"
)

// Titles shows which records were taken for one title, and parts them.
type Titles struct {
	Joined titlesJoinedCommand `cmd:"" help:"List a library's records that were taken for a title that was there already."`
	Split  titlesSplitCommand  `cmd:"" help:"Make such a record a title of its own again."`
}

type titlesOf struct {
	Library string `help:"Whose: symbol or id." required:"" placeholder:"LIBRARY"`
}

// titlesJoinedCommand lists joins.
type titlesJoinedCommand struct{ titlesOf }

// titlesSplitCommand undoes one.
type titlesSplitCommand struct {
	titlesOf
	Join   string `arg:"" help:"The id that joined gives." placeholder:"ID"`
	Reason string `help:"Why they are two titles; it is kept." required:""`
}

// Help is shown by afield titles joined --help.
func (titlesJoinedCommand) Help() string {
	return `Records of libraries that share a catalogue are one title when an ISBN or the OCLC number, the format, the form and the words of the title are the same. Two records of one library with numbers of their own never are, and nor are those of two catalogues.

Example:
  afield titles joined --library ISIL:US-NWPTL`
}

// Help is shown by afield titles split --help.
func (titlesSplitCommand) Help() string {
	return `The record becomes a title of its own with what it said, and with the library's copies; the other title loses what it had from it. Refused while a hold is for one of those copies. Files that are read later leave them apart.

Example:
  afield titles split 0199aa10-0000-7000-8000-000000000001 --library ISIL:US-NWPTL --reason "Another volume of the set"`
}

// mostJoins is how many are listed.
const mostJoins = 1000

// Run lists.
func (c titlesJoinedCommand) Run(a *shell.App) error {
	var joins []catalog.Join
	err := c.in(a, func(ctx context.Context, tx *postgres.Tx, library broker.ID) (err error) {
		joins, err = catalog.Joins(ctx, tx, library, mostJoins)
		return err
	})
	if err != nil {
		return err
	}
	return a.Print(struct {
		Joined []catalog.Join `json:"joined"`
	}{append([]catalog.Join{}, joins...)}, func(out io.Writer) {
		for _, join := range joins {
			fmt.Fprintf(out, "%s  %s %q is taken for %q\n", join.ID, join.Key, join.Said.Title, join.Now)
		}
		fmt.Fprintf(out, "%d records\n", len(joins))
	})
}

// Run splits.
func (c titlesSplitCommand) Run(a *shell.App) error {
	id, err := broker.ParseID("id", c.Join)
	if err != nil {
		return fmt.Errorf("%w: %s is not an id that afield titles joined gives", shell.ErrUsage, c.Join)
	}
	made := struct {
		Title broker.ID `json:"title_id"`
	}{}
	err = c.in(a, func(ctx context.Context, tx *postgres.Tx, library broker.ID) (err error) {
		made.Title, err = catalog.Split(ctx, tx, library, id, c.Reason, broker.SystemClock{}.Now())
		return err
	})
	if err != nil {
		return err
	}
	return a.Print(made, func(out io.Writer) { fmt.Fprintf(out, "it is title %s now\n", made.Title) })
}

// in works in a transaction that sees the library and those of its catalogue.
func (c titlesOf) in(a *shell.App, work func(context.Context, *postgres.Tx, broker.ID) error) (err error) {
	db, library, err := a.OpenLibrary(c.Library)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.InTx(a.Ctx, postgres.ForLibraries(library.ID), func(ctx context.Context, tx *postgres.Tx) error {
		shared, err := directory.SharedWith(ctx, tx, library.SharingGroup)
		if err != nil {
			return err
		}
		tx.Widen(shared...)
		return work(ctx, tx, library.ID)
	})
}
