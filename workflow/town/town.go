package town

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/broker/standing"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/jobs"
	"afield/workflow/messages"
	"afield/workflow/requests"
	"afield/workflow/routing"
)

// Until moves the clock and works off what became due.
func (tw *Town) Until(instant string) {
	tw.T.Helper()
	at, err := time.Parse(time.RFC3339, instant)
	tw.Must(err)
	tw.Clock.Set(at)
	tw.Settle()
}

// Town is a few libraries over a database of their own, with the whole workflow
// running on a clock that the test moves.
type Town struct {
	T        testing.TB
	DB       *postgres.DB
	Clock    *broker.ManualClock
	Queue    *jobs.Queue
	Requests *requests.Service
	Desk     *desk.Service
	Sent     *Postbox
	Vault    *directory.Vault
	count    int
}

// New opens a town without libraries; own documents stand in for the presets of their names.
func New(t testing.TB, start string, own ...*policy.Document) *Town {
	t.Helper()
	return NewOn(t, start, workflow.Tables(), own...)
}

// NewOn is a town whose requests move by the given tables.
func NewOn(t testing.TB, start string, tables []*workflow.Table, own ...*policy.Document) *Town {
	t.Helper()
	at, err := time.Parse(time.RFC3339, start)
	if err != nil {
		t.Fatal(err)
	}
	vault, err := directory.NewVault(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	tw := &Town{T: t, DB: pgtest.New(t), Clock: broker.NewManualClock(at), Vault: vault, Sent: &Postbox{Answer: connectors.Delivery{Outcome: connectors.Delivered}}}
	policies := standing.ByName(func(name string) (*policy.Document, error) {
		for _, document := range own { // in the place of the preset of its name
			if document.Name() == name {
				return document, nil
			}
		}
		return policy.Preset(name)
	})
	cache := directory.NewCache(0, time.Now)
	log := slog.New(slog.DiscardHandler)
	receive := func(ctx context.Context, tx *postgres.Tx, in requests.Incoming) (messages.Answer, error) {
		return tw.Requests.Receive(ctx, tx, tw.Clock.Now(), in)
	}
	patient := connectors.BreakerSettings{Failures: 1000} // tests let a partner fail as often as they like
	protocols, err := connectors.NewRegistry(patient,
		requests.Member{DB: tw.DB, Receive: receive, Log: log}.Protocol(), requests.ByHand(),
		connectors.Protocol{Name: "partner", Outside: true, Sender: tw.Sent, Says: connectors.EveryKind()})
	tw.Must(err)
	tw.Queue, err = jobs.New(jobs.Config{DB: tw.DB, Clock: tw.Clock, Node: "test", Protocols: protocols, Vault: vault, Log: log})
	tw.Must(err)
	tw.Requests, err = requests.New(requests.Config{
		Jobs: tw.Queue, Finder: &routing.Finder{Lenders: cache}, Cache: cache, Vault: vault,
		Protocols: protocols, Policies: policies, Tables: tables,
	})
	tw.Must(err)
	tw.Desk = desk.New(policies, tw.Requests)
	tw.Must(tw.Queue.Serve(context.Background(), tw.Requests, nil))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		tw.Must(tw.Queue.Stop(ctx))
	})
	return tw
}

// Must fails the test on an error.
func (tw *Town) Must(err error) {
	tw.T.Helper()
	if err != nil {
		tw.T.Fatal(err)
	}
}

// Do does some work in one transaction with the rights of the system.
func (tw *Town) Do(work func(context.Context, *postgres.Tx) error) {
	tw.T.Helper()
	tw.Must(tw.DB.InTx(tw.T.Context(), postgres.Everywhere(), work))
}

// Settle waits until no job can run, and works off what is due. It waits first:
// a sweep enqueues once more what has a job already.
func (tw *Town) Settle() {
	tw.T.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for busy := true; busy; {
		for {
			waiting, err := tw.Queue.Waiting(tw.T.Context())
			tw.Must(err)
			if waiting == 0 {
				break
			}
			if time.Now().After(deadline) {
				tw.T.Fatal("jobs do not come to rest")
			}
			time.Sleep(3 * time.Millisecond)
		}
		swept, err := tw.Queue.Sweep(tw.T.Context())
		tw.Must(err)
		busy = swept.Deadlines+swept.Messages > 0
		time.Sleep(time.Millisecond)
	}
}

// Library opens a library by one of the presets; NoID gives it a catalogue of its own.
func (tw *Town) Library(preset, state string, group broker.ID) *House {
	tw.T.Helper()
	document, err := policy.Preset(preset)
	tw.Must(err)
	tw.count++
	plan := calendar.Plan{Hours: calendar.Week{}}
	for day := time.Monday; day <= time.Saturday; day++ {
		plan.Hours[day] = calendar.MustHours("09:00-17:00")
	}
	zone, err := time.LoadLocation("America/New_York")
	tw.Must(err)
	if group == broker.NoID {
		group = broker.NewID()
	}
	h := &House{
		Town: tw, Branch: broker.NewID(), Symbol: broker.NewSymbol("TEST", fmt.Sprintf("L%d", tw.count)),
		Library: directory.Library{
			ID: broker.NewID(), Name: fmt.Sprintf("Library %d", tw.count), Kind: directory.KindLibrary, Member: true, Country: "US", State: state,
			Zone: zone, Currency: document.Currency(), SharingGroup: group, Policy: preset, Plan: plan, Status: directory.StatusActive,
		},
	}
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: group, Name: "Catalogue"})
		if err := directory.SaveLibrary(tx, h.Library, tw.Clock.Now()); err != nil {
			return err
		}
		directory.SaveSymbols(tx, h.Library.ID, h.Symbol)
		if err := directory.SavePeer(tx, tw.Vault, directory.Peer{Library: h.Library.ID, Protocol: directory.ProtocolMember, Timeout: time.Second}, tw.Clock.Now()); err != nil {
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

// Title puts a title into the catalogue.
func (tw *Town) Title(name, isbn string) broker.ID {
	var id broker.ID
	tw.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		id, err = catalog.SaveTitle(ctx, tx, catalog.Title{ID: broker.NewID(), Title: name, ISBNs: []string{isbn}, Format: broker.FormatBook}, tw.Clock.Now())
		return err
	})
	return id
}

// Timeline gives a request's events, for a failed test to show.
func (tw *Town) Timeline(id broker.ID) string {
	out := ""
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
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

// Sound checks every invariant.
func (tw *Town) Sound() {
	tw.T.Helper()
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
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
				tw.T.Errorf("%s: %s", name, found)
			}
		}
		return nil
	})
}

// Pass lets days go by, one by one, and works off all that falls due.
func (tw *Town) Pass(days int) {
	for range days {
		tw.Clock.Set(tw.Clock.Now().AddDate(0, 0, 1))
		tw.Settle()
	}
}
