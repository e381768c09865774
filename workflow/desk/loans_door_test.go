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

func TestTheBookDropAtTheDesksDoor(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-02-13T15:00:00Z")
	delaware := tw.Library("delaware", "DE", broker.NoID)
	patron := delaware.Patron("adult")
	barcode := delaware.Owns(tw.Title("A film", town.ISBN))
	done := delaware.Lends(barcode, patron)
	if done.DueOn != broker.MustDate("2026-03-06") {
		t.Fatalf("due %s", done.DueOn)
	}
	delaware.On("2026-03-07 07:30")
	done = delaware.Door(func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
		return delaware.Desk.Scan(ctx, tx, delaware.At(), desk.Scan{Barcode: barcode, Handed: desk.Handed{Drop: true}})
	})
	if done.Did != "checked_in" || done.Loan.ReturnedOn != broker.MustDate("2026-03-06") || delaware.Owed(patron) != 0 {
		t.Fatalf("found before opening it counts for the evening before: %+v, owes %d", done, delaware.Owed(patron))
	}
	tw.Sound()
}

func TestALossAndAClaimAtTheDesksDoor(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	perth := tw.Library("perth", "ON", broker.NoID)
	patron := perth.Patron("member")
	title := tw.Title("A book", town.ISBN)
	lost, claimed := perth.Owns(title), perth.Owns(title)
	loan := perth.Lends(lost, patron).Loan.ID
	price := broker.Money{Minor: 2500, Currency: perth.Currency}
	done := perth.Door(func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
		return perth.Desk.Lost(ctx, tx, perth.At(), loan, returns.Loss{Price: price})
	})
	if done.Did != "declared_lost" || len(done.Charged) != 1 || perth.Owed(patron) != 2500 {
		t.Fatalf("the price is charged: %+v, owes %d", done, perth.Owed(patron))
	}
	perth.Door(func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
		return perth.Desk.TakeBack(ctx, tx, perth.At(), desk.TakeBack{Barcode: lost})
	})
	if perth.Owed(patron) != 0 || perth.ItemStatus(lost) != catalog.OnShelf {
		t.Fatalf("back, it costs nothing: owes %d", perth.Owed(patron))
	}

	loan = perth.Lends(claimed, patron).Loan.ID
	done = perth.Door(func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
		return perth.Desk.Claim(ctx, tx, perth.At(), desk.Claim{Loan: loan, Kind: loans.ClaimReturned, ShelfChecked: true, Names: "adult patron 1"})
	})
	if done.Did != "claimed" || done.Claim.Status != loans.ClaimOpen {
		t.Fatalf("the claim stands: %+v", done)
	}
	done = perth.Door(func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
		return perth.Desk.ClaimFound(ctx, tx, perth.At(), claimed)
	})
	if !done.TellPatron || done.Claim.Status != loans.ClaimFoundInLibrary {
		t.Fatalf("found in the library, the patron is told: %+v", done)
	}
	tw.Sound()
}

func TestABriefRecordIsKeptOnlyIfItIsLent(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	perth := tw.Library("perth", "ON", broker.NoID)
	lend := func(patron broker.ID) error {
		return perth.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := perth.Desk.CheckOut(ctx, tx, perth.At(), desk.CheckOut{Barcode: "39999", Patron: patron, Shown: "card", Brief: &desk.BriefRecord{Title: "A gift paperback"}})
			return err
		})
	}
	blocked := perth.Patron("member")
	perth.Do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `update patrons set status = 'suspended' where id = $1`, blocked)
		return err
	})
	if err := lend(blocked); !broker.IsKind(err, broker.KindRefused) {
		t.Fatalf("BLK-22: a block holds for a brief record, too: %v", err)
	}
	count := 0
	perth.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*)::int from items where barcode = '39999'`).Scan(&count)
	})
	if count != 0 {
		t.Fatal("no record is left of what was not lent")
	}
	perth.Must(lend(perth.Patron("member")))
}
