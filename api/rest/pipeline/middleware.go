package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"afield/api/problem"
	"afield/broker"
	"afield/workflow/requests/lookup"
)

// maxBody bounds every request's body.
const maxBody = 1 << 20

// identify gives every call an id, which problems and the log share. We make it
// ourselves: a caller's header could carry anything into the log.
func identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := broker.NewID().String()
		c.Response().Header().Set("X-Request-Id", id)
		ctx := withCall(c.Request().Context(), &call{id: id, address: c.RealIP()})
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}

// figures are counted for every call, by route pattern and never by path.
type figures struct {
	calls    *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newFigures(registry prometheus.Registerer) (*figures, error) {
	f := &figures{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "afield_http_calls_total",
			Help: "Calls answered, by route and status.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "afield_http_call_seconds",
			Help: "How long calls took, by route.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 14),
		}, []string{"method", "route"}),
	}
	for _, collector := range []prometheus.Collector{f.calls, f.duration} {
		if err := registry.Register(collector); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return f, nil
}

// observe writes one log line and counts each call once its answer, a problem or
// not, is written. It names the route, never the path or the query: those contain
// ids and search words.
func observe(log *slog.Logger, counted *figures) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			began := time.Now()
			if err := next(c); err != nil {
				c.Error(err)
			}
			route, method, status := c.Path(), knownMethod(c.Request().Method), c.Response().Status
			if route == "" {
				route = "none"
			}
			took := time.Since(began)
			counted.calls.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
			counted.duration.WithLabelValues(method, route).Observe(took.Seconds())
			log.LogAttrs(c.Request().Context(), levelOf(status), "call",
				slog.String("call", callOf(c.Request().Context()).id), slog.String("method", method), slog.String("route", route),
				slog.Int("status", status), slog.Duration("took", took), slog.String("as", string(callOf(c.Request().Context()).principal.Kind)))
			return nil
		}
	}
}

// knownMethod keeps methods that a caller invents out of the labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

func levelOf(status int) slog.Level {
	if status >= http.StatusInternalServerError {
		return slog.LevelError
	}
	return slog.LevelInfo
}

// survive turns a panic in a handler into an internal error.
func survive(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) (err error) {
			defer func() {
				recovered := recover()
				if recovered == nil {
					return
				}
				if aborted, ok := recovered.(error); ok && errors.Is(aborted, http.ErrAbortHandler) {
					panic(recovered)
				}
				log.Error("panic", "call", callOf(c.Request().Context()).id, "route", c.Path(),
					"what", fmt.Sprint(recovered), "stack", string(debug.Stack()))
				err = fmt.Errorf("panic: %v", recovered)
			}()
			return next(c)
		}
	}
}

// contentPolicy lets pages load from this server only; styles may be inline. The
// docs page needs its own inline script and says so itself.
const contentPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

func secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		return next(c)
	}
}

// streams are the addresses that are answered for minutes on end.
var streams = map[string]bool{"/v1/events": true, "/events": true}

// files are the addresses that take a file, of which more is let in, and for longer.
var files = map[string]bool{"/v1/imports": true, "/imports": true}

const (
	maxFile  = 64 << 20
	fileTime = 5 * time.Minute
)

// bound limits the body's size and the time a call may take, where it is no
// stream.
func bound(timeout time.Duration) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			request := c.Request()
			most, timeout := int64(maxBody), timeout
			if files[c.Path()] && request.Method == http.MethodPost {
				most, timeout = maxFile, fileTime
				control := http.NewResponseController(c.Response().Writer)
				// Where a server cannot be told to wait for longer, it waits as for any call.
				_ = control.SetReadDeadline(time.Now().Add(fileTime))
				_ = control.SetWriteDeadline(time.Now().Add(fileTime))
			}
			if request.ContentLength > most && !files[c.Path()] { // who takes a file says so itself
				return tooLarge(most)
			}
			request.Body = http.MaxBytesReader(c.Response().Writer, request.Body, most)
			if !streams[c.Path()] {
				ctx, cancel := context.WithTimeout(request.Context(), timeout)
				defer cancel()
				request = request.WithContext(ctx)
			}
			c.SetRequest(request)
			return next(c)
		}
	}
}

// private keeps answers out of every cache: most hold somebody's rows, and one
// a token.
func private(header http.Header) { header.Set("Cache-Control", "no-store") }

// admit is what an operation of the contract passes before its handler: sign-in,
// who may call it, and the check against the contract.
func (p *Pipeline) admit(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			this := callOf(c.Request().Context())
			this.operation = op.id
			if !op.callers.anyone {
				if err := p.signIn(c, this, op.callers); err != nil {
					return err
				}
			}
			private(c.Response().Header())
			if err := p.resolve(c, this); err != nil {
				return err
			}
			body, err := op.check(c)
			if err != nil {
				return err
			}
			if c.Request().Method == http.MethodPost {
				this.bodyHash = p.base.cursors.bodyHash(body)
				this.key = c.Request().Header.Get("Idempotency-Key")
				this.route = http.MethodPost + " " + c.Request().URL.Path
				if version := c.QueryParam("expected_version"); version != "" {
					this.route += "?expected_version=" + version
				}
			}
			return next(c)
		}
	}
}

// resolve puts a request's id in place of its number in the path.
func (p *Pipeline) resolve(c echo.Context, this *call) error {
	number, notOne := strconv.ParseInt(c.Param("id"), 10, 64)
	if notOne != nil || number <= 0 || !strings.HasPrefix(c.Path(), "/v1/requests/:id") {
		return nil //nolint:nilerr // what is no number is an id, which the check of the path reads
	}
	id, err := ReadAs(c.Request().Context(), p.base, this.principal, func(ctx context.Context, t *Turn) (broker.ID, error) {
		return lookup.Numbered(ctx, t.Tx, t.Library(), number)
	})
	if err != nil {
		return err
	}
	values := c.ParamValues()
	for i, name := range c.ParamNames() {
		if name == "id" {
			values[i] = id.String()
		}
	}
	c.SetParamValues(values...)
	return nil
}

func (p *Pipeline) signIn(c echo.Context, this *call, who callers) error {
	token, ok := bearer(c.Request().Header.Get(echo.HeaderAuthorization))
	if !ok {
		return &broker.Error{
			Kind: broker.KindUnauthenticated, Code: "sign_in_needed",
			Detail: "Sign in with POST /v1/sessions and send the token as Authorization: Bearer.",
		}
	}
	principal, err := p.base.Access.Authenticate(c.Request().Context(), token)
	if err != nil {
		return err
	}
	this.principal = principal
	return who.admit(principal)
}

// AnswerError answers every error that reaches echo.
func (p *Pipeline) AnswerError(err error, c echo.Context) {
	if c.Response().Committed {
		return // half an answer is out; nothing better can follow
	}
	id := callOf(c.Request().Context()).id
	answer := problem.From(fromEcho(err))
	if answer.Status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		p.log.Error("fault", "call", id, "route", c.Path(), "error", err.Error())
	}
	problem.Write(c.Response(), answer, id)
}

// fromEcho gives echo's own errors, and those of generated code, their problem.
func fromEcho(err error) error {
	if _, ours := broker.AsError(err); ours {
		return err
	}
	var made *echo.HTTPError
	if !errors.As(err, &made) {
		return err
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLarge(large.Limit)
	}
	as := func(status int, code, detail string) error {
		return &problem.Error{Problem: problem.New(status, code, detail)}
	}
	switch made.Code {
	case http.StatusNotFound:
		return as(http.StatusNotFound, "no_such_route", "There is nothing at this address; see /docs.")
	case http.StatusMethodNotAllowed:
		return as(http.StatusMethodNotAllowed, "method_not_allowed", "This address does not take that method; see /docs.")
	case http.StatusRequestEntityTooLarge:
		return tooLarge(maxBody)
	case http.StatusUnsupportedMediaType:
		return as(http.StatusUnsupportedMediaType, "not_json", "The body must be application/json in UTF-8, not compressed.")
	}
	if made.Code < http.StatusInternalServerError {
		return as(http.StatusBadRequest, "invalid_input", "The input could not be read.")
	}
	return err
}
