package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"afield/broker"
	"afield/broker/postgres"
	"afield/workflow/loads"
)

type loadArgs struct {
	Library broker.ID `json:"library"`
	Load    broker.ID `json:"load"`
}

// Kind names the job.
func (loadArgs) Kind() string { return "standing_load" }

// loadWorker reads a file that comes every night. A long one makes way after a
// while, and goes on where it was in another job.
type loadWorker struct {
	river.WorkerDefaults[loadArgs]
	queue *Queue
}

// Work reads the file, or goes on with it.
func (w *loadWorker) Work(ctx context.Context, job *river.Job[loadArgs]) error {
	q := w.queue
	ctx, stop := context.WithTimeout(ctx, nightFor)
	defer stop()
	report, err := loads.Run(ctx, q.config.DB, job.Args.Library, job.Args.Load, loads.Options{Now: q.config.Clock.Now(), Policies: q.config.Policies})
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return river.JobSnooze(time.Second)
	case broker.IsKind(err, broker.KindNotFound):
		return nil // it was removed meanwhile
	case err == nil:
		q.config.Log.Info("a file was loaded", "library", job.Args.Library, "load", job.Args.Load, "outcome", report.Outcome)
	}
	return err
}

// beginLoads enqueues reading the files whose hour has come.
func (q *Queue) beginLoads(ctx context.Context, now time.Time) (int, error) {
	if q.nights == nil {
		return 0, nil
	}
	var due []loads.Due
	err := q.config.DB.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) (err error) {
		if due, err = loads.Waiting(ctx, tx, now); err != nil || len(due) == 0 {
			return err
		}
		params := make([]river.InsertManyParams, 0, len(due))
		for _, one := range due {
			params = append(params, river.InsertManyParams{Args: loadArgs{one.Library, one.ID}, InsertOpts: &river.InsertOpts{
				Queue: queueNights, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished},
			}})
		}
		_, err = q.client.InsertManyTx(ctx, tx, params)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("begin standing loads: %w", err)
	}
	return len(due), nil
}
