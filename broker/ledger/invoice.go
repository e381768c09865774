package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker"
	"afield/broker/postgres"
)

// Invoice is what one library asks of another in writing. Both may read it; the
// charge behind it is in the creditor's ledger.
type Invoice struct {
	Creditor broker.ID
	ID       broker.ID
	Debtor   broker.ID
	// Number is the creditor's own; where it is "", one is given.
	Number string
	Kind   InvoiceKind
	Amount broker.Money
	// Owed is what is still to be paid of it.
	Owed    broker.Money
	Request broker.ID
	// Loan is the loan whose item was lost or damaged. It is kept on the charge
	// only.
	Loan     broker.ID
	Charge   broker.ID
	IssuedOn broker.Date
	// DueOn is the last day on which it is not late; zero gives it thirty days.
	DueOn  broker.Date
	Status InvoiceStatus
	// Dispute is the debtor's reason for not paying.
	Dispute string
}

// invoiceDays is how long another library has to pay where no date is given.
const invoiceDays = 30

// InvoiceKind is what an invoice is for.
type InvoiceKind string

// The kinds of invoice.
const (
	InvoiceLoanFee     InvoiceKind = "loan_fee"
	InvoicePostage     InvoiceKind = "postage"
	InvoiceReplacement InvoiceKind = "replacement" // of what was lost or damaged
	InvoiceOther       InvoiceKind = "other"
)

// chargeKind gives the kind of charge by which the ledger keeps it.
func (k InvoiceKind) chargeKind() (string, error) {
	switch k {
	case InvoiceLoanFee:
		return ILLFee, nil
	case InvoicePostage:
		return Postage, nil
	case InvoiceReplacement:
		return Lost, nil
	case InvoiceOther:
		return Other, nil
	}
	return "", broker.Invalid(broker.FieldError{
		Pointer: "/kind", Code: "unknown_kind", Message: "must be loan_fee, postage, replacement or other",
	})
}

// InvoiceStatus is how far an invoice has come.
type InvoiceStatus string

// The statuses of an invoice.
const (
	InvoiceOpen      InvoiceStatus = "open"
	InvoiceDisputed  InvoiceStatus = "disputed" // the debtor says why not
	InvoicePaid      InvoiceStatus = "paid"
	InvoiceWithdrawn InvoiceStatus = "withdrawn" // the creditor took it back
)

// Late tells whether an invoice should have been paid before a day.
func (i Invoice) Late(on broker.Date) bool {
	return (i.Status == InvoiceOpen || i.Status == InvoiceDisputed) && i.DueOn.Before(on)
}

// RaiseInvoice writes an invoice and its charge. The same number again, over the
// same amount to the same library, is the same invoice; over another, a conflict.
// rule and clause are the creditor's ground for it.
//
// Where no due date is given, it is due after invoiceDays.
func RaiseInvoice(ctx context.Context, tx *postgres.Tx, in Invoice, rule string, clause broker.Clause, by broker.Actor, at time.Time) (Invoice, error) {
	kind, err := in.Kind.chargeKind()
	if err != nil {
		return Invoice{}, err
	}
	if in.DueOn.IsZero() {
		in.DueOn = in.IssuedOn.AddDays(invoiceDays)
	}
	if in.IssuedOn.IsZero() || in.DueOn.Before(in.IssuedOn) || in.Creditor == in.Debtor {
		return Invoice{}, broker.Invalid(broker.FieldError{
			Pointer: "/due_on", Code: "before_issue", Message: "must not be before the day of issue, and to another library",
		})
	}
	if in.Number == "" {
		var number int64
		if err := tx.QueryRow(ctx, `select nextval('receipt_numbers')`).Scan(&number); err != nil {
			return Invoice{}, fmt.Errorf("draw an invoice number: %w", err)
		}
		in.Number = fmt.Sprintf("INV-%d", number)
	}
	account := Between(in.Creditor, in.Debtor, in.Amount.Currency)
	lock(tx, account)
	before, err := invoiceByNumber(ctx, tx, in.Creditor, in.Number)
	if err == nil {
		if before.Debtor == in.Debtor && before.Amount == in.Amount && before.Kind == in.Kind {
			return before, nil
		}
		return Invoice{}, broker.Conflict("invoice_number_used", "Another invoice has the number %s.", in.Number)
	}
	if !broker.IsKind(err, broker.KindNotFound) {
		return Invoice{}, err
	}
	charge, err := Post(tx, Charge{
		Account: account, Kind: kind, Amount: in.Amount, Cause: "invoice:" + in.Number, Rule: rule, Clause: clause,
		Note: "invoice " + in.Number, Loan: in.Loan, Request: in.Request, Actor: by, At: at,
	})
	if err != nil {
		return Invoice{}, err
	}
	in.ID, in.Charge, in.Owed, in.Status, in.Dispute = broker.NewID(), charge.ID, in.Amount, InvoiceOpen, ""
	_, err = tx.Exec(ctx, `insert into library_invoices (library_id, id, debtor_library_id, number, kind, amount_minor, currency,
			owed_minor, request_id, charge_id, issued_on, due_on, status, changed_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		in.Creditor, in.ID, in.Debtor, in.Number, in.Kind, in.Amount.Minor, in.Amount.Currency,
		in.Owed.Minor, in.Request, in.Charge, in.IssuedOn, in.DueOn, in.Status, at)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.ConstraintName == "invoice_number_once" { // raised to another library at the same time
		return Invoice{}, broker.Conflict("invoice_number_used", "Another invoice has the number %s.", in.Number)
	}
	if err != nil {
		return Invoice{}, fmt.Errorf("write an invoice: %w", err)
	}
	return in, nil
}

// PayInvoices takes one payment, a check for example, for several invoices of one
// library to another, and pays all that is left of each. payment.Account, Amount
// and To are worked out. It refuses an invoice with nothing left, and invoices of
// different accounts.
func PayInvoices(ctx context.Context, tx *postgres.Tx, creditor broker.ID, ids []broker.ID, payment Payment) (Receipt, error) {
	for i, id := range ids {
		invoice, err := InvoiceByID(ctx, tx, creditor, id)
		if err != nil {
			return Receipt{}, err
		}
		account := Between(creditor, invoice.Debtor, invoice.Amount.Currency)
		if i == 0 {
			lock(tx, account)
			if invoice, err = InvoiceByID(ctx, tx, creditor, id); err != nil { // as it is under the lock
				return Receipt{}, err
			}
			payment.Account, payment.To = account, nil
			payment.Amount = broker.Money{Currency: account.Currency}
			before, err := ofAct(ctx, tx, account, payment.Cause)
			if err != nil {
				return Receipt{}, err
			}
			if len(before) > 0 {
				return paidBefore(ctx, tx, creditor, ids, before)
			}
		}
		if payment.Account != account {
			return Receipt{}, broker.Invalid(broker.FieldError{
				Pointer: fmt.Sprintf("/invoices/%d", i), Code: "other_account", Message: "must be owed by the same library, in the same currency",
			})
		}
		if invoice.Owed.Minor <= 0 {
			return Receipt{}, broker.Conflict("invoice_ended", "Invoice %s is %s.", invoice.Number, invoice.Status)
		}
		payment.To = append(payment.To, Share{Charge: invoice.Charge, Amount: invoice.Owed})
		payment.Amount.Minor += invoice.Owed.Minor
	}
	if len(ids) == 0 {
		return Receipt{}, broker.Invalid(broker.FieldError{Pointer: "/invoices", Code: "required", Message: "must name at least one"})
	}
	payment.InAdvance = true // credit elsewhere on the account does not stand in the way
	return Pay(ctx, tx, payment)
}

// paidBefore gives the receipt of an earlier payment, where it was for these
// invoices.
func paidBefore(ctx context.Context, tx *postgres.Tx, creditor broker.ID, ids []broker.ID, before []Entry) (Receipt, error) {
	charges := make([]broker.ID, len(ids))
	for i, id := range ids {
		invoice, err := InvoiceByID(ctx, tx, creditor, id)
		if err != nil {
			return Receipt{}, err
		}
		charges[i] = invoice.Charge
	}
	if !paid(before, charges) {
		return Receipt{}, keyUsed()
	}
	return ReceiptByNumber(ctx, tx, creditor, before[0].Receipt)
}

// Dispute records that the debtor does not accept an invoice, and why. It may
// still be paid, upheld (Insist) or withdrawn. A second dispute replaces the
// reason.
func Dispute(ctx context.Context, tx *postgres.Tx, creditor, id broker.ID, reason string, at time.Time) error {
	if err := needsReason(reason); err != nil {
		return err
	}
	return moveInvoice(ctx, tx, creditor, id, InvoiceDisputed, reason, at)
}

// Insist answers a dispute: the invoice stands. Its reason is kept.
func Insist(ctx context.Context, tx *postgres.Tx, creditor, id broker.ID, at time.Time) error {
	return moveInvoice(ctx, tx, creditor, id, InvoiceOpen, "", at)
}

func moveInvoice(ctx context.Context, tx *postgres.Tx, creditor, id broker.ID, to InvoiceStatus, reason string, at time.Time) error {
	tag, err := tx.Exec(ctx, `update library_invoices set status = $3, changed_at = $5,
			dispute = case when $4 = '' then dispute else $4 end
		where library_id = $1 and id = $2 and status in ('open', 'disputed')`, creditor, id, to, reason, at)
	if err != nil {
		return fmt.Errorf("move an invoice: %w", err)
	}
	if tag.RowsAffected() > 0 {
		return nil
	}
	invoice, err := InvoiceByID(ctx, tx, creditor, id)
	if err != nil {
		return err
	}
	return broker.Conflict("invoice_ended", "Invoice %s is %s.", invoice.Number, invoice.Status)
}

// Withdraw takes an invoice back, by reversing its charge; what was paid of it
// becomes the debtor's credit. Withdrawing it again changes nothing.
func Withdraw(ctx context.Context, tx *postgres.Tx, why Void, id broker.ID) error {
	if err := needsReason(why.Reason); err != nil {
		return err
	}
	invoice, err := InvoiceByID(ctx, tx, why.Library, id)
	if err != nil {
		return err
	}
	_, err = Reverse(ctx, tx, Answer{
		Library: why.Library, Charge: invoice.Charge, Cause: "withdraw:" + id.String(), Note: why.Reason, Actor: why.Actor, At: why.At,
	})
	return err
}

// followInvoices queues an update of an account's invoices to what the ledger
// says.
func followInvoices(tx *postgres.Tx, account Account, at time.Time) {
	if account.Debtor == broker.NoID {
		return
	}
	tx.Queue(`update library_invoices i set owed_minor = now.owed, changed_at = $3,
			status = case when now.stands <= 0 then 'withdrawn' when now.owed <= 0 then 'paid'
				when i.status in ('open', 'disputed') then i.status else 'open' end
		from (select c.id, c.amount_minor + coalesce(sum(e.amount_minor), 0)::bigint as owed,
				c.amount_minor + coalesce(sum(e.amount_minor) filter (where e.kind in ('waiver', 'reversal') and e.undoes_id is null), 0) as stands
			from library_invoices v
			join ledger_entries c on c.library_id = v.library_id and c.id = v.charge_id
			left join ledger_entries e on e.library_id = v.library_id and e.against_id = c.id
			where v.library_id = $1 and v.debtor_library_id = $2
			group by c.id, c.amount_minor) now
		where i.library_id = $1 and i.charge_id = now.id and i.owed_minor <> now.owed`, account.Library, account.Debtor, at)
}

// InvoiceFilter picks invoices: those a library has raised or, with Debtor, those
// raised against it.
type InvoiceFilter struct {
	Creditor broker.ID
	Debtor   broker.ID
	Status   InvoiceStatus // "" for all
	// LateOn picks what should have been paid before this day.
	LateOn broker.Date
	// After is the last invoice of the page before; NoID starts with the first.
	After broker.ID
	Limit int
}

// Invoices lists invoices by their due date, a page at a time.
func Invoices(ctx context.Context, tx *postgres.Tx, f InvoiceFilter) ([]Invoice, error) {
	rows, err := tx.Query(ctx, `select `+invoiceColumns+` from library_invoices i
		where ($1::uuid is null or i.library_id = $1) and ($2::uuid is null or i.debtor_library_id = $2)
			and ($3 = '' or i.status = $3)
			and ($4::date is null or (i.due_on < $4 and i.status in ('open', 'disputed')))
			and ($5::uuid is null or (i.due_on, i.id) > (select a.due_on, a.id from library_invoices a where a.id = $5))
		order by i.due_on, i.id limit $6`, f.Creditor, f.Debtor, f.Status, f.LateOn, f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read invoices: %w", err)
	}
	return pgx.CollectRows(rows, scanInvoice)
}

// Due is what a library owes another, to be paid by one check.
type Due struct {
	Creditor broker.ID
	Amount   broker.Money
	Invoices []broker.ID
	// Earliest is when the first of them should be paid.
	Earliest broker.Date
}

// OwedTo lists what a library owes each other library by invoices that it does
// not dispute, by creditor and currency.
func OwedTo(ctx context.Context, tx *postgres.Tx, debtor broker.ID) ([]Due, error) {
	rows, err := tx.Query(ctx, `select library_id, currency, sum(owed_minor)::bigint, array_agg(id order by due_on, id), min(due_on)
		from library_invoices where debtor_library_id = $1 and status = 'open' group by 1, 2 order by 1, 2`, debtor)
	if err != nil {
		return nil, fmt.Errorf("read what is owed to libraries: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (due Due, err error) {
		err = row.Scan(&due.Creditor, &due.Amount.Currency, &due.Amount.Minor, &due.Invoices, &due.Earliest)
		return due, err
	})
}

const invoiceColumns = `i.library_id, i.id, i.debtor_library_id, i.number, i.kind, i.amount_minor, i.currency, i.owed_minor,
	i.currency, i.request_id, i.charge_id, i.issued_on, i.due_on, i.status, i.dispute`

// InvoiceByID gives an invoice.
func InvoiceByID(ctx context.Context, tx *postgres.Tx, creditor, id broker.ID) (Invoice, error) {
	rows, err := tx.Query(ctx, `select `+invoiceColumns+` from library_invoices i where i.library_id = $1 and i.id = $2`, creditor, id)
	return oneInvoice(rows, err)
}

// InvoiceSeen gives an invoice that the transaction may see, whichever of its two
// libraries the transaction is for.
func InvoiceSeen(ctx context.Context, tx *postgres.Tx, id broker.ID) (Invoice, error) {
	rows, err := tx.Query(ctx, `select `+invoiceColumns+` from library_invoices i where i.id = $1`, id)
	return oneInvoice(rows, err)
}

func invoiceByNumber(ctx context.Context, tx *postgres.Tx, creditor broker.ID, number string) (Invoice, error) {
	rows, err := tx.Query(ctx, `select `+invoiceColumns+` from library_invoices i where i.library_id = $1 and i.number = $2`, creditor, number)
	return oneInvoice(rows, err)
}

func oneInvoice(rows pgx.Rows, err error) (Invoice, error) {
	if err != nil {
		return Invoice{}, fmt.Errorf("read an invoice: %w", err)
	}
	found, err := pgx.CollectRows(rows, scanInvoice)
	if err != nil {
		return Invoice{}, fmt.Errorf("read an invoice: %w", err)
	}
	if len(found) == 0 {
		return Invoice{}, broker.NotFound("invoice")
	}
	return found[0], nil
}

func scanInvoice(row pgx.CollectableRow) (i Invoice, err error) {
	err = row.Scan(&i.Creditor, &i.ID, &i.Debtor, &i.Number, &i.Kind, &i.Amount.Minor, &i.Amount.Currency, &i.Owed.Minor,
		&i.Owed.Currency, &i.Request, &i.Charge, &i.IssuedOn, &i.DueOn, &i.Status, &i.Dispute)
	return i, err
}
