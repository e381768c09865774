package loans

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/patrons"
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
// either side, or where the patron wants to keep their history. It gives how many
// were forgotten, those of them that came back since an instant, and who had
// what.
func ForgetRange(ctx context.Context, tx *postgres.Tx, library broker.ID, returnedBy broker.Date, now, since time.Time, after, upTo NightKey) (done int64, recent []broker.ID, had []patrons.Had, err error) {
	rows, err := tx.Query(ctx, `update loans l set patron_id = null, handed_to_id = null, anonymised_at = $7
		from patrons p
		where l.library_id = $1 and l.status = 'returned' and p.library_id = l.patron_library_id and p.id = l.patron_id
			and (l.returned_on, l.id) > (coalesce($2, '-infinity'::date), $3) and (l.returned_on, l.id) <= ($4::date, $5)
			and p.class <> 'library'
			and case when p.keep_history is null then l.returned_on <= $6 else not p.keep_history end
			and 0 = (select coalesce(sum(e.amount_minor), 0) from ledger_entries e
				where e.library_id = l.patron_library_id and e.loan_id = l.id)
			and not exists (select 1 from claims c where c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null)
		returning l.id, l.returned_at >= $8, p.library_id, p.id, l.item_library_id, l.item_id`,
		library, after.On, after.ID, upTo.On, upTo.ID, returnedBy, now, since)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("forget who had what: %w", err)
	}
	var loan broker.ID
	var late bool
	var one patrons.Had
	_, err = pgx.ForEachRow(rows, []any{&loan, &late, &one.Patron.Library, &one.Patron.ID, &one.Item.Library, &one.Item.ID}, func() error {
		if done++; late {
			recent = append(recent, loan)
		}
		had = append(had, one)
		return nil
	})
	if err != nil {
		return 0, nil, nil, fmt.Errorf("forget who had what: %w", err)
	}
	tx.Queue(`update claims c set `+claimForgets+` from loans l
		where c.library_id = l.library_id and c.loan_id = l.id and l.anonymised_at = $2 and l.library_id = $1`,
		library, now, broker.NoID)
	return done, recent, had, nil
}

// claimForgets takes from a claim whose it was, its note, and who made or ended
// it where that was the patron; $3 is broker.NoID.
const claimForgets = `patron_id = null, note = '{}',
	claimed_by = case when c.claimed_by ->> 'kind' = 'patron' then jsonb_set(c.claimed_by, '{id}', to_jsonb($3::text)) else c.claimed_by end,
	closed_by = case when c.closed_by ->> 'kind' = 'patron' then jsonb_set(c.closed_by, '{id}', to_jsonb($3::text)) else c.closed_by end`

// AskForgotten queues asking which of some ids name loans, or claims about loans,
// of some libraries' desks that no longer say who had the item, and marks them
// in forgotten.
func AskForgotten(tx *postgres.Tx, libraries, ids []broker.ID, forgotten map[broker.ID]bool) {
	tx.Queue(`select l.id from loans l where l.library_id = any ($1) and l.id = any ($2) and l.patron_id is null
		union all select c.id from claims c join loans l on l.library_id = c.library_id and l.id = c.loan_id
			where c.library_id = any ($1) and c.id = any ($2) and l.patron_id is null`, libraries, ids).
		Query(func(rows pgx.Rows) error {
			var id broker.ID
			_, err := pgx.ForEachRow(rows, []any{&id}, func() error {
				forgotten[id] = true
				return nil
			})
			return err
		})
}
