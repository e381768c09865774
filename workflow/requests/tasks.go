package requests

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

// Closing is a person's word that a task is done with.
type Closing struct {
	Library broker.ID
	Task    broker.ID
	Actor   broker.Actor
	// Note says what came of it; "" for nothing to say.
	Note string
}

// CloseTask closes a task by hand: what no action settles, such as a stray item
// or trouble that is over. It moves no request, so an open one keeps its owner
// and its deadline. The note becomes a staff note on the task's request; without
// a request it stays among the task's facts. A task that is closed already stays
// as it is; one of another library is not found.
func CloseTask(ctx context.Context, tx *postgres.Tx, now time.Time, closing Closing) error {
	actor, err := json.Marshal(closing.Actor)
	if err != nil {
		return fmt.Errorf("write an actor: %w", err)
	}
	var request *broker.ID
	err = tx.QueryRow(ctx, `update staff_tasks set closed_at = $3, closed_by = $4,
			facts = case when $5 = '' or request_id is not null then facts else facts || jsonb_build_object('note', $5::text) end
		where library_id = $1 and id = $2 and closed_at is null returning request_id`,
		closing.Library, closing.Task, now, actor, closing.Note).Scan(&request)
	if errors.Is(err, pgx.ErrNoRows) {
		_, err := TaskByID(ctx, tx, closing.Library, closing.Task)
		return err
	}
	if err != nil {
		return fmt.Errorf("close a task: %w", err)
	}
	if request != nil && closing.Note != "" {
		writeNote(tx, closing.Library, *request, Note{ID: broker.NewID(), Audience: ToStaff, Text: closing.Note, At: now}, actor)
	}
	return nil
}

// OpenStrayTask puts an item before staff that belongs to no request and no
// library here, until a day, and gives the task.
func OpenStrayTask(tx *postgres.Tx, library broker.ID, barcode string, now time.Time, due broker.Date) (broker.ID, error) {
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

// HandledTask is a task with how it ended; ClosedAt is nil while it is open.
type HandledTask struct {
	Task
	ClosedAt *time.Time    `db:"closed_at"`
	ClosedBy *broker.Actor `db:"closed_by"`
}

// TaskByID gives one of a library's tasks, open or closed.
func TaskByID(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (HandledTask, error) {
	rows, err := tx.Query(ctx, `select t.id, t.request_id, r.number, t.kind, t.detail, t.choices, t.facts, t.opened_at, t.due_on, t.closed_at, t.closed_by
		from staff_tasks t left join requests r on r.library_id = t.library_id and r.id = t.request_id
		where t.library_id = $1 and t.id = $2`, library, id)
	if err != nil {
		return HandledTask{}, fmt.Errorf("read a task: %w", err)
	}
	task, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[HandledTask])
	if errors.Is(err, pgx.ErrNoRows) {
		return HandledTask{}, broker.NotFound("task")
	}
	if err != nil {
		return HandledTask{}, fmt.Errorf("read a task: %w", err)
	}
	return task, nil
}
