package rest

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"afield/api/problem"
)

// Front is what stands between callers and this server.
type Front struct {
	// Proxies are the networks of proxies in front of it. What others say of where a
	// call comes from is not believed: they could be counted under another network.
	Proxies []netip.Prefix
	// Hosts are the names it may be called by; none stands for any.
	Hosts []string
	// HTTPS tells that callers reach it by HTTPS.
	HTTPS bool
}

// caller gives the address that a call comes from: of whoever is connected, or where
// that is a proxy of ours, the last address on the way that is none.
func (f Front) caller(request *http.Request) string {
	connected, known := addressOf(request.RemoteAddr)
	if !known {
		return ""
	}
	if !f.isProxy(connected) {
		return connected.String()
	}
	listed, said := hops(request.Header.Values("X-Forwarded-For"), listedHop), hops(request.Header.Values("Forwarded"), forwardedHop)
	if len(listed) > 0 && len(said) > 0 && !slices.Equal(listed, said) {
		return connected.String() // one of them was not written by the proxy
	}
	at := connected
	for _, hop := range slices.Backward(append(listed, said...)) {
		before, known := addressOf(hop)
		if !known {
			break // a name instead of an address: nothing before it can be believed
		}
		if at = before; !f.isProxy(at) {
			break
		}
	}
	return at.String()
}

func (f Front) isProxy(address netip.Addr) bool {
	return slices.ContainsFunc(f.Proxies, func(network netip.Prefix) bool { return network.Contains(address) })
}

// addressOf reads 192.0.2.1, 192.0.2.1:80, 2001:db8::1 and [2001:db8::1]:80.
func addressOf(text string) (netip.Addr, bool) {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	address, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return address.Unmap().WithZone(""), err == nil
}

// hops reads the way of a call from a header that each proxy adds to, whose elements
// stand between commas.
func hops(lines []string, read func(element string) string) (all []string) {
	for element := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if element = strings.TrimSpace(element); element != "" {
			all = append(all, read(element))
		}
	}
	return all
}

func listedHop(element string) string { return element }

// forwardedHop is the for of an element of Forwarded (RFC 7239), without quotes; ""
// where there is none. A quoted text that has come apart at a comma or semicolon may
// be a caller's own words, such as its Host: nothing in such an element is believed.
func forwardedHop(element string) string {
	if strings.Count(element, `"`)%2 != 0 || strings.Contains(element, `\`) {
		return ""
	}
	for pair := range strings.SplitSeq(element, ";") {
		if strings.Count(pair, `"`)%2 != 0 {
			return ""
		}
		if name, value, _ := strings.Cut(pair, "="); strings.EqualFold(strings.TrimSpace(name), "for") {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// probes are asked by address, by who looks whether the server is well.
var probes = []string{"/healthz", "/readyz"}

// strictTransport has browsers come by HTTPS for a year.
const strictTransport = "max-age=31536000"

// guard refuses names that are not the server's own, so that no other site's pages
// speak for it, and says how to come back.
func (f Front) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if f.HTTPS {
			c.Response().Header().Set("Strict-Transport-Security", strictTransport)
		}
		if len(f.Hosts) > 0 && !slices.Contains(probes, c.Request().URL.Path) {
			host := c.Request().Host
			if name, _, err := net.SplitHostPort(host); err == nil {
				host = name
			}
			if !slices.ContainsFunc(f.Hosts, func(own string) bool { return strings.EqualFold(own, strings.Trim(host, "[]")) }) {
				return &problem.Error{Problem: problem.New(http.StatusMisdirectedRequest, "not_this_host", "This server does not answer to that name.")}
			}
		}
		return next(c)
	}
}

// Watch serves figures for Prometheus at /metrics and profiles at /debug/pprof/. It is
// for those who run the server, on a listener of its own.
func Watch(metrics *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	return mux
}

// ReadNetwork reads 10.0.0.0/8, or one address.
func ReadNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no network; one is written 10.0.0.0/8, or 10.0.0.7 for one address", text)
	}
	return network.Masked(), nil
}
