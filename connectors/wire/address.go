package wire

import (
	"errors"
	"net/url"

	"afield/connectors"
)

// Endpoint joins a peer's base URL and a path of the wire.
func Endpoint(peer connectors.Peer, path string) (*url.URL, error) {
	base, err := url.Parse(peer.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") ||
		base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("the peer's base URL must be http(s)://host/path and nothing more")
	}
	if path == "" {
		return base, nil
	}
	return base.JoinPath(path), nil
}
