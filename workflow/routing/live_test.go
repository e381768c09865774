package routing

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"afield/broker"
	"afield/connectors"
)

// asker answers for each peer as the peer's base URL says.
type asker struct{ asked atomic.Int32 }

func (a *asker) Available(ctx context.Context, peer connectors.Peer, _ broker.Citation) (connectors.Availability, error) {
	a.asked.Add(1)
	switch peer.BaseURL {
	case "silent": // and deaf: it does not look at its context
		time.Sleep(time.Hour)
	case "slow":
		select {
		case <-time.After(2 * time.Second):
		case <-ctx.Done():
			return connectors.Availability{}, ctx.Err()
		}
	case "broken":
		return connectors.Availability{}, errors.New("<html>patron 12345</html>")
	case "panic":
		panic("connector")
	case "lying":
		return connectors.Availability{Owned: false, Available: 3}, nil
	case "left alone":
		return connectors.Availability{}, &broker.Error{Kind: broker.KindUnavailable, Code: connectors.NotAsked, Detail: "breaker open"}
	case "away":
		return connectors.Availability{}, &broker.Error{Kind: broker.KindUnavailable, Code: "availability_unknown", Detail: "HTTP 503"}
	case "absurd":
		return connectors.Availability{Owned: true, Available: 1, Cost: &broker.Money{Minor: -5, Currency: "USD"}}, nil
	}
	return connectors.Availability{Owned: true, Available: 1}, nil
}

func peersNamed(kinds ...string) ([]connectors.Peer, map[string]broker.ID) {
	var peers []connectors.Peer
	ids := map[string]broker.ID{}
	for _, kind := range kinds {
		ids[kind] = broker.NewID()
		peers = append(peers, connectors.Peer{Library: ids[kind], BaseURL: kind})
	}
	return peers, ids
}

func TestEveryPeerGetsAnAnswerOrAProblem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		peers, ids := peersNamed("quick", "slow", "silent", "broken", "panic", "lying", "absurd", "left alone", "away")
		started := time.Now()
		live := LiveAvailability(t.Context(), &asker{}, peers, broker.Citation{}, UsualLimits())
		if took := time.Since(started); took != 3*time.Second {
			t.Errorf("took %s, not what one peer may take", took)
		}
		want := map[string]string{
			"quick": "", "slow": "", "silent": "no answer within 3s", "broken": "its system did not answer usefully",
			"panic": "its connector failed", "lying": "its answer contradicts itself", "absurd": "its answer names an impossible price", "left alone": "its system is away", "away": "its system is away",
		}
		details := map[string]string{"left alone": "", "away": "HTTP 503", "silent": "It did not answer in time.", "quick": ""}
		for kind, detail := range details {
			if got := live[ids[kind]]; got.Detail != detail {
				t.Errorf("%s: detail %q, want %q", kind, got.Detail, detail)
			}
		}
		for kind, problem := range want {
			if got := live[ids[kind]]; got.Problem != problem || (problem == "") != (got.Availability.Available == 1) {
				t.Errorf("%s: %+v", kind, got)
			}
		}
		time.Sleep(2 * time.Hour) // lets the deaf one end before the test does
	})
}

func TestTheTotalLimitHoldsWhateverWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		peers, ids := peersNamed("quick", "silent", "slow")
		peers = append(peers, peers[1], peers[1], peers[1])
		started := time.Now()
		live := LiveAvailability(t.Context(), &asker{}, peers, broker.Citation{}, Limits{PerPeer: 4 * time.Second, Total: 5 * time.Second, AtOnce: 2})
		if took := time.Since(started); took != 5*time.Second {
			t.Errorf("took %s", took)
		}
		if len(live) != 3 || live[ids["silent"]].Problem == "" {
			t.Errorf("%+v", live)
		}
		time.Sleep(2 * time.Hour)
	})
}

func TestWithoutAnAskerNobodyIsAsked(t *testing.T) {
	t.Parallel()
	peers, _ := peersNamed("quick")
	if live := LiveAvailability(t.Context(), nil, peers, broker.Citation{}, UsualLimits()); len(live) != 0 {
		t.Errorf("%+v", live)
	}
	if live := LiveAvailability(t.Context(), &asker{}, nil, broker.Citation{}, UsualLimits()); len(live) != 0 {
		t.Errorf("%+v", live)
	}
}
