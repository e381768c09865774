package directory

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Site is a member library as its desks see it: itself with its calendar, its
// branches with theirs, and the libraries that share its catalogue. It is shared
// between goroutines: read it, never change it.
type Site struct {
	Library
	Branches []Branch
	// Shared are the libraries of its sharing group, in order of id.
	Shared []broker.ID

	stamp string // identifies the rows it was made from, as they were when it was read
}

// Branch gives one branch; found is false where the library has none with that
// id.
func (s *Site) Branch(id broker.ID) (branch Branch, found bool) {
	for _, known := range s.Branches {
		if known.ID == id {
			return known, true
		}
	}
	return Branch{}, false
}

// Sites keeps sites in memory, because every act at a desk begins with one, and
// making a calendar costs more than reading it. A site is never out of date: with
// each act, a small query asks whether the rows it was made from are still the
// same, as this transaction sees them. So a closure is noticed at once, whoever
// entered it.
type Sites struct {
	mu    sync.Mutex
	known map[broker.ID]*Site
}

// NewSites makes an empty cache.
func NewSites() *Sites { return &Sites{known: map[broker.ID]*Site{}} }

// Of gives a library's site and lets the transaction see its sharing group; a
// not-found error where there is no such library.
func (s *Sites) Of(ctx context.Context, tx *postgres.Tx, library broker.ID) (*Site, error) {
	return s.With(ctx, tx, library, func(*Site) {})
}

// Read gives a library's site as it was read last, for an act that has begun with
// Of or With; found is false where it was not.
func (s *Sites) Read(library broker.ID) (site *Site, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	site, found = s.known[library]
	return site, found
}

// With is Of that reads more on the way, in one round trip where the site is
// known and has not changed. ask queues its questions; it is called again where
// the site turns out to have changed, so it must begin anew each time.
func (s *Sites) With(ctx context.Context, tx *postgres.Tx, library broker.ID, ask func(*Site)) (*Site, error) {
	s.mu.Lock()
	site := s.known[library]
	s.mu.Unlock()
	if site != nil {
		tx.Widen(site.Shared...)
		var stamp string
		askStamp(tx, library, &stamp)
		ask(site)
		if err := tx.Flush(ctx); err != nil {
			return nil, fmt.Errorf("ask at a library: %w", err)
		}
		if stamp == site.stamp {
			return site, nil
		}
	}
	site, err := readSite(ctx, tx, library)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.known[library] = site
	s.mu.Unlock()
	tx.Widen(site.Shared...)
	ask(site)
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("ask at a library: %w", err)
	}
	return site, nil
}

// readSite reads the stamp first: a change made while it reads the rest is
// noticed by the next act.
func readSite(ctx context.Context, tx *postgres.Tx, library broker.ID) (*Site, error) {
	var site Site
	askStamp(tx, library, &site.stamp)
	var err error
	if site.Library, err = Load(ctx, tx, library); err != nil {
		return nil, err
	}
	if site.Shared, err = SharedWith(ctx, tx, site.SharingGroup); err != nil {
		return nil, err
	}
	site.Branches, err = Branches(ctx, tx, library)
	return &site, err
}

// CardHome is what a desk must know when a patron of another library of its
// shared catalogue shows a card.
type CardHome struct {
	// Policy is the document of the library that issued the card, which says where
	// its cards are good.
	Policy string
	// Here are the symbols of the desk's library, by which that document names it.
	Here []string
}

// AskCardHome queues a look-up of where a card is from; the answer stands after
// the next flush.
func AskCardHome(tx *postgres.Tx, home, here broker.ID, into *CardHome) {
	*into = CardHome{}
	tx.Queue(`select coalesce(l.policy, ''),
			(select coalesce(array_agg(s.namespace || ':' || s.value order by s.namespace, s.value), '{}') from symbols s where s.library_id = $2)
		from libraries l where l.id = $1`, home, here).
		QueryRow(func(row pgx.Row) error { return row.Scan(&into.Policy, &into.Here) })
}

// askStamp asks for something that changes whenever a row changes that a site is
// made from: where the row is in its table and which transaction wrote it.
func askStamp(tx *postgres.Tx, library broker.ID, into *string) {
	tx.Queue(`select concat_ws('/', l.xmin, l.ctid,
			(select string_agg(s.id::text, ',' order by s.id) from libraries s where s.sharing_group_id = l.sharing_group_id),
			(select string_agg(concat_ws(':', n.xmin, n.ctid), ',' order by n.library_id, n.position) from libraries s
				join number_patterns n on n.library_id = s.id where s.sharing_group_id = l.sharing_group_id),
			(select string_agg(concat_ws(':', b.xmin, b.ctid), ',' order by b.id) from branches b where b.library_id = l.id),
			(select string_agg(concat_ws(':', c.xmin, c.ctid), ',' order by c.id) from closures c where c.library_id = l.id))
		from libraries l where l.id = $1`, library).QueryRow(func(row pgx.Row) error {
		err := row.Scan(into)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
}
