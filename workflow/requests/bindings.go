package requests

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/messages"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/guards"
	"afield/workflow/requests/rota"
	"afield/workflow/requests/undo"
	"afield/workflow/routing"
)

// Jobs is what this room needs of the job queue; workflow/jobs implements it.
// Both are called inside the transaction whose effect they serve.
type Jobs interface {
	// Send enqueues the handing over of messages to their peers.
	Send(ctx context.Context, tx *postgres.Tx, refs []messages.Ref) error
	// LookUp enqueues a live look-up of holdings for a request.
	LookUp(ctx context.Context, tx *postgres.Tx, library, request broker.ID) error
}

// Config is what a Service is made of.
type Config struct {
	Jobs        Jobs
	Circulation *circulation.Circulation
	Finder      *routing.Finder
	Cache       *directory.Cache
	Vault       *directory.Vault
	// Protocols say what a message can carry to a library.
	Protocols *connectors.Registry
	// Policies gives the document that rules a library, from memory.
	Policies circulation.Policies
	// Tables are the state tables; nil means those of package workflow.
	Tables []*workflow.Table
	// Log hears of faults that are set aside; nil is silence.
	Log *slog.Logger
}

// Service holds the use cases of requests.
type Service struct {
	jobs        Jobs
	circulation *circulation.Circulation
	finder      *routing.Finder
	cache       *directory.Cache
	vault       *directory.Vault
	protocols   *connectors.Registry

	rota    rota.Room
	guards  engine.Guards
	effects map[workflow.Effect]func(*step, context.Context) error

	policies circulation.Policies
	tables   []*workflow.Table
	log      *slog.Logger
}

// New binds every guard, effect and kind of deadline of the tables; a name that
// is not bound stops the start. The guards and effects of brokered requests join
// when outside borrowers can reach us.
func New(config Config) (*Service, error) {
	if config.Protocols == nil {
		return nil, fmt.Errorf("requests: no protocols are registered")
	}
	s := &Service{
		jobs: config.Jobs, circulation: config.Circulation, finder: config.Finder, cache: config.Cache, vault: config.Vault,
		protocols: config.Protocols, policies: config.Policies, tables: config.Tables,
	}
	if s.tables == nil {
		s.tables = workflow.Tables()
	}
	if s.log = config.Log; s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.rota = rota.Room{Finder: s.finder, Vault: s.vault, Circulation: s.circulation, Reachable: s.reachable}
	if err := errors.Join(s.bindGuards(), s.bindEffects()); err != nil {
		return nil, err
	}
	for _, table := range s.tables {
		for _, kind := range table.Deadlines() {
			if clocks[kind] == nil {
				return nil, fmt.Errorf("requests: deadline %q of the %s table is not bound", kind, table.Side)
			}
		}
		if table.Side == workflow.SideBrokered {
			continue
		}
		for _, guard := range table.Guards() {
			if s.guards[guard] == nil {
				return nil, fmt.Errorf("requests: guard %q of the %s table is not bound", guard, table.Side)
			}
		}
		for _, effect := range table.Effects() {
			if s.effects[effect] == nil {
				return nil, fmt.Errorf("requests: effect %q of the %s table is not bound", effect, table.Side)
			}
		}
	}
	return s, nil
}

// Table gives the state table of a side.
func (s *Service) Table(side workflow.Side) *workflow.Table { return workflow.Of(s.tables, side) }

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

// bindGuards gives every guard of the tables its code.
func (s *Service) bindGuards() error {
	s.guards = engine.Guards{}
	for _, room := range []engine.Guards{guards.All(), undo.Guards()} {
		for name, guard := range room {
			if s.guards[name] != nil {
				return fmt.Errorf("requests: guard %q is bound twice", name)
			}
			s.guards[name] = guard
		}
	}
	return nil
}

// at is a moment for decisions that are asked without a step.
func at(now time.Time, library *directory.Lender) policy.Moment {
	return policy.Moment{Now: now, Calendar: library.Calendar, Place: library.Place()}
}
