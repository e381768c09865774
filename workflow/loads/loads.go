package loads

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog/marc"
	"afield/broker/exchange"
	"afield/broker/filemap"
	"afield/broker/postgres"
)

// Load is a file that is read every night.
type Load struct {
	Library broker.ID `json:"library_id"`
	ID      broker.ID `json:"id"`
	// Name names it among those of the library.
	Name string `json:"name"`
	// Kind is patrons, items or marc.
	Kind string `json:"kind"`
	// Source is a folder, of which the newest file is read, a file, or an address.
	Source string `json:"source"`
	// Private lets an address be on a private network.
	Private bool `json:"private,omitempty"`
	// Map is the name of a shipped map, or a map as it is written; Holdings one of
	// marc.Ways. Both may be empty.
	Map      string `json:"map,omitempty"`
	Holdings string `json:"holdings,omitempty"`
	// ReadAt is when it is read, on the library's clock: 03:00.
	ReadAt string `json:"read_at"`
	// EveryDays is within how many days a new file must come.
	EveryDays int `json:"every_days"`
	// ShrinkPercent is by how much of its rows a file may become shorter at once, and
	// how much of what was brought may be taken out.
	ShrinkPercent int `json:"shrink_percent"`
	// Removes takes out what the file no longer names.
	Removes  bool       `json:"removes"`
	CameAt   *time.Time `json:"came_at,omitempty"`
	FileHash string     `json:"-"`
	FileRows int64      `json:"file_rows"`
}

// Kinds are the kinds of file that can be read every night.
func Kinds() []string { return []string{exchange.Patrons, exchange.Items, exchange.MARC} }

// check gives everything that is wrong with a load.
func (l Load) check() error {
	var wrong []broker.FieldError
	say := func(pointer, code, format string, args ...any) {
		wrong = append(wrong, broker.FieldError{Pointer: pointer, Code: code, Message: fmt.Sprintf(format, args...)})
	}
	if strings.TrimSpace(l.Name) == "" || len(l.Name) > 100 {
		say("/name", "required", "must have a name of at most 100 characters")
	}
	if !slices.Contains(Kinds(), l.Kind) {
		say("/kind", "not_allowed", "must be one of %s", strings.Join(Kinds(), ", "))
	}
	if l.Source == "" {
		say("/source", "required", "must be a folder, a file or an address")
	}
	if _, err := time.Parse("15:04", l.ReadAt); err != nil {
		say("/read_at", "wrong_form", "must be a time such as 03:00")
	}
	if l.EveryDays < 1 || l.EveryDays > 366 {
		say("/every_days", "out_of_range", "must be from 1 to 366")
	}
	if l.ShrinkPercent < 0 || l.ShrinkPercent > 100 {
		say("/shrink_percent", "out_of_range", "must be from 0 to 100")
	}
	if _, known := marc.Way(l.Holdings); l.Holdings != "" && (!known || l.Kind != exchange.MARC) {
		say("/holdings", "not_allowed", "must be one of %s, and only for records", strings.Join(marc.Ways(), ", "))
	}
	if _, err := l.mapped(); err != nil {
		failed, _ := broker.AsError(err)
		for _, field := range failed.Fields {
			say("/map", "map", "%s", field.Message)
		}
	}
	if wrong != nil {
		return broker.Invalid(wrong...)
	}
	return nil
}

func (l Load) mapped() (*filemap.Map, error) {
	if l.Map == "" {
		return nil, nil //nolint:nilnil // our own files have no map
	}
	text := []byte(l.Map)
	if shipped, err := filemap.Text(l.Map); err == nil {
		text = shipped
	}
	return filemap.Read(text, exchange.ColumnNames())
}

// Save keeps a load, new or changed; it is known again by its name.
func Save(tx *postgres.Tx, load Load, now time.Time) error {
	if err := load.check(); err != nil {
		return err
	}
	tx.Queue(`insert into standing_loads (library_id, id, name, kind, source, map, holdings, read_at, every_days, shrink_percent, removes, created_at, private)
		values ($1, $2, $3, $4, $5, $6, $7, $8::text::time, $9, $10, $11, $12, $13)
		on conflict (library_id, name) do update set kind = excluded.kind, source = excluded.source, map = excluded.map,
			holdings = excluded.holdings, read_at = excluded.read_at, every_days = excluded.every_days,
			shrink_percent = excluded.shrink_percent, removes = excluded.removes,
			private = excluded.private`,
		load.Library, broker.NewID(), load.Name, load.Kind, load.Source, load.Map, load.Holdings, load.ReadAt, load.EveryDays,
		load.ShrinkPercent, load.Removes, now, load.Private)
	return nil
}

// Remove queues ending a load; what it brought stays.
func Remove(tx *postgres.Tx, library, id broker.ID) {
	tx.Queue(`delete from standing_loads where library_id = $1 and id = $2`, library, id)
}

// Accept queues taking the next file as it is, however short: somebody has looked.
func Accept(tx *postgres.Tx, library, id broker.ID) {
	tx.Queue(`update standing_loads set file_rows = 0, file_hash = '', night_on = null where library_id = $1 and id = $2`, library, id)
}

const selectLoads = `select library_id, id, name, kind, source, private, map, holdings, to_char(read_at, 'HH24:MI'), every_days, shrink_percent, removes,
	came_at, file_hash, file_rows from standing_loads `

// Of lists a library's loads by name.
func Of(ctx context.Context, tx *postgres.Tx, library broker.ID) ([]Load, error) {
	return query(ctx, tx, `where library_id = $1 order by name`, library)
}

// Named finds a load by its name; a not-found error when there is none.
func Named(ctx context.Context, tx *postgres.Tx, library broker.ID, name string) (Load, error) {
	return one(query(ctx, tx, `where library_id = $1 and name = $2`, library, name))
}

func one(loads []Load, err error) (Load, error) {
	if err == nil && len(loads) == 0 {
		err = broker.NotFound("load")
	}
	if err != nil {
		return Load{}, err
	}
	return loads[0], nil
}

func query(ctx context.Context, tx *postgres.Tx, where string, args ...any) ([]Load, error) {
	rows, err := tx.Query(ctx, selectLoads+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read loads: %w", err)
	}
	loads, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Load])
	if err != nil {
		return nil, fmt.Errorf("read loads: %w", err)
	}
	return loads, nil
}

// Due names a load whose hour has come.
type Due struct{ Library, ID broker.ID }

// Waiting lists the loads whose hour has come today, on their libraries' clocks, and
// that have not been read since. The transaction sees everything.
func Waiting(ctx context.Context, tx *postgres.Tx, now time.Time) ([]Due, error) {
	rows, err := tx.Query(ctx, `select s.library_id, s.id from standing_loads s join libraries l on l.id = s.library_id
		where ($1 at time zone l.time_zone)::time >= s.read_at and (s.night_on is null or s.night_on < ($1 at time zone l.time_zone)::date)
		order by 1, 2`, now)
	if err != nil {
		return nil, fmt.Errorf("look for loads: %w", err)
	}
	due, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Due])
	if err != nil {
		return nil, fmt.Errorf("look for loads: %w", err)
	}
	return due, nil
}

// What a run came to.
const (
	Read     = "read"
	SameFile = "same_file"
	Missing  = "missing"
	Shrunk   = "shrunk"
	Failed   = "failed"
)

// Report is what one run came to.
type Report struct {
	Outcome string `json:"outcome"`
	Counts  Counts `json:"counts"`
	// Detail says it in words; it names nobody.
	Detail     string     `json:"detail"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
}

// Counts are what changed.
type Counts struct {
	exchange.Result
	// Removed were taken out because the file no longer names them; Restored came
	// back.
	Removed  int `json:"removed"`
	Restored int `json:"restored"`
}

// Runs lists what the last runs of a load came to, the latest first.
func Runs(ctx context.Context, tx *postgres.Tx, library, load broker.ID, limit int) ([]Report, error) {
	rows, err := tx.Query(ctx, `select outcome, counts, detail, started_at, finished_at from load_runs
		where library_id = $1 and load_id = $2 order by started_at desc, id desc limit $3`, library, load, limit)
	if err != nil {
		return nil, fmt.Errorf("read the runs of a load: %w", err)
	}
	runs, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (report Report, err error) {
		var counts []byte
		if err = row.Scan(&report.Outcome, &counts, &report.Detail, &report.StartedAt, &report.FinishedAt); err == nil {
			err = json.Unmarshal(counts, &report.Counts)
		}
		return report, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the runs of a load: %w", err)
	}
	return runs, nil
}
