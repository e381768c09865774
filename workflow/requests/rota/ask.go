package rota

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/policy/ill"
	"afield/connectors"
	"afield/workflow/requests/engine"
	"afield/workflow/routing"
)

// AskLender puts the question to the active lender, in the way its tier says.
func (r Room) AskLender(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	entry := c.Active()
	if entry == nil {
		return nil, fmt.Errorf("request %d: no lender to ask", c.Request.Number)
	}
	lender, err := c.Lender(ctx, entry.LenderID)
	if err != nil {
		return nil, err
	}
	entry.Status, entry.AskedAt = engine.EntryAsked, c.Now
	entry.Touch()
	c.Counted(routing.NoteAsked(c.Tx, entry.LenderID))
	wants := engine.Wants{engine.Fact{Name: "lender_id", Value: entry.LenderID}, engine.Fact{Name: "tier", Value: entry.TierName}}
	ask := connectors.Message{
		Kind: connectors.KindRequest, Citation: &c.Request.Citation, Service: c.Request.Service, NeedBy: c.Request.NeedBy,
		MaxCost: mostCost(c), Rush: c.Request.Rush, Copyright: textOf(c.Request.Copyright), PreviousRequestID: idText(entry.RetryOf),
	}
	reachable, err := r.reachable(lender, ask)
	switch {
	case err != nil:
		return nil, err
	case entry.Fulfilment == "hold":
		entry.ConfirmedAt = c.Now
		return wants, r.placeHold(ctx, c, lender)
	case entry.Fulfilment == "ill" && reachable:
		return append(wants, engine.Say{Message: ask}), nil
	default:
		entry.Fulfilment = "staff"
		c.Request.Fulfilment = &entry.Fulfilment
		return append(wants, engine.OpenTask{
			Kind: "ask_by_hand", Detail: "Ask " + lender.Name + " by hand (telephone, mail or its own system), then record the answer here.",
		}), nil
	}
}

// reachable tells whether a library can be asked by a message now.
func (r Room) reachable(lender *directory.Lender, ask connectors.Message) (bool, error) {
	protocol, err := r.Protocols.Of(string(lender.Protocol))
	return protocol.CanSay(ask) && !lender.Paused, err
}

// mostCost is what the lender may charge without asking again: what the patron
// approved; nil where nobody approved anything.
func mostCost(c *engine.Case) *broker.Money {
	if c.Request.ApprovedCostMinor == 0 {
		return nil
	}
	money := c.Request.Money(c.Request.ApprovedCostMinor)
	return &money
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// idText writes an id for a message, and nothing for none.
func idText(id broker.ID) string {
	if id == broker.NoID {
		return ""
	}
	return id.String()
}

// placeHold asks a library of the sharing group by putting the patron into the
// title's queue there: first requested, first supplied.
func (r Room) placeHold(ctx context.Context, c *engine.Case, lender *directory.Lender) error {
	c.Tx.Widen(lender.ID)
	title := broker.NoID
	if c.Request.TitleID != broker.NoID {
		title = c.Request.TitleID
	}
	_, err := r.Holds.PlaceHold(ctx, c.Tx, holds.PlaceHold{
		Desk: c.Desk(), Library: lender.ID, Title: title, Patron: c.Patron(), Request: c.Ref(),
		Pickup: c.Request.Branch(), QueuedAt: c.Request.SubmittedAt,
	})
	return err
}

// AskAgain repeats an ask under a new id that names the earlier one.
func (r Room) AskAgain(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	earlier := c.Rota.Retry()
	if earlier == nil {
		return nil, broker.Conflict("nobody_to_ask_again", "No lender of this request said when to ask again.")
	}
	earlier.Status = engine.EntryRefused
	earlier.Touch()
	again := *earlier
	again.ID, again.Position, again.Status = broker.NewID(), c.Rota.LastPosition()+1, engine.EntryNext
	again.RetryOf, again.RetryAfter, again.Answer = earlier.ID, broker.Date{}, ""
	again.AskedAt, again.ConfirmedAt, again.AnsweredAt = time.Time{}, time.Time{}, time.Time{}
	c.Rota.Add(&again)
	c.Depend(&again)
	return r.AskLender(ctx, c)
}

// addedByStaff is the tier of lenders that staff named, after all others.
const addedByStaff = 99

// AskedElsewhere in a firing's data tells AddLender that the library was asked in
// another system: staff go on dealing with it by hand, whatever it speaks.
const AskedElsewhere = "asked_elsewhere"

// AddLender puts a library that staff named at the front of what is left.
func (r Room) AddLender(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	lender, err := lenderNamed(ctx, c, c.Firing.Input.Text("lender"))
	if err != nil {
		return nil, err
	}
	if lender.ID == c.Request.LibraryID {
		return nil, broker.Invalid(broker.FieldError{Pointer: "/lender", Code: "own_library", Message: "must be another library"})
	}
	elsewhere := c.Firing.Data[AskedElsewhere] == true
	if decision := ill.MayAskLender(c.Policy, c.Moment(), ill.Lender{Place: lender.Place(), Match: c.Asked()}); !decision.Allowed {
		if err := decision.Err("lender_not_allowed"); err != nil && !elsewhere && !decision.OverridableBy(c.Firing.Actor.Roles) {
			return nil, err
		}
	}
	cost, given := c.Firing.Input.Money("cost") // not given: nobody knows
	if !given {
		cost = broker.Money{Currency: c.Request.Currency}
	}
	reachable, err := r.reachable(lender, connectors.Message{Kind: connectors.KindRequest})
	if err != nil {
		return nil, err
	}
	fulfilment := "staff"
	if reachable && !elsewhere {
		fulfilment = "ill"
	}
	if err := passOverRules(ctx, c); err != nil {
		return nil, err
	}
	for _, entry := range c.Rota {
		if entry.LenderID == lender.ID && entry.Status == engine.EntryNext {
			entry.Status = engine.EntryPassed
			entry.Touch()
		}
	}
	c.Rota.AddFirst(&engine.RotaEntry{
		LibraryID: c.Request.LibraryID, RequestID: c.Request.ID, ID: broker.NewID(), Position: c.Rota.LastPosition() + 1,
		LenderID: lender.ID, Tier: addedByStaff, TierName: "Added by staff", Fulfilment: fulfilment, Status: engine.EntryNext,
		CostKnown: given, CostMinor: cost.Minor, Currency: cost.Currency, DaysToRespond: 4,
		Why: []broker.Reason{{Code: "added_by_staff", Rule: "routing.by_staff", Message: "Staff named this library."}},
	})
	return nil, c.Meet(ctx)
}

// lenderNamed finds a library by id or symbol.
func lenderNamed(ctx context.Context, c *engine.Case, text string) (*directory.Lender, error) {
	id, err := broker.ParseID("lender", text)
	if err != nil {
		symbol, symbolErr := broker.ParseSymbol(text)
		if symbolErr != nil {
			return nil, broker.Invalid(broker.FieldError{Pointer: "/lender", Code: "not_a_library", Message: "must be a library's id or its symbol such as ISIL:US-NWPTL"})
		}
		library, err := directory.BySymbol(ctx, c.Tx, symbol)
		if err != nil {
			return nil, err
		}
		id = library.ID
	}
	return c.Lender(ctx, id)
}
