package requests

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// ListMessages shows the dialogue with other libraries about a request.
func (r Requests) ListMessages(ctx context.Context, request gen.ListMessagesRequestObject) (gen.ListMessagesResponseObject, error) {
	page, err := pipeline.Read(ctx, r.Base, func(ctx context.Context, t *pipeline.Turn) (gen.MessagePage, error) {
		page := gen.MessagePage{Messages: []gen.Message{}}
		list := pipeline.List{Name: "messages " + request.ID.String(), Cursor: request.Params.Cursor, Limit: request.Params.Limit}
		lines, next, err := pipeline.Page(t, list, positionOf, func(after pipeline.Position, _ int) ([]messages.Logged, error) {
			if err := requests.Visible(ctx, t.Tx, t.Viewer(), request.ID); err != nil {
				return nil, err
			}
			dialogue, err := messages.Dialogue(ctx, t.Tx, t.Library(), request.ID)
			if err != nil {
				return nil, err
			}
			last := slices.IndexFunc(dialogue, func(line messages.Logged) bool { return positionOf(line) == after })
			if last < 0 && after != "" {
				return nil, nil // it was forgotten since
			}
			return dialogue[last+1:], nil
		})
		if err != nil {
			return page, err
		}
		names, err := views.LibraryNames(ctx, t.Tx, peersOf(lines))
		page.NextCursor = next
		for _, line := range lines {
			page.Messages = append(page.Messages, messageView(line, names))
		}
		return page, err
	})
	return gen.ListMessages200JSONResponse(page), err
}

func positionOf(line messages.Logged) pipeline.Position { return pipeline.Identified(line.ID) }

func peersOf(dialogue []messages.Logged) []broker.ID {
	var ids []broker.ID
	for _, line := range dialogue {
		ids = append(ids, line.Peer)
	}
	return ids
}

// ListNotes shows the notes on a request.
func (r Requests) ListNotes(ctx context.Context, request gen.ListNotesRequestObject) (gen.ListNotesResponseObject, error) {
	list, err := pipeline.Read(ctx, r.Base, func(ctx context.Context, t *pipeline.Turn) (gen.NoteList, error) {
		list := gen.NoteList{Notes: []gen.Note{}}
		notes, err := requests.Notes(ctx, t.Tx, t.Viewer(), request.ID)
		for _, note := range notes {
			list.Notes = append(list.Notes, noteView(note, t.IsPatron()))
		}
		return list, err
	})
	return gen.ListNotes200JSONResponse(list), err
}

// AddNote writes a note on a request.
func (r Requests) AddNote(ctx context.Context, request gen.AddNoteRequestObject) (gen.AddNoteResponseObject, error) {
	view, err := pipeline.Change(ctx, r.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		return r.Requests.WriteNote(ctx, t.Tx, t.Now(), t.Viewer(), request.ID, requests.Note{
			Audience: requests.Audience(request.Body.Audience), Text: strings.TrimSpace(request.Body.Text), Actor: t.Caller.Actor(),
		})
	}, func(ctx context.Context, t *pipeline.Turn, id broker.ID) (gen.Note, error) {
		notes, err := requests.Notes(ctx, t.Tx, t.Viewer(), request.ID)
		if err != nil {
			return gen.Note{}, err
		}
		for _, note := range notes {
			if note.ID == id {
				return noteView(note, false), nil
			}
		}
		return gen.Note{}, broker.NotFound("note")
	})
	return gen.AddNote201JSONResponse(view), err
}
