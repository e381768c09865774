package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker"
)

// conflicts turns the name of a constraint into the plain sentence for whoever
// lost the race. A constraint that can be broken by two people acting at once
// belongs here; any other breach is a fault of ours.
var conflicts = map[string]*broker.Error{}

// Conflict names what it means when a constraint is breached; the package that
// owns the table calls it once, at start-up.
func Conflict(constraint, code, detail string) {
	conflicts[constraint] = broker.Conflict(code, "%s", detail)
}

// Mapped turns a database error into ours where it has a meaning for the
// caller, and gives any other back unchanged.
func Mapped(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	if known, ok := conflicts[pg.ConstraintName]; ok && (pg.Code == "23505" || pg.Code == "23P01" || pg.Code == "23514") {
		mapped := *known
		mapped.Cause = err
		return &mapped
	}
	return err
}

// isRetryable tells whether running the same work again can succeed.
func isRetryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}
