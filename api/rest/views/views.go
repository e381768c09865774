package views

import (
	"encoding/json"
	"time"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/ledger"
	"afield/workflow/requests"
)

// OrZero gives what a pointer points at, or the zero value, which the contract's
// types leave out of the answer.
func OrZero[T any](value *T) T {
	var zero T
	if value == nil {
		return zero
	}
	return *value
}

// UTC gives an instant in UTC; the zero instant stays as it is.
func UTC(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return at.UTC()
}

// UTCOrZero is UTC of what may be missing.
func UTCOrZero(at *time.Time) time.Time { return UTC(OrZero(at)) }

// Actor hides everything but the kind from patrons, who may not look staff up.
func Actor(actor broker.Actor, forPatron bool) gen.Actor {
	view := gen.Actor{Kind: gen.ActorKind(actor.Kind)}
	if !forPatron {
		view.ID, view.LibraryID = actor.ID, actor.Library
	}
	return view
}

// Library gives a library by id, with its name from names; NoID gives none.
func Library(id broker.ID, names map[broker.ID]requests.Name) gen.LibraryRef {
	if id == broker.NoID {
		return gen.LibraryRef{}
	}
	return LibraryNamed(id, names[id].Name, names[id].Symbol)
}

// LibraryNamed is a library with its name and symbol, if it has one.
func LibraryNamed(id broker.ID, name string, symbol broker.Symbol) gen.LibraryRef {
	ref := gen.LibraryRef{ID: id, Name: name}
	if symbol.Namespace != "" {
		ref.Symbol = symbol.String()
	}
	return ref
}

// Object reads stored JSON that is an object; anything else is left out.
func Object(raw json.RawMessage) map[string]any {
	var found map[string]any
	if json.Unmarshal(raw, &found) != nil || len(found) == 0 {
		return nil
	}
	return found
}

// Charge is one charge of an account.
func Charge(charge ledger.Open) gen.Charge {
	return gen.Charge{
		ID: charge.ID, Kind: charge.ChargeKind, Amount: charge.Amount, Owed: charge.Owed, Rule: charge.Rule,
		Clause: charge.Clause, Note: charge.Note, LoanID: charge.Loan, RequestID: charge.Request, At: UTC(charge.At),
	}
}

// Date reads a date of the query; "" is the zero date.
func Date(name, text string) (broker.Date, error) {
	if text == "" {
		return broker.Date{}, nil
	}
	day, err := broker.ParseDate(text)
	if err != nil {
		return day, broker.Invalid(broker.FieldError{Pointer: "query:" + name, Code: "not_a_date", Message: "must be a date such as 2026-08-22"})
	}
	return day, nil
}
