package desk

import (
	"context"
	"fmt"
	"strings"

	"afield/broker"
	"afield/broker/acts"
	"afield/broker/ledger"
	"afield/broker/policy/lending"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/desk/counter"
	"afield/workflow/messages"
	"afield/workflow/requests/engine"
)

// Undo takes exactly one act at a desk of the library back, with who and why:
// loan, hold, item, custody, request and charges stand as before it, notices and
// messages that are still unsent are withdrawn. It refuses (refused, code
// cannot_undo) while anything has followed, with every reason, and once it is too
// late. Undone already, it is the same answer, whoever asks.
func (s *Service) Undo(ctx context.Context, tx *postgres.Tx, at counter.At, id broker.ID, why string) (acts.Act, error) {
	if why = strings.TrimSpace(why); why == "" {
		return acts.Act{}, broker.Invalid(broker.FieldError{Pointer: "/reason", Code: "required", Message: "must say why"})
	}
	act, err := acts.Lock(ctx, tx, at.Library, id)
	if err != nil || act.Undone != nil {
		return act, err
	}
	if _, err := s.counter.Desk(ctx, tx, at); err != nil { // and see the sharing group
		return act, err
	}
	if !act.UndoUntil.After(at.Now) {
		return act, s.tooLate(ctx, tx, at, act)
	}
	changes, err := acts.Changes(ctx, tx, act)
	if err != nil {
		return act, err
	}
	var requests []standing.RequestRef
	var made, sent []broker.ID
	for _, change := range changes {
		if change.Library != broker.NoID {
			tx.Widen(change.Library)
		}
		switch {
		case change.Table == "requests":
			requests = append(requests, standing.RequestRef{Library: change.Library, Request: change.ID})
		case change.Table == "ledger_entries":
			made = append(made, change.ID)
		case change.Table == "messages" && change.Made:
			sent = append(sent, change.ID)
		}
	}
	if err := engine.Lock(ctx, tx, requests...); err != nil {
		return act, err
	}
	reasons, err := s.followed(ctx, tx, act)
	if err != nil {
		return act, err
	}
	money := ledger.Void{Library: at.Library, Reason: why, Actor: at.Actor, At: at.Now}
	if len(reasons) > 0 { // money, too, is only looked at
		more, err := ledger.FollowedBy(ctx, tx, made)
		if err != nil {
			return act, err
		}
		return act, cannotUndo(act, append(reasons, more...))
	}
	if _, reasons, err = ledger.UndoAct(ctx, tx, made, money); err != nil {
		return act, err
	}
	if len(reasons) > 0 {
		return act, cannotUndo(act, reasons)
	}
	messages.WithdrawUnsent(tx, sent, at.Now)
	by := engine.Undoing{Act: act.ID, Actor: at.Actor, Why: why, Now: at.Now}
	if err := engine.TakenBack(ctx, tx, requests, by, func() error { return acts.PutBack(ctx, tx, act, "ledger_entries") }); err != nil {
		return act, err
	}
	act.Undone = &acts.Undone{At: at.Now, By: at.Actor, Why: why}
	acts.Undo(tx, act)
	return act, nil
}

// tooLate refuses to undo an act whose time is over, or that nobody may undo.
func (s *Service) tooLate(ctx context.Context, tx *postgres.Tx, at counter.At, act acts.Act) error {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return err
	}
	document, err := s.counter.Policies.Rules(desk)
	if err != nil {
		return err
	}
	entry := lending.UndoTime(document)
	reason := broker.Reason{
		Code: "too_late_to_undo", Rule: entry.Rule, Clause: entry.Clause, Message: "It could be undone until then, and no longer.",
		Needed: entry.Value.String(), Found: at.Now.In(desk.Calendar().Zone()).Format("2006-01-02 15:04"),
	}
	if act.UndoUntil.IsZero() {
		reason.Code, reason.Message = "never_undone", "The policy lets no act at a desk be undone."
	} else {
		reason.Needed = "until " + act.UndoUntil.In(desk.Calendar().Zone()).Format("2006-01-02 15:04")
	}
	return cannotUndo(act, []broker.Reason{reason})
}

// instead says what to do in place of undoing an act.
var instead = map[acts.Kind]string{
	acts.CheckOut: "take the item back",
	acts.CheckIn:  "lend the item to the patron again, and let a director correct the account",
	acts.Shelve:   "take it off the hold shelf, or scan it where it is to go",
	acts.Receive:  "send the item back, or note on the request what is wrong",
	acts.Send:     "scan the item when it is in hand again",
	acts.Payment:  "a director voids the receipt",
}

func cannotUndo(act acts.Act, reasons []broker.Reason) error {
	return broker.Refused("cannot_undo", "It can no longer be undone as "+act.Kind.Words()+": "+instead[act.Kind]+" instead.", reasons...)
}

// What has followed where a row is no longer as an act left it, by its table. Rows
// of other tables follow by themselves, and stay as they are.
var followedIn = map[string]broker.Reason{
	"items":            {Code: "item_moved_on", Message: "The item has been scanned, moved or marked since."},
	"transits":         {Code: "item_moved_on", Message: "The item has been scanned, moved or marked since."},
	"loans":            {Code: "loan_moved_on", Message: "The loan has been renewed, claimed, lost or ended since."},
	"claims":           {Code: "loan_moved_on", Message: "The loan has been renewed, claimed, lost or ended since."},
	"holds":            {Code: "hold_moved_on", Message: "The hold that it touched has been changed, collected or ended since."},
	"requests":         {Code: "request_moved_on", Message: "The request has moved on since."},
	"request_items":    {Code: "request_moved_on", Message: "The request has moved on since."},
	"late_parcels":     {Code: "request_moved_on", Message: "The request has moved on since."},
	"rota_entries":     {Code: "request_moved_on", Message: "The request has moved on since."},
	"messages":         {Code: "message_sent", Message: "The message to the other library has gone out, and cannot be called back."},
	"notices":          {Code: "patron_told", Message: "A patron has been told of it: call them before you undo anything by hand."},
	"refund_vouchers":  {Code: "voucher_moved_on", Message: "A voucher that it wrote has been paid or cancelled since."},
	"library_invoices": {Code: "invoice_moved_on", Message: "An invoice between libraries that it made has moved on since."},
}

// followed gives what has followed from an act: what was done later with the same
// things, and what is otherwise no longer as the act left it.
func (s *Service) followed(ctx context.Context, tx *postgres.Tx, act acts.Act) (reasons []broker.Reason, err error) {
	later, err := acts.Later(ctx, tx, act)
	if err != nil {
		return nil, err
	}
	for _, one := range later {
		reasons = append(reasons, broker.Reason{
			Code: "act_followed", Message: fmt.Sprintf("Since then it was %s: undo that first.", one.Kind.Words()),
			Found: "act " + one.ID.String() + " at " + one.At.UTC().Format("2006-01-02T15:04Z"),
		})
	}
	changed, err := acts.Followed(ctx, tx, act)
	if err != nil {
		return nil, err
	}
	said := map[string]bool{}
	for _, change := range changed {
		if reason, known := followedIn[change.Table]; known && !said[reason.Code] {
			said[reason.Code] = true
			reasons = append(reasons, reason)
		}
	}
	return reasons, nil
}
