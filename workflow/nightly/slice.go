package nightly

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/workflow/requests/tasks"
)

type sliced struct {
	done Done
	busy bool
}

// slice does the next slice of a step and writes down how far it came, in one
// transaction.
func (n *Nights) slice(ctx context.Context, night *Night, s step, limit int) (sliced, error) {
	var result sliced
	err := n.config.DB.InTx(ctx, s.scope(night), func(ctx context.Context, tx *postgres.Tx) error {
		at, free, err := takeStep(ctx, tx, night, s.name)
		result = sliced{done: at.done, busy: !free}
		if err != nil || !free || at.done.Finished {
			return err
		}
		upTo, touched, more, err := s.work.slice(ctx, tx, night, at.after, limit)
		if err != nil {
			return err
		}
		if !more {
			result.done.Finished = true
			end(tx, night, s.name)
			return nil
		}
		result.done.Slices++
		result.done.Touched += touched
		advance(tx, night, s.name, upTo, touched)
		return nil
	})
	return result, err
}

// place is how far a step of a night has come.
type place struct {
	done  Done
	after loans.NightKey
}

// takeStep locks a step of a night and tells how far it is; free is false where
// another node has it.
func takeStep(ctx context.Context, tx *postgres.Tx, night *Night, name string) (at place, free bool, err error) {
	at.done.Step = name
	tx.Queue(`insert into nightly_steps (library_id, night, step, started_at) values ($1, $2, $3, $4) on conflict do nothing`,
		night.Library.ID, night.On, name, night.Now)
	err = tx.QueryRow(ctx, `select slices, touched, failed, finished_at is not null, after_on, after_id
		from nightly_steps where library_id = $1 and night = $2 and step = $3 for update skip locked`,
		night.Library.ID, night.On, name).Scan(&at.done.Slices, &at.done.Touched, &at.done.Failed, &at.done.Finished, &at.after.On, &at.after.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return at, false, nil
	}
	if err != nil {
		return at, false, fmt.Errorf("take a step of the night: %w", err)
	}
	return at, true, nil
}

func advance(tx *postgres.Tx, night *Night, name string, to loans.NightKey, touched int64) {
	tx.Queue(`update nightly_steps set slices = slices + 1, touched = touched + $4, after_on = $5, after_id = $6
		where library_id = $1 and night = $2 and step = $3`, night.Library.ID, night.On, name, touched, to.On, to.ID)
}

func end(tx *postgres.Tx, night *Night, name string) {
	tx.Queue(`update nightly_steps set finished_at = $4 where library_id = $1 and night = $2 and step = $3`,
		night.Library.ID, night.On, name, night.Now)
}

// putAside passes over the one row that failed: it is written down, put before
// staff, and tried again in the next night.
func (n *Nights) putAside(ctx context.Context, night *Night, s step, why error) error {
	n.config.Log.Error("a nightly step failed for one row", "library", night.Library.ID, "step", s.name, "error", why)
	return n.config.DB.InTx(ctx, s.scope(night), func(ctx context.Context, tx *postgres.Tx) error {
		at, free, err := takeStep(ctx, tx, night, s.name)
		if err != nil || !free {
			return err
		}
		bad, found, err := s.work.first(ctx, tx, night, at.after)
		switch {
		case err != nil:
			return errors.Join(why, err)
		case !found:
			end(tx, night, s.name) // it would find the same row again and again
		default:
			advance(tx, night, s.name, bad, 0)
		}
		note(tx, night, s.name, bad.ID, why)
		return nil
	})
}

// note writes down a row that could not be worked, for staff and for the next
// night.
func note(tx *postgres.Tx, night *Night, step string, thing broker.ID, why error) {
	tx.Queue(`insert into nightly_failures (library_id, step, thing_id, error, first_at, last_at) values ($1, $2, coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'), $4, $5, $5)
		on conflict (library_id, step, thing_id) do update
		set error = excluded.error, last_at = excluded.last_at, tries = nightly_failures.tries + 1, solved_at = null`,
		night.Library.ID, step, thing, why.Error(), night.Now)
	tx.Queue(`update nightly_steps set failed = failed + 1 where library_id = $1 and night = $2 and step = $3`,
		night.Library.ID, night.On, step)
	tasks.OpenForLibrary(tx, night.Library.ID, "night_failed",
		"Some nightly work could not be done ("+words(step)+"); see what it says and put it right.", night.Now)
}

// asideOf gives what a step has put aside and not solved yet.
func asideOf(ctx context.Context, tx *postgres.Tx, night *Night, step string) ([]broker.ID, error) {
	rows, err := tx.Query(ctx, `select thing_id from nightly_failures where library_id = $1 and step = $2 and solved_at is null`,
		night.Library.ID, step)
	if err != nil {
		return nil, fmt.Errorf("read what the night put aside: %w", err)
	}
	aside, err := pgx.CollectRows(rows, pgx.RowTo[broker.ID])
	if err != nil {
		return nil, fmt.Errorf("read what the night put aside: %w", err)
	}
	return aside, nil
}

// whole is the name under which a night as a whole is written down.
const whole = "night"

// finish writes down that a night is over, and solves the failures of earlier
// nights that did not come again.
func (n *Nights) finish(ctx context.Context, night *Night) error {
	return n.config.DB.InTx(ctx, postgres.ForLibraries(night.sees...), func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into nightly_steps (library_id, night, step, started_at, finished_at) values ($1, $2, $3, $4, $4) on conflict do nothing`,
			night.Library.ID, night.On, whole, night.Now)
		tx.Queue(`update nightly_failures f set solved_at = $3 where f.library_id = $1 and f.solved_at is null
			and f.last_at < (select min(s.started_at) from nightly_steps s where s.library_id = $1 and s.night = $2)`,
			night.Library.ID, night.On, night.Now)
		return nil
	})
}
