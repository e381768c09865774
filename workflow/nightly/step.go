package nightly

import (
	"context"

	"afield/broker"
	"afield/broker/loans"
	"afield/broker/postgres"
)

// step is one kind of nightly work.
type step struct {
	name string
	// size is how many things a slice has at most.
	size int
	// timelines is set for a step that changes what timelines of requests or
	// entries of the ledger say, which only the system role may.
	timelines bool
	work      work
}

// scope is what a slice of a step sees and may change.
func (s step) scope(night *Night) postgres.Scope {
	if s.timelines {
		return postgres.Everywhere()
	}
	return postgres.ForLibraries(night.sees...)
}

// work is how the things of a step are gone through: keyed, paged, pagedBy or
// again.
type work interface {
	// slice works up to limit things after one key, and gives the last key it
	// reached and how many things changed; more is false where nothing was left.
	slice(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) (upTo loans.NightKey, touched int64, more bool, err error)
	// first gives the first thing after a key, so that it can be passed over;
	// found is false where the step cannot tell.
	first(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey) (key loans.NightKey, found bool, err error)
}

// findKeys gives the keys of the next slice, in order, after one key. For a
// step that works ranges, and for pagedBy, the last key is enough.
type findKeys func(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) ([]loans.NightKey, error)

func (find findKeys) first(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey) (key loans.NightKey, found bool, err error) {
	keys, err := find(ctx, tx, night, after, 1)
	if err != nil || len(keys) == 0 {
		return key, false, err
	}
	return keys[0], true, nil
}

// workKeys works the things of one slice, which begins after a key, and tells
// how many changed. It is made by each, together or ranged.
type workKeys func(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, keys []loans.NightKey) (int64, error)

type keyedWork struct {
	findKeys
	work workKeys
}

// keyed works things in the order of their keys.
func keyed(find findKeys, work workKeys) work { return keyedWork{find, work} }

func (k keyedWork) slice(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) (upTo loans.NightKey, touched int64, more bool, err error) {
	keys, err := k.findKeys(ctx, tx, night, after, limit)
	if err != nil || len(keys) == 0 {
		return after, 0, false, err
	}
	touched, err = k.work(ctx, tx, night, after, keys)
	return keys[len(keys)-1], touched, true, err
}

// each works one thing after another; one tells whether the thing changed.
func each(one func(ctx context.Context, tx *postgres.Tx, night *Night, id broker.ID) (bool, error)) workKeys {
	return func(ctx context.Context, tx *postgres.Tx, night *Night, _ loans.NightKey, keys []loans.NightKey) (touched int64, err error) {
		for _, key := range keys {
			changed, err := one(ctx, tx, night, key.ID)
			if err != nil {
				return touched, err
			}
			if changed {
				touched++
			}
		}
		return touched, nil
	}
}

// together works the things of a slice at once; all tells how many changed.
func together(all func(ctx context.Context, tx *postgres.Tx, night *Night, ids []broker.ID) (int64, error)) workKeys {
	return func(ctx context.Context, tx *postgres.Tx, night *Night, _ loans.NightKey, keys []loans.NightKey) (int64, error) {
		ids := make([]broker.ID, len(keys))
		for i, key := range keys {
			ids[i] = key.ID
		}
		return all(ctx, tx, night, ids)
	}
}

// ranged works everything after one key and up to another in a few statements;
// between tells how many things changed.
func ranged(between func(ctx context.Context, tx *postgres.Tx, night *Night, after, upTo loans.NightKey) (int64, error)) workKeys {
	return func(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, keys []loans.NightKey) (int64, error) {
		return between(ctx, tx, night, after, keys[len(keys)-1])
	}
}

// pageOf does what the next limit things after a key call for, and gives the
// last key it looked at; the key it was given means that none was left.
type pageOf func(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) (loans.NightKey, int, error)

// paged works things that the room which owns them finds itself.
func paged(page pageOf) work { return page }

func (page pageOf) slice(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) (upTo loans.NightKey, touched int64, more bool, err error) {
	upTo, done, err := page(ctx, tx, night, after, limit)
	return upTo, int64(done), upTo != after, err
}

func (page pageOf) first(context.Context, *postgres.Tx, *Night, loans.NightKey) (key loans.NightKey, found bool, err error) {
	return key, false, nil
}

type pagedByWork struct {
	pageOf
	find findKeys
}

// pagedBy is paged where the keys can be found too, so that a bad row is passed
// over and the step goes on after it.
func pagedBy(find findKeys, page pageOf) work { return pagedByWork{page, find} }

func (p pagedByWork) first(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey) (key loans.NightKey, found bool, err error) {
	return p.find.first(ctx, tx, night, after)
}

// again does up to limit things that are not done yet, and tells how many, until
// there are none.
type again func(ctx context.Context, tx *postgres.Tx, night *Night, limit int) (int, error)

func (do again) slice(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) (upTo loans.NightKey, touched int64, more bool, err error) {
	done, err := do(ctx, tx, night, limit)
	return after, int64(done), done > 0, err
}

func (do again) first(context.Context, *postgres.Tx, *Night, loans.NightKey) (key loans.NightKey, found bool, err error) {
	return key, false, nil
}
