package scenario

import (
	"context"
	"fmt"

	"afield/broker"
)

// Result is how a scenario came out.
type Result struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Scenario string   `json:"scenario"`
	Cases    []string `json:"cases,omitempty"`
	Rules    []string `json:"rules,omitempty"`
	OK       bool     `json:"ok"`
	// Differences are what came out otherwise than expected.
	Differences []Difference `json:"differences,omitempty"`
	// Error says why it could not be played to its end.
	Error string `json:"error,omitempty"`
}

// playOn plays a scenario on a stage.
func playOn(ctx context.Context, on *Stage, scenario *Scenario) Result {
	found := Result{File: scenario.At.File, Line: scenario.At.Line, Scenario: scenario.Name, Cases: scenario.Cases, Rules: scenario.Rules}
	p := on.open(ctx, scenario)
	differences, err := playSteps(p)
	if cleared := p.close(); err == nil {
		err = cleared
	}
	if err != nil {
		found.Error = err.Error()
	}
	found.Differences = differences
	found.OK = err == nil && len(differences) == 0
	return found
}

func playSteps(p *play) ([]Difference, error) {
	if err := p.set(); err != nil {
		return nil, err
	}
	var differences []Difference
	for _, step := range p.scenario.steps {
		found, err := playStep(p, step)
		differences = append(differences, found...)
		if err != nil {
			return differences, fmt.Errorf("%s: do: %s: %w", step.values.at, step.does, err)
		}
	}
	return differences, nil
}

// playStep moves the clock, lets happen what is due, acts, and compares.
func playStep(p *play, s step) ([]Difference, error) {
	if err := p.pass(p.momentOf(s)); err != nil {
		return nil, err
	}
	before, err := p.look(s)
	if err != nil {
		return nil, err
	}
	did, err := do(p, s)
	if ours, known := broker.AsError(err); known {
		did.err, err = ours, nil
	}
	if err != nil {
		return nil, err
	}
	if err := p.settleNow(); err != nil {
		return nil, err
	}
	after, err := p.look(s)
	if err != nil {
		return nil, err
	}
	return p.compare(s, did, before, after), nil
}
