package messages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
	"afield/connectors"
)

// Incoming is a message that came from a peer, already decoded and verified.
type Incoming struct {
	// Library is whom it is for; Peer who sent it.
	Library broker.ID
	Peer    broker.ID
	Message connectors.Message
	// Hash is of the body as received; it tells a replay from another message
	// under the same id.
	Hash []byte
	// Raw is the wire text, kept for a while.
	Raw string
}

// What an Answer's Status says.
const (
	Accepted  = "accepted"  // it was new
	Duplicate = "duplicate" // it was here already; nothing was done again
)

// Answer is what we say to the sender, the same each time.
type Answer struct {
	// MessageID repeats the sender's id.
	MessageID string `json:"message_id"`
	// Status is Accepted the first time and Duplicate on a replay.
	Status string `json:"status"`
	// Outcome is "acted", or "noted" where it changed nothing.
	Outcome string `json:"outcome"`
	// RequestID is our own id of the request it was about.
	RequestID string `json:"request_id,omitempty"`
	// Detail says in words what came of it.
	Detail string `json:"detail,omitempty"`
}

// Take stores an incoming message. On a replay it gives the first answer and
// stores nothing; a second message under the same id is a conflict.
func Take(ctx context.Context, tx *postgres.Tx, now time.Time, in Incoming) (id broker.ID, replay *Answer, err error) {
	payload, err := json.Marshal(in.Message)
	if err != nil {
		return broker.NoID, nil, fmt.Errorf("store a message: %w", err)
	}
	id = broker.NewID()
	var stored broker.ID
	err = tx.QueryRow(ctx, `insert into messages (library_id, id, direction, peer_library_id, peer_message_id, kind, payload, body_hash,
			status, raw, raw_expires_on, created_at)
		values ($1, $2, 'in', $3, $4, $5, $6, $7, 'done', nullif($8, ''), $9, $10)
		on conflict (library_id, peer_library_id, peer_message_id) where direction = 'in' do nothing returning id`,
		in.Library, id, in.Peer, in.Message.ID, string(in.Message.Kind), payload, in.Hash, in.Raw, keptUntil(now), now).Scan(&stored)
	if err == nil {
		return stored, nil, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return broker.NoID, nil, fmt.Errorf("store a message: %w", err)
	}
	replay, err = firstAnswer(ctx, tx, in)
	return broker.NoID, replay, err
}

func firstAnswer(ctx context.Context, tx *postgres.Tx, in Incoming) (*Answer, error) {
	var hash, answer []byte
	err := tx.QueryRow(ctx, `select body_hash, answer from messages
		where library_id = $1 and peer_library_id = $2 and peer_message_id = $3 and direction = 'in'`,
		in.Library, in.Peer, in.Message.ID).Scan(&hash, &answer)
	if err != nil {
		return nil, fmt.Errorf("find the first answer: %w", err)
	}
	if string(hash) != string(in.Hash) {
		return nil, broker.Conflict("message_id_reused", "Message %s was received before with other content; a new message needs a new id.", in.Message.ID)
	}
	first := &Answer{}
	if err := json.Unmarshal(answer, first); err != nil {
		return nil, fmt.Errorf("read the first answer: %w", err)
	}
	first.Status = Duplicate
	return first, nil
}

// Record stores what we answered, and which request the message was about.
func Record(tx *postgres.Tx, library, id, request broker.ID, now time.Time, answer Answer) error {
	body, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("store an answer: %w", err)
	}
	var about *broker.ID
	if request != broker.NoID {
		about = &request
	}
	tx.Queue(`update messages set request_id = $3, answer = $4, done_at = $5 where library_id = $1 and id = $2`, library, id, about, body, now)
	return nil
}

// Logged is one line of a request's dialogue.
type Logged struct {
	ID        broker.ID
	Direction string
	Peer      broker.ID
	PeerID    *string
	Kind      string
	Payload   json.RawMessage
	Status    string
	Tries     int
	NextTryAt *time.Time
	LastError string
	Answer    json.RawMessage
	Raw       *string
	CreatedAt time.Time
	DoneAt    *time.Time
}

// Dialogue lists every message about a request, oldest first.
func Dialogue(ctx context.Context, tx *postgres.Tx, library, request broker.ID) ([]Logged, error) {
	rows, err := tx.Query(ctx, `select id, direction, peer_library_id, peer_message_id, kind, payload, status, tries, next_try_at,
			last_error, coalesce(answer, 'null'::jsonb), raw, created_at, done_at
		from messages where library_id = $1 and request_id = $2 order by created_at, id`, library, request)
	if err != nil {
		return nil, fmt.Errorf("list messages: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Logged])
}
