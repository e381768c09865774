package rest

import (
	"context"
	"encoding/json"
	"fmt"

	"afield/broker/access"
	"afield/broker/postgres"
)

// once runs the effect of a POST in one transaction, and only once for one
// Idempotency-Key: the key is taken first, the effect follows, and what it made
// is remembered in the same commit. It gives the ids of what was made, from now
// or from the first time; the handler reads the answer back from those.
//
// Without a key the effect just runs. A refused or failed effect leaves no
// trace, so the key may be used again.
func once[R any](ctx context.Context, s *Server, status int, effect func(context.Context, *postgres.Tx) (R, error)) (R, error) {
	c := callOf(ctx)
	var made R
	err := s.DB.InTx(ctx, c.scope(), func(ctx context.Context, tx *postgres.Tx) error {
		var zero R
		made = zero // InTx may run this again
		post := access.Post{Principal: c.principal.Key(), Route: c.route, Key: c.key, BodyHash: c.bodyHash}
		if c.key != "" {
			done, err := s.Access.Repeated(ctx, tx, post)
			if err != nil {
				return err
			}
			if done != nil {
				if err := json.Unmarshal(done.Resource, &made); err != nil {
					return fmt.Errorf("read what %s did before: %w", c.operation, err)
				}
				return nil
			}
		}
		var err error
		if made, err = effect(ctx, tx); err != nil || c.key == "" {
			return err
		}
		resource, err := json.Marshal(made)
		if err != nil {
			return fmt.Errorf("remember what %s did: %w", c.operation, err)
		}
		s.Access.Remember(tx, post, access.Done{Status: status, Resource: resource})
		return nil
	})
	if err != nil {
		var zero R
		return zero, err
	}
	return made, nil
}

// read runs a look-up in the caller's scope and gives its result.
func read[R any](ctx context.Context, s *Server, look func(context.Context, *postgres.Tx) (R, error)) (R, error) {
	var found R
	err := s.DB.InTx(ctx, callOf(ctx).scope(), func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		found, err = look(ctx, tx)
		return err
	})
	return found, err
}
