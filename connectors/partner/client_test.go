package partner_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/conntest"
	"afield/connectors/conntest/suite"
	"afield/connectors/partner"
	"afield/connectors/wire"

	"github.com/google/go-cmp/cmp"
)

func newClient(t *testing.T) *partner.Client {
	t.Helper()
	client := partner.NewClient(partner.Options{})
	t.Cleanup(client.Close)
	return client
}

func newPartner(t *testing.T, options conntest.Options) *conntest.Partner {
	t.Helper()
	options.Symbol = broker.NewSymbol("ISIL", "US-LENDER")
	made, err := conntest.NewPartner(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.Close() })
	return made
}

func TestConformance(t *testing.T) {
	for _, variant := range []struct {
		name    string
		options conntest.Options
	}{
		{"duplicates acknowledged", conntest.Options{}},
		{"duplicates answered 409", conntest.Options{DuplicatesAre409: true}},
	} {
		t.Run(variant.name, func(t *testing.T) {
			suite.Run(t, suite.Subject{
				NewSender: func(t *testing.T) connectors.Sender { return newClient(t) },
				NewTarget: func(t *testing.T) suite.Target { return newPartner(t, variant.options) },
			})
		})
	}
}

// A library that nobody allowed to use a private address cannot be on one, not
// even through connections that another peer opened.
func TestPrivateAddressNeedsPermission(t *testing.T) {
	t.Parallel()
	lender, client := newPartner(t, conntest.Options{}), newClient(t)
	allowed := lender.Peer(broker.NewID())
	if got := client.Send(t.Context(), allowed, suite.Request()); got.Outcome != connectors.Delivered {
		t.Fatalf("allowed: %s (%s)", got.Outcome, got.Detail)
	}
	barred := allowed
	barred.AllowPrivateAddress = false
	got := client.Send(t.Context(), barred, suite.Request())
	if got.Outcome != connectors.Refused || !strings.Contains(got.Detail, "private") {
		t.Errorf("not allowed: %s (%s), want refused because private", got.Outcome, got.Detail)
	}
	barred.BaseURL = strings.Replace(barred.BaseURL, "127.0.0.1", "localhost", 1)
	if got := client.Send(t.Context(), barred, suite.Request()); got.Outcome != connectors.Refused {
		t.Errorf("by name: %s (%s), want refused", got.Outcome, got.Detail)
	}
	if _, err := client.Available(t.Context(), barred, broker.Citation{Title: "x"}); err == nil {
		t.Error("a look-up went to a private address")
	}
	if tries := len(lender.Received()); tries != 1 {
		t.Errorf("%d tries arrived, want only the allowed one", tries)
	}
}

func TestWhatIsNotFitToSendIsRefusedBeforeTheCall(t *testing.T) {
	t.Parallel()
	lender, client := newPartner(t, conntest.Options{}), newClient(t)
	for name, spoil := range map[string]func(*connectors.Peer, *connectors.Message){
		"no secret":         func(p *connectors.Peer, _ *connectors.Message) { p.OutboundSecret = nil },
		"short secret":      func(p *connectors.Peer, _ *connectors.Message) { p.OutboundSecret = []byte("short") },
		"no base URL":       func(p *connectors.Peer, _ *connectors.Message) { p.BaseURL = "" },
		"other scheme":      func(p *connectors.Peer, _ *connectors.Message) { p.BaseURL = "file:///etc" },
		"password in URL":   func(p *connectors.Peer, _ *connectors.Message) { p.BaseURL = "http://a:b@example.org" },
		"message half done": func(_ *connectors.Peer, m *connectors.Message) { m.Citation = nil },
	} {
		peer, message := lender.Peer(broker.NewID()), suite.Request()
		spoil(&peer, &message)
		if got := client.Send(t.Context(), peer, message); got.Outcome != connectors.Refused || got.Detail == "" {
			t.Errorf("%s: %s (%s), want refused with a detail", name, got.Outcome, got.Detail)
		}
	}
	if tries := len(lender.Received()); tries != 0 {
		t.Errorf("%d tries arrived, want none", tries)
	}
}

// Every status a peer may answer leads to one of three outcomes.
func TestStatusesAndOutcomes(t *testing.T) {
	t.Parallel()
	problem := `{"title":"No","code":"some_reason","detail":"Because."}`
	message := suite.Request()
	good := `{"message_id":"` + message.ID + `","status":"accepted"}`
	tests := []struct {
		status  int
		body    string
		outcome connectors.Outcome
		detail  string
	}{
		{200, good, connectors.Delivered, ""},
		{202, strings.Replace(good, "accepted", "duplicate", 1), connectors.Delivered, ""},
		{200, strings.Replace(good, "accepted", "rejected", 1), connectors.TryAgain, "not an acknowledgement"},
		{200, good + good, connectors.TryAgain, "not an acknowledgement"},
		{200, "", connectors.TryAgain, "not an acknowledgement"},
		{204, "", connectors.TryAgain, "not an acknowledgement"},
		{302, good, connectors.TryAgain, "redirects"},
		{400, problem, connectors.Refused, "HTTP 400: some_reason: Because."},
		{401, "", connectors.Refused, "HTTP 401"},
		{403, "<html>", connectors.Refused, "HTTP 403"},
		{404, "", connectors.Refused, ""},
		{405, "", connectors.Refused, ""},
		{410, "", connectors.Refused, ""},
		{413, "", connectors.Refused, ""},
		{415, "", connectors.Refused, ""},
		{422, `{"code":7,"detail":["no"]}`, connectors.Refused, "HTTP 422"},
		{408, "", connectors.TryAgain, "HTTP 408"},
		{425, "", connectors.TryAgain, ""},
		{429, problem, connectors.TryAgain, "Because."},
		{409, `{"code":"already_exists"}`, connectors.Delivered, ""},
		{409, `{"code":"in_progress"}`, connectors.TryAgain, "in_progress"},
		{409, `{"code":"message_id_reused"}`, connectors.Refused, "message_id_reused"},
		{409, `oops`, connectors.TryAgain, "HTTP 409"},
		{500, "", connectors.TryAgain, "HTTP 500"},
		{501, "", connectors.TryAgain, ""},
		{503, problem, connectors.TryAgain, ""},
	}
	client := newClient(t)
	for _, test := range tests {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://localhost/elsewhere")
			w.WriteHeader(test.status)
			_, _ = w.Write([]byte(test.body))
		}))
		got := client.Send(t.Context(), connectors.Peer{
			BaseURL: server.URL, OutboundSecret: make([]byte, 32), AllowPrivateAddress: true,
		}, message)
		server.Close()
		if got.Outcome != test.outcome || got.Status != test.status || !strings.Contains(got.Detail, test.detail) {
			t.Errorf("%d %.40s: %s, status %d, %q; want %s, %q", test.status, test.body,
				got.Outcome, got.Status, got.Detail, test.outcome, test.detail)
		}
	}
}

func TestTheLogHoldsBothDirectionsWithoutTheSignature(t *testing.T) {
	t.Parallel()
	var signature string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signature = r.Header.Get(wire.HeaderSignature)
		w.Header().Set("Set-Cookie", "session=hidden")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte("you sent \x00\xff " + signature + strings.Repeat("é", 200_000)))
	}))
	defer server.Close()
	message := suite.Request()
	got := newClient(t).Send(t.Context(), connectors.Peer{
		BaseURL: server.URL + "/base/", OutboundSecret: make([]byte, 32), AllowPrivateAddress: true,
	}, message)
	for _, want := range []string{"POST /base/messages\n", "webhook-id: " + message.ID, message.Citation.Title, "you sent"} {
		if !strings.Contains(got.Raw, want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	if strings.Contains(got.Raw, strings.TrimPrefix(signature, "v1,")) || strings.Contains(got.Raw, "hidden") {
		t.Error("the log gives a signature or cookie away")
	}
	if len(got.Raw) > 64<<10 || strings.ContainsRune(got.Raw, 0) || got.Raw != strings.ToValidUTF8(got.Raw, "") {
		t.Errorf("the log of %d bytes cannot be kept", len(got.Raw))
	}
}

func TestAvailability(t *testing.T) {
	t.Parallel()
	cost := &broker.Money{Minor: 1000, Currency: "USD"}
	lender := newPartner(t, conntest.Options{Stock: []conntest.Stock{
		{Title: "lighthouses", Available: 2, Cost: cost},
	}})
	client, peer := newClient(t), lender.Peer(broker.NewID())
	citation := broker.Citation{Title: "A history of Lighthouses & keepers", Author: "Ü", ISBN: "9780306406157"}
	got, err := client.Available(t.Context(), peer, citation)
	if err != nil {
		t.Fatal(err)
	}
	want := connectors.Availability{Owned: true, Available: 2, Cost: cost}
	if diff := cmp.Diff(want, got, sameDates()); diff != "" {
		t.Error(diff)
	}
	if got, err := client.Available(t.Context(), peer, broker.Citation{Title: "Trains"}); err != nil || got.Owned {
		t.Errorf("not owned: %+v, %v", got, err)
	}
	peer.Timeout = 300 * time.Millisecond
	for _, fault := range []conntest.Fault{
		conntest.Silent, conntest.ServerError, conntest.TooMany, conntest.HTML, conntest.Garbage, conntest.Redirect,
		conntest.Reset, conntest.Endless, conntest.Drip, conntest.Truncated, conntest.LostAnswer, conntest.Refused,
	} {
		lender.Fail(conntest.KindLookUp, conntest.Trouble{Fault: fault})
		if _, err := client.Available(t.Context(), peer, citation); !broker.IsKind(err, broker.KindUnavailable) {
			t.Errorf("%s: %v, want not known", fault, err)
		}
	}
}

func TestAvailabilityThatContradictsItselfIsNotKnown(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"owned":false,"available":3}`, `{"owned":true,"available":-1}`, `{"owned":true,"available":1.5}`,
		`{"owned":true,"available":"2"}`, `{"owned":"yes","available":2}`, `{"available":2}`, `{"owned":true}`,
		`{"owned":true,"available":1,"cost":{"minor":-5,"currency":"USD"}}`, `[]`, `null`, `{"owned":true,"owned":true,"available":1}`,
		`{"owned":true,"available":1e9}`, `{"owned":true,"available":99999999999999999999}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(body))
		}))
		got, err := newClient(t).Available(t.Context(), connectors.Peer{
			BaseURL: server.URL, OutboundSecret: make([]byte, 32), AllowPrivateAddress: true,
		}, broker.Citation{Title: "x"})
		server.Close()
		if !broker.IsKind(err, broker.KindUnavailable) {
			t.Errorf("%s: %+v, %v; want not known", body, got, err)
		}
	}
}

func TestClosedClientSendsNothing(t *testing.T) {
	t.Parallel()
	lender := newPartner(t, conntest.Options{})
	lender.FailAlways(conntest.Trouble{Fault: conntest.Silent})
	client := partner.NewClient(partner.Options{})
	peer := lender.Peer(broker.NewID())
	peer.Timeout = time.Minute
	hanging := make(chan connectors.Delivery, 1)
	go func() { hanging <- client.Send(context.Background(), peer, suite.Request()) }()
	for len(lender.Received()) == 0 {
		time.Sleep(time.Millisecond)
	}
	client.Close() // ends the call under way
	if got := <-hanging; got.Outcome != connectors.TryAgain {
		t.Errorf("under way: %s, want try again", got.Outcome)
	}
	if got := client.Send(t.Context(), peer, suite.Request()); got.Outcome != connectors.TryAgain {
		t.Errorf("afterwards: %s, want try again", got.Outcome)
	}
	if tries := len(lender.Received()); tries != 1 {
		t.Errorf("%d tries arrived, want 1", tries)
	}
}
