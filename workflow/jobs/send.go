package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow/messages"
	"afield/workflow/requests"
	"afield/workflow/routing"
)

// staffHearAfter is how long a message may fail before staff are told.
const staffHearAfter = 20 * time.Hour

type sendArgs struct {
	Library broker.ID `json:"library"`
	Message broker.ID `json:"message"`
}

// Kind names the job.
func (sendArgs) Kind() string { return "send_message" }

// sendWorker hands one message over: claim, call, record. The call lies between
// two transactions, and the stable id makes a second try harmless.
type sendWorker struct {
	river.WorkerDefaults[sendArgs]
	queue *Queue
}

// Work does it.
func (w *sendWorker) Work(ctx context.Context, job *river.Job[sendArgs]) error {
	q := w.queue
	var claimed messages.Claimed
	var peer directory.Peer
	var ok bool
	err := q.config.DB.InTx(ctx, postgres.ForLibraries(job.Args.Library), func(ctx context.Context, tx *postgres.Tx) (err error) {
		claimed, ok, err = messages.Claim(ctx, tx, q.config.Node, job.Args.Library, job.Args.Message, q.config.Clock.Now(), time.Now())
		if err != nil || !ok {
			return err
		}
		peers, err := directory.LoadPeers(ctx, tx, q.config.Vault, []broker.ID{claimed.Peer})
		peer = peers[claimed.Peer]
		return err
	})
	if err != nil || !ok {
		return err
	}
	claimed.Protocol = peer.Protocol
	// The outcome is recorded even when the worker is being stopped.
	return q.record(context.WithoutCancel(ctx), claimed, q.deliver(ctx, claimed, peer))
}

func (q *Queue) deliver(ctx context.Context, claimed messages.Claimed, peer directory.Peer) connectors.Delivery {
	if peer.Paused {
		return connectors.Delivery{Outcome: connectors.TryAgain, Detail: "sending to this library is paused", RetryAfter: time.Hour}
	}
	to := routing.PeerOf(peer)
	to.From = claimed.Library
	return q.config.Protocols.Send(ctx, to, claimed.Message)
}

func (q *Queue) record(ctx context.Context, claimed messages.Claimed, delivery connectors.Delivery) error {
	now := q.config.Clock.Now()
	return q.config.DB.InTx(ctx, postgres.ForLibraries(claimed.Library), func(ctx context.Context, tx *postgres.Tx) error {
		switch delivery.Outcome {
		case connectors.Delivered:
			messages.MarkSent(tx, claimed.Library, claimed.ID, now, delivery)
			requests.SettleTask(tx, claimed.Library, claimed.Request, "partner_unreachable", now)
			if err := q.requests.Delivered(ctx, tx, now, claimed.Library, claimed.Request, claimed.Message); err != nil {
				return err
			}
			return q.sendNext(ctx, tx, claimed, now)
		case connectors.Refused:
			messages.MarkFailed(tx, claimed.Library, claimed.ID, now, delivery)
			if err := q.requests.Undeliverable(ctx, tx, now, claimed.Library, claimed.Request, claimed.Message, delivery.Detail); err != nil {
				return err
			}
			return q.sendNext(ctx, tx, claimed, now)
		default:
			messages.TryAgain(tx, claimed.Library, claimed.ID, now.Add(backoff(claimed.Tries, delivery.RetryAfter)), delivery)
			if now.Sub(claimed.CreatedAt) > staffHearAfter {
				requests.OpenTask(tx, claimed.Library, claimed.Request, "partner_unreachable",
					"A message to the other library has not got through since "+claimed.CreatedAt.Format("2006-01-02 15:04")+" UTC; it is tried again.", now)
			}
			return nil
		}
	})
}

// sendNext enqueues the message that waited for this one to go first.
func (q *Queue) sendNext(ctx context.Context, tx *postgres.Tx, done messages.Claimed, now time.Time) error {
	next, waiting, err := messages.Next(ctx, tx, done.Library, done.Request, done.Peer, now)
	if err != nil || !waiting {
		return err
	}
	next.Protocol = done.Protocol
	return q.Send(ctx, tx, []messages.Ref{next})
}

// backoff is how long, in business time, a message waits for its next try: not
// long at first, because most faults pass at once.
func backoff(tries int, asked time.Duration) time.Duration {
	waits := []time.Duration{5 * time.Second, 25 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}
	wait := waits[min(max(tries-1, 0), len(waits)-1)]
	return max(wait, asked)
}

type lookUpArgs struct {
	Library broker.ID `json:"library"`
	Request broker.ID `json:"request"`
}

// Kind names the job.
func (lookUpArgs) Kind() string { return "look_up_holdings" }

// lookUpWorker asks partners' own systems, side by side and within limits, what
// they could lend, and lets the request go on.
type lookUpWorker struct {
	river.WorkerDefaults[lookUpArgs]
	queue *Queue
}

// Work does it.
func (w *lookUpWorker) Work(ctx context.Context, job *river.Job[lookUpArgs]) error {
	q := w.queue
	var peers []connectors.Peer
	var citation broker.Citation
	scope := postgres.ForLibraries(job.Args.Library)
	err := q.config.DB.InTx(ctx, scope, func(ctx context.Context, tx *postgres.Tx) (err error) {
		peers, citation, err = q.requests.LivePeers(ctx, tx, q.config.Clock.Now(), job.Args.Library, job.Args.Request)
		return err
	})
	if err != nil {
		return err
	}
	live := routing.LiveAvailability(ctx, q.config.Protocols, peers, citation, routing.UsualLimits())
	return q.config.DB.InTx(ctx, scope, func(ctx context.Context, tx *postgres.Tx) error {
		return q.requests.HoldingsKnown(ctx, tx, q.config.Clock.Now(), job.Args.Library, job.Args.Request, live)
	})
}
