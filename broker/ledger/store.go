package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

const columns = `e.library_id, e.id, e.patron_id, e.debtor_library_id, e.kind, e.charge_kind, e.amount_minor,
	e.currency, e.against_id, e.rule, e.clause, e.note, e.loan_id, e.request_id, e.cause, e.actor, e.at,
	e.undoes_id, e.method, e.till_id, e.receipt_number, e.paid_by, not e.refundable,
	coalesce(e.loan_period, 0), e.correction, e.lost_on, e.act`

// whose is the condition that picks one account: parameters $1 library, $2
// patron, $3 debtor. It names the one that is set, so that an index serves it.
func (a Account) whose() string {
	if a.Patron != broker.NoID {
		return `e.library_id = $1 and e.patron_id = $2 and $3::uuid is null`
	}
	return `e.library_id = $1 and e.debtor_library_id = $3 and $2::uuid is null`
}

func (a Account) args() []any { return []any{a.Library, a.Patron, a.Debtor} }

// add queues an entry; the same cause a second time changes nothing where it is
// the same entry, and is refused where it is another.
func add(tx *postgres.Tx, e Entry) {
	tx.Queue(`insert into ledger_entries (library_id, id, patron_id, debtor_library_id, kind, charge_kind, amount_minor,
			currency, against_id, rule, clause, note, loan_id, request_id, cause, actor, at,
			undoes_id, method, till_id, receipt_number, paid_by, refundable, loan_period, correction, lost_on, act)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, nullif($21, 0), $22, $23,
			nullif($24, 0), $25, $26, $27)
		on conflict on constraint charge_posted_once do nothing`,
		e.Account.Library, e.ID, e.Account.Patron, e.Account.Debtor, e.Kind, e.ChargeKind, e.Amount.Minor,
		e.Amount.Currency, e.Against, e.Rule, clauseOrNull(e.Clause), e.Note, e.Loan, e.Request,
		e.Cause, e.Actor, e.At,
		e.Undoes, e.Method, e.Till, e.Receipt, e.PaidBy, !e.NotRefundable,
		e.Period, e.Correction, e.LostOn, e.Act)
	keepOnce(tx, e)
}

// lock lets one payment, waiver or reversal at a time work on an account. Charges
// need no lock: they only add.
func lock(tx *postgres.Tx, a Account) {
	tx.Queue(`select pg_advisory_xact_lock(hashtextextended('account:' || $1 || $2 || $3, 0))`,
		a.Library.String(), a.Patron.String(), a.Debtor.String())
}

// AskBalances queues a look-up of what an account owes; the answer stands after
// the next flush, so that hot paths ask everything in one round trip.
func AskBalances(tx *postgres.Tx, a Account, into *Balances) {
	*into = Balances{Currency: a.Currency, ByKind: map[string]int64{}}
	accrued := ""
	if a.Patron != broker.NoID {
		accrued = ` union all select '` + Overdue + `', c.amount_minor, c.currency from accruals c
			where c.library_id = $1 and c.patron_id = $2`
	}
	tx.Queue(`select kind, sum(minor)::bigint, min(currency), max(currency)
		from (select e.charge_kind as kind, e.amount_minor as minor, e.currency
			from ledger_entries e where `+a.whose()+accrued+`) owed
		group by 1 having sum(minor) <> 0`, a.args()...).
		Query(func(rows pgx.Rows) error {
			var kind, least, most string
			var minor int64
			_, err := pgx.ForEachRow(rows, []any{&kind, &minor, &least, &most}, func() error {
				if least != a.Currency || most != a.Currency {
					return fmt.Errorf("ledger: an account in %s has entries in %s and %s", a.Currency, least, most)
				}
				into.ByKind[kind] = minor
				return nil
			})
			return err
		})
}

// openColumns give what is left of a charge, and how much of it may still be
// taken back, whatever was paid.
const openColumns = columns + `, e.amount_minor + coalesce(answered.minor, 0), e.amount_minor + coalesce(answered.adjusted, 0),
	coalesce(answered.kept, 0)`

const answered = ` left join lateral (select sum(x.amount_minor)::bigint as minor,
		(sum(x.amount_minor) filter (where x.kind in ('waiver', 'reversal') and x.undoes_id is null))::bigint as adjusted,
		(-sum(x.amount_minor) filter (where not x.refundable or x.kind = 'lapse'))::bigint as kept
	from ledger_entries x where x.library_id = e.library_id and x.against_id = e.id) answered on true `

// openCharges gives the charges of an account that are not settled, oldest
// first.
func openCharges(ctx context.Context, tx *postgres.Tx, a Account) ([]Open, error) {
	rows, err := tx.Query(ctx, `select `+openColumns+` from ledger_entries e`+answered+`
		where `+a.whose()+` and e.kind = 'charge' and e.amount_minor + coalesce(answered.minor, 0) <> 0
		order by e.at, e.id`, a.args()...)
	if err != nil {
		return nil, fmt.Errorf("read open charges: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Open, error) { return scanOpen(row) })
}

// chargeByID gives one charge with what is left of it.
func chargeByID(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Open, error) {
	open, err := scanOpen(tx.QueryRow(ctx, `select `+openColumns+` from ledger_entries e`+answered+`
		where e.library_id = $1 and e.id = $2 and e.kind = 'charge'`, library, id))
	if errors.Is(err, pgx.ErrNoRows) {
		return open, broker.NotFound("charge")
	}
	if err != nil {
		return open, fmt.Errorf("read a charge: %w", err)
	}
	return open, nil
}

func scanOpen(row pgx.Row) (open Open, err error) {
	err = scanEntry(row, &open.Entry, &open.Owed.Minor, &open.Reversible.Minor, &open.kept)
	open.Owed.Currency, open.Reversible.Currency = open.Amount.Currency, open.Amount.Currency
	return open, err
}

// ofAct gives the entries that one act made as its parts, in the order they were
// written.
func ofAct(ctx context.Context, tx *postgres.Tx, a Account, act string) ([]Entry, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from ledger_entries e
		where `+a.whose()+` and e.act = $4 order by e.id`, append(a.args(), act)...)
	if err != nil {
		return nil, fmt.Errorf("read the entries of an act: %w", err)
	}
	return collect(rows)
}

func collect(rows pgx.Rows) ([]Entry, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Entry, error) {
		var entry Entry
		err := scanEntry(row, &entry)
		return entry, err
	})
}

func scanEntry(row pgx.Row, e *Entry, more ...any) error {
	var clause *broker.Clause
	var receipt *int64
	err := row.Scan(append([]any{
		&e.Account.Library, &e.ID, &e.Account.Patron, &e.Account.Debtor, &e.Kind, &e.ChargeKind,
		&e.Amount.Minor, &e.Amount.Currency, &e.Against, &e.Rule, &clause, &e.Note, &e.Loan, &e.Request,
		&e.Cause, &e.Actor, &e.At,
		&e.Undoes, &e.Method, &e.Till, &receipt, &e.PaidBy, &e.NotRefundable,
		&e.Period, &e.Correction, &e.LostOn, &e.Act,
	}, more...)...)
	if err != nil {
		return err
	}
	e.Account.Currency, e.At = e.Amount.Currency, e.At.UTC()
	if clause != nil {
		e.Clause = *clause
	}
	if receipt != nil {
		e.Receipt = *receipt
	}
	return nil
}

// Statement gives the entries of an account, newest first: at most limit of
// them, beginning after the entry named by after (NoID: from the newest).
func Statement(ctx context.Context, tx *postgres.Tx, a Account, after broker.ID, limit int) ([]Entry, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from ledger_entries e
		where `+a.whose()+` and ($4::uuid is null or (e.at, e.id) <
			(select c.at, c.id from ledger_entries c where c.library_id = $1 and c.id = $4))
		order by e.at desc, e.id desc limit $5`, append(a.args(), after, limit)...)
	if err != nil {
		return nil, fmt.Errorf("read a statement: %w", err)
	}
	return collect(rows)
}

// OfRequest gives every entry that a request caused at a library, in order.
func OfRequest(ctx context.Context, tx *postgres.Tx, library, request broker.ID) ([]Entry, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from ledger_entries e
		where e.library_id = $1 and e.request_id = $2 order by e.at, e.id`, library, request)
	if err != nil {
		return nil, fmt.Errorf("read a request's entries: %w", err)
	}
	return collect(rows)
}

// Owed is what one other library owes to a library.
type Owed struct {
	Debtor  broker.ID
	Balance broker.Money
	// Since is when the oldest entry was made.
	Since time.Time
}

// OwedByLibraries lists what other libraries owe to a library, leaving out
// those that have settled.
func OwedByLibraries(ctx context.Context, tx *postgres.Tx, creditor broker.ID) ([]Owed, error) {
	rows, err := tx.Query(ctx, `select debtor_library_id, sum(amount_minor)::bigint, currency, min(at)
		from ledger_entries where library_id = $1 and debtor_library_id is not null
		group by 1, 3 having sum(amount_minor) <> 0 order by 1`, creditor)
	if err != nil {
		return nil, fmt.Errorf("read what libraries owe: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Owed, error) {
		var owed Owed
		err := row.Scan(&owed.Debtor, &owed.Balance.Minor, &owed.Balance.Currency, &owed.Since)
		return owed, err
	})
}

func clauseOrNull(clause broker.Clause) *broker.Clause {
	if clause == (broker.Clause{}) {
		return nil
	}
	return &clause
}
