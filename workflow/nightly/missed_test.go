package nightly_test

import (
	"context"
	"fmt"
	"testing"

	"afield/broker"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
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
	union all select 'of age ' || p.adult_prompted_on from patrons p where p.adult_prompted_on is not null
	union all select 'purged ' || p.purged_on from patrons p where p.purged_on is not null
	union all select 'task ' || t.kind || regexp_replace(t.detail, '[0-9a-f-]{36}', ' ') from staff_tasks t where t.kind = 'came_of_age'
	union all select 'known ' || count(*) from loans where patron_id is not null) f`

// acts does something with a loan at a desk on the day before the last night, and
// notes how it was answered: as if every night had run.
func (h *house) acts(loan loans.Loan, act func(context.Context, *postgres.Tx, counter.At, broker.ID) error) func(local string) string {
	return func(local string) string {
		h.t.Helper()
		at := counter.At{Library: h.Library.ID, Actor: broker.Actor{Kind: broker.ActorStaff, ID: broker.NewID()}, Now: h.time(local)}
		err := h.db.InTx(h.t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error { return act(ctx, tx, at, loan.ID) })
		return fmt.Sprint(err)
	}
}

func (h *house) renewsAtTheDesk(loan loans.Loan) func(string) string {
	return h.acts(loan, func(ctx context.Context, tx *postgres.Tx, at counter.At, id broker.ID) error {
		_, _, err := h.desk.Renew(ctx, tx, at, id, nil)
		return err
	})
}

func (h *house) claimsAtTheDesk(loan loans.Loan) func(string) string {
	return h.acts(loan, func(ctx context.Context, tx *postgres.Tx, at counter.At, id broker.ID) error {
		_, err := h.desk.Claim(ctx, tx, at, desk.Claim{Loan: id, Kind: loans.ClaimReturned, ShelfChecked: true, Names: "adult patron 1"})
		return err
	})
}

func (h *house) withdrawsTheClaim(loan loans.Loan) func(string) string {
	return h.acts(loan, func(ctx context.Context, tx *postgres.Tx, at counter.At, id broker.ID) error {
		_, err := h.desk.ClaimAnswer(ctx, tx, at, id, loans.ClaimWithdrawn, returns.Loss{})
		return err
	})
}

// TestMissedNightsChangeNothing runs every night in one library, and in another
// with the same history only the first and the last: dates and money come out the
// same, and so does what is done at a desk on the day before the last.
func TestMissedNightsChangeNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		house func(*testing.T) *house
		begin func(*house) []func(string) string
		last  string
	}{
		"fines and what is lost": {
			func(t *testing.T) *house { return newHouse(t, "western-district") },
			func(h *house) (late []func(string) string) {
				lent := h.lends(h.patron(), "book", 3, "2026-02-02 10:00")
				return append(late, h.renewsAtTheDesk(lent[0]), h.claimsAtTheDesk(lent[1]))
			}, "2026-04-20",
		},
		"fines that still grow": {
			func(t *testing.T) *house { return newHouse(t, "perth") },
			func(h *house) []func(string) string { h.lends(h.patron(), "book", 2, "2026-02-02 10:00"); return nil }, "2026-03-10",
		},
		"calendar months": {
			func(t *testing.T) *house { return newHouse(t, "delaware") },
			func(h *house) (late []func(string) string) {
				lent := h.lends(h.patron(), "book", 3, "2026-02-02 10:00")
				h.claims(lent[2], "2026-02-27 10:00")
				return append(late, h.withdrawsTheClaim(lent[2]))
			}, "2026-06-01",
		},
		"renewals by themselves, as often as there are": {
			func(t *testing.T) *house { return renewing(t, "") },
			func(h *house) []func(string) string { h.lends(h.patron(), "book", 2, "2026-03-02 10:00"); return nil }, "2026-05-20",
		},
		"what nobody fetched": {
			func(t *testing.T) *house { return newHouse(t, "western-district") },
			func(h *house) []func(string) string { h.shelves(4, "2026-03-10"); return nil }, "2026-03-30",
		},
		"people": { // who comes of age, or whose account nobody uses
			func(t *testing.T) *house { return newHouse(t, "western-district") },
			func(h *house) []func(string) string {
				minor, unused, expired := h.patron(), h.patron(), h.patron()
				h.do(func(_ context.Context, tx *postgres.Tx) error {
					tx.Queue(`update patrons set class = 'minor', born_on = '2008-03-05' where id = $1`, minor.ID)
					tx.Queue(`update patrons set last_active_on = '2023-03-07', expires_on = '2025-06-30' where id = $1`, unused.ID)
					tx.Queue(`update patrons set last_active_on = '2026-01-07', expires_on = '2023-03-09' where id = $1`, expired.ID)
					return nil
				})
				return nil
			}, "2026-03-14",
		},
		"what nobody could fill": {
			func(t *testing.T) *house { return newHouse(t, "western-district") },
			func(h *house) []func(string) string {
				h.waits(h.lends(h.patron(), "book", 1, "2026-03-02 10:00")[0])
				h.do(func(_ context.Context, tx *postgres.Tx) error {
					tx.Queue(`update holds set expires_on = '2026-03-12'`)
					return nil
				})
				return nil
			}, "2026-03-21",
		},
		"losses that were paid": {
			func(t *testing.T) *house { return newHouse(t, "western-district") },
			func(h *house) []func(string) string {
				h.loses(h.lends(h.patron(), "book", 1, "2026-02-02 10:00")[0], "2026-02-20 10:00")
				return nil
			}, "2027-06-20",
		},
		"histories": {
			func(t *testing.T) *house { return newHouse(t, "western-district") },
			func(h *house) []func(string) string {
				h.takesBack(h.lends(h.patron(), "book", 1, "2026-02-02 10:00")[0], "2026-02-20 10:00")
				return nil
			}, "2026-04-20",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			every, once := c.house(t), c.house(t)
			inEvery, inOnce := c.begin(every), c.begin(once)
			last := broker.MustDate(c.last)
			for day := broker.MustDate("2026-03-01"); day.Before(last); day = day.AddDays(1) {
				every.night(day.String() + " 02:30")
			}
			once.night("2026-03-01 02:30")
			for i := range inEvery {
				then := last.AddDays(-1).String() + " 10:00"
				if want, got := inEvery[i](then), inOnce[i](then); got != want {
					t.Errorf("act %d at the desk, with every night: %s\nwithout: %s", i, want, got)
				}
			}
			every.night(c.last + " 02:30")
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
