package engine_test

import (
	"context"
	"testing"

	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// bound binds a stand-in to every name in the tables.
func bound(t *testing.T) engine.Config {
	t.Helper()
	protocols, err := connectors.NewRegistry(connectors.BreakerSettings{})
	if err != nil {
		t.Fatal(err)
	}
	guards, effects := engine.Guards{}, engine.Effects{}
	for _, table := range workflow.Tables() {
		for _, name := range table.Guards() {
			guards[name] = func(context.Context, *engine.Case) (bool, error) { return true, nil }
		}
		for _, name := range table.Effects() {
			effects[name] = func(context.Context, *engine.Case) (engine.Wants, error) { return nil, nil }
		}
	}
	return engine.Config{Protocols: protocols, Tables: workflow.Tables(), Guards: []engine.Guards{guards}, Effects: []engine.Effects{effects}}
}

// A name in the tables that nobody binds, or that is bound twice, stops the
// start.
func TestEveryNameIsBoundOnce(t *testing.T) {
	t.Parallel()
	if _, err := engine.New(bound(t)); err != nil {
		t.Fatalf("everything is bound: %v", err)
	}
	for what, change := range map[string]func(*engine.Config){
		"a guard is missing":         func(c *engine.Config) { delete(c.Guards[0], workflow.GuardByHold) },
		"an effect is missing":       func(c *engine.Config) { delete(c.Effects[0], workflow.DoAskLender) },
		"a guard is bound twice":     func(c *engine.Config) { c.Guards = append(c.Guards, c.Guards[0]) },
		"an effect is bound twice":   func(c *engine.Config) { c.Effects = append(c.Effects, c.Effects[0]) },
		"no protocol was registered": func(c *engine.Config) { c.Protocols = nil },
	} {
		config := bound(t)
		change(&config)
		if _, err := engine.New(config); err == nil {
			t.Errorf("%s, and it starts all the same", what)
		}
	}
}
