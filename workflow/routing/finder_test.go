package routing_test

import (
	"context"
	"math"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/connectors"
	"afield/workflow/routing"
)

var monday = time.Date(2026, 8, 3, 12, 0, 0, 0, time.UTC)

// town is a small directory: a borrower that looks at its own shelves and its
// system, a second member of the system, and three libraries elsewhere.
type town struct {
	db                                 *postgres.DB
	finder                             *routing.Finder
	vault                              *directory.Vault
	borrower, neighbour, partner, card broker.ID
	outsider                           broker.ID
	title                              broker.ID
}

func newTown(t *testing.T) town {
	t.Helper()
	vault, err := directory.NewVault(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	wall := func() time.Time { return monday }
	made := town{
		db: pgtest.New(t), finder: &routing.Finder{Lenders: directory.NewCache(time.Minute, wall), Live: []string{"partner"}}, vault: vault,
		borrower: broker.NewID(), neighbour: broker.NewID(), partner: broker.NewID(), card: broker.NewID(), outsider: broker.NewID(),
	}
	system := directory.Group{ID: broker.NewID(), Name: "System", Kind: directory.GroupSystem}
	made.within(t, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) (err error) {
		for _, member := range []broker.ID{made.borrower, made.neighbour} {
			directory.SaveSharingGroup(tx, directory.SharingGroup{ID: member, Name: "alone"})
			if err := directory.SaveLibrary(tx, directory.Library{
				ID: member, Name: "Member " + member.String(), Member: true,
				Policy: "any", SharingGroup: member, State: "NY",
			}, monday); err != nil {
				return err
			}
		}
		for _, other := range []broker.ID{made.partner, made.card, made.outsider} {
			if err := directory.SaveLibrary(tx, directory.Library{ID: other, Name: "Library " + other.String(), State: "OH"}, monday); err != nil {
				return err
			}
			if err := directory.SavePeer(tx, vault, directory.Peer{
				Library: other, Protocol: "partner", BaseURL: "https://peer.example",
				OutboundSecret: directory.NewSecret(), InboundSecret: directory.NewSecret(),
			}, monday); err != nil {
				return err
			}
		}
		directory.SaveGroup(tx, system, made.borrower, made.neighbour, made.partner, made.card)
		if err := directory.SaveTiers(tx, made.borrower, []directory.Tier{
			{Name: "Own shelves", Members: directory.TierOwn, Fulfilment: directory.FulfilHold},
			{Name: "System", Members: directory.TierGroup, Group: system.ID, Fulfilment: directory.FulfilILL},
		}); err != nil {
			return err
		}
		if made.title, err = catalog.SaveTitle(ctx, tx, catalog.Title{Title: "Tides"}, monday); err != nil {
			return err
		}
		for i, member := range []broker.ID{made.borrower, made.neighbour} {
			catalog.SaveItem(tx, catalog.Item{
				Library: member, ID: broker.NewID(), Realm: member, Barcode: string(rune('a' + i)), Title: made.title,
				Lendable: true, Status: []catalog.ItemStatus{catalog.OnLoan, catalog.OnShelf}[i],
			}, monday)
		}
		catalog.SaveHoldings(tx, []catalog.Holding{{Title: made.title, Library: made.outsider, Copies: 1, Lends: true, SeenAt: monday}})
		return nil
	})
	return made
}

func (w town) within(t *testing.T, scope postgres.Scope, work func(context.Context, *postgres.Tx) error) {
	t.Helper()
	if err := w.db.InTx(t.Context(), scope, work); err != nil {
		t.Fatal(err)
	}
}

func TestCandidatesAreFoundInItemsHoldingsAndLiveAnswers(t *testing.T) {
	t.Parallel()
	town := newTown(t)
	live := map[broker.ID]routing.Live{
		town.partner: {Availability: connectors.Availability{Owned: true, Available: 2}},
		town.card:    {Problem: "no answer within 3s"},
	}
	town.within(t, postgres.ForLibraries(town.borrower), func(ctx context.Context, tx *postgres.Tx) error {
		query, err := town.finder.NewQuery(ctx, tx, town.borrower)
		if err != nil {
			return err
		}
		query.Request, query.Now = broker.NewID(), monday
		candidates, err := town.finder.FindCandidates(ctx, tx, query, town.title, live)
		if err != nil {
			return err
		}
		rota := routing.Rank(query, candidates)
		asked := map[broker.ID]bool{}
		for _, entry := range rota.Entries {
			asked[entry.Lender] = true
		}
		if len(rota.Entries) != 2 || !asked[town.neighbour] || !asked[town.partner] {
			t.Errorf("would ask %v", rota.Entries)
		}
		why := map[broker.ID]string{}
		for _, passed := range rota.PassedOver {
			why[passed.Lender] = passed.Reasons[0].Code
		}
		want := map[broker.ID]string{town.borrower: routing.CodeNoneAvailable, town.card: routing.CodeNotKnownToOwn, town.outsider: routing.CodeOutOfReach}
		for lender, code := range want {
			if why[lender] != code {
				t.Errorf("passed over for %q, not %q", why[lender], code)
			}
		}
		// What nobody has catalogued is only known from live answers.
		candidates, err = town.finder.FindCandidates(ctx, tx, query, broker.NoID, live)
		if err != nil || len(candidates) != 2 {
			t.Errorf("without a title %d candidates, %v", len(candidates), err)
		}
		return nil
	})
}

func TestLivePeersAreThoseWorthAsking(t *testing.T) {
	t.Parallel()
	town := newTown(t)
	town.within(t, postgres.ForLibraries(town.borrower), func(ctx context.Context, tx *postgres.Tx) error {
		query, err := town.finder.NewQuery(ctx, tx, town.borrower)
		if err != nil {
			return err
		}
		query.Now, query.Asked = monday, map[broker.ID]string{town.card: "refused"}
		peers, err := town.finder.LivePeers(ctx, tx, town.vault, query)
		if err != nil || len(peers) != 1 || peers[0].Library != town.partner || len(peers[0].OutboundSecret) != 32 || peers[0].Protocol != "partner" {
			t.Errorf("peers %v, %v", peers, err)
		}
		tx.Queue(`update peers set paused = true where library_id = $1`, town.partner)
		peers, err = town.finder.LivePeers(ctx, tx, town.vault, query)
		if err != nil || len(peers) != 0 {
			t.Errorf("a paused peer would be asked: %v, %v", peers, err)
		}
		return nil
	})
}

// A catalogue can be searched whichever way its library is reached: a member of
// another catalogue, a partner and a library asked by hand. What a hold reaches is
// not looked up.
func TestCataloguesAreSearchedWhicheverWayMessagesGo(t *testing.T) {
	t.Parallel()
	town := newTown(t)
	town.within(t, postgres.ForLibraries(town.borrower), func(ctx context.Context, tx *postgres.Tx) error {
		if err := directory.SavePeer(tx, town.vault, directory.Peer{Library: town.card, Protocol: directory.ProtocolManual}, monday); err != nil {
			return err
		}
		for _, library := range []broker.ID{town.borrower, town.neighbour, town.partner, town.card, town.outsider} {
			if err := directory.SaveTarget(tx, directory.Target{Library: library, URL: "https://sru.example.org", System: "koha", Indexes: map[string]string{"oclc": "x"}}, monday); err != nil {
				return err
			}
		}
		if err := directory.SetTargetPassword(ctx, tx, town.vault, town.card, "secret"); err != nil {
			return err
		}
		query, err := town.finder.NewQuery(ctx, tx, town.borrower)
		if err != nil {
			return err
		}
		query.Now = monday
		peers, err := town.finder.LivePeers(ctx, tx, town.vault, query)
		found := map[broker.ID]connectors.Peer{}
		for _, peer := range peers {
			found[peer.Library] = peer
		}
		if err != nil || len(peers) != 3 || found[town.neighbour].Target == nil || found[town.partner].Target == nil || found[town.card].Target == nil {
			t.Fatalf("would search %+v, %v", peers, err)
		}
		if target := found[town.card].Target; target.URL != "https://sru.example.org" || target.System != "koha" || target.Indexes["oclc"] != "x" || target.Password != "secret" {
			t.Errorf("by hand: %+v", target)
		}
		// By hand, and its catalogue has it: staff are to ask it.
		candidates, err := town.finder.FindCandidates(ctx, tx, query, broker.NoID, map[broker.ID]routing.Live{
			town.card:      {Availability: connectors.Availability{Owned: true, Perhaps: 1}},
			town.neighbour: {Availability: connectors.Availability{Owned: true, Due: broker.MustDate("2026-08-20"), Note: "1 on loan"}},
		})
		if err != nil {
			return err
		}
		rota := routing.Rank(query, candidates)
		if len(rota.Entries) != 1 || rota.Entries[0].Lender != town.card || rota.Entries[0].Protocol != directory.ProtocolManual {
			t.Errorf("would ask %+v", rota.Entries)
		}
		if len(rota.PassedOver) != 1 || len(rota.PassedOver[0].Reasons) != 1 ||
			rota.PassedOver[0].Reasons[0].Message != "Said just now that no copy can be lent (1 on loan); the first is expected back on 2026-08-20." ||
			rota.PassedOver[0].Reasons[0].PassesAt == nil {
			t.Errorf("passed over: %+v", rota.PassedOver)
		}
		return nil
	})
}

func TestFiguresAndBalancesAreCountedAndUsed(t *testing.T) {
	t.Parallel()
	town := newTown(t)
	town.within(t, postgres.ForLibraries(town.borrower), func(ctx context.Context, tx *postgres.Tx) error {
		for range 4 {
			routing.NoteAsked(tx, town.neighbour)
		}
		routing.NoteAnswered(tx, town.neighbour, routing.AnswerFilled, 10)
		routing.NoteAnswered(tx, town.neighbour, routing.AnswerRefused, 6)
		routing.NoteAnswered(tx, town.neighbour, routing.AnswerSilent, 99)
		routing.NoteSupplied(tx, town.neighbour, 3, true)
		routing.NoteWithdrawn(tx, town.outsider) // never below nothing
		before := monday.Add(-routing.HalfLife)
		for range 2 {
			routing.NoteLoan(tx, town.neighbour, town.borrower, before)
		}
		routing.NoteLoan(tx, town.neighbour, town.borrower, monday) // 2 halved, plus 1
		return nil
	})
	town.within(t, postgres.ForLibraries(town.borrower), func(ctx context.Context, tx *postgres.Tx) error {
		query, err := town.finder.NewQuery(ctx, tx, town.borrower)
		if err != nil {
			return err
		}
		query.Now = monday.Add(routing.HalfLife)
		candidates, err := town.finder.FindCandidates(ctx, tx, query, town.title, nil)
		if err != nil {
			return err
		}
		for _, candidate := range candidates {
			want := routing.Figures{}
			if candidate.ID == town.neighbour {
				want = routing.Figures{Asked: 4, Filled: 1, Refused: 1, Silent: 1, Supplied: 1, AnswerHours: 16, SupplyDays: 3, Open: 1}
				if math.Abs(candidate.Balance-1) > 1e-9 {
					t.Errorf("the balance is %v, not half of 2", candidate.Balance)
				}
			}
			if candidate.Figures != want {
				t.Errorf("figures %+v, not %+v", candidate.Figures, want)
			}
		}
		var back float64
		if err := tx.QueryRow(ctx, `select balance from lending_balances where lender_id = $1 and borrower_id = $2`,
			town.borrower, town.neighbour).Scan(&back); err != nil || back != -2 {
			t.Errorf("the other side of the balance is %v, %v", back, err)
		}
		return nil
	})
}
