package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// LoanMoney is what an account says of one loan, for one kind of charge. All
// amounts are zero or more.
type LoanMoney struct {
	// Charged is the sum of the charges, Adjusted what was waived or taken back of
	// them, Paid what was paid for them and not given back.
	Charged, Adjusted, Paid broker.Money
	// Open are the charges that were not wholly waived or taken back, oldest
	// first; one that was paid is among them, with nothing owed.
	Open []Open
	// Accrued is what the loan has come to besides; only for kind Overdue.
	Accrued Accrual

	entries []Entry
}

// Stands is how much of the charges stands: what was charged less what was waived
// or taken back.
func (m LoanMoney) Stands() broker.Money { return m.Charged.Plus(m.Adjusted.Negated()) }

// AskLoan queues a look-up of what an account says of one loan for one kind of
// charge, and locks the account, so that an act based on the answer never takes
// back the same money twice. The answer stands after the next flush.
func AskLoan(tx *postgres.Tx, account Account, loan broker.ID, chargeKind string, into *LoanMoney) {
	*into = LoanMoney{}
	lock(tx, account)
	whose, args := account.whose()+` and e.loan_id = $4 and e.charge_kind = $5`, append(account.args(), loan, chargeKind)
	if account.Patron != broker.NoID {
		// A loan has one patron; charges for it on another account were moved from
		// there.
		whose, args = `e.library_id = $1 and e.loan_id = $2 and e.charge_kind = $3 and e.patron_id is not null`, []any{account.Library, loan, chargeKind}
	}
	tx.Queue(`select `+columns+` from ledger_entries e
		where `+whose+` order by e.at, e.id`, args...).
		Query(func(rows pgx.Rows) error {
			entries, err := collect(rows)
			if err != nil {
				return err
			}
			for _, entry := range entries {
				if entry.Amount.Currency != account.Currency {
					return fmt.Errorf("ledger: an account in %s has an entry in %s", account.Currency, entry.Amount.Currency)
				}
			}
			accrued := into.Accrued
			*into = moneyOf(account.Currency, entries)
			into.Accrued = accrued
			return nil
		})
	if chargeKind == Overdue && account.Patron != broker.NoID {
		AskAccrual(tx, account.Library, loan, &into.Accrued)
	}
}

// moneyOf sums the entries of one loan, which come oldest first.
func moneyOf(currency string, entries []Entry) LoanMoney {
	none := broker.Money{Currency: currency}
	money := LoanMoney{Charged: none, Adjusted: none, Paid: none, entries: entries}
	for _, entry := range entries {
		switch {
		case entry.Kind == KindCharge:
			money.Charged.Minor += entry.Amount.Minor
			if open := openOf(entry, entries); open.Reversible.Minor > 0 {
				money.Open = append(money.Open, open)
			}
		case entry.adjusts():
			money.Adjusted.Minor -= entry.Amount.Minor
		default:
			money.Paid.Minor -= entry.Amount.Minor
		}
	}
	return money
}

// openOf works out what is left of a charge from the entries about it.
func openOf(charge Entry, entries []Entry) Open {
	open := Open{Entry: charge, Owed: charge.Amount, Reversible: charge.Amount}
	for _, entry := range entries {
		if entry.Against != charge.ID {
			continue
		}
		open.Owed.Minor += entry.Amount.Minor
		if entry.NotRefundable || entry.Kind == KindLapse {
			open.kept -= entry.Amount.Minor
		}
		if entry.adjusts() {
			open.Reversible.Minor += entry.Amount.Minor
		}
	}
	return open
}

// adjusts tells whether the entry makes a charge smaller: a waiver, or the
// reversal of a charge.
func (e Entry) adjusts() bool {
	return (e.Kind == KindWaiver || e.Kind == KindReversal) && e.Undoes == broker.NoID
}

// TakeBack queues the taking back of part of what a loan was charged: an item
// came back earlier than was counted, or an amnesty forgives. It begins with the
// newest charge. What was paid of it stands as the patron's credit. money is the
// answer of AskLoan in the same transaction; why.Library and why.Charge are not
// read. The same cause again changes nothing and gives the entries it made
// before. More than stands is a conflict.
func TakeBack(tx *postgres.Tx, money LoanMoney, amount broker.Money, why Answer) ([]Entry, error) {
	if why.Cause == "" {
		return nil, broker.Invalid(broker.FieldError{Pointer: "/cause", Code: "required", Message: "must name a cause"})
	}
	if amount.Minor <= 0 || amount.Currency != money.Charged.Currency {
		return nil, broker.Invalid(broker.FieldError{
			Pointer: "/amount", Code: "not_above_zero", Message: "must be above zero, in " + money.Charged.Currency,
		})
	}
	if before := money.ofAct(why.Cause); len(before) > 0 {
		return before, nil
	}
	if amount.Minor > money.Stands().Minor {
		return nil, broker.Conflict("more_than_charged", "Only %s of those charges is left to take back.", money.Stands())
	}
	var entries []Entry
	left := amount.Minor
	for at, charge := range slices.Backward(money.Open) {
		if left == 0 {
			break
		}
		part := min(left, charge.Reversible.Minor)
		entries = append(entries, why.part(at+1).post(tx, charge, KindReversal, part)...)
		left -= part
	}
	return entries, nil
}

// ofAct finds the entries that an act made before.
func (m LoanMoney) ofAct(act string) (before []Entry) {
	for _, entry := range m.entries {
		if entry.Act == act {
			before = append(before, entry)
		}
	}
	return before
}

// OfPeriod gives the part that is the fine for one of the loan's periods.
func (m LoanMoney) OfPeriod(period int) LoanMoney {
	var kept []Entry
	charges := map[broker.ID]bool{}
	for _, entry := range m.entries {
		if entry.Kind == KindCharge && entry.Period == period {
			charges[entry.ID] = true
			kept = append(kept, entry)
		} else if charges[entry.Against] {
			kept = append(kept, entry)
		}
	}
	part := moneyOf(m.Charged.Currency, kept)
	part.Accrued = m.Accrued
	return part
}

// Corrected sums what was taken back because it had been counted wrongly.
func (m LoanMoney) Corrected() broker.Money {
	return m.sumOf(func(e Entry) bool { return e.Correction != "" })
}

// TakenBackAtLoss sums what was taken back because the item was declared lost on
// a day.
func (m LoanMoney) TakenBackAtLoss(on broker.Date) broker.Money {
	return m.sumOf(func(e Entry) bool { return e.Correction == CorrectedAtLoss && e.LostOn == on })
}

// sumOf sums what some reversals took back.
func (m LoanMoney) sumOf(some func(Entry) bool) broker.Money {
	sum := broker.Money{Currency: m.Charged.Currency}
	for _, entry := range m.entries {
		if some(entry) {
			sum.Minor -= entry.Amount.Minor
		}
	}
	return sum
}

// Parts counts the charges, including those that were taken back.
func (m LoanMoney) Parts() (charges int) {
	for _, entry := range m.entries {
		if entry.Kind == KindCharge {
			charges++
		}
	}
	return charges
}

// Has tells whether there is an entry with a cause.
func (m LoanMoney) Has(cause string) bool {
	return slices.ContainsFunc(m.entries, func(e Entry) bool { return e.Cause == cause })
}

// Corrections counts the corrections of one kind.
func (m LoanMoney) Corrections(kind Correction) (count int) {
	for _, entry := range m.entries {
		if entry.Correction == kind {
			count++
		}
	}
	return count
}

// PaidAt is when the last payment was made that was not voided; zero when there
// was none.
func (m LoanMoney) PaidAt() (at time.Time) {
	voided := map[broker.ID]bool{}
	for _, entry := range m.entries {
		voided[entry.Undoes] = true
	}
	for _, entry := range m.entries {
		if entry.Kind == KindPayment && !voided[entry.ID] && entry.At.After(at) {
			at = entry.At
		}
	}
	return at
}
