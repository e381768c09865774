package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"afield/api/web"
	"afield/broker"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/cmd/afield/app"
	"afield/connectors"
)

// Config is what the demo needs.
type Config struct {
	// DB is a migrated database. With Exit, the demo must not be in it yet.
	DB *postgres.DB
	// Secret is the server's own, 32 bytes or more.
	Secret []byte
	// Listen is where to serve; with Exit a free port of this machine is used.
	Listen string
	// Exit tells the stories and ends; otherwise the demo is served afterwards.
	Exit bool
	// Only plays the stories with these ids, separated by commas.
	Only string
	// JSON writes the report for programs.
	JSON bool
	// Out takes the report and how to sign in, Progress messages on the way.
	Out, Progress io.Writer
	Log           *slog.Logger
	Version       string
	// Policies gives policy documents; nil takes the presets. Tests break a rule
	// here to see that a story notices.
	Policies func(name string) (*policy.Document, error)
	// Telling is how notices are sent out; by default they are not.
	Telling app.Telling
	// today is the last day; zero is the system's. Tests set it.
	today broker.Date
}

// ending is the last day of the stories.
func (c Config) ending() broker.Date {
	if !c.today.IsZero() {
		return c.today
	}
	return broker.DateIn(broker.SystemClock{}.Now(), time.UTC)
}

// end is the instant at which the stories end: now, if the last day is the
// system's today.
func (c Config) end() time.Time {
	if !c.today.IsZero() {
		return c.today.At(12, 0, time.UTC)
	}
	return broker.SystemClock{}.Now()
}

// ErrNotAsTold says that a story came out differently, or that an invariant
// does not hold; the report says which.
var ErrNotAsTold = errors.New("not everything came out as told")

// ErrUnknownStory says that Only names no story.
var ErrUnknownStory = errors.New("there is no such story")

// ErrPlayed says that the stories were played in this database before.
var ErrPlayed = errors.New("the stories were played in this database before; they need one where they were not")

// Run loads the demo where it is not yet, plays the stories where they were not
// played, and serves it until the context ends, unless Config.Exit. The error is ErrNotAsTold when the
// report has failures.
func Run(ctx context.Context, config Config) (Report, error) {
	chosen, err := choose(config.Only)
	if err != nil {
		return Report{}, err
	}
	played, err := Played(ctx, config.DB)
	if err != nil {
		return Report{}, err
	}
	if played && config.Exit {
		return Report{}, ErrPlayed
	}
	today := config.ending()
	clock := NewClock(beginning(today).Start(time.UTC))
	if played {
		clock.Release()
	}
	running, err := start(ctx, config, clock)
	if err != nil {
		return Report{}, err
	}
	defer running.close()
	report := Report{From: beginning(today), To: today, Passed: true}
	if !played {
		config.progress("Playing the stories, from %s to today …", beginning(today))
		if report, err = running.tell(ctx, config, chosen); err != nil {
			return report, err
		}
		if err := config.show(report); err != nil {
			return report, err
		}
	}
	if played {
		config.progress("The stories were played here before; serving what they left.")
	}
	if config.Exit {
		return report, report.err()
	}
	return report, running.serve(ctx, config)
}

// beginning is the first day of the demo's calendar.
func beginning(today broker.Date) broker.Date {
	return renewalDue(today).AddDays(-21).Earlier(firstMonday(today).AddDays(-1))
}

func choose(only string) ([]story, error) {
	all := stories()
	if only == "" {
		return all, nil
	}
	wanted := strings.Split(only, ",")
	for _, id := range wanted {
		if !slices.ContainsFunc(all, func(s story) bool { return s.id == id }) {
			return nil, fmt.Errorf("%w: %q", ErrUnknownStory, id)
		}
	}
	return slices.DeleteFunc(all, func(s story) bool { return !slices.Contains(wanted, s.id) }), nil
}

func (r Report) err() error {
	if r.Passed {
		return nil
	}
	return ErrNotAsTold
}

func (c Config) progress(format string, args ...any) {
	if c.Progress != nil {
		fmt.Fprintf(c.Progress, format+"\n", args...)
	}
}

func (c Config) show(report Report) error {
	if !c.JSON {
		report.write(c.Out)
		return nil
	}
	encoder := json.NewEncoder(c.Out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

// running is the demo with its server and partners.
type running struct {
	app      *app.App
	partners partners
	stage    *stage
	front    *front
}

// breakerRests is short because the demo's days pass in seconds.
const breakerRests = 200 * time.Millisecond

func start(ctx context.Context, config Config, clock *Clock) (*running, error) {
	listen := config.Listen
	if config.Exit {
		listen = "127.0.0.1:0"
	}
	r := &running{front: &front{version: config.Version, clock: clock, db: config.DB}}
	var err error
	r.app, err = app.Start(ctx, app.Config{
		DB: config.DB, Clock: clock, Listen: listen, Secret: config.Secret, Log: config.Log, Version: config.Version,
		Pages: web.Config{About: r.front.page, Accounts: r.front.accounts}, Policies: config.Policies, Breakers: connectors.BreakerSettings{OpenFor: breakerRests}, Telling: config.Telling,
	})
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*running, error) { r.close(); return nil, err }
	if err := Load(ctx, config.DB, r.app.Access, clock.Now(), firstMonday(config.ending()).AddDays(-1)); err != nil {
		return fail(err)
	}
	if r.partners, err = startPartners(r.app.URL()+"/v1/partner/messages", clock.Now); err != nil {
		return fail(err)
	}
	if err := r.partners.register(ctx, config.DB, r.app.Access, r.app.Vault, clock.Now()); err != nil {
		return fail(err)
	}
	r.app.Cache.Invalidate()
	signIns, err := issue(ctx, config.DB, r.app.Access)
	if err != nil {
		return fail(err)
	}
	r.stage = &stage{
		db: config.DB, clock: clock, api: newClient(r.app.URL()), settle: r.app.Settle, partners: r.partners,
		signIns: signIns, tokens: map[string]string{}, reset: r.app.Protocols.Reset,
	}
	r.front.ready(r.app.Requests, signIns)
	return r, nil
}

func (r *running) close() {
	r.partners.close()
	if r.app != nil {
		_ = r.app.Close() // the stories are over; there is nothing left to lose
	}
}

// tell plays the stories up to today and checks every invariant.
func (r *running) tell(ctx context.Context, config Config, chosen []story) (Report, error) {
	today := config.ending()
	r.stage.today, r.stage.monday = today, firstMonday(today)
	report := Report{From: beginning(today), To: today}
	tellers, err := r.stage.perform(ctx, chosen)
	if err != nil {
		return report, err
	}
	if err := r.stage.advance(ctx, config.end()); err != nil {
		return report, err
	}
	if config.today.IsZero() {
		r.stage.clock.Release()
	}
	if len(chosen) > 1 { // not when one story was asked for
		open, err := r.stage.perform(ctx, []story{openToday()})
		if err != nil {
			return report, err
		}
		tellers = append(tellers, open...)
	}
	if report.Breaches, err = breaches(ctx, r.app.DB); err != nil {
		return report, err
	}
	report.Passed = len(report.Breaches) == 0
	for _, one := range tellers {
		told := one.report()
		report.Passed = report.Passed && told.Passed
		report.Stories = append(report.Stories, told)
	}
	return report, nil
}

// breaches gives the invariants that do not hold.
func breaches(ctx context.Context, db *postgres.DB) (broken []postgres.Invariant, err error) {
	checked, err := db.Invariants(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at the invariants: %w", err)
	}
	return slices.DeleteFunc(checked, func(one postgres.Invariant) bool { return one.Count == 0 }), nil
}

// serve keeps the demo running on the system's clock until the context ends.
func (r *running) serve(ctx context.Context, config Config) error {
	if err := r.welcome(config); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	talking := make(chan struct{})
	go func() { // ends with the context
		defer close(talking)
		r.keepTalking(ctx)
	}()
	err := r.app.Wait(ctx)
	stop()
	<-talking
	return err
}

// keepTalking lets the partners answer for as long as the demo is served.
func (r *running) keepTalking(ctx context.Context) {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		each, stop := context.WithTimeout(ctx, 5*time.Second)
		_, _ = r.partners.settle(each) // what did not get through is sent again at the next tick
		stop()
	}
}
