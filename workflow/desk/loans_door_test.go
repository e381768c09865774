package desk_test

import (
	"context"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

// door runs one act at a library's desk.
func (h *house) door(act func(ctx context.Context, tx *postgres.Tx) (desk.Done, error)) desk.Done {
	h.t.Helper()
	var done desk.Done
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = act(ctx, tx)
		return err
	}))
	return done
}

// on moves the town's clock to a local time.
func (h *house) on(local string) {
	h.t.Helper()
	now, err := time.ParseInLocation("2006-01-02 15:04", local, h.Zone)
	h.must(err)
	h.clock.Set(now)
}

func TestTheBookDropAtTheDesksDoor(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-02-13T15:00:00Z")
	delaware := tw.library("delaware", "DE", broker.NoID)
	patron := delaware.patron("adult")
	barcode := delaware.owns(tw.title("A film", isbn))
	done := delaware.lends(barcode, patron)
	if done.DueOn != broker.MustDate("2026-03-06") {
		t.Fatalf("due %s", done.DueOn)
	}
	delaware.on("2026-03-07 07:30")
	done = delaware.door(func(ctx context.Context, tx *postgres.Tx) (desk.Done, error) {
		return delaware.desk.Scan(ctx, tx, delaware.at(), desk.Scan{Barcode: barcode, Handed: desk.Handed{Drop: true}})
	})
	if done.Did != "checked_in" || done.Loan.ReturnedOn != broker.MustDate("2026-03-06") || delaware.owed(patron) != 0 {
		t.Fatalf("found before opening it counts for the evening before: %+v, owes %d", done, delaware.owed(patron))
	}
	tw.sound()
}

func TestALossAndAClaimAtTheDesksDoor(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	perth := tw.library("perth", "ON", broker.NoID)
	patron := perth.patron("member")
	title := tw.title("A book", isbn)
	lost, claimed := perth.owns(title), perth.owns(title)
	loan := perth.lends(lost, patron).Loan.ID
	price := broker.Money{Minor: 2500, Currency: perth.Currency}
	done := perth.door(func(ctx context.Context, tx *postgres.Tx) (desk.Done, error) {
		return perth.desk.Lost(ctx, tx, perth.at(), loan, circulation.Loss{Price: price})
	})
	if done.Did != "declared_lost" || len(done.Charged) != 1 || perth.owed(patron) != 2500 {
		t.Fatalf("the price is charged: %+v, owes %d", done, perth.owed(patron))
	}
	perth.door(func(ctx context.Context, tx *postgres.Tx) (desk.Done, error) {
		return perth.desk.TakeBack(ctx, tx, perth.at(), desk.TakeBack{Barcode: lost})
	})
	if perth.owed(patron) != 0 || perth.itemStatus(lost) != catalog.OnShelf {
		t.Fatalf("back, it costs nothing: owes %d", perth.owed(patron))
	}

	loan = perth.lends(claimed, patron).Loan.ID
	done = perth.door(func(ctx context.Context, tx *postgres.Tx) (desk.Done, error) {
		return perth.desk.Claim(ctx, tx, perth.at(), desk.Claim{Loan: loan, Kind: circulation.ClaimReturned, ShelfChecked: true, Names: "adult patron 1"})
	})
	if done.Did != "claimed" || done.Claim.Status != circulation.ClaimOpen {
		t.Fatalf("the claim stands: %+v", done)
	}
	done = perth.door(func(ctx context.Context, tx *postgres.Tx) (desk.Done, error) {
		return perth.desk.ClaimFound(ctx, tx, perth.at(), claimed)
	})
	if !done.TellPatron || done.Claim.Status != circulation.ClaimFoundInLibrary {
		t.Fatalf("found in the library, the patron is told: %+v", done)
	}
	tw.sound()
}

func TestABriefRecordIsKeptOnlyIfItIsLent(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	perth := tw.library("perth", "ON", broker.NoID)
	lend := func(patron broker.ID) error {
		return perth.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := perth.desk.CheckOut(ctx, tx, perth.at(), desk.CheckOut{Barcode: "39999", Patron: patron, Shown: "card", Brief: &desk.BriefRecord{Title: "A gift paperback"}})
			return err
		})
	}
	blocked := perth.patron("member")
	perth.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `update patrons set status = 'suspended' where id = $1`, blocked)
		return err
	})
	if err := lend(blocked); !broker.IsKind(err, broker.KindRefused) {
		t.Fatalf("BLK-22: a block holds for a brief record, too: %v", err)
	}
	count := 0
	perth.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*)::int from items where barcode = '39999'`).Scan(&count)
	})
	if count != 0 {
		t.Fatal("no record is left of what was not lent")
	}
	perth.must(lend(perth.patron("member")))
}
