package partner

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"afield/connectors"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.August, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"120":                           2 * time.Minute,
		" 3 ":                           3 * time.Second,
		"Sat, 01 Aug 2026 12:05:00 GMT": 5 * time.Minute,
		"Sat, 01 Aug 2026 11:00:00 GMT": 0,
		"":                              0,
		"soon":                          0,
		"-5":                            0,
		"1.5":                           0,
		"99999999":                      longestRetryAfter,
		"99999999999999999999":          0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("Retry-After %q: %s, want %s", text, got, want)
		}
	}
}

func TestPublicAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2600::1": true, "172.32.0.1": true, "100.128.0.1": true,
		"127.0.0.1": false, "127.9.9.9": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false,
		"::1": false, "::": false, "::ffff:127.0.0.1": false, "::ffff:8.8.8.8": true, "::7f00:1": false,
		"fe80::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "ff02::1": false,
	} {
		if got := connectors.PublicAddress(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: public %t, want %t", text, got, want)
		}
	}
}

// Whatever a peer answers, the outcome is one of three and nothing panics.
func FuzzJudge(f *testing.F) {
	for _, body := range []string{
		`{"message_id":"m1","status":"accepted"}`, `{"message_id":"m2","status":"accepted"}`, `{"code":"already_exists"}`,
		`<html>`, `{"code":{},"detail":"\u0000"}`, `null`, `{"message_id":"m1","message_id":"m1","status":"accepted"}`,
	} {
		f.Add(200, []byte(body), "3")
		f.Add(409, []byte(body), "")
		f.Add(429, []byte(body), "Sat, 01 Aug 2026 12:05:00 GMT")
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, wait string) {
		got := answer{status: status, body: body, header: http.Header{"Retry-After": {wait}}}
		delivery := judge(got, "m1", time.Unix(1_800_000_000, 0))
		switch delivery.Outcome {
		case connectors.Delivered:
			if (status < 200 || status > 299) && status != http.StatusConflict {
				t.Errorf("delivered with status %d", status)
			}
		case connectors.Refused, connectors.TryAgain:
			if delivery.Detail == "" || len(delivery.Detail) > maxDetail+len("…") {
				t.Errorf("a detail of %d bytes", len(delivery.Detail))
			}
		default:
			t.Errorf("outcome %q", delivery.Outcome)
		}
		if delivery.RetryAfter < 0 || delivery.RetryAfter > longestRetryAfter {
			t.Errorf("retry after %s", delivery.RetryAfter)
		}
	})
}
