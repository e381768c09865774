package engine

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
)

// Undoing is an act at a desk that is undone, together with what it fired.
type Undoing struct {
	// Act is the act's id, for the timeline.
	Act   broker.ID
	Actor broker.Actor
	// Why is what staff say, kept as a note.
	Why string
	Now time.Time
}

// TakenBack lets work put requests back to where they stood before an act at a desk,
// and writes the event undo into their timelines, where the act stands already.
// The requests are locked; their versions go on.
func TakenBack(ctx context.Context, tx *postgres.Tx, refs []standing.RequestRef, by Undoing, work func() error) error {
	from := make([]workflow.State, len(refs))
	for i, ref := range refs {
		if err := tx.QueryRow(ctx, `select state from requests where library_id = $1 and id = $2 for update`, ref.Library, ref.Request).Scan(&from[i]); err != nil {
			return fmt.Errorf("lock a request to put back: %w", err)
		}
	}
	if err := work(); err != nil {
		return err
	}
	for i, ref := range refs {
		r := Request{LibraryID: ref.Library, ID: ref.Request}
		forgetBefore(tx, ref.Library, ref.Request)
		err := tx.QueryRow(ctx, `update requests set version = version + 1 where library_id = $1 and id = $2 returning version, state`,
			ref.Library, ref.Request).Scan(&r.Version, &r.State)
		if err != nil {
			return fmt.Errorf("put a request back: %w", err)
		}
		move := Move{Event: workflow.EventUndo, From: from[i], To: r.State, Version: r.Version, Label: "Undo"}
		if err := appendEvent(tx, &r, by.Now, move, by.Actor, Cause{Kind: "desk", ID: by.Act.String()}, nil); err != nil {
			return err
		}
		if _, err := AddNote(tx, ref.Library, ref.Request, "staff", by.Why, by.Actor, by.Now); err != nil {
			return err
		}
	}
	return nil
}
