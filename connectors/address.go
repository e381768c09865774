package connectors

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// ErrPrivateAddress is the cause when a name resolves to a private address that
// the operator has not allowed.
var ErrPrivateAddress = errors.New("the address is private and not allowed for this peer")

// closedPrefixes are the addresses that are not the public Internet: our own
// machine and network, cloud metadata (169.254.169.254, fd00:ec2::254, and that of
// Azure's hosts, 168.63.129.16, which is a public one), carrier NAT, documentation,
// overlays (ORCHID, 2001:10::/28 and 2001:20::/28, and the others of 2001::/23), and
// the IPv6 forms that embed an IPv4 address and would lead around this list (IANA
// special-purpose registries; ::ffff:0:0:0/96 is RFC 2765, an old SIIT prefix).
var closedPrefixes = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001:db8::/32", "2002::/16",
	"3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// PublicAddress tells whether an address is on the public Internet.
func PublicAddress(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	for _, closed := range closedPrefixes {
		if closed.Contains(address) {
			return false
		}
	}
	return address.IsValid()
}

// RefusePrivate is a net.Dialer's Control that refuses addresses off the public
// Internet. It runs after the name is resolved and before the connection is
// made, so a name that resolves differently the second time gains nothing. The
// error's cause is ErrPrivateAddress.
func RefusePrivate(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	parsed, err := netip.ParseAddr(host)
	if err != nil || !PublicAddress(parsed) {
		return ErrPrivateAddress
	}
	return nil
}
