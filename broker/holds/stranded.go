package holds

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// mayCome is the SQL condition that the copy i is, or may one day be, there to
// fill a hold h.
const mayCome = `i.library_id = h.library_id and i.title_id = h.title_id and i.request_id is null and i.lendable
	and i.status not in ('missing', 'lost', 'withdrawn', 'gone_home') and (h.wanted_item_id is null or h.wanted_item_id = i.id)`

// Watched is what was found when the queues of some titles were looked at.
type Watched struct {
	// Stranded are holds that no copy can fill any more, as of now.
	Stranded []Hold
	// Titles are those of queues in which that changed, either way; true where
	// somebody waits there for whom no copy can come.
	Titles map[broker.ID]bool
}

// Watch finds the holds of a library's queues that no copy can ever fill, since
// all are lost, missing, withdrawn or not lent, and those that a copy can fill
// again, and notes both; each is told once. They keep their places. No titles
// means every queue; at most limit holds are newly stranded at a time.
func Watch(ctx context.Context, tx *postgres.Tx, library broker.ID, titles []broker.ID, now time.Time, limit int) (Watched, error) {
	found := Watched{Titles: map[broker.ID]bool{}}
	tx.Queue(`update holds h set stranded_at = null
		where h.library_id = $1 and h.stranded_at is not null and (coalesce(cardinality($2::uuid[]), 0) = 0 or h.title_id = any ($2))
			and (h.status <> 'placed' or exists (select 1 from items i where `+mayCome+`))
		returning h.title_id`, library, titles).
		Query(func(rows pgx.Rows) error {
			var title broker.ID
			_, err := pgx.ForEachRow(rows, []any{&title}, func() error { found.Titles[title] = false; return nil })
			return err
		})
	tx.Queue(`with lost as (select h.library_id, h.id from holds h
			where h.library_id = $1 and h.status = 'placed' and h.stranded_at is null
				and (coalesce(cardinality($2::uuid[]), 0) = 0 or h.title_id = any ($2))
				and not exists (select 1 from items i where `+mayCome+`)
			order by h.title_id, h.turn_at, h.id limit $4 for update)
		update holds h set stranded_at = $3 from lost where h.library_id = lost.library_id and h.id = lost.id
		returning `+holdColumns, library, titles, now, limit).
		Query(func(rows pgx.Rows) (err error) {
			found.Stranded, err = collectHolds(rows, nil)
			return err
		})
	if err := tx.Flush(ctx); err != nil {
		return found, fmt.Errorf("look for holds that no copy can fill: %w", err)
	}
	for i, hold := range found.Stranded {
		found.Stranded[i].StrandedAt = now
		found.Titles[hold.Title] = true
	}
	var cleared []broker.ID
	for title, stranded := range found.Titles {
		if !stranded {
			cleared = append(cleared, title)
		}
	}
	if len(cleared) == 0 {
		return found, nil
	}
	// One particular copy may be gone for some while others wait for any.
	rows, err := tx.Query(ctx, `select distinct title_id from holds where library_id = $1 and title_id = any ($2) and status = 'placed' and stranded_at is not null`,
		library, cleared)
	if err != nil {
		return found, fmt.Errorf("look who still waits for nothing: %w", err)
	}
	var title broker.ID
	_, err = pgx.ForEachRow(rows, []any{&title}, func() error { found.Titles[title] = true; return nil })
	return found, err
}

// Unfill ends a hold that serves a request and that no copy can fill: it is
// unfilled, so that the request can look elsewhere.
func Unfill(tx *postgres.Tx, hold Hold, at time.Time) Hold {
	hold.Status, hold.ClosedAt = Unfilled, at
	moveHold(tx, hold)
	tx.Queue(`update holds set stranded_at = null where library_id = $1 and id = $2`, hold.Library, hold.ID)
	return hold
}

// Stranded is a hold that no copy can fill.
type Stranded struct {
	Hold Hold
	// Copies says what became of the library's copies, each word once, in order:
	// lost, missing, withdrawn, gone_home, not_lent; empty where it has none.
	Copies []string
}

// StrandedList gives the holds of a library's queues that no copy can ever fill
// as things stand, those who have waited longest first.
func StrandedList(ctx context.Context, tx *postgres.Tx, library broker.ID, page broker.Page) ([]Stranded, error) {
	rows, err := tx.Query(ctx, `select `+holdColumns+`,
			coalesce((select array_agg(distinct case when i.status in ('lost', 'missing', 'withdrawn', 'gone_home') then i.status else 'not_lent' end)
				from items i where i.library_id = h.library_id and i.title_id = h.title_id and i.request_id is null
					and (h.wanted_item_id is null or h.wanted_item_id = i.id)), '{}')
		from holds h where h.library_id = $1 and h.status = 'placed' and not exists (select 1 from items i where `+mayCome+`)
			and ($2::uuid is null or (h.turn_at, h.id) > (select a.turn_at, a.id from holds a where a.library_id = $1 and a.id = $2))
		order by h.turn_at, h.id limit $3`, library, page.After, page.Limit)
	if err != nil {
		return nil, fmt.Errorf("list holds that no copy can fill: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Stranded, error) {
		var one Stranded
		err := scanHold(row, &one.Hold, &one.Copies)
		return one, err
	})
}
