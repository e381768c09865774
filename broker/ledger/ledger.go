package ledger

import (
	"time"

	"afield/broker"
)

// Kind says what an entry does to an account.
type Kind string

// The kinds of entry. A charge and a refund (money given back) raise what is
// owed; a payment and a waiver lower it; a reversal takes back what is left of
// a charge.
const (
	KindCharge   Kind = "charge"
	KindPayment  Kind = "payment"
	KindWaiver   Kind = "waiver"
	KindRefund   Kind = "refund"
	KindReversal Kind = "reversal"
)

// The charge kinds that Afield itself posts. Policies count them for blocks and
// may know more (print, card, …).
const (
	Overdue    = "overdue"    // a fine for a late return
	ILLFee     = "ill_fee"    // a lender's fee, passed on to the patron
	Lost       = "lost"       // the price of a lost or damaged item
	Processing = "processing" // what replacing it costs besides
	Postage    = "postage"    // between libraries
	Credit     = "credit"     // paid beyond what was owed
)

// Account is whose debts and whose claim: what one patron, or one other
// library, owes to a library. Exactly one of Patron and Debtor is set.
type Account struct {
	// Library is to whom it is owed.
	Library broker.ID
	Patron  broker.ID
	// Debtor is the library that owes.
	Debtor broker.ID
	// Currency is that of Library; entries in another are refused.
	Currency string
}

// OfPatron is the account of one of the library's own patrons.
func OfPatron(library, patron broker.ID, currency string) Account {
	return Account{Library: library, Patron: patron, Currency: currency}
}

// Between is the account of what one library owes to another, in the
// creditor's currency.
func Between(creditor, debtor broker.ID, currency string) Account {
	return Account{Library: creditor, Debtor: debtor, Currency: currency}
}

// Entry is one row of an account, as it was written.
type Entry struct {
	ID      broker.ID
	Account Account
	Kind    Kind
	// ChargeKind is what it is for: overdue, ill_fee, lost, print …; a payment
	// has that of the charge it answers.
	ChargeKind string
	// Amount is positive where more is owed by it, negative where less.
	Amount broker.Money
	// Against is the charge that a payment, waiver or reversal answers; NoID on
	// a charge and on money paid in advance.
	Against broker.ID
	// Rule and Clause are the policy attribute that made the charge, and its
	// source.
	Rule    string
	Clause  broker.Clause
	Note    string
	Loan    broker.ID
	Request broker.ID
	Cause   string
	Actor   broker.Actor
	At      time.Time
}

// Charge is something to be asked of an account.
type Charge struct {
	Account Account
	// Kind is what it is for, for example Overdue.
	Kind string
	// Amount is above zero, in the account's currency.
	Amount broker.Money
	// Cause names why, once and for all: "overdue:<loan>". The same cause never
	// charges twice.
	Cause   string
	Rule    string
	Clause  broker.Clause
	Note    string
	Loan    broker.ID
	Request broker.ID
	Actor   broker.Actor
	At      time.Time
}

// Open is a charge with what is still owed of it.
type Open struct {
	Entry
	// Owed is what is left after payments, waivers and reversals. It is
	// negative where a charge was taken back after it was paid.
	Owed broker.Money
	// Reversible is what may still be waived or taken back: its amount less what
	// was, whatever was paid of it.
	Reversible broker.Money
}

// Balances is what an account owes, by charge kind: what was charged, and under
// Overdue also what has accrued and was not charged yet.
type Balances struct {
	Currency string
	// ByKind leaves out kinds that come to zero. A kind may be negative:
	// credit, for example of a reversed charge that had been paid.
	ByKind map[string]int64
}

// Total is all that is owed; negative when the library owes the patron.
func (b Balances) Total() broker.Money {
	total := broker.Money{Currency: b.Currency}
	for _, minor := range b.ByKind {
		total.Minor += minor
	}
	return total
}

// Money gives the balances as amounts, for facts that policies read.
func (b Balances) Money() map[string]broker.Money {
	amounts := make(map[string]broker.Money, len(b.ByKind))
	for kind, minor := range b.ByKind {
		amounts[kind] = broker.Money{Minor: minor, Currency: b.Currency}
	}
	return amounts
}

// Payment is money handed over.
type Payment struct {
	Account Account
	Amount  broker.Money
	// Charge is the one charge it is for; NoID pays the oldest first.
	Charge broker.ID
	// InAdvance allows more than is owed: the rest is kept as credit.
	InAdvance bool
	Cause     string // one payment has one cause; sent again, the same receipt comes back
	Note      string // how: cash, cheque 1234 …
	Actor     broker.Actor
	At        time.Time
}

// Receipt is what a payment settled.
type Receipt struct {
	Paid  broker.Money
	Lines []Entry
	// Left is what the account still owes afterwards.
	Left broker.Money
}
