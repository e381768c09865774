package nightly_test

import (
	"context"
	"testing"

	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/standing"
)

func (h *house) wishes(patron patrons.Ref, keep bool) {
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update patrons set keep_history = $3 where library_id = $1 and id = $2`, patron.Library, patron.ID, keep)
		return nil
	})
}

func (h *house) takesBack(loan loans.Loan, local string) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.returns.Return(ctx, tx, returns.Return{
			Desk: standing.Desk{Library: h.Library, Now: h.time(local)}, Item: loan.Item,
		})
		return err
	})
}

// Thirty days after an item came back nobody can tell who had it, unless
// something is owed for it or the patron wishes otherwise.
func TestHistoriesAreForgotten(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "western-district")
	ordinary, owing, keeping, wary := h.patron(), h.patron(), h.patron(), h.patron()
	h.wishes(keeping, true)
	h.wishes(wary, false)
	due := "2026-03-20 10:00" // all on time but one
	for patron, back := range map[patrons.Ref]string{ordinary: due, owing: "2026-03-25 10:00", keeping: due, wary: due} {
		h.takesBack(h.lends(patron, "book", 1, "2026-03-02 10:00")[0], back)
	}
	known := func(patron patrons.Ref) bool {
		return h.ask(`select count(*)::text from loans where patron_id = $1`, patron.ID) == "1"
	}
	h.night("2026-03-21 02:30")
	if known(wary) {
		t.Error("the patron who wishes no history has one")
	}
	h.night("2026-04-18 02:30")
	if !known(ordinary) {
		t.Error("forgotten a day early")
	}
	h.night("2026-04-19 02:30")
	if known(ordinary) {
		t.Error("still known after thirty days")
	}
	h.night("2026-05-30 02:30")
	if !known(owing) || !known(keeping) {
		t.Error("an open charge, and the patron's wish, keep the history")
	}
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into ledger_entries (library_id, id, patron_id, kind, charge_kind, amount_minor, currency, against_id, loan_id, cause, actor, at)
			select library_id, gen_random_uuid(), patron_id, 'payment', charge_kind, -amount_minor, currency, id, loan_id, 'paid', '{}', at from ledger_entries where patron_id = $1`, owing.ID)
		return nil
	})
	h.night("2026-05-31 02:30")
	if known(owing) {
		t.Error("settled, and still known")
	}
	if !known(keeping) {
		t.Error("the patron's wish is not kept")
	}
}

// What was lost, paid and never came back is forgotten as what was returned is,
// once nothing could be refunded for it any more.
func TestALossThatIsSettledIsForgotten(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "western-district")
	paid, owing, wary := h.patron(), h.patron(), h.patron()
	h.wishes(wary, false)
	for _, patron := range []patrons.Ref{paid, wary} {
		h.loses(h.lends(patron, "book", 1, "2026-03-02 10:00")[0], "2026-03-20 10:00")
	}
	h.lends(owing, "book", 1, "2026-03-02 10:00")
	known := func(patron patrons.Ref) bool {
		return h.ask(`select count(*)::text from loans where patron_id = $1`, patron.ID) == "1"
	}
	h.night("2026-04-25 02:30")
	if !known(paid) || !known(wary) {
		t.Error("it may still be found and refunded")
	}
	h.night("2027-06-20 02:30")
	if known(paid) || known(wary) {
		t.Error("settled long ago, and still known")
	}
	if h.ask(`select count(*)::text from ledger_entries e join loans l on l.id = e.loan_id where l.patron_id is null`) != "0" {
		t.Error("the account leads to what was lost")
	}
	if !known(owing) {
		t.Error("it was never paid")
	}
}
