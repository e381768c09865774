package desk_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

// toldOf counts the notices of a kind that a patron was given.
func (h *house) toldOf(patron broker.ID, kind string) (count int) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*)::int from notices where patron_id = $1 and kind = $2`, patron, kind).Scan(&count)
	})
	return count
}

func TestWhatIsDoneToALoanIsToldOnce(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	perth := tw.library("perth", "ON", broker.NoID)
	patron, title := perth.patron("member"), tw.title("A book", isbn)
	t.Run("a recall", func(*testing.T) {
		loan := perth.lends(perth.owns(title), patron).Loan.ID
		for range 2 {
			perth.door(func(ctx context.Context, tx *postgres.Tx) (desk.Done, error) {
				return perth.desk.Recall(ctx, tx, perth.at(), loan)
			})
		}
		if told := perth.toldOf(patron, "recalled"); told != 1 {
			t.Fatalf("told %d times that it is wanted back", told)
		}
	})
	t.Run("a claim that came to nothing", func(*testing.T) {
		loan := perth.lends(perth.owns(title), patron).Loan.ID
		perth.door(func(ctx context.Context, tx *postgres.Tx) (desk.Done, error) {
			return perth.desk.Claim(ctx, tx, perth.at(), desk.Claim{Loan: loan, Kind: circulation.ClaimReturned, ShelfChecked: true})
		})
		for range 2 {
			perth.door(func(ctx context.Context, tx *postgres.Tx) (desk.Done, error) {
				loss := circulation.Loss{Price: broker.Money{Minor: 2500, Currency: perth.Currency}}
				return perth.desk.ClaimAnswer(ctx, tx, perth.at(), loan, circulation.ClaimCharged, loss)
			})
		}
		if told := perth.toldOf(patron, "lost"); told != 1 {
			t.Fatalf("told %d times what it costs", told)
		}
	})
}

func TestWhatIsRuinedIsGivenToNobodyWhoWaits(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	perth := tw.library("perth", "ON", broker.NoID)
	patron, waits, title := perth.patron("member"), perth.patron("member"), tw.title("A book", isbn)
	barcode := perth.owns(title)
	loan := perth.lends(barcode, patron).Loan.ID
	if _, err := perth.placesHold(waits, title); err != nil {
		t.Fatal(err)
	}
	done := perth.door(func(ctx context.Context, tx *postgres.Tx) (desk.Done, error) {
		loss := circulation.Loss{Price: broker.Money{Minor: 2500, Currency: perth.Currency}}
		return perth.desk.Damaged(ctx, tx, perth.at(), desk.Damaged{Loan: loan, Beyond: true, Loss: loss})
	})
	if done.Did != "damaged" || perth.owed(patron) != 2500 || perth.itemStatus(barcode) != catalog.Withdrawn {
		t.Fatalf("charged and withdrawn: %+v, owes %d, is %s", done, perth.owed(patron), perth.itemStatus(barcode))
	}
	if told := perth.toldOf(waits, "arrived"); told != 0 {
		t.Fatal("whoever waits is told to fetch a ruined book")
	}
	tw.sound()
}
