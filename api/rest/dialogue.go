package rest

import (
	"context"
	"net/http"
	"strings"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// ListMessages shows the dialogue with other libraries about a request.
func (s *Server) ListMessages(ctx context.Context, request gen.ListMessagesRequestObject) (gen.ListMessagesResponseObject, error) {
	this, list := callOf(ctx), "messages "+request.ID.String()
	after, err := s.cursorID(list, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	size := pageSize(request.Params.Limit)
	page := gen.MessagePage{Messages: []gen.Message{}}
	_, err = read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		if err := requests.Visible(ctx, tx, this.viewer(), request.ID); err != nil {
			return made{}, err
		}
		dialogue, err := messages.Dialogue(ctx, tx, this.library(), request.ID)
		if err != nil {
			return made{}, err
		}
		names, err := libraryNames(ctx, tx, peersOf(dialogue))
		if err != nil {
			return made{}, err
		}
		begun := after == broker.NoID
		for _, line := range dialogue {
			switch {
			case !begun:
				begun = line.ID == after
			case len(page.Messages) == size:
				page.NextCursor = s.cursors.seal(list, page.Messages[size-1].ID.String())
				return made{}, nil
			default:
				page.Messages = append(page.Messages, messageView(line, names))
			}
		}
		return made{}, nil
	})
	if err != nil {
		return nil, err
	}
	return gen.ListMessages200JSONResponse(page), nil
}

func peersOf(dialogue []messages.Logged) []broker.ID {
	var ids []broker.ID
	for _, line := range dialogue {
		ids = append(ids, line.Peer)
	}
	return ids
}

// libraryNames reads how libraries are shown.
func libraryNames(ctx context.Context, tx *postgres.Tx, ids []broker.ID) (map[broker.ID]requests.Name, error) {
	libraries, err := directory.LoadMany(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	symbols, err := directory.SymbolsOf(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	names := map[broker.ID]requests.Name{}
	for id, library := range libraries {
		name := requests.Name{Name: library.Name}
		if of := symbols[id]; len(of) > 0 {
			name.Symbol = of[0]
		}
		names[id] = name
	}
	return names, nil
}

// ListNotes shows the notes on a request.
func (s *Server) ListNotes(ctx context.Context, request gen.ListNotesRequestObject) (gen.ListNotesResponseObject, error) {
	this := callOf(ctx)
	notes, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) ([]requests.Note, error) {
		return requests.Notes(ctx, tx, this.viewer(), request.ID)
	})
	if err != nil {
		return nil, err
	}
	list := gen.NoteList{Notes: []gen.Note{}}
	for _, note := range notes {
		list.Notes = append(list.Notes, noteView(note, this.isPatron()))
	}
	return gen.ListNotes200JSONResponse(list), nil
}

// AddNote writes a note on a request.
func (s *Server) AddNote(ctx context.Context, request gen.AddNoteRequestObject) (gen.AddNoteResponseObject, error) {
	this := callOf(ctx)
	written, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		id, err := s.Requests.WriteNote(ctx, tx, s.Clock.Now(), this.viewer(), request.ID, requests.Note{
			Audience: requests.Audience(request.Body.Audience), Text: strings.TrimSpace(request.Body.Text), Actor: this.principal.Actor(),
		})
		return made{id}, err
	})
	if err != nil {
		return nil, err
	}
	notes, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) ([]requests.Note, error) {
		return requests.Notes(ctx, tx, this.viewer(), request.ID)
	})
	if err != nil {
		return nil, err
	}
	for _, note := range notes {
		if note.ID == written.ID {
			return gen.AddNote201JSONResponse(noteView(note, false)), nil
		}
	}
	return nil, broker.NotFound("note")
}
