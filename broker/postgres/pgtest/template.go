package pgtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/migrations"
)

// templateLock is held while a template is made, by one test program at a time.
const templateLock int64 = 0x4146_5445_5354 // "AFTEST"

// leftOver is the age at which a test's database or a template counts as left
// behind by a killed run.
const leftOver = 2 * time.Hour

// ensureTemplate makes the migrated database that every test's database is
// copied from. It is migrated under another name and then renamed, so that a
// template that exists is complete.
func (s *testServer) ensureTemplate(ctx context.Context) error {
	return s.withAdmin(ctx, func(conn *pgx.Conn) (err error) {
		if exists, err := databaseExists(ctx, conn, s.template); exists || err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "select pg_advisory_lock($1)", templateLock); err != nil {
			return fmt.Errorf("wait to make the template: %w", err)
		}
		if exists, err := databaseExists(ctx, conn, s.template); exists || err != nil {
			return err // made while we waited; closing the connection releases the lock
		}
		dropLeftOver(ctx, conn)
		unfinished := newName()
		if _, err := conn.Exec(ctx, "create database "+unfinished); err != nil {
			return fmt.Errorf("make the template: %w", err)
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, drop(ctx, conn, unfinished))
			}
		}()
		if err := migrate(ctx, s.admin(unfinished)); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "alter database "+unfinished+" rename to "+s.template); err != nil {
			return fmt.Errorf("name the template: %w", err)
		}
		_, err = conn.Exec(ctx, fmt.Sprintf("comment on database %s is '%d'", s.template, broker.SystemClock{}.Now().Unix()))
		return err
	})
}

func migrate(ctx context.Context, address string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("connect to the template: %w", err)
	}
	_, err = migrations.Up(ctx, conn)
	return errors.Join(err, conn.Close(ctx))
}

func databaseExists(ctx context.Context, conn *pgx.Conn, name string) (exists bool, err error) {
	err = conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&exists)
	return exists, err
}

// dropLeftOver clears what killed runs left on a server that stays. It is only
// tidying up: what cannot be dropped now is dropped another time.
func dropLeftOver(ctx context.Context, conn *pgx.Conn) {
	rows, err := conn.Query(ctx, `select d.datname, coalesce(shobj_description(d.oid, 'pg_database'), '')
		from pg_database d
		where starts_with(d.datname, $1)
		and not exists (select from pg_stat_activity a where a.datid = d.oid)`, prefix)
	if err != nil {
		return
	}
	var old []string
	var name, comment string
	now := broker.SystemClock{}.Now()
	_, err = pgx.ForEachRow(rows, []any{&name, &comment}, func() error {
		stamp, base := comment, 10
		if !strings.HasPrefix(name, prefix+"template_") {
			stamp, _, _ = strings.Cut(strings.TrimPrefix(name, prefix), "_")
			base = 16
		}
		if seconds, err := strconv.ParseInt(stamp, base, 64); err == nil && now.Sub(time.Unix(seconds, 0)) > leftOver {
			old = append(old, name)
		}
		return nil
	})
	if err != nil {
		return
	}
	for _, name := range old {
		_ = drop(ctx, conn, name)
	}
}
