package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"afield/api/rest"
	"afield/api/rest/pipeline"
	"afield/api/web"
	"afield/broker/consortium"
	"afield/broker/postgres"
)

// pages is what the pages show of this server beside the libraries' own work: of a
// server that is no demonstration, what runs and how far its set-up is.
func (a *App) pages(config Config) web.Config {
	pages := config.Pages
	if pages.About != nil {
		return pages
	}
	pages.About = func(ctx context.Context) (web.About, error) {
		page := web.About{Version: config.Version, Now: config.Clock.Now()}
		has, err := a.HasOperator(ctx)
		if err == nil && !has {
			page.FirstStep = firstStep(pipeline.Address(ctx))
		}
		return page, err
	}
	return pages
}

// firstStep says how the first operator is made, to a caller on this server; to
// others only that it has to be done there.
func firstStep(caller string) string {
	if address, err := netip.ParseAddr(caller); err == nil && address.Unmap().IsLoopback() {
		return "Nobody runs this consortium yet. " + consortium.FirstOperator
	}
	return "Nobody runs this consortium yet. It is set up on the server itself."
}

// HasOperator tells whether somebody runs the consortium.
func (a *App) HasOperator(ctx context.Context) (has bool, err error) {
	err = a.DB.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		count, err := a.Access.Operators(ctx, tx)
		has = count > 0
		return err
	})
	return has, err
}

// Front is how callers reach this server.
type Front struct {
	rest.Front
	// Certificate and Key are PEM files for TLS; "" without. They are read again when
	// they change.
	Certificate, Key string
	// Watch is HOST:PORT for figures and profiles; "" serves them nowhere.
	Watch string
}

// certificate is a pair of files for TLS, as they were last read.
type certificate struct {
	front Front
	log   *slog.Logger

	mu   sync.Mutex
	read *tls.Certificate
	// tried is how the files stood when they were last read, with success or not.
	tried [2]stamp
}

// stamp tells one state of a file from another.
type stamp struct {
	at   time.Time
	size int64
}

// load reads the files.
func (c *certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.front.Certificate, c.front.Key)
	if err != nil {
		return fmt.Errorf("read the certificate and its key: %w", err)
	}
	c.read = &pair
	return nil
}

// stamps tell how the files stand; the zero stamp is that of a missing one.
func (c *certificate) stamps() (now [2]stamp) {
	for i, name := range []string{c.front.Certificate, c.front.Key} {
		if info, err := os.Stat(name); err == nil {
			now[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return now
}

// current is the certificate for a caller: what the files hold now, or as long as they
// cannot be read, what they held before.
func (c *certificate) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.stamps()
	if now == c.tried {
		return c.read, nil
	}
	c.tried = now
	if err := c.load(); err != nil {
		c.log.Error("the certificate cannot be read; the old one stays", "error", err.Error())
	}
	return c.read, nil
}

// Check tells whether the certificate and its key can be read and fit each other.
func (f Front) Check() error {
	if f.Certificate == "" {
		return nil
	}
	return (&certificate{front: f}).load()
}

// secured puts TLS before a listener, where there is a certificate.
func (a *App) secured(listener net.Listener, front Front) (net.Listener, error) {
	if front.Certificate == "" {
		return listener, nil
	}
	files := &certificate{front: front, log: a.log}
	files.tried = files.stamps()
	if err := files.load(); err != nil {
		return nil, err
	}
	return tls.NewListener(listener, &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: files.current, NextProtos: []string{"http/1.1"},
	}), nil
}

// watch serves figures and profiles on a listener of their own.
func (a *App) watch(ctx context.Context, front Front) error {
	if front.Watch == "" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", front.Watch)
	if err != nil {
		return fmt.Errorf("listen on %s (choose another address with --watch): %w", front.Watch, err)
	}
	a.watching, a.watched = rest.HTTP(front.Watch, rest.Watch(a.metrics)), listener
	a.watching.WriteTimeout = 2 * time.Minute // a profile takes half a minute
	go func() {
		if err := a.watching.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.failed <- err
		}
	}()
	return nil
}

// WatchURL is where figures and profiles are; "" where they are nowhere.
func (a *App) WatchURL() string {
	if a.watched == nil {
		return ""
	}
	return "http://" + a.watched.Addr().String()
}
