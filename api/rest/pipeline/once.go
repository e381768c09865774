package pipeline

import (
	"context"
	"encoding/json"
	"fmt"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/postgres"
)

// Made is what a POST remembers where one id names what it made or changed.
type Made struct {
	ID broker.ID `json:"id"`
}

// Read runs a look-up for the caller and gives its result.
func Read[R any](ctx context.Context, b *Base, look func(context.Context, *Turn) (R, error)) (R, error) {
	return ReadAs(ctx, b, callOf(ctx).principal, look)
}

// ReadAs is Read for somebody else: the one who has just signed in.
func ReadAs[R any](ctx context.Context, b *Base, who access.Principal, look func(context.Context, *Turn) (R, error)) (R, error) {
	var found R
	err := b.DB.InTx(ctx, postgres.ForLibraries(who.Library), func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		found, err = look(ctx, &Turn{Tx: tx, Caller: who, base: b})
		return err
	})
	return found, err
}

// Show reads something that exists already, the way Act shows what it made.
func Show[K, V any](ctx context.Context, b *Base, what K, show func(context.Context, *Turn, K) (V, error)) (V, error) {
	return Read(ctx, b, func(ctx context.Context, t *Turn) (V, error) { return show(ctx, t, what) })
}

// Act is Once, with the answer read back from what the effect made.
func Act[M, V any](ctx context.Context, b *Base, status int, effect func(context.Context, *Turn) (M, error), show func(context.Context, *Turn, M) (V, error)) (V, error) {
	made, err := Once(ctx, b, status, effect)
	if err != nil {
		var none V
		return none, err
	}
	return Show(ctx, b, made, show)
}

// Change is Act where one id names what the effect made or changed.
func Change[V any](ctx context.Context, b *Base, status int, effect func(context.Context, *Turn) (broker.ID, error), show func(context.Context, *Turn, broker.ID) (V, error)) (V, error) {
	return Act(ctx, b, status, func(ctx context.Context, t *Turn) (Made, error) {
		id, err := effect(ctx, t)
		return Made{id}, err
	}, func(ctx context.Context, t *Turn, made Made) (V, error) { return show(ctx, t, made.ID) })
}

// Once runs the effect of a POST in one transaction, and only once for one
// Idempotency-Key: the key is taken first, the effect follows, and what it made
// is remembered in the same commit. It gives what was made, now or the first
// time, in a form that holds ids and our own words and nothing about a person.
//
// Without a key the effect just runs. A refused or failed effect leaves no trace,
// so the key may be used again.
func Once[R any](ctx context.Context, b *Base, status int, effect func(context.Context, *Turn) (R, error)) (R, error) {
	return Read(ctx, b, func(ctx context.Context, t *Turn) (R, error) { return onceIn(ctx, b, t, status, effect) })
}

// onceIn is Once in a transaction that has begun.
func onceIn[R any](ctx context.Context, b *Base, t *Turn, status int, effect func(context.Context, *Turn) (R, error)) (R, error) {
	c := callOf(ctx)
	var made R
	post := access.Post{Principal: t.Caller.Key(), Route: c.route, Key: c.key, BodyHash: c.bodyHash}
	if c.key != "" {
		done, err := b.Access.Repeated(ctx, t.Tx, post)
		if err != nil {
			return made, err
		}
		if done != nil {
			if err := json.Unmarshal(done.Resource, &made); err != nil {
				return made, fmt.Errorf("read what %s did before: %w", c.operation, err)
			}
			return made, nil
		}
	}
	made, err := effect(ctx, t)
	if err != nil || c.key == "" {
		return made, err
	}
	resource, err := json.Marshal(made)
	if err != nil {
		return made, fmt.Errorf("remember what %s did: %w", c.operation, err)
	}
	b.Access.Remember(t.Tx, post, access.Done{Status: status, Resource: resource})
	return made, nil
}
