package tallies_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/figures"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/workflow/requests/tallies"
)

// past is a library with a history that was counted by hand.
type past struct {
	t                 *testing.T
	db                *postgres.DB
	zone              *time.Location
	here, far, beside directory.Library
	patron, branch    broker.ID
}

func (p past) do(work func(context.Context, *postgres.Tx) error) {
	p.t.Helper()
	if err := p.db.InTx(p.t.Context(), postgres.Everywhere(), work); err != nil {
		p.t.Fatal(err)
	}
}

func (p past) write(sql string, args ...any) {
	p.t.Helper()
	p.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
}

// at is a moment on the library's clock.
func (p past) at(local string) time.Time {
	p.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", local, p.zone)
	if err != nil {
		p.t.Fatal(err)
	}
	return at
}

func newPast(t *testing.T) past {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	p := past{t: t, db: pgtest.New(t), zone: zone, patron: broker.NewID(), branch: broker.NewID()}
	group, now := broker.NewID(), p.at("2026-01-01 09:00")
	library := func(name string, member bool) directory.Library {
		made := directory.Library{
			ID: broker.NewID(), Name: name, Country: "US", State: "NY", Zone: zone, Currency: "USD", Status: directory.StatusActive, Member: member,
		}
		if member {
			made.SharingGroup, made.Policy = group, "westport"
		}
		p.do(func(_ context.Context, tx *postgres.Tx) error { return directory.SaveLibrary(tx, made, now) })
		return made
	}
	p.do(func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: group, Name: "shared"})
		return nil
	})
	p.here, p.far, p.beside = library("Here", true), library("Far", false), library("Beside", true)
	p.write(`insert into branches (library_id, id, code, name) values ($1, $2, 'main', 'Main')`, p.here.ID, p.branch)
	p.write(`insert into patrons (library_id, id, class, name, created_at) values ($1, $2, 'adult', 'adult patron 1', $3)`, p.here.ID, p.patron, now)
	return p
}

// step is one change of state, so many hours after a request was made.
type step struct {
	event, to string
	hours     float64
}

// request writes a request of ours with its timeline and the lender that was asked
// last.
func (p past) request(made, isbn, service, fulfilment string, lender broker.ID, cost, passedOn int, steps ...step) {
	p.t.Helper()
	id, entry, began, state := broker.NewID(), broker.NewID(), p.at(made), "submitted"
	p.write(`insert into requests (library_id, id, side, state, owner, citation, service, patron_id, submitted_by, submitted_at, fulfilment, rota_entry_id)
		values ($1, $2, 'borrowing', $3, 'none', jsonb_build_object('title', 'Title ' || $4::text, 'isbn', $4::text), $5, $6, '{}', $7, $8, $9)`,
		p.here.ID, id, steps[len(steps)-1].to, isbn, service, p.patron, began, fulfilment, entry)
	p.write(`insert into rota_entries (library_id, request_id, id, position, lender_id, tier, tier_name, fulfilment, status, cost_minor, patron_cost_minor)
		values ($1, $2, $3, 1, $4, 1, 'tier', $5, 'supplied', $6, $7)`, p.here.ID, id, entry, lender, fulfilment, cost, passedOn)
	for i, one := range steps {
		p.write(`insert into request_events (library_id, request_id, version, event, from_state, to_state, actor, at) values ($1, $2, $3, $4, $5, $6, '{}', $7)`,
			p.here.ID, id, i+1, one.event, state, one.to, began.Add(time.Duration(one.hours*float64(time.Hour))))
		state = one.to
	}
}

// asked writes a request of another library and what became of it.
func (p past) asked(made, number, state, event string) {
	p.t.Helper()
	id := broker.NewID()
	p.write(`insert into requests (library_id, id, side, state, owner, citation, submitted_by, submitted_at, borrower_library_id, borrower_request_id)
		values ($1, $2, 'lending', $3, 'none', '{"title": "x"}', '{}', $4, $5, $6)`, p.here.ID, id, state, p.at(made), p.far.ID, number)
	p.write(`insert into request_events (library_id, request_id, version, event, from_state, to_state, actor, at) values ($1, $2, 1, $3, 'requested', $4, '{}', $5)`,
		p.here.ID, id, event, map[bool]string{true: "shipped", false: state}[event == "ship"], p.at(made))
}

func (p past) loan(desk, owner broker.ID, kind, started string, branch *broker.ID, renewals int) {
	p.t.Helper()
	item, realm := broker.NewID(), p.here.SharingGroup
	p.write(`insert into items (library_id, id, realm_id, barcode, created_at) values ($1, $2, $3, $4, $5)`, owner, item, realm, item.String(), p.at(started))
	var patron *broker.ID
	if desk == p.here.ID {
		patron = &p.patron
	}
	p.write(`insert into loans (library_id, id, item_library_id, item_id, patron_library_id, patron_id, branch_id, started_at, due_on, due_at, renewals, terms, status, returned_at, returned_on)
		values ($1, $2, $3, $4, $1, $5, $6, $7, '2026-03-01', $7, $8, jsonb_build_object('item', $9::text), 'returned', $7, '2026-03-01')`,
		desk, broker.NewID(), owner, item, patron, branch, p.at(started), renewals, kind)
}

func (p past) money(kind, of, at string, minor int) {
	p.t.Helper()
	p.write(`insert into ledger_entries (library_id, id, patron_id, kind, charge_kind, amount_minor, currency, cause, actor, at)
		values ($1, $2, $3, $4, $5, $6, 'USD', ($2::uuid)::text, '{}', $7)`, p.here.ID, broker.NewID(), p.patron, kind, of, minor, p.at(at))
}

// lived is the history: what is counted of it is in the test below.
func lived(t *testing.T) past {
	t.Helper()
	p := newPast(t)
	p.request("2026-01-10 10:00", "111", "loan", "ill", p.far.ID, 500, 300,
		step{"checks_passed", "routing", 0}, step{"lender_chosen", "requested", 0}, step{"will_supply", "will_supply", 24}, step{"loaned", "shipped", 48},
		step{"receive", "received", 96}, step{"shelve", "on_hold_shelf", 97}, step{"check_out", "checked_out", 120}, step{"return", "completed", 400})
	// On the library's calendar this is the last of January, and February in UTC.
	p.request("2026-01-31 23:30", "111", "loan", "ill", p.far.ID, 0, 0,
		step{"lender_chosen", "requested", 0}, step{"unfilled", "routing", 10}, step{"nothing_left", "unfilled", 10})
	p.request("2026-02-02 10:00", "222", "loan", "ill", p.far.ID, 0, 0, step{"lender_chosen", "requested", 0}, step{"cancel", "cancelled", 1})
	p.request("2026-02-03 10:00", "333", "copy", "ill", p.far.ID, 0, 0, step{"lender_chosen", "requested", 0}, step{"copy_completed", "completed", 30})
	p.request("2026-02-05 10:00", "444", "loan", "ill", p.far.ID, 0, 0, step{"lender_chosen", "requested", 0})
	p.request("2026-02-06 10:00", "555", "loan", "hold", p.beside.ID, 0, 0, step{"lender_chosen", "requested", 0}, step{"hold_on_shelf", "on_hold_shelf", 5}, step{"check_out", "checked_out", 6})
	p.asked("2026-02-10 10:00", "1", "completed", "ship")
	p.asked("2026-02-11 10:00", "2", "unfilled", "answer_no")
	p.loan(p.here.ID, p.here.ID, "book", "2026-01-05 10:00", &p.branch, 2)
	p.loan(p.here.ID, p.beside.ID, "dvd", "2026-02-06 16:00", nil, 0)
	p.loan(p.beside.ID, p.here.ID, "book", "2026-02-07 10:00", nil, 0)
	p.money("charge", "overdue", "2026-01-20 10:00", 150)
	p.money("charge", "overdue", "2026-01-31 23:59", 50)
	p.money("payment", "overdue", "2026-02-01 10:00", -150)
	return p
}

func (p past) count(figure, by string) string {
	p.t.Helper()
	question, err := figures.Ask(figure, by, "2026-01-01", "2026-12-31", broker.MustDate("2026-08-24"))
	if err != nil {
		p.t.Fatal(err)
	}
	var table figures.Table
	err = p.db.InTx(p.t.Context(), postgres.ForLibraries(p.here.ID), func(ctx context.Context, tx *postgres.Tx) error {
		table, err = tallies.Of(ctx, tx, p.here, question)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	var text bytes.Buffer
	if err := table.CSV(&text); err != nil {
		p.t.Fatal(err)
	}
	return text.String()
}

// counted is what a person counts in that history.
var counted = map[string]string{
	"fill_rate": `period,side,asked,filled,not_filled,cancelled,open,fill_rate
2026-01,borrowing,2,1,1,0,0,50
2026-02,borrowing,4,2,0,1,1,100
2026-02,lending,2,1,1,0,0,50
`,
	"turnaround": `period,phase,count,median_hours,p90_hours
2026-01,to_answer,1,24,24
2026-01,to_ship,1,48,48
2026-01,to_arrive,1,48,48
2026-01,to_patron,1,97,97
2026-02,to_answer,3,10,30
2026-02,to_patron,2,5,30
`,
	"partners": `period,library,borrowed,lent,lent_for_each_borrowed
2026-01,Far,1,0,0
2026-02,Beside,1,1,1
2026-02,Far,1,1,1
`,
	"cost": `period,currency,filled,with_a_cost,cost_minor,passed_on_minor
2026-01,USD,1,1,500,300
2026-02,USD,2,0,0,0
`,
	"circulation": `period,type,branch,loans,renewals
2026-01,book,main,1,2
2026-02,dvd,,1,0
`,
	"demand": `title,author,isbn,asked,filled,not_filled
Title 111,,111,2,1,1
`,
	"money": `period,entry,kind,currency,count,amount_minor
2026-01,charge,overdue,USD,2,200
2026-02,payment,overdue,USD,1,-150
`,
	"annual": `period,provided,provided_copies,provided_in_catalogue,received,received_copies,received_in_catalogue
2026,2,0,1,3,1,1
`,
}

// The figures of a history that was counted by hand, before and after it was
// anonymised.
func TestFiguresAreThoseCountedByHand(t *testing.T) {
	t.Parallel()
	p := lived(t)
	for _, when := range []string{"as it was lived", "anonymised"} {
		for _, figure := range figures.Names() {
			if got := p.count(figure, "month"); got != counted[figure] {
				t.Errorf("%s, %s:\n%s\nwant\n%s", figure, when, got, counted[figure])
			}
		}
		p.write(`update requests set patron_id = null`)
		p.write(`update loans set patron_id = null`)
	}
	if got, want := p.count("circulation", "day"), "period,type,branch,loans,renewals\n2026-01-05,book,main,1,2\n2026-02-06,dvd,,1,0\n"; got != want {
		t.Errorf("by day:\n%s\nwant\n%s", got, want)
	}
	if got, want := p.count("fill_rate", "year"), "period,side,asked,filled,not_filled,cancelled,open,fill_rate\n2026,borrowing,6,3,1,1,1,75\n2026,lending,2,1,1,0,0,50\n"; got != want {
		t.Errorf("by year:\n%s\nwant\n%s", got, want)
	}
}

// Nothing done is no rows, and not an error.
func TestALibraryWithoutAHistoryHasNoFigures(t *testing.T) {
	t.Parallel()
	p := newPast(t)
	for _, figure := range figures.Names() {
		if got := bytes.Count([]byte(p.count(figure, "month")), []byte("\n")); got != 1 {
			t.Errorf("%s has %d lines", figure, got)
		}
	}
}
