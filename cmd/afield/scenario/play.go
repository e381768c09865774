package scenario

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/cmd/afield/scenario/acts"
	"afield/cmd/afield/scenario/expect"
	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
)

// Result is how a scenario came out.
type Result struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Scenario string   `json:"scenario"`
	Cases    []string `json:"cases,omitempty"`
	Rules    []string `json:"rules,omitempty"`
	OK       bool     `json:"ok"`
	// Differences are what came out differently from what was expected.
	Differences []expect.Difference `json:"differences,omitempty"`
	// Error says why it could not be played to its end.
	Error string `json:"error,omitempty"`
}

// playOn plays a scenario on a stage.
func playOn(ctx context.Context, on *stage.Stage, scenario *language.Scenario) Result {
	found := Result{File: scenario.At.File, Line: scenario.At.Line, Scenario: scenario.Name, Cases: scenario.Cases, Rules: scenario.Rules}
	p := on.Open(ctx, scenario)
	differences, err := playSteps(p)
	if cleared := p.Close(); err == nil {
		err = cleared
	}
	if err != nil {
		found.Error = err.Error()
	}
	found.Differences = differences
	found.OK = err == nil && len(differences) == 0
	return found
}

func playSteps(p *stage.Play) ([]expect.Difference, error) {
	if err := p.Set(); err != nil {
		return nil, err
	}
	var differences []expect.Difference
	for _, step := range p.Scenario.Steps {
		found, err := playStep(p, step)
		differences = append(differences, found...)
		if err != nil {
			return differences, fmt.Errorf("%s: do: %s: %w", step.Values.At, step.Does, err)
		}
	}
	return differences, nil
}

// playStep moves the clock, lets what is due happen, acts, and compares.
func playStep(p *stage.Play, s language.Step) ([]expect.Difference, error) {
	if err := p.Pass(p.MomentOf(s)); err != nil {
		return nil, err
	}
	before, err := expect.Look(p, s)
	if err != nil {
		return nil, err
	}
	did, err := acts.Do(p, s)
	if ours, known := broker.AsError(err); known {
		did.Err, err = ours, nil
	}
	if err != nil {
		return nil, err
	}
	if err := p.SettleNow(); err != nil {
		return nil, err
	}
	after, err := expect.Look(p, s)
	if err != nil {
		return nil, err
	}
	return expect.Compare(p, s, did, before, after), nil
}
