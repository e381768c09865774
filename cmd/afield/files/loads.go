package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"afield/broker"
	"afield/broker/filemap"
	"afield/broker/policy/published"
	"afield/broker/postgres"
	"afield/cmd/afield/shell"
	"afield/workflow/loads"
)

// Loads keeps the files that are read every night.
type Loads struct {
	Set    loadsSetCommand    `cmd:"" help:"Have a folder, a file or an address read every night."`
	List   loadsListCommand   `cmd:"" help:"List a library's loads and what they last came to."`
	Run    loadsRunCommand    `cmd:"" help:"Read one now."`
	Accept loadsAcceptCommand `cmd:"" help:"Take a file that has become short: somebody has looked, and it is right."`
	Remove loadsRemoveCommand `cmd:"" help:"Read it no more; what it brought stays."`
}

type loadsOf struct {
	Library string `help:"Whose: symbol or id." required:"" placeholder:"LIBRARY"`
}

type loadNamed struct {
	loadsOf
	Name string `arg:"" help:"The load's name." placeholder:"NAME"`
}

type loadsSetCommand struct {
	loadNamed
	Kind     string `help:"patrons, items or marc." enum:"patrons,items,marc" required:"" placeholder:"KIND"`
	From     string `help:"A folder, of which the newest file is read, a file, or an https address." required:"" placeholder:"SOURCE"`
	Private  bool   `help:"The address may be on a private network."`
	Map      string `help:"koha, sierra, evergreen, or a file (afield import map --help)." placeholder:"MAP"`
	Holdings string `help:"How records have their copies (afield import marc --help)." placeholder:"WAY"`
	At       string `help:"When, on the library's clock." default:"03:00"`
	Every    int    `help:"Within how many days a new file must come." default:"1" placeholder:"DAYS"`
	Shrink   int    `help:"By how many per cent it may become shorter at once." default:"10" placeholder:"PERCENT"`
	Removes  bool   `help:"Take out what it no longer names: patrons are closed, copies that are nowhere else withdrawn."`
}

type (
	loadsListCommand   struct{ loadsOf }
	loadsRunCommand    struct{ loadNamed }
	loadsAcceptCommand struct{ loadNamed }
	loadsRemoveCommand struct{ loadNamed }
)

// Help is shown by afield loads set --help.
func (loadsSetCommand) Help() string {
	return `afield serve reads it every night at that hour, on the library's clock. A file that does not come, cannot be read, or has become shorter than it may is put before staff as a task; what is in it is read, and nothing is taken out. What one load brought is never touched by another, nor is what was made here. In a folder, files that end in .part or .tmp and hidden ones do not count.

Examples:
  afield loads set pupils --library ISIL:US-NWPTL --kind patrons --from /srv/school --map ours.yaml --removes
  afield loads set holdings --library ISIL:US-NWPTL --kind marc --from https://files.example.org/all.mrc --holdings koha --every 7`
}

// Help is shown by afield loads list --help.
func (loadsListCommand) Help() string {
	return `Example:
  afield loads list --library ISIL:US-NWPTL`
}

// Help is shown by afield loads run --help.
func (loadsRunCommand) Help() string {
	return `The status is 1 when the file did not come, could not be read or is too short.

Example:
  afield loads run pupils --library ISIL:US-NWPTL`
}

// Help is shown by afield loads accept --help.
func (loadsAcceptCommand) Help() string {
	return `The next run takes the file as it is, and takes out what it no longer names.

Example:
  afield loads accept pupils --library ISIL:US-NWPTL`
}

// Help is shown by afield loads remove --help.
func (loadsRemoveCommand) Help() string {
	return `Example:
  afield loads remove pupils --library ISIL:US-NWPTL`
}

// listed is a load with its last runs.
type listed struct {
	loads.Load
	Runs []loads.Report `json:"runs"`
}

// runsListed is how many runs are listed of each load.
const runsListed = 7

// Run keeps it.
func (c loadsSetCommand) Run(a *shell.App) error {
	mapped := c.Map
	if mapped != "" && !slices.Contains(filemap.Names(), mapped) {
		if _, err := mapNamed(mapped); err != nil {
			return err
		}
		text, err := os.ReadFile(mapped)
		if err != nil {
			return err
		}
		mapped = string(text)
	}
	err := c.in(a, func(ctx context.Context, db *postgres.DB, library broker.ID) error {
		return db.InTx(ctx, postgres.ForLibraries(library), func(_ context.Context, tx *postgres.Tx) error {
			return loads.Save(tx, loads.Load{
				Library: library, Name: c.Name, Kind: c.Kind, Source: c.From, Private: c.Private, Map: mapped, Holdings: c.Holdings,
				ReadAt: c.At, EveryDays: c.Every, ShrinkPercent: c.Shrink, Removes: c.Removes,
			}, broker.SystemClock{}.Now())
		})
	})
	return c.said(a, err, "set", fmt.Sprintf("%s is read every night at %s, from %s", c.Name, c.At, c.From))
}

// Run lists.
func (c loadsListCommand) Run(a *shell.App) error {
	all := []listed{}
	err := c.in(a, func(ctx context.Context, db *postgres.DB, library broker.ID) error {
		return db.InTx(ctx, postgres.ForLibraries(library), func(ctx context.Context, tx *postgres.Tx) error {
			all = all[:0]
			of, err := loads.Of(ctx, tx, library)
			for _, load := range of {
				runs, wrong := loads.Runs(ctx, tx, library, load.ID, runsListed)
				all, err = append(all, listed{load, runs}), errors.Join(err, wrong)
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	return a.Print(struct {
		Loads []listed `json:"loads"`
	}{all}, func(out io.Writer) {
		for _, load := range all {
			fmt.Fprintf(out, "%s: %s from %s at %s\n", load.Name, load.Kind, load.Source, load.ReadAt)
			for _, run := range load.Runs {
				fmt.Fprintf(out, "  %s  ", run.StartedAt.Format("2006-01-02 15:04"))
				printRun(out, run)
			}
		}
		if len(all) == 0 {
			fmt.Fprintln(out, "nothing is read every night; afield loads set has something read")
		}
	})
}

func printRun(out io.Writer, run loads.Report) {
	counts := run.Counts
	fmt.Fprintf(out, "%s: %d rows, %d new, %d changed, %d wrong, %d taken out, %d back. %s\n",
		run.Outcome, counts.Rows, counts.New, counts.Changed, counts.Failed, counts.Removed, counts.Restored, run.Detail)
}

// Run reads one.
func (c loadsRunCommand) Run(a *shell.App) error {
	var report loads.Report
	err := c.found(a, func(ctx context.Context, db *postgres.DB, load loads.Load) error {
		policies := published.NewSource()
		err := policies.Refresh(ctx, db)
		if err == nil {
			report, err = loads.Run(ctx, db, load.Library, load.ID, loads.Options{Now: broker.SystemClock{}.Now(), Policies: policies.Rules})
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := a.Print(report, func(out io.Writer) { printRun(out, report) }); err != nil {
		return err
	}
	if report.Outcome != loads.Read && report.Outcome != loads.SameFile {
		return shell.ErrReported
	}
	return nil
}

// Run accepts.
func (c loadsAcceptCommand) Run(a *shell.App) error {
	err := c.found(a, func(ctx context.Context, db *postgres.DB, load loads.Load) error {
		return db.InTx(ctx, postgres.ForLibraries(load.Library), func(_ context.Context, tx *postgres.Tx) error {
			loads.Accept(tx, load.Library, load.ID)
			return nil
		})
	})
	return c.said(a, err, "accepted", c.Name+": the next file is taken as it is, however short")
}

// Run removes.
func (c loadsRemoveCommand) Run(a *shell.App) error {
	err := c.found(a, func(ctx context.Context, db *postgres.DB, load loads.Load) error {
		return db.InTx(ctx, postgres.ForLibraries(load.Library), func(_ context.Context, tx *postgres.Tx) error {
			loads.Remove(tx, load.Library, load.ID)
			return nil
		})
	})
	return c.said(a, err, "removed", c.Name+": it is read no more; what it brought stays")
}

// said tells what was done with a load.
func (c loadNamed) said(a *shell.App, err error, did, words string) error {
	if err != nil {
		return err
	}
	return a.Print(struct {
		Name string `json:"name"`
		Did  string `json:"did"`
	}{c.Name, did}, func(out io.Writer) { fmt.Fprintln(out, words) })
}

func (c loadNamed) found(a *shell.App, work func(context.Context, *postgres.DB, loads.Load) error) error {
	return c.in(a, func(ctx context.Context, db *postgres.DB, library broker.ID) error {
		var load loads.Load
		err := db.InTx(ctx, postgres.ForLibraries(library), func(ctx context.Context, tx *postgres.Tx) (err error) {
			load, err = loads.Named(ctx, tx, library, c.Name)
			return err
		})
		if err != nil {
			return err
		}
		return work(ctx, db, load)
	})
}

func (c loadsOf) in(a *shell.App, work func(context.Context, *postgres.DB, broker.ID) error) (err error) {
	db, library, err := a.OpenLibrary(c.Library)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return work(a.Ctx, db.DB, library.ID)
}
