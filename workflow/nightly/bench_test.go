package nightly_test

import (
	"context"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/postgres"
)

// BenchmarkFines accrues the fines of fifty thousand overdue loans in slices
// and compares that with one statement that writes the same rows from known
// figures: the least the database could do. It reports the ratio.
//
//	go test ./workflow/nightly -run NONE -bench Fines -benchtime 3x
func BenchmarkFines(b *testing.B) {
	const loans = 50_000
	h := newHouse(b, "western-district")
	h.manyLoans(loans)
	night := h.time("2026-04-25 02:30")
	h.night("2026-04-25 02:30") // the other steps are done, once
	var sliced, single time.Duration
	for b.Loop() {
		h.do(func(_ context.Context, tx *postgres.Tx) error {
			tx.Queue(`delete from accruals`)
			tx.Queue(`delete from nightly_steps where step in ('fines', 'night')`)
			return nil
		})
		began := time.Now()
		if done := step(h.night("2026-04-25 02:30"), "fines"); done.Touched != loans {
			b.Fatalf("%d fines, want %d", done.Touched, loans)
		}
		sliced += time.Since(began)
		h.do(func(_ context.Context, tx *postgres.Tx) error { tx.Queue(`delete from accruals`); return nil })
		began = time.Now()
		h.do(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, `insert into accruals select l.patron_library_id, l.id, l.library_id, l.patron_id,
				least(($1::date - l.due_on) * l.fine_rate_minor, l.fine_cap_minor), l.fine_currency, $1
				from loans l where l.library_id = $2 and l.status = 'open' and l.due_on < $1`, broker.DateIn(night, h.Zone), h.Library.ID)
			return err
		})
		single += time.Since(began)
	}
	b.ReportMetric(float64(sliced)/float64(single), "x-one-statement")
	b.ReportMetric(float64(loans)*float64(b.N)/sliced.Seconds(), "loans/s")
	b.ReportMetric(0, "ns/op")
}

// manyLoans writes so many overdue loans of one item each, with the terms a
// checkout gave the first of them.
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
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `analyze loans`)
		return err
	})
}
