package published

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// Source answers from memory which document rules. Make it with NewSource and
// read it with Refresh before the first question; until then it knows the
// presets only.
type Source struct {
	known atomic.Pointer[knowledge]
	// refreshing keeps two refreshes from overtaking each other.
	refreshing sync.Mutex
}

// knowledge is everything that was published when last looked. It never changes,
// except that it keeps the documents it has put together, since that takes
// milliseconds.
type knowledge struct {
	register policy.Register
	count    int
	// days are the first days of versions, oldest first. Between two of them
	// nothing changes.
	days []broker.Date
	// branches are the documents of branches that have one.
	branches map[broker.ID]string

	mu   sync.RWMutex
	kept map[edition]*policy.Document
}

// edition is one document between two days on which anything changes.
type edition struct {
	policy string
	since  broker.Date
}

// NewSource makes a source that knows the presets only.
func NewSource() *Source {
	s := &Source{}
	s.known.Store(learn(nil, nil))
	return s
}

func learn(versions []Version, branches map[broker.ID]string) *knowledge {
	k := &knowledge{register: registerOf(versions), count: len(versions), branches: branches, kept: map[edition]*policy.Document{}}
	for _, version := range versions {
		k.days = append(k.days, version.Effective)
	}
	slices.SortFunc(k.days, broker.Date.Compare)
	return k
}

// Refresh looks for versions and branch documents that are new. Call it once at
// the start, after a publish in this process has committed, and every few
// seconds for those of other processes.
func (s *Source) Refresh(ctx context.Context, db *postgres.DB) error {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	return db.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		known := s.known.Load()
		branches, err := directory.BranchPolicies(ctx, tx)
		if err != nil {
			return err
		}
		var count int // versions never change, so their number shows whether any is new
		if err := tx.QueryRow(ctx, `select count(*) from policy_versions`).Scan(&count); err != nil {
			return err
		}
		if count == known.count && maps.Equal(branches, known.branches) {
			return nil
		}
		versions, err := Versions(ctx, tx, "")
		if err == nil {
			s.known.Store(learn(versions, branches))
		}
		return err
	})
}

// Rules gives the document that rules a library, at one of its branches, on a
// day: the branch's own where it has one. It is a standing.Policies.
func (s *Source) Rules(library directory.Library, branch broker.ID, on broker.Date) (*policy.Document, error) {
	known := s.known.Load()
	if own, found := known.branches[branch]; found && branch != broker.NoID {
		return known.on(own, on)
	}
	return known.on(library.Policy, on)
}

// On gives a document by name as it rules on a day; a not-found error when
// nothing of that name rules then.
func (s *Source) On(name string, day broker.Date) (*policy.Document, error) {
	return s.known.Load().on(name, day)
}

// Register gives everything published, for looking at versions.
func (s *Source) Register() policy.Register { return s.known.Load().register }

// Names lists the documents there are, presets and published, sorted.
func (s *Source) Names() []string {
	return s.Register().Names()
}

func (k *knowledge) on(name string, day broker.Date) (*policy.Document, error) {
	at := edition{policy: name, since: k.since(day)}
	k.mu.RLock()
	document := k.kept[at]
	k.mu.RUnlock()
	if document != nil {
		return document, nil
	}
	document, err := k.register.On(name, day)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept[at] = document
	return document, nil
}

// since is the last day on or before a day on which any version began.
func (k *knowledge) since(day broker.Date) broker.Date {
	next, found := slices.BinarySearchFunc(k.days, day, broker.Date.Compare)
	switch {
	case found:
		return day
	case next == 0:
		return broker.Date{}
	}
	return k.days[next-1]
}
