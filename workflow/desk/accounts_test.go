package desk_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

func (h *house) document() *policy.Document {
	h.t.Helper()
	document, err := policy.Preset(h.Policy)
	h.must(err)
	return document
}

func (h *house) ref(patron broker.ID) patrons.Ref {
	return patrons.Ref{Library: h.Library.ID, ID: patron}
}

func (h *house) owe(patron broker.ID, kind string, minor int64) {
	h.t.Helper()
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.Post(tx, ledger.Charge{
			Account: patrons.Account(h.Library, h.ref(patron)), Kind: kind, Amount: broker.Money{Minor: minor, Currency: h.Currency},
			Cause: "test:" + broker.NewID().String(), Actor: h.staff(), At: h.clock.Now(),
		})
		if err != nil {
			return err
		}
		_, err = circulation.UpdateLatch(ctx, tx, h.Library, h.document(), h.ref(patron), h.clock.Now())
		return err
	}))
}

// paysAhead takes money whether or not it is owed.
func (h *house) paysAhead(patron broker.ID, minor int64) {
	h.t.Helper()
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.Pay(ctx, tx, ledger.Payment{
			Account: patrons.Account(h.Library, h.ref(patron)), Amount: broker.Money{Minor: minor, Currency: h.Currency},
			InAdvance: true, Cause: "test:" + broker.NewID().String(), Actor: h.staff(), At: h.clock.Now(),
		})
		if err != nil {
			return err
		}
		_, err = circulation.UpdateLatch(ctx, tx, h.Library, h.document(), h.ref(patron), h.clock.Now())
		return err
	}))
}

func (h *house) balances(patron broker.ID) (balances ledger.Balances) {
	h.t.Helper()
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		balances, err = ledger.BalancesOf(ctx, tx, patrons.Account(h.Library, h.ref(patron)))
		return err
	}))
	return balances
}

func (h *house) hold(title, patron broker.ID) {
	h.t.Helper()
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.desk.PlaceHold(ctx, tx, h.at(), desk.PlaceHold{Title: title, Patron: patron, Rules: h.document()})
		return err
	}))
}

func (h *house) merge(from, to broker.ID) (done desk.Merged, err error) {
	err = h.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = h.desk.MergePatrons(ctx, tx, h.document(), h.at(), from, to)
		return err
	})
	return done, err
}

// has counts what an account has open.
func (h *house) has(patron broker.ID) (loans, holds int) {
	h.t.Helper()
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) error {
		lent, err := circulation.LoansOf(ctx, tx, h.ref(patron))
		if err != nil {
			return err
		}
		held, err := circulation.HoldsOf(ctx, tx, h.ref(patron))
		loans, holds = len(lent), len(held)
		return err
	}))
	return loans, holds
}

func TestTwoAccountsBecomeOne(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("westchester", "IN", broker.NoID)
	a, b := home.patron("resident"), home.patron("resident")
	first, second, waited := tw.title("First", "9780000000019"), tw.title("Second", "9780000000026"), tw.title("Waited for", "9780000000033")
	home.lends(home.owns(first), a)
	home.lends(home.owns(second), a)
	home.lends(home.owns(waited), home.patron("resident"))
	home.hold(waited, a)
	home.hold(waited, b)
	home.owe(a, ledger.Overdue, 250)
	home.owe(a, "print", 150)
	home.owe(b, ledger.Overdue, 300)
	number := home.card(a)

	t.Run("PAT-03 into itself is nothing", func(t *testing.T) {
		done, err := home.merge(a, a)
		home.must(err)
		if loans, holds := home.has(a); !done.Replayed || loans != 2 || holds != 1 || home.balances(a).Total().Minor != 400 {
			t.Errorf("merged into itself: %+v, %d loans, %d holds", done, loans, holds)
		}
	})
	t.Run("PAT-04 loans, holds without the duplicate, and money to the cent", func(t *testing.T) {
		done, err := home.merge(a, b)
		home.must(err)
		if loans, holds := home.has(b); loans != 2 || holds != 1 || len(done.Dropped) != 1 || done.Owes.Minor != 700 {
			t.Errorf("became %+v: %d loans, %d holds", done, loans, holds)
		}
		if loans, holds := home.has(a); loans != 0 || holds != 0 || len(home.balances(a).ByKind) != 0 {
			t.Errorf("left: %d loans, %d holds, owes %v", loans, holds, home.balances(a).ByKind)
		}
		if owed := home.balances(b).ByKind; owed[ledger.Overdue] != 550 || owed["print"] != 150 {
			t.Errorf("by kind: %v", owed)
		}
		err = home.try(func(ctx context.Context, tx *postgres.Tx) error {
			found, card, err := patrons.ByCard(ctx, tx, home.SharingGroup, number)
			if err == nil && (found.ID != b || card.Status != patrons.CardReplaced) {
				t.Errorf("the old number finds %v, %s", found.ID == b, card.Status)
			}
			return err
		})
		home.must(err)
		again, err := home.merge(a, b)
		home.must(err)
		if !again.Replayed || home.balances(b).Total().Minor != 700 {
			t.Errorf("a double click: %+v", again)
		}
		err = home.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := home.desk.CheckOut(ctx, tx, home.at(), desk.CheckOut{Barcode: home.owns(first), Card: number})
			return err
		})
		if ours, ok := broker.AsError(err); !ok || ours.Code != "card_stopped" {
			t.Errorf("lent on a card that is only an alias: %v", err)
		}
	})
	tw.sound()
}

// Credit goes over too, whatever kind it stands under, and a block that latched
// is not forgotten by a merge.
func TestCreditAndLatchedBlocksGoOver(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("perth", "ON", broker.NoID)
	a, b, c := home.patron("member"), home.patron("member"), home.patron("member")
	latched := func(patron broker.ID) (is bool) {
		home.must(home.try(func(ctx context.Context, tx *postgres.Tx) error {
			standing, err := patrons.StandingOf(ctx, tx, home.Library, home.ref(patron))
			for _, block := range standing.Blocks {
				is = is || block.Kind == patrons.BlockLatched
			}
			return err
		}))
		return is
	}
	home.owe(a, ledger.Overdue, 2001)
	home.paysAhead(a, 1500) // 5.01 is left, and the block stands until all is settled
	if !latched(a) {
		t.Fatal("is not latched above 20.00")
	}
	_, err := home.merge(a, b)
	home.must(err)
	if !latched(b) || home.balances(b).Total().Minor != 501 {
		t.Errorf("b owes %s, latched: %v", home.balances(b).Total(), latched(b))
	}
	home.paysAhead(c, 600)
	done, err := home.merge(c, b)
	home.must(err)
	if done.Owes.Minor != -99 || latched(b) || len(home.balances(c).ByKind) != 0 {
		t.Errorf("b owes %s, latched: %v; c is left with %v", done.Owes, latched(b), home.balances(c).ByKind)
	}
	tw.sound()
}

func TestAnAccountInUseStaysAndOneThatGoesIsForgotten(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("western-district", "IL", broker.NoID)
	patron := home.patron("resident")
	barcode := home.owns(tw.title("First", "9780000000019"))
	home.lends(barcode, patron)
	home.must(home.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `update patrons set expires_on = '2017-03-02', last_active_on = '2017-03-01' where id = $1`, patron)
		return err
	}))
	purge := func() (done patrons.Purged) {
		home.must(home.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
			done, err = desk.PurgePatron(ctx, tx, home.Library, home.document(), home.ref(patron), home.clock.Now())
			return err
		}))
		return done
	}
	t.Run("PAT-08 an open loan keeps the account", func(t *testing.T) {
		if done := purge(); done.By != "" || done.Reasons[0].Code != "account_in_use" {
			t.Errorf("purged: %+v", done)
		}
	})
	home.scans(barcode, "")
	home.must(home.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `update patrons set last_active_on = '2017-03-01' where id = $1`, patron)
		return err
	}))
	if done := purge(); done.By == "" {
		t.Errorf("stays: %+v", done)
	}
	home.do(func(ctx context.Context, tx *postgres.Tx) error {
		var named int
		err := tx.QueryRow(ctx, `select (select count(*) from loans where patron_id = $1) + (select count(*) from cards where patron_id = $1)
			+ (select count(*) from notices where patron_id = $1)`, patron).Scan(&named)
		if named != 0 {
			t.Errorf("%d rows still name the patron", named)
		}
		return err
	})
	tw.sound()
}

// What the other account did not know goes over; then the one that went says
// nothing of the person but which account took its place.
func TestAMergedAccountKeepsNothingPersonal(t *testing.T) {
	t.Parallel()
	tw := newTown(t, "2026-03-02T15:00:00Z")
	home := tw.library("westchester", "IN", broker.NoID)
	a, b := home.patron("resident"), home.patron("resident")
	home.must(home.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `update patrons set name = 'adult patron 1', email = 'patron@example.org', address = 'Elm Street 1',
			born_on = '1980-05-06', note = 'hears badly', phone = '555-0199' where id = $1`, a)
		return err
	}))
	merge := func(role string) error {
		return home.try(func(ctx context.Context, tx *postgres.Tx) error {
			at := home.at()
			at.Actor.Roles = []string{role}
			_, err := home.desk.MergePatrons(ctx, tx, home.document(), at, a, b)
			return err
		})
	}
	if err := merge("ill"); !broker.IsKind(err, broker.KindForbidden) {
		t.Errorf("not the role: %v", err)
	}
	home.must(merge("desk"))
	home.must(home.try(func(ctx context.Context, tx *postgres.Tx) error {
		gone, err := patrons.ByID(ctx, tx, home.ref(a))
		if err != nil {
			return err
		}
		if gone.Name+gone.Phone+gone.Email+gone.Address+gone.Note != "" || !gone.BornOn.IsZero() || gone.MergedInto != b || gone.Status != patrons.Closed {
			t.Errorf("left behind: %+v", gone)
		}
		kept, err := patrons.ByID(ctx, tx, home.ref(b))
		if kept.Name != "adult patron 1" || kept.Email != "patron@example.org" || kept.Address != "Elm Street 1" || kept.Note != "hears badly" ||
			kept.BornOn != broker.MustDate("1980-05-06") || kept.Phone != "555-0100" {
			t.Errorf("taken over: %+v", kept)
		}
		return err
	}))
	tw.sound()
}
