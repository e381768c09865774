package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// InvoiceToDivide is the kind of the task about an invoice for volumes that were
// lost in different hands.
const InvoiceToDivide = "invoice_to_divide"

// InvoiceAbovePolicy is the kind of the task about a lender's invoice that is more
// than the policy passes to a patron by itself.
const InvoiceAbovePolicy = "invoice_above_policy"

// Task is something a person must decide or do.
type Task struct {
	ID        broker.ID       `db:"id"`
	RequestID *broker.ID      `db:"request_id"`
	Number    *int64          `db:"number"` // the request's
	Kind      string          `db:"kind"`
	Detail    string          `db:"detail"`
	Choices   []string        `db:"choices"`
	Facts     json.RawMessage `db:"facts"`
	OpenedAt  time.Time       `db:"opened_at"`
	DueOn     broker.Date     `db:"due_on"`
}

// Opening is a task about a request, with the actions that settle it.
type Opening struct {
	Library broker.ID
	Request broker.ID
	Kind    string
	Detail  string
	Choices []string
	// Facts are what the event said; never patron data.
	Facts map[string]any
	At    time.Time
	DueOn broker.Date
}

// OpenWith puts something about a request before staff. One task of a kind is
// open for a request at a time.
func OpenWith(tx *postgres.Tx, task Opening) error {
	facts, err := json.Marshal(task.Facts)
	if err != nil {
		return fmt.Errorf("write the facts of a task: %w", err)
	}
	tx.Queue(`insert into staff_tasks (library_id, id, request_id, kind, detail, choices, facts, opened_at, due_on)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (library_id, request_id, kind) where closed_at is null and request_id is not null
		do update set detail = excluded.detail, choices = excluded.choices, facts = excluded.facts, due_on = excluded.due_on`,
		task.Library, broker.NewID(), task.Request, task.Kind, task.Detail, task.Choices, facts, task.At, task.DueOn)
	return nil
}

// lasting tasks are about something that a later move of the request does not
// settle: only a person closes them.
var lasting = []string{
	"cost_above_approved", "invoice_in_other_currency", InvoiceToDivide, InvoiceAbovePolicy, "late_yes", "late_shipment", "late_word", "late_arrived", "late_home", "paid_too_much", "arrived_again", "invoice", "loaned", "return",
	"dispute", "message_refused", "note_received", "deadline_failed", "was_stuck", "tell_by_hand_%",
}

// CloseSettled closes every task of a request that waited for it to move on.
func CloseSettled(tx *postgres.Tx, library, request broker.ID, by broker.Actor, now time.Time) error {
	actor, err := json.Marshal(by)
	if err != nil {
		return fmt.Errorf("write an actor: %w", err)
	}
	tx.Queue(`update staff_tasks set closed_at = $3, closed_by = $4
		where library_id = $1 and request_id = $2 and closed_at is null and not kind like any ($5)`,
		library, request, now, actor, lasting)
	return nil
}

// Open puts something about a request before the library's staff.
func Open(tx *postgres.Tx, library, request broker.ID, kind, detail string, now time.Time) {
	tx.Queue(`insert into staff_tasks (library_id, id, request_id, kind, detail, opened_at, due_on)
		select l.id, $2, $3, $4, $5, $6, ($6 at time zone l.time_zone)::date + 1 from libraries l where l.id = $1
		on conflict (library_id, request_id, kind) where closed_at is null and request_id is not null do update set detail = excluded.detail`,
		library, broker.NewID(), request, kind, detail, now)
}

// Settle closes a task that has settled itself.
func Settle(tx *postgres.Tx, library, request broker.ID, kind string, now time.Time) {
	tx.Queue(`update staff_tasks set closed_at = $4 where library_id = $1 and request_id = $2 and kind = $3 and closed_at is null`, library, request, kind, now)
}

// OpenForLibrary puts something before a library's staff that is about no
// request; one of a kind is open at a time.
func OpenForLibrary(tx *postgres.Tx, library broker.ID, kind, detail string, now time.Time) {
	tx.Queue(`insert into staff_tasks (library_id, id, kind, detail, opened_at, due_on)
		select l.id, $2, $3, $4, $5, ($5 at time zone l.time_zone)::date from libraries l
		where l.id = $1 and not exists (select 1 from staff_tasks t
			where t.library_id = $1 and t.request_id is null and t.kind = $3 and t.closed_at is null and t.detail = $4)`,
		library, broker.NewID(), kind, detail, now)
}

// NoCopy is the kind of the task about a title for whose holds no copy can come.
const NoCopy = "no_copy_for_holds"

// OpenForTitle puts something about a title before a library's staff; one of a
// kind is open for a title at a time.
func OpenForTitle(tx *postgres.Tx, library, title broker.ID, kind, detail string, now time.Time) {
	tx.Queue(`insert into staff_tasks (library_id, id, kind, detail, facts, opened_at, due_on)
		select l.id, $2, $3, $4, jsonb_build_object('title_id', $5::text), $6, ($6 at time zone l.time_zone)::date + 1 from libraries l
		where l.id = $1 and not exists (select 1 from staff_tasks t
			where t.library_id = $1 and t.request_id is null and t.kind = $3 and t.closed_at is null and t.facts ->> 'title_id' = $5::text)`,
		library, broker.NewID(), kind, detail, title.String(), now)
}

// SettleForTitle closes a task about a title that has settled itself.
func SettleForTitle(tx *postgres.Tx, library, title broker.ID, kind string, now time.Time) {
	tx.Queue(`update staff_tasks set closed_at = $4 where library_id = $1 and request_id is null and kind = $3 and closed_at is null
		and facts ->> 'title_id' = $2::text`, library, title.String(), kind, now)
}

// OpenStray opens a task, due on a day, about an item that belongs to no
// request and no library here, and returns the task's id.
func OpenStray(tx *postgres.Tx, library broker.ID, barcode string, now time.Time, due broker.Date) (broker.ID, error) {
	facts, err := json.Marshal(map[string]string{"barcode": barcode})
	if err != nil {
		return broker.NoID, fmt.Errorf("write the facts of a task: %w", err)
	}
	task := broker.NewID()
	tx.Queue(`insert into staff_tasks (library_id, id, kind, detail, facts, opened_at, due_on)
		values ($1, $2, 'unmatched_item', 'An item arrived that belongs to no request and no library here.', $3, $4, $5)`,
		library, task, facts, now, due)
	return task, nil
}

// CloseByHand closes a task and gives the request it is about, NoID for none. A
// note stays among the facts of a task without a request. A task that is closed
// already stays as it is; one of another library is not found.
func CloseByHand(ctx context.Context, tx *postgres.Tx, library, task broker.ID, by broker.Actor, note string, now time.Time) (request broker.ID, err error) {
	actor, err := json.Marshal(by)
	if err != nil {
		return broker.NoID, fmt.Errorf("write an actor: %w", err)
	}
	err = tx.QueryRow(ctx, `update staff_tasks set closed_at = $3, closed_by = $4,
			facts = case when $5 = '' or request_id is not null then facts else facts || jsonb_build_object('note', $5::text) end
		where library_id = $1 and id = $2 and closed_at is null returning request_id`,
		library, task, now, actor, note).Scan(&request)
	if errors.Is(err, pgx.ErrNoRows) {
		_, err := ByID(ctx, tx, library, task)
		return broker.NoID, err
	}
	if err != nil {
		return broker.NoID, fmt.Errorf("close a task: %w", err)
	}
	return request, nil
}

// Handled is a task with how it ended; ClosedAt is nil while it is open.
type Handled struct {
	Task
	ClosedAt *time.Time    `db:"closed_at"`
	ClosedBy *broker.Actor `db:"closed_by"`
}

// ByID gives one of a library's tasks, open or closed.
func ByID(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Handled, error) {
	rows, err := tx.Query(ctx, `select t.id, t.request_id, r.number, t.kind, t.detail, t.choices, t.facts, t.opened_at, t.due_on, t.closed_at, t.closed_by
		from staff_tasks t left join requests r on r.library_id = t.library_id and r.id = t.request_id
		where t.library_id = $1 and t.id = $2`, library, id)
	if err != nil {
		return Handled{}, fmt.Errorf("read a task: %w", err)
	}
	task, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Handled])
	if errors.Is(err, pgx.ErrNoRows) {
		return Handled{}, broker.NotFound("task")
	}
	if err != nil {
		return Handled{}, fmt.Errorf("read a task: %w", err)
	}
	return task, nil
}

// List gives a page of a library's open tasks, the oldest first. after is the
// last task's id of the page before.
func List(ctx context.Context, tx *postgres.Tx, library, after broker.ID, limit int) ([]Task, error) {
	rows, err := tx.Query(ctx, `select t.id, t.request_id, r.number, t.kind, t.detail, t.choices, t.facts, t.opened_at, t.due_on
		from staff_tasks t left join requests r on r.library_id = t.library_id and r.id = t.request_id
		where t.library_id = $1 and t.closed_at is null and ($2::uuid is null or t.id > $2) order by t.id limit $3`,
		library, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list tasks: %w", err)
	}
	tasks, err := pgx.CollectRows(rows, pgx.RowToStructByName[Task])
	if err != nil {
		return nil, fmt.Errorf("list tasks: %w", err)
	}
	return tasks, nil
}

// ForgetPatrons queues removing from the tasks of ended requests which patron
// closed them.
func ForgetPatrons(tx *postgres.Tx, library broker.ID, requests []broker.ID) {
	tx.Queue(`update staff_tasks set closed_by = jsonb_set(closed_by, '{id}', to_jsonb($3::text))
		where library_id = $1 and request_id = any ($2) and closed_by ->> 'kind' = 'patron'`, library, requests, broker.NoID)
}

// Standing is an SQL expression for the open tasks of a request, library $1 and
// request $2, as PutBack takes them.
const Standing = `(select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'kind', t.kind, 'detail', t.detail, 'choices', t.choices,
		'facts', t.facts, 'due_on', t.due_on)), '[]')
	from staff_tasks t where t.library_id = $1 and t.request_id = $2 and t.closed_at is null)`

// PutBack queues putting the tasks of a request back as they stood: it drops
// those of some kinds that have been opened since, and opens those again that
// were closed at one of some instants.
func PutBack(tx *postgres.Tx, library, request broker.ID, standing []byte, opened []string, closedAt []time.Time) {
	tx.Queue(`delete from staff_tasks t where t.library_id = $1 and t.request_id = $2 and t.closed_at is null and t.kind = any ($4)
			and not exists (select 1 from jsonb_to_recordset($3::jsonb) as k (id uuid) where k.id = t.id)`,
		library, request, standing, opened)
	tx.Queue(`update staff_tasks t set closed_at = null, closed_by = null, detail = k.detail, choices = k.choices, facts = k.facts, due_on = k.due_on
		from jsonb_to_recordset($2::jsonb) as k (id uuid, kind text, detail text, choices text[], facts jsonb, due_on date)
		where t.library_id = $1 and t.id = k.id and (t.closed_at = any ($4) or (t.closed_at is null and t.kind = any ($3)))`,
		library, standing, opened, closedAt)
}
