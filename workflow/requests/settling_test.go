package requests_test

import (
	"context"
	"testing"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
)

// lostByPatron is a borrowed copy that a patron has lost, with the lender's
// invoice of 30.00 charged to them.
func lostByPatron(t *testing.T) (tw *town.Town, home *town.House, lender *town.Partner, request, patron broker.ID) {
	t.Helper()
	tw, home, lender, request, patron, _ = town.Shelved(t)
	home.Does(request, workflow.EventCheckOut, nil)
	home.Does(request, workflow.EventReportLost, nil)
	lender.Says(home, town.Invoice(3000))
	if owed := home.Owed(patron); owed != 3000 {
		t.Fatalf("the invoice is the patron's: 30.00, not %d cents", owed)
	}
	return tw, home, lender, request, patron
}

// A corrected invoice counts instead of the earlier one, forgiving takes back
// what nobody paid, and what was paid is not refunded (WDL-I12).
func TestTheLendersLastInvoiceCounts(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := lostByPatron(t)
	for _, asked := range []int64{2500, 2500, 3000, 2500} {
		lender.Says(home, town.Invoice(asked))
		if owed := home.Owed(patron); owed != asked {
			t.Fatalf("what the lender asked last is owed: %d, not %d cents", asked, owed)
		}
	}
	home.Pays(patron, 1000)
	home.Does(request, workflow.EventForgive, nil)
	home.Expects(request, workflow.Completed)
	if owed := home.Owed(patron); owed != 0 {
		t.Fatalf("the rest is forgiven and the 10.00 stay paid: owed %d cents", owed)
	}
	tw.Sound()
}

// What is found again is no longer the patron's: nothing is owed for it, its
// loan is over, and it goes home.
func TestAFoundItemIsNoLongerLost(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := lostByPatron(t)
	home.Does(request, workflow.EventFound, nil)
	home.Expects(request, workflow.ReturnDue)
	if owed, loan := home.Owed(patron), home.LoanOf(request); owed != 0 || loan != loans.Returned {
		t.Fatalf("found: %d cents owed, the loan is %s", owed, loan)
	}
	band := "ILL-" + home.Number(request)
	if done := home.Scans(band, ""); done.Did != "shipped" {
		t.Fatalf("it goes home: %+v", done)
	}
	lender.Says(home, connectors.Message{Kind: connectors.KindLoanCompleted})
	home.Expects(request, workflow.Completed)
	if status := home.ItemStatus(band); status != catalog.GoneHome {
		t.Fatalf("and is gone: %s", status)
	}
	tw.Sound()
}

// Money and parcels stay before staff until a person has dealt with them,
// whatever becomes of the request.
func TestTasksThatOnlyAPersonCloses(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := town.AsksPartner(t, 0)
	dear := town.Shipped("VT-1", "2026-04-10")
	dear.Cost = &broker.Money{Minor: 1500, Currency: "USD"}
	lender.Says(home, dear)
	tw.Pass(15) // not arrived when expected: a task that its arrival settles
	if !home.TaskOf(request, "arrival_overdue") {
		t.Fatal("staff look where it stays")
	}
	home.Scans("VT-1", "")
	home.Does(request, workflow.EventShelve, nil)
	home.Does(request, workflow.EventCheckOut, nil)
	if home.TaskOf(request, "arrival_overdue") || !home.TaskOf(request, "cost_above_approved") || home.Owed(patron) != 0 {
		t.Fatalf("nobody decided about the 15.00 yet: %d tasks, %d cents owed", home.Tasks(request), home.Owed(patron))
	}
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
		var task broker.ID
		if err := tx.QueryRow(ctx, `select id from staff_tasks where request_id = $1 and kind = 'cost_above_approved'`, request).Scan(&task); err != nil {
			return err
		}
		return requests.CloseTask(ctx, tx, tw.Clock.Now(), requests.Closing{Library: home.Library.ID, Task: task, Actor: home.Staff(), Note: "the library pays"})
	})
	if home.Tasks(request) != 0 {
		t.Fatal("a person closes it")
	}
	tw.Sound()
}

// renewing is a borrowed copy at Western District, due on 10 April, whose
// renewal was asked in time and not answered.
func renewing(t *testing.T) (tw *town.Town, home *town.House, lender *town.Partner, request, patron broker.ID) {
	t.Helper()
	tw = town.New(t, "2026-03-02T15:00:00Z")
	home = tw.Library("western-district", "IL", broker.NoID)
	lender = tw.Partner("IA", 0, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	patron = home.Patron("resident")
	submitted, err := home.Asks(requests.Submission{Patron: patron, Citation: town.Citation()})
	tw.Must(err)
	request = submitted.ID
	lender.Says(home, town.Shipped("IA-1", "2026-04-10"))
	home.Scans("IA-1", "")
	home.Does(request, workflow.EventShelve, nil)
	home.Does(request, workflow.EventCheckOut, nil)
	tw.Until("2026-04-06T15:00:00Z")
	home.Does(request, workflow.EventRenew, nil)
	return tw, home, lender, request, patron
}

func renewed(dueOn string) connectors.Message {
	m := answered(connectors.KindRenewAnswer, true)
	m.Due = town.Due(dueOn)
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
			tw.Until("2026-04-15T15:00:00Z")
			if !home.TaskOf(request, "renewal_answer_overdue") || home.Request(request).Overdue {
				t.Fatalf("staff hear that the lender is silent, and the patron is not overdue\n%s", tw.Timeline(request))
			}
			home.Does(request, workflow.EventReturn, nil)
			lender.Says(home, c.answer)
			if owed := home.Owed(patron); owed != c.owed || home.Request(request).RenewalPending {
				t.Fatalf("%d cents, not %d", c.owed, owed)
			}
			tw.Sound()
		})
	}
}

// A no after the due date makes the loan overdue at once, not in a week.
func TestARefusedRenewalLeavesTheOldDate(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := renewing(t)
	tw.Until("2026-04-13T15:00:00Z")
	lender.Says(home, answered(connectors.KindRenewAnswer, false))
	if got := home.Expects(request, workflow.CheckedOut); !got.Overdue || home.Notices(request, "renewal_refused") != 1 {
		t.Fatalf("overdue since the 10th, and the patron is told\n%s", tw.Timeline(request))
	}
	tw.Sound()
}

// The lender wants it back earlier: the shelf date follows, the patron is told
// by staff, and it leaves the shelf on that day.
func TestTheShelfDateFollowsTheLendersDate(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _, _ := town.Shelved(t)
	lender.Says(home, connectors.Message{Kind: connectors.KindDueChanged, Due: town.Due("2026-03-09")})
	if got := home.Expects(request, workflow.OnHoldShelf); got.PickUpBy != town.Due("2026-03-06") || !home.TaskOf(request, "shelf_time_short") {
		t.Fatalf("three days before 9 March is the 6th, not %s", got.PickUpBy)
	}
	lender.Says(home, connectors.Message{Kind: connectors.KindDueChanged, Due: town.Due("2026-05-09")})
	if got := home.Request(request).PickUpBy; got != town.Due("2026-03-06") {
		t.Fatalf("a promise to pick up is not stretched by itself: %s", got)
	}
	tw.Until("2026-03-06T20:00:00Z")
	home.Expects(request, workflow.OnHoldShelf)
	tw.Until("2026-03-07T04:00:00Z")
	home.Expects(request, workflow.ReturnDue)
	tw.Sound()
}

// On the last day a patron's word gives staff the rest of that day, once.
func TestTheLastDayIsDecidedOnce(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _, _ := town.Shelved(t)
	lender.Says(home, connectors.Message{Kind: connectors.KindDueChanged, Due: town.Due("2026-03-09")})
	home.Does(request, workflow.EventPatronContact, nil)
	for _, instant := range []string{"2026-03-06T22:30:00Z", "2026-03-06T23:00:00Z", "2026-03-07T01:00:00Z", "2026-03-07T04:30:00Z"} {
		tw.Until(instant)
		home.Expects(request, workflow.OnHoldShelf)
	}
	if times := home.Fired(request, workflow.EventShelfExpired); times != 1 {
		t.Fatalf("put before staff once, not %d times", times)
	}
	tw.Until("2026-03-07T05:30:00Z") // past midnight in New York
	home.Expects(request, workflow.ReturnDue)
	tw.Sound()
}

// A recall takes it off the hold shelf at once, and asks it back of a patron
// who then cannot renew.
func TestARecall(t *testing.T) {
	t.Parallel()
	recall := connectors.Message{Kind: connectors.KindRecalled}
	t.Run("on the shelf", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request, _, _ := town.Shelved(t)
		lender.Says(home, recall)
		if got := home.Expects(request, workflow.ReturnDue); !got.Recalled || !got.PickUpBy.IsZero() || home.Notices(request, "recalled") != 1 {
			t.Fatalf("it goes home and the patron is told: %+v", got)
		}
		home.Does(request, workflow.EventShipReturn, nil)
		tw.Sound()
	})
	t.Run("with the patron", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request, _, _ := town.Shelved(t)
		home.Does(request, workflow.EventCheckOut, nil)
		lender.Says(home, recall)
		if got := home.Expects(request, workflow.CheckedOut); !got.Recalled || home.Notices(request, "recalled") != 1 || !home.TaskOf(request, "recall") {
			t.Fatalf("the patron and staff are told: %+v", got)
		}
		if err := home.Acts(request, workflow.EventRenew, nil); !broker.IsKind(err, broker.KindRefused) {
			t.Fatalf("a recalled item is not renewed: %v", err)
		}
		tw.Sound()
	})
}

// Overdue: the patron is told on the day after and a week later, and the lender's
// own word goes to staff.
func TestAnOverdueLoan(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _, _ := town.Shelved(t)
	home.Does(request, workflow.EventCheckOut, nil)
	tw.Until("2026-04-11T15:00:00Z")
	if got := home.Expects(request, workflow.CheckedOut); !got.Overdue || home.Notices(request, "overdue") != 1 || !home.TaskOf(request, "due_passed") {
		t.Fatalf("the patron is told once, and staff see it: %d notices", home.Notices(request, "overdue"))
	}
	tw.Until("2026-04-19T15:00:00Z")
	if home.Notices(request, "overdue") != 2 {
		t.Fatalf("and again after a week: %d notices", home.Notices(request, "overdue"))
	}
	lender.Says(home, connectors.Message{Kind: connectors.KindOverdue})
	home.Expects(request, workflow.CheckedOut)
	if !home.TaskOf(request, "overdue_notice") {
		t.Fatal("what the lender says goes to staff")
	}
	home.Does(request, workflow.EventReturn, nil)
	home.Expects(request, workflow.ReturnDue)
	if home.TaskOf(request, "overdue_notice") || home.TaskOf(request, "due_passed") {
		t.Fatal("its return settles that")
	}
	tw.Sound()
}
