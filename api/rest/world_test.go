package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"afield/api"
	"afield/api/rest"
	"afield/broker"
	"afield/broker/access"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/live"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/published"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/broker/standing"
	"afield/connectors"
	"afield/connectors/letter"
	"afield/connectors/partner"
	"afield/workflow/desk"
	"afield/workflow/messages"
	"afield/workflow/requests"
	"afield/workflow/routing"
)

// world is two member libraries that do not share a catalogue, one partner, and
// the whole API over a real database. No job runs: messages wait in the outbox.
type world struct {
	db    *postgres.DB
	clock *broker.ManualClock
	api   *echo.Echo
	log   *lockedBuffer
	live  *live.Hub
	links connectors.LinkKey
	// metrics is where calls are counted.
	metrics *prometheus.Registry

	home, away, partner broker.ID // Westport, Western District, a library elsewhere
	patron, neighbour   broker.ID // of home, of away
	card                string
	title, ownTitle     broker.ID // held by away; held by home
	item                string    // barcode of home's copy of ownTitle
	secret              []byte    // signs what the partner sends

	staff, otherStaff, me string // tokens
}

// idleJobs takes what would be sent and keeps it.
type idleJobs struct{}

func (idleJobs) Send(context.Context, *postgres.Tx, []messages.Ref) error { return nil }

func (idleJobs) LookUp(context.Context, *postgres.Tx, broker.ID, broker.ID) error { return nil }

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// The secrets to sign in with. The PIN is long enough not to appear by chance in
// a clock reading, duration or id, where a test looks for it in what was written.
const (
	password = "a long enough secret"
	pin      = "4821063957"
)

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		db: pgtest.New(t), clock: broker.NewManualClock(time.Date(2026, 8, 3, 15, 0, 0, 0, time.UTC)), log: &lockedBuffer{}, metrics: prometheus.NewRegistry(),
		home: broker.NewID(), away: broker.NewID(), partner: broker.NewID(), patron: broker.NewID(), neighbour: broker.NewID(),
		card: "21234000000011", item: "31234000000011", secret: bytes.Repeat([]byte("s"), 32),
	}
	vault, err := directory.NewVault(bytes.Repeat([]byte("v"), 32))
	must(t, err)
	doors, err := access.New(w.db, access.Config{Key: bytes.Repeat([]byte("k"), 32), Cost: access.Cost{MemoryKiB: 64, Passes: 1}})
	must(t, err)
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home, w.away), func(ctx context.Context, tx *postgres.Tx) error {
		return w.furnish(ctx, tx, doors, vault)
	}))
	policies := standing.ByName(policy.Preset)
	cache := directory.NewCache(time.Minute, time.Now)
	client := partner.NewClient(partner.Options{})
	t.Cleanup(client.Close)
	protocols, err := connectors.NewRegistry(connectors.BreakerSettings{}, requests.ByHand(), partner.Protocol(client), letter.Protocol(letter.Config{}), connectors.Protocol{
		Name: string(directory.ProtocolMember), Sender: client, Says: connectors.EveryKind(), // no job sends anything here
	})
	must(t, err)
	service, err := requests.New(requests.Config{
		Jobs: idleJobs{}, Finder: &routing.Finder{Lenders: cache, Live: protocols.Live()},
		Cache: cache, Vault: vault, Protocols: protocols, Policies: policies,
	})
	must(t, err)
	w.links = bytes.Repeat([]byte("l"), 32)
	w.live = live.NewHub(w.db, 10*time.Millisecond, slog.New(slog.DiscardHandler))
	t.Cleanup(w.live.Close)
	w.api, err = rest.New(rest.Deps{
		DB: w.db, Access: doors, Clock: w.clock, Requests: service, Desk: desk.New(policies, service), Live: w.live, Links: w.links,
		Policies: policies, Published: published.NewSource(), Vault: vault, Protocols: protocols, CursorKey: bytes.Repeat([]byte("c"), 32), Log: slog.New(slog.NewTextHandler(w.log, nil)),
		Metrics: w.metrics, Version: "test", Ready: map[string]func(context.Context) error{"database": w.db.Ping},
	})
	must(t, err)
	w.staff = w.signIn(t, `{"kind":"staff","library":"ISIL:US-HOME","username":"ill1","password":"`+password+`"}`)
	w.otherStaff = w.signIn(t, `{"kind":"staff","library":"ISIL:US-AWAY","username":"ill1","password":"`+password+`"}`)
	w.me = w.signIn(t, `{"kind":"patron","realm":"ISIL:US-HOME","card":"`+w.card+`","pin":"`+pin+`"}`)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) furnish(ctx context.Context, tx *postgres.Tx, doors *access.Service, vault *directory.Vault) error {
	now := w.clock.Now()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		return err
	}
	for _, member := range []struct {
		id             broker.ID
		symbol, policy string
	}{{w.home, "US-HOME", "westport"}, {w.away, "US-AWAY", "western-district"}} {
		group := directory.SharingGroup{ID: broker.NewID(), Name: member.symbol}
		directory.SaveSharingGroup(tx, group)
		err := directory.SaveLibrary(tx, directory.Library{
			ID: member.id, Name: member.symbol, Kind: directory.KindLibrary, Member: true,
			State: "NY", Country: "US", Zone: zone, Currency: "USD", SharingGroup: group.ID, Policy: member.policy, Status: directory.StatusActive,
		}, now)
		if err != nil {
			return err
		}
		directory.SaveSymbols(tx, member.id, broker.NewSymbol("ISIL", member.symbol))
		err = directory.SaveTiers(tx, member.id, []directory.Tier{
			{Position: 0, Name: "own shelves", Members: directory.TierOwn, CostRule: directory.CostFree, DaysToRespond: 1, Fulfilment: directory.FulfilHold},
			{Position: 1, Name: "the state", Members: directory.TierStates, States: []string{"NY"}, CostRule: directory.CostFree, DaysToRespond: 4, Fulfilment: directory.FulfilILL},
		})
		if err != nil {
			return err
		}
		if _, err := doors.CreateStaff(ctx, tx, access.NewStaff{
			Library: member.id, Username: "ill1", Password: password,
			Roles: []string{access.RoleILL, access.RoleDesk, access.RoleDirector},
		}); err != nil {
			return err
		}
		if err := w.people(ctx, tx, doors, member.id, group.ID, now); err != nil {
			return err
		}
	}
	err = directory.SaveLibrary(tx, directory.Library{
		ID: w.partner, Name: "Library elsewhere", Kind: directory.KindLibrary, State: "NY",
		Country: "US", Zone: zone, Currency: "USD", Status: directory.StatusActive,
	}, now)
	if err != nil {
		return err
	}
	directory.SaveSymbols(tx, w.partner, broker.NewSymbol("ISIL", "US-PARTNER"))
	err = directory.SavePeer(tx, vault, directory.Peer{
		Library: w.partner, Protocol: partner.Name, BaseURL: "https://partner.example/ill",
		OutboundSecret: bytes.Repeat([]byte("o"), 32), InboundSecret: w.secret,
	}, now)
	if err != nil {
		return err
	}
	return w.books(ctx, tx, now)
}

func (w *world) people(ctx context.Context, tx *postgres.Tx, doors *access.Service, library, realm broker.ID, now time.Time) error {
	id, number, class := w.patron, w.card, "adult"
	if library == w.away {
		id, number, class = w.neighbour, "29999000000011", "resident"
	}
	err := patrons.SavePatron(tx, patrons.Patron{
		Library: library, ID: id, Class: class, Name: "adult patron 1", Phone: "+1 555 0100",
		PhoneCheckedOn: broker.MustDate("2026-07-01"), ExpiresOn: broker.MustDate("2027-12-31"), CreatedAt: now,
	})
	if err != nil {
		return err
	}
	card := patrons.Card{Library: library, ID: broker.NewID(), Realm: realm, Number: number, Patron: id, CreatedAt: now}
	if err := patrons.SaveCard(tx, card); err != nil {
		return err
	}
	return doors.SetPIN(ctx, tx, library, card.ID, pin)
}

func (w *world) books(ctx context.Context, tx *postgres.Tx, now time.Time) error {
	var err error
	if w.title, err = catalog.SaveTitle(ctx, tx, catalog.Title{
		ID: broker.NewID(), Title: "The Living Mountain", Author: "Shepherd, Nan",
		ISBNs: []string{"9780857861832"},
	}, now); err != nil {
		return err
	}
	if w.ownTitle, err = catalog.SaveTitle(ctx, tx, catalog.Title{ID: broker.NewID(), Title: "Walden", Author: "Thoreau, Henry David"}, now); err != nil {
		return err
	}
	for _, copy := range []struct {
		library, title broker.ID
		barcode        string
	}{{w.away, w.title, "39999000000011"}, {w.home, w.ownTitle, w.item}} {
		library, err := directory.Load(ctx, tx, copy.library)
		if err != nil {
			return err
		}
		catalog.SaveItem(tx, catalog.Item{
			Library: copy.library, ID: broker.NewID(), Realm: library.SharingGroup, Barcode: copy.barcode,
			Title: copy.title, Type: "book", Status: catalog.OnShelf, Lendable: true,
		}, now)
	}
	return nil
}

// allSent marks the messages in the outbox as handed over, as the jobs would.
func (w *world) allSent(t testing.TB) {
	t.Helper()
	must(t, w.db.InTx(t.Context(), postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update messages set status = 'sent', done_at = created_at where direction = 'out'`)
		return nil
	}))
}

// answer is the answer to one call, with its JSON read.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (a answer) get(path ...string) any {
	var at any = a.body
	for _, name := range path {
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = object[name]
	}
	return at
}

// lines reads a list as its staff see it.
func (w *world) lines(t *testing.T, path, of string) (lines []answer) {
	t.Helper()
	page := w.call(t, "GET", path, w.staff, "")
	wants(t, page, 200, "")
	for _, line := range page.body[of].([]any) {
		lines = append(lines, answer{body: line.(map[string]any)})
	}
	return lines
}

func (a answer) code() string { code, _ := a.body["code"].(string); return code }

func (a answer) id() string { id, _ := a.body["id"].(string); return id }

// call makes one call and checks the answer against the contract.
func (w *world) call(t testing.TB, method, path, token, body string, headers ...string) answer {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	request := httptest.NewRequest(method, path, reader)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	w.api.ServeHTTP(recorder, request)
	got := answer{status: recorder.Code, header: recorder.Header(), text: recorder.Body.String()}
	_ = json.Unmarshal(recorder.Body.Bytes(), &got.body) // lists and pages are looked at as text
	conforms(t, method, path, got)
	return got
}

func (w *world) signIn(t testing.TB, body string) string {
	t.Helper()
	got := w.call(t, "POST", "/v1/sessions", "", body)
	token, _ := got.body["token"].(string)
	if got.status != 201 || token == "" {
		t.Fatalf("sign in: %d %s", got.status, got.text)
	}
	return token
}

var document = sync.OnceValues(func() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(api.OpenAPI) })

// conforms checks an answer against the contract: its status is documented and
// its body fits the schema.
func conforms(t testing.TB, method, path string, got answer) {
	t.Helper()
	doc, err := document()
	must(t, err)
	operation := operationAt(doc, method, path)
	if operation == nil {
		return // no such route in the contract
	}
	if got.status >= 400 && got.header.Get("Content-Type") != "application/problem+json" && !strings.HasPrefix(path, "/readyz") {
		t.Errorf("%s %s: %d as %s: %s", method, path, got.status, got.header.Get("Content-Type"), got.text)
	}
	response := operation.Responses.Status(got.status)
	if response == nil {
		t.Errorf("%s %s: the contract has no answer %d: %s", method, path, got.status, got.text)
		return
	}
	media := response.Value.Content.Get(strings.Split(got.header.Get("Content-Type"), ";")[0])
	if media == nil || media.Schema == nil || got.body == nil {
		return
	}
	if err := media.Schema.Value.VisitJSON(got.body, openapi3.VisitAsResponse(), openapi3.MultiErrors(), openapi3.EnableFormatValidation()); err != nil {
		t.Errorf("%s %s: the answer does not fit the contract: %v\n%s", method, path, err, got.text)
	}
}

func operationAt(doc *openapi3.T, method, path string) *openapi3.Operation {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(path, "/")
	best, wildcards := (*openapi3.Operation)(nil), 100
	for pattern, item := range doc.Paths.Map() {
		names := strings.Split(pattern, "/")
		if len(names) != len(parts) {
			continue
		}
		fits, loose := true, 0
		for i, name := range names {
			if strings.HasPrefix(name, "{") {
				loose++
			} else if name != parts[i] {
				fits = false
			}
		}
		if operation := item.GetOperation(method); fits && operation != nil && loose < wildcards {
			best, wildcards = operation, loose
		}
	}
	return best
}
