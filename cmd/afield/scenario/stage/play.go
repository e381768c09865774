package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"afield/broker"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/cmd/afield/scenario/language"
	"afield/workflow/desk/counter"
)

// Result is what a step did.
type Result struct {
	// Err is a refusal by, or a conflict in, the use case; any other error ends
	// the scenario.
	Err *broker.Error
	// Done is what the desk did.
	Done *counter.Done
	// Notes are warnings that did not stop the act.
	Notes []broker.Reason
	// Told are facts about this act only: fee, deposit, refund …
	Told map[string]string
	// Decision is the policy's own answer, where a question was asked.
	Decision *policy.Decision
}

// Refused tells whether the step was refused.
func (r Result) Refused() bool { return r.Err != nil || (r.Decision != nil && !r.Decision.Allowed) }

// Reasons are the reasons it was refused for.
func (r Result) Reasons() []broker.Reason {
	if r.Err != nil {
		return r.Err.Reasons
	}
	if r.Decision != nil {
		return r.Decision.Reasons
	}
	return nil
}

// Why explains a refusal as the policy does, by the library's clock.
func (r Result) Why(zone *time.Location) []string {
	switch {
	case r.Decision != nil:
		return r.Decision.Lines(zone)
	case r.Err == nil:
		return nil
	case len(r.Err.Reasons) == 0:
		return []string{r.Err.Error()}
	}
	explained := policy.Decision{Question: r.Err.Code, Reasons: r.Err.Reasons}.Lines(zone)
	return append([]string{r.Err.Detail}, explained[1:]...)
}

// Open begins a scenario on the stage; Set brings about what it gives, and Close
// ends it.
func (s *Stage) Open(ctx context.Context, scenario *language.Scenario) *Play {
	return &Play{
		Stage: s, Ctx: ctx, Scenario: scenario, Houses: map[string]*House{}, Patrons: map[string]Person{},
		Items: map[string]Thing{}, titles: map[string]broker.ID{}, Requested: map[string]broker.ID{}, Households: map[string]broker.ID{},
	}
}

// Close removes what would still change as time passes, so that the next
// scenario's clock affects nothing of this one.
func (p *Play) Close() error {
	for _, name := range p.documents {
		p.forget(name)
	}
	return p.clear(p.Ctx)
}

func (s *Stage) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.documents, name)
}

// Set reads the policy and brings about everything that is given.
func (p *Play) Set() error {
	var err error
	if p.Document, err = readPolicy(p.Scenario.At.File, p.Scenario.Library); err != nil {
		return language.Mistakes{{Position: p.Scenario.PolicyAt, Message: err.Error()}}
	}
	if err := p.Scenario.PolicyWords(p.Document.Classes(), p.Document.Items()); err != nil {
		return err
	}
	p.start = p.Scenario.Steps[0].When.In(p.Document.Zone())
	p.clock = broker.NewManualClock(p.start)
	p.post.begin(p.clock)
	return p.bringAbout()
}

// SettleNow works off everything that is due at the clock's moment.
func (p *Play) SettleNow() error { return p.post.settle(p.Ctx) }

// MomentOf is when a step happens, by the library's clock.
func (p *Play) MomentOf(s language.Step) time.Time { return s.When.In(p.Home.Zone) }

// Pass lets time go on until a moment: what falls due on the way happens when
// it is due, not when somebody next looks. That includes what was given, which
// began before the first step.
func (p *Play) Pass(until time.Time) error {
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
		if err := p.post.settle(p.Ctx); err != nil {
			return err
		}
		if again, err := p.nextDeadline(); err != nil || again.Equal(next) {
			return errors.Join(err, p.arrive(until)) // the deadline cannot be handled now; it is tried again then
		}
	}
	return p.arrive(until)
}

func (p *Play) arrive(at time.Time) error {
	p.clock.Set(at)
	p.post.clock = p.clock
	return p.post.settle(p.Ctx)
}

// nextDeadline is the moment the earliest deadline of any request passes; zero
// where there is none.
func (p *Play) nextDeadline() (next time.Time, err error) {
	err = p.Everywhere(func(ctx context.Context, tx *postgres.Tx) error {
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

// At is the desk of a step, with who acts there.
func (p *Play) At(s language.Step) (*House, counter.At) {
	house, branch := p.deskNamed(s.Text("desk"))
	return house, counter.At{Library: house.ID, Branch: branch, Actor: p.actor(s, house), Now: p.Now()}
}

func (p *Play) actor(s language.Step, at *House) broker.Actor {
	switch s.Text("by") {
	case "patron":
		return broker.Actor{Kind: broker.ActorPatron, ID: p.PatronOf(s).ID, Library: at.ID}
	case "system":
		return broker.System(at.ID)
	case "director":
		return Staff(at.ID, "desk", "ill", "director")
	case "ill":
		return Staff(at.ID, "desk", "ill")
	}
	return Staff(at.ID, "desk", "ill")
}

// PatronOf is the patron of a step: the one named, or the one who has or waits
// for its item.
func (p *Play) PatronOf(s language.Step) Person {
	if name := s.Text("patron"); name != "" {
		return p.Patrons[name]
	}
	item, known := p.Items[s.Text("item")]
	if !known {
		return Person{}
	}
	var found Person
	_ = p.Everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		if loan, err := loans.OfItem(ctx, tx, item.Ref); err == nil {
			found.Ref = loan.Patron
			return nil
		}
		if hold, err := holds.OfItem(ctx, tx, item.Ref); err == nil {
			found.Ref = hold.Patron
		}
		return nil
	})
	for _, person := range p.Patrons {
		if person.Ref == found.Ref {
			return person
		}
	}
	return found
}

// WithDesk acts at the desk of a step, in one transaction.
func (p *Play) WithDesk(s language.Step, act func(context.Context, *postgres.Tx, counter.At) (counter.Done, error)) (Result, error) {
	house, at := p.At(s)
	var done counter.Done
	err := p.Try(house, func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = act(ctx, tx, at)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return Result{Done: &done, Notes: done.Notes}, nil
}

// readPolicy reads a policy that ships, or a file beside the scenario's. A
// file's parent documents are looked for beside it first.
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

// DayOf writes a moment as a date at the library.
func (p *Play) DayOf(at time.Time) string { return p.Home.Today(at).String() }
