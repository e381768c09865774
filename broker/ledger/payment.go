package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Payment is money handed over.
type Payment struct {
	Account Account
	Amount  broker.Money
	// Charge is the one charge to pay; NoID pays the oldest first.
	Charge broker.ID
	// To says how much each charge receives, in place of oldest first, for example
	// when costs.SplitPayment shares a payment evenly. What they leave of Amount is
	// kept in advance, or refused.
	To []Share
	// InAdvance allows more than is owed: the rest is kept as credit.
	InAdvance bool
	// Method is how it is paid: cash, check, card …. A payment at a till must say
	// it.
	Method string
	// Till is the open till it goes into; NoID for none.
	Till broker.ID
	// By names who pays, where it is not the patron: an agency, another account.
	By string
	// NotRefundable is set for what is never given back as money, such as goods
	// taken in place of fines. It cannot be kept in advance.
	NotRefundable bool
	Cause         string // one payment has one cause; sent again, the same receipt comes back
	Note          string // what staff want to remember: check 1234 …
	Actor         broker.Actor
	At            time.Time
}

// Share is the part of a payment that one charge receives.
type Share struct {
	Charge broker.ID
	Amount broker.Money
}

// Receipt is what a payment settled.
type Receipt struct {
	// Number is the receipt's number, by which it can be read again.
	Number  int64
	Account Account
	Method  string
	At      time.Time
	Paid    broker.Money
	Lines   []Entry
	// Left is what was still owed of all charges afterwards; negative is credit.
	Left broker.Money
	// Voided tells that the payment was undone since.
	Voided bool
}

// Pay takes money: as its shares say, for one charge, or for the oldest charges
// first, the last in part if the money runs out. It refuses an amount of zero or
// less, and more than is charged unless the rest may be kept in advance. What has
// only accrued cannot be paid: charge it first. The same cause again gives the
// same receipt and takes nothing; for another account, amount, method or charge
// it is the conflict key_used.
func Pay(ctx context.Context, tx *postgres.Tx, p Payment) (Receipt, error) {
	if p.Cause == "" {
		return Receipt{}, broker.Invalid(broker.FieldError{Pointer: "/cause", Code: "required", Message: "a payment has a cause"})
	}
	lock(tx, p.Account)
	var others bool
	askUsedElsewhere(tx, p.Account, partOf(p.Cause, 1), &others)
	before, err := ofAct(ctx, tx, p.Account, p.Cause)
	if err == nil && (others || len(before) > 0 && !p.made(before)) {
		err = keyUsed()
	}
	if err != nil {
		return Receipt{}, err
	}
	if len(before) > 0 {
		return ReceiptByNumber(ctx, tx, p.Account.Library, before[0].Receipt)
	}
	if err := p.Account.takes("/amount", p.Amount); err != nil {
		return Receipt{}, err
	}
	var charged int64
	askCharged(tx, p.Account, &charged)
	charges, err := openCharges(ctx, tx, p.Account)
	if err != nil {
		return Receipt{}, err
	}
	shares, rest, err := p.share(charges, charged)
	if err != nil {
		return Receipt{}, err
	}
	number, err := atTill(ctx, tx, p.Account, p.Till, p.Method)
	if err != nil {
		return Receipt{}, err
	}
	receipt := Receipt{
		Number: number, Account: p.Account, Method: p.Method, At: p.At, Paid: p.Amount, Lines: p.lines(number, shares, rest),
		Left: broker.Money{Minor: charged - p.Amount.Minor, Currency: p.Account.Currency},
	}
	for _, line := range receipt.Lines {
		add(tx, line)
	}
	followInvoices(tx, p.Account, p.At)
	return receipt, nil
}

// askCharged queues a look-up of what an account owes of what was charged, in
// minor units; what only accrues is left out.
func askCharged(tx *postgres.Tx, account Account, into *int64) {
	tx.Queue(`select coalesce(sum(e.amount_minor), 0)::bigint from ledger_entries e where `+account.whose(), account.args()...).
		QueryRow(func(row pgx.Row) error { return row.Scan(into) })
}

// atTill locks the till that money goes into or comes from, and draws a number
// for the receipt.
func atTill(ctx context.Context, tx *postgres.Tx, account Account, id broker.ID, method string) (number int64, err error) {
	var till Till
	if id != broker.NoID {
		if method == "" {
			return 0, broker.Invalid(broker.FieldError{Pointer: "/method", Code: "required", Message: "must say by what, at a till"})
		}
		askTill(tx, account.Library, id, "for share", &till)
	}
	if err := tx.QueryRow(ctx, `select nextval('receipt_numbers')`).Scan(&number); err != nil {
		return 0, fmt.Errorf("draw a receipt number: %w", err)
	}
	if id != broker.NoID {
		err = till.takes(account.Currency)
	}
	return number, err
}

// lines are the entries of a payment: one for each charge it reaches, and one
// for what is kept in advance.
func (p Payment) lines(number int64, shares []share, rest int64) []Entry {
	var lines []Entry
	line := func(minor int64, kind string, against Entry) {
		lines = append(lines, Entry{
			ID: broker.NewID(), Account: p.Account, Kind: KindPayment, ChargeKind: kind,
			Amount: broker.Money{Minor: -minor, Currency: p.Account.Currency}, Against: against.ID,
			Method: p.Method, Till: p.Till, Receipt: number, PaidBy: p.By, NotRefundable: p.NotRefundable,
			Loan: against.Loan, Request: against.Request, Note: p.Note,
			Cause: partOf(p.Cause, len(lines)+1), Act: p.Cause, Actor: p.Actor, At: p.At,
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

// ReceiptByNumber gives a payment's receipt again, to be printed once more; what
// was owed afterwards is as it was then.
func ReceiptByNumber(ctx context.Context, tx *postgres.Tx, library broker.ID, number int64) (Receipt, error) {
	lines, err := receiptLines(ctx, tx, library, number)
	if err != nil {
		return Receipt{}, err
	}
	last := lines[len(lines)-1]
	receipt := Receipt{
		Number: number, Account: last.Account, Method: last.Method, At: last.At, Lines: lines,
		Paid: broker.Money{Currency: last.Account.Currency}, Left: broker.Money{Currency: last.Account.Currency},
	}
	for _, line := range lines {
		receipt.Paid.Minor -= line.Amount.Minor
	}
	err = tx.QueryRow(ctx, `select coalesce(sum(e.amount_minor) filter (where e.id <= $4), 0)::bigint,
			coalesce(bool_or(e.undoes_id = $4), false)
		from ledger_entries e where `+last.Account.whose(), append(last.Account.args(), last.ID)...).
		Scan(&receipt.Left.Minor, &receipt.Voided)
	if err != nil {
		return Receipt{}, fmt.Errorf("read a receipt: %w", err)
	}
	return receipt, nil
}

func receiptLines(ctx context.Context, tx *postgres.Tx, library broker.ID, number int64) ([]Entry, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from ledger_entries e
		where e.library_id = $1 and e.receipt_number = $2 and e.kind = 'payment' order by e.id`, library, number)
	if err != nil {
		return nil, fmt.Errorf("read a receipt: %w", err)
	}
	lines, err := collect(rows)
	if err == nil && len(lines) == 0 {
		err = broker.NotFound("receipt")
	}
	return lines, err
}

// Void undoes a payment that was written by mistake.
type Void struct {
	Library broker.ID
	// Receipt is the payment's receipt number.
	Receipt int64
	// Reason is required.
	Reason string
	Actor  broker.Actor
	At     time.Time
}

// VoidPayment undoes a payment, all of its lines: what it paid is owed again. It
// comes off its till while the till is open; a closed till stays as it was
// counted. A second time it gives the entries it made the first time. A payment
// whose credit lapsed cannot be undone.
func VoidPayment(ctx context.Context, tx *postgres.Tx, v Void) ([]Entry, error) {
	if err := needsReason(v.Reason); err != nil {
		return nil, err
	}
	paid, err := receiptLines(ctx, tx, v.Library, v.Receipt)
	if err != nil {
		return nil, err
	}
	account := paid[0].Account
	lock(tx, account)
	cause := fmt.Sprintf("void:%d", v.Receipt)
	before, err := ofAct(ctx, tx, account, cause)
	if err != nil || len(before) > 0 {
		return before, err
	}
	if err := refuseLapsed(ctx, tx, paid); err != nil {
		return nil, err
	}
	return undo(ctx, tx, paid, cause, v)
}

// undo queues the opposite of payments or refunds.
func undo(ctx context.Context, tx *postgres.Tx, entries []Entry, cause string, why Void) ([]Entry, error) {
	var till Till
	if id := entries[0].Till; id != broker.NoID {
		askTill(tx, why.Library, id, "for share", &till)
		if err := tx.Flush(ctx); err != nil {
			return nil, fmt.Errorf("read a till: %w", err)
		}
	}
	var undone []Entry
	for i, entry := range entries {
		entry.ID, entry.Undoes, entry.Kind = broker.NewID(), entry.ID, KindReversal
		entry.Amount, entry.Note = entry.Amount.Negated(), why.Reason
		entry.Cause, entry.Act, entry.Actor, entry.At = partOf(cause, i+1), cause, why.Actor, why.At
		if till.Closed() {
			entry.Till = broker.NoID
		}
		add(tx, entry)
		undone = append(undone, entry)
	}
	followInvoices(tx, entries[0].Account, why.At)
	return undone, nil
}

// refuseLapsed refuses to undo a payment where credit from it has lapsed.
func refuseLapsed(ctx context.Context, tx *postgres.Tx, paid []Entry) error {
	if !paid[0].NotRefundable {
		return nil
	}
	for _, line := range paid {
		var lapsed bool
		err := tx.QueryRow(ctx, `select exists (select from ledger_entries where library_id = $1 and against_id = $2 and kind = 'lapse')`,
			line.Account.Library, line.Against).Scan(&lapsed)
		if err != nil {
			return fmt.Errorf("look for lapsed credit: %w", err)
		}
		if lapsed {
			return broker.Conflict("credit_lapsed", "The charge it paid was taken back since, and its credit given up.")
		}
	}
	return nil
}

func needsReason(reason string) error {
	if reason == "" {
		return broker.Invalid(broker.FieldError{Pointer: "/reason", Code: "required", Message: "must say why"})
	}
	return nil
}
