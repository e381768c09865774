package loans

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/postgres"
)

const loanColumns = `l.library_id, l.id, l.item_library_id, l.item_id, l.patron_library_id, l.patron_id, l.request_id, l.branch_id,
	l.started_at, l.due_on, l.due_at, l.due_set, l.periods, l.fine_free, l.renewals, l.terms, l.status, l.returned_at, l.returned_on,
	l.lost_on, coalesce(l.lost_how, ''), l.referred_on, l.recalled_on, l.seen_back_on, l.handed_to_id,
	(select c.claimed_at from claims c where c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null)`

func scanLoan(row pgx.Row, l *Loan, more ...any) error {
	err := row.Scan(append([]any{
		&l.Library, &l.ID, &l.Item.Library, &l.Item.ID, &l.Patron.Library, &l.Patron.ID, &l.Request, &l.Branch,
		&l.StartedAt, &l.DueOn, &l.DueAt, &l.SetDue, &l.Periods, &l.FineFree, &l.Renewals, &l.Terms, &l.Status, &l.ReturnedAt, &l.ReturnedOn,
		&l.LostOn, &l.LostHow, &l.ReferredOn, &l.RecalledOn, &l.SeenBackOn, &l.HandedTo, &l.ClaimedAt,
	}, more...)...)
	l.StartedAt, l.DueAt, l.ReturnedAt = l.StartedAt.UTC(), l.DueAt.UTC(), l.ReturnedAt.UTC()
	l.ClaimedAt = l.ClaimedAt.UTC()
	return err
}

// askLoan queues the reading of one loan; its id stays NoID where there is
// none.
func askLoan(tx *postgres.Tx, into *Loan, rest string, args ...any) {
	tx.Queue(`select `+loanColumns+` from loans l `+rest, args...).
		QueryRow(func(row pgx.Row) error { return postgres.OrNone(scanLoan(row, into)) })
}

// AskOutOn queues the reading of the loan an item is out on, and locks it.
func AskOutOn(tx *postgres.Tx, item catalog.Ref, into *Loan) {
	askLoan(tx, into, `where l.item_library_id = $1 and l.item_id = $2 and l.status <> 'returned' for update`, item.Library, item.ID)
}

// AskLast queues the reading of an item's latest loan that has ended.
func AskLast(tx *postgres.Tx, item catalog.Ref, into *Loan) {
	askLoan(tx, into, `where l.item_library_id = $1 and l.item_id = $2 and l.status = 'returned'
		order by l.returned_at desc limit 1`, item.Library, item.ID)
}

// LockBorrower locks the patron who has an item, before the item itself.
func LockBorrower(tx *postgres.Tx, item catalog.Ref) {
	tx.Queue(`select 1 from patrons p join loans l on l.patron_library_id = p.library_id and l.patron_id = p.id
		where l.item_library_id = $1 and l.item_id = $2 and l.status <> 'returned' for no key update of p`, item.Library, item.ID)
}

// Locked reads a loan under its lock, after its patron and item were locked.
func Locked(ctx context.Context, tx *postgres.Tx, ref Ref) (Loan, error) {
	var loan Loan
	tx.Queue(`select 1 from patrons p join loans l on l.patron_library_id = p.library_id and l.patron_id = p.id
		where l.library_id = $1 and l.id = $2 for no key update of p`, ref.Library, ref.ID)
	tx.Queue(`select 1 from items i join loans l on l.item_library_id = i.library_id and l.item_id = i.id
		where l.library_id = $1 and l.id = $2 for update of i`, ref.Library, ref.ID)
	askLoan(tx, &loan, `where l.library_id = $1 and l.id = $2 for update`, ref.Library, ref.ID)
	if err := tx.Flush(ctx); err != nil {
		return loan, fmt.Errorf("read a loan: %w", err)
	}
	if loan.ID == broker.NoID {
		return loan, broker.NotFound("loan")
	}
	return loan, nil
}

// AllLocked reads loans of a library by id, in the order of their patrons'
// accounts, and locks their patrons, their items and them. Loans that no longer
// exist are left out.
func AllLocked(ctx context.Context, tx *postgres.Tx, library broker.ID, ids []broker.ID) (loans []Loan, err error) {
	tx.Queue(`select 1 from patrons p where (p.library_id, p.id) in (
		select l.patron_library_id, l.patron_id from loans l where l.library_id = $1 and l.id = any ($2))
		order by p.library_id, p.id for no key update`, library, ids)
	tx.Queue(`select 1 from items i where (i.library_id, i.id) in (
		select l.item_library_id, l.item_id from loans l where l.library_id = $1 and l.id = any ($2))
		order by i.library_id, i.id for update`, library, ids)
	tx.Queue(`select 1 from loans l where l.library_id = $1 and l.id = any ($2) order by l.id for update`, library, ids)
	tx.Queue(`select `+loanColumns+` from loans l where l.library_id = $1 and l.id = any ($2)
		order by l.patron_library_id, l.patron_id, l.id`, library, ids).
		Query(func(rows pgx.Rows) (err error) { loans, err = collectLoans(rows, nil); return err })
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("read loans: %w", err)
	}
	return loans, nil
}

func addLoan(tx *postgres.Tx, l Loan) {
	tx.Queue(`insert into loans (library_id, id, item_library_id, item_id, patron_library_id, patron_id, request_id, branch_id,
			started_at, due_on, due_at, renewals, terms, status, handed_to_id, due_set, recalled_on, periods)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'open', $14, $15, $16, $17)`,
		l.Library, l.ID, l.Item.Library, l.Item.ID, l.Patron.Library, l.Patron.ID, l.Request, l.Branch,
		l.StartedAt, l.DueOn, l.DueAt, l.Renewals, l.Terms, l.HandedTo, l.SetDue, l.RecalledOn, timesOf(l))
}

// Save queues the writing of a loan as it is now.
func Save(tx *postgres.Tx, l Loan) {
	tx.Queue(`update loans set due_on = $3, due_at = $4, renewals = $5, status = $6, returned_at = $7, returned_on = $8,
			lost_on = $9, lost_how = nullif($10, ''), referred_on = $11, recalled_on = $12, due_set = $13, periods = $14, fine_free = $15,
			price_asked = case when due_on = $3 then price_asked else '' end
		where library_id = $1 and id = $2`,
		l.Library, l.ID, l.DueOn, l.DueAt, l.Renewals, l.Status, l.ReturnedAt, l.ReturnedOn,
		l.LostOn, string(l.LostHow), l.ReferredOn, l.RecalledOn, l.SetDue, timesOf(l), l.FineFree)
}

// timesOf is a loan's periods as they are stored.
func timesOf(l Loan) []costs.Period {
	if l.Periods == nil {
		return []costs.Period{}
	}
	return l.Periods
}

// AskWhetherCharged queues asking whether anything was charged yet for the
// lateness of the loan an item is out on.
func AskWhetherCharged(tx *postgres.Tx, item catalog.Ref, into *bool) {
	tx.Queue(`select exists (select 1 from accruals a where a.library_id = l.patron_library_id and a.loan_id = l.id)
			or exists (select 1 from ledger_entries e where e.library_id = l.patron_library_id and e.loan_id = l.id)
		from loans l where l.item_library_id = $1 and l.item_id = $2 and l.status <> 'returned'`, item.Library, item.ID).
		QueryRow(func(row pgx.Row) error { return postgres.OrNone(row.Scan(into)) })
}

// askOut queues reading what a patron has on loan, as far as limits count it.
func askOut(tx *postgres.Tx, patron patrons.Ref, into *[]lending.OutItem) {
	*into = nil
	tx.Queue(`select l.terms ->> 'owner', coalesce(i.type, l.terms ->> 'item', 'book'), coalesce(i.audience, 'adult'), coalesce(i.age_mark, ''),
			exists (select 1 from claims c where c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null), count(*)::int
		from loans l left join items i on i.library_id = l.item_library_id and i.id = l.item_id
		where l.patron_library_id = $1 and l.patron_id = $2 and l.status = 'open'
		group by 1, 2, 3, 4, 5`, patron.Library, patron.ID).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (lending.OutItem, error) {
			var out lending.OutItem
			err := row.Scan(&out.Owner, &out.Item, &out.Audience, &out.Age, &out.Claimed, &out.Count)
			return out, err
		})
		return err
	})
}

func collectLoans(rows pgx.Rows, err error) ([]Loan, error) {
	if err != nil {
		return nil, fmt.Errorf("read loans: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Loan, error) {
		var loan Loan
		err := scanLoan(row, &loan)
		return loan, err
	})
}

// SeenBack queues noting that somebody else has seen the item of an open loan
// home: from that day on nothing accrues for it and nobody is reminded.
func SeenBack(tx *postgres.Tx, loan Ref, on broker.Date) {
	tx.Queue(`update loans set seen_back_on = coalesce(seen_back_on, $3) where library_id = $1 and id = $2 and status = 'open'`, loan.Library, loan.ID, on)
}

// NotBack queues taking SeenBack back.
func NotBack(tx *postgres.Tx, loan Ref) {
	tx.Queue(`update loans set seen_back_on = null where library_id = $1 and id = $2 and status = 'open'`, loan.Library, loan.ID)
}
