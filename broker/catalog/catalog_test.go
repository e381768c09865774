package catalog_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

var started = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

func within(t *testing.T, db *postgres.DB, scope postgres.Scope, work func(context.Context, *postgres.Tx) error) {
	t.Helper()
	if err := db.InTx(t.Context(), scope, work); err != nil {
		t.Fatal(err)
	}
}

// member saves a library alone in its realm, which has the library's own id.
func member(t *testing.T, db *postgres.DB, name string) broker.ID {
	t.Helper()
	id := broker.NewID()
	within(t, db, postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: id, Name: name})
		return directory.SaveLibrary(tx, directory.Library{ID: id, Name: name, Member: true, Policy: "any", SharingGroup: id}, started)
	})
	return id
}

func TestATitleIsSavedOnceAndFoundAgain(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	within(t, db, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		first, err := catalog.SaveTitle(ctx, tx, catalog.Title{Title: "The Winter Orchard", Author: "Baker, Carla", ISBNs: []string{"0-306-40615-2", "bad"}}, started)
		if err != nil {
			return err
		}
		again, err := catalog.SaveTitle(ctx, tx, catalog.Title{Title: "Winter orchard : a new record", ISBNs: []string{"9780306406157", "9781861972712"}, OCLC: "ocm00042", Year: "2001"}, started)
		if err != nil || again != first {
			t.Errorf("the same ISBN made another title: %v", err)
		}
		title, err := catalog.LoadTitle(ctx, tx, first)
		if err != nil || len(title.ISBNs) != 2 || title.OCLC != "42" || title.Year != "2001" || title.Title != "The Winter Orchard" {
			t.Errorf("merged into %+v, %v", title, err)
		}
		spoken, err := catalog.SaveTitle(ctx, tx, catalog.Title{Title: "The Winter Orchard", ISBNs: []string{"9780306406157"}, Format: broker.FormatAudiobook}, started)
		if err != nil || spoken == first {
			t.Errorf("another format is the same title: %v", err)
		}
		for name, c := range map[string]struct {
			asked broker.Citation
			want  broker.ID
		}{
			"by ISBN":                        {broker.Citation{Title: "anything", ISBN: "0306406152"}, first},
			"by ISBN and format":             {broker.Citation{ISBN: "0306406152", Format: broker.FormatAudiobook}, spoken},
			"by OCLC number":                 {broker.Citation{OCLC: "(OCoLC)42"}, first},
			"by words":                       {broker.Citation{Title: "the winter orchard", Author: "carla baker"}, first},
			"an ISBN unknown here, by words": {broker.Citation{Title: "the winter orchard", ISBN: "9783161484100"}, first},
			"nothing like it":                {broker.Citation{Title: "Summer"}, broker.NoID},
			"nothing at all":                 {broker.Citation{}, broker.NoID},
		} {
			if got, found, err := catalog.MatchCitation(ctx, tx, broker.NoID, c.asked); err != nil || got != c.want || found != (c.want != broker.NoID) {
				t.Errorf("%s: %v, %v, %v", name, got, found, err)
			}
		}
		page, next, err := catalog.Search(ctx, tx, broker.NoID, "orchard, winter!", broker.NoID, 1)
		if err != nil || len(page) != 1 || next != page[0].ID {
			t.Errorf("first page %v, %v", page, err)
		}
		page, next, err = catalog.Search(ctx, tx, broker.NoID, "orchard winter", next, 1)
		if err != nil || len(page) != 1 || next != broker.NoID {
			t.Errorf("second page %v, %v", page, err)
		}
		if found, _, err := catalog.Search(ctx, tx, broker.NoID, "978-1-86197-271-2", broker.NoID, 5); err != nil || len(found) != 1 {
			t.Errorf("by ISBN %v, %v", found, err)
		}
		if found, _, err := catalog.Search(ctx, tx, broker.NoID, "  ' & | ! ", broker.NoID, 5); err != nil || len(found) != 0 {
			t.Errorf("only signs: %v, %v", found, err)
		}
		return nil
	})
}

func TestTwoWhoSaveATitleAtOnceMakeOne(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var made [4]broker.ID
	var group sync.WaitGroup
	for i := range made {
		group.Go(func() {
			if err := db.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) (err error) {
				made[i], err = catalog.SaveTitle(ctx, tx, catalog.Title{Title: "Tides", ISBNs: []string{"9780306406157"}}, started)
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, id := range made {
		if id != made[0] {
			t.Fatalf("made %v", made)
		}
	}
}

func TestAnItemIsFoundByItsBarcodeAndByTheLenders(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	library := member(t, db, "Elm")
	own := catalog.Item{Library: library, ID: broker.NewID(), Realm: library, Barcode: "1001", Lendable: true, Price: &broker.Money{Minor: 1800, Currency: "USD"}}
	lent := catalog.Item{Library: library, ID: broker.NewID(), Realm: library, Barcode: "T-1", LenderBarcode: "39001", Request: broker.NewID(), Status: catalog.Received}
	within(t, db, postgres.ForLibraries(library), func(ctx context.Context, tx *postgres.Tx) error {
		catalog.SaveItem(tx, own, started)
		catalog.SaveItem(tx, lent, started)
		found, err := catalog.ItemByBarcode(ctx, tx, library, "1001", true)
		if err != nil || found.ID != own.ID || found.Status != catalog.OnShelf || found.Type != "book" || *found.Price != *own.Price || found.Temporary() {
			t.Errorf("own item %+v, %v", found, err)
		}
		found, err = catalog.ItemByBarcode(ctx, tx, library, "39001", false)
		if err != nil || found.ID != lent.ID || !found.Temporary() {
			t.Errorf("the lender's barcode gives %+v, %v", found, err)
		}
		catalog.SetItemStatus(tx, library, lent.ID, catalog.GoneHome)
		if _, err := catalog.ItemByBarcode(ctx, tx, library, "39001", false); !broker.IsKind(err, broker.KindNotFound) {
			t.Errorf("the lender's barcode still gives %v", err)
		}
		// Saving again does not bring it back.
		catalog.SaveItem(tx, lent, started)
		found, err = catalog.ItemOfRequest(ctx, tx, library, lent.Request, false)
		if err != nil || found.Status != catalog.GoneHome {
			t.Errorf("after saving again %+v, %v", found, err)
		}
		return nil
	})
	other := member(t, db, "Oak")
	within(t, db, postgres.ForLibraries(other), func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := catalog.ItemByBarcode(ctx, tx, library, "1001", false); !broker.IsKind(err, broker.KindNotFound) {
			t.Errorf("another library sees the item: %v", err)
		}
		return nil
	})
}

func TestHoldersCountWhatCouldBeLent(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	elm, oak, far := member(t, db, "Elm"), member(t, db, "Oak"), broker.NewID()
	var title broker.ID
	patron := broker.NewID()
	within(t, db, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) (err error) {
		if title, err = catalog.SaveTitle(ctx, tx, catalog.Title{Title: "Tides"}, started); err != nil {
			return err
		}
		if err := directory.SaveLibrary(tx, directory.Library{ID: far, Name: "Far"}, started); err != nil {
			return err
		}
		copies := func(library broker.ID, name string, status catalog.ItemStatus, lendable bool) broker.ID {
			id := broker.NewID()
			catalog.SaveItem(tx, catalog.Item{Library: library, ID: id, Realm: library, Barcode: name, Title: title, Status: status, Lendable: lendable}, started)
			return id
		}
		copies(elm, "e1", catalog.OnShelf, true)
		copies(elm, "e2", catalog.OnShelf, false) // library use only
		copies(elm, "e3", catalog.OnLoan, true)
		copies(elm, "e4", catalog.Withdrawn, true)
		catalog.SaveItem(tx, catalog.Item{Library: elm, ID: broker.NewID(), Realm: elm, Barcode: "t1", Title: title, Lendable: true, Request: broker.NewID()}, started)
		copies(oak, "o1", catalog.OnShelf, true)
		chosen := copies(oak, "o2", catalog.OnShelf, true)
		copies(oak, "o3", catalog.OnShelf, true)
		tx.Queue(`insert into patrons (library_id, id, class, created_at) values ($1, $2, 'resident', $3)`, oak, patron, started)
		tx.Queue(`insert into holds (library_id, id, title_id, item_id, for_library_id, patron_id, queued_at, placed_at)
			values ($1, $2, $3, $4, $1, $5, $6, $6), ($1, $7, $3, null, $1, $5, $6, $6)`,
			oak, broker.NewID(), title, chosen, patron, started, broker.NewID())
		catalog.SaveHoldings(tx, []catalog.Holding{
			{Title: title, Library: far, Copies: 2, Lends: true, SeenAt: started},
			{Title: title, Library: far, Copies: 9, Lends: true, SeenAt: started.Add(-time.Hour)},
			{Title: title, Library: oak, Copies: 7, Lends: true, SeenAt: started},
		})
		return nil
	})
	within(t, db, postgres.ForLibraries(elm), func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(oak)
		holders, err := catalog.Holders(ctx, tx, title, []broker.ID{elm, oak}, nil)
		if err != nil {
			return err
		}
		want := map[broker.ID]catalog.Holder{
			elm: {Library: elm, Source: catalog.SourceItems, Copies: 3, Lendable: 2, Available: 1, AvailabilityKnown: true},
			// three on the shelf, one chosen for a hold, one more waited for
			oak: {Library: oak, Source: catalog.SourceItems, Copies: 3, Lendable: 3, Available: 1, AvailabilityKnown: true, Waiting: 1},
			far: {Library: far, Source: catalog.SourceStored, Copies: 2, Lendable: 2, SeenAt: started},
		}
		if len(holders) != len(want) {
			t.Errorf("%d holders", len(holders))
		}
		for _, holder := range holders {
			if holder != want[holder.Library] {
				t.Errorf("%+v, not %+v", holder, want[holder.Library])
			}
		}
		together, err := catalog.CountCopies(ctx, tx, []broker.ID{title, broker.NewID()}, []broker.ID{elm, oak}, nil)
		if want := (catalog.Counted{Copies: 6, Lendable: 5, Available: 2, Waiting: 1}); err != nil || len(together) != 1 || together[title] != want {
			t.Errorf("elm and oak together: %+v, not %+v, %v", together, want, err)
		}
		return nil
	})
	within(t, db, postgres.ForLibraries(elm), func(ctx context.Context, tx *postgres.Tx) error {
		holders, err := catalog.Holders(ctx, tx, title, []broker.ID{elm, oak}, nil)
		for _, holder := range holders {
			if holder.Library == oak && holder.Source == catalog.SourceItems {
				t.Error("items of a library out of sight were counted")
			}
		}
		return err
	})
}
