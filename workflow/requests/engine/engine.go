package engine

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/messages"
)

// Jobs is what the engine needs of the job queue; workflow/jobs implements it.
// Both methods are called inside the transaction that moves the request.
type Jobs interface {
	// Send enqueues the handing over of messages to their peers.
	Send(ctx context.Context, tx *postgres.Tx, refs []messages.Ref) error
	// LookUp enqueues a live look-up of holdings for a request.
	LookUp(ctx context.Context, tx *postgres.Tx, library, request broker.ID) error
}

// Config is what an Engine is made of.
type Config struct {
	Jobs  Jobs
	Cache *directory.Cache
	// Protocols say what a message can carry to a library.
	Protocols *connectors.Registry
	// Policies gives the document that rules a library, from memory.
	Policies standing.Policies
	// Tables are the state tables.
	Tables []*workflow.Table
	// Guards and Effects are the code behind the names in the tables.
	Guards  []Guards
	Effects []Effects
}

// Engine moves requests.
type Engine struct {
	jobs      Jobs
	cache     *directory.Cache
	protocols *connectors.Registry
	policies  standing.Policies
	tables    []*workflow.Table
	guards    Guards
	effects   Effects
}

// New binds every guard, effect and kind of deadline of the tables; a name that
// is not bound, or bound twice, stops the start. The guards and effects of
// brokered requests join when outside borrowers can reach us.
func New(config Config) (*Engine, error) {
	if config.Protocols == nil {
		return nil, fmt.Errorf("requests: no protocols are registered")
	}
	e := &Engine{
		jobs: config.Jobs, cache: config.Cache, protocols: config.Protocols, policies: config.Policies, tables: config.Tables,
		guards: Guards{}, effects: Effects{},
	}
	for _, room := range config.Guards {
		for name, guard := range room {
			if e.guards[name] != nil {
				return nil, fmt.Errorf("requests: guard %q is bound twice", name)
			}
			e.guards[name] = guard
		}
	}
	for _, room := range config.Effects {
		for name, effect := range room {
			if e.effects[name] != nil {
				return nil, fmt.Errorf("requests: effect %q is bound twice", name)
			}
			e.effects[name] = effect
		}
	}
	for _, table := range e.tables {
		if err := e.complete(table); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// complete makes sure that every name of a table is bound.
func (e *Engine) complete(table *workflow.Table) error {
	for _, kind := range table.Deadlines() {
		if clocks[kind] == nil {
			return fmt.Errorf("requests: deadline %q of the %s table is not bound", kind, table.Side)
		}
	}
	if table.Side == workflow.SideBrokered {
		return nil
	}
	for _, guard := range table.Guards() {
		if e.guards[guard] == nil {
			return fmt.Errorf("requests: guard %q of the %s table is not bound", guard, table.Side)
		}
	}
	for _, effect := range table.Effects() {
		if e.effects[effect] == nil {
			return fmt.Errorf("requests: effect %q of the %s table is not bound", effect, table.Side)
		}
	}
	return nil
}

// Tables are the state tables by which requests move.
func (e *Engine) Tables() []*workflow.Table { return e.tables }

// Table gives the state table of a side.
func (e *Engine) Table(side workflow.Side) *workflow.Table { return workflow.Of(e.tables, side) }

// Lock takes a request for update and gives everything that is known about it.
func (e *Engine) Lock(ctx context.Context, tx *postgres.Tx, now time.Time, library, request broker.ID) (*Case, error) {
	steps, err := e.load(ctx, tx, now, []Firing{{Library: library, Request: request}})
	if err != nil {
		return nil, err
	}
	return &steps[request].Case, nil
}

// Case gives everything that is known about a request that was read with its
// rota and its volumes.
func (e *Engine) Case(ctx context.Context, tx *postgres.Tx, now time.Time, request *Request, rota Rota, volumes Volumes) (*Case, error) {
	c := &Case{Tx: tx, Now: now, Request: request, Rota: rota, Volumes: volumes, cache: e.cache}
	return c, e.settle(ctx, c)
}

// settle gives a case its table, its library, that library's policy and the
// libraries it deals with.
func (e *Engine) settle(ctx context.Context, c *Case) (err error) {
	c.Table = e.Table(c.Request.Side)
	if c.Library, err = c.Lender(ctx, c.Request.LibraryID); err != nil {
		return err
	}
	if c.Policy, err = e.policies.At(c.Library.Library, c.Now); err != nil {
		return err
	}
	return c.Meet(ctx)
}

// Available lists what a party may do with a request, by the same guards that
// Fire asks.
func (e *Engine) Available(ctx context.Context, c *Case, party workflow.Party) ([]workflow.Action, error) {
	if c.Request.Side == workflow.SideBrokered {
		return []workflow.Action{}, nil // its guards join when outside borrowers can reach us
	}
	var failed error
	looking := *c
	looking.Firing.By = party
	actions := c.Table.Available(c.Request.State, party, func(guard workflow.Guard) bool {
		holds, err := e.guards[guard](ctx, &looking)
		if err != nil {
			failed = err
		}
		return holds
	})
	if failed != nil {
		return nil, fmt.Errorf("look at what can be done with request %d: %w", c.Request.Number, failed)
	}
	return actions, nil
}
