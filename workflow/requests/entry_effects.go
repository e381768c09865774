package requests

import (
	"context"

	"afield/broker"
	"afield/broker/policy/ill"
	"afield/workflow"
	"afield/workflow/routing"
)

// Effects on the rota entry that an event is about.

func (st *step) entryConfirmed(context.Context) error {
	if entry := st.active(); entry != nil && entry.ConfirmedAt == nil {
		at := st.now
		entry.ConfirmedAt, entry.changed = &at, true
		st.resetDeadline = true // the lender's clock starts when it has the request
	}
	return nil
}

func (st *step) entryOffered(context.Context) error {
	entry := st.active()
	if entry == nil {
		return nil
	}
	entry.Status, entry.changed = EntryOffered, true
	entry.Conditions, entry.Answer = st.firing.Input.Text("conditions"), "conditional"
	if cost, given := st.firing.Input.Money("cost"); given {
		entry.CostKnown, entry.CostMinor, entry.Currency = true, cost.Minor, cost.Currency
		entry.PatronCostMinor = st.consent(entry).PatronPays.Minor
	}
	return nil
}

func (st *step) entryPromised(context.Context) error {
	if entry := st.active(); entry != nil {
		entry.Status, entry.Answer, entry.changed = EntryPromised, "will_supply", true
	}
	return nil
}

func (st *step) entrySupplied(context.Context) error {
	entry := st.active()
	if entry == nil || entry.Status == EntrySupplied {
		return nil
	}
	at := st.now
	entry.Status, entry.Answer, entry.AnsweredAt, entry.changed = EntrySupplied, "loaned", &at, true
	if entry.AskedAt != nil {
		routing.NoteAnswered(st.tx, entry.LenderID, routing.AnswerFilled, st.now.Sub(*entry.AskedAt).Hours())
	}
	if entry.Fulfilment != "hold" {
		routing.NoteLoan(st.tx, entry.LenderID, st.request.LibraryID, st.now)
	}
	return nil
}

// entryReturned ends the active lender's part; what comes later from it is
// about this entry still.
func (st *step) entryReturned(context.Context) error {
	if entry := st.active(); entry != nil && entry.Status != EntryReturned {
		entry.Status, entry.Active, entry.changed = EntryReturned, false, true
	}
	return nil
}

func (st *step) entryEnds(status EntryStatus, how routing.Answer, answer string) {
	entry := st.active()
	if entry == nil {
		return
	}
	if entry.AskedAt != nil {
		routing.NoteAnswered(st.tx, entry.LenderID, how, st.now.Sub(*entry.AskedAt).Hours())
	}
	st.leave(entry, status, answer)
}

func (st *step) entryRefused(context.Context) error {
	reason := st.firing.Input.Text("reason")
	if reason == "" {
		reason = "unfilled"
	}
	st.data["lender_reason"] = reason
	st.entryEnds(EntryRefused, routing.AnswerRefused, reason)
	return nil
}

func (st *step) entryTimedOut(context.Context) error {
	st.entryEnds(EntryTimedOut, routing.AnswerSilent, "no answer in time")
	return nil
}

func (st *step) entryFailed(context.Context) error {
	st.entryEnds(EntryFailed, routing.AnswerSilent, "could not be delivered")
	return nil
}

func (st *step) entryDeclined(context.Context) error {
	answer := "cost declined by the patron"
	if st.request.State == workflow.Routing && st.from == workflow.Conditional {
		answer = "conditions declined"
	}
	if entry := st.active(); entry != nil {
		if entry.AskedAt != nil {
			routing.NoteWithdrawn(st.tx, entry.LenderID)
		}
		st.leave(entry, EntryDeclined, answer)
	}
	return nil
}

func (st *step) entryCancelled(context.Context) error {
	if entry := st.active(); entry != nil {
		if entry.AskedAt != nil {
			routing.NoteWithdrawn(st.tx, entry.LenderID)
		}
		st.leave(entry, EntryCancelled, "cancelled")
	}
	return nil
}

func (st *step) entryRetryLater(context.Context) error {
	entry := st.active()
	if entry == nil {
		return nil
	}
	if st.timesAsked(entry.LenderID) >= mostAsks {
		st.entryEnds(EntryRefused, routing.AnswerRefused, "ask again later, once too often")
		return nil
	}
	entry.RetryAfter = st.firing.Input.Date("retry_after")
	if !entry.RetryAfter.After(st.library.Today(st.now)) {
		entry.RetryAfter = broker.DateIn(ill.DeadlineAt(st.doc, st.moment(), ill.DeadlineRetry), st.library.Zone)
	}
	st.entryEnds(EntryRetry, routing.AnswerRefused, "ask again later")
	return nil
}

// mostAsks is how often one lender is asked for one request, when it keeps
// saying later.
const mostAsks = 4

func (st *step) timesAsked(lender broker.ID) int {
	asked := 0
	for _, entry := range st.entries {
		if entry.LenderID == lender && entry.AskedAt != nil {
			asked++
		}
	}
	return asked
}

// keepCost records what the patron agreed to pay: exactly what was asked.
func (st *step) keepCost(context.Context) error {
	entry := st.active()
	if entry == nil {
		return nil
	}
	approved := st.consent(entry).PatronPays.Minor
	if !entry.CostKnown {
		most, given := st.firing.Input.Money("most")
		if !given || most.Minor == 0 || most.Currency != st.request.Currency {
			return broker.Invalid(broker.FieldError{
				Pointer: "/most", Code: "required",
				Message: "is needed in " + st.request.Currency + ": nobody knows the price yet, so say the most the patron will pay",
			})
		}
		approved = most.Minor
	}
	st.request.ApprovedCostMinor = max(st.request.ApprovedCostMinor, approved)
	st.data["approved"] = st.request.Money(st.request.ApprovedCostMinor)
	return nil
}

func (st *step) raiseCeiling(context.Context) error {
	ceiling, _ := st.firing.Input.Money("max_cost")
	if ceiling.Currency != st.request.Currency {
		return broker.Invalid(broker.FieldError{Pointer: "/max_cost", Code: "wrong_currency", Message: "must be in " + st.request.Currency})
	}
	st.request.MaxCostMinor = &ceiling.Minor
	return nil
}
