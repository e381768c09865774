package circulation_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// No night ever runs in these tests: what grows is worked out at the desk.

// A child's fines reach 5.00 during an open day: from then on the parent and the
// child's sibling are blocked, and the day before they are not. So is the child by
// the parent's. At 5.00 exactly the block stands (the eve is 4.00).
func TestWhatGrowsOnALinkedAccountBlocksTheSameDay(t *testing.T) {
	t.Parallel()
	h := oneLibrary(t, "westchester", "America/Chicago")
	parent, child, sibling := h.patron("resident"), h.patron("resident_minor"), h.patron("resident_minor")
	stranger := h.patron("resident")
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		for _, of := range []patrons.Ref{child, sibling} {
			if err := patrons.Link(tx, parent, of, broker.MustDate("2026-01-02")); err != nil {
				return err
			}
		}
		return nil
	})
	borrows := func(who patrons.Ref, local string) error {
		_, err := act(h.town, h.Circ.CheckOut, circulation.CheckOut{Desk: h.at(local), Item: h.copyOf(of("book")), Patron: who})
		return err
	}
	for late, others := range map[patrons.Ref][]patrons.Ref{child: {parent, sibling}, parent: {child, sibling}} {
		dvd := h.copyOf(of("dvd"))
		loan, err := act(h.town, h.Circ.CheckOut, circulation.CheckOut{
			Desk: h.at("2026-03-02 09:00"), Item: dvd, Patron: late, Due: broker.MustDate("2026-03-02"),
		})
		h.must(err)
		for _, who := range others {
			h.must(borrows(who, "2026-03-06 10:00")) // Friday, four open days late
			err := borrows(who, "2026-03-07 10:00")
			refusal := wantCode(t, err, "may_not_check_out")
			equal(t, "why", refusal.Reasons[0].Code, "linked_account_blocked")
			equal(t, "found", refusal.Reasons[0].Found, "a linked account owes 5.00 USD")
		}
		h.must(borrows(stranger, "2026-03-07 10:00"))
		h.back(circulation.Return{Desk: h.at("2026-03-07 11:00"), Item: dvd, Loan: loan.Loan, Amnesty: true})
		for _, who := range others {
			h.must(borrows(who, "2026-03-07 12:00")) // it has gone with its cause
		}
	}
}

const longAfter = "2026-04-27 10:00"

// Perth's block stands from the moment that more than 20.00 is owed until nothing
// is, whether or not anybody looked in between: an act that forgives part of what
// only grew remembers that it had come to so much. At 20.00 exactly nothing stands.
func TestABlockLatchesAtTheActThatWouldHideItsCause(t *testing.T) {
	t.Parallel()
	for name, forgive := range map[string]func(h house, loan circulation.Loan){
		"an amnesty at the return": func(h house, loan circulation.Loan) {
			h.back(circulation.Return{Desk: h.at(longAfter), Item: loan.Item, Loan: &loan, Amnesty: true})
		},
		"a loss that forgives the lateness": func(h house, loan circulation.Loan) {
			_, err := act(h.town, h.Circ.DeclareLost, circulation.DeclareLost{
				Desk: h.at(longAfter), Loan: loan.LoanRef, Loss: circulation.Loss{ForgiveOverdue: true, Price: h.money("0.01")},
			})
			h.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := oneLibrary(t, "perth", "America/Toronto")
			for rest, stands := range map[string]bool{"6.00": false, "6.01": true} {
				member, loans := h.owing(2, rest)
				equal(t, "before anybody looked", h.latched(member), false)
				forgive(h, loans[0])
				equal(t, "blocked after "+rest+" and 14.00 of growing fines", h.latched(member), stands)
			}
		})
	}
}

// A block that latched is not lifted by what last night knew: a cent of today's
// fine that still grows keeps it, and the settling of everything ends it.
func TestALatchedBlockEndsOnlyWhenTodayIsSettled(t *testing.T) {
	t.Parallel()
	h := oneLibrary(t, "perth", "America/Toronto")
	member, loans := h.owing(1, "20.01")
	equal(t, "over 20.00", h.latched(member), true)
	h.pay(member, "20.01", longAfter) // the fine has grown since, and no night said so
	equal(t, "what grows is owed", h.latched(member), true)
	h.back(circulation.Return{Desk: h.at(longAfter), Item: loans[0].Item, Loan: &loans[0]})
	equal(t, "owed", h.owes(member), "7.00")
	h.pay(member, "6.99", "2026-04-27 11:00")
	equal(t, "a cent is owed", h.latched(member), true)
	h.pay(member, "0.01", "2026-04-27 12:00")
	equal(t, "settled", h.latched(member), false)
}

// A desk that lends all the same, by an override, writes down what it saw.
func TestALoanByOverrideLatchesWhatItSaw(t *testing.T) {
	t.Parallel()
	h := oneLibrary(t, "perth", "America/Toronto")
	for _, c := range []struct {
		books  int
		rest   string
		stands bool
	}{{2, "6.00", false}, {2, "6.01", true}, {3, "", true}} {
		member, _ := h.owing(c.books, c.rest)
		out, err := act(h.town, h.Circ.CheckOut, circulation.CheckOut{
			Desk: h.at(longAfter), Item: h.copyOf(of("book")), Patron: member,
			Overriding: circulation.Overriding{Overrides: []string{"owes_too_much", "long_overdue"}, Reason: "the director said so"},
		})
		h.must(err)
		equal(t, "lent", out.Loan != nil, true)
		equal(t, "latched", h.latched(member), c.stands)
		h.do(func(ctx context.Context, tx *postgres.Tx) error {
			balances, err := ledger.BalancesOf(ctx, tx, patrons.Account(h.Library, member))
			equal(t, "what grows stays uncharged", balances.ByKind[ledger.Overdue], map[string]int64{"6.00": 600, "6.01": 601}[c.rest])
			return err
		})
	}
}

func TestStandingIsExactForTodayThoughNoNightRan(t *testing.T) {
	t.Parallel()
	westchester := oneLibrary(t, "westchester", "America/Chicago")
	patron := westchester.patron("resident")
	westchester.lend(patron, westchester.copyOf(of("dvd")), "2026-02-25 10:00", "2026-03-02")
	book := westchester.copyOf(of("book"))
	try := func(local string) error {
		_, err := act(westchester.town, westchester.Circ.CheckOut, circulation.CheckOut{Desk: westchester.at(local), Item: book, Patron: patron})
		return err
	}
	// BLK-01 and BLK-02 by days late: 4.00 passes, 5.00 does not.
	equal(t, "BLK-02 five days late blocks", refusal(t, try("2026-03-07 10:00"))["owes_too_much"], true)
	westchester.must(try("2026-03-06 10:00"))
}
