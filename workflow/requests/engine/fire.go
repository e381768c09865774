package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/messages"
)

// mostMoves bounds how many rows one firing may run through by itself. The
// tables need about six, so this many means that rows lead back to each other.
const mostMoves = 40

// step is one request while it is being moved.
type step struct {
	engine *Engine
	Case

	data map[string]any // what the row puts into the timeline

	followUps    []Firing
	elsewhere    []Firing       // for other requests, after this one
	refs         []messages.Ref // messages put out, to be enqueued
	remarks      []broker.Reason
	balanceMoved bool      // the patron's account changed
	restart      bool      // the state's deadline starts again
	until        time.Time // a deadline that an effect or input fixed
	acting       *acting   // the row being taken, where it can be undone
	undone       *KeptAct  // the act that was undone, until its items are put back
}

// Fire moves requests: it locks them in order of id, asks the table what each
// event means, runs the row's effects and every step that follows by itself,
// and queues all writes onto the transaction. Nothing else writes a request's
// state, but for TakenBack, which puts it back. Errors: a conflict where the table
// has no row, an invalid input, a refusal by policy; nothing is written then.
func (e *Engine) Fire(ctx context.Context, tx *postgres.Tx, now time.Time, firings ...Firing) ([]Fired, error) {
	steps, err := e.load(ctx, tx, now, firings)
	if err != nil {
		return nil, err
	}
	fired := make([]Fired, len(firings))
	for i, firing := range firings {
		st := steps[firing.Request]
		moves, err := st.run(ctx, firing)
		if err != nil {
			return nil, err
		}
		fired[i] = Fired{Request: st.Request, Moves: moves, Notes: st.remarks}
	}
	var others []Firing
	for _, id := range sortedIDs(steps) {
		if err := steps[id].save(ctx); err != nil {
			return nil, err
		}
		others = append(others, steps[id].elsewhere...)
	}
	if len(others) == 0 {
		return fired, nil
	}
	for _, other := range others {
		tx.Widen(other.Library)
	}
	_, err = e.Fire(ctx, tx, now, others...)
	return fired, err
}

func sortedIDs(steps map[broker.ID]*step) []broker.ID {
	ids := make([]broker.ID, 0, len(steps))
	for id := range steps {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, broker.ID.Compare)
	return ids
}

// run takes the row of one firing, then the rows that follow by themselves.
func (st *step) run(ctx context.Context, firing Firing) ([]Move, error) {
	var moves []Move
	queue := []Firing{firing}
	for len(queue) > 0 {
		if len(moves) >= mostMoves {
			return nil, fmt.Errorf("request %d: more than %d moves by itself, last %s", st.Request.Number, mostMoves, queue[0].Event)
		}
		move, err := st.take(ctx, queue[0])
		if err != nil {
			return nil, err
		}
		moves = append(moves, move)
		queue = append(queue[1:], st.followUps...)
		st.followUps = nil
	}
	return moves, nil
}

// take moves the request by one row.
func (st *step) take(ctx context.Context, firing Firing) (Move, error) {
	request := st.Request
	if firing.ExpectVersion != 0 && firing.ExpectVersion != request.Version {
		return Move{}, broker.Conflict("changed_meanwhile", "The request has changed since you looked at it; it is now %q.", st.Place().Label)
	}
	st.Firing, st.data, st.about, st.DueMoved = firing, map[string]any{}, nil, false
	st.counts = nil
	for key, value := range firing.Data {
		st.data[key] = value
	}
	var guardErr error
	st.Row = workflow.Transition{}
	row, err := st.Table.Next(request.State, firing.Event, func(guard workflow.Guard) bool {
		holds, err := st.engine.guards[guard](ctx, &st.Case)
		if err != nil {
			guardErr = err
		}
		return holds
	})
	if guardErr != nil {
		return Move{}, fmt.Errorf("look at the facts of request %d: %w", request.Number, guardErr)
	}
	if err != nil {
		return Move{}, err
	}
	if !mayBring(row, firing.By) {
		return Move{}, broker.Forbidden("%q is not for you to do.", firing.Event.Words())
	}
	st.Row = row
	from := request.State
	st.From = from
	to := st.target(row)
	undoes, err := st.undoes(ctx)
	if err != nil {
		return Move{}, err
	}
	if err := st.keepBefore(row.Undo.Taker()); err != nil {
		return Move{}, err
	}
	request.Version++
	if err := st.keepInput(); err != nil {
		return Move{}, err
	}
	st.state(to)
	for _, effect := range row.Do {
		if err := st.perform(ctx, effect); err != nil {
			return Move{}, err
		}
	}
	st.moveCopy()
	if !request.ClosedAt.IsZero() {
		if entry := st.Active(); entry != nil { // an ended request depends on nobody
			entry.Active = false
			entry.Touch()
		}
	}
	if entry := st.Active(); entry != nil && request.Owner == workflow.OwnerLender && entry.LenderID == request.LibraryID {
		request.Owner = workflow.OwnerStaff // our own shelf: nobody else is waited for
	}
	st.deadline(from)
	if undoes != nil {
		if err := st.putBack(ctx, undoes); err != nil {
			return Move{}, err
		}
	}
	move := Move{Event: firing.Event, From: from, To: request.State, Version: request.Version, Label: row.Label}
	return move, st.event(move)
}

// mayBring tells whether a party may bring an event. What the system finds by
// itself it may always bring; staff may do what happens at the desk.
func mayBring(row workflow.Transition, by workflow.Party) bool {
	return by == workflow.BySystem || row.May(by) || (by == workflow.ByStaff && row.May(workflow.ByDesk)) ||
		(by == workflow.ByDesk && row.May(workflow.BySystem)) // what a scan finds out
}

func (st *step) target(row workflow.Transition) workflow.State {
	switch row.To {
	case workflow.Same:
		return st.Request.State
	case workflow.Previous:
		if st.Request.PreviousState != nil {
			return workflow.State(*st.Request.PreviousState)
		}
		return st.Request.State
	}
	return row.To
}

// state puts the request into a state and derives what follows from it: the
// owner, and whether it has ended.
func (st *step) state(to workflow.State) {
	st.Request.State = to
	place := st.Place()
	st.Request.Owner = place.Owner
	switch {
	case place.Ended && st.Request.ClosedAt.IsZero():
		st.Request.ClosedAt = st.Now
		reason := string(st.Firing.Event)
		st.Request.ClosedReason = &reason
	case !place.Ended:
		st.Request.ClosedAt, st.Request.ClosedReason = time.Time{}, nil
	}
	if st.Request.PreviousState != nil && !st.Table.Returns(to) {
		st.Request.PreviousState = nil
	}
}

// keepInput puts what was entered into the timeline; free text may hold names,
// so notes go to request_notes and only their existence is recorded.
func (st *step) keepInput() error {
	for name, value := range st.Firing.Input {
		switch value := value.(type) {
		case broker.Date:
			if !value.IsZero() {
				st.data[name] = value.String()
			}
			if name == "until" {
				st.until = value.Start(st.Library.Zone)
			}
		case broker.Money, int:
			st.data[name] = value
		case string:
			if value != "" && st.isFreeText(name) {
				if err := st.note(value); err != nil {
					return err
				}
			} else if value != "" {
				st.data[name] = value
			}
		}
	}
	return nil
}

// isFreeText tells what a person wrote in words of their own, which may name
// somebody, from codes, barcodes and what another library's system said.
func (st *step) isFreeText(name string) bool {
	if name == "note" {
		return true
	}
	if st.Firing.By == workflow.ByLender || st.Firing.By == workflow.ByBorrower {
		return false
	}
	for _, field := range st.Row.Form {
		if field.Name == name {
			return field.Type == workflow.FieldText
		}
	}
	return false
}

// then fires another event in the same transaction, by the system.
func (st *step) then(event workflow.Event, data map[string]any) {
	st.followUps = append(st.followUps, Firing{
		Library: st.Request.LibraryID, Request: st.Request.ID, Event: event, By: workflow.BySystem,
		Actor: broker.System(st.Request.LibraryID), Cause: Cause{Kind: "rule", ID: string(st.Firing.Event)}, Data: data,
	})
}
