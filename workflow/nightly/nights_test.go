package nightly_test

import (
	"context"
	"fmt"
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
	"afield/workflow/desk"
	"afield/workflow/nightly"
)

// house is a library with its nights, over a database of its own.
type house struct {
	t        testing.TB
	db       *postgres.DB
	policies standing.Policies
	holds    *holds.Service
	loans    *loans.Service
	returns  *returns.Service
	desk     *desk.Service
	nights   *nightly.Nights
	directory.Library
	count int
}

var founded = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func newHouse(t testing.TB, preset string) *house {
	t.Helper()
	document, err := policy.Preset(preset)
	if err != nil {
		t.Fatal(err)
	}
	return houseOf(t, document, preset)
}

// houseOf is a house ruled by any document.
func houseOf(t testing.TB, document *policy.Document, preset string) *house {
	t.Helper()
	return houseBy(t, standing.ByName(func(string) (*policy.Document, error) { return document, nil }), document, preset)
}

// houseBy is a house whose rules may change; document is one of them.
func houseBy(t testing.TB, rules standing.Policies, document *policy.Document, preset string) *house {
	t.Helper()
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, db: pgtest.New(t), policies: rules, Library: directory.Library{
		ID: broker.NewID(), Name: document.Title(), Kind: directory.KindLibrary, Member: true, Country: "US", Zone: zone,
		Currency: document.Currency(), SharingGroup: broker.NewID(), Policy: preset, Status: directory.StatusActive,
		Plan: calendar.Plan{Hours: calendar.Week{time.Monday: calendar.MustHours("09:00-17:00"), time.Thursday: calendar.MustHours("09:00-17:00")}},
	}}
	h.holds, h.loans = holds.New(rules), loans.New(rules)
	h.returns = returns.New(rules, h.holds)
	h.desk = desk.New(rules, nil)
	h.nights = nightly.New(nightly.Config{DB: h.db, Desk: h.desk, Policies: rules})
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: h.SharingGroup, Name: "alone"})
		if err := directory.SaveLibrary(tx, h.Library, founded); err != nil {
			return err
		}
		h.Library, err = directory.Load(ctx, tx, h.Library.ID)
		return err
	})
	return h
}

func (h *house) do(work func(context.Context, *postgres.Tx) error) {
	h.t.Helper()
	if err := h.db.InTx(h.t.Context(), postgres.Everywhere(), work); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) time(local string) time.Time {
	h.t.Helper()
	now, err := time.ParseInLocation("2006-01-02 15:04", local, h.Zone)
	if err != nil {
		h.t.Fatal(err)
	}
	return now.UTC()
}

func (h *house) patron() patrons.Ref {
	h.count++
	patron := patrons.Patron{Library: h.Library.ID, ID: broker.NewID(), Class: "resident", Phone: "555-0100", Status: patrons.Active, CreatedAt: founded}
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		if err := patrons.SavePatron(tx, patron); err != nil {
			return err
		}
		return patrons.SaveCard(tx, patrons.Card{
			Library: h.Library.ID, ID: broker.NewID(), Realm: h.SharingGroup,
			Number: fmt.Sprintf("%014d", h.count), Patron: patron.ID, CreatedAt: founded,
		})
	})
	return patron.Ref()
}

// lends gives a patron so many items of a kind.
func (h *house) lends(patron patrons.Ref, kind string, items int, local string) (lent []loans.Loan) {
	h.t.Helper()
	price := broker.Money{Minor: 1800, Currency: h.Currency}
	for range items {
		h.count++
		item := catalog.Item{
			Library: h.Library.ID, ID: broker.NewID(), Realm: h.SharingGroup, Barcode: fmt.Sprintf("3%013d", h.count),
			Type: kind, Lendable: true, Price: &price,
		}
		h.do(func(ctx context.Context, tx *postgres.Tx) error {
			title, err := catalog.SaveTitle(ctx, tx, catalog.Title{Title: fmt.Sprintf("Title %d", h.count)}, founded)
			if err != nil {
				return err
			}
			item.Title = title
			catalog.SaveItem(tx, item, founded)
			return nil
		})
		h.do(func(ctx context.Context, tx *postgres.Tx) error {
			out, err := h.loans.CheckOut(ctx, tx, loans.CheckOut{
				Desk: standing.Desk{Library: h.Library, Now: h.time(local), Actor: broker.System(h.Library.ID)},
				Item: item.Ref(), Patron: patron,
			})
			if err == nil {
				lent = append(lent, *out.Loan)
			}
			return err
		})
	}
	return lent
}

func (h *house) night(local string) nightly.Report {
	h.t.Helper()
	report, err := h.nights.Run(h.t.Context(), h.Library.ID, h.time(local), time.Time{}, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if !report.Finished {
		h.t.Fatal("the night is not over")
	}
	return report
}

func (h *house) ask(sql string, args ...any) (answer string) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) error { return tx.QueryRow(ctx, sql, args...).Scan(&answer) })
	return answer
}

func step(report nightly.Report, name string) nightly.Done {
	for _, done := range report.Steps {
		if done.Step == name {
			return done
		}
	}
	return nightly.Done{}
}

// One hold that the database refuses to take off the shelf is found among a
// slice that is written at once, and put aside; the others are cleared, and
// their patrons told, once.
func TestOneBadThingOnTheShelfStopsNobodyElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "western-district")
	h.shelves(12, "2026-03-10")
	if _, err := pgtest.Admin(t, h.db).Exec(t.Context(), `alter table items add check (barcode <> 'S7' or status = 'on_hold_shelf')`); err != nil {
		t.Fatal(err)
	}
	done := step(h.night("2026-03-20 02:30"), "hold_shelf")
	if put := h.putAside(); done.Failed != 1 || len(put) != 1 || put[0].Step != "hold_shelf" {
		t.Fatalf("the night came to %+v with %+v aside, want one", done, put)
	}
	const left = `select string_agg(i.barcode, ',') from holds h join items i on i.library_id = h.library_id and i.id = h.item_id
		where h.status = 'on_hold_shelf' or i.status = 'on_hold_shelf'`
	if got := h.ask(left); got != "S7" {
		t.Errorf("on the shelf still: %s, want the bad one", got)
	}
	if got := h.ask(`select count(distinct hold_id) || ' of ' || count(*) from notices where kind = 'expired'`); got != "11 of 11" {
		t.Errorf("told: %s, want the other eleven", got)
	}
	if got := h.ask(`select count(*)::text from staff_tasks where kind = 'night_failed' and closed_at is null`); got != "1" {
		t.Errorf("%s tasks tell of it, want 1", got)
	}
}

// One row that cannot be worked is put aside and shown to staff; every other
// loan's fine grows. The next night tries it again, and solves it once it can
// be worked.
func TestOneBadRowStopsNobodyElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "western-district")
	loans := h.lends(h.patron(), "book", 12, "2026-03-02 10:00")
	bad := loans[7].ID
	// A rate that no sum can hold.
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update loans set terms = jsonb_set(terms, '{overdue,rate,minor}', '9000000000000000000') where id = $1`, bad)
		return nil
	})
	report := h.night("2026-03-25 02:30")
	if done := step(report, "fines"); done.Failed != 1 || done.Touched != 11 {
		t.Fatalf("the night came to %+v, want 11 fines and one row aside", done)
	}
	if got := h.ask(`select string_agg(distinct amount_minor::text, ',') from accruals where loan_id <> $1`, bad); got != "20" {
		t.Errorf("the others have come to %s, want 20 cents each", got)
	}
	if got := h.ask(`select count(*)::text from staff_tasks where kind = 'night_failed' and closed_at is null`); got != "1" {
		t.Errorf("%s tasks tell of it, want 1", got)
	}
	put := h.putAside()
	if len(put) != 1 || put[0].Thing != bad || put[0].Step != "fines" || put[0].Tries != 1 {
		t.Fatalf("put aside: %+v", put)
	}
	h.night("2026-03-26 02:30")
	if put := h.putAside(); len(put) != 1 || put[0].Tries != 2 {
		t.Fatalf("after another night: %+v", put)
	}
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update loans set terms = jsonb_set(terms, '{overdue,rate,minor}', '10') where id = $1`, bad)
		return nil
	})
	h.night("2026-03-27 02:30")
	if put := h.putAside(); len(put) != 0 {
		t.Errorf("still aside after it could be worked: %+v", put)
	}
	if got := h.ask(`select amount_minor::text from accruals where loan_id = $1`, bad); got != "40" {
		t.Errorf("it has come to %s, want 40 cents", got)
	}
}

func (h *house) putAside() (put []nightly.Failure) {
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		put, err = nightly.Failures(ctx, tx, h.Library.ID)
		return err
	})
	return put
}

// FIN-31: a second run on the same day changes nothing, and missed nights are
// caught up by the next one.
func TestANightIsDoneOnceAndMissedOnesAreCaughtUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "western-district")
	h.lends(h.patron(), "book", 3, "2026-03-02 10:00")
	h.night("2026-03-24 02:30")
	first := h.ask(`select sum(amount_minor)::text || ' ' || count(*) from accruals`)
	if first != "30 3" {
		t.Fatalf("one day late: %s", first)
	}
	h.night("2026-03-24 22:00")
	if again := h.ask(`select sum(amount_minor)::text || ' ' || count(*) from accruals`); again != first {
		t.Errorf("the same night again: %s, was %s", again, first)
	}
	// Nobody ran the nights of the 25th to the 28th.
	h.night("2026-03-29 02:30")
	if later := h.ask(`select sum(amount_minor)::text || ' ' || count(*) from accruals`); later != "180 3" {
		t.Errorf("six days late: %s", later)
	}
}

// A night that is broken off goes on where it was, and what is done stays done.
func TestANightGoesOnWhereItWasBrokenOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "western-district")
	h.lends(h.patron(), "book", 2, "2026-03-02 10:00")
	ctx, stop := context.WithCancel(t.Context())
	_, err := h.nights.Run(ctx, h.Library.ID, h.time("2026-03-30 02:30"), time.Time{}, func(nightly.Report) { stop() })
	if err == nil {
		t.Fatal("the night was not broken off")
	}
	report := h.night("2026-03-30 03:00")
	if done := step(report, "fines"); done.Touched != 2 {
		t.Errorf("both halves together: %+v, want 2 fines", done)
	}
	waiting := func(local string) (count int) {
		h.do(func(ctx context.Context, tx *postgres.Tx) error {
			libraries, err := nightly.Waiting(ctx, tx, h.time(local))
			count = len(libraries)
			return err
		})
		return count
	}
	if waiting("2026-03-31 01:59") != 0 || waiting("2026-03-31 02:00") != 1 {
		t.Error("the next night begins at two o'clock, and not before")
	}
}

// LST-01, LST-29: on the forty-fourth day an item counts as lost, once, and the
// patron is told what it costs.
func TestLongOverdueItemsAreLostOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "western-district")
	h.lends(h.patron(), "book", 1, "2026-05-11 10:00") // due 2026-06-01
	lost := func() string {
		return h.ask(`select count(*) || ' ' || coalesce(sum(amount_minor), 0) from ledger_entries where charge_kind = 'lost'`)
	}
	h.night("2026-07-14 02:30")
	if got := lost(); got != "0 0" {
		t.Fatalf("lost on day 43: %s", got)
	}
	h.night("2026-07-15 02:30")
	if got := lost(); got != "1 1800" {
		t.Fatalf("on day 44: %s", got)
	}
	h.night("2026-07-16 02:30")
	h.night("2026-08-16 02:30")
	if got := lost(); got != "1 1800" {
		t.Errorf("charged again: %s", got)
	}
	if got := h.ask(`select count(*)::text from notices where kind = 'lost'`); got != "1" {
		t.Errorf("told %s times, want once", got)
	}
	if got := h.ask(`select count(*)::text from accruals`); got != "0" {
		t.Errorf("%s fines still grow for a lost item", got)
	}
}

// A lost item without a price stops nothing: staff are asked for the price,
// once.
func TestALostItemWithoutAPriceIsPutBeforeStaff(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "western-district")
	loans := h.lends(h.patron(), "book", 2, "2026-05-11 10:00")
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update items set price_minor = null where id = $1`, loans[0].Item.ID)
		return nil
	})
	report := h.night("2026-07-15 02:30")
	h.night("2026-07-16 02:30")
	if done := step(report, "lost"); done.Touched != 1 || done.Failed != 0 {
		t.Errorf("the night came to %+v, want one lost and nothing aside", done)
	}
	tasks := func() string { return h.ask(`select count(*)::text from staff_tasks where kind = 'price_needed'`) }
	if got := tasks(); got != "1" {
		t.Errorf("%s tasks ask for the price, want 1", got)
	}
	// Closed without a price, it is not asked about again; with one, it is lost.
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update staff_tasks set closed_at = now() where kind = 'price_needed'`)
		return nil
	})
	if done := step(h.night("2026-07-17 02:30"), "lost"); done.Slices != 0 || tasks() != "1" {
		t.Errorf("looked at again: %+v, %s tasks", done, tasks())
	}
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update items set price_minor = 1800 where id = $1`, loans[0].Item.ID)
		return nil
	})
	if done := step(h.night("2026-07-18 02:30"), "lost"); done.Touched != 1 {
		t.Errorf("with a price: %+v, want one lost", done)
	}
}

// BLK-10: a block that latches is set in the night in which the growing fine
// passes the threshold, so that a part payment does not hide it.
func TestABlockLatchesInTheNight(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "perth")
	patron := h.patron()
	h.lends(patron, "dvd", 3, "2026-03-02 10:00") // 7.00 each at most
	latched := func() string {
		return h.ask(`select count(*)::text from blocks where patron_id = $1 and rule = 'blocks.checkout' and lifted_at is null`, patron.ID)
	}
	h.night("2026-03-30 02:30")
	if got := latched(); got != "0" {
		t.Fatalf("%s blocks before the threshold", got)
	}
	h.night("2026-04-30 02:30")
	if got := latched(); got != "1" {
		t.Errorf("%s blocks at 21.00, want 1", got)
	}
}

// Fines, losses, notices and the hold shelf are done with the library's own
// rights: the system role, which sees every library, writes none of it. A copy
// of a library in the shared catalogue is lent here too: once its price is known,
// it is lost like the others.
func TestANightActsForItsOwnLibrary(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "western-district")
	patron := h.patron()
	h.lends(patron, "book", 1, "2026-05-11 10:00") // due 2026-06-01
	h.lendsFromNeighbour(patron, "2026-05-11 10:00")
	h.shelves(1, "2026-07-01")
	if _, err := pgtest.Admin(t, h.db).Exec(t.Context(), `revoke insert, update, delete on
		accruals, blocks, holds, items, ledger_entries, loans, notices, nightly_failures from afield_system`); err != nil {
		t.Fatal(err)
	}
	h.night("2026-07-14 02:30")
	h.night("2026-07-15 02:30")
	if got := h.ask(`select string_agg(kind, ', ') from staff_tasks`); got != "price_needed" {
		t.Fatalf("the neighbour's copy has no price: %s", got)
	}
	if _, err := pgtest.Admin(t, h.db).Exec(t.Context(), `update items set price_minor = 900 where barcode = 'N1'`); err != nil {
		t.Fatal(err)
	}
	h.night("2026-07-16 02:30")
	if put := h.putAside(); len(put) != 0 {
		t.Errorf("put aside: %+v", put)
	}
	if got := h.ask(`select string_agg(kind || ' ' || count, ', ' order by kind) from (select kind, count(*) from notices group by kind) n`); got != "expired 1, lost 3, overdue 2" {
		t.Errorf("told: %s", got)
	}
}

// lendsFromNeighbour lends a patron the copy of another library of the shared
// catalogue.
func (h *house) lendsFromNeighbour(patron patrons.Ref, local string) {
	h.t.Helper()
	neighbour := h.Library
	neighbour.ID, neighbour.Name = broker.NewID(), "The neighbour"
	item := catalog.Item{Library: neighbour.ID, ID: broker.NewID(), Realm: h.SharingGroup, Barcode: "N1", Type: "book", Lendable: true}
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		if err := directory.SaveLibrary(tx, neighbour, founded); err != nil {
			return err
		}
		item.Title, err = catalog.SaveTitle(ctx, tx, catalog.Title{Title: "The neighbour's book"}, founded)
		catalog.SaveItem(tx, item, founded)
		return err
	})
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.loans.CheckOut(ctx, tx, loans.CheckOut{
			Desk: standing.Desk{Library: h.Library, Now: h.time(local), Actor: broker.System(h.Library.ID)}, Item: item.Ref(), Patron: patron,
		})
		return err
	})
}
