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
	"afield/api/rest/accounts"
	"afield/api/rest/administration"
	"afield/api/rest/catalogue"
	"afield/api/rest/holds"
	"afield/api/rest/loans"
	"afield/api/rest/money"
	"afield/api/rest/pipeline"
	inquiries "afield/api/rest/requests"
	"afield/api/web"
	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/live"
	"afield/broker/policy/published"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/connectors"
	"afield/workflow/background"
	"afield/workflow/desk"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// Deps is everything the API needs.
type Deps struct {
	DB     *postgres.DB
	Access *access.Service
	// Clock is business time.
	Clock broker.Clock
	// Requests moves requests; Desk does what happens at the desk.
	Requests *requests.Service
	Desk     *desk.Service
	// Live tells what has just changed.
	Live *live.Hub
	// Policies gives libraries' policy documents.
	Policies standing.Policies
	// Published knows what libraries published; it is refreshed after a publish.
	Published *published.Source
	// Protocols are those by which other libraries' systems may send messages.
	Protocols *connectors.Registry
	// Vault opens their secrets.
	Vault *directory.Vault
	// Links signs the links by which lenders without a system answer.
	Links connectors.LinkKey
	// CursorKey signs cursors; 16 bytes or more.
	CursorKey []byte
	Log       *slog.Logger
	// Metrics is where figures are counted; Watch shows them.
	Metrics *prometheus.Registry
	// Ready names what must work before calls are taken, for example
	// "database", "migrations", "jobs".
	Ready map[string]func(context.Context) error
	// Pages is what only a demo gives to the pages.
	Pages web.Config
	// Version of the program.
	Version string
	// Front is what stands between callers and this server.
	Front Front
	// Timeout bounds one call; zero means 20 seconds.
	Timeout time.Duration
}

// operations answers the operations of the contract, each theme its own.
type operations struct {
	loans.Loans
	holds.Holds
	catalogue.Catalogue
	accounts.Accounts
	money.Money
	inquiries.Requests
	administration.Administration
}

var _ gen.StrictServerInterface = operations{}

// New builds the whole web server: the contract's operations, the partners'
// messages, health, metrics, the documents and the pages. An error means
// that the program or its wiring is at fault, never its environment.
func New(deps Deps) (*echo.Echo, error) {
	if len(deps.CursorKey) < 16 {
		return nil, errors.New("rest: the cursor key must have at least 16 bytes")
	}
	if deps.Timeout == 0 {
		deps.Timeout = 20 * time.Second
	}
	queue, err := background.New(deps.DB)
	if err != nil {
		return nil, err
	}
	base := pipeline.NewBase(pipeline.Base{
		DB: deps.DB, Background: queue, Access: deps.Access, Clock: deps.Clock, Requests: deps.Requests, Desk: deps.Desk, Live: deps.Live, Links: deps.Links,
		Policies: deps.Policies, Published: deps.Published, Vault: deps.Vault, Protocols: deps.Protocols.Outside(), Reset: deps.Protocols.Reset,
	}, deps.CursorKey)
	line, err := pipeline.New(base, deps.Log, deps.Metrics)
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = deps.Front.caller
	e.HTTPErrorHandler = line.AnswerError
	e.Use(append(line.Middleware(deps.Timeout), deps.Front.guard)...)
	handlers := operations{
		Loans: loans.Loans{Base: base}, Holds: holds.Holds{Base: base}, Catalogue: catalogue.Catalogue{Base: base},
		Accounts: accounts.Accounts{Base: base}, Money: money.Money{Base: base}, Requests: inquiries.Requests{Base: base},
		Administration: administration.Administration{Base: base},
	}
	gen.RegisterHandlersWithOptions(e, gen.NewStrictHandler(handlers, nil), gen.RegisterHandlersOptions{OperationMiddlewares: line.Admission()})
	peer.Mount(e, peer.Deps{DB: deps.DB, Vault: deps.Vault, Wall: broker.SystemClock{}, Receive: receiver(deps)}, deps.Protocols)
	about{deps, line.Document()}.routes(e)
	err = web.Mount(e, web.Deps{Operations: handlers, Line: line, Access: deps.Access, Clock: deps.Clock, Live: deps.Live, Log: deps.Log, Secure: deps.Front.HTTPS}, deps.Pages)
	if err != nil {
		return nil, fmt.Errorf("read the pages: %w", err)
	}
	return e, nil
}

// receiver hands the messages of other libraries to the workflow at the present
// business time.
func receiver(deps Deps) func(context.Context, *postgres.Tx, requests.Incoming) (messages.Answer, error) {
	return func(ctx context.Context, tx *postgres.Tx, in requests.Incoming) (messages.Answer, error) {
		return deps.Requests.Receive(ctx, tx, deps.Clock.Now(), in)
	}
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
