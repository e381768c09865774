package requests

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/policy/ill"
	"afield/broker/postgres"
	"afield/workflow"
)

// Why is why an open request counts as stuck.
type Why string

// The reasons for which a request is stuck.
const (
	StuckNoDeadline   Why = "no_deadline"   // nothing would ever move it
	StuckPastDeadline Why = "past_deadline" // its deadline has passed, and nothing came of it
	StuckStill        Why = "stands_still"  // nothing has happened for the open days the policy sets
)

// Words is the reason as a sentence.
func (w Why) Words() string {
	switch w {
	case StuckNoDeadline:
		return "It has no deadline: nothing would move it by itself."
	case StuckPastDeadline:
		return "Its deadline has passed, and nothing came of it."
	case StuckStill:
		return "Nothing has happened with it for longer than the policy allows."
	}
	return string(w)
}

// Stuck is an open request that does not get on.
type Stuck struct {
	ID       broker.ID
	Number   int64
	Side     workflow.Side
	State    workflow.State
	Owner    workflow.Owner
	Citation broker.Citation
	Why      Why
	// Since is when its deadline passed, or when something last happened with it.
	Since time.Time
	// Label is the state in plain words.
	Label string
}

// slack is how long after its deadline a request may still wait for the sweep.
const slack = 10 * time.Minute

// agreed are the deadlines that are days somebody set, up to which it is right
// that nothing happens.
var agreed = []string{string(workflow.DeadlineDue), string(workflow.DeadlinePickUpBy), string(workflow.DeadlineRetry)}

// stuckOnes finds the stuck requests of the libraries in $1, whose requests must
// not have stood still since the instants in $2 (null: may for ever). A reminder
// that passes again and again is nothing that happens, and neither is a request
// stuck before a day on which staff mean to look again.
const stuckOnes = `
	from unnest($1::uuid[], $2::timestamptz[]) l (id, still)
	join requests r on r.library_id = l.id and r.closed_at is null
	left join lateral (select kind, due_at from deadlines d
		where d.library_id = r.library_id and d.request_id = r.id order by due_at, kind limit 1) d on true
	cross join lateral (select max(e.at) as at, (array_agg(e.event order by e.id desc))[1] as event from (
		select e.id, e.at, e.event, e.cause ->> 'kind' = 'deadline' and e.from_state = e.to_state
			and e.event = lag(e.event) over (order by e.id) as again
		from request_events e where e.library_id = r.library_id and e.request_id = r.id) e where e.again is not true) h
	cross join lateral (select case
		when d.due_at is null then 'no_deadline'
		when d.due_at <= $3 then 'past_deadline'
		when h.at <= l.still and not (d.kind = any ($4)) and h.event <> $5 then 'stands_still' end as why) w
	where w.why is not null`

// Stuck lists up to limit open requests of a library that do not get on, those
// first that have not for longest, and how many there are. A request is stuck
// when it has no deadline, when its deadline has passed and nothing came of it,
// or when nothing has happened with it for as many open days as its library's
// policy sets (requests.stuck_after).
func (s *Service) Stuck(ctx context.Context, tx *postgres.Tx, now time.Time, library broker.ID, limit int) (stuck []Stuck, count int, err error) {
	args, err := s.stuckArgs(ctx, tx, now, library)
	if err != nil {
		return nil, 0, err
	}
	rows, err := tx.Query(ctx, `select r.id, r.number, r.side, r.state, r.owner, r.citation, w.why,
			case w.why when 'past_deadline' then d.due_at else coalesce(h.at, r.submitted_at) end as since, '' as label, count(*) over ()::int`+stuckOnes+`
		order by since, r.id limit $6`, append(args, limit)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list stuck requests: %w", err)
	}
	stuck, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (one Stuck, err error) {
		err = row.Scan(&one.ID, &one.Number, &one.Side, &one.State, &one.Owner, &one.Citation, &one.Why, &one.Since, &one.Label, &count)
		place, _ := s.Table(one.Side).Place(one.State)
		one.Label = place.Label
		return one, err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list stuck requests: %w", err)
	}
	return stuck, count, nil
}

// CountStuck counts the stuck requests of all libraries.
func (s *Service) CountStuck(ctx context.Context, db *postgres.DB, now time.Time) (count int, err error) {
	err = db.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		rows, err := tx.Query(ctx, `select distinct library_id from requests where closed_at is null`)
		if err != nil {
			return err
		}
		libraries, err := pgx.CollectRows(rows, pgx.RowTo[broker.ID])
		if err != nil {
			return err
		}
		args, err := s.stuckArgs(ctx, tx, now, libraries...)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select count(*)`+stuckOnes, args...).Scan(&count)
	})
	if err != nil {
		return 0, fmt.Errorf("count stuck requests: %w", err)
	}
	return count, nil
}

func (s *Service) stuckArgs(ctx context.Context, tx *postgres.Tx, now time.Time, libraries ...broker.ID) ([]any, error) {
	found, err := s.cache.Lenders(ctx, tx, libraries)
	if err != nil {
		return nil, err
	}
	ids, still := make([]broker.ID, 0, len(found)), make([]*time.Time, 0, len(found))
	for id, library := range found {
		document, err := s.policies.At(library.Library, now)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
		since := ill.StillSince(document, at(now, library))
		still = append(still, &since)
		if since.IsZero() {
			still[len(still)-1] = nil
		}
	}
	return []any{ids, still, now.Add(-slack), agreed, workflow.EventWait}, nil
}
