package requests

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// Audience is who a note is written to.
type Audience string

// The audiences.
const (
	ToStaff  Audience = "staff"  // stays inside the library
	ToPatron Audience = "patron" // shows in the patron's account
	ToLender Audience = "lender" // to the other library, or from it
)

// Note is a remark on a request. Its text may hold names, so it is kept here
// and never in the timeline.
type Note struct {
	ID       broker.ID    `db:"id"`
	Audience Audience     `db:"audience"`
	Text     string       `db:"text"`
	Actor    broker.Actor `db:"actor"`
	At       time.Time    `db:"at"`
}

// Notes gives the notes a viewer may read, oldest first: staff all of them,
// patrons those written to them.
func Notes(ctx context.Context, tx *postgres.Tx, viewer Viewer, request broker.ID) ([]Note, error) {
	if err := Visible(ctx, tx, viewer, request); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `select id, audience, text, actor, at from request_notes
		where library_id = $1 and request_id = $2 and ($3 or audience = 'patron') order by at, id`,
		viewer.Library, request, viewer.Patron == broker.NoID)
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	notes, err := pgx.CollectRows(rows, pgx.RowToStructByName[Note])
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	return notes, nil
}

// WriteNote writes a note. One to the other library is also sent to it, where it
// is reached by messages; with no library to tell it is the conflict
// nobody_to_tell. A note changes no state.
func (s *Service) WriteNote(ctx context.Context, tx *postgres.Tx, now time.Time, viewer Viewer, request broker.ID, note Note) (broker.ID, error) {
	c, err := s.engine.Lock(ctx, tx, now, viewer.Library, request)
	if err != nil {
		return broker.NoID, err
	}
	if note.Audience == ToLender {
		if c.Request.Side == workflow.SideBorrowing && c.Current() == nil {
			return broker.NoID, broker.Conflict("nobody_to_tell", "No other library is being asked about this request.")
		}
		if entry := c.Current(); entry != nil && entry.Fulfilment == "hold" {
			return broker.NoID, broker.Conflict("nobody_to_tell", "The shared catalogue fills this with a hold, which takes no messages: telephone that library.")
		}
		if err := s.engine.Tell(ctx, c, connectors.Message{Kind: connectors.KindNote, Note: note.Text}); err != nil {
			return broker.NoID, err
		}
	}
	return engine.AddNote(tx, viewer.Library, request, string(note.Audience), note.Text, note.Actor, now)
}
