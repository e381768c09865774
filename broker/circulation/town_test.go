package circulation_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

// town is a sharing group with its libraries, over a database of its own.
type town struct {
	t    testing.TB
	db   *postgres.DB
	Circ *circulation.Circulation
	// group is the realm; all are its libraries, whom every act may see.
	group broker.ID
	all   []broker.ID
	count int
}

// house is one library of a town.
type house struct {
	*town
	directory.Library
	branch broker.ID
}

// founded is when everything in these tests was set up.
var founded = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func newTown(t testing.TB) *town {
	tw := &town{t: t, db: pgtest.New(t), group: broker.NewID()}
	tw.goBy(presets())
	tw.do(func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: tw.group, Name: "A shared catalogue"})
		return nil
	})
	return tw
}

// goBy has the town's use cases go by other policies.
func (tw *town) goBy(policies circulation.Policies) { tw.Circ = circulation.New(policies) }

// presets reads each policy document once.
func presets() circulation.Policies {
	var mu sync.Mutex
	read := map[string]*policy.Document{}
	return circulation.ByName(func(name string) (*policy.Document, error) {
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

// oneLibrary is a town with a single library, closed on Sundays.
func oneLibrary(t testing.TB, preset, zone string, closed ...string) house {
	return newTown(t).addLibrary(preset, zone, closed...)
}

func (tw *town) addLibrary(preset, zone string, closed ...string) house {
	tw.t.Helper()
	document, err := policy.Preset(preset)
	tw.must(err)
	plan := calendar.Plan{Hours: calendar.Week{}}
	for day := time.Monday; day <= time.Saturday; day++ {
		plan.Hours[day] = calendar.MustHours("09:00-17:00")
	}
	for _, day := range closed {
		plan.Closed = append(plan.Closed, calendar.Closure{From: broker.MustDate(day)})
	}
	location, err := time.LoadLocation(zone)
	tw.must(err)
	h := house{town: tw, branch: broker.NewID(), Library: directory.Library{
		ID: broker.NewID(), Name: document.Title(), Kind: directory.KindLibrary,
		Member: true, Country: "US", Zone: location, Currency: document.Currency(), SharingGroup: tw.group, Policy: preset,
		Plan: plan, Status: directory.StatusActive,
	}}
	tw.all = append(tw.all, h.Library.ID)
	tw.do(func(ctx context.Context, tx *postgres.Tx) error {
		if err := directory.SaveLibrary(tx, h.Library, founded); err != nil {
			return err
		}
		if err := directory.SaveBranch(tx, directory.Branch{Library: h.Library.ID, ID: h.branch, Code: "main", Name: "Main"}); err != nil {
			return err
		}
		h.Library, err = directory.Load(ctx, tx, h.Library.ID)
		return err
	})
	return h
}

func (tw *town) must(err error) {
	tw.t.Helper()
	if err != nil {
		tw.t.Fatal(err)
	}
}

// do runs work in a transaction that sees every library of the town.
func (tw *town) do(work func(context.Context, *postgres.Tx) error) {
	tw.t.Helper()
	tw.must(tw.try(work))
}

func (tw *town) try(work func(context.Context, *postgres.Tx) error) error {
	return tw.db.InTx(tw.t.Context(), postgres.ForLibraries(tw.all...), work)
}

// act runs one use case in a transaction of its own.
func act[In, Out any](tw *town, use func(context.Context, *postgres.Tx, In) (Out, error), in In) (out Out, err error) {
	err = tw.try(func(ctx context.Context, tx *postgres.Tx) error {
		out, err = use(ctx, tx, in)
		return err
	})
	return out, err
}

// at is the library's desk at a local time such as "2026-03-02 10:00".
func (h house) at(local string) circulation.Desk {
	h.t.Helper()
	now, err := time.ParseInLocation("2006-01-02 15:04", local, h.Zone)
	h.must(err)
	return circulation.Desk{
		Library: h.Library, Branch: h.branch, Now: now.UTC(),
		Actor: broker.Actor{Kind: broker.ActorStaff, ID: broker.NewID(), Library: h.Library.ID, Roles: []string{"desk"}},
	}
}

func (h house) patron(class string, change ...func(*patrons.Patron)) patrons.Ref {
	h.t.Helper()
	h.count++
	patron := patrons.Patron{Library: h.Library.ID, ID: broker.NewID(), Class: class, Phone: "555-0100", Status: patrons.Active, CreatedAt: founded}
	for _, apply := range change {
		apply(&patron)
	}
	card := patrons.Card{Library: h.Library.ID, ID: broker.NewID(), Realm: h.group, Number: fmt.Sprintf("%014d", h.count), Patron: patron.ID, CreatedAt: founded}
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		if err := patrons.SavePatron(tx, patron); err != nil {
			return err
		}
		return patrons.SaveCard(tx, card)
	})
	return patron.Ref()
}

func (h house) title() (id broker.ID) {
	h.count++
	title := catalog.Title{Title: fmt.Sprintf("Title %d", h.count)}
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		id, err = catalog.SaveTitle(ctx, tx, title, founded)
		return err
	})
	return id
}

// item is a copy of the library's own, on its shelf.
func (h house) item(kind string, title broker.ID) catalog.Ref {
	h.count++
	item := catalog.Item{
		Library: h.Library.ID, ID: broker.NewID(), Realm: h.group, Barcode: fmt.Sprintf("3%013d", h.count),
		Title: title, Branch: h.branch, Type: kind, Lendable: true,
	}
	h.do(func(_ context.Context, tx *postgres.Tx) error { catalog.SaveItem(tx, item, founded); return nil })
	return item.Ref()
}

// borrowed is a copy from a lender, received for a request.
func (h house) borrowed(kind string, desk circulation.Desk) (catalog.Ref, circulation.RequestRef) {
	h.count++
	request := circulation.RequestRef{Library: h.Library.ID, Request: broker.NewID()}
	var item catalog.Item
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		item, err = h.Circ.MakeTemporaryItem(ctx, tx, circulation.TempItem{Desk: desk, Request: request, Number: int64(10000 + h.count), Type: kind, LenderBarcode: "X1"})
		return err
	})
	return item.Ref(), request
}

func (h house) stored(ref catalog.Ref) catalog.Item {
	h.t.Helper()
	var item catalog.Item
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		item, err = catalog.LoadItem(ctx, tx, ref.Library, ref.ID, false)
		return err
	})
	return item
}

// owes gives what a patron owes in all, as decimal text.
func (h house) owes(ref patrons.Ref) string {
	h.t.Helper()
	var owes string
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		account, err := patrons.StandingOf(ctx, tx, h.Library, ref)
		owes = account.Balances.Total().Decimal()
		return err
	})
	return owes
}

func wantCode(t testing.TB, err error, code string) *broker.Error {
	t.Helper()
	ours, ok := broker.AsError(err)
	if !ok || ours.Code != code {
		t.Fatalf("want the error %s, got %v", code, err)
	}
	return ours
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func wantReason(t testing.TB, err error, code string) broker.Reason {
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

func (h house) block(patron patrons.Ref, stops ...string) {
	h.t.Helper()
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		_, err := patrons.PutBlock(tx, patrons.Block{
			Library: patron.Library, ID: broker.NewID(), Patron: patron.ID, Kind: patrons.BlockManual, Stops: stops, Reason: "a block for this test",
			From: broker.MustDate("2026-01-01"), PutBy: h.at("2026-01-02 10:00").Actor,
		})
		return err
	})
}

// branchNamed gives the library another building.
func (h house) branchNamed(code string) broker.ID {
	id := broker.NewID()
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveBranch(tx, directory.Branch{Library: h.Library.ID, ID: id, Code: code, Name: code})
	})
	return id
}

func (h house) atBranch(local string, branch broker.ID) circulation.Desk {
	desk := h.at(local)
	desk.Branch = branch
	return desk
}

func (h house) titleOf(item catalog.Ref) broker.ID { return h.stored(item).Title }

func (h house) institution(borrower house) patrons.Ref {
	var patron patrons.Patron
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		patron, err = patrons.Institution(ctx, tx, h.Library, borrower.Library, founded)
		return err
	})
	return patron.Ref()
}

// noBreach reads the invariants that circulation can break.
func (tw *town) noBreach() {
	tw.t.Helper()
	err := tw.db.InTx(tw.t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		for _, view := range []string{
			"breach_queue_order", "breach_item_in_two_places", "breach_two_open_loans", "breach_ledger_over_credited",
			"breach_ledger_credit_without_charge", "breach_tenant_differs", "breach_transit_beside_its_item",
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
	tw.must(err)
}

// copyOf is a copy of the library's own, on its shelf, changed as wanted.
func (h house) copyOf(change func(*catalog.Item)) catalog.Ref {
	h.count++
	item := catalog.Item{
		Library: h.Library.ID, ID: broker.NewID(), Realm: h.group, Barcode: fmt.Sprintf("4%013d", h.count),
		Title: h.title(), Branch: h.branch, Type: "book", Lendable: true,
	}
	change(&item)
	h.do(func(_ context.Context, tx *postgres.Tx) error { catalog.SaveItem(tx, item, founded); return nil })
	return item.Ref()
}

func of(kind string) func(*catalog.Item) { return func(i *catalog.Item) { i.Type = kind } }

func (h house) money(text string) broker.Money {
	h.t.Helper()
	amount, err := broker.ParseMoney(text, h.Currency)
	h.must(err)
	return amount
}

func refusal(t testing.TB, err error) map[string]bool {
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

func priced(kind string, amount broker.Money) func(*catalog.Item) {
	return func(i *catalog.Item) { i.Type, i.Price = kind, &amount }
}
