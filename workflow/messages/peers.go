package messages

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Talk is how the dialogue with one library stands. It holds nothing of what was
// said.
type Talk struct {
	Peer broker.ID
	Name string
	// Waiting counts what is still to go out, Failing those of it that were tried in
	// vain, Refused what the library would not take.
	Waiting, Failing, Refused int
	// Tries and Error are of the oldest that fails; NextTryAt is when it is tried again.
	Tries     int
	Error     string
	NextTryAt *time.Time
	// HeardAt is when it last sent something, SentAt when it last took something.
	HeardAt, SentAt *time.Time
}

// Talks gives how a library's dialogues with others stand, by their names.
func Talks(ctx context.Context, tx *postgres.Tx, library broker.ID, peers []broker.ID) ([]Talk, error) {
	rows, err := tx.Query(ctx, `select l.id, l.name, coalesce(w.waiting, 0)::int, coalesce(w.failing, 0)::int,
			(select count(*) from messages m where m.library_id = $1 and m.peer_library_id = l.id and m.direction = 'out' and m.status = 'failed')::int,
			coalesce(o.tries, 0), coalesce(o.last_error, ''), o.next_try_at,
			(select m.created_at from messages m where m.library_id = $1 and m.peer_library_id = l.id and m.direction = 'in' order by m.created_at desc limit 1),
			(select m.done_at from messages m where m.library_id = $1 and m.peer_library_id = l.id and m.direction = 'out' and m.status = 'sent' order by m.created_at desc limit 1)
		from libraries l
		left join lateral (select count(*) waiting, count(*) filter (where m.tries > 0 and m.last_error <> '') failing from messages m
			where m.library_id = $1 and m.peer_library_id = l.id and m.direction = 'out' and m.status in ('ready', 'claimed')) w on true
		left join lateral (select m.tries, m.last_error, m.next_try_at from messages m
			where m.library_id = $1 and m.peer_library_id = l.id and m.direction = 'out' and m.status in ('ready', 'claimed') and m.last_error <> ''
			order by m.id limit 1) o on true
		where l.id = any ($2) order by l.name, l.id`, library, peers)
	if err != nil {
		return nil, fmt.Errorf("read how partners do: %w", err)
	}
	talks, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Talk])
	if err != nil {
		return nil, fmt.Errorf("read how partners do: %w", err)
	}
	return talks, nil
}

// Said is one message as a list names it, without what it says.
type Said struct {
	Out       bool
	Kind      string
	Status    string
	Tries     int
	Error     string
	CreatedAt time.Time
	NextTryAt *time.Time
	// Side and Number are the request it is about; 0 for none.
	Side   string
	Number int64
}

// LastSaid lists the last messages between a library and another, the latest first.
func LastSaid(ctx context.Context, tx *postgres.Tx, library, peer broker.ID, limit int) ([]Said, error) {
	rows, err := tx.Query(ctx, `select m.direction = 'out', m.kind, m.status, m.tries, m.last_error, m.created_at,
			case when m.status in ('ready', 'claimed') then m.next_try_at end, coalesce(r.side, ''), coalesce(r.number, 0)
		from messages m left join requests r on r.library_id = m.library_id and r.id = m.request_id
		where m.library_id = $1 and m.peer_library_id = $2 order by m.created_at desc, m.id desc limit $3`, library, peer, limit)
	if err != nil {
		return nil, fmt.Errorf("read the last messages: %w", err)
	}
	said, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Said])
	if err != nil {
		return nil, fmt.Errorf("read the last messages: %w", err)
	}
	return said, nil
}

// Hasten has what waits for a library tried now, and counts it.
func Hasten(ctx context.Context, tx *postgres.Tx, library, peer broker.ID, now time.Time) (int, error) {
	done, err := tx.Exec(ctx, `update messages set next_try_at = $3
		where library_id = $1 and peer_library_id = $2 and direction = 'out' and status = 'ready' and next_try_at > $3`, library, peer, now)
	if err != nil {
		return 0, fmt.Errorf("have messages tried now: %w", err)
	}
	return int(done.RowsAffected()), nil
}
