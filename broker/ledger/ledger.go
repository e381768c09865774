package ledger

import (
	"time"

	"afield/broker"
)

// Kind says what an entry does to an account.
type Kind string

// The kinds of entry. A charge, a refund (money given back) and a lapse (credit
// given up, because it was paid with what is never given back) raise what is
// owed; a payment and a waiver lower it. A reversal takes back what is left of a
// charge, or undoes a payment or refund that was written by mistake.
const (
	KindCharge   Kind = "charge"
	KindPayment  Kind = "payment"
	KindWaiver   Kind = "waiver"
	KindRefund   Kind = "refund"
	KindReversal Kind = "reversal"
	KindLapse    Kind = "lapse"
)

// The charge kinds. Policies count them for blocks and may know more.
const (
	Overdue    = "overdue"    // a fine for a late return
	ILLFee     = "ill_fee"    // a lender's fee, passed on to the patron
	Lost       = "lost"       // the price of a lost item
	Damage     = "damage"     // of a damaged one
	Processing = "processing" // what replacing it costs besides
	Postage    = "postage"    // between libraries
	Print      = "print"
	Copy       = "copy"
	Fax        = "fax"
	Card       = "card"       // a card's fee, or its replacement
	Deposit    = "deposit"    // of a temporary card
	Collection = "collection" // what referring to an agency costs
	Other      = "other"
	Credit     = "credit" // paid beyond what was owed
)

// Correction says why part of a charge is taken back as counted wrongly. What is
// corrected may be charged again, should it turn out to be owed; what was
// forgiven stays forgiven, and has no Correction.
type Correction string

// The corrections.
const (
	CorrectedAtReturn   Correction = "return"      // the item came back
	CorrectedAtRenewal  Correction = "renewal"     // the loan was renewed
	CorrectedDueDate    Correction = "due_date"    // the lender had given a wrong due date
	CorrectedAtLoss     Correction = "loss"        // the item was declared lost
	CorrectedAdjustment Correction = "adjustment"  // the due dates of many loans were moved
	CorrectedClosing    Correction = "closing"     // the library was closed on some of the days
	CorrectedMerge      Correction = "merge"       // it is charged to another account instead
	CorrectedFound      Correction = "found_again" // a lost item was found again
	CorrectedDonation   Correction = "donation"    // a like item was given in place of a lost one
	CorrectedUndone     Correction = "undone"      // the act that charged it was undone
)

// Cash is the method of payment in which a till has its float.
const Cash = "cash"

// transfer is how an agency gets back what it paid.
const transfer = "transfer"

// Account is what one patron, or one other library, owes to a library. Exactly
// one of Patron and Debtor is set.
type Account struct {
	// Library is the library it is owed to.
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
	// Amount is positive where the entry raises what is owed, negative where it
	// lowers it.
	Amount broker.Money
	// Against is the charge that a payment, waiver or reversal answers; NoID on
	// a charge and on money paid in advance.
	Against broker.ID
	// Undoes is the payment or refund that a reversal undoes; NoID on all else.
	Undoes broker.ID
	// Method is how a payment or refund was made: cash, check, card …; Till is the
	// till it went through, NoID for none.
	Method string
	Till   broker.ID
	// Receipt is the number a payment, or refund, was given; 0 for none.
	Receipt int64
	// PaidBy names who paid where it was not the patron; NotRefundable is set where
	// what was paid is never given back.
	PaidBy        string
	NotRefundable bool
	// Rule and Clause are the policy attribute that made the charge, and its
	// source.
	Rule    string
	Clause  broker.Clause
	Note    string
	Loan    broker.ID
	Request broker.ID
	// Period says which of the loan's periods a fine is for: 1 ends with the first
	// due date, and each renewal begins the next. It is 0 on all other entries.
	Period int
	// Correction is why a reversal takes back what was counted wrongly; it is empty
	// where the reversal forgives, and on all other entries. LostOn is the day the
	// item was lost, where that is the reason.
	Correction Correction
	LostOn     broker.Date
	// Cause is a key: there is one entry for each cause. Nothing is read out of it.
	// Act is the key of the whole act where one act made several entries, and empty
	// where this is the only one.
	Cause string
	Act   string
	Actor broker.Actor
	At    time.Time
}

// Charge is something to be charged to an account.
type Charge struct {
	Account Account
	// Kind is what it is for, for example Overdue.
	Kind string
	// Amount is above zero, in the account's currency.
	Amount broker.Money
	// Cause is a key: the same cause never charges twice.
	Cause   string
	Rule    string
	Clause  broker.Clause
	Note    string
	Loan    broker.ID
	Request broker.ID
	// Period says which of the loan's periods a fine is for, as on an Entry.
	Period int
	Actor  broker.Actor
	At     time.Time
}

// Open is a charge with what is still owed of it.
type Open struct {
	Entry
	// Owed is what is left after payments, waivers and reversals. It is
	// negative where a charge was taken back after it was paid.
	Owed broker.Money
	// Reversible is what may still be waived or taken back: its amount less what
	// already was, however much of it was paid.
	Reversible broker.Money
	// kept is the part of it, in minor units, that was paid with what is never given
	// back, less what has lapsed already.
	kept int64
}

// Balances is what an account owes, by charge kind: what was charged, and under
// Overdue also what has accrued and is not charged yet.
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

// Money gives the balances as amounts, as policies read them.
func (b Balances) Money() map[string]broker.Money {
	amounts := make(map[string]broker.Money, len(b.ByKind))
	for kind, minor := range b.ByKind {
		amounts[kind] = broker.Money{Minor: minor, Currency: b.Currency}
	}
	return amounts
}
