package notices

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/policy/attributes"
	"afield/broker/postgres"
)

// loansAsked narrows which open loans are looked at, latest due date first.
type loansAsked struct {
	kind Kind
	// earliest and latest bound the due date; a zero earliest has no bound.
	earliest, latest broker.Date
	// told are the stages that need not be looked at again, where one sequence
	// holds for all loans.
	told []stageTold
	// before and beforeID are the last loan of the page before.
	before   broker.Date
	beforeID broker.ID
}

// stageTold is a stage, and the due dates for which it is the latest stage today.
type stageTold struct {
	stage    string
	from, to broker.Date
}

// toldAlready works out, for one sequence, for which due dates each stage is the
// latest.
func toldAlready(stages attributes.NoticeStages, today broker.Date) []stageTold {
	told := make([]stageTold, len(stages))
	for i, stage := range stages {
		told[i] = stageTold{stage: stage.Stage, to: today.AddDays(-stage.DaysAfterDue)}
		if i+1 < len(stages) {
			told[i].from = today.AddDays(-stages[i+1].DaysAfterDue + 1)
		}
	}
	return told
}

// widenToBorrowers lets the transaction see the patrons and items of other
// libraries of the sharing group that this library's desk lent to or from: their
// notices belong to them.
func widenToBorrowers(ctx context.Context, tx *postgres.Tx, library broker.ID) error {
	if len(tx.Libraries()) == 0 {
		return nil // it sees every library already
	}
	rows, err := tx.Query(ctx, `select distinct other from loans l, unnest(array[l.patron_library_id, l.item_library_id]) other
		where l.library_id = $1 and l.status = 'open' and other <> $1`, library)
	if err != nil {
		return fmt.Errorf("read whose patrons a desk lent to: %w", err)
	}
	others, err := pgx.CollectRows(rows, pgx.RowTo[broker.ID])
	if err != nil || len(others) == 0 {
		return err
	}
	tx.Widen(others...)
	return nil
}

// askLoans reads a page of open loans with what a notice needs to know. Its one
// statement reads tables of other packages, because loans that were notified
// already must be left out where they are read.
func askLoans(ctx context.Context, tx *postgres.Tx, library broker.ID, ask loansAsked, limit int) ([]lateLoan, error) {
	stages, from, to := []string{}, []broker.Date{}, []broker.Date{}
	for _, told := range ask.told {
		stages, from, to = append(stages, told.stage), append(from, told.from), append(to, told.to)
	}
	rows, err := tx.Query(ctx, `select l.id, l.due_on, l.renewals, coalesce(l.terms ->> 'owner', ''), coalesce(l.terms ->> 'item', ''),
			coalesce(i.audience, ''), coalesce(i.age_mark, ''), coalesce(t.title, ''),
			p.library_id, p.id, p.class, p.born_on, coalesce(p.phone, ''), coalesce(p.email, ''), coalesce(p.notice_channel, ''),
			array(select n.stage from notices n where n.library_id = l.patron_library_id and n.loan_id = l.id and n.kind = $2
				and n.loan_period = l.renewals + 1)
		from loans l
		join patrons p on p.library_id = l.patron_library_id and p.id = l.patron_id and p.institution_id is null
		left join items i on i.library_id = l.item_library_id and i.id = l.item_id
		left join titles t on t.id = i.title_id
		where l.library_id = $1 and l.status = 'open' and l.due_on <= $3 and l.due_on >= coalesce($4, '-infinity'::date)
			and ($5::date is null or (l.due_on, l.id) < ($5, $6))
			and l.seen_back_on is null
			and not exists (select 1 from claims c where c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null)
			and not exists (select 1 from notices n where n.library_id = l.patron_library_id and $2 = 'due_soon'
				and n.cause = 'due_soon:' || l.id || ':' || to_char(l.due_on, 'YYYY-MM-DD'))
			and not exists (select 1 from unnest($7::text[], $8::date[], $9::date[]) as s (stage, after, until)
				join notices n on n.library_id = l.patron_library_id and n.cause = $2 || ':' || l.id || ':' || l.renewals || ':' || s.stage
				where l.due_on <= s.until and (s.after is null or l.due_on >= s.after))
		order by l.due_on desc, l.id desc limit $10`,
		library, string(ask.kind), ask.latest, ask.earliest, ask.before, ask.beforeID, stages, from, to, limit)
	if err != nil {
		return nil, fmt.Errorf("read loans to tell of: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (lateLoan, error) {
		var l lateLoan
		err := row.Scan(&l.ID, &l.DueOn, &l.Renewals, &l.Owner, &l.Item, &l.Audience, &l.Age, &l.Title,
			&l.Patron.Library, &l.Patron.ID, &l.Patron.Class, &l.Patron.BornOn, &l.Patron.Phone, &l.Patron.Email, &l.Patron.NoticeChannel, &l.Told)
		return l, err
	})
}
