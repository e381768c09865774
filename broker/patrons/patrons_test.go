package patrons_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

var noon = time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)

// desk is a database with two libraries, each its own realm.
type desk struct {
	t           testing.TB
	db          *postgres.DB
	here, there directory.Library
}

func newDesk(t testing.TB) desk {
	d := desk{t: t, db: pgtest.New(t)}
	err := d.db.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		for _, library := range []*directory.Library{&d.here, &d.there} {
			group := directory.SharingGroup{ID: broker.NewID(), Name: "alone"}
			directory.SaveSharingGroup(tx, group)
			*library = directory.Library{
				ID: broker.NewID(), Name: "A library", Kind: directory.KindLibrary, Member: true, Country: "US",
				Zone: time.UTC, Currency: "USD", SharingGroup: group.ID, Policy: "westport", Status: directory.StatusActive,
			}
			if err := directory.SaveLibrary(tx, *library, noon); err != nil {
				return err
			}
			var err error
			if *library, err = directory.Load(ctx, tx, library.ID); err != nil {
				return err
			}
		}
		return nil
	})
	must(t, err)
	return d
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (d desk) try(library directory.Library, work func(context.Context, *postgres.Tx) error) error {
	return d.db.InTx(d.t.Context(), postgres.ForLibraries(library.ID), work)
}

func (d desk) patron(library directory.Library, number string) patrons.Ref {
	d.t.Helper()
	patron := patrons.Patron{Library: library.ID, ID: broker.NewID(), Class: "adult", Phone: "555-0100", PhoneCheckedOn: broker.MustDate("2026-01-05"), CreatedAt: noon}
	must(d.t, d.try(library, func(_ context.Context, tx *postgres.Tx) error {
		if err := patrons.SavePatron(tx, patron); err != nil {
			return err
		}
		return patrons.SaveCard(tx, patrons.Card{Library: library.ID, ID: broker.NewID(), Realm: library.SharingGroup, Number: number, Patron: patron.ID, CreatedAt: noon})
	}))
	return patron.Ref()
}

func TestACardNumberFindsItsPatronInItsRealmOnly(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ref := d.patron(d.here, "21234000000001")
	d.patron(d.there, "21234000000001") // the same number in another realm is another card
	must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
		patron, card, err := patrons.ByCard(ctx, tx, d.here.SharingGroup, "21234000000001")
		if err == nil && (patron.Ref() != ref || card.Status != patrons.CardActive || patron.PhoneCheckedOn != broker.MustDate("2026-01-05")) {
			t.Errorf("found %+v, %+v", patron, card)
		}
		return err
	}))
	err := d.try(d.there, func(ctx context.Context, tx *postgres.Tx) error {
		_, _, err := patrons.ByCard(ctx, tx, d.here.SharingGroup, "21234000000001")
		return err
	})
	if !broker.IsKind(err, broker.KindNotFound) {
		t.Errorf("another library's scope finds the card: %v", err)
	}
	err = d.try(d.here, func(_ context.Context, tx *postgres.Tx) error {
		return patrons.SaveCard(tx, patrons.Card{Library: d.here.ID, ID: broker.NewID(), Realm: d.here.SharingGroup, Number: "21234000000001", Patron: ref.ID, CreatedAt: noon})
	})
	if ours, ok := broker.AsError(err); !ok || ours.Code != "card_number_taken" {
		t.Errorf("the same number twice: %v", err)
	}
}

func TestABorrowingLibraryIsOnePatronHoweverManyAskAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	found := make([]patrons.Patron, 4)
	var desks sync.WaitGroup
	for i := range found {
		desks.Go(func() {
			err := d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
				found[i], err = patrons.Institution(ctx, tx, d.here, d.there, noon)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	desks.Wait()
	for _, patron := range found {
		if patron.ID != found[0].ID || patron.Institution != d.there.ID || patron.Class != patrons.ClassLibrary {
			t.Errorf("found %+v", patron)
		}
	}
}

func TestStandingTellsAStoppedCardFromNone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ref := d.patron(d.here, "1")
	standing := func() (facts policy.Patron) {
		must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
			found, err := patrons.StandingOf(ctx, tx, d.here, ref)
			facts = found.Facts(broker.MustDate("2026-03-02"))
			return err
		}))
		return facts
	}
	if facts := standing(); facts.NoCard || facts.CardStopped || !facts.HasPhone || facts.Class != "adult" {
		t.Errorf("a good card: %+v", facts)
	}
	must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
		cards, err := patrons.Cards(ctx, tx, ref)
		if err != nil {
			return err
		}
		cards[0].Status = patrons.CardStolen
		return patrons.SaveCard(tx, cards[0])
	}))
	if facts := standing(); facts.NoCard || !facts.CardStopped {
		t.Errorf("a stolen card: %+v", facts)
	}
}

func TestBlocksArePutAndLifted(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ref := d.patron(d.here, "1")
	var block patrons.Block
	must(t, d.try(d.here, func(_ context.Context, tx *postgres.Tx) (err error) {
		block, err = patrons.PutBlock(tx, patrons.Block{
			Library: ref.Library, Patron: ref.ID, Kind: patrons.BlockILLSuspended,
			Reason: "borrowed items came back damaged", From: broker.MustDate("2026-03-01"), PutBy: broker.System(ref.Library),
		})
		return err
	}))
	stops := func() []policy.Block {
		var facts policy.Patron
		must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
			found, err := patrons.StandingOf(ctx, tx, d.here, ref)
			facts = found.Facts(broker.MustDate("2026-03-02"))
			return err
		}))
		return facts.Blocks
	}
	if blocks := stops(); len(blocks) != 1 || len(blocks[0].Stops) != 1 || blocks[0].Stops[0] != rule.ActionILLRequest {
		t.Errorf("an ILL suspension stops ILL only: %+v", blocks)
	}
	lift := func() error { return d.release(block.ID, "ill") }
	must(t, lift())
	if blocks := stops(); len(blocks) != 0 {
		t.Errorf("lifted: %+v", blocks)
	}
	if err := lift(); !broker.IsKind(err, broker.KindNotFound) {
		t.Errorf("lifted twice: %v", err)
	}
	err := d.try(d.here, func(_ context.Context, tx *postgres.Tx) error {
		_, err := patrons.PutBlock(tx, patrons.Block{Library: ref.Library, Patron: ref.ID, Kind: patrons.BlockLatched})
		return err
	})
	if ours, ok := broker.AsError(err); !ok || len(ours.Fields) != 2 {
		t.Errorf("every wrong field at once: %v", err)
	}
}

func TestNobodySeesAnotherLibrarysPatron(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ref := d.patron(d.here, "1")
	err := d.try(d.there, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := patrons.StandingOf(ctx, tx, d.here, ref)
		return err
	})
	if !broker.IsKind(err, broker.KindNotFound) {
		t.Errorf("got %v", err)
	}
}
