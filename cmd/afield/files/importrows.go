package files

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"afield/broker"
	"afield/broker/csvfile"
	"afield/broker/exchange"
	"afield/broker/policy/published"
	"afield/broker/postgres"
	"afield/cmd/afield/shell"
)

// importRows is what the commands that read a library's own rows have in common.
type importRows struct {
	File    string `arg:"" help:"The file, or - for standard input." placeholder:"FILE"`
	Library string `help:"Whose rows they are: symbol or id." required:"" placeholder:"LIBRARY"`
	DryRun  bool   `help:"Check every row and say what would change; change nothing."`
	Map     string `help:"How another system's file is read: koha, sierra, evergreen, or a file (afield import map --help)." placeholder:"MAP"`
	Raw     bool   `help:"Take cells as they are: an apostrophe before what a spreadsheet would work out stays."`
	Errors  string `help:"Write the wrong rows into this CSV file, as they came, with the reason in a column of its own; mended, it can be read in." placeholder:"FILE"`
}

type (
	importCalendarCommand struct{ importRows }
	importPatronsCommand  struct{ importRows }
	importMARCCommand     struct {
		importRows
		Holdings string `help:"How the records have their copies: marc21, evergreen, alma, koha, sierra, sirsi, or none. Found out when left out." placeholder:"WAY"`
	}
	importItemsCommand   struct{ importRows }
	importLoansCommand   struct{ importRows }
	importHoldsCommand   struct{ importRows }
	importLinksCommand   struct{ importRows }
	importProxiesCommand struct{ importRows }
	importBlocksCommand  struct{ importRows }
	importChargesCommand struct{ importRows }
)

// Run reads weekly hours and closures.
func (c importCalendarCommand) Run(a *shell.App) error { return c.run(a, exchange.Calendar) }

// Run reads patrons.
func (c importPatronsCommand) Run(a *shell.App) error { return c.run(a, exchange.Patrons) }

// Run reads titles and copies.
func (c importMARCCommand) Run(a *shell.App) error {
	return c.run(a, exchange.MARC, func(_ *postgres.DB, o *exchange.Options) (func(), error) {
		o.Holdings = c.Holdings
		return nothing, nil
	})
}

// Run reads items.
func (c importItemsCommand) Run(a *shell.App) error { return c.run(a, exchange.Items) }

// Run reads loans.
func (c importLoansCommand) Run(a *shell.App) error { return c.run(a, exchange.Loans) }

// Run reads holds.
func (c importHoldsCommand) Run(a *shell.App) error { return c.run(a, exchange.Holds) }

// Run reads who is responsible for whom.
func (c importLinksCommand) Run(a *shell.App) error { return c.run(a, exchange.Links) }

// Run reads who may pick up for whom.
func (c importProxiesCommand) Run(a *shell.App) error { return c.run(a, exchange.Proxies) }

// Run reads blocks.
func (c importBlocksCommand) Run(a *shell.App) error { return c.run(a, exchange.Blocks) }

// Run reads charges and payments.
func (c importChargesCommand) Run(a *shell.App) error { return c.run(a, exchange.Charges) }

// Help is shown by afield import calendar --help.
func (importCalendarCommand) Help() string {
	return importHelp(exchange.Calendar, "A row is a weekday with its hours, a day with hours of its own, or a closure. A weekday that no row names stays as it is.")
}

// Help is shown by afield import patrons --help.
func (importPatronsCommand) Help() string {
	return importHelp(exchange.Patrons, "A patron is known again by card number, or by key. Links to guardians are added, never taken away. PINs are not read: give them with afield user pin.")
}

// Help is shown by afield import items --help.
func (importItemsCommand) Help() string {
	return importHelp(exchange.Items, "An item is known again by its barcode; its title by title_key, ISBN or OCLC number, else by its words.")
}

// Help is shown by afield import loans --help.
func (importLoansCommand) Help() string {
	return importHelp(exchange.Loans, "Read patrons and items in first. A loan that is here already stays as it is. Its terms are those of the library's policy today.")
}

// Help is shown by afield import holds --help.
func (importHoldsCommand) Help() string {
	return importHelp(exchange.Holds, "Read patrons and items in first. Each hold takes its place in the queue by queued_at. One that is here already stays as it is.")
}

// Help is shown by afield import links --help.
func (importLinksCommand) Help() string {
	return importHelp(exchange.Links, "Read patrons in first: who answers for whom may stand in their file too. Links are added, never taken away.")
}

// Help is shown by afield import proxies --help.
func (importProxiesCommand) Help() string {
	return importHelp(exchange.Proxies, "Read patrons in first. Proxies are added, never taken away.")
}

// Help is shown by afield import blocks --help.
func (importBlocksCommand) Help() string {
	return importHelp(exchange.Blocks, "Read patrons in first. A block that is here already stays as it is: it may have been lifted.")
}

// Help is shown by afield import charges --help.
func (importChargesCommand) Help() string {
	return importHelp(exchange.Charges, "An entry whose key was read before is never posted again. Charges come before the payments and waivers that answer them.")
}

// Help is shown by afield import marc --help.
func (importMARCCommand) Help() string {
	return `Binary MARC 21 (ISO 2709) and MARCXML are told apart by themselves. Text must be UTF-8; MARC-8 is read only where it is plain ASCII. A record is known again by its control number (001), ISBN or OCLC number. All of it is kept and goes home in an export. One that says it is deleted is passed over.

How the file has its copies is found out, by what finds most of them, or said with --holdings:
  marc21     852 (branch $b, call number $h $i, barcode $p); 876 to 878 of the same barcode, link or place: price $c, status $j, and the notes $x "type: dvd" and "audience: child"
  evergreen  852 (branch the last $b, call number $j, barcode $p, price $y, type $g)
  alma       852 with 876 to 878 that its $8 or $0 links
  koha       952 (branch $a, call number $o, barcode $p, price $v, type $y; $0 $1 $4 $7 for what is not on the shelf)
  sierra     945 (branch $l, call number $a, barcode $i, price $p, type $t, status $s)
  sirsi      999 (branch $m, call number $a, barcode $i, price $p, type $t; $k for what is not on the shelf)
  none       no copies
A copy that cannot be read is named and left out, and counted; its title and the other copies go in. The status is then 1.

` + importManners + `
Examples:
  afield import marc titles.mrc --library ISIL:US-NWPTL --dry-run
  afield import marc titles.xml --library ISIL:US-NWPTL --holdings koha`
}

const importManners = `Files of other systems are read by a map (--map). Wrong rows are listed with line, column and what would be right, and left out; the status is then 1. Rows are saved in slices; after a stop in the middle, the same command goes on where it was. Reading the same file twice changes nothing.
`

func importHelp(kind, about string) string {
	var columns strings.Builder
	for _, column := range exchange.ColumnsOf(kind) {
		needed := ""
		if column.Needed {
			needed = "(needed) "
		}
		fmt.Fprintf(&columns, "  %-21s %s%s\n", column.Name, needed, column.Says)
	}
	return fmt.Sprintf(`%s

The first line names the columns, in any order; commas, semicolons, tabs or bars divide them:
%s
%s
Examples:
  afield import %s FILE.csv --library ISIL:US-NWPTL --dry-run
  afield import %s FILE.csv --library ISIL:US-NWPTL --errors wrong.csv
  afield import %s FILE.csv --library ISIL:US-NWPTL --map koha`, about, columns.String(), importManners, kind, kind, kind)
}

// RowsResult is what the commands print.
type RowsResult struct {
	Kind string `json:"kind"`
	exchange.Result
	// Errors are the wrong rows; the first 10,000 of them.
	Errors []csvfile.RowError `json:"errors"`
	// Guessed counts copies, by a code of their kind of material that is not known
	// here.
	Guessed map[string]int `json:"guessed,omitempty"`
	// Hints are new patrons who may be somebody who is here; the first 10,000.
	Hints []csvfile.RowError `json:"hints,omitempty"`
}

// mostErrorsShown bounds how many wrong rows are printed; all are counted, and
// --errors has them all.
const mostErrorsShown = 100

// prepare completes the options of one kind; release ends what it began.
type prepare func(*postgres.DB, *exchange.Options) (release func(), err error)

func nothing() {}

func (c importRows) run(a *shell.App, kind string, prepared ...prepare) (err error) {
	source, cleanUp, err := seekable(c.File)
	if err != nil {
		return err
	}
	defer cleanUp()
	db, library, err := a.OpenLibrary(c.Library)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	policies := published.NewSource()
	if err := policies.Refresh(a.Ctx, db.DB); err != nil {
		return err
	}
	mapped, err := mapNamed(c.Map)
	if err != nil {
		return err
	}
	list, err := newErrorList(a, c.File, c.Errors)
	if err != nil {
		return err
	}
	bar := newRowProgress(a)
	result := RowsResult{Kind: kind}
	options := exchange.Options{
		Kind: kind, Library: library.ID, DryRun: c.DryRun, Now: broker.SystemClock{}.Now(), Policies: policies.Rules,
		Map: mapped, Raw: c.Raw, Errors: list.rows(), OnError: list.add, OnProgress: bar.show,
		OnGuess: func(code string, copies int) {
			if result.Guessed == nil {
				result.Guessed = map[string]int{}
			}
			result.Guessed[code] += copies
		},
		OnHint: func(hint csvfile.RowError) {
			if len(result.Hints) < mostErrorsKept {
				result.Hints = append(result.Hints, hint)
			}
		},
	}
	for _, complete := range prepared {
		release, err := complete(db.DB, &options)
		if err != nil {
			return err
		}
		defer release()
	}
	result.Result, err = exchange.Import(a.Ctx, db.DB, source, options)
	bar.finish()
	if closing := list.close(); err == nil {
		err = closing
	}
	if err != nil {
		return stoppedRows(err, result.Result)
	}
	result.Errors = list.kept
	if err := a.Print(result, result.words); err != nil {
		return err
	}
	if result.Failed > 0 || result.CopiesLeftOut > 0 {
		return shell.ErrReported
	}
	return nil
}

// seekable opens a file; standard input is put into a temporary file first,
// because it is read more than once.
func seekable(name string) (io.ReadSeeker, func(), error) {
	opened, size, err := shell.OpenInput(name)
	if err != nil {
		return nil, nil, err
	}
	if file, ok := opened.(*os.File); ok && size >= 0 {
		return file, func() { _ = file.Close() }, nil
	}
	copied, err := os.CreateTemp("", "afield-import-")
	if err != nil {
		return nil, nil, err
	}
	cleanUp := func() { _ = errors.Join(opened.Close(), copied.Close(), os.Remove(copied.Name())) }
	if _, err = io.Copy(copied, opened); err == nil {
		_, err = copied.Seek(0, io.SeekStart)
	}
	if err != nil {
		cleanUp()
		return nil, nil, err
	}
	return copied, cleanUp, nil
}

// stoppedRows says why reading stopped in the middle, and what is kept.
func stoppedRows(err error, done exchange.Result) error {
	if ours, ok := broker.AsError(err); ok && len(ours.Fields) > 0 && ours.Fields[0].Pointer == "/file" {
		err = errors.New("the file " + ours.Fields[0].Message)
	}
	if saved := done.New + done.Changed; saved > 0 && !done.DryRun {
		return fmt.Errorf("%w (%d rows were saved before; run it again to go on)", err, saved)
	}
	return err
}

func (r RowsResult) words(out io.Writer) {
	would := ""
	if r.DryRun {
		would = " (dry run: nothing was changed)"
	}
	if r.Resumed > 0 {
		fmt.Fprintf(out, "went on after row %d, where an earlier run was stopped; %d rows before it were wrong\n", r.Resumed, r.ResumedFailed)
	}
	fmt.Fprintf(out, "%d rows: %d new, %d changed, %d unchanged, %d wrong%s\n", r.Rows, r.New, r.Changed, r.Unchanged, r.Failed, would)
	if r.Deleted > 0 {
		fmt.Fprintf(out, "%d records say that they are deleted; they were passed over\n", r.Deleted)
	}
	if r.Holdings != "" {
		fmt.Fprintf(out, "%d copies went in and %d were left out; the file was read as %s writes copies\n", r.Copies, r.CopiesLeftOut, r.Holdings)
	}
	for _, code := range slices.Sorted(maps.Keys(r.Guessed)) {
		fmt.Fprintf(out, "%s is no type of this library: %d copies have the kind of material of their record\n", code, r.Guessed[code])
	}
	for i, hint := range r.Hints {
		if i == mostErrorsShown {
			fmt.Fprintf(out, "and %d more who may be here already; --json lists them\n", r.Alike-i)
			break
		}
		fmt.Fprintln(out, hint)
	}
}

// errorList prints what is wrong as it is found, up to a number, and has the file
// for the wrong rows.
type errorList struct {
	app   *shell.App
	kept  []csvfile.RowError
	shown int
	file  *os.File
}

func newErrorList(a *shell.App, read, name string) (*errorList, error) {
	list := &errorList{app: a, kept: []csvfile.RowError{}}
	if name == "" {
		return list, nil
	}
	before, err := os.Stat(read)
	after, missing := os.Stat(name)
	if err == nil && missing == nil && os.SameFile(before, after) {
		return nil, fmt.Errorf("%w: --errors %s is the file that is read; name another", shell.ErrUsage, name)
	}
	list.file, err = os.Create(name)
	return list, err
}

// rows is where wrong rows are written; nil for nowhere.
func (l *errorList) rows() io.Writer {
	if l.file == nil {
		return nil
	}
	return l.file
}

func (l *errorList) add(wrong csvfile.RowError) {
	if len(l.kept) < mostErrorsKept {
		l.kept = append(l.kept, wrong)
	}
	if l.app.JSON {
		return
	}
	if l.shown++; l.shown <= mostErrorsShown {
		fmt.Fprintln(l.app.Err, wrong)
	}
}

func (l *errorList) close() error {
	if left := l.shown - mostErrorsShown; left > 0 {
		fmt.Fprintf(l.app.Err, "and %d more; --errors FILE writes them all\n", left)
	}
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// rowProgress shows how many rows are done: a bar on a terminal, otherwise a
// plain line now and then.
type rowProgress struct {
	out   io.Writer
	bar   *progressbar.ProgressBar
	isTTY bool
	shown int
}

func newRowProgress(a *shell.App) *rowProgress {
	terminal, ok := a.Err.(*os.File)
	return &rowProgress{out: a.Err, isTTY: ok && term.IsTerminal(int(terminal.Fd()))}
}

func (p *rowProgress) show(done, all int) {
	switch {
	case p.isTTY:
		if p.bar == nil {
			p.bar = progressbar.NewOptions(all, progressbar.OptionSetWriter(p.out), progressbar.OptionShowCount(),
				progressbar.OptionSetDescription("rows"), progressbar.OptionClearOnFinish())
		}
		_ = p.bar.Set(done) // a bar that cannot be drawn stops nothing
	case done >= p.shown+5000:
		p.shown = done
		fmt.Fprintf(p.out, "%d of %d rows done\n", done, all)
	}
}

func (p *rowProgress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
