package workflow

import (
	"fmt"
	"slices"
	"strings"

	"afield/broker"
)

// Next answers every (state, event) pair: the row to take, or a conflict that
// says in plain words why nothing fits. holds evaluates a guard; it is only
// asked for guards of rows that could fit.
func (t *Table) Next(state State, event Event, holds func(Guard) bool) (Transition, error) {
	known := false
	for _, row := range t.Transitions {
		if row.On != event || !slices.Contains(row.From, state) {
			continue
		}
		known = true
		if allHold(row.When, holds) {
			return row, nil
		}
	}
	place, ok := t.Place(state)
	if !ok {
		return Transition{}, fmt.Errorf("workflow: %s has no state %q", t.Side, state)
	}
	if known {
		return Transition{}, broker.Conflict("not_now", "%q is not possible for this request as it stands (%s).", event.Words(), place.Label)
	}
	return Transition{}, broker.Conflict("not_in_this_state", "%q is not possible while the request is %q.", event.Words(), place.Label)
}

func allHold(guards []Guard, holds func(Guard) bool) bool {
	for _, guard := range guards {
		name := positive(guard)
		if holds(name) == (name != guard) {
			return false
		}
	}
	return true
}

func positive(guard Guard) Guard { return Guard(strings.TrimPrefix(string(guard), "not ")) }

// Words gives the event in plain words.
func (e Event) Words() string { return strings.ReplaceAll(string(e), "_", " ") }

// Action is something a person may do with a request now.
type Action struct {
	Name  Event   `json:"name"`
	Label string  `json:"label"`
	Form  []Field `json:"form"`
	// Undoable tells whether it can be taken back, and how.
	Undo Undo `json:"undo"`
	// AtDesk marks acts that need the item in hand.
	AtDesk bool `json:"at_desk"`
	// First marks what staff most often do next in this state.
	First bool `json:"first,omitempty"`
	// Theirs marks what the other library says and its system would send: staff write
	// it down for one that telephones.
	Theirs bool `json:"theirs,omitempty"`
}

// Called is what an event is called in a state, and whether its form has a field
// that must be filled in; "" where it has no row. Rows for special cases stand
// first, so the last one speaks for the usual case.
func (t *Table) Called(state State, on Event) (label string, asks bool) {
	for _, row := range t.Transitions {
		if row.On == on && slices.Contains(row.From, state) {
			label, asks = row.Label, slices.ContainsFunc(row.Form, func(field Field) bool { return field.Required })
		}
	}
	return label, asks
}

// Available lists what a party may do in a state, in table order.
func (t *Table) Available(state State, party Party, holds func(Guard) bool) []Action {
	actions := []Action{}
	place, _ := t.Place(state)
	for _, row := range t.Transitions {
		if !slices.Contains(row.From, state) || !row.mayChoose(party) || !allHold(row.When, holds) {
			continue
		}
		if slices.ContainsFunc(actions, func(a Action) bool { return a.Name == row.On }) {
			continue
		}
		form := row.Form
		if form == nil {
			form = []Field{}
		}
		actions = append(actions, Action{
			Name: row.On, Label: row.Label, Form: form, Undo: row.Undo, AtDesk: row.May(ByDesk), First: row.On == place.First,
			Theirs: row.May(ByLender) || row.May(ByBorrower),
		})
	}
	return actions
}

func (t Transition) mayChoose(party Party) bool {
	return t.May(party) || (party == ByStaff && t.May(ByDesk))
}
