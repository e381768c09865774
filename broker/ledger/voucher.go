package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Voucher is a refund on paper: the credit is used up when it is written, and
// the money is paid out later.
type Voucher struct {
	Library broker.ID
	ID      broker.ID
	// Number is printed on the voucher.
	Number  int64
	Patron  broker.ID
	Amount  broker.Money
	Reason  string
	AskedBy broker.Actor
	AskedAt time.Time
	// PaidAt is zero while it waits; Method is how it was paid, Till the till it was
	// paid from, NoID for none.
	PaidAt      time.Time
	Method      string
	Till        broker.ID
	CancelledAt time.Time
}

// Open tells whether it waits to be paid.
func (v Voucher) Open() bool { return v.PaidAt.IsZero() && v.CancelledAt.IsZero() }

// WriteVoucher gives credit back on paper; it is refused where GiveBack would be.
// r.Method and r.Till are not read. The same cause again gives the same voucher.
func WriteVoucher(ctx context.Context, tx *postgres.Tx, r Refund) (Voucher, error) {
	if err := needsReason(r.Reason); err != nil {
		return Voucher{}, err
	}
	if r.Account.Patron == broker.NoID {
		return Voucher{}, broker.Invalid(broker.FieldError{Pointer: "/account", Code: "not_a_patron", Message: "must be a patron's"})
	}
	voucher := Voucher{
		Library: r.Account.Library, ID: broker.DeriveID("voucher", r.Account.Library.String(), r.Cause), Patron: r.Account.Patron,
		Amount: r.Amount, Reason: r.Reason, AskedBy: r.Actor, AskedAt: r.At.UTC(),
	}
	r.Cause, r.Method, r.Till = "voucher:"+voucher.ID.String(), "voucher", broker.NoID
	credits, before, err := r.credits(ctx, tx)
	if err != nil {
		return Voucher{}, err
	}
	if len(before) > 0 {
		return VoucherByID(ctx, tx, voucher.Library, voucher.ID)
	}
	if voucher.Number, err = atTill(ctx, tx, r.Account, broker.NoID, r.Method); err != nil {
		return Voucher{}, err
	}
	r.post(tx, voucher.Number, credits)
	tx.Queue(`insert into refund_vouchers (library_id, id, number, patron_id, amount_minor, currency, reason, asked_by, asked_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		voucher.Library, voucher.ID, voucher.Number, voucher.Patron, voucher.Amount.Minor, voucher.Amount.Currency,
		voucher.Reason, voucher.AskedBy, voucher.AskedAt)
	return voucher, nil
}

// PayVoucher records that a voucher was paid out: how, and from which open till,
// if any. One that was paid or cancelled before is a conflict.
func PayVoucher(ctx context.Context, tx *postgres.Tx, library, id broker.ID, method string, from broker.ID, by broker.Actor, at time.Time) (Voucher, error) {
	voucher, err := openVoucher(ctx, tx, library, id)
	if err != nil {
		return Voucher{}, err
	}
	if method == "" {
		return Voucher{}, broker.Invalid(broker.FieldError{Pointer: "/method", Code: "required", Message: "must say by what"})
	}
	if from != broker.NoID {
		var till Till
		askTill(tx, library, from, "for share", &till)
		if err := tx.Flush(ctx); err != nil {
			return Voucher{}, fmt.Errorf("read a till: %w", err)
		}
		if err := till.takes(voucher.Amount.Currency); err != nil {
			return Voucher{}, err
		}
	}
	voucher.PaidAt, voucher.Method, voucher.Till = at.UTC(), method, from
	tx.Queue(`update refund_vouchers set paid_at = $3, paid_by = $4, paid_method = $5, till_id = $6 where library_id = $1 and id = $2`,
		library, id, voucher.PaidAt, by, method, from)
	return voucher, nil
}

// CancelVoucher cancels a voucher that was not paid: the credit stands again.
func CancelVoucher(ctx context.Context, tx *postgres.Tx, why Void, id broker.ID) (Voucher, error) {
	if err := needsReason(why.Reason); err != nil {
		return Voucher{}, err
	}
	voucher, err := openVoucher(ctx, tx, why.Library, id)
	if err != nil {
		return Voucher{}, err
	}
	account := OfPatron(voucher.Library, voucher.Patron, voucher.Amount.Currency)
	refunds, err := ofAct(ctx, tx, account, "voucher:"+id.String())
	if err != nil {
		return Voucher{}, err
	}
	if _, err := undo(ctx, tx, refunds, "voucher:"+id.String()+":cancelled", why); err != nil {
		return Voucher{}, err
	}
	voucher.CancelledAt = why.At.UTC()
	tx.Queue(`update refund_vouchers set cancelled_at = $3, cancelled_by = $4 where library_id = $1 and id = $2`,
		voucher.Library, id, voucher.CancelledAt, why.Actor)
	return voucher, nil
}

// openVoucher reads a voucher and keeps it from being paid twice; its account is
// locked before it.
func openVoucher(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Voucher, error) {
	voucher, err := VoucherByID(ctx, tx, library, id)
	if err != nil {
		return Voucher{}, err
	}
	lock(tx, OfPatron(voucher.Library, voucher.Patron, voucher.Amount.Currency))
	if voucher, err = VoucherByID(ctx, tx, library, id); err != nil {
		return Voucher{}, err
	}
	if !voucher.Open() {
		return Voucher{}, broker.Conflict("voucher_ended", "That voucher was paid or cancelled already.")
	}
	return voucher, nil
}

const voucherColumns = `library_id, id, number, patron_id, amount_minor, currency, reason, asked_by, asked_at,
	paid_at, paid_method, till_id, cancelled_at`

// VoucherByID gives a voucher.
func VoucherByID(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Voucher, error) {
	rows, err := tx.Query(ctx, `select `+voucherColumns+` from refund_vouchers where library_id = $1 and id = $2`, library, id)
	if err != nil {
		return Voucher{}, fmt.Errorf("read a voucher: %w", err)
	}
	vouchers, err := collectVouchers(rows)
	if err == nil && len(vouchers) == 0 {
		err = broker.NotFound("voucher")
	}
	if err != nil {
		return Voucher{}, err
	}
	return vouchers[0], nil
}

// OpenVouchers lists the vouchers that wait to be paid, oldest first: at most
// limit of them, after the number given.
func OpenVouchers(ctx context.Context, tx *postgres.Tx, library broker.ID, after int64, limit int) ([]Voucher, error) {
	rows, err := tx.Query(ctx, `select `+voucherColumns+` from refund_vouchers
		where library_id = $1 and paid_at is null and cancelled_at is null and number > $2 order by number limit $3`, library, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read vouchers: %w", err)
	}
	return collectVouchers(rows)
}

func collectVouchers(rows pgx.Rows) ([]Voucher, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (v Voucher, err error) {
		var paid, cancelled *time.Time
		err = row.Scan(&v.Library, &v.ID, &v.Number, &v.Patron, &v.Amount.Minor, &v.Amount.Currency, &v.Reason, &v.AskedBy, &v.AskedAt,
			&paid, &v.Method, &v.Till, &cancelled)
		v.AskedAt = v.AskedAt.UTC()
		if paid != nil {
			v.PaidAt = paid.UTC()
		}
		if cancelled != nil {
			v.CancelledAt = cancelled.UTC()
		}
		return v, err
	})
}
