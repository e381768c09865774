package requests_test

import (
	"testing"

	"afield/broker"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/town"
)

// What the search in workflow/proof found, played on a database: the shortest of
// each kind.

// A patron cancels, the lender does not stop and then is silent: nobody else is
// asked for what nobody waits for.
func TestNobodyIsAskedForWhatWasCancelled(t *testing.T) {
	t.Parallel()
	no := false
	for name, then := range map[string]func(*town.Town, *town.Partner, *town.House){
		"silence": func(tw *town.Town, _ *town.Partner, _ *town.House) { tw.Pass(30) },
		"conditions": func(_ *town.Town, p *town.Partner, h *town.House) {
			p.Says(h, connectors.Message{Kind: connectors.KindConditional, Conditions: "in the building only"})
		},
		"a no": func(_ *town.Town, p *town.Partner, h *town.House) {
			p.Says(h, connectors.Message{Kind: connectors.KindUnfilled})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tw, home, lender, request, patron := town.AsksPartner(t, 0)
			home.Does(request, workflow.EventCancel, nil)
			lender.Says(home, connectors.Message{Kind: connectors.KindCancelAnswer, Yes: &no})
			home.Expects(request, workflow.Requested)
			if err := home.Acts(request, workflow.EventTryNextLender, nil); err == nil {
				t.Fatal("nobody is to be asked next for what was cancelled")
			}
			then(tw, lender, home)
			home.Expects(request, workflow.Cancelled)
			if lender.Heard(connectors.KindRequest) != 1 || home.ToldOf(patron, "cancelled") != 1 {
				t.Fatalf("asked %d times, told %d times", lender.Heard(connectors.KindRequest), home.ToldOf(patron, "cancelled"))
			}
			tw.Sound()
		})
	}
}

// A word of the lender that fits nothing is put before staff, never dropped.
func TestAWordThatFitsNothingIsRead(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	tw.Pass(30) // no answer: we have moved on
	for _, kind := range []connectors.Kind{connectors.KindOverdue, connectors.KindRecalled, connectors.KindInvoice} {
		if home.TaskOf(request, "late_word") {
			t.Fatalf("a task before %s", kind)
		}
		said := town.Invoice(500)
		said.Kind = kind
		if kind != connectors.KindInvoice {
			said.Cost = nil
		}
		lender.Says(home, said)
		if !home.TaskOf(request, "late_word") {
			t.Fatalf("%s of a lender we moved on from is read by nobody\n%s", kind, tw.Timeline(request))
		}
		home.Closes(request, "late_word")
	}
	tw.Sound()
}

// What a borrower says of a copy that its lender has not recorded as sent counts
// once it is.
func TestWhatWasSaidTooEarlyCountsLater(t *testing.T) {
	t.Parallel()
	t.Run("by the borrower", func(t *testing.T) {
		t.Parallel()
		tw := town.New(t, "2026-03-02T15:00:00Z")
		lender, borrower := tw.Library("open-lender", "VT", broker.NoID), tw.Partner("NY", 0)
		barcode := lender.Owns(tw.Title("A title nobody here owns", town.ISBN))
		citation := town.Citation()
		borrower.Borrows(lender, connectors.Message{Kind: connectors.KindRequest, RequestID: "r-1", Citation: &citation})
		asked := lender.Lending()
		if lender.Request(asked).State == workflow.Requested {
			lender.Does(asked, workflow.EventAnswerYes, nil)
		}
		borrower.Borrows(lender, connectors.Message{Kind: connectors.KindReceived, RequestID: "r-1"})
		if !lender.TaskOf(asked, "borrower_received") {
			t.Fatal("staff are told that it has arrived though it is not recorded as sent")
		}
		lender.Does(asked, workflow.EventShip, map[string]any{"barcode": barcode})
		lender.Expects(asked, workflow.WithBorrowingLibrary)
		tw.Sound()
	})
	t.Run("by the lender", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request, patron, band := town.Shelved(t)
		home.Scans(band, home.Card(patron))
		home.Scans(band, "")
		home.Expects(request, workflow.ReturnDue)
		lender.Says(home, connectors.Message{Kind: connectors.KindLoanCompleted})
		home.Expects(request, workflow.ReturnDue)
		home.Scans(band, "")
		home.Expects(request, workflow.Completed)
		tw.Sound()
	})
}

// A renewal that was asked as the copy comes home is answered, and nobody waits
// for it for ever.
func TestARenewalIsAnsweredWhenTheCopyComesHome(t *testing.T) {
	t.Parallel()
	tw, home, lender, ours, theirs, _, _, band := lentOut(t)
	home.Does(ours, workflow.EventRenew, nil)
	if !lender.Request(theirs).RenewalPending {
		t.Fatal("the lender was asked to renew")
	}
	home.Scans(band, "")
	home.Scans(band, "")
	if lender.Request(theirs).RenewalPending || home.Request(ours).RenewalPending {
		t.Fatalf("pending at the lender %v, at home %v", lender.Request(theirs).RenewalPending, home.Request(ours).RenewalPending)
	}
	tw.Sound()
}

// A lender that says again that it has shipped does not undo the due date it
// corrected, and opens no task once the copy is on its way home.
func TestAShipmentSaidTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron, band := town.Shelved(t)
	home.Scans(band, home.Card(patron))
	lender.Says(home, connectors.Message{Kind: connectors.KindDueChanged, Due: town.Due("2026-04-24")})
	lender.Says(home, town.Shipped("VT-1", "2026-04-10"))
	if due := home.Request(request).LenderDueOn; due != town.Due("2026-04-24") {
		t.Fatalf("the corrected due date stands; it is %s", due)
	}
	home.Scans(band, "")
	home.Scans(band, "")
	home.Expects(request, workflow.ReturnShipped)
	lender.Says(home, town.Shipped("VT-1", "2026-04-10"))
	lender.Says(home, connectors.Message{Kind: connectors.KindLoanCompleted})
	lender.Says(home, town.Shipped("VT-1", "2026-04-10"))
	home.Expects(request, workflow.Completed)
	if home.Tasks(request) != 0 {
		t.Fatal("nothing is to be done")
	}
	tw.Sound()
}

// An invoice for damage that comes after the end can be paid, and the lender
// hears of it.
func TestAnInvoiceAfterTheEndCanBePaid(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron, band := town.Shelved(t)
	home.Scans(band, home.Card(patron))
	home.Scans(band, "")
	home.Scans(band, "")
	lender.Says(home, connectors.Message{Kind: connectors.KindLoanCompleted})
	home.Expects(request, workflow.Completed)
	if err := home.Acts(request, workflow.EventPay, nil); err == nil {
		t.Fatal("nothing is owed yet")
	}
	lender.Says(home, town.Invoice(700))
	home.Does(request, workflow.EventPay, nil)
	if lender.Heard(connectors.KindPaid) != 1 {
		t.Fatal("the lender is told that it was paid")
	}
	if err := home.Acts(request, workflow.EventPay, nil); err == nil {
		t.Fatal("it is paid once")
	}
	tw.Sound()
}

// A lender forgives a loss: the borrower's patron owes nothing for it, and the
// copy is not written down as home.
func TestALossIsForgivenOnBothSides(t *testing.T) {
	t.Parallel()
	tw, home, lender, ours, theirs, patron, _, _ := lentOut(t)
	home.Does(ours, workflow.EventReportLost, nil)
	lender.Does(theirs, workflow.EventSendInvoice, map[string]any{"cost": town.USD(2500)})
	if home.Owed(patron) != 2500 {
		t.Fatalf("the patron owes %d", home.Owed(patron))
	}
	lender.Does(theirs, workflow.EventForgive, nil)
	home.Expects(ours, workflow.Completed)
	if home.Owed(patron) != 0 {
		t.Fatalf("the patron owes %d for what was forgiven", home.Owed(patron))
	}
	if home.Fired(ours, workflow.EventForgive) != 1 || home.Fired(ours, workflow.EventLenderConfirms) != 0 {
		t.Fatal(tw.Timeline(ours))
	}
	tw.Sound()
}

// What was lost, paid and ended comes home after all: both sides know.
func TestWhatComesHomeAfterTheEndIsToldToTheBorrower(t *testing.T) {
	t.Parallel()
	tw, home, lender, ours, theirs, patron, barcode, _ := lentOut(t)
	home.Does(ours, workflow.EventReportLost, nil)
	lender.Does(theirs, workflow.EventSendInvoice, map[string]any{"cost": town.USD(2500)})
	home.Does(ours, workflow.EventPay, nil)
	home.Expects(ours, workflow.Completed)
	lender.Scans(barcode, "")
	if home.Owed(patron) != 0 {
		t.Fatalf("the patron owes %d for what is home", home.Owed(patron))
	}
	if lender.OwedByLibraries() != 0 {
		t.Fatalf("the borrower owes %d", lender.OwedByLibraries())
	}
	tw.Sound()
}

// lentOut is a copy of one member that a patron of another has at home.
func lentOut(t *testing.T) (tw *town.Town, home, lender *town.House, ours, theirs, patron broker.ID, barcode, band string) {
	t.Helper()
	tw, home, lender, ours, theirs, patron, barcode = town.LendsOut(t, "VT")
	if lender.Request(theirs).State == workflow.Requested {
		lender.Does(theirs, workflow.EventAnswerYes, nil)
	}
	lender.Does(theirs, workflow.EventShip, map[string]any{"barcode": barcode})
	home.Scans(barcode, "")
	band = "ILL-" + home.Number(ours)
	home.Scans(band, "")
	home.Scans(band, home.Card(patron))
	return tw, home, lender, ours, theirs, patron, barcode, band
}

// A due date that passes while the lender has not answered a renewal leaves the
// day by which it answers: staff are told then that it has not.
func TestADueDateThatPassesLeavesTheDayByWhichTheLenderAnswers(t *testing.T) {
	t.Parallel()
	tw, home, _, request, patron, band := town.Shelved(t) // due on 10 April
	home.Scans(band, home.Card(patron))
	tw.Until("2026-04-09T15:00:00Z")
	home.Does(request, workflow.EventRenew, nil)
	tw.Until("2026-04-11T15:00:00Z")
	if home.Fired(request, workflow.EventDuePassed) == 0 || home.Deadline(request, "renewal_answer").IsZero() {
		t.Fatalf("the renewal is waited for without end\n%s", tw.Timeline(request))
	}
	tw.Pass(10)
	if home.Fired(request, workflow.EventRenewalOverdue) != 1 {
		t.Fatalf("nobody is told that the lender does not answer\n%s", tw.Timeline(request))
	}
	tw.Sound()
}
