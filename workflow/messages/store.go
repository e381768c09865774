package messages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/outbox"
	"afield/broker/postgres"
	"afield/connectors"
)

// rawKeptDays is how long the wire text is kept: it may hold patron data that a
// partner put into a note, and by then no dispute can need it any more.
const rawKeptDays = 90

// outgoing are the rows of messages that are to be sent: ready, or claimed and
// thus perhaps sent.
var outgoing = outbox.Rows{Waiting: "m.status in ('ready', 'claimed')", Due: "m.next_try_at", Fresh: "(m.tries = 0 and m.next_try_at = m.created_at)"}

// Retries come often at first, because most faults pass at once, and never end:
// a library's system may be away for long, and staff are told after
// StaffHearAfter.
var Retries = outbox.Retries{Waits: []time.Duration{
	5 * time.Second, 25 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour,
}}

// StaffHearAfter is how long a message may fail before staff are told.
const StaffHearAfter = 20 * time.Hour

// Outgoing is a message about to be sent for a request.
type Outgoing struct {
	Library broker.ID
	Peer    broker.ID
	Request broker.ID
	// Version is the request's version whose event caused the message; undo
	// finds it by that.
	Version int
	Message connectors.Message
}

// Put writes a message to the outbox. Message.ID must be a UUID made for it.
func Put(tx *postgres.Tx, now time.Time, out Outgoing) error {
	id, err := broker.ParseID("message_id", out.Message.ID)
	if err != nil {
		return fmt.Errorf("outgoing message without an id of ours: %w", err)
	}
	payload, err := json.Marshal(out.Message)
	if err != nil {
		return fmt.Errorf("write a message: %w", err)
	}
	tx.Queue(`insert into messages (library_id, id, direction, peer_library_id, request_id, event_version, kind, payload,
			status, next_try_at, raw_expires_on, created_at)
		values ($1, $2, 'out', $3, $4, $5, $6, $7, 'ready', $8, $9, $8)`,
		out.Library, id, out.Peer, out.Request, out.Version, string(out.Message.Kind), payload, now, keptUntil(now))
	return nil
}

func keptUntil(now time.Time) broker.Date { return broker.DateIn(now, time.UTC).AddDays(rawKeptDays) }

// Ref names one outgoing message and where it goes.
type Ref struct {
	Library broker.ID
	ID      broker.ID
	Peer    broker.ID
	// Protocol is the one by which the peer is reached. Whoever enqueues the
	// message gives it, because it decides the queue.
	Protocol directory.Protocol
	// Fresh tells of a message that is due that it was never tried, and that no
	// clock delays it.
	Fresh bool
}

// Claimed is a message a worker may send now.
type Claimed struct {
	Ref
	Request   broker.ID
	Message   connectors.Message
	Tries     int
	CreatedAt time.Time
}

// isNext lets messages about one request reach a peer in the order they were
// put out: a cancel never overtakes what it cancels.
const isNext = `not exists (select 1 from messages e where e.library_id = m.library_id and e.request_id = m.request_id
	and e.peer_library_id = m.peer_library_id and e.direction = 'out' and e.status in ('ready', 'claimed') and e.id < m.id)`

// Claim takes a message for sending by a node; ok is false when it was sent,
// withdrawn or is being sent by another worker. now is business time, wall is
// wall time.
func Claim(ctx context.Context, tx *postgres.Tx, node string, library, id broker.ID, now, wall time.Time) (claimed Claimed, ok bool, err error) {
	var payload []byte
	var request *broker.ID
	err = tx.QueryRow(ctx, `update messages m set status = 'claimed', claimed_until = $4, claimed_by = $6, tries = tries + 1
		where library_id = $1 and id = $2 and direction = 'out' and `+outgoing.Free("$3", "$5")+` and `+isNext+`
		returning peer_library_id, request_id, payload, tries, created_at`,
		library, id, now, wall.Add(outbox.Lease), wall, node).Scan(&claimed.Peer, &request, &payload, &claimed.Tries, &claimed.CreatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return Claimed{}, false, nil
	}
	if err != nil {
		return Claimed{}, false, fmt.Errorf("claim a message: %w", err)
	}
	if err := json.Unmarshal(payload, &claimed.Message); err != nil {
		return Claimed{}, false, fmt.Errorf("read a stored message: %w", err)
	}
	claimed.Library, claimed.ID = library, id
	if request != nil {
		claimed.Request = *request
	}
	return claimed, true, nil
}

// Release gives up what a node had claimed when it was killed; the node calls
// it before it works again. The messages stay claimed, for they may have been
// sent, but anybody may take them over at once. It looks over all libraries:
// call it in the system's scope.
func Release(tx *postgres.Tx, node string) {
	tx.Queue(`update messages m set claimed_until = null where `+outgoing.ClaimedBy("$1"), node)
}

// MarkSent records that the peer has the message.
func MarkSent(tx *postgres.Tx, library, id broker.ID, now time.Time, delivery connectors.Delivery) {
	finish(tx, library, id, "sent", now, delivery)
}

// MarkFailed records that the peer will never take the message.
func MarkFailed(tx *postgres.Tx, library, id broker.ID, now time.Time, delivery connectors.Delivery) {
	finish(tx, library, id, "failed", now, delivery)
}

func finish(tx *postgres.Tx, library, id broker.ID, status string, now time.Time, delivery connectors.Delivery) {
	answer, _ := json.Marshal(map[string]any{"status": delivery.Status, "detail": delivery.Detail})
	tx.Queue(`update messages set status = $3, done_at = $4, claimed_until = null, answer = $5, last_error = $6, raw = nullif($7, '')
		where library_id = $1 and id = $2 and status = 'claimed'`,
		library, id, status, now, answer, errorText(status, delivery), delivery.Raw)
}

func errorText(status string, delivery connectors.Delivery) string {
	if status == "sent" {
		return ""
	}
	return delivery.Detail
}

// TryAgain puts a message back to be sent at a later business time.
func TryAgain(tx *postgres.Tx, library, id broker.ID, next time.Time, delivery connectors.Delivery) {
	tx.Queue(`update messages set status = 'ready', next_try_at = $3, claimed_until = null, last_error = $4, raw = nullif($5, '')
		where library_id = $1 and id = $2 and status = 'claimed'`, library, id, next, delivery.Detail, delivery.Raw)
}

// Due lists outgoing messages whose time has come, oldest first, and those whose
// worker died. It looks over all libraries: call it in the system's scope.
func Due(ctx context.Context, tx *postgres.Tx, now, wall time.Time, limit int) ([]Ref, error) {
	rows, err := tx.Query(ctx, `select m.library_id, m.id, m.peer_library_id, `+outgoing.Fresh+` from messages m
		where `+outgoing.Free("$1", "$2")+` and `+isNext+`
		order by m.next_try_at limit $3`, now, wall, limit)
	if err != nil {
		return nil, fmt.Errorf("list due messages: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (ref Ref, err error) {
		return ref, row.Scan(&ref.Library, &ref.ID, &ref.Peer, &ref.Fresh)
	})
}

// LeftBehind queues noting that messages were taken up by the sweep alone,
// though no clock delayed them.
func LeftBehind(tx *postgres.Tx, ids []broker.ID, now time.Time) {
	tx.Queue(`update messages set left_behind_at = $2 where id = any ($1)`, ids, now)
}

// Withdraw takes back the messages that one version of a request put out. It
// fails with a conflict when a worker has one already, sent it, or tried to: a
// try that went unanswered may have got through.
func Withdraw(ctx context.Context, tx *postgres.Tx, library, request broker.ID, version int, now time.Time) error {
	rows, err := tx.Query(ctx, `select id, status, tries from messages
		where library_id = $1 and request_id = $2 and event_version = $3 and direction = 'out' for update`, library, request, version)
	if err != nil {
		return fmt.Errorf("lock messages to withdraw: %w", err)
	}
	type held struct {
		ID     broker.ID
		Status string
		Tries  int
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[held])
	if err != nil {
		return fmt.Errorf("lock messages to withdraw: %w", err)
	}
	for _, message := range found {
		if message.Status != "ready" || message.Tries > 0 {
			return broker.Conflict("already_sent", "The message to the other library has gone out already; it can no longer be undone.")
		}
		tx.Queue(`update messages set status = 'withdrawn', done_at = $3 where library_id = $1 and id = $2`, library, message.ID, now)
	}
	return nil
}

// WithdrawUnsent queues withdrawing messages that nobody has tried to send yet.
func WithdrawUnsent(tx *postgres.Tx, ids []broker.ID, now time.Time) {
	tx.Queue(`update messages set status = 'withdrawn', done_at = $2 where id = any ($1) and status = 'ready' and tries = 0`, ids, now)
}

// WithdrawAsk takes back a request message that has not reached its lender,
// before the lender is asked to stop. It tells whether the lender may have the
// request all the same: it was sent, is on its way, or a try went unanswered.
func WithdrawAsk(ctx context.Context, tx *postgres.Tx, library, request, entry broker.ID, now time.Time) (mayHaveIt bool, err error) {
	var id broker.ID
	var status string
	var tries int
	err = tx.QueryRow(ctx, `select id, status, tries from messages where library_id = $1 and request_id = $2 and direction = 'out'
			and kind = 'request' and payload ->> 'request_id' = $3 and status <> 'withdrawn' order by id desc limit 1 for update`, library, request, entry.String()).Scan(&id, &status, &tries)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for an ask to withdraw: %w", err)
	}
	if status != "ready" {
		return true, nil
	}
	tx.Queue(`update messages set status = 'withdrawn', done_at = $3 where library_id = $1 and id = $2`, library, id, now)
	return tries > 0, nil
}

// Standing is an SQL expression for the messages of a request that wait to be
// sent, library $1 and request $2, as PutBack takes them.
const Standing = `(select coalesce(array_agg(m.id), '{}') from messages m
	where m.library_id = $1 and m.request_id = $2 and m.direction = 'out' and m.status = 'ready')`

// PutBack queues putting those of some messages back into the outbox that were
// withdrawn at an instant, because what withdrew them was undone. They have been
// tried before, or nothing would have been said in their place, so the sweep
// sends them when they are due.
func PutBack(tx *postgres.Tx, library broker.ID, ids []broker.ID, withdrawnAt time.Time) {
	tx.Queue(`update messages set status = 'ready', done_at = null
		where library_id = $1 and id = any ($2) and status = 'withdrawn' and done_at = $3`, library, ids, withdrawnAt)
}

// Next finds the message of a request to a peer that waited for an earlier one
// to go first; ok is false when none is due.
func Next(ctx context.Context, tx *postgres.Tx, library, request, peer broker.ID, now time.Time) (ref Ref, ok bool, err error) {
	err = tx.QueryRow(ctx, `select m.id from messages m
		where m.library_id = $1 and m.request_id = $2 and m.peer_library_id = $3 and m.direction = 'out' and m.status = 'ready' and `+outgoing.DueBy("$4")+`
		order by m.id limit 1`, library, request, peer, now).Scan(&ref.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return Ref{}, false, nil
	}
	if err != nil {
		return Ref{}, false, fmt.Errorf("look for the next message: %w", err)
	}
	ref.Library, ref.Peer = library, peer
	return ref, true, nil
}

// Unsent tells whether a version of a request put out messages and all of them
// were never tried.
func Unsent(ctx context.Context, tx *postgres.Tx, library, request broker.ID, version int) (bool, error) {
	var unsent bool
	err := tx.QueryRow(ctx, `select coalesce(bool_and(status = 'ready' and tries = 0), false) from messages
		where library_id = $1 and request_id = $2 and event_version = $3 and direction = 'out'`, library, request, version).Scan(&unsent)
	if err != nil {
		return false, fmt.Errorf("look for unsent messages: %w", err)
	}
	return unsent, nil
}

// ClearRaw deletes wire texts that have been kept long enough, in the system's
// scope.
func ClearRaw(tx *postgres.Tx, today broker.Date) {
	tx.Queue(`update messages set raw = null where raw is not null and raw_expires_on < $1`, today)
}

// ForgetWire queues removing the wire texts of the messages of some requests, as
// they may hold patron data.
func ForgetWire(tx *postgres.Tx, library broker.ID, requests []broker.ID) {
	tx.Queue(`update messages set raw = null where library_id = $1 and request_id = any ($2) and raw is not null`, library, requests)
}
