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
	// Edition, Dialect and Account are for protocols that have them: the edition of
	// the standard that it speaks, how its system differs from others, and the name
	// under which we are known there.
	Edition, Dialect, Account string
	// Timeout bounds one try.
	Timeout time.Duration
	// Target is where its catalogue can be searched; nil where it cannot. It has
	// nothing to do with the way its messages go.
	Target *Target
}

// Target is where and how a library's catalogue can be searched, by SRU.
type Target struct {
	URL string
	// System names the make of system, from which the rest follows where it is left
	// out: Version of SRU, Schema of the records, Holdings the form of the copies in
	// them, Indexes what it calls "isbn", "issn", "oclc", "title" and "author".
	System, Version, Schema, Holdings string
	Indexes                           map[string]string
	// Owner is the library's own sign in the records of a catalogue that several
	// share; "" counts all copies.
	Owner string
	// Account and Password are sent where the target asks for them.
	Account, Password string
	// AllowPrivateAddress lets it be on a loopback or private address.
	AllowPrivateAddress bool
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
	Owned bool
	// Available are the copies that can be lent now, Perhaps those of which the
	// answer does not say whether they are in.
	Available, Perhaps int
	// Due is when the first copy on loan is expected back, where none can be lent
	// now; the zero Date where nobody knows.
	Due  broker.Date
	Cost *broker.Money
	Note string
}
