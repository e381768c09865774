package circulation

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// OverdueBound gives the key of the last of the next overdue loans, at most
// limit of them; none when no more are overdue.
func OverdueBound(ctx context.Context, tx *postgres.Tx, library broker.ID, today broker.Date, after NightKey, limit int) ([]NightKey, error) {
	return nightKeys(ctx, tx, "overdue loans", `select due_on, id from (
			select due_on, id from loans where library_id = $1 and status = 'open' and due_on < $2
				and (due_on, id) > (coalesce($3, '-infinity'::date), $4) order by due_on, id limit $5) slice
		order by due_on desc, id desc limit 1`, library, today, after.On, after.ID, limit)
}

// AccrueRange brings the fines of a run of overdue loans up to today: those
// after one key and up to another, in the order of OverdueBound. What each day
// late counts is worked out by the policy's own rule, once for each due date and
// calendar, and one statement applies it to every loan: rate, cap and price from
// the loan's own terms, less what the ledger already asks for this due date. A
// loan that is claimed does not grow; one that is up to date stays as it is.
// Terms by the hour or with grace are rare and worked out one by one.
func AccrueRange(ctx context.Context, tx *postgres.Tx, library directory.Library, branches []directory.Branch, now time.Time, after, upTo NightKey) (int64, error) {
	dates, err := dueDates(ctx, tx, library.ID, after, upTo)
	if err != nil {
		return 0, err
	}
	late := lateDays(library, branches, dates, library.Today(now))
	tag, err := tx.Exec(ctx, accrueSQL, library.ID, after.On, after.ID, upTo.On, upTo.ID,
		late.due, late.branch, late.count, late.units, library.Today(now), ledger.Overdue)
	if err != nil {
		return 0, fmt.Errorf("accrue fines: %w", err)
	}
	rare, err := accrueOneByOne(ctx, tx, library, branches, now, after, upTo)
	return tag.RowsAffected() + rare, err
}

// accrueSQL says policy.Accrue for many loans: the fine of its days late less
// what is charged for this due date (less what was taken back because it was
// counted wrongly), within what the cap leaves once waivers are taken off. A
// loan that somebody is just acting on is left to them: it may be back before
// this commits, and then nothing may grow for it any more.
const accrueSQL = `
with units as (
	select * from unnest($6::date[], $7::uuid[], $8::text[], $9::bigint[]) as u (due_on, branch_id, count, units)),
late as (
	select l.library_id, l.id, l.patron_library_id, l.patron_id, l.fine_currency, l.renewals,
		u.units * l.fine_rate_minor as fine, l.fine_cap_minor as most
	from loans l
	join units u on u.due_on = l.due_on and u.count = l.fine_count
		and u.branch_id = coalesce(l.branch_id, '00000000-0000-0000-0000-000000000000')
	where l.library_id = $1 and l.status = 'open' and l.due_on < $10
		and (l.due_on, l.id) > (coalesce($2, '-infinity'::date), $3) and (l.due_on, l.id) <= ($4::date, $5)
		and l.fine_rate_minor > 0 and l.fine_per = 'day' and l.fine_grace is null and l.patron_id is not null
		and not exists (select 1 from claims c where c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null)
	for share of l skip locked),
posted as (
	select l.id, sum(c.amount_minor) + coalesce(sum(taken.back), 0) as charged, -coalesce(sum(taken.waived), 0) as adjusted
	from late l
	join ledger_entries c on c.library_id = l.patron_library_id and c.loan_id = l.id and c.kind = 'charge' and c.charge_kind = $11
		and split_part(c.cause, ':', 3) = l.renewals::text
	left join lateral (
		select sum(a.amount_minor) filter (where a.cause like '%:back:%') as back,
			sum(a.amount_minor) filter (where a.cause not like '%:back:%') as waived
		from ledger_entries a
		where a.library_id = c.library_id and a.against_id = c.id and a.kind in ('waiver', 'reversal')) taken on true
	group by l.id)
insert into accruals as a (library_id, loan_id, loan_library_id, patron_id, amount_minor, currency, through_on)
select l.patron_library_id, l.id, l.library_id, l.patron_id,
	greatest(0, least(l.fine - coalesce(p.charged, 0), l.most - (coalesce(p.charged, 0) - coalesce(p.adjusted, 0)))),
	l.fine_currency, $10
from late l left join posted p on p.id = l.id
where l.fine > 0
on conflict (library_id, loan_id) do update set amount_minor = excluded.amount_minor, through_on = excluded.through_on
where a.through_on < excluded.through_on`

// dueDates gives the different due dates of a run of loans.
func dueDates(ctx context.Context, tx *postgres.Tx, library broker.ID, after, upTo NightKey) ([]broker.Date, error) {
	rows, err := tx.Query(ctx, `select distinct due_on from loans where library_id = $1 and status = 'open'
		and (due_on, id) > (coalesce($2, '-infinity'::date), $3) and (due_on, id) <= ($4::date, $5)`,
		library, after.On, after.ID, upTo.On, upTo.ID)
	if err != nil {
		return nil, fmt.Errorf("list due dates: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[broker.Date])
}

// daysLate is, as columns, how many days are counted for each due date, building
// and way of counting.
type daysLate struct {
	due    []broker.Date
	branch []broker.ID // NoID is the library's own calendar
	count  []string
	units  []int64
}

// lateDays counts, by the same rule that a return at the desk is charged by.
func lateDays(library directory.Library, branches []directory.Branch, dates []broker.Date, today broker.Date) daysLate {
	var late daysLate
	add := func(branch broker.ID, opening *calendar.Calendar) {
		for _, count := range []calendar.Count{calendar.OpenDays, calendar.CalendarDays} {
			each := policy.Terms{Overdue: policy.FineTerms{Rate: broker.Money{Minor: 1}, Count: count}}
			for _, due := range dates {
				late.due, late.branch = append(late.due, due), append(late.branch, branch)
				late.count = append(late.count, string(count))
				late.units = append(late.units, policy.OverdueFine(each, due, today, opening).Amount.Minor)
			}
		}
	}
	add(broker.NoID, library.Calendar)
	for _, branch := range branches {
		add(branch.ID, branch.Calendar)
	}
	return late
}

// accrueOneByOne brings up to date the loans of a run whose terms one statement
// cannot say: by the hour, or with grace.
func accrueOneByOne(ctx context.Context, tx *postgres.Tx, library directory.Library, branches []directory.Branch, now time.Time, after, upTo NightKey) (int64, error) {
	today := library.Today(now)
	loans, err := collectLoans(tx.Query(ctx, `select `+loanColumns+` from loans l
		where l.library_id = $1 and l.status = 'open' and l.due_on < $6 and l.fine_rate_minor > 0 and l.patron_id is not null
			and (l.due_on, l.id) > (coalesce($2, '-infinity'::date), $3) and (l.due_on, l.id) <= ($4::date, $5)
			and (l.fine_per <> 'day' or l.fine_grace is not null)
			and not exists (select 1 from claims c where c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null)
			and not exists (select 1 from accruals a where a.library_id = l.patron_library_id and a.loan_id = l.id and a.through_on >= $6)
		order by l.due_on, l.id for share of l skip locked`,
		library.ID, after.On, after.ID, upTo.On, upTo.ID, today))
	if err != nil || len(loans) == 0 {
		return 0, err
	}
	for _, loan := range loans {
		account := ledger.OfPatron(loan.Patron.Library, loan.Patron.ID, loan.Terms.Overdue.Rate.Currency)
		var posted ledger.LoanMoney
		ledger.AskLoan(tx, account, loan.ID, ledger.Overdue, &posted)
		if err := tx.Flush(ctx); err != nil {
			return 0, fmt.Errorf("read what a loan was charged: %w", err)
		}
		ledger.SetAccrual(tx, ledger.Accrual{
			Account: account, Loan: loan.ID, LoanLibrary: loan.Library, Through: today,
			Amount: late(loan, posted).accruesBy(now, calendarOf(library, branches, loan.Branch)),
		})
	}
	return int64(len(loans)), nil
}

// calendarOf is the calendar of the building that lent, or the library's.
func calendarOf(library directory.Library, branches []directory.Branch, branch broker.ID) *calendar.Calendar {
	for _, b := range branches {
		if b.ID == branch {
			return b.Calendar
		}
	}
	return library.Calendar
}
