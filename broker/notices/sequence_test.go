package notices_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// at is noon in New York on a date.
func at(date broker.Date) time.Time { return date.UTC().Add(17 * time.Hour) }

// lend lends a book to a patron, due on a date.
func (d desk) lend(patron patrons.Patron, due broker.Date) (loan broker.ID) {
	loan = broker.NewID()
	item, title := broker.NewID(), broker.NewID()
	d.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into titles (id, title, created_at) values ($1, 'A private matter', $2)`, title, morning)
		tx.Queue(`insert into items (library_id, id, realm_id, barcode, title_id, type, status, created_at)
			values ($1, $2, $3, $4, $5, 'book', 'on_loan', $6)`, d.library.ID, item, d.library.SharingGroup, item.String(), title, morning)
		tx.Queue(`insert into loans (library_id, id, item_library_id, item_id, patron_library_id, patron_id, started_at, due_on, due_at, terms)
			values ($1, $2, $1, $3, $4, $5, $6, $7, $8, $9)`, d.library.ID, loan, item, patron.Library, patron.ID, morning, due, at(due),
			costs.Terms{Owner: rule.OwnerOwn, Item: "book", Class: patron.Class})
		return nil
	})
	return loan
}

// night runs the overdue notices of a day until none is left, in slices of one.
func (d desk) night(day broker.Date) (made int) {
	d.t.Helper()
	return d.slices(func(ctx context.Context, tx *postgres.Tx, after notices.LoanPlace) (int, notices.LoanPlace, error) {
		return notices.OverdueSlice(ctx, tx, d.library, d.policy, at(day), after, 1)
	})
}

func (d desk) slices(slice func(context.Context, *postgres.Tx, notices.LoanPlace) (int, notices.LoanPlace, error)) (made int) {
	d.t.Helper()
	var after notices.LoanPlace
	for {
		var done int
		var last notices.LoanPlace
		d.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
			done, last, err = slice(ctx, tx, after)
			return err
		})
		made += done
		if last == after {
			return made
		}
		after = last
	}
}

// told gives a patron's notices, oldest first, each as "stage channel".
func (d desk) told(patron patrons.Patron) (told []string) {
	d.do(func(ctx context.Context, tx *postgres.Tx) error {
		list, err := notices.List(ctx, tx, d.library.ID, notices.Filter{Patron: patron.ID}, broker.Page{Limit: 50})
		for _, n := range slices.Backward(list) {
			told = append(told, strings.TrimSpace(n.Stage+" "+string(n.Channel)))
		}
		return err
	})
	return told
}

func (d desk) wants(name string, patron patrons.Patron, want ...string) {
	d.t.Helper()
	if got := d.told(patron); !slices.Equal(got, want) {
		d.t.Errorf("%s: told %q, want %q", name, got, want)
	}
}

func TestOverdueSequences(t *testing.T) {
	t.Parallel()
	due := broker.MustDate("2026-03-02")
	t.Run("NOT-01 DEL-19 Delaware writes or calls twice, and the last notice is a letter", func(t *testing.T) {
		t.Parallel()
		d := newDeskOf(t, "delaware")
		patron, both := d.patron("", "adult@example.org"), d.patron("555-0101", "adult2@example.org")
		d.lend(patron, due)
		d.lend(both, due)
		for day := 1; day <= 60; day++ {
			d.night(due.AddDays(day))
			if day == 6 || day == 20 || day == 41 { // the day before each stage
				if got := len(d.told(patron)); got != map[int]int{6: 0, 20: 1, 41: 2}[day] {
					t.Errorf("on day %d: %d notices", day, got)
				}
			}
		}
		d.wants("by e-mail", patron, "first email", "second email", "final letter")
		d.wants("a number comes before the address", both, "first sms", "second sms", "final letter")
	})
	t.Run("NOT-02 WCH-X7 Westchester calls when somebody has the time, and mails nothing", func(t *testing.T) {
		t.Parallel()
		d := newDeskOf(t, "westchester")
		patron, silent := d.patron("555-0101", "adult@example.org"), d.patron("", "adult2@example.org")
		d.lend(patron, due)
		d.lend(silent, due)
		for day := 1; day <= 30; day++ {
			d.night(due.AddDays(day))
		}
		d.wants("with a number", patron, "call phone")
		d.wants("without a number nothing is mailed", silent, "call account")
		calls := d.calls(at(due.AddDays(30)))
		if len(calls) != 1 || !calls[0].Facts.IfTime || calls[0].Facts.Title != "" || strings.Contains(calls[0].Script, "private") {
			t.Errorf("the call list: %+v", calls)
		}
	})
	t.Run("NOT-05 nights that were missed are caught up once", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t) // stages on days 7 and 14
		early, late := d.patron("", "adult@example.org"), d.patron("", "adult2@example.org")
		d.lend(early, due)
		d.night(due.AddDays(6))
		d.wants("day 6", early)
		d.night(due.AddDays(9)) // nights 7 and 8 did not run
		d.night(due.AddDays(9))
		d.night(due.AddDays(13))
		d.wants("day 9 sends stage 7 once", early, "first email")
		d.night(due.AddDays(14))
		d.wants("day 14", early, "first email", "second email")
		d.lend(late, due)
		d.night(due.AddDays(20))
		d.night(due.AddDays(21))
		d.wants("both missed: the later one stands for both", late, "second email")
		d.wants("and the first patron hears nothing more", early, "first email", "second email")
	})
}

func TestARenewalBeginsTheSequenceAnew(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	due := broker.MustDate("2026-03-02")
	patron := d.patron("", "adult@example.org")
	loan := d.lend(patron, due)
	d.night(due.AddDays(14))
	d.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update loans set due_on = $2, renewals = 1 where id = $1`, loan, due.AddDays(21))
		return nil
	})
	d.night(due.AddDays(27))
	d.wants("not late enough since", patron, "second email")
	d.night(due.AddDays(28))
	d.wants("a week after the new date", patron, "second email", "first email")
}

func TestWhoIsNotToldOfALateLoan(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	due := broker.MustDate("2026-03-02")
	claims, back := d.patron("", "adult@example.org"), d.patron("", "adult2@example.org")
	claimed, returned := d.lend(claims, due), d.lend(back, due)
	d.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into claims (library_id, id, loan_id, patron_library_id, patron_id, kind, status, claimed_at, claimed_by)
			values ($1, $2, $3, $1, $4, 'returned', 'open', $5, $6)`, d.library.ID, broker.NewID(), claimed, claims.ID, morning, d.actor)
		tx.Queue(`update loans set status = 'returned', returned_at = $2, returned_on = $3 where id = $1`, returned, at(due), due)
		return nil
	})
	if made := d.night(due.AddDays(9)); made != 0 {
		t.Errorf("%d notices", made)
	}
	d.wants("says it is back", claims)
	d.wants("it is back", back)
}

// A policy whose sequence depends on the item is followed loan by loan.
func TestASequenceOfItsOwnForSomeLoans(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	document, err := policy.Parse("varied", []byte(`
policy: varied
title: A library
document: Circulation policy
place: US-NY
zone: America/New_York
currency: USD
attributes:
  notices.overdue:
    - value:
        - {stage: only, days_after_due: 3, channels: [email]}
      clause: {section: Notices, says: "After three days."}
    - when: {class: [business]}
      value:
        - {stage: patient, days_after_due: 30, channels: [email]}
      clause: {section: Notices, says: "Businesses after thirty."}
`))
	must(t, err)
	d.policy = document
	due := broker.MustDate("2026-03-02")
	resident, firm := d.patron("", "adult@example.org"), patrons.Patron{
		Library: d.library.ID, ID: broker.NewID(), Class: "business", Email: "adult2@example.org", CreatedAt: morning,
	}
	d.do(func(_ context.Context, tx *postgres.Tx) error { return patrons.SavePatron(tx, firm) })
	d.lend(resident, due)
	d.lend(firm, due)
	d.night(due.AddDays(29))
	d.wants("a resident", resident, "only email")
	d.wants("a business, on day 29", firm)
	d.night(due.AddDays(30))
	d.wants("a resident", resident, "only email")
	d.wants("a business, on day 30", firm, "patient email")
}

func TestRemindersOfLoansDueSoon(t *testing.T) {
	t.Parallel()
	d := newDesk(t) // two days in advance
	today := broker.MustDate("2026-03-12")
	remind := func(day broker.Date) int {
		return d.slices(func(ctx context.Context, tx *postgres.Tx, after notices.LoanPlace) (int, notices.LoanPlace, error) {
			return notices.DueSoonSlice(ctx, tx, d.library, d.policy, at(day), after, 1)
		})
	}
	t.Run("NOT-07 today and in two days, not yesterday and not later", func(t *testing.T) {
		reminded := map[int]patrons.Patron{}
		for _, days := range []int{-1, 0, 2, 3} {
			reminded[days] = d.patron("555-0101", "adult@example.org")
			d.lend(reminded[days], today.AddDays(days))
		}
		remind(today)
		remind(today) // a second time on the same day changes nothing
		for days, want := range map[int][]string{-1: nil, 0: {"email"}, 2: {"email"}, 3: nil} {
			d.wants(today.AddDays(days).String(), reminded[days], want...)
		}
		remind(today.AddDays(1))
		d.wants("its day has come", reminded[3], "email")
		d.wants("once is enough", reminded[2], "email")
	})
	t.Run("nobody is called for a loan that is not late", func(t *testing.T) {
		byPhone := d.patron("", "")
		d.lend(byPhone, today)
		remind(today)
		d.wants("no address", byPhone, "account")
	})
	t.Run("WCH Westchester reminds nobody", func(t *testing.T) {
		w := newDeskOf(t, "westchester")
		w.lend(w.patron("555-0101", "adult@example.org"), today)
		w.do(func(ctx context.Context, tx *postgres.Tx) error {
			made, _, err := notices.DueSoonSlice(ctx, tx, w.library, w.policy, at(today), notices.LoanPlace{}, 10)
			if made != 0 {
				t.Errorf("%d reminders", made)
			}
			return err
		})
	})
}
