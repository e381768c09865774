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
	"afield/broker/notices"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/connectors"
	"afield/workflow/messages"
	"afield/workflow/nightly"
	"afield/workflow/requests"
)

// Times of the queue, in wall time. A killed process leaves running jobs and
// claimed messages behind. They are taken back at the next start of the same
// node; otherwise by the sweep of another, which sees a job as dead after
// deadAfter and a claim as lapsed after 25 seconds, so that with sweepEvery
// and the time another node takes to lead, nothing is stuck for a minute.
// (River's own rescuer looks twice a minute and adds its schedule to that, which
// can make more than a minute.)
//
// River announces new jobs of a queue once in a cooldown. A job that another job
// of its queue brings about (an ask, its answer) comes a few milliseconds after
// it: with a longer cooldown it would go unannounced and wait for the next poll.
const (
	jobTimeout    = 18 * time.Second
	deadAfter     = 22 * time.Second
	fetchCooldown = 2 * time.Millisecond
	pollInterval  = time.Second
	sweepEvery    = 10 * time.Second
	// cancelWithin is how long jobs that were cancelled may take to note it.
	cancelWithin = 5 * time.Second
)

const (
	queueMembers = "members"
	queueLookUps = "look_ups"
	queueSweep   = "sweep"
	queueNights  = "nights"
)

// Config is what the job queue is made of.
type Config struct {
	DB    *postgres.DB
	Clock broker.Clock
	// Node names this process among others on the same database.
	Node string
	// Protocols hand messages over and look up holdings.
	Protocols *connectors.Registry
	Vault     *directory.Vault
	// Notices sends notices, by channel; a channel that is not in it is not set up
	// here.
	Notices map[notices.Channel]connectors.NoticeSender
	// Policies gives libraries' policy documents, for their quiet hours.
	Policies standing.Policies
	// Forget deletes, with every sweep, what others keep only for a time; nil
	// deletes nothing. It may queue writes and nothing else.
	Forget func(*postgres.Tx)
	Log    *slog.Logger
}

// Queue is the running job queue. It implements engine.Jobs.
type Queue struct {
	config   Config
	client   *river.Client[pgx.Tx]
	requests *requests.Service
	nights   *nightly.Nights

	finished *finished
	breakers *connectors.Breakers // one for each channel of notices

	mu       sync.Mutex
	partners map[broker.ID]bool // with a queue of their own
	running  bool
}

// New makes the queue; Start begins to work. The requests service is given
// later, because each needs the other.
func New(config Config) (*Queue, error) {
	q := &Queue{config: config, partners: map[broker.ID]bool{}, finished: &finished{}, breakers: noticeBreakers()}
	workers := river.NewWorkers()
	river.AddWorker(workers, &sendWorker{queue: q})
	river.AddWorker(workers, &lookUpWorker{queue: q})
	river.AddWorker(workers, &noticesWorker{queue: q})
	river.AddWorker(workers, &sweepWorker{queue: q})
	river.AddWorker(workers, &nightWorker{queue: q})
	river.AddWorker(workers, &loadWorker{queue: q})
	client, err := river.NewClient(riverpgxv5.New(config.DB.AppPool()), &river.Config{
		ID:                   config.Node,
		Logger:               config.Log,
		FetchCooldown:        fetchCooldown,
		FetchPollInterval:    pollInterval,
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: deadAfter,
		MaxAttempts:          8,
		// Reindexing needs to own the tables, which the application's role does not.
		ReindexerSchedule: river.NeverSchedule(),
		RetryPolicy:       shortRetries{},
		Queues: map[string]river.QueueConfig{
			queueMembers: {MaxWorkers: 4},
			queueLookUps: {MaxWorkers: 4},
			queueSweep:   {MaxWorkers: 1},
			queueNights:  {MaxWorkers: 1},

			noticeQueue(notices.Email): {MaxWorkers: 2},
			noticeQueue(notices.SMS):   {MaxWorkers: 2},
			noticeQueue(notices.Voice): {MaxWorkers: 2},
		},
		PeriodicJobs: []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(sweepEvery),
			func() (river.JobArgs, *river.InsertOpts) {
				// Unique by its time and not by its state: a sweep that died must not keep the next one away.
				return sweepArgs{}, &river.InsertOpts{Queue: queueSweep, UniqueOpts: river.UniqueOpts{ByPeriod: sweepEvery / 3}}
			}, &river.PeriodicJobOpts{RunOnStart: true})},
		Middleware: []rivertype.Middleware{q.finished},
		Workers:    workers,
	})
	if err != nil {
		return nil, fmt.Errorf("make the job queue: %w", err)
	}
	q.client = client
	return q, nil
}

// unfinished are the states of a job that may still run.
var unfinished = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
	rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// shortRetries tries a failed job again after 1, 2, 4 … seconds: what must wait
// longer waits as a row, not as a job.
type shortRetries struct{}

// NextRetry gives the wall time of the next try.
func (shortRetries) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(time.Second << min(len(job.Errors), 5))
}

// Serve gives the queue its use cases, takes back what this node left undone
// when it was killed, and starts working. It starts with a sweep, so that what
// fell due meanwhile need not wait. Without nights no nightly work is done.
func (q *Queue) Serve(ctx context.Context, service *requests.Service, nights *nightly.Nights) error {
	q.requests, q.nights = service, nights
	if err := q.reclaim(ctx); err != nil {
		return err
	}
	// Work ends with Stop, which lets it finish, and not with the context.
	if err := q.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the job queue: %w", err)
	}
	q.mu.Lock()
	q.running = true
	q.mu.Unlock()
	if err := q.joinPartners(ctx); err != nil {
		return err
	}
	if _, err := q.client.Insert(ctx, sweepArgs{}, &river.InsertOpts{Queue: queueSweep}); err != nil {
		return fmt.Errorf("enqueue the first sweep: %w", err)
	}
	return nil
}

// Stop ends work: running jobs finish, or are cancelled when ctx ends, which
// loses nothing because their rows are still there.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	q.running = false
	q.mu.Unlock()
	if err := q.client.Stop(ctx); err == nil {
		return nil
	}
	cancelling, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelWithin)
	defer cancel()
	if err := q.client.StopAndCancel(cancelling); err != nil {
		return fmt.Errorf("stop the job queue: %w", err)
	}
	return nil
}

// reclaim takes back what this node was doing when it was killed: its messages,
// its jobs and its lead among the nodes, which would otherwise lapse only after
// a time.
func (q *Queue) reclaim(ctx context.Context) error {
	err := q.config.DB.InTx(ctx, postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		messages.Release(tx, q.config.Node)
		notices.ReleaseNode(tx, q.config.Node)
		tx.Queue(`update river_job set state = 'available', scheduled_at = now()
			where state = 'running' and attempted_by[array_length(attempted_by, 1)] = $1`, q.config.Node)
		tx.Queue(`delete from river_leader where leader_id = $1`, q.config.Node)
		return nil
	})
	if err != nil {
		return fmt.Errorf("take back the work of an earlier run: %w", err)
	}
	return nil
}

// takeOver lets jobs run again that have been running for longer than a job may:
// their node is dead.
func (q *Queue) takeOver(ctx context.Context) error {
	taken, err := q.config.DB.AppPool().Exec(ctx, `update river_job set state = 'available', scheduled_at = now()
		where state = 'running' and attempted_at < now() - $1::interval`, deadAfter)
	if err != nil {
		return fmt.Errorf("take over jobs of a dead node: %w", err)
	}
	if taken.RowsAffected() > 0 {
		q.config.Log.Warn("jobs of a dead node were taken over", "count", taken.RowsAffected())
	}
	return nil
}

// joinPartners makes sure that each library outside has its queue here.
func (q *Queue) joinPartners(ctx context.Context) error {
	var partners []broker.ID
	err := q.config.DB.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) (err error) {
		partners, err = directory.SentTo(ctx, tx, q.config.Protocols.Outside()...)
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
		// River keeps a queue that it could not start; the next sweep must find none, to start it.
		removing, cancel := context.WithTimeout(context.Background(), cancelWithin)
		defer cancel()
		_ = q.client.Queues().Remove(removing, partnerQueue(partner))
		return
	}
	q.partners[partner] = true
}

func partnerQueue(partner broker.ID) string { return "partner-" + partner.String() }

// Send enqueues the handing over of messages, in the transaction that wrote
// them. A job that is lost does no harm: the sweep finds the row.
func (q *Queue) Send(ctx context.Context, tx *postgres.Tx, refs []messages.Ref) error {
	return q.enqueue(ctx, tx, refs, river.UniqueOpts{})
}

func (q *Queue) enqueue(ctx context.Context, tx *postgres.Tx, refs []messages.Ref, unique river.UniqueOpts) error {
	params := make([]river.InsertManyParams, 0, len(refs))
	for _, ref := range refs {
		queue := queueMembers
		if protocol, err := q.config.Protocols.Of(string(ref.Protocol)); err == nil && protocol.Outside {
			queue = partnerQueue(ref.Peer)
			q.join(ref.Peer)
		}
		params = append(params, river.InsertManyParams{Args: sendArgs{Library: ref.Library, Message: ref.ID}, InsertOpts: &river.InsertOpts{Queue: queue, UniqueOpts: unique}})
	}
	var err error
	if unique.ByArgs {
		// The fast insertion fails as a whole on the first job that is there already.
		_, err = q.client.InsertManyTx(ctx, tx, params)
	} else {
		_, err = q.client.InsertManyFastTx(ctx, tx, params)
	}
	if err != nil {
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

// Waiting counts jobs that could run now or are running. A job whose work is
// done does not count, even while its row does not say so yet.
func (q *Queue) Waiting(ctx context.Context) (int, error) {
	var count int
	err := q.config.DB.AppPool().QueryRow(ctx, `select count(*)::int from river_job
		where state in ('available', 'pending') or (state = 'running' and id <> all ($1))
			or (state in ('retryable', 'scheduled') and scheduled_at < now() + interval '40 seconds')`, q.finished.jobs()).Scan(&count)
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
