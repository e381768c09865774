package ledger

import (
	"context"
	"fmt"
	"slices"

	"afield/broker"
	"afield/broker/postgres"
)

// WriteOff gives up what a patron still owes when the account ends: the oldest
// charges first, until nothing is owed. It refuses an account that owes more than
// most, and one with a fine that still grows. An account that owes nothing gives
// no entries. The same cause again gives the entries it made. why.Library and
// why.Charge are not read.
func WriteOff(ctx context.Context, tx *postgres.Tx, account Account, most broker.Money, why Answer) ([]Entry, error) {
	open, before, err := askSettling(ctx, tx, account, why.Cause, KindWaiver, KindLapse)
	if err != nil || len(before) > 0 {
		return before, err
	}
	if open.accrued > 0 {
		return nil, broker.Conflict("still_accruing", "A fine still grows on this account.")
	}
	if open.charged > most.Minor || (open.charged > 0 && most.Currency != account.Currency) {
		owed := broker.Money{Minor: open.charged, Currency: account.Currency}
		return nil, broker.Refused("too_much_to_write_off", "The account owes too much to be written off.", broker.Reason{
			Code: "too_much_to_write_off", Rule: "account.write_off", Message: "It owes " + owed.String() + ".",
			Needed: "at most " + most.String(), Found: owed.String(),
		})
	}
	shares, _ := allocate(max(0, open.charged), open.charges)
	var entries []Entry
	for i, share := range shares {
		entries = append(entries, why.part(i+1).post(tx, share.charge, KindWaiver, share.minor)...)
	}
	return entries, nil
}

// UseCredit pays open charges, oldest first, with the account's credit, so that a
// kind of charge that blocks is settled where the account as a whole owes
// nothing. It moves no money. The same cause again gives the entries it made.
// why.Library and why.Charge are not read.
func UseCredit(ctx context.Context, tx *postgres.Tx, account Account, why Answer) ([]Entry, error) {
	open, before, err := askSettling(ctx, tx, account, why.Cause, KindPayment, KindRefund)
	if err != nil || len(before) > 0 {
		return before, err
	}
	var credit int64
	for _, source := range open.credits() {
		credit += source.minor
	}
	targets, rest := allocate(credit, open.charges)
	use := credit - rest
	var entries []Entry
	move := func(to Open, kind Kind, minor int64) {
		entries = append(entries, Entry{
			ID: broker.NewID(), Account: account, Kind: kind, ChargeKind: to.ChargeKind, Against: to.ID,
			Amount: broker.Money{Minor: minor, Currency: account.Currency}, Method: Credit, Note: why.Note,
			Loan: to.Loan, Request: to.Request, Cause: partOf(why.Cause, len(entries)+1), Act: why.Cause, Actor: why.Actor, At: why.At,
		})
	}
	for _, target := range targets {
		move(target.charge, KindPayment, -target.minor)
	}
	for _, source := range open.credits() {
		if part := min(use, source.minor); part > 0 {
			move(source.charge, KindRefund, part)
			use -= part
		}
	}
	for _, entry := range entries {
		add(tx, entry)
	}
	followInvoices(tx, account, why.At)
	return entries, nil
}

// settling is a locked account, in minor units.
type settling struct {
	charges          []Open
	charged, accrued int64
}

// askSettling locks an account and reads it, unless the cause has made entries of
// these kinds before: then it gives those.
func askSettling(ctx context.Context, tx *postgres.Tx, account Account, cause string, kinds ...Kind) (s settling, before []Entry, err error) {
	if cause == "" {
		return s, nil, broker.Invalid(broker.FieldError{Pointer: "/cause", Code: "required", Message: "must name a cause"})
	}
	lock(tx, account)
	var others bool
	askUsedElsewhere(tx, account, partOf(cause, 1), &others)
	before, err = ofAct(ctx, tx, account, cause)
	if err != nil {
		return s, nil, err
	}
	if others || slices.ContainsFunc(before, func(e Entry) bool { return !slices.Contains(kinds, e.Kind) }) {
		return s, nil, keyUsed()
	}
	if len(before) > 0 {
		return s, before, nil
	}
	var accrued broker.Money
	askAccrued(tx, account, &accrued)
	askCharged(tx, account, &s.charged)
	s.charges, err = openCharges(ctx, tx, account)
	s.accrued = accrued.Minor
	return s, nil, err
}

// credits are the credit of the account: charges taken back after they were paid,
// oldest first, then what was paid in advance.
func (s settling) credits() (credits []share) {
	advance := -s.charged
	for _, charge := range s.charges {
		advance += charge.Owed.Minor
		if charge.Owed.Minor < 0 {
			credits = append(credits, share{charge, -charge.Owed.Minor})
		}
	}
	if advance > 0 {
		credits = append(credits, share{Open{Entry: Entry{ChargeKind: Credit}}, advance})
	}
	return credits
}

// Line is an entry with what the account owed right after it.
type Line struct {
	Entry
	Balance broker.Money
}

// History gives the entries of an account with a running balance, newest first:
// at most limit of them, beginning after the entry named by after (NoID: from the
// newest).
func History(ctx context.Context, tx *postgres.Tx, a Account, after broker.ID, limit int) ([]Line, error) {
	rows, err := tx.Query(ctx, `select `+columns+`, e.balance from (
			select e.*, (sum(e.amount_minor) over (order by e.at, e.id))::bigint as balance
			from ledger_entries e where `+a.whose()+`) e
		where $4::uuid is null or (e.at, e.id) <
			(select c.at, c.id from ledger_entries c where c.library_id = $1 and c.id = $4)
		order by e.at desc, e.id desc limit $5`, append(a.args(), after, limit)...)
	if err != nil {
		return nil, fmt.Errorf("read an account's history: %w", err)
	}
	defer rows.Close()
	var lines []Line
	for rows.Next() {
		var line Line
		if err := scanEntry(rows, &line.Entry, &line.Balance.Minor); err != nil {
			return nil, fmt.Errorf("read an account's history: %w", err)
		}
		line.Balance.Currency = line.Amount.Currency
		lines = append(lines, line)
	}
	return lines, rows.Err()
}
