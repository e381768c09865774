package standing_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/broker/towntest"
)

// No nightly work runs in these tests: what accrues is worked out at the desk.

// A child's fines reach 5.00 during an open day: from then on the parent and the
// child's sibling are blocked, and the day before they are not. So is the child by
// the parent's. At 5.00 exactly the block stands (the eve is 4.00).
func TestWhatGrowsOnALinkedAccountBlocksTheSameDay(t *testing.T) {
	t.Parallel()
	h := towntest.OneLibrary(t, "westchester", "America/Chicago")
	parent, child, sibling := h.Patron("resident"), h.Patron("resident_minor"), h.Patron("resident_minor")
	stranger := h.Patron("resident")
	h.Do(func(_ context.Context, tx *postgres.Tx) error {
		for _, of := range []patrons.Ref{child, sibling} {
			if err := patrons.Link(tx, parent, of, broker.MustDate("2026-01-02")); err != nil {
				return err
			}
		}
		return nil
	})
	borrows := func(who patrons.Ref, local string) error {
		_, err := towntest.Act(h.Town, h.Loans.CheckOut, loans.CheckOut{Desk: h.At(local), Item: h.CopyOf(towntest.Of("book")), Patron: who})
		return err
	}
	for late, others := range map[patrons.Ref][]patrons.Ref{child: {parent, sibling}, parent: {child, sibling}} {
		dvd := h.CopyOf(towntest.Of("dvd"))
		loan, err := towntest.Act(h.Town, h.Loans.CheckOut, loans.CheckOut{
			Desk: h.At("2026-03-02 09:00"), Item: dvd, Patron: late, Due: broker.MustDate("2026-03-02"),
		})
		h.Must(err)
		for _, who := range others {
			h.Must(borrows(who, "2026-03-06 10:00")) // Friday, four open days late
			err := borrows(who, "2026-03-07 10:00")
			refusal := towntest.WantCode(t, err, "may_not_check_out")
			towntest.Equal(t, "why", refusal.Reasons[0].Code, "linked_account_blocked")
			towntest.Equal(t, "found", refusal.Reasons[0].Found, "a linked account owes 5.00 USD")
		}
		h.Must(borrows(stranger, "2026-03-07 10:00"))
		h.Back(returns.Return{Desk: h.At("2026-03-07 11:00"), Item: dvd, Loan: loan.Loan, Amnesty: true})
		for _, who := range others {
			h.Must(borrows(who, "2026-03-07 12:00")) // the block went when its cause did
		}
	}
}

const longAfter = "2026-04-27 10:00"

// Perth's block stands from the moment that more than 20.00 is owed until
// nothing is, whether or not anybody looked in between: an act that forgives
// part of what accrued but was not charged records that so much had accrued. At
// 20.00 exactly nothing stands.
func TestABlockLatchesAtTheActThatWouldHideItsCause(t *testing.T) {
	t.Parallel()
	for name, forgive := range map[string]func(h towntest.House, loan loans.Loan){
		"an amnesty at the return": func(h towntest.House, loan loans.Loan) {
			h.Back(returns.Return{Desk: h.At(longAfter), Item: loan.Item, Loan: &loan, Amnesty: true})
		},
		"a loss that forgives the lateness": func(h towntest.House, loan loans.Loan) {
			_, err := towntest.Act(h.Town, h.Returns.DeclareLost, returns.DeclareLost{
				Desk: h.At(longAfter), Loan: loan.Ref, Loss: returns.Loss{ForgiveOverdue: true, Price: h.Money("0.01")},
			})
			h.Must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := towntest.OneLibrary(t, "perth", "America/Toronto")
			for rest, stands := range map[string]bool{"6.00": false, "6.01": true} {
				member, loans := h.Owing(2, rest)
				towntest.Equal(t, "before anybody looked", h.Latched(member), false)
				forgive(h, loans[0])
				towntest.Equal(t, "blocked after "+rest+" and 14.00 of growing fines", h.Latched(member), stands)
			}
		})
	}
}

// A latched block is not lifted by last night's figures: a cent of a fine that
// still grows today keeps it, and it ends when everything is settled.
func TestALatchedBlockEndsOnlyWhenTodayIsSettled(t *testing.T) {
	t.Parallel()
	h := towntest.OneLibrary(t, "perth", "America/Toronto")
	member, loans := h.Owing(1, "20.01")
	towntest.Equal(t, "over 20.00", h.Latched(member), true)
	h.Pay(member, "20.01", longAfter) // the fine has grown since, and no nightly run wrote it down
	towntest.Equal(t, "what grows is owed", h.Latched(member), true)
	h.Back(returns.Return{Desk: h.At(longAfter), Item: loans[0].Item, Loan: &loans[0]})
	towntest.Equal(t, "owed", h.Owes(member), "7.00")
	h.Pay(member, "6.99", "2026-04-27 11:00")
	towntest.Equal(t, "a cent is owed", h.Latched(member), true)
	h.Pay(member, "0.01", "2026-04-27 12:00")
	towntest.Equal(t, "settled", h.Latched(member), false)
}

// A desk that lends all the same, by an override, writes down what it saw.
func TestALoanByOverrideLatchesWhatItSaw(t *testing.T) {
	t.Parallel()
	h := towntest.OneLibrary(t, "perth", "America/Toronto")
	for _, c := range []struct {
		books  int
		rest   string
		stands bool
	}{{2, "6.00", false}, {2, "6.01", true}, {3, "", true}} {
		member, _ := h.Owing(c.books, c.rest)
		out, err := towntest.Act(h.Town, h.Loans.CheckOut, loans.CheckOut{
			Desk: h.At(longAfter), Item: h.CopyOf(towntest.Of("book")), Patron: member,
			Overriding: standing.Overriding{Overrides: []string{"owes_too_much", "long_overdue"}, Reason: "the director said so"},
		})
		h.Must(err)
		towntest.Equal(t, "lent", out.Loan != nil, true)
		towntest.Equal(t, "latched", h.Latched(member), c.stands)
		h.Do(func(ctx context.Context, tx *postgres.Tx) error {
			balances, err := ledger.BalancesOf(ctx, tx, patrons.Account(h.Library, member))
			towntest.Equal(t, "what grows stays uncharged", balances.ByKind[ledger.Overdue], map[string]int64{"6.00": 600, "6.01": 601}[c.rest])
			return err
		})
	}
}

func TestStandingIsExactForTodayThoughNoNightRan(t *testing.T) {
	t.Parallel()
	westchester := towntest.OneLibrary(t, "westchester", "America/Chicago")
	patron := westchester.Patron("resident")
	westchester.Lend(patron, westchester.CopyOf(towntest.Of("dvd")), "2026-02-25 10:00", "2026-03-02")
	book := westchester.CopyOf(towntest.Of("book"))
	try := func(local string) error {
		_, err := towntest.Act(westchester.Town, westchester.Loans.CheckOut, loans.CheckOut{Desk: westchester.At(local), Item: book, Patron: patron})
		return err
	}
	// BLK-01 and BLK-02 by days late: 4.00 passes, 5.00 does not.
	towntest.Equal(t, "BLK-02 five days late blocks", towntest.Refusal(t, try("2026-03-07 10:00"))["owes_too_much"], true)
	westchester.Must(try("2026-03-06 10:00"))
}

// A block about the items of some owners alone stands after such an item came back
// late, and after no other's.
func TestABlockForSomeOwnersOutlivesTheReturn(t *testing.T) {
	t.Parallel()
	ruled := towntest.NewRuled(t)
	for owners, stands := range map[string]bool{"[own]": true, "[ill]": false} {
		h := ruled.Under(
			"blocks.long_overdue", `{days: 10, stops: [checkout], owners: `+owners+`, lifted_when: {operator: "<=", amount: "0.00"}}`,
			"fines.overdue", `{set_by: library, rate: "0.10", cap: none, count: calendar}`)
		member := h.Patron("resident")
		loan := h.Lent(member, "book", "2026-03-02 12:00")
		late := loan.DueOn.AddDays(11).String() + " 12:00"
		h.Back(returns.Return{Desk: h.At(late), Item: loan.Item, Loan: &loan})
		towntest.Equal(t, "late with an item of the library, and a block for "+owners, h.Latched(member, "blocks.long_overdue"), stands)
	}
}
