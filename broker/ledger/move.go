package ledger

import (
	"cmp"
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/postgres"
)

// GiveDepositBack pays out a deposit whose charge was taken back (Reverse): all
// of it, whatever else the account owes. It gives nothing where the deposit was
// never paid, and the same cause again gives nothing more.
func GiveDepositBack(ctx context.Context, tx *postgres.Tx, a Account, deposit broker.ID, why Answer) (broker.Money, error) {
	none := broker.Money{Currency: a.Currency}
	lock(tx, a)
	charges, err := openCharges(ctx, tx, a)
	if err != nil {
		return none, err
	}
	for _, charge := range charges {
		if charge.ID != deposit || charge.Owed.Minor >= 0 {
			continue
		}
		held := charge.Owed.Negated()
		add(tx, Entry{
			ID: broker.NewID(), Account: a, Kind: KindRefund, ChargeKind: charge.ChargeKind, Amount: held, Against: charge.ID,
			Note: why.Note, Cause: why.Cause, Actor: why.Actor, At: why.At,
		})
		return held, nil
	}
	return none, nil
}

// Move transfers what one patron owes to another of the same library, when two
// accounts become one: entries are only ever added, so each open charge is waived
// on the one and charged anew on the other, and credit goes over the same way.
// Afterwards every kind of the first account comes to zero. What only accrues
// goes with its loan. The same merge must give the same cause, so that moving
// again changes nothing.
func Move(ctx context.Context, tx *postgres.Tx, from, to Account, why Answer) error {
	if from.Library != to.Library || from.Currency != to.Currency || from == to {
		return broker.Invalid(broker.FieldError{Pointer: "/account", Code: "not_an_account", Message: "must be another account of the same library"})
	}
	first, second := from, to
	if second.Patron.String() < first.Patron.String() {
		first, second = second, first
	}
	lock(tx, first)
	lock(tx, second)
	charges, err := openCharges(ctx, tx, from)
	if err != nil {
		return err
	}
	left, err := charged(ctx, tx, from)
	if err != nil {
		return err
	}
	for _, charge := range charges {
		if charge.Owed.Minor <= 0 {
			continue
		}
		left[charge.ChargeKind] -= charge.Owed.Minor
		moved := Entry{
			Account: from, Kind: KindWaiver, ChargeKind: charge.ChargeKind, Amount: charge.Owed.Negated(), Against: charge.ID,
			Rule: charge.Rule, Clause: charge.Clause, Loan: charge.Loan, Request: charge.Request,
		}
		cause := why.Cause + ":" + charge.ID.String()
		if charge.Period != 0 {
			// The loan goes over too, and its fine is still one fine: what is moved was
			// not waived, and is not charged again when the item comes back.
			moved.Kind, moved.Correction = KindReversal, CorrectedMerge
		}
		why.move(tx, moved, to, charge, cause)
	}
	for kind, minor := range left {
		if minor != 0 {
			why.moveCredit(tx, from, to, kind, minor)
		}
	}
	tx.Queue(`update refund_vouchers set patron_id = $3 where library_id = $1 and patron_id = $2`, from.Library, from.Patron, to.Patron)
	tx.Queue(`update accruals set patron_id = $3 where library_id = $1 and patron_id = $2`, from.Library, from.Patron, to.Patron)
	return nil
}

// charged gives what an account comes to by kind, in minor units, without what
// only accrues.
func charged(ctx context.Context, tx *postgres.Tx, a Account) (map[string]int64, error) {
	rows, err := tx.Query(ctx, `select e.charge_kind, sum(e.amount_minor)::bigint from ledger_entries e where `+a.whose()+` group by 1`, a.args()...)
	if err != nil {
		return nil, fmt.Errorf("read what was charged: %w", err)
	}
	defer rows.Close()
	sums := map[string]int64{}
	for rows.Next() {
		var kind string
		var minor int64
		if err := rows.Scan(&kind, &minor); err != nil {
			return nil, fmt.Errorf("read what was charged: %w", err)
		}
		sums[kind] = minor
	}
	return sums, rows.Err()
}

// move settles a charge on its account and charges it on another.
func (answer Answer) move(tx *postgres.Tx, settled Entry, to Account, charge Open, cause string) {
	settled.ID, settled.Cause, settled.Note = broker.NewID(), cause+":from", answer.Note
	settled.Actor, settled.At = answer.Actor, answer.At
	add(tx, settled)
	anew := settled
	anew.ID, anew.Account, anew.Kind, anew.Cause = broker.NewID(), to, KindCharge, cause+":to"
	anew.Amount, anew.Against = settled.Amount.Negated(), broker.NoID
	anew.Period, anew.Correction = charge.Period, ""
	anew.Note = cmp.Or(charge.Note, answer.Note)
	add(tx, anew)
}

// moveCredit brings a kind that is in the patron's favour to zero, and gives the
// other account the same amount in advance; or the other way round, where more
// was given out than there was.
func (answer Answer) moveCredit(tx *postgres.Tx, from, to Account, kind string, minor int64) {
	out, in := KindRefund, KindPayment // credit: given out here, paid in there
	if minor > 0 {
		out, in = KindPayment, KindRefund
	}
	cause := answer.Cause + ":credit:" + kind
	for _, entry := range []Entry{
		{Account: from, Kind: out, Cause: cause + ":from", Amount: broker.Money{Minor: -minor, Currency: from.Currency}},
		{Account: to, Kind: in, Cause: cause + ":to", Amount: broker.Money{Minor: minor, Currency: to.Currency}},
	} {
		entry.ID, entry.ChargeKind, entry.Note = broker.NewID(), kind, answer.Note
		entry.Actor, entry.At = answer.Actor, answer.At
		add(tx, entry)
	}
}
