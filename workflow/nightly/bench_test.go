package nightly_test

import (
	"context"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/workflow/nightly"
)

// BenchmarkFines accrues the fines of fifty thousand overdue loans in slices
// and compares that with one statement that writes the same rows from known
// figures: the least the database could do. It reports the median ratio for the
// first night of those loans, when every row is new, and for the night after,
// when every row grows; and the most memory in use after a slice.
// AFIELD_BENCH_LOANS gives another number of loans.
//
//	go test ./workflow/nightly -run NONE -bench Fines -benchtime 5x
func BenchmarkFines(b *testing.B) {
	loans := benchRows(b, "AFIELD_BENCH_LOANS", 50_000)
	h := newHouse(b, "western-district")
	h.manyLoans(loans)
	h.night("2026-04-24 02:30") // the other steps are done, once
	h.night("2026-04-25 02:30")
	forget := func() {
		h.do(func(_ context.Context, tx *postgres.Tx) error {
			tx.Queue(`delete from nightly_steps where step in ('fines', 'night')`)
			return nil
		})
	}
	one := func(sql, night string) time.Duration {
		began := time.Now()
		h.do(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, sql, broker.DateIn(h.time(night), h.Zone), h.Library.ID)
			return err
		})
		return time.Since(began)
	}
	const figure = `least(($1::date - l.due_on) * l.fine_rate_minor, l.fine_cap_minor)`
	var first, after ratios
	var memory uint64
	for b.Loop() {
		clean := func() {
			h.do(func(_ context.Context, tx *postgres.Tx) error { tx.Queue(`delete from accruals`); return nil })
			forget()
		}
		clean()
		sliced, peak := h.timed("2026-04-24 02:30", "fines", loans)
		next, peakAfter := h.timed("2026-04-25 02:30", "fines", loans)
		clean()
		first.add(sliced, one(`insert into accruals select l.patron_library_id, l.id, l.library_id, l.patron_id, `+figure+`, l.fine_currency, $1
			from loans l where l.library_id = $2 and l.status = 'open' and l.due_on < $1`, "2026-04-24 02:30"))
		after.add(next, one(`update accruals a set amount_minor = `+figure+`, through_on = $1
			from loans l where l.library_id = $2 and l.status = 'open' and l.due_on < $1
			and a.library_id = l.patron_library_id and a.loan_id = l.id`, "2026-04-25 02:30"))
		memory = max(memory, peak, peakAfter)
	}
	b.ReportMetric(first.median(), "x-one-statement")
	b.ReportMetric(after.median(), "x-one-statement-after")
	b.ReportMetric(float64(memory)/1024, "KiB-at-most")
	b.ReportMetric(0, "ns/op")
}

// timed does one step of a night, and returns how long it took and the most
// memory in use after a slice, beyond what was in use before.
func (h *house) timed(local, step string, rows int) (took time.Duration, memory uint64) {
	h.t.Helper()
	before := inUse()
	began := time.Now()
	_, err := h.nights.Run(h.t.Context(), h.Library.ID, h.time(local), time.Time{}, func(report nightly.Report) {
		switch last := report.Steps[len(report.Steps)-1]; {
		case last.Step == step && last.Finished:
			took = time.Since(began)
			if last.Touched != int64(rows) {
				h.t.Fatalf("%s: %d rows, want %d", step, last.Touched, rows)
			}
		case last.Step == step:
			measured := time.Now()
			memory = max(memory, inUse()-min(before, inUse()))
			began = began.Add(time.Since(measured))
		case took == 0:
			began = time.Now() // the steps before it do not count
		}
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return took, memory
}

// inUse is how much memory the program's values take.
func inUse() uint64 {
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return now.HeapAlloc
}

// ratios are how many times as long the work in slices took as one statement.
type ratios []float64

func (r *ratios) add(sliced, single time.Duration) {
	*r = append(*r, float64(sliced)/float64(single))
}

func (r ratios) median() float64 {
	slices.Sort(r)
	return r[len(r)/2]
}

func benchRows(b *testing.B, variable string, otherwise int) int {
	b.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	rows, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return rows
}

// BenchmarkShelf clears twenty thousand things off the hold shelf in slices and
// compares that with one statement that writes the same rows: the hold, its item
// and the patron's notice. AFIELD_BENCH_HOLDS gives another number of holds.
//
//	go test ./workflow/nightly -run NONE -bench Shelf -benchtime 3x
func BenchmarkShelf(b *testing.B) {
	rows := benchRows(b, "AFIELD_BENCH_HOLDS", 20_000)
	h := newHouse(b, "western-district")
	h.shelves(rows, "2026-03-10")
	h.analyze()
	h.night("2026-03-20 02:30") // the other steps are done, once
	back := func() {
		h.do(func(_ context.Context, tx *postgres.Tx) error {
			tx.Queue(`delete from notices`)
			tx.Queue(`update holds set status = 'on_hold_shelf', closed_at = null`)
			tx.Queue(`update items set status = 'on_hold_shelf' where barcode like 'S%'`)
			tx.Queue(`delete from nightly_steps where step in ('hold_shelf', 'night')`)
			return nil
		})
	}
	var cleared ratios
	var memory uint64
	for b.Loop() {
		back()
		sliced, peak := h.timed("2026-03-20 02:30", "hold_shelf", rows)
		memory = max(memory, peak)
		told := h.ask(`select count(*)::text from notices where kind = 'expired'`)
		if told != strconv.Itoa(rows) {
			b.Fatalf("%s patrons were told, want %d", told, rows)
		}
		h.do(func(_ context.Context, tx *postgres.Tx) error {
			tx.Queue(`create temporary table if not exists told as select * from notices where kind = 'expired'`)
			return nil
		})
		back()
		began := time.Now()
		h.do(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, `with past as (
					update holds set status = 'expired', closed_at = $2 where for_library_id = $1 and status = 'on_hold_shelf' and pick_up_by < $3
					returning library_id, item_id),
				free as (update items i set status = 'on_shelf' from past p where i.library_id = p.library_id and i.id = p.item_id)
				insert into notices select * from told`, h.Library.ID, h.time("2026-03-20 02:30"), broker.MustDate("2026-03-20"))
			return err
		})
		cleared.add(sliced, time.Since(began))
	}
	b.ReportMetric(cleared.median(), "x-one-statement")
	b.ReportMetric(float64(memory)/1024, "KiB-at-most")
	b.ReportMetric(0, "ns/op")
}

// manyLoans writes the given number of overdue loans, of one item each, with
// the terms a checkout gave the first of them.
func (h *house) manyLoans(count int) {
	h.t.Helper()
	first := h.lends(h.patron(), "book", 1, "2026-03-02 10:00")[0]
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `insert into items (library_id, id, realm_id, barcode, type, status, created_at)
			select i.library_id, gen_random_uuid(), i.realm_id, 'M' || n, i.type, 'on_loan', i.created_at
			from items i, generate_series(2, $2::int) n where i.id = $1`, first.Item.ID, count)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into loans (library_id, id, item_library_id, item_id, patron_library_id, patron_id,
				started_at, due_on, due_at, terms)
			select l.library_id, gen_random_uuid(), i.library_id, i.id, l.patron_library_id, l.patron_id, l.started_at,
				l.due_on + (row_number() over ())::int % 30, l.due_at, l.terms
			from loans l, items i where l.id = $1 and i.barcode like 'M%'`, first.ID)
		return err
	})
	h.analyze()
}

// analyze does what the database does by itself after a minute or so: it
// gathers the statistics by which statements are planned.
func (h *house) analyze() {
	h.t.Helper()
	if _, err := pgtest.Admin(h.t, h.db).Exec(h.t.Context(), `analyze`); err != nil {
		h.t.Fatal(err)
	}
}
