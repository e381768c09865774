package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/workflow/desk"
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

// Difference is one expectation that was not met.
type Difference struct {
	Position
	Step     string `json:"step"`
	Word     string `json:"word"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
	// Why explains a refusal: each rule, its clause, what was needed and found.
	Why []string `json:"why,omitempty"`
}

// result is what a step did.
type result struct {
	// err is a refusal or a conflict of the use case; a fault ends the scenario.
	err *broker.Error
	// done is what the desk did; outcome what circulation did, where asked
	// directly.
	done *desk.Done
	// reasons are notes and warnings.
	notes []broker.Reason
	// told are facts of this act alone: fee, deposit, refund …
	told map[string]string
	// decision is the policy's own answer, where a question was asked.
	decision *policy.Decision
}

func (r result) refused() bool { return r.err != nil || (r.decision != nil && !r.decision.Allowed) }

func (r result) reasons() []broker.Reason {
	if r.err != nil {
		return r.err.Reasons
	}
	if r.decision != nil {
		return r.decision.Reasons
	}
	return nil
}

// why explains a refusal as the policy does, by the library's clock.
func (r result) why(zone *time.Location) []string {
	switch {
	case r.decision != nil:
		return r.decision.Lines(zone)
	case r.err == nil:
		return nil
	case len(r.err.Reasons) == 0:
		return []string{r.err.Error()}
	}
	explained := policy.Decision{Question: r.err.Code, Reasons: r.err.Reasons}.Lines(zone)
	return append([]string{r.err.Detail}, explained[1:]...)
}

// Play plays a scenario.
func (s *Stage) Play(ctx context.Context, scenario *Scenario) Result {
	found := Result{File: scenario.At.File, Line: scenario.At.Line, Scenario: scenario.Name, Cases: scenario.Cases, Rules: scenario.Rules}
	p := &play{
		Stage: s, ctx: ctx, scenario: scenario, houses: map[string]*house{}, patrons: map[string]person{},
		items: map[string]thing{}, titles: map[string]broker.ID{}, requests: map[string]broker.ID{}, households: map[string]broker.ID{},
	}
	differences, err := p.run()
	if cleared := s.clear(ctx); err == nil {
		err = cleared
	}
	for _, name := range p.documents {
		s.forget(name)
	}
	if err != nil {
		found.Error = err.Error()
	}
	found.Differences = differences
	found.OK = err == nil && len(differences) == 0
	return found
}

func (s *Stage) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.documents, name)
}

func (p *play) run() ([]Difference, error) {
	var err error
	if p.document, err = readPolicy(p.scenario.At.File, p.scenario.Library); err != nil {
		return nil, Mistakes{{p.scenario.policyAt, err.Error()}}
	}
	if err := p.scenario.policyWords(p.document.Classes(), p.document.Items()); err != nil {
		return nil, err
	}
	p.start = p.scenario.steps[0].when.in(p.document.Zone())
	p.clock = broker.NewManualClock(p.start)
	p.post.begin(p.clock)
	if err := p.set(); err != nil {
		return nil, err
	}
	var differences []Difference
	for _, step := range p.scenario.steps {
		found, err := p.step(step)
		differences = append(differences, found...)
		if err != nil {
			return differences, fmt.Errorf("%s: do: %s: %w", step.values.at, step.act.word, err)
		}
	}
	return differences, nil
}

// step moves the clock, lets happen what is due, acts, and compares.
func (p *play) step(s step) ([]Difference, error) {
	if err := p.pass(s.when.in(p.home.Zone)); err != nil {
		return nil, err
	}
	before, err := p.look(s)
	if err != nil {
		return nil, err
	}
	did, err := s.act.run(p, s)
	if ours, known := broker.AsError(err); known {
		did.err, err = ours, nil
	}
	if err != nil {
		return nil, err
	}
	if err := p.post.settle(p.ctx); err != nil {
		return nil, err
	}
	after, err := p.look(s)
	if err != nil {
		return nil, err
	}
	return p.compare(s, did, before, after), nil
}

// pass lets time go on until a moment: what falls due on the way happens when it
// is due, not when somebody next looks. Of what is given, too: it began before the
// first step.
func (p *play) pass(until time.Time) error {
	defer func() { p.post.clock = p.clock }()
	for {
		next, err := p.nextDeadline()
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(until) {
			break
		}
		p.post.clock = broker.NewManualClock(next)
		if err := p.post.settle(p.ctx); err != nil {
			return err
		}
		if again, err := p.nextDeadline(); err != nil || again.Equal(next) {
			return errors.Join(err, p.arrive(until)) // it cannot be met now; it is tried again then
		}
	}
	return p.arrive(until)
}

func (p *play) arrive(at time.Time) error {
	p.clock.Set(at)
	p.post.clock = p.clock
	return p.post.settle(p.ctx)
}

// nextDeadline is the moment the earliest deadline of any request passes; zero
// where there is none.
func (p *play) nextDeadline() (next time.Time, err error) {
	err = p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		var at *time.Time
		if err := tx.QueryRow(ctx, `select min(due_at) from deadlines`).Scan(&at); err != nil {
			return fmt.Errorf("look for the next deadline: %w", err)
		}
		if at != nil {
			next = *at
		}
		return nil
	})
	return next, err
}

// at is the desk of a step and who stands there.
func (p *play) at(s step) (*house, desk.At) {
	house, branch := p.deskNamed(s.text("desk"))
	return house, desk.At{Library: house.ID, Branch: branch, Actor: p.actor(s, house), Now: p.now()}
}

func (p *play) actor(s step, at *house) broker.Actor {
	switch s.text("by") {
	case "patron":
		return broker.Actor{Kind: broker.ActorPatron, ID: p.patronOf(s).ID, Library: at.ID}
	case "system":
		return broker.System(at.ID)
	case "director":
		return staff(at.ID, "desk", "ill", "director")
	case "ill":
		return staff(at.ID, "desk", "ill")
	}
	return staff(at.ID, "desk", "ill")
}

// patronOf is the patron of a step: the one named, or who has or waits for its
// item.
func (p *play) patronOf(s step) person {
	if name := s.text("patron"); name != "" {
		return p.patrons[name]
	}
	item, known := p.items[s.text("item")]
	if !known {
		return person{}
	}
	var found person
	_ = p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		if loan, err := circulation.LoanOfItem(ctx, tx, item.Ref); err == nil {
			found.Ref = loan.Patron
			return nil
		}
		if hold, err := circulation.HoldOfItem(ctx, tx, item.Ref); err == nil {
			found.Ref = hold.Patron
		}
		return nil
	})
	for _, person := range p.patrons {
		if person.Ref == found.Ref {
			return person
		}
	}
	return found
}

// withDesk acts at the desk of a step, in one transaction.
func (p *play) withDesk(s step, act func(context.Context, *postgres.Tx, desk.At) (desk.Done, error)) (result, error) {
	house, at := p.at(s)
	var done desk.Done
	err := p.try(house, func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = act(ctx, tx, at)
		return err
	})
	if err != nil {
		return result{}, err
	}
	return result{done: &done, notes: done.Notes}, nil
}

// readPolicy reads a policy that ships, or a file beside the scenario's. A file's
// documents above are looked for beside it first.
func readPolicy(beside, name string) (*policy.Document, error) {
	document, err := policy.Preset(name)
	if !broker.IsKind(err, broker.KindNotFound) {
		return document, err
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(beside), name)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		known := policy.Presets()
		message := fmt.Sprintf("%q is neither a policy that ships nor a file that can be read", name)
		if near := broker.Nearest(name, known); near != "" {
			return nil, fmt.Errorf("%s; did you mean %q?", message, near)
		}
		return nil, errors.New(message)
	}
	folder := filepath.Dir(path)
	return policy.ParseUnder(filepath.Base(path), text, func(above string) ([]byte, error) {
		text, err := os.ReadFile(filepath.Join(folder, filepath.Base(above)+".yaml"))
		if errors.Is(err, os.ErrNotExist) {
			return policy.PresetText(above)
		}
		return text, err
	})
}

// policyFiles are the files a scenario's policy may come from, to be watched.
func policyFiles(s *Scenario) []string {
	if slices.Contains(policy.Presets(), s.Library) {
		return nil
	}
	return []string{filepath.Join(filepath.Dir(s.At.File), s.Library)}
}

// dayOf writes a moment as a date at the library.
func (p *play) dayOf(at time.Time) string { return p.home.Today(at).String() }
