package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/workflow/messages"
)

type sweepArgs struct{}

// Kind names the job.
func (sweepArgs) Kind() string { return "sweep" }

type sweepWorker struct {
	river.WorkerDefaults[sweepArgs]
	queue *Queue
}

// Work sweeps once.
func (w *sweepWorker) Work(ctx context.Context, _ *river.Job[sweepArgs]) error {
	_, err := w.queue.Sweep(ctx)
	return err
}

// Swept is what a sweep found to do.
type Swept struct {
	Deadlines int
	Messages  int
	Repaired  int
	// Nights is how many libraries' nightly work is not over.
	Nights int
	// Loads is how many files are to be read that come every night.
	Loads int
	// Notices counts the senders that were woken, one for each library and
	// channel, and PassedOn the notices that went to another channel.
	Notices, PassedOn int
}

// Sweep works off everything that is due at the present business time:
// deadlines, messages and notices to be sent or tried again or whose worker
// died, and requests that nothing would move any more. It runs every
// sweepEvery; running it twice, or on two nodes at once, does nothing twice.
func (q *Queue) Sweep(ctx context.Context) (Swept, error) {
	now := q.config.Clock.Now()
	var swept Swept
	var errs [9]error // one part that fails does not stop the others
	errs[0] = q.joinPartners(ctx)
	errs[5] = q.takeOver(ctx)
	swept.Deadlines, errs[1] = q.requests.WorkDeadlines(ctx, q.config.DB, now)
	swept.Repaired, errs[2] = q.requests.Repair(ctx, q.config.DB, now)
	if swept.Repaired > 0 {
		q.config.Log.Warn("requests without a next step were repaired", "count", swept.Repaired)
	}
	swept.Messages, errs[3] = q.resend(ctx, now)
	errs[4] = q.forget(ctx, now)
	swept.Nights, errs[6] = q.beginNights(ctx, now)
	swept.Loads, errs[8] = q.beginLoads(ctx, now)
	swept.Notices, swept.PassedOn, errs[7] = q.sendDueNotices(ctx, now)
	return swept, errors.Join(errs[:]...)
}

func (q *Queue) resend(ctx context.Context, now time.Time) (int, error) {
	var due []messages.Ref
	err := q.config.DB.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) (err error) {
		if due, err = messages.Due(ctx, tx, now, time.Now(), 1000); err != nil || len(due) == 0 {
			return err
		}
		peers := make([]broker.ID, len(due))
		for i, ref := range due {
			peers[i] = ref.Peer
		}
		protocols, err := directory.ProtocolsOf(ctx, tx, peers)
		if err != nil {
			return err
		}
		for i, ref := range due {
			due[i].Protocol = protocols[ref.Peer]
		}
		if err := q.countLeftBehind(ctx, tx, due, now); err != nil {
			return err
		}
		// A sweep adds no second job while the first one waits: a slow partner's
		// queue must not grow with every sweep.
		return q.enqueue(ctx, tx, due, river.UniqueOpts{ByArgs: true, ByState: unfinished})
	})
	if err != nil {
		return 0, fmt.Errorf("enqueue due messages: %w", err)
	}
	return len(due), nil
}

// countLeftBehind notes those due messages that nothing but this sweep would
// send: no clock delays them, and no job has them.
func (q *Queue) countLeftBehind(ctx context.Context, tx *postgres.Tx, due []messages.Ref, now time.Time) error {
	var fresh []string
	for _, ref := range due {
		if ref.Fresh {
			fresh = append(fresh, ref.ID.String())
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	// Since the list was read, a job may have sent one and be done: it waits no more.
	rows, err := tx.Query(ctx, `select m.id::uuid from unnest($1::text[]) m (id)
		join messages o on o.id = m.id::uuid and o.status = 'ready' where not exists (
		select 1 from river_job j where j.kind = $2 and j.finalized_at is null and j.args ->> 'message' = m.id)`, fresh, sendArgs{}.Kind())
	if err != nil {
		return fmt.Errorf("look which messages have no job: %w", err)
	}
	left, err := pgx.CollectRows(rows, pgx.RowTo[broker.ID])
	if err != nil || len(left) == 0 {
		return err
	}
	q.config.Log.Warn("messages were left to the sweep", "count", len(left))
	messages.LeftBehind(tx, left, now)
	return nil
}

// forget deletes what is kept only for a time: wire texts, and what
// Config.Forget names.
func (q *Queue) forget(ctx context.Context, now time.Time) error {
	return q.config.DB.InTx(ctx, postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		messages.ClearRaw(tx, broker.DateIn(now, time.UTC))
		if q.config.Forget != nil {
			q.config.Forget(tx)
		}
		return nil
	})
}
