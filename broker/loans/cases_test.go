package loans_test

import (
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/returns"
	"afield/broker/towntest"
)

func TestRenewalsByEachMode(t *testing.T) {
	t.Parallel()
	r := towntest.NewRuled(t)
	t.Run("REN-13 a hold that another copy fills stops nothing", func(t *testing.T) {
		h := r.Under("loans.renewal_holds", "refuse_unless_others_fill")
		title := h.Title()
		loan := h.Lend(h.Patron("resident"), h.Item("book", title), "2026-03-02 10:00")
		h.Item("book", title)
		h.WaitsFor(title)
		_, err := h.Renews(loan, "2026-03-10 10:00")
		h.Must(err)
		h.WaitsFor(title)
		_, err = h.Renews(loan, "2026-03-11 10:00")
		towntest.WantReason(t, err, "held_for_other")
	})
	t.Run("REN-17 from the first minute of the day", func(t *testing.T) {
		h := r.Under("loans.renewal_opens", "{days_before: 7, precision: date}")
		loan := h.Lend(h.Patron("resident"), h.Item("book", h.Title()), "2026-04-29 10:00", "2026-05-20")
		_, err := h.Renews(loan, "2026-05-12 23:59")
		passes := towntest.WantReason(t, err, "too_soon").PassesAt
		towntest.Equal(t, "earliest", passes.In(h.Zone).Format("2006-01-02T15:04"), "2026-05-13T00:00")
		_, err = h.Renews(loan, "2026-05-13 00:00")
		h.Must(err)
	})
	t.Run("REN-18 what another overdue item does", func(t *testing.T) {
		for mode, allowed := range map[string]bool{"block": false, "block_item": true, "allow": true} {
			h := r.Under("loans.other_overdues", mode)
			patron := h.Patron("resident")
			late := h.Lend(patron, h.Item("book", h.Title()), "2026-02-02 10:00", "2026-02-23")
			loan := h.Lend(patron, h.Item("book", h.Title()), "2026-02-20 10:00")
			_, err := h.Renews(loan, "2026-03-02 10:00")
			towntest.Equal(t, mode, err == nil, allowed)
			_, err = h.Renews(late, "2026-03-02 10:00")
			towntest.Equal(t, mode+", the late one", err == nil, mode == "allow")
		}
	})
	t.Run("REN-20 the fine so far", func(t *testing.T) {
		for mode, owes := range map[string]string{"charge": "5.00", "forgive": "0.00"} {
			h := r.Under("loans.fine_at_renewal", mode, "fines.overdue", `{set_by: library, rate: "1.00", cap: none, count: calendar}`)
			patron := h.Patron("resident")
			loan := h.Lend(patron, h.Item("book", h.Title()), "2026-03-02 10:00", "2026-03-23")
			out, err := h.Renews(loan, "2026-03-28 10:00")
			h.Must(err)
			towntest.Equal(t, mode, h.Owes(patron), owes)
			h.TakenBack(*out.Loan, "2026-03-30 10:00")
			towntest.Equal(t, mode+", back in time", h.Owes(patron), owes)
		}
	})
	t.Run("REN-27 nought days and none", func(t *testing.T) {
		for days, due := range map[string]string{"0": "2026-03-25", "none": "2026-04-15"} {
			h := r.Under("loans.renewal_days", days)
			loan := h.Lend(h.Patron("resident"), h.Item("book", h.Title()), "2026-03-02 10:00", "2026-03-23")
			out, err := h.Renews(loan, "2026-03-25 10:00")
			h.Must(err)
			towntest.Equal(t, days, out.Loan.DueOn.String(), due)
		}
	})
	t.Run("BLK-20 over the limit of fines", func(t *testing.T) {
		h := r.AddLibrary("western-district", "America/Chicago")
		patron := h.Patron("resident")
		loan := h.Lend(patron, h.Item("book", h.Title()), "2026-03-02 10:00")
		h.Charge(patron, "9.00", "2026-03-03 10:00")
		_, err := towntest.Act(h.Town, h.Loans.CheckOut, loans.CheckOut{Desk: h.At("2026-03-05 10:00"), Item: h.Item("book", h.Title()), Patron: patron})
		towntest.WantReason(t, err, "owes_too_much")
		_, err = h.Renews(loan, "2026-03-05 10:00")
		h.Must(err)
	})
	t.Run("BLK-28 an expired card", func(t *testing.T) {
		for renews, stops := range map[bool]string{false: "[checkout, ill_request, hold, renew]", true: "[checkout, ill_request, hold]"} {
			h := r.Under("blocks.expired_card", stops)
			patron := h.Patron("resident", func(p *patrons.Patron) { p.ExpiresOn = broker.MustDate("2026-03-05") })
			loan := h.Lend(patron, h.Item("book", h.Title()), "2026-03-02 10:00")
			_, err := h.Renews(loan, "2026-03-06 10:00")
			towntest.Equal(t, stops, err == nil, renews)
			_, err = towntest.Act(h.Town, h.Loans.CheckOut, loans.CheckOut{Desk: h.At("2026-03-06 10:00"), Item: h.Item("book", h.Title()), Patron: patron})
			towntest.WantReason(t, err, "card_expired")
		}
	})
	t.Run("LIM-08 a claimed item counts, or does not", func(t *testing.T) {
		for claimed, allowed := range map[string]bool{"true": false, "false": true} {
			h := r.Under("loans.type_limit", "1", "loans.limit_counts", "{claimed: "+claimed+", ill_total: true, ill_types: false}")
			patron := h.Patron("resident")
			loan := h.Lend(patron, h.Item("book", h.Title()), "2026-03-02 10:00")
			_, err := towntest.Act(h.Town, h.Returns.Claim, returns.MakeClaim{Desk: h.At("2026-03-03 10:00"), Loan: loan.Ref, Kind: loans.ClaimReturned, ShelfChecked: true})
			h.Must(err)
			_, err = towntest.Act(h.Town, h.Loans.CheckOut, loans.CheckOut{Desk: h.At("2026-03-04 10:00"), Item: h.Item("book", h.Title()), Patron: patron})
			towntest.Equal(t, "claimed "+claimed, err == nil, allowed)
			if !allowed {
				towntest.WantReason(t, err, "type_limit_reached")
			}
		}
	})
}

func TestFinesByEachMode(t *testing.T) {
	t.Parallel()
	r := towntest.NewRuled(t)
	t.Run("FIN-08 what was waived makes room under the cap", func(t *testing.T) {
		h := r.Under("fines.overdue", `{set_by: library, rate: "0.10", cap: "3.00", count: calendar}`)
		patron := h.Patron("resident")
		loan := h.Lend(patron, h.Item("book", h.Title()), "2026-03-02 10:00", "2026-03-23")
		h.ChargeAccrued(patron, "2026-04-22 10:00") // thirty days
		towntest.Equal(t, "at the cap", h.Owes(patron), "3.00")
		h.WaiveAll(patron, "2026-04-22 11:00")
		towntest.Equal(t, "adjusted down", h.Owes(patron), "0.00")
		h.TakenBack(loan, "2026-05-02 10:00") // forty
		towntest.Equal(t, "and on again", h.Owes(patron), "1.00")
	})
	t.Run("FIN-11 grace at the desk", func(t *testing.T) {
		for mode, owes := range map[string]string{"until_exceeded": "0.50", "always_free": "0.20"} {
			h := r.Under("fines.overdue", `{set_by: library, rate: "0.10", cap: none, count: calendar}`, "fines.grace", "{days: 3, mode: "+mode+"}")
			patron, intime := h.Patron("resident"), h.Patron("resident")
			loan := h.Lend(patron, h.Item("book", h.Title()), "2026-03-02 10:00", "2026-03-23")
			within := h.Lend(intime, h.Item("book", h.Title()), "2026-03-02 10:00", "2026-03-23")
			h.TakenBack(within, "2026-03-26 10:00")
			towntest.Equal(t, mode+", three days", h.Owes(intime), "0.00")
			h.TakenBack(loan, "2026-03-28 10:00")
			towntest.Equal(t, mode+", five days", h.Owes(patron), owes)
		}
	})
	t.Run("FIN-13 by the hour: the hour one is in is charged", func(t *testing.T) {
		h := r.Under("fines.overdue", `{set_by: library, rate: "0.50", cap: none, count: calendar, per: hour}`)
		for _, back := range []struct{ at, owes string }{{"17:00", "0.00"}, {"17:01", "0.50"}, {"18:00", "0.50"}, {"18:01", "1.00"}} {
			patron := h.Patron("resident")
			loan := h.Lend(patron, h.Item("book", h.Title()), "2026-03-02 10:00", "2026-03-23")
			h.TakenBack(loan, "2026-03-23 "+back.at)
			towntest.Equal(t, "back at "+back.at, h.Owes(patron), back.owes)
		}
	})
	t.Run("DUE-18 calendar days, and the loan is still out", func(t *testing.T) {
		h := r.AddLibrary("western-district", "America/Chicago")
		patron := h.Patron("adult")
		loan := h.Lent(patron, "book", "2026-01-05 10:00") // due Monday 26
		h.ChargeAccrued(patron, "2026-01-30 10:00")        // 27, 28, 29 and 30
		towntest.Equal(t, "charged", h.Owes(patron), "0.40")
		h.Shut(directory.ClosureEmergency, "2026-01-28", "2026-01-29", "2026-01-30 12:00")
		towntest.Equal(t, "27 and 30", h.Owes(patron), "0.20")
		h.TakenBack(loan, "2026-01-31 10:00")
		towntest.Equal(t, "27, 30 and 31", h.Owes(patron), "0.30")
	})
}
