package shell

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker/postgres"
)

// WithScratches makes some empty, migrated databases beside the usual one for
// as long as work runs, and then drops them. Their names begin with prefix; the
// first is migrated, and the others are copies of it.
func (a *App) WithScratches(prefix string, count int, work func([]*postgres.DB) error) (err error) {
	server := &Database{AdminURL: a.DatabaseURL}
	login := func(name string) (string, error) { return otherDatabase(a.DatabaseURL, name) }
	admin := login
	if a.DatabaseURL == "" {
		server.cluster, err = postgres.StartCluster(a.Ctx, postgres.ClusterOptions{DataDir: a.Data, BinDir: a.Postgres, Notice: a.Notice})
		if err != nil {
			return err
		}
		server.AdminURL = server.cluster.AdminURL(postgres.DatabaseName)
		login = func(name string) (string, error) { return server.cluster.URL(name), nil }
		admin = func(name string) (string, error) { return server.cluster.AdminURL(name), nil }
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	var names []string
	defer func() {
		for _, name := range names {
			err = errors.Join(err, server.dropScratch(name))
		}
	}()
	for range count {
		template := ""
		if len(names) > 0 {
			template = names[0]
		}
		name, err := server.makeScratch(a.Ctx, prefix, template)
		if err != nil {
			return err
		}
		names = append(names, name)
		if template != "" {
			continue
		}
		AdminURL, err := admin(name)
		if err != nil {
			return err
		}
		if _, err := (&Database{AdminURL: AdminURL}).migrate(a.Ctx); err != nil {
			return err
		}
	}
	var opened []*postgres.DB
	for _, name := range names {
		loginURL, err := login(name)
		if err != nil {
			return err
		}
		db, err := postgres.Open(a.Ctx, postgres.Config{URL: loginURL})
		if err != nil {
			return err
		}
		defer db.Close()
		opened = append(opened, db)
	}
	return work(opened)
}

// makeScratch makes a database with a name of its own: an empty one, or a copy of
// another.
func (d *Database) makeScratch(ctx context.Context, prefix, template string) (name string, err error) {
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails
	name = prefix + hex.EncodeToString(random[:])
	statement := "create database " + pgx.Identifier{name}.Sanitize()
	if template != "" {
		statement += " template " + pgx.Identifier{template}.Sanitize()
	}
	err = d.WithAdmin(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement)
		return err
	})
	var denied *pgconn.PgError
	if errors.As(err, &denied) && denied.Code == "42501" {
		return "", fmt.Errorf("this is played in a database of its own, and the account of DATABASE_URL may not make one: give it CREATEDB, or run without DATABASE_URL")
	}
	if err != nil {
		return "", fmt.Errorf("make a database for a while: %w", err)
	}
	return name, nil
}

// dropScratch also works after the command was stopped.
func (d *Database) dropScratch(name string) error {
	ctx := context.Background()
	err := d.WithAdmin(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "drop database if exists "+pgx.Identifier{name}.Sanitize()+" with (force)")
		return err
	})
	if err != nil {
		return fmt.Errorf("drop the database %s: %w", name, err)
	}
	return nil
}

// WithScratch makes an empty, migrated database beside the usual one for as
// long as work runs, and then drops it.
func (a *App) WithScratch(work func(*postgres.DB) error) error {
	return a.WithScratches("afield_demo_", 1, func(all []*postgres.DB) error { return work(all[0]) })
}

// WithDatabaseName gives a connection string to another database of the same
// server, in either of the two ways they are written.
func otherDatabase(connection, name string) (string, error) {
	if !strings.Contains(connection, "://") {
		return connection + " dbname=" + name, nil // the last of several counts
	}
	parsed, err := url.Parse(connection)
	if err != nil {
		return "", ErrBadURL // the parser's own words may repeat the password
	}
	parsed.Path = "/" + name
	query := parsed.Query()
	query.Del("dbname")
	query.Del("database")
	parsed.RawQuery = query.Encode()
	return parsed.String(), nil
}
