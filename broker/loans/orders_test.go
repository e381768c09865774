package loans_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/towntest"
)

// story is a loan about which several things become known on one day, each with
// a day of its own on which it was so.
type story struct {
	h      towntest.House
	loan   loans.Loan
	minute int
	closed broker.ID
}

// now is the next moment of the day on which all is recorded.
func (s *story) now() string {
	s.minute++
	return fmt.Sprintf("2026-04-20 10:%02d", s.minute)
}

func (s *story) due(in loans.ChangeDue) {
	in.Desk, in.Loan = s.h.At(s.now()), s.loan.Ref
	_, err := towntest.Act(s.h.Town, s.h.Loans.ChangeDue, in)
	s.h.Must(err)
}

func (s *story) back(day string) {
	s.h.Back(returns.Return{Desk: s.h.At(s.now()), Item: s.loan.Item, Backdate: broker.MustDate(day)})
}

// fact is something that is recorded, in words and as an act. After names the
// facts that must be known before.
type fact struct {
	name   string
	record func(*story)
	after  []int
}

// corrected is a date that the lender had said.
func corrected(to, said string) func(*story) {
	return func(s *story) {
		s.due(loans.ChangeDue{LenderDue: broker.MustDate(to), Why: loans.DueCorrected, Said: s.h.At(said + " 12:00").Now})
	}
}

// renewed is what the lender granted on the day on which it was asked.
func renewed(to, said string) func(*story) {
	return func(s *story) {
		s.due(loans.ChangeDue{LenderDue: broker.MustDate(to), Why: loans.DueRenewed, From: broker.MustDate(said), Said: s.h.At(said + " 12:00").Now})
	}
}

func shut(kind directory.ClosureKind, from, to string) func(*story) {
	return func(s *story) { s.h.Shut(kind, from, to, s.now()) }
}

func back(day string) func(*story) { return func(s *story) { s.back(day) } }

// stories are sets of facts; of the orders of a long one every so many are tried.
var stories = []struct {
	name     string
	borrowed bool
	every    int
	facts    []fact
}{
	{"a borrowed copy, renewed and closed", true, 1, []fact{
		{name: "the lender had said on 12 March that it is due on 5 April, a Sunday", record: corrected("2026-04-05", "2026-03-12")},
		{name: "a renewal asked for on 7 April was granted that day until the 8th", record: renewed("2026-04-08", "2026-04-07")},
		{name: "the library was snowed in on 9 and 10 April", record: shut(directory.ClosureWeather, "2026-04-09", "2026-04-10")},
		{name: "the doors were shut by decree on 13 April", record: shut(directory.ClosureEmergency, "2026-04-13", "2026-04-13")},
		{name: "it was back on 16 April", record: back("2026-04-16")},
	}},
	{"a borrowed copy, corrected and recalled after its renewal", true, 4, []fact{
		{name: "the lender had said on 12 March that it is due on 2 April", record: corrected("2026-04-02", "2026-03-12")},
		{name: "a renewal asked for on 7 April was granted that day until 22 May", record: renewed("2026-05-22", "2026-04-07")},
		{name: "the lender had said on 9 April that it is due on 15 May after all", record: corrected("2026-05-15", "2026-04-09")},
		{name: "the lender had recalled it on 10 April", record: func(s *story) {
			s.due(loans.ChangeDue{Why: loans.DueRecalled, Said: s.h.At("2026-04-10 12:00").Now})
		}},
		{name: "it was back on 16 April", record: back("2026-04-16")},
	}},
	{"a borrowed copy, recalled before it was renewed", true, 8, []fact{
		{name: "the lender had recalled it on 20 March", record: func(s *story) {
			s.due(loans.ChangeDue{Why: loans.DueRecalled, Said: s.h.At("2026-03-20 12:00").Now})
		}},
		{name: "a renewal asked for on 7 April was granted that day until 22 May", record: renewed("2026-05-22", "2026-04-07")},
		{name: "the lender had said on 9 April that it is due on 10 April, by mistake", record: corrected("2026-04-10", "2026-04-09")},
		{name: "the lender had said on 10 April that it is due on 8 April", record: corrected("2026-04-08", "2026-04-10")},
		{name: "it was back on 16 April", record: back("2026-04-16")},
	}},
	{"one of our own", false, 9, []fact{
		{name: "the library was snowed in on 30 and 31 March", record: shut(directory.ClosureWeather, "2026-03-30", "2026-03-31")},
		{name: "the doors were shut by decree on 9 April", record: shut(directory.ClosureEmergency, "2026-04-09", "2026-04-09")},
		{name: "the library was to be shut on 27 April", record: func(s *story) {
			s.closed = s.h.Shut(directory.ClosurePlanned, "2026-04-27", "2026-04-27", s.now()).Closure
		}},
		{name: "it is open on 27 April after all", after: []int{2}, record: func(s *story) { s.h.Reopens(s.closed, s.now()) }},
		{name: "it is recalled", record: func(s *story) {
			s.h.Do(func(ctx context.Context, tx *postgres.Tx) error {
				_, err := s.h.Loans.Recall(ctx, tx, s.h.At(s.now()), s.loan.Ref)
				return err
			})
		}},
		{name: "it was back on 16 April", after: []int{4}, record: back("2026-04-16")},
	}},
	{"one of our own that is late and still out", false, 5, []fact{
		{name: "the library was snowed in on 30 and 31 March", record: shut(directory.ClosureWeather, "2026-03-30", "2026-03-31")},
		{name: "the doors were shut by decree on 9 April", record: shut(directory.ClosureEmergency, "2026-04-09", "2026-04-09")},
		{name: "the library was to be shut on 1 April", record: func(s *story) {
			s.closed = s.h.Shut(directory.ClosurePlanned, "2026-04-01", "2026-04-01", s.now()).Closure
		}},
		{name: "it was open on 1 April after all", after: []int{2}, record: func(s *story) { s.h.Reopens(s.closed, s.now()) }},
		{name: "it is recalled", record: func(s *story) {
			s.h.Do(func(ctx context.Context, tx *postgres.Tx) error {
				_, err := s.h.Loans.Recall(ctx, tx, s.h.At(s.now()), s.loan.Ref)
				return err
			})
		}},
	}},
	{"one of our own that is due on the day", false, 9, []fact{
		{name: "the library was to be shut on 27 April", record: func(s *story) {
			s.closed = s.h.Shut(directory.ClosurePlanned, "2026-04-27", "2026-04-27", s.now()).Closure
		}},
		{name: "it is open on 27 April after all", after: []int{0}, record: func(s *story) { s.h.Reopens(s.closed, s.now()) }},
		{name: "the library is to be shut on 4 May", record: shut(directory.ClosurePlanned, "2026-05-04", "2026-05-04")},
		{name: "it is recalled", record: func(s *story) {
			s.h.Do(func(ctx context.Context, tx *postgres.Tx) error {
				_, err := s.h.Loans.Recall(ctx, tx, s.h.At(s.now()), s.loan.Ref)
				return err
			})
		}},
	}},
}

// owed tells which notices are still owed on the day after, in words.
func (s *story) owed(document *policy.Document) (told string) {
	now := s.h.At("2026-04-21 03:00").Now
	s.h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		if _, _, err := notices.OverdueSlice(ctx, tx, s.h.Library, document, now, notices.LoanPlace{}, 10); err != nil {
			return err
		}
		if _, _, err := notices.DueSoonSlice(ctx, tx, s.h.Library, document, now, notices.LoanPlace{}, 10); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select coalesce(string_agg(distinct kind || ' ' || stage || ' ' || (facts ->> 'due_on'), ', '), 'none')
			from notices where library_id = $1`, s.h.Library.ID).Scan(&told)
	})
	return told
}

// orders gives every order of so many things.
func orders(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, order := range orders(n - 1) {
		for at := 0; at <= len(order); at++ {
			next := append(append(append([]int{}, order[:at]...), n-1), order[at:]...)
			all = append(all, next)
		}
	}
	return all
}

// possible tells whether in an order each fact comes after those it needs.
func possible(facts []fact, order []int) bool {
	for at, nth := range order {
		for _, needed := range facts[nth].after {
			if !slices.Contains(order[:at], needed) {
				return false
			}
		}
	}
	return true
}

// TestTheSameFactsCostTheSameInEveryOrder records the same facts in every order,
// under each policy that ships, now with the fine charged up to that day and now
// without: balance, due date, renewals and the notices still owed come out the
// same.
func TestTheSameFactsCostTheSameInEveryOrder(t *testing.T) {
	t.Parallel()
	for _, preset := range []string{"westchester", "western-district", "delaware", "perth", "westport"} {
		t.Run(preset, func(t *testing.T) {
			t.Parallel()
			document, err := policy.Preset(preset)
			if err != nil {
				t.Fatal(err)
			}
			town := towntest.New(t)
			fine := &costs.LenderFine{Rate: broker.Money{Minor: 25, Currency: document.Currency()}}
			for _, set := range stories {
				first, tried := "", 0
				for _, order := range orders(len(set.facts)) {
					if !possible(set.facts, order) {
						continue
					}
					if tried++; (tried-1)%set.every != 0 {
						continue
					}
					s := story{h: town.AddLibrary(preset, document.Zone().String())}
					patron, said := s.h.Patron(document.Classes()[0]), ""
					if s.loan = s.begin(patron, set.borrowed, set.name, fine); (tried-1)/set.every%2 == 1 {
						s.h.ChargeAccrued(patron, "2026-04-20 09:00")
					}
					for _, nth := range order {
						set.facts[nth].record(&s)
						said += "\n  " + set.facts[nth].name
					}
					s.h.ChargeAccrued(patron, "2026-04-20 11:50") // of what is still out
					loan := s.h.Loan(s.loan.Ref)
					came := fmt.Sprintf("owes %s, due %s, %d renewals, to be told: %s", s.h.Owes(patron), loan.DueOn, loan.Renewals, s.owed(document))
					if first == "" {
						first = came
						t.Log(set.name, first)
					}
					if came != first {
						t.Errorf("%s, in the order%s\ngot  %s\nwant %s", set.name, said, came, first)
					}
				}
			}
			town.NoBreach()
		})
	}
}

// begin lends what a story is about, for four weeks, or until 27 April.
func (s *story) begin(patron patrons.Ref, borrowed bool, name string, fine *costs.LenderFine) loans.Loan {
	desk := s.h.At("2026-03-02 10:00")
	in := loans.CheckOut{Desk: desk, Patron: patron}
	if !borrowed {
		due := "2026-03-30"
		if strings.HasSuffix(name, "due on the day") {
			due = "2026-04-27"
		}
		in.Item, in.Due = s.h.CopyOf(towntest.Of("book")), broker.MustDate(due)
	} else {
		in.Item, in.Request = s.h.Borrowed("book", desk)
		in.LenderDue, in.LenderFine = broker.MustDate("2026-03-30"), fine
	}
	out, err := towntest.Act(s.h.Town, s.h.Loans.CheckOut, in)
	s.h.Must(err)
	return *out.Loan
}
