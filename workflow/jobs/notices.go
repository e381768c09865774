package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/notices"
	"afield/broker/outbox"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/connectors"
)

// Times of sending notices, in wall time. One job sends for one library by one
// channel, and ends before it would be cancelled; the next sweep goes on.
const (
	noticesAtOnce   = 10
	noticesUntil    = 8 * time.Second
	noticeTimeout   = 8 * time.Second
	noticesMovedOn  = 200
	breakerFailures = 3
	breakerOpenFor  = 30 * time.Second
)

// noticeQueue is where a channel's notices are sent: each has its own, so that a
// mail server that is down holds up no text message.
func noticeQueue(channel notices.Channel) string { return "notices_" + string(channel) }

type noticesArgs struct {
	Library broker.ID       `json:"library"`
	Channel notices.Channel `json:"channel"`
}

// Kind names the job.
func (noticesArgs) Kind() string { return "send_notices" }

// noticesWorker sends a library's due notices of one channel: claim, call, record,
// with the call between two transactions. The stable id makes a second try
// harmless.
type noticesWorker struct {
	river.WorkerDefaults[noticesArgs]
	queue *Queue
}

// Work sends the due notices.
func (w *noticesWorker) Work(ctx context.Context, job *river.Job[noticesArgs]) error {
	q, channel := w.queue, job.Args.Channel
	sender := q.config.Notices[channel]
	if sender == nil {
		return nil // no longer set up; the sweep sees to what waits
	}
	until := time.Now().Add(noticesUntil)
	for time.Now().Before(until) && ctx.Err() == nil && q.noticesFlow(channel) {
		claimed, library, err := q.claimNotices(ctx, job.Args)
		if err != nil || len(claimed) == 0 {
			return err
		}
		if err := q.sendNotices(ctx, sender, library, claimed, until); err != nil {
			return err
		}
	}
	return nil
}

// claimNotices takes the next notices, unless it is the library's quiet hours.
func (q *Queue) claimNotices(ctx context.Context, args noticesArgs) (claimed []notices.Outgoing, library directory.Library, err error) {
	now := q.config.Clock.Now()
	err = q.config.DB.InTx(ctx, postgres.ForLibraries(args.Library), func(ctx context.Context, tx *postgres.Tx) error {
		claimed = nil
		var document *policy.Document
		if library, err = directory.Load(ctx, tx, args.Library); err != nil {
			return err
		}
		if document, err = q.config.Policies.At(library, now); err != nil {
			return err
		}
		if notices.PutOff(tx, library, document, args.Channel, now) {
			return nil
		}
		claimed, err = notices.Claim(ctx, tx, library, args.Channel, q.config.Node, now, time.Now(), noticesAtOnce)
		return err
	})
	return claimed, library, err
}

// sendNotices sends one after the other and records each at once. Once the time
// is up, or nothing goes through any more, the rest is released for the next
// job.
func (q *Queue) sendNotices(ctx context.Context, sender connectors.NoticeSender, library directory.Library, claimed []notices.Outgoing, until time.Time) error {
	// The outcome is recorded even when the worker is being stopped.
	recording := context.WithoutCancel(ctx)
	for i, out := range claimed {
		if ctx.Err() != nil || time.Now().After(until) || !q.noticesFlow(out.Channel) {
			return q.inNotices(recording, library.ID, func(tx *postgres.Tx) { notices.Release(tx, claimed[i:]) })
		}
		delivery := q.tell(ctx, sender, connectors.Notice{
			ID: out.ID, Channel: string(out.Channel), To: out.To, Library: library.Name, Subject: out.Subject, Text: out.Body, Language: out.Language,
		})
		now := q.config.Clock.Now()
		err := q.inNotices(recording, library.ID, func(tx *postgres.Tx) {
			switch {
			case delivery.Outcome == connectors.Delivered:
				notices.RecordSent(tx, out, now)
			case ctx.Err() != nil: // stopped by us: that counts against nobody
				notices.Release(tx, claimed[i:i+1])
			default:
				notices.RecordTrouble(tx, out, outbox.Trouble{
					Final: delivery.Outcome == connectors.Refused, Detail: delivery.Detail, RetryAfter: delivery.RetryAfter,
				}, now)
			}
		})
		if err != nil {
			return err
		}
		if delivery.Outcome != connectors.Delivered {
			q.config.Log.Warn("a notice could not be sent", "library", library.ID, "channel", out.Channel, "notice", out.Notices[0].ID, "why", delivery.Detail)
		}
	}
	return nil
}

func (q *Queue) inNotices(ctx context.Context, library broker.ID, write func(*postgres.Tx)) error {
	return q.config.DB.InTx(ctx, postgres.ForLibraries(library), func(_ context.Context, tx *postgres.Tx) error {
		write(tx)
		return nil
	})
}

// tell sends a notice within the time of one try, unless the channel's breaker
// is open.
func (q *Queue) tell(ctx context.Context, sender connectors.NoticeSender, notice connectors.Notice) connectors.Delivery {
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	return q.breakers.Try(ctx, notice.Channel, func() connectors.Delivery { return sender.SendNotice(ctx, notice) })
}

// noticesFlow tells whether a channel's breaker lets anything through.
func (q *Queue) noticesFlow(channel notices.Channel) bool { return !q.breakers.Open(string(channel)) }

// noticeBreakers decide when a mail server or a gateway that is down is left
// alone for a while, whatever waits for it.
func noticeBreakers() *connectors.Breakers {
	return connectors.NewBreakers(connectors.BreakerSettings{
		Failures: breakerFailures, OpenFor: breakerOpenFor, Says: "Nothing goes through by this channel at present.",
	})
}

// sendDueNotices enqueues the sending of what is due, one job for each library
// and channel however many notices wait, and moves the notices of channels that
// are not set up here. It returns how many jobs there are and how many notices
// went on to another channel.
func (q *Queue) sendDueNotices(ctx context.Context, now time.Time) (woken, moved int, err error) {
	var waiting []notices.Waiting
	var missing []notices.Waiting
	err = q.config.DB.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		waiting, missing = nil, nil
		all, err := notices.DueToSend(ctx, tx, notices.Sendable(), now, time.Now())
		if err != nil {
			return err
		}
		var jobs []river.InsertManyParams
		for _, due := range all {
			switch {
			case q.config.Notices[due.Channel] == nil:
				missing = append(missing, due)
			case q.noticesFlow(due.Channel):
				waiting = append(waiting, due)
				jobs = append(jobs, river.InsertManyParams{
					Args:       noticesArgs(due),
					InsertOpts: &river.InsertOpts{Queue: noticeQueue(due.Channel), UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished}},
				})
			}
		}
		if len(jobs) == 0 {
			return nil
		}
		_, err = q.client.InsertManyTx(ctx, tx, jobs)
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("wake the senders of notices: %w", err)
	}
	for _, without := range missing {
		err := q.config.DB.InTx(ctx, postgres.ForLibraries(without.Library), func(ctx context.Context, tx *postgres.Tx) error {
			on, err := notices.NotSetUp(ctx, tx, without.Library, without.Channel, notSetUp(without.Channel), now, noticesMovedOn)
			moved += on
			return err
		})
		if err != nil {
			return len(waiting), moved, fmt.Errorf("see to notices that cannot be sent here: %w", err)
		}
	}
	return len(waiting), moved, nil
}

func notSetUp(channel notices.Channel) string {
	if channel == notices.Email {
		return "No mail server is set up here."
	}
	return "No gateway for text messages and calls is set up here."
}
