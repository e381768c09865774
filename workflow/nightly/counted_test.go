package nightly_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/broker/standing"
	"afield/workflow/desk"
	"afield/workflow/nightly"
)

// counted gives the house's nights again, with a counter of what they send.
func (h *house) counted() (*nightly.Nights, *pgtest.Counter) {
	h.t.Helper()
	db, counts := pgtest.Counted(h.t, h.db)
	var rules standing.Policies = func(library directory.Library, branch broker.ID, on broker.Date) (*policy.Document, error) {
		return h.policies.Rules(standing.Desk{Library: library, Branch: branch, Now: on.At(12, 0, library.Zone)})
	}
	return nightly.New(nightly.Config{DB: db, Desk: desk.New(h.policies, nil), Policies: rules}), counts
}

// multiply copies a loan, with its item, the given number of times.
func (h *house) multiply(loan loans.Loan, times int) {
	h.t.Helper()
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into items (library_id, id, realm_id, barcode, title_id, type, status, lendable, price_minor, created_at)
			select i.library_id, md5('item ' || n)::uuid, i.realm_id, i.barcode || '-' || n, i.title_id, i.type, i.status, i.lendable, i.price_minor, i.created_at
			from items i cross join generate_series(1, $2::int) n where i.id = $1`, loan.Item.ID, times)
		tx.Queue(`insert into loans (library_id, id, item_library_id, item_id, patron_library_id, patron_id, started_at, due_on, due_at, terms)
			select l.library_id, md5('loan ' || n)::uuid, l.item_library_id, md5('item ' || n)::uuid, l.patron_library_id, l.patron_id,
				l.started_at, l.due_on, l.due_at, l.terms
			from loans l cross join generate_series(1, $2::int) n where l.id = $1`, loan.ID, times)
		return nil
	})
}

// shelves puts a number of items on the hold shelf, to be picked up by a day,
// each its own title and all of one patron.
func (h *house) shelves(rows int, by string) {
	h.t.Helper()
	loan := h.lends(h.patron(), "book", 1, "2026-03-02 10:00")[0]
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into titles (id, title, created_at) select md5('title ' || n)::uuid, 'Title ' || n, now() from generate_series(1, $1::int) n`, rows)
		tx.Queue(`insert into items (library_id, id, realm_id, barcode, title_id, type, status, lendable, created_at)
			select i.library_id, md5('item ' || n)::uuid, i.realm_id, 'S' || n, md5('title ' || n)::uuid, i.type, 'on_hold_shelf', true, i.created_at
			from items i cross join generate_series(1, $2::int) n where i.id = $1`, loan.Item.ID, rows)
		tx.Queue(`insert into holds (library_id, id, title_id, item_id, for_library_id, patron_id, queued_at, placed_at, status, captured_at, on_shelf_at, pick_up_by)
			select $1, md5('hold ' || n)::uuid, md5('title ' || n)::uuid, md5('item ' || n)::uuid, $1, $2, $3, $3, 'on_hold_shelf', $3, $3, $4
			from generate_series(1, $5::int) n`, h.Library.ID, loan.Patron.ID, founded, broker.MustDate(by), rows)
		return nil
	})
}

// costOf runs a night and returns what one of its steps sent, where the step
// touches the given number of rows in one slice.
func (h *house) costOf(local, name string, rows int) (cost pgtest.Counts) {
	h.t.Helper()
	nights, counts := h.counted()
	_, err := nights.Run(h.t.Context(), h.Library.ID, h.time(local), time.Time{}, func(report nightly.Report) {
		switch last := report.Steps[len(report.Steps)-1]; {
		case !last.Finished:
		case last.Step == name:
			cost = counts.Read()
			if last.Touched != int64(rows) || last.Slices != 1 || last.Failed != 0 {
				h.t.Errorf("%s: %+v, want %d in one slice", name, last, rows)
			}
		default:
			counts.Reset()
		}
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return cost
}

// A slice of fines costs the same for ten times the loans.
func TestCountedStatementsOfANight(t *testing.T) {
	t.Parallel()
	count := func(loans int) pgtest.Counts {
		h := newHouse(t, "western-district")
		h.multiply(h.lends(h.patron(), "book", 1, "2026-03-02 10:00")[0], loans-1)
		cost := h.costOf("2026-03-25 02:30", "fines", loans)
		if got := h.ask(`select count(*)::text || ' of ' || string_agg(distinct amount_minor::text, ',') from accruals`); got != fmt.Sprintf("%d of 20", loans) {
			t.Errorf("accrued: %s", got)
		}
		return cost
	}
	few, many := count(50), count(500)
	t.Logf("50 loans: %+v; 500 loans: %+v", few, many)
	if few != many || few.Statements == 0 || few.Statements > 40 {
		t.Errorf("50 loans cost %+v and 500 loans %+v: the same, and at most 40 statements", few, many)
	}
}

// Losses, the hold shelf and purged accounts take the same number of round
// trips for ten times the rows; what is sent grows by what each row needs, and
// no more.
func TestCountedRoundTripsOfANight(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]struct {
		on      string
		prepare func(h *house, rows int)
		each    int
	}{
		"lost": {"2026-07-15 02:30", func(h *house, rows int) {
			h.multiply(h.lends(h.patron(), "book", 1, "2026-05-11 10:00")[0], rows-1)
		}, 11},
		"hold_shelf": {"2026-03-20 02:30", func(h *house, rows int) { h.shelves(rows, "2026-03-10") }, 0},
		"accounts": {"2026-07-15 02:30", func(h *house, rows int) {
			patron := h.patron()
			h.do(func(_ context.Context, tx *postgres.Tx) error {
				tx.Queue(`update patrons set created_at = '2015-01-01', registered_on = '2015-01-01', expires_on = '2018-01-01' where id = $1`, patron.ID)
				tx.Queue(`insert into patrons (library_id, id, class, name, created_at, registered_on, expires_on)
					select p.library_id, md5('patron ' || n)::uuid, p.class, p.name, p.created_at, p.registered_on, p.expires_on
					from patrons p cross join generate_series(2, $2::int) n where p.id = $1`, patron.ID, rows)
				return nil
			})
		}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count := func(rows int) pgtest.Counts {
				h := newHouse(t, "western-district")
				step.prepare(h, rows)
				return h.costOf(step.on, name, rows)
			}
			few, many := count(50), count(500)
			t.Logf("50 rows: %+v; 500 rows: %+v", few, many)
			if many.RoundTrips > few.RoundTrips || few.RoundTrips > 25 || few.Commits != many.Commits {
				t.Errorf("50 rows cost %+v and 500 rows %+v: no more round trips, and at most 25", few, many)
			}
			if each := (many.Statements - few.Statements) / 450; each > step.each || (step.each == 0 && many.Statements > few.Statements) {
				t.Errorf("each row costs %d statements, want at most %d", each, step.each)
			}
		})
	}
}
