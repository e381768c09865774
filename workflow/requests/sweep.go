package requests

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/tasks"
	"afield/workflow/routing"
)

// chunk is how many deadlines are worked off in one transaction.
const chunk = 50

// quarantine is how long a deadline that fails is left alone after it was put
// before staff.
const quarantine = time.Hour

type dueDeadline struct {
	Library broker.ID
	Request broker.ID
	Kind    string
	Event   string
}

// workFor is how long one sweep works off deadlines, in wall time; what is left
// then is the next sweep's.
const workFor = 10 * time.Second

// WorkDeadlines fires every deadline that has passed, the oldest first, in
// chunks; it gives how many it fired. A chunk that fails is halved until the bad
// one stands alone: that one becomes a staff task, and the rest goes on. Two
// workers at once share the work and never do it twice.
func (s *Service) WorkDeadlines(ctx context.Context, db *postgres.DB, now time.Time) (int, error) {
	worked := 0
	wall := broker.SystemClock{}
	for until := wall.Now().Add(workFor); wall.Now().Before(until); {
		due, err := s.dueDeadlines(ctx, db, now)
		if err != nil || len(due) == 0 {
			return worked, err
		}
		fired, err := s.workChunk(ctx, db, now, due)
		worked += fired
		if err != nil {
			return worked, err
		}
		if fired == 0 {
			return worked, nil // another worker has them
		}
	}
	return worked, nil
}

func (s *Service) dueDeadlines(ctx context.Context, db *postgres.DB, now time.Time) (due []dueDeadline, err error) {
	err = db.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		rows, err := tx.Query(ctx, `select library_id, request_id, kind, event from deadlines where due_at <= $1 order by due_at limit $2`, now, chunk)
		if err != nil {
			return err
		}
		due, err = pgx.CollectRows(rows, pgx.RowToStructByPos[dueDeadline])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list deadlines: %w", err)
	}
	return due, nil
}

func (s *Service) workChunk(ctx context.Context, db *postgres.DB, now time.Time, due []dueDeadline) (int, error) {
	fired := 0
	err := db.InTx(ctx, postgres.ForLibraries(librariesOf(due)...), func(ctx context.Context, tx *postgres.Tx) error {
		fired = 0
		for _, deadline := range due {
			ours, err := claim(ctx, tx, deadline, now)
			if err != nil {
				return err
			}
			if !ours {
				continue
			}
			if err := s.fireDeadline(ctx, tx, now, deadline); err != nil {
				return err
			}
			fired++
		}
		return nil
	})
	switch {
	case err == nil:
		return fired, nil
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case len(due) == 1:
		return 1, s.setAside(ctx, db, now, due[0], err)
	}
	first, err := s.workChunk(ctx, db, now, due[:len(due)/2])
	if err != nil {
		return first, err
	}
	second, err := s.workChunk(ctx, db, now, due[len(due)/2:])
	return first + second, err
}

// librariesOf lists whose deadlines they are.
func librariesOf(due []dueDeadline) []broker.ID {
	libraries := make([]broker.ID, len(due))
	for i, deadline := range due {
		libraries[i] = deadline.Library
	}
	slices.SortFunc(libraries, broker.ID.Compare)
	return slices.Compact(libraries)
}

// claim takes a deadline if it is still due and nobody else works on it.
func claim(ctx context.Context, tx *postgres.Tx, d dueDeadline, now time.Time) (bool, error) {
	var one int
	err := tx.QueryRow(ctx, `select 1 from requests where library_id = $1 and id = $2 for update skip locked`, d.Library, d.Request).Scan(&one)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err == nil {
		err = tx.QueryRow(ctx, `select 1 from deadlines where library_id = $1 and request_id = $2 and kind = $3 and event = $4 and due_at <= $5 for update`,
			d.Library, d.Request, d.Kind, d.Event, now).Scan(&one)
		if errors.Is(err, pgx.ErrNoRows) {
			return false, nil
		}
	}
	if err != nil {
		return false, fmt.Errorf("claim a deadline: %w", err)
	}
	return true, nil
}

func (s *Service) fireDeadline(ctx context.Context, tx *postgres.Tx, now time.Time, d dueDeadline) error {
	_, err := s.Fire(ctx, tx, now, engine.Firing{
		Library: d.Library, Request: d.Request, Event: workflow.Event(d.Event), By: workflow.BySystem,
		Actor: broker.System(d.Library), Cause: engine.Cause{Kind: "deadline", ID: d.Kind},
	})
	return err
}

// setAside puts a deadline that cannot be fired before staff and leaves it alone
// for a while: one bad row never stops the rest, and is never forgotten.
func (s *Service) setAside(ctx context.Context, db *postgres.DB, now time.Time, d dueDeadline, why error) error {
	s.log.Error("a deadline could not be worked off", "request", d.Request, "kind", d.Kind, "event", d.Event, "error", why)
	err := db.InTx(ctx, postgres.ForLibraries(d.Library), func(_ context.Context, tx *postgres.Tx) error {
		engine.PostponeDeadline(tx, d.Library, d.Request, d.Kind, now.Add(quarantine))
		tasks.Open(tx, d.Library, d.Request, "deadline_failed", "A step that was due ("+workflow.Event(d.Event).Words()+") could not be done: "+plain(why), now)
		return nil
	})
	if err != nil {
		return fmt.Errorf("set a deadline aside after another fault (%w): %w", why, err)
	}
	return nil
}

func plain(err error) string {
	if ours, ok := broker.AsError(err); ok {
		return ours.Detail
	}
	return "an unexpected fault; the server's log has it."
}

// Repair finds open requests that nothing would ever move again (no deadline)
// and gives them one, with a task for staff. It gives how many it found; more
// than none is a fault worth looking into.
func (s *Service) Repair(ctx context.Context, db *postgres.DB, now time.Time) (int, error) {
	var stuck []dueDeadline
	err := db.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		rows, err := tx.Query(ctx, `select r.library_id, r.id, '', '' from requests r where r.closed_at is null
			and not exists (select 1 from deadlines d where d.library_id = r.library_id and d.request_id = r.id) limit 200`)
		if err != nil {
			return err
		}
		stuck, err = pgx.CollectRows(rows, pgx.RowToStructByPos[dueDeadline])
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("look for stuck requests: %w", err)
	}
	var faults []error
	for _, request := range stuck {
		err := db.InTx(ctx, postgres.ForLibraries(request.Library), func(ctx context.Context, tx *postgres.Tx) error {
			tasks.Open(tx, request.Library, request.Request, "was_stuck", "Nothing would have moved this request any more; look at it.", now)
			_, err := s.Fire(ctx, tx, now, engine.Firing{
				Library: request.Library, Request: request.Request, Event: workflow.EventNote, By: workflow.BySystem,
				Actor: broker.System(request.Library), Cause: engine.Cause{Kind: "sweep"}, Input: workflow.Input{"note": "The minute sweep found no deadline and set one."},
			})
			return err
		})
		if err != nil {
			faults = append(faults, fmt.Errorf("repair request %s: %w", request.Request, err))
		}
	}
	return len(stuck), errors.Join(faults...)
}

// LivePeers lists the partners worth asking live about a request, and its
// citation; nobody when the request has moved on.
func (s *Service) LivePeers(ctx context.Context, tx *postgres.Tx, now time.Time, library, request broker.ID) ([]connectors.Peer, broker.Citation, error) {
	c, err := s.engine.Lock(ctx, tx, now, library, request)
	if err != nil {
		return nil, broker.Citation{}, err
	}
	if !c.Table.Takes(c.Request.State, workflow.EventHoldingsKnown) {
		return nil, broker.Citation{}, nil
	}
	query, err := s.rota.Query(ctx, c)
	if err != nil {
		return nil, broker.Citation{}, err
	}
	peers, err := s.finder.LivePeers(ctx, tx, s.vault, query)
	return peers, c.Request.Citation, err
}

// HoldingsKnown takes what partners said live and goes on choosing a lender.
func (s *Service) HoldingsKnown(ctx context.Context, tx *postgres.Tx, now time.Time, library, request broker.ID, live map[broker.ID]routing.Live) error {
	_, err := s.Fire(ctx, tx, now, engine.Firing{
		Library: library, Request: request, Event: workflow.EventHoldingsKnown, By: workflow.BySystem,
		Actor: broker.System(library), Cause: engine.Cause{Kind: "job", ID: "look_up"}, Input: workflow.Input{"live": live},
		Data: map[string]any{"asked_live": len(live)},
	})
	if err != nil && noRow(err) {
		return nil // it has moved on meanwhile
	}
	return err
}
