package main

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

// database is the open database and, where it is private, the server behind it.
type database struct {
	*postgres.DB
	// adminURL connects to it as the account that migrates.
	adminURL string
	cluster  *postgres.Cluster
	// applied names the migrations that opening it applied.
	applied []string
}

// openDatabase opens the database every subcommand uses: the one of
// DATABASE_URL, or the private one in --data, which it starts. With migrate it
// first brings it up to this version; without, a database that is behind is an
// error that says so.
func openDatabase(ctx context.Context, a *app, migrate bool) (*database, error) {
	opened := &database{adminURL: a.DatabaseURL}
	loginURL := a.DatabaseURL
	if a.DatabaseURL == "" {
		cluster, err := postgres.StartCluster(ctx, postgres.ClusterOptions{DataDir: a.Data, BinDir: a.Postgres, Notice: a.notice})
		if err != nil {
			return nil, err
		}
		opened.cluster = cluster
		opened.adminURL, loginURL = cluster.AdminURL(postgres.DatabaseName), cluster.URL(postgres.DatabaseName)
	}
	fail := func(err error) (*database, error) { return nil, errors.Join(err, opened.Close()) }
	if migrate {
		applied, err := opened.migrate(ctx)
		if err != nil {
			return fail(err)
		}
		opened.applied = applied
	} else if pending, err := opened.pending(ctx); err != nil {
		return fail(err)
	} else if len(pending) > 0 {
		return fail(fmt.Errorf("the database is behind this version by %s; run: afield migrate", strings.Join(pending, ", ")))
	}
	db, err := postgres.Open(ctx, postgres.Config{URL: loginURL})
	if err != nil {
		return fail(err)
	}
	opened.DB = db
	return opened, nil
}

// Close closes the pools and stops the private server if this process runs it.
func (d *database) Close() error {
	if d.DB != nil {
		d.DB.Close()
	}
	if d.cluster != nil {
		return d.cluster.Close()
	}
	return nil
}

func (d *database) migrate(ctx context.Context) (applied []string, err error) {
	err = d.withAdmin(ctx, func(conn *pgx.Conn) (err error) {
		applied, err = migrations.Up(ctx, conn)
		return err
	})
	return applied, err
}

func (d *database) pending(ctx context.Context) (names []string, err error) {
	err = d.withAdmin(ctx, func(conn *pgx.Conn) (err error) {
		names, err = migrations.Pending(ctx, conn)
		return err
	})
	return names, err
}

func (d *database) withAdmin(ctx context.Context, work func(*pgx.Conn) error) error {
	connecting, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	config, err := pgx.ParseConfig(d.adminURL)
	if err != nil {
		return errBadURL // the parser's own words may repeat the password
	}
	conn, err := pgx.ConnectConfig(connecting, config)
	if err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return work(conn)
}

var errBadURL = fmt.Errorf("DATABASE_URL is not a connection string such as postgres://user:password@host:5432/afield (%w)", errUsage)
