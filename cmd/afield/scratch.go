package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker/postgres"
)

// withScratches makes some empty, migrated databases beside the usual one for
// as long as work runs, and then drops them. Their names begin with prefix; the
// first is migrated, and the others are copies of it.
func (a *app) withScratches(prefix string, count int, work func([]*postgres.DB) error) (err error) {
	server := &database{adminURL: a.DatabaseURL}
	login := func(name string) (string, error) { return withDatabaseName(a.DatabaseURL, name) }
	admin := login
	if a.DatabaseURL == "" {
		server.cluster, err = postgres.StartCluster(a.ctx, postgres.ClusterOptions{DataDir: a.Data, BinDir: a.Postgres, Notice: a.notice})
		if err != nil {
			return err
		}
		server.adminURL = server.cluster.AdminURL(postgres.DatabaseName)
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
		name, err := server.makeScratch(a.ctx, prefix, template)
		if err != nil {
			return err
		}
		names = append(names, name)
		if template != "" {
			continue
		}
		adminURL, err := admin(name)
		if err != nil {
			return err
		}
		if _, err := (&database{adminURL: adminURL}).migrate(a.ctx); err != nil {
			return err
		}
	}
	var opened []*postgres.DB
	for _, name := range names {
		loginURL, err := login(name)
		if err != nil {
			return err
		}
		db, err := postgres.Open(a.ctx, postgres.Config{URL: loginURL})
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
func (d *database) makeScratch(ctx context.Context, prefix, template string) (name string, err error) {
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails
	name = prefix + hex.EncodeToString(random[:])
	statement := "create database " + pgx.Identifier{name}.Sanitize()
	if template != "" {
		statement += " template " + pgx.Identifier{template}.Sanitize()
	}
	err = d.withAdmin(ctx, func(conn *pgx.Conn) error {
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
func (d *database) dropScratch(name string) error {
	ctx := context.Background()
	err := d.withAdmin(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "drop database if exists "+pgx.Identifier{name}.Sanitize()+" with (force)")
		return err
	})
	if err != nil {
		return fmt.Errorf("drop the database %s: %w", name, err)
	}
	return nil
}
