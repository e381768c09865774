package pipeline

import (
	"context"
	"time"

	"afield/broker"
)

// What takes long to read is read by few at a time; some may wait for their turn, and
// so long. Then the caller is asked to come again.
const (
	fewAtOnce  = 2
	fewWaiting = 8
	fewWait    = 3 * time.Second
	fewAgain   = 2 // seconds
)

// gate lets few through at a time.
type gate struct{ inside, waiting chan struct{} }

func newGate() gate {
	return gate{inside: make(chan struct{}, fewAtOnce), waiting: make(chan struct{}, fewWaiting)}
}

// enter waits for a place, and gives what leaves it again.
func (g gate) enter(ctx context.Context, most time.Duration) (leave func(), err error) {
	leave = func() { <-g.inside }
	select {
	case g.inside <- struct{}{}:
		return leave, nil
	default:
	}
	select {
	case g.waiting <- struct{}{}:
		defer func() { <-g.waiting }()
	default:
		return nil, busy()
	}
	patience, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	select {
	case g.inside <- struct{}{}:
		return leave, nil
	case <-patience.Done():
		return nil, busy()
	}
}

func busy() error {
	return &broker.Error{
		Kind: broker.KindUnavailable, Code: "busy", RetryAfterSeconds: fewAgain,
		Detail: "Others are having long documents read just now; nothing was changed. Try again.",
	}
}

// FewAtATime does what takes much memory and time: reading what somebody wrote, however
// long it is. It stands outside of any transaction, which would be kept waiting.
func FewAtATime[R any](ctx context.Context, b *Base, work func() (R, error)) (R, error) {
	leave, err := b.dear.enter(ctx, fewWait)
	if err != nil {
		var none R
		return none, err
	}
	defer leave()
	return work()
}
