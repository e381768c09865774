package requests_test

import (
	"context"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/tasks"
	"afield/workflow/town"
)

// custodies are where the volumes of a request are, in the order in which the
// lender named them.
func custodies(home *town.House, request broker.ID) (found []workflow.Custody) {
	home.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		volumes, err := engine.VolumesOf(ctx, tx, home.Library.ID, request)
		for _, volume := range volumes {
			found = append(found, volume.Custody)
		}
		return err
	}))
	return found
}

func expectCustodies(t *testing.T, home *town.House, request broker.ID, want ...workflow.Custody) {
	t.Helper()
	got := custodies(home, request)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("the volumes are %v, want %v", got, want)
		}
	}
}

// The copy goes from hand to hand, and one fact says where it is.
func TestCustodyGoesWithTheCopy(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := town.AsksPartner(t, 0)
	lender.Says(home, town.Shipped("VT-1", "2026-04-10"))
	expectCustodies(t, home, request, workflow.ComingHere)
	tw.Must(home.Together(request, workflow.EventReceive, workflow.EventUndo))
	expectCustodies(t, home, request, workflow.ComingHere)
	home.Scans("VT-1", "")
	band := "ILL-" + home.Number(request)
	home.Scans(band, "")
	home.Lends(band, patron)
	expectCustodies(t, home, request, workflow.InHands)
	home.Scans(band, "")
	expectCustodies(t, home, request, workflow.InLibrary)
	home.Scans(band, "")
	expectCustodies(t, home, request, workflow.GoingHome)
	lender.Says(home, connectors.Message{Kind: connectors.KindLoanCompleted})
	expectCustodies(t, home, request, workflow.WithLender)
	home.Expects(request, workflow.Completed)
	tw.Sound()
}

// barcodesOf are the barcodes of a request's volumes; "" for one that has none.
func barcodesOf(home *town.House, request broker.ID) (found []string) {
	home.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		volumes, err := engine.VolumesOf(ctx, tx, home.Library.ID, request)
		for _, volume := range volumes {
			code := ""
			if volume.Barcode != nil {
				code = *volume.Barcode
			}
			found = append(found, code)
		}
		return err
	}))
	return found
}

// A lender that says again that it has shipped may name volumes that it had not
// named: none of them is dropped, whatever has happened meanwhile.
func TestVolumesNamedLateAreTakenUp(t *testing.T) {
	t.Parallel()
	says := func(codes ...string) connectors.Message {
		message := connectors.Message{Kind: connectors.KindLoaned, Due: town.Due("2026-04-10")}
		for _, code := range codes {
			message.Items = append(message.Items, connectors.MessageItem{Barcode: code})
		}
		return message
	}
	for name, c := range map[string]struct {
		first, again []string
		arrived      bool
		want         string
		asks         bool
	}{
		"the same again":                    {[]string{"VT-1"}, []string{"VT-1"}, false, "VT-1", false},
		"one more":                          {[]string{"VT-1"}, []string{"VT-1", "VT-2"}, false, "VT-1 VT-2", false},
		"the other alone":                   {[]string{"VT-1"}, []string{"VT-2"}, false, "VT-1 VT-2", true},
		"named at last":                     {nil, []string{"VT-1"}, false, "VT-1", false},
		"two, where none was named":         {nil, []string{"VT-1", "VT-2"}, false, "VT-1 VT-2", false},
		"one more, when the first was here": {[]string{"VT-1"}, []string{"VT-1", "VT-2"}, true, "VT-1 VT-2", true},
		"nothing said of volumes":           {[]string{"VT-1"}, nil, true, "VT-1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tw, home, lender, request, _ := town.AsksPartner(t, 0)
			lender.Says(home, says(c.first...))
			if c.arrived {
				home.Scans(c.first[0], "")
			}
			lender.Says(home, says(c.again...))
			if got := strings.Join(barcodesOf(home, request), " "); got != c.want {
				t.Errorf("the volumes are %q, want %q", got, c.want)
			}
			if asks := home.TaskOf(request, "volumes_missing"); asks != c.asks {
				t.Errorf("staff are asked: %v", asks)
			}
			for _, code := range strings.Fields(c.want) {
				if !c.arrived || code != c.first[0] {
					home.Scans(code, "")
				}
			}
			home.Expects(request, workflow.Received)
			for _, custody := range custodies(home, request) {
				if custody != workflow.InLibrary {
					t.Errorf("after all arrived: %v", custodies(home, request))
				}
			}
			tw.Sound()
		})
	}
}

// Who pays for a loss is whoever had it last, by whatever road it was lost.
func TestALossIsPaidByWhoeverHadIt(t *testing.T) {
	t.Parallel()
	owes := func(home *town.House, patron broker.ID) int64 { return home.Owed(patron) }
	roads := map[string]struct {
		way  func(home *town.House, request, patron broker.ID, band string)
		owes int64
	}{
		"lost by the patron": {func(home *town.House, request, patron broker.ID, band string) {
			home.Lends(band, patron)
			home.Does(request, workflow.EventReportLost, nil)
		}, 6000},
		"lost on the hold shelf": {func(home *town.House, request, _ broker.ID, _ string) {
			home.Does(request, workflow.EventReportLost, nil)
		}, 0},
		"brought back and lost in the library": {func(home *town.House, request, patron broker.ID, band string) {
			home.Lends(band, patron)
			home.Scans(band, "")
			home.Does(request, workflow.EventReportLost, nil)
		}, 0},
		"brought back and lost by the post": {func(home *town.House, request, patron broker.ID, band string) {
			home.Lends(band, patron)
			home.Scans(band, "")
			home.Scans(band, "")
			home.Does(request, workflow.EventLostInTransit, nil)
		}, 0},
	}
	for name, road := range roads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tw, home, lender, request, patron, band := town.Shelved(t)
			road.way(home, request, patron, band)
			home.Expects(request, workflow.LostPending)
			lender.Says(home, town.Invoice(6000))
			if got := owes(home, patron); got != road.owes {
				t.Errorf("the patron owes %d cents, want %d", got, road.owes)
			}
			tw.Sound()
		})
	}
}

// Lent to somebody else by a recorded override, that person has the copy, the
// notices and the bill.
func TestWhoeverTookItByOverrideHasTheBill(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron, band := town.Shelved(t)
	other := home.Patron("resident")
	lend := func(overrides []string, reason string) error {
		return home.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := home.Desk.CheckOut(ctx, tx, home.At(), desk.CheckOut{Barcode: band, Patron: other, Shown: "card", Overrides: overrides, Reason: reason})
			return err
		})
	}
	if err := lend(nil, ""); !broker.IsKind(err, broker.KindRefused) {
		t.Fatalf("it was borrowed for somebody else: %v", err)
	}
	tw.Must(lend([]string{"held_for_other"}, "sent by the patron, who is ill"))
	tw.Settle()
	home.Expects(request, workflow.CheckedOut)
	lender.Says(home, connectors.Message{Kind: connectors.KindRecalled})
	if home.ToldOf(other, "recalled") != 1 || home.ToldOf(patron, "recalled") != 0 {
		t.Error("whoever has it is told of the recall")
	}
	home.Does(request, workflow.EventReportLost, nil)
	lender.Says(home, town.Invoice(4000))
	if home.Owed(other) != 4000 || home.Owed(patron) != 0 {
		t.Errorf("whoever had it pays: other %d, patron %d", home.Owed(other), home.Owed(patron))
	}
	tw.Sound()
}

// What never arrived may arrive after all, and is then like any other copy.
func TestWhatThePostLostMayArrive(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, patron := town.AsksPartner(t, 0)
	lender.Says(home, town.Shipped("VT-1", "2026-04-10"))
	home.Does(request, workflow.EventLostInTransit, nil)
	expectCustodies(t, home, request, workflow.Unaccounted)
	if done := home.Scans("VT-1", ""); done.Did != "received" {
		t.Fatalf("it is received: %+v", done)
	}
	home.Expects(request, workflow.Received)
	band := "ILL-" + home.Number(request)
	home.Scans(band, "")
	home.Lends(band, patron)
	expectCustodies(t, home, request, workflow.InHands)
	tw.Sound()
}

// Found in the library after it was lost there, it goes home like any other.
func TestWhatTheLibraryLostIsFound(t *testing.T) {
	t.Parallel()
	tw, home, _, request, _, band := town.Shelved(t)
	home.Does(request, workflow.EventReportLost, nil)
	if status := home.ItemStatus(band); status != catalog.Lost {
		t.Fatalf("it is lost, not %s", status)
	}
	home.Scans(band, "")
	home.Expects(request, workflow.ReturnDue)
	home.Scans(band, "")
	home.Expects(request, workflow.ReturnShipped)
	tw.Sound()
}

// lentInTwoVolumes is a borrowed set in two volumes that its patron has, with the
// band of each.
func lentInTwoVolumes(t *testing.T) (tw *town.Town, home *town.House, lender *town.Partner, request broker.ID, one, two string) {
	t.Helper()
	tw, home, lender, request, patron := town.AsksPartner(t, 0)
	lender.Says(home, connectors.Message{Kind: connectors.KindLoaned, Due: town.Due("2026-04-20"), Items: []connectors.MessageItem{
		{Barcode: "VT-8", Volume: "1"}, {Barcode: "VT-9", Volume: "2"},
	}})
	home.Scans("VT-8", "")
	home.Scans("VT-9", "")
	one, two = "ILL-"+home.Number(request), "ILL-"+home.Number(request)+"-2"
	for _, band := range []string{one, two} {
		home.Scans(band, "")
		home.Lends(band, patron)
	}
	return tw, home, lender, request, one, two
}

// Each of two volumes has its own band, loan and way home; the request waits for
// both and names what is missing.
func TestTwoVolumesGoTheirOwnWays(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, one, two := lentInTwoVolumes(t)
	expectCustodies(t, home, request, workflow.InHands, workflow.InHands)

	home.Scans(one, "")
	home.Expects(request, workflow.CheckedOut)
	expectCustodies(t, home, request, workflow.InLibrary, workflow.InHands)
	if done := home.Scans(one, ""); done.Did != "nothing" || !strings.Contains(done.Message, "volume 2") {
		t.Fatalf("it waits for the other, which is named: %+v", done)
	}
	if heard := lender.Heard(connectors.KindShippedReturn); heard != 0 {
		t.Fatal("the lender is told that both are on their way, though one is not")
	}
	home.Scans(two, "")
	home.Expects(request, workflow.ReturnDue)
	if done := home.Scans(one, ""); !strings.Contains(done.Message, "volume 2") {
		t.Fatalf("what goes with it is named: %+v", done)
	}
	home.Expects(request, workflow.ReturnDue)
	home.Scans(two, "")
	home.Expects(request, workflow.ReturnShipped)
	if heard := lender.Heard(connectors.KindShippedReturn); heard != 1 {
		t.Fatalf("the lender is told once that both are on their way, not %d times", heard)
	}
	tw.Sound()
}

// One of two volumes is lost: the other comes back and goes home, and the
// request is not settled before both are.
func TestOneOfTwoVolumesIsLost(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, one, _ := lentInTwoVolumes(t)
	patron := home.Request(request).PatronID
	home.Scans(one, "")
	home.Does(request, workflow.EventReportLost, nil)
	expectCustodies(t, home, request, workflow.InLibrary, workflow.Unaccounted)
	lender.Says(home, town.Invoice(3000))
	if home.Owed(patron) != 3000 {
		t.Fatalf("the patron lost one: owes %d", home.Owed(patron))
	}
	home.Does(request, workflow.EventPay, nil)
	home.Expects(request, workflow.ReturnDue)
	home.Scans(one, "")
	home.Expects(request, workflow.ReturnShipped)
	tw.Sound()
}

// An invoice for volumes that were lost in different hands is divided by staff:
// each patron pays for the volume they had, all of it together is never more than
// the invoice, and what is found or forgiven is forgiven to whoever was charged
// for it.
func TestAnInvoiceIsDividedAmongThoseWhoLostIt(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, one, two := lentInTwoVolumes(t)
	patron, other := home.Request(request).PatronID, home.Patron("resident")
	home.Scans(two, "")
	lend := func() {
		t.Helper()
		home.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := home.Desk.CheckOut(ctx, tx, home.At(), desk.CheckOut{
				Barcode: two, Patron: other, Shown: "card", Overrides: []string{"held_for_other"}, Reason: "the second reader of the set",
			})
			return err
		}))
		tw.Settle()
	}
	lend()
	charge := func(barcode string, minor int64) error {
		return home.Acts(request, workflow.EventChargeVolume, map[string]any{"barcode": barcode, "cost": town.USD(minor)})
	}
	owe := func(first, second int64) {
		t.Helper()
		if a, b := home.Owed(patron), home.Owed(other); a != first || b != second {
			t.Fatalf("they owe %d and %d, want %d and %d", a, b, first, second)
		}
	}
	home.Does(request, workflow.EventReportLost, nil)
	expectCustodies(t, home, request, workflow.Unaccounted, workflow.Unaccounted)
	refused(t, charge(one, 1000), "no_invoice")
	lender.Says(home, town.Invoice(3000))
	owe(0, 0)
	if !home.TaskOf(request, tasks.InvoiceToDivide) {
		t.Fatal("staff are asked to divide it")
	}
	tw.Must(charge(one, 1000))
	refused(t, charge("VT-9", 2001), "invalid_input")
	refused(t, charge("VT-10", 500), "invalid_input")
	tw.Must(charge("VT-9", 1500)) // by the lender's barcode
	owe(1000, 1500)
	tw.Must(charge(two, 2000))
	owe(1000, 2000)
	if home.TaskOf(request, tasks.InvoiceToDivide) {
		t.Error("it is divided, and still to be")
	}
	lender.Says(home, town.Invoice(3000)) // said again
	owe(1000, 2000)
	home.Scans(two, "") // found, while the other stays lost
	owe(1000, 0)
	home.Expects(request, workflow.LostPending)
	refused(t, charge(two, 2000), "no_patron_lost_it")
	tw.Must(charge(one, 0))
	owe(0, 0)
	lender.Says(home, town.Invoice(1200)) // for what is lost still
	owe(1200, 0)
	lend() // and lost once more
	home.Does(request, workflow.EventReportLost, nil)
	lender.Says(home, town.Invoice(3000))
	owe(0, 0)
	tw.Must(charge(one, 1000))
	tw.Must(charge(two, 2000))
	owe(1000, 2000)
	home.Does(request, workflow.EventForgive, nil)
	owe(0, 0)
	tw.Sound()
}

// A lender sends two volumes of ours under one request; it is home when both
// are.
func TestALenderSendsTwoVolumes(t *testing.T) {
	t.Parallel()
	tw, home, lender, ours, theirs, _, barcode := town.LendsOut(t, "NY")
	second := lender.Owns(tw.Title("The second volume", "9780306406157"))
	lender.Does(theirs, workflow.EventAnswerYes, nil)
	lender.Does(theirs, workflow.EventAddVolume, map[string]any{"barcode": second, "volume": "2"})
	lender.Scans(barcode, "")
	lender.Scans(barcode, "")
	lender.Expects(theirs, workflow.Shipped)
	expectCustodies(t, home, ours, workflow.ComingHere, workflow.ComingHere)
	if status := lender.ItemStatus(second); status != catalog.OnLoan {
		t.Fatalf("the second volume is %s", status)
	}
	lender.Scans(second, "")
	lender.Expects(theirs, workflow.Shipped)
	if status := lender.ItemStatus(second); status != catalog.OnShelf {
		t.Fatalf("the second volume is home: %s", status)
	}
	lender.Scans(barcode, "")
	lender.Expects(theirs, workflow.Completed)
	tw.Sound()
}
