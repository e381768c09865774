package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// broughtIn begins the cause of entries that came from a file: the file's own
// key follows.
const broughtIn = "import:"

// Record is an entry as files bring them in. Its JSON names are the table's
// columns.
type Record struct {
	Library    broker.ID      `json:"library_id"`
	ID         broker.ID      `json:"id"`
	Patron     broker.ID      `json:"patron_id"`
	Kind       Kind           `json:"kind"`
	ChargeKind string         `json:"charge_kind"`
	Minor      int64          `json:"amount_minor"`
	Currency   string         `json:"currency"`
	Against    broker.ID      `json:"against_id,omitzero"`
	Rule       string         `json:"rule"`
	Clause     *broker.Clause `json:"clause"`
	Note       string         `json:"note"`
	Method     string         `json:"method"`
	// FileKey is the entry's key in the file. Cause is made of it.
	FileKey string       `json:"file_key"`
	Cause   string       `json:"cause"`
	Actor   broker.Actor `json:"actor"`
	At      time.Time    `json:"at"`
}

// Bring writes entries that another system made. That system decided whether each
// was allowed: nothing is checked here but what the table itself requires. The
// caller has found out with ByKeys which are here already.
func Bring(ctx context.Context, tx *postgres.Tx, records []Record) (postgres.Saved, error) {
	for i := range records {
		records[i].Cause = broughtIn + records[i].FileKey
	}
	return postgres.Upsert{
		Table: "ledger_entries",
		Columns: postgres.Columns("library_id uuid", "id uuid", "patron_id uuid", "kind text", "charge_kind text", "amount_minor bigint",
			"currency text", "against_id uuid", "rule text", "clause jsonb", "note text", "method text", "cause text",
			"file_key text", "actor jsonb", "at timestamptz"),
	}.Rows(ctx, tx, records)
}

// Known is an entry that a file's key names.
type Known struct {
	ID     broker.ID
	Patron broker.ID
	Kind   Kind
}

// ByKeys finds the entries that a file's keys name: those brought in under the
// key, and those made here whose cause it is.
func ByKeys(ctx context.Context, tx *postgres.Tx, library broker.ID, keys []string) (map[string]Known, error) {
	rows, err := tx.Query(ctx, `select asked.key, e.id, e.patron_id, e.kind from unnest($2::text[]) asked(key)
		join ledger_entries e on e.library_id = $1 and e.cause in (asked.key, $3 || asked.key)`, library, keys, broughtIn)
	if err != nil {
		return nil, fmt.Errorf("read entries by key: %w", err)
	}
	found := map[string]Known{}
	var key string
	var one Known
	_, err = pgx.ForEachRow(rows, []any{&key, &one.ID, &one.Patron, &one.Kind}, func() error { found[key] = one; return nil })
	return found, err
}

// Listings are the queries for everything a library owns here.
func Listings() []postgres.Listing {
	const key = `coalesce(nullif(%[1]s.file_key, ''), %[1]s.cause)`
	return []postgres.Listing{
		{Name: "charges", SQL: fmt.Sprintf(`select `+key+` as key, c.number as card, e.patron_id as patron, e.kind as entry, e.charge_kind as kind,
				round(e.amount_minor / 100.0, 2) as amount, `, "e") + fmt.Sprintf(key, "a") + ` as against, e.at as date, e.note, e.method,
				e.rule, e.clause
			from ledger_entries e
			left join ledger_entries a on a.library_id = e.library_id and a.id = e.against_id
			left join lateral (select x.number from cards x where x.library_id = e.library_id and x.patron_id = e.patron_id
				order by x.status = 'active' desc, x.created_at desc, x.id desc limit 1) c on true
			where e.library_id = $1 and e.patron_id is not null order by e.at, e.against_id nulls first, e.id`},
		{Name: "charges_between_libraries", SQL: `select id, debtor_library_id as debtor, kind as entry, charge_kind as kind,
				round(amount_minor / 100.0, 2) as amount, currency, against_id as against, note, request_id as request, cause, at as date
			from ledger_entries where library_id = $1 and debtor_library_id is not null order by at, id`},
		{Name: "tills", SQL: `select id, branch_id as branch, opened_at as opened, opened_by, round(float_minor / 100.0, 2) as float, currency,
				closed_at as closed, closed_by, counted, expected, note from tills where library_id = $1 order by id`},
		{Name: "refund_vouchers", SQL: `select number, patron_id as patron, charge_id as charge, round(amount_minor / 100.0, 2) as amount, currency, reason,
				asked_by, asked_at as asked, paid_by, paid_at as paid, paid_method as method, cancelled_by, cancelled_at as cancelled
			from refund_vouchers where library_id = $1 order by number`},
		{Name: "library_invoices", SQL: `select number, debtor_library_id as debtor, kind, round(amount_minor / 100.0, 2) as amount,
				round(owed_minor / 100.0, 2) as owed, currency, request_id as request, charge_id as charge, issued_on as issued, due_on as due, status, dispute
			from library_invoices where library_id = $1 order by number`},
		{Name: "fines_growing", SQL: `select loan_id as loan, patron_id as patron, round(amount_minor / 100.0, 2) as amount, currency,
				through_on as through from accruals where library_id = $1 order by loan_id`},
	}
}
