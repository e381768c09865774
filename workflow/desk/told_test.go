package desk_test

import (
	"context"
	"testing"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
)

func TestWhatIsDoneToALoanIsToldOnce(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	perth := tw.Library("perth", "ON", broker.NoID)
	patron, title := perth.Patron("member"), tw.Title("A book", town.ISBN)
	t.Run("a recall", func(*testing.T) {
		loan := perth.Lends(perth.Owns(title), patron).Loan.ID
		for range 2 {
			perth.Door(func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
				return perth.Desk.Recall(ctx, tx, perth.At(), loan)
			})
		}
		if told := perth.ToldOf(patron, "recalled"); told != 1 {
			t.Fatalf("told %d times that it is wanted back", told)
		}
	})
	t.Run("a claim that came to nothing", func(*testing.T) {
		loan := perth.Lends(perth.Owns(title), patron).Loan.ID
		perth.Door(func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
			return perth.Desk.Claim(ctx, tx, perth.At(), desk.Claim{Loan: loan, Kind: loans.ClaimReturned, ShelfChecked: true})
		})
		for range 2 {
			perth.Door(func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
				loss := returns.Loss{Price: broker.Money{Minor: 2500, Currency: perth.Currency}}
				return perth.Desk.ClaimAnswer(ctx, tx, perth.At(), loan, loans.ClaimCharged, loss)
			})
		}
		if told := perth.ToldOf(patron, "lost"); told != 1 {
			t.Fatalf("told %d times what it costs", told)
		}
	})
}

func TestWhatIsRuinedIsGivenToNobodyWhoWaits(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	perth := tw.Library("perth", "ON", broker.NoID)
	patron, waits, title := perth.Patron("member"), perth.Patron("member"), tw.Title("A book", town.ISBN)
	barcode := perth.Owns(title)
	loan := perth.Lends(barcode, patron).Loan.ID
	if _, err := perth.PlacesHold(waits, title); err != nil {
		t.Fatal(err)
	}
	done := perth.Door(func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
		loss := returns.Loss{Price: broker.Money{Minor: 2500, Currency: perth.Currency}}
		return perth.Desk.Damaged(ctx, tx, perth.At(), desk.Damaged{Loan: loan, Beyond: true, Loss: loss})
	})
	if done.Did != "damaged" || perth.Owed(patron) != 2500 || perth.ItemStatus(barcode) != catalog.Withdrawn {
		t.Fatalf("charged and withdrawn: %+v, owes %d, is %s", done, perth.Owed(patron), perth.ItemStatus(barcode))
	}
	if told := perth.ToldOf(waits, "arrived"); told != 0 {
		t.Fatal("whoever waits is told to fetch a ruined book")
	}
	tw.Sound()
}
