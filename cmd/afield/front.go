package main

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"afield/api/rest"
	server "afield/cmd/afield/app"
	"afield/cmd/afield/shell"
)

// frontFlags say how callers reach the server; each can also come from the
// environment.
type frontFlags struct {
	TrustedProxy []string `name:"trusted-proxy" help:"Networks of the proxies in front of this server, such as 10.0.0.0/8: X-Forwarded-For and Forwarded are believed of them and of nobody else." env:"AFIELD_TRUSTED_PROXY" placeholder:"NETWORK"`
	TLSCert      string   `name:"tls-cert" help:"Certificate chain for HTTPS, a PEM file; read again when it changes." env:"AFIELD_TLS_CERT" type:"path" placeholder:"FILE"`
	TLSKey       string   `name:"tls-key" help:"Key of the certificate, a PEM file." env:"AFIELD_TLS_KEY" type:"path" placeholder:"FILE"`
	Host         []string `help:"Names this server may be called by, beside that of --address; without any, every name." env:"AFIELD_HOST" placeholder:"NAME"`
	Watch        string   `help:"Address for GET /metrics and /debug/pprof/, which are served nowhere else." env:"AFIELD_WATCH" placeholder:"HOST:PORT"`
}

// read checks the flags. address is that of the server as others reach it, or "".
func (f frontFlags) read(address string) (server.Front, error) {
	front := server.Front{Certificate: f.TLSCert, Key: f.TLSKey, Watch: f.Watch}
	for _, text := range f.TrustedProxy {
		network, err := rest.ReadNetwork(strings.TrimSpace(text))
		if err != nil {
			return front, fmt.Errorf("AFIELD_TRUSTED_PROXY: %w (%w)", err, shell.ErrUsage)
		}
		front.Proxies = append(front.Proxies, network)
	}
	if (f.TLSCert == "") != (f.TLSKey == "") {
		return front, fmt.Errorf("AFIELD_TLS_CERT and AFIELD_TLS_KEY go together (%w)", shell.ErrUsage)
	}
	own, err := url.Parse(address)
	front.HTTPS = f.TLSCert != "" || err == nil && own.Scheme == "https"
	for _, name := range f.Host {
		if name = strings.Trim(strings.TrimSpace(name), "[]"); name == "" || strings.ContainsAny(name, "/ ") {
			return front, fmt.Errorf("AFIELD_HOST: %q is no name such as ill.example.org (%w)", name, shell.ErrUsage)
		}
		front.Hosts = append(front.Hosts, name)
	}
	if err == nil && own.Hostname() != "" && len(front.Hosts) > 0 {
		front.Hosts = append(front.Hosts, own.Hostname())
	}
	return front, nil
}

// door says how callers reach the server.
func (f frontFlags) door() string {
	if f.TLSCert != "" {
		return "HTTPS, with a certificate that fits its key"
	}
	return "HTTP; a proxy in front speaks HTTPS, where one is wanted"
}

// shown lists the settings in force.
func (f frontFlags) shown() []settingShown {
	list := func(texts []string, none string) string { return cmp.Or(strings.Join(texts, ", "), none) }
	return []settingShown{
		{"AFIELD_TRUSTED_PROXY", list(f.TrustedProxy, "none")},
		{"AFIELD_TLS_CERT", cmp.Or(f.TLSCert, "none")},
		{"AFIELD_HOST", list(f.Host, "any")},
		{"AFIELD_WATCH", cmp.Or(f.Watch, "none")},
	}
}
