package cutover

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/catalog"
	"afield/broker/exchange"
	"afield/broker/notices"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/rota"
	"afield/workflow/requests/tasks"
)

// Room takes requests in.
type Room struct {
	Requests *requests.Service
	Desk     *desk.Service
	Clock    broker.Clock
}

// step moves a request on by what happened in the other system.
type step func(context.Context, *moving) error

// ways are the states a request can be taken in with, and how it gets there. Where
// it is with its lender or on its way, the lender must be known; once it was here,
// its barcode too.
var ways = map[workflow.State][]step{
	workflow.NeedsReview:   {},
	workflow.Requested:     {asked},
	workflow.WillSupply:    {asked, promised},
	workflow.Shipped:       {asked, shipped},
	workflow.Received:      {asked, shipped, received},
	workflow.OnHoldShelf:   {asked, shipped, received, shelved},
	workflow.CheckedOut:    {asked, shipped, received, lent},
	workflow.ReturnDue:     {asked, shipped, received, shelved, notWanted},
	workflow.ReturnShipped: {asked, shipped, received, shelved, notWanted, sentBack},
}

// wasHere are the states in which the lender's copy is or was in the library.
var wasHere = []workflow.State{workflow.Received, workflow.OnHoldShelf, workflow.CheckedOut, workflow.ReturnDue, workflow.ReturnShipped}

// States lists the states a request can be taken in with.
func States() (states []string) {
	for _, place := range workflow.Borrowing.Places { // in the table's order
		if _, known := ways[place.State]; known {
			states = append(states, string(place.State))
		}
	}
	return states
}

// Check tells what is wrong with a row by itself.
func (r Room) Check(begun exchange.Begun) (wrong []broker.FieldError) {
	bad := func(pointer, code, message string) {
		wrong = append(wrong, broker.FieldError{Pointer: pointer, Code: code, Message: message})
	}
	state := workflow.State(begun.State)
	steps, known := ways[state]
	switch {
	case begun.State == "":
	case !known:
		bad("/state", "unknown", "is no state a request can be taken in with; right are "+strings.Join(States(), ", ")+" (requests that have ended stay in the other system)")
	case len(steps) > 0 && begun.Lender == broker.NoID:
		bad("/lender", "required", "is needed for a request that is "+begun.State)
	}
	if slices.Contains(wasHere, state) {
		if begun.Barcode == "" {
			bad("/barcode", "required", "is needed for a copy that is "+begun.State)
		}
		if begun.Due.IsZero() {
			bad("/due", "required", "is needed for a copy that is "+begun.State+": its lender wants it back")
		}
	}
	if !begun.PatronDue.IsZero() && state != workflow.CheckedOut {
		bad("/patron_due", "not_lent", "is only for a copy that is checked_out")
	}
	if !begun.AskedAt.IsZero() && begun.AskedAt.After(r.Clock.Now()) {
		bad("/asked", "in_the_future", "is in the future")
	}
	if begun.Citation.ISBN != "" && broker.NormalISBN(begun.Citation.ISBN) == "" {
		bad("/citation/isbn", "wrong_isbn", "is not a valid ISBN-10 or ISBN-13 (a digit may be mistyped)")
	}
	if format := begun.Citation.Format; !format.Returnable() || !slices.Contains(broker.Formats(), format) {
		var loans []string
		for _, one := range broker.Formats() {
			if one.Returnable() {
				loans = append(loans, string(one))
			}
		}
		bad("/citation/format", "unknown", "is nothing that is lent and given back; right are "+strings.Join(loans, ", "))
	}
	return wrong
}

// Take stores a request and moves it to the state it had. Everything is written by
// the transaction it is given, or nothing.
func (r Room) Take(ctx context.Context, tx *postgres.Tx, library broker.ID, begun exchange.Begun) (isNew bool, err error) {
	now := r.Clock.Now()
	request, err := r.Requests.TakeOver(ctx, tx, now, requests.TakenOver{
		Submission: requests.Submission{
			Library: library, Patron: begun.Patron, Citation: begun.Citation, NeedBy: begun.NeedBy, PickupBranch: begun.Pickup, Note: begun.Note,
		},
		Number: begun.Number, AskedAt: begun.AskedAt,
	})
	if err != nil || request == nil {
		return false, err
	}
	m := &moving{Room: r, tx: tx, now: now, begun: begun, library: library, request: request.ID, branch: request.Branch(), nothing: request.Money(0)}
	for _, on := range ways[workflow.State(begun.State)] {
		if err := on(ctx, m); err != nil {
			return false, err
		}
	}
	ended, err := r.Requests.Load(ctx, tx, library, request.ID)
	if err == nil && string(ended.State) != begun.State {
		err = broker.Conflict("not_reached", "It cannot be %s here: it would be %s.", begun.State, ended.State)
	}
	if err != nil {
		return false, err
	}
	notices.WithdrawForRequest(tx, library, request.ID, now) // the patron has heard of it
	return true, nil
}

// moving is one request on its way to its state.
type moving struct {
	Room
	tx                       *postgres.Tx
	now                      time.Time
	begun                    exchange.Begun
	library, request, branch broker.ID
	nothing                  broker.Money // what the lender still asks
}

func (m *moving) fire(ctx context.Context, event workflow.Event, by workflow.Party, input workflow.Input, data map[string]any) error {
	_, err := m.Requests.Fire(ctx, m.tx, m.now, engine.Firing{
		Library: m.library, Request: m.request, Event: event, By: by, Actor: broker.System(m.library),
		Cause: engine.Cause{Kind: "file", ID: m.begun.Number}, Input: input, Data: data,
	})
	return err
}

func asked(ctx context.Context, m *moving) error {
	err := m.fire(ctx, workflow.EventAddLender, workflow.ByStaff,
		workflow.Input{"lender": m.begun.Lender.String(), "cost": m.nothing}, map[string]any{rota.AskedElsewhere: true})
	if err == nil {
		tasks.Settle(m.tx, m.library, m.request, "ask_by_hand", m.now) // it was asked
	}
	return err
}

func promised(ctx context.Context, m *moving) error {
	return m.fire(ctx, workflow.EventWillSupply, workflow.ByStaff, nil, nil)
}

func shipped(ctx context.Context, m *moving) error {
	input := workflow.Input{}
	if !m.begun.Due.IsZero() {
		input["due"] = m.begun.Due
	}
	if m.begun.Barcode != "" {
		input["barcode"] = m.begun.Barcode
	}
	return m.fire(ctx, workflow.EventLoaned, workflow.ByStaff, input, nil)
}

func received(ctx context.Context, m *moving) error {
	return m.fire(ctx, workflow.EventReceive, workflow.ByDesk, workflow.Input{"barcode": m.begun.Barcode, "due": m.begun.Due}, nil)
}

func shelved(ctx context.Context, m *moving) error {
	return m.fire(ctx, workflow.EventShelve, workflow.ByDesk, nil, nil)
}

func notWanted(ctx context.Context, m *moving) error {
	return m.fire(ctx, workflow.EventReturnUnclaimed, workflow.ByStaff, nil, nil)
}

func sentBack(ctx context.Context, m *moving) error {
	err := m.fire(ctx, workflow.EventShipReturn, workflow.ByStaff, nil, nil)
	if err == nil {
		tasks.Settle(m.tx, m.library, m.request, "tell_by_hand_shipped_return", m.now) // it was told
	}
	return err
}

// lent enters the loan. What policy would ask first was asked when it was lent: what
// a director may pass over is passed over.
func lent(ctx context.Context, m *moving) error {
	actor := broker.System(m.library)
	actor.Roles = access.Roles()
	copied, err := catalog.ItemOfRequest(ctx, m.tx, m.library, m.request, false)
	if err != nil {
		return err
	}
	at := counter.At{Library: m.library, Branch: m.branch, Actor: actor, Now: m.now}
	lend := desk.CheckOut{Barcode: copied.Barcode, Patron: m.begun.Patron, Due: m.begun.PatronDue}
	_, err = m.Desk.CheckOut(ctx, m.tx, at, lend)
	if refused, ours := broker.AsError(err); ours && len(refused.Reasons) > 0 {
		for _, reason := range refused.Reasons {
			lend.Overrides = append(lend.Overrides, reason.Code)
		}
		lend.Reason = fmt.Sprintf("It was lent in another system, as number %s.", m.begun.Number)
		_, err = m.Desk.CheckOut(ctx, m.tx, at, lend)
	}
	return err
}
