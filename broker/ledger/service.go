package ledger

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/postgres"
)

// Post queues a charge and gives its entry. A charge whose cause was posted
// before is left as it is: that is no error, and nothing is owed twice. A cause
// that was posted to another account, for another amount or of another kind is
// the conflict key_used, which comes with the flush or commit that writes the
// charge. It refuses (invalid) an amount that is not above zero or in another
// currency.
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
		Rule: c.Rule, Clause: c.Clause, Note: c.Note, Loan: c.Loan, Request: c.Request, Period: c.Period,
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

// Answer is a waiver or a reversal of one charge.
type Answer struct {
	Library broker.ID
	Charge  broker.ID
	// Cause is a key: the same answer is posted once.
	Cause string
	// Correction says that a reversal takes back what was counted wrongly, and why;
	// LostOn is the day the item was lost, where that is the reason.
	Correction Correction
	LostOn     broker.Date
	// Note gives the reason, in words for the account.
	Note  string
	Actor broker.Actor
	At    time.Time
	// act is the cause of the whole act, where this is one part of it.
	act string
}

// part is one part of an answer to several charges.
func (answer Answer) part(nth int) Answer {
	answer.act, answer.Cause = answer.Cause, partOf(answer.Cause, nth)
	return answer
}

// partOf is the cause of one entry of an act that makes several.
func partOf(act string, nth int) string { return fmt.Sprintf("%s#%d", act, nth) }

// Waive forgives part of what is left of a charge. It refuses an amount that is
// not above zero, and more than is left.
func Waive(ctx context.Context, tx *postgres.Tx, answer Answer, amount broker.Money) (Entry, error) {
	charge, err := answer.lockCharge(ctx, tx)
	if err != nil {
		return Entry{}, err
	}
	if done, found, err := answer.done(ctx, tx, charge.Account, KindWaiver); found || err != nil {
		if err == nil && done.Amount.Negated() != amount {
			err = keyUsed()
		}
		return done, err
	}
	if err := charge.Account.takes("/amount", amount); err != nil {
		return Entry{}, err
	}
	if amount.Minor > min(charge.Owed.Minor, charge.Reversible.Minor) {
		return Entry{}, broker.Conflict("more_than_owed", "Only %s of that charge is left to waive.", charge.Owed)
	}
	return answer.post(tx, charge, KindWaiver, amount.Minor)[0], nil
}

// Reverse takes a charge back: all of it that was not waived or reversed before.
// What was paid of it becomes the patron's credit. Reversing the same charge for
// the same cause again changes nothing; a charge with nothing left to take back
// is a conflict.
func Reverse(ctx context.Context, tx *postgres.Tx, answer Answer) (Entry, error) {
	charge, err := answer.lockCharge(ctx, tx)
	if err != nil {
		return Entry{}, err
	}
	if done, found, err := answer.done(ctx, tx, charge.Account, KindReversal); found || err != nil {
		return done, err
	}
	if charge.Reversible.Minor <= 0 {
		return Entry{}, broker.Conflict("charge_taken_back", "That charge was taken back already.")
	}
	return answer.post(tx, charge, KindReversal, charge.Reversible.Minor)[0], nil
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

// done finds the entry that this very answer made before. A cause that made
// anything else is the conflict key_used.
func (answer Answer) done(ctx context.Context, tx *postgres.Tx, a Account, kind Kind) (Entry, bool, error) {
	entry, found, err := byCause(ctx, tx, a, answer.Cause)
	if found && (entry.Kind != kind || entry.Against != answer.Charge) {
		return Entry{}, false, keyUsed()
	}
	return entry, found, err
}

// byCause finds the entry of a cause. One of another account is the conflict
// key_used.
func byCause(ctx context.Context, tx *postgres.Tx, a Account, cause string) (Entry, bool, error) {
	var others bool
	askUsedElsewhere(tx, a, cause, &others)
	rows, err := tx.Query(ctx, `select `+columns+` from ledger_entries e where `+a.whose()+` and e.cause = $4`, append(a.args(), cause)...)
	if err != nil {
		return Entry{}, false, fmt.Errorf("read the entry of a cause: %w", err)
	}
	entries, err := collect(rows)
	if err == nil && others {
		err = keyUsed()
	}
	if err != nil || len(entries) == 0 {
		return Entry{}, false, err
	}
	return entries[0], true, nil
}

// post queues the answer to a charge. Where it leaves credit that was paid with
// something never given back, that credit lapses at once (PAY-05).
func (answer Answer) post(tx *postgres.Tx, charge Open, kind Kind, minor int64) []Entry {
	entry := Entry{
		ID: broker.NewID(), Account: charge.Account, Kind: kind, ChargeKind: charge.ChargeKind,
		Amount: broker.Money{Minor: -minor, Currency: charge.Amount.Currency}, Against: charge.ID,
		Rule: charge.Rule, Clause: charge.Clause, Note: answer.Note, Loan: charge.Loan, Request: charge.Request,
		Cause: answer.Cause, Act: answer.act, Actor: answer.Actor, At: answer.At,
	}
	if kind == KindReversal {
		entry.Correction, entry.LostOn = answer.Correction, answer.LostOn
	}
	entries := []Entry{entry}
	if lapsed := min(charge.kept, minor-charge.Owed.Minor); lapsed > 0 {
		entry.ID, entry.Kind, entry.Cause = broker.NewID(), KindLapse, answer.Cause+":lapse"
		entry.Act, entry.Correction, entry.LostOn = cmp.Or(answer.act, answer.Cause), "", broker.Date{}
		entry.Amount.Minor, entry.Note = lapsed, "paid with what is not given back"
		entries = append(entries, entry)
	}
	for _, entry := range entries {
		add(tx, entry)
	}
	followInvoices(tx, charge.Account, answer.At)
	return entries
}

// ChargeByID gives a charge with what is left of it.
func ChargeByID(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Open, error) {
	return chargeByID(ctx, tx, library, id)
}

// ChargeByCause gives the charge that a cause made.
func ChargeByCause(ctx context.Context, tx *postgres.Tx, account Account, cause string) (Entry, error) {
	entry, found, err := byCause(ctx, tx, account, cause)
	if err == nil && !found {
		err = broker.NotFound("charge")
	}
	return entry, err
}
