package pgtest

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"afield/broker/postgres"
)

// Counts is what went over the wire.
type Counts struct {
	// RoundTrips counts the messages sent and waited for, Statements the
	// statements in them, begin and commit included.
	RoundTrips, Statements, Commits int
}

// Counter counts what the pools of one database send.
type Counter struct {
	mu     sync.Mutex
	counts Counts
	sent   []string
}

// Reset starts counting again from zero.
func (c *Counter) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts, c.sent = Counts{}, nil
}

// Sent counts the statements since the last Reset that contain a text.
func (c *Counter) Sent(text string) (count int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, statement := range c.sent {
		if strings.Contains(statement, text) {
			count++
		}
	}
	return count
}

// Read gives what was counted since the last Reset.
func (c *Counter) Read() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

func (c *Counter) add(trips int, statement string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.RoundTrips += trips
	if statement != "" {
		c.counts.Statements++
		c.sent = append(c.sent, statement)
	}
	if statement == "commit" {
		c.counts.Commits++
	}
}

// TraceQueryStart counts a statement sent alone; pgx calls it.
func (c *Counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	c.add(1, data.SQL)
	return ctx
}

// TraceQueryEnd does nothing; pgx calls it.
func (c *Counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart counts the round trip of statements sent together; pgx calls
// it.
func (c *Counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.add(1, "")
	return ctx
}

// TraceBatchQuery counts one of them; pgx calls it.
func (c *Counter) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	c.add(0, data.SQL)
}

// TraceBatchEnd does nothing; pgx calls it.
func (c *Counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// Counted opens the database of a pool given by New a second time, with a
// counter of what is sent to it, so that only the round trips and statements of
// the act under test are counted. Preparing a statement for the first time is
// not.
func Counted(t testing.TB, db *postgres.DB) (*postgres.DB, *Counter) {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatalf("find a server for tests: %v", err)
	}
	counter := &Counter{}
	counted, err := postgres.Open(t.Context(), postgres.Config{URL: server.login(db.AppPool().Config().ConnConfig.Database), AppConns: 2, SystemConns: 2, Tracer: counter})
	if err != nil {
		t.Fatalf("open the test's database again: %v", err)
	}
	t.Cleanup(counted.Close)
	counter.Reset() // what opening it took
	return counted, counter
}
