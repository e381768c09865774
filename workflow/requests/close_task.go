package requests

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/postgres"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/tasks"
)

// Closing is a task that a person says is done with.
type Closing struct {
	Library broker.ID
	Task    broker.ID
	Actor   broker.Actor
	// Note says what came of it; "" for nothing to say.
	Note string
}

// CloseTask closes by hand a task that no action settles, such as one about a
// stray item or about trouble that is over. It moves no request, so an open one
// keeps its owner and its deadline. The note becomes a staff note on the task's
// request; without a request it stays among the task's facts. A task that is
// closed already stays as it is; one of another library is not found.
func CloseTask(ctx context.Context, tx *postgres.Tx, now time.Time, closing Closing) error {
	request, err := tasks.CloseByHand(ctx, tx, closing.Library, closing.Task, closing.Actor, closing.Note, now)
	if err != nil || request == broker.NoID || closing.Note == "" {
		return err
	}
	_, err = engine.AddNote(tx, closing.Library, request, string(ToStaff), closing.Note, closing.Actor, now)
	return err
}
