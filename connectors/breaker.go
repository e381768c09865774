package connectors

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

// BreakerSettings say when something that fails is left alone for a while. Both
// times count in wall time.
type BreakerSettings struct {
	// Failures is how many failed tries in a row open a breaker; 0 means 5.
	Failures uint32
	// OpenFor is how long it stays open before one try is let through; 0 means
	// 30 seconds.
	OpenFor time.Duration
	// Says is the Detail of a Delivery that an open breaker held back; "" means
	// "breaker open".
	Says string
}

// Breakers stand between the workers and whatever they call: after some failures
// in a row it is not called for a while, so that it does not cost the workers
// their time. Each name (a peer, a channel of notices) has a breaker of its own.
type Breakers struct {
	settings BreakerSettings

	mu    sync.Mutex
	named map[string]*breaker
}

// breaker is one circuit and, while it is open, when it will let a try through.
type breaker struct {
	circuit *gobreaker.CircuitBreaker[Delivery]
	mu      sync.Mutex
	until   time.Time
}

// NewBreakers makes breakers, all closed.
func NewBreakers(settings BreakerSettings) *Breakers {
	if settings.Failures == 0 {
		settings.Failures = 5
	}
	if settings.OpenFor <= 0 {
		settings.OpenFor = 30 * time.Second
	}
	if settings.Says == "" {
		settings.Says = "breaker open"
	}
	return &Breakers{settings: settings, named: map[string]*breaker{}}
}

// What a circuit is told about a try: errPassing counts as a failure, errStopped
// does not count, because the caller gave up.
var (
	errPassing = errors.New("passing fault")
	errStopped = errors.New("stopped by the caller")
)

// Try makes a try unless the breaker of this name is open; then the Delivery is
// TryAgain, with the time that remains. Only TryAgain counts as a failure: a
// refusal is an answer too.
func (b *Breakers) Try(ctx context.Context, name string, try func() Delivery) Delivery {
	breaker := b.of(name)
	delivery, err := breaker.circuit.Execute(func() (Delivery, error) {
		delivery := try()
		switch {
		case delivery.Outcome != TryAgain:
			return delivery, nil
		case errors.Is(ctx.Err(), context.Canceled):
			return delivery, errStopped
		}
		return delivery, errPassing
	})
	if wait, open := breaker.open(err); open {
		return Delivery{Outcome: TryAgain, Detail: b.settings.Says, RetryAfter: wait}
	}
	return delivery
}

// Open tells whether the breaker of this name lets nothing through at present.
func (b *Breakers) Open(name string) bool {
	return b.of(name).circuit.State() == gobreaker.StateOpen
}

// Reset closes a breaker at once: somebody knows that what failed works again.
func (b *Breakers) Reset(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.named, name)
}

func (b *Breakers) of(name string) *breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.named[name] == nil {
		b.named[name] = b.newBreaker(name)
	}
	return b.named[name]
}

func (b *Breakers) newBreaker(name string) *breaker {
	made := &breaker{}
	made.circuit = gobreaker.NewCircuitBreaker[Delivery](gobreaker.Settings{
		Name:        name,
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

// open tells whether the circuit held the try back, and how long to wait.
func (k *breaker) open(err error) (time.Duration, bool) {
	const leastWait = 10 * time.Millisecond // while the one try is under way
	if !errors.Is(err, gobreaker.ErrOpenState) && !errors.Is(err, gobreaker.ErrTooManyRequests) {
		return 0, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return max(time.Until(k.until), leastWait), true
}
