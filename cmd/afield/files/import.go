package files

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"afield/broker"
	"afield/broker/csvfile"
	"afield/broker/directory"
	"afield/cmd/afield/shell"
)

// Import reads files from elsewhere into the database.
type Import struct {
	Directory importDirectoryCommand `cmd:"" help:"Read a CSV file of libraries into the directory."`
	Calendar  importCalendarCommand  `cmd:"" help:"Read a library's weekly hours and closures from CSV."`
	Patrons   importPatronsCommand   `cmd:"" help:"Read a library's patrons from CSV."`
	Links     importLinksCommand     `cmd:"" help:"Read which patrons answer for which from CSV."`
	Proxies   importProxiesCommand   `cmd:"" help:"Read who may pick up for whom from CSV."`
	Blocks    importBlocksCommand    `cmd:"" help:"Read what stops patrons from CSV."`
	MARC      importMARCCommand      `cmd:"" name:"marc" help:"Read titles and copies from MARC 21, binary or XML."`
	Items     importItemsCommand     `cmd:"" help:"Read a library's items, and their titles, from CSV."`
	Loans     importLoansCommand     `cmd:"" help:"Read loans that began in another system from CSV."`
	Holds     importHoldsCommand     `cmd:"" help:"Read holds that were placed in another system from CSV."`
	Charges   importChargesCommand   `cmd:"" help:"Read what patrons owe and paid from CSV."`
	Requests  importRequestsCommand  `cmd:"" help:"Read interlibrary-loan requests that are under way in another system from CSV."`
	Map       importMapCommand       `cmd:"" help:"Print the map by which another system's files are read, to begin one's own with."`
}

// importDirectoryCommand reads libraries.
type importDirectoryCommand struct {
	File   string `arg:"" help:"CSV file, or - for standard input." placeholder:"FILE"`
	DryRun bool   `help:"Check every row and say what would change; change nothing."`
}

// Help is shown by afield import directory --help.
func (importDirectoryCommand) Help() string {
	return `Two forms are accepted, told apart by their first line:
  the Public Libraries Survey   FSCSKEY, LIBNAME, STABR; LATITUDE, LONGITUD, TOTCIR
  Afield's own                  key, name; symbol, state, country, latitude, longitude, yearly_loans, time_zone

Wrong rows are listed with line, column and what would be right, and left out; the status is then 1. A row is known again by its key, so running it again, or after a stop in the middle, only does what is left.

Examples:
  afield import directory libraries.csv --dry-run
  afield import directory libraries.csv
  afield import directory - --json < libraries.csv`
}

// mostErrorsKept bounds how many row errors --json repeats; all are counted.
const mostErrorsKept = 10000

// importResult is what the command prints.
type importResult struct {
	directory.Imported
	// Errors are the wrong rows; the first 10,000 of them.
	Errors []csvfile.RowError `json:"errors"`
}

// Run reads the file.
func (c importDirectoryCommand) Run(a *shell.App) error {
	source, size, err := shell.OpenInput(c.File)
	if err != nil {
		return err
	}
	defer source.Close()
	db, err := shell.OpenDatabase(a.Ctx, a, false)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	result := importResult{Errors: []csvfile.RowError{}}
	reading, progress := progress(a, source, size)
	options := directory.ImportOptions{
		DryRun: c.DryRun, Now: broker.SystemClock{}.Now(), OnProgress: progress,
		OnError: func(wrong csvfile.RowError) {
			if !a.JSON {
				fmt.Fprintln(a.Err, wrong)
			} else if len(result.Errors) < mostErrorsKept {
				result.Errors = append(result.Errors, wrong)
			}
		},
	}
	result.Imported, err = directory.Import(a.Ctx, db.DB, reading, options)
	if err != nil {
		return stoppedImport(err, result.Imported)
	}
	if err := a.Print(result, result.words); err != nil {
		return err
	}
	if result.Failed > 0 {
		return shell.ErrReported
	}
	return nil
}

// stoppedImport says why reading stopped in the middle, and what is kept.
func stoppedImport(err error, done directory.Imported) error {
	if ours, ok := broker.AsError(err); ok {
		err = errors.New("the " + ours.Detail)
	}
	if saved := done.New + done.Changed; saved > 0 && !done.DryRun {
		return fmt.Errorf("%w (%d rows were saved before; run it again to go on)", err, saved)
	}
	return err
}

func (r importResult) words(out io.Writer) {
	would := ""
	if r.DryRun {
		would = " (dry run: nothing was changed)"
	}
	fmt.Fprintf(out, "%d rows: %d new, %d changed, %d unchanged, %d wrong%s\n", r.Rows, r.New, r.Changed, r.Unchanged, r.Failed, would)
}

// progress shows how far reading is: a bar on a terminal, otherwise a plain
// line now and then.
func progress(a *shell.App, source io.Reader, size int64) (io.Reader, func(directory.Imported)) {
	if terminal, ok := a.Err.(*os.File); ok && term.IsTerminal(int(terminal.Fd())) {
		bar := progressbar.NewOptions64(size, progressbar.OptionSetWriter(a.Err), progressbar.OptionShowBytes(true),
			progressbar.OptionSetDescription("reading"), progressbar.OptionClearOnFinish())
		return io.TeeReader(source, bar), nil
	}
	shown := 0
	return source, func(counts directory.Imported) {
		if counts.Rows >= shown+2000 {
			shown = counts.Rows
			fmt.Fprintf(a.Err, "%d rows read\n", counts.Rows)
		}
	}
}
