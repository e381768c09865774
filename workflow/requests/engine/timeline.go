package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/workflow"
)

// LastAct is the last thing a person did with a request.
type LastAct struct {
	// From is the state before it, Version the request's version after it.
	From    workflow.State
	Version int
	// Undo is the table's word on taking it back.
	Undo workflow.Undo
}

// LastAct reads the last thing a person did with the request; its zero value
// where there is none.
func (c *Case) LastAct(ctx context.Context) (act LastAct, err error) {
	var event workflow.Event
	err = c.Tx.QueryRow(ctx, `select event, from_state, version from request_events
		where library_id = $1 and request_id = $2 and actor ->> 'kind' in ('staff', 'patron') and event <> 'note' order by version desc limit 1`,
		c.Request.LibraryID, c.Request.ID).Scan(&event, &act.From, &act.Version)
	if errors.Is(err, pgx.ErrNoRows) {
		return LastAct{}, nil
	}
	if err != nil {
		return LastAct{}, fmt.Errorf("read the last act: %w", err)
	}
	for _, row := range c.Table.Transitions {
		if row.On == event && (row.To == c.Request.State || row.To == workflow.Same) && row.Undo.Kind != workflow.UndoNever {
			act.Undo = row.Undo
			break
		}
	}
	return act, nil
}
