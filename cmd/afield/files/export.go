package files

import (
	"errors"
	"fmt"
	"io"

	"afield/broker"
	"afield/broker/exchange"
	"afield/cmd/afield/shell"
	"afield/workflow/requests"
)

// Export writes everything a library owns into a folder.
type Export struct {
	Library string   `help:"Whose: symbol or id." required:"" placeholder:"LIBRARY"`
	Out     string   `help:"Folder to make; one that is there is refused." required:"" placeholder:"FOLDER"`
	Format  string   `help:"csv or json." enum:"csv,json" default:"csv"`
	Raw     bool     `help:"Leave CSV cells as they are: without an apostrophe before what a spreadsheet would work out."`
	Kind    []string `help:"Only these kinds; everything when left out." placeholder:"KIND"`
}

// Help is shown by afield export --help.
func (Export) Help() string {
	return `Writes everything the library owns, all of one moment: patrons, cards, links, blocks, items, titles (also as MARC 21), loans as far as they are kept, holds, charges and payments, notices, requests with their timelines, the policy's texts and the calendar; and manifest.json with the rows and the SHA-256 of each file. What afield import reads, it writes in the same columns. A cell that a spreadsheet would work out (=, +, -, @) gets an apostrophe before it, which afield import takes away again; --raw leaves it. PINs, passwords and tokens are never written.

The folder appears when it is whole; a stop leaves nothing behind.

Examples:
  afield export --library ISIL:US-NWPTL --out our-rows
  afield export --library ISIL:US-NWPTL --out loans --kind loans --kind holds --format json`
}

// Run writes the folder.
func (c Export) Run(a *shell.App) (err error) {
	db, library, err := a.OpenLibrary(c.Library)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	manifest, err := exchange.Export(a.Ctx, db.DB, exchange.ExportOptions{
		Library: library.ID, Folder: c.Out, Format: c.Format, Raw: c.Raw, Kinds: c.Kind, More: requests.Listings(), Now: broker.SystemClock{}.Now(),
		OnFile: func(file exchange.ExportedFile) {
			if !a.JSON && file.Rows >= 10000 {
				fmt.Fprintf(a.Err, "%s: %d rows\n", file.Name, file.Rows)
			}
		},
	})
	if err != nil {
		if ours, ok := broker.AsError(err); ok && ours.Kind == broker.KindInvalid && len(ours.Fields) > 0 {
			return fmt.Errorf("%w: %s", shell.ErrUsage, ours.Fields[0].Message)
		}
		return err
	}
	return a.Print(manifest, func(out io.Writer) {
		for _, file := range manifest.Files {
			fmt.Fprintf(out, "%9d  %s\n", file.Rows, file.Name)
			if file.Note != "" {
				fmt.Fprintf(out, "           %s\n", file.Note)
			}
		}
		fmt.Fprintf(out, "%d files of %s in %s\n", len(manifest.Files), manifest.Library, c.Out)
	})
}
