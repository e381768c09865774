package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Till is the money drawer of a branch from its opening to its closing.
type Till struct {
	Library broker.ID
	ID      broker.ID
	// Branch is NoID where the library has only one.
	Branch   broker.ID
	Currency string
	// Float is the cash that was in it at the start.
	Float    broker.Money
	OpenedAt time.Time
	OpenedBy broker.Actor
	ClosedAt time.Time
	ClosedBy broker.Actor
	// Expected is what should be in it, by method in minor units, as the ledger
	// says; Counted is what was counted at closing. Both are kept from then on.
	Expected map[string]int64
	Counted  map[string]int64
	Note     string
}

// Closed tells whether the till was counted and closed; it never changes again.
func (t Till) Closed() bool { return !t.ClosedAt.IsZero() }

// Difference is what was counted less what was expected, by method, leaving out
// methods that agree. Below zero, money is missing.
func (t Till) Difference() map[string]int64 {
	differs := map[string]int64{}
	for _, method := range t.Methods() {
		if minor := t.Counted[method] - t.Expected[method]; minor != 0 {
			differs[method] = minor
		}
	}
	return differs
}

// Methods lists the methods by which anything was expected or counted, in order
// of name.
func (t Till) Methods() []string {
	all := maps.Clone(t.Expected)
	if all == nil {
		all = map[string]int64{}
	}
	maps.Copy(all, t.Counted)
	return slices.Sorted(maps.Keys(all))
}

// takes refuses money of another currency, and any once the till is closed.
func (t Till) takes(currency string) error {
	switch {
	case t.ID == broker.NoID:
		return broker.NotFound("till")
	case t.Closed():
		return broker.Conflict("till_closed", "That till is closed.")
	case t.Currency != currency:
		return broker.Invalid(broker.FieldError{Pointer: "/till", Code: "other_currency", Message: "must be a till in " + currency})
	}
	return nil
}

// OpenTill is the opening of a till.
type OpenTill struct {
	Library broker.ID
	Branch  broker.ID
	// Float is the cash in it, zero or more; its currency is the till's.
	Float broker.Money
	Actor broker.Actor
	At    time.Time
}

// Open opens a till. A branch has one at a time: while one is open, another is a
// conflict.
func (o OpenTill) Open(ctx context.Context, tx *postgres.Tx) (Till, error) {
	if o.Float.Minor < 0 || o.Float.Currency == "" {
		return Till{}, broker.Invalid(broker.FieldError{Pointer: "/float", Code: "below_zero", Message: "must be zero or more, in the library's currency"})
	}
	till := Till{
		Library: o.Library, ID: broker.NewID(), Branch: o.Branch, Currency: o.Float.Currency, Float: o.Float,
		OpenedAt: o.At.UTC(), OpenedBy: o.Actor, Expected: map[string]int64{Cash: o.Float.Minor},
	}
	tag, err := tx.Exec(ctx, `insert into tills (library_id, id, branch_id, opened_at, opened_by, float_minor, currency)
		values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
		till.Library, till.ID, till.Branch, till.OpenedAt, till.OpenedBy, till.Float.Minor, till.Currency)
	if err != nil {
		return Till{}, fmt.Errorf("open a till: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return Till{}, broker.Conflict("till_open", "A till is open here already; close it first.")
	}
	return till, nil
}

// OpenTillOf gives the till that is open at a branch, and what should be in it
// now; it is not found where none is open.
func OpenTillOf(ctx context.Context, tx *postgres.Tx, library, branch broker.ID) (Till, error) {
	rows, err := tx.Query(ctx, `select `+tillColumns+` from tills t where t.library_id = $1 and closed_at is null
		and (t.branch_id is null or t.branch_id = $2)
		order by t.branch_id limit 1`, library, branch)
	if err != nil {
		return Till{}, fmt.Errorf("read the open till: %w", err)
	}
	return oneTill(rows)
}

// TillByID gives a till: as it was closed, or with what should be in it now.
func TillByID(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Till, error) {
	rows, err := tx.Query(ctx, `select `+tillColumns+` from tills t where t.library_id = $1 and t.id = $2`, library, id)
	if err != nil {
		return Till{}, fmt.Errorf("read a till: %w", err)
	}
	return oneTill(rows)
}

// CloseTill is the closing of a till.
type CloseTill struct {
	Library broker.ID
	Till    broker.ID
	// Counted is what was in it, by method in minor units. A method that is left out
	// was counted as nothing.
	Counted map[string]int64
	Note    string
	Actor   broker.Actor
	At      time.Time
}

// Close counts a till and closes it for good; what was expected is kept beside
// what was counted. A difference is shown, never booked. Closing it again with
// the same count changes nothing; with another it is a conflict.
func (c CloseTill) Close(ctx context.Context, tx *postgres.Tx) (Till, error) {
	for method, minor := range c.Counted {
		if method == "" || minor < 0 {
			return Till{}, broker.Invalid(broker.FieldError{Pointer: "/counted/" + method, Code: "below_zero", Message: "must be a method and zero or more"})
		}
	}
	var till Till
	askTill(tx, c.Library, c.Till, "for update", &till) // no payment slips in after the count
	if err := tx.Flush(ctx); err != nil {
		return Till{}, fmt.Errorf("lock a till: %w", err)
	}
	till, err := TillByID(ctx, tx, c.Library, c.Till)
	if err != nil {
		return Till{}, err
	}
	counted := map[string]int64{}
	maps.Copy(counted, c.Counted)
	if till.Closed() {
		if maps.Equal(counted, till.Counted) {
			return till, nil
		}
		return Till{}, broker.Conflict("till_closed", "That till is closed.")
	}
	till.ClosedAt, till.ClosedBy, till.Counted, till.Note = c.At.UTC(), c.Actor, counted, c.Note
	tx.Queue(`update tills set closed_at = $3, closed_by = $4, counted = $5, expected = $6, note = $7 where library_id = $1 and id = $2`,
		till.Library, till.ID, till.ClosedAt, till.ClosedBy, till.Counted, till.Expected, till.Note)
	return till, nil
}

// InTill gives everything that went into a till and out of it, in order:
// payments, refunds, and the vouchers paid out of it. With the float they come to
// what should be in it.
func InTill(ctx context.Context, tx *postgres.Tx, library, till broker.ID) ([]Entry, []Voucher, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from ledger_entries e
		where e.library_id = $1 and e.till_id = $2 order by e.at, e.id`, library, till)
	if err != nil {
		return nil, nil, fmt.Errorf("read what is in a till: %w", err)
	}
	entries, err := collect(rows)
	if err != nil {
		return nil, nil, err
	}
	rows, err = tx.Query(ctx, `select `+voucherColumns+` from refund_vouchers
		where library_id = $1 and till_id = $2 order by paid_at, id`, library, till)
	if err != nil {
		return nil, nil, fmt.Errorf("read what was paid from a till: %w", err)
	}
	vouchers, err := collectVouchers(rows)
	return entries, vouchers, err
}

// Tills lists the tills of a library, the last opened first: of one branch unless
// it is NoID, and the closed ones too where asked for.
func Tills(ctx context.Context, tx *postgres.Tx, library, branch broker.ID, closed bool, page broker.Page) ([]Till, error) {
	rows, err := tx.Query(ctx, `select `+tillColumns+` from tills t where t.library_id = $1 and ($2::uuid is null or t.branch_id = $2)
			and ($3 or t.closed_at is null) and ($4::uuid is null or t.id < $4)
		order by t.id desc limit $5`, library, branch, closed, page.After, page.Limit)
	if err != nil {
		return nil, fmt.Errorf("list tills: %w", err)
	}
	return pgx.CollectRows(rows, scanTill)
}

// tillColumns work out what should be in an open till.
const tillColumns = `t.library_id, t.id, t.branch_id, t.currency, t.float_minor, t.opened_at, t.opened_by,
	t.closed_at, t.closed_by, t.counted, t.note,
	coalesce(t.expected, (select jsonb_object_agg(method, minor) from (
		select method, sum(minor)::bigint as minor from (
			select 'cash' as method, t.float_minor as minor
			union all select e.method, -e.amount_minor from ledger_entries e where e.library_id = t.library_id and e.till_id = t.id
			union all select v.paid_method, -v.amount_minor from refund_vouchers v where v.library_id = t.library_id and v.till_id = t.id
		) moved group by 1) sums))`

// askTill queues reading a till under a lock: shared by those who put money in,
// exclusive for whoever closes it.
func askTill(tx *postgres.Tx, library, id broker.ID, lock string, into *Till) {
	*into = Till{}
	tx.Queue(`select `+tillColumns+` from tills t where t.library_id = $1 and t.id = $2 `+lock, library, id).
		Query(func(rows pgx.Rows) error {
			till, err := oneTill(rows)
			if broker.IsKind(err, broker.KindNotFound) {
				return nil
			}
			*into = till
			return err
		})
}

func scanTill(row pgx.CollectableRow) (t Till, err error) {
	var closed *time.Time
	var by *broker.Actor
	err = row.Scan(&t.Library, &t.ID, &t.Branch, &t.Currency, &t.Float.Minor, &t.OpenedAt, &t.OpenedBy,
		&closed, &by, &t.Counted, &t.Note, &t.Expected)
	t.Float.Currency, t.OpenedAt = t.Currency, t.OpenedAt.UTC()
	if closed != nil && by != nil {
		t.ClosedAt, t.ClosedBy = closed.UTC(), *by
	}
	return t, err
}

func oneTill(rows pgx.Rows) (Till, error) {
	found, err := pgx.CollectRows(rows, scanTill)
	if err != nil {
		return Till{}, fmt.Errorf("read a till: %w", err)
	}
	if len(found) == 0 {
		return Till{}, broker.NotFound("till")
	}
	return found[0], nil
}
