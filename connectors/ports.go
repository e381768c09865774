package connectors

import (
	"context"
	"time"

	"afield/broker"
)

// Peer is how to reach one library.
type Peer struct {
	Library broker.ID
	// From is the library here that speaks to it; NoID where holdings are looked up.
	From     broker.ID
	Symbol   broker.Symbol
	Protocol string
	BaseURL  string
	// OutboundSecret signs what we send; InboundSecret checks what they send.
	OutboundSecret []byte
	InboundSecret  []byte
	// AllowPrivateAddress lets the peer be on a loopback or private address, which
	// an operator must allow for each peer.
	AllowPrivateAddress bool
	// Timeout bounds one try.
	Timeout time.Duration
}

// Sender hands messages to peers of one protocol.
type Sender interface {
	// Send tries once. It reports what happened in the Delivery and never
	// panics on what a peer answers. The message's ID is what makes a second
	// try harmless.
	Send(ctx context.Context, peer Peer, message Message) Delivery
}

// Holdings asks a peer, live, which of its copies could be lent.
type Holdings interface {
	// Available looks a citation up within the context's time limit. An error
	// means "not known", which routing treats as a reason of its own.
	Available(ctx context.Context, peer Peer, citation broker.Citation) (Availability, error)
}

// Availability is what a live look-up said.
type Availability struct {
	Owned     bool
	Available int
	Cost      *broker.Money
	Note      string
}
