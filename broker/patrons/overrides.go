package patrons

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// Override is a rule that was overridden for a patron: by whom, and why.
type Override struct {
	// Library is the library whose desk overrode it.
	Library broker.ID
	// Patron is the patron it was for; NoID where no patron is concerned.
	Patron broker.ID
	// Action is what was done nevertheless.
	Action rule.Action
	// Code and Rule are those of the reason that was overridden.
	Code string
	Rule string
	// Reason is why, in the words of the person who overrode it.
	Reason string
	// About is the loan, hold or card it was for.
	About broker.ID
	Actor broker.Actor
	At    time.Time
}

// PassOver splits the reasons of a refusal into those that stand and those that
// the actor asked to pass over, by their codes, and is allowed to.
func PassOver(reasons []broker.Reason, codes []string, actor broker.Actor) (standing, passed []broker.Reason) {
	for _, reason := range reasons {
		if slices.Contains(codes, reason.Code) && slices.ContainsFunc(reason.MayOverride, actor.HasRole) {
			passed = append(passed, reason)
		} else {
			standing = append(standing, reason)
		}
	}
	return standing, passed
}

// RecordOverride queues the record of an overridden rule. It refuses (invalid)
// one without a written reason or without the code of what was overridden.
// Whether the actor's role may do it is for the decision's MayOverride.
func RecordOverride(tx *postgres.Tx, o Override) error {
	var wrong []broker.FieldError
	if o.Reason == "" {
		wrong = append(wrong, broker.FieldError{Pointer: "/override/reason", Code: "required", Message: "passing over a rule needs a written reason"})
	}
	if o.Code == "" || o.Action == "" {
		wrong = append(wrong, broker.FieldError{Pointer: "/override/code", Code: "required", Message: "must name the reason passed over and the act"})
	}
	if wrong != nil {
		return broker.Invalid(wrong...)
	}
	tx.Queue(`insert into overrides (library_id, id, patron_id, action, code, rule, reason, about_id, actor, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		o.Library, broker.NewID(), o.Patron, o.Action, o.Code, o.Rule, o.Reason, o.About, o.Actor, o.At)
	return nil
}

// Overridden says what a recorded override was about.
type Overridden struct {
	ID     broker.ID
	Action rule.Action
	About  broker.ID
}

// OverriddenFor gives up to limit overrides for patrons of a library that name
// the thing they were about, in the order of their ids after one.
func OverriddenFor(ctx context.Context, tx *postgres.Tx, library, after broker.ID, limit int) ([]Overridden, error) {
	rows, err := tx.Query(ctx, `select id, action, about_id from overrides
		where library_id = $1 and patron_id is not null and about_id is not null and ($2::uuid is null or id > $2)
		order by id limit $3`, library, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list what overrides were about: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Overridden])
	if err != nil {
		return nil, fmt.Errorf("list what overrides were about: %w", err)
	}
	return found, nil
}

// ForgetOverridden queues removing what overrides were about, and the written
// reason, which may name it. Who passed over which rule for whom, and when, stays.
func ForgetOverridden(tx *postgres.Tx, library broker.ID, overrides []broker.ID) {
	tx.Queue(`update overrides set about_id = null, reason = 'about something that is forgotten' where library_id = $1 and id = any ($2)`,
		library, overrides)
}
