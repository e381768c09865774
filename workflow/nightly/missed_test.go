package nightly_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/standing"
)

// claims has a patron say that an item is back.
func (h *house) claims(loan loans.Loan, local string) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.returns.Claim(ctx, tx, returns.MakeClaim{Desk: standing.Desk{Library: h.Library, Now: h.time(local)}, Loan: loan.Ref, Kind: loans.ClaimReturned, ShelfChecked: true})
		return err
	})
}

// loses declares a loan lost, and has the patron pay for it.
func (h *house) loses(loan loans.Loan, local string) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.returns.DeclareLost(ctx, tx, returns.DeclareLost{
			Desk: standing.Desk{Library: h.Library, Now: h.time(local)}, Loan: loan.Ref, Loss: returns.Loss{How: loans.LostReported},
		})
		return err
	})
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into ledger_entries (library_id, id, patron_id, kind, charge_kind, amount_minor, currency, against_id, loan_id, cause, actor, at)
			select library_id, gen_random_uuid(), patron_id, 'payment', charge_kind, -amount_minor, currency, id, loan_id, 'paid:' || id, '{}', at from ledger_entries where loan_id = $1`, loan.ID)
		return nil
	})
}

// facts are what nights leave behind, without when they were run.
const facts = `select coalesce(string_agg(line, '; ' order by line), '') from (
	select 'loan ' || i.barcode || ' ' || l.status || ' due ' || l.due_on || ' renewals ' || l.renewals || ' lost ' || coalesce(l.lost_on::text, '-') as line
		from loans l join items i on i.library_id = l.item_library_id and i.id = l.item_id
	union all select 'owes ' || e.charge_kind || ' ' || sum(e.amount_minor) from ledger_entries e group by e.charge_kind having sum(e.amount_minor) <> 0
	union all select 'grows ' || sum(a.amount_minor) from accruals a having sum(a.amount_minor) <> 0
	union all select 'hold ' || h.status || ' ' || coalesce(h.closed_at::text, '-') from holds h
	union all select 'claim ' || c.status from claims c
	union all select 'known ' || count(*) from loans where patron_id is not null) f`

// TestMissedNightsChangeNothing runs every night in one library, and in another
// with the same history only the last: dates and money come out the same.
func TestMissedNightsChangeNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		house func(*testing.T) *house
		begin func(*house)
		last  string
	}{
		"fines and what is lost": {
			func(t *testing.T) *house { return newHouse(t, "western-district") },
			func(h *house) { h.lends(h.patron(), "book", 3, "2026-02-02 10:00") }, "2026-04-20",
		},
		"fines that still grow": {
			func(t *testing.T) *house { return newHouse(t, "perth") },
			func(h *house) { h.lends(h.patron(), "book", 2, "2026-02-02 10:00") }, "2026-03-10",
		},
		"calendar months": {
			func(t *testing.T) *house { return newHouse(t, "delaware") },
			func(h *house) { h.lends(h.patron(), "book", 2, "2026-02-02 10:00") }, "2026-06-01",
		},
		"renewals by themselves, as often as there are": {
			func(t *testing.T) *house { return renewing(t, "") },
			func(h *house) { h.lends(h.patron(), "book", 2, "2026-03-02 10:00") }, "2026-05-20",
		},
		"what nobody fetched": {
			func(t *testing.T) *house { return newHouse(t, "western-district") },
			func(h *house) { h.shelves(4, "2026-03-10") }, "2026-03-30",
		},
		"claims that nobody settled": {
			func(t *testing.T) *house { return newHouse(t, "western-district") },
			func(h *house) {
				for _, loan := range h.lends(h.patron(), "book", 2, "2026-02-02 10:00") {
					h.claims(loan, "2026-03-20 10:00")
				}
			}, "2026-06-20",
		},
		"what nobody could fill": {
			func(t *testing.T) *house { return newHouse(t, "western-district") },
			func(h *house) {
				h.waits(h.lends(h.patron(), "book", 1, "2026-03-02 10:00")[0])
				h.do(func(_ context.Context, tx *postgres.Tx) error {
					tx.Queue(`update holds set expires_on = '2026-03-12'`)
					return nil
				})
			}, "2026-03-21",
		},
		"losses that were paid": {
			func(t *testing.T) *house { return newHouse(t, "western-district") },
			func(h *house) { h.loses(h.lends(h.patron(), "book", 1, "2026-02-02 10:00")[0], "2026-02-20 10:00") }, "2027-06-20",
		},
		"histories": {
			func(t *testing.T) *house { return newHouse(t, "western-district") },
			func(h *house) { h.takesBack(h.lends(h.patron(), "book", 1, "2026-02-02 10:00")[0], "2026-02-20 10:00") }, "2026-04-20",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			every, once := c.house(t), c.house(t)
			c.begin(every)
			c.begin(once)
			last := broker.MustDate(c.last)
			for day := broker.MustDate("2026-03-01"); day.Before(last); day = day.AddDays(1) {
				every.night(day.String() + " 02:30")
			}
			every.night(c.last + " 02:30")
			once.night("2026-03-01 02:30")
			once.night(c.last + " 02:30")
			if want, got := every.ask(facts), once.ask(facts); got != want {
				t.Errorf("with every night: %s\nwith the last: %s", want, got)
			}
		})
	}
}

// TestOfMissedNoticesTheLatestIsSent: three stages have passed, and the patron is
// told once, by the last of them; a reminder of a date that has passed is not
// sent at all.
func TestOfMissedNoticesTheLatestIsSent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "delaware")
	lent := h.lends(h.patron(), "book", 1, "2026-02-02 10:00")
	h.night(lent[0].DueOn.AddDays(45).String() + " 02:30")
	if told := h.ask(`select string_agg(kind || '/' || stage, ',') from notices`); told != "overdue/final" {
		t.Errorf("told %s, want the final notice alone", told)
	}
}
