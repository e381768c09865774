package connectors_test

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"afield/connectors"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	const longest = 7 * 24 * time.Hour
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
		"99999999":                      longest,
		"99999999999999999999":          0,
	} {
		if got := connectors.RetryAfter(http.Header{"Retry-After": {text}}, now, longest); got != want {
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
		"fe80::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false, "64:ff9b::7f00:1": false,
		"168.63.129.16": false, "168.63.129.17": true, "::ffff:0:7f00:1": false, "::ffff:0:0808:0808": false, "2001:10::1": false,
		"2001:20::1": false, "2001:2f:ffff::1": false, "2001:0:1::1": false, "2001:200::1": true, "100:0:0:1::1": false,
		"2002:7f00:1::": false, "ff02::1": false,
	} {
		if got := connectors.PublicAddress(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: public %t, want %t", text, got, want)
		}
	}
}
