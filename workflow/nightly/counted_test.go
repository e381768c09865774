package nightly_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/workflow/desk"
	"afield/workflow/nightly"
)

// counted gives the house's nights once more, with a counter of what they send.
func (h *house) counted() (*nightly.Nights, *pgtest.Counter) {
	h.t.Helper()
	db, counts := pgtest.Counted(h.t, h.db)
	var rules circulation.Policies = func(library directory.Library, branch broker.ID, on broker.Date) (*policy.Document, error) {
		return h.circ.Rules(circulation.Desk{Library: library, Branch: branch, Now: on.At(12, 0, library.Zone)})
	}
	return nightly.New(nightly.Config{DB: db, Desk: desk.New(h.circ, nil), Policies: rules}), counts
}

// multiply copies a loan, with its item, so many times.
func (h *house) multiply(loan circulation.Loan, times int) {
	h.t.Helper()
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into items (library_id, id, realm_id, barcode, title_id, type, status, lendable, created_at)
			select i.library_id, md5('item ' || n)::uuid, i.realm_id, i.barcode || '-' || n, i.title_id, i.type, i.status, i.lendable, i.created_at
			from items i cross join generate_series(1, $2::int) n where i.id = $1`, loan.Item.ID, times)
		tx.Queue(`insert into loans (library_id, id, item_library_id, item_id, patron_library_id, patron_id, started_at, due_on, due_at, terms)
			select l.library_id, md5('loan ' || n)::uuid, l.item_library_id, md5('item ' || n)::uuid, l.patron_library_id, l.patron_id,
				l.started_at, l.due_on, l.due_at, l.terms
			from loans l cross join generate_series(1, $2::int) n where l.id = $1`, loan.ID, times)
		return nil
	})
}

// What a slice of fines costs is the same for ten times the loans.
func TestCountedStatementsOfANight(t *testing.T) {
	t.Parallel()
	count := func(loans int) pgtest.Counts {
		h := newHouse(t, "western-district")
		h.multiply(h.lends(h.patron(), "book", 1, "2026-03-02 10:00")[0], loans-1)
		nights, counts := h.counted()
		var fines pgtest.Counts
		_, err := nights.Run(t.Context(), h.Library.ID, h.time("2026-03-25 02:30"), time.Time{}, func(report nightly.Report) {
			last := report.Steps[len(report.Steps)-1]
			switch {
			case last.Step == "fines" && last.Finished:
				fines = counts.Read()
				if last.Touched != int64(loans) || last.Slices != 1 {
					t.Errorf("%d fines in %d slices, want %d in one", last.Touched, last.Slices, loans)
				}
			case last.Step == "auto_renewals":
				counts.Reset()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := h.ask(`select count(*)::text || ' of ' || string_agg(distinct amount_minor::text, ',') from accruals`); got != fmt.Sprintf("%d of 20", loans) {
			t.Errorf("accrued: %s", got)
		}
		return fines
	}
	few, many := count(50), count(500)
	t.Logf("50 loans: %+v; 500 loans: %+v", few, many)
	if few != many || few.Statements == 0 || few.Statements > 40 {
		t.Errorf("50 loans cost %+v and 500 loans %+v: the same, and at most 40 statements", few, many)
	}
}
