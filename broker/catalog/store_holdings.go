package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// SaveHoldings queues storing what partners hold, all in one statement. A holding
// that was seen later stays as it is; a holding of no copies is removed.
func SaveHoldings(tx *postgres.Tx, holdings []Holding) {
	columns := struct {
		titles, libraries []broker.ID
		copies            []int32
		lends             []bool
		seen              []time.Time
	}{}
	latest := map[[2]broker.ID]Holding{} // one statement may touch a row once only
	var order [][2]broker.ID
	for _, holding := range holdings {
		key := [2]broker.ID{holding.Title, holding.Library}
		before, known := latest[key]
		if !known {
			order = append(order, key)
		}
		if !known || !holding.SeenAt.Before(before.SeenAt) {
			latest[key] = holding
		}
	}
	for _, key := range order {
		holding := latest[key]
		columns.titles = append(columns.titles, holding.Title)
		columns.libraries = append(columns.libraries, holding.Library)
		columns.copies = append(columns.copies, int32(min(max(holding.Copies, 0), 1<<30)))
		columns.lends = append(columns.lends, holding.Lends)
		columns.seen = append(columns.seen, holding.SeenAt)
	}
	if len(order) == 0 {
		return
	}
	tx.Queue(`
		insert into partner_holdings (title_id, library_id, copies, lends, seen_at)
		select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::bool[], $5::timestamptz[])
		on conflict (title_id, library_id) do update
		set copies = excluded.copies, lends = excluded.lends, seen_at = excluded.seen_at
		where partner_holdings.seen_at <= excluded.seen_at`,
		columns.titles, columns.libraries, columns.copies, columns.lends, columns.seen)
}

// copiesAndWaiting counts the copies of the titles $1 at the libraries $2, of
// which $3 are promised, and the holds that wait for one.
const copiesAndWaiting = `
		copies as (
			select i.title_id, i.library_id, count(*)::int as copies,
			       (count(*) filter (where i.lendable and i.status not in ('missing', 'lost', 'withdrawn', 'gone_home')))::int as lendable,
			       (count(*) filter (where i.lendable and i.status = 'on_shelf'
			           and i.id <> all ($3)
			           and not exists (select 1 from holds h
			               where h.library_id = i.library_id and h.item_id = i.id and h.status = 'placed')))::int as free
			from items i
			where i.title_id = any ($1) and i.library_id = any ($2) and i.request_id is null and i.status <> 'withdrawn'
			group by i.title_id, i.library_id),
		waiting as (
			select h.title_id, h.library_id, count(*)::int as waiting from holds h
			where h.title_id = any ($1) and h.library_id = any ($2) and h.status = 'placed' and h.item_id is null
			group by h.title_id, h.library_id)`

// Holders finds the libraries that have a title: members among those named, by
// their items, and any library with a stored holding. The transaction must see
// the named libraries (Widen); items of one it does not see are not found. Copies
// counts them all; Available leaves out items that are promised to another
// library or that a hold has chosen, and as many copies as patrons wait for. In
// order of library id.
func Holders(ctx context.Context, tx *postgres.Tx, title broker.ID, libraries, promised []broker.ID) ([]Holder, error) {
	if title == broker.NoID {
		return nil, nil
	}
	return HoldersOfAny(ctx, tx, []broker.ID{title}, libraries, promised)
}

// HoldersOfAny is Holders for several titles of which any will do, counted together.
func HoldersOfAny(ctx context.Context, tx *postgres.Tx, titles, libraries, promised []broker.ID) ([]Holder, error) {
	rows, err := tx.Query(ctx, `
		with `+copiesAndWaiting+`
		select c.library_id, 'items', sum(c.copies)::int, sum(c.lendable)::int, sum(greatest(c.free - coalesce(w.waiting, 0), 0))::int, true,
		       sum(coalesce(w.waiting, 0))::int, null::timestamptz
		from copies c left join waiting w using (title_id, library_id)
		group by c.library_id
		union all
		select p.library_id, 'stored', sum(p.copies)::int, coalesce(sum(p.copies) filter (where p.lends), 0)::int, 0, false, 0, max(p.seen_at)
		from partner_holdings p
		where p.title_id = any ($1) and p.copies > 0 and not exists (select 1 from copies c where c.library_id = p.library_id)
		group by p.library_id
		order by 1`, titles, notNil(libraries), notNil(promised))
	if err != nil {
		return nil, fmt.Errorf("find holders: %w", err)
	}
	holders, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Holder, error) {
		var holder Holder
		err := row.Scan(&holder.Library, &holder.Source, &holder.Copies, &holder.Lendable, &holder.Available,
			&holder.AvailabilityKnown, &holder.Waiting, &holder.SeenAt)
		holder.SeenAt = holder.SeenAt.UTC()
		return holder, err
	})
	if err != nil {
		return nil, fmt.Errorf("find holders: %w", err)
	}
	return holders, nil
}

// Counted is how many copies of a title some libraries have together.
type Counted struct {
	// Copies counts all of them; Lendable those that may leave at all; Available the
	// lendable ones on the shelf that nobody waits for.
	Copies, Lendable, Available int
	// Waiting is how many holds wait for a copy.
	Waiting int
}

// CountCopies counts the copies of titles at libraries, as Holders does. The
// transaction must see the libraries; a title of which they have none is left
// out.
func CountCopies(ctx context.Context, tx *postgres.Tx, titles, libraries, promised []broker.ID) (map[broker.ID]Counted, error) {
	rows, err := tx.Query(ctx, `with `+copiesAndWaiting+`
		select c.title_id, sum(c.copies)::int, sum(c.lendable)::int,
		       sum(greatest(c.free - coalesce(w.waiting, 0), 0))::int, sum(coalesce(w.waiting, 0))::int
		from copies c left join waiting w using (title_id, library_id)
		group by c.title_id`, notNil(titles), notNil(libraries), notNil(promised))
	if err != nil {
		return nil, fmt.Errorf("count copies: %w", err)
	}
	counted := map[broker.ID]Counted{}
	var title broker.ID
	var one Counted
	_, err = pgx.ForEachRow(rows, []any{&title, &one.Copies, &one.Lendable, &one.Available, &one.Waiting}, func() error {
		counted[title] = one
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count copies: %w", err)
	}
	return counted, nil
}
