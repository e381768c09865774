package nightly

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Waiting gives the member libraries whose current night is not over, at a
// business time.
func Waiting(ctx context.Context, tx *postgres.Tx, now time.Time) ([]broker.ID, error) {
	rows, err := tx.Query(ctx, `select l.id from libraries l
		where l.member and l.kind = 'library' and l.status = 'active' and not exists (
			select 1 from nightly_steps s where s.library_id = l.id and s.step = $2
				and s.night = (($1::timestamptz - interval '2 hours') at time zone l.time_zone)::date)
		order by l.id`, now, whole)
	if err != nil {
		return nil, fmt.Errorf("look for nights to be done: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[broker.ID])
}

// Past gives the reports of a library's latest nights, newest first.
func Past(ctx context.Context, tx *postgres.Tx, library broker.ID, nights int) ([]Report, error) {
	rows, err := tx.Query(ctx, `select s.night, s.step, s.slices, s.touched, s.failed, s.finished_at is not null
		from nightly_steps s where s.library_id = $1 and s.night in (
			select distinct night from nightly_steps where library_id = $1 order by night desc limit $2)
		order by s.night desc, s.started_at, s.step`, library, nights)
	if err != nil {
		return nil, fmt.Errorf("read past nights: %w", err)
	}
	var reports []Report
	var night broker.Date
	var done Done
	_, err = pgx.ForEachRow(rows, []any{&night, &done.Step, &done.Slices, &done.Touched, &done.Failed, &done.Finished}, func() error {
		if last := len(reports) - 1; last < 0 || reports[last].Night != night {
			reports = append(reports, Report{Library: library, Night: night})
		}
		report := &reports[len(reports)-1]
		if done.Step == whole {
			report.Finished = true
			return nil
		}
		report.Steps = append(report.Steps, done)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read past nights: %w", err)
	}
	return reports, nil
}

// Failure is a row that nightly work could not do.
type Failure struct {
	Step  string    `json:"step"`
	Thing broker.ID `json:"thing"`
	// Error is what went wrong, in the words of the program.
	Error   string    `json:"error"`
	Tries   int       `json:"tries"`
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
}

// Failures gives the rows of a library that are still put aside, the oldest
// first.
func Failures(ctx context.Context, tx *postgres.Tx, library broker.ID) ([]Failure, error) {
	rows, err := tx.Query(ctx, `select step, thing_id, error, tries, first_at, last_at from nightly_failures
		where library_id = $1 and solved_at is null order by first_at, step, thing_id limit 200`, library)
	if err != nil {
		return nil, fmt.Errorf("read what the night put aside: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Failure])
}

// Member is a library whose nights are done here.
type Member struct {
	ID   broker.ID
	Name string
}

// Members gives the libraries whose nights are done here, by name.
func Members(ctx context.Context, tx *postgres.Tx) ([]Member, error) {
	rows, err := tx.Query(ctx, `select id, name from libraries where member and kind = 'library' and status = 'active' order by name, id`)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Member])
}
