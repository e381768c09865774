package cutover_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/csvfile"
	"afield/broker/exchange"
	"afield/broker/loans"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/cutover"
	"afield/workflow/requests"
	"afield/workflow/town"
)

// desk is a library on the day it leaves its old system.
type desk struct {
	*town.House
	lender *town.Partner
	patron broker.ID
	card   string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	return deskOf(t, "westport", "NY", "resident")
}

// deskOf is the desk of a library with a policy, where one patron of a class is known.
func deskOf(t *testing.T, policy, state, class string) *desk {
	t.Helper()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	d := &desk{House: tw.Library(policy, state, broker.NoID), lender: tw.Partner("VT", 1250)}
	d.patron = d.Patron(class)
	d.card = d.Card(d.patron)
	return d
}

// reads reads rows whose columns are number, state, barcode, due and patron_due.
func (d *desk) reads(rows ...string) (exchange.Result, []csvfile.RowError) {
	d.T.Helper()
	text := "number,state,card,title,lender,barcode,due,patron_due,asked\n"
	for _, row := range rows {
		cells := strings.Split(row, ",")
		text += fmt.Sprintf("%s,%s,%s,A book that is %s,%s,%s,%s,%s,2026-02-01 10:00\n", cells[0], cells[1], d.card, cells[1], cells[2], cells[3], cells[4], cells[5])
	}
	return d.file(text, false)
}

func (d *desk) file(text string, dry bool) (result exchange.Result, wrong []csvfile.RowError) {
	d.T.Helper()
	result, err := exchange.Import(d.T.Context(), d.DB, strings.NewReader(text), exchange.Options{
		Kind: exchange.Requests, Library: d.Library.ID, Now: d.Clock.Now(), DryRun: dry, Policies: standing.ByName(policy.Preset),
		Taker:   cutover.Room{Requests: d.Requests, Desk: d.Desk, Clock: d.Clock},
		OnError: func(one csvfile.RowError) { wrong = append(wrong, one) },
	})
	d.Must(err)
	d.Settle()
	return result, wrong
}

// numbered finds a request by its number in the other system, as staff do.
func (d *desk) numbered(number string) broker.ID {
	d.T.Helper()
	var found []requests.Summary
	d.Must(d.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		found, _, err = d.Requests.List(ctx, tx, requests.Viewer{Library: d.Library.ID}, requests.Filter{Sides: []workflow.Side{workflow.SideBorrowing}, Words: number}, broker.NoID, 10)
		return err
	}))
	if len(found) != 1 {
		d.T.Fatalf("number %s finds %d requests", number, len(found))
	}
	return found[0].ID
}

// all is one request in every state, as the other system wrote them.
func (d *desk) all() []string {
	lender := d.lender.Symbol.String()
	return []string{
		"TN-1,needs_review,,,,",
		"TN-2,requested," + lender + ",,,",
		"TN-3,will_supply," + lender + ",,,",
		"TN-4,shipped," + lender + ",VT-4,2026-04-20,",
		"TN-5,received," + lender + ",VT-5,2026-04-20,",
		"TN-6,on_hold_shelf," + lender + ",VT-6,2026-04-20,",
		"TN-7,checked_out," + lender + ",VT-7,2026-04-20,2026-03-20",
		"TN-8,return_due," + lender + ",VT-8,2026-04-20,",
		"TN-9,return_shipped," + lender + ",VT-9,2026-04-20,",
	}
}

// Requests of every state are taken in with it; nothing is said or charged again,
// and read again the file changes nothing.
func TestRequestsGoOnFromTheStateTheyHad(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	rows := d.all()
	if len(rows) != len(cutover.States()) {
		t.Fatalf("%d rows for the states %v", len(rows), cutover.States())
	}
	result, wrong := d.reads(rows...)
	if len(wrong) > 0 || result.New != len(rows) {
		t.Fatalf("%+v, %v", result, wrong)
	}
	for _, row := range rows {
		cells := strings.Split(row, ",")
		request := d.Request(d.numbered(cells[0]))
		if string(request.State) != cells[1] || request.SubmittedAt.Format("2006-01-02") != "2026-02-01" {
			t.Errorf("%s is %s and was asked on %s", row, request.State, request.SubmittedAt)
		}
		if due := cells[4]; due != "" && request.LenderDueOn.String() != due {
			t.Errorf("%s: the lender wants it back on %s", row, request.LenderDueOn)
		}
		if tasks := d.Tasks(request.ID); tasks != map[bool]int{true: 1}[request.State == workflow.NeedsReview] {
			t.Errorf("%s: %d tasks are open", row, tasks)
		}
	}
	if len(d.Sent.Messages) > 0 {
		t.Errorf("the lender was sent %v", d.Sent.Messages)
	}
	var told int
	d.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*) from notices where status <> 'cancelled'`).Scan(&told)
	})
	if told > 0 {
		t.Errorf("the patron is told %d times of what they know", told)
	}
	if owed := d.Owed(d.patron); owed != 0 {
		t.Errorf("the patron was charged %d again", owed)
	}
	if loan := d.LoanOf(d.numbered("TN-7")); loan != loans.Open {
		t.Errorf("what the patron has is %s", loan)
	}
	if due := d.Request(d.numbered("TN-7")).PatronDueOn; due.String() != "2026-03-20" {
		t.Errorf("the patron brings it back on %s", due)
	}
	if again, wrong := d.reads(rows...); len(wrong) > 0 || again.Unchanged != len(rows) {
		t.Errorf("read again: %+v, %v", again, wrong)
	}
	d.Sound()
}

// Who owes too much has what they have: what a director may pass over is passed over,
// and a day that has passed ends nothing.
func TestWhatAPatronHasIsTakenInWhateverTheyOwe(t *testing.T) {
	t.Parallel()
	d := deskOf(t, "perth", "ON", "adult")
	d.Owe(d.patron, "overdue_fine", 90000)
	if !d.Blocked(d.patron) {
		t.Fatal("the patron is not stopped")
	}
	lender := d.lender.Symbol.String()
	result, wrong := d.file("number,state,card,title,lender,barcode,due,need_by\n"+
		"TN-1,checked_out,"+d.card+",A book,"+lender+",VT-1,2026-04-20,2026-02-20\n"+
		"TN-2,requested,"+d.card+",Another book,"+lender+",,,2026-02-20\n", false)
	if result.New != 2 {
		t.Fatalf("%+v, %v", result, wrong)
	}
	d.Expects(d.numbered("TN-1"), workflow.CheckedOut)
	d.Expects(d.numbered("TN-2"), workflow.Requested)
	d.Sound()
}

// What was taken in goes home by the acts of the desk, as any request does.
func TestWhatWasTakenInGoesHome(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if _, wrong := d.reads(d.all()...); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	d.Scans("VT-4", "")
	d.Expects(d.numbered("TN-4"), workflow.Received)
	d.Scans("VT-6", d.card)
	d.Expects(d.numbered("TN-6"), workflow.CheckedOut)
	d.Scans("VT-7", "")
	d.Expects(d.numbered("TN-7"), workflow.ReturnDue)
	d.Does(d.numbered("TN-7"), workflow.EventShipReturn, nil)
	d.Does(d.numbered("TN-7"), workflow.EventLenderConfirms, nil)
	d.Expects(d.numbered("TN-7"), workflow.Completed)
	if len(d.Sent.Messages) > 0 {
		t.Errorf("the lender, who knows none of our numbers, was sent %v", d.Sent.Messages)
	}
	d.Sound()
}

func TestWrongRowsSayWhatWouldBeRight(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	lender := d.lender.Symbol.String()
	for row, says := range map[string]string{
		"TN-1,finished,,,,":                                            "state",
		"TN-1,requested,,,,":                                           "lender",
		"TN-1,requested,ISIL:US-NOBODY,,,":                             "lender",
		"TN-1,on_hold_shelf," + lender + ",,,":                         "barcode",
		"TN-1,received," + lender + ",VT-1,,":                          "due",
		"TN-1,shipped," + lender + ",VT-1,soon,":                       "due",
		"TN-1,on_hold_shelf," + lender + ",VT-1,2026-04-20,2026-03-20": "patron_due",
	} {
		result, wrong := d.reads(row)
		if result.New > 0 || !slices.ContainsFunc(wrong, func(one csvfile.RowError) bool { return one.Column == says }) {
			t.Errorf("%s: %+v, %v", row, result, wrong)
		}
	}
	// One that cannot be saved leaves the others alone; a dry run leaves nothing.
	rows := append(d.all(), strings.Replace(d.all()[6], "TN-7", "TN-10", 1), "TN-11,requested,"+d.Symbol.String()+",,,")
	result, wrong := d.reads(rows...)
	if result.New != 9 || len(wrong) != 2 || wrong[0].Line+wrong[1].Line != 11+12 {
		t.Errorf("a barcode given twice, and a lender that is the library itself: %+v, %v", result, wrong)
	}
	result, _ = d.file("number,state,card,title\nTN-11,needs_review,"+d.card+",Another book\n", true)
	if result.New != 1 {
		t.Errorf("a dry run: %+v", result)
	}
	var count int
	d.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*) from requests`).Scan(&count)
	})
	if count != 9 {
		t.Errorf("%d requests are here", count)
	}
}
