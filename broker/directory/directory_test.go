package directory_test

import (
	"context"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

var started = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

func place(degrees float64) *float64 { return &degrees }

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	found, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func within(t *testing.T, db *postgres.DB, work func(context.Context, *postgres.Tx) error) {
	t.Helper()
	if err := db.InTx(t.Context(), postgres.Everywhere(), work); err != nil {
		t.Fatal(err)
	}
}

// lakeside saves a member with hours, a closure, two branches and two symbols.
func lakeside(t *testing.T, db *postgres.DB) directory.Library {
	t.Helper()
	library := directory.Library{
		ID: broker.NewID(), Name: "Lakeside Library", Member: true, State: "NY", Country: "US",
		Latitude: place(44.18), Longitude: place(-73.43), Zone: zone(t, "America/New_York"), SharingGroup: broker.NewID(),
		Policy: "westport", Plan: calendar.Plan{Hours: calendar.Week{
			time.Monday: calendar.MustHours("09:00-17:00"), time.Friday: calendar.MustHours("09:00-17:00"),
		}},
	}
	within(t, db, func(ctx context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: library.SharingGroup, Name: "System catalogue"})
		if err := directory.SaveLibrary(tx, library, started); err != nil {
			return err
		}
		directory.SaveSymbols(tx, library.ID, broker.NewSymbol("local", "lake"), broker.NewSymbol("isil", "us-lake"))
		bayside := broker.NewID()
		if err := directory.SaveBranch(tx, directory.Branch{Library: library.ID, ID: broker.NewID(), Code: "A", Name: "Main"}); err != nil {
			return err
		}
		own := calendar.Plan{Hours: calendar.Week{time.Sunday: calendar.MustHours("12:00-16:00")}}
		if err := directory.SaveBranch(tx, directory.Branch{Library: library.ID, ID: bayside, Code: "B", Name: "Bayside", Plan: &own}); err != nil {
			return err
		}
		for branch, closure := range map[broker.ID]calendar.Closure{
			broker.NoID: {From: broker.MustDate("2026-09-07"), Reason: "Labor Day"},
			bayside:     {From: broker.MustDate("2026-09-13"), Reason: "painting"},
		} {
			if _, _, err := directory.Close(ctx, tx, directory.Closure{Library: library.ID, Branch: branch, Closure: closure, PutAt: started}); err != nil {
				return err
			}
		}
		return nil
	})
	return library
}

func TestALibraryIsReadWithItsCalendarAndClosures(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	saved := lakeside(t, db)
	within(t, db, func(ctx context.Context, tx *postgres.Tx) error {
		library, err := directory.BySymbol(ctx, tx, broker.Symbol{Namespace: "ISIL", Value: "us-lake"})
		if err != nil {
			return err
		}
		if library.ID != saved.ID || library.Zone.String() != "America/New_York" || library.Currency != "USD" || library.Status != directory.StatusActive {
			t.Errorf("read %+v", library)
		}
		for date, open := range map[string]bool{"2026-08-31": true, "2026-09-07": false, "2026-09-01": false} {
			if got := library.Calendar.IsOpen(broker.MustDate(date)); got != open {
				t.Errorf("open on %s: %v", date, got)
			}
		}
		symbol, err := directory.Symbol(ctx, tx, library.ID)
		if err != nil || symbol.String() != "ISIL:US-LAKE" {
			t.Errorf("preferred symbol %s, %v", symbol, err)
		}
		if _, err := directory.Load(ctx, tx, broker.NewID()); !broker.IsKind(err, broker.KindNotFound) {
			t.Errorf("an unknown id gives %v", err)
		}
		branches, err := directory.Branches(ctx, tx, library.ID)
		if err != nil || len(branches) != 2 {
			t.Fatalf("branches %v, %v", branches, err)
		}
		// The branch keeps its own hours and the closures of both.
		bayside := branches[1].Calendar
		if !bayside.IsOpen(broker.MustDate("2026-09-06")) || bayside.IsOpen(broker.MustDate("2026-09-13")) || bayside.IsOpen(broker.MustDate("2026-08-31")) {
			t.Error("the branch's calendar is not its own")
		}
		if !branches[0].Calendar.IsOpen(broker.MustDate("2026-08-31")) || branches[0].Calendar.IsOpen(broker.MustDate("2026-09-07")) {
			t.Error("a branch without hours does not follow its library")
		}
		return nil
	})
}

func TestSavingTwiceChangesNothingAndAForeignSymbolIsRefused(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	library := lakeside(t, db)
	other := directory.Library{ID: broker.NewID(), Name: "Other", Zone: time.UTC}
	within(t, db, func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveSymbols(tx, library.ID, broker.NewSymbol("ISIL", "US-LAKE"))
		if err := directory.SaveLibrary(tx, library, started); err != nil {
			return err
		}
		return directory.SaveLibrary(tx, other, started)
	})
	err := db.InTx(t.Context(), postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveSymbols(tx, other.ID, broker.NewSymbol("ISIL", "US-LAKE"))
		return nil
	})
	if err == nil {
		t.Error("another library took the symbol")
	}
}

func TestTiersGroupsAndTermsComeBackAsSaved(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	library := lakeside(t, db)
	partner := directory.Library{ID: broker.NewID(), Name: "Prairie Library", State: "OH", Zone: time.UTC}
	network := directory.Group{ID: broker.NewID(), Name: "North network", Kind: directory.GroupNetwork}
	within(t, db, func(ctx context.Context, tx *postgres.Tx) error {
		if err := directory.SaveLibrary(tx, partner, started); err != nil {
			return err
		}
		directory.SaveGroup(tx, network, library.ID, partner.ID)
		directory.SaveGroup(tx, network, partner.ID) // the later list is the whole list
		directory.SaveTerms(tx, directory.LendingTerms{
			Library: partner.ID, Lends: true, Fee: broker.Money{Minor: 1250, Currency: "USD"},
			PausedFrom: broker.MustDate("2026-12-20"), PausedUntil: broker.MustDate("2027-01-04"),
		})
		err := directory.SaveTiers(tx, library.ID, []directory.Tier{
			{Name: "Own shelves", Members: directory.TierOwn, Fulfilment: directory.FulfilHold},
			{Name: "Network", Members: directory.TierGroup, Group: network.ID, Fulfilment: directory.FulfilILL},
			{Name: "Ohio", Members: directory.TierStates, States: []string{"OH"}, CostRule: directory.CostLenderFee, DaysToRespond: 7, Fulfilment: directory.FulfilStaff},
		})
		if err != nil {
			return err
		}
		tiers, err := directory.Tiers(ctx, tx, library.ID)
		if err != nil || len(tiers) != 3 || tiers[1].Group != network.ID || tiers[2].States[0] != "OH" || tiers[0].DaysToRespond != 4 || tiers[2].DaysToRespond != 7 {
			t.Errorf("tiers %+v, %v", tiers, err)
		}
		lenders, err := directory.LoadLenders(ctx, tx, []broker.ID{library.ID, partner.ID})
		if err != nil {
			return err
		}
		prairie := lenders[partner.ID]
		if !prairie.Terms.Known || prairie.Terms.Fee.Minor != 1250 || prairie.Terms.LoanDays != 28 || len(prairie.Groups) != 1 || prairie.Protocol != directory.ProtocolManual {
			t.Errorf("lender %+v", prairie)
		}
		if own := lenders[library.ID]; own.Terms.Known || own.Protocol != directory.ProtocolMember || len(own.Groups) != 0 {
			t.Errorf("lender %+v", own)
		}
		err = directory.SaveTiers(tx, library.ID, []directory.Tier{{Name: "Bad", Members: directory.TierGroup, Fulfilment: directory.FulfilILL}})
		if !broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("a group tier without a group gives %v", err)
		}
		return nil
	})
}

func TestAPeersSecretsAreSealedInTheDatabase(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	library := lakeside(t, db)
	vault, err := directory.NewVault(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	outbound, inbound := directory.NewSecret(), directory.NewSecret()
	within(t, db, func(ctx context.Context, tx *postgres.Tx) error {
		err := directory.SavePeer(tx, vault, directory.Peer{
			Library: library.ID, Protocol: "partner",
			BaseURL: "https://partner.example/ill", OutboundSecret: outbound, InboundSecret: inbound, Timeout: 3 * time.Second,
		}, started)
		if err != nil {
			return err
		}
		tx.Queue(`update peers set paused = true where library_id = $1`, library.ID)
		peer, err := directory.LoadPeer(ctx, tx, vault, library.ID)
		if err != nil {
			return err
		}
		if string(peer.OutboundSecret) != string(outbound) || string(peer.InboundSecret) != string(inbound) || !peer.Paused ||
			peer.Timeout != 3*time.Second || peer.Symbol.String() != "ISIL:US-LAKE" {
			t.Errorf("peer %+v", peer)
		}
		var stored []byte
		if err := tx.QueryRow(ctx, `select outbound_secret from peers`).Scan(&stored); err != nil {
			return err
		}
		if string(stored) == string(outbound) {
			t.Error("the secret lies open in the database")
		}
		if _, err := vault.Open(library.ID, "inbound", stored); err == nil {
			t.Error("a secret opened for a use it was not sealed for")
		}
		otherKey := make([]byte, 32)
		otherKey[0] = 1
		stranger, _ := directory.NewVault(otherKey)
		if _, err := directory.LoadPeer(ctx, tx, stranger, library.ID); err == nil {
			t.Error("another server's key opened the secret")
		}
		return nil
	})
}

func TestListGoesThroughAllLibrariesByName(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	within(t, db, func(ctx context.Context, tx *postgres.Tx) error {
		for _, name := range []string{"Elm", "Ash", "Oak", "Ash", "Fir"} {
			if err := directory.SaveLibrary(tx, directory.Library{ID: broker.NewID(), Name: name, State: "VT"}, started); err != nil {
				return err
			}
		}
		var names []string
		for cursor, more := "", true; more; more = cursor != "" {
			page, next, err := directory.List(ctx, tx, directory.Filter{State: "VT"}, cursor, 2)
			if err != nil {
				return err
			}
			for _, library := range page {
				names = append(names, library.Name)
			}
			cursor = next
		}
		if got := len(names); got != 5 || names[0] != "Ash" || names[1] != "Ash" || names[4] != "Oak" {
			t.Errorf("listed %v", names)
		}
		if found, _, err := directory.List(ctx, tx, directory.Filter{Text: "aK"}, "", 50); err != nil || len(found) != 1 {
			t.Errorf("searching gives %v, %v", found, err)
		}
		if _, _, err := directory.List(ctx, tx, directory.Filter{}, "%%%", 50); !broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("a broken cursor gives %v", err)
		}
		return nil
	})
}

func TestTheCacheReadsAgainWhenOldOrToldTo(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	library := lakeside(t, db)
	wall := started
	cache := directory.NewCache(time.Minute, func() time.Time { return wall })
	status := func() directory.Status {
		var got directory.Status
		within(t, db, func(ctx context.Context, tx *postgres.Tx) error {
			lenders, err := cache.Lenders(ctx, tx, []broker.ID{library.ID, broker.NewID()})
			if err == nil && len(lenders) == 1 {
				got = lenders[library.ID].Status
			}
			return err
		})
		return got
	}
	change := func(to directory.Status) {
		within(t, db, func(_ context.Context, tx *postgres.Tx) error {
			changed := library
			changed.Status = to
			return directory.SaveLibrary(tx, changed, started)
		})
	}
	if got := status(); got != directory.StatusActive {
		t.Fatalf("read %s", got)
	}
	change(directory.StatusSuspended)
	if got := status(); got != directory.StatusActive {
		t.Errorf("within its age the cache gave %s", got)
	}
	wall = wall.Add(2 * time.Minute)
	if got := status(); got != directory.StatusSuspended {
		t.Errorf("past its age the cache gave %s", got)
	}
	change(directory.StatusClosed)
	cache.Invalidate(library.ID)
	if got := status(); got != directory.StatusClosed {
		t.Errorf("after Invalidate the cache gave %s", got)
	}
}

func TestASharingGroupKeepsOneCurrency(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	first := lakeside(t, db)
	save := func(change func(*directory.Library)) error {
		library := first
		change(&library)
		return db.InTx(t.Context(), postgres.ForLibraries(library.ID), func(_ context.Context, tx *postgres.Tx) error {
			return directory.SaveLibrary(tx, library, started)
		})
	}
	joins := func(currency string) error {
		return save(func(l *directory.Library) { l.ID, l.Currency, l.SourceKey = broker.NewID(), currency, "" })
	}
	changes := func(currency string) error {
		return save(func(l *directory.Library) { l.Currency = currency })
	}
	if err := changes("CAD"); err != nil { // alone it may keep what it likes
		t.Fatal(err)
	}
	if ours, ok := broker.AsError(joins("USD")); !ok || ours.Code != "mixed_currencies" || ours.Kind != broker.KindConflict {
		t.Errorf("a second currency joins: %v", ours)
	}
	if err := joins("CAD"); err != nil {
		t.Fatal(err)
	}
	if ours, ok := broker.AsError(changes("USD")); !ok || ours.Code != "mixed_currencies" {
		t.Errorf("one of two changes its currency: %v", ours)
	}
	alone := save(func(l *directory.Library) {
		l.ID, l.Currency, l.SharingGroup, l.Member, l.Policy = broker.NewID(), "USD", broker.NoID, false, ""
	})
	if alone != nil {
		t.Errorf("a library outside the group: %v", alone)
	}
}
