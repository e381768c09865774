package loans

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// NightKey is how far nightly work has got in an ordered run through rows: by a
// date, and by id within it. The zero key comes before everything.
type NightKey struct {
	On broker.Date
	ID broker.ID
}

// nightKeys runs a query that selects date and id in that order.
func nightKeys(ctx context.Context, tx *postgres.Tx, what, sql string, args ...any) ([]NightKey, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", what, err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowToStructByPos[NightKey])
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", what, err)
	}
	return keys, nil
}

// LongOverdue gives the keys of the next open loans due on or before a day that
// may be lost by their age, at most limit of them. claimed chooses those that
// the patron says were returned, or else the others; a claim about another
// library's item waits for its owner and counts as neither. What was borrowed
// from a lender, or lent to another library, is settled by its request. A loan
// for whose price staff were asked under this version of the policy is left out
// until its item has one.
func LongOverdue(ctx context.Context, tx *postgres.Tx, library broker.ID, dueBy broker.Date, claimed bool, version string, after NightKey, limit int) ([]NightKey, error) {
	return nightKeys(ctx, tx, "long overdue loans", `select l.due_on, l.id from loans l
		left join claims c on c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null
		where l.library_id = $1 and l.status = 'open' and l.due_on <= $2
			and l.terms ->> 'owner' is distinct from 'ill' and l.terms ->> 'class' is distinct from 'library'
			and l.seen_back_on is null
			and case when $3 then c.status = 'open' else c.id is null end
			and (l.due_on, l.id) > (coalesce($4, '-infinity'::date), $5)
			and (l.price_asked <> $7 or exists (select 1 from items i where i.library_id = l.item_library_id and i.id = l.item_id
				and coalesce(i.price_minor, i.price_paid_minor, i.list_price_minor, 0) > 0))
		order by l.due_on, l.id limit $6`, library, dueBy, claimed, after.On, after.ID, limit, version)
}

// FirstOfEachVersion gives, of the loans of a library's desk due before a day, when
// and in which branch the first was lent under each version of a policy: enough
// of a loan for LentBy.
func FirstOfEachVersion(ctx context.Context, tx *postgres.Tx, library broker.ID, before broker.Date) ([]Loan, error) {
	rows, err := tx.Query(ctx, `select branch_id, min(started_at) from loans where library_id = $1 and status = 'open' and due_on < $2
		group by branch_id, terms ->> 'policy', terms ->> 'version'`, library, before)
	if err != nil {
		return nil, fmt.Errorf("read by which rules loans were lent: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Loan, error) {
		loan := Loan{Ref: Ref{Library: library}}
		err := row.Scan(&loan.Branch, &loan.StartedAt)
		return loan, err
	})
}

// PriceAsked queues recording that staff were asked for the price of a loan's
// item under a version of the policy: later nightly runs leave the loan alone
// until the item has a price, the policy changes, or the loan gets a new due
// date.
func PriceAsked(tx *postgres.Tx, ref Ref, version string) {
	tx.Queue(`update loans set price_asked = $3 where library_id = $1 and id = $2`, ref.Library, ref.ID, version)
}
