package directory

import (
	"context"
	"sync"
	"time"

	"afield/broker"
	"afield/broker/postgres"
)

// Lender is everything the directory says of a library as a lender, put together
// for ranking. It is shared between goroutines: read it, never change it.
type Lender struct {
	Library
	// Symbol is the preferred one, or zero.
	Symbol   broker.Symbol
	Terms    LendingTerms
	Groups   []broker.ID
	Protocol Protocol
	// Paused tells that nothing is sent to it for now.
	Paused bool
}

// Cache keeps lenders in memory, because ranking reads hundreds of rows that
// hardly ever change. It fills as lenders are asked for. What it gives may be
// as old as its greatest age; call Invalidate after changing the directory in
// this process, once that change has committed.
type Cache struct {
	greatestAge time.Duration
	wall        func() time.Time

	mu      sync.Mutex
	epoch   int // goes up with every Invalidate
	lenders map[broker.ID]cachedLender
}

type cachedLender struct {
	lender *Lender
	readAt time.Time
}

// NewCache makes an empty cache. wall is wall time (not business time, which a
// demo moves by days): a minute is a minute.
func NewCache(greatestAge time.Duration, wall func() time.Time) *Cache {
	return &Cache{greatestAge: greatestAge, wall: wall, lenders: map[broker.ID]cachedLender{}}
}

// Invalidate forgets these libraries, or all when none is named.
func (c *Cache) Invalidate(libraries ...broker.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	if len(libraries) == 0 {
		c.lenders = map[broker.ID]cachedLender{}
	}
	for _, library := range libraries {
		delete(c.lenders, library)
	}
}

// Lenders gives lenders by id, reading those it does not know or that are too
// old. Ids that name no library are left out.
func (c *Cache) Lenders(ctx context.Context, tx *postgres.Tx, ids []broker.ID) (map[broker.ID]*Lender, error) {
	found, missing, epoch := c.known(ids)
	if len(missing) == 0 {
		return found, nil
	}
	read, err := LoadLenders(ctx, tx, missing)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.wall()
	for id, lender := range read {
		found[id] = lender
		if c.epoch == epoch { // else what was read may be what was just changed
			c.lenders[id] = cachedLender{lender, now}
		}
	}
	return found, nil
}

func (c *Cache) known(ids []broker.ID) (found map[broker.ID]*Lender, missing []broker.ID, epoch int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.wall()
	found = make(map[broker.ID]*Lender, len(ids))
	for _, id := range ids {
		if known, ok := c.lenders[id]; ok && now.Sub(known.readAt) < c.greatestAge {
			found[id] = known.lender
		} else {
			missing = append(missing, id)
		}
	}
	return found, missing, c.epoch
}

// LoadLenders reads lenders past any cache; ids that name no library are left out.
func LoadLenders(ctx context.Context, tx *postgres.Tx, ids []broker.ID) (map[broker.ID]*Lender, error) {
	libraries, err := LoadMany(ctx, tx, ids)
	if err != nil || len(libraries) == 0 {
		return map[broker.ID]*Lender{}, err
	}
	terms, err := Terms(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	groups, err := GroupsOf(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	peers, err := LoadPeers(ctx, tx, nil, ids)
	if err != nil {
		return nil, err
	}
	lenders := make(map[broker.ID]*Lender, len(libraries))
	for id, library := range libraries {
		peer := peers[id]
		lenders[id] = &Lender{
			Library: library, Symbol: peer.Symbol, Terms: terms[id], Groups: groups[id],
			Protocol: peer.Protocol, Paused: peer.Paused,
		}
	}
	return lenders, nil
}
