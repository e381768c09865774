package requests

import (
	"context"
	"encoding/json"
	"fmt"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/notices"
	"afield/broker/policy/ill"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// facts are what guards and effects are given.
func (st *step) facts() *engine.Case {
	return &engine.Case{
		Tx: st.tx, Now: st.now, Library: st.library, Policy: st.doc, Request: st.request, Rota: &st.entries, Others: st.others,
		Cache: st.service.cache, Firing: st.firing, Row: st.row, From: st.from,
	}
}

// perform runs an effect and carries out what it wants.
func (st *step) perform(ctx context.Context, effect engine.Effect) error {
	c := st.facts()
	wants, err := effect(ctx, c)
	if err != nil {
		return err
	}
	st.others = c.Others
	for _, want := range wants {
		if err := st.carryOut(ctx, want); err != nil {
			return err
		}
	}
	if !st.balanceMoved {
		return nil
	}
	st.balanceMoved = false
	_, err = circulation.UpdateLatch(ctx, st.tx, st.library.Library, st.doc, c.Patron(), st.now)
	return err
}

// carryOut does one thing that an effect wants.
func (st *step) carryOut(ctx context.Context, want engine.Want) error {
	switch want := want.(type) {
	case engine.Then:
		st.then(want.Event, want.Data)
	case engine.Elsewhere:
		st.elsewhere = append(st.elsewhere, want.Firing)
	case engine.Fact:
		st.data[want.Name] = want.Value
	case engine.Remark:
		st.notes = append(st.notes, want.Reasons...)
	case engine.Say:
		if st.request.Side == workflow.SideLending {
			return st.answer(ctx, want.Message)
		}
		return st.say(ctx, want.Message)
	case engine.Send:
		st.refs = append(st.refs, want.Ref)
	case engine.LookUp:
		return st.service.jobs.LookUp(ctx, st.tx, st.request.LibraryID, st.request.ID)
	case engine.OpenTask:
		return st.task(want.Kind, want.Detail)
	case engine.CloseTasks:
		return st.closeTasks()
	case engine.Notify:
		notices.Make(st.tx, want.Patron, want.Message, st.now)
	case engine.DropNotices:
		notices.WithdrawForRequest(st.tx, st.request.LibraryID, st.request.ID, st.now)
	case engine.Charge, engine.Reverse, engine.Waive, engine.Pay:
		return st.account(ctx, want)
	case engine.SetDeadline, engine.DropDeadline:
		st.deadlineBeside(want)
	case engine.RestartDeadline:
		st.resetDeadline = true
	case engine.WaitUntil:
		st.until = want.At
	case engine.NeedByAgain:
		st.needByAgain()
	case engine.PutBack:
		st.state(want.State)
	default:
		return fmt.Errorf("request %d: nobody knows how to carry out %T", st.request.Number, want)
	}
	return nil
}

// account does what an effect wants with money. A patron's block is looked at
// again when the effect is done.
func (st *step) account(ctx context.Context, want engine.Want) (err error) {
	st.balanceMoved = st.request.Side == workflow.SideBorrowing && st.request.PatronID != nil
	switch want := want.(type) {
	case engine.Charge:
		_, err = ledger.Post(st.tx, want.Charge)
	case engine.Reverse:
		if _, err = ledger.Reverse(ctx, st.tx, want.Answer); broker.IsKind(err, broker.KindConflict) {
			err = nil
		}
	case engine.Waive:
		_, err = ledger.Waive(ctx, st.tx, want.Answer, want.Amount)
	case engine.Pay:
		_, err = ledger.Pay(ctx, st.tx, want.Payment)
	}
	return err
}

// deadlineBeside sets a deadline beside the state's own, or takes it away.
func (st *step) deadlineBeside(want engine.Want) {
	switch want := want.(type) {
	case engine.SetDeadline:
		st.putDeadline(want.Kind, want.Event, want.At)
	case engine.DropDeadline:
		st.dropDeadline(want.Kind)
	}
}

// needByAgain restarts the clock of the date the patron needs it by.
func (st *step) needByAgain() {
	end := st.request.NeedBy.End(st.library.Zone)
	if !st.request.NeedBy.IsZero() && end.After(st.now) && !st.place().PastNeedBy {
		st.putDeadline(workflow.DeadlineNeedBy, workflow.EventNeedByPassed, end)
	}
}

// task puts something before staff. One task of a kind is open for a request at
// a time.
func (st *step) task(kind, detail string) error {
	choices := []string{}
	for _, action := range st.table().Available(st.request.State, workflow.ByStaff, func(workflow.Guard) bool { return true }) {
		if action.Name != workflow.EventUndo && action.Name != workflow.EventNote {
			choices = append(choices, string(action.Name))
		}
	}
	facts, err := json.Marshal(st.data)
	if err != nil {
		return fmt.Errorf("write the facts of a task: %w", err)
	}
	due := broker.DateIn(ill.DeadlineAt(st.doc, st.moment(), ill.DeadlineStaff), st.library.Zone)
	st.tx.Queue(`insert into staff_tasks (library_id, id, request_id, kind, detail, choices, facts, opened_at, due_on)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (library_id, request_id, kind) where closed_at is null and request_id is not null
		do update set detail = excluded.detail, choices = excluded.choices, facts = excluded.facts, due_on = excluded.due_on`,
		st.request.LibraryID, broker.NewID(), st.request.ID, kind, detail, choices, facts, st.now, due)
	return nil
}

// lastingTasks are about something that a later move of the request does not
// settle: only a person closes them.
var lastingTasks = []string{
	"cost_above_approved", "invoice_in_other_currency", "late_yes", "late_shipment", "arrived_again", "invoice", "loaned", "return",
	"dispute", "message_refused", "deadline_failed", "was_stuck", "tell_by_hand_%",
}

// closeTasks ends everything that waited for the request to move on.
func (st *step) closeTasks() error {
	actor, err := json.Marshal(st.firing.Actor)
	if err != nil {
		return fmt.Errorf("write an actor: %w", err)
	}
	st.tx.Queue(`update staff_tasks set closed_at = $3, closed_by = $4
		where library_id = $1 and request_id = $2 and closed_at is null and not kind like any ($5)`,
		st.request.LibraryID, st.request.ID, st.now, actor, lastingTasks)
	return nil
}
