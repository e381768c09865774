package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"afield/connectors"
	"afield/connectors/gateway"
)

const secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"

func notice() connectors.Notice {
	return connectors.Notice{ID: "n1", Channel: "sms", To: "555-0101", Library: "Westport Library", Text: "Something waits.", Language: "en"}
}

// serve runs a gateway and gives a sender to it.
func serve(t *testing.T, timeout time.Duration, answer http.HandlerFunc) *gateway.Sender {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	config, err := gateway.ParseConfig(server.URL+"/notices", secret, true)
	if err != nil {
		t.Fatal(err)
	}
	config.Timeout = timeout
	sender, err := gateway.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sender.Close)
	return sender
}

func TestANoticeIsSignedAndCarriesItsID(t *testing.T) {
	t.Parallel()
	var got map[string]string
	sender := serve(t, 0, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		checker, err := standardwebhooks.NewWebhook(secret)
		if err == nil {
			err = checker.Verify(body, r.Header)
		}
		if err != nil || json.Unmarshal(body, &got) != nil || r.Header.Get("webhook-id") != "n1" {
			t.Errorf("signed: %v, id %q", err, r.Header.Get("webhook-id"))
		}
		_, _ = io.WriteString(w, `{"id":"n1","status":"accepted"}`)
	})
	if delivery := sender.SendNotice(t.Context(), notice()); delivery.Outcome != connectors.Delivered {
		t.Errorf("%+v", delivery)
	}
	want := map[string]string{"id": "n1", "channel": "sms", "to": "555-0101", "from": "Westport Library", "text": "Something waits.", "language": "en"}
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s is %q, want %q", key, got[key], value)
		}
	}
}

func TestGatewaysThatMisbehave(t *testing.T) {
	t.Parallel()
	says := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   connectors.Delivery
	}{
		"had it already":     {says(200, `{"id":"n1","status":"duplicate"}`), connectors.Delivery{Outcome: connectors.Delivered, Status: 200}},
		"fails":              {says(500, `555-0101 exploded`), connectors.Delivery{Outcome: connectors.TryAgain, Status: 500, Detail: "The gateway fails (500).", RetryAfter: 2 * time.Minute}},
		"too many":           {says(429, ``), connectors.Delivery{Outcome: connectors.TryAgain, Status: 429, Detail: "The gateway fails (429).", RetryAfter: 2 * time.Minute}},
		"a page":             {says(200, `<html>Welcome`), connectors.Delivery{Outcome: connectors.TryAgain, Status: 200, Detail: "The gateway's answer does not say that it has the notice."}},
		"another's answer":   {says(202, `{"id":"n2","status":"accepted"}`), connectors.Delivery{Outcome: connectors.TryAgain, Status: 202, Detail: "The gateway's answer does not say that it has the notice."}},
		"endless":            {says(200, strings.Repeat(" ", 1<<20)+`{"id":"n1","status":"accepted"}`), connectors.Delivery{Outcome: connectors.TryAgain, Status: 200, Detail: "The gateway's answer does not say that it has the notice."}},
		"no such number":     {says(422, `{"to":"555-0101"}`), connectors.Delivery{Outcome: connectors.Refused, Status: 422, Detail: "The gateway cannot reach the number on file (422)."}},
		"another secret":     {says(401, ``), connectors.Delivery{Outcome: connectors.TryAgain, Status: 401, Detail: "The gateway does not accept our signature (401)."}},
		"elsewhere":          {says(302, ``), connectors.Delivery{Outcome: connectors.TryAgain, Status: 302, Detail: "The gateway redirects, which is not followed (302)."}},
		"breaks off":         {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, connectors.Delivery{Outcome: connectors.TryAgain, Detail: "The gateway broke off the connection."}},
		"our fault, it says": {says(400, ``), connectors.Delivery{Outcome: connectors.TryAgain, Status: 400, Detail: "The gateway fails (400).", RetryAfter: 2 * time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := serve(t, 0, c.answer).SendNotice(t.Context(), notice()); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestASlowGatewayIsLeft(t *testing.T) {
	t.Parallel()
	sender := serve(t, 50*time.Millisecond, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is it noticed that the caller left
		<-r.Context().Done()
	})
	if got := sender.SendNotice(t.Context(), notice()); got.Outcome != connectors.TryAgain || !strings.Contains(got.Detail, "in time") {
		t.Errorf("%+v", got)
	}
}

func TestAPrivateAddressNeedsPermission(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	sender, err := gateway.New(gateway.Config{URL: server.URL, Secret: []byte("0123456789012345")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sender.Close)
	if got := sender.SendNotice(t.Context(), notice()); got.Outcome != connectors.TryAgain || !strings.Contains(got.Detail, "private address") {
		t.Errorf("%+v", got)
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	if config, err := gateway.ParseConfig("https://sms.example.org/afield", secret, false); err != nil || len(config.Secret) != 24 {
		t.Errorf("%+v, %v", config, err)
	}
	for _, c := range [][2]string{
		{"sms.example.org", secret},
		{"http://sms.example.org", secret},
		{"https://user:pass@sms.example.org", secret},
		{"https://sms.example.org", "whsec_c2hvcnQ="},
		{"https://sms.example.org", "not base64"},
		{"https://sms.example.org", ""},
	} {
		if _, err := gateway.ParseConfig(c[0], c[1], false); err == nil || strings.Contains(err.Error(), "pass") || c[1] != "" && strings.Contains(err.Error(), c[1]) {
			t.Errorf("%q: %v", c, err)
		}
	}
}
