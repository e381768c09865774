// Package tallies answers what a library counts of its work: it counts requests
// itself, and has loans and money counted by those who own them. Nothing it reads
// says who a patron was, so history counts the same once it is anonymised.
package tallies

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/figures"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/postgres"
)

// tally is one question at one library.
type tally struct {
	figures.Question
	tx      *postgres.Tx
	library broker.ID
	zone    string
}

// Of answers a question about a library.
func Of(ctx context.Context, tx *postgres.Tx, library directory.Library, q figures.Question) (figures.Table, error) {
	t := tally{Question: q, tx: tx, library: library.ID, zone: library.Zone.String()}
	table := figures.Table{Question: q}
	var err error
	switch q.Figure {
	case figures.FillRate:
		table.Columns = []string{"period", "side", "asked", "filled", "not_filled", "cancelled", "open", "fill_rate"}
		table.Rows, err = t.fillRate(ctx)
	case figures.Turnaround:
		table.Columns = []string{"period", "phase", "count", "median_hours", "p90_hours"}
		table.Rows, err = t.turnaround(ctx)
	case figures.Partners:
		table.Columns = []string{"period", "library", "borrowed", "lent", "lent_for_each_borrowed"}
		table.Rows, err = t.partners(ctx)
	case figures.Cost:
		table.Columns = []string{"period", "currency", "filled", "with_a_cost", "cost_minor", "passed_on_minor"}
		table.Rows, err = t.cost(ctx)
	case figures.Circulation:
		table.Columns = []string{"period", "type", "branch", "loans", "renewals"}
		table.Rows, err = loans.Circulation(ctx, tx, t.library, t.zone, q)
	case figures.Demand:
		table.Columns = []string{"title", "author", "isbn", "asked", "filled", "not_filled"}
		table.Rows, err = t.demand(ctx)
	case figures.Money:
		table.Columns = []string{"period", "entry", "kind", "currency", "count", "amount_minor"}
		table.Rows, err = ledger.ByKind(ctx, tx, t.library, t.zone, q)
	case figures.Annual:
		table.Columns = []string{"period", "provided", "provided_copies", "provided_in_catalogue", "received", "received_copies", "received_in_catalogue"}
		table.Rows, err = t.annual(ctx)
	}
	if table.Rows == nil {
		table.Rows = [][]any{}
	}
	return table, err
}

// supplied has the requests of a library with the moment at which they were
// filled: what was asked for had come, or what was lent had left. On the borrowing
// side that is when it first was here, or the copy was completed.
const supplied = `with supplied as (
	select r.id, r.side, r.service, r.state, r.submitted_at, r.fulfilment, r.citation, r.title_id, r.rota_entry_id, r.borrower_library_id,
		case when r.state in ('unfilled', 'cancelled', 'expired') then null else (select min(e.at) from request_events e
			where e.library_id = r.library_id and e.request_id = r.id and e.to_state <> e.from_state and case r.side
				when 'borrowing' then e.to_state in ('received', 'on_hold_shelf', 'checked_out') or (r.service = 'copy' and e.to_state = 'completed')
				else e.to_state in ('shipped', 'with_borrowing_library') or (r.service = 'copy' and e.to_state = 'completed') end) end as filled_at
	from requests r where r.library_id = $1 and r.side in ('borrowing', 'lending')) `

func (t tally) rows(ctx context.Context, sql string) ([][]any, error) {
	rows, err := t.tx.Query(ctx, sql, t.library, t.zone, t.From, t.To, t.Pattern())
	if err != nil {
		return nil, fmt.Errorf("count requests: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
}

// fillRate counts the requests that were made in the time, and what became of
// them. The rate leaves out those that were cancelled or are still open.
func (t tally) fillRate(ctx context.Context) ([][]any, error) {
	rows, err := t.rows(ctx, supplied+`select to_char(submitted_at at time zone $2, $5), side, count(*), count(filled_at),
			count(*) filter (where state in ('unfilled', 'expired')), count(*) filter (where state = 'cancelled'),
			count(*) filter (where filled_at is null and state not in ('unfilled', 'expired', 'cancelled'))
		from supplied where (submitted_at at time zone $2)::date between $3 and $4 group by 1, 2 order by 1, 2`)
	for i, row := range rows {
		filled, not := row[3].(int64), row[4].(int64)
		rows[i] = append(row, figures.Share(filled, filled+not))
	}
	return rows, err
}

// turnaround measures each phase of what we borrow, in the time in which it ended:
// from asking a lender to its answer, from asking to its sending, from sending to
// arrival, and from the patron's wish to the hold shelf.
func (t tally) turnaround(ctx context.Context) ([][]any, error) {
	rows, err := t.rows(ctx, `with steps as (
			select e.event, e.from_state, e.to_state, e.at, r.submitted_at,
				max(e.at) filter (where e.to_state = 'requested') over before as asked,
				max(e.at) filter (where e.to_state = 'shipped') over before as sent,
				count(*) filter (where e.to_state in ('on_hold_shelf', 'checked_out') or (r.service = 'copy' and e.to_state = 'completed')) over before as had
			from request_events e join requests r on r.library_id = e.library_id and r.id = e.request_id
			where e.library_id = $1 and r.side = 'borrowing' and e.from_state <> e.to_state
			window before as (partition by e.request_id order by e.version rows between unbounded preceding and 1 preceding)),
		phases as (
			select 'to_answer' as phase, at, at - asked as took from steps where from_state = 'requested'
				and event in ('will_supply', 'conditional', 'retry_later', 'unfilled', 'loaned', 'copy_completed', 'hold_on_shelf', 'hold_in_transit', 'hold_not_found')
			union all select 'to_ship', at, at - asked from steps where to_state = 'shipped' and asked is not null
			union all select 'to_arrive', at, at - sent from steps where from_state = 'shipped' and to_state in ('received', 'on_hold_shelf', 'checked_out')
			union all select 'to_patron', at, at - submitted_at from steps where had = 0 and (to_state in ('on_hold_shelf', 'checked_out') or event = 'copy_completed'))
		select to_char(at at time zone $2, $5), phase, array_agg(extract(epoch from took)::float8 / 3600)
		from phases where took is not null and (at at time zone $2)::date between $3 and $4
		group by 1, 2 order by 1, array_position(array['to_answer', 'to_ship', 'to_arrive', 'to_patron'], phase)`)
	for i, row := range rows {
		var hours []float64
		for _, one := range row[2].([]any) {
			hours = append(hours, one.(float64))
		}
		median, p90 := figures.Spread(hours)
		rows[i] = []any{row[0], row[1], int64(len(hours)), median, p90}
	}
	return rows, err
}

// partners counts what was borrowed from and lent to each library: by messages and
// by staff, and by loans of a shared catalogue.
func (t tally) partners(ctx context.Context) ([][]any, error) {
	counted, err := t.rows(ctx, supplied+`select to_char(s.filled_at at time zone $2, $5),
			case s.side when 'borrowing' then (select e.lender_id from rota_entries e where e.library_id = $1 and e.id = s.rota_entry_id) else s.borrower_library_id end::text,
			count(*) filter (where s.side = 'borrowing'), count(*) filter (where s.side = 'lending')
		from supplied s where (s.filled_at at time zone $2)::date between $3 and $4 and coalesce(s.fulfilment, '') <> 'hold' group by 1, 2`)
	if err != nil {
		return nil, err
	}
	across, err := loans.Across(ctx, t.tx, t.library, t.zone, t.Question)
	if err != nil {
		return nil, err
	}
	type who struct{ period, library string }
	sums := map[who][2]int64{}
	var ids []broker.ID
	for _, row := range slices.Concat(counted, across) {
		text, _ := row[1].(string)
		id, err := broker.ParseID("library", text)
		if err != nil {
			continue // nobody was asked: a request that staff closed by hand
		}
		key := who{row[0].(string), text}
		sum := sums[key]
		sums[key] = [2]int64{sum[0] + row[2].(int64), sum[1] + row[3].(int64)}
		ids = append(ids, id)
	}
	names, err := directory.LoadMany(ctx, t.tx, ids)
	if err != nil {
		return nil, err
	}
	rows := make([][]any, 0, len(sums))
	for key, sum := range sums {
		id, err := broker.ParseID("library", key.library)
		if err != nil {
			return nil, err
		}
		rows = append(rows, []any{key.period, names[id].Name, sum[0], sum[1], figures.Ratio(sum[1], sum[0])})
	}
	slices.SortFunc(rows, func(a, b []any) int {
		return cmp.Or(cmp.Compare(a[0].(string), b[0].(string)), cmp.Compare(a[1].(string), b[1].(string)))
	})
	return rows, nil
}

// cost adds up what lenders asked for what they sent, and what of it patrons were
// to pay.
func (t tally) cost(ctx context.Context) ([][]any, error) {
	return t.rows(ctx, supplied+`select to_char(s.filled_at at time zone $2, $5), e.currency, count(*), count(*) filter (where e.cost_minor > 0),
			sum(e.cost_minor)::bigint, sum(e.patron_cost_minor)::bigint
		from supplied s join rota_entries e on e.library_id = $1 and e.id = s.rota_entry_id
		where s.side = 'borrowing' and (s.filled_at at time zone $2)::date between $3 and $4 group by 1, 2 order by 1, 2`)
}

// demand lists what was asked for more than once, the most wanted first: what might
// be bought.
func (t tally) demand(ctx context.Context) ([][]any, error) {
	return t.rows(ctx, supplied+`select min(citation->>'title'), coalesce(min(citation->>'author'), ''), coalesce(min(citation->>'isbn'), ''),
			count(*), count(filled_at), count(*) filter (where state in ('unfilled', 'expired'))
		from supplied where side = 'borrowing' and (submitted_at at time zone $2)::date between $3 and $4 and $5 <> ''
		group by coalesce(nullif(citation->>'isbn', ''), lower(citation->>'title') || '/' || lower(coalesce(citation->>'author', '')))
		having count(*) > 1 order by 4 desc, 1 limit 200`)
}

// annual counts, year by year, what states ask libraries for: interlibrary loans
// provided to other libraries and received from them, loans and copies together,
// and how many of them stayed within the shared catalogue.
func (t tally) annual(ctx context.Context) ([][]any, error) {
	counted, err := t.rows(ctx, supplied+`select to_char(filled_at at time zone $2, $5),
			count(*) filter (where side = 'lending'), count(*) filter (where side = 'lending' and service = 'copy'),
			count(*) filter (where side = 'borrowing'), count(*) filter (where side = 'borrowing' and service = 'copy')
		from supplied where (filled_at at time zone $2)::date between $3 and $4 and coalesce(fulfilment, '') <> 'hold' group by 1`)
	if err != nil {
		return nil, err
	}
	across, err := loans.Across(ctx, t.tx, t.library, t.zone, t.Question)
	if err != nil {
		return nil, err
	}
	years := map[string]*[6]int64{}
	of := func(row []any) *[6]int64 {
		year := row[0].(string)
		if years[year] == nil {
			years[year] = &[6]int64{}
		}
		return years[year]
	}
	for _, row := range counted {
		sum := of(row)
		sum[0], sum[1], sum[3], sum[4] = row[1].(int64), row[2].(int64), row[3].(int64), row[4].(int64)
	}
	for _, row := range across {
		sum, borrowed, lent := of(row), row[2].(int64), row[3].(int64)
		sum[0], sum[2], sum[3], sum[5] = sum[0]+lent, sum[2]+lent, sum[3]+borrowed, sum[5]+borrowed
	}
	var rows [][]any
	for year, sum := range years {
		row := []any{year}
		for _, count := range sum {
			row = append(row, count)
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b []any) int { return cmp.Compare(a[0].(string), b[0].(string)) })
	return rows, nil
}
