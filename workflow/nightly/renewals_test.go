package nightly_test

import (
	"context"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// renewing is a library that renews loans by itself, by the given attributes.
func renewing(t *testing.T, attributes string) *house {
	t.Helper()
	return houseOf(t, renewingRules(t, "1", attributes), "renewing")
}

// renewingRules renew loans so many days before they are due.
func renewingRules(t *testing.T, days, attributes string) *policy.Document {
	t.Helper()
	document, err := policy.Parse("renewing", []byte(`
policy: renewing
title: A library
document: Circulation policy
place: US-IA
zone: America/Chicago
currency: USD
classes: [resident]
attributes:
  loans.auto_renew_days:
    value: `+days+`
    clause: {section: Renewals, says: "The day before they are due."}
`+attributes))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// A loan that renews itself by the rules it was lent by does so, though today's
// renew none.
func TestALoanRenewsByTheRulesItWasLentBy(t *testing.T) {
	t.Parallel()
	then, now := renewingRules(t, "1", ""), renewingRules(t, "none", "")
	h := houseBy(t, func(_ directory.Library, _ broker.ID, day broker.Date) (*policy.Document, error) {
		if day.Before(broker.MustDate("2026-03-10")) {
			return then, nil
		}
		return now, nil
	}, then, "renewing")
	old := h.lends(h.patron(), "book", 1, "2026-03-02 10:00")[0]
	fresh := h.lends(h.patron(), "book", 1, "2026-03-12 10:00")[0]
	for day := broker.MustDate("2026-03-20"); day.Before(fresh.DueOn.AddDays(2)); day = day.AddDays(1) {
		h.night(day.String() + " 02:30")
	}
	if renewed := h.loan(old.ID).Renewals; renewed != 1 {
		t.Errorf("renewed %d times by the rules it was lent by", renewed)
	}
	if renewed := h.loan(fresh.ID).Renewals; renewed != 0 {
		t.Errorf("renewed %d times by rules that renew nothing", renewed)
	}
}

func (h *house) loan(id broker.ID) (loan loans.Loan) {
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		loan, err = loans.ByID(ctx, tx, loans.Ref{Library: h.Library.ID, ID: id})
		return err
	})
	return loan
}

// waits puts somebody else into the queue of an item's title.
func (h *house) waits(loan loans.Loan) {
	title := h.ask(`select title_id::text from items where id = $1`, loan.Item.ID)
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		id, err := broker.ParseID("/title", title)
		if err != nil {
			return err
		}
		_, err = h.holds.PlaceHold(ctx, tx, holds.PlaceHold{
			Desk:    standing.Desk{Library: h.Library, Now: h.time("2026-03-03 10:00"), Actor: broker.System(h.Library.ID)},
			Library: h.Library.ID, Patron: h.patron(), Title: id,
		})
		return err
	})
}

func (h *house) granted() string {
	return h.ask(`select count(*)::text from notices where kind = 'renewal_granted'`)
}

func TestLoansThatRenewThemselves(t *testing.T) {
	t.Parallel()
	t.Run("REN-24 nothing falls between two nights", func(t *testing.T) {
		t.Parallel()
		h := renewing(t, "")
		loan := h.lends(h.patron(), "book", 1, "2026-03-02 10:00")[0]
		held := h.lends(h.patron(), "book", 1, "2026-03-02 10:00")[0]
		later := h.lends(h.patron(), "book", 1, "2026-03-05 10:00")[0]
		h.waits(held)
		h.night(loan.DueOn.AddDays(-2).String() + " 02:01")
		if got := h.loan(loan.ID); got.Renewals != 0 {
			t.Fatalf("renewed two days before: %+v", got)
		}
		// The next night is broken off, the one after begins an hour late: the
		// loan is due on that very day.
		if done := step(h.night(loan.DueOn.String()+" 03:59"), "auto_renewals"); done.Touched != 1 || done.Failed != 0 {
			t.Fatalf("the night renewed %+v, want one", done)
		}
		got := h.loan(loan.ID)
		if got.Renewals != 1 || !got.DueOn.After(loan.DueOn) || got.Status != loans.Open {
			t.Errorf("not renewed: %+v", got)
		}
		if h.loan(held.ID).Renewals != 0 || h.loan(later.ID).Renewals != 0 {
			t.Error("what somebody waits for, or is due later, is not renewed")
		}
		if told := h.ask(`select string_agg(distinct loan_id::text, ',') from notices where kind = 'renewal_granted'`); told != loan.ID.String() {
			t.Errorf("told of %s, want only %s", told, loan.ID)
		}
		h.night(loan.DueOn.String() + " 04:30")
		if again := h.loan(loan.ID); again.Renewals != 1 {
			t.Errorf("the same night again renewed it %d times", again.Renewals)
		}
		// Nights were missed altogether: what came due meanwhile is still found.
		h.night(later.DueOn.AddDays(3).String() + " 02:30")
		if h.loan(later.ID).Renewals != 1 {
			t.Error("what came due while no night ran is not renewed")
		}
	})
	t.Run("REN-25 too soon comes before a hold, and nobody is told", func(t *testing.T) {
		t.Parallel()
		h := renewing(t, `
  loans.renewal_opens:
    value: {days_before: 0, precision: date}
    clause: {section: Renewals, says: "On the due date only."}
`)
		loan := h.lends(h.patron(), "book", 1, "2026-03-02 10:00")[0]
		h.waits(loan)
		nights, counts := h.counted()
		if _, err := nights.Run(t.Context(), h.Library.ID, h.time(loan.DueOn.AddDays(-1).String()+" 02:30"), time.Time{}, nil); err != nil {
			t.Fatal(err)
		}
		const whoWaits = "coalesce(p.not_for, '{}')"
		if looked := counts.Sent(whoWaits); looked != 0 {
			t.Errorf("the night looked %d times who waits, though it is too soon", looked)
		}
		if h.loan(loan.ID).Renewals != 0 || h.granted() != "0" {
			t.Error("it is too soon")
		}
		counts.Reset()
		if _, err := nights.Run(t.Context(), h.Library.ID, h.time(loan.DueOn.String()+" 02:30"), time.Time{}, nil); err != nil {
			t.Fatal(err)
		}
		if looked := counts.Sent(whoWaits); looked != 1 {
			t.Errorf("the night looked %d times who waits, want once: it is time", looked)
		}
		if h.loan(loan.ID).Renewals != 0 || h.granted() != "0" {
			t.Error("somebody waits for it")
		}
	})
}
