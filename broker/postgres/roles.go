package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The roles behind the pools. Migrations name them in their policies.
const (
	// AppRole sees the private rows of the libraries a transaction names.
	AppRole = "afield_app"
	// SystemRole sees all libraries: the sweep, the directory, the invariants.
	SystemRole = "afield_system"

	loginRole = "afield_login"
)

// RolesError says that the account of DATABASE_URL may not use the roles Afield
// works under, with the SQL an administrator must run once.
type RolesError struct {
	// SQL is what an administrator of the database runs.
	SQL   string
	Cause error
}

// Error explains and gives the SQL.
func (e *RolesError) Error() string {
	return fmt.Sprintf("The account of DATABASE_URL may not work as %s and %s (%v). An administrator must run once:\n%s",
		AppRole, SystemRole, e.Cause, e.SQL)
}

// Unwrap gives the database's answer.
func (e *RolesError) Unwrap() error { return e.Cause }

// EnsureRoles makes the two roles where they are missing and lets the connected
// account work under them. Roles belong to the whole server, so several
// processes may do this at once for different databases; losing that race is
// not an error.
func EnsureRoles(ctx context.Context, conn *pgx.Conn) error {
	var account string
	if err := conn.QueryRow(ctx, "select session_user::text").Scan(&account); err != nil {
		return fmt.Errorf("ask who is connected: %w", err)
	}
	var cause error
	for _, role := range []string{AppRole, SystemRole} {
		if mayBecome(ctx, conn, role) == nil {
			continue
		}
		quoted := pgx.Identifier{account}.Sanitize()
		cause = errors.Join(cause,
			raced(ctx, conn, "create role "+role+" nologin nosuperuser nobypassrls noinherit"),
			raced(ctx, conn, "grant "+role+" to "+quoted))
		if err := mayBecome(ctx, conn, role); err != nil {
			return &RolesError{SQL: rolesSQL(account), Cause: errors.Join(err, cause)}
		}
	}
	return nil
}

// ensureLogin makes the login of a private cluster, which inherits nothing and
// must take one of the two roles to see anything.
func ensureLogin(ctx context.Context, conn *pgx.Conn) error {
	if err := EnsureRoles(ctx, conn); err != nil {
		return err
	}
	var ready bool
	err := conn.QueryRow(ctx, `select count(*) = 2 from pg_auth_members
		where member = (select oid from pg_roles where rolname = $1)
		and roleid in (select oid from pg_roles where rolname in ($2, $3))`, loginRole, AppRole, SystemRole).Scan(&ready)
	if err != nil {
		return fmt.Errorf("look at the roles: %w", err)
	}
	if ready {
		return nil
	}
	for _, statement := range []string{
		"create role " + loginRole + " login nosuperuser nobypassrls noinherit",
		"grant " + AppRole + ", " + SystemRole + " to " + loginRole,
	} {
		if err := raced(ctx, conn, statement); err != nil {
			return fmt.Errorf("make the login %s: %w", loginRole, err)
		}
	}
	return nil
}

// mayBecome tries to take the role, which is the only test that works alike in
// all versions.
func mayBecome(ctx context.Context, conn *pgx.Conn, role string) error {
	if _, err := conn.Exec(ctx, "set role "+role); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "reset role")
	return err
}

// raced runs a statement on roles again while others do the same at once:
// "already exists" counts as done, and after "concurrently updated" it tries
// again.
func raced(ctx context.Context, conn *pgx.Conn, statement string) error {
	var err error
	for range 20 {
		_, err = conn.Exec(ctx, statement)
		var pg *pgconn.PgError
		switch {
		case err == nil:
			return nil
		case !errors.As(err, &pg):
			return err
		case pg.Code == "42710": // duplicate_object
			return nil
		case pg.Code == "23505" || strings.Contains(pg.Message, "concurrently updated"):
			if waitErr := pause(ctx, 10*time.Millisecond); waitErr != nil {
				return waitErr
			}
		default:
			return err
		}
	}
	return err
}

func rolesSQL(account string) string {
	return fmt.Sprintf(`  create role %[1]s nologin nosuperuser nobypassrls noinherit;
  create role %[2]s nologin nosuperuser nobypassrls noinherit;
  grant %[1]s, %[2]s to %[3]s;`, AppRole, SystemRole, pgx.Identifier{account}.Sanitize())
}
