package desk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
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
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/jobs"
	"afield/workflow/messages"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
	"afield/workflow/routing"
)

// town is a few libraries over a database of their own, with the whole workflow
// running on a clock that the test moves.
type town struct {
	t        testing.TB
	db       *postgres.DB
	clock    *broker.ManualClock
	queue    *jobs.Queue
	requests *requests.Service
	desk     *desk.Service
	sent     *postbox
	vault    *directory.Vault
	count    int
}

// postbox stands in for the network: it keeps what was sent to partners and
// answers as it is told.
type postbox struct {
	sync.Mutex // for partners that are sent to side by side
	messages   []connectors.Message
	answer     connectors.Delivery
}

func (p *postbox) Send(_ context.Context, _ connectors.Peer, m connectors.Message) connectors.Delivery {
	p.Lock()
	defer p.Unlock()
	p.messages = append(p.messages, m)
	return p.answer
}

func newTown(t testing.TB, start string, own ...*policy.Document) *town {
	t.Helper()
	return newTownOn(t, start, workflow.Tables(), own...)
}

// newTownOn is a town whose requests move by the given tables.
func newTownOn(t testing.TB, start string, tables []*workflow.Table, own ...*policy.Document) *town {
	t.Helper()
	at, err := time.Parse(time.RFC3339, start)
	if err != nil {
		t.Fatal(err)
	}
	vault, err := directory.NewVault(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	tw := &town{t: t, db: pgtest.New(t), clock: broker.NewManualClock(at), vault: vault, sent: &postbox{answer: connectors.Delivery{Outcome: connectors.Delivered}}}
	policies := circulation.ByName(func(name string) (*policy.Document, error) {
		for _, document := range own { // in the place of the preset of its name
			if document.Name() == name {
				return document, nil
			}
		}
		return policy.Preset(name)
	})
	cache := directory.NewCache(0, time.Now)
	circ := circulation.New(policies)
	log := slog.New(slog.DiscardHandler)
	receive := func(ctx context.Context, tx *postgres.Tx, in requests.Incoming) (messages.Answer, error) {
		return tw.requests.Receive(ctx, tx, tw.clock.Now(), in)
	}
	patient := connectors.BreakerSettings{Failures: 1000} // tests let a partner fail as often as they like
	protocols, err := connectors.NewRegistry(patient,
		requests.Member{DB: tw.db, Receive: receive, Log: log}.Protocol(), requests.ByHand(),
		connectors.Protocol{Name: "partner", Outside: true, Sender: tw.sent, Says: connectors.EveryKind()})
	tw.must(err)
	tw.queue, err = jobs.New(jobs.Config{DB: tw.db, Clock: tw.clock, Node: "test", Protocols: protocols, Vault: vault, Log: log})
	tw.must(err)
	tw.requests, err = requests.New(requests.Config{
		Jobs: tw.queue, Circulation: circ, Finder: &routing.Finder{Lenders: cache}, Cache: cache, Vault: vault,
		Protocols: protocols, Policies: policies, Tables: tables,
	})
	tw.must(err)
	tw.desk = desk.New(circ, tw.requests)
	tw.must(tw.queue.Serve(context.Background(), tw.requests, nil))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		tw.must(tw.queue.Stop(ctx))
	})
	return tw
}

func (tw *town) must(err error) {
	tw.t.Helper()
	if err != nil {
		tw.t.Fatal(err)
	}
}

func (tw *town) do(work func(context.Context, *postgres.Tx) error) {
	tw.t.Helper()
	tw.must(tw.db.InTx(tw.t.Context(), postgres.Everywhere(), work))
}

// settle waits until nothing is runnable and works off what is due. It waits
// first: a sweep enqueues what has a job already once more.
func (tw *town) settle() {
	tw.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for busy := true; busy; {
		for {
			waiting, err := tw.queue.Waiting(tw.t.Context())
			tw.must(err)
			if waiting == 0 {
				break
			}
			if time.Now().After(deadline) {
				tw.t.Fatal("jobs do not come to rest")
			}
			time.Sleep(3 * time.Millisecond)
		}
		swept, err := tw.queue.Sweep(tw.t.Context())
		tw.must(err)
		busy = swept.Deadlines+swept.Messages > 0
		time.Sleep(time.Millisecond)
	}
}

// house is one member library.
type house struct {
	*town
	directory.Library
	branch broker.ID
	symbol broker.Symbol
}

func (tw *town) library(preset, state string, group broker.ID) *house {
	tw.t.Helper()
	document, err := policy.Preset(preset)
	tw.must(err)
	tw.count++
	plan := calendar.Plan{Hours: calendar.Week{}}
	for day := time.Monday; day <= time.Saturday; day++ {
		plan.Hours[day] = calendar.MustHours("09:00-17:00")
	}
	zone, err := time.LoadLocation("America/New_York")
	tw.must(err)
	if group == broker.NoID {
		group = broker.NewID()
	}
	h := &house{
		town: tw, branch: broker.NewID(), symbol: broker.NewSymbol("TEST", fmt.Sprintf("L%d", tw.count)),
		Library: directory.Library{
			ID: broker.NewID(), Name: fmt.Sprintf("Library %d", tw.count), Kind: directory.KindLibrary, Member: true, Country: "US", State: state,
			Zone: zone, Currency: document.Currency(), SharingGroup: group, Policy: preset, Plan: plan, Status: directory.StatusActive,
		},
	}
	tw.do(func(ctx context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: group, Name: "Catalogue"})
		if err := directory.SaveLibrary(tx, h.Library, tw.clock.Now()); err != nil {
			return err
		}
		directory.SaveSymbols(tx, h.Library.ID, h.symbol)
		if err := directory.SavePeer(tx, tw.vault, directory.Peer{Library: h.Library.ID, Protocol: directory.ProtocolMember, Timeout: time.Second}, tw.clock.Now()); err != nil {
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

// looksTo says how far the library looks: its own shelves, its catalogue, and
// then the given libraries in one tier after the other.
func (h *house) looksTo(tiers ...[]broker.ID) {
	h.t.Helper()
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		list := []directory.Tier{
			{Name: "Own shelves", Members: directory.TierOwn, CostRule: directory.CostFree, DaysToRespond: 2, Fulfilment: directory.FulfilHold},
			{Name: "Shared catalogue", Members: directory.TierSharingGroup, CostRule: directory.CostFree, DaysToRespond: 3, Fulfilment: directory.FulfilHold},
		}
		for i, members := range tiers {
			group := directory.Group{ID: broker.NewID(), Name: fmt.Sprintf("Network %d", i+1), Kind: directory.GroupNetwork}
			directory.SaveGroup(tx, group, members...)
			list = append(list, directory.Tier{
				Name: group.Name, Members: directory.TierGroup, Group: group.ID,
				CostRule: directory.CostLenderFee, DaysToRespond: 3, Fulfilment: directory.FulfilILL,
			})
		}
		return directory.SaveTiers(tx, h.Library.ID, list)
	})
}

func (h *house) charges(minor int64) {
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveTerms(tx, directory.LendingTerms{
			Library: h.Library.ID, Known: true, Lends: true, LoanDays: 28, Renewals: 1,
			Fee: broker.Money{Minor: minor, Currency: h.Currency},
		})
		return nil
	})
}

func (h *house) patron(class string) broker.ID {
	h.t.Helper()
	id := broker.NewID()
	h.count++
	number := fmt.Sprintf("2100000000%04d", h.count)
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		if err := patrons.SavePatron(tx, patrons.Patron{
			Library: h.Library.ID, ID: id, Class: class, Phone: "555-0100", PhoneCheckedOn: h.Today(h.clock.Now()),
			Status: patrons.Active, CreatedAt: h.clock.Now(),
		}); err != nil {
			return err
		}
		return patrons.SaveCard(tx, patrons.Card{Library: h.Library.ID, ID: broker.NewID(), Realm: h.SharingGroup, Number: number, Patron: id, Status: patrons.CardActive, CreatedAt: h.clock.Now()})
	})
	return id
}

func (tw *town) title(name, isbn string) broker.ID {
	var id broker.ID
	tw.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		id, err = catalog.SaveTitle(ctx, tx, catalog.Title{ID: broker.NewID(), Title: name, ISBNs: []string{isbn}, Format: broker.FormatBook}, tw.clock.Now())
		return err
	})
	return id
}

func (h *house) owns(title broker.ID) (barcode string) {
	h.count++
	barcode = fmt.Sprintf("3100000000%04d", h.count)
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		catalog.SaveItem(tx, catalog.Item{
			Library: h.Library.ID, ID: broker.NewID(), Realm: h.SharingGroup, Barcode: barcode, Title: title, Branch: h.branch,
			Type: "book", Audience: "adult", Status: catalog.OnShelf, Lendable: true,
		}, h.clock.Now())
		return nil
	})
	return barcode
}

func (h *house) staff() broker.Actor {
	return broker.Actor{Kind: broker.ActorStaff, ID: broker.NewID(), Library: h.Library.ID, Roles: []string{"desk", "ill"}}
}

func (h *house) try(work func(context.Context, *postgres.Tx) error) error {
	return h.db.InTx(h.t.Context(), postgres.ForLibraries(h.Library.ID), work)
}

func (h *house) asks(in requests.Submission) (*engine.Request, error) {
	in.Library = h.Library.ID
	var request *engine.Request
	err := h.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		request, err = h.requests.Submit(ctx, tx, h.clock.Now(), h.staff(), in)
		return err
	})
	h.settle()
	return request, err
}

// acts does an action of the table as staff, with text fields of its form.
func (h *house) acts(request broker.ID, action workflow.Event, form map[string]any) error {
	body := map[string]json.RawMessage{}
	for name, value := range form {
		text, err := json.Marshal(value)
		h.must(err)
		body[name] = text
	}
	err := h.try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.desk.Act(ctx, tx, h.at(), requests.Act{Library: h.Library.ID, Request: request, Action: action, Body: body})
		return err
	})
	h.settle()
	return err
}

func (h *house) does(request broker.ID, action workflow.Event, form map[string]any) {
	h.t.Helper()
	h.must(h.acts(request, action, form))
}

func (h *house) at() desk.At {
	return desk.At{Library: h.Library.ID, Branch: h.branch, Actor: h.staff(), Now: h.clock.Now()}
}

func (h *house) scans(barcode, card string) desk.Done {
	h.t.Helper()
	var done desk.Done
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = h.desk.Scan(ctx, tx, h.at(), desk.Scan{Barcode: barcode, Card: card})
		return err
	}))
	h.settle()
	return done
}

func (h *house) request(id broker.ID) *engine.Request {
	h.t.Helper()
	var found *engine.Request
	h.must(h.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		found, err = h.requests.Load(ctx, tx, h.Library.ID, id)
		return err
	}))
	return found
}

func (h *house) expects(id broker.ID, state workflow.State) *engine.Request {
	h.t.Helper()
	found := h.request(id)
	if found.State != state {
		h.t.Fatalf("request %d is %s, not %s\n%s", found.Number, found.State, state, h.timeline(id))
	}
	return found
}

// lending finds the library's newest lending request.
func (h *house) lending() broker.ID {
	h.t.Helper()
	var id broker.ID
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select id from requests where library_id = $1 and side = 'lending' order by id desc limit 1`, h.Library.ID).Scan(&id)
	})
	return id
}

func (tw *town) timeline(id broker.ID) string {
	out := ""
	tw.do(func(ctx context.Context, tx *postgres.Tx) error {
		rows, err := tx.Query(ctx, `select event, from_state, to_state, data::text from request_events where request_id = $1 order by version`, id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var event, from, to, data string
			if err := rows.Scan(&event, &from, &to, &data); err != nil {
				return err
			}
			out += fmt.Sprintf("  %s: %s -> %s %s\n", event, from, to, data)
		}
		return rows.Err()
	})
	return out
}

// sound checks every invariant.
func (tw *town) sound() {
	tw.t.Helper()
	tw.do(func(ctx context.Context, tx *postgres.Tx) error {
		names := []string{}
		rows, err := tx.Query(ctx, `select viewname from pg_views where viewname like 'breach\_%' order by 1`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			names = append(names, name)
		}
		for _, name := range names {
			var found string
			if err := tx.QueryRow(ctx, `select coalesce(json_agg(v)::text, '') from `+name+` v`).Scan(&found); err != nil {
				return err
			}
			if found != "" {
				tw.t.Errorf("%s: %s", name, found)
			}
		}
		return nil
	})
}

func (tw *town) pass(days int) {
	for range days {
		tw.clock.Set(tw.clock.Now().AddDate(0, 0, 1))
		tw.settle()
	}
}

func (h *house) number(id broker.ID) string { return fmt.Sprint(h.request(id).Number) }

func (h *house) owed(patron broker.ID) (minor int64) {
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select coalesce(sum(amount_minor), 0)::bigint from ledger_entries where library_id = $1 and patron_id = $2`, h.Library.ID, patron).Scan(&minor)
	})
	return minor
}

func (h *house) notices(request broker.ID, kind string) (count int) {
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*)::int from notices where request_id = $1 and kind = $2`, request, kind).Scan(&count)
	})
	return count
}

func (h *house) tasks(request broker.ID) (count int) {
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*)::int from staff_tasks where request_id = $1 and closed_at is null`, request).Scan(&count)
	})
	return count
}

func scan(barcode string) desk.Scan { return desk.Scan{Barcode: barcode} }
