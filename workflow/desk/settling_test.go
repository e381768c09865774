package desk_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
)

// lostByPatron is a borrowed copy that a patron has lost, with the lender's
// invoice of 30.00 charged to them.
func lostByPatron(t *testing.T) (tw *town, home *house, lender *partner, request, patron broker.ID) {
	t.Helper()
	tw, home, lender, request, patron, _ = shelved(t)
	home.does(request, workflow.EventCheckOut, nil)
	home.does(request, workflow.EventReportLost, nil)
	lender.says(home, invoice(3000))
	if owed := home.owed(patron); owed != 3000 {
		t.Fatalf("the invoice is the patron's: 30.00, not %d cents", owed)
	}
	return tw, home, lender, request, patron
}

func invoice(minor int64) connectors.Message {
	cost := usd(minor)
	return connectors.Message{Kind: connectors.KindInvoice, Cost: &cost}
}

// pays takes money from a patron at the desk.
func (h *house) pays(patron broker.ID, minor int64) {
	h.t.Helper()
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.Pay(ctx, tx, ledger.Payment{
			Account: ledger.OfPatron(h.Library.ID, patron, h.Currency), Amount: usd(minor),
			Cause: "cash:" + broker.NewID().String(), Actor: h.staff(), At: h.clock.Now(),
		})
		return err
	}))
}

// loanOf is how the loan of a request stands.
func (h *house) loanOf(request broker.ID) (status circulation.LoanStatus) {
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		loans, err := circulation.LoansOfRequest(ctx, tx, h.Library.ID, request)
		if err == nil && len(loans) == 1 {
			status = loans[0].Status
		}
		return err
	})
	return status
}

// fired counts how often an event is in a request's timeline.
func (h *house) fired(request broker.ID, event workflow.Event) int {
	return strings.Count(h.timeline(request), "  "+string(event)+": ")
}

// A corrected invoice counts instead of the earlier one, forgiving takes back
// what nobody paid, and what was paid is not refunded (WDL-I12).
func TestTheLendersLastInvoiceCounts(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := lostByPatron(t)
	for _, asked := range []int64{2500, 2500, 3000, 2500} {
		lender.says(home, invoice(asked))
		if owed := home.owed(patron); owed != asked {
			t.Fatalf("what the lender asked last is owed: %d, not %d cents", asked, owed)
		}
	}
	home.pays(patron, 1000)
	home.does(request, workflow.EventForgive, nil)
	home.expects(request, workflow.Completed)
	if owed := home.owed(patron); owed != 0 {
		t.Fatalf("the rest is forgiven and the 10.00 stay paid: owed %d cents", owed)
	}
	tw.sound()
}

// What is found again is no longer the patron's: nothing is owed for it, its
// loan is over, and it goes home.
func TestAFoundItemIsNoLongerLost(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := lostByPatron(t)
	home.does(request, workflow.EventFound, nil)
	home.expects(request, workflow.ReturnDue)
	if owed, loan := home.owed(patron), home.loanOf(request); owed != 0 || loan != circulation.LoanReturned {
		t.Fatalf("found: %d cents owed, the loan is %s", owed, loan)
	}
	band := "ILL-" + home.number(request)
	if done := home.scans(band, ""); done.Did != "shipped" {
		t.Fatalf("it goes home: %+v", done)
	}
	lender.says(home, connectors.Message{Kind: connectors.KindLoanCompleted})
	home.expects(request, workflow.Completed)
	if status := home.itemStatus(band); status != catalog.GoneHome {
		t.Fatalf("and is gone: %s", status)
	}
	tw.sound()
}

// Money and parcels stay before staff until a person has dealt with them,
// whatever becomes of the request.
func TestTasksThatOnlyAPersonCloses(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := asksPartner(t, 0)
	dear := shipped("VT-1", "2026-04-10")
	dear.Cost = &broker.Money{Minor: 1500, Currency: "USD"}
	lender.says(home, dear)
	tw.pass(15) // not arrived when expected: a task that its arrival settles
	if !home.taskOf(request, "arrival_overdue") {
		t.Fatal("staff look where it stays")
	}
	home.scans("VT-1", "")
	home.does(request, workflow.EventShelve, nil)
	home.does(request, workflow.EventCheckOut, nil)
	if home.taskOf(request, "arrival_overdue") || !home.taskOf(request, "cost_above_approved") || home.owed(patron) != 0 {
		t.Fatalf("nobody decided about the 15.00 yet: %d tasks, %d cents owed", home.tasks(request), home.owed(patron))
	}
	tw.do(func(ctx context.Context, tx *postgres.Tx) error {
		var task broker.ID
		if err := tx.QueryRow(ctx, `select id from staff_tasks where request_id = $1 and kind = 'cost_above_approved'`, request).Scan(&task); err != nil {
			return err
		}
		return requests.CloseTask(ctx, tx, tw.clock.Now(), requests.Closing{Library: home.Library.ID, Task: task, Actor: home.staff(), Note: "the library pays"})
	})
	if home.tasks(request) != 0 {
		t.Fatal("a person closes it")
	}
	tw.sound()
}

// renewing is a borrowed copy at Western District, due on 10 April, whose
// renewal was asked in time and not answered.
func renewing(t *testing.T) (tw *town, home *house, lender *partner, request, patron broker.ID) {
	t.Helper()
	tw = newTown(t, "2026-03-02T15:00:00Z")
	home = tw.library("western-district", "IL", broker.NoID)
	lender = tw.partner("IA", 0, tw.title("A title nobody here owns", isbn))
	home.looksTo([]broker.ID{lender.id})
	patron = home.patron("resident")
	submitted, err := home.asks(requests.Submission{Patron: patron, Citation: citation()})
	tw.must(err)
	request = submitted.ID
	lender.says(home, shipped("IA-1", "2026-04-10"))
	home.scans("IA-1", "")
	home.does(request, workflow.EventShelve, nil)
	home.does(request, workflow.EventCheckOut, nil)
	tw.until("2026-04-06T15:00:00Z")
	home.does(request, workflow.EventRenew, nil)
	return tw, home, lender, request, patron
}

// until moves the clock and works off what became due.
func (tw *town) until(instant string) {
	tw.t.Helper()
	at, err := time.Parse(time.RFC3339, instant)
	tw.must(err)
	tw.clock.Set(at)
	tw.settle()
}

func renewed(dueOn string) connectors.Message {
	m := answered(connectors.KindRenewAnswer, true)
	m.Due = due(dueOn)
	return m
}

// A renewal asked in time protects the patron from a fine until the lender has
// answered, however late it does.
func TestFinesWaitForTheAnswerToARenewal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer connectors.Message
		owed   int64
	}{
		"yes, beyond the return":     {renewed("2026-05-01"), 0},
		"yes, but not as long":       {renewed("2026-04-13"), 20}, // two days late at 0.10
		"no":                         {answered(connectors.KindRenewAnswer, false), 50},
		"yes, on the very last date": {renewed("2026-04-15"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tw, home, lender, request, patron := renewing(t)
			tw.until("2026-04-15T15:00:00Z")
			if !home.taskOf(request, "renewal_answer_overdue") || home.request(request).Overdue {
				t.Fatalf("staff hear that the lender is silent, and the patron is not overdue\n%s", tw.timeline(request))
			}
			home.does(request, workflow.EventReturn, nil)
			lender.says(home, c.answer)
			if owed := home.owed(patron); owed != c.owed || home.request(request).RenewalPending {
				t.Fatalf("%d cents, not %d", c.owed, owed)
			}
			tw.sound()
		})
	}
}

// A no after the due date makes the loan overdue at once, not in a week.
func TestARefusedRenewalLeavesTheOldDate(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := renewing(t)
	tw.until("2026-04-13T15:00:00Z")
	lender.says(home, answered(connectors.KindRenewAnswer, false))
	if got := home.expects(request, workflow.CheckedOut); !got.Overdue || home.notices(request, "renewal_refused") != 1 {
		t.Fatalf("overdue since the 10th, and the patron is told\n%s", tw.timeline(request))
	}
	tw.sound()
}

// The lender wants it back earlier: the shelf date follows, the patron is told
// by staff, and it leaves the shelf on that day.
func TestTheShelfDateFollowsTheLendersDate(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _, _ := shelved(t)
	lender.says(home, connectors.Message{Kind: connectors.KindDueChanged, Due: due("2026-03-09")})
	if got := home.expects(request, workflow.OnHoldShelf); got.PickUpBy != due("2026-03-06") || !home.taskOf(request, "shelf_time_short") {
		t.Fatalf("three days before 9 March is the 6th, not %s", got.PickUpBy)
	}
	lender.says(home, connectors.Message{Kind: connectors.KindDueChanged, Due: due("2026-05-09")})
	if got := home.request(request).PickUpBy; got != due("2026-03-06") {
		t.Fatalf("a promise to pick up is not stretched by itself: %s", got)
	}
	tw.until("2026-03-06T20:00:00Z")
	home.expects(request, workflow.OnHoldShelf)
	tw.until("2026-03-07T04:00:00Z")
	home.expects(request, workflow.ReturnDue)
	tw.sound()
}

// On the last day a patron's word gives staff the rest of that day, once.
func TestTheLastDayIsDecidedOnce(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _, _ := shelved(t)
	lender.says(home, connectors.Message{Kind: connectors.KindDueChanged, Due: due("2026-03-09")})
	home.does(request, workflow.EventPatronContact, nil)
	for _, instant := range []string{"2026-03-06T22:30:00Z", "2026-03-06T23:00:00Z", "2026-03-07T01:00:00Z", "2026-03-07T04:30:00Z"} {
		tw.until(instant)
		home.expects(request, workflow.OnHoldShelf)
	}
	if times := home.fired(request, workflow.EventShelfExpired); times != 1 {
		t.Fatalf("put before staff once, not %d times", times)
	}
	tw.until("2026-03-07T05:30:00Z") // past midnight in New York
	home.expects(request, workflow.ReturnDue)
	tw.sound()
}

// A recall takes it off the hold shelf at once, and asks it back of a patron
// who then cannot renew.
func TestARecall(t *testing.T) {
	t.Parallel()
	recall := connectors.Message{Kind: connectors.KindRecalled}
	t.Run("on the shelf", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request, _, _ := shelved(t)
		lender.says(home, recall)
		if got := home.expects(request, workflow.ReturnDue); !got.Recalled || !got.PickUpBy.IsZero() || home.notices(request, "recalled") != 1 {
			t.Fatalf("it goes home and the patron is told: %+v", got)
		}
		home.does(request, workflow.EventShipReturn, nil)
		tw.sound()
	})
	t.Run("with the patron", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request, _, _ := shelved(t)
		home.does(request, workflow.EventCheckOut, nil)
		lender.says(home, recall)
		if got := home.expects(request, workflow.CheckedOut); !got.Recalled || home.notices(request, "recalled") != 1 || !home.taskOf(request, "recall") {
			t.Fatalf("the patron and staff are told: %+v", got)
		}
		if err := home.acts(request, workflow.EventRenew, nil); !broker.IsKind(err, broker.KindRefused) {
			t.Fatalf("a recalled item is not renewed: %v", err)
		}
		tw.sound()
	})
}

// Overdue: the patron is told on the day after and a week later, and the lender's
// own word goes to staff.
func TestAnOverdueLoan(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _, _ := shelved(t)
	home.does(request, workflow.EventCheckOut, nil)
	tw.until("2026-04-11T15:00:00Z")
	if got := home.expects(request, workflow.CheckedOut); !got.Overdue || home.notices(request, "overdue") != 1 || !home.taskOf(request, "due_passed") {
		t.Fatalf("the patron is told once, and staff see it: %d notices", home.notices(request, "overdue"))
	}
	tw.until("2026-04-19T15:00:00Z")
	if home.notices(request, "overdue") != 2 {
		t.Fatalf("and again after a week: %d notices", home.notices(request, "overdue"))
	}
	lender.says(home, connectors.Message{Kind: connectors.KindOverdue})
	home.expects(request, workflow.CheckedOut)
	if !home.taskOf(request, "overdue_notice") {
		t.Fatal("what the lender says goes to staff")
	}
	home.does(request, workflow.EventReturn, nil)
	home.expects(request, workflow.ReturnDue)
	if home.taskOf(request, "overdue_notice") || home.taskOf(request, "due_passed") {
		t.Fatal("its return settles that")
	}
	tw.sound()
}
