package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/cmd/afield/app"
	"afield/connectors/iso18626"
	"afield/connectors/wire"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
)

// outsider is a library that speaks ISO 18626. Its words are written by hand
// against the standard; it knows nothing of Afield's codec.
type outsider struct {
	l      *loft
	secret string

	mu    sync.Mutex
	heard []string
}

var (
	rootOf   = regexp.MustCompile(`<(request|supplyingAgencyMessage|requestingAgencyMessage)><header>`)
	idOf     = regexp.MustCompile(`<requestingAgencyRequestId>([^<]+)<`)
	statusOf = regexp.MustCompile(`<(?:action|reasonForMessage|status|serviceType)>([^<]+)<`)
)

func (o *outsider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	root, id := rootOf.FindSubmatch(body), idOf.FindSubmatch(body)
	if root == nil || id == nil || r.Header.Get("Authorization") != "Bearer "+o.secret {
		http.Error(w, "what is this?", http.StatusBadRequest)
		return
	}
	o.mu.Lock()
	o.heard = append(o.heard, string(body))
	o.mu.Unlock()
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprintf(w, `<ISO18626Message xmlns="http://illtransactions.org/2013/iso18626"><%[1]sConfirmation><confirmationHeader><timestamp>2026-03-02T10:00:00Z</timestamp>`+
		`<requestingAgencyRequestId>%[2]s</requestingAgencyRequestId><timestampReceived>2026-03-02T10:00:00Z</timestampReceived><messageStatus>OK</messageStatus>`+
		`</confirmationHeader></%[1]sConfirmation></ISO18626Message>`, root[1], id[1])
}

// lately gives what was heard since it was asked last, as "status status".
func (o *outsider) lately() (said []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, body := range o.heard {
		var words []string
		for _, found := range statusOf.FindAllStringSubmatch(body, -1) {
			words = append(words, found[1])
		}
		said = append(said, strings.Join(words, " "))
	}
	o.heard = nil
	return said
}

// calls posts XML to Afield's door and gives the answer.
func (o *outsider) calls(contentType, secret, body string) (int, string) {
	o.l.t.Helper()
	request, err := http.NewRequestWithContext(o.l.t.Context(), http.MethodPost, o.l.app.URL()+"/iso18626", strings.NewReader(body))
	o.l.must(err)
	request.Header.Set("Content-Type", contentType)
	if secret != "" {
		request.SetBasicAuth(awaySymbol.String(), secret)
	}
	response, err := http.DefaultClient.Do(request)
	o.l.must(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	o.l.must(err)
	o.l.must(o.l.app.Settle(o.l.t.Context()))
	return response.StatusCode, string(answer)
}

// message writes a message; sup and req are agencyIdValues of type TEST.
func message(root, sup, req, id, rest string) string {
	agency := func(name, value string) string {
		return "<" + name + "><agencyIdType>TEST</agencyIdType><agencyIdValue>" + value + "</agencyIdValue></" + name + ">"
	}
	return `<ISO18626Message xmlns="http://illtransactions.org/2013/iso18626" xmlns:i="http://illtransactions.org/2013/iso18626" i:version="1.2"><` + root + `><header>` +
		agency("supplyingAgencyId", sup) + agency("requestingAgencyId", req) + `<multipleItemRequestId/><timestamp>2026-03-02T10:00:00Z</timestamp><requestingAgencyRequestId>` +
		id + `</requestingAgencyRequestId></header>` + rest + `</` + root + `></ISO18626Message>`
}

func supplies(id, reason, info, status, more string) string {
	return message("supplyingAgencyMessage", "AWAY", "HOME", id, `<messageInfo><reasonForMessage>`+reason+`</reasonForMessage>`+info+`</messageInfo><statusInfo><status>`+status+
		`</status>`+more)
}

const changed = `<lastChange>2026-03-02T10:00:00Z</lastChange></statusInfo>`

// says posts a message twice: it is taken, and taken once.
func (o *outsider) says(body string) {
	o.l.t.Helper()
	for range 2 {
		if status, answer := o.calls("application/xml", o.secret, body); status != http.StatusOK || !strings.Contains(answer, "<messageStatus>OK<") ||
			!strings.Contains(answer, "<timestampReceived>2026-03-02T10:00:00Z<") {
			o.l.t.Fatalf("answered %d %s", status, answer)
		}
	}
}

// refused posts what is not taken and looks what the answer says.
func (o *outsider) refused(body, want string) {
	o.l.t.Helper()
	if status, answer := o.calls("text/xml", o.secret, body); status != http.StatusOK || !strings.Contains(answer, "<messageStatus>ERROR<") || !strings.Contains(answer, want) {
		o.l.t.Errorf("answered %d %s, want %s", status, answer, want)
	}
}

func startOutsider(t *testing.T) *outsider {
	t.Helper()
	l := newLoft(t)
	secret := bytes.Repeat([]byte("k"), 32)
	o := &outsider{l: l, secret: wire.SecretText(secret)}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	key := bytes.Repeat([]byte("s"), 32)
	_, vault, err := app.Doors(l.db, key)
	l.must(err)
	title := broker.NewID()
	l.must(l.db.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		third := l.home
		third.ID, third.Name, third.Member, third.SharingGroup, third.Policy = broker.NewID(), "Third", false, broker.NoID, ""
		if err := directory.SaveLibrary(tx, third, ten); err != nil {
			return err
		}
		directory.SaveSymbols(tx, third.ID, broker.NewSymbol("TEST", "THIRD"))
		_, err := catalog.SaveTitle(ctx, tx, catalog.Title{ID: title, Title: "Harbours", ISBNs: []string{"9780306406157"}, Format: broker.FormatBook}, ten)
		catalog.SaveItem(tx, catalog.Item{
			Library: l.home.ID, ID: broker.NewID(), Realm: l.home.SharingGroup, Barcode: "31000000000001", Title: title,
			Branch: l.branch, Type: "book", Audience: "adult", Status: catalog.OnShelf, Lendable: true,
		}, ten)
		peer := directory.Peer{
			Protocol: iso18626.Name, Edition: iso18626.Edition2021, BaseURL: server.URL + "/iso18626",
			OutboundSecret: secret, InboundSecret: secret, AllowPrivateAddress: true,
		}
		away, other := peer, peer
		away.Library, other.Library, other.InboundSecret = l.away, third.ID, bytes.Repeat([]byte("3"), 32)
		return errors.Join(err, directory.SavePeer(tx, vault, away, ten), directory.SavePeer(tx, vault, other, ten))
	}))
	l.app, err = app.Start(t.Context(), app.Config{DB: l.db, Clock: &stands{at: ten}, Listen: "127.0.0.1:0", Secret: key, Version: "test"})
	l.must(err)
	t.Cleanup(func() {
		if err := l.app.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

func (o *outsider) act(request broker.ID, action workflow.Event, form map[string]json.RawMessage) {
	o.l.t.Helper()
	o.l.does(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := o.l.app.Desk.Act(ctx, tx, o.l.at(), requests.Act{Library: o.l.home.ID, Request: request, Action: action, Body: form})
		return err
	})
}

func (o *outsider) is(request broker.ID, states ...workflow.State) {
	o.l.t.Helper()
	o.l.does(func(ctx context.Context, tx *postgres.Tx) error {
		found, err := o.l.app.Requests.Load(ctx, tx, o.l.home.ID, request)
		if err == nil && !slices.Contains(states, found.State) {
			o.l.t.Fatalf("the request is %s, want one of %s", found.State, states)
		}
		return err
	})
}

func (o *outsider) hears(want ...string) {
	o.l.t.Helper()
	if diff := cmp.Diff(want, o.lately()); diff != "" {
		o.l.t.Fatalf("the outside library heard: %s", diff)
	}
}

// A library elsewhere lends and borrows by ISO 18626 over HTTP, from the request to
// its end, and nobody else has a say in it.
func TestALibraryThatSpeaksISO18626LendsAndBorrows(t *testing.T) {
	t.Parallel()
	o := startOutsider(t)
	l := o.l

	// It lends.
	var request *engine.Request
	l.does(func(ctx context.Context, tx *postgres.Tx) (err error) {
		request, err = l.app.Requests.Submit(ctx, tx, ten, l.at().Actor, requests.Submission{
			Library: l.home.ID, Patron: l.patron, Citation: broker.Citation{Title: "A history of lighthouses", Author: "Keeper"},
		})
		return err
	})
	o.act(request.ID, workflow.EventAddLender, map[string]json.RawMessage{"lender": json.RawMessage(`"` + awaySymbol.String() + `"`)})
	o.mu.Lock()
	asked := strings.Join(o.heard, "")
	o.mu.Unlock()
	o.hears("Loan")
	found := idOf.FindStringSubmatch(asked)
	if found == nil || !strings.Contains(asked, "A history of lighthouses") || strings.Contains(asked, "555-0100") {
		t.Fatalf("asked with %s", asked)
	}
	id := found[1]
	o.says(supplies(id, "RequestResponse", "", "ExpectToSupply", changed))
	o.is(request.ID, workflow.Requested)
	o.says(supplies(id, "Notification", "<note>Unfilled? No.</note>", "Unfilled", changed))
	o.is(request.ID, workflow.Requested)
	// Another library's word changes nothing, whoever's name it uses.
	if status, answer := o.calls("application/xml", wire.SecretText(bytes.Repeat([]byte("3"), 32)), supplies(id, "StatusChange", "", "Unfilled", changed)); status != http.StatusUnauthorized ||
		!strings.Contains(answer, "<messageStatus>ERROR<") {
		t.Errorf("with another's secret: %d %s", status, answer)
	}
	if status, answer := o.calls("application/xml", "", supplies(id, "StatusChange", "", "Unfilled", changed)); status != http.StatusUnauthorized || !strings.Contains(answer, "proves who is calling") {
		t.Errorf("with nothing: %d %s", status, answer)
	}
	third := strings.Replace(supplies(id, "StatusChange", "", "Unfilled", changed), "AWAY", "THIRD", 1)
	o.refused(third, "<errorType>UnrecognisedDataValue<")
	o.refused(supplies(broker.NewID().String(), "StatusChange", "", "Loaned", changed), "No such request")
	o.refused(supplies(id, "StatusChange", "", "Evaporated", changed), "Evaporated is none of")
	o.is(request.ID, workflow.Requested)
	o.says(supplies(id, "RequestResponse", "", "WillSupply", changed))
	o.is(request.ID, workflow.WillSupply)
	loaned := supplies(id, "StatusChange", "", "Loaned", `<dueDate>2026-04-20T23:59:59Z</dueDate>`+changed+
		`<deliveryInfo><dateSent>2026-03-02T10:00:00Z</dateSent><itemId>AWAY-1</itemId></deliveryInfo>`)
	// Koha's senders write the same words for every library.
	o.says(strings.NewReplacer(">AWAY<", ">sup_agency_value<", ">HOME<", ">req_agency_value<").Replace(loaned))
	o.is(request.ID, workflow.Shipped)
	o.says(supplies(id, "RequestResponse", "", "WillSupply", `<expectedDeliveryDate>2026-03-09T00:00:00Z</expectedDeliveryDate>`+changed)) // late
	o.is(request.ID, workflow.Shipped)
	l.does(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := l.app.Desk.Scan(ctx, tx, l.at(), desk.Scan{Barcode: "AWAY-1"})
		return err
	})
	o.is(request.ID, workflow.Received, workflow.OnHoldShelf)
	o.hears("Received")
	o.act(request.ID, workflow.EventCancel, nil)
	o.is(request.ID, workflow.ReturnDue)
	o.act(request.ID, workflow.EventShipReturn, nil)
	o.hears("ShippedReturn")
	o.says(supplies(id, "StatusChange", "", "LoanCompleted", changed))
	o.is(request.ID, workflow.Completed)

	// It borrows.
	asks := message("request", "HOME", "AWAY", "away/1", `<bibliographicInfo><title>Harbours</title></bibliographicInfo><serviceInfo><serviceType>Loan</serviceType></serviceInfo><patronInfo><surname>Reader</surname></patronInfo>`)
	o.says(asks)
	o.refused(strings.Replace(asks, "Harbours", "Tides", 1), "already exists")
	o.refused(strings.Replace(asks, ">HOME<", ">NOBODY<", 1), "NOBODY")
	var lent broker.ID
	var stored string
	l.does(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select r.id, m.raw from requests r join messages m on m.library_id = r.library_id and m.request_id = r.id and m.direction = 'in'
			where r.side = 'lending' and r.borrower_request_id = 'away/1'`).Scan(&lent, &stored)
	})
	if !strings.Contains(stored, "Harbours") || strings.Contains(stored, "Reader") {
		t.Errorf("the log keeps %s", stored)
	}
	does := func(rest string) string { return message("requestingAgencyMessage", "HOME", "AWAY", "away/1", rest) }
	o.says(does("<action>StatusRequest</action>"))
	o.hears("StatusRequestResponse RequestReceived")
	o.act(lent, workflow.EventAnswerYes, nil)
	o.hears("RequestResponse WillSupply")
	o.act(lent, workflow.EventShip, map[string]json.RawMessage{"barcode": json.RawMessage(`"31000000000001"`)})
	o.mu.Lock()
	shipped := strings.Join(o.heard, "")
	o.mu.Unlock()
	o.hears("StatusChange Loaned")
	if !strings.Contains(shipped, "<itemId>31000000000001<") || !strings.Contains(shipped, "<dueDate>") || !strings.Contains(shipped, `"2021-2"`) {
		t.Errorf("shipped with %s", shipped)
	}
	o.says(does("<action>Received</action>"))
	o.is(lent, workflow.WithBorrowingLibrary)
	o.says(does("<action>Cancel</action>"))
	o.says(does("<action>StatusRequest</action><note>again</note>"))
	o.says(does("<action>Renew</action>"))
	heard := o.lately()
	if len(heard) == 0 || !slices.Contains(heard, "StatusRequestResponse Loaned") {
		t.Errorf("heard %q", heard)
	}
	o.says(does("<action>ShippedReturn</action>"))
	o.is(lent, workflow.ReturnShipped)
	l.does(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := l.app.Desk.Scan(ctx, tx, l.at(), desk.Scan{Barcode: "31000000000001"})
		return err
	})
	o.is(lent, workflow.Completed)
	if said := o.lately(); len(said) == 0 || said[len(said)-1] != "StatusChange LoanCompleted" {
		t.Errorf("at the end it heard %q", said)
	}

	// What is no call of the protocol.
	for want, call := range map[int][2]string{
		http.StatusUnsupportedMediaType:  {"application/json", "{}"},
		http.StatusBadRequest:            {"application/xml", "<html/>"},
		http.StatusRequestEntityTooLarge: {"application/xml", "<request>" + strings.Repeat("<a/>", iso18626.MaxBytes/4) + "</request>"},
	} {
		if status, answer := o.calls(call[0], o.secret, call[1]); status != want {
			t.Errorf("%.40s: %d %s, want %d", call[1], status, answer, want)
		}
	}
	response, err := http.Get(l.app.URL() + "/iso18626")
	l.must(err)
	l.must(response.Body.Close())
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", response.StatusCode)
	}
	checked, err := l.db.Invariants(t.Context())
	l.must(err)
	for _, invariant := range checked {
		if invariant.Count > 0 {
			t.Errorf("%s: %d rows break it", invariant.Rule, invariant.Count)
		}
	}
}

// The directory's names of editions and vendors are those that are spoken.
func TestTheDirectoryNamesTheStandardsEditions(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(directory.Editions, iso18626.Editions()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(directory.Dialects, iso18626.Dialects()); diff != "" {
		t.Error(diff)
	}
}
