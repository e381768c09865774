package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// Times of the queue, in wall time. A killed process leaves running jobs behind:
// they are taken back at the next start of the same node, and by River's rescuer
// within a minute otherwise.
const (
	jobTimeout    = 25 * time.Second
	rescueAfter   = 30 * time.Second
	fetchCooldown = 10 * time.Millisecond
	pollInterval  = time.Second
	sweepEvery    = time.Minute
)

const (
	queueMembers = "members"
	queueLookUps = "look_ups"
	queueSweep   = "sweep"
)

// Config is what the job queue is made of.
type Config struct {
	DB    *postgres.DB
	Clock broker.Clock
	// Node names this process among others on the same database.
	Node   string
	Sender connectors.Sender
	// Holdings asks partners live; nil asks nobody.
	Holdings connectors.Holdings
	Vault    *directory.Vault
	Log      *slog.Logger
}

// Queue is the running job queue. It implements requests.Jobs.
type Queue struct {
	config   Config
	client   *river.Client[pgx.Tx]
	requests *requests.Service

	mu       sync.Mutex
	partners map[broker.ID]bool // with a queue of their own
	running  bool
}

// New makes the queue; Start begins to work. The requests service is given
// later, because each needs the other.
func New(config Config) (*Queue, error) {
	q := &Queue{config: config, partners: map[broker.ID]bool{}}
	workers := river.NewWorkers()
	river.AddWorker(workers, &sendWorker{queue: q})
	river.AddWorker(workers, &lookUpWorker{queue: q})
	river.AddWorker(workers, &sweepWorker{queue: q})
	client, err := river.NewClient(riverpgxv5.New(config.DB.AppPool()), &river.Config{
		ID:                   config.Node,
		Logger:               config.Log,
		FetchCooldown:        fetchCooldown,
		FetchPollInterval:    pollInterval,
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: rescueAfter,
		MaxAttempts:          8,
		RetryPolicy:          shortRetries{},
		Queues: map[string]river.QueueConfig{
			queueMembers: {MaxWorkers: 4},
			queueLookUps: {MaxWorkers: 4},
			queueSweep:   {MaxWorkers: 1},
		},
		PeriodicJobs: []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(sweepEvery),
			func() (river.JobArgs, *river.InsertOpts) {
				return sweepArgs{}, &river.InsertOpts{Queue: queueSweep, UniqueOpts: river.UniqueOpts{ByState: unfinished}}
			}, &river.PeriodicJobOpts{RunOnStart: true})},
		Workers: workers,
	})
	if err != nil {
		return nil, fmt.Errorf("make the job queue: %w", err)
	}
	q.client = client
	return q, nil
}

var unfinished = []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
	rivertype.JobStateRunning, rivertype.JobStateScheduled}

// shortRetries tries a failed job again after 1, 2, 4 … seconds: what must wait
// longer waits as a row, not as a job.
type shortRetries struct{}

// NextRetry gives the wall time of the next try.
func (shortRetries) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(time.Second << min(len(job.Errors), 5))
}

// Serve gives the queue its use cases and starts working.
func (q *Queue) Serve(ctx context.Context, service *requests.Service) error {
	q.requests = service
	if err := q.reclaim(ctx); err != nil {
		return err
	}
	if err := q.client.Start(ctx); err != nil {
		return fmt.Errorf("start the job queue: %w", err)
	}
	q.mu.Lock()
	q.running = true
	q.mu.Unlock()
	return q.joinPartners(ctx)
}

// Stop ends work: running jobs finish, or are cancelled when ctx ends.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	q.running = false
	q.mu.Unlock()
	if err := q.client.Stop(ctx); err != nil {
		return errors.Join(err, q.client.StopAndCancel(context.WithoutCancel(ctx)))
	}
	return nil
}

// reclaim takes back what this node was running when it was killed.
func (q *Queue) reclaim(ctx context.Context) error {
	_, err := q.config.DB.AppPool().Exec(ctx, `update river_job set state = 'available', scheduled_at = now()
		where state = 'running' and attempted_by[array_length(attempted_by, 1)] = $1`, q.config.Node)
	if err != nil {
		return fmt.Errorf("take back jobs of an earlier run: %w", err)
	}
	return nil
}

// joinPartners makes sure each partner has its queue here.
func (q *Queue) joinPartners(ctx context.Context) error {
	var partners []broker.ID
	err := q.config.DB.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) (err error) {
		partners, err = directory.Partners(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, partner := range partners {
		q.join(partner)
	}
	return nil
}

func (q *Queue) join(partner broker.ID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.partners[partner] || !q.running {
		return
	}
	err := q.client.Queues().Add(partnerQueue(partner), river.QueueConfig{MaxWorkers: 2})
	var exists *river.QueueAlreadyAddedError
	if err != nil && !errors.As(err, &exists) {
		q.config.Log.Error("a partner has no queue here", "error", err)
		return
	}
	q.partners[partner] = true
}

func partnerQueue(partner broker.ID) string { return "partner-" + partner.String() }

// Send enqueues the handing over of messages, in the transaction that wrote
// them. A job that is lost does no harm: the sweep finds the row.
func (q *Queue) Send(ctx context.Context, tx *postgres.Tx, refs []messages.Ref) error {
	params := make([]river.InsertManyParams, 0, len(refs))
	for _, ref := range refs {
		queue := queueMembers
		if ref.Partner {
			queue = partnerQueue(ref.Peer)
			q.join(ref.Peer)
		}
		params = append(params, river.InsertManyParams{Args: sendArgs{Library: ref.Library, Message: ref.ID}, InsertOpts: &river.InsertOpts{Queue: queue}})
	}
	if _, err := q.client.InsertManyFastTx(ctx, tx, params); err != nil {
		return fmt.Errorf("enqueue messages: %w", err)
	}
	return nil
}

// LookUp enqueues a live look-up of holdings.
func (q *Queue) LookUp(ctx context.Context, tx *postgres.Tx, library, request broker.ID) error {
	if _, err := q.client.InsertTx(ctx, tx, lookUpArgs{Library: library, Request: request}, &river.InsertOpts{Queue: queueLookUps}); err != nil {
		return fmt.Errorf("enqueue a look-up: %w", err)
	}
	return nil
}

// Waiting counts jobs that could run now or are running.
func (q *Queue) Waiting(ctx context.Context) (int, error) {
	var count int
	err := q.config.DB.AppPool().QueryRow(ctx, `select count(*)::int from river_job
		where state in ('available', 'running', 'pending') or (state in ('retryable', 'scheduled') and scheduled_at < now() + interval '40 seconds')`).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("count jobs: %w", err)
	}
	return count, nil
}

// Ready tells whether jobs are being worked.
func (q *Queue) Ready(context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.running {
		return errors.New("the job queue is not running")
	}
	return nil
}
