package shell

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker/postgres"
	"afield/migrations"
)

// Database is the open database and, where it is private, the server behind it.
type Database struct {
	*postgres.DB
	// AdminURL connects to it as the account that migrates.
	AdminURL string
	loginURL string // connects as the one behind the application's roles
	cluster  *postgres.Cluster
	// Applied names the migrations that opening it applied.
	Applied []string
}

// OpenDatabase opens the database every subcommand uses: the one of
// DATABASE_URL, or the private one in --data, which it starts. With migrate it
// first brings it up to this version; without, a database that is behind is an
// error that says so.
func OpenDatabase(ctx context.Context, a *App, migrate bool) (*Database, error) {
	opened, err := ReachDatabase(ctx, a)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Database, error) { return nil, errors.Join(err, opened.Close()) }
	if migrate {
		if opened.Applied, err = opened.migrate(ctx); err != nil {
			return fail(err)
		}
	} else if pending, err := opened.Pending(ctx); err != nil {
		return fail(err)
	} else if len(pending) > 0 {
		return fail(fmt.Errorf("the database is behind this version by %s; run: afield migrate", strings.Join(pending, ", ")))
	}
	if err := opened.open(ctx); err != nil {
		return fail(err)
	}
	return opened, nil
}

// ReachDatabase finds the database, or starts the private one, and looks at nothing
// in it: it may be empty, or behind this version.
func ReachDatabase(ctx context.Context, a *App) (*Database, error) {
	reached := &Database{AdminURL: a.DatabaseURL, loginURL: a.DatabaseURL}
	if a.DatabaseURL == "" {
		cluster, err := postgres.StartCluster(ctx, postgres.ClusterOptions{DataDir: a.Data, BinDir: a.Postgres, Notice: a.Notice})
		if err != nil {
			return nil, err
		}
		reached.cluster = cluster
		reached.AdminURL, reached.loginURL = cluster.AdminURL(postgres.DatabaseName), cluster.URL(postgres.DatabaseName)
	} else if _, err := pgx.ParseConfig(a.DatabaseURL); err != nil {
		return nil, ErrBadURL // the parser's own words may repeat the password
	}
	return reached, nil
}

func (d *Database) open(ctx context.Context) (err error) {
	d.DB, err = postgres.Open(ctx, postgres.Config{URL: d.loginURL})
	return err
}

// Ready makes what was restored fit for use: roles, rights and the migrations that
// a backup of an earlier version lacks; then it opens it.
func (d *Database) Ready(ctx context.Context) (err error) {
	if d.Applied, err = d.migrate(ctx); err != nil {
		return err
	}
	return d.open(ctx)
}

// Close closes the pools and stops the private server if this process runs it.
func (d *Database) Close() error {
	if d.DB != nil {
		d.DB.Close()
	}
	if d.cluster != nil {
		return d.cluster.Close()
	}
	return nil
}

func (d *Database) migrate(ctx context.Context) (applied []string, err error) {
	err = d.WithAdmin(ctx, func(conn *pgx.Conn) (err error) {
		applied, err = migrations.Up(ctx, conn)
		return err
	})
	return applied, err
}

// Pending names the migrations that are still to be applied.
func (d *Database) Pending(ctx context.Context) (names []string, err error) {
	err = d.WithAdmin(ctx, func(conn *pgx.Conn) (err error) {
		names, err = migrations.Pending(ctx, conn)
		return err
	})
	return names, err
}

// WithAdmin runs work on a connection of the account that migrates.
func (d *Database) WithAdmin(ctx context.Context, work func(*pgx.Conn) error) error {
	connecting, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	config, err := pgx.ParseConfig(d.AdminURL)
	if err != nil {
		return ErrBadURL // the parser's own words may repeat the password
	}
	conn, err := pgx.ConnectConfig(connecting, config)
	if err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return work(conn)
}

var ErrBadURL = fmt.Errorf("DATABASE_URL is not a connection string such as postgres://user:password@host:5432/afield (%w)", ErrUsage)
