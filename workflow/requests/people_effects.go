package requests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy/telling"
	"afield/workflow"
	"afield/workflow/messages"
)

// Effects that tell people: notices to the patron, tasks for staff.

// tell makes an effect that gives the patron one kind of notice.
func tell(kind notices.Kind) func(*step, context.Context) error {
	return func(st *step, ctx context.Context) error {
		if st.request.PatronID == nil {
			return nil
		}
		patron, err := patrons.ByID(ctx, st.tx, st.patron())
		if err != nil {
			return err
		}
		message := notices.Message{
			Kind: kind, Request: st.request.ID, Cause: fmt.Sprintf("%s:%s:%d", kind, st.request.ID, st.request.Version),
			Facts: st.noticeFacts(kind),
		}
		if kind == notices.Arrived {
			for _, channel := range telling.ArrivalNotice(st.doc, patron.Class).Value {
				message.Channels = append(message.Channels, notices.Channel(channel))
			}
		}
		notices.Make(st.tx, patron, message, st.now)
		return nil
	}
}

func (st *step) noticeFacts(kind notices.Kind) notices.Facts {
	facts := notices.Facts{Title: st.request.Citation.Title, Number: st.request.Number}
	switch kind {
	case notices.Arrived, notices.ShelfExpiring:
		facts.PickUpBy = st.request.PickUpBy
	case notices.CostApproval:
		if entry := st.active(); entry != nil {
			amount := st.consent(entry).PatronPays
			facts.Amount = &amount
		}
		facts.AnswerBy = broker.DateIn(st.dueAt("approval"), st.library.Zone)
	case notices.Overdue, notices.Recalled, notices.RenewalGranted, notices.RenewalRefused, notices.DueChanged, notices.Lost:
		facts.DueOn = st.request.PatronDueOn
	case notices.Unfilled, notices.Cancelled, notices.Expired:
		facts.Reason = st.row.Label
	}
	return facts
}

func (st *step) dropNotices(context.Context) error {
	notices.WithdrawForRequest(st.tx, st.request.LibraryID, st.request.ID, st.now)
	return nil
}

// openTask puts the event before staff, with the actions that settle it. One
// task of a kind is open for a request at a time.
func (st *step) openTask(context.Context) error {
	return st.task(string(st.firing.Event), st.row.Label)
}

func (st *step) task(kind, detail string) error {
	choices := []string{}
	for _, action := range workflow.TableOf(st.request.Side).Available(st.request.State, workflow.ByStaff, func(workflow.Guard) bool { return true }) {
		if action.Name != workflow.EventUndo && action.Name != workflow.EventNote {
			choices = append(choices, string(action.Name))
		}
	}
	facts, err := json.Marshal(st.data)
	if err != nil {
		return fmt.Errorf("write the facts of a task: %w", err)
	}
	due := broker.DateIn(st.dueAt("review"), st.library.Zone)
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

// closeTasks ends what the event settles: everything that waited for the
// request to move on.
func (st *step) closeTasks(context.Context) error {
	actor, err := json.Marshal(st.firing.Actor)
	if err != nil {
		return fmt.Errorf("write an actor: %w", err)
	}
	st.tx.Queue(`update staff_tasks set closed_at = $3, closed_by = $4
		where library_id = $1 and request_id = $2 and closed_at is null and not kind like any ($5)`,
		st.request.LibraryID, st.request.ID, st.now, actor, lastingTasks)
	return nil
}

// Effects that set a flag or a field of the request.

func setting(set func(*step)) func(*step, context.Context) error {
	return func(st *step, _ context.Context) error { set(st); return nil }
}

func cancelling(reason string) func(*step, context.Context) error {
	return setting(func(st *step) { st.request.CancelReason = &reason })
}

func (st *step) rememberState(context.Context) error {
	previous := string(st.from)
	st.request.PreviousState = &previous
	return nil
}

func (st *step) reopen(context.Context) error {
	st.request.CancelReason, st.request.PreviousState = nil, nil
	st.request.ReturnUnused, st.request.Recalled, st.request.Overdue, st.request.RenewalPending = false, false, false, false
	st.request.PatronContactAt, st.request.ApprovedCostMinor = nil, 0
	st.request.RotaEntryID, st.request.Fulfilment = nil, nil
	st.needByAgain()
	return nil
}

// needByAgain restarts the clock of the date the patron needs it by.
func (st *step) needByAgain() {
	end := st.request.NeedBy.End(st.library.Zone)
	if !st.request.NeedBy.IsZero() && end.After(st.now) && !pastNeedBy[st.request.State] {
		st.putDeadline("need_by", workflow.EventNeedByPassed, end)
	}
}

// askAfterAll puts the request to the lender back into the outbox, when undoing
// a cancel finds that it had been withdrawn.
func (st *step) askAfterAll(ctx context.Context) error {
	entry := st.active()
	if entry == nil || entry.Fulfilment != "ill" {
		return nil
	}
	ref, restored, err := messages.RestoreAsk(ctx, st.tx, st.request.LibraryID, st.request.ID, entry.ID, st.now)
	if err != nil || !restored {
		return err
	}
	lender, err := st.service.library(ctx, st.tx, ref.Peer)
	if err != nil {
		return err
	}
	ref.Protocol = lender.Protocol
	st.refs = append(st.refs, ref)
	return nil
}

func (st *step) keepContact(context.Context) error {
	at := st.now
	st.request.PatronContactAt = &at
	return nil
}

// lastUndoable reads the last event and the table's word on taking it back.
func (st *step) lastUndoable(ctx context.Context) (from workflow.State, version int, undo workflow.Undo, err error) {
	var event, fromState string
	err = st.tx.QueryRow(ctx, `select event, from_state, version from request_events
		where library_id = $1 and request_id = $2 and actor ->> 'kind' in ('staff', 'patron') and event <> 'note' order by version desc limit 1`,
		st.request.LibraryID, st.request.ID).Scan(&event, &fromState, &version)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", 0, workflow.Undo{}, nil
	}
	if err != nil {
		return "", 0, workflow.Undo{}, fmt.Errorf("read the last act: %w", err)
	}
	for _, row := range workflow.TableOf(st.request.Side).Transitions {
		if row.On == workflow.Event(event) && (row.To == st.request.State || row.To == workflow.Same) && row.Undo.Kind != workflow.UndoNever {
			return workflow.State(fromState), version, row.Undo, nil
		}
	}
	return workflow.State(fromState), version, workflow.Undo{}, nil
}

// canUndo tells whether the last act of a person can be taken back: nothing has
// happened since, and its message is still unclaimed.
func (st *step) canUndo(ctx context.Context) (bool, error) {
	_, version, undo, err := st.lastUndoable(ctx)
	if err != nil || undo.Kind != workflow.UndoUntilSent || version != st.versionBefore() {
		return false, err
	}
	return messages.Unsent(ctx, st.tx, st.request.LibraryID, st.request.ID, version)
}

// versionBefore is the request's version before the row now being looked at.
func (st *step) versionBefore() int { return st.request.Version }

// undoLast takes the last act back: its message is withdrawn under its lock,
// its charges are reversed by new entries, and the request stands where it was.
func (st *step) undoLast(ctx context.Context) error {
	from, version, _, err := st.lastUndoable(ctx)
	if err != nil {
		return err
	}
	if err := messages.Withdraw(ctx, st.tx, st.request.LibraryID, st.request.ID, version, st.now); err != nil {
		return err
	}
	if entry := st.active(); entry != nil {
		entry.changed = true
		switch from {
		case workflow.Requested:
			entry.Status = EntryAsked
		case workflow.Conditional:
			entry.Status = EntryOffered
		case workflow.AwaitingCostApproval:
			entry.Status = EntryApproval
			if entry.Conditions != "" || entry.Answer == "conditional" {
				entry.Status = EntryOffered
			}
			st.request.ApprovedCostMinor = 0
		}
	}
	if st.from == workflow.Received && from != workflow.Received {
		if from != workflow.Shipped {
			st.forgetTerms() // staff had entered them
		}
		if err := st.reverseFee(ctx); err != nil {
			return err
		}
	}
	if st.from == workflow.CheckedOut {
		st.request.RenewalPending = false
	}
	if st.from == workflow.ReturnShipped {
		catalog.SetItemStatus(st.tx, st.request.LibraryID, *st.request.ItemID, catalog.Received)
		if entry := st.current(); entry != nil {
			entry.Status, entry.Active, entry.changed = EntrySupplied, true, true
		}
	}
	if st.from == workflow.CancelPending {
		st.request.CancelReason = nil
		if err := st.askAfterAll(ctx); err != nil {
			return err
		}
	}
	st.state(from)
	st.needByAgain()
	st.resetDeadline = true
	st.data["undone_version"] = version
	return nil
}
