package connectors_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/conntest/suite"
)

// scripted answers every call with the delivery it is set to.
type scripted struct {
	calls   atomic.Int32
	outcome atomic.Value
}

func (s *scripted) Send(context.Context, connectors.Peer, connectors.Message) connectors.Delivery {
	s.calls.Add(1)
	return connectors.Delivery{Outcome: s.outcome.Load().(connectors.Outcome)}
}

func (s *scripted) Available(context.Context, connectors.Peer, broker.Citation) (connectors.Availability, error) {
	s.calls.Add(1)
	return connectors.Availability{}, errors.New("too slow")
}

// registryOf lists one protocol whose libraries run systems of their own.
func registryOf(t *testing.T, settings connectors.BreakerSettings, peers *scripted) *connectors.Registry {
	t.Helper()
	made, err := connectors.NewRegistry(settings, connectors.Protocol{
		Name: "scripted", Outside: true, Sender: peers, Holdings: peers, Says: connectors.EveryKind(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestBreakerOpensForOnePeerOnly(t *testing.T) {
	t.Parallel()
	peers := &scripted{}
	peers.outcome.Store(connectors.TryAgain)
	breakers := registryOf(t, connectors.BreakerSettings{Failures: 3, OpenFor: time.Hour}, peers)
	bad, good := connectors.Peer{Library: broker.NewID(), Protocol: "scripted"}, connectors.Peer{Library: broker.NewID(), Protocol: "scripted"}
	for range 3 {
		breakers.Send(t.Context(), bad, suite.Request())
	}
	got := breakers.Send(t.Context(), bad, suite.Request())
	if got.Outcome != connectors.TryAgain || got.Detail != "breaker open" ||
		got.RetryAfter < 50*time.Minute || got.RetryAfter > time.Hour {
		t.Errorf("after three failures: %+v, want breaker open for about an hour", got)
	}
	if calls := peers.calls.Load(); calls != 3 {
		t.Errorf("%d calls went out, want 3", calls)
	}

	peers.outcome.Store(connectors.Delivered)
	if got := breakers.Send(t.Context(), good, suite.Request()); got.Outcome != connectors.Delivered {
		t.Errorf("another peer: %+v, want delivered", got)
	}
	breakers.Reset(bad.Library)
	if got := breakers.Send(t.Context(), bad, suite.Request()); got.Outcome != connectors.Delivered {
		t.Errorf("after a reset: %+v, want delivered", got)
	}
}

func TestBreakerClosesAgainAfterOneGoodTry(t *testing.T) {
	t.Parallel()
	peers := &scripted{}
	peers.outcome.Store(connectors.TryAgain)
	breakers := registryOf(t, connectors.BreakerSettings{Failures: 1, OpenFor: time.Millisecond}, peers)
	peer := connectors.Peer{Library: broker.NewID(), Protocol: "scripted"}
	breakers.Send(t.Context(), peer, suite.Request())
	peers.outcome.Store(connectors.Delivered)
	got := breakers.Send(t.Context(), peer, suite.Request())
	for got.Detail == "breaker open" {
		time.Sleep(got.RetryAfter) // what the outbox does
		got = breakers.Send(t.Context(), peer, suite.Request())
	}
	if got.Outcome != connectors.Delivered {
		t.Errorf("%+v, want delivered", got)
	}
	if again := breakers.Send(t.Context(), peer, suite.Request()); again.Outcome != connectors.Delivered {
		t.Errorf("the next try: %+v, want delivered, for the breaker is closed", again)
	}
}

// A refusal is an answer: the peer works. When a caller gives up, that says
// nothing about the peer.
func TestBreakerCountsOnlyThePeersFaults(t *testing.T) {
	t.Parallel()
	peers := &scripted{}
	breakers := registryOf(t, connectors.BreakerSettings{Failures: 1, OpenFor: time.Hour}, peers)
	peer := connectors.Peer{Library: broker.NewID(), Protocol: "scripted"}
	peers.outcome.Store(connectors.Refused)
	if got := breakers.Send(t.Context(), peer, suite.Request()); got.Outcome != connectors.Refused {
		t.Errorf("outcome = %s, want refused", got.Outcome)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	peers.outcome.Store(connectors.TryAgain)
	breakers.Send(stopped, peer, suite.Request())
	peers.outcome.Store(connectors.Delivered)
	if got := breakers.Send(t.Context(), peer, suite.Request()); got.Outcome != connectors.Delivered {
		t.Errorf("afterwards: %+v, want delivered, for the breaker is closed", got)
	}
}

// A library with a target is looked up there, whatever its protocol can, behind a
// breaker like any other.
func TestTargetsAreSearched(t *testing.T) {
	t.Parallel()
	protocol, catalogue := &scripted{}, &scripted{}
	registry := registryOf(t, connectors.BreakerSettings{Failures: 1, OpenFor: time.Hour}, protocol)
	peer := connectors.Peer{Library: broker.NewID(), Protocol: "manual", Target: &connectors.Target{URL: "https://sru.example.org"}}
	if _, err := registry.Available(t.Context(), peer, broker.Citation{}); err == nil {
		t.Error("a target is searched by nobody")
	}
	closed := false
	registry.SearchBy(connectors.Search{Holdings: catalogue, Close: func() { closed = true }})
	_, first := registry.Available(t.Context(), peer, broker.Citation{})
	_, second := registry.Available(t.Context(), peer, broker.Citation{})
	ours, _ := broker.AsError(second)
	if first == nil || ours == nil || ours.Code != connectors.NotAsked || catalogue.calls.Load() != 1 || protocol.calls.Load() != 0 {
		t.Errorf("look-ups: %v, then %v with %d calls; want one call", first, second, catalogue.calls.Load())
	}
	if registry.Close(); !closed {
		t.Error("the search is not closed")
	}
}

// A peer too slow for look-ups may still take messages.
func TestLookUpsHaveABreakerOfTheirOwn(t *testing.T) {
	t.Parallel()
	peers := &scripted{}
	peers.outcome.Store(connectors.Delivered)
	breakers := registryOf(t, connectors.BreakerSettings{Failures: 1, OpenFor: time.Hour}, peers)
	peer := connectors.Peer{Library: broker.NewID(), Protocol: "scripted"}
	_, first := breakers.Available(t.Context(), peer, broker.Citation{})
	_, second := breakers.Available(t.Context(), peer, broker.Citation{})
	if first == nil || !broker.IsKind(second, broker.KindUnavailable) || peers.calls.Load() != 1 {
		t.Errorf("look-ups: %v, then %v with %d calls; want one call", first, second, peers.calls.Load())
	}
	if got := breakers.Send(t.Context(), peer, suite.Request()); got.Outcome != connectors.Delivered {
		t.Errorf("message: %+v, want delivered", got)
	}
}
