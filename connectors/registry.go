package connectors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"afield/broker"
)

// Registry holds the protocols that this program speaks. It is the Sender and the
// Holdings of all of them: a peer is reached by the protocol its directory entry
// names, an outside one through its own breaker. It is safe for concurrent use.
type Registry struct {
	protocols []Protocol
	search    Search
	// Messages and look-ups have separate breakers, because a peer that is too
	// slow for a look-up may still take messages.
	sending, lookingUp *Breakers
}

// NewRegistry lists protocols. One that is not complete, or that is there twice,
// is an error.
func NewRegistry(settings BreakerSettings, protocols ...Protocol) (*Registry, error) {
	r := &Registry{sending: NewBreakers(settings), lookingUp: NewBreakers(settings)}
	paths := map[string]string{}
	for _, protocol := range protocols {
		if err := protocol.wrong(); err != nil {
			return nil, err
		}
		if _, err := r.Of(protocol.Name); err == nil {
			return nil, fmt.Errorf("protocol %s is registered twice", protocol.Name)
		}
		if protocol.Door != nil {
			for _, path := range protocol.Door.Paths {
				if other, taken := paths[path]; taken {
					return nil, fmt.Errorf("protocols %s and %s both answer at %s", other, protocol.Name, path)
				}
				paths[path] = protocol.Name
			}
		}
		r.protocols = append(r.protocols, protocol)
	}
	return r, nil
}

// Search is the way to look holdings up in catalogues that can be searched,
// whichever protocol their libraries are reached by.
type Search struct {
	Holdings Holdings
	// Close releases what it holds; nil means that it holds nothing.
	Close func()
}

// SearchBy has libraries with a Target looked up by searching it. It is called
// before the registry is used.
func (r *Registry) SearchBy(search Search) { r.search = search }

// Of gives a protocol by its name. For one that is not registered the error is
// broker.KindUnavailable.
func (r *Registry) Of(name string) (Protocol, error) {
	for _, protocol := range r.protocols {
		if protocol.Name == name {
			return protocol, nil
		}
	}
	return Protocol{}, &broker.Error{
		Kind: broker.KindUnavailable, Code: "protocol_unknown",
		Detail: fmt.Sprintf("The directory says that a library is reached by %q, which this program does not speak (it speaks %s).",
			name, strings.Join(r.Names(), ", ")),
	}
}

// All gives the protocols in the order they were listed.
func (r *Registry) All() []Protocol { return slices.Clone(r.protocols) }

// Names gives the names of all protocols.
func (r *Registry) Names() []string { return r.names(func(Protocol) bool { return true }) }

// Outside gives the names of those whose libraries run systems of their own.
func (r *Registry) Outside() []string { return r.names(func(p Protocol) bool { return p.Outside }) }

// Live gives the names of those that can look holdings up.
func (r *Registry) Live() []string {
	return r.names(func(p Protocol) bool { return p.Holdings != nil })
}

func (r *Registry) names(are func(Protocol) bool) []string {
	names := make([]string, 0, len(r.protocols))
	for _, protocol := range r.protocols {
		if are(protocol) {
			names = append(names, protocol.Name)
		}
	}
	return names
}

// Send hands a message over by the peer's protocol, once. See Sender.
func (r *Registry) Send(ctx context.Context, peer Peer, message Message) Delivery {
	protocol, err := r.Of(peer.Protocol)
	switch {
	case err != nil: // a newer program may speak it; the message waits for that
		return Delivery{Outcome: TryAgain, Detail: err.Error()}
	case protocol.Sender == nil:
		return Delivery{Outcome: Refused, Detail: "this library is reached by hand"}
	case !protocol.Outside:
		return protocol.Sender.Send(ctx, peer, message)
	}
	return r.sending.Try(ctx, peer.Library.String(), func() Delivery { return protocol.Sender.Send(ctx, peer, message) })
}

// NotAsked is the code of the error where a peer was not asked at all, because it
// failed just now.
const NotAsked = "not_asked"

// Available asks a peer live what it could lend: by searching its catalogue where
// it has a Target, else by its protocol. See Holdings. Where that cannot be found out
// the error is broker.KindUnavailable.
func (r *Registry) Available(ctx context.Context, peer Peer, citation broker.Citation) (Availability, error) {
	notKnown := func(detail string) error {
		return &broker.Error{Kind: broker.KindUnavailable, Code: "availability_unknown", Detail: detail}
	}
	holdings, err := r.lookUp(peer)
	switch {
	case err != nil:
		return Availability{}, err
	case holdings == nil:
		return Availability{}, notKnown("this peer has no live look-up")
	}
	var found Availability
	asked := false
	tried := r.lookingUp.Try(ctx, peer.Library.String(), func() Delivery {
		asked = true
		if found, err = holdings.Available(ctx, peer, citation); err != nil {
			return Delivery{Outcome: TryAgain}
		}
		return Delivery{Outcome: Delivered}
	})
	if !asked {
		return Availability{}, &broker.Error{Kind: broker.KindUnavailable, Code: NotAsked, Detail: tried.Detail}
	}
	return found, err
}

// lookUp gives how a peer's holdings are looked up; nil where they cannot be.
func (r *Registry) lookUp(peer Peer) (Holdings, error) {
	if peer.Target != nil && r.search.Holdings != nil {
		return r.search.Holdings, nil
	}
	protocol, err := r.Of(peer.Protocol)
	return protocol.Holdings, err
}

// Reset closes a library's breakers at once: staff know that it is back, or its
// entry was corrected.
func (r *Registry) Reset(library broker.ID) {
	r.sending.Reset(library.String())
	r.lookingUp.Reset(library.String())
}

// Speaks makes sure that all of these protocols are registered; the error names
// those that are not.
func (r *Registry) Speaks(names []string) error {
	var errs []error
	for _, name := range names {
		_, err := r.Of(name)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Close releases what the protocols hold.
func (r *Registry) Close() {
	for _, protocol := range r.protocols {
		if protocol.Close != nil {
			protocol.Close()
		}
	}
	if r.search.Close != nil {
		r.search.Close()
	}
}
