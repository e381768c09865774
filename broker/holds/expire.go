package holds

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// ExpireShelfSlice takes what nobody picked up in time off a library's hold
// shelf: at most limit holds, those longest past their date first. Each copy
// goes to the next in its queue, home to its owner, or to its shelf, as the
// policy and the calendar of the pick-up branch say. What staff must decide,
// what stays because the branch is closed, and what serves a request (whose own
// deadline decides) is left alone.
//
// A hold that cannot be processed comes back with Failed set and is unchanged;
// the others are done. Those put aside are left out. Fewer outcomes than limit
// means nothing is left. A missed night is caught up, and a second run finds
// nothing to do.
func (s *Service) ExpireShelfSlice(ctx context.Context, tx *postgres.Tx, desk standing.Desk, limit int, aside []broker.ID) ([]Outcome, error) {
	branches, err := directory.Branches(ctx, tx, desk.Library.ID)
	if err != nil {
		return nil, err
	}
	var done []Outcome
	var after pastKey
	for len(done) < limit {
		page, err := pastDate(ctx, tx, desk, after, limit-len(done), aside)
		if err != nil || len(page) == 0 {
			return done, err
		}
		after = page[len(page)-1]
		rows, err := lockPast(ctx, tx, desk, page)
		if err != nil {
			return done, err
		}
		worked, err := s.expireRows(ctx, tx, desk, branches, rows)
		if err != nil {
			return done, err
		}
		done = append(done, worked...)
	}
	return done, nil
}

// pastKey names one hold whose pick-up date has passed.
type pastKey struct {
	hold  Ref
	item  broker.ID // of the hold's library
	title broker.ID
	by    broker.Date
}

// pastRow is such a hold under its locks, with those who wait for its copy.
type pastRow struct {
	hold    Hold
	item    catalog.Item
	waiting []Hold
	action  attributes.ExpiryAction // what the policy says once its time is over
	over    time.Time               // when that was
}

// pastDate lists a page of holds that should have been picked up, without
// locking them.
func pastDate(ctx context.Context, tx *postgres.Tx, desk standing.Desk, after pastKey, limit int, aside []broker.ID) ([]pastKey, error) {
	rows, err := tx.Query(ctx, `select h.library_id, h.id, h.item_id, h.title_id, h.pick_up_by from holds h
		where h.for_library_id = $1 and h.status = 'on_hold_shelf' and h.pick_up_by < $2 and h.request_id is null
			and ($3::uuid is null or (h.pick_up_by, h.id) > ($4::date, $3))
			and h.id <> all (coalesce($6::uuid[], '{}'))
		order by h.pick_up_by, h.id limit $5`,
		desk.Library.ID, desk.Today(), after.hold.ID, after.by, limit, aside)
	if err != nil {
		return nil, fmt.Errorf("list what was not picked up: %w", err)
	}
	page := make([]pastKey, 0, limit)
	return pgx.AppendRows(page, rows, func(row pgx.CollectableRow) (key pastKey, err error) {
		err = row.Scan(&key.hold.Library, &key.hold.ID, &key.item, &key.title, &key.by)
		return key, err
	})
}

// lockPast locks a page in the usual order (items, queues, holds) and reads it
// again, with the first who wait for each copy. It takes one round trip
// whatever the size of the page.
func lockPast(ctx context.Context, tx *postgres.Tx, desk standing.Desk, page []pastKey) ([]*pastRow, error) {
	libraries, ids := make([]broker.ID, len(page)), make([]broker.ID, len(page))
	items, titles := make([]broker.ID, len(page)), make([]broker.ID, len(page))
	copies, most := map[broker.ID]int{}, 0
	for i, key := range page {
		libraries[i], ids[i], items[i], titles[i] = key.hold.Library, key.hold.ID, key.item, key.title
		copies[key.title]++
		most = max(most, copies[key.title])
	}
	rows, byItem := make([]*pastRow, 0, len(page)), make(map[catalog.Ref]*pastRow, len(page))
	var stored []catalog.Item
	catalog.AskItemsLocked(tx, libraries, items, &stored)
	tx.Queue(`select pg_advisory_xact_lock(hashtextextended('queue:' || library_id || title_id, 0))
		from (select distinct library_id, title_id from unnest($1::uuid[], $2::uuid[]) w (library_id, title_id)
			where title_id is not null order by 1, 2) q`, libraries, titles)
	tx.Queue(`select `+holdColumns+` from holds h join unnest($1::uuid[], $2::uuid[]) w (library_id, id) using (library_id, id)
		where h.status = 'on_hold_shelf' and h.pick_up_by < $3 order by h.library_id, h.id for update of h`, libraries, ids, desk.Today()).
		Query(func(found pgx.Rows) error {
			for found.Next() {
				row := &pastRow{}
				if err := scanHold(found, &row.hold); err != nil {
					return err
				}
				rows, byItem[catalog.Ref{Library: row.hold.Library, ID: row.hold.Item}] = append(rows, row), row
			}
			return found.Err()
		})
	tx.Queue(`select n.* from unnest($1::uuid[], $2::uuid[]) w (library_id, id) cross join lateral (
			select `+holdColumns+`, `+passingColumns+`, i.id as for_item
			from holds h join items i on i.library_id = h.library_id and i.title_id = h.title_id
			left join patrons p on p.library_id = h.for_library_id and p.id = h.patron_id
			where `+waitsAs("w.library_id", "w.id")+` order by h.turn_at, h.id limit $4) n`, libraries, items, desk.Today(), most).
		Query(func(found pgx.Rows) error {
			for found.Next() {
				var hold Hold
				var item broker.ID
				if err := scanHold(found, &hold, &hold.passedBy, &hold.askPolicy, &item); err != nil {
					return err
				}
				if row := byItem[catalog.Ref{Library: hold.Library, ID: item}]; row != nil {
					row.waiting = append(row.waiting, hold)
				}
			}
			return found.Err()
		})
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("read what was not picked up: %w", err)
	}
	for _, item := range stored {
		if row := byItem[item.Ref()]; row != nil {
			row.item = item
		}
	}
	slices.SortFunc(rows, func(a, b *pastRow) int {
		return cmp.Or(a.hold.PickUpBy.Compare(b.hold.PickUpBy), a.hold.TurnAt.Compare(b.hold.TurnAt))
	})
	return rows, nil
}

// expireRows processes a page at once and, where that fails, row by row, so
// that a bad row holds up no other.
func (s *Service) expireRows(ctx context.Context, tx *postgres.Tx, desk standing.Desk, branches []directory.Branch, rows []*pastRow) ([]Outcome, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	done, err := s.expireTogether(ctx, tx, desk, branches, rows)
	if err == nil {
		return done, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if len(rows) == 1 {
		var failed Outcome
		failed.Failed = err
		failed.setHold(rows[0].hold)
		return []Outcome{failed}, nil
	}
	half := len(rows) / 2
	first, err := s.expireRows(ctx, tx, desk, branches, rows[:half])
	if err != nil {
		return nil, err
	}
	second, err := s.expireRows(ctx, tx, desk, branches, rows[half:])
	return append(first, second...), err
}

func (s *Service) expireTogether(ctx context.Context, tx *postgres.Tx, desk standing.Desk, branches []directory.Branch, rows []*pastRow) ([]Outcome, error) {
	inner, err := tx.Begin(ctx)
	if err != nil {
		return nil, err
	}
	taken := map[broker.ID]bool{}
	over, err := s.overRows(desk, branches, rows)
	if err != nil {
		_ = inner.Rollback(ctx)
		return nil, err
	}
	done, moved := make([]Outcome, 0, len(over)), make([]catalog.Item, 0, len(over))
	expireHolds(tx, over, desk.Now) // before anybody else is given the copies
	for _, row := range over {
		out, err := s.expireRow(ctx, tx, desk.At(branches, row.hold.Pickup), row, taken)
		if err != nil {
			_ = inner.Rollback(ctx)
			return nil, err
		}
		done, moved = append(done, out), append(moved, *out.Item)
	}
	catalog.SetItemStatuses(tx, moved)
	if err := tx.Flush(ctx); err != nil {
		_ = inner.Rollback(ctx)
		return nil, err
	}
	return done, inner.Commit(ctx)
}

// overRows chooses the rows whose time is over; what staff must decide is left
// out.
func (s *Service) overRows(desk standing.Desk, branches []directory.Branch, rows []*pastRow) (over []*pastRow, err error) {
	for _, row := range rows {
		if row.item.ID == broker.NoID || row.item.Status != catalog.OnHoldShelf {
			return nil, broker.Conflict("item_not_available", "The item of the hold is not on the hold shelf: it is %s.", row.item.Status.Words())
		}
		at := desk.At(branches, row.hold.Pickup)
		document, err := s.Rules(at)
		if err != nil {
			return nil, err
		}
		decision, past := whenPast(document, at, row.hold, row.item)
		if past && decision.Action != attributes.StaffDecision {
			row.action = decision.Action
			row.over = overSince(document, at, row)
			over = append(over, row)
		}
	}
	return over, nil
}

// expireHolds queues the end of the holds of some rows, in one statement.
func expireHolds(tx *postgres.Tx, over []*pastRow, now time.Time) {
	libraries, ids, when := make([]broker.ID, len(over)), make([]broker.ID, len(over)), make([]time.Time, len(over))
	for i, row := range over {
		libraries[i], ids[i], when[i] = row.hold.Library, row.hold.ID, row.over
	}
	tx.Queue(`update holds h set status = $4, closed_at = w.closed_at, end_noted_at = $5 from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) w (library_id, id, closed_at)
		where h.library_id = w.library_id and h.id = w.id`, libraries, ids, when, Expired, now)
}

// expireRow sends on the item of a hold that has ended.
func (s *Service) expireRow(ctx context.Context, tx *postgres.Tx, desk standing.Desk, row *pastRow, taken map[broker.ID]bool) (out Outcome, err error) {
	var head Hold
	if row.action != attributes.ReturnToOwner || desk.OwnerOf(row.item) == rule.OwnerOwn {
		for _, next := range row.waiting {
			if !taken[next.ID] {
				head = next
				break
			}
		}
	}
	hold := row.hold
	hold.Status, hold.ClosedAt = Expired, row.over
	out.setHold(hold)
	out.Say("Not picked up by %s.", hold.PickUpBy)
	if err := s.direct(ctx, tx, desk, row.item, head, &out); err != nil {
		return out, err
	}
	if out.Given != nil {
		taken[out.Given.ID] = true
	}
	return out, nil
}

// overSince gives the beginning of the first day on which the time of something on
// the hold shelf was over, by the calendar of its branch.
func overSince(document *policy.Document, desk standing.Desk, row *pastRow) time.Time {
	then, zone := desk, desk.Calendar().Zone()
	for day := row.hold.PickUpBy.AddDays(1); day.Before(desk.Today()); day = day.AddDays(1) {
		then.Now = day.Start(zone)
		if _, past := whenPast(document, then, row.hold, row.item); past {
			return then.Now
		}
	}
	return desk.Today().Start(zone)
}

// whenPast says what becomes of something on the hold shelf today, and whether
// its time is over.
func whenPast(document *policy.Document, desk standing.Desk, hold Hold, item catalog.Item) (shelf.ExpiryDecision, bool) {
	facts := shelf.Facts{Match: hold.MatchOf(desk, item)}
	over := shelf.Expired(document, desk.Moment(), facts, hold.PickUpBy).Value
	return shelf.OnShelfExpiry(document, desk.Moment(), facts, !hold.ContactAt.IsZero()), over
}

// ExpireUnfilledSlice ends holds whose last day to be filled has been: at most
// limit, of a library's patrons, and none that serves a request. Each ended when
// its last day was over, whenever the night runs. It takes one statement.
func ExpireUnfilledSlice(ctx context.Context, tx *postgres.Tx, library broker.ID, today broker.Date, zone *time.Location, limit int) ([]Hold, error) {
	return collectHolds(tx.Query(ctx, `
		with due as (select library_id, id from holds
			where for_library_id = $1 and status = 'placed' and expires_on < $2 and request_id is null
			order by expires_on, id limit $4 for update skip locked)
		update holds h set status = 'expired', closed_at = (h.expires_on + 1)::timestamp at time zone $3 from due where h.library_id = due.library_id and h.id = due.id
		returning `+holdColumns, library, today, zone.String(), limit))
}
