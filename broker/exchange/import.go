package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker"
	"afield/broker/catalog/marc"
	"afield/broker/csvfile"
	"afield/broker/directory"
	"afield/broker/exchange/runs"
	"afield/broker/exchange/seen"
	"afield/broker/filemap"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// sliceRows is how many rows one transaction takes: enough to be quick, few
// enough that little is lost when the run is stopped.
const sliceRows = 500

// Options says how to read a file in.
type Options struct {
	// Kind is one of Kinds.
	Kind    string
	Library broker.ID
	// Holdings names how the file's records have their copies, one of marc.Ways;
	// empty finds it out.
	Holdings string
	// Map says how the file of another system is read; nil reads ours.
	Map *filemap.Map
	// Raw takes cells as they are. Else an apostrophe that an export has put before
	// what a spreadsheet would work out is taken away.
	Raw bool
	// Errors, if given, gets the rows that are left out, as they came, with the reason
	// in a column of its own (ReasonColumn).
	Errors io.Writer
	// DryRun checks every row against the database and changes nothing.
	DryRun bool
	// Now is business time, for rows that give no time.
	Now time.Time
	// Policies gives the library's policy: which classes and types there are, and
	// the terms of loans.
	Policies standing.Policies
	// Taker takes in requests that began in another system; only for the kind Requests.
	Taker Taker
	// OnError, if given, is called for every wrong row as it is found.
	OnError func(csvfile.RowError)
	// OnHint, if given, is called for every row that went in and may be somebody who
	// is here already.
	OnHint func(csvfile.RowError)
	// OnGuess, if given, is called for copies whose kind of material has a code that
	// is not known here, and was taken from their record: with the field and the code.
	OnGuess func(code string, copies int)
	// OnCounted, if given, is told how many rows the file has, before any is worked on.
	OnCounted func(rows int)
	// OnUnread, if given, is called for every row that cannot be read at all.
	OnUnread func()
	// OnNames, if given, is called in the transaction of each slice with what its rows
	// name: cards and keys, barcodes, control numbers. It may queue writes.
	OnNames func(ctx context.Context, tx *postgres.Tx, names []string)
	// OnProgress, if given, is called with how many of all rows are done.
	OnProgress func(done, all int)
}

// Result counts what became of the rows of a file.
type Result struct {
	Rows      int `json:"rows"`
	New       int `json:"new"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	// Failed counts rows with at least one error; a row that went in without a
	// guardian it names is also counted as new, changed or unchanged.
	Failed int `json:"failed"`
	// Deleted counts records that say of themselves that they are deleted; they are
	// passed over.
	Deleted int `json:"deleted,omitempty"`
	// Holdings is how the records have their copies; Copies counts those that went
	// in, CopiesLeftOut those that could not, each of which has an error.
	Holdings      string `json:"holdings,omitempty"`
	Copies        int    `json:"copies,omitempty"`
	CopiesLeftOut int    `json:"copies_left_out,omitempty"`
	// Alike counts new patrons who may be the same person as somebody else.
	Alike int `json:"alike,omitempty"`
	// Resumed is how many rows were done by an earlier run that was stopped;
	// ResumedFailed of them were wrong and are counted in Failed.
	Resumed       int  `json:"resumed,omitempty"`
	ResumedFailed int  `json:"resumed_failed,omitempty"`
	DryRun        bool `json:"dry_run,omitempty"`
}

// job is one file being read in.
type job struct {
	Options
	db       *postgres.DB
	kind     kind
	library  directory.Library
	document *policy.Document
	shared   []broker.ID
	branches map[string]directory.Branch
	file     rowReader
	hash     string
	// first has the line on which the file first names a thing: to find repeats, and
	// for rows that name others further down.
	first *seen.Names
	// holdings is how the file's records have their copies.
	holdings marc.Holdings
	wrong    *wrongRows
	result   Result
	// waiting tells that some rows say something that can only be done when every
	// row is in; refused are the rows left out, untouched those that changed
	// nothing.
	waiting            bool
	refused, untouched seen.Rows
}

// kind is a kind of file.
type kind struct {
	name    string
	columns []Column
	// names are what a row may be called by; the first of them must not be repeated
	// in the file.
	names func(*row) []string
	// ids are the columns in which an export writes the ids of the library's own rows;
	// no other library here may have them.
	ids []string
	// save works on a slice: marks what is wrong, writes the rest.
	save func(context.Context, *postgres.Tx, *job, []*row) error
	// waits tells, where given, whether a row says something about other rows, which
	// must all be in first; after then does it.
	waits func(*row) bool
	after func(context.Context, *postgres.Tx, *job, []*row) error
}

// errDryRun rolls a slice back after counting.
var errDryRun = errors.New("dry run")

// Import reads a file in. Wrong rows are reported to OnError and left out; the
// others are saved, in slices that are each saved whole or not at all. A run that
// was stopped goes on where it was when the same file is given again; a file that
// was read to its end is read again from the start, and changes only what
// differs. The error is invalid input when the file as a whole cannot be read.
//
// The file is read two or three times and never kept: in memory are the rows of
// one slice, and sixteen bytes for each name that must not be repeated.
func Import(ctx context.Context, db *postgres.DB, source io.ReadSeeker, options Options) (Result, error) {
	j := &job{Options: options, db: db, first: seen.NewNames(), result: Result{DryRun: options.DryRun}}
	var err error
	if j.kind, err = kindNamed(options.Kind); err != nil {
		return j.result, err
	}
	if err := j.understand(); err != nil {
		return j.result, err
	}
	if err := j.prepare(ctx); err != nil {
		return j.result, err
	}
	if err := j.look(ctx, source); err != nil {
		return j.result, err
	}
	if j.OnCounted != nil {
		j.OnCounted(j.result.Rows)
	}
	if err := j.start(ctx); err != nil {
		return j.result, err
	}
	err = j.read(ctx, source)
	if err == nil {
		err = j.readWaiting(ctx, source)
	}
	if wrong := j.endWrong(); err == nil {
		err = wrong
	}
	if err != nil {
		return j.result, err
	}
	return j.result, j.finish(ctx)
}

// understand reads the options.
func (j *job) understand() error {
	if (j.kind.name == Requests) != (j.Taker != nil) {
		return broker.Invalid(broker.FieldError{Pointer: "/kind", Code: "not_here", Message: "must be read by whoever can take requests in, and only that"})
	}
	if j.Holdings == "" && j.Map != nil && j.Map.Holdings != nil && j.kind.name == MARC {
		j.holdings = marc.OwnWay("the map", j.Map.Holdings.Field, j.Map.Holdings.Cells)
	}
	if j.Holdings == "" {
		return nil
	}
	var known bool
	if j.holdings, known = marc.Way(j.Holdings); !known || j.kind.name != MARC {
		return broker.Invalid(broker.FieldError{
			Pointer: "/holdings", Code: "unknown", Message: "must be one of " + strings.Join(marc.Ways(), ", ") + ", and only for records",
		})
	}
	return nil
}

// open opens the file from where it stands.
func (j *job) open(source io.Reader) (rowReader, error) {
	if j.kind.name == MARC {
		return openMARC(source)
	}
	return openCSV(source, j.kind.columns, Reading{j.kind.name, j.Map, j.Raw, j.library.Currency})
}

// look reads the file once: its hash, how many rows it has, what they name, and
// whether they are another library's.
func (j *job) look(ctx context.Context, source io.Reader) error {
	sum := sha256.New()
	tee := io.TeeReader(source, sum)
	file, err := j.open(tee)
	if err != nil {
		return err
	}
	var evidence marc.Evidence
	var ids []broker.ID
	for {
		read, err := file.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		j.result.Rows++
		if read.syntax != nil || read.deleted {
			continue
		}
		for _, name := range j.kind.names(read) {
			j.first.Note(name, read.line)
		}
		if j.kind.name == MARC {
			evidence.Note(read.record)
			for _, name := range j.barcodesIn(read.record) {
				j.first.Note(name, read.line)
			}
		}
		for _, column := range j.kind.ids {
			if id, err := broker.ParseID(column, read.text(column)); err == nil && id != broker.NoID {
				ids = append(ids, id)
			}
		}
		if len(ids) >= askedAtOnce {
			if err := j.refuseAnothers(ctx, ids); err != nil {
				return err
			}
			ids = ids[:0]
		}
	}
	if err := j.refuseAnothers(ctx, ids); err != nil {
		return err
	}
	j.first.Seal()
	if j.kind.name == MARC && j.holdings.Name == "" {
		j.holdings = evidence.Likeliest()
	}
	j.result.Holdings = j.holdings.Name
	if _, err := io.Copy(io.Discard, tee); err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	fmt.Fprint(sum, j.Holdings) // read otherwise, it is another run
	if j.Map != nil {
		fmt.Fprint(sum, j.Map.Hash)
	}
	j.hash = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// askedAtOnce is how many ids are looked for at a time.
const askedAtOnce = 50_000

// refuseAnothers refuses the file of a library that is in this database too: its
// rows would then be those of two libraries at once.
func (j *job) refuseAnothers(ctx context.Context, ids []broker.ID) error {
	if len(ids) == 0 {
		return nil
	}
	return j.db.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		other, err := patrons.OfAnother(ctx, tx, j.Library, ids)
		if err != nil || other == broker.NoID {
			return err
		}
		library, err := directory.Load(ctx, tx, other)
		if err != nil {
			return err
		}
		return csvfile.Unreadable("of_another_library",
			"was written by an export of %s, which is in this database too; its rows cannot be those of %s as well. Read it in for %s itself, or into a database of its own",
			library.Name, j.library.Name, library.Name)
	})
}

func (j *job) prepare(ctx context.Context) error {
	return j.in(ctx, func(ctx context.Context, tx *postgres.Tx) (err error) {
		if j.library, err = directory.Load(ctx, tx, j.Library); err != nil {
			return err
		}
		if !j.library.Member {
			return broker.Refused("not_a_member", "Only a member library has rows of its own.")
		}
		if j.document, err = j.Policies.At(j.library, j.Now); err != nil {
			return err
		}
		if j.shared, err = directory.SharedWith(ctx, tx, j.library.SharingGroup); err != nil {
			return err
		}
		branches, err := directory.Branches(ctx, tx, j.Library)
		j.branches = map[string]directory.Branch{}
		for _, branch := range branches {
			j.branches[branch.Code] = branch
		}
		return err
	})
}

// in runs work in a transaction that sees the library and those it shares a
// catalogue with: a card or a barcode may be another's.
func (j *job) in(ctx context.Context, work func(context.Context, *postgres.Tx) error) error {
	return j.db.InTx(ctx, postgres.ForLibraries(append([]broker.ID{j.Library}, j.shared...)...), work)
}

// start finds out whether an earlier run was stopped in the middle.
func (j *job) start(ctx context.Context) error {
	if j.DryRun {
		return nil
	}
	return j.in(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		count, err := j.run().Start(ctx, tx, j.Now)
		if (j.kind.waits != nil || j.Errors != nil) && count.Failed+count.LeftOut > 0 {
			// When the file is read once more, it must be known which rows were refused:
			// so it is read from the start, and what is in already does not change.
			count = runs.Count{}
		}
		j.result.Resumed, j.result.ResumedFailed, j.result.Failed, j.result.CopiesLeftOut = count.Done, count.Failed, count.Failed, count.LeftOut
		return err
	})
}

func (j *job) run() runs.Run { return runs.Run{Library: j.Library, Kind: j.kind.name, Hash: j.hash} }

// again opens the file from its beginning.
func (j *job) again(source io.ReadSeeker) error {
	_, err := source.Seek(0, io.SeekStart)
	if err != nil {
		return fmt.Errorf("read the file again: %w", err)
	}
	j.file, err = j.open(source)
	return err
}

func (j *job) read(ctx context.Context, source io.ReadSeeker) error {
	if err := errors.Join(j.again(source), j.beginWrong()); err != nil {
		return err
	}
	var slice []*row
	for {
		read, err := j.file.next()
		if errors.Is(err, io.EOF) {
			return j.save(ctx, slice)
		}
		if err != nil {
			return errors.Join(j.save(ctx, slice), err)
		}
		if read.syntax == nil && j.kind.waits != nil && j.kind.waits(read) {
			j.waiting = true
		}
		if read.index <= j.result.Resumed {
			continue
		}
		if read.syntax != nil {
			j.note(read, []csvfile.RowError{*read.syntax})
			if j.OnUnread != nil {
				j.OnUnread()
			}
			j.fail(*read.syntax)
			continue
		}
		if read.deleted {
			j.result.Deleted++
			continue
		}
		if slice = append(slice, read); len(slice) == sliceRows {
			if err := j.save(ctx, slice); err != nil {
				return err
			}
			slice = nil
		}
	}
}

func (j *job) fail(wrong ...csvfile.RowError) {
	j.result.Failed++
	j.tell(wrong)
}

func (j *job) tell(wrong []csvfile.RowError) {
	if j.OnError != nil {
		for _, one := range wrong {
			j.OnError(one)
		}
	}
}

// save works on rows in one transaction. Where the database itself refuses, the
// slice is halved until the bad row stands alone.
func (j *job) save(ctx context.Context, rows []*row) error {
	if len(rows) == 0 {
		return nil
	}
	err := j.try(ctx, rows, j.kind.save)
	switch {
	case err == nil:
	case !isRowsFault(err) || ctx.Err() != nil:
		return fmt.Errorf("save the rows up to line %d: %w", rows[len(rows)-1].line, err)
	case len(rows) > 1:
		if err := j.save(ctx, rows[:len(rows)/2]); err != nil {
			return err
		}
		return j.save(ctx, rows[len(rows)/2:])
	default:
		if j.OnUnread != nil {
			j.OnUnread() // nobody was told what it names
		}
		rows[0].errors = nil
		rows[0].copies = copies{lost: rows[0].copies.in + len(rows[0].copies.left)}
		rows[0].wrong("", "cannot be saved: %s", reason(err))
	}
	for _, done := range rows {
		j.count(done)
	}
	if j.OnProgress != nil {
		j.OnProgress(rows[len(rows)-1].index, j.result.Rows)
	}
	return nil
}

func (j *job) try(ctx context.Context, rows []*row, work func(context.Context, *postgres.Tx, *job, []*row) error) error {
	err := j.in(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		for _, read := range rows {
			read.errors, read.hint, read.outcome, read.copies = slices.Clone(read.unread), nil, unchanged, copies{}
			j.repeats(read)
		}
		if err := work(ctx, tx, j, rows); err != nil {
			return err
		}
		if j.DryRun {
			return errors.Join(tx.Flush(ctx), errDryRun)
		}
		if j.OnNames != nil {
			var names []string
			for _, read := range rows {
				names = append(names, j.kind.names(read)...)
				if j.kind.name == MARC {
					names = append(names, j.barcodesIn(read.record)...)
				}
			}
			j.OnNames(ctx, tx, names)
		}
		failed, leftOut := j.result.Failed, j.result.CopiesLeftOut
		for _, read := range rows {
			leftOut += len(read.copies.left) + read.copies.lost
			if read.errors != nil {
				failed++
			}
		}
		j.run().Note(tx, runs.Count{Done: rows[len(rows)-1].index, Failed: failed, LeftOut: leftOut})
		return nil
	})
	if errors.Is(err, errDryRun) && !isRowsFault(err) {
		return nil
	}
	return err
}

// repeats finds names that an earlier row of the file has.
func (j *job) repeats(read *row) {
	for _, name := range j.kind.names(read) {
		if before := j.first.Line(name); name != "" && before < read.line {
			read.wrong("", "has the %s, which line %d had already; keep one of them", name, before)
			return
		}
	}
}

func (j *job) count(read *row) {
	j.result.Copies += read.copies.in
	j.result.CopiesLeftOut += len(read.copies.left) + read.copies.lost
	j.tell(read.copies.left)
	j.noteCopies(read)
	for code, times := range read.copies.guessed {
		if j.OnGuess != nil {
			j.OnGuess(code, times)
		}
	}
	switch {
	case read.errors != nil:
		j.refused.Add(read.index)
		j.note(read, read.errors)
		j.fail(read.errors...)
	case read.outcome == isNew:
		j.result.New++
		if read.hint != nil {
			j.result.Alike++
			if j.OnHint != nil {
				j.OnHint(*read.hint)
			}
		}
	case read.outcome == changed:
		j.result.Changed++
	default:
		j.untouched.Add(read.index)
		j.result.Unchanged++
	}
}

// readWaiting reads the file once more for what had to wait for every row.
func (j *job) readWaiting(ctx context.Context, source io.ReadSeeker) error {
	if !j.waiting || j.DryRun {
		return nil
	}
	if err := j.again(source); err != nil {
		return err
	}
	var slice []*row
	for {
		read, err := j.file.next()
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			return err
		}
		if !ended && read.syntax == nil && j.kind.waits(read) && !j.refused.Has(read.index) {
			slice = append(slice, read)
		}
		if len(slice) == sliceRows || (ended && len(slice) > 0) {
			after := func(ctx context.Context, tx *postgres.Tx) error { return j.kind.after(ctx, tx, j, slice) }
			if err := j.in(ctx, after); err != nil {
				return fmt.Errorf("link the rows up to line %d: %w", slice[len(slice)-1].line, err)
			}
			slice = nil
		}
		if ended {
			return nil
		}
	}
}

// half notes that a row went in without something it says about another.
func (j *job) half(read *row, wrong csvfile.RowError) {
	if !j.refused.Has(read.index) {
		j.refused.Add(read.index)
		j.result.Failed++
	}
	j.note(read, []csvfile.RowError{wrong})
	j.tell([]csvfile.RowError{wrong})
}

// gained notes that a row which had changed nothing did so after all.
func (j *job) gained(read *row) {
	if j.untouched.Has(read.index) {
		j.untouched.Remove(read.index)
		j.result.Unchanged--
		j.result.Changed++
	}
}

// finish closes the run.
func (j *job) finish(ctx context.Context) error {
	if j.DryRun {
		return nil
	}
	return j.in(ctx, func(_ context.Context, tx *postgres.Tx) error {
		j.run().Finish(tx, runs.Count{Done: j.result.Rows, Failed: j.result.Failed, LeftOut: j.result.CopiesLeftOut}, j.Now)
		return nil
	})
}

// isRowsFault tells whether some row caused an error, rather than the system. Two
// rows about one thing (21000) are such a fault of a slice, but of neither row
// alone.
func isRowsFault(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return len(pg.Code) == 5 && (pg.Code == "21000" || pg.Code[:2] == "22" || pg.Code[:2] == "23")
	}
	_, ours := broker.AsError(err)
	return ours
}

func reason(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.ConstraintName != "" {
		return "it breaks the rule " + pg.ConstraintName
	}
	if ours, ok := broker.AsError(err); ok {
		return ours.Detail
	}
	return "the database refuses a value in it"
}
