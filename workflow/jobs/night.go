package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"afield/broker"
	"afield/broker/postgres"
	"afield/workflow/nightly"
)

type nightArgs struct {
	Library broker.ID `json:"library"`
}

// Kind names the job.
func (nightArgs) Kind() string { return "nightly_work" }

// nightFor is how long one job works on a night before it makes way for the next
// one: well within what a job may take.
const nightFor = jobTimeout * 2 / 3

// nightWorker works on one library's night. What is left goes on in another
// job; where a job dies, the sweep enqueues the next.
type nightWorker struct {
	river.WorkerDefaults[nightArgs]
	queue *Queue
}

// Work goes on with the library's night.
func (w *nightWorker) Work(ctx context.Context, job *river.Job[nightArgs]) error {
	q := w.queue
	report, err := q.nights.Run(ctx, job.Args.Library, q.config.Clock.Now(), time.Now().Add(nightFor), nil)
	if err != nil || report.Finished {
		return err
	}
	return river.JobSnooze(0)
}

// beginNights enqueues the nightly work of every library whose night is on and
// not over.
func (q *Queue) beginNights(ctx context.Context, now time.Time) (int, error) {
	if q.nights == nil {
		return 0, nil
	}
	var waiting []broker.ID
	err := q.config.DB.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) (err error) {
		if waiting, err = nightly.Waiting(ctx, tx, now); err != nil || len(waiting) == 0 {
			return err
		}
		params := make([]river.InsertManyParams, 0, len(waiting))
		for _, library := range waiting {
			params = append(params, river.InsertManyParams{Args: nightArgs{library}, InsertOpts: &river.InsertOpts{
				Queue: queueNights, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished},
			}})
		}
		_, err = q.client.InsertManyTx(ctx, tx, params)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("begin nightly work: %w", err)
	}
	return len(waiting), nil
}
