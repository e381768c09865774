package accounts_test

import (
	"context"
	"testing"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/workflow/desk"
	"afield/workflow/desk/accounts"
)

func TestTwoAccountsBecomeOne(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("westchester", "IN", broker.NoID)
	a, b := home.Patron("resident"), home.Patron("resident")
	first, second, waited := tw.Title("First", "9780000000019"), tw.Title("Second", "9780000000026"), tw.Title("Waited for", "9780000000033")
	home.Lends(home.Owns(first), a)
	home.Lends(home.Owns(second), a)
	home.Lends(home.Owns(waited), home.Patron("resident"))
	home.Hold(waited, a)
	home.Hold(waited, b)
	home.Owe(a, ledger.Overdue, 250)
	home.Owe(a, "print", 150)
	home.Owe(b, ledger.Overdue, 300)
	number := home.Card(a)

	t.Run("PAT-03 into itself is nothing", func(t *testing.T) {
		done, err := home.Merge(a, a)
		home.Must(err)
		if loans, holds := home.Has(a); !done.Replayed || loans != 2 || holds != 1 || home.Balances(a).Total().Minor != 400 {
			t.Errorf("merged into itself: %+v, %d loans, %d holds", done, loans, holds)
		}
	})
	t.Run("PAT-04 loans, holds without the duplicate, and money to the cent", func(t *testing.T) {
		done, err := home.Merge(a, b)
		home.Must(err)
		if loans, holds := home.Has(b); loans != 2 || holds != 1 || len(done.Dropped) != 1 || done.Owes.Minor != 700 {
			t.Errorf("became %+v: %d loans, %d holds", done, loans, holds)
		}
		if loans, holds := home.Has(a); loans != 0 || holds != 0 || len(home.Balances(a).ByKind) != 0 {
			t.Errorf("left: %d loans, %d holds, owes %v", loans, holds, home.Balances(a).ByKind)
		}
		if owed := home.Balances(b).ByKind; owed[ledger.Overdue] != 550 || owed["print"] != 150 {
			t.Errorf("by kind: %v", owed)
		}
		err = home.Try(func(ctx context.Context, tx *postgres.Tx) error {
			found, card, err := patrons.ByCard(ctx, tx, home.SharingGroup, number)
			if err == nil && (found.ID != b || card.Status != patrons.CardReplaced) {
				t.Errorf("the old number finds %v, %s", found.ID == b, card.Status)
			}
			return err
		})
		home.Must(err)
		again, err := home.Merge(a, b)
		home.Must(err)
		if !again.Replayed || home.Balances(b).Total().Minor != 700 {
			t.Errorf("a double click: %+v", again)
		}
		err = home.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := home.Desk.CheckOut(ctx, tx, home.At(), desk.CheckOut{Barcode: home.Owns(first), Card: number})
			return err
		})
		if ours, ok := broker.AsError(err); !ok || ours.Code != "card_stopped" {
			t.Errorf("lent on a card that is only an alias: %v", err)
		}
	})
	tw.Sound()
}

// Credit goes over too, whatever kind of charge it belongs to, and a merge does
// not forget a block that latched.
func TestCreditAndLatchedBlocksGoOver(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("perth", "ON", broker.NoID)
	a, b, c := home.Patron("member"), home.Patron("member"), home.Patron("member")
	latched := func(patron broker.ID) (is bool) {
		home.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error {
			standing, err := patrons.StandingOf(ctx, tx, home.Library, home.Ref(patron))
			for _, block := range standing.Blocks {
				is = is || block.Kind == patrons.BlockLatched
			}
			return err
		}))
		return is
	}
	home.Owe(a, ledger.Overdue, 2001)
	home.PaysAhead(a, 1500) // 5.01 is left, and the block stands until all is settled
	if !latched(a) {
		t.Fatal("is not latched above 20.00")
	}
	_, err := home.Merge(a, b)
	home.Must(err)
	if !latched(b) || home.Balances(b).Total().Minor != 501 {
		t.Errorf("b owes %s, latched: %v", home.Balances(b).Total(), latched(b))
	}
	home.PaysAhead(c, 600)
	done, err := home.Merge(c, b)
	home.Must(err)
	if done.Owes.Minor != -99 || latched(b) || len(home.Balances(c).ByKind) != 0 {
		t.Errorf("b owes %s, latched: %v; c is left with %v", done.Owes, latched(b), home.Balances(c).ByKind)
	}
	tw.Sound()
}

func TestAnAccountInUseStaysAndOneThatGoesIsForgotten(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("western-district", "IL", broker.NoID)
	patron := home.Patron("resident")
	barcode := home.Owns(tw.Title("First", "9780000000019"))
	home.Lends(barcode, patron)
	home.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `update patrons set expires_on = '2017-03-02', last_active_on = '2017-03-01' where id = $1`, patron)
		return err
	}))
	purge := func() (done patrons.Purged) {
		home.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
			done, err = accounts.PurgePatron(ctx, tx, home.Library, home.Document(), home.Ref(patron), home.Clock.Now())
			return err
		}))
		return done
	}
	t.Run("PAT-08 an open loan keeps the account", func(t *testing.T) {
		if done := purge(); done.By != "" || done.Reasons[0].Code != "account_in_use" {
			t.Errorf("purged: %+v", done)
		}
	})
	home.Scans(barcode, "")
	home.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `update patrons set last_active_on = '2017-03-01' where id = $1`, patron)
		return err
	}))
	if done := purge(); done.By == "" {
		t.Errorf("stays: %+v", done)
	}
	home.Do(func(ctx context.Context, tx *postgres.Tx) error {
		var named int
		err := tx.QueryRow(ctx, `select (select count(*) from loans where patron_id = $1) + (select count(*) from cards where patron_id = $1)
			+ (select count(*) from notices where patron_id = $1)`, patron).Scan(&named)
		if named != 0 {
			t.Errorf("%d rows still name the patron", named)
		}
		return err
	})
	tw.Sound()
}

// The account that stays takes over what it did not know; the one that went
// keeps nothing about the person but which account took its place.
func TestAMergedAccountKeepsNothingPersonal(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("westchester", "IN", broker.NoID)
	a, b := home.Patron("resident"), home.Patron("resident")
	home.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `update patrons set name = 'adult patron 1', email = 'patron@example.org', address = 'Elm Street 1',
			born_on = '1980-05-06', note = 'hears badly', phone = '555-0199' where id = $1`, a)
		return err
	}))
	merge := func(role string) error {
		return home.Try(func(ctx context.Context, tx *postgres.Tx) error {
			at := home.At()
			at.Actor.Roles = []string{role}
			_, err := home.Desk.Accounts.MergePatrons(ctx, tx, home.Document(), at, a, b)
			return err
		})
	}
	if err := merge("ill"); !broker.IsKind(err, broker.KindForbidden) {
		t.Errorf("not the role: %v", err)
	}
	home.Must(merge("desk"))
	home.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		gone, err := patrons.ByID(ctx, tx, home.Ref(a))
		if err != nil {
			return err
		}
		if gone.Name+gone.Phone+gone.Email+gone.Address+gone.Note != "" || !gone.BornOn.IsZero() || gone.MergedInto != b || gone.Status != patrons.Closed {
			t.Errorf("left behind: %+v", gone)
		}
		kept, err := patrons.ByID(ctx, tx, home.Ref(b))
		if kept.Name != "adult patron 1" || kept.Email != "patron@example.org" || kept.Address != "Elm Street 1" || kept.Note != "hears badly" ||
			kept.BornOn != broker.MustDate("1980-05-06") || kept.Phone != "555-0100" {
			t.Errorf("taken over: %+v", kept)
		}
		return err
	}))
	tw.Sound()
}
