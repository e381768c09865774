package engine

import (
	"cmp"
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/notices"
	"afield/broker/policy/ill"
	"afield/workflow"
	"afield/workflow/requests/tasks"
)

// perform runs an effect and carries out what it wants.
func (st *step) perform(ctx context.Context, effect workflow.Effect) error {
	before := st.Request.ownPart()
	wants, err := st.engine.effects[effect](ctx, &st.Case)
	if err != nil {
		return err
	}
	if st.Request.ownPart() != before {
		return fmt.Errorf("request %d: effect %s moved the request by itself", st.Request.Number, effect)
	}
	for _, want := range wants {
		if said, says := want.(Say); says && said.Message.Kind != workflow.Says[effect].Kind {
			return fmt.Errorf("request %d: effect %s says %s, which is not what workflow.Says has of it", st.Request.Number, effect, said.Message.Kind)
		}
		if err := st.carryOut(ctx, want); err != nil {
			return err
		}
	}
	return st.latch(ctx)
}

// carryOut does one thing that an effect wants.
func (st *step) carryOut(ctx context.Context, want Want) error {
	switch want := want.(type) {
	case Then:
		st.then(want.Event, want.Data)
	case Elsewhere:
		st.elsewhere = append(st.elsewhere, want.Firing)
	case Fact:
		st.data[want.Name] = want.Value
	case Remark:
		st.remarks = append(st.remarks, want.Reasons...)
	case Say:
		if st.Request.Side == workflow.SideLending {
			return st.answer(ctx, want.Message)
		}
		return st.say(ctx, cmp.Or(want.To, st.Current()), want.Message)
	case Send:
		st.refs = append(st.refs, want.Ref)
	case LookUp:
		return st.engine.jobs.LookUp(ctx, st.Tx, st.Request.LibraryID, st.Request.ID)
	case OpenTask:
		return st.task(want.Kind, want.Detail)
	case CloseTasks:
		return tasks.CloseSettled(st.Tx, st.Request.LibraryID, st.Request.ID, st.Firing.Actor, st.Now)
	case Notify:
		notices.Make(st.Tx, want.Patron, want.Message, st.Now)
		if st.acting != nil {
			st.acting.Told = append(st.acting.Told, told{Library: want.Patron.Library, Cause: want.Message.Cause})
		}
	case DropNotices:
		notices.WithdrawForRequest(st.Tx, st.Request.LibraryID, st.Request.ID, st.Now)
	case Charge, Reverse, Waive, Pay:
		return st.account(ctx, want)
	case SetDeadline, DropDeadline:
		st.deadlineBeside(want)
	case RestartDeadline:
		st.restart = true
	case WaitUntil:
		st.until = want.At
	case NeedByAgain:
		st.needByAgain()
	default:
		return fmt.Errorf("request %d: nobody knows how to carry out %T", st.Request.Number, want)
	}
	return nil
}

// account carries out what an effect wants done with money. Whether the patron
// is blocked is checked again when the effect is done.
func (st *step) account(ctx context.Context, want Want) (err error) {
	st.balanceMoved = st.Request.Side == workflow.SideBorrowing
	if _, charged := want.(Charge); st.acting != nil && !charged {
		return fmt.Errorf("request %d: %q is to be undone, but nothing takes %T back", st.Request.Number, st.Firing.Event, want)
	}
	switch want := want.(type) {
	case Charge:
		var entry ledger.Entry
		entry, err = ledger.Post(st.Tx, want.Charge)
		if st.acting != nil {
			st.acting.Charges = append(st.acting.Charges, charge{Library: want.Charge.Account.Library, ID: entry.ID})
		}
	case Reverse:
		if _, err = ledger.Reverse(ctx, st.Tx, want.Answer); broker.IsKind(err, broker.KindConflict) {
			err = nil
		}
	case Waive:
		_, err = ledger.Waive(ctx, st.Tx, want.Answer, want.Amount)
	case Pay:
		_, err = ledger.Pay(ctx, st.Tx, want.Payment)
	}
	return err
}

// deadlineBeside sets a deadline beside the state's own, or takes it away.
func (st *step) deadlineBeside(want Want) {
	switch want := want.(type) {
	case SetDeadline:
		st.putDeadline(want.Kind, want.Event, want.At)
	case DropDeadline:
		st.dropDeadline(want.Kind)
	}
}

// needByAgain sets the deadline of the need-by date again.
func (st *step) needByAgain() {
	end := st.Request.NeedBy.End(st.Library.Zone)
	if !st.Request.NeedBy.IsZero() && end.After(st.Now) && !st.Place().PastNeedBy {
		st.putDeadline(workflow.DeadlineNeedBy, workflow.EventNeedByPassed, end)
	}
}

// task puts something before staff, with the actions that settle it.
func (st *step) task(kind, detail string) error {
	if st.acting != nil {
		st.acting.Tasks = append(st.acting.Tasks, kind)
	}
	choices := []string{}
	for _, action := range st.Table.Available(st.Request.State, workflow.ByStaff, func(workflow.Guard) bool { return true }) {
		if action.Name != workflow.EventUndo && action.Name != workflow.EventNote {
			choices = append(choices, string(action.Name))
		}
	}
	return tasks.OpenWith(st.Tx, tasks.Opening{
		Library: st.Request.LibraryID, Request: st.Request.ID, Kind: kind, Detail: detail, Choices: choices, Facts: st.data,
		At: st.Now, DueOn: broker.DateIn(st.by(ill.DeadlineStaff), st.Library.Zone),
	})
}
