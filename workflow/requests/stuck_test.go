package requests_test

import (
	"context"
	"testing"

	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests"
	"afield/workflow/town"
)

// A request that stands still for longer than the policy allows is stuck, however
// often its deadline reminds staff; one that waits for a day somebody set is not.
func TestStuckIsWhatStandsStill(t *testing.T) {
	t.Parallel()
	t.Run("nobody decides", func(t *testing.T) {
		t.Parallel()
		tw, home, lender, request, _ := town.AsksPartner(t, 0)
		lender.Says(home, town.Invoice(100)) // something that fits nothing
		tw.Pass(6)
		home.Expects(request, workflow.NeedsReview)
		stuck(t, home)
		tw.Pass(21)
		stuck(t, home, requests.StuckStill)
		home.Does(request, workflow.EventWait, map[string]any{"until": "2026-05-01"})
		stuck(t, home)
		tw.Until("2026-04-30T12:00:00Z")
		stuck(t, home)
		tw.Pass(30)
		stuck(t, home, requests.StuckStill)
		home.Does(request, workflow.EventTellPatron, nil)
		stuck(t, home)
	})
	t.Run("the patron has it", func(t *testing.T) {
		t.Parallel()
		tw, home, _, _, patron, band := town.Shelved(t)
		home.Scans(band, home.Card(patron))
		tw.Pass(20)
		stuck(t, home)
	})
	t.Run("nothing would move it", func(t *testing.T) {
		t.Parallel()
		tw, home, _, _, _ := town.AsksPartner(t, 0)
		tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, `delete from deadlines where library_id = $1`, home.ID)
			return err
		})
		stuck(t, home, requests.StuckNoDeadline)
		tw.Pass(1) // the sweep repairs it
		stuck(t, home)
	})
	t.Run("its deadline has passed", func(t *testing.T) {
		t.Parallel()
		tw, home, _, _, _ := town.AsksPartner(t, 0)
		tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, `update deadlines set due_at = $2 where library_id = $1`, home.ID, tw.Clock.Now().AddDate(0, 0, -1))
			return err
		})
		stuck(t, home, requests.StuckPastDeadline)
	})
}

func stuck(t *testing.T, home *town.House, want ...requests.Why) {
	t.Helper()
	var found []requests.Stuck
	var count int
	home.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		found, count, err = home.Requests.Stuck(ctx, tx, home.Clock.Now(), home.ID, 10)
		return err
	}))
	everywhere, err := home.Requests.CountStuck(t.Context(), home.DB, home.Clock.Now())
	home.Must(err)
	if len(found) != len(want) || count != len(want) || everywhere != len(want) || (len(want) > 0 && found[0].Why != want[0]) {
		t.Fatalf("want %v, found %+v; counted %d, everywhere %d", want, found, count, everywhere)
	}
}

// What an end leaves standing is found.
func TestWhatAnEndLeavesStandingIsFound(t *testing.T) {
	t.Parallel()
	tw, home, _, request, patron, band := town.Shelved(t)
	home.Scans(band, home.Card(patron))
	home.Scans(band, "")
	home.Scans(band, "")
	home.Expects(request, workflow.ReturnShipped)
	home.Does(request, workflow.EventCloseReturn, nil)
	home.Expects(request, workflow.Completed)
	tw.Sound()
	for view, breaks := range map[string]string{
		"breach_open_hold_of_ended_request": `update holds set status = 'on_hold_shelf', closed_at = null where request_id = $1`,
		"breach_open_loan_of_ended_request": `update loans set status = 'open', returned_at = null where request_id = $1`,
		"breach_renewal_nobody_answers":     `update requests set renewal_pending = true where id = $1`,
	} {
		tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
			changed, err := tx.Exec(ctx, breaks, request)
			if err != nil || changed.RowsAffected() == 0 {
				t.Errorf("%s: %d rows, %v", view, changed.RowsAffected(), err)
				return nil
			}
			var found int
			if err := tx.QueryRow(ctx, `select count(*) from `+view).Scan(&found); err != nil || found != 1 {
				t.Errorf("%s finds %d (%v)", view, found, err)
			}
			return nil
		})
	}
}
