package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

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

// open begins a scenario on the stage; set brings about what it gives, and close
// ends it.
func (s *Stage) open(ctx context.Context, scenario *Scenario) *play {
	return &play{
		Stage: s, ctx: ctx, scenario: scenario, houses: map[string]*house{}, patrons: map[string]person{},
		items: map[string]thing{}, titles: map[string]broker.ID{}, requests: map[string]broker.ID{}, households: map[string]broker.ID{},
	}
}

// close takes away what time would still move, so that the next scenario's clock
// touches nothing of this one.
func (p *play) close() error {
	for _, name := range p.documents {
		p.forget(name)
	}
	return p.clear(p.ctx)
}

func (s *Stage) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.documents, name)
}

// set reads the policy and brings about everything that is given.
func (p *play) set() error {
	var err error
	if p.document, err = readPolicy(p.scenario.At.File, p.scenario.Library); err != nil {
		return Mistakes{{p.scenario.policyAt, err.Error()}}
	}
	if err := p.scenario.policyWords(p.document.Classes(), p.document.Items()); err != nil {
		return err
	}
	p.start = p.scenario.steps[0].when.in(p.document.Zone())
	p.clock = broker.NewManualClock(p.start)
	p.post.begin(p.clock)
	return p.bringAbout()
}

// settle works off everything that is due at the moment of the clock.
func (p *play) settleNow() error { return p.post.settle(p.ctx) }

// moment is when a step is, by the library's clock.
func (p *play) momentOf(s step) time.Time { return s.when.in(p.home.Zone) }

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

// dayOf writes a moment as a date at the library.
func (p *play) dayOf(at time.Time) string { return p.home.Today(at).String() }
