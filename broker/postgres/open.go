package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says how to reach the database and how many connections to hold.
type Config struct {
	// URL is a PostgreSQL connection string: DATABASE_URL, or Cluster.URL.
	URL string
	// AppConns and SystemConns are the most connections of each pool; zero means
	// 16 and 4, enough to keep two cores busy.
	AppConns, SystemConns int32
	// StatementTimeout ends a statement of the application's pool that runs
	// longer; zero means 30 seconds. The system pool has ten times as long.
	StatementTimeout time.Duration
	// Tracer, where set, is told of all that is sent; tests count with it.
	Tracer pgx.QueryTracer
}

// Open connects both pools and checks that neither works as a superuser or
// bypasses row-level security: with such a role, one library would see
// another's rows.
func Open(ctx context.Context, config Config) (*DB, error) {
	if config.AppConns == 0 {
		config.AppConns = 16
	}
	if config.SystemConns == 0 {
		config.SystemConns = 4
	}
	if config.StatementTimeout == 0 {
		config.StatementTimeout = 30 * time.Second
	}
	app, err := openPool(ctx, config.URL, AppRole, config.AppConns, config.StatementTimeout, config.Tracer)
	if err != nil {
		return nil, err
	}
	system, err := openPool(ctx, config.URL, SystemRole, config.SystemConns, 10*config.StatementTimeout, config.Tracer)
	if err != nil {
		app.Close()
		return nil, err
	}
	return &DB{app: app, system: system}, nil
}

// ErrUnsafeRole says that a pool would bypass row-level security.
var ErrUnsafeRole = errors.New("the database role is a superuser or bypasses row-level security; Afield does not serve with it")

func openPool(ctx context.Context, address, role string, size int32, timeout time.Duration, tracer pgx.QueryTracer) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		// The parser's message may repeat the address with its password.
		return nil, errors.New("DATABASE_URL is not a PostgreSQL connection string such as postgres://user:password@host:5432/afield")
	}
	config.MaxConns = size
	config.MinConns = 0
	config.MaxConnIdleTime = 5 * time.Minute
	config.ConnConfig.ConnectTimeout = 10 * time.Second
	config.ConnConfig.Tracer = tracer
	settings := config.ConnConfig.RuntimeParams
	settings["application_name"] = "afield " + role
	settings["timezone"] = "UTC"
	settings["statement_timeout"] = milliseconds(timeout)
	settings["lock_timeout"] = milliseconds(timeout / 2)
	settings["idle_in_transaction_session_timeout"] = milliseconds(2 * timeout)
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		registerNulls(conn)
		return takeRole(ctx, conn, role)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach the database: %w", err)
	}
	return pool, nil
}

// takeRole sets a new connection's role and checks what the role may do.
func takeRole(ctx context.Context, conn *pgx.Conn, role string) error {
	if version := conn.PgConn().ParameterStatus("server_version"); majorOf(version) < oldestMajor {
		return fmt.Errorf("the database is PostgreSQL %s; Afield needs %d or newer", version, oldestMajor)
	}
	var unsafe bool
	batch := &pgx.Batch{}
	batch.Queue("set role " + role)
	batch.Queue("select rolsuper or rolbypassrls from pg_roles where rolname = current_user").
		QueryRow(func(row pgx.Row) error { return row.Scan(&unsafe) })
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) && (pg.Code == "42501" || pg.Code == "22023") { // not permitted, no such role
			return &RolesError{SQL: rolesSQL(conn.Config().User), Cause: err}
		}
		return fmt.Errorf("work as %s: %w", role, err)
	}
	if unsafe {
		return fmt.Errorf("%s: %w", role, ErrUnsafeRole)
	}
	return nil
}

// majorOf reads the major version out of "15.8 (Debian …)" or "17beta1".
func majorOf(version string) int {
	major := 0
	for _, letter := range version {
		if letter < '0' || letter > '9' {
			break
		}
		major = 10*major + int(letter-'0')
	}
	return major
}

func milliseconds(length time.Duration) string { return fmt.Sprint(length.Milliseconds()) }

// AppPool is the pool of the application's role, for what needs a pool itself,
// such as the job queue. Everything else goes through InTx.
func (db *DB) AppPool() *pgxpool.Pool { return db.app }

// SystemPool is the pool of the role that sees all libraries.
func (db *DB) SystemPool() *pgxpool.Pool { return db.system }

// Ping checks that the database answers, for readiness.
func (db *DB) Ping(ctx context.Context) error { return db.app.Ping(ctx) }

// Close closes both pools, after work in progress has returned its connections.
func (db *DB) Close() {
	db.app.Close()
	db.system.Close()
}
