package routing

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/connectors"
)

// Live is what a lender's own system said about its copies just now, or why
// nothing is known.
type Live struct {
	Availability connectors.Availability
	// Problem is why the answer does not count, in a few words; "" when it does.
	Problem string
	// Detail is what went wrong, for those who look after the connection; "" where
	// the lender was not asked.
	Detail string
}

func (l *Live) answered() bool { return l != nil && l.Problem == "" }

func (l *Live) quoted() bool { return l.answered() && l.Availability.Cost != nil }

// Limits bound a round of live look-ups.
type Limits struct {
	// PerPeer is how long one lender may take, Total how long all together.
	PerPeer, Total time.Duration
	// AtOnce is how many are asked at the same time.
	AtOnce int
}

// UsualLimits are three seconds for each lender, five for all, 32 at once.
func UsualLimits() Limits {
	return Limits{PerPeer: 3 * time.Second, Total: 5 * time.Second, AtOnce: 32}
}

// LiveAvailability asks peers side by side what they could lend and gives an
// answer for each: what it said, or why that is not known. It returns when all
// have answered or the total limit passes, whatever a peer does; a slow peer
// holds up nobody else. Call it outside any transaction. A nil asker asks
// nobody.
func LiveAvailability(ctx context.Context, asker connectors.Holdings, peers []connectors.Peer, citation broker.Citation, limits Limits) map[broker.ID]Live {
	answers := make(map[broker.ID]Live, len(peers))
	if asker == nil {
		return answers
	}
	ctx, cancel := context.WithTimeout(ctx, limits.Total)
	defer cancel()
	type answer struct {
		library broker.ID
		live    Live
	}
	coming := make(chan answer, len(peers)) // room for all: a late one blocks nobody
	slots := make(chan struct{}, max(1, limits.AtOnce))
	for _, peer := range peers {
		answers[peer.Library] = Live{Problem: "not asked or not answered in time"}
		go func() {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
				coming <- answer{peer.Library, askOne(ctx, asker, peer, citation, limits.PerPeer)}
			case <-ctx.Done():
			}
		}()
	}
	for range peers {
		select {
		case got := <-coming:
			answers[got.library] = got.live
		case <-ctx.Done():
			for {
				select {
				case got := <-coming:
					answers[got.library] = got.live
				default:
					return answers
				}
			}
		}
	}
	return answers
}

// askOne bounds one look-up even when the asker does not look at its context.
func askOne(ctx context.Context, asker connectors.Holdings, peer connectors.Peer, citation broker.Citation, limit time.Duration) Live {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	coming := make(chan Live, 1)
	go func() {
		defer func() {
			if recover() != nil {
				coming <- Live{Problem: "its connector failed", Detail: "The connector failed."}
			}
		}()
		said, err := asker.Available(ctx, peer, citation)
		coming <- judged(said, err)
	}()
	select {
	case live := <-coming:
		return live
	case <-ctx.Done():
		return Live{Problem: fmt.Sprintf("no answer within %s", limit), Detail: "It did not answer in time."}
	}
}

// judged takes an answer only when it makes sense. The error's own words are no
// reason that a patron or a lender sees: they may quote what a stranger sent.
func judged(said connectors.Availability, err error) Live {
	ours, isOurs := broker.AsError(err)
	switch {
	case isOurs && ours.Code == connectors.NotAsked:
		return Live{Problem: "its system is away"}
	case isOurs && ours.Kind == broker.KindUnavailable:
		return Live{Problem: "its system is away", Detail: ours.Detail}
	case err != nil:
		return Live{Problem: "its system did not answer usefully", Detail: "It did not answer usefully."}
	case said.Available < 0, said.Perhaps < 0, !said.Owned && said.Available+said.Perhaps > 0:
		return Live{Problem: "its answer contradicts itself", Detail: "Its answer contradicts itself."}
	case said.Cost != nil && (said.Cost.Minor < 0 || len(said.Cost.Currency) != 3):
		return Live{Problem: "its answer names an impossible price", Detail: "Its answer names an impossible price."}
	}
	return Live{Availability: said}
}
