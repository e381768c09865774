package circulation_test

import (
	"testing"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/patrons"
)

func TestRenewalsByEachMode(t *testing.T) {
	t.Parallel()
	r := ruledTown(t)
	t.Run("REN-13 a hold that another copy fills stops nothing", func(t *testing.T) {
		h := r.under("loans.renewal_holds", "refuse_unless_others_fill")
		title := h.title()
		loan := h.lend(h.patron("resident"), h.item("book", title), "2026-03-02 10:00")
		h.item("book", title)
		h.waitsFor(title)
		_, err := h.renews(loan, "2026-03-10 10:00")
		h.must(err)
		h.waitsFor(title)
		_, err = h.renews(loan, "2026-03-11 10:00")
		wantReason(t, err, "held_for_other")
	})
	t.Run("REN-17 from the first minute of the day", func(t *testing.T) {
		h := r.under("loans.renewal_opens", "{days_before: 7, precision: date}")
		loan := h.lend(h.patron("resident"), h.item("book", h.title()), "2026-04-29 10:00", "2026-05-20")
		_, err := h.renews(loan, "2026-05-12 23:59")
		passes := wantReason(t, err, "too_soon").PassesAt
		equal(t, "earliest", passes.In(h.Zone).Format("2006-01-02T15:04"), "2026-05-13T00:00")
		_, err = h.renews(loan, "2026-05-13 00:00")
		h.must(err)
	})
	t.Run("REN-18 what another overdue item does", func(t *testing.T) {
		for mode, allowed := range map[string]bool{"block": false, "block_item": true, "allow": true} {
			h := r.under("loans.other_overdues", mode)
			patron := h.patron("resident")
			late := h.lend(patron, h.item("book", h.title()), "2026-02-02 10:00", "2026-02-23")
			loan := h.lend(patron, h.item("book", h.title()), "2026-02-20 10:00")
			_, err := h.renews(loan, "2026-03-02 10:00")
			equal(t, mode, err == nil, allowed)
			_, err = h.renews(late, "2026-03-02 10:00")
			equal(t, mode+", the late one", err == nil, mode == "allow")
		}
	})
	t.Run("REN-20 the fine so far", func(t *testing.T) {
		for mode, owes := range map[string]string{"charge": "5.00", "forgive": "0.00"} {
			h := r.under("loans.fine_at_renewal", mode, "fines.overdue", `{set_by: library, rate: "1.00", cap: none, count: calendar}`)
			patron := h.patron("resident")
			loan := h.lend(patron, h.item("book", h.title()), "2026-03-02 10:00", "2026-03-23")
			out, err := h.renews(loan, "2026-03-28 10:00")
			h.must(err)
			equal(t, mode, h.owes(patron), owes)
			h.takenBack(*out.Loan, "2026-03-30 10:00")
			equal(t, mode+", back in time", h.owes(patron), owes)
		}
	})
	t.Run("REN-27 nought days and none", func(t *testing.T) {
		for days, due := range map[string]string{"0": "2026-03-25", "none": "2026-04-15"} {
			h := r.under("loans.renewal_days", days)
			loan := h.lend(h.patron("resident"), h.item("book", h.title()), "2026-03-02 10:00", "2026-03-23")
			out, err := h.renews(loan, "2026-03-25 10:00")
			h.must(err)
			equal(t, days, out.Loan.DueOn.String(), due)
		}
	})
	t.Run("BLK-20 over the limit of fines", func(t *testing.T) {
		h := r.addLibrary("western-district", "America/Chicago")
		patron := h.patron("resident")
		loan := h.lend(patron, h.item("book", h.title()), "2026-03-02 10:00")
		h.charge(patron, "9.00", "2026-03-03 10:00")
		_, err := act(h.town, h.Circ.CheckOut, circulation.CheckOut{Desk: h.at("2026-03-05 10:00"), Item: h.item("book", h.title()), Patron: patron})
		wantReason(t, err, "owes_too_much")
		_, err = h.renews(loan, "2026-03-05 10:00")
		h.must(err)
	})
	t.Run("BLK-28 an expired card", func(t *testing.T) {
		for renews, stops := range map[bool]string{false: "[checkout, ill_request, hold, renew]", true: "[checkout, ill_request, hold]"} {
			h := r.under("blocks.expired_card", stops)
			patron := h.patron("resident", func(p *patrons.Patron) { p.ExpiresOn = broker.MustDate("2026-03-05") })
			loan := h.lend(patron, h.item("book", h.title()), "2026-03-02 10:00")
			_, err := h.renews(loan, "2026-03-06 10:00")
			equal(t, stops, err == nil, renews)
			_, err = act(h.town, h.Circ.CheckOut, circulation.CheckOut{Desk: h.at("2026-03-06 10:00"), Item: h.item("book", h.title()), Patron: patron})
			wantReason(t, err, "card_expired")
		}
	})
	t.Run("LIM-08 a claimed item counts, or does not", func(t *testing.T) {
		for claimed, allowed := range map[string]bool{"true": false, "false": true} {
			h := r.under("loans.type_limit", "1", "loans.limit_counts", "{claimed: "+claimed+", ill_total: true, ill_types: false}")
			patron := h.patron("resident")
			loan := h.lend(patron, h.item("book", h.title()), "2026-03-02 10:00")
			_, err := act(h.town, h.Circ.Claim, circulation.MakeClaim{Desk: h.at("2026-03-03 10:00"), Loan: loan.LoanRef, Kind: circulation.ClaimReturned, ShelfChecked: true})
			h.must(err)
			_, err = act(h.town, h.Circ.CheckOut, circulation.CheckOut{Desk: h.at("2026-03-04 10:00"), Item: h.item("book", h.title()), Patron: patron})
			equal(t, "claimed "+claimed, err == nil, allowed)
			if !allowed {
				wantReason(t, err, "type_limit_reached")
			}
		}
	})
}

func TestFinesByEachMode(t *testing.T) {
	t.Parallel()
	r := ruledTown(t)
	t.Run("FIN-08 what was waived makes room under the cap", func(t *testing.T) {
		h := r.under("fines.overdue", `{set_by: library, rate: "0.10", cap: "3.00", count: calendar}`)
		patron := h.patron("resident")
		loan := h.lend(patron, h.item("book", h.title()), "2026-03-02 10:00", "2026-03-23")
		h.chargeAccrued(patron, "2026-04-22 10:00") // thirty days
		equal(t, "at the cap", h.owes(patron), "3.00")
		h.waiveAll(patron, "2026-04-22 11:00")
		equal(t, "adjusted down", h.owes(patron), "0.00")
		h.takenBack(loan, "2026-05-02 10:00") // forty
		equal(t, "and on again", h.owes(patron), "1.00")
	})
	t.Run("FIN-11 grace at the desk", func(t *testing.T) {
		for mode, owes := range map[string]string{"until_exceeded": "0.50", "always_free": "0.20"} {
			h := r.under("fines.overdue", `{set_by: library, rate: "0.10", cap: none, count: calendar}`, "fines.grace", "{days: 3, mode: "+mode+"}")
			patron, intime := h.patron("resident"), h.patron("resident")
			loan := h.lend(patron, h.item("book", h.title()), "2026-03-02 10:00", "2026-03-23")
			within := h.lend(intime, h.item("book", h.title()), "2026-03-02 10:00", "2026-03-23")
			h.takenBack(within, "2026-03-26 10:00")
			equal(t, mode+", three days", h.owes(intime), "0.00")
			h.takenBack(loan, "2026-03-28 10:00")
			equal(t, mode+", five days", h.owes(patron), owes)
		}
	})
	t.Run("FIN-13 by the hour: the hour one is in is charged", func(t *testing.T) {
		h := r.under("fines.overdue", `{set_by: library, rate: "0.50", cap: none, count: calendar, per: hour}`)
		for _, back := range []struct{ at, owes string }{{"17:00", "0.00"}, {"17:01", "0.50"}, {"18:00", "0.50"}, {"18:01", "1.00"}} {
			patron := h.patron("resident")
			loan := h.lend(patron, h.item("book", h.title()), "2026-03-02 10:00", "2026-03-23")
			h.takenBack(loan, "2026-03-23 "+back.at)
			equal(t, "back at "+back.at, h.owes(patron), back.owes)
		}
	})
	t.Run("DUE-18 calendar days, and the loan is still out", func(t *testing.T) {
		h := r.addLibrary("western-district", "America/Chicago")
		patron := h.patron("adult")
		loan := h.lent(patron, "book", "2026-01-05 10:00") // due Monday 26
		h.chargeAccrued(patron, "2026-01-30 10:00")        // 27, 28, 29 and 30
		equal(t, "charged", h.owes(patron), "0.40")
		h.shut(directory.ClosureEmergency, "2026-01-28", "2026-01-29", "2026-01-30 12:00")
		equal(t, "27 and 30", h.owes(patron), "0.20")
		h.takenBack(loan, "2026-01-31 10:00")
		equal(t, "27, 30 and 31", h.owes(patron), "0.30")
	})
}
