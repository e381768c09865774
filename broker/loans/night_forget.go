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
func ForgetRange(ctx context.Context, tx *postgres.Tx, library broker.ID, returnedBy patrons.Until[broker.Date], now, since time.Time, after, upTo NightKey) (done int64, recent []broker.ID, had []patrons.Had, err error) {
	rows, err := tx.Query(ctx, `update loans l set patron_id = null, handed_to_id = null, anonymised_at = $7
		from patrons p
		where l.library_id = $1 and l.status = 'returned' and p.library_id = l.patron_library_id and p.id = l.patron_id
			and (l.returned_on, l.id) > (coalesce($2, '-infinity'::date), $3) and (l.returned_on, l.id) <= ($4::date, $5)
			and p.class <> 'library'
			and case when p.keep_history is null then l.returned_on <= `+returnedBy.Of("$6")+`::date else not p.keep_history end
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

// LostForGood gives the next loans, after one by id and at most limit of them, that
// were lost, never came back and are settled, where nothing was said or paid of
// them since a day: by (zero: none by age), or byWish for patrons who want no
// history.
func LostForGood(ctx context.Context, tx *postgres.Tx, library broker.ID, zone *time.Location, by patrons.Until[broker.Date], byWish broker.Date, after broker.ID, limit int) ([]Loan, error) {
	rows, err := tx.Query(ctx, `select l.id, l.patron_library_id, l.request_id
		from loans l join patrons p on p.library_id = l.patron_library_id and p.id = l.patron_id
		cross join lateral (select case when p.keep_history is null then `+by.Of("$2")+`::date when not p.keep_history then $3::date end as day) until
		where l.library_id = $1 and l.status = 'lost' and ($4::uuid is null or l.id > $4) and p.class <> 'library' and l.lost_on <= until.day
			and 0 = (select coalesce(sum(e.amount_minor), 0) from ledger_entries e
				where e.library_id = l.patron_library_id and (e.loan_id = l.id or (e.patron_id = l.patron_id and e.request_id = l.request_id)))
			and not exists (select 1 from ledger_entries e where e.library_id = l.patron_library_id and e.loan_id = l.id
				and (e.at at time zone $6)::date > until.day)
			and not exists (select 1 from claims c where c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null)
		order by l.id limit $5`, library, by, byWish, after, limit, zone.String())
	if err != nil {
		return nil, fmt.Errorf("list what is lost for good: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Loan, error) {
		loan := Loan{Ref: Ref{Library: library}}
		err := row.Scan(&loan.ID, &loan.Patron.Library, &loan.Request)
		return loan, err
	})
}

// ForgetLost removes the patron from some loans that are lost for good, and gives
// who had what.
func ForgetLost(ctx context.Context, tx *postgres.Tx, library broker.ID, lost []broker.ID, now time.Time) (had []patrons.Had, err error) {
	rows, err := tx.Query(ctx, `with known as (select library_id, id, patron_id from loans
			where library_id = $1 and id = any ($2) and status = 'lost' and patron_id is not null order by id for update)
		update loans l set patron_id = null, handed_to_id = null, anonymised_at = $3 from known k
			where l.library_id = k.library_id and l.id = k.id
		returning l.patron_library_id, k.patron_id, l.item_library_id, l.item_id`, library, lost, now)
	if err != nil {
		return nil, fmt.Errorf("forget who lost what: %w", err)
	}
	var one patrons.Had
	_, err = pgx.ForEachRow(rows, []any{&one.Patron.Library, &one.Patron.ID, &one.Item.Library, &one.Item.ID}, func() error {
		had = append(had, one)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("forget who lost what: %w", err)
	}
	tx.Queue(`update claims c set `+claimForgets+` where c.library_id = $1 and c.loan_id = any ($2)`, library, lost, broker.NoID)
	return had, nil
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
