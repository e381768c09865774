package loans_test

import (
	"fmt"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/returns"
	"afield/broker/towntest"
)

// story is a borrowed copy about which several things become known on one day,
// each with a day of its own on which it was so.
type story struct {
	h      towntest.House
	loan   loans.Loan
	minute int
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

// known are the facts, each as it is recorded.
var known = []struct {
	name   string
	record func(*story)
}{
	{"the lender had said on 12 March that it is due on 5 April, a Sunday", func(s *story) {
		s.due(loans.ChangeDue{LenderDue: broker.MustDate("2026-04-05"), Why: loans.DueCorrected, Said: s.h.At("2026-03-12 12:00").Now})
	}},
	{"a renewal asked for on 7 April was granted that day until the 8th", func(s *story) {
		s.due(loans.ChangeDue{
			LenderDue: broker.MustDate("2026-04-08"), Why: loans.DueRenewed, From: broker.MustDate("2026-04-07"), Said: s.h.At("2026-04-07 12:00").Now,
		})
	}},
	{"the library was snowed in on 9 and 10 April", func(s *story) { s.h.Shut(directory.ClosureWeather, "2026-04-09", "2026-04-10", s.now()) }},
	{"the doors were shut by decree on 13 April", func(s *story) { s.h.Shut(directory.ClosureEmergency, "2026-04-13", "2026-04-13", s.now()) }},
	{"it was back on 16 April", func(s *story) {
		s.h.Back(returns.Return{Desk: s.h.At(s.now()), Item: s.loan.Item, Backdate: broker.MustDate("2026-04-16")})
	}},
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

// TestTheSameFactsCostTheSameInEveryOrder records the same facts in every order,
// under each policy that ships, now with the fine charged up to that day and now
// without: balance, due date and renewals come out the same.
func TestTheSameFactsCostTheSameInEveryOrder(t *testing.T) {
	t.Parallel()
	for _, preset := range []string{"westchester", "western-district", "delaware", "perth", "westport"} {
		t.Run(preset, func(t *testing.T) {
			t.Parallel()
			document, err := policy.Preset(preset)
			if err != nil {
				t.Fatal(err)
			}
			town, first := towntest.New(t), ""
			fine := &costs.LenderFine{Rate: broker.Money{Minor: 25, Currency: document.Currency()}}
			for nth, order := range orders(len(known)) {
				s := story{h: town.AddLibrary(preset, document.Zone().String())}
				patron, desk := s.h.Patron(document.Classes()[0]), s.h.At("2026-03-02 10:00")
				item, request := s.h.Borrowed("book", desk)
				out, err := towntest.Act(town, s.h.Loans.CheckOut, loans.CheckOut{
					Desk: desk, Item: item, Patron: patron, Request: request, LenderDue: broker.MustDate("2026-03-30"), LenderFine: fine,
				})
				town.Must(err)
				s.loan = *out.Loan
				if nth%2 == 1 {
					s.h.ChargeAccrued(patron, "2026-04-20 09:00")
				}
				said := ""
				for _, fact := range order {
					known[fact].record(&s)
					said += "\n  " + known[fact].name
				}
				loan := s.h.Loan(s.loan.Ref)
				came := fmt.Sprintf("owes %s, due %s, %d renewals", s.h.Owes(patron), loan.DueOn, loan.Renewals)
				if first == "" {
					first = came
					t.Log(first)
				}
				if came != first {
					t.Errorf("in the order%s\ngot  %s\nwant %s", said, came, first)
				}
			}
			town.NoBreach()
		})
	}
}
