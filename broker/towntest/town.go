// Package towntest sets up towns for tests: libraries of one sharing group with
// a database of their own, with patrons and items, and the use cases of holds,
// loans and returns to act with. It is imported by tests only.
//
//	perth := towntest.OneLibrary(t, "perth", "America/Toronto")
//	loan := perth.Lend(perth.Patron("member"), perth.Item("book", perth.Title()), "2026-03-02 10:00")
//	out := perth.Back(returns.Return{Desk: perth.At("2026-03-30 10:00"), Item: loan.Item})
package towntest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/broker/returns"
	"afield/broker/standing"
)

// Town is a sharing group with its libraries and a database of its own.
type Town struct {
	t        testing.TB
	DB       *postgres.DB
	Policies standing.Policies
	Holds    *holds.Service
	Loans    *loans.Service
	Returns  *returns.Service
	// Group is the realm; all are its libraries, whom every act may see.
	Group broker.ID
	All   []broker.ID
	Count int
}

// House is one library of a town.
type House struct {
	*Town
	directory.Library
	Branch broker.ID
}

// Founded is when everything in these tests was set up.
var Founded = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// New sets up a town without libraries, whose policies are the presets.
func New(t testing.TB) *Town {
	tw := &Town{t: t, DB: pgtest.New(t), Group: broker.NewID()}
	tw.GoBy(presets())
	tw.Do(func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: tw.Group, Name: "A shared catalogue"})
		return nil
	})
	return tw
}

// GoBy has the town's use cases follow other policies.
func (tw *Town) GoBy(policies standing.Policies) {
	tw.Policies, tw.Holds, tw.Loans = policies, holds.New(policies), loans.New(policies)
	tw.Returns = returns.New(policies, tw.Holds)
}

// presets reads each policy document once.
func presets() standing.Policies {
	var mu sync.Mutex
	read := map[string]*policy.Document{}
	return standing.ByName(func(name string) (*policy.Document, error) {
		mu.Lock()
		defer mu.Unlock()
		if document, found := read[name]; found {
			return document, nil
		}
		document, err := policy.Preset(name)
		read[name] = document
		return document, err
	})
}

// OneLibrary is a town with a single library, closed on Sundays.
func OneLibrary(t testing.TB, preset, zone string, closed ...string) House {
	return New(t).AddLibrary(preset, zone, closed...)
}

// AddLibrary adds a library that follows a preset, with one branch, closed on
// Sundays and on the days named.
func (tw *Town) AddLibrary(preset, zone string, closed ...string) House {
	tw.t.Helper()
	document, err := policy.Preset(preset)
	tw.Must(err)
	plan := calendar.Plan{Hours: calendar.Week{}}
	for day := time.Monday; day <= time.Saturday; day++ {
		plan.Hours[day] = calendar.MustHours("09:00-17:00")
	}
	for _, day := range closed {
		plan.Closed = append(plan.Closed, calendar.Closure{From: broker.MustDate(day)})
	}
	location, err := time.LoadLocation(zone)
	tw.Must(err)
	h := House{Town: tw, Branch: broker.NewID(), Library: directory.Library{
		ID: broker.NewID(), Name: document.Title(), Kind: directory.KindLibrary,
		Member: true, Country: "US", Zone: location, Currency: document.Currency(), SharingGroup: tw.Group, Policy: preset,
		Plan: plan, Status: directory.StatusActive,
	}}
	tw.All = append(tw.All, h.Library.ID)
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
		if err := directory.SaveLibrary(tx, h.Library, Founded); err != nil {
			return err
		}
		if err := directory.SaveBranch(tx, directory.Branch{Library: h.Library.ID, ID: h.Branch, Code: "main", Name: "Main"}); err != nil {
			return err
		}
		h.Library, err = directory.Load(ctx, tx, h.Library.ID)
		return err
	})
	return h
}

// Must fails the test on an error.
func (tw *Town) Must(err error) {
	tw.t.Helper()
	if err != nil {
		tw.t.Fatal(err)
	}
}

// Do runs work in a transaction that sees every library of the town.
func (tw *Town) Do(work func(context.Context, *postgres.Tx) error) {
	tw.t.Helper()
	tw.Must(tw.Try(work))
}

// Try runs work in a transaction that sees every library of the town, and gives
// its error.
func (tw *Town) Try(work func(context.Context, *postgres.Tx) error) error {
	return tw.DB.InTx(tw.t.Context(), postgres.ForLibraries(tw.All...), work)
}

// Act runs one use case in a transaction of its own.
func Act[In, Out any](tw *Town, use func(context.Context, *postgres.Tx, In) (Out, error), in In) (out Out, err error) {
	err = tw.Try(func(ctx context.Context, tx *postgres.Tx) error {
		out, err = use(ctx, tx, in)
		return err
	})
	return out, err
}

// At is the library's desk at a local time such as "2026-03-02 10:00".
func (h House) At(local string) standing.Desk {
	h.t.Helper()
	now, err := time.ParseInLocation("2006-01-02 15:04", local, h.Zone)
	h.Must(err)
	return standing.Desk{
		Library: h.Library, Branch: h.Branch, Now: now.UTC(),
		Actor: broker.Actor{Kind: broker.ActorStaff, ID: broker.NewID(), Library: h.Library.ID, Roles: []string{"desk"}},
	}
}

// Patron registers a patron of a class, with a card.
func (h House) Patron(class string, change ...func(*patrons.Patron)) patrons.Ref {
	h.t.Helper()
	h.Count++
	patron := patrons.Patron{Library: h.Library.ID, ID: broker.NewID(), Class: class, Phone: "555-0100", Status: patrons.Active, CreatedAt: Founded}
	for _, apply := range change {
		apply(&patron)
	}
	card := patrons.Card{Library: h.Library.ID, ID: broker.NewID(), Realm: h.Group, Number: fmt.Sprintf("%014d", h.Count), Patron: patron.ID, CreatedAt: Founded}
	h.Do(func(_ context.Context, tx *postgres.Tx) error {
		if err := patrons.SavePatron(tx, patron); err != nil {
			return err
		}
		return patrons.SaveCard(tx, card)
	})
	return patron.Ref()
}

// Title records a new title.
func (h House) Title() (id broker.ID) {
	h.Count++
	title := catalog.Title{Title: fmt.Sprintf("Title %d", h.Count)}
	h.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		id, err = catalog.SaveTitle(ctx, tx, title, Founded)
		return err
	})
	return id
}

// Item is a copy of the library's own, on its shelf.
func (h House) Item(kind string, title broker.ID) catalog.Ref {
	h.Count++
	item := catalog.Item{
		Library: h.Library.ID, ID: broker.NewID(), Realm: h.Group, Barcode: fmt.Sprintf("3%013d", h.Count),
		Title: title, Branch: h.Branch, Type: kind, Lendable: true,
	}
	h.Do(func(_ context.Context, tx *postgres.Tx) error { catalog.SaveItem(tx, item, Founded); return nil })
	return item.Ref()
}

// Borrowed is a copy from a lender, received for a request.
func (h House) Borrowed(kind string, desk standing.Desk) (catalog.Ref, standing.RequestRef) {
	h.Count++
	request := standing.RequestRef{Library: h.Library.ID, Request: broker.NewID()}
	var item catalog.Item
	h.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		item, err = h.Loans.MakeTemporaryItem(ctx, tx, loans.TempItem{Desk: desk, Request: request, Number: int64(10000 + h.Count), Type: kind, LenderBarcode: "X1"})
		return err
	})
	return item.Ref(), request
}

// Stored reads an item again.
func (h House) Stored(ref catalog.Ref) catalog.Item {
	h.t.Helper()
	var item catalog.Item
	h.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		item, err = catalog.LoadItem(ctx, tx, ref.Library, ref.ID, false)
		return err
	})
	return item
}

// Owes gives what a patron owes in all, as decimal text.
func (h House) Owes(ref patrons.Ref) string {
	h.t.Helper()
	var owes string
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		account, err := patrons.StandingOf(ctx, tx, h.Library, ref)
		owes = account.Balances.Total().Decimal()
		return err
	})
	return owes
}

// WantCode fails the test unless an error has a code, and gives the error.
func WantCode(t testing.TB, err error, code string) *broker.Error {
	t.Helper()
	ours, ok := broker.AsError(err)
	if !ok || ours.Code != code {
		t.Fatalf("want the error %s, got %v", code, err)
	}
	return ours
}

// Equal fails the test unless two values are the same.
func Equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// WantReason fails the test unless a refusal names a reason, and gives the
// reason.
func WantReason(t testing.TB, err error, code string) broker.Reason {
	t.Helper()
	ours, ok := broker.AsError(err)
	if ok {
		for _, reason := range ours.Reasons {
			if reason.Code == code {
				return reason
			}
		}
	}
	t.Fatalf("want the reason %s, got %v", code, err)
	return broker.Reason{}
}

// Block puts a block on a patron's account.
func (h House) Block(patron patrons.Ref, stops ...string) {
	h.t.Helper()
	h.Do(func(_ context.Context, tx *postgres.Tx) error {
		_, err := patrons.PutBlock(tx, patrons.Block{
			Library: patron.Library, ID: broker.NewID(), Patron: patron.ID, Kind: patrons.BlockManual, Stops: stops, Reason: "a block for this test",
			From: broker.MustDate("2026-01-01"), PutBy: h.At("2026-01-02 10:00").Actor,
		})
		return err
	})
}

// BranchNamed gives the library another building.
func (h House) BranchNamed(code string) broker.ID {
	id := broker.NewID()
	h.Do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveBranch(tx, directory.Branch{Library: h.Library.ID, ID: id, Code: code, Name: code})
	})
	return id
}

// AtBranch is the desk of another branch.
func (h House) AtBranch(local string, branch broker.ID) standing.Desk {
	desk := h.At(local)
	desk.Branch = branch
	return desk
}

// TitleOf is the title of an item.
func (h House) TitleOf(item catalog.Ref) broker.ID { return h.Stored(item).Title }

// Institution is another library as a patron of this one.
func (h House) Institution(borrower House) patrons.Ref {
	var patron patrons.Patron
	h.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		patron, err = patrons.Institution(ctx, tx, h.Library, borrower.Library, Founded)
		return err
	})
	return patron.Ref()
}

// NoBreach fails the test if an invariant that holds, loans and returns could
// break is broken.
func (tw *Town) NoBreach() {
	tw.t.Helper()
	err := tw.DB.InTx(tw.t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		for _, view := range []string{
			"breach_queue_order", "breach_item_in_two_places", "breach_two_open_loans", "breach_ledger_over_credited",
			"breach_ledger_credit_without_charge", "breach_tenant_differs", "breach_transit_beside_its_item",
			"breach_copy_travels_for_ended_hold", "breach_two_copies_for_one_hold", "breach_in_transit_without_a_journey",
		} {
			var rows int
			if err := tx.QueryRow(ctx, "select count(*) from "+view).Scan(&rows); err != nil {
				return err
			}
			if rows != 0 {
				tw.t.Errorf("%s has %d rows", view, rows)
			}
		}
		return nil
	})
	tw.Must(err)
}

// CopyOf is a copy of the library's own, on its shelf, changed as wanted.
func (h House) CopyOf(change func(*catalog.Item)) catalog.Ref {
	h.Count++
	item := catalog.Item{
		Library: h.Library.ID, ID: broker.NewID(), Realm: h.Group, Barcode: fmt.Sprintf("4%013d", h.Count),
		Title: h.Title(), Branch: h.Branch, Type: "book", Lendable: true,
	}
	change(&item)
	h.Do(func(_ context.Context, tx *postgres.Tx) error { catalog.SaveItem(tx, item, Founded); return nil })
	return item.Ref()
}

// Of makes a copy of a material type.
func Of(kind string) func(*catalog.Item) { return func(i *catalog.Item) { i.Type = kind } }

// Money is an amount in the library's currency.
func (h House) Money(text string) broker.Money {
	h.t.Helper()
	amount, err := broker.ParseMoney(text, h.Currency)
	h.Must(err)
	return amount
}

// Refusal gives the codes of the reasons of a refusal.
func Refusal(t testing.TB, err error) map[string]bool {
	t.Helper()
	codes := map[string]bool{}
	ours, ok := broker.AsError(err)
	if !ok {
		t.Fatalf("want a refusal, got %v", err)
	}
	for _, reason := range ours.Reasons {
		codes[reason.Code] = true
	}
	return codes
}

// Priced makes a copy of a material type with a price.
func Priced(kind string, amount broker.Money) func(*catalog.Item) {
	return func(i *catalog.Item) { i.Type, i.Price = kind, &amount }
}
