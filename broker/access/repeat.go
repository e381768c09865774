package access

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// KeyKept is how long a repeated POST is recognised.
const KeyKept = 48 * time.Hour

// Post is one POST under an Idempotency-Key.
type Post struct {
	// Principal is Principal.Key() of the caller.
	Principal string
	// Route is the method and the path with its ids, so that one key used on
	// two requests is two keys.
	Route string
	// Key is the header's value, 1 to 255 characters.
	Key string
	// BodyHash tells the same body from another.
	BodyHash []byte
}

// Done is what a POST did the first time: the status it was answered with and the
// ids from which the answer is built again. It never holds the body.
type Done struct {
	Status   int
	Resource json.RawMessage
}

// AskedPost is the question what a POST did before, on its way with what else the
// transaction asks.
type AskedPost struct {
	post        Post
	free, known bool
	done        Done
	hash        []byte
}

// AskPost queues the taking of the key for this transaction, and what the key did
// before. The transaction must be the one the effect happens in.
func (s *Service) AskPost(tx *postgres.Tx, post Post) *AskedPost {
	asked := &AskedPost{post: post}
	lock := post.Principal + "\x1f" + post.Route + "\x1f" + post.Key
	tx.Queue(`select pg_try_advisory_xact_lock(hashtextextended('post:' || $1, 0))`, lock).
		QueryRow(func(row pgx.Row) error { return row.Scan(&asked.free) })
	// A second statement, so that it sees what the holder of the lock committed.
	tx.Queue(`select body_hash, status, resource from idempotency_keys
		where principal = $1 and route = $2 and key = $3 and created_at > $4`,
		post.Principal, post.Route, post.Key, s.wall.Now().Add(-KeyKept)).
		QueryRow(noneIs(&asked.known, &asked.hash, &asked.done.Status, &asked.done.Resource))
	return asked
}

// Done judges the answer once it has come: what the key did before, or nil when it
// is new. The same key with another body is refused; a key whose first use is
// still running is a conflict.
func (a *AskedPost) Done() (*Done, error) {
	switch {
	case !a.free:
		return nil, broker.Conflict("in_flight", "A request with this Idempotency-Key is being worked on. Ask again in a moment.")
	case !a.known:
		return nil, nil
	case !bytes.Equal(a.hash, a.post.BodyHash):
		return nil, broker.Refused("key_reused", "This Idempotency-Key was used before with another body.")
	}
	return &a.done, nil
}

// Repeated is AskPost in a round trip of its own.
func (s *Service) Repeated(ctx context.Context, tx *postgres.Tx, post Post) (*Done, error) {
	asked := s.AskPost(tx, post)
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("look an idempotency key up: %w", err)
	}
	return asked.Done()
}

// Remember records what a POST did. The record is committed together with the
// effect.
func (s *Service) Remember(tx *postgres.Tx, post Post, done Done) {
	tx.Queue(`insert into idempotency_keys (principal, route, key, body_hash, status, resource, created_at)
		values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (principal, route, key) do update
		set body_hash = $4, status = $5, resource = $6, created_at = $7`,
		post.Principal, post.Route, post.Key, post.BodyHash, done.Status, done.Resource, s.wall.Now())
}

// ForgetPosts queues emptying what POSTs made where that names one of some ids,
// which are forgotten. The keys stay, so that a POST that is sent again still does
// nothing new; it is answered that there is no such thing.
func ForgetPosts(tx *postgres.Tx, ids []broker.ID) {
	if len(ids) == 0 {
		return
	}
	tx.Queue(`update idempotency_keys k set resource = '{}' where exists (
		select from regexp_matches(k.resource::text, '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'g') named where named[1]::uuid = any ($1))`, ids)
}
