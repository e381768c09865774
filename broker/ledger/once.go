package ledger

import (
	"slices"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// keyUsed is the error for an act whose cause already names another act: on
// another account, of another amount or of another kind. Nothing is written for
// it.
func keyUsed() error {
	return broker.Conflict("key_used", "That key names another act, of another account or amount: use a new one.")
}

// askUsedElsewhere queues a look-up of whether a cause made an entry on another
// account of the library: nothing would be written for it here.
func askUsedElsewhere(tx *postgres.Tx, a Account, cause string, into *bool) {
	tx.Queue(`select exists (select 1 from ledger_entries e where e.library_id = $1 and e.cause = $4
			and (e.patron_id is distinct from $2 or e.debtor_library_id is distinct from $3))`, append(a.args(), cause)...).
		QueryRow(func(row pgx.Row) error { return row.Scan(into) })
}

// keepOnce queues the refusal of an entry whose cause already made another one.
// It follows the insert, so that of two at the same instant the second is
// refused, and the error comes from the database itself, so that it may travel
// with the commit.
func keepOnce(tx *postgres.Tx, e Entry) {
	tx.Queue(`select cause_names_one_act($1, $2, $3, $4, $5, $6, $7)`, e.Account.Library, e.Cause,
		e.Account.Patron, e.Account.Debtor, e.Kind, e.ChargeKind, e.Amount.Minor)
}

// made tells whether the entries that a cause made before are all of these kinds
// and sum to an amount, in minor units.
func made(before []Entry, minor int64, kinds ...Kind) bool {
	for _, entry := range before {
		if !slices.Contains(kinds, entry.Kind) {
			return false
		}
		minor -= entry.Amount.Minor
	}
	return minor == 0
}

// made tells whether the earlier entries are this payment. How it was divided
// among the charges is not compared: charges open then may be settled now.
func (p Payment) made(before []Entry) bool {
	first := before[0]
	return made(before, -p.Amount.Minor, KindPayment) && first.Amount.Currency == p.Amount.Currency &&
		first.Method == p.Method && first.PaidBy == p.By && first.NotRefundable == p.NotRefundable &&
		(p.Charge == broker.NoID || first.Against == p.Charge)
}

// paid tells whether an earlier payment was for exactly these charges.
func paid(before []Entry, charges []broker.ID) bool {
	for _, entry := range before {
		if entry.Kind != KindPayment || !slices.Contains(charges, entry.Against) {
			return false
		}
	}
	return len(before) == len(charges)
}
