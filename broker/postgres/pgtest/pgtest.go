package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker"
	"afield/broker/postgres"
	"afield/migrations"
)

// prefix begins the name of every database made here.
const prefix = "afield_test_"

// New gives a migrated database that only this test uses; it is dropped when
// the test ends. The pools work under the application's roles, as in production.
func New(t testing.TB) *postgres.DB {
	t.Helper()
	server, name := create(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: server.login(name), AppConns: 12, SystemConns: 6})
	if err != nil {
		t.Fatalf("open the test's database: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

// URL gives the address of a migrated database that only this test uses, for
// tests that start the program itself. Its account may migrate.
func URL(t testing.TB) string {
	t.Helper()
	server, name := create(t)
	return server.admin(name)
}

// EmptyURL is URL without any migration, for tests of migrating.
func EmptyURL(t testing.TB) string {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatalf("find a server for tests: %v", err)
	}
	name := newName()
	server.make(t, name, "template1")
	return server.admin(name)
}

// Admin connects to the database of a pool given by New as the account that
// migrated it, for tests that must go past row-level security on purpose.
func Admin(t testing.TB, db *postgres.DB) *pgx.Conn {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatalf("find a server for tests: %v", err)
	}
	conn, err := pgx.Connect(t.Context(), server.admin(db.AppPool().Config().ConnConfig.Database))
	if err != nil {
		t.Fatalf("connect as administrator: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// testServer is the server all tests of this program share.
type testServer struct {
	adminURL, loginURL string
	template           string
	kept               keptCluster // without DATABASE_URL; holds its lock
}

// shared finds or starts the server once per test program and makes the
// template there.
var shared = sync.OnceValues(func() (*testServer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	server := &testServer{adminURL: os.Getenv("DATABASE_URL"), loginURL: os.Getenv("DATABASE_URL")}
	if server.adminURL == "" {
		kept, err := useKeptCluster(ctx)
		if err != nil {
			return nil, err
		}
		server.kept = kept
		server.adminURL, server.loginURL = kept.AdminURL, kept.LoginURL
	}
	fingerprint, err := migrations.Fingerprint()
	if err != nil {
		return nil, err
	}
	server.template = prefix + "template_" + fingerprint
	return server, server.ensureTemplate(ctx)
})

func create(t testing.TB) (server *testServer, name string) {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatalf("find a server for tests: %v", err)
	}
	name = newName()
	server.make(t, name, server.template)
	return server, name
}

// newName holds the moment it was made, so that databases left by a test
// program that was killed can be recognised and dropped.
func newName() string {
	id := broker.NewID()
	return fmt.Sprintf("%s%x_%x", prefix, broker.SystemClock{}.Now().Unix(), id[10:])
}

func (s *testServer) make(t testing.TB, name, template string) {
	t.Helper()
	err := s.withAdmin(t.Context(), func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), "create database "+name+" template "+template+" strategy file_copy")
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == "3D000" { // another run has dropped the template
			if err := s.ensureTemplate(t.Context()); err != nil {
				return err
			}
			_, err = conn.Exec(t.Context(), "create database "+name+" template "+template+" strategy file_copy")
		}
		return err
	})
	if err != nil {
		t.Fatalf("make the test's database: %v", err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		if err := s.withAdmin(ctx, func(conn *pgx.Conn) error { return drop(ctx, conn, name) }); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
}

func drop(ctx context.Context, conn *pgx.Conn, name string) error {
	if !strings.HasPrefix(name, prefix) {
		return fmt.Errorf("%s is not a test's database", name)
	}
	_, err := conn.Exec(ctx, "drop database if exists "+name+" with (force)")
	return err
}

func (s *testServer) admin(name string) string { return withDatabase(s.adminURL, name) }
func (s *testServer) login(name string) string { return withDatabase(s.loginURL, name) }

func withDatabase(address, name string) string {
	parsed, err := url.Parse(address)
	if err == nil && strings.HasPrefix(parsed.Scheme, "postgres") {
		parsed.Path = "/" + name
		return parsed.String()
	}
	return address + " dbname=" + name // the keyword form; the last one counts
}

func (s *testServer) withAdmin(ctx context.Context, work func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.adminURL)
	if err != nil {
		return fmt.Errorf("connect to the server for tests: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return work(conn)
}
