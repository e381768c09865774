package counter

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/acts"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/items"
	"afield/workflow/requests/tasks"
	"afield/workflow/requests/waiting"
)

// Counter is what every act at a desk stands on: the use cases of circulation,
// the requests, and the libraries with their calendars.
type Counter struct {
	Policies standing.Policies
	Holds    *holds.Service
	Loans    *loans.Service
	Returns  *returns.Service
	Requests *requests.Service
	Waiting  waiting.Room
	sites    *directory.Sites
}

// New makes the counter of all libraries. policies must answer from memory.
func New(policies standing.Policies, r *requests.Service) *Counter {
	holds := holds.New(policies)
	return &Counter{
		Policies: policies, Holds: holds, Loans: loans.New(policies), Returns: returns.New(policies, holds),
		Requests: r, Waiting: waiting.New(policies), sites: directory.NewSites(),
	}
}

// At is which desk, who stands there and when.
type At struct {
	Library broker.ID
	Branch  broker.ID // NoID where the library has only one
	Actor   broker.Actor
	Now     time.Time
}

// Done is what a desk act did, in words and as ids.
type Done struct {
	// Did is one word: received, shelved, checked_out, checked_in, captured,
	// sent_on, pulled, shipped, returned_home, renewed, claimed, declared_lost …,
	// unmatched, nothing.
	Did string
	// Message says what was done and what to do with the item.
	Message string
	// Undo is the action of the request that takes it back, or "".
	Undo     string
	Item     broker.ID
	Request  broker.ID
	Task     broker.ID
	Loan     *loans.Loan
	Hold     *holds.Hold
	DueOn    broker.Date
	PickUpBy broker.Date
	Notes    []broker.Reason
	// Charged and TakenBack are what the act did to the patron's account, Refund
	// what is to be given back in money.
	Charged, TakenBack []ledger.Entry
	Refund             broker.Money
	// CountParts is how many pieces staff are to count; 0 where there is one.
	CountParts int
	Claim      *loans.Claim
	// TellPatron means that staff should tell the patron.
	TellPatron bool
	// Replayed means that it had been done before, and nothing was done now.
	Replayed bool
	// Act is what was recorded of it, by which it can be undone; none where nothing
	// was.
	Act acts.Act
}

// Desk gives the desk with its library, and lets the transaction see the
// sharing group, whose items and patrons may be served at each other's desks.
func (c *Counter) Desk(ctx context.Context, tx *postgres.Tx, at At) (standing.Desk, error) {
	site, err := c.sites.Of(ctx, tx, at.Library)
	if err != nil {
		return standing.Desk{}, err
	}
	return at.desk(site), nil
}

// DeskAsking is Desk, with what ask puts into the same round trip. ask may be
// called a second time, and then starts anew.
func (c *Counter) DeskAsking(ctx context.Context, tx *postgres.Tx, at At, ask func(*directory.Site)) (standing.Desk, error) {
	site, err := c.sites.With(ctx, tx, at.Library, ask)
	if err != nil {
		return standing.Desk{}, err
	}
	return at.desk(site), nil
}

func (at At) desk(site *directory.Site) standing.Desk {
	desk := standing.Desk{Library: site.Library, Branch: at.Branch, Actor: at.Actor, Now: at.Now}
	if branch, found := site.Branch(at.Branch); found {
		desk.Opening, desk.BranchCode = branch.Calendar, branch.Code // its own hours and closures
	}
	return desk
}

// Follow fires what a loan or return means for the request it served, and for
// the next request whose hold was given the copy, or another copy that was kept
// for the patron. It tells patrons what no request tells them.
func (c *Counter) Follow(ctx context.Context, tx *postgres.Tx, at At, outcome loans.Outcome, event workflow.Event, input workflow.Input) error {
	if outcome.Serves != nil && event != "" && !outcome.Replayed {
		input = about(outcome, input)
		_, err := c.FireOrNote(ctx, tx, at, engine.Firing{
			Library: outcome.Serves.Library, Request: outcome.Serves.Request, Event: event, Input: input,
			By: workflow.ByDesk, Actor: at.Actor, Cause: engine.Cause{Kind: "desk"},
		})
		if err != nil {
			return err
		}
	}
	if outcome.Next != nil {
		if _, err := c.FireOrNote(ctx, tx, at, items.CopyGiven(outcome.Outcome, *outcome.Next, at.Actor)); err != nil {
			return err
		}
	}
	if outcome.Freed != nil {
		if err := c.Given(ctx, tx, at, OfHold(*outcome.Freed)); err != nil {
			return err
		}
	}
	return c.Tell(ctx, tx, at, outcome)
}

// NotThere fires what it means for the request of a hold that its copy is not
// where it should be: it waits for another copy, or looks elsewhere. A hold that
// only waits on, as before, means nothing for its request.
func (c *Counter) NotThere(ctx context.Context, tx *postgres.Tx, at At, outcome holds.Outcome) error {
	event := workflow.Event("")
	switch {
	case outcome.Hold == nil || outcome.Replayed:
	case outcome.Hold.Status == holds.Unfilled:
		event = workflow.EventHoldNotFound
	case outcome.Hold.Status == holds.Placed && outcome.Hold.PlacedAt.Equal(at.Now):
		event = workflow.EventHoldWaits // first in the queue again, by this act
	}
	return c.Follow(ctx, tx, at, OfHold(outcome), event, nil)
}

// about adds to what a request is told which item the act was about, and who has
// it.
func about(outcome loans.Outcome, input workflow.Input) workflow.Input {
	if input == nil {
		input = workflow.Input{}
	}
	if outcome.Item != nil {
		input["item"] = outcome.Item.ID
	}
	if outcome.Loan != nil {
		input["patron"] = outcome.Loan.Patron
	}
	return input
}

// Given fires the request whose hold was given a copy.
func (c *Counter) Given(ctx context.Context, tx *postgres.Tx, at At, outcome loans.Outcome) error {
	if outcome.Serves == nil || outcome.Replayed {
		return c.Tell(ctx, tx, at, outcome)
	}
	_, err := c.FireOrNote(ctx, tx, at, items.CopyGiven(outcome.Outcome, *outcome.Serves, at.Actor))
	return err
}

// Fire fires what an act at a desk means for a request, and gives the request
// as it is afterwards.
func (c *Counter) Fire(ctx context.Context, tx *postgres.Tx, at At, library, request broker.ID, event workflow.Event, input workflow.Input) (engine.Fired, error) {
	tx.Widen(library)
	fired, err := c.Requests.Fire(ctx, tx, at.Now, engine.Firing{
		Library: library, Request: request, Event: event, Input: input,
		By: workflow.ByDesk, Actor: at.Actor, Cause: engine.Cause{Kind: "desk"},
	})
	if err != nil {
		return engine.Fired{}, err
	}
	return fired[0], nil
}

// NotExpected tells whether an event failed because the request does not expect
// it: not in its state, or not as it stands.
func NotExpected(err error) bool {
	ours, ok := broker.AsError(err)
	return ok && (ours.Code == "not_in_this_state" || ours.Code == "not_now")
}

// FireOrNote fires what a physical act means for a request. The act has
// happened, so a request that does not expect it never undoes it: it is noted,
// staff get a task, and known is false.
func (c *Counter) FireOrNote(ctx context.Context, tx *postgres.Tx, at At, firing engine.Firing) (known bool, err error) {
	tx.Widen(firing.Library)
	_, err = c.Requests.Fire(ctx, tx, at.Now, firing)
	if !NotExpected(err) {
		return err == nil, err
	}
	words := "Done at the desk, though the request did not expect it: " + firing.Event.Words() + "."
	tasks.Open(tx, firing.Library, firing.Request, "desk_differs", words+" Look what follows from it.", at.Now)
	firing.Event, firing.Input, firing.By = workflow.EventNote, workflow.Input{"note": words}, workflow.BySystem
	_, err = c.Requests.Fire(ctx, tx, at.Now, firing)
	return false, err
}

// OfHold makes an outcome of an act with a hold, so that every act is followed
// up the same way.
func OfHold(outcome holds.Outcome) loans.Outcome {
	return loans.Outcome{Outcome: outcome}
}

// DoneOf says what an act did, from what came of it.
func DoneOf(did string, outcome loans.Outcome) Done {
	done := Done{
		Did: did, Loan: outcome.Loan, Hold: outcome.Hold, Notes: outcome.Warnings, Charged: outcome.Charged, TakenBack: outcome.TakenBack,
		Refund: outcome.Refund, CountParts: outcome.CountParts, Claim: outcome.Claim, TellPatron: outcome.TellPatron,
		Replayed: outcome.Replayed,
	}
	for i, said := range outcome.Said {
		if i > 0 {
			done.Message += " "
		}
		done.Message += said
	}
	if outcome.Item != nil {
		done.Item = outcome.Item.ID
	}
	if outcome.Loan != nil {
		done.DueOn = outcome.Loan.DueOn
	}
	if outcome.Given != nil {
		done.Hold = outcome.Given
	}
	if done.Hold != nil {
		done.PickUpBy = done.Hold.PickUpBy
	}
	if outcome.Serves != nil {
		done.Request = outcome.Serves.Request
	}
	return done
}
