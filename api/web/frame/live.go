package frame

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
)

// streamPath is where the pages hear what changes, as programs do at /v1/events.
const streamPath = "/events"

// liveHeader marks a call that a page makes by itself, because something changed.
const liveHeader = "Afield-Live"

// Live is what a page that changes by itself tells its script.
type Live struct {
	// Made is when the page was made.
	Made time.Time
	// What names the changes after which the page is read again: "request", "hold",
	// "task", or one thing as "request:" and its id; with spaces between.
	What string
	// After is the id of an event that came before the page was made, or "".
	After string
}

// Live makes a page follow changes.
func (v *Visit) Live(what ...string) Live {
	if v.Request().Method != http.MethodGet {
		return Live{Made: v.Now} // the answer to a form is not there to be read again
	}
	return Live{Made: v.Now, What: strings.Join(what, " "), After: v.heard.String()}
}

// follow streams what changes at the visitor's library.
func (s *Site) follow(v *Visit) error {
	request := gen.FollowEventsRequestObject{Params: gen.FollowEventsParams{After: v.QueryParam("after"), LastEventID: v.Request().Header.Get("Last-Event-ID")}}
	stream, err := Ask[gen.FollowEventsResponseObject](v, "followEvents", s.Operations.FollowEvents, request)
	if err != nil {
		return err
	}
	return stream.VisitFollowEventsResponse(v.Response())
}

// quiet tells of a call that the page makes and nobody clicked: it must not keep a
// desk signed in that was left.
func quiet(r *http.Request) bool {
	return r.Method == http.MethodGet && (r.URL.Path == streamPath || r.Header.Get(liveHeader) != "")
}

// serveQuietly is serve with a session that is only read.
func (s *Site) serveQuietly(c echo.Context, admit, handler Handler) error {
	token := ""
	if cookie, err := c.Cookie(s.sessions.Cookie.Name); err == nil {
		token = cookie.Value
	}
	ctx, err := s.sessions.Load(c.Request().Context(), token)
	if err != nil {
		return fmt.Errorf("read a page's session: %w", err)
	}
	c.SetRequest(c.Request().WithContext(ctx))
	return s.answer(c, admit, handler)
}
