package notices

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/outbox"
	"afield/broker/postgres"
)

// Waiting names a library that has notices to send by a channel.
type Waiting struct {
	Library broker.ID
	Channel Channel
}

// outgoing are the rows of notices that are to be sent.
var outgoing = outbox.Rows{Waiting: "n.status = 'due'", Due: "n.due_at"}

// DueToSend gives the libraries that have due notices by these channels which no
// sender has claimed; now is business time, wall is wall time. It looks at all
// libraries: call it in the system's scope. Its cost does not grow with the
// number of notices.
func DueToSend(ctx context.Context, tx *postgres.Tx, channels []Channel, now, wall time.Time) ([]Waiting, error) {
	rows, err := tx.Query(ctx, `select l.id, c from libraries l, unnest($1::text[]) c
		where l.member and exists (select 1 from notices n where n.library_id = l.id and n.channel = c and `+outgoing.Free("$2", "$3")+`)`, textsOf(channels), now, wall)
	if err != nil {
		return nil, fmt.Errorf("look for notices to send: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Waiting, error) {
		var w Waiting
		err := row.Scan(&w.Library, &w.Channel)
		return w, err
	})
}

func claim(ctx context.Context, tx *postgres.Tx, library broker.ID, channel Channel, node string, now, wall time.Time, limit int) ([]Notice, error) {
	free := `n.library_id = $1 and n.channel = $2 and ` + outgoing.Free("$3", "$4")
	return collect(tx.Query(ctx, `with first as (select n.patron_id, n.kind, n.stage from notices n where `+free+` order by n.due_at, n.id limit $5),
		mine as (select n.library_id, n.id from notices n where `+free+`
			and (n.patron_id, n.kind, n.stage) in (select f.patron_id, f.kind, f.stage from first f) for update of n skip locked)
		update notices n set claimed_until = $6, claimed_by = $7 from mine m where n.library_id = m.library_id and n.id = m.id
		returning `+columns, library, string(channel), now, wall, limit, wall.Add(outbox.Lease), node))
}

// moveOn queues the status of a notice after a try. One that was withdrawn
// meanwhile stays withdrawn.
func moveOn(tx *postgres.Tx, n Notice) {
	tx.Queue(`update notices set channel = $3, next_channels = $4, due_at = $5, status = $6, outcome = $7, tries = $8, last_error = $9,
			done_at = $10, facts = $11, claimed_until = null
		where library_id = $1 and id = $2 and status = 'due'`,
		n.Library, n.ID, string(n.Channel), textsOf(n.NextChannels), n.DueAt, n.Status, n.Outcome, n.Tries, n.LastError, n.DoneAt, n.Facts)
}

// Troubled gives the notices that went wrong: given up, tried again after a
// failure, or left in the account because nothing else worked; newest first.
func Troubled(ctx context.Context, tx *postgres.Tx, library broker.ID, page broker.Page) ([]Notice, error) {
	return collect(tx.Query(ctx, `select `+columns+` from notices n
		where n.library_id = $1 and (n.last_error <> '' or n.status = 'failed')
			and (n.status in ('due', 'failed') or (n.status = 'done' and n.channel = 'account'))
			and ($2::uuid is null or (n.created_at, n.id) < (select a.created_at, a.id from notices a where a.library_id = $1 and a.id = $2))
		order by n.created_at desc, n.id desc limit $3`, library, page.After, page.Limit))
}

// CountWaiting counts the due notices of each channel over all libraries, for the
// operator of the installation. Call it in the system's scope.
func CountWaiting(ctx context.Context, tx *postgres.Tx, now time.Time) (map[Channel]int, error) {
	rows, err := tx.Query(ctx, `select channel, count(*)::int from notices where status = 'due' and due_at <= $1 group by channel`, now)
	if err != nil {
		return nil, fmt.Errorf("count notices: %w", err)
	}
	counts := map[Channel]int{}
	var channel Channel
	var count int
	_, err = pgx.ForEachRow(rows, []any{&channel, &count}, func() error { counts[channel] = count; return nil })
	return counts, err
}
