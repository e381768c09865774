package partner

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"afield/broker"
	"afield/connectors"

	"github.com/sony/gobreaker/v2"
)

// BreakerSettings say when a peer is left in peace. Both count in wall time.
type BreakerSettings struct {
	// Failures is how many failed tries in a row open the breaker; 0 means 5.
	Failures uint32
	// OpenFor is how long it stays open before one try is let through; 0 means
	// 30 seconds.
	OpenFor time.Duration
}

// Breakers stand between the workers and the peers: after some failures in a
// row a peer is not called for a while, so it costs no worker its time. There
// is one breaker per peer for messages and one for look-ups, because a peer
// that is too slow for a look-up may still take messages.
type Breakers struct {
	sender   connectors.Sender
	holdings connectors.Holdings
	settings BreakerSettings

	mu       sync.Mutex
	sending  map[broker.ID]*breaker
	lookedUp map[broker.ID]*breaker
}

// breaker is one circuit and, while it is open, when it will let a try through.
type breaker struct {
	circuit *gobreaker.CircuitBreaker[connectors.Delivery]
	mu      sync.Mutex
	until   time.Time
}

// NewBreakers wraps a sender and the look-ups of the same protocol; holdings may
// be nil where the protocol has none.
func NewBreakers(sender connectors.Sender, holdings connectors.Holdings, settings BreakerSettings) *Breakers {
	if settings.Failures == 0 {
		settings.Failures = 5
	}
	if settings.OpenFor <= 0 {
		settings.OpenFor = 30 * time.Second
	}
	return &Breakers{
		sender: sender, holdings: holdings, settings: settings,
		sending: map[broker.ID]*breaker{}, lookedUp: map[broker.ID]*breaker{},
	}
}

// The outcomes a circuit counts: errPassing as a failure, errStopped not at all
// because it was the caller who gave up.
var (
	errPassing = errors.New("passing fault")
	errStopped = errors.New("stopped by the caller")
)

// Send hands the message on unless the peer's breaker is open; then the
// Delivery is TryAgain with Detail "breaker open" and the time that remains.
func (b *Breakers) Send(ctx context.Context, peer connectors.Peer, message connectors.Message) connectors.Delivery {
	breaker := b.of(b.sending, peer.Library)
	delivery, err := breaker.circuit.Execute(func() (connectors.Delivery, error) {
		delivery := b.sender.Send(ctx, peer, message)
		switch {
		case delivery.Outcome != connectors.TryAgain:
			return delivery, nil
		case errors.Is(ctx.Err(), context.Canceled):
			return delivery, errStopped
		}
		return delivery, errPassing
	})
	if wait, open := breaker.open(err); open {
		return connectors.Delivery{Outcome: connectors.TryAgain, Detail: "breaker open", RetryAfter: wait}
	}
	return delivery
}

// Available asks unless the peer's breaker is open; then it is not known.
func (b *Breakers) Available(ctx context.Context, peer connectors.Peer, citation broker.Citation,
) (connectors.Availability, error) {
	if b.holdings == nil {
		return connectors.Availability{}, notKnown("this peer has no live look-up")
	}
	var found connectors.Availability
	breaker := b.of(b.lookedUp, peer.Library)
	_, err := breaker.circuit.Execute(func() (connectors.Delivery, error) {
		var err error
		found, err = b.holdings.Available(ctx, peer, citation)
		if err != nil && errors.Is(ctx.Err(), context.Canceled) {
			return connectors.Delivery{}, errors.Join(errStopped, err)
		}
		return connectors.Delivery{}, err
	})
	if _, open := breaker.open(err); open {
		return connectors.Availability{}, notKnown("breaker open")
	}
	return found, err
}

func (b *Breakers) of(kept map[broker.ID]*breaker, library broker.ID) *breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	if kept[library] == nil {
		kept[library] = b.newBreaker(library)
	}
	return kept[library]
}

func (b *Breakers) newBreaker(library broker.ID) *breaker {
	made := &breaker{}
	made.circuit = gobreaker.NewCircuitBreaker[connectors.Delivery](gobreaker.Settings{
		Name:        library.String(),
		MaxRequests: 1, // half open: one try finds out, the others wait
		Timeout:     b.settings.OpenFor,
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			return counts.ConsecutiveFailures >= b.settings.Failures
		},
		IsExcluded: func(err error) bool { return errors.Is(err, errStopped) },
		OnStateChange: func(_ string, _, now gobreaker.State) {
			made.mu.Lock()
			defer made.mu.Unlock()
			made.until = time.Time{}
			if now == gobreaker.StateOpen {
				made.until = time.Now().Add(b.settings.OpenFor)
			}
		},
	})
	return made
}

// open tells whether the circuit let nothing through, and how long to wait.
func (k *breaker) open(err error) (time.Duration, bool) {
	const leastWait = 10 * time.Millisecond // while the one try is under way
	if !errors.Is(err, gobreaker.ErrOpenState) && !errors.Is(err, gobreaker.ErrTooManyRequests) {
		return 0, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return max(time.Until(k.until), leastWait), true
}

// BreakerState is what one peer's breaker for messages is doing.
type BreakerState struct {
	Library broker.ID `json:"library_id"`
	// State is "closed" (calls go through), "open" or "half-open".
	State string `json:"state"`
	// Failures is the number of failures in a row since the state last changed.
	Failures uint32 `json:"failures"`
	// Until is when an open breaker lets one try through, in wall time.
	Until time.Time `json:"until,omitzero"`
}

// State gives one peer's state; a peer never called is closed.
func (b *Breakers) State(library broker.ID) BreakerState {
	b.mu.Lock()
	kept := b.sending[library]
	b.mu.Unlock()
	if kept == nil {
		return BreakerState{Library: library, State: gobreaker.StateClosed.String()}
	}
	// The circuit calls back under its own lock, so it is asked before ours is taken.
	state, failures := kept.circuit.State(), kept.circuit.Counts().ConsecutiveFailures
	kept.mu.Lock()
	defer kept.mu.Unlock()
	return BreakerState{Library: library, State: state.String(), Failures: failures, Until: kept.until}
}

// States gives the state of every peer that was called, for health pages and
// metrics, in order of library id.
func (b *Breakers) States() []BreakerState {
	b.mu.Lock()
	libraries := make([]broker.ID, 0, len(b.sending))
	for library := range b.sending {
		libraries = append(libraries, library)
	}
	b.mu.Unlock()
	slices.SortFunc(libraries, func(one, other broker.ID) int { return strings.Compare(one.String(), other.String()) })
	states := make([]BreakerState, 0, len(libraries))
	for _, library := range libraries {
		states = append(states, b.State(library))
	}
	return states
}

// Reset closes a peer's breakers at once: staff know that it is back, or its
// entry was corrected.
func (b *Breakers) Reset(library broker.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sending, library)
	delete(b.lookedUp, library)
}
