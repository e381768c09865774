package standing

import (
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

// LateLoan is what a loan past its due date needs for working out its fine,
// with what is on its account.
type LateLoan struct {
	// Library is the one whose desk lent, Branch the building.
	Library, ID, Branch broker.ID
	Patron              patrons.Ref
	Request             broker.ID
	DueOn               broker.Date
	DueAt               time.Time
	Renewals            int
	Terms               costs.Terms
	// ClaimedAt is when the patron said that it is back or was never theirs; zero
	// if they have not.
	ClaimedAt time.Time
	// SeenBackOn is the day since which somebody else says that the item is home.
	SeenBackOn broker.Date
	// Charged is what was charged for this due date, less what was reversed
	// because it was counted wrongly; Adjusted what was waived of it.
	Charged, Adjusted int64
	// Parts is how many charges were made for this due date.
	Parts int
	// Accrued is what is recorded as accrued and not yet charged.
	Accrued int64
}

// Through is the last day that counts: an item costs no more from the day on
// which the patron claims that it is back, or somebody else has seen it home.
func (l LateLoan) Through(today broker.Date, opening *calendar.Calendar) broker.Date {
	if !l.ClaimedAt.IsZero() {
		today = today.Earlier(opening.DateOf(l.ClaimedAt))
	}
	if !l.SeenBackOn.IsZero() {
		today = today.Earlier(l.SeenBackOn)
	}
	return today
}

// Stopped tells whether the item is said to be back, so that nothing more
// accrues and the loan does not count as late.
func (l LateLoan) Stopped() bool { return !l.ClaimedAt.IsZero() || !l.SeenBackOn.IsZero() }

// Accrues is what a late loan has cost so far and was not charged yet, by the
// clock and calendar of the desk that lent.
func (l LateLoan) Accrues(lender Desk) broker.Money {
	return l.AccruesBy(lender.Now, lender.Calendar())
}

// AccruesBy is Accrues at a moment of a calendar: by the hour or by the day, as
// the loan's own terms say.
func (l LateLoan) AccruesBy(now time.Time, opening *calendar.Calendar) broker.Money {
	rate := l.Terms.Overdue.Rate
	if l.Terms.Overdue.Per == attributes.PerHour {
		if !l.ClaimedAt.IsZero() {
			now = l.ClaimedAt
		}
		if !l.SeenBackOn.IsZero() && opening.DateOf(now).After(l.SeenBackOn) {
			now = opening.EndOfBusiness(l.SeenBackOn)
		}
		fine := costs.OverdueFineAt(l.Terms, l.DueAt, now, opening).Amount
		fine.Minor = max(0, fine.Minor-l.Charged)
		return fine
	}
	return costs.Accrue(l.Terms, l.DueOn, l.Through(opening.DateOf(now), opening), opening, costs.Posted{
		Charged:  broker.Money{Minor: l.Charged, Currency: rate.Currency},
		Adjusted: broker.Money{Minor: l.Adjusted, Currency: rate.Currency},
	})
}

// AskLate asks for a patron's open loans that are past their due date, with
// what their account says of the fine for it.
func AskLate(tx *postgres.Tx, patron patrons.Ref, today broker.Date, into *[]LateLoan) {
	queueLate(tx, `select `+lateColumns+` from loans l`+lateSaid+`
		where l.patron_library_id = $1 and l.patron_id = $2 and l.status = 'open' and l.due_on < $3
		order by l.due_on, l.id`, patron, today, into)
}

// askLateLinked asks the same of everybody linked to a patron, near and far.
func askLateLinked(tx *postgres.Tx, patron patrons.Ref, today broker.Date, into *[]LateLoan) {
	queueLate(tx, patrons.LinkGroup+`
		select `+lateColumns+` from link_group g
		cross join lateral (select * from loans x
			where x.patron_library_id = $1 and x.patron_id = g.id and x.status = 'open' and x.due_on < $3 offset 0) l`+lateSaid+`
		where g.id <> $2 order by l.due_on, l.id`, patron, today, into)
}

// lateColumns are the columns of a LateLoan, from loans l and what lateSaid
// joins to it.
const lateColumns = `l.library_id, l.id, l.branch_id, l.patron_library_id, l.patron_id, l.request_id, l.due_on, l.due_at, l.renewals, l.terms,
	(select c.claimed_at from claims c where c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null), l.seen_back_on,
	said.charged, said.adjusted, said.parts, coalesce(a.amount_minor, 0)`

const lateSaid = `
		left join accruals a on a.library_id = l.patron_library_id and a.loan_id = l.id
		cross join lateral (
			select coalesce(sum(e.amount_minor) filter (where e.kind = 'charge'), 0)::bigint
			     + coalesce(sum(e.amount_minor) filter (where e.correction <> ''), 0)::bigint as charged,
			       coalesce(-sum(e.amount_minor) filter (where e.kind in ('waiver', 'reversal') and e.undoes_id is null and e.correction = ''), 0)::bigint as adjusted,
			       count(*) filter (where e.kind = 'charge') as parts
			from ledger_entries e
			left join ledger_entries of on of.library_id = e.library_id and of.id = e.against_id
			where e.library_id = l.patron_library_id and e.loan_id = l.id and e.charge_kind = 'overdue'
				and coalesce(of.loan_period, e.loan_period) = l.renewals + 1) said`

func queueLate(tx *postgres.Tx, sql string, patron patrons.Ref, today broker.Date, into *[]LateLoan) {
	*into = nil
	tx.Queue(sql, patron.Library, patron.ID, today).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (LateLoan, error) {
			var late LateLoan
			err := row.Scan(&late.Library, &late.ID, &late.Branch, &late.Patron.Library, &late.Patron.ID, &late.Request, &late.DueOn, &late.DueAt,
				&late.Renewals, &late.Terms, &late.ClaimedAt, &late.SeenBackOn, &late.Charged, &late.Adjusted, &late.Parts, &late.Accrued)
			late.DueAt, late.ClaimedAt = late.DueAt.UTC(), late.ClaimedAt.UTC()
			return late, err
		})
		return err
	})
}

// Account is the account charged for the loan.
func (l LateLoan) Account() ledger.Account {
	return ledger.OfPatron(l.Patron.Library, l.Patron.ID, l.Terms.Overdue.Rate.Currency)
}
