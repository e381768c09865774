package nightly

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
)

// Config is what the nightly work needs.
type Config struct {
	DB   *postgres.DB
	Desk *desk.Service
	// Policies gives the document that rules a library.
	Policies standing.Policies
	Log      *slog.Logger
}

// Nights does the nightly work of all libraries.
type Nights struct {
	config Config
	steps  []step
}

// New puts the nightly work together.
func New(config Config) *Nights {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return &Nights{config: config, steps: steps()}
}

// beginsAt is the local hour at which a library's night begins: the day before
// is entirely over, and nobody is at the desk.
const beginsAt = 2 * time.Hour

// Of gives the current night at a moment, or else the last one: the library's
// date, counted from two o'clock.
func Of(library directory.Library, now time.Time) broker.Date {
	return broker.DateIn(now.Add(-beginsAt), library.Zone)
}

// Done is what one step of a night has done.
type Done struct {
	Step string `json:"step"`
	// Slices is how many transactions it took, Touched how many things changed.
	Slices  int   `json:"slices"`
	Touched int64 `json:"touched"`
	// Failed is how many rows were put aside.
	Failed   int  `json:"failed"`
	Finished bool `json:"finished"`
}

// Report is what a night has done so far.
type Report struct {
	Library  broker.ID   `json:"library"`
	Night    broker.Date `json:"night"`
	Steps    []Done      `json:"steps"`
	Finished bool        `json:"finished"`
}

// Run starts or goes on with the current night of a library. It stops when the
// night is over, when ctx ends, or when until (wall time; zero for no limit) is
// reached: then Finished is false and the next Run goes on. progress, where
// given, is called after every slice. A night that is over is left as it is.
func (n *Nights) Run(ctx context.Context, library broker.ID, now, until time.Time, progress func(Report)) (Report, error) {
	night, err := n.begin(ctx, library, now)
	if err != nil {
		return Report{}, err
	}
	report := Report{Library: library, Night: night.On}
	for i := range n.steps {
		report.Steps = append(report.Steps, Done{Step: n.steps[i].name})
		told := func(done Done) {
			report.Steps[i] = done
			if progress != nil {
				progress(report)
			}
		}
		finished, err := n.runStep(ctx, night, n.steps[i], until, told)
		if err != nil {
			return report, fmt.Errorf("nightly step %s: %w", n.steps[i].name, err)
		}
		if !finished {
			return report, nil
		}
	}
	report.Finished = true
	return report, n.finish(ctx, night)
}

// Night is what every slice of a night knows.
type Night struct {
	Library  directory.Library
	On       broker.Date
	Now      time.Time
	Document *policy.Document
	// Branches are the library's buildings with their calendars.
	Branches []directory.Branch

	// sees are the libraries whose rows the night may touch: its own, and those
	// of the shared catalogue, whose copies the library's patrons have.
	sees   []broker.ID
	nights *Nights
	// lentBy are the documents that overdue loans were lent by, and openBy those of
	// all open loans, once asked for.
	lentBy, openBy []*policy.Document
}

// at is the library itself acting, in no particular building.
func (n *Night) at() counter.At {
	return counter.At{Library: n.Library.ID, Actor: broker.System(n.Library.ID), Now: n.Now}
}

// moment is the time at which the policy is asked, for the library as a whole.
func (n *Night) moment() policy.Moment {
	return policy.Moment{Now: n.Now, Calendar: n.Library.Calendar}
}

func (n *Nights) begin(ctx context.Context, library broker.ID, now time.Time) (*Night, error) {
	night := &Night{Now: now, nights: n}
	err := n.config.DB.InTx(ctx, postgres.ForLibraries(library), func(ctx context.Context, tx *postgres.Tx) (err error) {
		if night.Library, err = directory.Load(ctx, tx, library); err != nil {
			return err
		}
		if night.Branches, err = directory.Branches(ctx, tx, library); err != nil {
			return err
		}
		shared, err := directory.SharedWith(ctx, tx, night.Library.SharingGroup)
		night.sees = append([]broker.ID{library}, shared...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin a night: %w", err)
	}
	night.On = Of(night.Library, now)
	night.Document, err = n.config.Policies.At(night.Library, now)
	return night, err
}

// runStep works slice after slice, and returns whether the step is over.
func (n *Nights) runStep(ctx context.Context, night *Night, s step, until time.Time, told func(Done)) (bool, error) {
	wall := broker.SystemClock{}
	limit := s.size
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if !until.IsZero() && wall.Now().After(until) {
			return false, nil
		}
		result, err := n.slice(ctx, night, s, limit)
		switch {
		case err == nil && result.busy:
			return false, nil // another node has it
		case err == nil:
			told(result.done)
			if result.done.Finished {
				return true, nil
			}
			limit = min(limit*2, s.size)
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			return false, err
		case limit > 1:
			limit /= 2
		default:
			if err := n.putAside(ctx, night, s, err); err != nil {
				return false, err
			}
		}
	}
}
