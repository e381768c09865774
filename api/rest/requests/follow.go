package requests

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/broker/live"
)

// FollowEvents streams what changes at the caller's library.
func (r Requests) FollowEvents(ctx context.Context, request gen.FollowEventsRequestObject) (gen.FollowEventsResponseObject, error) {
	field, text := "header:Last-Event-ID", request.Params.LastEventID
	if text == "" {
		field, text = "query:after", request.Params.After
	}
	from, err := live.ParseMark(field, text)
	if err != nil {
		return nil, err
	}
	who := pipeline.Caller(ctx)
	reader, err := r.Live.Follow(ctx, who.Library, who.ID, from)
	if err != nil {
		return nil, err
	}
	return stream{ctx, reader}, nil
}

const (
	// streamLasts is how long one stream goes on before the reader has to come back
	// and is signed in again.
	streamLasts = 4 * time.Minute
	// breath is how often a quiet stream shows that it is still there.
	breath = 15 * time.Second
	// writeWithin is how long a reader may take to accept what is sent.
	writeWithin = 20 * time.Second
)

// stream is the answer that goes on.
type stream struct {
	ctx    context.Context //nolint:containedctx // the generated code answers without one, and who has left must be noticed
	reader *live.Reader
}

// VisitFollowEventsResponse writes the events until the reader leaves, is too
// slow, or has to sign in again.
func (s stream) VisitFollowEventsResponse(w http.ResponseWriter) error {
	defer s.reader.Leave()
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // a proxy in front is to pass each event on at once
	w.WriteHeader(http.StatusOK)
	control := http.NewResponseController(w)
	// The server's own limits are for calls that end; a body is not awaited any more.
	_ = control.SetReadDeadline(time.Time{}) // not every writer of a test has one
	ends, breaths := time.NewTimer(streamLasts), time.NewTicker(breath)
	defer ends.Stop()
	defer breaths.Stop()
	for {
		var text string
		select {
		case <-s.ctx.Done():
			return nil
		case <-ends.C:
			return nil
		case <-breaths.C:
			text = ": still here\n\n"
		case news, more := <-s.reader.News:
			if !more {
				return nil
			}
			text = written(news)
		}
		_ = control.SetWriteDeadline(time.Now().Add(writeWithin))
		if _, err := w.Write([]byte(text)); err != nil {
			return nil //nolint:nilerr // the reader has left
		}
		if err := control.Flush(); err != nil {
			return fmt.Errorf("send an event: %w", err)
		}
	}
}

// written is news as server-sent events. Only the last one has the id: who hears
// half of it hears it all again.
func written(news live.News) string {
	id := "id: " + news.Mark.String() + "\n"
	switch {
	case news.Again:
		return id + "event: again\ndata: {}\n\n"
	case len(news.Changes) == 0:
		return id + "event: here\ndata: {}\n\n"
	}
	text := ""
	for i, change := range news.Changes {
		if i == len(news.Changes)-1 {
			text += id
		}
		data, _ := json.Marshal(map[string]string{"what": string(change.What), "id": change.Subject.String()}) // two texts
		text += "event: change\ndata: " + string(data) + "\n\n"
	}
	return text
}
