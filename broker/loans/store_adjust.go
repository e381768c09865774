package loans

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

// Tables owned here too: due_adjustments, adjusted_loans.

// dueChange is one loan with its new due date, and the one before.
type dueChange struct {
	loan   Loan
	before broker.Date
}

// loansDue reads and locks the next open loans that are due on an adjustment's
// days, in the order of their ids.
func loansDue(ctx context.Context, tx *postgres.Tx, a Adjustment, _ broker.Date, after broker.ID, limit int) ([]Loan, error) {
	rows, err := tx.Query(ctx, `select `+loanColumns+` from loans l
		where l.library_id = $1 and l.status = 'open' and l.due_on between $2 and $3
			and ($4::uuid is null or l.branch_id = $4) and ($5::uuid is null or l.id > $5)
		order by l.id limit $6 for no key update`, a.Library, a.From, a.To, a.Branch, after, limit)
	return collectLoans(rows, err)
}

// loansTouched reads and locks the next loans that a closing on an adjustment's
// days concerns: those due then, or that would be but for other closings; those
// back, or lost, later than it began and late; and of what is out and late or
// was renewed, those that were charged for it.
func loansTouched(ctx context.Context, tx *postgres.Tx, a Adjustment, today broker.Date, after broker.ID, limit int) ([]Loan, error) {
	rows, err := tx.Query(ctx, `select `+loanColumns+` from loans l
		where l.library_id = $1 and ($4::uuid is null or l.branch_id = $4) and ($5::uuid is null or l.id > $5)
			and case l.status
				when 'open' then least(l.due_on, l.due_set) <= $3 and greatest(l.due_on, l.due_set) >= $2
					or ((l.due_on <= $3 and l.due_on < $7) or l.periods <> '[]')
						and (exists (select from accruals a where a.library_id = l.patron_library_id and a.loan_id = l.id)
							or exists (select from ledger_entries e where e.library_id = l.patron_library_id and e.loan_id = l.id))
				else l.patron_id is not null and coalesce(l.returned_on, l.lost_on) >= $2 and l.started_at < $3::date + 2
					and (l.periods <> '[]' or (l.due_on <= $3 and coalesce(l.returned_on, l.lost_on) > l.due_on)) end
		order by l.id limit $6 for no key update`, a.Library, a.From, a.To, a.Branch, after, limit, today)
	return collectLoans(rows, err)
}

// moveLoans queues the writing of new due dates and, where the adjustment is
// recorded, of the record of them.
func moveLoans(tx *postgres.Tx, a Adjustment, changes []dueChange) {
	if len(changes) == 0 {
		return
	}
	ids, before, after := make([]broker.ID, len(changes)), make([]string, len(changes)), make([]string, len(changes))
	ends, set, periods := make([]time.Time, len(changes)), make([]string, len(changes)), make([][]costs.Period, len(changes))
	for i, change := range changes {
		ids[i], before[i], after[i] = change.loan.ID, change.before.String(), change.loan.DueOn.String()
		ends[i], set[i], periods[i] = change.loan.DueAt, change.loan.SetDue.String(), change.loan.Periods
	}
	tx.Queue(`update loans l set due_on = c.due::date, due_at = c.ends, due_set = c.set::date, periods = $6::jsonb -> (c.nth::int - 1)
		from unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::text[]) with ordinality as c (loan, due, ends, set, nth)
		where l.library_id = $1 and l.id = c.loan`, a.Library, ids, after, ends, set, periods)
	if a.ID == broker.NoID {
		return
	}
	tx.Queue(`insert into adjusted_loans (library_id, adjustment_id, loan_id, due_before, due_after)
		select $1, $2, loan, due_before::date, due_after::date from unnest($3::uuid[], $4::text[], $5::text[]) as c (loan, due_before, due_after)`,
		a.Library, a.ID, ids, before, after)
}

// keepLenderDue queues writing a lender's new due date on the loan, so that
// nothing later moves the patron's beyond it.
func keepLenderDue(tx *postgres.Tx, loan Ref, lenderDue broker.Date) {
	tx.Queue(`update loans set terms = jsonb_set(terms, '{lender_due}', to_jsonb($3::text)) where library_id = $1 and id = $2`,
		loan.Library, loan.ID, lenderDue.String())
}

func addAdjustment(tx *postgres.Tx, a Adjustment) error {
	by, err := json.Marshal(a.By)
	if err != nil {
		return fmt.Errorf("write who adjusted: %w", err)
	}
	tx.Queue(`insert into due_adjustments (library_id, id, kind, closure_id, branch_id, due_from, due_to, new_due_on, reason, rule, put_by, put_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		a.Library, a.ID, a.Kind, a.Closure, a.Branch, a.From, a.To, a.NewDue, a.Reason, a.Rule, by, a.At)
	return nil
}

func endAdjustment(tx *postgres.Tx, a Adjustment, by broker.Actor) error {
	actor, err := json.Marshal(by)
	if err != nil {
		return fmt.Errorf("write who reversed: %w", err)
	}
	tx.Queue(`update due_adjustments set reversed_at = $3, reversed_by = $4 where library_id = $1 and id = $2 and reversed_at is null`,
		a.Library, a.ID, a.ReversedAt, actor)
	return nil
}

// standingAdjustment finds what was already recorded for the same id, or for
// the same closure; a zero Adjustment when nothing was. Of two at once for one
// library, one waits for the other.
func standingAdjustment(ctx context.Context, tx *postgres.Tx, a Adjustment) (Adjustment, error) {
	tx.Queue(`select pg_advisory_xact_lock(hashtextextended('due dates of ' || $1::uuid::text, 0))`, a.Library)
	found, err := queryAdjustments(ctx, tx, `where a.library_id = $1 and (a.id = $2 or ($3::uuid is not null and a.closure_id = $3))`,
		a.Library, a.ID, a.Closure)
	if err != nil || len(found) == 0 {
		return Adjustment{}, err
	}
	return found[0], nil
}

func adjustmentLocked(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Adjustment, error) {
	tx.Queue(`select 1 from due_adjustments where library_id = $1 and id = $2 for update`, library, id)
	found, err := queryAdjustments(ctx, tx, `where a.library_id = $1 and a.id = $2`, library, id)
	if err != nil {
		return Adjustment{}, err
	}
	if len(found) == 0 {
		return Adjustment{}, broker.NotFound("adjustment of due dates")
	}
	return found[0], nil
}

// Adjustments lists a library's adjustments of due dates, the newest first.
func Adjustments(ctx context.Context, tx *postgres.Tx, library broker.ID, limit int) ([]Adjustment, error) {
	return queryAdjustments(ctx, tx, `where a.library_id = $1 order by a.put_at desc, a.id desc limit $2`, library, limit)
}

func queryAdjustments(ctx context.Context, tx *postgres.Tx, rest string, args ...any) ([]Adjustment, error) {
	rows, err := tx.Query(ctx, `
		select a.library_id, a.id, a.kind, a.closure_id, a.branch_id, a.due_from, a.due_to, a.new_due_on, a.reason, a.rule, a.put_by,
			a.put_at, a.reversed_at,
			(select count(*) from adjusted_loans al where al.library_id = a.library_id and al.adjustment_id = a.id)
		from due_adjustments a `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read adjustments of due dates: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Adjustment, error) {
		var a Adjustment
		err := row.Scan(&a.Library, &a.ID, &a.Kind, &a.Closure, &a.Branch, &a.From, &a.To, &a.NewDue, &a.Reason, &a.Rule, &a.By, &a.At, &a.ReversedAt, &a.Loans)
		a.At, a.ReversedAt = a.At.UTC(), a.ReversedAt.UTC()
		return a, err
	})
}

// adjustedLoan is one loan of an adjustment, as it is now.
type adjustedLoan struct {
	loan          Loan
	before, after broker.Date
}

func adjustedLoans(ctx context.Context, tx *postgres.Tx, a Adjustment, after broker.ID, limit int) ([]adjustedLoan, error) {
	rows, err := tx.Query(ctx, `
		select m.due_before, m.due_after, `+loanColumns+` from adjusted_loans m
		join loans l on l.library_id = m.library_id and l.id = m.loan_id
		where m.library_id = $1 and m.adjustment_id = $2 and ($3::uuid is null or m.loan_id > $3)
		order by m.loan_id limit $4 for no key update of l`, a.Library, a.ID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read adjusted loans: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (adjustedLoan, error) {
		var one adjustedLoan
		err := scanLoan(prefixed{row, []any{&one.before, &one.after}}, &one.loan)
		return one, err
	})
}

// prefixed reads columns that come before those of a loan.
type prefixed struct {
	row   pgx.Row
	first []any
}

// Scan reads the first columns and then the rest.
func (p prefixed) Scan(rest ...any) error { return p.row.Scan(append(p.first, rest...)...) }

// DueOnDays counts a library's open loans by the day they are due, from one day to
// another; NoID for all its branches.
func DueOnDays(ctx context.Context, tx *postgres.Tx, library, branch broker.ID, from, to broker.Date) (map[broker.Date]int, error) {
	rows, err := tx.Query(ctx, `select due_on, count(*) from loans
		where library_id = $1 and status = 'open' and due_on between $2 and $3 and ($4::uuid is null or branch_id = $4) group by due_on`,
		library, from, to, branch)
	if err != nil {
		return nil, fmt.Errorf("count what is due: %w", err)
	}
	due := map[broker.Date]int{}
	var day broker.Date
	var count int
	_, err = pgx.ForEachRow(rows, []any{&day, &count}, func() error {
		due[day] = count
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count what is due: %w", err)
	}
	return due, nil
}
