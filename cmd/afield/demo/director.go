package demo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/postgres"
)

// stage is everything the stories need to be played.
type stage struct {
	db       *postgres.DB
	clock    *Clock
	api      *client
	settle   func(context.Context) error // the app's: jobs and messages
	partners partners
	signIns  *Credentials
	tokens   map[string]string // by user
	// reset closes a partner's circuit breakers when it is known to be back.
	reset func(library broker.ID)
	// monday is the first day of the stories that end today.
	monday broker.Date
	// today is the last day of the demo.
	today broker.Date
}

// story is one story: what it shows, and how it goes. The teller's On moves
// time; many stories go on at the same time, as in a library.
type story struct {
	id    string
	title string
	shows string
	tell  func(*teller)
}

// cue is a story that waits for its next time.
type cue struct {
	at   time.Time
	next func() (time.Time, bool)
	stop func()
}

// perform plays stories at the same time on one clock, always the one whose
// time comes next, and gives their tellers. An error means that playing itself
// failed; that a story came out differently is recorded in its teller.
func (s *stage) perform(ctx context.Context, stories []story) ([]*teller, error) {
	tellers := make([]*teller, len(stories))
	var waiting []*cue
	defer func() {
		for _, one := range waiting {
			one.stop()
		}
	}()
	for i, told := range stories {
		tellers[i] = &teller{stage: s, story: told, ctx: ctx}
		next, stop := iter.Pull(tellers[i].play)
		waiting = append(waiting, &cue{at: s.clock.Now(), next: next, stop: stop})
	}
	for len(waiting) > 0 {
		if err := ctx.Err(); err != nil {
			return tellers, err
		}
		first := slices.MinFunc(waiting, func(a, b *cue) int { return a.at.Compare(b.at) })
		if err := s.advance(ctx, first.at); err != nil {
			return tellers, err
		}
		at, more := first.next()
		if !more {
			waiting = slices.DeleteFunc(waiting, func(one *cue) bool { return one == first })
			continue
		}
		first.at = at
	}
	return tellers, nil
}

// advance moves the clock to an instant, stopping wherever something is due on
// the way, so that everything happens on its own day. What a story just did
// takes effect first, so that a lender's answer is not overtaken by the
// deadline for it.
func (s *stage) advance(ctx context.Context, target time.Time) error {
	if !s.clock.Now().Before(target) {
		return nil
	}
	if err := s.quiet(ctx); err != nil {
		return err
	}
	for s.clock.Now().Before(target) {
		next, err := s.nextDue(ctx, s.clock.Now())
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(target) {
			next = target
		}
		s.clock.Set(next)
		if err := s.quiet(ctx); err != nil {
			return err
		}
	}
	return nil
}

// nextDue is the first instant after now at which a deadline passes, a message
// is tried again or a partner sends something.
func (s *stage) nextDue(ctx context.Context, now time.Time) (time.Time, error) {
	var due *time.Time
	err := s.db.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select least((select min(due_at) from deadlines where due_at > $1),
			(select min(next_try_at) from messages where status in ('ready', 'claimed') and next_try_at > $1))`, now).Scan(&due)
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("look for what is due next: %w", err)
	}
	spoken := s.partners.nextAt(now)
	switch {
	case due == nil:
		return spoken, nil
	case spoken.IsZero() || due.Before(spoken):
		return *due, nil
	}
	return spoken, nil
}

// lastEvent is the number of the last thing that happened to any request.
func (s *stage) lastEvent(ctx context.Context) (id int64, err error) {
	err = s.db.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select coalesce(max(id), 0) from request_events`).Scan(&id)
	})
	if err != nil {
		return 0, fmt.Errorf("look for the last event: %w", err)
	}
	return id, nil
}

// quietWithin bounds, in wall time, how long everything may take to settle.
const quietWithin = time.Minute

// quiet waits until neither the server nor a partner has anything to do now.
func (s *stage) quiet(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, quietWithin)
	defer stop()
	for {
		if err := s.settle(ctx); err != nil {
			return fmt.Errorf("wait for the server to come to rest: %w", err)
		}
		spoke, err := s.partners.settle(ctx)
		if err != nil {
			return fmt.Errorf("wait for the partners: %w", err)
		}
		if !spoke {
			return nil
		}
	}
}

// errLeft ends a story that is abandoned before its end.
var errLeft = errors.New("the stage was left")

// play is a story as the sequence of instants it waits for.
func (t *teller) play(yield func(time.Time) bool) {
	t.wait = func(at time.Time) {
		if !yield(at) {
			panic(errLeft)
		}
	}
	defer func() {
		switch failed := recover().(type) {
		case nil:
		case storyFailed:
			t.failure = failed.why
		case error:
			if !errors.Is(failed, errLeft) {
				panic(failed)
			}
			t.failure = "was not told to its end"
		default:
			panic(failed)
		}
	}()
	t.story.tell(t)
	t.gather()
	t.told = true
}

var _ iter.Seq[time.Time] = (*teller)(nil).play
