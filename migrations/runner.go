package migrations

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker/postgres"
)

// lockKey is the advisory lock under which a database is migrated.
const lockKey int64 = 0x4146_4945_4c44 // "AFIELD"

// Up brings the database to this program's schema: the roles, River's own
// migrations, then the files that are new. It gives the names of what it applied.
// Two programs that start at once take turns under one lock. It refuses a
// database whose files differ from those built in, or that a newer program has
// migrated.
//
// The connection's account must own the database, or be able to make tables in
// its schema public.
func Up(ctx context.Context, conn *pgx.Conn) (applied []string, err error) {
	files, err := Files()
	if err != nil {
		return nil, err
	}
	return up(ctx, conn, files)
}

func up(ctx context.Context, conn *pgx.Conn, files []File) (applied []string, err error) {
	unlock, err := lock(ctx, conn)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := postgres.EnsureRoles(ctx, conn); err != nil {
		return nil, err
	}
	if err := openSchema(ctx, conn); err != nil {
		return nil, err
	}
	pending, err := compare(ctx, conn, files)
	if err != nil {
		return nil, err
	}
	river, err := upRiver(ctx, conn)
	if err != nil {
		return nil, err
	}
	applied = append(applied, river...)
	for _, file := range pending {
		if err := apply(ctx, conn, file); err != nil {
			return applied, err
		}
		applied = append(applied, file.Name)
	}
	return applied, nil
}

// lock waits for the lock by asking again and again: a session that waits inside
// the lock call would hold up an index that is being built concurrently.
func lock(ctx context.Context, conn *pgx.Conn) (unlock func() error, err error) {
	for {
		var taken bool
		if err := conn.QueryRow(ctx, "select pg_try_advisory_lock($1)", lockKey).Scan(&taken); err != nil {
			return nil, fmt.Errorf("take the migration lock: %w", err)
		}
		if taken {
			break
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for another program that migrates this database: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return func() error {
		if conn.IsClosed() { // the lock went with the connection
			return nil
		}
		if _, err := conn.Exec(context.WithoutCancel(ctx), "select pg_advisory_unlock($1)", lockKey); err != nil {
			return fmt.Errorf("give back the migration lock: %w", err)
		}
		return nil
	}, nil
}

// openSchema lets both roles use what this account makes from now on, so that a
// file only has to take rights away. It comes before River's tables.
func openSchema(ctx context.Context, conn *pgx.Conn) error {
	const roles = postgres.AppRole + ", " + postgres.SystemRole
	for _, statement := range []string{
		"grant usage on schema public to " + roles,
		"alter default privileges in schema public grant select, insert, update, delete on tables to " + roles,
		"alter default privileges in schema public grant usage, select on sequences to " + roles,
		`create table if not exists schema_migrations (
			version    integer primary key,
			name       text not null,
			checksum   text not null,
			applied_at timestamptz not null default now())`,
		"revoke insert, update, delete on schema_migrations from " + roles,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("open the schema to the application's roles: %w", err)
		}
	}
	return nil
}

func apply(ctx context.Context, conn *pgx.Conn, file File) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		// Many statements in one text need the simple protocol.
		if _, err := tx.Conn().PgConn().Exec(ctx, file.SQL).ReadAll(); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "insert into public.schema_migrations (version, name, checksum) values ($1, $2, $3)",
			file.Version, file.Name, file.Checksum)
		return err
	})
	if err != nil {
		return fmt.Errorf("migration %s: %w", file.Name, located(err, file.SQL))
	}
	return nil
}

// located adds the line of the file at which the database objected.
func located(err error, sql string) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Position == 0 {
		return err
	}
	line, seen := 1, int32(0)
	for _, letter := range sql {
		if seen++; seen >= pg.Position {
			break
		}
		if letter == '\n' {
			line++
		}
	}
	return fmt.Errorf("line %d: %w", line, err)
}
