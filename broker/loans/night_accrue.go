package loans

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

// OverdueBound gives the key of the last of the next overdue loans, at most
// limit of them; none when no more are overdue.
func OverdueBound(ctx context.Context, tx *postgres.Tx, library broker.ID, today broker.Date, after NightKey, limit int) ([]NightKey, error) {
	overdue, err := readOverdue(ctx, tx, library, today, after, limit)
	return overdue.last[max(0, len(overdue.last)-1):], err
}

// AccrueSlice brings the fines of the next overdue loans, at most limit of them
// in the order of their due dates, up to today. It gives the key of the last
// loan looked at (the key passed in, if none was left) and how many fines
// changed.
//
// How many days late count is worked out by the policy's own rule, once for
// each due date and calendar, and one statement applies it to all loans: rate,
// cap and price from the loan's own terms, less what the ledger already has for
// this due date. The fine of a claimed loan does not grow; a loan that is up to
// date stays as it is. Terms by the hour or with grace are rare and worked out
// one by one.
func AccrueSlice(ctx context.Context, tx *postgres.Tx, library directory.Library, branches []directory.Branch, now time.Time, after NightKey, limit int) (upTo NightKey, touched int, err error) {
	today := library.Today(now)
	overdue, err := readOverdue(ctx, tx, library.ID, today, after, limit)
	if err != nil || len(overdue.last) == 0 {
		return after, 0, err
	}
	upTo = overdue.last[len(overdue.last)-1]
	late := lateDays(library, branches, overdue.dates(), today)
	rows, err := tx.Query(ctx, accrueSQL, library.ID, after.On, after.ID, upTo.On, upTo.ID,
		late.due, late.branches, late.units, ledger.Overdue)
	if err != nil {
		return after, 0, fmt.Errorf("accrue fines: %w", err)
	}
	var all []ledger.Accrual
	grown := ledger.Accrual{Through: today}
	_, err = pgx.ForEachRow(rows, []any{
		&grown.Account.Library, &grown.Loan, &grown.LoanLibrary, &grown.Account.Patron, &grown.Amount.Minor, &grown.Account.Currency,
	}, func() error {
		all = append(all, grown)
		return nil
	})
	if err != nil {
		return after, 0, fmt.Errorf("accrue fines: %w", err)
	}
	if touched, err = ledger.GrowAccruals(ctx, tx, all); err != nil {
		return after, 0, err
	}
	if overdue.rare {
		rare, err := accrueOneByOne(ctx, tx, library, branches, now, after, upTo)
		if err != nil {
			return after, 0, err
		}
		touched += rare
	}
	return upTo, touched, nil
}

// overdueRun is a run of overdue loans: the last of each due date, and whether
// the terms of any are by the hour, by steps or with grace.
type overdueRun struct {
	last []NightKey
	rare bool
}

func (r overdueRun) dates() []broker.Date {
	dates := make([]broker.Date, len(r.last))
	for i, key := range r.last {
		dates[i] = key.On
	}
	return dates
}

// readOverdue looks at the next overdue loans, at most limit of them, in one pass
// along the index.
func readOverdue(ctx context.Context, tx *postgres.Tx, library broker.ID, today broker.Date, after NightKey, limit int) (run overdueRun, err error) {
	rows, err := tx.Query(ctx, `select due_on, id, rare from (
			select due_on, id, lead(due_on) over w as next, bool_or(fine_per <> 'day' or fine_grace is not null or fine_steps is not null) over w as rare
			from (select due_on, id, fine_per, fine_grace, fine_steps from loans where library_id = $1 and status = 'open' and due_on < $2
				and (due_on, id) > (coalesce($3, '-infinity'::date), $4) order by due_on, id limit $5) slice
			window w as (order by due_on, id)) seen
		where next is distinct from due_on order by due_on`, library, today, after.On, after.ID, limit)
	if err != nil {
		return run, fmt.Errorf("list overdue loans: %w", err)
	}
	var key NightKey
	_, err = pgx.ForEachRow(rows, []any{&key.On, &key.ID, &run.rare}, func() error {
		run.last = append(run.last, key)
		return nil
	})
	if err != nil {
		return run, fmt.Errorf("list overdue loans: %w", err)
	}
	return run, nil
}

// accrueSQL is costs.Accrue for many loans: the fine for the days late less
// what is charged for this due date (not counting what was reversed because it
// was counted wrongly), within what the cap leaves once waivers are taken off.
// A loan that somebody is acting on at this moment is left to them: it may be
// back before this commits, and then nothing more may accrue for it.
//
// It goes from due date to due date, and by index to the charges of those loans
// that have any. So the planner's estimate of how many loans a run holds, which
// is often wrong, cannot lead it to compare all with all.
const accrueSQL = `
select l.patron_library_id, l.id, l.library_id, l.patron_id,
	case when posted is null then least(l.fine, l.most) else greatest(0, least(l.fine - posted[1], l.most - posted[2])) end,
	l.fine_currency
from unnest($6::date[]) with ordinality late (due_on, nth)
cross join lateral (
	select l.library_id, l.id, l.patron_library_id, l.patron_id, l.fine_currency, l.renewals, l.fine_cap_minor as most,
		l.fine_rate_minor * ($8::bigint[])[(late.nth - 1) * 2 * (1 + cardinality($7::uuid[]))
			+ 2 * coalesce(array_position($7::uuid[], l.branch_id), 0)
			+ case l.fine_count when 'open' then 1 when 'calendar' then 2 end] as fine
	from loans l
	where l.library_id = $1 and l.status = 'open' and l.due_on = late.due_on
		and (l.due_on, l.id) > (coalesce($2, '-infinity'::date), $3) and (l.due_on, l.id) <= ($4::date, $5)
		and l.fine_rate_minor > 0 and l.fine_per = 'day' and l.fine_grace is null and l.fine_steps is null and l.patron_id is not null
		and l.id not in (select c.loan_id from claims c where c.library_id = $1 and c.closed_at is null) and l.seen_back_on is null
	for share of l skip locked) l
cross join lateral (
	select case when exists (select from ledger_entries e where e.library_id = l.patron_library_id and e.loan_id = l.id) then (
		select array[coalesce(sum(c.amount_minor + taken.back), 0), coalesce(sum(c.amount_minor + taken.back + taken.waived), 0)]::bigint[]
		from ledger_entries c cross join lateral (
			select coalesce(sum(t.amount_minor) filter (where t.correction <> ''), 0) as back,
				coalesce(sum(t.amount_minor) filter (where t.correction = ''), 0) as waived
			from ledger_entries t
			where t.library_id = c.library_id and t.against_id = c.id and t.kind in ('waiver', 'reversal') and t.undoes_id is null) taken
		where c.library_id = l.patron_library_id and c.loan_id = l.id and c.kind = 'charge' and c.charge_kind = $9
			and c.loan_period = l.renewals + 1) end as posted
	offset 0) posted -- it is worked out once for each loan
where l.fine > 0`

// daysLate is how many days are counted for each due date of a run.
type daysLate struct {
	due []broker.Date
	// branches are the buildings with a calendar of their own.
	branches []broker.ID
	// units has, for each due date, by the library's own calendar and then by each
	// building's, the open days and all days.
	units []int64
}

// lateDays counts days late by the same rule as a return at the desk.
func lateDays(library directory.Library, branches []directory.Branch, dates []broker.Date, today broker.Date) daysLate {
	late := daysLate{due: dates, branches: make([]broker.ID, len(branches))}
	calendars := []*calendar.Calendar{library.Calendar}
	for i, branch := range branches {
		late.branches[i] = branch.ID
		calendars = append(calendars, branch.Calendar)
	}
	for _, due := range dates {
		for _, opening := range calendars {
			for _, count := range []calendar.Count{calendar.OpenDays, calendar.CalendarDays} {
				each := costs.Terms{Overdue: costs.FineTerms{Rate: broker.Money{Minor: 1}, Count: count}}
				late.units = append(late.units, costs.OverdueFine(each, due, today, opening).Amount.Minor)
			}
		}
	}
	return late
}

// accrueOneByOne brings up to date the loans of a run whose terms the one
// statement cannot express: by the hour, or with grace.
func accrueOneByOne(ctx context.Context, tx *postgres.Tx, library directory.Library, branches []directory.Branch, now time.Time, after, upTo NightKey) (int, error) {
	today := library.Today(now)
	loans, err := collectLoans(tx.Query(ctx, `select `+loanColumns+` from loans l
		where l.library_id = $1 and l.status = 'open' and l.due_on < $6 and (l.fine_rate_minor > 0 or l.fine_steps is not null) and l.patron_id is not null
			and (l.due_on, l.id) > (coalesce($2, '-infinity'::date), $3) and (l.due_on, l.id) <= ($4::date, $5)
			and (l.fine_per <> 'day' or l.fine_grace is not null or l.fine_steps is not null)
			and not exists (select 1 from claims c where c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null)
			and l.seen_back_on is null
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
			Amount: late(loan, posted).AccruesBy(now, calendarOf(library, branches, loan.Branch)),
		})
	}
	return len(loans), nil
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
