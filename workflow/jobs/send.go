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
	"afield/workflow/routing"
)

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

// Work sends the message.
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
	return q.config.DB.InTx(ctx, postgres.ForLibraries(claimed.Library), func(ctx context.Context, tx *postgres.Tx) error {
		next, waiting, err := q.requests.HandedOver(ctx, tx, q.config.Clock.Now(), claimed, delivery)
		if err != nil || !waiting {
			return err
		}
		return q.Send(ctx, tx, []messages.Ref{next})
	})
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

// Work looks the holdings up and fires holdings_known.
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
	if problems := searched(peers, live); len(problems) > 0 {
		err := q.config.DB.InTx(ctx, postgres.ForLibraries(), func(_ context.Context, tx *postgres.Tx) error {
			directory.RecordSearches(tx, problems, q.config.Clock.Now())
			return nil
		})
		if err != nil {
			return err
		}
	}
	return q.config.DB.InTx(ctx, scope, func(ctx context.Context, tx *postgres.Tx) error {
		return q.requests.HoldingsKnown(ctx, tx, q.config.Clock.Now(), job.Args.Library, job.Args.Request, live)
	})
}

// searched tells how the catalogues that were searched answered: the problem of each,
// "" where there was none. One that was left alone is not among them.
func searched(peers []connectors.Peer, live map[broker.ID]routing.Live) map[broker.ID]string {
	problems := map[broker.ID]string{}
	for _, peer := range peers {
		if said := live[peer.Library]; peer.Target != nil && (said.Problem == "" || said.Detail != "") {
			problems[peer.Library] = said.Detail
		}
	}
	return problems
}
