package requests

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
	"afield/workflow"
)

// Work counts what waits at a library's interlibrary loan desk.
type Work struct {
	// NeedsUs counts our requests whose next thing our staff have to do, and
	// LendingNeedsUs those of others.
	NeedsUs, LendingNeedsUs int
	// LendingOpen counts what others ask of us or have from us.
	LendingOpen int
	// Queues counts our open requests by their queue.
	Queues map[workflow.Queue]int
	// Stuck counts the requests of both sides that do not get on.
	Stuck int
	// Tasks counts what somebody has to decide.
	Tasks int
}

// Work counts what waits at a library's desk.
func (s *Service) Work(ctx context.Context, tx *postgres.Tx, now time.Time, library broker.ID) (Work, error) {
	work := Work{Queues: map[workflow.Queue]int{}}
	args, err := s.stuckArgs(ctx, tx, now, library)
	if err != nil {
		return work, err
	}
	tx.Queue(`select count(*)::int`+stuckOnes, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&work.Stuck) })
	tx.Queue(`select count(*)::int from staff_tasks where library_id = $1 and closed_at is null`, library).
		QueryRow(func(row pgx.Row) error { return row.Scan(&work.Tasks) })
	rows, err := tx.Query(ctx, `select side, state, owner, count(*)::int from requests
		where library_id = $1 and closed_at is null group by side, state, owner`, library)
	if err != nil {
		return work, fmt.Errorf("count the work: %w", err)
	}
	var side workflow.Side
	var state workflow.State
	var owner workflow.Owner
	var count int
	_, err = pgx.ForEachRow(rows, []any{&side, &state, &owner, &count}, func() error {
		place, _ := s.Table(side).Place(state)
		lending, ours := side == workflow.SideLending, owner == workflow.OwnerStaff
		switch {
		case lending && ours:
			work.LendingNeedsUs += count
		case ours:
			work.NeedsUs += count
		}
		if lending {
			work.LendingOpen += count
		} else if place.Queue != "" {
			work.Queues[place.Queue] += count
		}
		return nil
	})
	if err != nil {
		return work, fmt.Errorf("count the work: %w", err)
	}
	return work, nil
}
