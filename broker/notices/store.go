package notices

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

const columns = `n.library_id, n.id, n.patron_id, n.request_id, n.loan_id, n.kind, n.channel, n.due_at, n.status,
	n.outcome, n.tries, n.facts, n.cause, n.done_at, n.done_by, n.created_at, n.stage, n.next_channels, n.last_error, n.printed_at, n.hold_id,
	coalesce(n.loan_period, 0)`

func scan(row pgx.Row, n *Notice) error {
	var doneBy *broker.Actor
	err := row.Scan(&n.Library, &n.ID, &n.Patron, &n.Request, &n.Loan, &n.Kind, &n.Channel, &n.DueAt, &n.Status,
		&n.Outcome, &n.Tries, &n.Facts, &n.Cause, &n.DoneAt, &doneBy, &n.CreatedAt,
		&n.Stage, &n.NextChannels, &n.LastError, &n.PrintedAt, &n.Hold, &n.Period)
	n.DueAt, n.CreatedAt, n.DoneAt, n.PrintedAt = n.DueAt.UTC(), n.CreatedAt.UTC(), n.DoneAt.UTC(), n.PrintedAt.UTC()
	if doneBy != nil {
		n.DoneBy = *doneBy
	}
	return err
}

func collect(rows pgx.Rows, err error) ([]Notice, error) {
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Notice, error) {
		var notice Notice
		err := scan(row, &notice)
		return notice, err
	})
}

// add queues notices, in one statement; a second one of the same cause changes
// nothing.
func add(tx *postgres.Tx, list ...Notice) *pgx.QueuedQuery {
	return tx.Queue(`insert into notices (library_id, id, patron_id, request_id, loan_id, kind, channel, due_at, status, outcome,
			tries, facts, cause, done_at, created_at, stage, next_channels, hold_id, loan_period)
		select library_id, id, patron_id, request_id, loan_id, kind, channel, due_at, status, outcome,
			tries, facts, cause, done_at, created_at, stage, string_to_array(next_channels, ' '), hold_id, nullif(loan_period, 0)
		from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::timestamptz[],
			$9::text[], $10::text[], $11::int[], $12::jsonb[], $13::text[], $14::timestamptz[], $15::timestamptz[], $16::text[],
			$17::text[], $18::uuid[], $19::int[]) n (library_id, id, patron_id, request_id, loan_id, kind, channel, due_at,
			status, outcome, tries, facts, cause, done_at, created_at, stage, next_channels, hold_id, loan_period)
		on conflict on constraint notice_made_once do nothing`,
		each(list, func(n *Notice) broker.ID { return n.Library }), each(list, func(n *Notice) broker.ID { return n.ID }),
		each(list, func(n *Notice) broker.ID { return n.Patron }), each(list, func(n *Notice) broker.ID { return n.Request }),
		each(list, func(n *Notice) broker.ID { return n.Loan }), each(list, func(n *Notice) string { return string(n.Kind) }),
		each(list, func(n *Notice) string { return string(n.Channel) }), each(list, func(n *Notice) time.Time { return n.DueAt }),
		each(list, func(n *Notice) string { return string(n.Status) }), each(list, func(n *Notice) string { return string(n.Outcome) }),
		each(list, func(n *Notice) int { return n.Tries }), each(list, func(n *Notice) Facts { return n.Facts }),
		each(list, func(n *Notice) string { return n.Cause }), each(list, func(n *Notice) time.Time { return n.DoneAt }),
		each(list, func(n *Notice) time.Time { return n.CreatedAt }), each(list, func(n *Notice) string { return n.Stage }),
		each(list, func(n *Notice) string { return strings.Join(textsOf(n.NextChannels), " ") }),
		each(list, func(n *Notice) broker.ID { return n.Hold }), each(list, func(n *Notice) int { return n.Period }))
}

// each gives one column of some notices.
func each[T any](list []Notice, column func(*Notice) T) []T {
	values := make([]T, len(list))
	for i := range list {
		values[i] = column(&list[i])
	}
	return values
}

func update(tx *postgres.Tx, n Notice) {
	tx.Queue(`update notices set due_at = $3, status = $4, outcome = $5, tries = $6, done_at = $7, done_by = $8
		where library_id = $1 and id = $2`,
		n.Library, n.ID, n.DueAt, n.Status, n.Outcome, n.Tries, n.DoneAt, actorOrNull(n.DoneBy))
}

// ToldOverdue tells whether a patron was told that a loan, or the request it
// serves, is overdue.
func ToldOverdue(ctx context.Context, tx *postgres.Tx, library, loan, request broker.ID) (told bool, err error) {
	err = tx.QueryRow(ctx, `select exists (select 1 from notices where library_id = $1 and (loan_id = $2 or request_id = $3)
		and kind = 'overdue' and status = 'done')`, library, loan, request).Scan(&told)
	if err != nil {
		return false, fmt.Errorf("look whether a patron was told: %w", err)
	}
	return told, nil
}

// ByID gives one notice; not found where the library has none of that id.
func ByID(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Notice, error) {
	var notice Notice
	err := scan(tx.QueryRow(ctx, `select `+columns+` from notices n where n.library_id = $1 and n.id = $2`, library, id), &notice)
	if errors.Is(err, pgx.ErrNoRows) {
		return notice, broker.NotFound("notice")
	}
	if err != nil {
		return notice, fmt.Errorf("read a notice: %w", err)
	}
	return notice, nil
}

// byIDLocked locks the patron before the notice, as every act does.
func byIDLocked(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Notice, error) {
	var notice Notice
	tx.Queue(`select 1 from patrons p join notices n on n.library_id = p.library_id and n.patron_id = p.id
		where n.library_id = $1 and n.id = $2 for no key update of p`, library, id)
	err := scan(tx.QueryRow(ctx, `select `+columns+` from notices n where n.library_id = $1 and n.id = $2 for update`,
		library, id), &notice)
	if errors.Is(err, pgx.ErrNoRows) {
		return notice, broker.NotFound("notice")
	}
	if err != nil {
		return notice, fmt.Errorf("read a notice: %w", err)
	}
	return notice, nil
}

// DueBy gives the notices of a channel whose time has come, oldest first: the
// work of whoever sends mail, prints letters or calls.
func DueBy(ctx context.Context, tx *postgres.Tx, library broker.ID, channel Channel, page broker.Page, now time.Time) ([]Notice, error) {
	return collect(tx.Query(ctx, `select `+columns+` from notices n
		where n.library_id = $1 and n.channel = $2 and n.status = 'due' and n.due_at <= $3
			and ($4::uuid is null or (n.due_at, n.id) > (select a.due_at, a.id from notices a where a.library_id = $1 and a.id = $4))
		order by n.due_at, n.id limit $5`, library, channel, now, page.After, page.Limit))
}

// Filter narrows a list of notices; a zero field does not narrow it.
type Filter struct {
	Channel Channel
	Status  Status
	Patron  broker.ID
}

// List gives a library's notices, newest first: those sent, those to be sent, and
// those that could not be.
func List(ctx context.Context, tx *postgres.Tx, library broker.ID, filter Filter, page broker.Page) ([]Notice, error) {
	where, args := "n.library_id = $1", []any{library, page.Limit}
	with := func(condition string, value any) {
		args = append(args, value)
		where += fmt.Sprintf(" and "+condition, len(args))
	}
	if filter.Channel != "" {
		with("n.channel = $%d", string(filter.Channel))
	}
	if filter.Status != "" {
		with("n.status = $%d", string(filter.Status))
	}
	if filter.Patron != broker.NoID {
		with("n.patron_id = $%d", filter.Patron)
	}
	if page.After != broker.NoID {
		with("(n.created_at, n.id) < (select a.created_at, a.id from notices a where a.library_id = $1 and a.id = $%d)", page.After)
	}
	return collect(tx.Query(ctx, `select `+columns+` from notices n where `+where+` order by n.created_at desc, n.id desc limit $2`, args...))
}

// AskCalls queues how many telephone calls of a library are due.
func AskCalls(tx *postgres.Tx, library broker.ID, now time.Time, count *int) {
	tx.Queue(`select count(*)::int from notices n where n.library_id = $1 and n.channel = $2 and n.status = 'due' and n.due_at <= $3`,
		library, string(Phone), now).QueryRow(func(row pgx.Row) error { return row.Scan(count) })
}

// textsOf gives channels as the database stores them, never null.
func textsOf(channels []Channel) []string {
	texts := make([]string, 0, len(channels))
	for _, channel := range channels {
		texts = append(texts, string(channel))
	}
	return texts
}

func actorOrNull(actor broker.Actor) *broker.Actor {
	if actor.Kind == "" {
		return nil
	}
	return &actor
}
