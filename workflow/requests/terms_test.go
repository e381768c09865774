package requests_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/policy"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
)

// differing is a preset with one value written otherwise.
func differing(t *testing.T, preset, from, to string) *policy.Document {
	t.Helper()
	text, err := policy.PresetText(preset)
	if err != nil || !strings.Contains(string(text), from) {
		t.Fatalf("%s says nowhere %q (%v)", preset, from, err)
	}
	document, err := policy.ParseUnder(preset, []byte(strings.Replace(string(text), from, to, 1)), policy.PresetText)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// A window measured from the initial due date has passed for good once the first
// one has, whatever the lender granted; one measured from the current due date
// moves with it.
func TestTheWindowIsMeasuredFromTheDateThePolicyNames(t *testing.T) {
	t.Parallel()
	for of, asks := range map[string]bool{"of: current_due": true, "of: initial_due": false} {
		t.Run(of, func(t *testing.T) {
			t.Parallel()
			home, lender, request, _ := town.Borrowed(t, differing(t, "western-district", "of: current_due", of))
			home.Until("2026-04-07T15:00:00Z")
			home.Does(request, workflow.EventRenew, nil)
			lender.Says(home, renewed("2026-05-08"))
			home.Until("2026-04-20T15:00:00Z")
			err := home.Acts(request, workflow.EventRenew, nil)
			if (err == nil) != asks {
				t.Fatalf("first due on 10 April, now on 8 May, asked on 20 April: %v", err)
			}
			if err != nil {
				home.Wants("renewal_refused", err)
			}
		})
	}
}

// A due date that the lender gave wrongly is corrected, and with it the date
// that the window is measured from.
func TestACorrectedDateIsTheFirstOne(t *testing.T) {
	t.Parallel()
	home, lender, request, _ := town.Borrowed(t, differing(t, "western-district", "of: current_due", "of: initial_due"))
	lender.Says(home, connectors.Message{Kind: connectors.KindDueChanged, Due: town.Due("2026-04-24")})
	home.Until("2026-04-20T15:00:00Z")
	home.Does(request, workflow.EventRenew, nil)
}

// A lender that does not answer a renewal is put before staff once, not with
// every sweep.
func TestASilentLenderIsTheMatterOfOneTask(t *testing.T) {
	t.Parallel()
	home, _, request, _ := town.Borrowed(t)
	home.Until("2026-03-16T15:00:00Z")
	home.Does(request, workflow.EventRenew, nil)
	home.Until(home.Deadline(request, "renewal_answer").Add(time.Minute).UTC().Format(time.RFC3339))
	home.Settle()
	if fired := home.Fired(request, workflow.EventRenewalOverdue); fired != 1 {
		t.Fatalf("fired %d times", fired)
	}
}

// The time to search begins with the due date, or with the patron's report where
// that came first; found again, the due date counts once more.
func TestTheTimeToSearchHasAnEnd(t *testing.T) {
	t.Parallel()
	home, _, request, patron := town.Borrowed(t)
	ends := func() string { return home.Deadline(request, "search").In(home.Zone).Format("2006-01-02 15:04") }
	if got := ends(); got != "2026-05-11 00:00" {
		t.Fatalf("thirty days after 10 April, the last of them counted: %s", got)
	}
	home.Until("2026-03-20T15:00:00Z")
	home.Does(request, workflow.EventReportMisplaced, nil)
	if got := ends(); got != "2026-04-20 00:00" {
		t.Fatalf("thirty days after the report: %s", got)
	}
	home.Does(request, workflow.EventFound, nil)
	if got := ends(); got != "2026-05-11 00:00" {
		t.Fatalf("found again: %s", got)
	}
	home.Until("2026-03-23T15:00:00Z")
	home.Does(request, workflow.EventReportMisplaced, nil)
	home.Until("2026-04-23T15:00:00Z")
	lost := home.Expects(request, workflow.LostPending)
	if lost.Owner != "staff" || !home.TaskOf(request, "search_ended") || home.LoanOf(request) != "lost" || home.ToldOf(patron, "lost") != 1 {
		t.Fatalf("lost, and staff and the patron know it\n%s", home.Timeline(request))
	}
	home.Sound()
}

// When receiving a parcel, staff enter what the slip in it says.
func TestStaffEnterTheLendersTermsOnReceipt(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("perth", "ON", broker.NoID)
	lender := tw.Partner("QC", 0, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	patron := home.Patron("member")
	submitted, err := home.Asks(requests.Submission{Patron: patron, Citation: town.Citation()})
	tw.Must(err)
	request := submitted.ID
	lender.Says(home, town.Shipped("QC-1", "2026-04-10"))
	money := func(minor int64, currency string) map[string]any {
		return map[string]any{"minor": minor, "currency": currency}
	}
	for pointer, terms := range map[string]map[string]any{
		"/fine":      {"fine": money(50, "USD")},
		"/fine_most": {"fine": money(50, "CAD"), "fine_most": money(400, "USD")},
	} {
		err := home.Acts(request, workflow.EventReceive, terms)
		home.Wants("invalid_input", err)
		if ours, ok := broker.AsError(err); !ok || len(ours.Fields) != 1 || ours.Fields[0].Pointer != pointer {
			t.Errorf("%s in another currency: %v", pointer, err)
		}
	}
	home.Wants("invalid_input", home.Acts(request, workflow.EventReceive, map[string]any{"fine_most": money(400, "CAD")}))
	home.Does(request, workflow.EventReceive, map[string]any{"renewals": 0, "fine": money(50, "CAD"), "fine_most": money(400, "CAD")})
	home.Does(request, workflow.EventShelve, nil)
	home.Does(request, workflow.EventCheckOut, nil)
	home.Until("2026-04-01T15:00:00Z")
	home.Wants("renewal_refused", home.Acts(request, workflow.EventRenew, nil))
	home.Until("2026-04-13T15:00:00Z")
	home.Does(request, workflow.EventReturn, nil)
	if owed := home.Owed(patron); owed != 150 {
		t.Fatalf("three days at 0.50 are 1.50, not %d cents", owed)
	}
	home.Sound()
}

// A library that asks other libraries for late days says so with what it sends.
func TestOurFineForOtherLibrariesTravelsWithTheItem(t *testing.T) {
	t.Parallel()
	for rate, want := range map[string]*int64{`rate: "0.00", cap: none`: nil, `rate: "0.30", cap: "6.00"`: new(int64(30))} {
		t.Run(rate, func(t *testing.T) {
			t.Parallel()
			tw := town.New(t, "2026-03-02T15:00:00Z", differing(t, "western-district",
				`{set_by: library, rate: "0.00", cap: none, count: calendar}`, `{set_by: library, `+rate+`, count: calendar}`))
			home := tw.Library("western-district", "IL", broker.NoID)
			title := tw.Title("A title of ours", town.ISBN)
			barcode := home.Owns(title)
			borrower := tw.Partner("IA", 0, title)
			cited := town.Citation()
			borrower.Borrows(home, connectors.Message{Kind: connectors.KindRequest, RequestID: "IA-7", Citation: &cited, Service: "loan"})
			theirs := home.Lending()
			home.Does(theirs, workflow.EventAnswerYes, nil)
			home.Scans(barcode, "")
			home.Scans(barcode, "")
			for _, said := range tw.Sent.Messages {
				if said.Kind != connectors.KindLoaned {
					continue
				}
				if (said.Fine == nil) != (want == nil) || (want != nil && (said.Fine.Minor != *want || said.FineMost.Minor != 600)) {
					t.Fatalf("fine %v, at most %v", said.Fine, said.FineMost)
				}
				return
			}
			t.Fatal("nothing was sent")
		})
	}
}

// What a lender said counts from when it said so, in whatever order its messages
// come: a correction that it sent before it renewed does not undo the renewal.
func TestALendersWordCountsFromWhenItWasSaid(t *testing.T) {
	t.Parallel()
	corrected := connectors.Message{Kind: connectors.KindDueChanged, Due: town.Due("2026-04-14"), SentAt: time.Date(2026, 3, 30, 15, 0, 0, 0, time.UTC)}
	for name, order := range map[string][]int{"as it was said": {0, 1}, "overtaken on its way": {1, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home, lender, request, _ := town.Borrowed(t)
			home.Until("2026-04-01T15:00:00Z")
			home.Does(request, workflow.EventRenew, nil)
			home.Until("2026-04-02T15:00:00Z")
			for _, nth := range order {
				lender.Says(home, []connectors.Message{corrected, renewed("2026-05-08")}[nth])
			}
			now := home.Request(request)
			if now.LenderDueOn != town.Due("2026-05-08") || now.PatronDueOn != town.Due("2026-05-08") || now.Renewals != 1 {
				t.Errorf("due at the lender's on %s, at ours on %s, renewed %d times", now.LenderDueOn, now.PatronDueOn, now.Renewals)
			}
			home.Sound()
		})
	}
}

// A recall that comes to be known after the return comes to the same as before it.
func TestARecallAfterTheReturnComesToTheSame(t *testing.T) {
	t.Parallel()
	came := map[string]string{}
	for _, order := range []string{"recall, return", "return, recall"} {
		home, lender, request, patron := town.Borrowed(t)
		home.Until("2026-04-01T15:00:00Z")
		for _, what := range strings.Split(order, ", ") {
			if what == "recall" {
				lender.Says(home, connectors.Message{Kind: connectors.KindRecalled})
				continue
			}
			home.Does(request, workflow.EventReturn, nil)
		}
		now := home.Request(request)
		came[order] = fmt.Sprintf("due on %s, owes %d, recalled %v", now.PatronDueOn, home.Owed(patron), now.Recalled)
		home.Sound()
	}
	if came["recall, return"] != came["return, recall"] {
		t.Errorf("%v", came)
	}
}
