package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker"
)

// lostRaces says, for each constraint that two people acting at once can break,
// what to tell the one who came second. A violation of any other constraint is
// a fault of ours.
var lostRaces = map[string]struct{ code, detail string }{
	"one_open_loan_per_item":      {"already_on_loan", "That item is already on loan."},
	"one_captured_hold_per_item":  {"held_for_other", "That item is already kept for somebody."},
	"one_open_hold_per_request":   {"already_on_hold", "There is already a hold for that request."},
	"one_open_transit_per_item":   {"already_in_transit", "That item is already on its way."},
	"one_active_attempt":          {"already_asking", "A lender is already being asked for that request."},
	"barcode_unique_in_realm":     {"barcode_taken", "Another item has that barcode."},
	"cause_names_one_act":         {"key_used", "That key names another act, of another account or amount: use a new one."},
	"group_has_one_currency":      {"mixed_currencies", "The libraries of that shared catalogue keep another currency: one account cannot hold two."},
	"links_go_in_no_circle":       {"links_in_a_circle", "They would answer for each other, through those they are linked with: undo the other link first."},
	"card_number_unique_in_realm": {"card_number_taken", "Another patron has a card with that number."},
}

// Mapped turns a database error into ours where it has a meaning for the
// caller, and returns any other unchanged.
func Mapped(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	lost, known := lostRaces[pg.ConstraintName]
	if !known || pg.Code != "23505" && pg.Code != "23514" {
		return err
	}
	conflict := broker.Conflict(lost.code, "%s", lost.detail)
	conflict.Cause = err
	return conflict
}

// isRetryable tells whether running the same work again can succeed. The same
// message delivered twice at once is one such case: the second run finds the
// first.
func isRetryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01" || pg.ConstraintName == "lending_request_once")
}

// Unreadable tells whether the database could not read the text of a value, for
// example of a snapshot that a caller gave.
func Unreadable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "22P02"
}
