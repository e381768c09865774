package desk_test

import (
	"strings"
	"testing"
	"time"

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

// borrowed is a copy from Iowa that a patron of Western District has until 10
// April.
func borrowed(t *testing.T, own ...*policy.Document) (home *house, lender *partner, request, patron broker.ID) {
	t.Helper()
	tw := newTown(t, "2026-03-02T15:00:00Z", own...)
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
	return home, lender, request, patron
}

// A window measured from the initial due date has passed for good once the first
// one has, whatever the lender granted; one measured from the current due date
// moves with it.
func TestTheWindowIsMeasuredFromTheDateThePolicyNames(t *testing.T) {
	t.Parallel()
	for of, asks := range map[string]bool{"of: current_due": true, "of: initial_due": false} {
		t.Run(of, func(t *testing.T) {
			t.Parallel()
			home, lender, request, _ := borrowed(t, differing(t, "western-district", "of: current_due", of))
			home.until("2026-04-07T15:00:00Z")
			home.does(request, workflow.EventRenew, nil)
			lender.says(home, renewed("2026-05-08"))
			home.until("2026-04-20T15:00:00Z")
			err := home.acts(request, workflow.EventRenew, nil)
			if (err == nil) != asks {
				t.Fatalf("first due on 10 April, now on 8 May, asked on 20 April: %v", err)
			}
			if err != nil {
				home.wants("renewal_refused", err)
			}
		})
	}
}

// A date that the lender had said wrongly is corrected, and with it the date
// that the window is measured from.
func TestACorrectedDateIsTheFirstOne(t *testing.T) {
	t.Parallel()
	home, lender, request, _ := borrowed(t, differing(t, "western-district", "of: current_due", "of: initial_due"))
	lender.says(home, connectors.Message{Kind: connectors.KindDueChanged, Due: due("2026-04-24")})
	home.until("2026-04-20T15:00:00Z")
	home.does(request, workflow.EventRenew, nil)
}

// A lender that does not answer a renewal is put before staff once, not with
// every sweep.
func TestASilentLenderIsTheMatterOfOneTask(t *testing.T) {
	t.Parallel()
	home, _, request, _ := borrowed(t)
	home.until("2026-03-16T15:00:00Z")
	home.does(request, workflow.EventRenew, nil)
	home.until(home.deadline(request, "renewal_answer").Add(time.Minute).UTC().Format(time.RFC3339))
	home.settle()
	if fired := home.fired(request, workflow.EventRenewalOverdue); fired != 1 {
		t.Fatalf("fired %d times", fired)
	}
}

// The time to search begins with the due date, or with the patron's report where
// that came first; found again, the due date counts once more.
func TestTheTimeToSearchHasAnEnd(t *testing.T) {
	t.Parallel()
	home, _, request, patron := borrowed(t)
	ends := func() string { return home.deadline(request, "search").In(home.Zone).Format("2006-01-02 15:04") }
	if got := ends(); got != "2026-05-11 00:00" {
		t.Fatalf("thirty days after 10 April, the last of them counted: %s", got)
	}
	home.until("2026-03-20T15:00:00Z")
	home.does(request, workflow.EventReportMisplaced, nil)
	if got := ends(); got != "2026-04-20 00:00" {
		t.Fatalf("thirty days after the report: %s", got)
	}
	home.does(request, workflow.EventFound, nil)
	if got := ends(); got != "2026-05-11 00:00" {
		t.Fatalf("found again: %s", got)
	}
	home.until("2026-03-23T15:00:00Z")
	home.does(request, workflow.EventReportMisplaced, nil)
	home.until("2026-04-23T15:00:00Z")
	lost := home.expects(request, workflow.LostPending)
	if lost.Owner != "staff" || !home.taskOf(request, "search_ended") || home.loanOf(request) != "lost" || home.toldOf(patron, "lost") != 1 {
		t.Fatalf("lost, and staff and the patron know it\n%s", home.timeline(request))
	}
	home.sound()
}

// Staff enter on receiving it what a slip in the parcel says.
func TestStaffEnterTheLendersTermsOnReceipt(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("perth", "ON", broker.NoID)
	lender := tw.partner("QC", 0, tw.title("A title nobody here owns", isbn))
	home.looksTo([]broker.ID{lender.id})
	patron := home.patron("member")
	submitted, err := home.asks(requests.Submission{Patron: patron, Citation: citation()})
	tw.must(err)
	request := submitted.ID
	lender.says(home, shipped("QC-1", "2026-04-10"))
	money := func(minor int64, currency string) map[string]any {
		return map[string]any{"minor": minor, "currency": currency}
	}
	for pointer, terms := range map[string]map[string]any{
		"/fine":      {"fine": money(50, "USD")},
		"/fine_most": {"fine": money(50, "CAD"), "fine_most": money(400, "USD")},
	} {
		err := home.acts(request, workflow.EventReceive, terms)
		home.wants("invalid_input", err)
		if ours, ok := broker.AsError(err); !ok || len(ours.Fields) != 1 || ours.Fields[0].Pointer != pointer {
			t.Errorf("%s in another currency: %v", pointer, err)
		}
	}
	home.wants("invalid_input", home.acts(request, workflow.EventReceive, map[string]any{"fine_most": money(400, "CAD")}))
	home.does(request, workflow.EventReceive, map[string]any{"renewals": 0, "fine": money(50, "CAD"), "fine_most": money(400, "CAD")})
	home.does(request, workflow.EventShelve, nil)
	home.does(request, workflow.EventCheckOut, nil)
	home.until("2026-04-01T15:00:00Z")
	home.wants("renewal_refused", home.acts(request, workflow.EventRenew, nil))
	home.until("2026-04-13T15:00:00Z")
	home.does(request, workflow.EventReturn, nil)
	if owed := home.owed(patron); owed != 150 {
		t.Fatalf("three days at 0.50 are 1.50, not %d cents", owed)
	}
	home.sound()
}

// A library that asks other libraries for late days says so with what it sends.
func TestOurFineForOtherLibrariesTravelsWithTheItem(t *testing.T) {
	t.Parallel()
	for rate, want := range map[string]*int64{`rate: "0.00", cap: none`: nil, `rate: "0.30", cap: "6.00"`: new(int64(30))} {
		t.Run(rate, func(t *testing.T) {
			t.Parallel()
			tw := newTown(t, "2026-03-02T15:00:00Z", differing(t, "western-district",
				`{set_by: library, rate: "0.00", cap: none, count: calendar}`, `{set_by: library, `+rate+`, count: calendar}`))
			home := tw.library("western-district", "IL", broker.NoID)
			title := tw.title("A title of ours", isbn)
			barcode := home.owns(title)
			borrower := tw.partner("IA", 0, title)
			cited := citation()
			borrower.borrows(home, connectors.Message{Kind: connectors.KindRequest, RequestID: "IA-7", Citation: &cited, Service: "loan"})
			theirs := home.lending()
			home.does(theirs, workflow.EventAnswerYes, nil)
			home.scans(barcode, "")
			home.scans(barcode, "")
			for _, said := range tw.sent.messages {
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
