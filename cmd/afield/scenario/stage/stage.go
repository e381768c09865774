package stage

import (
	"context"
	"fmt"
	"sync"
	"time"

	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/desk"
	"afield/workflow/nightly"
	"afield/workflow/requests"
	"afield/workflow/routing"
)

// Stage is a migrated database with the use cases over it, on which one
// scenario after another is played. Each brings libraries of its own and leaves
// nothing behind that would change as time passes.
type Stage struct {
	db       *postgres.DB
	holds    *holds.Service
	loans    *loans.Service
	Requests *requests.Service
	Desk     *desk.Service
	Nights   *nightly.Nights
	vault    *directory.Vault
	post     *post

	mu        sync.Mutex
	documents map[string]*policy.Document // by the name in the library's row
}

// New puts the use cases over an empty, migrated database.
func New(db *postgres.DB) (*Stage, error) {
	vault, err := directory.NewVault(make([]byte, 32)) // it holds nobody's secrets
	if err != nil {
		return nil, err
	}
	s := &Stage{db: db, vault: vault, post: &post{db: db, vault: vault}, documents: map[string]*policy.Document{}}
	if s.post.protocols, err = s.post.speaking(); err != nil {
		return nil, err
	}
	cache := directory.NewCache(0, time.Now)
	policies := standing.ByName(s.document)
	s.holds, s.loans = holds.New(policies), loans.New(policies)
	s.Requests, err = requests.New(requests.Config{
		Jobs: s.post, Finder: &routing.Finder{Lenders: cache}, Cache: cache, Vault: vault,
		Protocols: s.post.protocols, Policies: policies,
	})
	if err != nil {
		return nil, err
	}
	s.post.requests = s.Requests
	s.Desk = desk.New(policies, s.Requests)
	s.Nights = nightly.New(nightly.Config{DB: db, Desk: s.Desk, Policies: policies})
	return s, nil
}

func (s *Stage) document(name string) (*policy.Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if document := s.documents[name]; document != nil {
		return document, nil
	}
	return nil, fmt.Errorf("there is no policy %q on the stage", name)
}

func (s *Stage) keep(name string, document *policy.Document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.documents[name] = document
}

// clear removes what would still change as time passes, so that the next
// scenario's clock affects nothing of this one.
func (s *Stage) clear(ctx context.Context) error {
	return s.db.InTx(ctx, postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`delete from deadlines`)
		tx.Queue(`update messages set status = 'withdrawn' where status in ('ready', 'claimed')`)
		tx.Queue(`update libraries set member = false, status = 'closed' where member`)
		return nil
	})
}
