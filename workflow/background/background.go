// Package background shows what the job queue does, and lets somebody who mended the
// cause have a job done now. It reads the queue by River's own means and runs
// nothing; workflow/jobs does.
//
// A job's arguments are ids, and its error names no patron: what is shown here is
// for directors and for the consortium's office.
package background

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"afield/broker"
	"afield/broker/postgres"
)

// Pile is where a job lies.
type Pile string

// The piles.
const (
	Look    Pile = "look"    // it was tried as often as it may, and given up
	Again   Pile = "again"   // it failed, and is tried again by itself
	Running Pile = "running" // somebody is at it
	Waiting Pile = "waiting" // its turn, or its time, is to come
	Done    Pile = "done"    // it is over; kept for a day
)

var states = map[Pile][]rivertype.JobState{
	Look:    {rivertype.JobStateDiscarded},
	Again:   {rivertype.JobStateRetryable},
	Running: {rivertype.JobStateRunning},
	Waiting: {rivertype.JobStateAvailable, rivertype.JobStateScheduled, rivertype.JobStatePending},
	Done:    {rivertype.JobStateCompleted, rivertype.JobStateCancelled},
}

func pileOf(state rivertype.JobState) Pile {
	for pile, of := range states {
		for _, one := range of {
			if one == state {
				return pile
			}
		}
	}
	return Waiting
}

// MayRetry tells whether a job can be done now: every kind may run twice, so each
// that does not run already.
func (p Pile) MayRetry() bool { return p == Look || p == Again }

// Job is one of them.
type Job struct {
	ID   int64
	Kind string
	Pile Pile
	// Library is whose work it is; NoID for work that is nobody's own.
	Library broker.ID
	// Message, Request and Load are what it is about, Channel by what notices go out.
	Message, Request, Load broker.ID
	Channel                string
	Tries, MostTries       int
	// Error is what went wrong the last time, "" for nothing.
	Error string
	// CreatedAt, NextAt and TriedAt are wall time, as the queue's own clock.
	CreatedAt, NextAt, TriedAt time.Time
}

// Service reads the queue.
type Service struct {
	river *river.Client[pgx.Tx]
}

// New makes it over a database whose queue has been set up.
func New(db *postgres.DB) (*Service, error) {
	client, err := river.NewClient(riverpgxv5.New(db.AppPool()), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("look into the job queue: %w", err)
	}
	return &Service{client}, nil
}

// List lists the jobs of a pile, those that changed last first; NoID for those of
// every library and of none.
func (s *Service) List(ctx context.Context, tx *postgres.Tx, library broker.ID, pile Pile, limit int) ([]Job, error) {
	params := river.NewJobListParams().States(states[pile]...).First(limit).OrderBy(river.JobListOrderByID, river.SortOrderDesc)
	if library != broker.NoID {
		params = params.Where("args ->> 'library' = @library", river.NamedArgs{"library": library.String()})
	}
	found, err := s.river.JobListTx(ctx, tx, params)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	jobs := make([]Job, 0, len(found.Jobs))
	for _, row := range found.Jobs {
		job, err := jobOf(row)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, job)
	}
	return jobs, nil
}

// Count counts the jobs of each pile.
func (s *Service) Count(ctx context.Context, tx *postgres.Tx, library broker.ID) (map[Pile]int, error) {
	rows, err := tx.Query(ctx, `select state::text, count(*)::int from river_job where $1::uuid is null or args ->> 'library' = $1::text group by state`, library)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	counts := map[Pile]int{}
	var state string
	var count int
	_, err = pgx.ForEachRow(rows, []any{&state, &count}, func() error {
		counts[pileOf(rivertype.JobState(state))] += count
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	return counts, nil
}

// Retry has a job done now that failed; another library's is not found. One that
// runs, waits or is over is a conflict, as is one whose work another job has taken
// up meanwhile.
func (s *Service) Retry(ctx context.Context, tx *postgres.Tx, library broker.ID, id int64) (Job, error) {
	job, err := s.of(ctx, tx, library, id)
	if err != nil {
		return job, err
	}
	if !job.Pile.MayRetry() {
		return job, broker.Conflict("job_not_failed", "The job has not failed: it runs, waits for its turn, or is over.")
	}
	row, err := s.river.JobRetryTx(ctx, tx, id)
	var failed *pgconn.PgError
	if errors.As(err, &failed) && failed.Code == uniqueViolation {
		return job, broker.Conflict("job_taken_up", "Another job has taken the same work up meanwhile; this one can be put aside.")
	}
	if err != nil {
		return job, fmt.Errorf("have a job done now: %w", err)
	}
	return jobOf(row)
}

const uniqueViolation = "23505"

// PutAside removes a job that was given up. What it was about stays as it is, and
// work that is due again gets another job.
func (s *Service) PutAside(ctx context.Context, tx *postgres.Tx, library broker.ID, id int64) (Job, error) {
	job, err := s.of(ctx, tx, library, id)
	if err != nil {
		return job, err
	}
	if job.Pile != Look {
		return job, broker.Conflict("job_not_given_up", "Only a job that was given up can be put aside.")
	}
	if _, err := s.river.JobDeleteTx(ctx, tx, id); err != nil {
		return job, fmt.Errorf("put a job aside: %w", err)
	}
	return job, nil
}

func (s *Service) of(ctx context.Context, tx *postgres.Tx, library broker.ID, id int64) (Job, error) {
	row, err := s.river.JobGetTx(ctx, tx, id)
	if errors.Is(err, rivertype.ErrNotFound) {
		return Job{}, broker.NotFound("job")
	}
	if err != nil {
		return Job{}, fmt.Errorf("read a job: %w", err)
	}
	job, err := jobOf(row)
	if err == nil && library != broker.NoID && job.Library != library {
		return Job{}, broker.NotFound("job")
	}
	return job, err
}

// longestError is how much of an error is shown.
const longestError = 300

func jobOf(row *rivertype.JobRow) (Job, error) {
	var about struct {
		Library, Message, Request, Load broker.ID
		Channel                         string
	}
	if err := json.Unmarshal(row.EncodedArgs, &about); err != nil {
		return Job{}, fmt.Errorf("read what a job is about: %w", err)
	}
	job := Job{
		ID: row.ID, Kind: row.Kind, Pile: pileOf(row.State), Library: about.Library, Message: about.Message, Request: about.Request, Load: about.Load, Channel: about.Channel,
		Tries: row.Attempt, MostTries: row.MaxAttempts, CreatedAt: row.CreatedAt.UTC(), NextAt: row.ScheduledAt.UTC(),
	}
	if row.AttemptedAt != nil {
		job.TriedAt = row.AttemptedAt.UTC()
	}
	if len(row.Errors) > 0 {
		job.Error, _, _ = strings.Cut(row.Errors[len(row.Errors)-1].Error, "\n")
		if cut := []rune(job.Error); len(cut) > longestError {
			job.Error = string(cut[:longestError]) + "…"
		}
	}
	return job, nil
}
