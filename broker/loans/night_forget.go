package loans

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/postgres"
)

// ReturnedBound gives the key of the last of the next returned loans that still
// say who had the item, at most limit of them.
func ReturnedBound(ctx context.Context, tx *postgres.Tx, library broker.ID, after NightKey, limit int) ([]NightKey, error) {
	return nightKeys(ctx, tx, "returned loans", `select returned_on, id from (
			select returned_on, id from loans where library_id = $1 and status = 'returned' and patron_id is not null
				and (returned_on, id) > (coalesce($2, '-infinity'::date), $3) order by returned_on, id limit $4) slice
		order by returned_on desc, id desc limit 1`, library, after.On, after.ID, limit)
}

// ForgetRange removes the patron from a run of returned loans: those handed in
// on or before a day (zero: none by age), and those of patrons who want no
// history. A loan keeps its patron while anything is still owed for it by
// either side, or where the patron wants to keep their history.
func ForgetRange(ctx context.Context, tx *postgres.Tx, library broker.ID, returnedBy broker.Date, now time.Time, after, upTo NightKey) (int64, error) {
	tag, err := tx.Exec(ctx, `update loans l set patron_id = null, handed_to_id = null, anonymised_at = $7
		from patrons p
		where l.library_id = $1 and l.status = 'returned' and p.library_id = l.patron_library_id and p.id = l.patron_id
			and (l.returned_on, l.id) > (coalesce($2, '-infinity'::date), $3) and (l.returned_on, l.id) <= ($4::date, $5)
			and p.class <> 'library'
			and case when p.keep_history is null then l.returned_on <= $6 else not p.keep_history end
			and 0 = (select coalesce(sum(e.amount_minor), 0) from ledger_entries e
				where e.library_id = l.patron_library_id and e.loan_id = l.id)
			and not exists (select 1 from claims c where c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null)`,
		library, after.On, after.ID, upTo.On, upTo.ID, returnedBy, now)
	if err != nil {
		return 0, fmt.Errorf("forget who had what: %w", err)
	}
	tx.Queue(`update claims c set patron_id = null, note = '{}' from loans l
		where c.library_id = l.library_id and c.loan_id = l.id and c.patron_id is not null and l.anonymised_at = $2 and l.library_id = $1`,
		library, now)
	return tag.RowsAffected(), nil
}
