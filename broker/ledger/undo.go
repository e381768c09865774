package ledger

import (
	"context"
	"fmt"
	"slices"

	"afield/broker"
	"afield/broker/postgres"
)

// UndoAct answers the entries that one act made by opposite ones, the last first,
// because the act is undone: a charge is corrected, a payment or refund undone, and
// what was taken back or waived is charged again. Nothing is changed or deleted.
// Where money has followed (a charge was paid or corrected, credit used, a till
// counted), nothing is written and the answer says what.
func UndoAct(ctx context.Context, tx *postgres.Tx, made []broker.ID, why Void) (undone []Entry, followed []broker.Reason, err error) {
	entries, err := byIDs(ctx, tx, made)
	if err != nil || len(entries) == 0 {
		return nil, nil, err
	}
	for _, entry := range entries {
		lock(tx, entry.Account)
	}
	if followed, err = FollowedBy(ctx, tx, made); err != nil || len(followed) > 0 {
		return nil, followed, err
	}
	var accounts []Account
	for _, entry := range slices.Backward(entries) {
		answer := entry
		answer.ID, answer.Note, answer.Actor, answer.At = broker.NewID(), why.Reason, why.Actor, why.At
		answer.Cause, answer.Act, answer.Amount, answer.Period = "undo:"+entry.ID.String(), "", entry.Amount.Negated(), 0
		answer.LostOn = broker.Date{}
		switch entry.Kind {
		case KindCharge:
			answer.Kind, answer.Against, answer.Correction = KindReversal, entry.ID, CorrectedUndone
		case KindPayment, KindRefund, KindLapse:
			answer.Kind, answer.Undoes = KindReversal, entry.ID
		case KindReversal, KindWaiver:
			answer.Kind, answer.Against, answer.Undoes, answer.Correction = KindCharge, broker.NoID, broker.NoID, ""
			if answer.Period, err = periodOf(ctx, tx, entry.Account.Library, entry.Against); err != nil {
				return nil, nil, err
			}
		}
		add(tx, answer)
		undone = append(undone, answer)
		if !slices.Contains(accounts, entry.Account) {
			accounts = append(accounts, entry.Account)
		}
	}
	for _, account := range accounts {
		followInvoices(tx, account, why.At)
	}
	return undone, nil, nil
}

// byIDs gives entries in the order in which they were made.
func byIDs(ctx context.Context, tx *postgres.Tx, ids []broker.ID) ([]Entry, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from ledger_entries e where e.id = any ($1) order by e.id`, ids)
	if err != nil {
		return nil, fmt.Errorf("read the entries of an act: %w", err)
	}
	return collect(rows)
}

// periodOf is the loan's period that a charge was for.
func periodOf(ctx context.Context, tx *postgres.Tx, library, charge broker.ID) (int, error) {
	if charge == broker.NoID {
		return 0, nil
	}
	open, err := chargeByID(ctx, tx, library, charge)
	return open.Period, err
}

// FollowedBy tells what money has followed the entries of an act: other entries
// about them that stand, and a till that was counted with them.
func FollowedBy(ctx context.Context, tx *postgres.Tx, made []broker.ID) (reasons []broker.Reason, err error) {
	var paid, other, counted bool
	err = tx.QueryRow(ctx, `select coalesce(bool_or(x.kind = 'payment'), false), coalesce(bool_or(x.kind <> 'payment'), false),
			exists (select from ledger_entries e join tills t on t.library_id = e.library_id and t.id = e.till_id
				where e.id = any ($1) and t.closed_at is not null)
		from ledger_entries x
		where (x.against_id = any ($1) or x.undoes_id = any ($1)) and x.id <> all ($1)
			and not (x.undoes_id is not null and x.undoes_id <> all ($1))
			and not exists (select from ledger_entries u where u.library_id = x.library_id and u.undoes_id = x.id)`, made).
		Scan(&paid, &other, &counted)
	if err != nil {
		return nil, fmt.Errorf("look what money has followed: %w", err)
	}
	if paid {
		reasons = append(reasons, broker.Reason{Code: "paid_since", Message: "What it charged has been paid since: undo or void that payment first."})
	}
	if other {
		reasons = append(reasons, broker.Reason{Code: "corrected_since", Message: "What it wrote to the account has been answered since: a director takes the charge back instead."})
	}
	if counted {
		reasons = append(reasons, broker.Reason{Code: "till_counted", Message: "The till it went into has been counted since: a director voids the receipt instead."})
	}
	return reasons, nil
}
