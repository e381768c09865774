package iso18626_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/conntest"
	"afield/connectors/conntest/suite"
	"afield/connectors/iso18626"
	"afield/connectors/wire"
)

func newClient(t *testing.T) *iso18626.Client {
	t.Helper()
	client := iso18626.NewClient(iso18626.Options{})
	t.Cleanup(client.Close)
	return client
}

func TestConformance(t *testing.T) {
	suite.Run(t, suite.Subject{
		NewSender: func(t *testing.T) connectors.Sender { return newClient(t) },
		NewTarget: func(t *testing.T) suite.Target {
			made, err := conntest.NewPartner(conntest.Options{Symbol: broker.NewSymbol("ISIL", "US-LENDER"), ISO18626: &conntest.ISO18626{Edition: "1.2"}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = made.Close() })
			return made
		},
	})
}

func confirms(status, errorData string) string {
	return `<ISO18626Message xmlns="http://illtransactions.org/2013/iso18626"><requestConfirmation><confirmationHeader>` +
		`<requestingAgencyRequestId>r-1</requestingAgencyRequestId><messageStatus>` + status + `</messageStatus></confirmationHeader>` + errorData +
		`</requestConfirmation></ISO18626Message>`
}

// Every answer leads to one of three outcomes, whatever the status it comes with.
func TestAnswersAndOutcomes(t *testing.T) {
	t.Parallel()
	ok, wrong := confirms("OK", ""), confirms("ERROR", "<errorData><errorType>UnrecognizedDataValue</errorType><errorValue>supplyingAgencyId: not found</errorValue></errorData>")
	exists := confirms("ERROR", "<errorData><errorType>UnrecognisedDataValue</errorType><errorValue>request with a given ID Already Exists</errorValue></errorData>")
	tests := []struct {
		status  int
		body    string
		outcome connectors.Outcome
		detail  string
	}{
		{200, ok, connectors.Delivered, ""},
		{201, ok, connectors.Delivered, ""},
		{200, strings.Replace(ok, `<requestingAgencyRequestId>r-1</requestingAgencyRequestId>`, "", 1), connectors.Delivered, ""},
		{200, "<requestConfirmation><confirmationHeader><messageStatus>OK</messageStatus></confirmationHeader></requestConfirmation>", connectors.Delivered, ""},
		{200, exists, connectors.Delivered, ""},
		{400, exists, connectors.Delivered, ""},
		{200, wrong, connectors.Refused, "UnrecognisedDataValue: supplyingAgencyId: not found"},
		{400, wrong, connectors.Refused, "supplyingAgencyId: not found"},
		{500, wrong, connectors.TryAgain, "HTTP 500"},
		{200, confirms("ERROR", ""), connectors.Refused, "without a reason"},
		{200, confirms("MAYBE", ""), connectors.TryAgain, "neither OK nor ERROR"},
		{400, ok, connectors.TryAgain, "neither"},
		{200, strings.Replace(ok, "r-1", "r-2", 1), connectors.TryAgain, "another message"},
		{200, strings.ReplaceAll(ok, "requestConfirmation", "supplyingAgencyMessageConfirmation"), connectors.TryAgain, "not a confirmation"},
		{200, "<html><body>Welcome", connectors.TryAgain, "not a confirmation"},
		{200, "", connectors.TryAgain, "not a confirmation"},
		{204, "", connectors.TryAgain, ""},
		{302, ok, connectors.TryAgain, "redirects"},
		{400, "bad", connectors.Refused, "HTTP 400"},
		{401, "", connectors.Refused, "HTTP 401"},
		{403, `{"error":"no"}`, connectors.Refused, "HTTP 403"},
		{404, "", connectors.Refused, "HTTP 404"},
		{405, "", connectors.Refused, ""},
		{413, "", connectors.Refused, ""},
		{415, "", connectors.Refused, ""},
		{409, `{"error":"busy"}`, connectors.TryAgain, "HTTP 409"},
		{408, "", connectors.TryAgain, ""},
		{425, "", connectors.TryAgain, ""},
		{429, "", connectors.TryAgain, "HTTP 429"},
		{503, ok, connectors.TryAgain, "HTTP 503"},
	}
	var status int
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://localhost/elsewhere")
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer server.Close()
	client, message := newClient(t), suite.Request()
	message.RequestID = "r-1"
	peer := connectors.Peer{BaseURL: server.URL, OutboundSecret: make([]byte, 32), AllowPrivateAddress: true}
	for _, test := range tests {
		status, body = test.status, test.body
		got := client.Send(t.Context(), peer, message)
		if got.Outcome != test.outcome || got.Status != test.status || !strings.Contains(got.Detail, test.detail) {
			t.Errorf("%d %.80s: %s, %d, %q; want %s, %q", test.status, test.body, got.Outcome, got.Status, got.Detail, test.outcome, test.detail)
		}
		if wait := got.RetryAfter; (wait == 7*time.Second) != (test.status == 408 || test.status == 409 || test.status == 425 || test.status == 429 || test.status >= 500) {
			t.Errorf("%d: retry after %s", test.status, wait)
		}
	}
	status, body = 200, strings.ReplaceAll(exists, "requestConfirmation", "requestingAgencyMessageConfirmation")
	message.Kind = connectors.KindReceived
	if got := client.Send(t.Context(), peer, message); got.Outcome != connectors.Refused {
		t.Errorf("only a request can exist already: %+v", got)
	}
}

func TestNothingGoesToAPrivateAddressUnasked(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a call arrived") }))
	defer server.Close()
	for name, peer := range map[string]connectors.Peer{
		"private":         {BaseURL: server.URL, OutboundSecret: make([]byte, 32)},
		"no secret":       {BaseURL: server.URL, AllowPrivateAddress: true},
		"no URL":          {OutboundSecret: make([]byte, 32), AllowPrivateAddress: true},
		"password in URL": {BaseURL: strings.Replace(server.URL, "//", "//a:b@", 1), OutboundSecret: make([]byte, 32), AllowPrivateAddress: true},
	} {
		if got := newClient(t).Send(t.Context(), peer, suite.Request()); got.Outcome != connectors.Refused || got.Detail == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// The log keeps both directions without the secret, wherever it stands.
func TestTheLogKeepsNoSecret(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("you sent " + r.Header.Get("Authorization")))
	}))
	defer server.Close()
	secret := make([]byte, 32)
	got := newClient(t).Send(t.Context(), connectors.Peer{
		BaseURL: server.URL, OutboundSecret: secret, AllowPrivateAddress: true, Account: "afield",
	}, suite.Request())
	if text := strings.TrimPrefix(wire.SecretText(secret), wire.SecretPrefix); strings.Contains(got.Raw, text) {
		t.Error("the log gives the secret away")
	}
	for _, want := range []string{"POST /", "<accountId>afield<", "<securityCode>…<", "lighthouses", "you sent"} {
		if !strings.Contains(got.Raw, want) {
			t.Errorf("the log lacks %q: %s", want, got.Raw)
		}
	}
}
