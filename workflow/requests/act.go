package requests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// Act is what a person wants to do with a request.
type Act struct {
	Library broker.ID
	Request broker.ID
	// Side, when given, must be the request's: /v1/lending shows only lending.
	Side   workflow.Side
	Action workflow.Event
	// Body are the fields of the action's form.
	Body map[string]json.RawMessage
	// ExpectVersion, when not 0, is the version the person saw: the act is a
	// conflict if the request has moved on since.
	ExpectVersion int
	Cause         engine.Cause
}

// Act lets a person do what the table allows: it reads the action's form and
// fires. A patron may act on their own requests only.
func (s *Service) Act(ctx context.Context, tx *postgres.Tx, now time.Time, actor broker.Actor, act Act) (engine.Fired, error) {
	var side workflow.Side
	var state workflow.State
	var patron *broker.ID
	err := tx.QueryRow(ctx, `select side, state, patron_id from requests where library_id = $1 and id = $2`, act.Library, act.Request).Scan(&side, &state, &patron)
	if errors.Is(err, pgx.ErrNoRows) || (err == nil && act.Side != "" && act.Side != side) {
		return engine.Fired{}, broker.NotFound("request")
	}
	if err != nil {
		return engine.Fired{}, fmt.Errorf("find a request: %w", err)
	}
	if actor.Kind == broker.ActorPatron && (patron == nil || *patron != actor.ID) {
		return engine.Fired{}, broker.NotFound("request")
	}
	form, known := formOf(s.Table(side), state, act.Action)
	if !known {
		return engine.Fired{}, broker.NotFound("action " + string(act.Action))
	}
	input, err := workflow.Read(form, act.Body)
	if err != nil {
		return engine.Fired{}, err
	}
	cause := act.Cause
	if cause.Kind == "" {
		cause = engine.Cause{Kind: "api"}
	}
	fired, err := s.Fire(ctx, tx, now, engine.Firing{
		Library: act.Library, Request: act.Request, Event: act.Action, Input: input, By: partyOf(actor), Actor: actor,
		Cause: cause, ExpectVersion: act.ExpectVersion,
	})
	if err != nil {
		return engine.Fired{}, err
	}
	return fired[0], nil
}

// formOf finds what an action asks for; known is false for a name that no row of
// the table lets a person choose.
func formOf(table *workflow.Table, state workflow.State, action workflow.Event) (form []workflow.Field, known bool) {
	for _, row := range table.Transitions {
		if row.On != action || !row.IsAction() {
			continue
		}
		known = true
		if slices.Contains(row.From, state) && len(row.Form) > len(form) {
			form = row.Form
		}
	}
	return form, known
}

func partyOf(actor broker.Actor) workflow.Party {
	switch actor.Kind {
	case broker.ActorStaff:
		return workflow.ByStaff
	case broker.ActorPatron:
		return workflow.ByPatron
	case broker.ActorPartner:
		return workflow.ByLender
	}
	return workflow.BySystem
}

// Load reads a request without locking it.
func (s *Service) Load(ctx context.Context, tx *postgres.Tx, library, request broker.ID) (*engine.Request, error) {
	rows, err := tx.Query(ctx, `select `+engine.Columns+`, `+engine.Who+` from requests r where library_id = $1 and id = $2`, library, request)
	if err != nil {
		return nil, fmt.Errorf("read a request: %w", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[engine.Request])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, broker.NotFound("request")
	}
	if err != nil {
		return nil, fmt.Errorf("read a request: %w", err)
	}
	return found, nil
}
