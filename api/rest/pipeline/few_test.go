package pipeline

import (
	"context"
	"testing"
	"time"

	"afield/broker"
)

// Two are inside and some wait; whoever comes beside them, or has waited long enough,
// is asked to come again, and a place that is left is taken.
func TestFewAtATime(t *testing.T) {
	t.Parallel()
	g, leave := newGate(), [fewAtOnce]func(){}
	for i := range leave {
		var err error
		if leave[i], err = g.enter(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := g.enter(t.Context(), 0); !isBusy(err) {
		t.Errorf("one too many: %v", err)
	}
	entered := make(chan error, fewWaiting)
	for range fewWaiting {
		go func() {
			out, err := g.enter(t.Context(), time.Hour)
			if err == nil {
				out()
			}
			entered <- err
		}()
	}
	for len(g.waiting) < fewWaiting { // all of them wait
		if t.Context().Err() != nil {
			t.Fatal("they do not come to wait")
		}
	}
	if _, err := g.enter(t.Context(), time.Hour); !isBusy(err) {
		t.Errorf("with all places to wait taken: %v", err)
	}
	leave[0]()
	for range fewWaiting {
		if err := <-entered; err != nil {
			t.Error(err)
		}
	}
	left, cancel := context.WithCancel(t.Context())
	cancel()
	again, err := g.enter(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.enter(left, time.Hour); !isBusy(err) {
		t.Errorf("a caller who has gone: %v", err)
	}
	again()
	leave[1]()
}

func isBusy(err error) bool {
	ours, is := broker.AsError(err)
	return is && ours.Kind == broker.KindUnavailable && ours.Code == "busy" && ours.RetryAfterSeconds > 0
}
