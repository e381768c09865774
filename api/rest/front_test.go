package rest

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/labstack/echo/v4"
)

// Who is calling is said by the connection, and by the proxies that are ours.
func TestWhoIsCalling(t *testing.T) {
	t.Parallel()
	front := Front{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}}
	for name, c := range map[string]struct {
		from            string
		listed, forward []string
		want            string
	}{
		"nobody between":                 {"203.0.113.9:4711", nil, nil, "203.0.113.9"},
		"a stranger's header":            {"203.0.113.9:4711", []string{"192.0.2.1"}, []string{"for=192.0.2.1"}, "203.0.113.9"},
		"a proxy":                        {"10.1.1.1:80", []string{"203.0.113.9"}, nil, "203.0.113.9"},
		"a proxy with nothing to say":    {"10.1.1.1:80", nil, nil, "10.1.1.1"},
		"what the caller wrote before":   {"10.1.1.1:80", []string{"192.0.2.1, 198.51.100.7, 203.0.113.9"}, nil, "203.0.113.9"},
		"two proxies":                    {"10.1.1.1:80", []string{"192.0.2.1, 203.0.113.9", "10.2.2.2"}, nil, "203.0.113.9"},
		"proxies only":                   {"10.1.1.1:80", []string{"10.3.3.3, 10.2.2.2"}, nil, "10.3.3.3"},
		"with a port":                    {"10.1.1.1:80", []string{"203.0.113.9:1234"}, nil, "203.0.113.9"},
		"IPv6":                           {"[2001:db8:1::1]:80", []string{"[2001:db8:2::1]:1234"}, nil, "2001:db8:2::1"},
		"IPv4 in IPv6":                   {"[::ffff:10.1.1.1]:80", []string{"::ffff:203.0.113.9"}, nil, "203.0.113.9"},
		"Forwarded":                      {"10.1.1.1:80", nil, []string{`for=192.0.2.1;proto=http, For="[2001:db8:2::1]:47", by=x;for=10.2.2.2`}, "2001:db8:2::1"},
		"a hidden hop":                   {"10.1.1.1:80", nil, []string{"for=192.0.2.1, for=_hidden"}, "10.1.1.1"},
		"a word":                         {"10.1.1.1:80", []string{"192.0.2.1, unknown"}, nil, "10.1.1.1"},
		"both, alike":                    {"10.1.1.1:80", []string{"203.0.113.9"}, []string{"for=203.0.113.9"}, "203.0.113.9"},
		"both, one made up":              {"10.1.1.1:80", []string{"203.0.113.9"}, []string{"for=192.0.2.1"}, "10.1.1.1"},
		"a comma in quotes":              {"10.1.1.1:80", nil, []string{`for=203.0.113.9;by="a,for=192.0.2.1"`}, "10.1.1.1"},
		"a host with commas":             {"10.1.1.1:80", nil, []string{`for=203.0.113.9;host="x,for=192.0.2.1,y"`}, "10.1.1.1"},
		"a host with both":               {"10.1.1.1:80", nil, []string{`for=203.0.113.9;host="x,for=192.0.2.1;y"`}, "10.1.1.1"},
		"a host with strokes":            {"10.1.1.1:80", nil, []string{`for=203.0.113.9;host="a\",for=192.0.2.1;b\""`}, "10.1.1.1"},
		"a host with semicolons":         {"10.1.1.1:80", nil, []string{`host="x;for=192.0.2.1";for=203.0.113.9`}, "10.1.1.1"},
		"an address that cannot be read": {"@", []string{"203.0.113.9"}, nil, ""},
	} {
		request := &http.Request{RemoteAddr: c.from, Header: http.Header{"X-Forwarded-For": c.listed, "Forwarded": c.forward}}
		if got := front.caller(request); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Only the server's own names are answered; browsers are told to come by HTTPS.
func TestHostsAndHTTPS(t *testing.T) {
	t.Parallel()
	call := func(front Front, host, path string) (*httptest.ResponseRecorder, error) {
		request, recorder := httptest.NewRequest(http.MethodGet, path, nil), httptest.NewRecorder()
		request.Host = host
		return recorder, front.guard(func(echo.Context) error { return nil })(echo.New().NewContext(request, recorder))
	}
	own := Front{Hosts: []string{"ill.example.org", "::1"}, HTTPS: true}
	for host, good := range map[string]bool{
		"ill.example.org": true, "ILL.example.org:8443": true, "[::1]:8080": true, "example.org": false, "ill.example.org.evil.example": false, "127.0.0.1:8080": false, "": false,
	} {
		recorder, err := call(own, host, "/v1/me")
		if (err == nil) != good || recorder.Header().Get("Strict-Transport-Security") == "" {
			t.Errorf("%q: %v, %v", host, err, recorder.Header())
		}
	}
	if _, err := call(own, "10.0.0.7:8080", "/readyz"); err != nil {
		t.Errorf("a probe: %v", err)
	}
	if recorder, err := call(Front{}, "anything", "/v1/me"); err != nil || recorder.Header().Get("Strict-Transport-Security") != "" {
		t.Errorf("without names or HTTPS: %v, %v", err, recorder.Header())
	}
}

func TestReadNetwork(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"10.0.0.7": "10.0.0.7/32", "10.1.2.3/8": "10.0.0.0/8", "::ffff:10.0.0.7": "10.0.0.7/32", "2001:db8::1/32": "2001:db8::/32", "proxy": "", "10.0.0.0/40": "", "": ""} {
		if got, err := ReadNetwork(text); (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}
