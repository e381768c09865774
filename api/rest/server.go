package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"afield/api/gen"
	"afield/api/peer"
	"afield/api/web"
	"afield/broker"
	"afield/broker/access"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/policy/published"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// Deps is everything the API stands on.
type Deps struct {
	DB     *postgres.DB
	Access *access.Service
	// Clock is business time.
	Clock broker.Clock
	// Requests moves requests; Desk does what happens at the desk.
	Requests Requests
	Desk     Desk
	// Policies gives libraries' policy documents.
	Policies circulation.Policies
	// Published knows what libraries published; new versions are told to it.
	Published *published.Source
	// Protocols are those that other libraries' systems may come in by.
	Protocols *connectors.Registry
	// Vault opens their secrets.
	Vault *directory.Vault
	// CursorKey signs cursors; 16 bytes or more.
	CursorKey []byte
	Log       *slog.Logger
	// Metrics is where figures are counted and read from.
	Metrics *prometheus.Registry
	// Ready names what must work before calls are taken, for example
	// "database", "migrations", "jobs".
	Ready map[string]func(context.Context) error
	// Front gives what the front page shows.
	Front func(context.Context) (web.FrontPage, error)
	// Version of the program.
	Version string
	// Timeout bounds one call; zero means 20 seconds.
	Timeout time.Duration
}

// Server answers the operations of the contract.
type Server struct {
	Deps
	contract *contract
	cursors  cursors
}

// New builds the whole web server: the contract's operations, the partners'
// door, health, metrics, the documents and the front page. An error means that
// the program or its wiring is at fault, never the surroundings.
func New(deps Deps) (*echo.Echo, error) {
	if len(deps.CursorKey) < 16 {
		return nil, errors.New("rest: the cursor key must have at least 16 bytes")
	}
	if deps.Timeout == 0 {
		deps.Timeout = 20 * time.Second
	}
	read, err := readContract()
	if err != nil {
		return nil, err
	}
	counted, err := newFigures(deps.Metrics)
	if err != nil {
		return nil, err
	}
	s := &Server{Deps: deps, contract: read, cursors: cursors{deps.CursorKey}}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	// Nothing in front is trusted: a caller could write the header itself and
	// be counted under another network.
	e.IPExtractor = echo.ExtractIPDirect()
	e.HTTPErrorHandler = s.answerError
	e.Use(identify, observe(deps.Log, counted), survive(deps.Log), secure, bound(deps.Timeout))
	if err := s.routes(e); err != nil {
		return nil, err
	}
	return e, nil
}

// receive hands a partner's message to the workflow at the present business time.
func (s *Server) receive(ctx context.Context, tx *postgres.Tx, in requests.Incoming) (messages.Answer, error) {
	return s.Requests.Receive(ctx, tx, s.Clock.Now(), in)
}

func (s *Server) routes(e *echo.Echo) error {
	admitted := map[string][]echo.MiddlewareFunc{}
	for id, op := range s.contract.operations {
		if _, listed := rules[id]; listed {
			admitted[id] = []echo.MiddlewareFunc{s.admit(op)}
		}
	}
	gen.RegisterHandlersWithOptions(e, gen.NewStrictHandler(s, nil), gen.RegisterHandlersOptions{OperationMiddlewares: admitted})
	peer.Mount(e, peer.Deps{DB: s.DB, Vault: s.Vault, Wall: broker.SystemClock{}, Receive: s.receive}, s.Protocols)
	s.serverRoutes(e)
	front, err := web.New(s.Front)
	if err != nil {
		return fmt.Errorf("read the pages: %w", err)
	}
	e.GET("/", front.Front)
	return nil
}

// HTTP makes the http.Server the handler is to run in, with limits on how
// slowly a caller may speak.
func HTTP(address string, handler http.Handler) *http.Server {
	return &http.Server{
		Addr: address, Handler: handler,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10,
	}
}
