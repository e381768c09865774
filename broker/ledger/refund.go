package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

// Refund gives back credit that a patron has.
type Refund struct {
	Account Account
	// Amount is above zero and at most the credit of the account.
	Amount broker.Money
	// Method is how it is given: cash, check …; Till is the open till it comes out
	// of, NoID for none.
	Method string
	Till   broker.ID
	// Reason is required.
	Reason string
	Cause  string
	Actor  broker.Actor
	At     time.Time
}

// GiveBack gives credit back: never more than the whole account has, so a
// patron who still owes something else gets what is left after it. The same
// cause again gives the entries it made and pays nothing; for another account,
// amount or method it is the conflict key_used.
func GiveBack(ctx context.Context, tx *postgres.Tx, r Refund) ([]Entry, error) {
	if err := needsReason(r.Reason); err != nil {
		return nil, err
	}
	credits, before, err := r.credits(ctx, tx)
	if err != nil || len(before) > 0 {
		return before, err
	}
	number, err := atTill(ctx, tx, r.Account, r.Till, r.Method)
	if err != nil {
		return nil, err
	}
	return r.post(tx, number, credits), nil
}

// credits locks the account and finds which credit a refund comes from: that of
// charges taken back after they were paid, oldest first, then what was paid in
// advance.
func (r Refund) credits(ctx context.Context, tx *postgres.Tx) (shares []share, before []Entry, err error) {
	if err := r.Account.takes("/amount", r.Amount); err != nil {
		return nil, nil, err
	}
	open, before, err := askSettling(ctx, tx, r.Account, r.Cause, KindRefund)
	if len(before) > 0 && (!made(before, r.Amount.Minor, KindRefund) || before[0].Method != r.Method) {
		err = keyUsed()
	}
	if err != nil || len(before) > 0 {
		return nil, before, err
	}
	if credit := -open.charged - open.accrued; r.Amount.Minor > credit {
		has := broker.Money{Minor: max(credit, 0), Currency: r.Account.Currency}
		return nil, nil, broker.Refused("more_than_credit", "The account has no such credit.", broker.Reason{
			Code: "more_than_credit", Rule: "refund.credit", Message: "Only " + has.String() + " stands in its favour.",
			Needed: "at most " + has.String(), Found: r.Amount.String(),
		})
	}
	left := r.Amount.Minor
	for _, credit := range open.credits() {
		if part := min(left, credit.minor); part > 0 {
			shares = append(shares, share{credit.charge, part})
			left -= part
		}
	}
	return shares, nil, nil
}

func (r Refund) post(tx *postgres.Tx, number int64, credits []share) []Entry {
	var entries []Entry
	for i, credit := range credits {
		entry := r.entry(number, credit.charge.Entry, credit.minor)
		entry.Cause, entry.Act = partOf(r.Cause, i+1), r.Cause
		add(tx, entry)
		entries = append(entries, entry)
	}
	followInvoices(tx, r.Account, r.At)
	return entries
}

// entry gives back a part of the credit of a charge, or of money in advance.
func (r Refund) entry(number int64, credit Entry, minor int64) Entry {
	return Entry{
		ID: broker.NewID(), Account: r.Account, Kind: KindRefund, ChargeKind: credit.ChargeKind,
		Amount: broker.Money{Minor: minor, Currency: r.Account.Currency}, Against: credit.ID,
		Method: r.Method, Till: r.Till, Receipt: number, Note: r.Reason,
		Loan: credit.Loan, Request: credit.Request, Actor: r.Actor, At: r.At,
	}
}

// paidBy tells who paid how much of a charge with what may be given back, and has
// not got it back yet, in the order of their first payments. The patron's source
// is "".
func paidBy(ctx context.Context, tx *postgres.Tx, library, charge broker.ID) ([]costs.PaidBy, error) {
	rows, err := tx.Query(ctx, `select paid_by, -sum(amount_minor)::bigint, min(currency) from ledger_entries
		where library_id = $1 and against_id = $2 and refundable
			and (kind in ('payment', 'refund') or undoes_id is not null)
		group by 1 having sum(amount_minor) < 0 order by min(at), paid_by`, library, charge)
	if err != nil {
		return nil, fmt.Errorf("read who paid: %w", err)
	}
	defer rows.Close()
	var sources []costs.PaidBy
	for rows.Next() {
		var source costs.PaidBy
		if err := rows.Scan(&source.Source, &source.Amount.Minor, &source.Amount.Currency); err != nil {
			return nil, fmt.Errorf("read who paid: %w", err)
		}
		sources = append(sources, source)
	}
	return sources, rows.Err()
}

// Undone is a charge that was taken back, and who got what back for it.
type Undone struct {
	// Entries are the reversal and the refunds, or those made the first time.
	Entries []Entry
	// Refunds are what each payer got back, the patron under "", and Cancelled is
	// what nobody had paid.
	Refunds   []costs.PaidBy
	Cancelled broker.Money
}

// TakeBackPaid takes a whole charge back and gives each payer their part: an
// agency or another account at once, as settled outside a till, and the patron by
// the method and from the till named, or, where method is "", as credit that
// stands (LST-27). A patron who still owes something else is given only what is
// left after it. answer.Note is the reason. The same cause again changes nothing.
func TakeBackPaid(ctx context.Context, tx *postgres.Tx, answer Answer, method string, till broker.ID) (Undone, error) {
	charge, err := answer.lockCharge(ctx, tx)
	if err != nil {
		return Undone{}, err
	}
	if done, found, err := answer.done(ctx, tx, charge.Account, KindReversal); found || err != nil {
		rest, readErr := ofAct(ctx, tx, charge.Account, answer.Cause)
		return Undone{Entries: append([]Entry{done}, rest...), Cancelled: broker.Money{Currency: charge.Amount.Currency}}, errors.Join(err, readErr)
	}
	paid, err := paidBy(ctx, tx, answer.Library, answer.Charge)
	if err != nil {
		return Undone{}, err
	}
	if charge.Reversible.Minor <= 0 {
		return Undone{}, broker.Conflict("charge_taken_back", "That charge was taken back already.")
	}
	balances, err := BalancesOf(ctx, tx, charge.Account)
	if err != nil {
		return Undone{}, err
	}
	asked := charge.Reversible
	asked.Minor -= charge.kept // what was paid with what is not given back lapses
	sources, cancelled := costs.RefundBySource(asked, paid...)
	undone := Undone{Cancelled: cancelled}
	undone.Entries = answer.post(tx, charge, KindReversal, charge.Reversible.Minor)
	credit := -balances.Total().Minor
	for _, entry := range undone.Entries {
		credit -= entry.Amount.Minor
	}
	// Others first: the account's credit is theirs before it is the patron's.
	slices.SortStableFunc(sources, func(a, b costs.PaidBy) int { return cmp.Compare(b.Source, a.Source) })
	for i, source := range sources {
		refund := Refund{
			Account: charge.Account, Amount: source.Amount, Method: transfer, Reason: answer.Note,
			Cause: fmt.Sprintf("%s:source:%d", answer.Cause, i+1), Actor: answer.Actor, At: answer.At,
		}
		if source.Source == "" {
			refund.Method, refund.Till = method, till
			refund.Amount.Minor = min(refund.Amount.Minor, credit)
		}
		if refund.Amount.Minor <= 0 || refund.Method == "" {
			continue
		}
		credit -= refund.Amount.Minor
		undone.Refunds = append(undone.Refunds, costs.PaidBy{Source: source.Source, Amount: refund.Amount})
		number, err := atTill(ctx, tx, charge.Account, refund.Till, refund.Method)
		if err != nil {
			return Undone{}, err
		}
		entry := refund.entry(number, charge.Entry, refund.Amount.Minor)
		entry.PaidBy, entry.Cause, entry.Act = source.Source, refund.Cause, answer.Cause
		add(tx, entry)
		undone.Entries = append(undone.Entries, entry)
	}
	followInvoices(tx, charge.Account, answer.At)
	return undone, nil
}
