package loads

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/exchange"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/requests/tasks"
)

// AlarmTask is the kind of the task about a load that went wrong.
const AlarmTask = "load_alarm"

// Options are what a run needs.
type Options struct {
	Now      time.Time
	Policies standing.Policies
}

// run is a run of a load.
type run struct {
	Options
	db      *postgres.DB
	load    Load
	library directory.Library
	id      broker.ID
	report  Report
	unread  bool // some rows could not even be read: who knows what they name
}

// Run reads a load's file now. What went wrong with the file is in the report and,
// as a task, before staff; the error is that of the system, or of the context when
// the run was broken off and goes on another time.
func Run(ctx context.Context, db *postgres.DB, library, id broker.ID, options Options) (Report, error) {
	r := &run{Options: options, db: db}
	err := r.in(ctx, library, func(ctx context.Context, tx *postgres.Tx) (err error) {
		if r.load, err = one(query(ctx, tx, `where library_id = $1 and id = $2`, library, id)); err != nil {
			return err
		}
		r.library, err = directory.Load(ctx, tx, library)
		return err
	})
	if err != nil {
		return r.report, err
	}
	r.report.StartedAt = options.Now
	file, err := fetch(ctx, r.load.Source, r.load.Private)
	switch {
	case ctx.Err() != nil:
		return r.report, ctx.Err()
	case err != nil:
		return r.end(ctx, Missing, "The file of the load %q did not come: %s.", r.load.Name, err)
	}
	defer file.close()
	if file.hash == r.load.FileHash {
		if r.load.CameAt != nil && options.Now.Sub(*r.load.CameAt) > time.Duration(r.load.EveryDays)*24*time.Hour+12*time.Hour {
			return r.end(ctx, Missing, "No new file of the load %q has come since %s.", r.load.Name, r.library.Today(*r.load.CameAt))
		}
		return r.end(ctx, SameFile, "")
	}
	if err := r.begin(ctx, file.hash); err != nil {
		return r.report, err
	}
	return r.read(ctx, file)
}

func (r *run) in(ctx context.Context, library broker.ID, work func(context.Context, *postgres.Tx) error) error {
	return r.db.InTx(ctx, postgres.ForLibraries(library), work)
}

// begin begins a run, or goes on with that of the same file.
func (r *run) begin(ctx context.Context, hash string) error {
	return r.in(ctx, r.load.Library, func(ctx context.Context, tx *postgres.Tx) error {
		err := tx.QueryRow(ctx, `select id from load_runs where library_id = $1 and load_id = $2 and finished_at is null and file_hash = $3
			order by started_at desc limit 1`, r.load.Library, r.load.ID, hash).Scan(&r.id)
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		r.id = broker.NewID()
		tx.Queue(`insert into load_runs (library_id, id, load_id, file_hash, started_at) values ($1, $2, $3, $4, $5)`,
			r.load.Library, r.id, r.load.ID, hash, r.Now)
		return nil
	})
}

func (r *run) read(ctx context.Context, file *fetched) (Report, error) {
	mapped, err := r.load.mapped()
	if err != nil {
		return r.end(ctx, Failed, "The map of the load %q is wrong.", r.load.Name)
	}
	rows := 0
	result, err := exchange.Import(ctx, r.db, file, exchange.Options{
		Kind: r.load.Kind, Library: r.load.Library, Now: r.Now, Policies: r.Policies, Map: mapped, Holdings: r.load.Holdings,
		OnCounted: func(count int) { rows = count },
		OnUnread:  func() { r.unread = true },
		OnNames:   func(_ context.Context, tx *postgres.Tx, names []string) { r.note(tx, names) },
	})
	r.report.Counts.Result = result
	switch ours, isOurs := broker.AsError(err); {
	case ctx.Err() != nil:
		return r.report, ctx.Err()
	case isOurs && len(ours.Fields) > 0:
		return r.end(ctx, Failed, "The file of the load %q %s.", r.load.Name, ours.Fields[0].Message)
	case err != nil:
		return r.report, err
	}
	if err := r.restore(ctx); err != nil {
		return r.report, err
	}
	least := r.load.FileRows * int64(100-r.load.ShrinkPercent)
	if int64(rows)*100 < least {
		return r.end(ctx, Shrunk, "The file of the load %q has %d rows; the last one had %d. What is in it was read, and nothing was taken out. Accept it if it is right.",
			r.load.Name, rows, r.load.FileRows)
	}
	if r.load.Removes {
		gone, all, err := r.gone(ctx)
		if err != nil {
			return r.report, err
		}
		switch {
		case r.unread:
			return r.end(ctx, Failed, "Rows of the file of the load %q could not be read. The others were, and nothing was taken out.", r.load.Name)
		case len(gone)*100 > all*r.load.ShrinkPercent && r.load.FileRows > 0:
			return r.end(ctx, Shrunk, "The file of the load %q no longer names %d of %d. What is in it was read, and nothing was taken out. Accept it if it is right.",
				r.load.Name, len(gone), all)
		}
		if err := r.remove(ctx, gone); err != nil {
			return r.report, err
		}
	}
	if err := r.kept(ctx, file.hash, rows); err != nil {
		return r.report, err
	}
	return r.end(ctx, Read, "")
}

// note remembers what the file names.
func (r *run) note(tx *postgres.Tx, names []string) {
	tx.Queue(`insert into load_names (library_id, load_id, name, run_id) select $1, $2, name, $3 from (select distinct unnest($4::text[]) as name) n
		on conflict (library_id, load_id, name) do update set run_id = excluded.run_id`, r.load.Library, r.load.ID, r.id, names)
}

// gone gives what the load has brought and the file no longer names, and how much
// it has brought.
func (r *run) gone(ctx context.Context) (gone []string, all int, err error) {
	err = r.in(ctx, r.load.Library, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select coalesce(array_agg(name order by name) filter (where run_id <> $3), '{}'), count(*)
			from load_names where library_id = $1 and load_id = $2 and removed_at is null`, r.load.Library, r.load.ID, r.id).Scan(&gone, &all)
	})
	return gone, all, err
}

func (r *run) remove(ctx context.Context, names []string) (err error) {
	r.report.Counts.Removed, err = r.put(ctx, names, map[string]string{exchange.Patrons: "closed", exchange.Items: "withdrawn"}, &r.Now)
	return err
}

// restore brings back what was taken out and is named again.
func (r *run) restore(ctx context.Context) error {
	var back []string
	err := r.in(ctx, r.load.Library, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select coalesce(array_agg(name order by name), '{}') from load_names
			where library_id = $1 and load_id = $2 and removed_at is not null and run_id = $3`, r.load.Library, r.load.ID, r.id).Scan(&back)
	})
	if err != nil {
		return err
	}
	r.report.Counts.Restored, err = r.put(ctx, back, map[string]string{exchange.Patrons: "active", exchange.Items: "on_shelf"}, nil)
	return err
}

// put gives patrons or items another status, by way of a file as any other, so that
// it is judged alike.
func (r *run) put(ctx context.Context, names []string, to map[string]string, removed *time.Time) (int, error) {
	if len(names) == 0 {
		return 0, nil
	}
	kind := exchange.Items
	if r.load.Kind == exchange.Patrons {
		kind = exchange.Patrons
	}
	var text bytes.Buffer
	file := csv.NewWriter(&text)
	var rows [][]string
	if kind == exchange.Items {
		rows = append(rows, []string{"barcode", "status"})
		for _, name := range names {
			if barcode, is := strings.CutPrefix(name, "barcode "); is {
				rows = append(rows, []string{barcode, to[kind]})
			}
		}
	} else {
		rows = append(rows, []string{"card", "class", "status"})
		classes, err := r.classes(ctx, names, removed == nil)
		if err != nil {
			return 0, err
		}
		for _, one := range classes {
			rows = append(rows, []string{one[0], one[1], to[kind]})
		}
	}
	if err := errors.Join(file.WriteAll(rows), file.Error()); err != nil {
		return 0, err
	}
	result, err := exchange.Import(ctx, r.db, bytes.NewReader(text.Bytes()), exchange.Options{
		Kind: kind, Library: r.load.Library, Now: r.Now, Policies: r.Policies, Raw: true,
	})
	if err != nil {
		return 0, err
	}
	return result.Changed, r.in(ctx, r.load.Library, func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update load_names set removed_at = $4 where library_id = $1 and load_id = $2 and name = any ($3)`, r.load.Library, r.load.ID, names, removed)
		return nil
	})
}

// classes gives the cards and the classes of the patrons that names of a file mean;
// unless they come back, without those whom it names by another card.
func (r *run) classes(ctx context.Context, names []string, back bool) (found [][2]string, err error) {
	var cards []string
	for _, name := range names {
		if card, is := strings.CutPrefix(name, "card "); is {
			cards = append(cards, card)
		}
	}
	err = r.in(ctx, r.load.Library, func(ctx context.Context, tx *postgres.Tx) error {
		rows, err := tx.Query(ctx, `select c.number, p.class from cards c join patrons p on p.library_id = c.library_id and p.id = c.patron_id
			where c.library_id = $1 and c.number = any ($2) and not exists (select 1 from cards o join load_names n
				on n.library_id = o.library_id and n.load_id = $3 and n.name = 'card ' || o.number
				where o.library_id = p.library_id and o.patron_id = p.id and n.run_id = $4 and not $5)
			order by 1`, r.load.Library, cards, r.load.ID, r.id, back)
		if err != nil {
			return err
		}
		var card, class string
		_, err = pgx.ForEachRow(rows, []any{&card, &class}, func() error {
			found = append(found, [2]string{card, class})
			return nil
		})
		return err
	})
	return found, err
}

// kept notes a file that was read as a whole.
func (r *run) kept(ctx context.Context, hash string, rows int) error {
	return r.in(ctx, r.load.Library, func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update standing_loads set came_at = $3, file_hash = $4, file_rows = $5 where library_id = $1 and id = $2`,
			r.load.Library, r.load.ID, r.Now, hash, rows)
		return nil
	})
}

// end closes the run, and puts what went wrong before staff.
func (r *run) end(ctx context.Context, outcome, format string, args ...any) (Report, error) {
	r.report.Outcome, r.report.FinishedAt = outcome, &r.Now
	if format != "" {
		r.report.Detail = fmt.Sprintf(format, args...)
	}
	counts, err := json.Marshal(r.report.Counts)
	if err != nil {
		return r.report, err
	}
	return r.report, r.in(ctx, r.load.Library, func(_ context.Context, tx *postgres.Tx) error {
		if r.id == broker.NoID {
			r.id = broker.NewID()
		}
		tx.Queue(`insert into load_runs (library_id, id, load_id, started_at, finished_at, outcome, counts, detail) values ($1, $2, $3, $4, $4, $5, $6, $7)
			on conflict (library_id, id) do update set finished_at = excluded.finished_at, outcome = excluded.outcome, counts = excluded.counts, detail = excluded.detail`,
			r.load.Library, r.id, r.load.ID, r.Now, outcome, counts, r.report.Detail)
		tx.Queue(`update standing_loads set night_on = $3 where library_id = $1 and id = $2`, r.load.Library, r.load.ID, r.library.Today(r.Now))
		if outcome != Read && outcome != SameFile {
			tasks.OpenForLibrary(tx, r.load.Library, AlarmTask, r.report.Detail, r.Now)
		}
		return nil
	})
}
