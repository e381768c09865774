package ledger

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/postgres"
)

// Post queues a charge and gives its entry. A charge whose cause was posted
// before is left as it is: that is no error, and nothing is owed twice. It
// refuses (invalid) an amount that is not above zero or in another currency.
func Post(tx *postgres.Tx, c Charge) (Entry, error) {
	if err := c.Account.takes("/amount", c.Amount); err != nil {
		return Entry{}, err
	}
	if c.Kind == "" || c.Cause == "" {
		return Entry{}, broker.Invalid(broker.FieldError{
			Pointer: "/cause", Code: "required",
			Message: "a charge says what it is for and what caused it",
		})
	}
	entry := Entry{
		ID: broker.NewID(), Account: c.Account, Kind: KindCharge, ChargeKind: c.Kind, Amount: c.Amount,
		Rule: c.Rule, Clause: c.Clause, Note: c.Note, Loan: c.Loan, Request: c.Request,
		Cause: c.Cause, Actor: c.Actor, At: c.At,
	}
	add(tx, entry)
	return entry, nil
}

// BalancesOf gives what an account owes, by charge kind.
func BalancesOf(ctx context.Context, tx *postgres.Tx, a Account) (Balances, error) {
	var balances Balances
	AskBalances(tx, a, &balances)
	if err := tx.Flush(ctx); err != nil {
		return Balances{}, fmt.Errorf("read balances: %w", err)
	}
	return balances, nil
}

// OpenCharges gives the charges of an account that are not settled, oldest
// first.
func OpenCharges(ctx context.Context, tx *postgres.Tx, a Account) ([]Open, error) {
	return openCharges(ctx, tx, a)
}

// Pay takes money: for one charge, or for the oldest first, in parts if it does
// not reach. It refuses an amount of zero or less, and more than is owed unless
// the payment may be kept in advance. The same cause again gives the same
// receipt and takes nothing.
func Pay(ctx context.Context, tx *postgres.Tx, p Payment) (Receipt, error) {
	if p.Cause == "" {
		return Receipt{}, broker.Invalid(broker.FieldError{Pointer: "/cause", Code: "required", Message: "a payment has a cause"})
	}
	lock(tx, p.Account)
	before, err := byCausePrefix(ctx, tx, p.Account, p.Cause+"#")
	if err != nil {
		return Receipt{}, err
	}
	charges, err := openCharges(ctx, tx, p.Account)
	if err != nil {
		return Receipt{}, err
	}
	var balances Balances
	var accrued broker.Money // what has only accrued is not charged, so it cannot be paid
	AskBalances(tx, p.Account, &balances)
	askAccrued(tx, p.Account, &accrued)
	if err := tx.Flush(ctx); err != nil {
		return Receipt{}, fmt.Errorf("read balances: %w", err)
	}
	if len(before) > 0 {
		return receipt(p.Account, before, balances.Total().Minor), nil
	}
	owed := balances.Total().Minor - accrued.Minor
	if p.Charge != broker.NoID {
		if charges = only(charges, p.Charge); charges == nil {
			return Receipt{}, broker.Conflict("charge_settled", "That charge is not open on this account.")
		}
		owed = min(owed, charges[0].Owed.Minor)
	}
	if err := mayPay(p, owed); err != nil {
		return Receipt{}, err
	}
	lines := p.lines(charges)
	for _, line := range lines {
		add(tx, line)
	}
	return receipt(p.Account, lines, balances.Total().Minor-p.Amount.Minor), nil
}

// lines are the entries of a payment: one for each charge it reaches, and one
// for what is kept in advance.
func (p Payment) lines(charges []Open) []Entry {
	shares, rest := allocate(p.Amount.Minor, charges)
	var lines []Entry
	line := func(minor int64, kind string, against Entry) {
		lines = append(lines, Entry{
			ID: broker.NewID(), Account: p.Account, Kind: KindPayment, ChargeKind: kind,
			Amount: broker.Money{Minor: -minor, Currency: p.Account.Currency}, Against: against.ID,
			Loan: against.Loan, Request: against.Request, Note: p.Note,
			Cause: fmt.Sprintf("%s#%d", p.Cause, len(lines)+1), Actor: p.Actor, At: p.At,
		})
	}
	for _, share := range shares {
		line(share.minor, share.charge.ChargeKind, share.charge.Entry)
	}
	if rest > 0 {
		line(rest, Credit, Entry{})
	}
	return lines
}

func only(charges []Open, id broker.ID) []Open {
	for _, charge := range charges {
		if charge.ID == id {
			return []Open{charge}
		}
	}
	return nil
}

func receipt(a Account, lines []Entry, left int64) Receipt {
	receipt := Receipt{
		Paid: broker.Money{Currency: a.Currency}, Lines: lines,
		Left: broker.Money{Minor: left, Currency: a.Currency},
	}
	for _, line := range lines {
		receipt.Paid.Minor -= line.Amount.Minor
	}
	return receipt
}

// Answer is a waiver or a reversal of one charge.
type Answer struct {
	Library broker.ID
	Charge  broker.ID
	Cause   string
	// Note says why, in words for the account.
	Note  string
	Actor broker.Actor
	At    time.Time
}

// Waive forgives part of what is left of a charge. It refuses an amount that is
// not above zero, and more than is left.
func Waive(ctx context.Context, tx *postgres.Tx, answer Answer, amount broker.Money) (Entry, error) {
	charge, err := answer.lockCharge(ctx, tx)
	if err != nil {
		return Entry{}, err
	}
	if done, found, err := answer.done(ctx, tx, charge.Account); found || err != nil {
		return done, err
	}
	if err := charge.Account.takes("/amount", amount); err != nil {
		return Entry{}, err
	}
	if amount.Minor > min(charge.Owed.Minor, charge.Reversible.Minor) {
		return Entry{}, broker.Conflict("more_than_owed", "Only %s of that charge is left to waive.", charge.Owed)
	}
	return answer.post(tx, charge, KindWaiver, amount.Minor), nil
}

// Reverse takes a charge back: all of it that was not waived or reversed
// before. What was paid of it becomes the patron's credit. Reversing the same
// charge for the same cause again changes nothing; a charge with nothing left
// to take back is a conflict.
func Reverse(ctx context.Context, tx *postgres.Tx, answer Answer) (Entry, error) {
	charge, err := answer.lockCharge(ctx, tx)
	if err != nil {
		return Entry{}, err
	}
	if done, found, err := answer.done(ctx, tx, charge.Account); found || err != nil {
		return done, err
	}
	if charge.Reversible.Minor <= 0 {
		return Entry{}, broker.Conflict("charge_taken_back", "That charge was taken back already.")
	}
	return answer.post(tx, charge, KindReversal, charge.Reversible.Minor), nil
}

// lockCharge reads the charge twice: once to learn whose account to lock, once
// under the lock.
func (answer Answer) lockCharge(ctx context.Context, tx *postgres.Tx) (Open, error) {
	if answer.Cause == "" {
		return Open{}, broker.Invalid(broker.FieldError{Pointer: "/cause", Code: "required", Message: "must name a cause"})
	}
	charge, err := chargeByID(ctx, tx, answer.Library, answer.Charge)
	if err != nil {
		return Open{}, err
	}
	lock(tx, charge.Account)
	return chargeByID(ctx, tx, answer.Library, answer.Charge)
}

// done finds the entry this very cause made before.
func (answer Answer) done(ctx context.Context, tx *postgres.Tx, a Account) (Entry, bool, error) {
	entries, err := byCausePrefix(ctx, tx, a, answer.Cause)
	if err != nil {
		return Entry{}, false, err
	}
	for _, entry := range entries {
		if entry.Cause == answer.Cause {
			return entry, true, nil
		}
	}
	return Entry{}, false, nil
}

func (answer Answer) post(tx *postgres.Tx, charge Open, kind Kind, minor int64) Entry {
	entry := Entry{
		ID: broker.NewID(), Account: charge.Account, Kind: kind, ChargeKind: charge.ChargeKind,
		Amount: broker.Money{Minor: -minor, Currency: charge.Amount.Currency}, Against: charge.ID,
		Rule: charge.Rule, Note: answer.Note, Loan: charge.Loan, Request: charge.Request,
		Cause: answer.Cause, Actor: answer.Actor, At: answer.At,
	}
	add(tx, entry)
	return entry
}
