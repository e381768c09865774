package rota

import (
	"context"

	"afield/broker"
	"afield/broker/policy/ill"
	"afield/workflow"
	"afield/workflow/requests/engine"
	"afield/workflow/routing"
)

// mostAsks is how often one lender is asked for one request, when it keeps
// saying later.
const mostAsks = 4

// EntryConfirmed notes that the lender has the request: its clock starts.
func EntryConfirmed(_ context.Context, c *engine.Case) (engine.Wants, error) {
	entry := c.Active()
	if entry == nil || !entry.ConfirmedAt.IsZero() {
		return nil, nil
	}
	entry.ConfirmedAt = c.Now
	entry.Touch()
	return engine.Wants{engine.RestartDeadline{}}, nil
}

// EntryOffered notes the conditions and the cost that the lender names.
func EntryOffered(_ context.Context, c *engine.Case) (engine.Wants, error) {
	entry := c.Active()
	if entry == nil {
		return nil, nil
	}
	entry.Touch()
	entry.Status = engine.EntryOffered
	entry.Conditions, entry.Answer = c.Firing.Input.Text("conditions"), "conditional"
	if cost, given := c.Firing.Input.Money("cost"); given {
		entry.CostKnown, entry.CostMinor, entry.Currency = true, cost.Minor, cost.Currency
		entry.PatronCostMinor = c.Consent(entry).PatronPays.Minor
	}
	return nil, nil
}

// EntryPromised notes that the lender will supply.
func EntryPromised(_ context.Context, c *engine.Case) (engine.Wants, error) {
	if entry := c.Active(); entry != nil {
		entry.Status, entry.Answer = engine.EntryPromised, "will_supply"
		entry.Touch()
	}
	return nil, nil
}

// EntrySupplied notes that the lender has sent it.
func EntrySupplied(_ context.Context, c *engine.Case) (engine.Wants, error) {
	entry := c.Active()
	if entry == nil || entry.Status == engine.EntrySupplied {
		return nil, nil
	}
	entry.Status, entry.Answer, entry.AnsweredAt = engine.EntrySupplied, "loaned", c.Now
	entry.Touch()
	if !entry.AskedAt.IsZero() {
		c.Counted(routing.NoteAnswered(c.Tx, entry.LenderID, routing.AnswerFilled, c.Now.Sub(entry.AskedAt).Hours()))
	}
	if entry.Fulfilment != "hold" {
		c.Counted(routing.NoteLoan(c.Tx, entry.LenderID, c.Request.LibraryID, c.Now))
	}
	return nil, nil
}

// EntryReturned ends the active lender's part; what it says later is still
// about this entry.
func EntryReturned(_ context.Context, c *engine.Case) (engine.Wants, error) {
	if entry := c.Active(); entry != nil && entry.Status != engine.EntryReturned {
		entry.Status, entry.Active = engine.EntryReturned, false
		entry.Touch()
	}
	return nil, nil
}

// EntryRefused ends the part of a lender that said no.
func EntryRefused(_ context.Context, c *engine.Case) (engine.Wants, error) {
	reason := c.Firing.Input.Text("reason")
	if reason == "" {
		reason = "unfilled"
	}
	entryEnds(c, engine.EntryRefused, routing.AnswerRefused, reason)
	return engine.Wants{engine.Fact{Name: "lender_reason", Value: reason}}, nil
}

// EntryTimedOut ends the part of a lender that did not answer.
func EntryTimedOut(_ context.Context, c *engine.Case) (engine.Wants, error) {
	entryEnds(c, engine.EntryTimedOut, routing.AnswerSilent, "no answer in time")
	return nil, nil
}

// EntryFailed ends the part of a lender that the request never reached.
func EntryFailed(_ context.Context, c *engine.Case) (engine.Wants, error) {
	entryEnds(c, engine.EntryFailed, routing.AnswerSilent, "could not be delivered")
	return nil, nil
}

func entryEnds(c *engine.Case, status engine.EntryStatus, how routing.Answer, answer string) {
	entry := c.Active()
	if entry == nil {
		return
	}
	if !entry.AskedAt.IsZero() {
		c.Counted(routing.NoteAnswered(c.Tx, entry.LenderID, how, c.Now.Sub(entry.AskedAt).Hours()))
	}
	entry.Leave(c.Now, status, answer)
}

// EntryDeclined ends the part of a lender whose cost or conditions we declined.
func EntryDeclined(_ context.Context, c *engine.Case) (engine.Wants, error) {
	answer := "cost declined by the patron"
	if left, _ := c.Table.Place(c.From); left.Deadline == workflow.DeadlineConditions {
		answer = "conditions declined"
	}
	withdrawFrom(c, engine.EntryDeclined, answer)
	return nil, nil
}

// EntryCancelled ends the part of a lender that we asked to stop.
func EntryCancelled(_ context.Context, c *engine.Case) (engine.Wants, error) {
	withdrawFrom(c, engine.EntryCancelled, "cancelled")
	return nil, nil
}

func withdrawFrom(c *engine.Case, status engine.EntryStatus, answer string) {
	entry := c.Active()
	if entry == nil {
		return
	}
	if !entry.AskedAt.IsZero() {
		c.Counted(routing.NoteWithdrawn(c.Tx, entry.LenderID))
	}
	entry.Leave(c.Now, status, answer)
}

// EntryRetryLater notes when to ask the lender again.
func EntryRetryLater(_ context.Context, c *engine.Case) (engine.Wants, error) {
	entry := c.Active()
	if entry == nil {
		return nil, nil
	}
	if c.Rota.TimesAsked(entry.LenderID) >= mostAsks {
		entryEnds(c, engine.EntryRefused, routing.AnswerRefused, "ask again later, once too often")
		return nil, nil
	}
	entry.RetryAfter = c.Firing.Input.Date("retry_after")
	if !entry.RetryAfter.After(c.Today()) {
		entry.RetryAfter = broker.DateIn(ill.DeadlineAt(c.Policy, c.Moment(), ill.DeadlineRetry), c.Library.Zone)
	}
	entryEnds(c, engine.EntryRetry, routing.AnswerRefused, "ask again later")
	return nil, nil
}
