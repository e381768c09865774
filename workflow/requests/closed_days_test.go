package requests_test

import (
	"context"
	"testing"

	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/desk/closures"
	"afield/workflow/town"
)

// A day on which we close after all moves what we lent to another library and is
// due on it, and that library hears of it; so it does when we open after all.
func TestAClosingMovesWhatWasLentToALibrary(t *testing.T) {
	t.Parallel()
	tw, home, lender, ours, theirs, _, barcode := town.LendsOut(t, "NY")
	lender.Does(theirs, workflow.EventAnswerYes, nil)
	lender.Scans(barcode, "")
	lender.Scans(barcode, "")
	home.Scans(barcode, "")
	was := lender.Expects(theirs, workflow.WithBorrowingLibrary).LenderDueOn
	lends := func(what string, day string) {
		t.Helper()
		if got := lender.Request(theirs).LenderDueOn.String(); got != day {
			t.Errorf("%s: the lender says %s, want %s", what, got, day)
		}
		if got := home.Request(ours).LenderDueOn.String(); got != day {
			t.Errorf("%s: the borrower was told %s, want %s", what, got, day)
		}
	}
	lends("as lent", was.String())
	var closed closures.Closed
	tw.Must(lender.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		closed, err = lender.Desk.Closures.Close(ctx, tx, lender.At(), directory.Closure{
			Kind: directory.ClosurePlanned, Closure: calendar.Closure{From: was, To: was.AddDays(1), Reason: "stocktaking"},
		})
		return err
	}))
	tw.Settle()
	moved := lender.Request(theirs).LenderDueOn
	if moved.Before(was.AddDays(2)) {
		t.Fatalf("it is due on %s, when we are closed", moved)
	}
	lends("closed", moved.String())
	tw.Must(lender.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := lender.Desk.Closures.Reopen(ctx, tx, lender.At(), closed.Closure.ID)
		return err
	}))
	tw.Settle()
	lends("open after all", was.String())
	tw.Sound()
}
