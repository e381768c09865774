package requests

import (
	"context"
	"log/slog"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests/dialogue"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/flags"
	"afield/workflow/requests/guards"
	"afield/workflow/requests/items"
	"afield/workflow/requests/late"
	"afield/workflow/requests/money"
	"afield/workflow/requests/people"
	"afield/workflow/requests/rota"
	"afield/workflow/requests/undo"
	"afield/workflow/routing"
)

// Config is what a Service is made of.
type Config struct {
	Jobs   engine.Jobs
	Finder *routing.Finder
	Cache  *directory.Cache
	Vault  *directory.Vault
	// Protocols say what a message can carry to a library.
	Protocols *connectors.Registry
	// Policies gives the document that rules a library, from memory.
	Policies standing.Policies
	// Tables are the state tables; nil means those of package workflow.
	Tables []*workflow.Table
	// Log records faults that are set aside; nil logs nothing.
	Log *slog.Logger
}

// Service holds the use cases of requests.
type Service struct {
	engine   *engine.Engine
	rota     rota.Room
	holds    *holds.Service
	finder   *routing.Finder
	cache    *directory.Cache
	vault    *directory.Vault
	policies standing.Policies
	log      *slog.Logger
}

// New gathers the guards and effects of all rooms for the engine; a name of the
// tables that none of them binds stops the start.
func New(config Config) (*Service, error) {
	s := &Service{
		holds: holds.New(config.Policies), finder: config.Finder, cache: config.Cache, vault: config.Vault,
		policies: config.Policies, log: config.Log,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	tables := config.Tables
	if tables == nil {
		tables = workflow.Tables()
	}
	s.rota = rota.Room{Finder: s.finder, Vault: s.vault, Holds: s.holds, Protocols: config.Protocols}
	var err error
	s.engine, err = engine.New(engine.Config{
		Jobs: config.Jobs, Cache: config.Cache, Protocols: config.Protocols, Policies: config.Policies, Tables: tables,
		Guards: []engine.Guards{guards.All(), late.Guards(), undo.Guards()},
		Effects: []engine.Effects{
			s.rota.Effects(), items.Effects(s.policies), money.Effects(), dialogue.Effects(), people.Effects(), flags.Effects(), late.Effects(), undo.Effects(),
		},
	})
	return s, err
}

// Fire moves requests by events. See (*engine.Engine).Fire.
func (s *Service) Fire(ctx context.Context, tx *postgres.Tx, now time.Time, firings ...engine.Firing) ([]engine.Fired, error) {
	return s.engine.Fire(ctx, tx, now, firings...)
}

// Table gives the state table of a side.
func (s *Service) Table(side workflow.Side) *workflow.Table { return s.engine.Table(side) }

// library reads a library through the cache.
func (s *Service) library(ctx context.Context, tx *postgres.Tx, id broker.ID) (*directory.Lender, error) {
	found, err := s.cache.Lenders(ctx, tx, []broker.ID{id})
	if err != nil {
		return nil, err
	}
	lender := found[id]
	if lender == nil {
		return nil, broker.NotFound("library")
	}
	return lender, nil
}

// at is the moment for a decision that is not about an existing request.
func at(now time.Time, library *directory.Lender) policy.Moment {
	return policy.Moment{Now: now, Calendar: library.Calendar, Place: library.Place()}
}
