// Package app puts the running program together: database, use cases, jobs,
// connectors and the web server. Commands and tests start it in the same way.
package app

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"afield/api/rest"
	"afield/api/web"
	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/live"
	"afield/broker/notices"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/connectors/gateway"
	"afield/workflow/desk"
	"afield/workflow/jobs"
	"afield/workflow/nightly"
	"afield/workflow/requests"
	"afield/workflow/routing"
)

// lookEvery is how often is looked for changes, in wall time, while somebody
// follows them.
const lookEvery = 250 * time.Millisecond

// directoryAge is how old cached facts about a library may be, in wall time.
const directoryAge = 30 * time.Second

// Config is what an App is made of.
type Config struct {
	DB *postgres.DB
	// Clock is business time; nil is the wall clock.
	Clock broker.Clock
	// Listen is HOST:PORT; port 0 takes a free one.
	Listen string
	// Secret is the server's own secret, 32 bytes or more. Every other secret is
	// derived from it or sealed with it.
	Secret []byte
	// Node names this process among those on the same database.
	Node string
	Log  *slog.Logger
	// Version of the program.
	Version string
	// Pages is what only a demo gives to the pages.
	Pages web.Config
	// Policies gives libraries' policy documents by name, whatever was published;
	// nil takes the presets and the published versions.
	Policies func(name string) (*policy.Document, error)
	// Breakers sets when a library's failing system is left alone for a while.
	Breakers connectors.BreakerSettings
	// Protocols are protocols in addition to those of Connectors.
	Protocols []connectors.Protocol
	// Telling is how notices are sent out; by default they are not.
	Telling Telling
	// Front is how callers reach the server.
	Front Front
}

// App is the running program.
type App struct {
	DB        *postgres.DB
	Clock     broker.Clock
	Access    *access.Service
	Vault     *directory.Vault
	Cache     *directory.Cache
	Requests  *requests.Service
	Desk      *desk.Service
	Nights    *nightly.Nights
	Queue     *jobs.Queue
	Live      *live.Hub
	Protocols *connectors.Registry

	log      *slog.Logger
	policies *policies
	gateway  *gateway.Sender
	server   *http.Server
	listener net.Listener
	secure   bool
	metrics  *prometheus.Registry
	watching *http.Server
	watched  net.Listener
	failed   chan error
}

// Start puts everything together, begins to work and to serve. The database
// must be migrated.
func Start(ctx context.Context, config Config) (*App, error) {
	a, err := assemble(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := a.listen(ctx, config); err != nil {
		a.policies.close()
		return nil, err
	}
	err = a.watch(ctx, config.Front)
	if err == nil {
		err = a.Queue.Serve(ctx, a.Requests, a.Nights)
	}
	if err != nil {
		_ = a.listener.Close()
		if a.watching != nil {
			_ = a.watching.Close()
		}
		a.policies.close()
		return nil, err
	}
	go func() {
		if err := a.server.Serve(a.listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.failed <- err
		}
	}()
	return a, nil
}

// Assemble puts everything together without serving or working jobs, for
// commands that do one thing by hand. release ends it.
func Assemble(ctx context.Context, config Config) (a *App, release func(), err error) {
	if a, err = assemble(ctx, config); err != nil {
		return nil, nil, err
	}
	return a, func() { a.policies.close(); a.Protocols.Close() }, nil
}

func assemble(ctx context.Context, config Config) (*App, error) {
	if config.Clock == nil {
		config.Clock = broker.SystemClock{}
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Node == "" {
		config.Node = nodeName(config.Listen)
	}
	a := &App{DB: config.DB, Clock: config.Clock, log: config.Log, failed: make(chan error, 2)}
	if err := a.build(ctx, config); err != nil {
		return nil, err
	}
	return a, nil
}

func nodeName(listen string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "afield"
	}
	return host + "@" + listen
}

func (a *App) build(ctx context.Context, config Config) (err error) {
	vaultKey, err := derive(config.Secret, "vault")
	if err != nil {
		return err
	}
	accessKey, err := derive(config.Secret, "access")
	if err != nil {
		return err
	}
	if a.Vault, err = directory.NewVault(vaultKey); err != nil {
		return err
	}
	if a.Access, err = access.New(config.DB, access.Config{Key: accessKey}); err != nil {
		return err
	}
	if a.policies, err = startPolicies(ctx, config); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			a.policies.close()
		}
	}()
	a.Cache = directory.NewCache(directoryAge, time.Now)
	told, err := a.telling(config)
	if err != nil {
		return err
	}
	links, err := derive(config.Secret, "links")
	if err != nil {
		return err
	}
	if a.Protocols, err = a.speaking(ctx, config, a.letters(config, links, told[notices.Email])); err != nil {
		return err
	}
	a.Queue, err = jobs.New(jobs.Config{
		DB: config.DB, Clock: config.Clock, Node: config.Node, Protocols: a.Protocols, Vault: a.Vault,
		Forget: func(tx *postgres.Tx) { a.Access.Forget(tx); live.Forget(tx) }, Log: config.Log,
		Notices: told, Policies: a.policies.rules,
	})
	if err != nil {
		return err
	}
	a.Requests, err = requests.New(requests.Config{
		Jobs: a.Queue, Finder: &routing.Finder{Lenders: a.Cache, Live: a.Protocols.Live()}, Cache: a.Cache, Vault: a.Vault,
		Protocols: a.Protocols, Policies: a.policies.rules, Log: config.Log,
	})
	if err != nil {
		return err
	}
	a.Desk = desk.New(a.policies.rules, a.Requests)
	a.Live = live.NewHub(config.DB, lookEvery, config.Log)
	a.Nights = nightly.New(nightly.Config{DB: config.DB, Desk: a.Desk, Policies: a.policies.rules, Log: config.Log})
	cursorKey, err := derive(config.Secret, "cursors")
	if err != nil {
		return err
	}
	migrated, err := migratedUp(config.DB)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), a.stuckFigure())
	handler, err := rest.New(rest.Deps{
		DB: config.DB, Access: a.Access, Clock: config.Clock, Requests: a.Requests, Desk: a.Desk, Live: a.Live, Policies: a.policies.rules, Published: a.policies.Source, Vault: a.Vault, Protocols: a.Protocols,
		Links: links, CursorKey: cursorKey, Log: config.Log, Metrics: registry, Version: config.Version, Pages: a.pages(config), Front: config.Front.Front,
		Ready: map[string]func(context.Context) error{"database": config.DB.Ping, "migrations": migrated, "jobs": a.Queue.Ready},
	})
	if err != nil {
		return err
	}
	a.server, a.metrics = rest.HTTP(config.Listen, handler), registry
	return nil
}

// derive makes the key for one use from the server's secret.
func derive(secret []byte, use string) ([]byte, error) {
	if len(secret) < 32 {
		return nil, errors.New("the server's secret must have at least 32 bytes")
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "afield "+use, 32)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	return key, nil
}

func (a *App) listen(ctx context.Context, config Config) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", config.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s (choose another address with --listen): %w", config.Listen, err)
	}
	secured, err := a.secured(listener, config.Front)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	a.listener, a.secure = secured, config.Front.Certificate != ""
	return nil
}

// URL is the address the server answers at.
func (a *App) URL() string {
	if a.secure {
		return "https://" + a.listener.Addr().String()
	}
	return "http://" + a.listener.Addr().String()
}

// Wait blocks until the context ends or the server fails.
func (a *App) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.failed:
		return fmt.Errorf("the web server stopped: %w", err)
	}
}

// stopWithin is how long calls and jobs under way may take to finish.
const stopWithin = 15 * time.Second

// Close stops taking calls, lets calls under way finish, and stops the jobs.
// The database stays open.
func (a *App) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- a.Queue.Stop(ctx) }()
	a.Live.Close()
	err := a.server.Shutdown(ctx)
	if a.watching != nil {
		err = errors.Join(err, a.watching.Close())
	}
	err = errors.Join(err, <-stopped)
	a.Protocols.Close()
	a.policies.close()
	return err
}

// announceAgain is longer than River's cooldown between announcements of a
// queue.
const announceAgain = 5 * time.Millisecond

// Settle works off everything that is due at the present business time and
// waits until no job and no message is runnable. Only the demo, scenarios and
// tests need it: they move the clock.
func (a *App) Settle(ctx context.Context) error {
	for quiet := 0; quiet < 2; {
		swept, err := a.Queue.Sweep(ctx)
		if err != nil {
			return err
		}
		if err := a.idle(ctx); err != nil {
			return err
		}
		if swept.Deadlines+swept.Messages+swept.Nights+swept.Loads+swept.Notices+swept.PassedOn == 0 {
			quiet++
			continue
		}
		quiet = 0
		if swept.Messages+swept.Nights+swept.Loads+swept.Notices > 0 {
			// River announces new jobs of a queue once in a cooldown; one that comes
			// sooner would wait for the next poll.
			time.Sleep(announceAgain)
		}
	}
	return nil
}

func (a *App) idle(ctx context.Context) error {
	for {
		waiting, err := a.Queue.Waiting(ctx)
		if err != nil || waiting == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d jobs did not finish: %w", waiting, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}
