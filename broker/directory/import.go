package directory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/csvfile"
	"afield/broker/postgres"
)

// sliceRows is how many rows one transaction takes: enough to be quick, few
// enough that little is lost when the run is stopped.
const sliceRows = 500

// ImportOptions says how to read a directory file.
type ImportOptions struct {
	// DryRun checks every row against the database and changes nothing.
	DryRun bool
	// Now is business time, for the rows that are new.
	Now time.Time
	// OnError, if given, hears of every wrong row as it is found.
	OnError func(csvfile.RowError)
	// OnProgress, if given, hears the counts after every slice.
	OnProgress func(Imported)
}

// Imported counts what became of the rows of a file.
type Imported struct {
	Rows      int  `json:"rows"`
	New       int  `json:"new"`
	Changed   int  `json:"changed"`
	Unchanged int  `json:"unchanged"`
	Failed    int  `json:"failed"` // rows with at least one error
	DryRun    bool `json:"dry_run,omitempty"`
}

// errDryRun rolls a slice back after counting.
var errDryRun = errors.New("dry run")

// Import reads a CSV file of libraries into the directory. Two forms are
// accepted: the columns of the United States' Public Libraries Survey, and our
// own (key, name; symbol, state, country, latitude, longitude, yearly_loans,
// time_zone). Wrong rows are reported and left out; the others are saved.
//
// Rows are recognised by their key, so running it again, or going on after it was
// stopped in the middle, changes only what differs. What a member library says of
// itself (name, zone, currency) is not overwritten. The error is invalid input
// when the file as a whole cannot be read; slices before that point are saved, as
// they are when the context ends.
func Import(ctx context.Context, db *postgres.DB, source io.Reader, options ImportOptions) (Imported, error) {
	counts := Imported{DryRun: options.DryRun}
	opened, err := openFile(source)
	if err != nil {
		return counts, err
	}
	importer := &importer{db: db, options: options, counts: &counts, seen: map[string]int{}}
	for {
		row, wrong, err := opened.next()
		if errors.Is(err, io.EOF) {
			return counts, importer.flush(ctx)
		}
		if err != nil {
			return counts, errors.Join(importer.flush(ctx), err)
		}
		counts.Rows++
		if len(wrong) == 0 {
			wrong = importer.repeats(row)
		}
		if len(wrong) > 0 {
			importer.fail(wrong...)
			continue
		}
		importer.slice = append(importer.slice, row)
		if len(importer.slice) == sliceRows {
			if err := importer.flush(ctx); err != nil {
				return counts, err
			}
		}
	}
}

type importer struct {
	db      *postgres.DB
	options ImportOptions
	counts  *Imported
	slice   []importedRow
	// seen has the line of every key and symbol so far: some bytes for each library,
	// which is little even for all libraries of the world.
	seen map[string]int
}

func (i *importer) fail(wrong ...csvfile.RowError) {
	i.counts.Failed++
	if i.options.OnError != nil {
		for _, one := range wrong {
			i.options.OnError(one)
		}
	}
}

// repeats finds a key or symbol that an earlier row had.
func (i *importer) repeats(row importedRow) (wrong []csvfile.RowError) {
	if before, twice := i.seen["key "+row.key]; twice {
		wrong = append(wrong, csvfile.RowError{Line: row.line, Message: fmt.Sprintf("has the key %s, which line %d had already", row.key, before)})
	} else {
		i.seen["key "+row.key] = row.line
	}
	if row.symbol == (broker.Symbol{}) {
		return wrong
	}
	if before, twice := i.seen["symbol "+row.symbol.String()]; twice && wrong == nil {
		wrong = append(wrong, csvfile.RowError{Line: row.line, Message: fmt.Sprintf("has the symbol %s, which line %d had already", row.symbol, before)})
	} else if !twice {
		i.seen["symbol "+row.symbol.String()] = row.line
	}
	return wrong
}

// flush saves the slice in one transaction.
func (i *importer) flush(ctx context.Context) error {
	if len(i.slice) == 0 {
		return nil
	}
	var saved Imported
	var taken []csvfile.RowError
	err := i.db.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		var rows []importedRow
		var err error
		if rows, taken, err = dropTakenSymbols(ctx, tx, i.slice); err != nil {
			return err
		}
		if saved, err = saveRows(ctx, tx, rows, i.options.Now); err != nil {
			return err
		}
		if i.options.DryRun {
			return errDryRun
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return fmt.Errorf("save the rows up to line %d: %w", i.slice[len(i.slice)-1].line, err)
	}
	for _, wrong := range taken {
		i.fail(wrong)
	}
	i.counts.New += saved.New
	i.counts.Changed += saved.Changed
	i.counts.Unchanged += saved.Unchanged
	i.slice = i.slice[:0]
	if i.options.OnProgress != nil {
		i.options.OnProgress(*i.counts)
	}
	return nil
}

// dropTakenSymbols leaves out rows whose symbol another library has. A library
// that has the symbol and no key yet is the same library: it gets the key.
func dropTakenSymbols(ctx context.Context, tx *postgres.Tx, rows []importedRow) (kept []importedRow, taken []csvfile.RowError, err error) {
	var namespaces, values []string
	for _, row := range rows {
		namespaces, values = append(namespaces, row.symbol.Namespace), append(values, row.symbol.Value)
	}
	type owner struct {
		library broker.ID
		key     *string
		name    string
	}
	owners := map[broker.Symbol]owner{}
	found, err := tx.Query(ctx, `
		select s.namespace, s.value, l.id, l.source_key, l.name
		from symbols s join unnest($1::text[], $2::text[]) as asked(namespace, value) using (namespace, value)
		join libraries l on l.id = s.library_id`, namespaces, values)
	if err != nil {
		return nil, nil, fmt.Errorf("read symbols: %w", err)
	}
	var symbol broker.Symbol
	var one owner
	if _, err = pgx.ForEachRow(found, []any{&symbol.Namespace, &symbol.Value, &one.library, &one.key, &one.name}, func() error {
		owners[symbol] = one
		return nil
	}); err != nil {
		return nil, nil, fmt.Errorf("read symbols: %w", err)
	}
	for _, row := range rows {
		owner, owned := owners[row.symbol]
		switch {
		case owned && owner.key == nil:
			tx.Queue(`update libraries set source_key = $2 where id = $1
				and not exists (select 1 from libraries where source_key = $2)`, owner.library, row.key)
			kept = append(kept, row)
		case owned && *owner.key != row.key:
			taken = append(taken, csvfile.RowError{Line: row.line, Message: fmt.Sprintf(
				"has the symbol %s, which belongs to %s (key %s); give it another or correct the key", row.symbol, owner.name, *owner.key)})
		default:
			kept = append(kept, row)
		}
	}
	return kept, taken, nil
}

// saveRows upserts libraries and their symbols by source key.
func saveRows(ctx context.Context, tx *postgres.Tx, rows []importedRow, now time.Time) (Imported, error) {
	var saved Imported
	if len(rows) == 0 {
		return saved, nil
	}
	columns := columnsOf(rows)
	written, err := tx.Query(ctx, `
		insert into libraries as l (id, source_key, name, state, country, latitude, longitude, time_zone, currency, yearly_loans, created_at)
		select f.id, f.key, f.name, nullif(f.state, ''), f.country, f.latitude, f.longitude, f.zone, coalesce(nullif(f.currency, ''), 'USD'), f.loans, $11
		from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::float8[], $8::text[], $9::text[], $10::bigint[])
			as f(id, key, name, state, country, latitude, longitude, zone, currency, loans)
		on conflict (source_key) do update set
			name = case when l.member then l.name else excluded.name end,
			time_zone = case when l.member then l.time_zone else excluded.time_zone end,
			currency = case when l.member then l.currency else excluded.currency end,
			state = excluded.state, country = excluded.country, latitude = excluded.latitude,
			longitude = excluded.longitude, yearly_loans = excluded.yearly_loans
		where (l.state, l.country, l.latitude, l.longitude, l.yearly_loans)
				is distinct from (excluded.state, excluded.country, excluded.latitude, excluded.longitude, excluded.yearly_loans)
			or not l.member and (l.name, l.time_zone, l.currency) is distinct from (excluded.name, excluded.time_zone, excluded.currency)
		returning xmax = 0`,
		columns.ids, columns.keys, columns.names, columns.states, columns.countries, columns.latitudes, columns.longitudes,
		columns.zones, columns.currencies, columns.loans, now)
	if err != nil {
		return saved, fmt.Errorf("save libraries: %w", err)
	}
	var isNew bool
	if _, err := pgx.ForEachRow(written, []any{&isNew}, func() error {
		if isNew {
			saved.New++
		} else {
			saved.Changed++
		}
		return nil
	}); err != nil {
		return saved, fmt.Errorf("save libraries: %w", err)
	}
	saved.Unchanged = len(rows) - saved.New - saved.Changed
	tx.Queue(`
		insert into symbols (namespace, value, library_id)
		select f.namespace, f.value, l.id
		from unnest($1::text[], $2::text[], $3::text[]) as f(key, namespace, value)
		join libraries l on l.source_key = f.key
		where f.value <> '' on conflict do nothing`, columns.keys, columns.namespaces, columns.values)
	return saved, nil
}

type rowColumns struct {
	ids                                               []broker.ID
	keys, names, states, countries, zones, currencies []string
	namespaces, values                                []string
	latitudes, longitudes                             []*float64
	loans                                             []*int64
}

func columnsOf(rows []importedRow) rowColumns {
	var columns rowColumns
	for _, row := range rows {
		columns.ids = append(columns.ids, broker.NewID())
		columns.keys = append(columns.keys, row.key)
		columns.names = append(columns.names, row.name)
		columns.states = append(columns.states, row.state)
		columns.countries = append(columns.countries, row.country)
		columns.zones = append(columns.zones, row.zone)
		columns.currencies = append(columns.currencies, row.currency)
		columns.namespaces = append(columns.namespaces, row.symbol.Namespace)
		columns.values = append(columns.values, row.symbol.Value)
		columns.latitudes = append(columns.latitudes, row.latitude)
		columns.longitudes = append(columns.longitudes, row.longitude)
		columns.loans = append(columns.loans, row.yearlyLoans)
	}
	return columns
}
