package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/cmd/afield/app"
	"afield/connectors"
	"afield/connectors/conntest"
	"afield/connectors/conntest/suite"
	"afield/connectors/iso18626"
	"afield/connectors/partner"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
)

// targets makes a misbehaving library for each connector.
var targets = map[string]conntest.Options{
	partner.Name:  {Symbol: broker.NewSymbol("ISIL", "US-LENDER")},
	iso18626.Name: {Symbol: broker.NewSymbol("ISIL", "US-LENDER"), ISO18626: &conntest.ISO18626{Edition: "2021"}},
}

// Every connector passes the suite in the form in which it is registered,
// behind its breakers.
func TestEveryConnectorConforms(t *testing.T) {
	for i, connector := range app.Connectors("test") {
		connector.Close()
		target, listed := targets[connector.Name]
		if !listed {
			t.Errorf("no misbehaving library speaks %s", connector.Name)
			continue
		}
		t.Run(connector.Name, func(t *testing.T) {
			suite.Run(t, suite.Subject{
				NewSender: func(t *testing.T) connectors.Sender {
					registered, err := connectors.NewRegistry(connectors.BreakerSettings{}, app.Connectors("test")[i])
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(registered.Close)
					return registered
				},
				NewTarget: func(t *testing.T) suite.Target {
					made, err := conntest.NewPartner(target)
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = made.Close() })
					return made
				},
			})
		})
	}
}

// The protocols that the database allows in the directory are those the program
// speaks.
func TestTheDirectoryNamesWhatIsSpoken(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var check string
	err := db.AppPool().QueryRow(t.Context(), `select pg_get_constraintdef(oid) from pg_constraint where conname = 'peers_protocol_check'`).Scan(&check)
	if err != nil {
		t.Fatal(err)
	}
	var allowed []string
	for _, found := range regexp.MustCompile(`'(\w+)'`).FindAllStringSubmatch(check, -1) {
		allowed = append(allowed, found[1])
	}
	spoken := start(t, db).Protocols.Names()
	slices.Sort(allowed)
	slices.Sort(spoken)
	if diff := cmp.Diff(spoken, allowed); diff != "" {
		t.Errorf("spoken, and allowed by the database: %s", diff)
	}
}

// pigeons is a made-up protocol with few kinds of message and an inbound door
// that reads lines.
type pigeons struct {
	mu   sync.Mutex
	sent []connectors.Message
}

func (p *pigeons) Send(_ context.Context, peer connectors.Peer, message connectors.Message) connectors.Delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, message)
	return connectors.Delivery{Outcome: connectors.Delivered, Detail: "flown to " + peer.BaseURL}
}

func (p *pigeons) kinds() (kinds []connectors.Kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, message := range p.sent {
		kinds = append(kinds, message.Kind)
	}
	return kinds
}

func (p *pigeons) protocol() connectors.Protocol {
	return connectors.Protocol{
		Name: "pigeon", Outside: true, Sender: p, Says: []connectors.Kind{connectors.KindRequest, connectors.KindCancel, connectors.KindShippedReturn},
		Door: &connectors.Door{
			Paths: []string{"/loft"}, MediaTypes: []string{"text/plain"}, MaxBytes: 1000,
			Caller: func(call connectors.Call) (broker.Symbol, error) { return broker.ParseSymbol(call.Header.Get("From")) },
			Open: func(peer connectors.Peer, call connectors.Call, wall time.Time) (message connectors.Message, err error) {
				if err := json.Unmarshal(call.Body, &message); err != nil {
					return message, errors.Join(errIllegible, err)
				}
				message.SentAt = wall
				return message, nil
			},
			Took: func(_ connectors.Call, message connectors.Message, duplicate bool, _ time.Time) (connectors.Reply, error) {
				return connectors.Reply{Status: http.StatusAccepted, MediaType: "text/plain", Body: fmt.Appendf(nil, "%s, seen before: %v", message.Kind, duplicate)}, nil
			},
			Failed: func(_ connectors.Call, err error, _ time.Time) (connectors.Reply, bool) {
				return connectors.Reply{Status: http.StatusTeapot, MediaType: "text/plain", Body: []byte("coo")}, errors.Is(err, errIllegible)
			},
		},
	}
}

var errIllegible = errors.New("illegible")

// loft is a program that speaks the pigeon protocol, with a library here and
// one that can be reached only by it.
type loft struct {
	t      *testing.T
	db     *postgres.DB
	app    *app.App
	sender *pigeons
	home   directory.Library
	away   broker.ID
	branch broker.ID
	patron broker.ID
}

var (
	homeSymbol = broker.NewSymbol("TEST", "HOME")
	awaySymbol = broker.NewSymbol("TEST", "AWAY")
)

func newLoft(t *testing.T) *loft {
	t.Helper()
	l := &loft{t: t, db: pgtest.New(t), sender: &pigeons{}, away: broker.NewID(), branch: broker.NewID(), patron: broker.NewID()}
	// What the new connector's migration would do.
	_, err := pgtest.Admin(t, l.db).Exec(t.Context(), `alter table peers drop constraint peers_protocol_check,
		add constraint peers_protocol_check check (protocol in ('member', 'partner', 'manual', 'email', 'iso18626', 'pigeon'))`)
	l.must(err)
	zone, err := time.LoadLocation("America/New_York")
	l.must(err)
	l.home = directory.Library{
		ID: broker.NewID(), Name: "Home", Kind: directory.KindLibrary, Member: true, Country: "US", State: "NY", Zone: zone,
		Currency: "USD", SharingGroup: broker.NewID(), Policy: "westport", Status: directory.StatusActive,
	}
	l.must(l.db.InTx(t.Context(), postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: l.home.SharingGroup, Name: "alone"})
		away := directory.Library{ID: l.away, Name: "Away", Kind: directory.KindLibrary, Country: "US", State: "VT", Zone: zone, Currency: "USD", Status: directory.StatusActive}
		if err := errors.Join(directory.SaveLibrary(tx, l.home, ten), directory.SaveLibrary(tx, away, ten)); err != nil {
			return err
		}
		directory.SaveSymbols(tx, l.home.ID, homeSymbol)
		directory.SaveSymbols(tx, l.away, awaySymbol)
		return errors.Join(
			directory.SaveBranch(tx, directory.Branch{Library: l.home.ID, ID: l.branch, Code: "main", Name: "Main"}),
			directory.SaveTiers(tx, l.home.ID, []directory.Tier{{Name: "Own shelves", Members: directory.TierOwn, CostRule: directory.CostFree, DaysToRespond: 2, Fulfilment: directory.FulfilHold}}),
			directory.SavePeer(tx, nil, directory.Peer{Library: l.away, Protocol: "pigeon", BaseURL: "the old mill"}, ten),
			patrons.SavePatron(tx, patrons.Patron{Library: l.home.ID, ID: l.patron, Class: "resident", Phone: "555-0100", PhoneCheckedOn: l.home.Today(ten), Status: patrons.Active, CreatedAt: ten}),
			patrons.SaveCard(tx, patrons.Card{Library: l.home.ID, ID: broker.NewID(), Realm: l.home.SharingGroup, Number: "21000000000001", Patron: l.patron, Status: patrons.CardActive, CreatedAt: ten}),
		)
	}))
	return l
}

func (l *loft) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *loft) start() {
	l.t.Helper()
	var err error
	l.app, err = app.Start(l.t.Context(), app.Config{
		DB: l.db, Clock: &stands{at: ten}, Listen: "127.0.0.1:0", Secret: bytes.Repeat([]byte("s"), 32), Version: "test",
		Protocols: []connectors.Protocol{l.sender.protocol()},
	})
	l.must(err)
	l.t.Cleanup(func() {
		if err := l.app.Close(); err != nil {
			l.t.Error(err)
		}
	})
}

func (l *loft) at() counter.At {
	staff := broker.Actor{Kind: broker.ActorStaff, ID: broker.NewID(), Library: l.home.ID, Roles: []string{"desk", "ill"}}
	return counter.At{Library: l.home.ID, Branch: l.branch, Actor: staff, Now: ten}
}

func (l *loft) does(work func(context.Context, *postgres.Tx) error) {
	l.t.Helper()
	l.must(l.db.InTx(l.t.Context(), postgres.ForLibraries(l.home.ID), work))
	l.must(l.app.Settle(l.t.Context()))
}

// flies delivers one message to the loft.
func (l *loft) flies(body string) (status int, text string) {
	l.t.Helper()
	request, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, l.app.URL()+"/loft", strings.NewReader(body))
	l.must(err)
	request.Header.Set("Content-Type", "text/plain")
	request.Header.Set("From", awaySymbol.String())
	response, err := http.DefaultClient.Do(request)
	l.must(err)
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	l.must(err)
	l.must(l.app.Settle(l.t.Context()))
	return response.StatusCode, string(read)
}

// Registering a connector is all it takes to add it: messages to its libraries
// go through it, its inbound door is open, and what it cannot say becomes a
// task for staff.
func TestAProtocolIsAddedByRegisteringIt(t *testing.T) {
	t.Parallel()
	l := newLoft(t)
	l.start()
	var request *engine.Request
	l.does(func(ctx context.Context, tx *postgres.Tx) (err error) {
		request, err = l.app.Requests.Submit(ctx, tx, ten, l.at().Actor, requests.Submission{
			Library: l.home.ID, Patron: l.patron, Citation: broker.Citation{Title: "A history of lighthouses", ISBN: "9780306406157"},
		})
		return err
	})
	act := func(action workflow.Event, form map[string]json.RawMessage) {
		t.Helper()
		l.does(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := l.app.Desk.Act(ctx, tx, l.at(), requests.Act{Library: l.home.ID, Request: request.ID, Action: action, Body: form})
			return err
		})
	}
	act(workflow.EventAddLender, map[string]json.RawMessage{"lender": json.RawMessage(`"` + awaySymbol.String() + `"`)})
	if diff := cmp.Diff([]connectors.Kind{connectors.KindRequest}, l.sender.kinds()); diff != "" {
		t.Fatalf("flown: %s", diff)
	}
	says := func(message connectors.Message) {
		t.Helper()
		message.ID, message.RequestID = broker.NewID().String(), l.sender.sent[0].RequestID
		message.Borrower, message.Lender = homeSymbol, awaySymbol
		body, err := json.Marshal(message)
		l.must(err)
		for _, seen := range []string{"false", "true"} {
			if status, text := l.flies(string(body)); status != http.StatusAccepted || text != string(message.Kind)+", seen before: "+seen {
				t.Fatalf("the loft answers %d %s", status, text)
			}
		}
	}
	if status, text := l.flies("coo"); status != http.StatusTeapot || text != "coo" {
		t.Errorf("what cannot be read is answered %d %s", status, text)
	}
	says(connectors.Message{Kind: connectors.KindLoaned, Due: broker.MustDate("2026-04-20"), Items: []connectors.MessageItem{{Barcode: "AWAY-1"}}})
	l.does(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := l.app.Desk.Scan(ctx, tx, l.at(), desk.Scan{Barcode: "AWAY-1"})
		return err
	})
	l.does(func(ctx context.Context, tx *postgres.Tx) error {
		found, err := l.app.Requests.Load(ctx, tx, l.home.ID, request.ID)
		if err == nil && found.State != workflow.Received && found.State != workflow.OnHoldShelf {
			t.Errorf("the request is %s", found.State)
		}
		return err
	})
	var task string
	l.does(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select coalesce(max(detail), '') from staff_tasks where request_id = $1 and kind = 'tell_by_hand_received'`, request.ID).Scan(&task)
	})
	if task != "Tell Away by hand that it has arrived." {
		t.Errorf("staff are asked %q", task)
	}
	if diff := cmp.Diff([]connectors.Kind{connectors.KindRequest}, l.sender.kinds()); diff != "" {
		t.Errorf("flown in the end: %s", diff)
	}
}

// A program that does not speak what the directory names does not start.
func TestAProtocolNobodyRegisteredStopsTheStart(t *testing.T) {
	t.Parallel()
	l := newLoft(t)
	_, err := app.Start(t.Context(), app.Config{DB: l.db, Listen: "127.0.0.1:0", Secret: bytes.Repeat([]byte("s"), 32), Version: "test"})
	if err == nil || !strings.Contains(err.Error(), `"pigeon"`) {
		t.Errorf("the start: %v", err)
	}
}
